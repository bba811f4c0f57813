/* System state against qemu-system-aarch64: random page tables, accesses, address translations, exception returns,
 * system registers and their permissions run there as a bare-metal program (oracle_a64.S) over a shared memory file,
 * and here through the functions that the engine calls.
 *
 *     oracle_a64 QEMU PROGRAM.elf [SEED [ROUNDS]]
 *
 * A case is 8 words, an answer 4. Cases run in order on both sides, for accesses change tables (access flag, dirty). */
#include "arm_bench.h"
#include "arm_mini.h"

#include "base/text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    BASE = 0x40000000,
    SIZE = 256 << 20,
    CODE = 0x40200000,
    TTBR0 = 0x40400000,
    TTBR0_L2 = 0x40401000,
    STUBS = 0x40600000, /* 2 MiB of code that this program writes */
    CASES = 0x42000000,
    RESULTS = 0x44000000,
    POOL = 0x48000000, /* tables, 64 KiB each */
    TABLES = 32,
    TARGET = 0x4c000000, /* 2 MiB of svc #0 */
    MOST = 200000,
    SVC = (int)0xd4000001,
};
enum { ACCESS = 1, TRANSLATE, RETURN, REGISTER, INSTRUCTION };
enum { LDR, STR, LDTR, STTR, FETCH_EL1, FETCH_EL0 };

typedef struct Case {
    uint64_t what, a, b, c, d, e, f, g;
} Case;

typedef struct Answer {
    uint64_t esr, far, elr, spsr; /* vector in the upper half of spsr */
} Answer;

static uint64_t seed = 1;
static uint8_t *ram; /* shared with the peer */
static ArmBench b;
static ArmCpu *c;
static Case cases[MOST];
static Answer ours[MOST];
static int count;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1d;
}

static bool one_in(unsigned n)
{
    return (rnd() >> 13) % n == 0;
}

static uint64_t pick(unsigned n)
{
    return (rnd() >> 17) % n;
}

static void put64(uint64_t at, uint64_t value)
{
    memcpy(ram + (at - BASE), &value, 8);
}

static void put32(uint64_t at, uint32_t value)
{
    memcpy(ram + (at - BASE), &value, 4);
}

/* ---- tables ---- */
static uint64_t descriptor(void)
{
    uint64_t bits = rnd() & 0x00780000000003fc; /* AP, SH, attributes, XN, contiguous, DBM */
    if (!one_in(5))
        bits &= ~(1ull << 52);
    bits |= one_in(6) ? 0 : 1 << 10;
    bits |= rnd() & 1 << 11;
    if (one_in(8))
        bits |= rnd() & 0x7800000000000000; /* hierarchical */
    uint64_t high = one_in(30) ? 1ull << (41 + pick(7)) : 0;
    switch (pick(10)) {
    case 0:
        return rnd() & ~1ull;
    case 1:
    case 2:
        return TARGET | bits | high | 1;
    case 3:
    case 4:
        return (TARGET + pick(32) * 0x10000) | bits | high | 3;
    default:
        return (POOL + pick(TABLES) * 0x10000) | bits | high | 3;
    }
}

static void make_memory(void)
{
    for (uint64_t at = TARGET; at < TARGET + (2 << 20); at += 4)
        put32(at, (uint32_t)SVC);
    for (uint64_t at = POOL; at < POOL + TABLES * 0x10000; at += 8)
        put64(at, descriptor());
    /* Where the program runs: code read-only, all else not executable. 39 bits, level 1. */
    put64(TTBR0 + 8, TTBR0_L2 | 3);
    for (uint64_t i = 0; i < 128; i++) {
        uint64_t at = BASE + i * (2 << 20);
        bool code = at == CODE || at == STUBS;
        put64(TTBR0_L2 + i * 8, at | 0x711 | (code ? 1 << 7 : 3ull << 53)); /* nG 0, AF, inner shareable, attribute 4 */
    }
}

