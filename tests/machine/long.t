# Guests that take minutes: meson test --setup long --suite long.

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
