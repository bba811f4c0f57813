#!/bin/sh
# smm.sh BIOS DRAGOMAN QEMU-I386 QEMU-X86_64: what smm.S prints of the state save map, of both layouts, is the same on both
# programs; but for the instruction pointer: here an interrupt that an OUT makes comes before the next instruction.
bios=$1
run() {
    program=$1
    shift
    timeout 60 "$program" -M pc "$@" -bios "$bios" -display none -serial stdio -nic none -device isa-debug-exit,iobase=0xf4 </dev/null |
        tr -d '\r' | grep -v -e '^fff0 ' -e '^ff78 '
}
scratch=$(mktemp -d) || exit 1
trap 'rm -r "$scratch"' EXIT
run "$3" > "$scratch/peer32"
run "$2" -cpu pentium3 > "$scratch/here32"
run "$4" > "$scratch/peer64"
run "$2" -cpu qemu64 > "$scratch/here64"
grep -q '^done' "$scratch/peer32" && grep -q '^done' "$scratch/peer64" || { echo "the peer did not come to its end"; exit 1; }
diff "$scratch/peer32" "$scratch/here32" && diff "$scratch/peer64" "$scratch/here64"