/* ---- our side ---- */
static void set(uint32_t encoding, uint64_t value)
{
    sysreg_write(c, sysreg_find(c, encoding), value);
}

static void restore(void)
{
    arm_set_pstate_el(c, 1, 1);
    set(SYSREG(3, 0, 1, 0, 0), SCTLR_RES1);
    c->pan = c->uao = 0;
    c->vbar[1] = 0;
    c->cpacr = 3 << 20;
    c->mdscr = 0;
    c->cntkctl = 0;
    c->sys.PMUSERENR_EL0 = 0;
    c->daif = 15;
    c->nzcv = arm_pack_nzcv(0);
}

static Answer taken(void)
{
    return (Answer){ c->esr[1], c->far[1], c->elr[1], c->spsr[1] | (c->pc >> 7) << 32 };
}

static void load_case(const Case *k)
{
    set(SYSREG(3, 0, 2, 0, 2), k->a);
    set(SYSREG(3, 0, 2, 0, 1), k->b);
    set(SYSREG(3, 0, 2, 0, 0), TTBR0);
    set(SYSREG(3, 0, 10, 2, 0), k->c);
    set(SYSREG(3, 0, 1, 0, 0), k->d);
    c->pan = k->g >> 22 & 1;
}

static const uint32_t regime_of[] = { R_EL1, R_EL1, R_EL0, R_EL0, R_EL1, R_EL0 };
static const Access access_of[] = { LOAD, STORE, LOAD, STORE, FETCH, FETCH };

static void walk_case(const Case *k, Walk *w)
{
    uint32_t regime = regime_of[k->f];
    arm_walk(&c->cpu, k->e, access_of[k->f], regime == R_EL1 && c->pan ? R_EL1_PAN : regime, w);
}

static uint8_t *memory_at(uint64_t phys)
{
    return phys >= BASE && phys < BASE + SIZE ? ram + (phys - BASE) : NULL;
}

static Answer run_access(const Case *k)
{
    Walk w;
    load_case(k);
    walk_case(k, &w);
    c->pc = k->e;
    if (k->f == FETCH_EL0)
        arm_set_pstate_el(c, 0, 0), c->daif = c->pan = 0;
    uint8_t *at = w.fault ? NULL : memory_at(w.phys);
    if (!at) {
        arm_fault(&c->cpu, k->e, access_of[k->f], w.fault ? &w : &(Walk){ .fault = ARM_FAULT_EXTERNAL }, false);
        Answer a = taken();
        if (k->f < FETCH_EL1)
            a.elr = 0; /* where in the program: only the peer knows */
        a.spsr &= ~0xf0000000ull;
        return a;
    }
    if (k->f >= FETCH_EL1) {
        arm_take_sync(c, EC_SVC64, 0, k->e + 4, false, 0);
        Answer a = taken();
        a.spsr &= ~0xf0000000ull;
        a.far = 0;
        return a;
    }
    if (access_of[k->f] == STORE)
        memcpy(at, &(uint64_t){ 0xd4000001d4000001 }, 8);
    return (Answer){ 0 };
}

static Answer run_translate(const Case *k)
{
    load_case(k);
    if (!arm_at(&c->cpu, k->e, SYSREG(1, 0, 7, k->f < 4 ? 8 : 9, k->f & 3)))
        return (Answer){ c->par, 0, 0, 0 };
    Answer a = taken(); /* an external abort of the walk */
    a.elr = 0;
    a.spsr &= ~0xf0000000ull;
    return a;
}

static Answer run_return(const Case *k)
{
    set(SYSREG(3, 0, 1, 0, 0), k->c);
    c->spsr[1] = k->a;
    c->elr[1] = k->b;
    c->pc = 0;
    arm_eret(c);
    if (c->pc == k->b)
        arm_take_sync(c, EC_SVC64, 0, k->b + 4, false, 0);
    Answer a = taken();
    a.far = 0;
    return a;
}

