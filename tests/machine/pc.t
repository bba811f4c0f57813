# Machine pc: what boots on it. tools/boottest.py describes the steps. The BIOS shows its text on the serial line, and keeps
# few of the keys that come at once.

grub: -M pc -nographic -nic none -cdrom {grub-pc}/cdrom.iso
    expect "GNU GRUB"
    expect "The highlighted entry"  send "c"
    expect "grub> "  send "set a=6"  expect "set a=6"  send "\n"
    expect "grub> "  send "echo a$a "  expect "echo a$a "  send "${grub_"  expect "${grub_"  send "platform}"  expect "platform}"  send "\n"
    expect "a6"  expect "pc"
    expect "grub> "  send "ls (cd)/\n"  expect "catalog"
    expect "grub> "  send "reboot\n"
    expect "SeaBIOS (version"
    expect "The highlighted entry"  send "c"
    expect "grub> "  send "halt\n"
    exit 0
    within 120

# A disk without a boot sector, then the CD; and what the user chooses.
boot-order: -M pc -nographic -nic none -boot order=cd -snapshot -hda {linux-amd64}/config -cdrom {grub-pc}/cdrom.iso
    expect "Booting from Hard Disk..."  expect "Boot failed: not a bootable disk"  expect "Booting from DVD/CD..."
    expect "The highlighted entry"  send "\x01x"
    exit 0
    within 120

boot-menu: -M pc -nographic -nic none -boot menu=on,splash-time=60000 -snapshot -hda {linux-amd64}/config -cdrom {grub-pc}/cdrom.iso
    expect "ESC for boot menu"  send "\x1b"
    expect "1. ata0-0"  expect "3. DVD/CD"  send "3"
    expect "The highlighted entry"  send "\x01x"
    exit 0
    within 120

linux-i386: -M pc -cpu pentium3 -smp 4 -m 256 -nographic -kernel {linux-i386}/vmlinuz -initrd {busybox-i386}/initrd.gz -append "console=ttyS0"
    expect "on i686, 4 CPU"
    expect "/root # "  send "for n in 1 2 3 4; do seq 20000 | md5sum & done; wait; echo all $((8 / 2)) done\n"
    expect "all 4 done"
    expect "/root # "  send "poweroff\n"
    exit 0
    within 300

linux-i386-smp8: -M pc -cpu pentium3 -smp 8 -m 256 -nographic -nic none -kernel {linux-i386}/vmlinuz -initrd {busybox-i386}/initrd.gz -append "console=ttyS0 quiet"
    expect "on i686, 8 CPU"
    expect "/root # "  send "for n in 1 2 3 4 5 6 7 8; do seq 5000 | md5sum & done; wait; echo all $((16 / 2)) done\n"
    expect "all 8 done"
    expect "/root # "  send "reboot\n"
    expect "SeaBIOS (version"
    expect "on i686, 8 CPU"  send "\x01x"
    exit 0
    within 400

linux-rtl8139: -M pc -cpu pentium3 -m 256 -nographic -kernel {linux-i386}/vmlinuz -initrd {busybox-i386}/initrd.gz -append "console=ttyS0 quiet" -nic user,model=rtl8139
    expect "/root # "  send "ip link set eth0 up; udhcpc -n -q -i eth0 -s /bin/true\n"  expect "lease of 10.0.2.15 obtained"
    expect "/root # "  send "ip addr add 10.0.2.15/24 dev eth0; ping -c 3 10.0.2.2\n"  expect "3 packets received"
    expect "/root # "  send "poweroff\n"
    exit 0
    within 300

linux-amd64: -M pc -cpu max -smp 4 -m 512 -nographic -kernel {linux-amd64}/vmlinuz -initrd {busybox-amd64}/initrd.gz -append "console=ttyS0"
    expect "on x86_64, 4 CPU"
    expect "/root # "  send "for n in 1 2 3 4; do seq 20000 | md5sum & done; wait; echo all $((8 / 2)) done\n"
    expect "all 4 done"
    expect "/root # "  send "poweroff\n"
    exit 0
    within 300

# As a user looks at it: what the kernel maps, what the TLB holds.
linux-amd64-smp8: -M pc -cpu max -smp 8 -m 512 -nographic -nic none -kernel {linux-amd64}/vmlinuz -initrd {busybox-amd64}/initrd.gz -append "console=ttyS0 quiet nokaslr"
    expect "on x86_64, 8 CPU"
    expect "/root # "  send "for n in 1 2 3 4 5 6 7 8; do seq 5000 | md5sum & done; wait; echo all $((16 / 2)) done\n"
    expect "all 8 done"
    expect "/root # "  send "\x01c"  expect "(qemu) "  send "info mem\n"
    expect "ffffffff81000000-"  expect "r-x"  expect "(qemu) "  send "info tlb\n"
    expect "supervisor"  expect "(qemu) "  send "\x01c"
    send "poweroff\n"
    exit 0
    within 400

