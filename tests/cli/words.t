# `$ arguments`; then exit status and text that must be in the output; then more such texts, one a line.
# `as=NAME` before the arguments: the program is called by that name.

$ -version
0 dragoman version
$ -help
0 Standard options:
Block device options:
-machine or -M [type=]NAME
-drive file=PATH
$ as=qemu-system-aarch64 -M help
0 virt
$ as=qemu-system-x86_64 -M help
0 pc 
$ as=qemu-system-ppc64 -M help
1 this version runs aarch64, x86_64 and i386 guests only
$ as=qemu-system-i386 -kernel junk
1 no kernel for a PC
$ inspect floppy.img disk.mbr hybrid.iso efi.iso data.iso
0 a floppy disk
-machine pc -m 1G -boot a -fda floppy.img
-machine pc -m 1G -hda disk.mbr
-machine pc -m 1G -boot d -cdrom hybrid.iso
an EFI program for arm64
-bios QEMU_EFI.fd efi.iso
cannot be started; give it with -cdrom
$ inspect bz64 multiboot.elf bzImage
0 bzImage, 64-bit
-machine pc -m 1G -kernel bz64
a Multiboot kernel (ELF)
bzImage, 32-bit
$ inspect bios.rom efi.fd vars.fd
0 -machine pc -m 1G -bios bios.rom
-machine pc -m 1G -bios efi.fd
no code where a processor begins
$ inspect x86.elf
0 has neither a PVH note nor a Multiboot header
$ -M virt,help
0 gic-version=
$ -d help
0 in_asm
$ -chardev help
0 socket
$ -netdev help
0 hostfwd
$ -M pc -nic user,model=help
0 rtl8139
e1000
virtio-net-pci
$ -device help
0 Devices that can be added
$ -device pl011,help
0 chardev=
$ -cpu help
0 CPU models
$ -accel help
0 tcg
tb-size=MIB
one-insn-per-tb=on
quick=auto|on|off

$ -help-man
0 .TH DRAGOMAN 1
.SS Standard options
\fB\-kernel\fR \fIFILE\fR

# nothing to run
$
1 dragoman: no machine was chosen; add -machine virt
$ -M virt -cpu none -display none
1 there is nothing to run

# mistakes, with the nearest that exists
$ -machin virt
1 dragoman: there is no option -machin; did you mean -machine?
$ -M vrit
1 dragoman: -machine vrit: there is no machine 'vrit'; did you mean 'virt'?
$ -M virt,gic-versoin=3
1 did you mean 'gic-version'?
$ -M virt -device pl01
1 did you mean 'pl011'?
$ -M virt -smp
1 dragoman: -smp needs an argument
$ -d in_asn
1 no such log item

# values
$ -M virt -m 0
1 dragoman: -m 0: a machine needs memory
$ -M virt -m 12Q
1 expected a size
$ -M virt -m 99999G
1 at most
$ -M virt -smp 0
1 at least one
$ -M virt -smp 100000
1 expected a number
$ -M virt -smp 2,maxcpus=4
1 make it 2
$ -M virt -accel kvm
1 dragoman: -accel kvm: accelerator 'kvm': guest code is always translated; leave it out, or say -accel tcg
$ -M virt -accel kvm:tcg -version
0 dragoman version
$ -accel tcg -accel tcg,tb-size=4,quick=off -accel tcg,tb-size=4,one-insn-per-tb=on,thread=multi,split-wx=on -version
0 dragoman version
$ -accel tcg,tb-size=0 -version
0 dragoman version
$ -accel tcg,tb-size=4096
1 dragoman: -accel tcg,tb-size=4096: tb-size=4096: the code cache can have 1 to 1024 MiB
$ -accel tcg,tb-size=lots
1 expected a size
$ -accel tcg,quick=maybe
1 dragoman: -accel tcg,quick=maybe: quick=maybe: expected auto, on or off
$ -accel tcg,thread=single
1 multi
$ -accel tcg,split-wx=off
1 never writable and executable at once
$ -accel tcg,quick=maybe
1 expected auto, on or off
$ -accel tcg,tb-sise=4
1 did you mean 'tb-size'?
$ -M virt,accel=kvm
1 only tcg is there
$ -M virt -rtc base=yesterday
1 expected utc, localtime or a date
$ -M virt -seed x
1 expected a number
$ -M virt -dfilter x
1 expected START..END

