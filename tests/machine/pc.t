# Machine pc: what boots on it. tools/boottest.py describes the steps.

linux-i386: -M pc -cpu pentium3 -smp 4 -m 256 -nographic -kernel {linux-i386}/vmlinuz -initrd {busybox-i386}/initrd.gz -append "console=ttyS0"
    expect "on i686, 4 CPU"
    expect "/root # "  send "for n in 1 2 3 4; do seq 20000 | md5sum & done; wait; echo all $((8 / 2)) done\n"
    expect "all 4 done"
    expect "/root # "  send "poweroff\n"
    exit 0
    within 300
