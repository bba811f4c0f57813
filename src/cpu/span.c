/* Runs of bytes that instructions copy or fill: as much as lies in one page goes at once. Built without vector
 * registers, so that translated code need not save them. */
#include "cpu/engine.h"
#include "cpu/mem.h"

enum { SHORT = 256 }; /* bytes that a loop copies sooner than the host's own string instructions begin */

/* Where the address is in the host's memory and how far its page goes; NULL: that is no plain memory, or not yet known
 * to be. */
static uint8_t *span(Cpu *cpu, uint64_t va, bool write, uint64_t *bytes)
{
    const TlbBank *b = cpu->bank;
    const TlbEntry *e = &(write ? b->write : b->read)[(va >> 12) & (TLB_SIZE - 1)];
    uint64_t in = va - e->page;
    if (in > 4095)
        return NULL;
    if (*bytes > 4096 - in)
        *bytes = 4096 - in;
    return (uint8_t *)(uintptr_t)(va + e->addend);
}

/* What is left below 8 bytes, so that an element that is aligned is written at once. */
static void put_rest(uint8_t *to, uint64_t value, uint64_t bytes)
{
    if (bytes & 4) {
        __builtin_memcpy(to, &value, 4);
        to += 4;
        value >>= 32;
    }
    if (bytes & 2) {
        __builtin_memcpy(to, &value, 2);
        to += 2;
        value >>= 16;
    }
    if (bytes & 1)
        *to = (uint8_t)value;
}

static void fill(uint8_t *to, uint64_t value, uint64_t bytes)
{
    put_rest(words_set(to, value, bytes / 8), value, bytes);
}

static uint64_t repeated(uint64_t value, int size)
{
    return size == 1   ? (value & 0xff) * 0x0101010101010101
           : size == 2 ? (value & 0xffff) * 0x0001000100010001
           : size == 4 ? (value & 0xffffffff) * 0x0000000100000001
                       : value;
}

uint64_t mem_fill(Cpu *cpu, uint64_t to, int size, uint64_t value, uint64_t count)
{
    uint64_t bytes = count * (uint64_t)size;
    uint8_t *host = span(cpu, to, true, &bytes);
    uint64_t done = host ? bytes >> __builtin_ctz((unsigned)size) : 0;
    if (!done)
        return 0;
    bytes = done * (uint64_t)size;
    about_to_write(cpu, host, (int)bytes);
    fill(host, repeated(value, size), bytes);
    return done;
}

/* Of what follows upon itself each element must be read after those before it were written. */
static void copy_near(uint8_t *to, const uint8_t *from, int size, uint64_t count)
{
    switch (size) {
    case 1:
        __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
        break;
    case 2:
        __asm__ volatile("rep movsw" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
        break;
    case 4:
        __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
        break;
    default:
        __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    }
}

static uint64_t get_rest(const uint8_t *from, uint64_t bytes)
{
    uint32_t four = 0;
    uint16_t two = 0;
    uint64_t value = bytes & 1 ? from[bytes & 6] : 0;
    if (bytes & 2) {
        __builtin_memcpy(&two, from + (bytes & 4), 2);
        value = value << 16 | two;
    }
    if (bytes & 4) {
        __builtin_memcpy(&four, from, 4);
        value = value << 32 | four;
    }
    return value;
}

static void copy(uint8_t *to, const uint8_t *from, uint64_t bytes)
{
    if (bytes >= SHORT) {
        uint64_t words = bytes / 8;
        __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
        bytes &= 7;
    }
    for (; bytes >= 8; bytes -= 8, to += 8, from += 8) {
        uint64_t word;
        __builtin_memcpy(&word, from, 8);
        __builtin_memcpy(to, &word, 8);
    }
    put_rest(to, get_rest(from, bytes), bytes);
}

uint64_t mem_copy(Cpu *cpu, uint64_t to, uint64_t from, int size, uint64_t count)
{
    uint64_t bytes = count * (uint64_t)size;
    const uint8_t *source = span(cpu, from, false, &bytes);
    uint8_t *host = source ? span(cpu, to, true, &bytes) : NULL;
    uint64_t done = host ? bytes >> __builtin_ctz((unsigned)size) : 0;
    if (!done)
        return 0;
    bytes = done * (uint64_t)size;
    about_to_write(cpu, host, (int)bytes);
    if ((uint64_t)(host - source) < bytes)
        copy_near(host, source, size, done);
    else
        copy(host, source, bytes);
    return done;
}

static inline uint64_t element(const uint8_t *p, int size)
{
    uint64_t v = 0;
    switch (size) {
    case 1:
        return *p;
    case 2:
        __builtin_memcpy(&v, p, 2);
        return v;
    case 4:
        __builtin_memcpy(&v, p, 4);
        return v;
    default:
        __builtin_memcpy(&v, p, 8);
        return v;
    }
}

/* b NULL: all are compared with the value. */
static inline uint64_t match(const uint8_t *a, const uint8_t *b, uint64_t value, int size, uint64_t count, bool equal)
{
    uint64_t n = 0;
    for (; n < count; n++) {
        uint64_t with = b ? element(b + n * (uint64_t)size, size) : value;
        if ((element(a + n * (uint64_t)size, size) == with) != equal)
            break;
    }
    return n;
}

static uint64_t match_sized(const uint8_t *a, const uint8_t *b, uint64_t value, int size, uint64_t count, bool equal)
{
    switch (size) {
    case 1:
        return match(a, b, (uint8_t)value, 1, count, equal);
    case 2:
        return match(a, b, (uint16_t)value, 2, count, equal);
    case 4:
        return match(a, b, (uint32_t)value, 4, count, equal);
    default:
        return match(a, b, value, 8, count, equal);
    }
}

uint64_t mem_match(Cpu *cpu, uint64_t a, uint64_t b, int size, uint64_t count, bool equal)
{
    uint64_t bytes = count * (uint64_t)size;
    const uint8_t *first = span(cpu, a, false, &bytes), *second = first ? span(cpu, b, false, &bytes) : NULL;
    return second ? match_sized(first, second, 0, size, bytes >> __builtin_ctz((unsigned)size), equal) : 0;
}

uint64_t mem_match_value(Cpu *cpu, uint64_t a, uint64_t value, int size, uint64_t count, bool equal)
{
    uint64_t bytes = count * (uint64_t)size;
    const uint8_t *first = span(cpu, a, false, &bytes);
    return first ? match_sized(first, NULL, value, size, bytes >> __builtin_ctz((unsigned)size), equal) : 0;
}

bool mem_peek(Cpu *cpu, uint64_t addr, uint64_t *value)
{
    uint64_t bytes = 8;
    const uint8_t *host = span(cpu, addr, false, &bytes);
    if (!host || bytes < 8)
        return false;
    __builtin_memcpy(value, host, 8);
    return true;
}
