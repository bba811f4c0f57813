#!/usr/bin/env python3
"""lockstep.py PROGRAM COUNT [NAME=FILE...]: the guests of counted.py that need nothing but those files, or with boot in place of a
file the others that are quick, come to the same memory and registers after COUNT instructions with --lockstep as without, and what
is interpreted and translated does not differ. Exit 77 says that no guest is there."""
import re
import subprocess
import sys
import tempfile

import counted


def run(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900)
    if done.returncode:
        sys.exit(f'status {done.returncode}: {done.stderr}')
    return done.stderr


def main():
    program, count, ran = sys.argv[1], int(sys.argv[2]), 0
    boots, programs = 'boot' in sys.argv[3:], dict(a.split('=') for a in sys.argv[3:] if '=' in a)
    with tempfile.TemporaryDirectory() as scratch:
        for machine, guest in counted.guests(program):
            if boots != ('linux' in guest.name) or guest.long or not counted.there(guest, programs):
                continue
            command = counted.command(program, machine, guest, programs, scratch, count=count)
            alone, both = run(command), run([*command, '--lockstep'])
            compared = re.search(r'(\d+) instructions compared', both)
            print(f'{machine}, {guest.name}: {alone.strip()}; {compared and compared[0]}', flush=True)
            if alone.strip() not in both or 'lockstep: no difference' not in both or int(compared[1]) < count // 2:
                sys.exit(both)
            ran += 1
    return 0 if ran else 77


if __name__ == '__main__':
    sys.exit(main())
