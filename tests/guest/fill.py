#!/usr/bin/env python3
"""Writes lines of tests/guest/a64/*.t: the words from the assembler, what is after from qemu-aarch64.

    fill.py ORACLE_GUEST FILE.t     fills in lines that have no words; others stay
    fill.py --check FOLDER          are the words of all lines what the assembler makes?

A line to be filled in is: assembly, two spaces, what is before.
"""
import glob
import re
import struct
import subprocess
import sys
import tempfile

CODE, PAGE, WINDOW, WINDOW_SIZE, WORDS, NOP = 0x04000000, 0x04040000, 1792, 512, 4, 0xd503201f
LAST = 20 # offset of a case's last word from CODE: tests/frontend/oracle.h
BYTE = 0x0101010101010101
MASK = (1 << 64) - 1


def assemble(lines):
    """The words of each line, in one go."""
    source = '.arch armv8.5-a+crypto+crc+lse+fp16+rcpc+memtag\n'
    for number, text in enumerate(lines):
        source += f'.global line{number}\n.balign 64\nline{number}:\n' + text.replace(';', '\n') + '\n'
    with tempfile.NamedTemporaryFile(suffix='.o') as out:
        subprocess.run(['aarch64-linux-gnu-as', '-o', out.name, '-'], input=source, text=True, check=True)
        with tempfile.NamedTemporaryFile() as flat:
            subprocess.run(['aarch64-linux-gnu-objcopy', '-O', 'binary', '-j', '.text', out.name, flat.name], check=True)
            code = flat.read()
    result = []
    for number, text in enumerate(lines):
        count = text.count(';') + 1
        result.append(struct.unpack_from(f'<{count}I', code, 64 * number))
    return result


class State:
    """OracleState, with the pattern that test_guest.c has before a line's settings."""

    def __init__(self):
        self.x = [(n + 1) * BYTE for n in range(31)]
        self.v = [[n * BYTE ^ 0xa0a1a2a3a4a5a6a7, n * BYTE ^ 0xb0b1b2b3b4b5b6b7] for n in range(32)]
        self.window = bytearray(n * 7 & 255 for n in range(WINDOW_SIZE))
        self.sp, self.pc = PAGE + WINDOW + 256, 0
        self.nzcv = self.fpcr = self.fpsr = self.signal = 0

    def set(self, name, digits):
        value = int(digits, 16)
        if m := re.fullmatch(r'x(\d+)', name):
            self.x[int(m[1])] = value
        elif m := re.fullmatch(r'v(\d+)', name):
            self.v[int(m[1])] = [value & MASK, value >> 64]
        elif m := re.fullmatch(r'\[(\w+)\]', name):
            struct.pack_into('<Q', self.window, int(m[1], 16) - PAGE - WINDOW, value)
        else:
            assert hasattr(self, name), name
            setattr(self, name, value << 28 if name == 'nzcv' else value)

    def pack(self):
        return (struct.pack('<33Q4I', *self.x, self.sp, self.pc, self.nzcv, self.fpcr, self.fpsr, self.signal)
                + b''.join(struct.pack('<2Q', *v) for v in self.v) + bytes(self.window))

    def unpack(self, data):
        *self.x, self.sp, self.pc, self.nzcv, self.fpcr, self.fpsr, self.signal = struct.unpack_from('<33Q4I', data)
        self.v = [list(struct.unpack_from('<2Q', data, 280 + 16 * n)) for n in range(32)]
        self.window = bytearray(data[792:])

    def changes(self, before, words):
        """What test_guest.c has to be told. The last word of a case is at a fixed place."""
        out = [f'x{n}={self.x[n]:x}' for n in range(31) if self.x[n] != before.x[n]]
        out += [f'{n}={getattr(self, n):x}' for n in ('sp', 'fpsr', 'signal') if getattr(self, n) != getattr(before, n)]
        if self.nzcv != before.nzcv:
            out.append(f'nzcv={self.nzcv >> 28:x}')
        out += [f'v{n}={self.v[n][1]:016x}{self.v[n][0]:016x}' for n in range(32) if self.v[n] != before.v[n]]
        for at in range(0, WINDOW_SIZE, 8):
            if self.window[at:at + 8] != before.window[at:at + 8]:
                out.append(f'[{PAGE + WINDOW + at:x}]={struct.unpack_from("<Q", self.window, at)[0]:x}')
        pc = self.pc - (CODE + LAST + 4 - 4 * words)
        if pc != 4 * words:
            out.append(f'pc=+{pc}')
        return ' '.join(out)


def run(guest, cases):
    """cases: (words, State) -> the states after. Batches of one, so that all run at the same place."""
    data = b''
    for words, state in cases:
        data += struct.pack('<Q4I', 1, *([NOP] * (WORDS - len(words)) + list(words))) + state.pack()
    out = subprocess.run(['qemu-aarch64', '-cpu', 'max,pauth=off', guest], input=data, capture_output=True,
                         check=True).stdout
    size = 16 + 792 + WINDOW_SIZE
    result = [State() for _ in cases]
    for n, state in enumerate(result):
        state.unpack(out[n * size + 16:(n + 1) * size])
    return result


def before_of(settings):
    state = State()
    for word in settings.split():
        state.set(*word.split('='))
    return state


def fill(guest, path):
    with open(path, encoding='utf-8') as file:
        lines = file.read().split('\n')
    todo = [n for n, line in enumerate(lines) if line.strip() and not line.startswith('#') and '->' not in line]
    parts = [(re.split('  +', lines[n].strip(), maxsplit=1) + [''])[:2] for n in todo]
    words = [list(w) for w in assemble([asm for asm, _ in parts])]
    befores = [before_of(settings) for _, settings in parts]
    afters = run(guest, list(zip(words, befores)))
    for n, (asm, settings), w, before, after in zip(todo, parts, words, befores, afters):
        column = ','.join(f'{word:08x}' for word in w)
        lines[n] = f'{asm:32}  {column}  {settings}  ->  {after.changes(before, len(w))}'.rstrip()
    with open(path, 'w', encoding='utf-8') as file:
        file.write('\n'.join(lines))


def check(folder):
    wrong = 0
    for path in sorted(glob.glob(folder + '/*.t')):
        with open(path, encoding='utf-8') as file:
            lines = [(n, line) for n, line in enumerate(file, 1) if line.strip() and not line.startswith('#')]
        columns = [re.split('  +', line.strip()) for _, line in lines]
        for (number, _), column, words in zip(lines, columns, assemble([c[0] for c in columns])):
            made = ','.join(f'{word:08x}' for word in words)
            if made != column[1]:
                print(f'{path}:{number}: {column[0]} is {made}')
                wrong += 1
    return wrong


if __name__ == '__main__':
    if sys.argv[1] == '--check':
        sys.exit(1 if check(sys.argv[2]) else 0)
    fill(*sys.argv[1:])
