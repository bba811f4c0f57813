# Machine virt: what boots on it. tools/boottest.py describes the steps.

linux-shell: -M virt -cpu max -m 512 -nographic -kernel {linux-arm64}/vmlinuz -initrd {busybox-arm64}/initrd.gz -append "console=ttyAMA0 quiet"
    expect "on aarch64"
    expect "/root # "  send "echo $((6 * 7)) $(uname -m)\n"  expect "42 aarch64"
    expect "/root # "  send "poweroff\n"
    exit 0
    within 120

# What was saved goes on in another process.
linux-snapshot: -M virt -cpu max -m 512 -smp 2 -nographic -kernel {linux-arm64}/vmlinuz -initrd {busybox-arm64}/initrd.gz -append "console=ttyAMA0 quiet" -snapshot-dir {scratch}
    expect "/root # "  send "KEPT=$((6 * 7)); (while :; do uptime; sleep 1; done) > log &\n"
    expect "/root # "  send "\x01c"  expect "(qemu) "  send "savevm shell\n"  expect "(qemu) "  send "quit\n"
    exit 0
    again "-loadvm shell"
    send "echo kept $KEPT; sleep 2; wc -l < log\n"  expect "kept 42"  expect "/root # "
    send "\x01c"  expect "(qemu) "  send "loadvm shell\n"  expect "(qemu) "  send "info snapshots\n"  expect "shell "
    expect "(qemu) "  send "delvm shell\n"  expect "(qemu) "  send "info snapshots\n"  expect "no snapshot"
    send "\x01c"  send "echo again $KEPT; poweroff\n"  expect "again 42"
    exit 0
    within 120

linux-smp: -M virt -cpu neoverse-n1 -smp 4 -m 1G -nographic -kernel {linux-arm64}/vmlinuz -initrd {busybox-arm64}/initrd.gz -append "console=ttyAMA0 quiet"
    expect "4 CPU"
    expect "/root # "  send "for n in 1 2 3 4; do seq 200000 | md5sum & done; wait; echo all $((8 / 2)) done\n"
    expect "all 4 done"
    expect "/root # "  send "poweroff\n"
    exit 0
    within 180

# All units from stencils at first, also those of code that comes and goes.
linux-quick: -M virt -cpu max -smp 4 -m 512 -nographic -accel tcg,quick=on -kernel {linux-arm64}/vmlinuz -initrd {busybox-arm64}/initrd.gz -append "console=ttyAMA0 quiet"
    expect "/root # "  send "for n in 1 2 3 4; do seq 50000 | md5sum & done; wait; echo all $((8 / 2)) done\n"
    expect "all 4 done"
    expect "/root # "  send "seq 50000 | md5sum; ls -lR /bin | wc -l; poweroff\n"  expect "c1d4ba52c72ac7bcc71ff2d6c083e684"
    exit 0
    within 180

linux-gicv3: -M virt,gic-version=3 -cpu max -smp 2 -m 512 -nographic -kernel {linux-arm64}/vmlinuz -initrd {busybox-arm64}/initrd.gz -append "console=ttyAMA0 quiet"
    expect "2 CPU"
    expect "/root # "  send "grep GICv3 /proc/interrupts | head -1\n"  expect "arch_timer"
    expect "/root # "  send "poweroff\n"
    exit 0
    within 180

linux-el2: -M virt,virtualization=on -cpu cortex-a57 -m 512 -nographic -kernel {linux-arm64}/vmlinuz -initrd {busybox-arm64}/initrd.gz -append "console=ttyAMA0"
    expect "All CPU(s) started at EL2"
    expect "/root # "  send "poweroff\n"
    exit 0
    within 180

linux-reboot: -M virt -cpu max -m 512 -nographic -no-reboot -kernel {linux-arm64}/vmlinuz -initrd {busybox-arm64}/initrd.gz -append "console=ttyAMA0 quiet"
    expect "/root # "  send "reboot\n"
    exit 0
    within 120

linux-disk: -M virt -cpu max -m 512 -nographic -kernel {linux-arm64}/vmlinuz -initrd {busybox-arm64}/initrd.gz -append "console=ttyAMA0 quiet" -drive file={scratch:u-boot-arm64/u-boot.bin},format=raw,if=none,id=d -device virtio-blk-device,drive=d
    expect "/root # "  send "head -c 65536 /dev/urandom > a; dd if=a of=/dev/vda seek=100; sync; echo 3 > /proc/sys/vm/drop_caches\n"
    expect "/root # "  send "dd if=/dev/vda of=b skip=100 count=128; cmp a b && echo the $((3 - 1)) agree\n"  expect "the 2 agree"
    expect "/root # "  send "poweroff\n"
    exit 0
    within 120

