/* Repeated string instructions over plain memory: a page's part at once. Built without vector registers, so that few
 * bytes are copied as quickly as by a loop. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/strings.h"

/* Whether a run of bytes at an offset lies in its segment without coming round, and where. */
static bool is_within(const String *s, unsigned seg, uint64_t offset, uint64_t bytes, bool write, uint64_t *linear)
{
    const X86Segment *g = &s->c->seg[seg];
    if (bytes - 1 > s->mask - offset)
        return false;
    if (x86_in_code64(s->c)) {
        *linear = seg < FS ? offset : offset + g->base;
        return true;
    }
    *linear = (uint32_t)(offset + g->base);
    uint64_t span = write ? g->span_write : g->span_read, from = offset - g->lo;
    return from <= span && from + bytes <= span;
}

/* Of a comparison: elements that do not end it. */
static uint64_t run_at(const String *s, uint64_t to, uint64_t from, uint64_t count)
{
    Cpu *cpu = &s->c->cpu;
    int bytes = (int)s->bytes;
    switch (s->op) {
    case STRING_MOVS:
        return mem_copy(cpu, to, from, bytes, count);
    case STRING_STOS:
        return mem_fill(cpu, to, bytes, s->c->r[RAX], count);
    case STRING_CMPS:
        return mem_match(cpu, to, from, bytes, count, s->rep == 0xf3);
    default:
        return mem_match_value(cpu, to, s->c->r[RAX], bytes, count, s->rep == 0xf3);
    }
}

uint64_t x86_string_run(const String *s, uint64_t most)
{
    bool source = s->op == STRING_MOVS || s->op == STRING_CMPS;
    uint64_t from = 0, to, count = string_index(s, RCX), page = 4096 / s->bytes;
    if (!string_compares(s) && !string_stores(s))
        return 0;
    count = count < most ? count : most;
    count = count < page ? count : page;
    if (!count || s->step != s->bytes ||
        !is_within(s, ES, string_index(s, RDI), count * s->bytes, string_stores(s), &to))
        return 0;
    if (source && !is_within(s, s->seg, string_index(s, RSI), count * s->bytes, false, &from))
        return 0;
    uint64_t done = run_at(s, to, from, count);
    done -= done && string_compares(s);
    if (!done)
        return 0;
    string_set(s, RDI, string_index(s, RDI) + done * s->bytes);
    if (source)
        string_set(s, RSI, string_index(s, RSI) + done * s->bytes);
    string_set(s, RCX, string_index(s, RCX) - done);
    return done;
}

/* Returns whether something is left for the helper `string`, and in tmp[0] how many elements were done. */
uint64_t x86_help_string_quick(Cpu *cpu, uint64_t how, uint64_t y, uint64_t z)
{
    X86Cpu *c = x86_of(cpu);
    String s = string_of(c, how);
    uint64_t n = 0, done, batch = string_batch(&s);
    (void)y, (void)z;
    while (n < batch && (!n || !cpu_hurries(cpu)) && (done = x86_string_run(&s, batch - n)))
        n += done;
    c->tmp[0] = n;
    return string_index(&s, RCX) != 0;
}

/* Where segments need not be looked at. to, from: linear addresses of the first elements; returns how many were done.
 */

/* Past the end of 32 bits it comes round: the other helper's business. */
static bool is_beyond(Cpu *cpu, uint64_t to, uint64_t from)
{
    return (to | from) >> 32 && !x86_in_code64(x86_of(cpu));
}

static inline uint64_t copy(Cpu *cpu, uint64_t to, uint64_t from, uint64_t count, unsigned bytes)
{
    uint64_t n = 0, done;
    do {
        done = mem_copy(cpu, to + n * bytes, from + n * bytes, (int)bytes, count - n);
        n += done;
    } while (n < count && done && !is_beyond(cpu, to + n * bytes, from + n * bytes));
    return n;
}

static inline uint64_t fill(Cpu *cpu, uint64_t to, uint64_t value, uint64_t count, unsigned bytes)
{
    uint64_t n = 0, done;
    do {
        done = mem_fill(cpu, to + n * bytes, (int)bytes, value, count - n);
        n += done;
    } while (n < count && done && !is_beyond(cpu, to + n * bytes, 0));
    return n;
}

#define SIZE(n)                                                                                                        \
    uint64_t x86_help_movs##n(Cpu *cpu, uint64_t to, uint64_t from, uint64_t count)                                    \
    {                                                                                                                  \
        return copy(cpu, to, from, count, n);                                                                          \
    }                                                                                                                  \
    uint64_t x86_help_stos##n(Cpu *cpu, uint64_t to, uint64_t value, uint64_t count)                                   \
    {                                                                                                                  \
        return fill(cpu, to, value, count, n);                                                                         \
    }
SIZE(1)
SIZE(2)
SIZE(4)
SIZE(8)
#undef SIZE
