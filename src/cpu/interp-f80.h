/* One f80 op on the host's unit: the interpreter's part. */
#pragma once
#include "tcg/ir.h"

enum { F80_EXCEPTIONS = 0x3f, F80_ROUNDED_UP = 1 << 9 };
/* a: the argument; d, b: the slots' bytes. The result, if the op has one. */
uint64_t interp_f80(const IrInsn *, uint64_t a, uint8_t *d, uint8_t *b, uint32_t control, uint32_t *status);
