#!/usr/bin/env python3
"""What the program says. words.t holds cases: `$ arguments`, then the exit status and the beginning of what it prints.

usage: words.py words.t PROGRAM
"""
import os
import shlex
import subprocess
import sys
import tempfile


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
        done = subprocess.run([link] + words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=30)
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
