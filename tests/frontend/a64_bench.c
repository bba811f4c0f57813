#include "tests/frontend/a64_bench.h"

#include "cpu/interp.h"
#include "tests/backend/jit.h"
#include "tests/frontend/arm_bench.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

const char *const a64_way_names[A64_WAYS] = { "raw", "folded", "known", "jit" };

enum { HELPERS = 256 };
struct A64Bench {
    ArmBench arm;
    Guest guest; /* aarch64_guest, but exceptions are noted here instead of taken */
    Helper helpers[HELPERS];
    Ir ir;
    bool fp_off;
};
static uint32_t raised; /* Linux's signal for the exception that was taken */
static uint8_t page[ORACLE_PAGE_SIZE] __attribute__((aligned(4096)));

/* ---- memory: the data page, and what a test adds ---- */

enum { MORE_PAGES = 64 };
static struct More {
    uint64_t addr;
    uint8_t *bytes;
} more[MORE_PAGES];
static int pages;

static uint8_t *find(uint64_t addr)
{
    if (addr - ORACLE_PAGE < ORACLE_PAGE_SIZE)
        return page + (addr - ORACLE_PAGE);
    for (int n = 0; n < pages; n++)
        if (addr - more[n].addr < ORACLE_PAGE_SIZE)
            return more[n].bytes + (addr - more[n].addr);
    return NULL;
}

static bool inside(uint64_t addr, int size)
{
    bool ok = find(addr) && find(addr + (uint64_t)size - 1);
    if (!ok)
        raised = 11;
    return ok;
}

static bool load(Cpu *c, uint64_t addr, int size, bool user, V128 *value)
{
    uint8_t bytes[16] = { 0 };
    (void)c, (void)user;
    *value = (V128){ 0 };
    if (!inside(addr, size))
        return false;
    for (int n = 0; n < size; n++)
        bytes[n] = *find(addr + (uint64_t)n);
    memcpy(value, bytes, (size_t)size);
    return true;
}

static bool store(Cpu *c, uint64_t addr, int size, bool user, V128 value)
{
    uint8_t bytes[16];
    (void)c, (void)user;
    if (!inside(addr, size))
        return false;
    memcpy(bytes, &value, sizeof bytes);
    for (int n = 0; n < size; n++)
        *find(addr + (uint64_t)n) = bytes[n];
    return true;
}

static bool rmw(Cpu *c, uint64_t addr, int size, IrRmw op, uint64_t operand, bool user, uint64_t *old)
{
    V128 v;
    if (!load(c, addr, size, user, &v))
        return false;
    *old = v.lo;
    return store(c, addr, size, user, (V128){ jit_rmw(op, v.lo, operand, size), 0 });
}

static bool cas(Cpu *c, uint64_t addr, int size, V128 expected, V128 desired, bool user, V128 *old)
{
    if (!load(c, addr, size, user, old))
        return false;
    return memcmp(old, &expected, (size_t)size) != 0 || store(c, addr, size, user, desired);
}

static const InterpMemory memory = { load, store, rmw, cas, NULL, false };

/* Helpers call it by this name where there is no engine. */
bool __attribute__((weak)) mem_cas(Cpu *c, uint64_t a, int s, V128 e, V128 d, bool user, V128 *old);
bool mem_cas(Cpu *c, uint64_t a, int s, V128 e, V128 d, bool user, V128 *old)
{
    return cas(c, a, s, e, d, user, old);
}

uint8_t *a64_bench_memory(A64Bench *b, uint64_t addr)
{
    (void)b;
    uint8_t *at = find(addr);
    if (at || pages == MORE_PAGES)
        return at;
    struct More *m = &more[pages++];
    m->addr = addr & ~(uint64_t)(ORACLE_PAGE_SIZE - 1);
    m->bytes = aligned_alloc(ORACLE_PAGE_SIZE, ORACLE_PAGE_SIZE);
    memset(m->bytes, 0, ORACLE_PAGE_SIZE);
    jit_map(m->addr, m->bytes);
    return find(addr);
}

void a64_bench_forget(A64Bench *b)
{
    (void)b;
    while (pages) {
        jit_unmap(more[--pages].addr);
        free(more[pages].bytes);
    }
}

/* ---- exceptions ---- */

static uint64_t note_exception(Cpu *c, uint64_t what, uint64_t b, uint64_t x)
{
    (void)c, (void)b, (void)x;
    raised = what >> 32 == EC_UNKNOWN ? 4 : 5;
    return 1;
}

static void note_misaligned(Cpu *c, uint64_t addr, Access access)
{
    (void)c, (void)addr, (void)access;
    raised = 7;
}

static void set_pc(Cpu *c, uint64_t pc)
{
    arm_of(c)->pc = pc;
}

A64Bench *a64_bench(void)
{
    A64Bench *b = calloc(1, sizeof *b);
    b->arm = arm_bench(&aarch64_max, "");
    b->guest = aarch64_guest;
    for (int n = 0; arm_helpers[n].name; n++)
        b->helpers[n] = arm_helpers[n];
    b->helpers[H_raise].fn = (void *)note_exception;
    b->guest.helpers = b->helpers;
    b->guest.misaligned = note_misaligned;
    jit_start(&b->guest, &memory, set_pc);
    jit_use(&b->arm.cpu->cpu);
    jit_map(ORACLE_PAGE, page);
    return b;
}

