#!/usr/bin/python3
"""Imports Markdown files that people wrote, and compares every note with what other readers take from
the file: ruamel.yaml (YAML 1.2), tomllib, and markdown-it-py (CommonMark).

    compare.py SYNAP FOLDER...

What the two may differ in is said where it is allowed, and nowhere else."""
import datetime, json, math, os, re, shutil, subprocess, sys, tempfile, tomllib, urllib.parse, urllib.request

from markdown_it import MarkdownIt
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor

FILES_MIN = 2000
SPACE = ' \t\r\n'


class Constructor(SafeConstructor):
    """Dates are texts in YAML 1.2's core schema, whose numbers have no underscores."""


Constructor.add_constructor('tag:yaml.org,2002:timestamp', lambda self, node: node.value)
for kind in ('int', 'float'):
    made = Constructor.yaml_constructors['tag:yaml.org,2002:' + kind]
    Constructor.add_constructor(
        'tag:yaml.org,2002:' + kind,
        lambda self, node, made=made: node.value if '_' in node.value else made(self, node))
# A type that nobody knows: the value is kept, as text.
Constructor.add_constructor(None, lambda self, node: node.value)


def read_yaml(block):
    yaml = YAML(typ='safe', pure=True)
    yaml.Constructor = Constructor
    yaml.allow_duplicate_keys = True
    documents = list(yaml.load_all(block))
    if len(documents) > 1:
        raise ValueError('more than one document')
    return documents[0] if documents else None


def plain(value):
    """As JSON has it."""
    if isinstance(value, dict):
        return {key if isinstance(key, str) else json.dumps(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return None  # of TOML: its spelling is looked at elsewhere
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def split(text):
    """The block's syntax, the block and what follows it; None where there is none."""
    found = re.match(r'(---|\+\+\+|;;;)[ \t]*\r?\n', text)
    if not found:
        return None
    fence = found[1]
    ends = r'(?:---|\.\.\.)' if fence == '---' else re.escape(fence)
    end = re.compile(rf'^{ends}[ \t]*(?:\r?\n|\Z)', re.M).search(text, found.end())
    return (fence, text[found.end():end.start()], text[end.end():]) if end else None


def properties_of(text):
    """The properties and the body; no properties where the block is none."""
    parts = split(text)
    if parts is None:
        return None, text, text
    fence, block, behind = parts
    try:
        values = tomllib.loads(block) if fence == '+++' else json.loads(block) if fence == ';;;' else read_yaml(block)
    except Exception as error:
        return error, text, behind
    if values is None:
        values = {}
    if not isinstance(values, dict):
        return ValueError('no map'), text, behind
    return plain(values), behind, behind


def any_case(values, name):
    if name in values:
        return name
    return next((key for key in values if key.lower() == name), None)


def heading(text):
    tokens = MarkdownIt('commonmark').parse(text)
    for before, token in zip(tokens, tokens[1:]):
        if before.type == 'heading_open':
            found = inline_text(token.children or []).strip(SPACE)
            if found:
                return found
    return ''


def inline_text(tokens):
    out = ''
    for token in tokens:
        if token.type in ('text', 'code_inline'):
            out += token.content
        elif token.type in ('softbreak', 'hardbreak'):
            out += ' '
        elif token.type == 'image':
            out += inline_text(token.children or [])
    return out


def tag_of(text):
    return text.strip(SPACE).lstrip('#').strip(SPACE)


def expected(name, text):
    """Title, tags, properties and content; and why the block is text, if it is."""
    values, body, behind = properties_of(text)
    why = None
    if isinstance(values, Exception):
        why, values = str(values), None
    title, tags = '', []
    if values is not None:
        rest = dict(values)
        key = any_case(values, 'title')
        raw_title = rest.pop(key, None) if key else None
        key = any_case(values, 'tags')
        raw_tags = rest.pop(key, None) if key else None
        if isinstance(raw_title, (list, dict)):
            why = 'the title is no text'
        elif isinstance(raw_tags, dict) or (isinstance(raw_tags, list) and any(isinstance(tag, (list, dict)) for tag in raw_tags)):
            why = 'the tags are no list of texts'
        if why:
            values, body = None, text
        else:
            title = '' if raw_title is None else raw_title
            title = re.sub(r'[\r\n]', ' ', title).strip(SPACE) if isinstance(title, str) else title
            listed = raw_tags.split(',') if isinstance(raw_tags, str) else raw_tags if isinstance(raw_tags, list) else [] if raw_tags is None else [raw_tags]
            for tag in listed:
                tag = tag_of(tag) if isinstance(tag, str) else tag
                if tag not in (None, '') and tag not in tags:
                    tags.append(tag)
            values = rest
    if title == '':
        title = heading(behind) or os.path.splitext(name)[0]
    return {'title': title, 'tags': tags, 'properties': values or {}, 'content': body or '\n'}, why


def same(ours, theirs):
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in theirs)
    if isinstance(theirs, list) and isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, bool) or isinstance(ours, bool):
        return ours is theirs or ours == json.dumps(theirs)
    if isinstance(theirs, (int, float)):
        # A title or tag keeps its spelling; numbers are doubles.
        return float(ours) == float(theirs) if isinstance(ours, (int, float)) else ours is not None and float(ours) == float(theirs)
    if theirs is None and isinstance(ours, str):
        return True  # a date of TOML, an infinite number: text, as it is spelled
    return ours == theirs


