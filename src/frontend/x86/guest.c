/* x86 as the engine sees it. */
#include "frontend/x86/guest.h"

#include "cpu/inspect.h"
#include "cpu/run.h"
#include "frontend/x86/decode.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/x87.h"

#include <string.h>

/* SDM volume 3, table 10-1. */
void x86_reset(Cpu *cpu)
{
    X86Cpu *c = x86_of(cpu);
    state_reset(x86_state, c);
    for (unsigned n = 0; n < SEGS; n++) {
        c->seg[n] = (X86Segment){ .limit = 0xffff, .attr = SEG_P | SEG_S | SEG_RW | SEG_A | (n == CS ? SEG_CODE : 0) };
        x86_segment_derive(&c->seg[n], true);
    }
    c->seg[CS].selector = 0xf000;
    c->seg[CS].base = 0xffff0000;
    c->ldtr = (X86Segment){ .limit = 0xffff, .attr = SEG_P | 2 << 8 };
    c->tr = (X86Segment){ .limit = 0xffff, .attr = SEG_P | 11 << 8 };
    c->rip = 0xfffffff0;
    c->dr[6] = 0xffff0ff0;
    c->dr[7] = 0x400;
    c->cpu.mxcsr = 0x1f80;
    cpu_private_memory(cpu, false);
    x86_breakpoints_changed(c);
}

static bool is_near(uint64_t a, uint64_t b)
{
    return a - b + 1024 < 2048;
}

static uint64_t operand_address(const X86Cpu *c, const X86Insn *i)
{
    uint64_t base = i->base == X86_NONE ? 0 : c->r[i->base], index = i->index == X86_NONE ? 0 : c->r[i->index];
    uint64_t offset = base + (index << i->scale) + (uint64_t)i->disp;
    return i->adsize == 4 ? (uint32_t)offset : offset;
}

/* An address that is not canonical is #SS in the stack segment: SDM volume 1, 3.3.7.1. Of 64-bit code's accesses only
 * the instruction tells the segment. */
static bool is_through_stack(X86Cpu *c, uint64_t addr)
{
    uint8_t code[16];
    X86Insn i;
    unsigned have = sizeof code;
    while (have && !inspect_read(&c->cpu, c->rip, false, code, have))
        have--;
    if (x86_decode(code, have, c->rip, x86_mode(&c->cpu), c->features, &i) != X86_DECODED)
        return false;
    if (i.memory && is_near(addr, operand_address(c, &i)))
        return i.seg == SS;
    return is_near(addr, c->r[RSP]) || (!strcmp(i.row->name, "leave") && is_near(addr, c->r[RBP]));
}

static void fault(Cpu *cpu, uint64_t addr, Access access, const Walk *w, bool user)
{
    X86Cpu *c = x86_of(cpu);
    (void)user;
    if (w->fault == X86_FAULT_PAGE) {
        x86_raise_page_fault(c, addr, (uint32_t)w->fault_info);
        return;
    }
    bool stack =
        w->fault == X86_FAULT_STACK_SEGMENT || (access != FETCH && x86_in_code64(c) && is_through_stack(c, addr));
    x86_raise(c, stack ? X86_SS : X86_GP, 0);
}

static void misaligned(Cpu *cpu, uint64_t addr, Access access)
{
    (void)addr, (void)access;
    /* without alignment checks only vectors are to be aligned */
    x86_raise(x86_of(cpu), x86_mode(cpu) & M_ALIGN ? X86_AC : X86_GP, 0);
}

/* Nothing answers there: reads give ones, writes go nowhere. The engine asks only where that was not enough. */
static void bus_error(Cpu *cpu, uint64_t addr, Access access, uint64_t phys)
{
    (void)addr, (void)access, (void)phys;
    x86_raise(x86_of(cpu), X86_GP, 0);
}

/* Above the flags the slot may hold what the host left there. */
static void settle(Cpu *cpu)
{
    ((X86Cpu *)cpu)->flags &= FLAGS_ALL;
    x87_settle(x86_of(cpu));
}

/* What an empty register of the x87 holds is seen by nobody but FSAVE, and the translator drops it. */
static void forget(Cpu *cpu)
{
    X86Cpu *c = x86_of(cpu);
    for (unsigned n = 0; n < 8; n++)
        if (!c->ftag[n])
            c->st[n] = (V128){ 0, 0 };
}

static const char *disassembler(const Cpu *cpu, int *arch, int *mode)
{
    uint64_t m = x86_mode(cpu);
    *arch = 3;                                       /* CS_ARCH_X86 */
    *mode = m & M_CODE64 ? 8 : m & M_CODE32 ? 4 : 2; /* CS_MODE_64, 32, 16 */
    return "x86";
}

const Helper x86_helpers[] = {
#define HELPER(name, fn, effects) { #name, (void *)fn, effects },
#include "frontend/x86/helpers.def"
    { NULL },
};

static const uint16_t hot[] = { S_R0 + RAX, S_R0 + RCX, S_R0 + RDX, S_R0 + RBX, S_R0 + RSP,
                                S_R0 + RBP, S_R0 + RSI, S_R0 + RDI, S_R0 + R8,  0xffff };
static const uint16_t hot_vector[] = { S_XMM0,     S_XMM0 + 1, S_XMM0 + 2, S_XMM0 + 3, S_XMM0 + 4, S_XMM0 + 5,
                                       S_XMM0 + 6, S_XMM0 + 7, S_XMM0 + 8, S_XMM0 + 9, 0xffff };

const Guest x86_guest = {
    .name = "x86",
    .size = sizeof(X86Cpu),
    .state = x86_state,
    .hot = hot,
    .hot_vector = hot_vector,
    .helpers = x86_helpers,
    .pc_slot = S_RIP,
    .stack_slot = S_R0 + RSP,
    .has_stack = true,
    .pc_shift = 0,
    .insn_max = 15,
    .f80_control = S_FCONTROL,
    .f80_status = S_FHOST,
    .flags_mask = FLAGS_ALL,
    .reset = x86_reset,
    .mode = x86_mode,
    .regime = x86_regime,
    .translate = x86_translate,
    .walk = x86_walk,
    .fault = fault,
    .misaligned = misaligned,
    .bus_error = bus_error,
    .interrupt = x86_interrupt,
    .wakes = x86_wakes,
    .settle = settle,
    .forget = forget,
    .split_atomics = true,
    .sees_own_stores = true,
    .disassembler = disassembler,
    .debug = &x86_debug,
};

bool x86_guest_start(X86Cpu *c, Error *err)
{
    return cpu_init(&c->cpu, &x86_guest, err);
}
