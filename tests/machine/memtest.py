#!/usr/bin/env python3
"""memtest.py PROGRAM KERNEL [OPTION...]: memtest86+ on a PC with 64 MiB runs a whole pass, all of its tests, without an error;
it says so on the text screen, which the monitor reads."""
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import screen  # noqa: E402

LIMIT = 3400


def main():
    program, kernel, *options = sys.argv[1:]
    began = time.monotonic()
    monitor = screen.Monitor(program, ['-M', 'pc', '-m', '64', '-display', 'none', '-serial', 'none', '-nic', 'none', '-kernel', kernel,
                                       *options])
    was = ''
    try:
        while True:
            shown = monitor.line('info screen')
            test = re.search(r'Test *#(\d+)', shown)
            now = f'test {test[1]}' if test else ''
            if now and now != was:
                print(f'{time.monotonic() - began:6.1f} s: {now}', flush=True)
                was = now
            passes, errors = re.search(r'Pass: *(\d+)', shown), re.search(r'Errors: *(\d+)', shown)
            if errors and int(errors[1]):
                raise SystemExit(f'it found errors:\n{shown}')
            if passes and int(passes[1]) >= 1:
                break
            if time.monotonic() - began > LIMIT:
                raise SystemExit(f'no pass in {LIMIT} s; the screen:\n{shown}')
            time.sleep(0.5)
        print(shown)
        print(f'passed: a whole pass in {time.monotonic() - began:.1f} s')
    finally:
        monitor.process.kill()


if __name__ == '__main__':
    main()
