/* What network cards that help with Internet protocols need of them: fields in network order, and the checksum. */
#pragma once
#include <stdint.h>

static inline uint16_t inet_get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void inet_put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline uint32_t inet_get32(const uint8_t *at)
{
    return (uint32_t)inet_get16(at) << 16 | inet_get16(at + 2);
}

static inline void inet_put32(uint8_t *at, uint32_t value)
{
    inet_put16(at, value >> 16);
    inet_put16(at + 2, value & 0xffff);
}

/* The sum of `len` bytes as 16-bit numbers, and `sum`, folded (RFC 1071); a checksum is its complement. */
static inline uint16_t inet_sum(const uint8_t *bytes, uint32_t len, uint32_t sum)
{
    for (uint32_t i = 0; i < len; i++)
        sum += (uint32_t)bytes[i] << (i % 2 ? 0 : 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}
