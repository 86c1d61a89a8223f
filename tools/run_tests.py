#!/usr/bin/env python3
"""Runs the tests of a build tree, and once more, one by one, the few that fail beside others.

    tools/run_tests.py TREE JOBS

A test that passes only then is UNSTEADY: it, or what it tests, has a race or a bound that a busy machine does not keep. It is told with
what it said, at the end and in TREE/unsteady.txt, and does not fail the run. What fails the run at once: more than AGAIN_MAX failures, a
program that crashed, and the tests by which README promises that nothing is lost: those with the label STRICT_LABEL, simulations, and STRICT.
"""
import pathlib
import re
import subprocess
import sys

AGAIN_MAX = 4
STRICT_LABEL = 'fault'
STRICT = r'[Ss]imulat|Scenario\.|^e2e_(resume|access)$|^cli_import$'
# As ctest lists what failed: "\t1234 - NAME (Failed)", and other words for what crashed; labels may come behind.
PASSED = re.compile(r'^ *(Start +\d+: |\d+/\d+ Test +#\d+: .* Passed +[\d.]+ sec$)')
FAILURE = re.compile(r'^\t *\d+ - (.+) \((Failed|Timeout)\)')
# Where tests of all kinds say what was not as expected: googletest, node, Python. What is behind it explains it.
TROUBLE = re.compile(r'Failure$|^\[  FAILED  \] \S+ \(|^ *not ok |✖ |Error\b.*:|^ERROR: .*Sanitizer|check failed')
BEHIND = 6
TROUBLE_MAX = 60


# A pod does its runs in threads of niceness 15, absolute: behind whatever is busy at 0, as other tests are, they have a thirtieth of its
# time, and 200 runs in a row take four times as long as here, where they have a third.
NICENESS = 10


def ctest(tree, *options):
    """Its exit code, and what it said, which is shown as it comes."""
    command = ['nice', '-n', str(NICENESS), 'ctest', '--test-dir', str(tree), '--output-on-failure', *options]
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors='replace') as running:
        for line in running.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            lines.append(line.rstrip('\n'))
    return running.returncode, lines


def say_what_failed(lines):
    """Once more, last, and short: a log that is shown in part is shown to its end."""
    wanted = set()
    for at, line in enumerate(lines):
        # A pod that is tested says errors of its own, as it should.
        if TROUBLE.search(line) and not line.startswith('synap: '):
            wanted.update(range(at, min(at + BEHIND, len(lines))))
    shown = [lines[at] for at in sorted(wanted) if lines[at].strip() and not lines[at].startswith('synap: ')]
    print(f'tests: what they said went wrong ({len(shown)} lines, of which {min(len(shown), TROUBLE_MAX)} are here):')
    for line in shown[:TROUBLE_MAX]:
        print('  ' + line[:240])


def strict_tests(tree):
    names = set()
    for chosen in (['-L', STRICT_LABEL], ['-R', STRICT]):
        listed = subprocess.run(['ctest', '--test-dir', str(tree), '-N', *chosen], capture_output=True, text=True, check=True)
        names.update(re.findall(r'^ *Test +#\d+: (.+)$', listed.stdout, re.M))
    return names


def main(tree, jobs):
    told = tree / 'unsteady.txt'
    told.unlink(missing_ok=True)
    code, lines = ctest(tree, '-j', jobs)
    if code == 0:
        return 0
    # LastTest.log is no place to look: a test that asks ctest for the names of all writes it anew.
    said = [line for line in lines if not PASSED.match(line)]
    begin = lines.index('The following tests FAILED:') + 1 if 'The following tests FAILED:' in lines else len(lines)
    failures = [line for line in lines[begin:] if line.startswith('\t')]
    failed = [found[1] for found in map(FAILURE.match, failures) if found]
    if not failed or len(failed) != len(failures) or len(failed) > AGAIN_MAX or strict_tests(tree).intersection(failed):
        say_what_failed(said)
        return code
    print(f'tests: {len(failed)} failed; each is run once more, alone', flush=True)
    again = ctest(tree, '--rerun-failed')
    if again[0] != 0:
        say_what_failed(again[1])
        return code
    told.write_text('\n'.join([*failed, '', *said, '']), errors='replace')
    for name in failed:
        print(f'tests: UNSTEADY, failed beside others and passed alone: {name}')
    print(f'tests: what they said is in {told}; each of them wants mending')
    return 0


if __name__ == '__main__':
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2]))
