#include "cpu/interp-f80.h"

#include "base/f80.h"

#include <string.h>

/* The x87 instructions: low three bits of the first byte << 8 | ModRM, a memory operand's reg field in its place. */
static unsigned loading(const IrInsn *i)
{
    bool wide = i->type == I64;
    return i->imm & F80_FLOAT ? (wide ? 0x500 : 0x100) : i->type == I16 ? 0x700 : wide ? 0x728 : 0x300;
}

static unsigned storing(const IrInsn *i) /* and popping */
{
    bool wide = i->type == I64;
    if (i->imm & F80_FLOAT)
        return wide ? 0x518 : 0x118;
    if (i->imm & F80_TRUNCATE)
        return i->type == I16 ? 0x708 : wide ? 0x508 : 0x308;
    return i->type == I16 ? 0x718 : wide ? 0x738 : 0x318;
}

static unsigned with_memory(const IrInsn *i)
{
    bool wide = i->type == I64;
    unsigned row = i->imm & F80_FLOAT ? (wide ? 0x400 : 0x000) : i->type == I16 ? 0x600 : 0x200;
    return row | (i->op == IR_f80_in ? i->imm & 7 : 0) << 3;
}

static unsigned of_slots(unsigned op)
{
    static const uint16_t one[] = { [F80_CHS] = 0x1e0,  [F80_ABS] = 0x1e1,  [F80_SQRT] = 0x1fa,   [F80_ROUND] = 0x1fc,
                                    [F80_SIN] = 0x1fe,  [F80_COS] = 0x1ff,  [F80_2XM1] = 0x1f0,   [F80_EXAM] = 0x1e5,
                                    [F80_YL2X] = 0x1f1, [F80_ATAN] = 0x1f3, [F80_YL2XP1] = 0x1f9, [F80_SCALE] = 0x1fd };
    return op < 8 ? 0x0c1 | op << 3 : op >= F80_CONST ? 0x1e8 + op - F80_CONST : one[op];
}

/* d in ST(0), b in ST(1). before: registers that are in use; returns the status word. */
static uint32_t execute(F80Image *m, unsigned insn, void *memory, unsigned used, uint32_t *flags)
{
    m->tags = used == 2 ? 0x0fff : used == 1 ? 0x3fff : 0xffff;
    m->status = (uint16_t)((8 - used) << 11 & 0x3800);
    *flags = f80_execute(m, insn, memory, 0);
    return m->status;
}

static void gather(uint32_t *status, uint32_t now)
{
    *status = ((*status | now) & F80_EXCEPTIONS) | now << 16;
}

static void exchange(uint8_t *d, uint8_t *b)
{
    uint8_t t[10];
    memcpy(t, d, 10);
    memcpy(d, b, 10);
    memcpy(b, t, 10);
}

/* What the hardware says with C3 C2 C0. */
static void tell(unsigned op, uint8_t *b, uint32_t status)
{
    uint32_t mask = op == F80_EXAM ? F80_TELLS_EXAM : F80_TELLS_RANGE, was;
    memcpy(&was, b, sizeof was);
    was = (op == F80_EXAM ? 0 : was & ~mask) | (status & mask);
    memcpy(b, &was, sizeof was);
}

/* Operands that the hardware wants elsewhere than the others. */
static bool is_peculiar(unsigned op)
{
    return op >= F80_YL2X && op <= F80_XTRACT;
}

static void peculiar(unsigned op, F80Image *m, uint8_t *d, uint8_t *b, uint32_t *status)
{
    uint32_t flags;
    bool xtract = op == F80_XTRACT;
    memcpy(m->st[0], b, 10);
    memcpy(m->st[1], d, 10);
    gather(status, execute(m, xtract ? 0x1f4 : of_slots(op), NULL, xtract ? 1 : 2, &flags));
    memcpy(d, m->st[0], 10);
    if (xtract)
        memcpy(b, m->st[1], 10);
}

uint64_t interp_f80(const IrInsn *i, uint64_t a, uint8_t *d, uint8_t *b, uint32_t control, uint32_t *status)
{
    unsigned op = i->imm & 0xff, used = 2, insn;
    bool makes = i->op == IR_f80 || i->op == IR_f80_in; /* a new d */
    uint32_t flags;
    uint8_t memory[16] = { 0 };
    F80Image m = { .control = (uint16_t)control };
    if (i->op == IR_f80 && is_peculiar(op)) {
        peculiar(op, &m, d, b, status);
        return 0;
    }
    memcpy(m.st[0], d, 10);
    memcpy(m.st[1], i->op == IR_f80_cmp_in || (i->op == IR_f80 && ir_f80_tells(op)) ? d : b, 10);
    memcpy(memory, &a, 8);
    if (i->op == IR_f80_in && op == F80_COPY) {
        insn = loading(i);
        used = 0;
    } else if (i->op == IR_f80_in) {
        insn = with_memory(i);
    } else if (i->op == IR_f80_out) {
        insn = storing(i);
    } else if (i->op == IR_f80_cmp_in) {
        insn = with_memory(i) | 2 << 3;
    } else if (i->op == IR_f80_cmp) {
        insn = i->imm & F80_QUIET ? 0x3e9 : 0x3f1;
    } else if (op == F80_DROP) {
        return 0;
    } else if (op == F80_SWAP) {
        exchange(d, b);
        gather(status, 0);
        return 0;
    } else if (op == F80_COPY) {
        memcpy(d, b, 10);
        gather(status, 0);
        return 0;
    } else {
        insn = of_slots(op);
        used = op >= F80_CONST ? 0 : 2;
    }
    gather(status, execute(&m, insn, memory, used, &flags));
    if (i->op == IR_f80_cmp_in) {
        uint32_t packed = *status >> 16 & (FLAG_Z | FLAG_P | FLAG_C);
        memcpy(b, &packed, sizeof packed);
    }
    if (i->op == IR_f80 && ir_f80_tells(op))
        tell(op, b, *status >> 16);
    if (makes)
        memcpy(d, m.st[0], 10);
    memcpy(&a, memory, 8);
    return i->op == IR_f80_cmp ? flags << 8 & (FLAG_Z | FLAG_P | FLAG_C)
           : i->type == I16    ? (uint16_t)a
           : i->type == I32    ? (uint32_t)a
                               : a;
}
