#!/usr/bin/env python3
"""gdb_session.py PROGRAM CASE: what a user does with gdb, scripted, and what one should not send to its server.

Cases: bare (a program without anything below it, loaded by gdb), load (4 MiB of it), linux (a stock kernel on two CPUs), pc (a BIOS in
real and protected mode), linux-pc (a stock kernel there), packets (raw ones, also malformed), registers (each is written and read).
Ends with 77, "skipped", where gdb or a cross compiler is missing."""
import atexit
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, '..', '..')
SKIPPED = 77
PATIENCE = 250 # seconds for one run of gdb


def need(program):
    if not shutil.which(program):
        print(f'{program} is not there')
        sys.exit(SKIPPED)


def check(holds, what):
    if not holds:
        raise SystemExit(f'wrong: {what}')


class Dragoman:
    """The program under test or its peer, its gdb server on a Unix socket, its serial line in a file."""

    def __init__(self, program, folder, *options, machine=('virt', '-cpu', 'max')):
        self.path = os.path.join(folder, 'gdb.sock')
        self.serial = os.path.join(folder, 'serial')
        for path in self.path, self.serial:
            if os.path.exists(path):
                os.unlink(path)
        self.process = subprocess.Popen([program, '-M', *machine, '-display', 'none', '-nic', 'none', '-gdb',
                                         f'unix:{self.path},server=on,wait=off', '-serial', 'file:' + self.serial, *options],
                                        stdin=subprocess.DEVNULL)
        atexit.register(self.process.kill)
        for _ in range(500):
            if os.path.exists(self.path) and os.path.exists(self.serial) or self.process.poll() is not None:
                break
            time.sleep(0.02)

    def said(self):
        with open(self.serial, errors='replace') as f:
            return f.read()

    def expect(self, text, seconds):
        for _ in range(seconds * 5):
            if text in self.said():
                return
            time.sleep(0.2)
        raise SystemExit(f'the serial line never said {text!r}: {self.said()[-500:]}')

    def end(self):
        check(self.process.poll() is None, f'it ended by itself with {self.process.poll()}')
        self.process.terminate()
        check(self.process.wait(30) == 0, 'its exit code')


