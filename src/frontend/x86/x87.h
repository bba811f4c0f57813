/* The x87 unit's state. SDM volume 1, chapter 8.
 *
 * A stack register is found by counting from where ST(0) is, and that place is known when code is translated: so st[]
 * is not in the order of the architecture's physical registers R0..R7 but turned, by `fturn`: R(n) is st[(n + fturn) &
 * 7]. Values of an empty register are kept as far as instructions are run one by one; see x87_stack.h. */
#pragma once
#include "frontend/x86/sys.h"

enum {
    FSW_FLAGS = 0x3f, /* exceptions: IE DE ZE OE UE PE */
    FSW_SF = 1 << 6,
    FSW_ES = 1 << 7,
    FSW_CONDITIONS = 0x4700,
    FSW_C1 = 1 << 9,
    FSW_TOP_SHIFT = 11,
    FSW_B = 1 << 15,
    FSW_KEPT = FSW_FLAGS | FSW_SF, /* what X86Cpu.fsw holds */
    FSW_COMPARED = 0x4500,         /* C3 C2 C0: X86Cpu.fcond */
    FCW_MASKS = 0x3f,
    FCW_WRITABLE = 0x1f3f,
    FCW_ONE = 0x40,
    FCW_INIT = 0x37f,
};

static inline unsigned x87_top(const X86Cpu *c)
{
    return (c->fpos - c->fturn) & 7;
}
static inline unsigned x87_at(const X86Cpu *c, unsigned i) /* index in st[] of ST(i) */
{
    return (c->fpos + i) & 7;
}
static inline unsigned x87_physical(const X86Cpu *c, unsigned n) /* ... of R(n) */
{
    return (n + c->fturn) & 7;
}
static inline bool x87_pending(const X86Cpu *c)
{
    return c->fsw & ~c->fcw & FSW_FLAGS; /* not of what the host's unit holds: then all are masked */
}

static inline uint32_t x87_flags(const X86Cpu *c)
{
    return c->fsw | ((c->fhost | c->fhost >> 16) & FSW_FLAGS);
}

void x87_set_control(X86Cpu *, uint32_t);
uint32_t x87_status(const X86Cpu *); /* whole: TOP, ES and B too */
void x87_set_status(X86Cpu *, uint32_t);
uint32_t x87_tags(const X86Cpu *);     /* two bits a physical register, as FSTENV stores them */
void x87_set_tags(X86Cpu *, uint32_t); /* after x87_set_status */
void x87_init(X86Cpu *);               /* FNINIT */
/* What translated code left in the host's unit is merged. By the processor's own thread, outside translated code. */
void x87_settle(X86Cpu *);

/* What a memory image of the environment looks like: X87_16 or not, X87_REAL or not. */
enum { X87_16 = 1, X87_REAL = 2 };
unsigned x87_store_environment(const X86Cpu *, unsigned format, uint8_t image[28]); /* returns its size */
void x87_load_environment(X86Cpu *, unsigned format, const uint8_t *image);

/* Arguments of helpers. insn: the low three bits of the first byte << 8 | ModRM, of the instruction that the host is to
 * run; bytes: of the memory operand, or 0. */
#define X87_ARG(insn, bytes, write, seg, length)                                                                       \
    ((uint64_t)(insn) | (uint64_t)(bytes) << 16 | (uint64_t)(write) << 24 | (uint64_t)(seg) << 32 |                    \
     (uint64_t)(length) << 40)
enum { X87_WAIT, X87_LDCW, X87_CLEX, X87_INIT };
enum { X87_LDENV, X87_STENV, X87_RSTOR, X87_SAVE };
