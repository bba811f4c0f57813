#!/usr/bin/env python3
"""installer.py PROGRAM FOLDER [OPTION...]: Debian's graphical installer (its kernel and initrd.gz are in FOLDER) on a PC draws its
first screen, the list of languages, on the VESA frame buffer: with the arrow keys the bar in the list goes down one line and
comes back, and Return brings another screen. Keys are PS/2's, pictures are the monitor's."""
import collections
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import screen  # noqa: E402

LEAST = (800, 600)  # the mode that the boot loader asks for; the installer's own driver may choose another
LIMIT = float(os.environ.get('INSTALLER_LIMIT', 2400))


class Installer:
    def __init__(self, program, folder, options):
        self.began = time.monotonic()
        self.monitor = screen.Monitor(program, ['-M', 'pc', '-m', '1G', '-display', 'none', '-serial', 'none', '-nic', 'none',
                                                '-kernel', f'{folder}/linux', '-initrd', f'{folder}/initrd.gz',
                                                '-append', 'vga=788', *options])

    def say(self, text):
        print(f'{time.monotonic() - self.began:6.1f} s: {text}', flush=True)

    def wait(self, what, ready):
        """The first picture that is as it should be, and stays."""
        before = judged = None
        while True:
            picture = self.monitor.picture()
            fresh = picture[:2] >= LEAST and picture == before and picture != judged
            judged = picture if fresh else judged
            if fresh and ready(picture):
                self.say(f'{what} ({picture[0]} x {picture[1]})')
                return picture
            before = picture
            if time.monotonic() - self.began > LIMIT:
                save(picture, 'installer-failed.ppm')
                raise SystemExit(f'{what}: not in {LIMIT} s; installer-failed.ppm has the last picture')
            time.sleep(3)


def save(picture, name):
    with open(name, 'wb') as f:
        f.write(b'P6\n%d %d\n255\n' % picture[:2] + picture[2])


def rows(a, b):
    """The rows in which two pictures of a size differ, but for a tenth at the right, where the scroll bar is."""
    width, height, _ = a
    line, left = width * 3, width * 9 // 10 * 3
    return [y for y in range(height) if a[2][y * line:y * line + left] != b[2][y * line:y * line + left]]


def colors(picture, top, bottom):
    """Of the pixels between two heights, 0 to 1."""
    width, height, pixels = picture
    part = pixels[int(top * height) * width * 3:int(bottom * height) * width * 3]
    return [part[i:i + 3] for i in range(0, len(part), 3)]


def is_window(picture):
    """A banner above, and below it an area that is mostly of one light colour with text in it: no text console."""
    body = colors(picture, 0.25, 1)
    most = collections.Counter(body).most_common(1)[0]
    return min(most[0]) > 200 and 0.5 < most[1] / len(body) < 0.99 and len(set(colors(picture, 0, 0.125))) > 16


def main():
    program, folder, *options = sys.argv[1:]
    d = Installer(program, folder, options)
    try:
        first = d.wait('a list in a window', is_window)
        d.monitor.key('down')
        down = d.wait('the bar went down', lambda p: p[:2] == first[:2] and rows(first, p))
        changed, height = rows(first, down), first[1]
        if changed[-1] - changed[0] > height // 8 or changed[0] < height // 8:
            save(down, 'installer-failed.ppm')
            raise SystemExit(f'rows {changed[:1]} to {changed[-1:]} changed: that is no bar of a list')
        d.monitor.key('up')
        d.wait('and up again', lambda p: p[:2] == first[:2] and not rows(first, p))
        d.monitor.key('ret')
        d.wait('the next screen', lambda p: is_window(p) and len(rows(first, p)) > first[1] // 3)
        print('passed')
    finally:
        d.monitor.process.kill()


if __name__ == '__main__':
    main()
