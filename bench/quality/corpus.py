#!/usr/bin/env python3
"""Makes the corpus that search is judged on: 4,000 English texts of many hands, each pinned by a hash.

    bench/quality/corpus.py [--to build/quality]

Writes TO/corpus.jsonl, a line {"id", "title", "text"} for each document of documents.tsv, in its
order. Nothing of it is in the repository; it comes from

  debian/NAME       what Debian 12 says of a package (Translation-en, which `apt-get update` fetches)
  man/NAME.SECTION  the pages of manpages and manpages-dev 6.03-2
  cmake/KIND/NAME   the reference of cmake-data 3.25.1-1
  eslint/...        rules of three pinned npm packages (tools/markdown_corpus.sh fetches them)

What is fetched goes to TO and build/markdown; the machine's own package lists are left alone. A text
that is missing or is another than the one that was judged is named, and the exit code is 1: figures
of another corpus are not comparable.
"""

import argparse
import gzip
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LIST = HERE / "documents.tsv"
DEBS = {"manpages": "6.03-2", "manpages-dev": "6.03-2", "cmake-data": "3.25.1-1"}
RULES = {"eslint/typescript": "typescript-eslint-eslint-plugin-5.62.0/package/docs/rules",
         "eslint/import": "eslint-plugin-import-2.31.0/package/docs/rules",
         "eslint/jsx-a11y": "eslint-plugin-jsx-a11y-6.10.2/package/docs/rules"}


def run(*words, cwd=None):
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"corpus: {' '.join(str(word) for word in words)}: {done.stderr.strip()}")
    return done.stdout


def fetch(to):
    """Package lists with descriptions, and three packages unpacked, in folders of our own."""
    apt = ["-o", f"Dir::State::lists={to}/apt/lists", "-o", f"Dir::Cache={to}/apt/cache",
           "-o", "Acquire::Languages=en", "-o", "APT::Update::Post-Invoke-Success::=",
           "-o", "APT::Sandbox::User=root"]
    if not (to / "apt" / ".fetched").exists():
        for folder in ("apt/lists/partial", "apt/cache/archives/partial", "debs"):
            (to / folder).mkdir(parents=True, exist_ok=True)
        print("corpus: fetching Debian's descriptions (20 MB)", file=sys.stderr)
        run("apt-get", *apt, "-qq", "update")
        for name, version in DEBS.items():
            run("apt-get", *apt, "-qq", "download", f"{name}={version}", cwd=to / "debs")
            run("dpkg-deb", "-x", *(to / "debs").glob(f"{name}_*.deb"), to / "files")
        (to / "apt" / ".fetched").touch()
    run(ROOT / "tools/markdown_corpus.sh")


def descriptions(to):
    found = {}
    for path in sorted((to / "apt/lists").glob("*_Translation-en*")):
        if "bookworm_main" not in path.name:
            continue  # updates and security say the same, or what was not judged
        for stanza in run("/usr/lib/apt/apt-helper", "cat-file", path).split("\n\n"):
            parts = re.match(r"Package: (\S+)\nDescription-md5: \S+\nDescription-en: (.*)\n((?:.*\n?)*)", stanza)
            if parts:
                lines = ["" if line.strip() == "." else line[1:] for line in parts[3].splitlines()]
                found["debian/" + parts[1]] = (f"{parts[1]}: {parts[2]}", "\n".join(lines).strip())
    return found


ESCAPES = {r"\-": "-", r"\(aq": "'", r"\(dq": '"', r"\(bu": "*", r"\(em": " - ", r"\(en": "-", r"\(ti": "~", r"\(ha": "^",
           r"\(lq": '"', r"\(rq": '"', r"\(oq": "'", r"\(cq": "'", r"\(rs": "\\", r"\e": "\\", r"\&": "", r"\ ": " ",
           r"\|": "", r"\^": "", r"\:": "", r"\%": "", r"\~": " ", r"\/": "", r"\c": ""}


def roff_text(text):
    text = re.sub(r'\\".*', "", text)
    text = re.sub(r"\\f(\[\w*\]|\(..|.)", "", text)
    text = re.sub(r"\\s[-+]?\d", "", text)
    text = re.sub(r"\\\[(..)\]", r"\\(\1", text)
    return re.sub(r"\\\(..|\\.", lambda e: ESCAPES.get(e[0], ""), text)


