/* What the integer instruction groups share: a64_data_reg.c, a64_ldst.c. */
#pragma once
#include "frontend/arm/arm.h"

/* rd = a op b with the flags; register 31 is zero. */
bool a64_adds(Trans *, const A64 *, IrRef a, IrRef b);
bool a64_subs(Trans *, const A64 *, IrRef a, IrRef b);
bool a64_ands(Trans *, const A64 *, IrRef a, IrRef b);

/* ExtendReg: option 0..3 UXTB..UXTX, 4..7 SXTB..SXTX, then a shift left. */
IrRef a64_extend(Trans *, bool sf, unsigned r, unsigned option, unsigned shift);

/* Compare and swap with the mode's byte order: the old value, zero-extended. w: I32 up to 4 bytes, else I64. */
IrRef a64_cas_op(Trans *, IrType w, IrRef address, IrRef expected, IrRef desired, IrMem m);
IrMem a64_atomic_mem(const Trans *, unsigned size, bool acquire, bool release);
