# Machine virt: what boots on it. tools/boottest.py describes the steps.

linux-shell: -M virt -cpu max -m 512 -nographic -kernel {linux-arm64}/vmlinuz -initrd {busybox-arm64}/initrd.gz -append "console=ttyAMA0 quiet"
    expect "on aarch64"
    expect "/root # "  send "echo $((6 * 7)) $(uname -m)\n"  expect "42 aarch64"
    expect "/root # "  send "poweroff\n"
    exit 0
    within 120
