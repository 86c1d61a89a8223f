#!/usr/bin/env python3
"""What pages say of the program is there: claims.py ROOT

docs/troubleshooting.md quotes what the program says, in the first cell of its tables: each part between two
… is in a text of the sources, in that order.
"""
import pathlib
import re
import subprocess
import sys

ROW = re.compile(r"^\| (.*?) \|", re.MULTILINE)
QUOTED = re.compile(r"`([^`]+)`")
# What looks like a sentence and not like a name: `totalIsStale`, `….failed`.
SENTENCE = re.compile(r"\w \S")
# C++ and JavaScript texts: "…", and those that follow each other are one.
TEXTS = re.compile(r'(?:(?:"(?:[^"\\\n]|\\.)*"|`[^`]*`|\'(?:[^\'\\\n]|\\.)*\')[\s+()]*)+')
PART = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`([^`]*)`|\'((?:[^\'\\\n]|\\.)*)\'')


def sources(root):
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "src", "cmd", "tests"],
                            cwd=root, check=True, capture_output=True, text=True).stdout
    return {path: (root / path).read_text(encoding="utf-8")
            for path in listed.splitlines() if path.endswith((".h", ".cpp")) and (root / path).is_file()}


def texts_of(source):
    """Its texts, joined as the compiler joins them; what is filled in is …"""
    for run in TEXTS.findall(source):
        text = "".join("".join(part) for part in PART.findall(run)).replace('\\"', '"')
        yield re.sub(r"\$?\{[^}]*\}", "…", text)


def said_sentences(page):
    for cell in ROW.findall(page):
        for quoted in QUOTED.findall(cell):
            if SENTENCE.search(quoted):
                yield quoted


def is_said(sentence, texts):
    parts = [part.strip(" ;,") for part in sentence.split("…")]
    return all(any(part in text for text in texts) for part in parts if len(part) > 3)


def self_test():
    texts = list(texts_of('fail("a {} is" \n  " gone; so \\"{}\\"", x); say(`no ${y} there`)'))
    assert texts == ["a … is gone; so \"…\"", "no … there"], texts
    assert is_said("a … is gone", texts) and not is_said("a … was gone", texts)
    assert list(said_sentences("| `it is so`, `name` | `not this one` |\n")) == ["it is so"]


def main():
    self_test()
    root = pathlib.Path(sys.argv[1])
    texts = sources(root)
    wrong = []
    others = ["client/src/errors.ts", "tools/setup.sh", "cmake/options.cmake", "cmake/page.cmake"]
    told = [text for path, source in texts.items() if not path.endswith("_test.cpp") for text in texts_of(source)]
    told += [text for path in others for text in texts_of((root / path).read_text(encoding="utf-8"))]
    sentences = list(said_sentences((root / "docs/troubleshooting.md").read_text(encoding="utf-8")))
    wrong += [f"docs/troubleshooting.md: nothing says `{sentence}`" for sentence in sentences if not is_said(sentence, told)]
    if len(sentences) < 25:
        wrong.append(f"docs/troubleshooting.md quotes {len(sentences)} sentences only")
    print("\n".join(wrong) or f"{len(sentences)} sentences")
    return 1 if wrong else 0


sys.exit(main())
