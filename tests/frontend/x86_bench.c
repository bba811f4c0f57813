#include "tests/frontend/x86_bench.h"

#include "cpu/debug.h"

#include "base/alloc.h"
#include "core/ports.h"
#include "core/timer.h"
#include "cpu/engine.h"
#include "cpu/interp.h"
#include "cpu/run.h"
#include "frontend/x86/guest.h"
#include "frontend/x86/x87.h"
#include "frontend/x86/xsave.h"
#include "tests/backend/jit.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const x86_way_names[X86_WAYS] = { "raw", "folded", "jit" };

enum { HELPERS = 512 };
static struct {
    X86Cpu cpu;
    Guest guest; /* x86_guest, but exceptions are noted here instead of taken */
    Helper helpers[HELPERS];
    Ir ir;
    uint32_t raised;
} bench;
static uint8_t page[X86_PAGE_SIZE] __attribute__((aligned(4096)));

/* ---- exceptions ---- the linker leads calls of x86_raise here */

static uint32_t signal_of(X86Vector vector)
{
    return vector == X86_DE || vector == X86_MF || vector == X86_XM ? SIGFPE : vector == X86_UD ? SIGILL : SIGSEGV;
}

void __wrap_x86_raise(X86Cpu *c, X86Vector vector, uint32_t error);
void __wrap_x86_raise(X86Cpu *c, X86Vector vector, uint32_t error)
{
    (void)c, (void)error;
    bench.raised = signal_of(vector);
}

/* ---- memory: the data page ---- */

static bool inside(uint64_t addr, int size)
{
    bool ok = addr >= X86_PAGE && addr < X86_PAGE + X86_PAGE_SIZE && addr + (uint64_t)size <= X86_PAGE + X86_PAGE_SIZE;
    if (!ok)
        bench.raised = SIGSEGV;
    return ok;
}

bool mem_load(Cpu *c, uint64_t addr, int size, bool user, V128 *value)
{
    (void)c, (void)user;
    *value = (V128){ 0 };
    if (!inside(addr, size))
        return false;
    memcpy(value, page + (addr - X86_PAGE), (size_t)size);
    return true;
}

bool mem_store(Cpu *c, uint64_t addr, int size, bool user, V128 value)
{
    (void)c, (void)user;
    if (!inside(addr, size))
        return false;
    memcpy(page + (addr - X86_PAGE), &value, (size_t)size);
    return true;
}

bool mem_rmw(Cpu *c, uint64_t addr, int size, IrRmw op, uint64_t operand, bool user, uint64_t *old)
{
    V128 v;
    if (!mem_load(c, addr, size, user, &v))
        return false;
    *old = v.lo;
    return mem_store(c, addr, size, user, (V128){ jit_rmw(op, v.lo, operand, size), 0 });
}

bool mem_cas(Cpu *c, uint64_t addr, int size, V128 expected, V128 desired, bool user, V128 *old)
{
    if (!mem_load(c, addr, size, user, old))
        return false;
    return memcmp(old, &expected, (size_t)size) != 0 || mem_store(c, addr, size, user, desired);
}

bool mem_probe(Cpu *c, uint64_t addr, int size, Access access, bool user)
{
    (void)c, (void)access, (void)user;
    return inside(addr, size);
}

/* ---- what else the guest asks of the engine ---- */

void lockstep_write(Cpu *c, void *host, int size)
{
    (void)c, (void)host, (void)size;
}

