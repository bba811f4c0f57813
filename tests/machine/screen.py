#!/usr/bin/env python3
"""screen.py PROGRAM FLOPPY [OPTION...]: a PC boots the floppy (roms/x86/screen.S) by its BIOS and shows one screen after
another; each is taken by the monitor's screendump and compared, pixel by pixel, with what it must look like."""
import json
import subprocess
import sys
import tempfile
import time

EGA = [(r * 0xaa + i * 0x55, g * 0xaa + i * 0x55, b * 0xaa + i * 0x55)
       for i in (0, 1) for r in (0, 1) for g in (0, 1) for b in (0, 1)]
EGA[6] = (0xaa, 0x55, 0)  # brown


class Monitor:
    def __init__(self, program, options):
        self.process = subprocess.Popen([program, *options, '-qmp', 'stdio'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.read()
        self.ask('qmp_capabilities')

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f'the program ended with {self.process.wait()}')
        return json.loads(line)

    def ask(self, name, **arguments):
        self.process.stdin.write(json.dumps({'execute': name, 'arguments': arguments}).encode() + b'\n')
        self.process.stdin.flush()
        while True:
            message = self.read()
            if 'return' in message:
                return message['return']
            if 'error' in message:
                raise SystemExit(f'{name}: {message["error"]["desc"]}')

    def line(self, text):
        return self.ask('human-monitor-command', **{'command-line': text}).replace('\r\n', '\n')

    def key(self, *names):
        self.ask('send-key', keys=[{'type': 'qcode', 'data': n} for n in names], **{'hold-time': 20})

    def memory(self, at, length):
        with tempfile.NamedTemporaryFile() as f:
            self.ask('pmemsave', val=at, size=length, filename=f.name)
            return open(f.name, 'rb').read()

    def picture(self):
        """Width, height, bytes of red, green and blue."""
        with tempfile.NamedTemporaryFile() as f:
            self.ask('screendump', filename=f.name, format='ppm')
            data = open(f.name, 'rb').read()
        magic, size, most, pixels = data.split(b'\n', 3)
        if (magic, most) != (b'P6', b'255'):
            raise SystemExit('no picture')
        return (*map(int, size.split()), pixels)


def wait_for(what, ready, seconds=60):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise SystemExit(f'{what} did not come')
        time.sleep(0.05)


def six(value):
    """A colour's six bits as eight."""
    return value << 2 | value >> 4


def text_screen(monitor):
    """All characters in all attributes, of the font that the BIOS gave."""
    at = monitor.memory(0x600, 4)
    font = monitor.memory((int.from_bytes(at[2:4], 'little') << 4) + int.from_bytes(at[0:2], 'little'), 256 * 16)
    cells = [(0x20, 7)] * 2000
    cells[160:416] = [(c, c) for c in range(256)]
    rows = []
    for y in range(400):
        row = []
        for c, attribute in cells[y // 16 * 80:y // 16 * 80 + 80]:
            bits = font[c * 16 + y % 16]
            ninth = bits & 1 if 0xc0 <= c <= 0xdf else 0
            fore, back = EGA[attribute & 15], EGA[attribute >> 4 & 7]
            row += [fore if bits >> 7 - x & 1 else back for x in range(8)] + [fore if ninth else back]
        rows.append(row)
    return rows


def mode_12(_):
    rows = [[EGA[(x ^ y) >> 2 & 15] for x in range(640)] for y in range(480)]
    rows[33][101] = EGA[14]
    return rows


def mode_13(_):
    colors = [(six(i >> 2), six(i >> 2 ^ 63), six(i * 5 & 63)) for i in range(256)]
    return [[colors[x // 2 * 3 + y // 2 * 5 & 255] for x in range(640)] for y in range(400)]


def vbe(_):
    return [[(x & 255, y & 255, x * y & 255) for x in range(640)] for y in range(480)]


def vbe_linear(monitor):
    return vbe(monitor)[::-1]


def difference(picture, rows, blinks):
    """Where the picture is not as expected, or None. Characters that blink may be there or not."""
    width, height, pixels = picture
    if (width, height) != (len(rows[0]), len(rows)):
        return f'{width} x {height} pixels'
    want = bytes(part for row in rows for color in row for part in color)
    if pixels == want:
        return None
    for i in range(0, len(want), 3):
        x, y = i // 3 % width, i // 3 // width
        if pixels[i:i + 3] != want[i:i + 3] and not (blinks and y >= 32 + 16 * 1 and y < 32 + 16 * 4):
            return f'({x}, {y}) is {pixels[i:i + 3].hex()}, not {want[i:i + 3].hex()}'
    return None


def main():
    program, floppy, *options = sys.argv[1:]
    monitor = Monitor(program, ['-M', 'pc', '-m', '32', '-display', 'none', '-serial', 'none', '-nic', 'none',
                                '-drive', f'file={floppy},if=floppy,format=raw,readonly=on',
                                '-device', 'isa-debug-exit,iobase=0xf4', '-boot', 'a', *options])
    try:
        session(monitor)
    finally:
        monitor.process.kill()


def session(monitor):
    def says(text):
        return lambda: text in monitor.line('info screen')

    wait_for('the boot sector', says('boot sector, drive 00\n'))
    wait_for('the rest of the disk', says('the rest is there, marker 5A\n'))
    for names in (('a',), ('shift', 'b'), ('ctrl', 'c'), ('f1',), ('up',)):
        monitor.key(*names)
    wait_for('the keys', says('1E61 3042 2E03 3B00 4800\n'))
    screens = [text_screen, mode_12, mode_13, vbe, vbe_linear]
    for screen in screens:
        monitor.key('spc')
        end = time.monotonic() + 60
        while True:
            wrong = difference(monitor.picture(), screen(monitor), screen is text_screen)
            if not wrong:
                break
            if time.monotonic() > end:
                raise SystemExit(f'{screen.__name__}: {wrong}')
            time.sleep(0.1)
        print(f'{screen.__name__}: right')
    monitor.key('spc')
    wait_for('the end', says('that was all\n'))
    monitor.key('spc')
    code = monitor.process.wait(30)
    if code != 33:
        raise SystemExit(f'exit code {code}')


if __name__ == '__main__':
    main()
