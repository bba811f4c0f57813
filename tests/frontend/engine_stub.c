/* What the Arm CPU asks of the engine, for tests of its system side alone: weak, so that the engine wins. */
#include "cpu/run.h"
#include "frontend/arm/guest.h"

#define WEAK __attribute__((weak))

static uint32_t lines;
static bool powered;
extern uint32_t engine_stub_flushes; /* invalidations, for arm_mini.c */
uint32_t engine_stub_flushes;

void WEAK cpu_switch_bank(Cpu *c)
{
    (void)c;
}
uint32_t WEAK cpu_lines(const Cpu *c)
{
    (void)c;
    return lines;
}
void WEAK cpu_interrupt_line(Cpu *c, int line, bool level)
{
    (void)c;
    lines = (lines & ~(1u << line)) | (uint32_t)level << line;
}
int WEAK cpu_number(const Cpu *c)
{
    (void)c;
    return 0;
}
void WEAK cpu_log(const char *fmt, ...)
{
    (void)fmt;
}
bool WEAK cpu_powered(const Cpu *c)
{
    (void)c;
    return powered;
}
void WEAK cpu_power(Cpu *c, bool on)
{
    (void)c;
    powered = on;
}
void WEAK cpu_post(Cpu *c, void (*fn)(Cpu *, uint64_t), uint64_t arg)
{
    fn(c, arg);
}
void WEAK debug_own(Cpu *c, int n, const DebugPoint *p)
{
    (void)c, (void)n, (void)p;
}
void WEAK cpu_post_wait(Cpu *c)
{
    (void)c;
}
void WEAK tlb_flush(Cpu *c, uint32_t r, int64_t t)
{
    (void)c, (void)r, (void)t;
    engine_stub_flushes++;
}
void WEAK tlb_flush_va(Cpu *c, uint64_t va, uint32_t r, int64_t t)
{
    (void)c, (void)va, (void)r, (void)t;
    engine_stub_flushes++;
}
void WEAK tlb_flush_non_global(Cpu *c, uint32_t r, int64_t t)
{
    (void)c, (void)r, (void)t;
    engine_stub_flushes++;
}
bool WEAK cpu_init(Cpu *c, const Guest *g, Error *err)
{
    (void)c, (void)g, (void)err;
    return true;
}
void WEAK arm_translate(Trans *t)
{
    (void)t;
}
void WEAK trans_goto(Trans *t, uint64_t pc)
{
    ir_goto_(t->ir, T_VOID, pc);
    t->done = true;
}
void WEAK trans_goto_if(Trans *t, IrRef cond, uint64_t pc)
{
    ir_goto_if(t->ir, T_VOID, cond, pc);
}
void WEAK trans_goto_reg(Trans *t, IrRef pc)
{
    ir_goto_reg(t->ir, T_VOID, pc, 0);
    t->done = true;
}
void WEAK trans_set_pc(Trans *t, uint64_t pc)
{
    ir_put(t->ir, I64, ir_imm(t->ir, I64, pc), IR_SLOT(S_PC, 0));
}
void WEAK trans_goto_state(Trans *t)
{
    ir_goto_pc(t->ir, T_VOID, 0);
    t->done = true;
}
void WEAK trans_leave(Trans *t, CpuExit e)
{
    ir_leave(t->ir, T_VOID, e);
    t->done = true;
}
IrRef WEAK trans_call(Trans *t, IrType r, int h, IrRef a, IrRef b, IrRef x)
{
    if (arm_helpers[h].effects & H_LEAVES)
        trans_set_pc(t, t->pc);
    return ir_call(t->ir, r, a, b, x, (uint64_t)h);
}
void WEAK arm_set_flags(Trans *t, IrRef f)
{
    (void)t, (void)f;
}
IrRef WEAK arm_load_special(Trans *t, IrType y, IrRef a, IrMem m)
{
    (void)t, (void)y, (void)a, (void)m;
    return 0;
}
void WEAK arm_store_special(Trans *t, IrType y, IrRef a, IrRef v, IrMem m)
{
    (void)t, (void)y, (void)a, (void)v, (void)m;
}
bool WEAK arm_fp_ok(Trans *t)
{
    (void)t;
    return true;
}
uint32_t WEAK arm_pack_nzcv(unsigned n)
{
    return (n & 8 ? FLAG_N : 0) | (n & 4 ? FLAG_Z : 0) | (n & 2 ? 0 : FLAG_C) | (n & 1 ? FLAG_V : 0);
}
unsigned WEAK arm_unpack_nzcv(uint32_t p)
{
    return (p & FLAG_N ? 8 : 0) | (p & FLAG_Z ? 4 : 0) | (p & FLAG_C ? 0 : 2) | (p & FLAG_V ? 1 : 0);
}

bool WEAK mem_cas(Cpu *c, uint64_t a, int s, V128 expected, V128 desired, bool user, V128 *old)
{
    (void)c, (void)a, (void)s, (void)expected, (void)desired, (void)user, (void)old;
    return false;
}

/* The registry of CPU models names those of the other guests, too. */
#define MODEL(symbol, name_, ...)                                                                                      \
    extern const DeviceType symbol;                                                                                    \
    const DeviceType WEAK symbol = { .name = name_ };
#include "frontend/x86/models.def"
