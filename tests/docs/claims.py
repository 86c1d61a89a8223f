#!/usr/bin/env python3
"""What pages say of the program is there: claims.py ROOT

docs/guarantees.md names tests as `Suite.Name`: each is declared in the sources.
"""
import pathlib
import re
import subprocess
import sys

NAME = re.compile(r"`([A-Z]\w+)\.([A-Z]\w+)`")
DECLARED = re.compile(r"\b(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)")


def sources(root):
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "src", "cmd", "tests"],
                            cwd=root, check=True, capture_output=True, text=True).stdout
    return {path: (root / path).read_text(encoding="utf-8")
            for path in listed.splitlines() if path.endswith((".h", ".cpp")) and (root / path).is_file()}


def missing_tests(page, declared):
    return [f"{suite}.{name}" for suite, name in NAME.findall(page) if (suite, name) not in declared]


def self_test():
    declared = set(DECLARED.findall("TEST_P(EventLog,\n  Keeps) TEST(A, B)"))
    assert declared == {("EventLog", "Keeps"), ("A", "B")}
    assert missing_tests("`EventLog.Keeps` and `EventLog.Loses`", declared) == ["EventLog.Loses"]


def main():
    self_test()
    root = pathlib.Path(sys.argv[1])
    texts = sources(root)
    declared = {test for text in texts.values() for test in DECLARED.findall(text)}
    page = (root / "docs/guarantees.md").read_text(encoding="utf-8")
    named = NAME.findall(page)
    wrong = [f"docs/guarantees.md: there is no test {name}" for name in missing_tests(page, declared)]
    if len(named) < 20:
        wrong.append(f"docs/guarantees.md names {len(named)} tests only")
    print("\n".join(wrong) or f"{len(named)} tests")
    return 1 if wrong else 0


sys.exit(main())
