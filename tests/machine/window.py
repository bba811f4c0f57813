#!/usr/bin/env python3
"""window.py PROGRAM FLOPPY: the guest of screen.py in a window of its own X server (Xvfb): what stands in the server's frame
buffer is the picture that the monitor saves, and keys and the mouse reach the guest through the X server. 77: no server."""
import ctypes
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import screen  # noqa: E402

KEYS = {'a': 38, 'b': 56, 'c': 54, 'g': 42, 'u': 30, 'shift': 50, 'ctrl': 37, 'alt': 64, 'f1': 67, 'up': 111, 'spc': 65}  # X keycodes


class Server:
    """An X server of 1024 x 768 on a display number that it chooses."""

    def __init__(self, folder):
        read, write = os.pipe()
        self.process = subprocess.Popen(['Xvfb', '-displayfd', str(write), '-screen', '0', '1024x768x24', '-fbdir', folder,
                                         '-nolisten', 'tcp', '-noreset'], pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as f:
            self.display = f':{f.readline().strip()}'
        self.file = pathlib.Path(folder, 'Xvfb_screen0')
        self.x = ctypes.CDLL('libX11.so.6')
        self.test = ctypes.CDLL('libXtst.so.6')
        self.x.XOpenDisplay.restype = ctypes.c_void_p
        self.x.XDefaultRootWindow.restype, self.x.XDefaultRootWindow.argtypes = ctypes.c_ulong, [ctypes.c_void_p]
        self.connection = ctypes.c_void_p(self.x.XOpenDisplay(self.display.encode()))

    def key(self, *names):
        for down in (1, 0):
            for name in names if down else names[::-1]:
                self.test.XTestFakeKeyEvent(self.connection, KEYS[name], down, 0)
                self.x.XFlush(self.connection)
                time.sleep(0.03)

    def move(self, x, y):
        self.test.XTestFakeMotionEvent(self.connection, -1, x, y, 0)
        self.x.XFlush(self.connection)

    def shift(self, dx, dy):
        self.test.XTestFakeRelativeMotionEvent(self.connection, dx, dy, 0, 0)
        self.x.XFlush(self.connection)

    def click(self, button):
        for down in (1, 0):
            self.test.XTestFakeButtonEvent(self.connection, button, down, 0)
            self.x.XFlush(self.connection)

    def pixels(self):
        """The frame buffer, an X window dump: width, height, rows of bytes of red, green and blue."""
        data = self.file.read_bytes()
        head = struct.unpack('>25I', data[:100])
        size, width, height, line, colors = head[0], head[4], head[5], head[12], head[19]
        rows = []
        for y in range(height):
            at = size + colors * 12 + y * line
            row = data[at:at + width * 4]
            rows.append(bytes(b for i in range(0, len(row), 4) for b in (row[i + 2], row[i + 1], row[i])))
        return width, height, rows

    def windows(self):
        """At the top: name and number."""
        root, parent, children, count = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.POINTER(ctypes.c_ulong)(), ctypes.c_uint()
        self.x.XQueryTree(self.connection, ctypes.c_ulong(self.x.XDefaultRootWindow(self.connection)), ctypes.byref(root),
                          ctypes.byref(parent), ctypes.byref(children), ctypes.byref(count))
        for i in range(count.value):
            name, window = ctypes.c_char_p(), ctypes.c_ulong(children[i])
            if self.x.XFetchName(self.connection, window, ctypes.byref(name)) and name.value:
                yield name.value.decode(), window

    def titles(self):
        return ' '.join(name for name, _ in self.windows())

    def resize(self, width, height):
        for _, window in self.windows():
            self.x.XMoveResizeWindow(self.connection, window, 0, 0, width, height)
            self.x.XFlush(self.connection)


def holds(server, picture):
    """Whether the picture stands somewhere on the screen."""
    width, height, want = picture
    full_width, full_height, rows = server.pixels()
    line = width * 3
    first = want[:line]
    for y in range(full_height - height + 1):
        x = rows[y].find(first)
        while x >= 0:
            if x % 3 == 0 and all(rows[y + i][x:x + line] == want[i * line:(i + 1) * line] for i in range(height)):
                return True
            x = rows[y].find(first, x + 1)
    return False


def fills(server, picture):
    """Whether the picture is stretched over the whole screen, which has its shape: colours at some places, about."""
    width, height, pixels = picture
    full_width, full_height, rows = server.pixels()
    for i in range(1, 8):
        x, y = full_width * i // 8, full_height * (8 - i) // 8
        at = (y * height // full_height * width + x * width // full_width) * 3
        if any(abs(a - b) > 6 for a, b in zip(rows[y][x * 3:x * 3 + 2], pixels[at:at + 2])):
            return False
    return True


def mouse(server, monitor):
    """A click grabs it; what it moves from then on adds up in the guest's mouse, which is told to wait for a poll."""
    for byte in (0xf0, 0xf4):
        monitor.line('o /b 0x64 0xd4')
        monitor.line(f'o /b 0x60 {byte}')
        time.sleep(0.1)
    server.shift(7, 7)
    time.sleep(0.3)
    server.click(1)
    screen.wait_for('the grab', lambda: 'frees the mouse' in server.titles())
    for _ in range(3):
        server.shift(5, 3)
        time.sleep(0.1)

    def moved():
        state = monitor.line('info device i8042')
        return re.search(r'\ndx=0+f\n', state) and re.search(r'\ndy=0+9\n', state)
    screen.wait_for('the movement', moved)
    server.key('ctrl', 'alt', 'g')
    screen.wait_for('the release', lambda: 'frees the mouse' not in server.titles())


def session(server, monitor):
    def says(text):
        return lambda: text in monitor.line('info screen')

    def shown():
        return holds(server, monitor.picture())

    screen.wait_for('the boot sector', says('marker 5A\n'))
    server.move(512, 384)
    for names in (('a',), ('shift', 'b'), ('ctrl', 'c'), ('f1',), ('up',)):
        server.key(*names)
    screen.wait_for('the keys', says('1E61 3042 2E03 3B00 4800\n'))
    for name in ('text', 'mode 12h', 'mode 13h', 'VBE'):
        server.key('spc')
        time.sleep(0.5)
        screen.wait_for(f'{name} in the window', shown, 60)
        print(f'{name}: the same in the window')
    server.resize(1024, 768)
    screen.wait_for('the picture stretched', lambda: fills(server, monitor.picture()))
    server.key('ctrl', 'alt', 'u')
    screen.wait_for('the original size', shown)
    screen.wait_for('the name in the title', lambda: 'window test - Dragoman' in server.titles())
    monitor.ask('stop')
    screen.wait_for('the state in the title', lambda: 'Dragoman [paused]' in server.titles())
    monitor.ask('cont')
    mouse(server, monitor)
    monitor.ask('quit')
    if monitor.process.wait(30):
        raise SystemExit('it did not end well')


def main():
    program, floppy = sys.argv[1:]
    if not shutil.which('Xvfb'):
        raise SystemExit(77)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        os.environ['DISPLAY'] = server.display
        os.environ['SDL_VIDEODRIVER'] = 'x11'
        # SDL, D-Bus and the host's graphics driver keep what they have when the program ends.
        os.environ['ASAN_OPTIONS'] = os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0'
        monitor = None
        try:
            monitor = screen.Monitor(program, ['-M', 'pc', '-m', '32', '-serial', 'none', '-nic', 'none', '-name', 'window test',
                                               '-drive', f'file={floppy},if=floppy,format=raw,readonly=on', '-boot', 'a'])
            kind = monitor.ask('query-display-options')['type']
            if kind != 'sdl':
                raise SystemExit(f'the display is {kind}')
            session(server, monitor)
        finally:
            if monitor:
                monitor.process.kill()
            server.process.terminate()
            server.process.wait()


if __name__ == '__main__':
    main()
