#include "tests/frontend/x86_cases.h"

#include "tests/frontend/random_x86.h"
#include "tests/frontend/x86_bench.h"
#include "tests/frontend/x86_fp.h"
#include "tests/frontend/x86_known.h"

#include <string.h>

static uint64_t seed;

static uint64_t number(void)
{
    return x86_random_number(&seed) << 32 ^ x86_random_number(&seed);
}

static unsigned below(unsigned n)
{
    return x86_random_below(&seed, n);
}

void x86_case_seed(uint64_t v, unsigned cases)
{
    seed = v;
    x86_fp_pools(cases, &seed);
}

/* ---- registers and memory ---- */

static uint64_t interesting(void)
{
    static const uint64_t edges[] = { 0,
                                      1,
                                      ~0ull,
                                      0x7f,
                                      0x80,
                                      0xff,
                                      0x7fff,
                                      0x8000,
                                      0xffff,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff,
                                      0x7fffffffffffffff,
                                      0x8000000000000000,
                                      0x99,
                                      0x9a };
    switch (below(4)) {
    case 0:
        return edges[below(sizeof edges / sizeof *edges)];
    case 1:
        return number() >> below(64);
    default:
        return number();
    }
}

/* An address whose bytes are mostly there: in the window, sometimes at the page's end. */
static uint64_t target(void)
{
    if (below(24) == 0)
        return X86_PAGE + X86_PAGE_SIZE - 1 - below(20);
    return X86_PAGE + X86_WINDOW + 16 + below(X86_WINDOW_SIZE - 64);
}

static uint64_t mask_of(unsigned bytes)
{
    return bytes == 8 ? ~0ull : (1ull << 8 * bytes) - 1;
}

static void set_reg(X86Case *c, unsigned n, unsigned bytes, uint64_t v)
{
    c->before.r[n] = (c->before.r[n] & ~mask_of(bytes)) | (v & mask_of(bytes));
    if (bytes == 4 && below(2))
        c->before.r[n] &= mask_of(4);
}

/* An absolute address lies in the instruction itself: written over. */
static void patch_address(X86Case *c, X86Insn *i, uint64_t want)
{
    unsigned bytes = i->has_modrm && i->adsize > 2 ? 4 : i->adsize;
    uint64_t raw = i->rip_relative ? (uint64_t)i->disp - i->next : (uint64_t)i->disp;
    uint64_t v = i->rip_relative ? want - i->next : want;
    for (unsigned at = 1; at + bytes <= i->length; at++)
        if (!memcmp(c->code + at, &raw, bytes)) {
            X86Insn j;
            X86Case with = *c;
            memcpy(with.code + at, &v, bytes);
            if (x86_decode(with.code, 16, i->pc, x86_bench_mode(c->bits), x86_bench_features(), &j) == X86_DECODED &&
                j.number == i->number && j.length == i->length && (uint64_t)j.disp == want) {
                memcpy(c->code, with.code, sizeof c->code);
                *i = j;
                return;
            }
        }
}

/* An area of FXSAVE or XSAVE: mostly aligned, and with a header that is mostly good. */
static void place_area(X86Case *c, uint64_t *at)
{
    static const uint64_t compacted[] = { 0, 0, 0, 1ull << 63 };
    *at = below(8) ? X86_PAGE + 64 + 64 * below(40) : *at & ~15ull;
    if (*at + 1024 > X86_PAGE + X86_PAGE_SIZE)
        return;
    uint8_t *m = c->before.page + (*at - X86_PAGE);
    uint64_t header[8] = { below(8), compacted[below(4)] };
    if (header[1])
        header[1] |= below(4) ? 7 : below(8);
    if (below(16) == 0)
        header[below(8)] ^= 1ull << below(64);
    x86_fp_memory(m, 1024, &seed);
    memcpy(m + 512, header, sizeof header);
    memset(m + 2, (int)(below(256) & number()), 1); /* the status word without TOP */
    if (below(16)) {                                /* MXCSR, x87 control word */
        memset(m + 24, 0, 4);
        m[25] = (uint8_t)below(256);
        m[0] = 0x7f;
    }
    m[30] &= 0xfd;
    if (!(c->before.fp.status & 0x80)) /* then AMD's processors save none */
        c->before.fp.opcode = 0, c->before.fp.ip = c->before.fp.dp = 0;
    c->area = (uint32_t)(*at - X86_PAGE);
}