# What was saved goes on in another process: what a shell keeps, a program that is running, and the clock.
linux-snapshot: -M pc -cpu max -m 512 -smp 2 -nographic -nic none -kernel {linux-amd64}/vmlinuz -initrd {busybox-amd64}/initrd.gz -append "console=ttyS0 quiet" -snapshot-dir {scratch}
    expect "on x86_64, 2 CPU"
    expect "/root # "  send "KEPT=$((6 * 7)); (while :; do uptime; sleep 1; done) > log &\n"
    expect "/root # "  send "\x01c"  expect "(qemu) "  send "savevm shell\n"  expect "(qemu) "  send "quit\n"
    exit 0
    again "-loadvm shell"
    send "echo kept $KEPT; wc -l < log > before; sleep 3; wc -l < log > after; cmp -s before after || echo it $((40 + 2)) goes on\n"
    expect "kept 42"  expect "it 42 goes on"  expect "/root # "
    send "\x01c"  expect "(qemu) "  send "loadvm shell\n"  expect "(qemu) "  send "info snapshots\n"  expect "shell "
    expect "(qemu) "  send "delvm shell\n"  expect "(qemu) "  send "info snapshots\n"  expect "no snapshot"
    send "\x01c"  send "(seq 20000 | md5sum) & seq 20000 | md5sum; wait $!; echo again $KEPT; poweroff\n"
    expect "  -\n"  expect "  -\n"  expect "again 42"
    exit 0
    within 300

litmus: -M pc -cpu max -smp 4 -m 64 -nographic -nic none -kernel {litmus-pc}/litmus.elf -device isa-debug-exit,iobase=0xf4
    expect "runs: "  send "20000\n"
    reject "FORBIDDEN"
    expect "2+2W+xchg+xchg"  expect "\n0 forbidden outcomes"
    exit 33
    within 300

# Disks are changed while Linux runs; what is printed, what the second serial line says, and the kernel's panic arrive.
media: -M pc -cpu max -smp 2 -m 256 -display none -serial mon:stdio -serial file:{scratch}/com2 -serial file:{scratch}/com3 -serial file:{scratch}/com4 -parallel file:{scratch}/paper -nic none -device pvpanic -cdrom {grub-pc}/cdrom.iso -kernel {linux-amd64}/vmlinuz -initrd {devices-amd64}/initrd.gz -append "console=ttyS0 quiet"
    expect "on x86_64, 2 CPU"
    host "truncate -s 1440K {scratch}/1.img {scratch}/2.img"  host "cp {memtest}/memtest86+.iso {scratch}/other.iso"
    expect "/root # "  send "\x01c"  expect "(qemu) "  send "change floppy0 {scratch}/1.img\n"  expect "(qemu) "  send "\x01c"
    send "mkdir /f /c; mkdosfs /dev/fd0; mount -t vfat /dev/fd0 /f && echo one > /f/one.txt; umount /f; echo $((1 + 1)) done\n"  expect "2 done"
    expect "/root # "  send "\x01c"  expect "(qemu) "  send "change floppy0 {scratch}/2.img\n"  expect "(qemu) "  send "\x01c"
    send "mount -t vfat /dev/fd0 /f || mkdosfs /dev/fd0; mount -t vfat /dev/fd0 /f; echo two > /f/two.txt; umount /f; echo $((1 + 2)) done\n"
    expect "mounting /dev/fd0 on /f failed"  expect "3 done"
    expect "/root # "  send "\x01c"  expect "(qemu) "  send "change floppy0 {scratch}/1.img\n"  expect "(qemu) "  send "\x01c"
    send "mount -t vfat /dev/fd0 /f; echo $(ls /f) $((2 + 2)) has $(cat /f/*); umount /f\n"  expect "one.txt 4 has one"
    expect "/root # "  send "mount -t iso9660 /dev/sr0 /c; ls /c/boot/grub | wc -l; echo $(ls /c) $((2 + 3)) CD\n"  expect "boot boot.catalog 5 CD"
    expect "/root # "  send "\x01c"  expect "(qemu) "  send "eject ide1-cd0\n"  expect "is locked and force was not specified"
    expect "(qemu) "  send "\x01c"  send "umount /c; echo $((3 + 3)) unmounted\n"  expect "6 unmounted"
    expect "/root # "  send "\x01c"  expect "(qemu) "  send "eject ide1-cd0\n"  expect "(qemu) "  send "\x01c"
    send "mount -t iso9660 /dev/sr0 /c; echo $((3 + 4)) empty\n"  expect "No medium found"  expect "7 empty"
    expect "/root # "  send "\x01c"  expect "(qemu) "  send "change ide1-cd0 {scratch}/other.iso\n"  expect "(qemu) "  send "\x01c"
    send "mount -t iso9660 /dev/sr0 /c; echo $(ls /c) $((4 + 4)) CD; umount /c\n"  expect "EFI boot boot.catalog 8 CD"
    expect "/root # "  send "modprobe -a parport_pc lp; echo paper > /dev/lp0; echo hello > /dev/ttyS1; echo third > /dev/ttyS2; echo fourth > /dev/ttyS3; echo $((4 + 5)) sent\n"  expect "9 sent"
    expect "/root # "  send "echo hpet > /sys/devices/system/clocksource/clocksource0/current_clocksource; dmesg | tail -n 1\n"
    expect "Switched to clocksource hpet"
    expect "/root # "  send "\x01c"  expect "(qemu) "  send "system_powerdown\n"  expect "(qemu) "  send "\x01c"
    send "echo $((5 + 5)) alive\n"  expect "10 alive"
    expect "/root # "  send "echo o > /proc/sysrq-trigger\n"
    exit 0
    host "grep -q paper {scratch}/paper && grep -q hello {scratch}/com2 && grep -q third {scratch}/com3 && grep -q fourth {scratch}/com4"
    again ""  allow "Kernel panic"
    expect "on x86_64, 2 CPU"  expect "/root # "  send "echo c > /proc/sysrq-trigger; sleep 30\n"
    expect "the guest's kernel panicked"
    exit 1
    within 300

