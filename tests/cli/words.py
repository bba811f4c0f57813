#!/usr/bin/env python3
"""What the program says. words.t holds cases: `$ arguments`, then the exit status and the beginning of what it prints.

The program runs in a folder that has the files below. usage: words.py words.t PROGRAM
"""
import gzip
import os
import shlex
import struct
import subprocess
import sys
import tempfile


def image(stored):
    """An arm64 kernel as far as its header says: one section of 64 KiB, of which `stored` bytes are there."""
    head = struct.pack("<2sxx4xQQ24x8xI", b"MZ", 0, 0x20000, 0x644D5241)[:60] + struct.pack("<I", 64)
    pe = b"PE\0\0" + struct.pack("<HH12xHH", 0xAA64, 1, 0, 0)
    section = struct.pack("<8sIIII16x", b".text", 0x10000, 0x1000, 0x10000, 0x1000)
    return (head + pe + section).ljust(0x1000, b"\0") + bytes(stored)


def elf(machine, kind=2, length=4096):
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    head += struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, 0x40200000, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    head += struct.pack("<IIQQQQQQ", 1, 5, 0, 0x40200000, 0x40200000, 4096, 4096, 4096)
    return head.ljust(4096, b"\0")[:length]


def boot_sector(partition=b""):
    return b"\xeb\x3c\x90".ljust(446, b"\x90") + partition.ljust(64, b"\0") + b"\x55\xaa"


def iso(*entries):
    """A CD with a boot catalog in sector 20: entries are a platform and what its boot image holds."""
    disk = bytearray(2048 * (40 + len(entries)))
    disk[0x8000:0x8006] = b"\1CD001"
    if entries:
        disk[0x8800:0x881e] = b"\0CD001\1EL TORITO SPECIFICATION"
        disk[0x8847:0x884b] = struct.pack("<I", 20)
    for i, (platform, content) in enumerate(entries):
        at = 20 * 2048 + (96 if i else 32)
        if i:
            disk[at - 32:at - 28] = struct.pack("<BBH", 0x91, platform, 1)
        else:
            disk[20 * 2048:20 * 2048 + 32] = struct.pack("<BB26sHBB", 1, platform, b"", 0, 0x55, 0xAA)
        disk[at:at + 12] = struct.pack("<BBHBBHI", 0x88, 0, 0, 0, 0, 4, 40 + i)
        disk[(40 + i) * 2048:(40 + i) * 2048 + len(content)] = content
    return bytes(disk)


FILES = {
    "floppy.img": boot_sector().ljust(1474560, b"\0"),
    "disk.mbr": boot_sector(struct.pack("<B3sB3sII", 0x80, b"", 0x83, b"", 2048, 8192)).ljust(1 << 20, b"\0"),
    "hybrid.iso": iso((0, b"boot"), (0xEF, b"BOOTX64 EFI")),
    "efi.iso": iso((0xEF, b"BOOTAA64EFI")),
    "data.iso": iso(),
    "bz64": bytes(0x202) + b"HdrS" + struct.pack("<H", 0x20F) + bytes(0x236 - 0x208) + b"\1\0" + bytes(4096),
    "bios.rom": b"\x02\xb0\xad\x1b\0\0\0\0\xfe\x4f\x52\xe4" + bytes(0x20000 - 28) + b"\xea\x5b\xe0\0\xf0" + bytes(11),
    "efi.fd": bytes(40) + b"_FVH" + bytes(0x1f000 - 60) + b"\x0f\x20\xc0" + bytes(13),
    "vars.fd": bytes(40) + b"_FVH" + bytes(0x20000 - 44),
    "empty": b"",
    "disk.img": bytes(1 << 20),
    "junk": bytes(range(256)) * 16,
    "bzImage": bytes(0x202) + b"HdrS" + bytes(4096),
    "short.Image": image(0x2000),
    "tiny.Image": image(0)[:30],
    "short.gz": gzip.compress(os.urandom(20000))[:9000],
    "bad.gz": gzip.compress(bytes(20000))[:12] + bytes(60),
    "short.zboot": struct.pack("<4s4sII8x8s", b"MZ", b"zimg", 64, 90000, b"gzip").ljust(64, b"\0") + bytes(100),
    "odd.zboot": struct.pack("<4s4sII8x8s", b"MZ", b"zimg", 64, 90, b"lzma").ljust(64, b"\0") + bytes(100),
    "x86.elf": elf(62),
    "multiboot.elf": elf(62)[:2048] + struct.pack("<III", 0x1BADB002, 3, 2**32 - 0x1BADB002 - 3) + bytes(2048),
    "object.elf": elf(183, kind=1),
    "header.elf": elf(183, length=40),
    "short.elf": elf(183, length=1000),
}


def cases(path):
    case = None
    for number, line in enumerate(open(path), 1):
        line = line.rstrip("\n")
        if line == "$" or line.startswith("$ "):
            case = (number, line[2:], [])
            yield case
        elif case and line and not line.startswith("#"):
            case[2].append(line)


def run(program, arguments):
    words = shlex.split(arguments)
    env = {}
    while words and "=" in words[0]:  # as=NAME: called by another name
        key, value = words.pop(0).split("=", 1)
        env[key] = value
    with tempfile.TemporaryDirectory() as folder:
        link = os.path.join(folder, env.get("as", "dragoman"))
        os.symlink(os.path.abspath(program), link)
        for name, data in FILES.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
        try:
            done = subprocess.run([link] + words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=30, cwd=folder)
        except subprocess.TimeoutExpired:
            return -1, "it ran, or hung"
    return done.returncode, done.stdout.decode(errors="replace")


def main():
    path, program = sys.argv[1:]
    failed = 0
    for number, arguments, expected in list(cases(path)):
        status, text = run(program, arguments)
        first, *more = expected
        want_status, _, want = first.partition(" ")
        wanted = [want] + more
        ok = status == int(want_status) and all(part in text for part in wanted)
        if status and text.count("\n") != 1:
            ok = False  # an error is one sentence
        if not ok:
            failed += 1
            print(f"{path}:{number}: dragoman {arguments}\n  wanted {expected}\n  got {status} {text!r}")
    sys.exit(failed != 0)


main()
