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
1 this version runs aarch64 guests only
$ -M virt,help
0 gic-version=
$ -d help
0 in_asm
$ -chardev help
0 socket
$ -netdev help
0 hostfwd
$ -device help
0 Devices that can be added
$ -device pl011,help
0 chardev=
$ -cpu help
0 CPU models
$ -accel help
0 tcg

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
1 translates only
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
$ -M virt -display gtk
1 no window
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

# the verbs
$ run
1 dragoman run FILE
$ run /nonexistent
1 No such file
$ run /bin/ls
1 is for another processor
$ run /etc/passwd
1 nothing this version knows
$ inspect /bin/ls
0 e_machine is 62 (x86_64)
$ inspect /tmp
1 is a directory
