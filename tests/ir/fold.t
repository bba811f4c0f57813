; What the builders make of what frontends ask for. See tests/tcg/test_files.c for the form.

== constants meet across two instructions
insn 0x1000
  %1 = get i64 x0+0
  %2 = add i64 %1, #0x1000
  put x1+0 i64 %2
insn 0x1004
  %3 = get i64 x1+0
  %4 = add i64 %3, #0x24
  put x1+0 i64 %4
  leave exit=2
=> fold
insn 0x1000
  %1 = get i64 x0+0
  %2 = add i64 %1, #0x1000
  put x1+0 i64 %2
insn 0x1004
  %3 = add i64 %1, #0x1024
  put x1+0 i64 %3
  leave exit=2
=> live
insn 0x1000
  %1 = get i64 x0+0
insn 0x1004
  %2 = add i64 %1, #0x1024
  put x1+0 i64 %2
  leave exit=2

== a 32-bit result is extended once
  %1 = get i32 x0+0
  %2 = get i32 x1+0
  %3 = add i32 %1, %2
  put x2+0 zext i32 %3
  %4 = get i64 x2+0
  %5 = get i32 x2+0
  %6 = xor i32 %5, %1
  put x3+0 zext i32 %6
  %7 = load i64 [%4] size=3
  put x4+0 i64 %7
  leave exit=2
=> fold
  %1 = get i32 x0+0
  %2 = get i32 x1+0
  %3 = add i32 %1, %2
  put x2+0 zext i32 %3
  %4 = zext i64 %3 from=32
  %5 = xor i32 %3, %1
  put x3+0 zext i32 %5
  %6 = load i64 [%4] size=3
  put x4+0 i64 %6
  leave exit=2

== a comparison and a branch read the flags that were just made
insn 0x1000
  %1 = get i64 x0+0
  %2 = sub i64 %1, #0x5
  %3 = flags i64 %2
  put nzcv+0 flags %3
insn 0x1004
  %4 = get flags nzcv+0
  %5 = cond ncz %4
  goto_if %5, 0x2000
  leave exit=2
=> fold
insn 0x1000
  %1 = get i64 x0+0
  %2 = sub i64 %1, #0x5
  %3 = flags i64 %2
  put nzcv+0 flags %3
insn 0x1004
  %4 = cond ncz %3
  goto_if %4, 0x2000
  leave exit=2

== a subtraction that nobody asks the flags of becomes an addition
  %1 = get i64 x0+0
  %2 = sub i64 %1, #0x5
  put x0+0 i64 %2
  leave exit=2
=> fold
  %1 = get i64 x0+0
  %2 = add i64 %1, #0xfffffffffffffffb
  put x0+0 i64 %2
  leave exit=2

== comparing with zero costs one op, whose value is the register
  %1 = get i64 x0+0
  %2 = sub i64 %1, #0x0
  %3 = flags i64 %2
  put nzcv+0 flags %3
  put x1+0 i64 %2
  leave exit=2
=> fold
  %1 = get i64 x0+0
  %2 = sub i64 %1, #0x0
  %3 = flags i64 %2
  put nzcv+0 flags %3
  put x1+0 i64 %1
  leave exit=2

== an inverted carry goes into the condition
  %1 = get i64 x0+0
  %2 = get i64 x1+0
  %3 = add i64 %1, %2
  %4 = flags i64 %3
  %5 = cmc %4
  put nzcv+0 flags %5
  %6 = cond be %5
  goto_if %6, 0x2000
  leave exit=2
=> fold
  %1 = get i64 x0+0
  %2 = get i64 x1+0
  %3 = add i64 %1, %2
  %4 = flags i64 %3
  %5 = cmc %4
  put nzcv+0 flags %5
  %6 = cond ncz %4
  goto_if %6, 0x2000
  leave exit=2

