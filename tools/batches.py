#!/usr/bin/env python3
"""Says which sources of a target can be compiled as one (cmake/batches.cmake).

    tools/batches.py < LIST > BATCHES

LIST has a line for each source: its target, a tab, its path. BATCHES has a line for each that is
compiled with others: the target, the path, the number of the batch, with tabs between them.

Names of an unnamed namespace are a file's own. Files that are compiled with it would see them too: as
another's of that name, or instead of what they mean by it. So what one file of a batch has of its own is no
word of another, nor of a header that only that one includes. Looked for are definitions at the beginning of a
line, as clang-format puts them.
"""

import collections
import functools
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Where headers are looked for, beside the folder of whoever includes them.
HEADERS = [ROOT / 'src', ROOT / 'cmd', ROOT / 'tests']
# Of one batch: what is saved is the headers that the files share, and the last of two processors
# must not have one batch to do while the other has nothing.
FILES_MAX = 12
LINES_MAX = 2_500

NO_CODE = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|//[^\n]*', re.S)
UNNAMED = re.compile(r'^namespace \{\n(.*?)^\}  // namespace$', re.S | re.M)
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)
WORD = re.compile(r'(?<![\w.])(?<!->)[A-Za-z_]\w*')  # not a member's
DEFINITIONS = (
    re.compile(r'^(?:template <[^\n]*>\n)?(?:class|struct|enum class|enum|union) (\w+)', re.M),
    re.compile(r'^using (\w+) =', re.M),
    # A constant or variable: a name before `=`, `{`, `[`, `(` or `;`.
    re.compile(r'^(?:inline |static |thread_local )*(?:constexpr|constinit|const)\b[^={\n;(]*?\b(\w+)\s*(?=[={\[(;])', re.M),
    # A variable that changes, which has no such word before it.
    re.compile(r'^(?!using\b|return\b|extern\b|template\b)[\w:][\w:<>,&* ]* \**(\w+)\s*(?=;|=[^=]|\{[^\n]*\};)', re.M),
    # A function: a name before the first parenthesis.
    re.compile(r'^[\w:][^=;{}()\n]*?[\s&*](\w+)\(', re.M),
)


class Source:
    """A source or a header."""

    def __init__(self, path):
        self.path = path
        text = path.read_text(encoding='utf-8')
        self.lines = text.count('\n')
        # The end of a namespace is told by its comment.
        code = NO_CODE.sub(lambda match: match[0] if match[0].startswith('// namespace') else '""', text)
        self.own = set()
        for part in UNNAMED.findall(code):
            for definition in DEFINITIONS:
                self.own.update(definition.findall(part))
        self.words = set(WORD.findall(code))
        self.included = [header for name in INCLUDE.findall(text) for folder in [path.parent, *HEADERS]
                         if (header := folder / name).exists()]

    @functools.cached_property
    def headers(self):
        """All that it includes, and they."""
        found, todo = set(), list(self.included)
        while todo:
            header = todo.pop()
            if header not in found:
                found.add(header)
                todo += read(header).included
        return found

    def sees(self, other):
        """Whether what `other` has of its own is something else here."""
        return bool(other.own & self.words) or any(
            other.own & read(header).words for header in self.headers - other.headers)


@functools.cache
def read(path):
    return Source(path)


def batches_of(sources):
    """Each goes to the first batch that takes it."""
    batches = []
    for one in sources:
        for batch in batches:
            if (len(batch) < FILES_MAX and sum(other.lines for other in batch) + one.lines <= LINES_MAX
                    and not any(one.sees(other) or other.sees(one) for other in batch)):
                batch.append(one)
                break
        else:
            batches.append([one])
    return [batch for batch in batches if len(batch) > 1]


def main():
    targets = collections.defaultdict(list)
    for line in sys.stdin.read().splitlines():
        target, path = line.split('\t')
        targets[target].append(read(pathlib.Path(path)))
    for target, sources in targets.items():
        for number, batch in enumerate(batches_of(sources)):
            for one in batch:
                print(target, one.path, number, sep='\t')


if __name__ == '__main__':
    main()