/* 4: d is the row. */
static Answer run_register(const Case *k)
{
    const SysReg *r = &arm_sysregs[k->d];
    sysreg_write(c, r, k->b);
    return (Answer){ sysreg_read(c, r), 0, 0, 0 };
}

static bool register_there(uint32_t word, int el, int *ec, uint32_t *iss, int *target)
{
    A64 i = { 0 };
    const A64Row *row = a64_decode(word, &i);
    if (!row)
        return false;
    uint32_t encoding = SYSREG(i.op0, i.op1, i.crn, i.crm, i.op2);
    const SysReg *r = sysreg_find(c, encoding);
    if (!r || r->read > el || encoding == SYSREG(3, 0, 4, 1, 0))
        return encoding == SYSREG(3, 0, 4, 1, 0) && el == 1;
    *target = sysreg_may_trap(c, (SysTrap)r->trap, el) ? sysreg_trap(c, r->trap, encoding, false, 0, ec, iss) : 0;
    return true;
}

static Answer run_instruction(const Case *k)
{
    set(SYSREG(3, 0, 1, 0, 0), k->c);
    c->cntkctl = k->d;
    c->sys.PMUSERENR_EL0 = k->e;
    int el = k->b ? 1 : 0, ec = EC_UNKNOWN, target = 0;
    uint32_t iss = 0, word;
    memcpy(&word, memory_at(k->a), 4);
    arm_set_pstate_el(c, el, el);
    c->pc = k->a;
    if (register_there(word, el, &ec, &iss, &target) && !target)
        arm_take_sync(c, EC_SVC64, 0, k->a + 8, false, 0);
    else
        arm_take_sync_to(c, 1, ec, iss, k->a, false, 0);
    return (Answer){ c->esr[1], 0, 0, 0 };
}

static Answer run(const Case *k)
{
    restore();
    switch (k->what) {
    case ACCESS:
        return run_access(k);
    case TRANSLATE:
        return run_translate(k);
    case RETURN:
        return run_return(k);
    case REGISTER:
        return run_register(k);
    default:
        return run_instruction(k);
    }
}

/* ---- the cases ---- */
static uint64_t random_address(uint64_t tcr)
{
    unsigned bits = 64 - (tcr >> 16 & 63);
    uint64_t va = rnd() << 30 | TARGET % (1 << 30) | (rnd() & 0x1ffff8);
    if (bits < 64)
        va |= ~0ull << bits;
    va |= 1ull << 55;
    if (tcr >> 38 & 1 && one_in(2))
        va = va << 8 >> 8 | rnd() << 56;
    if (one_in(12))
        va ^= 1ull << (bits + pick(10) < 55 ? bits + pick(10) : 54);
    return va | 1ull << 55;
}

static Case walk_of(int what)
{
    static const uint8_t memory[] = { 0x00, 0x04, 0x08, 0x0c, 0x44, 0xbb, 0xff, 0xff };
    static const uint8_t granule[] = { 1, 2, 2, 3 };
    Case k = { .what = (uint64_t)what };
    uint64_t t1sz = 16 + pick(24);
    k.a = 25 | t1sz << 16 | (uint64_t)granule[pick(4)] << 30 | (uint64_t)(one_in(3) ? pick(6) : 5) << 32 | 1ull << 36;
    k.a |= one_in(20) ? 1 << 23 : 0;
    k.a |= one_in(3) ? 1ull << 38 : 0;
    k.a |= one_in(2) ? 1ull << 39 | (rnd() & 1ull << 40) : 0;
    k.b = POOL + pick(TABLES) * 0x10000;
    if (one_in(40))
        k.b |= 1ull << (41 + pick(6));
    for (int i = 0; i < 8; i++)
        k.c |= (uint64_t)memory[i == 4 ? 7 : pick(8)] << i * 8;
    k.d = SCTLR_RES1 | 1 | (one_in(5) ? SCTLR_WXN : 0) | (rnd() & (1 << 12 | 1 << 2));
    k.d &= one_in(3) ? ~SCTLR_SPAN : ~0ull;
    k.e = random_address(k.a);
    k.f = pick(6);
    k.g = one_in(3) ? 1 << 22 : 0;
    if (what == TRANSLATE)
        k.a &= ~(1ull << 40); /* AT is no write: it makes nothing dirty. The peer does */
    return k;
}