== a choice by a constant is made
  %1 = get i64 x0+0
  %2 = get i64 x1+0
  %3 = pick i64 #0x1, %1, %2
  put x2+0 i64 %3
  %4 = eq i64 %1, %1
  %5 = pick i64 %4, %2, %1
  put x3+0 i64 %5
  leave exit=2
=> fold
  %1 = get i64 x0+0
  %2 = get i64 x1+0
  put x2+0 i64 %1
  put x3+0 i64 %2
  leave exit=2

== a branch that is never taken is none
  %1 = get i64 x0+0
  %2 = ne i64 %1, %1
  goto_if %2, 0x2000
  leave exit=2
=> fold
  %1 = get i64 x0+0
  leave exit=2

== a rotation written as two shifts
  %1 = get i32 x0+0
  %2 = shl i32 %1, #0x8
  %3 = shr i32 %1, #0x18
  %4 = or i32 %2, %3
  put x0+0 zext i32 %4
  leave exit=2
=> live
  %1 = get i32 x0+0
  %2 = rotr i32 %1, #0x18
  put x0+0 zext i32 %2
  leave exit=2

== scalars move through vector registers
  %1 = get i64 x0+0
  %2 = bits2f f64 %1
  put v0+0 zext f64 %2
  %3 = get f64 v0+0
  %4 = f2bits i64 %3
  put x1+0 i64 %4
  %5 = get i64x2 v0+0
  put v1+0 i64x2 %5
  leave exit=2
=> fold
  %1 = get i64 x0+0
  %2 = bits2f f64 %1
  put v0+0 zext f64 %2
  put x1+0 i64 %1
  %3 = vlow i64x2 %2
  put v1+0 i64x2 %3
  leave exit=2

== a label forgets values, a call forgets slots
  %1 = get i64 x0+0
  put x1+0 i64 %1
  %2 = get i64 x1+0
  put x2+0 i64 %2
  %3 = call i64 @state %2, #0x1, #0x2
  %4 = get i64 x1+0
  put x3+0 i64 %4
  %5 = call i64 @pure %4
  %6 = get i64 x1+0
  put x4+0 i64 %6
label 0x1000
  %7 = get i64 x1+0
  put x5+0 i64 %7
  leave exit=2
=> fold
  %1 = get i64 x0+0
  put x1+0 i64 %1
  put x2+0 i64 %1
  %2 = call i64 @state %1, #0x1, #0x2
  %3 = get i64 x1+0
  put x3+0 i64 %3
  %4 = call i64 @pure %3
  put x4+0 i64 %3
label 0x1000
  %5 = get i64 x1+0
  put x5+0 i64 %5
  leave exit=2

== vectors of the same bits cancel
  %1 = get i32x4 v0+0
  %2 = xor i32x4 %1, %1
  put v1+0 i32x4 %2
  %3 = or i8x16 %1, %1
  put v2+0 i8x16 %3
  leave exit=2
=> fold
  %1 = get i32x4 v0+0
  %2 = vconst i32x4 lo=0x0 hi=0x0
  put v1+0 i32x4 %2
  put v2+0 i8x16 %1
  leave exit=2

== what was extended with zeros is compared as it was
  %1 = get i32 x0+0
  %2 = get i32 x1+0
  %3 = add i32 %1, %2
  %4 = zext i64 %3 from=32
  %5 = eq i64 %4, #0x0
  goto_if %5, 0x2000
  %6 = ltu i64 %4, #0x100000000
  goto_if %6, 0x2000
  %7 = zext i64 %1 from=32
  %8 = leu i64 %4, %7
  goto_if %8, 0x2000
  leave exit=2
=> live
  %1 = get i32 x0+0
  %2 = get i32 x1+0
  %3 = add i32 %1, %2
  %4 = zext i64 %3 from=32
  %5 = eq i32 %3, #0x0
  goto_if %5, 0x2000
  %6 = ltu i64 %4, #0x100000000
  goto_if %6, 0x2000
  %7 = leu i32 %3, %1
  goto_if %7, 0x2000
  leave exit=2