# A hypervisor between: the kernel of the second system runs at level 3, by Xen's calls.
xen: -M pc -cpu max -smp 2 -m 768 -nographic -nic none -kernel {xen-amd64}/xen.gz -initrd "{linux-amd64}/vmlinuz console=hvc0 quiet,{busybox-amd64}/initrd.gz" -append "console=com1 com1=115200 dom0_mem=384M"
    expect "Xen version"
    expect "on x86_64, 2 CPU"
    expect "/root # "  send "for n in 1 2; do seq 20000 | md5sum & done; wait; cat /sys/hypervisor/type; echo all $((4 / 2)) done\n"
    expect "xen"  expect "all 2 done"
    expect "/root # "  send "poweroff\n"
    exit 0
    within 300

gnumach: -M pc -m 256 -nographic -nic none -kernel {gnumach}/gnumach.gz -append "console=com0"
    expect "GNU Mach 1"
    expect "vm_page: DMA32: pages"
    expect "No bootstrap code loaded"  send "\x01x"
    exit 0
    within 120

ipxe: -M pc -nographic -nic user -kernel {ipxe}/ipxe.lkrn
    expect "Press Ctrl-B for the iPXE command line"  send "\x02"
    expect "iPXE> "  send "dhcp\n"  expect "ok"
    expect "iPXE> "  send "show net"  expect "show net"  send "0/ip\n"  expect "10.0.2.15"
    expect "iPXE> "  send "\x01x"
    exit 0
    within 120

ipxe-cd: -M pc -nographic -nic user,model=rtl8139 -cdrom {ipxe}/ipxe.iso
    expect "ISOLINUX"
    expect "Press Ctrl-B for the iPXE command line"  send "\x02"
    expect "iPXE> "  send "dhcp\n"  expect "ok"
    expect "iPXE> "  send "reboot\n"
    expect "SeaBIOS (version"  expect "ISOLINUX"  send "\x01x"
    exit 0
    within 120

u-boot: -M pc -m 256 -nographic -nic user -bios {u-boot-pc}/u-boot.rom
    expect "U-Boot 20"
    expect "DRAM:  256 MiB"
    expect "bound to address 10.0.2.15"
    expect "=> "  send "pci\n"  expect "0x8086     0x1237"
    expect "=> "  send "\x01x"
    exit 0
    within 120

uefi: -M pc -m 512 -nographic -nic none -bios {ovmf}/OVMF.fd
    expect "UEFI Interactive Shell"
    expect "Shell> "  send "ver\r"  expect "EDK II"
    expect "Shell> "  send "reset -s\r"
    exit 0
    within 300

isolinux: -M pc -cpu pentium3 -m 256 -nographic -nic none -cdrom {isolinux}/cdrom.iso
    expect "ISOLINUX"
    expect "boot:"  send "meminfo.c32\r"  expect "DOS RAM: 639K"
    expect "boot:"  send "linux\r"
    expect "on i686, 1 CPU"
    expect "/root # "  send "poweroff\n"
    exit 0
    again ""
    expect "MEMDISK"
    expect "GNU GRUB"
    expect "The highlighted entry"  send "c"
    expect "grub> "  send "ls\n"  expect "(fd0)"
    send "\x01x"
    exit 0
    within 200
