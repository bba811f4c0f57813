#include "tests/frontend/x86_known.h"

#include <cpuid.h>
#include <signal.h>
#include <string.h>

enum { ZEN5 = 0x1a };

/* The processor's family if it is one of AMD's, else 0. */
static unsigned amd_family(void)
{
    static unsigned family = ~0u;
    unsigned a, b, c, d;
    if (family != ~0u)
        return family;
    __cpuid(0, a, b, c, d);
    bool amd = b == signature_AMD_ebx && c == signature_AMD_ecx && d == signature_AMD_edx;
    __cpuid(1, a, b, c, d);
    family = amd ? (a >> 8 & 0xf) + (a >> 20 & 0xff) : 0;
    return family;
}

/* "Flags Affected" of each instruction in the SDM, volume 2. What stands there as undefined is here what AMD's
 * processors do; others may do otherwise, and of BSF and BSR AMD's own do from Zen 5 on. */
static const struct {
    const char *row;
    uint32_t flags;
    unsigned from; /* AMD's first family that does otherwise; 0: none */
} undefined[] = {
    { "and", FL_A },
    { "or", FL_A },
    { "xor", FL_A },
    { "test", FL_A },
    { "mul", FL_S | FL_Z | FL_A | FL_P },
    { "imul1", FL_S | FL_Z | FL_A | FL_P },
    { "imul", FL_S | FL_Z | FL_A | FL_P },
    { "imul3", FL_S | FL_Z | FL_A | FL_P },
    { "div", FL_ARITH },
    { "idiv", FL_ARITH },
    { "rol", FL_O },
    { "ror", FL_O },
    { "rcl", FL_O },
    { "rcr", FL_O },
    { "shl", FL_O | FL_A | FL_C },
    { "shr", FL_O | FL_A | FL_C },
    { "sar", FL_O | FL_A | FL_C },
    { "shld", FL_ARITH },
    { "shrd", FL_ARITH },
    { "bt", FL_O | FL_S | FL_A | FL_P },
    { "bts", FL_O | FL_S | FL_A | FL_P },
    { "btr", FL_O | FL_S | FL_A | FL_P },
    { "btc", FL_O | FL_S | FL_A | FL_P },
    { "bt_string", FL_O | FL_S | FL_A | FL_P },
    { "bts_string", FL_O | FL_S | FL_A | FL_P },
    { "btr_string", FL_O | FL_S | FL_A | FL_P },
    { "btc_string", FL_O | FL_S | FL_A | FL_P },
    { "bsf", FL_ARITH & ~FL_Z, ZEN5 },
    { "bsr", FL_ARITH & ~FL_Z, ZEN5 },
    { "tzcnt", FL_O | FL_S | FL_P | FL_A },
    { "lzcnt", FL_O | FL_S | FL_P | FL_A },
    { "andn", FL_A | FL_P },
    { "blsr", FL_A | FL_P },
    { "blsmsk", FL_A | FL_P },
    { "blsi", FL_A | FL_P },
    { "bzhi", FL_A | FL_P },
    { "bextr", FL_A | FL_S | FL_P },
    { "daa", FL_O },
    { "das", FL_O },
    { "aaa", FL_O | FL_S | FL_Z | FL_P },
    { "aas", FL_O | FL_S | FL_Z | FL_P },
    { "aam", FL_O | FL_A | FL_C },
    { "aad", FL_O | FL_A | FL_C },
};

uint32_t x86_undefined_flags(const X86Insn *i)
{
    unsigned family = amd_family();
    for (unsigned k = 0; k < sizeof undefined / sizeof *undefined; k++)
        if (!strcmp(i->row->name, undefined[k].row))
            return !family || (undefined[k].from && family >= undefined[k].from) ? undefined[k].flags : 0;
    return 0;
}

/* Single-precision numbers that are equal, or both finite and within the errors of two estimates: SDM volume 2, RCPPS:
 * 1.5 * 2^-12 each. */
static bool near(const uint8_t *a, const uint8_t *b)
{
    float x, y;
    memcpy(&x, a, 4);
    memcpy(&y, b, 4);
    bool tiny = __builtin_fabsf(x) < 0x1p-125f && __builtin_fabsf(y) < 0x1p-125f; /* one of them may be 0 */
    return !memcmp(a, b, 4) || tiny ||
           (x - x == 0 && y - y == 0 && __builtin_fabsf(x - y) <= 4.0f / 4096 * __builtin_fabsf(x));
}

bool x86_estimate_agrees(const X86Insn *i, const X86Case *c, X86State *got)
{
    bool estimate = !strncmp(i->row->name, "rcp", 3) || !strncmp(i->row->name, "rsqrt", 5);
    uint8_t *mine[] = { got->fp.xmm[i->op[0].n], got->fp.ymm[i->op[0].n] };
    const uint8_t *host[] = { c->after.fp.xmm[i->op[0].n], c->after.fp.ymm[i->op[0].n] };
    for (int n = 0; estimate && n < 32; n += 4) {
        if (!near(host[n / 16] + n % 16, mine[n / 16] + n % 16))
            return false;
        memcpy(mine[n / 16] + n % 16, host[n / 16] + n % 16, 4);
    }
    return estimate;
}

