# Guests that take minutes: ./check long, or meson test --setup long --suite long. tools/boottest.py describes the steps.

# A Debian system on a disk, as debootstrap --foreign makes it: second half of the installation on the emulated processor, a
# boot to the login prompt, packages from the network, compilers and interpreters against the host's, load, a clean end.
debian: -M virt -cpu max -smp 4 -m 2G -nographic -kernel {linux-arm64}/vmlinuz -initrd {rootfs-arm64}/initrd.gz -append "console=ttyAMA0 quiet root=/dev/vda init=/first-boot finish=poweroff" -drive file={scratch:rootfs-arm64/disk.img},format=raw,if=none,id=d -device virtio-blk-device,drive=d -netdev user,id=n -device virtio-net-device,netdev=n
    expect "FIRSTBOOT start"  reject "FIRSTBOOT failed"  reject "Oops"  reject "BUG:"  reject "rcu: INFO"
    expect "FIRSTBOOT done"
    exit 0
    again "-append 'console=ttyAMA0 net.ifnames=0 root=/dev/vda'"
    expect "guest login: "  send "root\n"
    expect "root@guest:~# "  send "echo $(nproc) CPUs, $(uname -m)\n"  expect "4 CPUs, aarch64"
    expect "root@guest:~# "  send "apt-get -q update && echo update: ok\n"  expect "update: ok\n"
    expect "root@guest:~# "  send "apt-get -q -y install gcc python3 perl stress-ng hello && hello\n"  expect "Hello, world!"
    expect "root@guest:~# "  send "dpkg --audit && dpkg --verify && echo dpkg: $((1 + 1)) ok\n"  expect "dpkg: 2 ok"
    expect "root@guest:~# "  send "time /programs/run\n"
    same "tests/machine/programs/run"
    expect "root@guest:~# "  send "stress-ng --cpu 4 --vm 2 --vm-bytes 64M -t 60 --metrics-brief\n"  expect "successful run completed"
    expect "root@guest:~# "  send "dmesg -l err,crit,alert,emerg | wc -l\n"
    expect "root@guest:~# "  send "poweroff\n"
    expect "Power down"
    exit 0
    host "PATH=$PATH:/sbin:/usr/sbin e2fsck -fn {scratch:rootfs-arm64/disk.img}"
    within 5400

# The same on a hard disk of a PC, with GRUB in its boot sector: the machine is given nothing but the disk.
debian-amd64: -M pc -cpu max -smp 4 -m 1G -nographic -drive file={scratch:rootfs-amd64/disk.img},format=raw -nic user -device virtio-keyboard-pci -device virtio-tablet-pci
    expect "GNU GRUB"  reject "FIRSTBOOT failed"  reject "Oops"  reject "BUG:"  reject "rcu: INFO"
    expect "FIRSTBOOT start"
    expect "FIRSTBOOT done"
    exit 0
    again ""
    expect "GNU GRUB"
    expect "guest login: "  send "root\n"
    expect "root@guest:~# "  send "echo $(nproc) CPUs, $(uname -m)\n"  expect "4 CPUs, x86_64"
    expect "root@guest:~# "  send "apt-get -q update && echo update: ok\n"  expect "update: ok\n"
    expect "root@guest:~# "  send "apt-get -q -y install hello && hello\n"  expect "Hello, world!"
    expect "root@guest:~# "  send "time /programs/run gcc\n"
    same "tests/machine/programs/run gcc"
    expect "root@guest:~# "  send "grep -A9 'Virtio Tablet' /proc/bus/input/devices\n"  expect "B: ABS=3\n"
    expect "root@guest:~# "  send "dpkg --audit && dpkg --verify && echo dpkg: $((1 + 1)) ok\n"  expect "dpkg: 2 ok"
    expect "root@guest:~# "  send "reboot\n"
    expect "GNU GRUB"
    expect "guest login: "  send "root\n"
    expect "root@guest:~# "  send "dmesg -l err,crit,alert,emerg | wc -l\n"
    expect "root@guest:~# "  send "poweroff\n"
    expect "Power down"
    exit 0
    host "PATH=$PATH:/sbin:/usr/sbin e2fsck -fn '{scratch:rootfs-amd64/disk.img}?offset=1048576'"
    within 5400

installer-amd64: -M pc -cpu max -m 1G -nographic -nic none -kernel {netboot-amd64}/linux -initrd {netboot-amd64}/initrd.gz -append "console=ttyS0"
    expect "Select a language"
    expect "<Enter> activates buttons"  send "\r"
    expect "Select your location"
    expect "<Go Back>"  send "\x1b[B"  expect "Zambia"  send "\r"
    expect "Configure the keyboard"
    send "\x01x"
    exit 0
    within 1200

