/* The cryptographic instructions: AES (FIPS 197), SHA-1 and SHA-256 (FIPS 180-4), as ARM DDI 0487, section C7.2,
 * divides their rounds. */
#include "base/aes.h"
#include "frontend/arm/a64_simd.h"
#include "frontend/arm/helpers.h"

#include <string.h>

typedef struct Words {
    uint32_t w[4];
} Words;

typedef Words CryptoFn(Words n, Words m, Words d);

/* ---- AES ---- */

static Words substituted(Words n, Words d, bool inverse)
{
    for (unsigned k = 0; k < 4; k++)
        n.w[k] ^= d.w[k];
    aes_shift_sub((uint8_t *)n.w, inverse);
    return n;
}

static Words aese(Words n, Words m, Words d)
{
    (void)m;
    return substituted(n, d, false);
}

static Words aesd(Words n, Words m, Words d)
{
    (void)m;
    return substituted(n, d, true);
}

static Words aesmc(Words n, Words m, Words d)
{
    (void)m, (void)d;
    aes_mix((uint8_t *)n.w, false);
    return n;
}

static Words aesimc(Words n, Words m, Words d)
{
    (void)m, (void)d;
    aes_mix((uint8_t *)n.w, true);
    return n;
}

/* ---- SHA ---- FIPS 180-4, section 4.1 */

static uint32_t rol(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static uint32_t ror(uint32_t x, unsigned n)
{
    return rol(x, 32 - n);
}

static uint32_t choose(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) ^ (~x & z);
}

static uint32_t parity(uint32_t x, uint32_t y, uint32_t z)
{
    return x ^ y ^ z;
}

static uint32_t majority(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) ^ (x & z) ^ (y & z);
}

typedef uint32_t Sha1Fn(uint32_t, uint32_t, uint32_t);

/* Four rounds: d is a, b, c, d and the low word of n is e. */
static Words sha1_rounds(Words n, Words m, Words d, Sha1Fn *fn)
{
    uint32_t y = n.w[0], *x = d.w;
    for (unsigned k = 0; k < 4; k++) {
        y += rol(x[0], 5) + fn(x[1], x[2], x[3]) + m.w[k];
        uint32_t last = x[3];
        x[3] = x[2];
        x[2] = rol(x[1], 30);
        x[1] = x[0];
        x[0] = y;
        y = last;
    }
    return d;
}

static Words sha1c(Words n, Words m, Words d)
{
    return sha1_rounds(n, m, d, choose);
}

static Words sha1p(Words n, Words m, Words d)
{
    return sha1_rounds(n, m, d, parity);
}

static Words sha1m(Words n, Words m, Words d)
{
    return sha1_rounds(n, m, d, majority);
}

static Words sha1h(Words n, Words m, Words d)
{
    (void)m, (void)d;
    return (Words){ { rol(n.w[0], 30) } };
}

static Words sha1su0(Words n, Words m, Words d)
{
    uint32_t *x = d.w;
    return (Words){ { x[2] ^ x[0] ^ m.w[0], x[3] ^ x[1] ^ m.w[1], n.w[0] ^ x[2] ^ m.w[2], n.w[1] ^ x[3] ^ m.w[3] } };
}

static Words sha1su1(Words n, Words m, Words d)
{
    uint32_t *x = d.w, first = x[0] ^ n.w[1];
    (void)m;
    return (Words){ { rol(first, 1), rol(x[1] ^ n.w[2], 1), rol(x[2] ^ n.w[3], 1), rol(x[3], 1) ^ rol(first, 2) } };
}

/* Four rounds: x is a, b, c, d and y is e, f, g, h. */
static void sha256_rounds(uint32_t x[4], uint32_t y[4], const uint32_t w[4])
{
    for (unsigned k = 0; k < 4; k++) {
        uint32_t t = y[3] + (ror(y[0], 6) ^ ror(y[0], 11) ^ ror(y[0], 25)) + choose(y[0], y[1], y[2]) + w[k];
        uint32_t e = x[3] + t, a = t + (ror(x[0], 2) ^ ror(x[0], 13) ^ ror(x[0], 22)) + majority(x[0], x[1], x[2]);
        memmove(x + 1, x, 3 * sizeof *x);
        memmove(y + 1, y, 3 * sizeof *y);
        x[0] = a;
        y[0] = e;
    }
}

static Words sha256h(Words n, Words m, Words d)
{
    sha256_rounds(d.w, n.w, m.w);
    return d;
}

static Words sha256h2(Words n, Words m, Words d)
{
    sha256_rounds(n.w, d.w, m.w);
    return d;
}

static Words sha256su0(Words n, Words m, Words d)
{
    Words r;
    (void)m;
    for (unsigned k = 0; k < 4; k++) {
        uint32_t x = k < 3 ? d.w[k + 1] : n.w[0];
        r.w[k] = d.w[k] + (ror(x, 7) ^ ror(x, 18) ^ x >> 3);
    }
    return r;
}

static Words sha256su1(Words n, Words m, Words d)
{
    Words r;
    for (unsigned k = 0; k < 4; k++) {
        uint32_t x = k < 2 ? m.w[k + 2] : r.w[k - 2];
        r.w[k] = d.w[k] + (k < 3 ? n.w[k + 1] : m.w[0]) + (ror(x, 17) ^ ror(x, 19) ^ x >> 10);
    }
    return r;
}

static CryptoFn *const crypto[CRYPTO_COUNT] = {
    [CRYPTO_AESE] = aese,           [CRYPTO_AESD] = aesd,           [CRYPTO_AESMC] = aesmc,
    [CRYPTO_AESIMC] = aesimc,       [CRYPTO_SHA1C] = sha1c,         [CRYPTO_SHA1P] = sha1p,
    [CRYPTO_SHA1M] = sha1m,         [CRYPTO_SHA1SU0] = sha1su0,     [CRYPTO_SHA1H] = sha1h,
    [CRYPTO_SHA1SU1] = sha1su1,     [CRYPTO_SHA256H] = sha256h,     [CRYPTO_SHA256H2] = sha256h2,
    [CRYPTO_SHA256SU0] = sha256su0, [CRYPTO_SHA256SU1] = sha256su1,
};

/* op: CryptoOp; n, m, d are scratch 0, 1, 2, and 0 gets the result. */
uint64_t arm_help_crypto(Cpu *cpu, uint64_t op, uint64_t b, uint64_t c)
{
    V128 *s = arm_of(cpu)->scratch;
    Words v[3];
    (void)b, (void)c;
    memcpy(v, s, sizeof v);
    Words result = crypto[op](v[0], v[1], v[2]);
    memcpy(s, &result, sizeof result);
    return 0;
}