/* Whether the walk ends at a block descriptor on a level that has none. The manual calls it invalid, the peer takes it
 * for a block. */
static bool ends_reserved(const Case *k)
{
    static const int shifts[] = { 0, 14, 12, 16 };
    int shift = shifts[k->a >> 30 & 3], stride = shift - 3, bits = 64 - (int)(k->a >> 16 & 63);
    uint64_t base = k->b, d;
    for (int level = 4 - (bits - shift + stride - 1) / stride; level < (shift == 12 ? 1 : 2); level++) {
        int low = shift + (3 - level) * stride;
        const uint8_t *at = memory_at(base + ((k->e & ((1ull << bits) - 1)) >> low) * 8);
        if (!at)
            return false;
        memcpy(&d, at, 8);
        if ((d & 3) == 1)
            return true;
        base = d & ((1ull << 48) - (1ull << shift));
        bits = low;
    }
    return false;
}

static bool fetches_svc(const Case *k)
{
    Walk w;
    uint32_t word;
    restore();
    load_case(k);
    c->tcr[1] &= ~(3ull << 39); /* no updates while only looking */
    walk_case(k, &w);
    if (w.fault && (w.fault & 0x3c) != FSC_ACCESS_FLAG)
        return true;
    uint8_t *at = w.fault ? NULL : memory_at(w.phys);
    if (!at)
        return !w.fault;
    memcpy(&word, at, 4);
    return word == (uint32_t)SVC;
}

static void add(Case k)
{
    cases[count] = k;
    ours[count] = run(&k);
    count++;
}

static void add_walks(int n)
{
    for (int i = 0; i < n; i++) {
        Case k = walk_of(one_in(4) ? TRANSLATE : ACCESS);
        if (ends_reserved(&k))
            continue;
        if (k.what == ACCESS && k.f >= FETCH_EL1) {
            if (k.a >> 38 & 1) /* branches leave the tag out */
                k.e |= 0xffull << 56;
            if (!fetches_svc(&k))
                k.f = LDR;
        }
        if (k.what == ACCESS && access_of[k.f] == STORE) {
            /* A store into the tables would make them all svc in time. */
            Walk w;
            restore();
            load_case(&k);
            c->tcr[1] &= ~(3ull << 39);
            walk_case(&k, &w);
            if (!w.fault && w.phys < TARGET)
                k.f = LDR;
        }
        add(k);
    }
}

static void add_returns(int n)
{
    uint64_t at = STUBS;
    put32(at, (uint32_t)SVC);
    for (int i = 0; i < n; i++) {
        uint64_t spsr = rnd() & 0xf0f003df;
        static const uint8_t mode[] = { 0, 4, 5, 5, 0, 1, 8, 9, 0xc, 0xd, 2, 6, 7, 3, 0x13, 0x1f };
        spsr = (spsr & ~0x1full) | mode[pick(16)];
        if (!one_in(4))
            spsr &= ~(1ull << 20);
        add((Case){ .what = RETURN, .a = spsr, .b = at, .c = SCTLR_RES1 & (one_in(2) ? ~SCTLR_SPAN : ~0ull) });
    }
}

/* Registers that one side has and the other not: debug ones that every ARMv8 has, and what a Neoverse N1 has beyond
 * the features offered here (RAS, SSBS, a base address, event counters of the PMU). */
