#!/usr/bin/env python3
"""replay.py PROGRAM GUEST...: a guest of GUESTS with a network is talked to and recorded (-icount rr=record). Played again without
anybody there it must say the same and end with the same memory and registers, also when other options only look at it; another
machine, a damaged recording and a guest that is changed are told of. Exit 77 says that a guest is not there."""
import os
import re
import select
import subprocess
import sys
import tempfile
import time

GUESTS = os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'dragoman', 'guests')
PATIENCE = 250 # seconds


def linux(arch):
    return '-kernel', f'{GUESTS}/linux-{arch}/vmlinuz', '-initrd', f'{GUESTS}/busybox-{arch}/initrd.gz'


OF = {
    'virt': ('-M', 'virt', '-cpu', 'max', '-m', '192', '-smp', '2', *linux('arm64'), '-append', 'console=ttyAMA0 quiet cryptomgr.notests'),
    'pc': ('-M', 'pc', '-cpu', 'max', '-m', '256', *linux('amd64'), '-append', 'console=ttyS0 quiet cryptomgr.notests'),
}
TALK = [('/root # ', 'echo a$((5 + 5))\n'),
        ('a10\r\n', 'ip link set eth0 up; udhcpc -n -q -i eth0 -s /bin/true; ip addr add 10.0.2.15/24 dev eth0; ping -c 3 10.0.2.2\n'),
        ('3 packets received', 'cat /proc/interrupts | md5sum; echo the end\n'), ('the end\r\n', '\x01x')]


def command(program, guest, count, *more):
    return [program, *OF[guest], '-nographic', '-nic', 'user', '-icount', f'shift=3,{count}', *more]


def talk(command, steps):
    """What it says on its terminal, to an end that somebody else or the last step makes."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said, at, deadline = b'', 0, time.monotonic() + PATIENCE
    try:
        while True:
            if not select.select([process.stdout], [], [], deadline - time.monotonic())[0]:
                sys.exit(f'it took too long: {said[-500:]}')
            piece = os.read(process.stdout.fileno(), 65536)
            said += piece
            if not piece:
                return said.decode(errors='replace'), process.wait(20)
            while steps and (found := said.find(steps[0][0].encode(), at)) >= 0:
                at = found + 1
                process.stdin.write(steps.pop(0)[1].encode())
                process.stdin.flush()
    finally:
        process.kill()


def check(holds, what):
    if not holds:
        sys.exit(f'wrong: {what}')


def split(said):
    """What the guest said, and what the program did."""
    own = [line for line in said.splitlines() if line.startswith(('replay:', 'dragoman:'))]
    return re.sub(r'^(replay|dragoman):.*\n?', '', said.replace('\r', ''), flags=re.M), own


def record_and_play(program, guest, ways, folder):
    file = os.path.join(folder, 'recording')
    recorded, status = talk(command(program, guest, f'rr=record,rrfile={file}'), list(TALK))
    check(status == 0 and 'the end\r\n' in recorded, f'recorded with status {status}: {recorded[-500:]}')
    for more in ways:
        played, status = talk(command(program, guest, f'rr=replay,rrfile={file}', *more), [])
        guests, own = split(played)
        check(guests == split(recorded)[0], f'{guests[-1000:]}\n--- and recorded\n{recorded[-1000:]}')
        check(status == 0 and own and re.fullmatch(r'replay: \d+ instructions, memory and registers as recorded', own[-1]), own)
    return file


def refusals(program, guest, file, folder):
    other = os.path.join(folder, 'other')
    with open(file, 'rb') as f:
        whole = f.read()
    with open(other, 'wb') as f:
        f.write(whole[:len(whole) // 2]) # in the middle of the talk
    said, status = talk(command(program, guest, f'rr=replay,rrfile={other}'), [])
    check(status == 1 and 'the recording is cut off' in said, f'cut off: {status}, {said[-300:]}')
    # A moment that never comes: what was typed first, an instruction later than it was and 1 ns before.
    count, when, rest = re.search(rb'\n(\d+) (\d+) (\d+ chars )', whole).groups()
    early = b'\n%d %d %s' % (int(count) + 1, int(when) - 1, rest)
    with open(other, 'wb') as f:
        f.write(whole.replace(b'\n%s %s %s' % (count, when, rest), early, 1))
    said, status = talk(command(program, guest, f'rr=replay,rrfile={other}'), [])
    check(status == 1 and 'does not do what it did' in said, f'another moment: {status}, {said[-300:]}')
    for more, words in ((['-smp', '1', '-m', '128'], 'it was recorded with'), (['-append', 'quiet'], 'it was recorded with'),
                        (['-seed', '7'], 'it was recorded with "?random'), (['-drive', f'file={other},format=raw'], 'writes to its file')):
        said, status = talk(command(program, guest, f'rr=replay,rrfile={file}', *more), [])
        check(status == 1 and re.search(words, said), f'{more}: {status}, {said}')
    for wrong, words in (('rr=replay,rrfile=' + sys.argv[0], 'no recording'), ('rr=replay', 'rrfile=FILE'), ('rr=replay,rrfile=/none', 'No such'),
                         ('rr=some,rrfile=x', 'rr=some'), ('rr=record,rrfile=/dev/full', '/dev/full: No space left')):
        said, status = talk(command(program, guest, wrong), [])
        check(status == 1 and words in said, f'{wrong}: {status}, {said}')


def main():
    program, guests = sys.argv[1], sys.argv[2:]
    for guest in guests:
        if not all(os.path.exists(word) for word in OF[guest] if word.startswith('/')):
            sys.exit(77)
        with tempfile.TemporaryDirectory() as folder:
            looked = ['-monitor', f'unix:{folder}/monitor,server=on,wait=off', '-gdb', f'unix:{folder}/gdb,server=on,wait=off']
            file = record_and_play(program, guest, [[], looked] if guest == 'virt' else [looked], folder)
            if guest == 'virt':
                refusals(program, guest, file, folder)
        print(f'{guest}: recorded and played')


main()