def gdb(target, steps, symbols):
    """Runs commands, each with a pattern that its output matches; SERVER stands for its address."""
    commands = ['set pagination off', 'set confirm off', 'set width 0', 'set style enabled off', 'set debuginfod enabled off',
                'set backtrace limit 50', HELPERS]
    for number, (command, _) in enumerate(steps):
        commands += [f'echo \\n=={number}==\\n', command.replace('SERVER', target.path)]
    commands.append('echo \\n==end==\\n')
    with tempfile.NamedTemporaryFile('w', suffix='.gdb') as script:
        script.write('\n'.join(commands) + '\n')
        script.flush()
        run = subprocess.run(['gdb-multiarch', '-nx', '-batch', '-x', script.name, symbols], timeout=PATIENCE,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    parts = re.split(r'\n==(\w+)==\n', run.stdout)
    said = dict(zip(parts[1::2], parts[2::2]))
    for number, (command, pattern) in enumerate(steps):
        text = said.get(str(number))
        if text is None or not re.search(pattern, text, re.S):
            raise SystemExit(f'gdb: {command}\n  expected {pattern}\n  said {text}\n--- all:\n{run.stdout[-3000:]}')
    check('end' in said, run.stdout)
    return run.stdout


# ---- a program without anything below it ----

def build(folder, name, *more):
    elf = os.path.join(folder, name)
    subprocess.run(['aarch64-linux-gnu-gcc', '-O1', '-g', '-fno-pie', '-no-pie', '-ffreestanding', '-nostdlib', '-static',
                    '-Wl,-Ttext=0x40080000,-N,--build-id=none,--no-warn-rwx-segments', *more, '-o', elf,
                    os.path.join(HERE, 'gdb', 'bare.c')], check=True)
    return elf


# Ctrl-C a second after the next command has sent the machine on.
INTERRUPT = 'python gdb.events.cont.connect(interrupt_soon)'
HELPERS = '''python
import os, signal, threading
def interrupt_soon(event):
    gdb.events.cont.disconnect(interrupt_soon)
    threading.Timer(1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
end'''

BARE = [
    ('target extended-remote SERVER', '0x0*'),
    # Set before the program is there: load overwrites the place, and the breakpoint stays.
    ('break note if n == 3', 'Breakpoint 1 at'),
    ('load', r'Loading section \.text.*Start address 0x0*40080'),
    ('continue', r'Breakpoint 1, note \(n=.*3\)'),
    ('backtrace', r'#0 .*note.*#1 .*main'),
    ('info registers pc sp cpsr', r'cpsr .*SP EL=1'),
    ('print counter', '= 2'),
    ('finish', 'main \(\)'),
    ('print counter', '= 3'),
    ('delete', ''),
    ('tbreak twice', 'Temporary breakpoint'),
    ('continue', r'breakpoint 2, twice \(x=.*3\)'),
    ('print table', r'= \{10, 26, 30, 40\}'),
    ('finish', 'Value returned is .* = 6'),
    ('print $x0', '= 6'),
    ('next', '.'),
    ('step', '.'),
    ('stepi', '.'),
    # A watchpoint tells of the write with old and new value; the others of reads.
    ('watch counter', 'Hardware watchpoint 3: counter'),
    ('continue', 'watchpoint 3: counter.*Old value = 3.*New value = 4'),
    ('continue', 'watchpoint 3: counter.*Old value = 4.*New value = 5'),
    ('delete', ''),
    ('rwatch table[1]', 'read watchpoint'),
    ('continue', r'read watchpoint.*table\[1\].*Value = '),
    ('delete', ''),
    ('awatch table[1]', r'access \(read/write\) watchpoint'),
    ('continue', 'access .*watchpoint'),
    ('continue', 'access .*watchpoint'),
    ('delete', ''),
    ('watch counter if counter == 20', 'watchpoint'),
    ('continue', 'Old value = 19.*New value = 20'),
    ('delete', ''),
    # Registers of all kinds, read and written.
    ('hbreak half', 'Hardware assisted breakpoint'),
    ('continue', r'half \(x=.*20\)'),
    ('print $v0.d.f[0]', '= 20'),
    ('set var $v0.d.f[0] = 5', ''),
    ('print $d0', 'f = 5'),
    ('print/x $CPACR_EL1', '= 0x300000'),
    ('set var $TPIDR_EL1 = 0x123456789abcdef0', ''),
    ('print/x $TPIDR_EL1', '= 0x123456789abcdef0'),
    ('print/x $MIDR_EL1 != 0', '= 0x1'),
    ('set var $MIDR_EL1 = 0', ''),
    ('print/x $MIDR_EL1 != 0', '= 0x1'),
    ('print $CurrentEL', '= 4'),
    ('set var $cpsr = $cpsr ^ 0xf0000000', ''),
    ('set var $cpsr = $cpsr ^ 0xf0000000', ''),
    ('info registers fpcr fpsr', 'fpcr'),
    ('delete', ''),
    ('break finished', ''),
    ('continue', 'finished'), # because of the 5 that was written
    ('delete', ''),
    # Memory: written, searched, a device's register, an address with nothing there.
    ('set var table[3] = 0x12345678', ''),
    ('print/x table[3]', '= 0x12345678'),
    ('find /w &table, +sizeof(table), 0x12345678', 'table.*1 pattern found'),
    ('find /w &table, +sizeof(table), 0x12345679', 'not found'),
    ('x/1wx 0x09000018', '0x9000018:.*0x0'), # the UART's flags
    ('python\ntry:\n gdb.execute("x/1wx 0x7000000000000")\nexcept gdb.MemoryError as e: print("none:", e)\nend', 'none: Cannot access'),
    # Two CPUs are two threads; here the second one, which may have had little time so far.
    ('tbreak other_note', ''),
    ('continue', 'other_note'),
    ('info threads', r'1 .*CPU#0.*on.*2 .*CPU#1.*on'),
    ('thread 2', 'Switching to thread 2'),
    ('backtrace', 'second'),
    ('tbreak other_note thread 2', ''),
    ('continue', 'other_note'),
    ('set scheduler-locking on', ''),
    ('set $before = counter', ''),
    ('finish', 'second'),
    ('stepi 20', '.'),
    ('print counter == $before', '= 1'),
    ('set scheduler-locking off', ''),
    ('thread 1', 'Switching to thread 1'),
    # The monitor.
    ('monitor vtop 0x40080000', 'regime EL1.*stage 1 is off.*physical 0x40080000'),
    ('monitor break -p $twice', 'no such register'),
    ('python gdb.execute("monitor break -p 0x%x EL1" % int(gdb.parse_and_eval("(long)&twice")))', ''),
    ('monitor info breakpoints', r'1 breakpoint at physical 0x40080.* in EL1'),
    ('continue', 'SIGTRAP.*twice'),
    ('monitor delete 1', ''),
    ('monitor info status', 'paused'),
    ('maint packet qqemu.sstepbits', 'ENABLE=1,NOIRQ=2,NOTIMER=4'),
    ('maint packet qqemu.sstep', '0x7'),
    # LDP X0, X1, [X2] of the data that fw-cfg gives once ("QEMU") and of what is watched: the first half is not read again.
    ('set $saved = $pc', ''),
    ('set var *(unsigned *)0x40090000 = 0xa9400440', ''),
    ('set var *(unsigned short *)0x09020008 = 0', ''),
    ('set $x2 = 0x09020000', ''),
    ('set $pc = 0x40090000', ''),
    ('rwatch *(long *)0x09020008', 'read watchpoint'),
    ('continue', 'read watchpoint'),
    ('print/x $x0', '= 0x554d4551'),
    ('print $pc == 0x40090004', '= 1'),
    ('delete', ''),
    ('set $pc = $saved', ''),
    # Ctrl-C, detaching, coming back.
    (INTERRUPT, ''),
    ('continue', 'SIGINT'),
    ('detach', 'detached'),
    ('target extended-remote SERVER', '.'),
    ('print counter > 100', '= 1'),
    (INTERRUPT, ''),
    ('continue', 'SIGINT'),
    ('detach', 'detached'),
]


def bare(program, folder):
    need('aarch64-linux-gnu-gcc')
    need('gdb-multiarch')
    target = Dragoman(program, folder, '-m', '128', '-smp', '2', '-S')
    gdb(target, BARE, build(folder, 'bare.elf'))
    target.end()


# ---- loading much ----

BIG = 4 << 20

LOAD = [
    ('target extended-remote SERVER', '0x0*'),
    ('python import time; begun = time.time()', ''),
    ('load', 'Transfer rate'),
    ('python print("seconds:", time.time() - begun)', 'seconds: '),
    ('compare-sections .data', 'matched'),
    ('break note', 'Breakpoint 1'),
    ('continue', r'Breakpoint 1, note \(n=.*0\)'),
    ('detach', 'detached'),
]


def load(program, folder):
    """A program of 4 MiB, and how long QEMU takes for the same, if it is there."""
    need('aarch64-linux-gnu-gcc')
    need('gdb-multiarch')
    random_bytes, source = os.path.join(folder, 'bytes'), os.path.join(folder, 'big.S')
    with open(random_bytes, 'wb') as f:
        f.write(random.Random(1).randbytes(BIG))
    with open(source, 'w') as f:
        f.write(f'.data\n.incbin "{random_bytes}"\n')
    elf = build(folder, 'big.elf', source)
    seconds = {}
    for name in program, 'qemu-system-aarch64':
        if shutil.which(name):
            target = Dragoman(name, folder, '-m', '128', '-smp', '2', '-S')
            seconds[name] = float(re.search('seconds: ([0-9.]+)', gdb(target, LOAD, elf)).group(1))
            target.end()
    print('load of 4 MiB, seconds:', *(f'{os.path.basename(name)} {value:.2f}' for name, value in seconds.items()))


# ---- a stock kernel ----

LINUX = [
    ('target remote SERVER', '0x0*40200000'),
    ('break start_kernel', 'Breakpoint 1'),
    ('continue', 'Breakpoint 1, .* in start_kernel'),
    ('backtrace', '#0 .* in start_kernel.*#1 .* in __primary_switched'),
    ('stepi', 'in start_kernel'),
    ('stepi', 'in start_kernel'),
    ('monitor vtop $pc', 'stage 1 level 2: .*physical 0x4.*normal memory'),
    # The end of the first stack is marked at once.
    ('watch -l *(int *)((long)$sp & ~0x3fff)', 'Hardware watchpoint 2'),
    ('continue', 'Old value = 0.*New value = 1470918301.*in set_task_stack_end_magic'),
    ('delete', ''),
    ('tbreak vfs_caches_init', 'Temporary breakpoint'),
    ('continue', 'in vfs_caches_init'),
    ('finish', ' in start_kernel'),
    ('set $old = $SCTLR_EL1', ''),
    ('print $old & 1', '= 1'), # MMU
    ('set var $SCTLR_EL1 = $old ^ 0x200', ''), # UMA
    ('print $SCTLR_EL1 == ($old ^ 0x200)', '= 1'),
    ('set var $SCTLR_EL1 = $old', ''),
    ('set var $v31.d.u[1] = 0x1122334455667788', ''),
    ('print/x $v31.d.u', r'= \{0x[0-9a-f]*, 0x1122334455667788\}'),
    ('tbreak run_init_process', ''),
    ('continue', 'in run_init_process'),
    ('info threads', r'1 .*CPU#0.*2 .*CPU#1.*on'),
    ('thread 2', 'Switching to thread 2'),
    ('print $MPIDR_EL1 & 0xff', '= 1'),
    ('backtrace', '#0'),
    ('thread 1', 'Switching to thread 1'),
    ('print $MPIDR_EL1 & 0xff', '= 0'),
    (INTERRUPT, ''),
    ('continue', 'SIGINT'),
    ('stepi 100', '.'),
    ('detach', 'detached'),
]

AGAIN = [
    ('target remote SERVER', '.'),
    ('print $MPIDR_EL1 & 0xff', '= 0'),
    ('tbreak __arm64_sys_getpid', ''),
    ('detach', 'detached'),
]


def guest_folders(*names):
    cache = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')
    folders = [os.path.join(cache, 'dragoman', 'guests', name) for name in names]
    if not all(map(os.path.exists, folders)):
        print('first: tools/guest', *names)
        sys.exit(SKIPPED)
    return folders


def linux(program, folder):
    need('gdb-multiarch')
    kernel, shell = guest_folders('linux-arm64', 'busybox-arm64')
    symbols = os.path.join(folder, 'kernel.elf')
    subprocess.run([sys.executable, os.path.join(ROOT, 'tools', 'symbols.py'), kernel + '/vmlinuz', symbols], check=True)
    target = Dragoman(program, folder, '-m', '512', '-smp', '2', '-S', '-kernel', kernel + '/vmlinuz', '-initrd',
                      shell + '/initrd.gz', '-append', 'console=ttyAMA0 nokaslr quiet')
    gdb(target, LINUX, symbols)
    target.expect('/root # ', 60)
    gdb(target, AGAIN, symbols)
    target.end()


# ---- a PC ----

PC = [
    ('target remote SERVER', '0x0*fffffff0'),
    ('info registers rip cs eflags', r'rip .*0xfffffff0.*cs .*0xf000.*eflags .*0x2 '),
    ('stepi', '0x0*f0000 '),
    ('hbreak *REAL', 'Hardware assisted breakpoint 1'),
    ('continue', 'Breakpoint 1'),
    ('print $pc == REAL', '= 1'),
    ('print/x $rbx', '= 0x1234'),
    ('set var $rbx = 0x4321', ''),
    ('stepi', ''),
    ('stepi', ''),
    ('x/1xh 0x1008', '0x4322'),
    ('print $cr0 & 1', '= 0'),
    ('break *PROTECTED', 'Breakpoint 2'),
    ('continue', 'Breakpoint 2'),
    ('print $cr0 & 1', '= 1'),
    ('print $cs', '= 8'),
    # A selector loads what it selects, if that is there.
    ('set var $fs = 16', ''),
    ('print $fs', '= 16'),
    ('set var $fs = 0xfff8', ''),
    ('print $fs', '= 16'),
    ('set var $fs = 0', ''),
    ('print $fs', '= 0'),
    ('delete', ''),
    ('watch *(int *)0x1000', 'Hardware watchpoint 3'),
    ('continue', 'Old value = 0.*New value = 7'),
    ('continue', 'Old value = 7.*New value = 14'),
    ('delete', ''),
    # A string instruction that reads what is watched goes on behind it.
    ('rwatch *(int *)0x1004', 'read watchpoint 4'),
    ('set var *(int *)0x1004 = 6', ''),
    ('continue', 'watchpoint 4.*Value = 6'),
    ('print $rcx', '= [01]'),
    ('continue', 'watchpoint 4.*Value = 6'),
    ('delete', ''),
    ('tbreak *LEAF', 'Temporary breakpoint'),
    ('continue', 'breakpoint 5'),
    ('print $eax', '= 6'),
    ('stepi', ''),
    ('print $eax', '= 8'),
    ('print *(int *)$esp == PROTECTED + CALL', '= 1'),
    ('set var $eflags = 0x8d7', ''),
    ('print $eflags', r'\[ CF PF AF ZF SF OF \]'),
    ('set var $xmm7.v4_int32[2] = 77', ''),
    ('print $xmm7.v4_int32', r'= \{0, 0, 77, 0\}'),
    ('set var $st0 = 2.5', ''),
    ('print $st0', '= 2.5'),
    ('set var $cr2 = 0x12345678', ''),
    ('print/x $cr2', '= 0x12345678'),
    ('set var $lstar = 0xffffffff81000000', ''),
    ('print/x $lstar', '= 0xffffffff81000000'),
    ('monitor vtop 0x1000', 'physical 0x1000'),
    (INTERRUPT, ''),
    ('continue', 'SIGINT'),
    ('detach', 'detached'),
]


def pc(program, folder):
    need('gcc')
    need('gdb-multiarch')
    elf, rom = os.path.join(folder, 'pc.elf'), os.path.join(folder, 'pc.bin')
    for file, form in (elf, ''), (rom, ',--oformat=binary'):
        subprocess.run(['gcc', '-m32', '-nostdlib', '-static', '-no-pie', '-o', file, os.path.join(HERE, 'gdb', 'pc.S'),
                        '-Wl,-Ttext=0,--build-id=none,-z,noexecstack' + form], check=True)
    symbols = subprocess.run(['nm', elf], capture_output=True, text=True, check=True).stdout
    place = {name: int(at, 16) + 0xf0000 for at, _, name in (line.split() for line in symbols.splitlines())}
    words = {name.upper(): hex(place[name]) for name in ('real', 'protected', 'leaf')}
    words['CALL'] = '25' # bytes to what follows the call
    steps = [(re.sub('|'.join(words), lambda m: words[m[0]], command), pattern) for command, pattern in PC]
    target = Dragoman(program, folder, '-S', '-bios', rom, machine=('pc',))
    gdb(target, steps, '/dev/null')
    target.end()


# The same for a stock kernel of a PC, from the first instruction of the BIOS.
LINUX_PC = [
    ('target remote SERVER', '0x0*fffffff0'),
    ('info registers rip cs eflags', r'rip .*0xfffffff0.*cs .*0xf000.*eflags .*0x2 '),
    ('stepi', '0x0*fe05b '),
    ('stepi', '.'),
    ('print $cr0 & 1', '= 0'),
    ('break start_kernel', 'Breakpoint 1'),
    ('continue', 'Breakpoint 1, .* in start_kernel'),
    ('print/x $cr0 & 0x80000001', '= 0x80000001'),
    ('print/x $efer & 0x500', '= 0x500'), # long mode
    ('print $cs', '= 16'),
    ('backtrace', '#0 .* in start_kernel.*#1 .* in secondary_startup_64'),
    ('stepi', 'in __fentry__'), # it begins with a call
    ('finish', 'in start_kernel'),
    ('monitor vtop $rip', 'regime supervisor.*PML4E.*physical 0x3.*mapped by 2048 KiB'),
    ('delete', ''),
    ('watch *(unsigned long *)&jiffies', 'Hardware watchpoint 2'),
    ('continue', 'Old value = 4294892[0-9]*.*New value = 4294892'),
    ('delete', ''),
    ('tbreak vfs_caches_init', 'Temporary breakpoint'),
    ('continue', 'in vfs_caches_init'),
    ('finish', ' in start_kernel'),
    # Registers of all kinds, read and written.
    ('print $gs_base != 0', '= 1'),
    ('set $old = $k_gs_base', ''),
    ('set var $k_gs_base = 0x123456789000', ''),
    ('print/x $k_gs_base', '= 0x123456789000'),
    ('set var $k_gs_base = $old', ''),
    ('set $old = $cr4', ''),
    ('set var $cr4 = $old ^ 4', ''), # TSD
    ('print $cr4 == ($old ^ 4)', '= 1'),
    ('set var $cr4 = $old', ''),
    ('set var $ymm15.v4_int64[3] = 0x1122334455667788', ''),
    ('print/x $ymm15.v4_int64', r'= \{0x[0-9a-f]*, 0x[0-9a-f]*, 0x[0-9a-f]*, 0x1122334455667788\}'),
    ('print/x $xmm0.uint128', '= 0x'),
    ('print $fctrl', '= 895'), # 37fh
    ('tbreak run_init_process', ''),
    ('continue', 'in run_init_process'),
    ('info threads', r'1 .*CPU#0.*2 .*CPU#1.*on'),
    ('thread 2', 'Switching to thread 2'),
    ('backtrace', '#0'),
    ('thread 1', 'Switching to thread 1'),
    (INTERRUPT, ''),
    ('continue', 'SIGINT'),
    ('stepi 100', '.'),
    ('detach', 'detached'),
]

AGAIN_PC = [
    ('target remote SERVER', '.'),
    ('print $cr0 & 1', '= 1'),
    ('tbreak __x64_sys_getpid', ''),
    ('detach', 'detached'),
]


def linux_pc(program, folder):
    need('gdb-multiarch')
    kernel, shell = guest_folders('linux-amd64', 'busybox-amd64')
    symbols = os.path.join(folder, 'kernel.elf')
    subprocess.run([sys.executable, os.path.join(ROOT, 'tools', 'symbols.py'), kernel + '/vmlinuz', symbols], check=True)
    target = Dragoman(program, folder, '-cpu', 'max', '-m', '512', '-smp', '2', '-S', '-kernel', kernel + '/vmlinuz', '-initrd',
                      shell + '/initrd.gz', '-append', 'console=ttyS0 nokaslr quiet', machine=('pc',))
    gdb(target, LINUX_PC, symbols)
    target.expect('/root # ', 100)
    gdb(target, AGAIN_PC, symbols)
    target.end()


# ---- raw packets ----

class Wire:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        while self.socket.connect_ex(path): # it is there a moment before it listens
            time.sleep(0.01)
        self.socket.settimeout(10)
        self.bytes = b''

    def more(self):
        got = self.socket.recv(65536)
        check(got, 'the server hung up')
        self.bytes += got

    def send(self, packet, checksum=None):
        data = packet.encode() if isinstance(packet, str) else packet
        total = sum(data) & 0xff if checksum is None else checksum
        self.socket.sendall(b'$' + data + b'#%02x' % total)

    def byte(self):
        while not self.bytes:
            self.more()
        first, self.bytes = self.bytes[:1], self.bytes[1:]
        return first

    def answer(self):
        """The next packet, acknowledgements left out."""
        while self.byte() != b'$':
            pass
        while b'#' not in self.bytes or len(self.bytes) < self.bytes.index(b'#') + 3:
            self.more()
        end = self.bytes.index(b'#')
        packet, said, self.bytes = self.bytes[:end], self.bytes[end + 1:end + 3], self.bytes[end + 3:]
        check(int(said, 16) == sum(packet) & 0xff, f'checksum of {packet}')
        return packet.decode('latin1')

    def ask(self, packet):
        self.send(packet)
        return self.answer()

    def close(self):
        self.socket.close()


# What is sent, and what the answer must match.
ANSWERS = [
    ('?', 'T05thread:'),
    ('!', 'OK$'),
    ('qSupported:multiprocess+;swbreak+', 'PacketSize=10000;.*qXfer:features:read.*multiprocess'),
    ('qAttached', '1$'),
    ('qC', r'QCp1\.1$'),
    ('qfThreadInfo', r'mp1\.1,p1\.2$'),
    ('qsThreadInfo', 'l$'),
    ('qThreadExtraInfo,p1.2', '[0-9a-f]+$'),
    ('qThreadExtraInfo,p1.3', 'E'),
    ('T1', 'OK'), ('Tp1.2', 'OK'), ('T3', 'E'), ('Tp2.1', 'E'), ('T', 'E'), ('T99999999999999999999', 'E'),
    ('Hg0', 'OK'), ('Hgp1.2', 'OK'), ('Hc-1', 'OK'), ('Hg7', 'E'), ('H', 'E'), ('Hx1', 'E'), ('Hgp1.1', 'OK'),
    ('vCont?', 'vCont;c;C;s;S'),
    ('vCont;q', 'E'), ('vCont;', 'E'), ('vCont;C', 'E'), ('vCont;t', 'E'), ('vCont;s:p9.9', 'E'), ('vCont;r1:1', 'E'),
    ('g', '[0-9a-f]{1576}$'),
    ('G00', 'E'), ('Gzz', 'E'),
    ('p0', '[0-9a-f]{16}$'), ('p', 'E'), ('pffff', 'E'), ('pfffffffffffffffff', 'E'), ('p-1', 'E'),
    ('P1=8877665544332211', 'OK'), ('p1', '8877665544332211$'),
    ('P1=88', 'E'), ('P1', 'E'), ('Pffff=0000000000000000', 'E'), ('P1=zz77665544332211', 'E'),
    ('M40000000,4:01020304', 'OK'), ('m40000000,4', '01020304$'), ('m40000001,3', '020304$'),
    ('X40000010,3:}\x03}\x04\x7d\x5d', 'OK'), ('m40000010,3', '23247d$'),
    ('x40000000,4', 'b\x01\x02\x03\x04$'),
    ('M40000000,4:0102030', 'E'), ('M40000000,4', 'E'), ('M40000000,8:01', 'E'), ('X40000000,4:a', 'E'), ('m', 'E'),
    ('m40000000', 'E'), ('m40000000,', 'E'), ('m40000000,fffffff', 'E'), ('mfffffffffffffff0,20', 'E'),
    ('m40000000,0', '$'),
    ('qSearch:memory:40000000;1000;\x03\x04', '1,40000002$'),
    ('qSearch:memory:40000000;1000;nowhere', '0$'),
    ('qSearch:memory:40000000;1000;', 'E'), ('qSearch:memory:', 'E'), ('qSearch:memory:0;ffffffffffffffff;x', 'E'),
    ('qCRC:40000000,2', 'C[0-9a-f]{8}$'), ('qCRC:7000000000000,4', 'E01'), ('qCRC:', 'E'), ('qCx', '$'),
    ('Z0,40000000,4', 'OK'), ('Z0,40000000,4', 'OK'), ('z0,40000000,4', 'OK'), ('z0,40000000,4', 'OK'),
    ('Z1,ffff800000000000,4', 'OK'), ('Z2,40000000,0', 'E'), ('Z2,ffffffffffffffff,8', 'E'), ('Z3,40000000,1', 'OK'),
    ('Z4,40000000,100000000', 'OK'), ('Z9,0,0', '$'), ('Z0', 'E'), ('Z0,', 'E'), ('Zx,0,0', 'E'),
    ('z1,ffff800000000000,4', 'OK'), ('z3,40000000,1', 'OK'), ('z4,40000000,100000000', 'OK'),
    ('qXfer:features:read:target.xml:0,100', r'm<\?xml'), ('qXfer:features:read:other.xml:0,100', 'E00'),
    ('qXfer:features:read:target.xml:ffffffff,100', 'E'), ('qXfer:features:read:target.xml:0', 'E'),
    ('qXfer:memory-map:read::0,fff', r'l<\?xml.*<memory type="ram" start="0x40000000" length="0x8000000"/>'),
    ('qRcmd,' + b'info status'.hex(), b'VM status: paused\n'.hex()),
    ('qRcmd,' + b'nonsense'.hex(), b'unknown command'.hex()), ('qRcmd,zz', 'E'), ('qRcmd,1', 'E'), ('qRcmd,', '.'),
    ('qqemu.Supported', 'sstepbits;sstep;PhyMemMode'), ('qqemu.sstep', '0x7'), ('Qqemu.sstep=5', 'OK'),
    ('qqemu.sstep', '0x5'), ('Qqemu.sstep=ff', 'E'), ('qqemu.PhyMemMode', '0'), ('Qqemu.PhyMemMode:1', 'OK'),
    ('m40000000,4', '01020304$'), ('Qqemu.PhyMemMode:0', 'OK'), ('Qqemu.PhyMemMode:2', 'E'),
    ('qSymbol::', 'OK'), ('qUnknown', '$'), ('vUnknown', '$'), ('Y', '$'), ('', '$'), ('\x00\x01\x02', '$'),
    ('s', 'T05thread'), ('S05', 'T05thread'), ('S', 'E'), ('szz', 'E'), ('vCont;s:p1.1;c', 'T05thread:p1.1'),
    ('vCont;r40000000,40000000:p1.1', 'T05thread:p1.1'),
    ('vAttach;1', 'T05thread'), ('vRun;', 'T05thread'), ('p1', '0{16}$'),
]


def garbage(path):
    """Random bytes, random packets, packets cut short: the server is there for the next one."""
    dice = random.Random(1)
    letters = '!?CDGHMPSTXZcgmpsxzqQvHgT0123456789abcdef,;:=-.*#$}'
    for round_ in range(40):
        wire = Wire(path)
        if round_ % 2:
            noise = bytes(dice.randrange(256) for _ in range(4000)).replace(b'k', b'').replace(b'vKill', b'')
        else:
            noise = b''
            for _ in range(50):
                text = ''.join(dice.choice(letters) for _ in range(dice.randrange(1, 40)))
                data = dice.choice(['m', 'M', 'X', 'x', 'Z', 'z', 'P', 'p', 'G', 'qXfer:', 'qSearch:memory:', 'H', 'T']) + text
                data = data.replace('#', '').replace('$', '').encode()
                noise += b'$' + data + b'#%02x' % (sum(data) & 0xff)
        wire.socket.sendall(noise)
        wire.socket.close()
    wire = Wire(path)
    wire.socket.sendall(b'$' + b'm' * 300000 + b'#00') # longer than any packet may be
    wire.socket.sendall(b'-' * 1000 + b'+' * 1000)
    wire.socket.sendall(b'$m40000000,') # cut off by the next
    check(re.match('T0', wire.ask('?')), '? after garbage')
    wire.close()


def goes_on(path):
    """The machine with that monitor runs, or will soon."""
    with socket.socket(socket.AF_UNIX) as qmp:
        qmp.connect(path)
        file = qmp.makefile('rwb')
        for _ in range(200):
            file.write(b'{"execute":"qmp_capabilities"}{"execute":"query-status"}')
            file.flush()
            while b'"status"' not in (line := file.readline()):
                pass
            if b'"running"' in line:
                return
            time.sleep(0.05)
    raise SystemExit('the machine still stands')


def late(program, folder):
    """A server that the monitor starts, and no second one."""
    target = Dragoman(program, folder, '-m', '128', '-qmp', f'unix:{folder}/qmp,server=on,wait=off')
    wire = Wire(target.path)
    other = 'unix:' + os.path.join(folder, 'other')
    refused = bytes.fromhex(wire.ask('qRcmd,' + f'gdbserver {other}'.encode().hex()))
    check(b'a gdb server already' in refused, refused)
    # Who says "detach" and leaves at once has detached.
    wire.send('D')
    wire.close()
    goes_on(f'{folder}/qmp')
    target.end()
    process = subprocess.Popen([program, '-M', 'virt', '-display', 'none', '-S', '-serial', 'none', '-qmp', f'unix:{folder}/qmp,server=on'],
                               stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(process.kill)
    qmp = socket.socket(socket.AF_UNIX)
    while qmp.connect_ex(f'{folder}/qmp'):
        time.sleep(0.05)
    line = json.dumps({'execute': 'human-monitor-command', 'arguments': {'command-line': f'gdbserver {other}'}})
    qmp.sendall(b'{"execute":"qmp_capabilities"}' + line.encode())
    said = b''
    while b'Waiting for gdb' not in said:
        said += qmp.recv(4096) or sys.exit(f'gdbserver: {said}')
    wire = Wire(other[5:])
    check(wire.ask('?').startswith('T05'), '? after gdbserver')
    wire.close()
    process.terminate()
    check(process.wait(20) == 0, 'exit code')


def packets(program, folder):
    target = Dragoman(program, folder, '-m', '128', '-smp', '2', '-S')
    wire = Wire(target.path)
    for packet, pattern in ANSWERS:
        try:
            answer = wire.ask(packet.encode('latin1'))
        except TimeoutError:
            raise SystemExit(f'{packet!r} was not answered') from None
        check(re.match(pattern, answer, re.S), f'{packet!r} was answered {answer[:200]!r}, not {pattern!r}')
    # Acknowledgements: a wrong checksum is refused, a lost answer sent again, and both can be done without.
    wire.send('?', 0)
    while wire.byte() != b'-':
        pass
    first = wire.ask('qC')
    wire.socket.sendall(b'-')
    check(wire.answer() == first, 'the answer again')
    check(wire.ask('QStartNoAckMode') == 'OK', 'QStartNoAckMode')
    wire.socket.sendall(b'+')
    wire.send('qC', 0)
    check(wire.byte() == b'$', 'an acknowledgement after QStartNoAckMode')
    wire.answer_rest = wire.bytes
    # Interrupting what runs: the code at address 0 is flash without a program, which faults for ever.
    wire.close()
    wire = Wire(target.path)
    wire.ask('?')
    wire.send('c')
    time.sleep(0.3)
    wire.socket.sendall(b'\x03')
    check(wire.answer().startswith('T02'), 'Ctrl-C')
    # One that crossed a stop on the wire is for the next time.
    wire.socket.sendall(b'\x03')
    check(wire.ask('c').startswith('T02'), 'Ctrl-C while it stands')
    wire.close()
    garbage(target.path)
    wire = Wire(target.path)
    check(wire.ask('D').startswith('OK'), 'D')
    wire.close()
    target.end()
    target = Dragoman(program, folder, '-m', '128', '-S')
    wire = Wire(target.path)
    wire.send('vKill;1')
    check(wire.answer() == 'OK', 'vKill')
    check(target.process.wait(20) == 0, 'exit code after vKill')
    late(program, folder)


# ---- registers ----

def document(wire, name):
    text = ''
    while True:
        part = wire.ask(f'qXfer:features:read:{name}:{len(text):x},4000')
        text += part[1:]
        if part[0] == 'l':
            return text


def limits():
    """The machines of registers.t, and what registers of each do not take everything."""
    machines = {}
    with open(os.path.join(HERE, 'gdb', 'registers.t'), encoding='ascii') as file:
        for line in file:
            if line.startswith('['):
                rows = machines[line.strip()[1:-1]] = {}
            elif line.strip() and not line.startswith('#'):
                name, how, *numbers = line.split()
                rows[name] = how, [int(n, 16) for n in numbers]
    return machines


class Register:
    def __init__(self, wire, name, size, number):
        self.wire, self.name, self.size, self.number = wire, name, size, number

    def read(self):
        return int.from_bytes(bytes.fromhex(self.wire.ask(f'p{self.number:x}')), 'little')

    def write(self, value):
        answer = self.wire.ask(f'P{self.number:x}={value.to_bytes(self.size, "little").hex()}')
        check(answer == 'OK', f'{self.name} was written: {answer}')

    def test(self, how, numbers):
        """Writes what it takes and what it does not, and leaves what was there."""
        before = self.read()
        full = (1 << 8 * self.size) - 1
        cases = [(full, full), (0, 0), (full // 3, full // 3), (full // 3 * 2, full // 3 * 2)]
        if how == 'mask':
            cases = [(value, value & numbers[0] | before & ~numbers[0]) for value, _ in cases]
        elif how == 'values':
            cases = [(value, value) for value in numbers]
        elif how == 'set':
            cases = [(0, before), (full, before | numbers[0]), (0, before | numbers[0])]
        elif how == 'clear':
            cases = [(0, before), (full, before & ~numbers[0])]
        for value, wanted in cases:
            self.write(value)
            got = self.read()
            check(got == wanted, f'{self.name}: {value:x} was written, it reads {got:x}, not {wanted:x}')
        self.write(before)
        check(how in ('set', 'clear') or self.read() == before, f'{self.name}: {before:x} is not there again')


def registers(program, folder):
    """Each register of the features is what registers.t says, and nothing is there that the features do not have."""
    for machine, rows in limits().items():
        target = Dragoman(program, folder, '-m', '128', '-S', machine=machine.split())
        wire = Wire(target.path)
        wire.ask('?')
        said = re.findall(r'<reg name="([^"]+)" bitsize="(\d+)" regnum="(\d+)"', document(wire, 'target.xml'))
        check(len(said) > 90 and set(rows) <= {name for name, _, _ in said}, f'registers of {machine}: {said}')
        for name, bits, number in said:
            Register(wire, name, int(bits) // 8, int(number)).test(*rows.get(name, ('all', [])))
        print(f'{machine}: {len(said)} registers')
        wire.close()
        target.end()


CASES = {'registers': registers, 'bare': bare, 'load': load, 'linux': linux, 'linux-pc': linux_pc, 'pc': pc, 'packets': packets}


def main(args):
    if len(args) != 2 or args[1] not in CASES:
        sys.exit(__doc__)
    signal.signal(signal.SIGALRM, lambda *_: sys.exit('it took too long'))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('ended'))
    signal.alarm(300)
    with tempfile.TemporaryDirectory() as folder:
        CASES[args[1]](os.path.abspath(args[0]), folder)


if __name__ == '__main__':
    main(sys.argv[1:])
