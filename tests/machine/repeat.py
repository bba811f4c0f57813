#!/usr/bin/env python3
"""repeat.py PROGRAM [NAME=FILE...]: with -icount a machine does the same every time: each guest of counted.py, run twice, must have
the same memory and registers after so many instructions, and others one instruction before. Exit 77 says that no guest is there."""
import subprocess
import sys
import tempfile

import counted


def run(*args, **more):
    """The line that says what the state comes to, and what was printed on the serial line."""
    with tempfile.NamedTemporaryFile() as serial:
        done = subprocess.run(counted.command(*args, serial='file:' + serial.name, **more), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=900)
        if done.returncode or 'count ' not in done.stderr:
            sys.exit(f'status {done.returncode}: {done.stderr}')
        return done.stderr, serial.read()


def main():
    program, programs, ran = sys.argv[1], dict(a.split('=') for a in sys.argv[2:]), 0
    with tempfile.TemporaryDirectory() as scratch:
        for machine, guest in counted.guests(program):
            if guest.long or not counted.there(guest, programs): # replay.py runs those
                print(f'{machine}, {guest.name}: skipped')
                continue
            args = program, machine, guest, programs, scratch
            first, second, other = run(*args), run(*args), run(*args, count=guest.count - 1)
            print(f'{machine}, {guest.name}: {first[0].strip()}', flush=True)
            if 'linux' in guest.name and guest.says not in first[1]:
                sys.exit(f'it did not come up: {first[1].decode(errors="replace")[-2000:]}')
            if first != second:
                sys.exit(f'the second time it was {second[0]}')
            if first[0].split(', ')[1:] == other[0].split(', ')[1:]:
                sys.exit('an instruction less makes no difference')
            ran += 1
    return 0 if ran else 77


if __name__ == '__main__':
    sys.exit(main())
