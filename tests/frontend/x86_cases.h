/* Random cases for the oracle: an instruction of a row in a state in which it does something. */
#pragma once
#include "frontend/x86/decode.h"
#include "tests/frontend/x86_native.h"

void x86_case_seed(uint64_t, unsigned cases); /* what follows depends on them alone; cases: about how many */
/* In a code segment of c->bits. false: that one was no case; the next may be. */
bool x86_case(int row, X86Case *c, X86Insn *);
/* Several instructions, as one unit: what one leaves in flags and registers is the next one's. Registers are what fits
 * the first, which is told; a later one may fault, and then the state must be that before it. */
bool x86_case_sequence(int rows, X86Case *c, X86Insn *);
