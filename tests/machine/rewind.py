#!/usr/bin/env python3
"""rewind.py PROGRAM [POINTS] [NAME=FILE...] [GUEST...]: each guest of counted.py, or those named ("pc, real mode", or all of "pc"),
saved and loaded again at POINTS (8) moments, and begun anew in other processes from what was saved, must end with the memory and
registers of one that ran through. Exit 77 says that no guest is there."""
import json
import os
import random
import subprocess
import sys
import tempfile
import time

import counted

MOST_TURNS = 100


def machine(command, *more):
    return subprocess.Popen([*command, *more], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def end(process):
    """What its memory and registers come to."""
    said = process.communicate()[1]
    if process.returncode or 'count ' not in said:
        sys.exit(f'status {process.returncode}: {said}')
    return said.strip()


class Monitor:
    def __init__(self, path):
        self.socket = counted.connected(path)
        self.file = self.socket.makefile('rb')
        self.file.readline()
        self.ask('qmp_capabilities')

    def ask(self, name, **arguments):
        """False: the machine has come to its end."""
        try:
            self.socket.sendall(json.dumps({'execute': name, 'arguments': arguments}).encode())
            while line := self.file.readline():
                answer = json.loads(line)
                if 'error' in answer:
                    sys.exit(f'{name}: {answer["error"]["desc"]}')
                if 'return' in answer:
                    return True
        except OSError:
            pass
        return False


def through_points(command, points, scratch, seconds, chance):
    """The end of a machine that goes back again and again, and how often it did; files of a few moments are left in
    `scratch`. One that runs through takes about so many seconds."""
    path = os.path.join(scratch, 'qmp')
    process = machine(command, '-qmp', f'unix:{path},server=on,wait=off')
    monitor, reached = Monitor(path), 0
    for number in range(points):
        file = os.path.join(scratch, f'{number % 3}.state')
        time.sleep(chance.random() * seconds / (points + 5))
        if not monitor.ask('snapshot-save-file', filename=file):
            break
        time.sleep(chance.random() * min(seconds / 10, 10 / points))
        if not monitor.ask('snapshot-load-file', filename=file):
            break
        reached += 1
    return end(process), reached


def check(command, points, scratch, chance):
    """How many points there were."""
    began = time.monotonic()
    wanted = end(machine(command))
    got, reached = through_points(command, points, scratch, time.monotonic() - began, chance)
    if got != wanted:
        sys.exit(f'{wanted}, and after going back {got}')
    for name in sorted(os.listdir(scratch)):
        if name.endswith('.state'):
            got = end(machine(command, '-loadvm', os.path.join(scratch, name)))
            if got != wanted:
                sys.exit(f'{wanted}, and in another process, from {name}: {got}')
    return reached


def main():
    args = sys.argv[2:]
    points = int(args.pop(0)) if args and args[0].isdigit() else 8
    program, ran = sys.argv[1], 0
    programs = counted.built(program) | dict(a.split('=') for a in args if '=' in a)
    named = [a for a in args if '=' not in a]
    for name, guest in counted.guests(program):
        if named and f'{name}, {guest.name}' not in named and name not in named:
            continue
        if not counted.there(guest, programs) or guest.net or (guest.long and points < 10): # the other end of a net does not go back
            print(f'{name}, {guest.name}: skipped')
            continue
        reached, turns, chance = 0, 0, random.Random(points)
        while reached < points: # on a busy host some of a machine's points come after its end
            if turns == MOST_TURNS:
                sys.exit(f'{name}, {guest.name}: it ended before its points, of which {reached} came')
            with tempfile.TemporaryDirectory() as scratch:
                reached += check(counted.command(program, name, guest, programs, scratch), points - reached, scratch, chance)
            turns += 1
        print(f'{name}, {guest.name}: {reached} points', flush=True)
        ran += 1
    return 0 if ran else 77


if __name__ == '__main__':
    sys.exit(main())
