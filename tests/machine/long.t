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

# No outcome that the architecture forbids in a million runs of each memory-ordering test; it prints all outcomes.
litmus: -M virt -cpu max -smp 4 -m 256 -nographic -kernel {litmus-arm64}/litmus.elf
    expect "runs: "  send "1000000\n"
    reject "FORBIDDEN"
    expect "2+2W+stlr+stlr"  expect "\n0 forbidden outcomes"
    exit 0
    within 3600

linux-lockstep: --lockstep -M virt -cpu max -m 512 -nographic -kernel {linux-arm64}/vmlinuz -initrd {busybox-arm64}/initrd.gz -append "console=ttyAMA0 quiet"
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