linux-network: -M virt -cpu max -m 512 -nographic -kernel {linux-arm64}/vmlinuz -initrd {busybox-arm64}/initrd.gz -append "console=ttyAMA0 quiet" -netdev user,id=n -device virtio-net-device,netdev=n
    expect "/root # "  send "ip link set eth0 up; udhcpc -n -q -i eth0 -s /bin/true\n"  expect "lease of 10.0.2.15 obtained"
    expect "/root # "  send "ip address add 10.0.2.15/24 dev eth0; ping -c 2 10.0.2.2\n"  expect "2 packets received"
    expect "/root # "  send "poweroff\n"
    exit 0
    within 120

linux-pci: -M virt -cpu max -m 512 -nographic -kernel {linux-arm64}/vmlinuz -initrd {busybox-arm64}/initrd.gz -append "console=ttyAMA0 quiet" -drive file={scratch:u-boot-arm64/u-boot.bin},format=raw,if=none,id=d -device virtio-blk-pci,drive=d
    expect "/root # "  send "cat /sys/bus/pci/devices/*/vendor; ls /sys/block\n"  expect "0x1af4"  expect "vda"
    expect "/root # "  send "md5sum < /dev/vda\n" expect "  -"
    expect "/root # "  send "poweroff\n"
    exit 0
    within 120

installer: -M virt -cpu max -m 1G -nographic -kernel {netboot-arm64}/linux -initrd {netboot-arm64}/initrd.gz -append "console=ttyAMA0"
    expect "Select a language"
    expect "<Enter> activates buttons"  send "\r"
    expect "Select your location"
    expect "<Go Back>"  send "\x1b[B"  expect "Zambia"  send "\r"
    expect "Configure the keyboard"
    send "\x01x"
    exit 0
    within 600

u-boot: -M virt -cpu cortex-a57 -m 512 -nographic -bios {u-boot-arm64}/u-boot.bin
    expect "Hit any key to stop autoboot"  send "\n"
    expect "=> "  send "bdinfo\n"  expect "relocaddr"
    expect "=> "  send "reset\n"
    expect "Hit any key to stop autoboot"  send "\x01x"
    exit 0
    within 120

u-boot-lockstep: --lockstep -M virt -cpu cortex-a57 -m 512 -nographic -nic none -no-reboot -bios {u-boot-arm64}/u-boot.bin
    expect "Hit any key to stop autoboot"  send "\n"
    expect "=> "  send "reset\n"
    expect "lockstep: no difference"
    exit 0
    within 240

uefi: -M virt -cpu max -m 1G -nographic -nic none -drive if=pflash,format=raw,readonly=on,file={aavmf}/AAVMF_CODE.fd -drive if=pflash,format=raw,file={scratch:aavmf/AAVMF_VARS.fd}
    expect "UEFI Interactive Shell"
    expect "Shell> "  send "ver\r"  expect "EDK II"
    expect "Shell> "  send "reset -s\r"
    exit 0
    within 300

uefi-linux: -M virt -cpu max -m 1G -nographic -nic none -drive if=pflash,format=raw,readonly=on,file={aavmf}/AAVMF_CODE.fd -drive if=pflash,format=raw,file={scratch:aavmf/AAVMF_VARS.fd} -kernel {linux-arm64}/vmlinuz -initrd {busybox-arm64}/initrd.gz -append "console=ttyAMA0 quiet"
    expect "on aarch64"
    expect "/root # "  send "ls -d /sys/firmware/efi\n"  expect "\n/sys/firmware/efi\n"
    expect "/root # "  send "poweroff\n"
    exit 0
    within 300

litmus: -M virt -cpu max -smp 4 -m 256 -nographic -kernel {litmus-arm64}/litmus.elf
    expect "runs: "  send "20000\n"
    reject "FORBIDDEN"
    expect "2+2W+stlr+stlr"  expect "\n0 forbidden outcomes"
    exit 0
    within 300

litmus-quick: -M virt -cpu max -smp 4 -m 256 -nographic -accel tcg,quick=on -kernel {litmus-arm64}/litmus.elf
    expect "runs: "  send "500\n"
    reject "FORBIDDEN"
    expect "2+2W+stlr+stlr"  expect "\n0 forbidden outcomes"
    exit 0
    within 300