static bool differs_by_design(uint32_t e)
{
    static const uint16_t known[] = {
        SYSREG(2, 0, 0, 0, 2), SYSREG(2, 0, 0, 3, 2), SYSREG(2, 0, 0, 6, 2),  SYSREG(2, 0, 1, 4, 4),
        SYSREG(2, 0, 7, 8, 6), SYSREG(2, 0, 7, 9, 6), SYSREG(2, 0, 7, 14, 6), SYSREG(2, 3, 0, 4, 0),
        SYSREG(2, 3, 0, 5, 0), SYSREG(3, 0, 5, 3, 0), SYSREG(3, 0, 12, 1, 1), SYSREG(3, 1, 15, 3, 0),
        SYSREG(3, 3, 4, 2, 6),
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i] == e)
            return true;
    return (e & ~(uint32_t)0x27) == SYSREG(3, 3, 14, 8, 0);
}

/* Registers that the program can write with anything, and bits it must keep away from. */
static bool writable_here(const SysReg *r, uint64_t *mask)
{
    static const struct {
        const char *name;
        uint64_t mask;
    } special[] = {
        { "SCTLR_EL1", ~(1ull | 1 << 1 | 1 << 24 | 1 << 25) },
        { "MDSCR_EL1", ~(1ull << 15 | 1) },
        { "SPSel", 0 },
        { "DAIF", 0x3c0 },
        { "PMCR_EL0", ~1ull },
        { "TCR_EL1", ~TCR_E0PD }, /* kept by the peer, though an N1 has no E0PD */
        { "CNTFRQ_EL0", 0 },
        { "PAR_EL1", ~0ull },
    };
    *mask = ~0ull;
    if (r->read > 1 || r->write > 1 || r->needs)
        return false;
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        if (!strcmp(special[i].name, r->name))
            *mask = special[i].mask;
    return *mask && !strstr(r->name, "_TVAL") && !strstr(r->name, "CCNTR") && !strstr(r->name, "XEV") &&
           !strstr(r->name, "DTR");
}

static void add_registers(int rounds)
{
    uint64_t at = STUBS + 0x1000;
    for (int i = 0; i < arm_sysreg_count; i++) {
        const SysReg *r = &arm_sysregs[i];
        uint64_t mask;
        if (differs_by_design(r->encoding) || !writable_here(r, &mask))
            continue;
        uint32_t field = (uint32_t)(r->encoding & 0x7fff) << 5 | (r->encoding >> 14 & 1 ? 1u << 19 : 0);
        put32(at, 0xd5100000 | field);
        put32(at + 4, 0xd5033fdf); /* isb */
        put32(at + 8, 0xd5300000 | field);
        put32(at + 12, 0xd65f03c0);
        for (int n = 0; n < rounds; n++) {
            uint64_t value = n == 0 ? mask : n == 1 ? 0 : rnd() & mask;
            add((Case){ .what = REGISTER, .a = at, .b = value, .d = (uint64_t)i });
        }
        add((Case){ .what = REGISTER, .a = at, .b = 0, .d = (uint64_t)i });
        at += 16;
    }
}

/* MRS of every encoding with op0 2 and 3, at both levels. */
static void add_instructions(void)
{
    uint64_t at = STUBS + 0x10000;
    for (uint32_t e = 0; e < 1 << 15; e++, at += 8) {
        put32(at, 0xd5300000 | e << 5);
        put32(at + 4, (uint32_t)SVC);
        if (differs_by_design(e | 1 << 15))
            continue;
        for (uint64_t el = 0; el < 2; el++)
            add((Case){ .what = INSTRUCTION, .a = at, .b = el, .c = SCTLR_RES1 });
    }
}

