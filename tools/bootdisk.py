#!/usr/bin/env python3
"""bootdisk.py DISK BOOT CORE FIRST: makes a disk image boot GRUB by a PC's BIOS: the boot sector's code (boot.img), a table
with one partition from byte FIRST to the end, and behind it what the boot sector loads (core.img), as grub-mkimage made it:
its own list of sectors says that it goes on at the next one."""
import struct
import sys

SECTOR = 512
CODE = 440  # of the boot sector; the disk's signature and the table follow
LINUX, ACTIVE = 0x83, 0x80
ANYWHERE = b'\xfe\xff\xff'  # a cylinder, head and sector that say: use the number


def main():
    disk, boot, core = sys.argv[1:4]
    first = int(sys.argv[4])
    with open(boot, 'rb') as f:
        code = f.read(CODE)
    with open(core, 'rb') as f:
        rest = f.read()
    if len(rest) > first - SECTOR or first % SECTOR:
        sys.exit(f'{core} does not fit before byte {first}')
    with open(disk, 'r+b') as f:
        size = f.seek(0, 2)
        entry = struct.pack('<B3sB3sII', ACTIVE, ANYWHERE, LINUX, ANYWHERE, first // SECTOR, (size - first) // SECTOR)
        f.seek(0)
        f.write(code + b'DRGM\0\0' + entry + bytes(48) + b'\x55\xaa' + rest)


main()
