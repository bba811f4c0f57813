#!/usr/bin/env python3
"""plug.py PROGRAM: on a PC with Linux a management tool opens an image, plugs a disk and a network card in, gives the image another
size and takes everything away; the kernel sees each step. Then its memory is dumped, and gdb finds the kernel in it. Exit 77
says that no guest is there."""
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

import counted

SKIPPED, PATIENCE = 77, 300
SYMBOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tools', 'symbols.py')


def check(holds, what):
    if not holds:
        sys.exit(f'wrong: {what}')


class Machine:
    def __init__(self, program, folder):
        path = os.path.join(folder, 'qmp')
        append = counted.QUICK.replace('ttyAMA0', 'ttyS0') + ' quiet nokaslr'
        self.process = subprocess.Popen(
            [program, '-M', 'pc', '-cpu', 'max', '-m', '256', '-kernel', counted.GUESTS + '/linux-amd64/vmlinuz', '-initrd',
             counted.GUESTS + '/busybox-amd64/initrd.gz', '-append', append, '-display', 'none', '-nic', 'none', '-serial', 'stdio',
             '-qmp', f'unix:{path},server=on,wait=off'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.said, self.deadline = '', time.monotonic() + PATIENCE
        self.socket = counted.connected(path)
        self.file, self.events = self.socket.makefile('rb'), []
        self.file.readline()
        self.ask('qmp_capabilities')

    def answer(self, name, **arguments):
        self.socket.sendall(json.dumps({'execute': name, 'arguments': arguments}).encode())
        while True:
            message = json.loads(self.file.readline())
            if 'event' not in message:
                return message
            self.events.append(message)

    def ask(self, name, **arguments):
        message = self.answer(name, **arguments)
        check('return' in message, f'{name} {arguments}: {message}')
        return message['return']

    def refused(self, words, name, **arguments):
        message = self.answer(name, **arguments)
        check(words in message.get('error', {}).get('desc', ''), f'{name} {arguments}: {message}, not {words}')

    def expect(self, pattern):
        """Reads the console up to what matches."""
        while not (found := re.search(pattern, self.said)):
            check(time.monotonic() < self.deadline and self.process.poll() is None, f'{pattern} in {self.said[-2000:]}')
            self.said += (self.process.stdout.read() or b'').decode(errors='replace')
            time.sleep(0.02)
        self.said = self.said[found.end():]
        return found

    def shell(self, command, pattern):
        """Types it until what it prints matches: the kernel may need some time."""
        while True:
            self.expect('/root # ') # what is typed before is lost
            self.process.stdin.write(command.encode() + b'; echo DO""NE\n')
            self.process.stdin.flush()
            printed = self.expect(r'(?s)(.*?)DONE').group(1)
            if re.search(pattern, printed):
                return
            check(time.monotonic() < self.deadline, f'{command}: {printed}, not {pattern}')
            time.sleep(0.3)

    def gone(self, device):
        while not any(e['event'] == 'DEVICE_DELETED' and e['data'].get('device') == device for e in self.events):
            check(time.monotonic() < self.deadline, f'{device} never went')
            self.ask('query-status')
            time.sleep(0.05)


def disk(m, image):
    """What is in the image is there; its size changes under the guest's eyes."""
    m.ask('blockdev-add', **{'driver': 'file', 'node-name': 'store', 'filename': image, 'discard': 'unmap', 'auto-read-only': True})
    m.refused('Duplicate nodes', 'blockdev-add', **{'driver': 'file', 'node-name': 'store', 'filename': image})
    m.ask('blockdev-add', **{'driver': 'raw', 'node-name': 'form', 'file': 'store', 'cache': {'direct': False}})
    m.refused('busy', 'blockdev-del', **{'node-name': 'store'})
    m.ask('device_add', driver='virtio-blk-pci', id='plugged', drive='form')
    m.refused('in use by', 'blockdev-del', **{'node-name': 'form'})
    with open(image, 'rb') as file:
        first = file.read(4096)
    m.shell('sh -c probe >/dev/null 2>&1; cat /sys/block/vda/size', r'\n4096\r')
    m.shell('dd if=/dev/vda bs=4096 count=1 2>/dev/null | md5sum', hashlib.md5(first).hexdigest())
    m.ask('block_resize', **{'node-name': 'form', 'size': 4 << 20})
    m.shell('cat /sys/block/vda/size', r'\n8192\r')
    m.refused('multiple of 512', 'block_resize', **{'node-name': 'form', 'size': 1000})
    m.shell('dd if=/dev/zero of=/dev/vda bs=64k seek=63 count=1 conv=fsync 2>&1', r'1\+0 records out')
    check(os.path.getsize(image) == 4 << 20, 'the size of the image')
    m.ask('device_del', id='plugged')
    m.gone('plugged')
    m.shell('ls /sys/block', r'(?s)^(?!.*vda)')
    m.ask('blockdev-del', **{'node-name': 'form'})
    m.ask('blockdev-del', **{'node-name': 'store'})
    check(not m.ask('query-named-block-nodes'), 'nodes are left')


def network(m):
    m.ask('netdev_add', type='user', id='late', hostname='a,b', hostfwd=[{'str': 'tcp:127.0.0.1:0-:22'}])
    m.ask('device_add', driver='virtio-net-pci', netdev='late', id='card')
    m.refused('in use by', 'netdev_del', id='late')
    m.shell('sh -c probe >/dev/null 2>&1; ls /sys/class/net', 'eth0')
    m.shell('ip link set eth0 up; udhcpc -n -q -i eth0 -s /bin/true 2>&1', 'lease of 10.0.2.15')
    m.ask('device_del', id='card')
    m.gone('card')
    m.ask('netdev_del', id='late')
    m.refused('not found', 'netdev_del', id='late')


def dump(m, folder):
    core, symbols = os.path.join(folder, 'core'), os.path.join(folder, 'kernel.elf')
    m.refused('file:PATH', 'dump-guest-memory', paging=False, protocol='fd:x')
    m.ask('dump-guest-memory', paging=False, protocol='file:' + core)
    check(m.ask('query-dump')['status'] == 'completed', 'query-dump')
    with open(core, 'rb') as file:
        head = file.read(64)
    check(head[:5] == b'\x7fELF\x02' and head[16] == 4 and head[18] == 62, head)
    m.ask('stop')
    m.ask('dump-guest-memory', paging=True, protocol='file:' + core)
    pc = m.ask('human-monitor-command', **{'command-line': 'print /x $rip'}).strip()
    m.ask('cont')
    if not shutil.which('gdb-multiarch'):
        return
    subprocess.run([sys.executable, SYMBOLS, counted.GUESTS + '/linux-amd64/vmlinuz', symbols], check=True)
    said = subprocess.run(['gdb-multiarch', '-nx', '-batch', '-ex', f'core {core}', '-ex', 'print/x $pc', '-ex', 'x/s linux_banner', '-ex', 'x/s saved_command_line',
                           '-ex', 'info threads', symbols], capture_output=True, text=True, check=False)
    check('Linux version 6' in said.stdout and pc in said.stdout, f'gdb of the core (pc {pc}): {said.stdout} {said.stderr}')


def main():
    if not all(os.path.exists(f'{counted.GUESTS}/{name}-amd64') for name in ('linux', 'busybox')):
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        image = os.path.join(folder, 'image')
        with open(image, 'wb') as file:
            file.write(random.Random(1).randbytes(2 << 20))
        m = Machine(sys.argv[1], folder)
        try:
            disk(m, image)
            network(m)
            dump(m, folder)
            m.ask('quit')
            check(m.process.wait(30) == 0, 'exit code')
        finally:
            m.process.kill()
    return 0


if __name__ == '__main__':
    sys.exit(main())
