#include "tests/frontend/x86_bench.h"

#include "core/ports.h"
#include "core/timer.h"
#include "cpu/interp.h"
#include "cpu/run.h"
#include "frontend/x86/guest.h"
#include "frontend/x86/sys.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *const x86_way_names[X86_WAYS] = { "raw", "folded", "jit" };

enum { HELPERS = 512, BYTES = 2 << 20, UNIT_AT = 1 << 20 };
static struct {
    X86Cpu cpu;
    Guest guest; /* x86_guest, but exceptions are noted here instead of taken */
    Helper helpers[HELPERS];
    Ir ir;
    CpuRun *run;
    Compiled *compiled;
    uint8_t *w;
    ptrdiff_t to_exec;
    uint64_t first_pc;
    uint32_t raised;
} bench;
static uint8_t page[X86_PAGE_SIZE] __attribute__((aligned(4096)));

static void fail(const char *what)
{
    fprintf(stderr, "x86 bench: %s\n", what);
    abort();
}

/* ---- exceptions ---- the linker leads calls of x86_raise here */

static uint32_t signal_of(X86Vector vector)
{
    return vector == X86_DE ? SIGFPE : vector == X86_UD ? SIGILL : SIGSEGV;
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

static uint64_t changed(IrRmw op, uint64_t a, uint64_t b)
{
    switch (op) {
    case RMW_ADD:
        return a + b;
    case RMW_ANDN:
        return a & ~b;
    case RMW_XOR:
        return a ^ b;
    case RMW_OR:
        return a | b;
    case RMW_AND:
        return a & b;
    default:
        return b;
    }
}

bool mem_rmw(Cpu *c, uint64_t addr, int size, IrRmw op, uint64_t operand, bool user, uint64_t *old)
{
    V128 v;
    if (!mem_load(c, addr, size, user, &v))
        return false;
    *old = v.lo;
    return mem_store(c, addr, size, user, (V128){ changed(op, v.lo, operand), 0 });
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
int cpu_number(const Cpu *c)
{
    (void)c;
    return 0;
}
void cpu_power(Cpu *c, bool on)
{
    (void)c, (void)on;
}
bool cpu_init(Cpu *c, const Guest *g, Error *err)
{
    (void)c, (void)g, (void)err;
    return true;
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

/* ---- slow paths of translated code ---- */

static void set_pc(Cpu *cpu, const void *ret)
{
    const Compiled *c = bench.compiled;
    uint32_t offset = (uint32_t)((const uint8_t *)ret - c->to_exec - c->at);
    for (uint32_t k = 0; k < c->points; k++)
        if (c->point[k].host == offset) {
            x86_of(cpu)->rip = bench.first_pc + (uint64_t)(int32_t)c->point[k].pc;
            return;
        }
    fail("no guest pc for a slow path");
}

uint32_t slow_load(Cpu *cpu, uint64_t addr, uint32_t mem, const void *ret)
{
    IrMem m = ir_mem_of(mem);
    V128 *v = &bench.run->io[0];
    set_pc(cpu, ret);
    if (!mem_load(cpu, addr, 1 << m.size, m.user, v))
        return SLOW_FAULT;
    if (m.sign && m.size < 3) {
        int shift = 64 - (8 << m.size);
        v->lo = (uint64_t)((int64_t)(v->lo << shift) >> shift);
    }
    return SLOW_DONE;
}

uint32_t slow_store(Cpu *cpu, uint64_t addr, uint32_t mem, const void *ret)
{
    IrMem m = ir_mem_of(mem);
    set_pc(cpu, ret);
    return mem_store(cpu, addr, 1 << m.size, m.user, bench.run->io[1]) ? SLOW_DONE : SLOW_FAULT;
}

uint32_t slow_rmw(Cpu *cpu, uint64_t addr, uint32_t mem, const void *ret)
{
    IrMem m = ir_mem_of(mem);
    V128 *io = bench.run->io;
    set_pc(cpu, ret);
    bool ok = mem_rmw(cpu, addr, 1 << m.size, (IrRmw)m.rmw, io[1].lo, m.user, &io[0].lo);
    return ok ? SLOW_DONE : SLOW_FAULT;
}

uint32_t slow_cas(Cpu *cpu, uint64_t addr, uint32_t mem, const void *ret)
{
    IrMem m = ir_mem_of(mem);
    V128 *io = bench.run->io;
    set_pc(cpu, ret);
    return mem_cas(cpu, addr, 1 << m.size, io[1], io[2], m.user, &io[0]) ? SLOW_DONE : SLOW_FAULT;
}

bool far_load(Cpu *cpu, uint64_t addr, uint32_t mem)
{
    (void)cpu, (void)addr, (void)mem;
    return false;
}

bool far_store(Cpu *cpu, uint64_t addr, uint32_t mem)
{
    (void)cpu, (void)addr, (void)mem;
    return false;
}

/* ---- starting ---- */

static void map_code(void)
{
    int fd = memfd_create("x86_bench", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, BYTES))
        fail("no memory for code");
    bench.w = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint8_t *x = mmap(NULL, BYTES, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    if (bench.w == MAP_FAILED || x == MAP_FAILED)
        fail("no memory for code");
    bench.to_exec = x - bench.w;
    close(fd);
}

static void fill_tlb(TlbBank *b)
{
    for (uint64_t i = 0; i < TLB_SIZE; i++) {
        b->read[i].page = b->write[i].page = (i ^ 1) << 12;
        b->jump[i].pc = ~0ull;
    }
    uint64_t at = X86_PAGE >> 12 & (TLB_SIZE - 1);
    b->read[at] = b->write[at] = (TlbEntry){ X86_PAGE, (uint64_t)(uintptr_t)page - X86_PAGE };
}

void x86_bench_start(void)
{
    X86Cpu *c = &bench.cpu;
    map_code();
    bench.run = calloc(1, sizeof *bench.run);
    bench.compiled = calloc(1, sizeof *bench.compiled);
    bench.run->bank[0] = calloc(1, sizeof(TlbBank));
    bench.guest = x86_guest;
    for (int n = 0; x86_helpers[n].name; n++)
        bench.helpers[n] = x86_helpers[n];
    bench.guest.helpers = bench.helpers;
    bench.run->guest = &bench.guest;
    bench.run->host_mxcsr = 0x1f80;
    fill_tlb(bench.run->bank[0]);
    c->cpu.run = bench.run;
    c->cpu.bank = c->cpu.user_bank = bench.run->bank[0];
    x86_reset(&c->cpu);
    memset(c->features, 0xff, sizeof c->features);
    x86_64_backend.prologue(&bench.guest, NULL, bench.w, bench.to_exec, UNIT_AT);
}

/* A user program: flat segments, but for 16-bit code. */
static void set_mode(X86Cpu *c, unsigned bits)
{
    c->cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_WP;
    c->cr4 = CR4_OSFXSR | CR4_OSXSAVE;
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

static void set_state(X86Cpu *c, const X86Case *k)
{
    set_mode(c, k->bits);
    memcpy(c->r, k->before.r, sizeof c->r);
    memcpy(page, k->before.page, sizeof page);
    x86_put_eflags(c, k->before.eflags | FL_IF);
    c->rip = X86_CODE + X86_START;
    c->shadow = 0;
    c->cpu.stop = 0;
}

static void get_state(const X86Cpu *c, X86State *s)
{
    memcpy(s->r, c->r, sizeof s->r);
    memcpy(s->page, page, sizeof page);
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

static void translate(X86Way way, const X86Case *k)
{
    X86Cpu *c = &bench.cpu;
    uint64_t pc = X86_CODE + X86_START;
    char why[200];
    int slots;
    ir_begin(&bench.ir, guest_slots(&x86_guest, &slots), bench.helpers);
    bench.ir.raw = way == X86_WAY_RAW;
    Trans t = { .ir = &bench.ir, .cpu = &c->cpu, .pc = pc, .mode = x86_mode(&c->cpu), .have = 16 };
    t.page_end = pc + X86_PAGE_SIZE - X86_START;
    ir_label(&bench.ir, T_VOID, pc);
    for (uint64_t end = pc + k->length; t.pc < end && !t.done; t.pc += t.length) {
        memcpy(t.code, k->code + (t.pc - pc), 16);
        ir_insn(&bench.ir, T_VOID, t.pc);
        x86_translate(&t);
    }
    if (!t.done)
        trans_goto(&t, t.pc);
    if (!ir_verify(&bench.ir, slots, why, sizeof why))
        show_unit(why, k);
}

static uint64_t exit_of(const void *stub)
{
    const Compiled *c = bench.compiled;
    uint32_t offset = (uint32_t)((const uint8_t *)stub - c->to_exec - c->at);
    for (uint32_t k = 0; k < c->exits; k++)
        if (c->exit[k].stub + LINK_CALL == offset)
            return c->exit[k].pc;
    fail("no exit where translated code left");
    return 0;
}

/* false: the backend wants it in smaller pieces, as it may of several instructions. */
static bool run_jit(X86Cpu *cpu, uint64_t pc, uint64_t *next)
{
    Compiled *c = bench.compiled;
    const void *stub = NULL;
    bench.first_pc = pc;
    c->at = bench.w + UNIT_AT;
    c->to_exec = bench.to_exec;
    c->room = BYTES - UNIT_AT;
    if (!x86_64_backend.compile(&bench.guest, &bench.ir, pc, c))
        return false;
    for (uint32_t n = 0; n < c->exits; n++)
        if (c->exit[n].patch)
            x86_64_backend.patch(c->at + c->exit[n].patch, bench.to_exec, c->at + c->exit[n].stub + bench.to_exec);
    CpuExit e = x86_64_backend.enter(&cpu->cpu, c->at + bench.to_exec, &stub);
    *next = e == EXIT_LINK ? exit_of(stub) : cpu->rip;
    return true;
}

bool x86_bench_run(X86Way way, const X86Case *k, X86State *s)
{
    static const InterpMemory memory = { mem_load, mem_store, mem_rmw, mem_cas };
    X86Cpu *c = &bench.cpu;
    uint64_t budget = 100, pc = X86_CODE + X86_START, next = pc;
    set_state(c, k);
    translate(way, k);
    bench.raised = 0;
    if (way == X86_WAY_JIT && !run_jit(c, pc, &next))
        return false;
    if (way != X86_WAY_JIT)
        interp_run_on(&c->cpu, &bench.guest, &bench.ir, &memory, &budget, &next);
    if (!bench.raised)
        c->rip = next;
    get_state(c, s);
    return true;
}
