#!/usr/bin/env python3
"""newc.py LIST OUTPUT: writes a gzip-compressed initramfs (cpio "newc", see the kernel's buffer-format.rst).

LIST has one member a line, owned by root:
    dir PATH MODE | file PATH HOSTFILE MODE | link PATH TARGET | node PATH MODE c|b MAJOR MINOR | tree PATH HOSTDIR
No privilege is needed, device nodes included, and equal input gives equal bytes."""
import gzip
import os
import sys

DIRECTORY, REGULAR, SYMLINK, NODES = 0o040000, 0o100000, 0o120000, {'c': 0o020000, 'b': 0o060000}


class Archive:
    def __init__(self, out):
        self.out, self.inode = out, 0

    def member(self, path, mode, data=b'', device=(0, 0)):
        self.inode += 1
        name = path.strip('/').encode() + b'\0'
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0)
        self.padded(b'070701' + b''.join(b'%08X' % field for field in fields) + name)
        self.padded(data)

    def padded(self, data):
        self.out.write(data + bytes(-len(data) % 4))

    def tree(self, path, host):
        self.member(path, DIRECTORY | 0o755)
        for name in sorted(os.listdir(host)):
            below, at = f'{path}/{name}', os.path.join(host, name)
            if os.path.islink(at):
                self.member(below, SYMLINK | 0o777, os.readlink(at).encode())
            elif os.path.isdir(at):
                self.tree(below, at)
            else:
                self.member(below, REGULAR | os.stat(at).st_mode & 0o777, read(at))

    def line(self, kind, path, *rest):
        if kind == 'dir':
            self.member(path, DIRECTORY | int(rest[0], 8))
        elif kind == 'file':
            self.member(path, REGULAR | int(rest[1], 8), read(rest[0]))
        elif kind == 'link':
            self.member(path, SYMLINK | 0o777, rest[0].encode())
        elif kind == 'node':
            self.member(path, NODES[rest[1]] | int(rest[0], 8), device=(int(rest[2]), int(rest[3])))
        elif kind == 'tree':
            self.tree(path, rest[0])
        else:
            sys.exit(f'newc.py: unknown kind {kind}')


def read(name):
    with open(name, 'rb') as file:
        return file.read()


def main():
    with open(sys.argv[1], encoding='utf-8') as lines, open(sys.argv[2], 'wb') as raw:
        with gzip.GzipFile('', 'wb', 9, raw, mtime=0) as out:
            archive = Archive(out)
            for line in lines:
                if line.strip():
                    archive.line(*line.split())
            archive.inode = -1
            archive.member('TRAILER!!!', 0)


main()
