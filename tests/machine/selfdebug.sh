#!/bin/sh
# selfdebug.sh ELF PROGRAM...: what selfdebug.c prints of its debug exceptions on each of the programs; they must agree.
elf=$1
shift
first=
for program; do
    said=$(timeout 60 "$program" -M virt -cpu max -m 128 -nographic -nic none -kernel "$elf" </dev/null) || exit 1
    case $said in
    *done*) ;;
    *) echo "$program: it did not come to its end: $said" && exit 1 ;;
    esac
    if [ -n "$first" ] && [ "$said" != "$first" ]; then
        echo "$first" | awk -v other="$said" 'BEGIN { split(other, o, "\n") } $0 != o[NR] { print last; print "  " $0; print "  " o[NR] } !/^ / { last = $0 }'
        exit 1
    fi
    first=$said
done
