#!/usr/bin/env python3
"""Keeps the house in order: rules that were worth saying twice.

    tools/tidy.py              checks the tree; prints each offence as file:line: sentence
    tools/tidy.py --self-test  shows that each rule can fail

Rules: a room includes only rooms below it (src/LAYERS), and only those that its CMakeLists.txt
declares; a header that says "Private to the room" or "to this folder" is included there only; every
source of a room is in its CMakeLists.txt; commit subjects are `room: imperative` of at most 60
characters, with a body; headers say what they are and have #pragma once; lines are no longer than 100 columns
and have no tabs or trailing space; no file is longer than 800 lines; a TODO gives its reason; no
path of somebody's machine; what a Markdown page links to, or names as a file of the tree, is there (links.py).
"""

import pathlib
import re
import subprocess
import sys

import links

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLUMNS_MAX = 100
LINES_MAX = 800
SUBJECT_MAX = 60
# The commits behind this one are as they are.
COMMITS_SINCE = '95c4fa8'
INCLUDE = re.compile(r'^\s*#include "([a-z_]+)/')
INCLUDED_FILE = re.compile(r'^\s*#include "([a-z_]+/[^"]+)"')
PRIVATE = re.compile(r'Private\s+to\s+(the\s+room|this\s+folder)')
SUBJECT = re.compile(r'^[A-Za-z_]+(, [A-Za-z_]+)?: [a-z0-9]')
MACHINE_PATH = re.compile(r'(?<![\w.])/(?:home|work|Users)/[\w.-]+')


def read_layers(text):
    layers = {}
    for line in text.splitlines():
        line = line.split('#')[0].split()
        if line:
            layers[line[1]] = int(line[0])
    return layers


def include_offences(path, text, layers):
    """A file of src/<room>/ may include its own room and rooms of lower levels."""
    parts = pathlib.PurePosixPath(path).parts
    if parts[0] != 'src' or len(parts) < 3:
        return
    room = parts[1]
    if room not in layers:
        yield 1, f'the room {room} is not in src/LAYERS'
        return
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        other = match.group(1)
        if other not in layers:
            yield number, f'{other} is no room of src/LAYERS'
        elif other != room and layers[other] >= layers[room]:
            yield number, f'{room} (level {layers[room]}) includes {other} (level {layers[other]})'


def declared_rooms(listing):
    """The rooms behind DEPENDS of a room's CMakeLists.txt."""
    match = re.search(r'\bDEPENDS\s+([a-z_\s]+?)\s*(?:(?:TEST_)?LIBRARIES\b|\))', listing)
    return set(match.group(1).split()) if match else set()


def dependency_offences(path, text, layers, listed):
    """What a source includes is declared, so that the build and the drawing say the same."""
    parts = pathlib.PurePosixPath(path).parts
    if parts[0] != 'src' or len(parts) < 3 or parts[1] not in listed or 'test' in parts[-1]:
        return
    declared = declared_rooms(listed[parts[1]])
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match and match.group(1) in layers and match.group(1) not in declared | {parts[1]}:
            yield number, f'{parts[1]} includes {match.group(1)}, which its DEPENDS does not name'


def opening_comment(text):
    lines = []
    for line in text.splitlines():
        if not line.startswith('//'):
            break
        lines.append(line[2:].strip())
    return ' '.join(lines)


def private_headers(headers):
    """Path under src/ -> the folder that may include it."""
    private = {}
    for path, text in headers.items():
        match = PRIVATE.search(opening_comment(text))
        if match:
            inside = pathlib.PurePosixPath(path)
            private[path] = inside.parts[0] if 'room' in match.group(1) else str(inside.parent)
    return private


def privacy_offences(path, text, private):
    inside = path.removeprefix('src/')
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDED_FILE.match(line)
        folder = private.get(match.group(1)) if match else None
        if folder is not None and not inside.startswith(folder + '/'):
            yield number, f'{match.group(1)} is private to {folder}'


def commit_offences(log):
    """`log`: hash, subject and body of each commit, separated by |, each ended by NUL."""
    for commit in log.split('\0'):
        if not commit.strip():
            continue
        name, subject, body = commit.lstrip('\n').split('|', 2)
        if len(subject) > SUBJECT_MAX:
            yield f'commit {name}: its subject has {len(subject)} characters'
        if not SUBJECT.match(subject):
            yield f'commit {name}: its subject is not `room: imperative`: {subject}'
        if not body.strip():
            yield f'commit {name}: it has no body'


def text_offences(path, text):
    lines = text.splitlines()
    is_code = path.endswith(('.h', '.cpp'))
    if is_code and len(lines) > LINES_MAX:
        yield 1, f'{len(lines)} lines: split it'
    if path.endswith('.h') and '#pragma once' not in text:
        yield 1, 'a header has #pragma once'
    if path.endswith('.h') and not any(line.startswith('//') for line in lines):
        yield 1, 'a header says what it is'
    for number, line in enumerate(lines, 1):
        if is_code and len(line) > COLUMNS_MAX and 'R"(' not in line:
            yield number, f'{len(line)} columns'
        if is_code and '\t' in line:
            yield number, 'a tab'
        if line != line.rstrip() and not path.endswith('.md'):
            yield number, 'space at the end of the line'
        if re.search(r'\b(TODO|FIXME|XXX)\b(?!:? \w+ \w+)', line) and path != 'tools/tidy.py':
            yield number, 'a TODO gives its reason'
        if MACHINE_PATH.search(line):
            yield number, 'a path of somebody\'s machine'


