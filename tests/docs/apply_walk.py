#!/usr/bin/env python3
"""Does what docs/a-noun-in-ten-minutes.md says to the sources: apply_walk.py ROOT OUT

Every block of the page that names a file ("```cpp src/...") goes there: cpp blocks of one file are one
after the other what it holds; a diff block puts its + lines behind the line that stands before them,
which must be there once. OUT gets the files that come of it, with their paths.
"""
import pathlib
import re
import sys

BLOCK = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def apply_diff(path, text, block):
    lines = block.rstrip("\n").split("\n")
    if not lines[0].startswith(" "):
        sys.exit(f"{path}: a diff begins with a line that is there")
    at = None
    for line in lines:
        kind, rest = line[:1], line[1:]
        if kind == " ":
            found = [i for i, there in enumerate(text) if there == rest]
            if len(found) != 1:
                sys.exit(f"{path}: the line {rest!r} is there {len(found)} times, not once")
            at = found[0] + 1
        elif kind == "+":
            text.insert(at, rest)
            at += 1
        else:
            sys.exit(f"{path}: {line!r} is neither there nor new")
    return text


def main():
    root, out = map(pathlib.Path, sys.argv[1:3])
    page = (root / "docs/a-noun-in-ten-minutes.md").read_text(encoding="utf-8")
    made = {}
    for language, path, block in BLOCK.findall(page):
        if language == "cpp":
            made[path] = made.get(path, "") + ("\n" if path in made else "") + block
        elif language == "diff":
            text = made.get(path) or (root / path).read_text(encoding="utf-8")
            made[path] = "\n".join(apply_diff(path, text.split("\n"), block))
    for path, text in made.items():
        file = out / path
        file.parent.mkdir(parents=True, exist_ok=True)
        # What is as it was is not written, and so not compiled again.
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


main()
