#!/usr/bin/env python3
"""Draws docs/images/bench.svg from the table "Figures" of bench/README.md.

    tools/bench_bars.py            writes it
    tools/bench_bars.py --check    says whether it is what the table says

Each figure has its own scale, and the better of the peer's two modes stands beside Synap.
"""
import pathlib
import re
import sys
from xml.sax.saxutils import escape

ROOT = pathlib.Path(__file__).resolve().parent.parent
PICTURE = ROOT / 'docs/images/bench.svg'
# The row of the table, what it is called here, and whether more is better.
FIGURES = [
    ('`notes.create`, 64 connections', 'notes.create, 64 connections', True),
    ('end to end, flooded until drained', 'notes from the call to their completion, flooded', True),
    ('log append, 1 KiB, 64 concurrent', 'events appended to the log, 64 at once', True),
    ('end to end at 20 notes/s, p99', 'a note at 20 notes/s, p99', False),
    ('idle memory, 100,000 events in the log', 'idle memory, 100,000 events', False),
]
WIDTH, LEFT, BAR, ROW, TOP = 760, 12, 17, 74, 56
BAR_MAX = 520
STYLE = '''
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
  .small { font-size: 12px; fill: #59636e } .name { font-weight: 600 }
  .ours { fill: #1a7f64 } .peer { fill: #afb8c1 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9198a1 } .ours { fill: #3fb68f } .peer { fill: #59636e }
  }'''


def amount(cell):
    """1,024 of "1,024 /s", 251.6 of "78.6 + 173 MB"; None where there is no number."""
    numbers = re.findall(r'\d[\d,]*(?:\.\d+)?', cell)
    return sum(float(number.replace(',', '')) for number in numbers) if numbers else None


def read_figures(page):
    rows = {}
    table = page[page.index('## Figures'):]
    for line in table.splitlines():
        if line.startswith('|'):
            cells = [cell.strip() for cell in line.strip('|').split('|')]
            rows.setdefault(cells[0], cells[1:])
    found = []
    for row, title, more_is_better in FIGURES:
        polling, notify, ours = rows[row][:3]
        peers = [cell for cell in (polling, notify) if amount(cell) is not None]
        best = (max if more_is_better else min)(peers, key=amount)
        found.append((title, more_is_better, best, ours))
    return found


def bar(y, kind, cell, largest, name):
    width = max(2, round(BAR_MAX * amount(cell) / largest))
    return (f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{width}" height="{BAR}" rx="2"/>'
            f'<text class="small" x="{LEFT + width + 8}" y="{y + BAR - 4}">{name}: {escape(cell)}</text>')


def draw(figures):
    height = TOP + ROW * len(figures)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
             f'viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title">',
             '<title id="title">Synap beside Node, tRPC, PostgreSQL and pg-boss: '
             + escape('; '.join(f'{title}: {ours} against {peer}' for title, _, peer, ours in figures))
             + '</title>', f'<style>{STYLE}\n</style>',
             f'<text class="name" x="{LEFT}" y="20">Synap beside Node, tRPC, PostgreSQL and pg-boss</text>',
             f'<text class="small" x="{LEFT}" y="38">one machine of two cores, one run, both with every write '
             'synced; each figure has its own scale</text>']
    for index, (title, more_is_better, peer, ours) in enumerate(figures):
        y = TOP + ROW * index
        better = 'more is better' if more_is_better else 'less is better'
        largest = max(amount(peer), amount(ours))
        lines += [f'<text x="{LEFT}" y="{y + 14}">{escape(title)} <tspan class="small">({better})</tspan></text>',
                  bar(y + 22, 'ours', ours, largest, 'Synap'), bar(y + 22 + BAR + 3, 'peer', peer, largest, 'Node')]
    return '\n'.join(lines + ['</svg>']) + '\n'


def self_test():
    assert amount('1,024 /s') == 1024 and amount('78.6 + 173 MB') == 251.6 and amount('the same') is None


def main():
    self_test()
    picture = draw(read_figures((ROOT / 'bench/README.md').read_text(encoding='utf-8')))
    if '--check' in sys.argv:
        if PICTURE.is_file() and PICTURE.read_text(encoding='utf-8') == picture:
            return 0
        print('docs/images/bench.svg is not what bench/README.md says: run tools/bench_bars.py')
        return 1
    PICTURE.write_text(picture, encoding='utf-8')
    return 0


sys.exit(main())
