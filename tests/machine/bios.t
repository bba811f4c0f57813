# What runs on a PC's BIOS alone; tests/machine/meson.build names the disks. tools/boottest.py describes the steps.

fat: -M pc -nographic -nic none -snapshot
    expect "program of drive "
    expect "memory 027f"
    expect "disk good"
    expect "clock good"
    expect "moved good"
    expect "map 06"
    expect "key "  send "a"  expect "1e61"
    exit 0
    within 60