static void add_permissions(int n)
{
    static const uint16_t encoding[] = {
        SYSREG(3, 3, 0, 0, 1),  SYSREG(3, 3, 4, 2, 1),  SYSREG(3, 3, 14, 0, 0), SYSREG(3, 3, 14, 0, 1),
        SYSREG(3, 3, 14, 0, 2), SYSREG(3, 3, 14, 2, 0), SYSREG(3, 3, 14, 3, 1), SYSREG(3, 3, 9, 12, 0),
        SYSREG(3, 3, 9, 12, 5), SYSREG(3, 3, 9, 13, 0), SYSREG(3, 3, 9, 14, 0), SYSREG(3, 3, 9, 12, 6),
        SYSREG(3, 3, 0, 0, 7),  SYSREG(3, 3, 13, 0, 2), SYSREG(3, 3, 9, 12, 1), SYSREG(3, 3, 9, 13, 1),
    };
    for (int i = 0; i < n; i++) {
        uint64_t at = STUBS + 0x10000 + 8 * (uint64_t)(encoding[pick(16)] & 0x7fff);
        add((Case){ .what = INSTRUCTION,
                    .a = at,
                    .c = SCTLR_RES1 | (rnd() & (SCTLR_UMA | SCTLR_UCT)),
                    .d = rnd() & 0x303,
                    .e = rnd() & 15 });
    }
}

/* ---- the same program, run here ---- */
static bool run_program(const char *program)
{
    FILE *file = fopen(program, "rb");
    if (!file)
        return false;
    /* The file has one segment, at CODE. */
    fseek(file, 0x10000, SEEK_SET);
    size_t got = fread(ram + (CODE - BASE), 1, 0x10000, file);
    fclose(file);
    arm_start(c, CODE, 0);
    ArmMini *m = arm_mini(c);
    uint64_t n = arm_mini_run(m, 1ull << 40);
    arm_mini_free(m);
    printf("%" PRIu64 " instructions interpreted\n", n);
    return got;
}