# not in this version
$ -M virt -vnc :1
1 dragoman: -vnc: VNC comes with a later version
$ -M virt -gdb tpc::1234
1 dragoman: -gdb tpc::1234: there is no kind of chardev 'tpc'
$ -M pc -boot once=x
1 once=x: a is the floppy
$ -M virt -display gtk
1 type=gtk: expected none, sdl
$ -M virt -display none,window-close=perhaps
1 window-close=perhaps
$ -M virt -display sdl,gl=on
1 guests have no 3D here
$ -display help
0 Displays:
screendump
$ -M pc -cpu none -S -display curses
1 dragoman: -display curses: 
$ -M virt -monitor stido
1 did you mean 'stdio'?
$ -M virt -serial vc
1 needs a window
$ -M virt -enable-kvm
1 translates only
$ -M virt -object rng-random,id=r
1 filter-dump only

# files
$ -M virt -cpu none -display none -kernel /nonexistent
1 /nonexistent
$ -M virt -drive file=/nonexistent
1 /nonexistent: No such file
$ -M virt -drive file=/tmp,fromat=raw
1 did you mean 'format'?
$ -M virt -cpu none -display none -append x
1 go with a kernel
$ -M virt -cpu none -display none -initrd x
1 go with a kernel
$ -M virt -D /nonexistent/log
1 name a file that can be written
$ -M virt -netdev user,id=n,hostfwd=22
1 hostfwd
$ -M virt -cpu none -display none -object filter-dump,id=d,netdev=n,file=/tmp/x
1 there is no netdev 'n'


# kernels that are none
$ -M virt -display none -kernel /nonexistent
1 dragoman: kernel '/nonexistent': No such file or directory; name a file that can be read
$ -M virt -display none -kernel .
1 dragoman: kernel '.': not a file; name one
$ -M virt -display none -kernel empty
1 dragoman: kernel 'empty': the file is empty; fetch or build it again
$ -M virt -display none -kernel bzImage
1 dragoman: the kernel 'bzImage' is an x86 kernel; this machine takes an arm64 one (Image, Image.gz or vmlinuz)
$ -M virt -display none -kernel short.Image
1 dragoman: the kernel 'short.Image' is cut short; fetch or build it again
$ -M virt -display none -kernel tiny.Image
1 dragoman: the kernel 'tiny.Image' is cut short; fetch or build it again
$ -M virt -display none -kernel short.gz
1 dragoman: 'short.gz': the gzip file ends early; fetch or build it again
$ -M virt -display none -kernel bad.gz
1 'bad.gz'
$ -M virt -display none -kernel short.zboot
1 dragoman: the kernel 'short.zboot' is cut short; fetch or build it again
$ -M virt -display none -kernel odd.zboot
1 is compressed by lzma, which is not supported; unpack it first
$ -M virt -display none -kernel x86.elf
1 dragoman: 'x86.elf' is for x86-64, but this machine runs AArch64; take one built for that
$ -M virt -display none -kernel object.elf
1 dragoman: 'object.elf' is an ELF object file; link it first
$ -M virt -display none -kernel header.elf
1 dragoman: 'header.elf': the ELF file ends inside its header; fetch or build it again
$ -M virt -display none -kernel short.elf
1 dragoman: 'short.elf': the ELF file is cut short; fetch or build it again
$ -M virt -display none -kernel junk -initrd /nonexistent
1 dragoman: initrd '/nonexistent': No such file or directory
$ -M virt -display none -kernel junk -initrd empty
1 dragoman: initrd 'empty': the file is empty; fetch or build it again
$ -M virt -display none -kernel junk -dtb junk
1 is not a device tree blob; dtc makes one of source
$ -M virt -display none -bios empty
1 dragoman: firmware 'empty': the file is empty; fetch or build it again
$ -M virt -display none -bios .
1 not a file; name one

