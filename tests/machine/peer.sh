#!/bin/sh
# peer.sh ELF DRAGOMAN QEMU CPU...: what the guest prints on both programs with each CPU; they must agree. Lines that begin
# with "wrong" tell what is not as the manual says: there may be none here, and the peer's are not looked at.
elf=$1 here=$2 peer=$3
shift 3
scratch=$(mktemp -d) || exit 1
trap 'rm -r "$scratch"' EXIT
run() {
    timeout 200 "$1" -M pc -cpu "$2" -m 64 -display none -serial "file:$3" -nic none -no-reboot -kernel "$elf" \
        -device isa-debug-exit,iobase=0xf4 </dev/null
}
for cpu in "$@"; do
    run "$peer" "$cpu" "$scratch/all"
    grep -av -e '^wrong' "$scratch/all" > "$scratch/peer"
    tail -n 1 "$scratch/peer" | grep -aq '^done' || { echo "$peer -cpu $cpu did not come to its end"; exit 1; }
    run "$here" "$cpu" "$scratch/here"
    diff "$scratch/peer" "$scratch/here" > "$scratch/diff" || { head -n 40 "$scratch/diff"; echo "-cpu $cpu"; exit 1; }
    wc -l < "$scratch/here"
done
