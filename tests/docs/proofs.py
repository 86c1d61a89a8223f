#!/usr/bin/env python3
"""What is named as a proof of a promise is there: proofs.py ROOT BUILD

docs/guarantees.md and README.md say what proves a promise. `Suite.Name` is a test in the sources, and one of
ctest's where all is built; a script below tests/ is one that ctest runs; behind `make`, `synap` and
`ctest … -R` stand a target, a command with its flags, a test. That the files are there, tools/tidy.py looks.
"""
import itertools
import pathlib
import re
import subprocess
import sys

PAGES = ("docs/guarantees.md", "README.md")
NAME = re.compile(r"`([A-Z]\w+\.[A-Z]\w+)`")
SCRIPT = re.compile(r"`(tests/[\w/.-]+\.mjs)`")
COMMAND = re.compile(r"`((?:make|synap|ctest) [^`]+)`")
DECLARED = re.compile(r"\b(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)")
WORD = re.compile(r"[a-z][a-z-]*")


def kebab(text):
    return re.sub("[A-Z]", lambda letter: "-" + letter[0].lower(), text)


class Tree:
    """What there is to be named."""

    def __init__(self, targets, procedures, words, flags, declared, listed, lists):
        self.targets = targets  # of make
        self.procedures = procedures
        self.commands = [tuple(each.split()) for each in words] + [tuple(kebab(each).split(".")) for each in procedures]
        self.flags = flags
        self.declared = declared  # "Suite.Name"
        self.listed = listed  # ctest's names; of a program that is not built "…_NOT_BUILT"
        self.lists = lists  # the CMakeLists.txt of a folder, or ""

    def has_test(self, name):
        if name in self.listed:
            return True
        is_built = not any(each.endswith("_NOT_BUILT") for each in self.listed)
        # A suite of a contract has the engine's name before it, and a number behind.
        is_listed = any(re.search(rf"(^|/){re.escape(name)}(/|$)", each) for each in self.listed)
        return name in self.declared and (is_listed or not is_built)

    def runs(self, file):
        folder, name = file.rsplit("/", 1)
        stem = re.escape(name.removesuffix(".mjs").removesuffix(".test"))
        return re.search(rf"(?<![\w-]){stem}(?![\w-])", self.lists(folder)) is not None


def wrong_with_synap(words, tree):
    given = tuple(itertools.takewhile(WORD.fullmatch, words))
    if given[:1] != ("help",) and not any(given == command[:len(given)] or given[:len(command)] == command
                                          for command in tree.commands):
        yield "there is no such command"
    if words[0] == "call" and len(words) > 1 and "." in words[1] and words[1] not in tree.procedures:
        yield "there is no such procedure"
    for flag in (word.split("=")[0] for word in words if word.startswith("--")):
        if flag not in tree.flags:
            yield f"no command has {flag}"


def wrong_with_command(code, tree):
    program, *words = code.split()
    if program == "synap":
        yield from wrong_with_synap(words, tree)
    elif program == "make" and words[0] not in tree.targets:
        yield "make has no such target"
    elif program == "ctest" and "-R" in words and not tree.has_test(words[words.index("-R") + 1]):
        yield "there is no such test"


def offences(page, tree):
    for name in NAME.findall(page):
        if not tree.has_test(name):
            yield f"`{name}`: there is no such test"
    for file in SCRIPT.findall(page):
        if not tree.runs(file):
            yield f"`{file}`: ctest does not run it"
    for code in COMMAND.findall(page):
        for sentence in wrong_with_command(code, tree):
            yield f"`{code}`: {sentence}"


def read_tree(root, build):
    def output(*command):
        return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout

    def lists(folder):
        file = root / folder / "CMakeLists.txt"
        return file.read_text() if file.is_file() else ""

    tracked = output("git", "ls-files", "--cached", "--others", "--exclude-standard", "src", "cmd", "tests").splitlines()
    cpp = {path: (root / path).read_text(encoding="utf-8")
           for path in tracked if path.endswith((".h", ".cpp")) and (root / path).is_file()}
    commands = "".join(text for path, text in cpp.items() if path.startswith("cmd/"))
    reference = (root / "docs/reference/procedures.md").read_text(encoding="utf-8")
    fields = re.findall(r"^\| \*\*(\w+)\*\*", reference, re.MULTILINE)
    return Tree(
        targets=set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE)),
        procedures=set(re.findall(r"^### (\w+\.\w+)$", reference, re.MULTILINE)),
        words=set(re.findall(r'\.words = "([^"]+)"', commands)),
        flags=set(re.findall(r'"(?:[A-Z]+,)?(--[a-z-]+)[",]', commands)) | {"--help"} | {"--" + kebab(name) for name in fields},
        declared={".".join(test) for text in cpp.values() for test in DECLARED.findall(text)},
        listed=set(re.findall(r"^ +Test +#\d+: (.+?)$", output("ctest", "--test-dir", build, "-N"), re.MULTILINE)),
        lists=lists)


def self_test():
    tree = Tree(targets={"fault"}, procedures={"events.head", "eventTypes.list"}, words={"log verify", "doctor", "call"},
                flags={"--deep"}, declared={"Log.Keeps", "Log.Loses"}, listed={"Sqlite/Log.Keeps/0", "docs_guide"},
                lists=lambda folder: "foreach(name a_b access)" if folder == "tests/x" else "")
    right = ("`Log.Keeps` `tests/x/a_b.mjs` `tests/x/access.test.mjs` `make fault KILLS=2` `synap log verify` `synap log` "
             "`synap doctor --deep` `synap call events.head` `synap event-types list` `ctest -R docs_guide` `ctest -R Log.Keeps`")
    assert list(offences(right, tree)) == []
    for wrong in ("Log.Loses", "Log.Never", "tests/x/a.mjs", "tests/y/access.test.mjs", "make faults", "synap log verified",
                  "synap doctor --deeper", "synap call events.heads", "synap nothing", "ctest -R docs_guides"):
        assert len(list(offences(f"`{wrong}`", tree))) == 1, wrong
    declared = {".".join(test) for test in DECLARED.findall("TEST_P(EventLog,\n  Keeps) TEST(A, B)")}
    assert declared == {"EventLog.Keeps", "A.B"}
    tree.listed = {"log_tests_NOT_BUILT"}
    assert tree.has_test("Log.Loses") and not tree.has_test("Log.Never")


def main():
    self_test()
    root = pathlib.Path(sys.argv[1])
    tree = read_tree(root, sys.argv[2])
    pages = {path: (root / path).read_text(encoding="utf-8") for path in PAGES}
    wrong = [f"{path}: {sentence}" for path, page in pages.items() for sentence in offences(page, tree)]
    named = sum(len(pattern.findall(page)) for page in pages.values() for pattern in (NAME, SCRIPT, COMMAND))
    if named < 50:
        wrong.append(f"{' and '.join(PAGES)} name {named} proofs only")
    print("\n".join(wrong) or f"{named} proofs")
    return 1 if wrong else 0


sys.exit(main())
