"""What tools/run_tests.py forgives, on a small tree of its own: python3 run_tests_test.py."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parent.parent / 'tools' / 'run_tests.py'

# Each fails the first time that it is run.
ONCE = 'add_test(NAME {name} COMMAND sh -c "test -e {name} || {{ touch {name}; echo said by {name}; {end}; }}")\n'


class RunTests(unittest.TestCase):
    def run_tree(self, *tests, more=''):
        """The exit code of the tool, what it said, and what it wrote of unsteady tests."""
        with tempfile.TemporaryDirectory() as folder:
            lists = 'cmake_minimum_required(VERSION 3.20)\nproject(tree NONE)\nenable_testing()\nadd_test(NAME well COMMAND true)\n'
            lists += ''.join(ONCE.format(name=name, end=end) for name, end in tests) + more
            pathlib.Path(folder, 'CMakeLists.txt').write_text(lists)
            tree = pathlib.Path(folder, 'tree')
            subprocess.run(['cmake', '-S', folder, '-B', tree], check=True, capture_output=True)
            done = subprocess.run([sys.executable, TOOL, tree, '2'], capture_output=True, text=True)
            told = tree / 'unsteady.txt'
            return done.returncode, done.stdout, told.read_text() if told.exists() else ''

    def test_nothing_is_said_where_all_is_well(self):
        code, said, told = self.run_tree()
        self.assertEqual((code, told), (0, ''))
        self.assertNotIn('UNSTEADY', said)

    def test_a_pod_s_runs_are_not_far_behind_other_tests(self):
        nice = 'add_test(NAME nice COMMAND sh -c "test $(nice) -ge 10")\n'
        self.assertEqual(self.run_tree(more=nice)[0], 0)

    def test_what_fails_once_is_told_with_what_it_said(self):
        code, said, told = self.run_tree(('a', 'false'), ('b', 'sleep 9'), more='set_tests_properties(b PROPERTIES TIMEOUT 1)\n')
        self.assertEqual(code, 0)
        for name in 'ab':
            self.assertIn(f'UNSTEADY, failed beside others and passed alone: {name}\n', said)
        self.assertIn('said by a', told)

    def test_it_is_told_also_where_a_test_asks_ctest_itself(self):
        asks = 'add_test(NAME asks COMMAND sh -c "sleep 1; ctest -N")\n'
        code, _, told = self.run_tree(('a', 'false'), more=asks)
        self.assertEqual(code, 0)
        self.assertIn('said by a', told)

    def test_what_fails_twice_fails(self):
        code, said, told = self.run_tree(('a', 'false'), more='add_test(NAME bad COMMAND false)\n')
        self.assertNotEqual(code, 0)
        self.assertNotIn('UNSTEADY', said)
        self.assertEqual(told, '')

    def test_what_failed_is_said_last(self):
        says = '"echo a_test.cpp:7: Failure; echo behind it; for i in $(seq 90); do echo noise $i; done; false"'
        code, said, _ = self.run_tree(more=f'add_test(NAME bad COMMAND sh -c {says})\n')
        self.assertNotEqual(code, 0)
        end = said.splitlines()[-8:]
        self.assertIn('  a_test.cpp:7: Failure', end)
        self.assertIn('  behind it', end)

    def test_more_than_a_few_fail(self):
        code, said, _ = self.run_tree(*((name, 'false') for name in 'abcde'))
        self.assertNotEqual(code, 0)
        self.assertNotIn('once more', said)

    def test_no_crash_ordeal_or_simulation_has_a_second_run(self):
        label = 'set_tests_properties(a PROPERTIES LABELS fault)\n'
        for tests, more in (([('a', 'kill -SEGV $$')], ''), ([('a', 'false')], label), ([('Simulation.A', 'false')], '')):
            code, said, _ = self.run_tree(*tests, more=more)
            self.assertNotEqual(code, 0, tests)
            self.assertNotIn('once more', said, tests)


if __name__ == '__main__':
    unittest.main()
