/* CRC-32 and CRC-32C, bits reflected, as the CRC32 instructions compute them: half a byte at a time. Built without FP
 * and vector registers (meson.build). ARM DDI 0487, section C6.2, CRC32B. */
#include "frontend/arm/helpers.h"

/* Entry n: n divided by the polynomial, times x^28. */
static const uint32_t ieee[16] = { 0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                   0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                   0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };
static const uint32_t castagnoli[16] = { 0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
                                         0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
                                         0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75 };

static uint64_t advance(const uint32_t table[16], uint32_t sum, uint64_t data, uint64_t bytes)
{
    for (uint64_t half = 0; half < bytes * 2; half++, data >>= 4)
        sum = sum >> 4 ^ table[(sum ^ data) & 15];
    return sum;
}

uint64_t arm_help_crc32(Cpu *cpu, uint64_t sum, uint64_t data, uint64_t bytes)
{
    (void)cpu;
    return advance(ieee, (uint32_t)sum, data, bytes);
}

uint64_t arm_help_crc32c(Cpu *cpu, uint64_t sum, uint64_t data, uint64_t bytes)
{
    (void)cpu;
    return advance(castagnoli, (uint32_t)sum, data, bytes);
}
