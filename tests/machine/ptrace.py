#!/usr/bin/env python3
"""ptrace.py PROGRAM ELF: boots Linux with that as its first process; it must say that all is right. Exit 77: no kernel is there."""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
GUESTS = os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'dragoman', 'guests')
KERNEL = GUESTS + '/linux-arm64/vmlinuz'


def main():
    program, elf = sys.argv[1:]
    if not os.path.exists(KERNEL):
        return 77
    with tempfile.TemporaryDirectory() as folder:
        members, initrd = folder + '/members', folder + '/initrd.gz'
        with open(members, 'w') as f:
            f.write(f'dir /dev 755\nnode /dev/console 600 c 5 1\nfile /init {elf} 755\n')
        subprocess.run([sys.executable, os.path.join(HERE, '../../tools/newc.py'), members, initrd], check=True)
        for cpus in '1', '2':
            done = subprocess.run([program, '-M', 'virt', '-cpu', 'max', '-m', '256', '-smp', cpus, '-nographic', '-nic', 'none',
                                   '-kernel', KERNEL, '-initrd', initrd, '-append', 'console=ttyAMA0 quiet cryptomgr.notests'],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=150)
            if done.returncode or 'ptrace: all right' not in done.stdout:
                sys.exit(f'status {done.returncode}: {done.stdout[-2000:]} {done.stderr}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
