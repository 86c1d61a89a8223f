#!/usr/bin/env python3
"""How long others need for what latency.py asks a pod: the same texts, the same 1,000 queries, the first 20.

    bench/quality/corpus.py                                            # once
    python3 -m venv build/tantivy && build/tantivy/bin/pip install tantivy==0.27.0      # once
    build/tantivy/bin/python bench/quality/peers.py [--texts 10000] [--postgres postgres://user@host/database]

Tantivy is the library that Quickwit and others are made of: asked in this process, without HTTP, so its
times are less than a server's. PostgreSQL has the texts in a table of its own, as a stored tsvector below a
GIN index, ranked by ts_rank, asked over one connection by psql, which tells the time of each statement. Both stem
English, and a text needs one of the words, as in the pod; Tantivy ranks by BM25 as it does. Prints a Markdown
row for each. A table synap_peer_texts in that database is made anew and taken away.
"""

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import latency

LIMIT = 20


def row(name, times, made_s, disk_mb, memory):
    times = sorted(times)
    at = [f"{times[min(len(times) - 1, int(part * len(times)))]:.1f} ms" for part in (0.5, 0.9, 0.99, 1)]
    print(f"| {name} | {' | '.join(at)} | {made_s:.0f} s | {disk_mb:.0f} MB | {memory} |", flush=True)


def ask_tantivy(texts, queries):
    try:
        import tantivy
    except ImportError:
        print("(no tantivy: see the top of peers.py)", file=sys.stderr)
        return
    directory = Path(tempfile.mkdtemp())
    try:
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("title", stored=True, tokenizer_name="en_stem")
        builder.add_text_field("text", stored=True, tokenizer_name="en_stem")
        index = tantivy.Index(builder.build(), path=str(directory))
        begin = time.monotonic()
        writer = index.writer(heap_size=256 << 20, num_threads=1)
        for text in texts:
            writer.add_document(tantivy.Document(title=text["title"], text=text["text"]))
        writer.commit()
        writer.wait_merging_threads()
        made_s = time.monotonic() - begin
        index.reload()
        searcher = index.searcher()

        def ask(words):
            query = index.parse_query(words, ["title", "text"])
            hits = searcher.search(query, LIMIT).hits
            return [searcher.doc(address)["title"] for _, address in hits]
        for words in queries[:50]:
            ask(words)
        times = []
        for words in queries:
            begin = time.perf_counter()
            ask(words)
            times.append(1000 * (time.perf_counter() - begin))
        disk = sum(path.stat().st_size for path in directory.iterdir()) / 1e6
        memory = f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most, with the texts of this program"
        row(f"{tantivy.__version__.split(',')[0].replace('tantivy v', 'Tantivy ')}, in process", times, made_s, disk, memory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def psql(url, script, *options):
    done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *options, url], input=script, text=True,
                          capture_output=True, check=False, env=dict(os.environ, PAGER=""))
    if done.returncode != 0:
        sys.exit(f"psql: {done.stderr}")
    return done.stdout


def ask_postgres(url, texts, queries):
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        for text in texts:
            plain = [text[name].replace("\\", " ").replace("\t", " ").replace("\n", " ").replace("\r", " ").replace("\0", " ")
                     for name in ("title", "text")]
            file.write(f"{text['id']}\t{plain[0]}\t{plain[1]}\n")
        file.flush()
        begin = time.monotonic()
        psql(url, f"""
            DROP TABLE IF EXISTS synap_peer_texts;
            CREATE TABLE synap_peer_texts(id bigint PRIMARY KEY, title text, text text, words tsvector
              GENERATED ALWAYS AS (setweight(to_tsvector('english', title), 'A') || to_tsvector('english', text)) STORED);
            \\copy synap_peer_texts(id, title, text) FROM '{file.name}'
            CREATE INDEX ON synap_peer_texts USING gin(words);
            ANALYZE synap_peer_texts;""")
        made_s = time.monotonic() - begin
    try:
        def script(some):
            return "PREPARE ask(text) AS SELECT id, title, ts_rank(words, query) AS rank FROM synap_peer_texts, " \
                "CAST($1 AS tsquery) AS query WHERE words @@ query ORDER BY rank DESC LIMIT 20;\n\\timing on\n" + "".join(
                    f"EXECUTE ask(to_tsquery('english', '{' | '.join(words.split())}')::text);\n" for words in some)
        psql(url, script(queries[:50]), "-o", "/dev/null")
        # Times are told beside the rows, which go elsewhere.
        told = psql(url, script(queries), "-o", "/dev/null")
        times = [float(found) for found in re.findall(r"^Time: ([0-9.]+) ms", told, re.M)]
        if len(times) != len(queries):
            sys.exit(f"psql told {len(times)} times, not {len(queries)}")
        disk = int(psql(url, "SELECT pg_total_relation_size('synap_peer_texts')", "-At")) / 1e6
        shared = psql(url, "SHOW shared_buffers", "-At").strip()
        version = psql(url, "SHOW server_version", "-At").split()[0]
        row(f"PostgreSQL {version}, tsvector and ts_rank", times, made_s, disk, f"shared_buffers {shared}")
    finally:
        psql(url, "DROP TABLE IF EXISTS synap_peer_texts")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--postgres", help="of a database in which a table may be made")
    arguments = parser.parse_args()
    texts = latency.texts_of(arguments.texts)
    queries = latency.queries_of(texts)
    print(f"{len(texts)} texts, {len(queries)} queries; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print("| | p50 | p90 | p99 | largest | made in | on disk | memory |")
    print("|---|---:|---:|---:|---:|---:|---:|---|")
    if arguments.postgres:
        ask_postgres(arguments.postgres, texts, queries)
    ask_tantivy(texts, queries)


if __name__ == "__main__":
    main()