void a64_bench_free(A64Bench *b)
{
    arm_bench_free(&b->arm);
    free(b);
}

void a64_bench_big_endian(A64Bench *b, bool on)
{
    const uint64_t e0e = 1 << 24;
    uint64_t *sctlr = &b->arm.cpu->sctlr[1];
    *sctlr = on ? *sctlr | e0e : *sctlr & ~e0e;
}

void a64_bench_fp_off(A64Bench *b, bool off)
{
    b->fp_off = off;
}

bool a64_bench_has(const A64Bench *b, unsigned feature)
{
    return arm_has(b->arm.cpu, (ArmFeature)feature);
}

/* ---- state ---- */

static void set_state(ArmCpu *c, const OracleState *s, uint64_t pc)
{
    memcpy(c->x, s->x, sizeof c->x);
    memcpy(c->v, s->v, sizeof c->v);
    memset(page, 0, sizeof page);
    memcpy(page + ORACLE_WINDOW, s->window, sizeof s->window);
    c->sp = s->sp;
    c->pc = pc;
    c->nzcv = arm_pack_nzcv(s->nzcv >> 28);
    c->fpcr = s->fpcr;
    c->fpsr = s->fpsr & ~(1u << 27);
    c->qc = (V128){ s->fpsr >> 27 & 1, 0 };
    c->excl_addr = ~0ull;
    c->el = 0;
    c->sctlr[1] |= 1; /* normal memory */
    c->cpacr = 3 << 20;
    c->cpu.mxcsr = 0x1f80;
    arm_sync_mxcsr(c);
}

static void get_state(ArmCpu *c, OracleState *s)
{
    arm_sync_mxcsr(c);
    memcpy(s->x, c->x, sizeof c->x);
    memcpy(s->v, c->v, sizeof c->v);
    memcpy(s->window, page + ORACLE_WINDOW, sizeof s->window);
    s->sp = c->sp;
    s->pc = c->pc;
    s->nzcv = arm_unpack_nzcv(c->nzcv) << 28;
    s->fpsr = c->fpsr | (c->qc.lo | c->qc.hi ? 1u << 27 : 0);
    s->signal = raised;
}

/* ---- translation ---- */

/* Tells the builders what the registers hold, so that folding works with constants. */
static void put_constants(A64Bench *b)
{
    const ArmCpu *c = b->arm.cpu;
    for (unsigned r = 0; r < 31; r++)
        ir_put(&b->ir, I64, ir_imm(&b->ir, I64, c->x[r]), IR_SLOT(S_X0 + r, 0));
    ir_put(&b->ir, I64, ir_imm(&b->ir, I64, c->sp), IR_SLOT(S_SP, 0));
    IrRef flags = ir_asflags(&b->ir, T_FLAGS, ir_imm(&b->ir, I32, c->nzcv), 0);
    ir_put(&b->ir, T_FLAGS, flags, IR_SLOT(S_NZCV, 0));
    for (unsigned r = 0; r < 32; r++)
        ir_put(&b->ir, I64X2, ir_wide(&b->ir, I64X2, c->v[r].lo, c->v[r].hi), IR_SLOT(S_V0 + r, 0));
}

static void translate(A64Bench *b, A64Way way, const uint32_t *words, int count, uint64_t pc)
{
    ArmCpu *c = b->arm.cpu;
    char why[200];
    int slots;
    ir_begin(&b->ir, guest_slots(&aarch64_guest, &slots), b->helpers);
    b->ir.raw = way == A64_RAW;
    Trans t = { .ir = &b->ir, .cpu = &c->cpu, .mode = arm_mode(&c->cpu), .page_end = (pc | 0xfff) + 1 };
    for (int n = 0; n < count && !t.done; n++) {
        t.pc = pc + 4 * (uint64_t)n;
        memcpy(t.code, &words[n], 4);
        t.have = 4;
        ir_insn(&b->ir, T_VOID, t.pc);
        if (n == 0 && way == A64_KNOWN)
            put_constants(b);
        arm_translate(&t);
    }
    if (!t.done)
        trans_goto(&t, pc + 4 * (uint64_t)count);
    if (!ir_verify(&b->ir, slots, why, sizeof why))
        ck_abort_msg("%08x: %s", words[count - 1], why);
}

void a64_bench_run(A64Bench *b, A64Way way, const uint32_t *words, int count, uint64_t pc, OracleState *s)
{
    ArmCpu *c = b->arm.cpu;
    uint64_t budget = (uint64_t)count + 1, next = pc;
    set_state(c, s, pc);
    if (b->fp_off)
        c->cpacr = 0;
    translate(b, way, words, count, pc);
    raised = 0;
    if (way == A64_JIT) {
        ck_assert(jit_compile(&b->ir, pc));
        if (!jit_run(&c->cpu, &next))
            next = c->pc;
    } else {
        interp_run_on(&c->cpu, &b->guest, &b->ir, &memory, &budget, &next);
    }
    if (!raised)
        c->pc = next;
    get_state(c, s);
}
