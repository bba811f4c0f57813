#!/usr/bin/env python3
"""The tools that judge everything else: each must pass what is right and fail what is wrong."""
import glob
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tools')


class InScratch(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def write(self, name, text):
        path = os.path.join(self.scratch, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def tool(self, name, *arguments):
        environment = dict(os.environ, XDG_CACHE_HOME=self.scratch)
        return subprocess.run([sys.executable, os.path.join(TOOLS, name), *arguments], env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


class Floors(InScratch):
    def verdict(self, name, text):
        self.write('src/' + name, text)
        return self.tool('floors.py', os.path.join(self.scratch, 'src')).returncode

    def test_an_include_may_go_down(self):
        self.assertEqual(self.verdict('devices/char/x.c', '#include "core/reg.h"\n#include <stdio.h>\n'), 0)

    def test_an_include_may_not_go_up(self):
        self.assertEqual(self.verdict('tcg/x.c', '#include "cpu/guest.h"\n'), 1)

    def test_devices_and_frontends_are_apart(self):
        self.assertEqual(self.verdict('devices/x.c', '#include "frontend/arm/arm.h"\n'), 1)

    def test_only_main_names_a_backend(self):
        self.assertEqual(self.verdict('main.c', 'start(&x86_64_backend);\n'), 0)
        self.assertEqual(self.verdict('cpu/x.c', 'start(&x86_64_backend);\n'), 1)

    def test_what_serves_every_guest_names_none(self):
        self.assertEqual(self.verdict('frontend/arm/x.c', '/* Arm */\n'), 0)
        self.assertEqual(self.verdict('core/x.c', 'const char *name = "x86"; /* alarm */\n'), 0)
        self.assertEqual(self.verdict('core/x.c', 'int n; /* as on x86 */\n'), 1)
        self.assertEqual(self.verdict('tcg/x.def', 'OP(add, arm)\n'), 1)


class Vectors(InScratch):
    def verdict(self, effects='H_STATE', defined='quick', calls='quick'):
        """Of a helper `quick` among others that are right."""
        others, allowed = [f'h{n}' for n in range(20)], self.allowed()
        self.write('src/frontend/x/helpers.def', ''.join(f'HELPER({n}, {n}, H_PURE)\n' for n in others) + f'HELPER(quick, quick, {effects})\n')
        lists = {'--defined-only': [*others, defined], '--undefined-only': [*allowed, calls]}
        lines = ''.join(f'{kind}) printf "x.o:\\n{"".join(" T " + name + chr(92) * 2 + "n" for name in names)}";;\n' for kind, names in lists.items())
        nm = self.write('nm', f'#!/bin/sh\ncase $1 in\n{lines}esac\n')
        os.chmod(nm, 0o755)
        return self.tool('vectors.py', os.path.join(self.scratch, 'src'), nm, 'x.a').returncode

    def allowed(self):
        with open(os.path.join(TOOLS, 'vectors.py'), encoding='utf-8') as file:
            return re.findall(r"^    '(\w+)': '", file.read(), re.M)

    def test_a_helper_without_vector_registers_is_in_the_library(self):
        self.assertEqual(self.verdict(), 0)
        self.assertEqual(self.verdict(defined='other', calls='other'), 1)
        self.assertEqual(self.verdict(effects='H_STATE | H_FP', defined='other', calls='other'), 0)

    def test_it_calls_what_is_there_or_allowed(self):
        self.assertEqual(self.verdict(calls='memset'), 1)


class Boottest(InScratch):
    def verdict(self, steps, arguments='-c "echo ready; read x; echo got $x; exit 3"'):
        test = self.write('x.t', f'other: -c false\n    exit 0\nmine: {arguments}\n    {steps}\n')
        return self.tool('boottest.py', 'sh', test, 'mine').returncode

    def test_a_talk_as_written_passes(self):
        self.assertEqual(self.verdict(r'expect "ready" send "abc\n" expect "got abc" exit 3 within 5'), 0)

    def test_text_that_does_not_come_fails(self):
        self.assertEqual(self.verdict(r'expect "ready" send "abc\n" expect "got xyz" within 5'), 1)

    def test_text_counts_once(self):
        self.assertEqual(self.verdict(r'expect "ready" send "abc\n" expect "ready" within 5'), 1)

    def test_again_starts_another_program(self):
        self.assertEqual(self.verdict(r'expect "ready" send "abc\n" exit 3 again "more" expect "ready" send "d\n" '
                                      r'expect "got d" exit 3 within 5'), 0)

    def test_the_host_must_succeed_and_agree(self):
        self.assertEqual(self.verdict(r'expect "ready" send "a\n" same "echo got a" host "true" within 5'), 0)
        self.assertEqual(self.verdict(r'expect "ready" send "a\n" same "echo got b" exit 3 within 5'), 1)
        self.assertEqual(self.verdict('host "false" within 5'), 1)

    def test_another_exit_status_fails(self):
        self.assertEqual(self.verdict(r'send "abc\n" exit 0 within 5'), 1)

    def test_time_is_limited(self):
        self.assertEqual(self.verdict('expect "never" within 0.3', '-c "sleep 30"'), 1)

    def test_a_panic_fails(self):
        self.assertEqual(self.verdict('expect "done" within 5', '-c "echo Kernel panic; echo done"'), 1)

    def test_rejected_text_fails(self):
        self.assertEqual(self.verdict('reject "bad" expect "done" within 5', '-c "echo bad; echo done"'), 1)

    def test_what_is_allowed_is_not_rejected(self):
        self.assertEqual(self.verdict('expect "done" within 5', '-c "echo Kernel panic; echo done"'), 1)
        self.assertEqual(self.verdict('allow "Kernel panic" expect "done" within 5', '-c "echo Kernel panic; echo done"'), 0)

    def test_what_is_sent_may_name_the_scratch_folder(self):
        self.assertEqual(self.verdict(r'send "{scratch}\n" expect "there" within 5', '-c "read x; test -d $x && echo there"'), 0)

    def test_a_script_is_given_the_program(self):
        script = self.write('talk.py', 'import sys; print(sys.argv[1:]); sys.exit(4)')
        self.assertEqual(self.verdict('''expect "['sh', 'one', 'two']" exit 4 within 20''', f'{script} one two'), 0)

    def test_without_its_guest_it_is_skipped(self):
        self.assertEqual(self.verdict('exit 0', '-c "true {no-guest}/file"'), 77)

    def test_a_scratch_file_is_a_copy(self):
        original = self.write('dragoman/guests/g/disk', 'clean')
        self.assertEqual(self.verdict('exit 0', '-c "cat {scratch:g/disk} && echo dirty > {scratch:g/disk}"'), 0)
        with open(original, encoding='utf-8') as file:
            self.assertEqual(file.read(), 'clean')


    def test_what_does_not_work_yet_is_skipped(self):
        self.assertEqual(self.verdict('skip "not yet" exit 1'), 77)


class Readme(unittest.TestCase):
    """The table of what runs says of every test of a guest what the test says of itself."""
    def test_the_table_and_the_tests_agree(self):
        root = os.path.join(TOOLS, '..')
        promised, tested = {}, {}
        with open(os.path.join(root, 'README.md'), encoding='utf-8') as readme:
            for line in readme:
                row = re.match(r'\| `[^|]*\|[^|]*\| ([^|]*) \| `(\w+/[\w-]+)` \|$', line)
                if row:
                    promised[row[2]] = row[1] == 'works'
        for file in glob.glob(os.path.join(root, 'tests', 'machine', '*.t')):
            with open(file, encoding='utf-8') as lines:
                for line in lines:
                    if re.match(r'[\w-]+: ', line):
                        name = os.path.basename(file)[:-2] + '/' + line.split(':')[0]
                        tested[name] = True
                    elif line.strip().startswith('skip '):
                        tested[name] = False
        with open(os.path.join(root, 'tests', 'machine', 'meson.build'), encoding='utf-8') as build:
            programs = re.findall(r"test\('(machine/[\w-]+)'", build.read())
        tested.update({name: True for name in programs if name in promised})
        self.assertEqual(promised, tested)


class Tally(InScratch):
    def tally(self, *tests):
        log = self.write('testlog.json', '\n'.join(json.dumps({'name': 'x', 'duration': 1, 'stdout': '', **t}) for t in tests))
        return self.tool('tally.py', log).stdout.split()

    def test_programs_and_their_checks_count(self):
        self.assertEqual(self.tally({'result': 'OK', 'stdout': '100%: Checks: 6, Failures: 0, Errors: 0\n'}, {'result': 'OK'},
                                    {'result': 'SKIP'}), ['7', '0', '1'])

    def test_failures_count(self):
        self.assertEqual(self.tally({'result': 'FAIL', 'stdout': '50%: Checks: 4, Failures: 1, Errors: 1\n'},
                                    {'result': 'TIMEOUT'}), ['2', '3', '0'])

    def test_unittests_count(self):
        self.assertEqual(self.tally({'result': 'OK', 'stderr': 'Ran 5 tests in 1.0s\n\nOK\n'},
                                    {'result': 'FAIL', 'stderr': 'Ran 5 tests in 1.0s\n\nFAILED (failures=1, errors=2)\n'}),
                         ['7', '3', '0'])

    def test_a_program_that_dies_after_its_checks_has_failed(self):
        self.assertEqual(self.tally({'result': 'FAIL', 'stdout': '100%: Checks: 4, Failures: 0, Errors: 0\n'})[1], '1')


class Newc(InScratch):
    def test_an_archive_has_headers_names_and_data_in_their_places(self):
        data = self.write('data', 'hello')
        listing = self.write('list', f'node /dev/console 600 c 5 1\nfile /init {data} 755\n')
        out = os.path.join(self.scratch, 'out.gz')
        self.assertEqual(self.tool('newc.py', listing, out).returncode, 0)
        with gzip.open(out) as file:
            raw = file.read()
        console, init = raw.index(b'dev/console\0') - 110, raw.index(b'init\0') - 110
        self.assertEqual(raw[console:console + 6], b'070701')
        self.assertEqual(int(raw[console + 14:console + 22], 16), 0o020600)
        self.assertEqual([int(raw[console + at:console + at + 8], 16) for at in (78, 86)], [5, 1])
        self.assertEqual(int(raw[init + 54:init + 62], 16), len('hello'))
        self.assertEqual(init % 4, 0)
        self.assertEqual(raw[init + 116:init + 121], b'hello')
        self.assertIn(b'TRAILER!!!\0', raw)


unittest.main()
