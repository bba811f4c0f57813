#!/usr/bin/env python3
"""terminal.py PROGRAM FLOPPY: the guest of screen.py with -display curses on a pseudo-terminal: its text modes are readable,
keys that a terminal sends reach it, graphics are told of, Ctrl-A x ends it and leaves the terminal as it was."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time


class Session:
    def __init__(self, program, floppy):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 30, 100, 0, 0))
        self.slave = slave
        self.before = termios.tcgetattr(slave)
        self.said = ''
        environment = dict(os.environ, TERM='linux', LC_ALL='C.UTF-8')
        self.process = subprocess.Popen(
            [program, '-M', 'pc', '-m', '32', '-display', 'curses', '-nic', 'none',
             '-drive', f'file={floppy},if=floppy,format=raw,readonly=on', '-boot', 'a'],
            stdin=slave, stdout=slave, env=environment, start_new_session=True)

    def expect(self, text, seconds=60):
        end = time.monotonic() + seconds
        while text not in self.said:
            if time.monotonic() > end:
                raise SystemExit(f'{text!r} did not come: {self.said[-600:]!r}')
            if select.select([self.master], [], [], 0.2)[0]:
                said = os.read(self.master, 65536).decode('utf-8', 'replace')
                self.said += re.sub(r'\x1b(\[[0-9;?]*[a-zA-Z]|[()]B|[^\[])', '', said)

    def type(self, text):
        for piece in text:
            os.write(self.master, piece.encode())
            time.sleep(0.1)


def main():
    program, floppy = sys.argv[1:]
    s = Session(program, floppy)
    try:
        s.expect('marker 5A')
        s.type(['a', 'B', '\x03', '\x1b[[A', '\x1b[A'])
        s.expect('1E61')
        for word in ('3042', '2E03', '3B00', '4800'):
            s.expect(word)
        s.type([' '])
        s.expect('▒▓│┤╡╢╖')  # of all characters, in their colours
        s.type([' '])
        s.expect('640 x 480 graphics')
        fcntl.ioctl(s.slave, termios.TIOCSWINSZ, struct.pack('HHHH', 25, 80, 0, 0))
        s.said = ''
        s.expect('640 x 480 graphics')  # drawn again for another size
        s.type(['\x01', 'x'])
        if s.process.wait(30):
            raise SystemExit('it did not end well')
        if termios.tcgetattr(s.slave) != s.before:
            raise SystemExit('the terminal is not as it was')
    finally:
        s.process.kill()


if __name__ == '__main__':
    main()
