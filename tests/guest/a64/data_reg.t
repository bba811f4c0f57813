# Data processing with registers. C is "no borrow".
and x0, x1, x2, lsl #4            8a021020  x1=ffffffffffffffff x2=123  ->  x0=1230
bic x0, x1, x2, asr #63           8aa2fc20  x1=1234 x2=8000000000000000  ->  x0=0
orr w0, w1, w2, ror #4            2ac21020  x1=0 x2=f  ->  x0=f0000000
orn x0, xzr, x2                   aa2203e0  x2=0  ->  x0=ffffffffffffffff
eor x0, x1, x2, lsr #60           ca42f020  x1=0 x2=f000000000000000  ->  x0=f
eon w0, w1, w2                    4a220020  x1=ffffffff x2=0  ->  x0=0
ands x0, x1, x2                   ea020020  x1=8000000000000000 x2=ffffffffffffffff nzcv=3  ->  x0=8000000000000000 nzcv=8
ands w0, w1, w2, lsl #31          6a027c20  x1=ffffffff x2=2 nzcv=3  ->  x0=0 nzcv=4
bics x0, x1, x2                   ea220020  x1=ff x2=ff nzcv=b  ->  x0=0 nzcv=4
bics w0, w1, w2                   6a220020  x1=ffffffffffffffff x2=7fffffff  ->  x0=80000000 nzcv=8
add x0, x1, x2, lsl #63           8b02fc20  x1=1 x2=1  ->  x0=8000000000000001
add w0, w1, w2, asr #31           0b827c20  x1=0 x2=80000000  ->  x0=ffffffff
adds x0, x1, x2                   ab020020  x1=8000000000000000 x2=8000000000000000  ->  x0=0 nzcv=7
adds w0, w1, w2                   2b020020  x1=7fffffff x2=1  ->  x0=80000000 nzcv=9
sub x0, xzr, x2                   cb0203e0  x2=1  ->  x0=ffffffffffffffff
subs x0, x1, x2                   eb020020  x1=5 x2=5  ->  x0=0 nzcv=6
subs x0, x1, x2                   eb020020  x1=5 x2=6  ->  x0=ffffffffffffffff nzcv=8
subs x0, x1, x2                   eb020020  x1=8000000000000000 x2=1  ->  x0=7fffffffffffffff nzcv=3
subs w0, w1, w2, lsr #1           6b420420  x1=0 x2=ffffffff  ->  x0=80000001 nzcv=8
negs x0, x2                       eb0203e0  x2=0  ->  x0=0 nzcv=6
negs w0, w2                       6b0203e0  x2=80000000  ->  x0=80000000 nzcv=9
add x0, sp, w2, sxtw #2           8b22cbe0  x2=fffffffe  ->  x0=40407f8
add x0, x1, w2, uxtb              8b220020  x1=0 x2=fffffffffffffeff  ->  x0=ff
adds x0, x1, w2, sxth #3          ab22ac20  x1=40000 x2=8000  ->  x0=0 nzcv=6
sub sp, sp, x2, lsl #4            cb2273ff  x2=1  ->  sp=40407f0
subs w0, w1, w2, uxth             6b222020  x1=ffff x2=ffffffff  ->  x0=0 nzcv=6
adc x0, x1, x2                    9a020020  x1=ffffffffffffffff x2=0 nzcv=2  ->  x0=0
adc w0, w1, w2                    1a020020  x1=1 x2=1 nzcv=0  ->  x0=2
adcs x0, x1, x2                   ba020020  x1=ffffffffffffffff x2=0 nzcv=2  ->  x0=0 nzcv=6
adcs x0, x1, x2                   ba020020  x1=ffffffffffffffff x2=ffffffffffffffff nzcv=2  ->  x0=ffffffffffffffff nzcv=a
adcs w0, w1, w2                   3a020020  x1=7fffffff x2=0 nzcv=2  ->  x0=80000000 nzcv=9
sbc x0, x1, x2                    da020020  x1=5 x2=3 nzcv=0  ->  x0=1
sbc w0, w1, w2                    5a020020  x1=5 x2=3 nzcv=2  ->  x0=2
sbcs x0, x1, x2                   fa020020  x1=0 x2=0 nzcv=0  ->  x0=ffffffffffffffff nzcv=8
sbcs x0, x1, x2                   fa020020  x1=0 x2=ffffffffffffffff nzcv=0  ->  x0=0 nzcv=4
sbcs w0, w1, w2                   7a020020  x1=80000000 x2=0 nzcv=0  ->  x0=7fffffff nzcv=3
rmif x1, #4, #15                  ba02042f  x1=50  ->  nzcv=5
rmif x1, #63, #3                  ba1f8423  x1=1 nzcv=c  ->  nzcv=e
setf8 w1                          3a00082d  x1=180 nzcv=3  ->  nzcv=a
setf8 w1                          3a00082d  x1=100 nzcv=0  ->  nzcv=5
setf16 w1                         3a00482d  x1=8000 nzcv=2  ->  nzcv=b
setf16 w1                         3a00482d  x1=17fff  ->  nzcv=1
cfinv                             d500401f  nzcv=f  ->  nzcv=d
ccmp x1, x2, #15, eq              fa42002f  x1=1 x2=2 nzcv=4  ->  nzcv=8
ccmp x1, x2, #15, eq              fa42002f  x1=1 x2=2 nzcv=0  ->  nzcv=f
ccmp w1, #31, #0, al              7a5fe820  x1=1f nzcv=0  ->  nzcv=6
ccmn x1, #1, #8, ne               ba411828  x1=ffffffffffffffff nzcv=0  ->  nzcv=6
ccmn w1, w2, #5, ge               3a42a025  x1=1 x2=1 nzcv=8  ->  nzcv=5
cmp x1, x2 ; ccmp x3, x4, #2, lo ; cset x0, ls  eb02003f,fa443062,9a9f87e0  x1=1 x2=2 x3=7 x4=9  ->  x0=1 nzcv=8
csel x0, x1, x2, hi               9a828020  nzcv=2  ->  x0=202020202020202
csel x0, x1, x2, hi               9a828020  nzcv=6  ->  x0=303030303030303
csel w0, w1, w2, le               1a82d020  nzcv=9  ->  x0=3030303
csel w0, w1, w2, nv               1a82f020  nzcv=0  ->  x0=2020202
csinc x0, x1, x2, vs              9a826420  x2=ffffffffffffffff nzcv=0  ->  x0=0
csinv w0, w1, w2, mi              5a824020  x2=0 nzcv=0  ->  x0=ffffffff
csneg x0, x1, x2, pl              da825420  x2=1 nzcv=8  ->  x0=ffffffffffffffff
cset x0, hs                       9a9f37e0  nzcv=2  ->  x0=1
cset w0, lt                       1a9fa7e0  nzcv=8  ->  x0=1
csetm x0, gt                      da9fd3e0  nzcv=0  ->  x0=ffffffffffffffff
csetm w0, ls                      5a9f83e0  nzcv=0  ->  x0=ffffffff
udiv x0, x1, x2                   9ac20820  x1=ffffffffffffffff x2=10  ->  x0=fffffffffffffff
udiv w0, w1, w2                   1ac20820  x1=ffffffffffffffff x2=0  ->  x0=0
sdiv x0, x1, x2                   9ac20c20  x1=8000000000000000 x2=ffffffffffffffff  ->  x0=8000000000000000
sdiv w0, w1, w2                   1ac20c20  x1=80000000 x2=ffffffff  ->  x0=80000000
sdiv x0, x1, x2                   9ac20c20  x1=fffffffffffffff9 x2=2  ->  x0=fffffffffffffffd
lsl x0, x1, x2                    9ac22020  x1=1 x2=41  ->  x0=2
lsr w0, w1, w2                    1ac22420  x1=80000000 x2=3f  ->  x0=1
asr x0, x1, x2                    9ac22820  x1=8000000000000000 x2=ffffffffffffffff  ->  x0=ffffffffffffffff
ror w0, w1, w2                    1ac22c20  x1=f x2=24  ->  x0=f0000000
crc32b w0, w1, w2                 1ac24020  x1=ffffffff x2=61  ->  x0=174841bc
crc32h w0, w1, w2                 1ac24420  x1=ffffffff x2=6261  ->  x0=617cb792
crc32w w0, w1, w2                 1ac24820  x1=0 x2=ffffffff00000001  ->  x0=b8bc6765
crc32x w0, w1, x2                 9ac24c20  x1=ffffffff x2=8000000000000001  ->  x0=bbcfa328
crc32cb w0, w1, w2                1ac25020  x1=ffffffff x2=61  ->  x0=3e2fbccf
crc32ch w0, w1, w2                1ac25420  x1=0 x2=ffff  ->  x0=e9e77d2
crc32cw w0, w1, w2                1ac25820  x1=12345678 x2=9abcdef0  ->  x0=796ab9a9
crc32cx w0, w1, x2                9ac25c20  x1=ffffffff x2=fedcba9876543210  ->  x0=5e00de91
rbit x0, x1                       dac00020  x1=1  ->  x0=8000000000000000
rbit w0, w1                       5ac00020  x1=ffffffff00000003  ->  x0=c0000000
rev16 x0, x1                      dac00420  x1=0123456789abcdef  ->  x0=23016745ab89efcd
rev16 w0, w1                      5ac00420  x1=0123456789abcdef  ->  x0=ab89efcd
rev32 x0, x1                      dac00820  x1=0123456789abcdef  ->  x0=67452301efcdab89
rev x0, x1                        dac00c20  x1=0123456789abcdef  ->  x0=efcdab8967452301
rev w0, w1                        5ac00820  x1=0123456789abcdef  ->  x0=efcdab89
clz x0, x1                        dac01020  x1=0  ->  x0=40
clz w0, w1                        5ac01020  x1=ffffffff00008000  ->  x0=10
cls x0, x1                        dac01420  x1=ffffffffffffffff  ->  x0=3f
cls x0, x1                        dac01420  x1=0  ->  x0=3f
cls w0, w1                        5ac01420  x1=80000000  ->  x0=0
cls w0, w1                        5ac01420  x1=3fffffff  ->  x0=1
madd x0, x1, x2, x3               9b020c20  x1=ffffffffffffffff x2=2 x3=1  ->  x0=ffffffffffffffff
mul w0, w1, w2                    1b027c20  x1=10000 x2=10000  ->  x0=0
msub w0, w1, w2, w3               1b028c20  x1=3 x2=4 x3=5  ->  x0=fffffff9
mneg x0, x1, x2                   9b02fc20  x1=1 x2=1  ->  x0=ffffffffffffffff
smaddl x0, w1, w2, x3             9b220c20  x1=80000000 x2=80000000 x3=1  ->  x0=4000000000000001
umull x0, w1, w2                  9ba27c20  x1=ffffffffffffffff x2=ffffffff  ->  x0=fffffffe00000001
smsubl x0, w1, w2, x3             9b228c20  x1=ffffffff x2=1 x3=0  ->  x0=1
umnegl x0, w1, w2                 9ba2fc20  x1=ffffffff x2=1  ->  x0=ffffffff00000001
smulh x0, x1, x2                  9b427c20  x1=ffffffffffffffff x2=1  ->  x0=ffffffffffffffff
umulh x0, x1, x2                  9bc27c20  x1=ffffffffffffffff x2=ffffffffffffffff  ->  x0=fffffffffffffffe
# Flags that are in no slot while an op overwrites them, or takes the registers that would save them.
adds x9, x10, x11 ; adc x12, x13, x14 ; ccmp x1, x2, #3, lt  ab0b0149,9a0e01ac,fa42b023  x10=ffffffffffffffff x11=2 x13=1000 x14=20 x1=5 x2=5  ->  x9=1 x12=1021 nzcv=3
subs x9, x10, x11 ; sbc w12, w13, w14 ; ccmp x1, x2, #3, hi  eb0b0149,5a0e01ac,fa428023  x10=1 x11=2 x13=1000 x14=20 x1=5 x2=6  ->  x9=ffffffffffffffff x12=fdf nzcv=3
fcmp d0, #0.0 ; adcs x12, x13, x14 ; fccmp d3, d1, #4, lt  1e602008,ba0e01ac,1e61b464  v0=bff0000000000000 x13=1000 x14=20 v1=3ff0000000000000 v3=4000000000000000  ->  x12=1020 nzcv=4
fcmp d0, #0.0 ; smsubl x18, w1, w1, x21 ; add x2, x2, x0, lsl #9 ; fccmpe d3, d1, #4, lt  1e602008,9b21d432,8b002442,1e61b474  v0=bff0000000000000 x1=16b25de x21=80000000 x2=1 x0=7fff  ->  x2=fffe01 x18=fffdfcdc16d2137c nzcv=8
fcmp s1, #0.0 ; smaddl x2, w1, w2, x13 ; smulh x3, x3, x3 ; fccmp h2, h1, #1, lt  1e202028,9b223422,9b437c63,1ee1b441  v1=bf800000 x1=12345678 x2=ffff x13=5555 x3=7fffffffffffffff  ->  x2=12344443fedd x3=3fffffffffffffff nzcv=8
