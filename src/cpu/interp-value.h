/* Values of operations that need nothing but their arguments: for the interpreter, and for a backend that has no
 * instruction for one. */
#pragma once
#include "cpu/guest.h"

/* source: type of the first argument. Scalars lie in .lo, zero-extended. Not for flags, memory, state and order. */
V128 interp_value(Cpu *, const Helper *, const IrInsn *, IrType source, V128 a, V128 b, V128 c);
uint64_t helper_call(Cpu *, const Helper *, uint64_t number, const uint64_t a[3]);
