; Which puts nobody sees.

== of two puts to the same bytes the first is dead
  %1 = get i64 x0+0
  %2 = add i64 %1, #0x1
  put x1+0 i64 %2
  %3 = add i64 %1, #0x2
  put x1+0 i64 %3
  leave exit=2
=> live
  %1 = get i64 x0+0
  %2 = add i64 %1, #0x2
  put x1+0 i64 %2
  leave exit=2

== a load may fault, so what was put before it stays
  %1 = get i64 x0+0
  put x1+0 i64 %1
  %2 = load i64 [%1] size=3
  put x1+0 i64 %2
  leave exit=2
=> live
  %1 = get i64 x0+0
  put x1+0 i64 %1
  %2 = load i64 [%1] size=3
  put x1+0 i64 %2
  leave exit=2

== so may a store, a branch leave, and a helper look
  %1 = get i64 x0+0
  put x1+0 i64 %1
  store i64 [%1], %1 size=3
  put x1+0 i64 #0x2
  %2 = ltu i64 %1, #0x9
  goto_if %2, 0x3000
  put x1+0 i64 #0x3
  call void @state %1
  put x1+0 i64 #0x4
label 0x1000
  put x1+0 i64 #0x5
  leave exit=2
=> live
  %1 = get i64 x0+0
  put x1+0 i64 %1
  store i64 [%1], %1 size=3
  put x1+0 i64 #0x2
  %2 = ltu i64 %1, #0x9
  goto_if %2, 0x3000
  put x1+0 i64 #0x3
  call void @state %1
  put x1+0 i64 #0x4
label 0x1000
  put x1+0 i64 #0x5
  leave exit=2

== a helper without effects does not look
  %1 = get i64 x0+0
  put x1+0 i64 %1
  %2 = call i64 @pure %1
  put x1+0 i64 %2
  leave exit=2
=> live
  %1 = get i64 x0+0
  %2 = call i64 @pure %1
  put x1+0 i64 %2
  leave exit=2

== a pure helper's unused result is not asked for
  %1 = get i64 x0+0
  %2 = call i64 @pure %1
  put x1+0 i64 %1
  leave exit=2
=> live
  %1 = get i64 x0+0
  put x1+0 i64 %1
  leave exit=2

== narrow puts kill only what they cover
  %1 = get i64 x0+0
  put x1+0 i64 %1
  put x1+0 i8 #0x1
  put x1+4 i32 #0x2
  leave exit=2
=> live
  %1 = get i64 x0+0
  put x1+0 i64 %1
  put x1+0 i8 #0x1
  put x1+4 i32 #0x2
  leave exit=2

== several narrow puts together cover a wide one
  %1 = get i64 x0+0
  put x1+0 i64 %1
  put x1+0 i32 #0x1
  put x1+4 i32 #0x2
  leave exit=2
=> live
  put x1+0 i32 #0x1
  put x1+4 i32 #0x2
  leave exit=2

== a put that extends covers all of the slot
  %1 = get i64 x0+0
  put x1+0 i64 %1
  put x1+0 zext i8 #0x1
  leave exit=2
=> live
  put x1+0 zext i8 #0x1
  leave exit=2

== a get that is used keeps the put it reads
  %1 = get i64 x0+0
  put x1+4 i32 #0x7
  %2 = get i64 x1+0
  put x1+0 i64 %1
  put x2+0 i64 %2
  leave exit=2
=> live
  %1 = get i64 x0+0
  put x1+4 i32 #0x7
  %2 = get i64 x1+0
  put x1+0 i64 %1
  put x2+0 i64 %2
  leave exit=2

== a get that is not used keeps nothing
  %1 = get i64 x0+0
  put x1+4 i32 #0x7
  %2 = get i64 x1+0
  put x1+0 i64 %1
  leave exit=2
=> live
  %1 = get i64 x0+0
  put x1+0 i64 %1
  leave exit=2

== floating point raises flags even if nobody wants the result
  %1 = get f64 v0+0
  %2 = fadd f64 %1, %1 @fp
  put v1+0 f64 %1
  leave exit=2
=> live
  %1 = get f64 v0+0
  %2 = fadd f64 %1, %1 @fp
  put v1+0 f64 %1
  leave exit=2
