#!/usr/bin/env python3
"""Import and export beside a flood: completed files a second, in pairs on the same machine.

    bench/import_rate.py [--bin build/release/bin] [--notes 8000] [--pairs 5] [--target 0.5]

Each run has a pod of its own in the current directory's filesystem; a pair is a flood and an import of as many notes of
1 KiB, in turns first, and the export of what was imported. Prints each pair, the processor time that a note cost, and the
median ratio with its target; exit code 1 where it is missed, or where a file has no note.
"""
import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from harness.contenders import set_aside


def write_files(directory, count):
    for i in range(count):
        folder = directory / f'{i // 500:03}'
        folder.mkdir(parents=True, exist_ok=True)
        text = (f'word {i} ' * 200)[:960]
        (folder / f'{i:06}.md').write_text(f'---\ntags: [a, b]\nrating: {i}\n---\n# Note {i}\n\n{text}\n')


class Pod:
    def __init__(self, binaries, data):
        self.data = data
        self.process = subprocess.Popen(
            [binaries / 'synap', 'serve', '--data', data, '--listen', '127.0.0.1:0', '--json'],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = json.loads(self.process.stdout.readline())['url']
        self.key = (data / 'owner.key').read_text().strip()

    def processor_seconds(self):
        fields = pathlib.Path(f'/proc/{self.process.pid}/stat').read_text().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def run(self, command, count):
        """Of a command: what it printed, notes a second, us of processor a note of the pod and of the command."""
        before, pod_before = resource.getrusage(resource.RUSAGE_CHILDREN), self.processor_seconds()
        begin = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rate = count / (time.monotonic() - begin)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        pod = self.processor_seconds() - pod_before
        return done.stdout, rate, (pod / count * 1e6, own / count * 1e6)

    def end(self):
        self.process.terminate()
        self.process.wait()
        set_aside(self.data)


def flood(options, base):
    pod = Pod(options.bin, base / 'flood')
    printed, _, cost = pod.run([options.bin / 'synap_load', 'flood', '--url', pod.url, '--token', pod.key,
                                '--notes', str(options.notes), '--json'], options.notes)
    pod.end()
    return json.loads(printed)['notes_per_s'], cost


def imported(options, base):
    pod = Pod(options.bin, base / 'import')
    own = ['--url', pod.url, '--key', pod.key, '--json']
    printed, rate, cost = pod.run([options.bin / 'synap', 'import', 'markdown', base / 'files', *own], options.notes)
    report = json.loads(printed)
    if report['imported'] != options.notes:
        sys.exit(f'{report["imported"]} of {options.notes} files were imported; failed: {report["failed"][:3]}')
    _, export_rate, _ = pod.run([options.bin / 'synap', 'export', base / 'out', *own], options.notes)
    set_aside(base / 'out')
    pod.end()
    return rate, cost, export_rate


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--bin', type=pathlib.Path, default=pathlib.Path('build/release/bin'))
    parser.add_argument('--notes', type=int, default=8000)
    parser.add_argument('--pairs', type=int, default=5)
    parser.add_argument('--target', type=float, default=0.5, help='the median ratio that there must be at least')
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    base = pathlib.Path(tempfile.mkdtemp(prefix='import-rate-', dir='.')).resolve()
    ratios, costs, exports = [], [], []
    try:
        write_files(base / 'files', options.notes)
        for pair in range(options.pairs):
            first = flood(options, base) if pair % 2 == 0 else None
            rate, cost, export_rate = imported(options, base)
            flood_rate, flood_cost = first or flood(options, base)
            ratios.append(rate / flood_rate)
            costs.append(sum(flood_cost) / sum(cost))
            exports.append(export_rate)
            print(f'flood {flood_rate:6.0f}/s, us a note: pod {flood_cost[0]:4.0f}, load {flood_cost[1]:4.0f}   '
                  f'import {rate:6.0f}/s, pod {cost[0]:4.0f}, program {cost[1]:4.0f}   '
                  f'ratio {ratios[-1]:.2f}, by processor {costs[-1]:.2f}   export {export_rate:6.0f}/s', flush=True)
    finally:
        shutil.rmtree(base)
    ratio = statistics.median(ratios)
    missed = sum(one < options.target for one in ratios)
    print(f'median: ratio {ratio:.2f}, by processor {statistics.median(costs):.2f}, '
          f'export {statistics.median(exports):.0f}/s')
    print(f'target: ratio of at least {options.target:.2f}: {"met" if ratio >= options.target else "MISSED"} '
          f'({missed} of {options.pairs} pairs were below it)')
    if ratio < options.target:
        sys.exit(1)


main()