def difference(note, told, name, text):
    wanted, why = expected(name, text)
    remarks = ' '.join(told)
    kept = 'kept as text' in remarks or 'has no end' in remarks
    if 'a colon in a value without quotes' in remarks:
        return None if why else 'it is said to have a colon too many, and other readers take it'
    if why and not kept:
        return f'other readers refuse the block ({why.splitlines()[0]})'
    if not why and 'kept as text' in remarks:
        return f'other readers take the block ({remarks})'
    properties = {key: value for key, value in note['properties'].items() if key != '$spelling'}
    for key in re.findall(r'"([^"]*)" is there twice', remarks):
        properties.pop(key, None)
        wanted['properties'].pop(key, None)
    for field, ours in (('title', note['title']), ('tags', note.get('ownTags', note['tags'])), ('properties', properties), ('content', note['content'])):
        theirs = wanted[field]
        if field == 'title' and 'the title is cut' in remarks:
            theirs = theirs[:500]
        if not same(ours, theirs):
            return f'{field}: {str(ours)[:300]!r}, other readers have {str(theirs)[:300]!r}'
    return None


class Pod:
    def __init__(self, synap, directory):
        self.process = subprocess.Popen([synap, 'serve', '--data', directory, '--listen', '127.0.0.1:0', '--json'],
                                        stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())['url']
        self.key = open(os.path.join(directory, 'owner.key')).read().strip()

    def query(self, procedure, asked):
        address = f'{self.url}/trpc/{procedure}?input=' + urllib.parse.quote(json.dumps(asked))
        request = urllib.request.Request(address, headers={'authorization': f'Bearer {self.key}'})
        return json.load(urllib.request.urlopen(request))['result']['data']


def copy_files(folders, root):
    count = 0
    for folder in folders:
        for directory, _, names in sorted(os.walk(folder)):
            for name in sorted(names):
                path = os.path.join(directory, name)
                if not name.lower().endswith(('.md', '.markdown')) or os.path.islink(path):
                    continue
                target = os.path.join(root, str(count // 100), str(count), name)
                os.makedirs(os.path.dirname(target))
                shutil.copyfile(path, target)
                count += 1
    return count


def main():
    synap, *folders = sys.argv[1:]
    work = tempfile.mkdtemp(prefix='synap-markdown-')
    root = os.path.join(work, 'files')
    os.mkdir(root)
    pod = None
    try:
        count = copy_files(folders, root)
        if count < FILES_MIN:
            sys.exit(f'only {count} Markdown files in {folders}; run tools/markdown_corpus.sh and tools/npm_ci.sh')
        data = os.path.join(work, 'pod')
        pod = Pod(synap, data)
        report = json.loads(subprocess.run([synap, 'import', 'markdown', root, '--json', '--url', pod.url, '--data', data],
                                           check=True, capture_output=True, text=True).stdout)
        told = {}
        for remark in report['remarks']:
            told.setdefault(remark['path'], []).append(remark['reason'])
        differences = []
        for skipped in report['skipped']:
            text = open(os.path.join(root, skipped['path']), 'rb').read()
            if skipped['reason'] == 'empty' and not text.removeprefix(b'\xef\xbb\xbf').strip():
                continue
            differences.append((skipped['path'], 'skipped: ' + skipped['reason']))
        blocks = 0
        for made in report['notes']:
            note = pod.query('notes.get', {'id': made['id']})
            text = open(os.path.join(root, made['path']), encoding='utf-8-sig', newline='').read()
            blocks += split(text) is not None
            found = difference(note, told.get(made['path'], []), os.path.basename(made['path']), text)
            if found:
                differences.append((made['path'], found))
        for path, found in differences:
            print(f'{path}: {found}')
        print(f'{count} files, {blocks} with front matter, {len(differences)} differ')
        if len(report['notes']) + len(report['skipped']) != count or differences:
            sys.exit(1)
    finally:
        if pod:
            pod.process.kill()
        shutil.rmtree(work)


main()
