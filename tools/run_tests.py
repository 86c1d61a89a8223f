#!/usr/bin/env python3
"""Runs the tests of a build tree, and once more, one by one, the few that fail beside others.

    tools/run_tests.py TREE JOBS

A test that passes only then is UNSTEADY: it, or what it tests, has a race or a bound that a busy machine does not keep. It is told with
what it said, at the end and in TREE/unsteady.txt, and does not fail the run; more than AGAIN_MAX of them, or one that fails twice, does.
"""
import pathlib
import subprocess
import sys

AGAIN_MAX = 4


def ctest(tree, *options):
    return subprocess.run(['ctest', '--test-dir', str(tree), '--output-on-failure', *options]).returncode


def main(tree, jobs):
    notes = tree / 'Testing' / 'Temporary'
    told = tree / 'unsteady.txt'
    told.unlink(missing_ok=True)
    list_of_failed = notes / 'LastTestsFailed.log'
    list_of_failed.unlink(missing_ok=True)
    code = ctest(tree, '-j', jobs)
    if code == 0 or not list_of_failed.exists():
        return code
    failed = [line.split(':', 1)[1] for line in list_of_failed.read_text().splitlines()]
    if len(failed) > AGAIN_MAX:
        return code
    said = (notes / 'LastTest.log').read_bytes()
    print(f'tests: {len(failed)} failed; each is run once more, alone', flush=True)
    if ctest(tree, '--rerun-failed') != 0:
        return code
    told.write_bytes('\n'.join(failed).encode() + b'\n\n' + said)
    for name in failed:
        print(f'tests: UNSTEADY, failed beside others and passed alone: {name}')
    print(f'tests: what they said is in {told}; each of them wants mending')
    return 0


if __name__ == '__main__':
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2]))