void cpu_switch_bank(Cpu *c)
{
    (void)c;
}
TlbBank *cpu_bank(Cpu *c, const struct Regime *r)
{
    (void)r;
    return c->bank;
}
void cpu_interrupt_line(Cpu *c, int line, bool level)
{
    (void)c, (void)line, (void)level;
}
uint32_t cpu_lines(const Cpu *c)
{
    (void)c;
    return 0;
}
bool cpu_hurries(const Cpu *c)
{
    return c->stop;
}
int cpu_number(const Cpu *c)
{
    (void)c;
    return 0;
}
void cpu_power(Cpu *c, bool on)
{
    (void)c, (void)on;
}
void cpu_post(Cpu *c, void (*fn)(Cpu *, uint64_t), uint64_t arg)
{
    fn(c, arg);
}
void debug_own(Cpu *c, int n, const DebugPoint *p)
{
    (void)c, (void)n, (void)p;
}
void cpu_private_memory(Cpu *c, bool on)
{
    (void)c, (void)on;
}
void machine_stop(Machine *m, StopReason why)
{
    (void)m, (void)why;
}
bool cpu_init(Cpu *c, const Guest *g, Error *err)
{
    (void)c, (void)g, (void)err;
    return true;
}
void tlb_flush(Cpu *c, uint32_t regimes, int64_t tag)
{
    (void)c, (void)regimes, (void)tag;
}
void tlb_flush_non_global(Cpu *c, uint32_t regimes, int64_t tag)
{
    (void)c, (void)regimes, (void)tag;
}
void tlb_flush_va(Cpu *c, uint64_t va, uint32_t regimes, int64_t tag)
{
    (void)c, (void)va, (void)regimes, (void)tag;
}
bool space_flat(Space *s, uint64_t at, Flat *f)
{
    (void)s, (void)at, (void)f;
    return false;
}
void space_dirty(const Region *r, uint64_t offset, uint64_t len)
{
    (void)r, (void)offset, (void)len;
}
int64_t time_now(const Machine *m)
{
    (void)m;
    return 0;
}
uint32_t port_in(Machine *m, int cpu, uint16_t port, int size)
{
    (void)m, (void)cpu, (void)port, (void)size;
    return 0;
}
void port_out(Machine *m, int cpu, uint16_t port, uint32_t value, int size)
{
    (void)m, (void)cpu, (void)port, (void)value, (void)size;
}
void trans_goto(Trans *t, uint64_t pc)
{
    ir_goto_(t->ir, T_VOID, pc);
    t->done = true;
}
void trans_goto_if(Trans *t, IrRef cond, uint64_t pc)
{
    ir_goto_if(t->ir, T_VOID, cond, pc);
}
void trans_goto_reg(Trans *t, IrRef pc)
{
    ir_goto_reg(t->ir, T_VOID, pc, 0);
    t->done = true;
}
void trans_set_pc(Trans *t, uint64_t pc)
{
    ir_put(t->ir, I64, ir_imm(t->ir, I64, pc), IR_SLOT(S_RIP, 0));
}
void trans_goto_state(Trans *t)
{
    ir_goto_pc(t->ir, T_VOID, 0);
    t->done = true;
}
void trans_leave(Trans *t, CpuExit e)
{
    ir_leave(t->ir, T_VOID, e);
    t->done = true;
}
IrRef trans_call(Trans *t, IrType r, int h, IrRef a, IrRef b, IrRef x)
{
    if (x86_helpers[h].effects & H_LEAVES)
        trans_set_pc(t, t->pc);
    return ir_call(t->ir, r, a, b, x, (uint64_t)h);
}

static void set_pc(Cpu *c, uint64_t pc)
{
    x86_of(c)->rip = pc;
}

/* ---- starting ---- */

static const InterpMemory memory = { mem_load, mem_store, mem_rmw, mem_cas };

void x86_bench_start(void)
{
    X86Cpu *c = &bench.cpu;
    bench.guest = x86_guest;
    for (int n = 0; x86_helpers[n].name; n++)
        bench.helpers[n] = x86_helpers[n];
    bench.guest.helpers = bench.helpers;
    jit_start(&bench.guest, &memory, set_pc);
    jit_use(&c->cpu);
    c->cpu.run->engine = xalloc(sizeof *c->cpu.run->engine);
    jit_map(X86_PAGE, page);
    x86_reset(&c->cpu);
    memset(c->features, 0xff, sizeof c->features);
}

/* A user program: flat segments, but for 16-bit code. */
static void set_mode(X86Cpu *c, unsigned bits)
{
    c->cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_WP;
    c->cr4 = CR4_OSFXSR | CR4_OSXSAVE | CR4_OSXMMEXCPT;
    c->xcr0 = 7;
    c->efer = EFER_LMA | EFER_LME;
    c->cpl = 3;
    for (unsigned n = 0; n < SEGS; n++) {
        uint32_t attr = SEG_P | SEG_S | SEG_RW | SEG_A | SEG_DB | SEG_G | 3 << SEG_DPL_SHIFT;
        c->seg[n] = (X86Segment){ .limit = ~0u, .attr = attr, .selector = n == SS ? 0x2b : 0 };
    }
    X86Segment *cs = &c->seg[CS];
    cs->attr |= SEG_CODE;
    cs->selector = bits == 64 ? 0x33 : bits == 32 ? 0x23 : 15;
    if (bits == 64)
        cs->attr = (cs->attr & ~(uint32_t)SEG_DB) | SEG_L;
    if (bits == 16) {
        cs->attr &= ~(uint32_t)(SEG_DB | SEG_G);
        cs->limit = 0xffff;
        cs->base = X86_CODE;
    }
    for (unsigned n = 0; n < SEGS; n++)
        x86_segment_derive(&c->seg[n], false);
}

uint64_t x86_bench_mode(unsigned bits)
{
    set_mode(&bench.cpu, bits);
    bench.cpu.eflags = FL_IF;
    return x86_mode(&bench.cpu.cpu);
}

const uint64_t *x86_bench_features(void)
{
    return bench.cpu.features;
}

/* ---- running ---- */

