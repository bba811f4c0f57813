#!/usr/bin/env python3
"""session.py PROGRAM: a QMP session over a Unix socket, as management tools hold one: every command without arguments, all
of `info`, garbage, and a thousand clients that come and go. Nothing may end the program or stay in its memory."""
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time

ENDING = {'quit', 'system_reset', 'system_powerdown', 'qmp_capabilities'}


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.settimeout(20)
        self.file = self.socket.makefile('rb')

    def message(self):
        line = self.file.readline()
        if not line:
            raise SystemExit('the monitor hung up')
        return json.loads(line)

    def answer(self):
        while True:
            message = self.message()
            if 'event' not in message:
                return message

    def execute(self, name, **arguments):
        self.socket.sendall(json.dumps({'execute': name, 'arguments': arguments}).encode())
        return self.answer()

    def greet(self):
        hello = self.message()
        check(set(hello) == {'QMP'}, hello)
        check(self.execute('qmp_capabilities') == {'return': {}}, 'qmp_capabilities')

    def close(self):
        self.file.close()
        self.socket.close()


def check(holds, what):
    if not holds:
        raise SystemExit(f'wrong: {what}')


def is_answer(message):
    return 'return' in message or set(message.get('error', ())) == {'class', 'desc'}


def first_client(path):
    """The socket is there a moment before it listens."""
    while True:
        try:
            return Client(path)
        except (FileNotFoundError, ConnectionRefusedError):
            time.sleep(0.01)


def every_command(client):
    names = [row['name'] for row in client.execute('query-commands')['return']]
    check({'stop', 'cont', 'query-status', 'human-monitor-command', 'query-qmp-schema'} <= set(names), names)
    for name in sorted(set(names) - ENDING):
        check(is_answer(client.execute(name)), name)
        check(is_answer(client.execute(name, unexpected=1)), name)
    listing = client.execute('human-monitor-command', **{'command-line': 'help'})['return']
    for line in listing.splitlines():
        words = line.split(' -- ')[0].split('|')[0]
        if words.startswith('info'):
            said = client.execute('human-monitor-command', **{'command-line': ' '.join(words.split()[:2])})
            check('return' in said and 'unknown command' not in said['return'], words)
    said = client.execute('human-monitor-command', **{'command-line': 'x /400i $pc'})
    check('return' in said, said)


def stop_and_go(client):
    check(client.execute('stop') == {'return': {}}, 'stop')
    check(client.execute('query-status')['return']['status'] == 'paused', 'paused')
    check(client.execute('cont') == {'return': {}}, 'cont')
    check(client.execute('query-status')['return']['status'] == 'running', 'running')
    client.socket.sendall(b'{"execute":"system_reset"}')
    seen = [client.message(), client.message()]
    check({'return': {}} in seen and any(m.get('event') == 'RESET' for m in seen), seen)


def garbage(client):
    """The answers must be read meanwhile: a monitor takes no more than its client listens to."""
    noise = random.Random(1).randbytes(1 << 20) + b'\xff\n{"execute":"query-name","id":"after"}'
    client.socket.settimeout(0.05)
    seen = b''
    deadline = time.monotonic() + 60
    while b'"after"' not in seen:
        check(time.monotonic() < deadline, 'no answer after the garbage')
        try:
            if noise:
                noise = noise[client.socket.send(noise[:4096]):]
        except (TimeoutError, BlockingIOError):
            pass
        client.socket.setblocking(False)
        try:
            seen = (seen + client.socket.recv(1 << 16))[-4096:]
        except BlockingIOError:
            time.sleep(0.0005 if noise else 0.01)
        client.socket.settimeout(0.05)
    client.socket.settimeout(20)
    check(b'{"return": {}, "id": "after"}' in seen, seen[-200:])


def comers_and_goers(path, count):
    for number in range(count):
        client = Client(path)
        if number % 4 == 1:
            client.socket.sendall(b'{"execute":"qmp_capabilities"}{"execute":"human-monitor-command","arguments":'
                                  b'{"command-line":"info registers -a"}}')
        elif number % 4 == 2:
            client.socket.sendall(b'{"execute":')
        elif number % 4 == 3:
            client.greet()
        client.close()


def last_words(path, scratch):
    """Who asks for what takes time, then for something else, and leaves, is obeyed."""
    files = [os.path.join(scratch, name) for name in ('all', 'some')]
    client = Client(path)
    client.socket.sendall(b'{"execute":"qmp_capabilities"}' + b''.join(
        json.dumps({'execute': 'pmemsave', 'arguments': {'val': 0x40000000, 'size': size, 'filename': file}}).encode()
        for file, size in zip(files, (64 << 20, 16))))
    client.close()
    deadline = time.monotonic() + 20
    while not (os.path.exists(files[1]) and os.path.getsize(files[1]) == 16):
        check(time.monotonic() < deadline, 'what was said before leaving was not done')
        time.sleep(0.02)
    check(os.path.getsize(files[0]) == 64 << 20, files[0])


def resident(pid):
    with open(f'/proc/{pid}/statm', encoding='ascii') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def open_files(pid):
    return len(os.listdir(f'/proc/{pid}/fd'))


def main():
    with tempfile.TemporaryDirectory() as scratch:
        path, firmware = os.path.join(scratch, 'qmp'), os.path.join(scratch, 'loop')
        with open(firmware, 'wb') as file:
            file.write(b'\x00\x00\x00\x14' * 4)  # b .
        program = subprocess.Popen([sys.argv[1], '-M', 'virt', '-m', '64', '-smp', '2', '-bios', firmware, '-display',
                                    'none', '-serial', 'null', '-nic', 'none', '-snapshot-dir', scratch, '-qmp',
                                    f'unix:{path},server=on,wait=off'],
                                   env=dict(os.environ, ASAN_OPTIONS=os.environ.get('ASAN_OPTIONS', '') +
                                            ':quarantine_size_mb=1:detect_leaks=1'))  # what the sanitizer keeps is no growth
        try:
            client = first_client(path)
            client.greet()
            every_command(client)
            stop_and_go(client)
            garbage(client)
            client.close()
            last_words(path, scratch)
            comers_and_goers(path, 300)
            before, files = resident(program.pid), open_files(program.pid) + 1 # a client may be there now
            comers_and_goers(path, 1000)
            growth = resident(program.pid) - before
            limit = 256 << 10 if 'ASAN_OPTIONS' not in os.environ else 2 << 20  # the sanitizer's own books grow
            check(growth < limit, f'{growth} bytes more after 1000 clients')
            for _ in range(100): # the last client may not have been seen off yet
                if open_files(program.pid) <= files:
                    break
                time.sleep(0.05)
            check(open_files(program.pid) <= files, f'{open_files(program.pid)} open files, {files} before 1000 clients')
            client = Client(path)
            client.greet()
            client.socket.sendall(b'{"execute":"quit"}')
            seen = [client.message(), client.message()]
            check(seen[0] == {'return': {}} and seen[1]['data']['reason'] == 'host-qmp-quit', seen)
            check(program.wait(20) == 0, 'exit status')
        finally:
            program.kill()


main()