/* A gather's, of 32 or 64 bits: near its base, some beyond the page. */
static void place_indices(X86Case *c, const X86Insn *i)
{
    for (unsigned n = 0; n < 8; n++) {
        uint32_t v = n & 1 && below(2) ? 0 : below(24) ? below(10) : 2000;
        memcpy(n < 4 ? &c->before.fp.xmm[i->index][4 * n] : &c->before.fp.ymm[i->index][4 * (n - 4)], &v, 4);
    }
    if (i->base != X86_NONE)
        set_reg(c, i->base, i->adsize, X86_PAGE + X86_WINDOW + 64 - (uint64_t)i->disp);
}

/* Registers such that the memory operand is where it should be. */
static void place_operand(X86Case *c, X86Insn *i)
{
    uint64_t want = target();
    if (!strncmp(i->row->name, "cmpxchg16b", 10) || (i->attr & (X86_FPU | X86_MMX | X86_SSE | X86_AVX) && below(4)))
        want &= ~15ull;
    if (i->row->feature == X86_fxsr || !strncmp(i->row->name, "xsave", 5) || !strncmp(i->row->name, "xrstor", 6))
        place_area(c, &want);
    if (i->attr & X86_AVX && below(4))
        want &= ~31ull;
    if (i->attr & X86_VSIB) {
        place_indices(c, i);
        return;
    }
    if (i->base == X86_NONE && i->index == X86_NONE) {
        patch_address(c, i, want);
        return;
    }
    if (i->base == X86_NONE) {
        c->before.r[i->index] = (want - (uint64_t)i->disp) >> i->scale;
        return;
    }
    uint64_t index = i->index == X86_NONE ? 0 : c->before.r[i->index] << i->scale;
    if (i->index == i->base)
        c->before.r[i->index] = i->scale == 0 ? (want - (uint64_t)i->disp) / 2 : number();
    else
        set_reg(c, i->base, i->adsize, want - (uint64_t)i->disp - index);
}

static bool is(const X86Insn *i, const char *name)
{
    return !strcmp(i->row->name, name);
}

static uint64_t code_pointer(void)
{
    return X86_START + 64 + below(256);
}

/* Where a branch reads its target from, there is one. */
static void place_targets(X86Case *c, const X86Insn *i)
{
    uint64_t to = code_pointer() + (c->bits == 16 ? 0 : X86_CODE);
    if (is(i, "ret"))
        memcpy(&c->before.page[(c->before.r[4] - X86_PAGE) % (X86_PAGE_SIZE - 8)], &to, 8);
    if (!is(i, "jmp_reg") && !is(i, "call_reg"))
        return;
    if (!i->memory)
        c->before.r[i->rm] = to;
    for (unsigned at = X86_WINDOW; at < X86_WINDOW + X86_WINDOW_SIZE && i->memory; at += 8)
        memset(&c->before.page[at], 0, 8);
}

