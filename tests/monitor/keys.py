#!/usr/bin/env python3
"""keys.py PROGRAM: a monitor on a terminal, alone and behind Ctrl-A c: what fingers know of line editors, on a pseudo-terminal."""
import os
import pty
import select
import sys
import tempfile
import time

PATIENCE = 30 # seconds


class Terminal:
    def __init__(self, command):
        self.child, self.fd = pty.fork()
        if not self.child:
            os.environ['TERM'] = 'xterm'
            os.execv(command[0], command)
        self.said = ''

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def expect(self, text):
        deadline = time.monotonic() + PATIENCE
        while text not in self.said:
            if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
                sys.exit(f'no {text!r} in {self.said!r}')
            try:
                self.said += os.read(self.fd, 65536).decode(errors='replace')
            except OSError:
                sys.exit(f'it ended: {self.said!r}')
        self.said = self.said[self.said.index(text) + len(text):]

    def end(self):
        """Its status; the terminal must be as it was."""
        while True:
            try:
                if not os.read(self.fd, 65536):
                    break
            except OSError:
                break
        return os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])


# Keys, and what is seen: "> " stands for the prompt as it is drawn again.
KEYS = [
    ('info stat\t\r', 'VM status: paused'),
    ('info nam\t\r', 'toy'),
    ('\x1b[A\x1b[A\r', 'VM status: paused'),                # up, up: the history
    ('\x10\x10\x0e\r', 'VM status: paused'),                # Ctrl-P, Ctrl-P, Ctrl-N
    ('\x12name\r', 'toy'),                                  # Ctrl-R
    ('nfo name\x01i\x05\r', 'toy'),                         # Ctrl-A, Ctrl-E
    ('info nbme\x02\x02\x02\x04a\r', 'toy'),                # Ctrl-B, Ctrl-D
    ('info nbme\x1b[D\x1b[D\x1b[D\x1b[3~a\r', 'toy'),       # arrows, delete
    ('print 1\x0b + 2\x17\x17\x17\x17\x0binfo name\r', 'toy'),  # Ctrl-W
    ('nonsense\x15info name\r', 'toy'),                     # Ctrl-U
    ('x\x1b[Hinfo name\x0b\r', 'toy'),                      # Home, Ctrl-K
    ('name info\x1bb\x1bb\x1bd\x05\x20\x19\x01\x04\r', 'toy'), # Alt-B, Alt-D, Ctrl-Y
    ('info name x\x7f\x7f\r', 'toy'),
    ('info \t\t', 'registers'),
    ('\x15p 6*7\r', '0x2a'),
]


def keys(terminal, escape):
    for typed, seen in KEYS:
        terminal.expect('(qemu) ')
        terminal.press(typed.replace('\x01', escape))
        terminal.expect(seen)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        firmware = os.path.join(scratch, 'loop')
        with open(firmware, 'wb') as file:
            file.write(b'\x00\x00\x00\x14' * 4) # b .
        machine = [os.path.abspath(sys.argv[1]), '-M', 'virt', '-m', '64', '-bios', firmware, '-nic', 'none', '-name', 'toy', '-S']
        alone = Terminal([*machine, '-display', 'none', '-monitor', 'stdio'])
        keys(alone, '\x01')
        alone.press('quit\r')
        if alone.end():
            sys.exit('quit: the status is not 0')
        shared = Terminal([*machine, '-nographic'])
        shared.press('\x01c')
        keys(shared, '\x01\x01') # Ctrl-A twice is Ctrl-A
        shared.press('\x01c\x01h')
        shared.expect('switch between console and monitor')
        shared.press('\x01x')
        if shared.end():
            sys.exit('Ctrl-A x: the status is not 0')


main()
