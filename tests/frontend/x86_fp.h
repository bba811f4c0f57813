/* Floating-point state for the oracle: random ones, mostly special values, and what is compared. */
#pragma once
#include "frontend/x86/decode.h"
#include "tests/frontend/x86_native.h"

void x86_fp_pools(unsigned cases, uint64_t *seed); /* first: new values for those below */
void x86_fp_random(X86Fp *, uint64_t *seed, const X86Insn *);
void x86_fp_memory(uint8_t *bytes, int count, uint64_t *seed); /* operands of all kinds, at multiples of 16 */
/* others: there were more instructions than this one. */
bool x86_fp_agrees(const X86Fp *want, const X86Fp *got, const X86Insn *, bool faulted, bool others);
void x86_fp_show(const X86Fp *before, const X86Fp *want, const X86Fp *got, const X86Insn *);