/* Values without which a row would hardly ever do anything. */
static void help_along(X86Case *c, const X86Insn *i)
{
    uint64_t *r = c->before.r;
    if (is(i, "xlat"))
        set_reg(c, RBX, i->adsize, target() - (r[RAX] & 0xff));
    if (is(i, "movs") || is(i, "cmps") || is(i, "stos") || is(i, "lods") || is(i, "scas")) {
        set_reg(c, RSI, i->adsize, target());
        set_reg(c, RDI, i->adsize, target());
        set_reg(c, RCX, i->adsize, below(4) ? below(12) : below(300));
        if (below(2)) {
            memset(c->before.page + X86_WINDOW, (int)(number() & 0xff), X86_WINDOW_SIZE);
            memset(&r[RAX], c->before.page[X86_WINDOW], 8);
        }
    }
    if (strstr(i->row->name, "_string"))
        set_reg(c, i->op[1].n, i->op[1].bytes, (uint64_t)below(2048) - 1024);
    if ((is(i, "div") || is(i, "idiv")) && below(4)) {
        uint64_t small = below(4);
        if (i->op[0].bytes == 1)
            set_reg(c, RAX, 2, number() & 0x3ff);
        else
            r[RDX] = is(i, "idiv") && r[RAX] >> (8 * i->op[0].bytes - 1) & 1 ? ~small : small;
    }
    if (strstr(i->row->name, "cmpxchg") && i->memory && below(2)) {
        memset(c->before.page + X86_WINDOW, 0x5a, X86_WINDOW_SIZE);
        r[RAX] = r[RDX] = 0x5a5a5a5a5a5a5a5a;
    }
    if (x86_is_xsave(i)) {
        r[RAX] = below(8);
        r[RDX] = 0;
    }
    if (is(i, "ldmxcsr"))
        for (unsigned at = X86_WINDOW; at < X86_WINDOW + X86_WINDOW_SIZE; at += 4)
            memcpy(&c->before.page[at], &(uint32_t){ below(0x10000) | (below(16) ? 0 : 1u << 16) }, 4);
    if (is(i, "maskmovdqu"))
        set_reg(c, RDI, i->adsize, target());
    if (is(i, "leave"))
        r[RBP] = target();
    if (is(i, "enter") && below(2))
        r[RBP] = target();
    if ((is(i, "loop") || is(i, "loope") || is(i, "loopne") || is(i, "jcxz")) && below(2))
        set_reg(c, RCX, i->adsize, below(3));
}

/* Privileged ones, those that the kernel would take for its own, and what only the system side's tests can say. */
static bool leave_out(const X86Insn *i, unsigned bits)
{
    static const char *const names[] = {
        "int",          "int3",     "int1",     "into",    "iret",   "mov_to_seg", "push_seg", "pop_seg",  "load_far",
        "mov_from_seg", "jmp_far",  "call_far", "ret_far", "cpuid",  "rdtsc",      "popf",     "pushf",    "pause",
        "smsw",         "rdtscp",   "rdpid",    "syscall", "sysret", "sysenter",   "sysexit",  "rdfsbase", "rdgsbase",
        "wrfsbase",     "wrgsbase", "xgetbv",   "xsetbv",  "clac",   "stac",       "sgdt",     "sidt",     "sldt",
        "str",          "verr",     "verw",     "lar",     "lsl",    "rsm",        "rdrand",   "rdseed",   NULL
    };
    for (int n = 0; names[n]; n++)
        if (is(i, names[n]))
            return true;
    if (i->override == FS || i->override == GS)
        return true; /* the host's own */
    if (bits != 64 && i->seg == CS)
        return true; /* CS: the host's 16-bit one is elsewhere */
    if ((is(i, "jmp_reg") || is(i, "call_reg")) && !i->memory && i->rm == RSP)
        return true; /* then the stack is the code page, which is there natively only */
    return x86_host_differs(i, bits);
}

static bool branches_into_itself(const X86Insn *i)
{
    for (unsigned k = 0; k < i->operands; k++)
        if (i->op[k].kind == OPERAND_REL && i->imm - i->pc < 16)
            return true;
    return false;
}