def listing_offences(path, listed):
    parts = pathlib.PurePosixPath(path).parts
    if parts[0] == 'src' and len(parts) > 2 and path.endswith('.cpp'):
        inside = '/'.join(parts[2:])
        if not re.search(rf'(?<![\w/]){re.escape(inside)}(?!\w)', listed.get(parts[1], '')):
            yield 1, f'is not listed in src/{parts[1]}/CMakeLists.txt'


def tracked_files():
    out = subprocess.run(['git', 'ls-files', '--cached', '--others', '--exclude-standard'],
                         cwd=ROOT, check=True, capture_output=True, text=True).stdout
    kinds = ('.h', '.cpp', '.py', '.sh', '.cmake', '.ts', '.mjs', '.md', 'CMakeLists.txt', 'Makefile')
    return [path for path in out.splitlines() if path.endswith(kinds) and (ROOT / path).is_file()]


def commits():
    known = subprocess.run(['git', 'cat-file', '-e', COMMITS_SINCE], cwd=ROOT, capture_output=True)
    if known.returncode != 0:
        return ''  # a shallow clone, or an unpacked archive
    return subprocess.run(
        ['git', 'log', '--no-merges', '--format=%h|%s|%b%x00', f'{COMMITS_SINCE}..HEAD'],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout


def check_tree():
    layers = read_layers((ROOT / 'src/LAYERS').read_text())
    listed = {room: (ROOT / f'src/{room}/CMakeLists.txt').read_text() for room in layers
              if (ROOT / f'src/{room}/CMakeLists.txt').exists()}
    offences = list(commit_offences(commits()))
    headers = {path.removeprefix('src/'): (ROOT / path).read_text(encoding='utf-8')
               for path in tracked_files() if path.startswith('src/') and path.endswith('.h')}
    private = private_headers(headers)
    for path in tracked_files():
        text = (ROOT / path).read_text(encoding='utf-8', errors='replace')
        if path.startswith('client/src/generated/'):
            continue
        found = list(text_offences(path, text)) + list(listing_offences(path, listed))
        if path.endswith(('.h', '.cpp')):
            found += include_offences(path, text, layers)
            found += dependency_offences(path, text, layers, listed)
            found += privacy_offences(path, text, private)
        # The corpus is what fuzzers are fed, not what people read.
        if path.endswith('.md') and not path.startswith('fuzz/corpus/'):
            found += links.offences(path, text, **links.tree(ROOT))
        offences += [f'{path}:{number}: {sentence}' for number, sentence in found]
    return offences


def self_test():
    links.self_test()
    layers = {'base': 0, 'db': 1, 'net': 1}
    assert list(include_offences('src/base/a.h', '#include "db/x.h"', layers))
    assert list(include_offences('src/db/a.h', '#include "net/x.h"', layers))
    assert list(include_offences('src/attic/a.h', '', layers))
    assert not list(include_offences('src/db/a.h', '#include "base/x.h"\n#include "db/y.h"', layers))
    rooms = {'db': 'synap_room(db\n  SOURCES a.cpp\n  DEPENDS base\n  LIBRARIES fmt::fmt)'}
    assert declared_rooms(rooms['db']) == {'base'}
    assert list(dependency_offences('src/db/a.cpp', '#include "net/x.h"', layers, rooms))
    assert not list(dependency_offences('src/db/a.cpp', '#include "base/x.h"', layers, rooms))
    private = private_headers({'db/x.h': '// X. Private to\n// the room.\n', 'db/y.h': '// Y.\n'})
    assert private == {'db/x.h': 'db'}
    assert list(privacy_offences('src/net/a.cpp', '#include "db/x.h"', private))
    assert not list(privacy_offences('src/db/sqlite/a.cpp', '#include "db/x.h"', private))
    assert list(commit_offences('abc|did things|because\0'))
    assert list(commit_offences('abc|db: do|\0'))
    assert list(commit_offences('abc|db: ' + 'x' * 60 + '|why\0'))
    assert not list(commit_offences('abc|db: do less|why\0'))
    assert list(text_offences('src/db/a.h', '// A.\nint x;\n'))
    assert list(text_offences('a.cpp', 'x' * 101))
    assert list(text_offences('a.cpp', '// TODO\n'))
    assert list(text_offences('a.cpp', '// see /home/' + 'somebody\n'))
    assert list(listing_offences('src/db/new.cpp', {'db': 'SOURCES other_new.cpp'}))
    assert not list(listing_offences('src/db/new.cpp', {'db': 'SOURCES new.cpp'}))


if __name__ == '__main__':
    if '--self-test' in sys.argv:
        self_test()
        sys.exit(0)
    problems = check_tree()
    print('\n'.join(problems) if problems else 'tidy')
    sys.exit(1 if problems else 0)