/* SDM volume 1, 4.9.1.4: beside an overflow or underflow that is not masked, the precision flag tells of a result with
 * an exponent of any size. Ours tells of the one that it would have been. A
 * dot product's sums of denormal products are not said to tell of denormals. */
uint32_t x86_undefined_mxcsr(const X86Insn *i, const X86Case *c)
{
    enum { DE = 1 << 1, OE = 1 << 3, UE = 1 << 4, PE = 1 << 5 };
    uint32_t m = c->after.fp.mxcsr;
    if (!strncmp(i->row->name, "dpp", 3))
        return c->after.signal ? MXCSR_FLAGS : DE; /* the exception ends it between two steps */
    return c->after.signal == SIGFPE && m & ~(m >> 7) & (OE | UE) ? PE : 0;
}

/* AMD's processors have a mode in which vectors may be misaligned, bit 17 of MXCSR; where there is none the bit must be
 * 0. */
static bool misaligned_mode(const X86Case *c)
{
    return c->after.fp.mxcsr >> 17 & 1;
}

bool x86_c1_is_open(const X86Insn *i)
{
    return i->attr & X86_FPU && strstr(i->row->name, "comi");
}

/* REP MOVS with addresses of 16 bits: Zen 5 copies now and then as though there were no overlap. */
bool x86_host_overlooks_overlap(const X86Insn *i)
{
    return amd_family() >= ZEN5 && !strcmp(i->row->name, "movs") && i->rep && i->adsize == 2;
}

/* The destination begins less than 64 bytes behind the source's beginning. */
static bool overlaps(const X86Case *c)
{
    unsigned ahead = (unsigned)(c->before.r[RDI] - c->before.r[RSI]) & 0xffff;
    return ahead && ahead < 64;
}

/* VCVTPS2PH that cannot store may have set flags, MASKMOVDQU may look at bytes that it does not store, and of 32 bytes
 * the first 16 may be there. POPA that faults has changed the registers it came to in AMD's processors, none in ours.
 * The SDM says of no register that it is kept; the instruction starts again either way. */
bool x86_nothing_to_say(const X86Insn *i, const X86Case *c)
{
    static const char *const names[] = { "popa", "cvtps2ph", "maskmovdqu", NULL };
    bool is = i->op[0].kind == OPERAND_MEM && i->op[0].bytes == 32;
    for (int n = 0; names[n]; n++)
        is |= !strcmp(i->row->name, names[n]);
    return misaligned_mode(c) || (x86_host_overlooks_overlap(i) && overlaps(c)) || (is && c->after.signal);
}

/* Leaf, subleaf, register and bit of each feature; 0: every host has it. */
static bool look_for(unsigned feature)
{
    static const struct {
        uint32_t leaf, subleaf;
        const char *reg;
        uint8_t bit;
    } features[] = {
#define FEATURE(name, leaf, subleaf, reg, bit, what) { leaf, subleaf, #reg, bit },
#include "frontend/x86/features.def"
    };
    unsigned r[4];
    if (!features[feature].leaf)
        return true;
    if (!__get_cpuid_count(features[feature].leaf, features[feature].subleaf, &r[0], &r[1], &r[2], &r[3]))
        return false;
    return r[features[feature].reg[1] - 'A'] >> features[feature].bit & 1;
}

/* Asked once: in a virtual machine CPUID takes longer than all the rest of a case. */
static bool host_has(unsigned feature)
{
    static uint8_t known[X86_FEATURES];
    if (!known[feature])
        known[feature] = look_for(feature) ? 1 : 2;
    return known[feature] == 1;
}

/* Near branches with 66 in 64-bit mode: Intel's processors ignore the prefix, AMD's cut the target to 16 bits. LOOPE
 * and LOOPNE with F2 and F3, which are reserved there (SDM volume 2, 2.1.1): AMD's take the condition from the prefix.
 */
bool x86_host_differs(const X86Insn *i, unsigned bits)
{
    bool loop = !strcmp(i->row->name, "loope") || !strcmp(i->row->name, "loopne");
    if (!host_has(i->row->feature) || (loop && i->rep))
        return true;
    return bits == 64 && i->attr & X86_F64 && i->op66;
}

/* Kept by XSAVE beyond x87, SSE and AVX, which are all that ours has. */
static uint64_t more_components(void)
{
    static uint64_t more = ~0ull;
    uint32_t low, high;
    if (more == ~0ull) {
        __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        more = ((uint64_t)high << 32 | low) & ~7ull;
    }
    return more;
}

bool x86_is_xsave(const X86Insn *i)
{
    unsigned feature = i->row->feature;
    return feature == X86_xsave || feature == X86_xsaveopt || feature == X86_xsavec;
}

bool x86_wants_more_state(const X86Insn *i, const X86Case *c)
{
    uint64_t header[2], wanted = (c->before.r[RDX] << 32) | (uint32_t)c->before.r[RAX];
    if (!x86_is_xsave(i))
        return false;
    memcpy(header, &c->before.page[c->area + 512], sizeof header);
    return (wanted | (c->area ? header[0] | header[1] : 0)) & more_components();
}
