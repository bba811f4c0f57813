/* What sse_crypto.c calls: SDM volume 2; FIPS 197, FIPS 180-4. Words are numbered as in memory; the SDM's first one is
 * the highest. */
#include "base/aes.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/x86.h"

#include <string.h>

/* SubWord of the lane, and that rotated, xor the round's constant. */
uint64_t x86_help_aes_key(Cpu *cpu, uint64_t lane, uint64_t constant, uint64_t c)
{
    uint32_t word = aes_sub_word((uint32_t)lane);
    (void)cpu, (void)c;
    return word | (uint64_t)((word >> 8 | word << 24) ^ (uint32_t)constant) << 32;
}

typedef struct Words {
    uint32_t w[4];
} Words;

static Words scratch(Cpu *cpu, unsigned n)
{
    Words r;
    memcpy(&r, &x86_of(cpu)->scratch[n], sizeof r);
    return r;
}

static uint64_t result(Cpu *cpu, Words r)
{
    memcpy(&x86_of(cpu)->scratch[2], &r, sizeof r);
    return 0;
}

static uint32_t rol(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static uint32_t sha1_function(unsigned k, uint32_t b, uint32_t c, uint32_t d)
{
    return k == 0 ? (b & c) ^ (~b & d) : k == 2 ? (b & c) ^ (b & d) ^ (c & d) : b ^ c ^ d;
}

uint64_t x86_help_sha1rnds4(Cpu *cpu, uint64_t k, uint64_t b, uint64_t c)
{
    static const uint32_t constant[] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };
    Words s = scratch(cpu, 0), w = scratch(cpu, 1);
    uint32_t v[5] = { s.w[3], s.w[2], s.w[1], s.w[0], 0 };
    (void)b, (void)c;
    for (unsigned n = 0; n < 4; n++) {
        uint32_t a =
            sha1_function((unsigned)k & 3, v[1], v[2], v[3]) + rol(v[0], 5) + w.w[3 - n] + v[4] + constant[k & 3];
        v[4] = v[3];
        v[3] = v[2];
        v[2] = rol(v[1], 30);
        v[1] = v[0];
        v[0] = a;
    }
    return result(cpu, (Words){ { v[3], v[2], v[1], v[0] } });
}

uint64_t x86_help_sha1nexte(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    Words s = scratch(cpu, 0), r = scratch(cpu, 1);
    (void)a, (void)b, (void)c;
    r.w[3] += rol(s.w[3], 30);
    return result(cpu, r);
}

uint64_t x86_help_sha1msg1(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    Words x = scratch(cpu, 0), y = scratch(cpu, 1);
    (void)a, (void)b, (void)c;
    return result(cpu, (Words){ { x.w[0] ^ y.w[2], x.w[1] ^ y.w[3], x.w[2] ^ x.w[0], x.w[3] ^ x.w[1] } });
}

uint64_t x86_help_sha1msg2(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    Words x = scratch(cpu, 0), y = scratch(cpu, 1), r;
    (void)a, (void)b, (void)c;
    r.w[3] = rol(x.w[3] ^ y.w[2], 1);
    r.w[2] = rol(x.w[2] ^ y.w[1], 1);
    r.w[1] = rol(x.w[1] ^ y.w[0], 1);
    r.w[0] = rol(x.w[0] ^ r.w[3], 1);
    return result(cpu, r);
}

static uint32_t sigma(uint32_t x, unsigned a, unsigned b, unsigned shift)
{
    return rol(x, 32 - a) ^ rol(x, 32 - b) ^ x >> shift;
}

static uint32_t sum(uint32_t x, unsigned a, unsigned b, unsigned c)
{
    return rol(x, 32 - a) ^ rol(x, 32 - b) ^ rol(x, 32 - c);
}

/* First operand: C D G H, second: A B E F. */
uint64_t x86_help_sha256rnds2(Cpu *cpu, uint64_t x, uint64_t y, uint64_t z)
{
    Words cdgh = scratch(cpu, 0), abef = scratch(cpu, 1), wk = scratch(cpu, 3);
    uint32_t a = abef.w[3], b = abef.w[2], c = cdgh.w[3], d = cdgh.w[2], e = abef.w[1], f = abef.w[0], g = cdgh.w[1],
             h = cdgh.w[0];
    (void)x, (void)y, (void)z;
    for (unsigned n = 0; n < 2; n++) {
        uint32_t t = h + sum(e, 6, 11, 25) + ((e & f) ^ (~e & g)) + wk.w[n];
        uint32_t u = sum(a, 2, 13, 22) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + t;
        d = c;
        c = b;
        b = a;
        a = t + u;
    }
    return result(cpu, (Words){ { f, e, b, a } });
}

uint64_t x86_help_sha256msg1(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    Words x = scratch(cpu, 0), y = scratch(cpu, 1), r;
    (void)a, (void)b, (void)c;
    for (unsigned n = 0; n < 4; n++)
        r.w[n] = x.w[n] + sigma(n < 3 ? x.w[n + 1] : y.w[0], 7, 18, 3);
    return result(cpu, r);
}

uint64_t x86_help_sha256msg2(Cpu *cpu, uint64_t a, uint64_t b, uint64_t c)
{
    Words x = scratch(cpu, 0), y = scratch(cpu, 1), r;
    (void)a, (void)b, (void)c;
    for (unsigned n = 0; n < 4; n++)
        r.w[n] = x.w[n] + sigma(n < 2 ? y.w[n + 2] : r.w[n - 2], 17, 19, 10);
    return result(cpu, r);
}
