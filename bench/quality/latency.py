#!/usr/bin/env python3
"""How long a search takes among many texts of one user, and what its indexes need.

    bench/quality/corpus.py                       # once
    bench/quality/latency.py [--synap build/release/bin/synap] [--texts 10000] [--modes text,semantic,hybrid]
                             [--graph]

The texts are Debian's descriptions of packages, then paragraphs of the other documents (corpus.py), as
many as are asked for, in an order drawn with a fixed seed; beyond those that there are (some 100,000), each
is made of two of them, and how many is said. 1,000 queries of one to three words; a word
is drawn by how many of the texts have it. Over one connection, one after the other; prints a
Markdown row for each mode, and before them what was made, in which time, on a machine how busy.
--graph: besides, 5 relations of each of 2,000 of the notes among them, and what is within two steps of each of 1,000.
What others need for the same is in peers.py.
"""

import argparse
import http.client
import json
import os
import random
import re
import shutil
import sys
import time
import urllib.parse
from collections import Counter
from pathlib import Path

import corpus
import run

QUERIES = 1_000


class Texts:
    """So many of them; those that are made are made when they are asked for, the same each time."""

    def __init__(self, base, count):
        self.base, self.count = base, count

    def __len__(self):
        return self.count

    def one(self, number):
        if number < len(self.base):
            title, text = self.base[number]
        else:
            draw = random.Random(number)
            (title, one), (_, other) = draw.choice(self.base), draw.choice(self.base)
            text = one[:len(one) // 2] + " " + other[len(other) // 2:]
        return {"id": str(number), "title": title or "untitled", "text": text}

    def __getitem__(self, at):
        if isinstance(at, slice):
            return [self.one(number) for number in range(*at.indices(self.count))]
        return self.one(at)

    def __iter__(self):
        return (self.one(number) for number in range(self.count))


def texts_of(count):
    found = corpus.everything(run.ROOT / "build/quality")
    whole = [document for name, document in found.items() if name.startswith("debian/") and document[1]]
    parts = [(title, part) for name, (title, text) in found.items() if not name.startswith("debian/")
             for part in re.split(r"\n\n+", text) if len(part) >= 80]
    draw = random.Random(5)
    draw.shuffle(whole)
    draw.shuffle(parts)
    return Texts((whole + parts)[:count], count)


def queries_of(texts):
    frequency = Counter(word for text in texts
                        for word in set(re.findall(r"[a-z][a-z0-9]{2,}", (text["title"] + " " + text["text"]).lower())))
    words, weights = list(frequency), list(frequency.values())
    draw = random.Random(6)
    return [" ".join(draw.choices(words, weights, k=draw.randint(1, 3))) for _ in range(QUERIES)]


def measure(pod, queries, mode):
    address = urllib.parse.urlparse(pod.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    times, partial, other = [], 0, Counter()
    for query in queries:
        given = urllib.parse.quote(json.dumps({"q": query, "mode": mode, "limit": 20}))
        begin = time.perf_counter()
        connection.request("GET", f"/trpc/search.query?input={given}", headers={"authorization": f"Bearer {pod.key}"})
        answer = connection.getresponse()
        text = answer.read()
        times.append(1000 * (time.perf_counter() - begin))
        if answer.status != 200:
            sys.exit(f"{query!r}: {text.decode()}")
        data = json.loads(text)["result"]["data"]
        partial += data["partial"]
        other[data["mode"]] += data["mode"] != mode
    times.sort()
    return times, partial, sum(other.values())


def graph(pod, notes):
    """How long it takes to find what is within two steps, of things with five relations each."""
    draw = random.Random(7)
    some = draw.sample(notes, min(2_000, len(notes)))
    pairs = [(one, other) for one in some for other in draw.sample(some, 6) if one != other]
    for first in range(0, len(pairs), 50):
        batch = pairs[first:first + 50]
        pod.ask(",".join(["relations.create"] * len(batch)) + "?batch=1", {
            str(n): {"fromId": one, "toId": other, "type": "related_to", "idempotencyKey": f"{one}{other}"}
            for n, (one, other) in enumerate(batch)})
    address = urllib.parse.urlparse(pod.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    times, things = [], 0
    for one in draw.choices(some, k=QUERIES):
        given = urllib.parse.quote(json.dumps({"id": one, "depth": 2}))
        begin = time.perf_counter()
        connection.request("GET", f"/trpc/relations.neighbours?input={given}", headers={"authorization": f"Bearer {pod.key}"})
        answer = connection.getresponse()
        text = answer.read()
        times.append(1000 * (time.perf_counter() - begin))
        if answer.status != 200:
            sys.exit(text.decode())
        things += len(json.loads(text)["result"]["data"]["things"])
    times.sort()
    return times, things / QUERIES


def resident_mb(pod):
    for line in Path(f"/proc/{pod.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--synap", type=Path, default=run.ROOT / "build/release/bin/synap")
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--modes", default="text,semantic,hybrid")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--hurry", action="store_true")
    parser.add_argument("--graph", action="store_true")
    arguments = parser.parse_args()
    modes = arguments.modes.split(",")
    texts = texts_of(arguments.texts)
    queries = queries_of(texts)
    arguments.model = modes != ["text"]
    begin = time.monotonic()
    pod, notes, data = run.start(arguments, texts)
    try:
        made_s = time.monotonic() - begin
        before = resident_mb(pod)
        rows = []
        for mode in modes:
            measure(pod, queries[:50], mode)
            times, partial, other = measure(pod, queries, mode)
            rows.append((mode, times, partial, other, resident_mb(pod)))
        disk = sum(path.stat().st_size for path in (data / "search").iterdir()) / 1e6
        size = sum(len(text["title"].encode()) + len(text["text"].encode()) for text in texts) / 1e6
        made = max(len(texts) - len(texts.base), 0)
        print(f"{len(texts)} texts ({made} made of others), {size:.1f} MB; made and indexed in {made_s:.0f} s; search/ {disk:.0f} MB; "
              f"resident before the first search {before:.0f} MB; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
        print("| mode | p50 | p90 | p99 | largest | partial | by another mode | resident after |")
        print("|---|---:|---:|---:|---:|---:|---:|---:|")
        for mode, times, partial, other, resident in rows:
            at = [f"{times[min(len(times) - 1, int(part * len(times)))]:.1f} ms" for part in (0.5, 0.9, 0.99, 1)]
            print(f"| {mode} | {' | '.join(at)} | {partial} | {other} | {resident:.0f} MB |")
        if arguments.graph:
            times, things = graph(pod, sorted(notes))
            print(f"\nwithin two steps: {things:.0f} things, p50 {times[500]:.1f} ms, p99 {times[990]:.1f} ms")
    finally:
        pod.stop()
        if not arguments.data:
            shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    main()