# processors
$ -M virt -display none -cpu foo
1 there is no CPU model 'foo'; -cpu help lists them
$ -M virt -display none -cpu cortex-a75
1 did you mean 'cortex-a57'? -cpu help lists them
$ -M virt -display none -smp 9
1 -smp 9: a GICv2 serves at most 8 CPUs; use -machine virt,gic-version=3
$ -M virt -display none -smp 1000
1 -smp 1000: the machine virt has 1 to 16 CPUs

# devices and drives
$ -M virt -display none -kernel junk -device virtio-rng-pci,addr=5 -device virtio-rng-pci,addr=5
1 dragoman: -device virtio-rng-pci,addr=5: addr=5: virtio-rng-pci.0 is there already; choose another slot, or none for the next that is free
$ -M virt -display none -kernel junk -device virtio-rng-pci,addr=99
1 expected SLOT or SLOT.FUNCTION
$ -M virt -display none -kernel junk -device foo
1 dragoman: -device foo: there is no device type 'foo'; -device help lists them
$ -M virt -display none -kernel junk -device virtio-rng-pci,foo=1
1 dragoman: -device virtio-rng-pci,foo=1: no property 'foo'; there are
$ -M virt -display none -kernel junk -device virtio-blk-device
1 a medium is needed: drive=ID
$ -M virt -display none -kernel junk -device virtio-blk-device,drive=d
1 drive=d: there is no -drive with that id; add one
$ -M virt -display none -kernel junk -device virtio-net-device,netdev=n
1 netdev=n: there is no -netdev with that id; add one
$ -M virt -display none -kernel junk -drive file=disk.img,format=raw,if=none,id=d -device virtio-blk-device,drive=d -device virtio-blk-pci,drive=d
1 drive=d: virtio-blk-device.0 has it already; give each device its own -drive
$ -M virt -display none -kernel junk -drive file=disk.img,format=raw,if=none,id=d -drive file=disk.img,format=raw,if=none,id=d
1 the id 'd' is taken; give each drive its own
$ -M virt -display none -kernel junk -drive file=disk.img,format=raw -drive file=disk.img,format=raw
1 is in use by another program; stop it, or add readonly=on or snapshot=on to both
$ -M virt -display none -kernel junk -drive file=disk.img,format=qcow3
1 format=qcow3: 
$ -M virt -display none -kernel junk -drive file=disk.img,if=foo
1 if=foo: expected none, virtio, pflash, ide or floppy
$ -M virt -display none -kernel junk -drive file=disk.img,readonly=maybe
1 readonly=maybe: expected on or off
$ -M virt -display none -kernel junk -drive file=disk.img,foo=1
1 no such key 'foo'; there are id, format,
$ -M virt -display none -kernel junk -drive format=raw
1 an image is needed: file=PATH
$ -M virt -display none -kernel junk -drive file=.
1 . is a directory; name an image file
# the running program cannot be written, not even by root
$ -M virt -display none -kernel junk -drive file=/proc/self/exe,format=raw
1 cannot be written (Text file busy); add readonly=on or snapshot=on

# the verbs
$ run
1 dragoman run FILE
$ run /nonexistent
1 No such file
$ run /bin/ls
1 is a program that runs under Linux
$ run data.iso
1 cannot be started
$ run /etc/passwd
1 nothing this version knows
$ inspect /bin/ls
0 e_machine is 62 (x86_64)
$ inspect /tmp
1 is a directory
