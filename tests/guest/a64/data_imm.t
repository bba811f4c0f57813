# Data processing with immediates. Wrap-around, sign, the register 31 that is SP or zero.
adr x3, .+0x1234                  100091a3    ->  x3=4001248
adr x3, .-4                       10ffffe3    ->  x3=4000010
adrp x3, .                        90000003    ->  x3=4000000
add x0, x1, #0xfff                913ffc20  x1=ffffffffffffffff  ->  x0=ffe
add w0, w1, #1                    11000420  x1=ffffffffffffffff  ->  x0=0
add sp, sp, #16                   910043ff    ->  sp=4040810
add x0, sp, #0xabc, lsl #12       916af3e0    ->  x0=4afc800
adds x0, x1, #1                   b1000420  x1=ffffffffffffffff  ->  x0=0 nzcv=6
adds w0, w1, #1                   31000420  x1=7fffffff  ->  x0=80000000 nzcv=9
cmn w1, #1                        3100043f  x1=ffffffff  ->  nzcv=6
sub x0, x1, #1                    d1000420  x1=0  ->  x0=ffffffffffffffff
sub sp, sp, #0x800                d12003ff    ->  sp=4040000
subs x0, x1, #1                   f1000420  x1=0  ->  x0=ffffffffffffffff nzcv=8
subs w0, w1, #1                   71000420  x1=80000000  ->  x0=7fffffff nzcv=3
subs w0, w1, #0                   71000020  x1=ffffffff00000000 nzcv=f  ->  x0=0 nzcv=6
cmp sp, #0x10                     f10043ff    ->  nzcv=2
cmp x1, #5                        f100143f  x1=5  ->  nzcv=6
and x0, x1, #0xff00ff00ff00ff00   92089c20  x1=123456789abcdef0  ->  x0=120056009a00de00
and w0, w1, #0x80000001           12010420  x1=ffffffffffffffff  ->  x0=80000001
and sp, x1, #0xfffffffffffffff0   927cec3f  x1=4040877  ->  sp=4040870
orr x0, xzr, #0x5555555555555555  b200f3e0    ->  x0=5555555555555555
orr w0, w1, #0x3ffffc             321e4c20  x1=ffffffff80000000  ->  x0=803ffffc
eor x0, x1, #0x7ffffffffffffffe   d27ff420  x1=ffffffffffffffff  ->  x0=8000000000000001
ands x0, x1, #0x8000000000000000  f2410020  x1=ffffffffffffffff nzcv=3  ->  x0=8000000000000000 nzcv=8
tst w1, #1                        7200003f  x1=fffffffe nzcv=b  ->  nzcv=4
movz x0, #0xffff, lsl #48         d2ffffe0    ->  x0=ffff000000000000
movz w0, #0x8000, lsl #16         52b00000    ->  x0=80000000
movn x0, #0                       92800000    ->  x0=ffffffffffffffff
movn w0, #0xffff, lsl #16         12bfffe0    ->  x0=ffff
movk x0, #0xbeef, lsl #32         f2d7dde0  x0=1111222233334444  ->  x0=1111beef33334444
movk w0, #0xbeef                  7297dde0  x0=1111222233334444  ->  x0=3333beef
mov x0, #0x1234 ; movk x0, #0x5678, lsl #16 ; movk x0, #0x9abc, lsl #32 ; movk x0, #0xdef0, lsl #48  d2824680,f2aacf00,f2d35780,f2fbde00    ->  x0=def09abc56781234
lsl x0, x1, #63                   d3410020  x1=3  ->  x0=8000000000000000
lsl w0, w1, #31                   53010020  x1=3  ->  x0=80000000
lsr x0, x1, #1                    d341fc20  x1=ffffffffffffffff  ->  x0=7fffffffffffffff
lsr w0, w1, #31                   531f7c20  x1=ffffffffffffffff  ->  x0=1
asr x0, x1, #63                   937ffc20  x1=8000000000000000  ->  x0=ffffffffffffffff
asr w0, w1, #4                    13047c20  x1=80000000  ->  x0=f8000000
uxtb w0, w1                       53001c20  x1=fffffffffffffff5  ->  x0=f5
uxth w0, w1                       53003c20  x1=fffffffffffffff5  ->  x0=fff5
sxtb x0, w1                       93401c20  x1=80  ->  x0=ffffffffffffff80
sxth w0, w1                       13003c20  x1=8000  ->  x0=ffff8000
sxtw x0, w1                       93407c20  x1=80000000  ->  x0=ffffffff80000000
ubfx x0, x1, #4, #60              d344fc20  x1=fedcba9876543210  ->  x0=fedcba987654321
ubfx w0, w1, #8, #8               53083c20  x1=fedcba98  ->  x0=ba
ubfiz x0, x1, #60, #4             d3440c20  x1=ffffffffffffffff  ->  x0=f000000000000000
ubfiz w0, w1, #4, #20             531c4c20  x1=ffffffffffffffff  ->  x0=fffff0
sbfx x0, x1, #8, #8               93483c20  x1=8000  ->  x0=ffffffffffffff80
sbfx w0, w1, #3, #1               13030c20  x1=8  ->  x0=ffffffff
sbfiz x0, x1, #8, #8              93781c20  x1=80  ->  x0=ffffffffffff8000
sbfiz w0, w1, #1, #31             131f7820  x1=ffffffff  ->  x0=fffffffe
bfi x0, x1, #16, #32              b3707c20  x0=ffffffffffffffff x1=0  ->  x0=ffff00000000ffff
bfi w0, w1, #28, #4               33040c20  x0=0 x1=ffffffffffffffff  ->  x0=f0000000
bfxil x0, x1, #60, #4             b37cfc20  x0=ffffffffffffffff x1=3000000000000000  ->  x0=fffffffffffffff3
bfxil w0, w1, #0, #32             33007c20  x0=ffffffffffffffff x1=12345678  ->  x0=12345678
bfc x0, #8, #48                   b378bfe0  x0=ffffffffffffffff  ->  x0=ff000000000000ff
extr x0, x1, x2, #4               93c21020  x1=0123456789abcdef x2=fedcba9876543210  ->  x0=ffedcba987654321
extr x0, x1, x2, #0               93c20020  x1=1 x2=2  ->  x0=2
extr w0, w1, w2, #31              13827c20  x1=1 x2=80000000  ->  x0=3
ror x0, x1, #1                    93c10420  x1=1  ->  x0=8000000000000000
ror w0, w1, #8                    13812020  x1=ffffffff000000ff  ->  x0=ff000000
