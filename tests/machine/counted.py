"""The guests of repeat.py and rewind.py: for each machine of the program some that do the same every time with -icount,
and print what memory and registers come to after so many instructions."""
import os
import random
import re
import socket
import subprocess
import sys
import time

GUESTS = os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'dragoman', 'guests')
LINUX = ['-kernel', GUESTS + '/linux-arm64/vmlinuz', '-initrd', GUESTS + '/busybox-arm64/initrd.gz']
VIRT = ['-cpu', 'max', '-m', '192', *LINUX]
# The kernel's own tests and measurements of files take half of a boot.
QUICK = 'console=ttyAMA0 cryptomgr.notests initcall_blacklist=init_ima,init_evm,integrity_iintcache_init'
BOOT = ['-append', QUICK]
PC = ['-cpu', 'max', '-m', '192', '-kernel', GUESTS + '/linux-amd64/vmlinuz', '-initrd', GUESTS + '/busybox-amd64/initrd.gz', '-append',
      QUICK.replace('ttyAMA0', 'ttyS0')]
# Reads and writes a disk from several processes.
COPY = ('/bin/busybox --install -s /bin; export PATH=/bin; mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev; probe; '
        'dd if=/dev/vda of=/a bs=64k count=64 & dd if=/dev/vda of=/b bs=4k skip=2000 count=500; wait; cat /a /b > /dev/vda; sync; md5sum /dev/vda; dd if=/dev/hwrng bs=16 count=1 of=/r; cat /r > /dev/vda; '
        'while true; do dd if=/dev/hwrng bs=16 count=1 of=/dev/vda; dd if=/dev/vda of=/dev/vda bs=16k seek=100 count=100 conv=notrunc,fsync; done')


# Asks the network for an address, and whether it is there.
NET = ('/bin/busybox --install -s /bin; export PATH=/bin; mount -t proc p /proc; mount -t sysfs s /sys; probe; ip link set eth0 up; udhcpc -n -q -i eth0 -s /bin/true; '
       'ip addr add 10.0.2.15/24 dev eth0; while true; do ping -c 2 10.0.2.2; done')


class Guest:
    def __init__(self, name, count, *options, disk=False, net=False, long=False, says='Linux version '):
        self.name, self.count, self.options, self.disk, self.net, self.long = name, count, list(options), disk, net, long
        self.says = says.encode()


GUESTS_OF = {
    'virt': [
        Guest('linux', 300_000_000, *VIRT, *BOOT),
        Guest('linux, 2 CPUs', 300_000_000, *VIRT, *BOOT, '-smp', '2'),
        Guest('linux, GICv3, 2 CPUs', 300_000_000, *VIRT, *BOOT, '-smp', '2', '-M', 'gic-version=3'),
        Guest('linux, disk', 800_000_000, *VIRT, '-append', f'{QUICK} rdinit=/bin/busybox -- sh -c "{COPY}"', '-device', 'virtio-rng-device',
              disk=True, says='records out'),
        Guest('linux, network', 700_000_000, *VIRT, '-append', f'{QUICK} rdinit=/bin/busybox -- sh -c "{NET}"', net=True,
              says='2 packets received'),
        Guest('a program alone, 2 CPUs', 60_000_000, '-cpu', 'max', '-smp', '2', '-m', '256', '-kernel', '{churn}', '-append', 'seconds=600'),
    ],
    'pc': [
        Guest('real mode', 60_000_000, '-bios', '{clock}'),
        Guest('x87', 60_000_000, '-bios', '{x87}'),
        Guest('linux, 2 CPUs', 7_000_000_000, *PC, '-smp', '2', long=True, says='/root # '), # it unpacks itself for 5 billion
    ],
}


def built(program):
    """The programs that the build made beside it, by name."""
    folder = os.path.join(os.path.dirname(os.path.abspath(program)), '..', 'tests', 'machine')
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return {os.path.splitext(n)[0]: os.path.join(folder, n) for n in names if n.endswith(('.elf', '.bin'))}


def guests(program):
    """Those of each machine that the program has; a machine without any is a mistake."""
    said = subprocess.run([program, '-M', 'help'], capture_output=True, text=True, check=True).stdout
    for machine in re.findall(r'^(\S+)  ', said, re.M):
        if machine not in GUESTS_OF:
            sys.exit(f'give machine {machine} a guest in tests/machine/counted.py')
        for guest in GUESTS_OF[machine]:
            yield machine, guest


def connected(path):
    """To who is about to listen there; the socket is there a moment before it does."""
    client = socket.socket(socket.AF_UNIX)
    while client.connect_ex(path):
        time.sleep(0.01)
    return client


def command(program, machine, guest, programs, scratch, count=None, serial='null'):
    """A command line; `programs`: files by the names that options have in braces."""
    options = [o[1:-1] in programs and programs[o[1:-1]] or o for o in guest.options]
    if guest.disk:
        path = os.path.join(scratch, 'disk')
        if not os.path.exists(path):
            with open(path, 'wb') as f:
                f.write(random.Random(1).randbytes(12 << 20))
        options += ['-drive', f'file={path},format=raw,snapshot=on']
    return [program, '-M', machine, *options, '-display', 'none', '-nic', 'user' if guest.net else 'none', '-serial', serial,
            '-icount', f'shift=3,sleep=off,stop={count or guest.count}']


def there(guest, programs):
    """Whether all its files are."""
    named = [o for o in guest.options if o.startswith('{')]
    files = [programs[o[1:-1]] for o in named if o[1:-1] in programs] + [o for o in guest.options if o.startswith('/')]
    return len(named) == sum(o[1:-1] in programs for o in named) and all(os.path.exists(f) for f in files)
