/* Integer helpers that are pure: built without FP and vector registers. Flags go in and out packed. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/shift.h"
#include "frontend/x86/x86.h"

typedef struct Shifted {
    uint64_t value;
    uint32_t flags;
} Shifted;

static uint64_t low(uint64_t v, unsigned bits)
{
    return bits < 64 ? v & ((1ull << bits) - 1) : v;
}

static bool bit(uint64_t v, unsigned n)
{
    return v >> n & 1;
}

static uint32_t carry_overflow(uint32_t flags, bool c, bool v)
{
    return (flags & ~(uint32_t)(FLAG_C | FLAG_V)) | (c ? FLAG_C : 0) | (v ? FLAG_V : 0);
}

/* SF ZF PF of a result; AF is 0. */
static uint32_t result_flags(uint64_t v, unsigned bits, bool c, bool of)
{
    bool odd = __builtin_parity((unsigned)v & 0xff);
    return (bit(v, bits - 1) ? FLAG_N : 0) | (v ? 0 : FLAG_Z) | (odd ? 0 : FLAG_P) | (c ? FLAG_C : 0) |
           (of ? FLAG_V : 0);
}

/* After shifts AF is undefined: AMD's processors set it. */
static uint32_t shift_flags(uint64_t v, unsigned bits, bool c, bool of)
{
    return result_flags(v, bits, c, of) | FLAG_AUX;
}

static Shifted rotate(X86Shift op, unsigned bits, uint64_t v, unsigned count, uint32_t flags)
{
    unsigned n = count % bits;
    if (op == SHIFT_ROL) {
        uint64_t r = n ? low(v << n | v >> (bits - n), bits) : v;
        return (Shifted){ r, carry_overflow(flags, bit(r, 0), bit(r, bits - 1) ^ bit(r, 0)) };
    }
    uint64_t r = n ? low(v >> n | v << (bits - n), bits) : v;
    return (Shifted){ r, carry_overflow(flags, bit(r, bits - 1), bit(r, bits - 1) ^ bit(r, bits - 2)) };
}

/* Through carry: a rotation of bits + 1 bits, one at a time. */
static Shifted rotate_carry(X86Shift op, unsigned bits, uint64_t v, unsigned count, uint32_t flags)
{
    bool c = flags & FLAG_C;
    for (unsigned n = count % (bits + 1); n; n--) {
        bool out = bit(v, op == SHIFT_RCL ? bits - 1 : 0);
        v = op == SHIFT_RCL ? low(v << 1, bits) | c : v >> 1 | (uint64_t)c << (bits - 1);
        c = out;
    }
    bool of = op == SHIFT_RCL ? bit(v, bits - 1) ^ c : bit(v, bits - 1) ^ bit(v, bits - 2);
    return (Shifted){ v, carry_overflow(flags, c, of) };
}

/* OF is defined for a count of 1 only; processors do for others what would give that. */
static Shifted plain(X86Shift op, unsigned bits, uint64_t v, unsigned count)
{
    if (op == SHIFT_SHL) {
        uint64_t r = low(v << count, bits);
        bool c = count <= bits && bit(v, bits - count);
        return (Shifted){ r, shift_flags(r, bits, c, bit(r, bits - 1) ^ c) };
    }
    if (op == SHIFT_SHR) {
        uint64_t r = v >> count;
        bool c = bit(v, count - 1);
        return (Shifted){ r, shift_flags(r, bits, c, bit(r, bits - 1) ^ bit(r, bits - 2)) };
    }
    int64_t s = (int64_t)(v << (64 - bits)) >> (64 - bits);
    uint64_t r = low((uint64_t)(s >> count), bits);
    return (Shifted){ r, shift_flags(r, bits, s >> (count - 1) & 1, false) };
}

static Shifted shifted(uint64_t v, uint64_t arg)
{
    unsigned count = arg & 0xff, bits = arg >> 16 & 0xff;
    X86Shift op = (X86Shift)(arg >> 8 & 0xff);
    uint32_t flags = (uint32_t)(arg >> SHIFT_ARG_FLAGS_SHIFT);
    v = low(v, bits);
    if (!count)
        return (Shifted){ v, flags };
    if (op == SHIFT_ROL || op == SHIFT_ROR)
        return rotate(op, bits, v, count, flags);
    return op == SHIFT_RCL || op == SHIFT_RCR ? rotate_carry(op, bits, v, count, flags) : plain(op, bits, v, count);
}

uint64_t x86_help_shift(Cpu *c, uint64_t v, uint64_t arg, uint64_t x)
{
    (void)c, (void)x;
    return shifted(v, arg).value;
}

uint64_t x86_help_shift_flags(Cpu *c, uint64_t v, uint64_t arg, uint64_t x)
{
    (void)c, (void)x;
    return shifted(v, arg).flags;
}

