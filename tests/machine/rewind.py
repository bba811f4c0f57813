#!/usr/bin/env python3
"""rewind.py PROGRAM [POINTS]: a counted boot of Linux that is saved and loaded again at POINTS (4) moments, and begun anew
in other processes from what was saved, must end with the memory and registers of one that ran through. Exit 77 says that a
guest is missing."""
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time

GUESTS = os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'dragoman', 'guests')
KERNEL, INITRD = GUESTS + '/linux-arm64/vmlinuz', GUESTS + '/busybox-arm64/initrd.gz'
COUNT = 400_000_000


def machine(program, cpus, *more):
    return subprocess.Popen([program, '-M', 'virt', '-cpu', 'max', '-smp', str(cpus), '-m', '192', '-display', 'none', '-nic',
                             'none', '-serial', 'null', '-kernel', KERNEL, '-initrd', INITRD, '-append', 'console=ttyAMA0',
                             '-icount', f'shift=3,sleep=off,stop={COUNT}', *more],
                            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def end(process):
    """What its memory and registers come to."""
    said = process.communicate()[1]
    if process.returncode or f'count {COUNT}:' not in said:
        sys.exit(f'status {process.returncode}: {said}')
    return said.strip()


class Monitor:
    def __init__(self, path):
        while not os.path.exists(path):
            time.sleep(0.01)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
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


def through_points(program, cpus, points, scratch, seconds):
    """The end of a machine that goes back again and again; files of a few moments are left in `scratch`.
    One that runs through takes about so many seconds."""
    path = os.path.join(scratch, 'qmp')
    process = machine(program, cpus, '-qmp', f'unix:{path},server=on,wait=off')
    monitor, chance, reached = Monitor(path), random.Random(cpus), 0
    for number in range(points):
        file = os.path.join(scratch, f'{number % 3}.state')
        time.sleep(chance.random() * seconds / points)
        if not monitor.ask('snapshot-save-file', filename=file):
            break
        time.sleep(chance.random() * seconds / 10)
        if not monitor.ask('snapshot-load-file', filename=file):
            break
        reached += 1
    print(f'{cpus} CPU: {reached} points')
    if reached < 2:
        sys.exit('it ended before two points')
    return end(process)


def main():
    if not (os.path.exists(KERNEL) and os.path.exists(INITRD)):
        return 77
    points = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    for cpus in (1, 2):
        with tempfile.TemporaryDirectory() as scratch:
            began = time.monotonic()
            wanted = end(machine(sys.argv[1], cpus))
            seconds = time.monotonic() - began
            print(wanted, flush=True)
            got = through_points(sys.argv[1], cpus, points, scratch, seconds)
            if got != wanted:
                sys.exit(f'after going back: {got}')
            for name in sorted(os.listdir(scratch)):
                got = end(machine(sys.argv[1], cpus, '-loadvm', os.path.join(scratch, name)))
                if got != wanted:
                    sys.exit(f'in another process, from {name}: {got}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