bool x86_case(int row, X86Case *c, X86Insn *i)
{
    uint8_t code[16];
    uint64_t mode = x86_bench_mode(c->bits), pc = X86_CODE + X86_START;
    if (!x86_random(row, mode, &seed, code))
        return false;
    if (x86_decode(code, 16, pc, mode, x86_bench_features(), i) != X86_DECODED || i->number != row ||
        leave_out(i, c->bits))
        return false;
    memset(&c->before, 0, sizeof c->before);
    memset(c->code, 0xcc, sizeof c->code);
    c->area = 0;
    memcpy(c->code, code, i->length);
    c->length = i->length;
    for (int n = 0; n < (c->bits == 64 ? 16 : 8); n++)
        c->before.r[n] = interesting();
    for (int n = 0; n < X86_WINDOW_SIZE; n += 8) {
        uint64_t v = below(3) ? number() : interesting();
        memcpy(&c->before.page[X86_WINDOW + n], &v, 8);
    }
    x86_fp_random(&c->before.fp, &seed, i);
    if (i->attr & (X86_FPU | X86_MMX | X86_SSE | X86_AVX) && below(4))
        x86_fp_memory(c->before.page + X86_WINDOW, X86_WINDOW_SIZE, &seed);
    c->before.r[RSP] = target() & (below(4) ? ~7ull : ~0ull);
    c->before.eflags = (uint32_t)number() & (FL_ARITH | FL_DF);
    help_along(c, i);
    if (i->memory)
        place_operand(c, i);
    if (c->bits != 64)
        for (int n = 0; n < 16; n++)
            c->before.r[n] &= n < 8 ? 0xffffffff : 0;
    place_targets(c, i);
    return x86_decode(c->code, 16, pc, mode, x86_bench_features(), i) == X86_DECODED && i->number == row &&
           !branches_into_itself(i) && !x86_wants_more_state(i, c);
}

/* What follows is translated anew, or depends on an estimate; and MASKMOVDQU, of which processors differ in whether an
 * empty mask reads memory. */
static bool ends_unit(const X86Insn *i)
{
    return is(i, "ldmxcsr") || strstr(i->row->name, "rstor") || is(i, "maskmovdqu") ||
           !strncmp(i->row->name, "rcp", 3) || !strncmp(i->row->name, "rsqrt", 5);
}

/* What shows the x87 unit's pointers, or what the host makes up or gets wrong: apart. */
static bool is_for_itself(const X86Insn *i)
{
    return strstr(i->row->name, "save") || is(i, "fnstenv") || x86_undefined_flags(i) || x86_host_overlooks_overlap(i);
}

/* What is in an empty x87 register is open; an MMX instruction makes it full, and an x87 one after that may show it.
 * FNSTSW shows C1. */
static struct {
    bool x87, mmx, c1; /* the sequence had one; mmx: after an x87 one; c1: that leaves it open */
} had;

static bool shows_open(const X86Insn *i)
{
    bool mmx = i->attr & X86_MMX;
    for (unsigned k = 0; k < i->operands; k++)
        mmx |= i->op[k].kind == OPERAND_MMX;
    if ((i->attr & X86_FPU && had.mmx) || (had.c1 && is(i, "fnstsw")))
        return true;
    had.mmx |= mmx && had.x87;
    had.x87 |= (i->attr & X86_FPU) != 0;
    had.c1 |= x86_c1_is_open(i);
    return false;
}

bool x86_case_sequence(int rows, X86Case *c, X86Insn *i)
{
    static X86Case one;
    X86Insn next;
    unsigned wanted = 2 + below(6), have = 1;
    one.bits = c->bits;
    memset(&had, 0, sizeof had);
    if (!x86_case((int)below((unsigned)rows), c, i) || i->attr & X86_F64 || ends_unit(i) || is_for_itself(i) ||
        shows_open(i))
        return false;
    for (int tries = 0; have < wanted && tries < 100; tries++) {
        if (!x86_case((int)below((unsigned)rows), &one, &next) || next.attr & X86_F64 || ends_unit(&next) ||
            is_for_itself(&next) || is(&next, "popa") ||
            (next.memory && (next.base != X86_NONE || next.index != X86_NONE || next.rip_relative) && below(8)))
            continue;
        if (shows_open(&next))
            continue;
        memcpy(c->code + c->length, one.code, one.length);
        c->length += one.length;
        have++;
    }
    return true;
}
