/* What a64_atomic.c cannot say in the IR: 128-bit compare-and-swap, and arithmetic on big-endian numbers. Each returns
 * 1 if the access faulted, the exception being raised then. */
#include "frontend/arm/arm.h"
#include "frontend/arm/helpers.h"

typedef struct Pair {
    uint64_t first, second;
} Pair;

static uint64_t order(uint64_t value, bool big)
{
    return big ? __builtin_bswap64(value) : value;
}

static V128 pair_value(Pair p, bool big)
{
    return (V128){ order(p.first, big), order(p.second, big) };
}

static Pair value_pair(V128 v, bool big)
{
    return (Pair){ order(v.lo, big), order(v.hi, big) };
}

static uint64_t get_x(const ArmCpu *c, unsigned r)
{
    return r == 31 ? 0 : c->x[r];
}

static void put_x(ArmCpu *c, unsigned r, uint64_t value)
{
    if (r != 31)
        c->x[r] = value;
}

/* 128-bit accesses must be aligned, but for CASP with FEAT_LSE2, which then could only cross 16 bytes. */
static bool aligned(Cpu *cpu, uint64_t address)
{
    if (address & 15)
        aarch64_guest.misaligned(cpu, address, STORE);
    return !(address & 15);
}

/* STXP and STLXP of 64-bit registers. word: the instruction. */
uint64_t arm_help_stxp(Cpu *cpu, uint64_t address, uint64_t word, uint64_t big)
{
    ArmCpu *c = arm_of(cpu);
    unsigned rs = word >> 16 & 31, rt2 = word >> 10 & 31, rt = word & 31;
    Pair held = { c->excl_lo, c->excl_hi }, desired = { get_x(c, rt), get_x(c, rt2) };
    V128 old, expected = pair_value(held, big);
    bool failed = true;
    if (!aligned(cpu, address))
        return 1;
    if (c->excl_addr == address && c->excl_size == 16) {
        if (!mem_cas(cpu, address, 16, expected, pair_value(desired, big), false, &old))
            return 1;
        failed = old.lo != expected.lo || old.hi != expected.hi;
    }
    c->excl_addr = ~0ull;
    put_x(c, rs, failed);
    return 0;
}

/* CASP of 64-bit registers */
uint64_t arm_help_casp(Cpu *cpu, uint64_t address, uint64_t word, uint64_t big)
{
    ArmCpu *c = arm_of(cpu);
    unsigned rs = word >> 16 & 31, rt = word & 31;
    Pair expected = { get_x(c, rs), get_x(c, rs + 1) }, desired = { get_x(c, rt), get_x(c, rt + 1) };
    V128 old;
    if (!aligned(cpu, address) ||
        !mem_cas(cpu, address, 16, pair_value(expected, big), pair_value(desired, big), false, &old))
        return 1;
    Pair found = value_pair(old, big);
    put_x(c, rs, found.first);
    put_x(c, rs + 1, found.second);
    return 0;
}

/* ---- arithmetic on big-endian numbers ---- */

static uint64_t number(uint64_t stored, unsigned size)
{
    return __builtin_bswap64(stored) >> (64 - (8u << size));
}

static int64_t signed_number(uint64_t value, unsigned size)
{
    unsigned above = 64 - (8u << size);
    return (int64_t)(value << above) >> above;
}

static uint64_t combined(IrRmw op, uint64_t a, uint64_t b, unsigned size)
{
    int64_t x = signed_number(a, size), y = signed_number(b, size);
    switch (op) {
    case RMW_ADD:
        return a + b;
    case RMW_SMAX:
        return x > y ? a : b;
    case RMW_SMIN:
        return x < y ? a : b;
    case RMW_UMAX:
        return a > b ? a : b;
    default:
        return a < b ? a : b;
    }
}

/* how: IrRmw << 8 | size. The old number goes to tmp[0]. */
uint64_t arm_help_rmw_big(Cpu *cpu, uint64_t address, uint64_t operand, uint64_t how)
{
    unsigned size = how & 7;
    uint64_t mask = size == 3 ? ~0ull : (1ull << (8u << size)) - 1;
    V128 expected = { 0 }, old;
    if (address & ((1u << size) - 1)) {
        aarch64_guest.misaligned(cpu, address, STORE);
        return 1;
    }
    for (;;) {
        uint64_t result = combined((IrRmw)(how >> 8), number(expected.lo, size), operand & mask, size) & mask;
        if (!mem_cas(cpu, address, 1 << size, expected, (V128){ number(result, size), 0 }, false, &old))
            return 1;
        if (old.lo == expected.lo)
            break;
        expected = old;
    }
    arm_of(cpu)->tmp[0] = number(old.lo, size);
    return 0;
}
