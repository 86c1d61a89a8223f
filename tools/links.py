"""What a Markdown page points to: files, headings and pictures of this tree. tidy.py asks it of every
page; nothing is fetched, so addresses of the web are taken as they are.
"""

import pathlib
import posixpath
import re

FENCE = re.compile(r'^ {0,3}(```+|~~~+)')
HEADING = re.compile(r'^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$')
UNDERLINE = re.compile(r'^ {0,3}(=+|-+)\s*$')
CODE = re.compile(r'(`+)(.+?)\1')
LINK = re.compile(r'\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)')
DEFINITION = re.compile(r'^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)')
ATTRIBUTE = re.compile(r'\b(?:src|srcset|href)="([^"]+)"')
ID = re.compile(r'\b(?:id|name)="([^"]+)"')
ELSEWHERE = re.compile(r'^[a-z][a-z0-9+.-]*:', re.IGNORECASE)
# Written as code, but meant as a file of the tree, or beside the page: `tests/e2e/access.test.mjs`.
PATH = re.compile(r'^(?:bench|client|cmake|cmd|docs|fuzz|src|tests|tools|ui)(?:/[\w.@+-]+)+/?$')


def prose(text):
    """Number and text of each line that is not within a fenced block."""
    fence = None
    for number, line in enumerate(text.splitlines(), 1):
        match = FENCE.match(line)
        if fence is None and match:
            fence = match.group(1)
        elif fence is None:
            yield number, line
        elif match and match.group(1).startswith(fence) and line.strip() == match.group(1):
            fence = None


def slug(heading):
    """GitHub's anchor of a heading: small letters, no marks but - and _, a hyphen for each space."""
    heading = re.sub(r'!?\[([^\]]*)\]\([^)]*\)', r'\1', heading)
    return re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-')


def anchors(text):
    """All that a # may name on the page; a heading's second occurrence ends in -1."""
    found = set()
    count = {}
    before = ''
    for _, line in prose(text):
        heading = HEADING.match(line)
        title = heading.group(2) if heading else None
        if title is None and UNDERLINE.match(line) and before.strip():
            title = before.strip()
        if title is not None:
            name = slug(title)
            found.add(name if name not in count else f'{name}-{count[name]}')
            count[name] = count.get(name, 0) + 1
        found.update(ID.findall(line))
        before = line
    return found


def targets(text):
    """Number and target of each link, picture and definition."""
    for number, line in prose(text):
        plain = CODE.sub('', line)
        for pattern in (LINK, DEFINITION, ATTRIBUTE):
            for target in pattern.findall(plain):
                yield number, target


def paths(text):
    for number, line in prose(text):
        for _, code in CODE.findall(line):
            if PATH.match(code.strip()):
                yield number, code.strip()


def offences(path, text, is_there, read):
    """`is_there` and `read` take paths from the root of the tree."""
    for number, target in targets(text):
        if ELSEWHERE.match(target) or target.startswith('//'):
            continue
        file, _, anchor = target.partition('#')
        goal = posixpath.normpath(posixpath.join(posixpath.dirname(path), file)) if file else path
        if goal.startswith(('..', '/')):
            yield number, f'{target} leads out of the tree'
        elif not is_there(goal):
            yield number, f'{target}: there is no such file'
        elif anchor and (not goal.endswith('.md') or anchor not in anchors(read(goal))):
            yield number, f'{target}: no heading makes this anchor'
    for number, file in paths(text):
        beside = posixpath.join(posixpath.dirname(path), file)
        if not is_there(file.rstrip('/')) and not is_there(posixpath.normpath(beside)):
            yield number, f'`{file}` is not there'


def self_test():
    page = '# The page\n\n## A *b* `c.d`, e\n\n## Same\n\n## Same\n\nUnder\n-----\n\n```\n# no\n```\n'
    assert anchors(page) == {'the-page', 'a-b-cd-e', 'same', 'same-1', 'under'}, anchors(page)
    there = {'docs/a.md': page, 'src/x.h': '', 'src/cmd/z.h': ''}
    look = {'is_there': there.__contains__, 'read': there.__getitem__}
    def of(text):
        return list(offences('docs/b.md', text, **look))
    assert not of('[a](a.md#same-1), [x](../src/x.h), [w](https://example.org/#no), `src/x.h`\n')
    assert not list(offences('src/p.md', 'See `cmd/z.h`.\n', **look))
    assert not of('`[a](none.md)` and\n```\n[a](none.md)\n```\n')
    assert of('[a](none.md)\n')
    assert of('![a](none.png)\n')
    assert of('[a](a.md#no)\n')
    assert of('[a]: none.md\n')
    assert of('<img src="none.svg">\n')
    assert of('[a](../../x)\n')
    assert of('See `src/y.h`.\n')


def tree(root):
    """The two that offences() asks for."""
    root = pathlib.Path(root)
    return {'is_there': lambda path: (root / path).exists(),
            'read': lambda path: (root / path).read_text(encoding='utf-8')}
