#!/usr/bin/env python3
"""symbols.py KERNEL OUTPUT [ADDRESS]: an ELF file without contents that gives a debugger a kernel's symbols.

KERNEL is a System.map of aarch64, an uncompressed kernel image for aarch64, or a bzImage for x86-64 packed by xz. Of images
the table for /proc/kallsyms is read. ADDRESS is where one for aarch64 begins when it runs without address randomisation
(ffff800008000000: Linux 6.1 and older with 48 bits). Functions end where the next symbol begins."""
import lzma
import struct
import sys


def read_map(text):
    symbols = []
    for line in text.splitlines():
        address, kind, name = line.split()[:3]
        if kind in 'tTdDbBrR' and not name.startswith('$'):
            symbols.append((int(address, 16), kind, name))
    return sorted(symbols)


# ---- kallsyms, as scripts/kallsyms.c of Linux lays it out: offsets, base, count, names, markers, tokens, index ----

def words(image, at, count):
    return struct.unpack_from('<%dI' % count, image, at)


def index_of(tokens):
    at, index = 0, []
    for token in tokens:
        index.append(at)
        at += len(token) + 1
    return at, struct.pack('<256H', *index)


def find_tokens(image):
    """Where the 256 tokens begin, and the tokens: the digits stand for themselves, and the index follows."""
    digits, at = b''.join(bytes([c, 0]) for c in b'0123456789'), 0
    while (at := image.find(digits, at + 1)) > 0:
        for first in range(at & ~7, at - 1024, -8):
            tokens = image[first:first + 8192].split(b'\0')[:256]
            if tokens[ord('0')] != b'0':
                continue
            size, index = index_of(tokens)
            if index in image[first + size:first + size + 8 + len(index)]:
                return first, tokens
    raise ValueError('no table of symbols in this image')


def aligned(size):
    return size + 7 & ~7


def find_markers(image, tokens_at):
    """Before the tokens, and since 6.2 (and in some 6.1) three bytes for each name: where each 256th name is."""
    for per_name in (3, 0):
        for count in range(1024, 500000):
            markers = (count + 255) // 256
            at = tokens_at - aligned(per_name * count) - aligned(4 * markers)
            if words(image, at, 1)[0] or not 256 < words(image, at + 4, 1)[0] < 65536:
                continue
            table = words(image, at, markers)
            if all(table[n] < table[n + 1] for n in range(markers - 1)):
                names = find_names(image, at, table, count)
                if names:
                    return names, count
    raise ValueError('the names of the symbols are not where they are expected')


def find_names(image, markers_at, markers, count):
    """Where the names begin: 8 bytes behind their count, and that many end where the markers begin."""
    for at in range(markers_at - markers[-1] & ~7, markers_at - markers[-1] - 65536, -8):
        if words(image, at - 8, 1)[0] == count and markers_at - 8 < name_end(image, at, count, markers) <= markers_at:
            return at
    return None


def name_length(image, at):
    length = image[at]
    return (length, at + 1) if length < 0x80 else (length & 0x7f | image[at + 1] << 7, at + 2)


def name_end(image, at, count, markers):
    end = at + markers[-1]
    for _ in range(count - 256 * (len(markers) - 1)):
        length, end = name_length(image, end)
        end += length
    return end


def read_image(image, base):
    """`base`: see base_of_arm64; None: the image is for x86-64, whose base is there, and its variables of each CPU are
    numbers from 0."""
    tokens_at, tokens = find_tokens(image)
    at, count = find_markers(image, tokens_at)
    offsets = words(image, at - 16 - aligned(4 * count), count)
    x86 = base is None
    base = struct.unpack_from('<Q', image, at - 16)[0] if x86 else base_of_arm64(image, at - 16, base)
    symbols = []
    for offset in offsets:
        length, at = name_length(image, at)
        name = b''.join(tokens[c] for c in image[at:at + length]).decode('latin1')
        at += length
        if not x86 or offset >> 31:
            symbols.append((base + (0xffffffff - offset if x86 else offset), name[0], name[1:]))
    return sorted(symbols)


def base_of_arm64(image, at, base):
    """It is 8 bytes that a relocation fills in: where, R_AARCH64_RELATIVE, value."""
    relocation = image.find(struct.pack('<QQ', base + at, 0x403))
    return struct.unpack_from('<Q', image, relocation + 16)[0] if relocation > 0 else base


def unpack(image):
    """What a bzImage unpacks when it starts: Documentation/x86/boot.rst."""
    begin = 512 * ((image[0x1f1] or 4) + 1)
    offset, size = words(image, 0x248, 2)
    return lzma.LZMADecompressor().decompress(image[begin + offset:begin + offset + size])


# ---- ELF ----

def elf(symbols, machine):
    """Header, .symtab, .strtab, .shstrtab, and a .text that takes no room here."""
    first, last = symbols[0][0], symbols[-1][0] + 0x1000
    names, rows = bytearray(b'\0'), []
    for n, (address, kind, name) in enumerate(symbols):
        size = symbols[n + 1][0] - address if n + 1 < len(symbols) else 0
        info = (0x10 if kind.isupper() else 0) | (2 if kind in 'tTwW' else 1)
        rows.append(struct.pack('<IBBHQQ', len(names), info, 0, 1, address, size))
        names += name.encode('latin1') + b'\0'
    rows.sort(key=lambda row: row[4] >> 4)
    local = 1 + sum(1 for row in rows if not row[4] >> 4)
    table = bytes(24) + b''.join(rows)
    titles = b'\0.text\0.symtab\0.strtab\0.shstrtab\0'
    at_names = 64 + len(table)
    at_titles = at_names + len(names)
    at_sections = (at_titles + len(titles) + 7) & ~7

    def section(name, kind, flags, address, offset, size, link=0, info=0, align=1, entry=0):
        return struct.pack('<IIQQQQIIQQ', titles.index(name), kind, flags, address, offset, size, link, info, align, entry)

    sections = bytes(64)
    sections += section(b'.text', 8, 6, first, 64, last - first, align=16)
    sections += section(b'.symtab', 2, 0, 0, 64, len(table), 3, local, 8, 24)
    sections += section(b'.strtab', 3, 0, 0, at_names, len(names))
    sections += section(b'.shstrtab', 3, 0, 0, at_titles, len(titles))
    header = b'\x7fELF\x02\x01\x01' + bytes(9)
    header += struct.pack('<HHIQQQIHHHHHH', 2, machine, 1, 0, 0, at_sections, 0, 64, 0, 0, 64, 5, 4)
    out = header + table + bytes(names) + titles
    return out + bytes(at_sections - len(out)) + sections


def main(args):
    if len(args) not in (2, 3):
        sys.exit(__doc__)
    with open(args[0], 'rb') as f:
        data = f.read()
    machine = 183 # EM_AARCH64
    if data[0x202:0x206] == b'HdrS':
        machine = 62 # EM_X86_64
        symbols = read_image(unpack(data), None)
    elif data[56:60] == b'ARM\x64': # the image's header: Documentation/arm64/booting.rst
        symbols = read_image(data, int(args[2] if len(args) > 2 else 'ffff800008000000', 16))
    else:
        symbols = read_map(data.decode())
    with open(args[1], 'wb') as f:
        f.write(elf(symbols, machine))


if __name__ == '__main__':
    main(sys.argv[1:])