/* ---- running and comparing ---- */
static bool peer(const char *qemu, const char *program, const char *file)
{
    char backend[200];
    snprintf(backend, sizeof backend, "memory-backend-file,id=m,size=%d,mem-path=%s,share=on", SIZE, file);
    pid_t child = fork();
    if (child == 0) {
        execlp(qemu, qemu, "-M", "virt,memory-backend=m", "-cpu", "neoverse-n1", "-m", "256", "-object", backend,
               "-display", "none", "-nodefaults", "-kernel", program, (char *)NULL);
        _exit(127);
    }
    int status;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* What the peer does otherwise and the manual says, made alike. */
static void forgive(const Case *k, Answer *theirs, const Answer *o)
{
    /* PAR_EL1.SH of Device and Non-cacheable memory is outer shareable, D19.2.113; the peer reports the descriptor's.
     */
    bool par = k->what == TRANSLATE && !(o->esr & 1) && (o->esr >> 60 == 0 || o->esr >> 56 == 0x44);
    if (par && !(o->esr >> 26 == EC_DABORT))
        theirs->esr = (theirs->esr & ~(3ull << 7)) | 2 << 7;
    /* After an illegal return PAN and UAO come from SPSR all the same (SetPSTATEFromSPSR); the peer keeps them. */
    if (k->what == RETURN && theirs->esr >> 26 == EC_ILLEGAL)
        theirs->spsr = (theirs->spsr & ~(3ull << 22)) | (o->spsr & 3ull << 22);
    /* The peer keeps reserved bits of many registers. */
    if (k->what == REGISTER)
        theirs->esr = o->esr ^ ((theirs->esr ^ o->esr) & arm_sysregs[k->d].writable);
}

/* What only running the program can tell: where it was, its flags, what an earlier case left in FAR_EL1. */
static void forget(const Case *k, Answer *theirs)
{
    if (k->what == REGISTER || k->what == INSTRUCTION) {
        *theirs = (Answer){ theirs->esr, 0, 0, 0 };
        return;
    }
    if (k->what == RETURN || theirs->esr >> 26 == EC_SVC64)
        theirs->far = 0;
    if (k->what == RETURN)
        return;
    theirs->spsr &= ~0xf0000000ull;
    if (k->what == TRANSLATE || k->f < FETCH_EL1)
        theirs->elr = 0;
}

static bool same(const Case *k, Answer theirs, Answer o, bool exact)
{
    forgive(k, &theirs, &o);
    if (!exact)
        forget(k, &theirs);
    return !memcmp(&theirs, &o, sizeof o);
}

static void show(int i, const Case *k, const Answer *o, const Answer *theirs)
{
    printf("case %d: what %" PRIu64 " a %" PRIx64 " b %" PRIx64 " c %" PRIx64 " d %" PRIx64 " e %" PRIx64 " f %" PRIu64
           " g %" PRIx64 " %s\n  ours   esr %" PRIx64 " far %" PRIx64 " elr %" PRIx64 " spsr %" PRIx64
           "\n  theirs esr %" PRIx64 " far %" PRIx64 " elr %" PRIx64 " spsr %" PRIx64 "\n",
           i, k->what, k->a, k->b, k->c, k->d, k->e, k->f, k->g, k->what == REGISTER ? arm_sysregs[k->d].name : "",
           o->esr, o->far, o->elr, o->spsr, theirs->esr, theirs->far, theirs->elr, theirs->spsr);
}

/* Answers of n cases, and the tables they left behind. */
static int compare(const char *how, const Answer *o, const uint8_t *theirs, int n, bool exact)
{
    int wrong = 0, tables = 0, shown[INSTRUCTION + 1] = { 0 };
    const Answer *t = (const void *)(theirs + (RESULTS - BASE));
    for (int i = 0; i < n; i++)
        if (!same(&cases[i], t[i], o[i], exact) && ++wrong && shown[cases[i].what]++ < 8)
            show(i, &cases[i], &o[i], &t[i]);
    for (uint64_t at = POOL; n == count && at < POOL + TABLES * 0x10000; at += 8)
        if (memcmp(ram + (at - BASE), theirs + (at - BASE), 8) && tables++ < 10)
            printf("descriptor at %" PRIx64 "\n", at);
    printf("%s: %d cases, %d differ; %d descriptors differ\n", how, n, wrong, tables);
    return wrong + tables;
}

static void make_cases(void)
{
    add_walks(60000);
    add_returns(20000);
    add_registers(40);
    add_instructions();
    add_permissions(20000);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 77;
    seed = argc > 3 ? strtoull(argv[3], NULL, 0) * 0x9e3779b97f4a7c15 + 1 : 0x9e3779b97f4a7c15;
    char file[] = "/tmp/oracle-XXXXXX";
    int fd = mkstemp(file);
    if (fd < 0 || ftruncate(fd, SIZE))
        return 1;
    uint8_t *shared = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    b = arm_bench(&neoverse_n1, "");
    c = b.cpu;
    uint64_t left;
    ram = (uint8_t *)(uintptr_t)space_ram(b.machine->memory, BASE, &left);
    uint8_t *before = malloc(SIZE);
    if (left < SIZE || !before)
        return 1;
    make_memory();
    memcpy(before, ram, SIZE); /* cases change tables */
    make_cases();
    memcpy(before + (STUBS - BASE), ram + (STUBS - BASE), 2 << 20);
    memcpy(before + (CASES - BASE), cases, (size_t)count * sizeof *cases);
    memcpy(shared, before, SIZE);
    bool ran = peer(argv[1], argv[2], file);
    unlink(file);
    if (!ran)
        return printf("the peer did not run\n"), 1;
    int wrong = compare("functions", ours, shared, count, false);
    memcpy(ram, before, SIZE);
    free(before);
    if (!run_program(argv[2]))
        return printf("cannot read %s\n", argv[2]), 1;
    wrong += compare("program", (const Answer *)(const void *)(ram + (RESULTS - BASE)), shared, count, true);
    return wrong != 0;
}
