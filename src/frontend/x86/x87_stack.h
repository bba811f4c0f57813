/* What handlers of opcodes_x87.def share: what a unit knows of the stack of registers.
 *
 * Where all exceptions are masked an instruction becomes f80 ops on the slots of its registers. That needs to know
 * which slot is ST(0), and that operands are there and results have room: what the unit has not seen yet is tested
 * once, and known from then on until the next label. Whatever turns out otherwise is left to the host's unit, which
 * runs one instruction on the whole state (x87.c). So do all instructions while exceptions are unmasked, and the rare
 * ones.
 *
 * The fast way leaves alone what nothing but a handler of unmasked exceptions looks at: the last opcode and data
 * pointer (SDM volume 1, 8.1.9 and 8.1.8: processors that say so do the same), and the values of registers that became
 * empty. */
#pragma once
#include "frontend/x86/vector.h"
#include "frontend/x86/x87.h"

bool x87_is_fast(const Trans *);        /* whether ops may be used */
bool x87_run_alone(Trans *, X86Insn *); /* else: on the host, by itself */
bool x87_done(Trans *);                 /* last, after ops */

/* ST(i): number of its slot among the registers', and the slot. */
unsigned st_number(Trans *, unsigned i);
unsigned st_slot(unsigned number);
void st_put_tag(Trans *, unsigned number, bool full);
unsigned st_operand(Trans *, unsigned i); /* slot of ST(i), which is not empty */
unsigned st_room(Trans *);                /* slot of the new ST(0): tested before, */
void st_push(Trans *);                    /* done after the value is there */
void st_pop(Trans *);
void st_pop_value(Trans *); /* where no op has used the value up */

/* The slot `d` becomes what the op makes of it and the operand in memory. */
void st_memory(Trans *, X86Insn *, IrF80Op, unsigned d, bool is_float);

static inline uint64_t f80_kind(bool is_float)
{
    return is_float ? F80_FLOAT : 0;
}