/* SHLD and SHRD of 16 bits by more than 16: undefined; AMD's processors shift the source in twice. */
static Shifted double_shifted(uint64_t v, uint64_t from, uint64_t arg)
{
    unsigned count = arg & 0xff, bits = arg >> 16 & 0xff;
    bool left = (arg >> 8 & 0xff) == SHIFT_SHLD;
    v = low(v, bits);
    from = low(from, bits);
    if (!count)
        return (Shifted){ v, (uint32_t)(arg >> SHIFT_ARG_FLAGS_SHIFT) };
    unsigned __int128 line = left ? (unsigned __int128)v << bits | from : (unsigned __int128)from << bits | v;
    unsigned width = 2 * bits;
    if (bits == 16) {
        line = left ? line << 16 | from : line | (unsigned __int128)from << 32;
        width = 48;
    }
    uint64_t r = low((uint64_t)(line >> (left ? width - bits - count : count)), bits);
    bool c = line >> (left ? width - count : count - 1) & 1, top = bit(r, bits - 1);
    c &= count <= bits;
    bool of = !left ? top ^ bit(r, bits - 2) : count < bits ? top ^ c : c;
    return (Shifted){ r, shift_flags(r, bits, c, of) };
}

uint64_t x86_help_double_shift(Cpu *c, uint64_t v, uint64_t from, uint64_t arg)
{
    (void)c;
    return double_shifted(v, from, arg).value;
}

uint64_t x86_help_double_shift_flags(Cpu *c, uint64_t v, uint64_t from, uint64_t arg)
{
    (void)c;
    return double_shifted(v, from, arg).flags;
}

/* CRC-32C, bits reflected, four at a time. */
uint64_t x86_help_crc32(Cpu *c, uint64_t crc, uint64_t v, uint64_t bytes)
{
    static const uint32_t table[16] = { 0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
                                        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
                                        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75 };
    (void)c;
    uint32_t r = (uint32_t)crc;
    for (unsigned n = 0; n < 2 * bytes; n++)
        r = r >> 4 ^ table[(r ^ v >> 4 * n) & 15];
    return r;
}

uint64_t x86_help_pdep(Cpu *c, uint64_t v, uint64_t mask, uint64_t x)
{
    uint64_t r = 0;
    (void)c, (void)x;
    for (; mask; mask &= mask - 1, v >>= 1)
        r |= v & 1 ? mask & -mask : 0;
    return r;
}

uint64_t x86_help_pext(Cpu *c, uint64_t v, uint64_t mask, uint64_t x)
{
    uint64_t r = 0;
    (void)c, (void)x;
    for (unsigned n = 0; mask; mask &= mask - 1, n++)
        r |= (uint64_t)bit(v, (unsigned)__builtin_ctzll(mask)) << n;
    return r;
}

/* ---- decimal adjustment: SDM volume 2, DAA DAS AAA AAS ---- */

/* The result is that of adding or subtracting the adjustment; OF, undefined, is what that sets. */
static uint64_t decimal(X86Cpu *c, bool subtract)
{
    uint8_t old = (uint8_t)c->r[RAX], by = 0;
    bool low_digit = (old & 15) > 9 || c->flags & FLAG_AUX, high = old > 0x99 || c->flags & FLAG_C;
    by = (low_digit ? 6 : 0) | (high ? 0x60 : 0);
    uint8_t al = subtract ? (uint8_t)(old - by) : (uint8_t)(old + by);
    bool of = subtract ? (old ^ by) & (old ^ al) & 0x80 : (old ^ al) & (by ^ al) & 0x80;
    bool carry = high || (subtract && low_digit && old < 6);
    c->r[RAX] = (c->r[RAX] & ~0xffull) | al;
    c->flags = result_flags(al, 8, carry, of) | (low_digit ? FLAG_AUX : 0);
    return 0;
}

uint64_t x86_help_daa(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    (void)a, (void)b, (void)x;
    return decimal(x86_of(cpu), false);
}

uint64_t x86_help_das(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    (void)a, (void)b, (void)x;
    return decimal(x86_of(cpu), true);
}

/* SF ZF PF OF are undefined: what the addition to AX, or the subtraction, sets before the high digit goes. */
static uint64_t ascii(X86Cpu *c, bool subtract)
{
    uint16_t old = (uint16_t)c->r[RAX];
    bool adjust = (old & 15) > 9 || c->flags & FLAG_AUX;
    uint16_t by = adjust ? 0x106 : 0, ax = subtract ? (uint16_t)(old - by) : (uint16_t)(old + by);
    bool of = subtract ? (old ^ by) & (old ^ ax) & 0x8000 : (old ^ ax) & (by ^ ax) & 0x8000;
    c->r[RAX] = (c->r[RAX] & ~0xffffull) | (ax & 0xff0f);
    c->flags = result_flags(ax, 16, adjust, of) | (adjust ? FLAG_AUX : 0);
    return 0;
}

uint64_t x86_help_aaa(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    (void)a, (void)b, (void)x;
    return ascii(x86_of(cpu), false);
}

uint64_t x86_help_aas(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    (void)a, (void)b, (void)x;
    return ascii(x86_of(cpu), true);
}
