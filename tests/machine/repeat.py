#!/usr/bin/env python3
"""repeat.py PROGRAM: with -icount a machine does the same every time: two boots of Linux, by one and by two CPUs, must have the
same memory and registers after so many instructions. Exit 77 says that a guest is missing."""
import os
import subprocess
import sys
import tempfile

GUESTS = os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'dragoman', 'guests')
KERNEL, INITRD = GUESTS + '/linux-arm64/vmlinuz', GUESTS + '/busybox-arm64/initrd.gz'
COUNT = 500_000_000


def boot(program, cpus, count):
    """The line that says what the state comes to, and what was printed on the serial line."""
    with tempfile.NamedTemporaryFile() as serial:
        done = subprocess.run(
            [program, '-M', 'virt', '-cpu', 'max', '-smp', str(cpus), '-m', '256', '-display', 'none', '-monitor', 'none',
             '-nic', 'none', '-serial', 'file:' + serial.name, '-kernel', KERNEL, '-initrd', INITRD, '-append',
             'console=ttyAMA0', '-icount', f'shift=3,sleep=off,stop={count}'],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=True)
        return done.stderr, serial.read()


def main():
    if not (os.path.exists(KERNEL) and os.path.exists(INITRD)):
        return 77
    for cpus in (1, 2):
        first, second = (boot(sys.argv[1], cpus, COUNT) for _ in range(2))
        other = boot(sys.argv[1], cpus, COUNT - 1)
        print(f'{cpus} CPU: {first[0].strip()}')
        if f'count {COUNT}:' not in first[0] or b'Linux version' not in first[1]:
            sys.exit('the machine did not come up')
        if first != second:
            sys.exit(f'the second time it was {second[0]}')
        if first[0].split(', ')[1:] == other[0].split(', ')[1:]:
            sys.exit('an instruction less makes no difference')
    return 0


if __name__ == '__main__':
    sys.exit(main())
