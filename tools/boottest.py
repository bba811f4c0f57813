#!/usr/bin/env python3
"""boottest.py PROGRAM FILE NAME: boots one machine of a .t file and talks to its serial line; exit 77 says a guest is missing.

A test is a line `NAME: ARGUMENTS`, quoted like a shell's, then indented lines of steps:
    expect "TEXT"     wait until the guest has printed TEXT; between its letters the cursor may have been moved
    send "TEXT"       type TEXT; {scratch} in it is as in arguments, below
    reject "TEXT"     from here on, TEXT is a failure (a kernel's panic always is)
    allow "TEXT"      ... is none any more
    exit N            wait until the program has ended with status N
    again "ARGUMENTS" start the program once more, with these behind the test's own; scratch files are as they were left
    host "COMMAND"    run COMMAND on this machine: it must succeed
    same "COMMAND"    run COMMAND on this machine: the guest must print the same lines
    within SECONDS    the limit for the whole test (60 unless given)
    skip "WHY"        this guest does not come up yet: run only if BOOTTEST_ALL is set
{NAME} in arguments and commands is the directory of a guest that tools/guest made; {scratch:NAME/FILE} is a copy of a file of
it, for the guest to write on; {scratch} is an empty directory. ARGUMENTS that begin with a Python script are that script's: it
is given PROGRAM first and talks to the machine by itself. PROGRAM may be any emulator with these options
("qemu-system-aarch64 -nic none"), to see whether a test is right."""
import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SKIPPED = 77

# What moves a cursor and sets colours is not looked at: a BIOS that draws on a serial line does so anywhere in a word.
CONTROL = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]')
BEGUN = re.compile(r'\x1b(\[[0-9;?]*)?$')
GUESTS = os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'dragoman', 'guests')
VERBS = ('expect', 'send', 'reject', 'allow', 'exit', 'again', 'host', 'same', 'within', 'skip')


class Failure(Exception):
    pass


def find_test(file, name):
    """The arguments and the steps of one test of a file."""
    arguments, steps = None, []
    with open(file, encoding='utf-8') as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith('#'):
                continue
            if not line[0].isspace():
                if arguments is not None:
                    break
                if line.split(':', 1)[0] == name:
                    arguments = shlex.split(line.split(':', 1)[1])
            elif arguments is not None:
                steps += read_steps(f'{file}:{number}', shlex.split(line))
    if arguments is None:
        sys.exit(f'{file} has no test {name}')
    return arguments, steps


def read_steps(where, words):
    steps = []
    while words:
        verb = words.pop(0)
        if verb not in VERBS or not words:
            sys.exit(f'{where}: {verb}: not a step, or without its argument')
        steps.append((verb, words.pop(0).encode().decode('unicode_escape')))
    return steps


def with_guests(argument, scratch):
    """Replaces {NAME} and {scratch:NAME/FILE}."""
    def place(match):
        path = os.path.join(GUESTS, match[2])
        if not os.path.exists(path):
            print(f'skipped: no guest {match[2]}; tools/guest makes it')
            sys.exit(SKIPPED)
        if not match[1]:
            return path
        copy = os.path.join(scratch, os.path.basename(path))
        if not os.path.exists(copy):
            subprocess.run(['cp', '--sparse=always', path, copy], check=True)
        return copy
    argument = argument.replace('{scratch}', scratch)
    return re.sub(r'\{(scratch:)?([\w./-]+)\}', place, argument)


class Test:
    """A machine's console and what can be done with it: a method for each verb."""

    def __init__(self, program, arguments, scratch, limit):
        self.command, self.scratch, self.deadline = shlex.split(program), scratch, time.monotonic() + limit
        self.arguments, self.child, self.seen, self.read_to, self.rejects = arguments, None, '', 0, ['Kernel panic']
        self.begun = ''

    def start(self, more):
        command = [*self.command, *(with_guests(argument, self.scratch) for argument in [*self.arguments, *more])]
        if self.arguments and self.arguments[0].endswith('.py'):
            command = [sys.executable, self.arguments[0], *self.command, *command[len(self.command) + 1:]]
        print(shlex.join(command), flush=True)
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      start_new_session=True)

    def again(self, arguments):
        self.close()
        self.start(shlex.split(arguments))

    def on_host(self, command):
        command = with_guests(command, self.scratch)
        print(f'\nhost: {command}', flush=True)
        done = subprocess.run(['sh', '-c', command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False,
                              timeout=max(0.1, self.deadline - time.monotonic()))
        print(done.stdout, flush=True)
        if done.returncode:
            raise Failure(f'status {done.returncode} from "{command}"')
        return done.stdout

    def host(self, command):
        self.on_host(command)

    def same(self, command):
        for line in self.on_host(command).splitlines():
            self.expect(line)

    def more(self):
        """Waits for output; false at its end."""
        out = self.child.stdout
        left = self.deadline - time.monotonic()
        if left <= 0 or not select.select([out], [], [], left)[0]:
            raise Failure('time is up')
        data = os.read(out.fileno(), 65536)
        text = data.decode(errors='replace').replace('\r', '')
        sys.stdout.write(text)
        text = CONTROL.sub('', self.begun + text)
        begun = BEGUN.search(text)
        self.begun = begun.group() if begun else ''
        self.seen += text[:len(text) - len(self.begun)]
        for reject in self.rejects:
            if reject in self.seen[self.read_to:]:
                raise Failure(f'the guest printed "{reject}"')
        return bool(data)

    def expect(self, text):
        while text not in self.seen[self.read_to:]:
            if not self.more():
                raise Failure(f'the program ended before "{text}"')
        self.read_to = self.seen.index(text, self.read_to) + len(text)

    def send(self, text):
        self.child.stdin.write(text.replace('{scratch}', self.scratch).encode('latin-1'))
        self.child.stdin.flush()

    def reject(self, text):
        self.rejects.append(text)

    def allow(self, text):
        self.rejects.remove(text)

    def exit(self, status):
        while self.more():
            pass
        try:
            got = self.child.wait(max(0.1, self.deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Failure('the program did not end') from None
        if got != int(status):
            raise Failure(f'the program ended with status {got}, not {status}')

    def close(self):
        if self.child and self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()


def main():
    program, file, name = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # so that the machine ends with its test
    arguments, steps = find_test(file, name)
    for verb, why in steps:
        if verb == 'skip' and not os.environ.get('BOOTTEST_ALL'):
            print(f'skipped: {why}')
            sys.exit(SKIPPED)
    scratch = tempfile.mkdtemp(prefix='boottest.')
    began = time.monotonic()
    test = Test(program, arguments, scratch, next((float(value) for verb, value in steps if verb == 'within'), 60.0))
    try:
        test.start([])
        for verb, value in steps:
            if verb not in ('within', 'skip'):
                getattr(test, verb)(value)
        print(f'\npassed: {name} in {time.monotonic() - began:.1f} s')
    except (Failure, BrokenPipeError, subprocess.TimeoutExpired) as why:
        print(f'\nfailed: {name}: {why}, after {time.monotonic() - began:.1f} s')
        sys.exit(1)
    finally:
        test.close()
        shutil.rmtree(scratch)


main()
