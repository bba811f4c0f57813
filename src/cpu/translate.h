/* What frontends use while translating: branches and raising. */
#pragma once
#include "cpu/guest.h"

/* To a known pc; the unit decides whether that is a jump inside it, a link or a lookup. trans_goto ends the unit. */
void trans_goto(Trans *, uint64_t pc);
void trans_goto_if(Trans *, IrRef cond, uint64_t pc);
void trans_goto_reg(Trans *, IrRef pc);
/* Puts `pc` in the pc slot, then continues wherever the state says (goto_pc): after exceptions and mode changes. */
void trans_goto_state(Trans *);
void trans_set_pc(Trans *, uint64_t pc);
void trans_leave(Trans *, CpuExit);

/* Calls helper number `helper`. For H_LEAVES helpers the pc slot is set to this instruction first. */
IrRef trans_call(Trans *, IrType result, int helper, IrRef a, IrRef b, IrRef c);