/* The stack registers anew turned in each case. */
static void set_fp(X86Cpu *c, const X86Fp *f)
{
    c->fturn = (uint32_t)(f->ip + f->opcode) & 7;
    x87_set_control(c, f->control);
    x87_set_status(c, f->status);
    for (unsigned n = 0; n < 8; n++) {
        c->ftag[x87_physical(c, n)] = f->tags >> n & 1;
        memcpy(&c->st[x87_at(c, n)], f->st[n], 16);
    }
    c->fop = f->opcode;
    c->fip = f->ip;
    c->fdp = f->dp;
    c->fcs = c->fds = 0;
    x86_put_mxcsr(c, f->mxcsr);
    memcpy(c->xmm, f->xmm, sizeof c->xmm);
    memcpy(c->ymm, f->ymm, sizeof c->ymm);
}

static void get_fp(const X86Cpu *c, X86Fp *f)
{
    *f = (X86Fp){ .control = (uint16_t)c->fcw, .status = (uint16_t)x87_status(c), .opcode = (uint16_t)c->fop };
    for (unsigned n = 0; n < 8; n++) {
        f->tags |= (uint8_t)(c->ftag[x87_physical(c, n)] << n);
        memcpy(f->st[n], &c->st[x87_at(c, n)], 10);
    }
    f->ip = c->fip;
    f->dp = c->fdp;
    f->mxcsr = x86_get_mxcsr(c);
    memcpy(f->xmm, c->xmm, sizeof f->xmm);
    memcpy(f->ymm, c->ymm, sizeof f->ymm);
}

static void set_state(X86Cpu *c, const X86Case *k)
{
    set_mode(c, k->bits);
    memcpy(c->r, k->before.r, sizeof c->r);
    memcpy(page, k->before.page, sizeof page);
    x86_put_eflags(c, k->before.eflags | FL_IF);
    set_fp(c, &k->before.fp);
    c->rip = X86_CODE + X86_START;
    c->shadow = 0;
    c->cpu.stop = 0;
}

static void get_state(const X86Cpu *c, X86State *s)
{
    memcpy(s->r, c->r, sizeof s->r);
    memcpy(s->page, page, sizeof page);
    get_fp(c, &s->fp);
    s->eflags = x86_get_eflags(c);
    s->ip = x86_ip(c, c->rip);
    s->signal = bench.raised;
}

static void show_unit(const char *why, const X86Case *k)
{
    fprintf(stderr, "x86 bench: %s:", why);
    for (uint32_t n = 0; n < k->length; n++)
        fprintf(stderr, " %02x", k->code[n]);
    fprintf(stderr, " (%u bits)\n", k->bits);
    Out o = { 0 };
    ir_print(&bench.ir, &o);
    fputs(o.text, stderr);
    abort();
}

static void translate(X86Way way, const X86Case *k, uint64_t pc)
{
    X86Cpu *c = &bench.cpu;
    uint64_t start = X86_CODE + X86_START;
    char why[200];
    int slots;
    ir_begin(&bench.ir, guest_slots(&x86_guest, &slots), bench.helpers);
    bench.ir.raw = way == X86_WAY_RAW;
    Trans t = { .ir = &bench.ir, .cpu = &c->cpu, .pc = pc, .mode = x86_mode(&c->cpu), .have = 16 };
    t.page_end = start + X86_PAGE_SIZE - X86_START;
    ir_label(&bench.ir, T_VOID, pc);
    for (uint64_t end = start + k->length; t.pc < end && !t.done; t.pc += t.length) {
        memcpy(t.code, k->code + (t.pc - start), 16);
        ir_insn(&bench.ir, T_VOID, t.pc);
        x86_translate(&t);
    }
    if (!t.done)
        trans_goto(&t, t.pc);
    if (!ir_verify(&bench.ir, slots, why, sizeof why))
        show_unit(why, k);
}

static bool run_unit(X86Way way, const X86Case *k, uint64_t pc, uint64_t *next)
{
    X86Cpu *c = &bench.cpu;
    uint64_t budget = 100;
    translate(way, k, pc);
    if (way != X86_WAY_JIT)
        interp_run_on(&c->cpu, &bench.guest, &bench.ir, &memory, &budget, next);
    else if (!jit_compile(&bench.ir, pc))
        return false;
    else if (!jit_run(&c->cpu, next))
        *next = c->rip;
    return true;
}

/* Some instructions end a unit; x87 instructions may leave it to go on in one for another state of the stack. */
bool x86_bench_run(X86Way way, const X86Case *k, X86State *s)
{
    X86Cpu *c = &bench.cpu;
    uint64_t pc, start = X86_CODE + X86_START, next = start;
    uint32_t turn, mode;
    set_state(c, k);
    bench.raised = 0;
    do {
        pc = next;
        turn = c->fturn;
        mode = c->fpos & ~7u;
        if (!run_unit(way, k, pc, &next))
            return false;
    } while (!bench.raised && next - start < k->length && (next > pc || turn != c->fturn || mode != (c->fpos & ~7u)));
    if (!bench.raised)
        c->rip = next;
    x87_settle(c);
    get_state(c, s);
    return true;
}
