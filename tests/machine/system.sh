#!/bin/sh
# system.sh ELF DRAGOMAN QEMU: what the guest of x86system/ prints on both programs; they must agree. Lines that begin with
# "wrong" tell what is not as the manual says: there may be none here, and the peer's are not looked at.
elf=$1
run() {
    program=$1
    shift
    timeout 100 "$program" -M pc "$@" -display none -serial stdio -nic none -no-reboot -kernel "$elf" -device isa-debug-exit,iobase=0xf4 </dev/null
}
scratch=$(mktemp -d) || exit 1
trap 'rm -r "$scratch"' EXIT
run "$3" | tr -d '\r' | grep -av -e '^wrong' > "$scratch/peer"
tail -n 1 "$scratch/peer" | grep -aq '^done' || { echo "$3 did not come to its end"; exit 1; }
for cpu in pentium Haswell; do
    run "$2" -cpu $cpu | tr -d '\r' > "$scratch/here"
    diff "$scratch/peer" "$scratch/here" > "$scratch/diff" || { head -n 40 "$scratch/diff"; echo "-cpu $cpu"; exit 1; }
done
wc -l < "$scratch/here"
