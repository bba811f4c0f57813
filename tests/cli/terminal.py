#!/usr/bin/env python3
"""The terminal is raw while a guest has it, and as it was at every way out.

usage: terminal.py PROGRAM
"""
import os
import pty
import select
import signal
import sys
import tempfile
import termios
import time

WAIT = 20


class Session:
    def __init__(self, arguments):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.execv(sys.argv[1], [sys.argv[1]] + arguments)
        self.text = b""

    def lflag(self):
        return termios.tcgetattr(self.fd)[3]

    def await_true(self, what, test):
        end = time.monotonic() + WAIT
        while not test():
            if time.monotonic() > end:
                sys.exit(f"{what}: not within {WAIT} s; the terminal says {self.text!r}")
            self.read(0.02)

    def read(self, seconds):
        try:
            if select.select([self.fd], [], [], seconds)[0]:
                self.text += os.read(self.fd, 4096)
        except OSError:
            time.sleep(seconds)  # the other end is closed

    def await_raw(self, raw=True):
        self.await_true("raw" if raw else "cooked", lambda: bool(self.lflag() & termios.ICANON) != raw)

    def await_text(self, text):
        self.await_true(f"text {text!r}", lambda: text in self.text)

    def await_end(self):
        status = []

        def ended():
            pid, how = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                status.append(how)
            return pid

        self.await_true("the end", ended)
        if not os.WIFEXITED(status[0]):
            sys.exit(f"ended with status {status[0]:#x}")
        return os.WEXITSTATUS(status[0])


def kernel(folder):
    """A raw program that is never run: there is no CPU."""
    path = os.path.join(folder, "kernel")
    with open(path, "wb") as f:
        f.write(b"\x1f\x20\x03\xd5" * 64)
    return path


def start(folder, *more):
    s = Session(["-M", "virt", "-cpu", "none", "-nographic", "-kernel", kernel(folder), *more])
    s.await_raw()
    return s


def ctrl_a_x(folder):
    s = start(folder)
    os.write(s.fd, b"\x01h")
    s.await_text(b"Ctrl-A x   end the program")
    os.write(s.fd, b"\x03")  # Ctrl-C is for the guest
    os.write(s.fd, b"\x01x")
    s.await_text(b"ended by Ctrl-A x")
    assert s.await_end() == 0


def terminated(folder):
    s = start(folder)
    os.kill(s.pid, signal.SIGTERM)
    s.await_text(b"ended by signal 15")
    s.await_raw(False)
    assert s.await_end() in (0, 128 + 15)  # the latter before the machine runs


def stopped_and_continued(folder):
    s = start(folder)
    os.kill(s.pid, signal.SIGTSTP)
    _, status = os.waitpid(s.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    s.await_raw(False)
    os.kill(s.pid, signal.SIGCONT)
    s.await_raw()
    os.write(s.fd, b"\x01x")
    assert s.await_end() == 0


def ctrl_c_with_signals(folder):
    s = start(folder, "-serial", "stdio")
    os.write(s.fd, b"\x03")
    s.await_text(b"ended by signal 2")
    assert s.await_end() in (0, 128 + 2)


def refused_late(folder):
    s = Session(["-M", "virt", "-cpu", "none", "-nographic", "-kernel", os.path.join(folder, "missing")])
    s.await_text(b"missing")
    s.await_raw(False)
    assert s.await_end() == 1


def files_are_put_away(folder):
    pid, path = os.path.join(folder, "pid"), os.path.join(folder, "socket")
    s = start(folder, "-pidfile", pid, "-serial", "mon:stdio", "-serial", f"unix:{path},server,nowait")
    s.await_true("the pid file", lambda: os.path.exists(pid) and open(pid).read() == f"{s.pid}\n")
    assert os.path.exists(path)
    os.write(s.fd, b"\x01x")
    assert s.await_end() == 0
    assert not os.path.exists(pid) and not os.path.exists(path)


for case in (ctrl_a_x, terminated, stopped_and_continued, ctrl_c_with_signals, refused_late, files_are_put_away):
    with tempfile.TemporaryDirectory() as directory:
        print(case.__name__, flush=True)
        case(directory)