def words_of(arguments):
    return [quoted.replace('""', '"') or plain for quoted, plain in re.findall(r'"((?:[^"]|"")*)"|(\S+)', arguments)]


def man_page(path):
    """The words of a page in the man macros, its sections as headings. No more of roff than they need."""
    title, out, skipping = "", [], False
    for line in gzip.open(path, "rt", encoding="utf-8").read().splitlines():
        if line.startswith((".TS", ".\\}", ".ig")):
            skipping = line.startswith(".ig")
        if not line.startswith((".", "'")):
            if not skipping:
                out.append(roff_text(line))
            continue
        macro, _, rest = line[1:].partition(" ")
        if rest.startswith('\\"') or macro.startswith('\\"'):
            continue
        words = words_of(roff_text(rest)) if macro != "TH" else words_of(rest)
        if macro == "TH":
            title = f"{words[0]}({words[1]})"
        elif macro in ("SH", "SS"):
            out += ["", ("## " if macro == "SH" else "### ") + " ".join(words), ""]
        elif macro in ("PP", "P", "LP", "TP", "IP", "TQ", "EX", "EE", "HP"):
            out.append(words[0] if macro == "IP" and words else "")
        elif macro in ("B", "I", "SM", "SB"):
            out.append(" ".join(words))
        elif macro in ("BR", "RB", "BI", "IB", "IR", "RI"):
            out.append("".join(words))
        elif macro in ("UR", "MT"):
            out.append(" ".join(words))
        elif macro == "..":
            skipping = False
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip()
    name = re.match(r"## NAME\n+(.*)\n", text)
    if name:
        text = text[name.end():].strip()
        title = f"{title}: {name[1]}"
    return title, text


def pages(to):
    found = {}
    for path in sorted((to / "files/usr/share/man").glob("man*/*.gz")):
        with gzip.open(path, "rt", encoding="utf-8", errors="replace") as file:
            if file.read(4) == ".so ":
                continue
        if not path.is_symlink():
            found["man/" + path.name[:-3]] = man_page(path)
    return found


def reference(to):
    found = {}
    for path in sorted((to / "files/usr/share/cmake-3.25/Help").glob("*/*.rst")):
        text = path.read_text(encoding="utf-8")
        title, _, rest = text.partition("\n")
        text = re.sub(r":[a-z_-]+:`([^`<]*?)(?: <[^`]*>)?`", r"`\1`", rest.lstrip("-=^~\n"))
        if title and not title.startswith("."):
            found[f"cmake/{path.parent.name}/{path.stem}"] = (title, text.strip())
    return found


def rules():
    found = {}
    for prefix, folder in RULES.items():
        for path in sorted((ROOT / "build/markdown" / folder).glob("*.md")):
            text = re.sub(r"\A---\n.*?\n---\n", "", path.read_text(encoding="utf-8"), flags=re.S)
            heading = re.search(r"^# (.*)$", text, re.M)
            title = heading[1].replace("`", "") if heading else path.stem
            text = text[heading.end():] if heading else text
            found[f"{prefix}/{path.stem}"] = (title, text.strip())
    return found


def everything(to):
    to.mkdir(parents=True, exist_ok=True)
    fetch(to)
    return descriptions(to) | pages(to) | reference(to) | rules()


def pin(document):
    return hashlib.sha256("\n".join(document).encode()).hexdigest()[:16]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=ROOT / "build/quality")
    arguments = parser.parse_args()
    to = arguments.to.resolve()
    found = everything(to)
    wrong = []
    lines = []
    for line in LIST.read_text(encoding="utf-8").splitlines():
        name, pinned = line.split("\t")
        if name not in found:
            wrong.append(f"{name} is missing")
        elif pin(found[name]) != pinned:
            wrong.append(f"{name} is another text than the one that was judged")
        else:
            title, text = found[name]
            lines.append(json.dumps({"id": name, "title": title, "text": text}, ensure_ascii=False))
    (to / "corpus.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"corpus: {len(lines)} documents in {to}/corpus.jsonl", file=sys.stderr)
    for sentence in wrong:
        print(f"corpus: {sentence}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
