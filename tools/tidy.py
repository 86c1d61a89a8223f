#!/usr/bin/env python3
"""Keeps the house in order: rules that were worth saying twice.

    tools/tidy.py              checks the tree; prints each offence as file:line: sentence
    tools/tidy.py --self-test  shows that each rule can fail

Rules: a room includes only rooms below it (src/LAYERS); every source of a room is in its
CMakeLists.txt; headers begin with a comment and #pragma once; lines are no longer than 100 columns
and have no tabs or trailing space; no file is longer than 800 lines; a TODO gives its reason; no
path of somebody's machine.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLUMNS_MAX = 100
LINES_MAX = 800
INCLUDE = re.compile(r'^\s*#include "([a-z_]+)/')
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


def text_offences(path, text):
    lines = text.splitlines()
    is_code = path.endswith(('.h', '.cpp'))
    if is_code and len(lines) > LINES_MAX:
        yield 1, f'{len(lines)} lines: split it'
    if path.endswith('.h') and '#pragma once' not in text:
        yield 1, 'a header has #pragma once'
    if path.endswith('.h') and not any(line.startswith('//') for line in lines[:4]):
        yield 1, 'a header begins by saying what it is'
    for number, line in enumerate(lines, 1):
        if is_code and len(line) > COLUMNS_MAX:
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


def check_tree():
    layers = read_layers((ROOT / 'src/LAYERS').read_text())
    listed = {room: (ROOT / f'src/{room}/CMakeLists.txt').read_text() for room in layers
              if (ROOT / f'src/{room}/CMakeLists.txt').exists()}
    offences = []
    for path in tracked_files():
        text = (ROOT / path).read_text(encoding='utf-8', errors='replace')
        if path.startswith('client/src/generated/'):
            continue
        found = list(text_offences(path, text)) + list(listing_offences(path, listed))
        if path.endswith(('.h', '.cpp')):
            found += include_offences(path, text, layers)
        offences += [f'{path}:{number}: {sentence}' for number, sentence in found]
    return offences


def self_test():
    layers = {'base': 0, 'db': 1, 'net': 1}
    assert list(include_offences('src/base/a.h', '#include "db/x.h"', layers))
    assert list(include_offences('src/db/a.h', '#include "net/x.h"', layers))
    assert list(include_offences('src/attic/a.h', '', layers))
    assert not list(include_offences('src/db/a.h', '#include "base/x.h"\n#include "db/y.h"', layers))
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
