# Branches. After one that is not taken the next instruction is.
nop ; b .+8                       d503201f,14000002    ->  pc=+12
bl .+8                            94000002    ->  x30=4000018 pc=+8
b.eq .+8                          54000040  nzcv=4  ->  pc=+8
b.eq .+8                          54000040  nzcv=0  ->
b.hi .+8                          54000048  nzcv=2  ->  pc=+8
b.hi .+8                          54000048  nzcv=6  ->
b.ls .+8                          54000049  nzcv=0  ->  pc=+8
b.hs .+8                          54000042  nzcv=2  ->  pc=+8
b.lo .+8                          54000043  nzcv=2  ->
b.ge .+8                          5400004a  nzcv=9  ->  pc=+8
b.gt .+8                          5400004c  nzcv=4  ->
b.le .+8                          5400004d  nzcv=8  ->  pc=+8
b.al .+8                          5400004e    ->  pc=+8
cmp x1, x2 ; b.lo .+8             eb02003f,54000043  x1=1 x2=2  ->  nzcv=8 pc=+12
cmp w1, w2 ; b.gt .+8             6b02003f,5400004c  x1=80000000 x2=1  ->  nzcv=3
cmn x1, #1 ; b.cs .+8             b100043f,54000042  x1=ffffffffffffffff  ->  nzcv=6 pc=+12
tst x1, x1 ; b.mi .+8             ea01003f,54000044  x1=8000000000000000  ->  nzcv=8 pc=+12
adds w0, w1, w1 ; b.vs .+8        2b010020,54000046  x1=40000000  ->  x0=80000000 nzcv=9 pc=+12
cbz x1, .+8                       b4000041  x1=0  ->  pc=+8
cbz w1, .+8                       34000041  x1=ffffffff00000000  ->  pc=+8
cbz x1, .+8                       b4000041  x1=ffffffff00000000  ->
cbnz x1, .+8                      b5000041  x1=8000000000000000  ->  pc=+8
cbnz w1, .+8                      35000041  x1=ffffffff00000000  ->
tbz x1, #63, .+8                  b6f80041  x1=7fffffffffffffff  ->  pc=+8
tbz w1, #31, .+8                  36f80041  x1=80000000  ->
tbnz x1, #32, .+8                 b7000041  x1=100000000  ->  pc=+8
tbnz w1, #0, .+8                  37000041  x1=fffffffe  ->