installer-i386: -M pc -cpu pentium3 -m 1G -nographic -nic none -kernel {netboot-i386}/linux -initrd {netboot-i386}/initrd.gz -append "console=ttyS0"
    expect "Select a language"
    expect "<Enter> activates buttons"  send "\r"
    expect "Select your location"
    expect "<Go Back>"  send "\x1b[B"  expect "Zambia"  send "\r"
    expect "Configure the keyboard"
    send "\x01x"
    exit 0
    within 1200

installer-amd64-gtk: tests/machine/installer.py {netboot-amd64}/gtk -cpu max
    exit 0
    within 2400

installer-i386-gtk: tests/machine/installer.py {netboot-i386}/gtk -cpu pentium3
    exit 0
    within 2400

# A whole pass, some ten minutes of which it waits for memory to fade.
memtest: tests/machine/memtest.py {memtest}/memtest86+64.bin
    exit 0
    within 3600

memtest-i386: tests/machine/memtest.py {memtest}/memtest86+.bin -cpu pentium3
    exit 0
    within 3600

# No outcome that the architecture forbids in a million runs of each memory-ordering test; it prints all outcomes.
litmus: -M virt -cpu max -smp 4 -m 256 -nographic -kernel {litmus-arm64}/litmus.elf
    expect "runs: "  send "1000000\n"
    reject "FORBIDDEN"
    expect "2+2W+stlr+stlr"  expect "\n0 forbidden outcomes"
    exit 0
    within 3600

litmus-pc: -M pc -cpu max -smp 4 -m 64 -nographic -nic none -kernel {litmus-pc}/litmus.elf -device isa-debug-exit,iobase=0xf4
    expect "runs: "  send "1000000\n"
    reject "FORBIDDEN"
    expect "2+2W+xchg+xchg"  expect "\n0 forbidden outcomes"
    exit 33
    within 3600

linux-lockstep: --lockstep -M virt -cpu max -m 512 -nographic -icount shift=3,sleep=off -kernel {linux-arm64}/vmlinuz -initrd {busybox-arm64}/initrd.gz -append "console=ttyAMA0 quiet"
    expect "/root # "  send "echo $((6 * 7)) $(uname -m)\n"  expect "42 aarch64"
    expect "/root # "  send "poweroff\n"
    expect "lockstep: no difference"
    exit 0
    within 1500

linux-lockstep-smp: --lockstep -M virt -cpu neoverse-n1 -smp 2 -m 512 -nographic -kernel {linux-arm64}/vmlinuz -initrd {busybox-arm64}/initrd.gz -append "console=ttyAMA0 quiet"
    expect "/root # "  send "seq 2000 | md5sum; echo the $((2 * 4)) end\n"  expect "the 8 end"
    expect "/root # "  send "poweroff\n"
    expect "lockstep: no difference"
    exit 0
    within 1800

# Each counted guest saved and loaded again at 200 moments, memory and registers at the end compared. One of them alone is
# tests/machine/rewind.py PROGRAM 200 "virt, linux, disk".
rewind-virt: tests/machine/rewind.py 200 virt
    exit 0
    within 10800

rewind-pc: tests/machine/rewind.py 200 "pc, real mode" "pc, x87"
    exit 0
    within 7200

rewind-pc-linux: tests/machine/rewind.py 200 "pc, linux, 2 CPUs"
    exit 0
    within 14400

# Counted, so that a difference is there again at the same instruction. They begin where the kernel says its first word, to leave
# out that it unpacks itself, which would be most of the time.
linux-amd64-lockstep: -M pc -cpu max -m 256 -nographic -nic none -icount shift=3,sleep=off -snapshot-dir {scratch} -kernel {linux-amd64}/vmlinuz -initrd {busybox-amd64}/initrd.gz -append "console=ttyS0 earlyprintk=serial,ttyS0,keep cryptomgr.notests"
    expect "Linux version"  send "\x01c"  expect "(qemu) "  send "savevm early\n"  expect "(qemu) "  send "quit\n"
    exit 0
    again "--lockstep -loadvm early"
    expect "/root # "  send "echo $((6 * 7)) $(uname -m)\n"  expect "42 x86_64"
    expect "/root # "  send "poweroff\n"
    expect "lockstep: no difference"
    exit 0
    within 7200

linux-i386-lockstep: -M pc -cpu pentium3 -m 256 -nographic -nic none -icount shift=3,sleep=off -snapshot-dir {scratch} -kernel {linux-i386}/vmlinuz -initrd {busybox-i386}/initrd.gz -append "console=ttyS0 earlyprintk=serial,ttyS0,keep cryptomgr.notests"
    expect "Linux version"  send "\x01c"  expect "(qemu) "  send "savevm early\n"  expect "(qemu) "  send "quit\n"
    exit 0
    again "--lockstep -loadvm early"
    expect "/root # "  send "echo $((6 * 7)) $(uname -m)\n"  expect "42 i686"
    expect "/root # "  send "poweroff\n"
    expect "lockstep: no difference"
    exit 0
    within 7200
