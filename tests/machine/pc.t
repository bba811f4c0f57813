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

linux-i386: -M pc -cpu pentium3 -smp 4 -m 256 -nographic -kernel {linux-i386}/vmlinuz -initrd {busybox-i386}/initrd.gz -append "console=ttyS0"
    expect "on i686, 4 CPU"
    expect "/root # "  send "for n in 1 2 3 4; do seq 20000 | md5sum & done; wait; echo all $((8 / 2)) done\n"
    expect "all 4 done"
    expect "/root # "  send "poweroff\n"
    exit 0
    within 300

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
