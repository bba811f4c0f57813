#include "core/reg.h"

#include "base/log.h"
#include "core/device.h"

#include <inttypes.h>
#include <string.h>

enum { WORD = 4 };

static uint32_t width(const Reg *r)
{
    return r->size ? r->size : WORD;
}

static uint32_t count(const Reg *r)
{
    return r->count ? r->count : 1;
}

static uint64_t ones(uint32_t bytes)
{
    return bytes >= 8 ? UINT64_MAX : (1ull << bytes * 8) - 1;
}

static const Reg *find(const Reg *r, uint64_t at)
{
    for (; r->name; r++)
        if (at >= r->at && at - r->at < (uint64_t)width(r) * count(r))
            return r;
    return NULL;
}

static uint64_t field(const Reg *r, const void *dev, int index)
{
    uint64_t value = 0;
    if (r->size)
        memcpy(&value, (const char *)dev + r->field + (size_t)index * r->size, r->size);
    return value;
}

/* One access inside one element of a row: which, and which of its bytes. */
typedef struct Slice {
    const Reg *reg;
    int index;
    uint32_t lane, size;
} Slice;

/* The part of [at, at + size) that starts at `at`: within a register, or up to the next word where there is none. A
 * register narrower than a word leaves the rest of its word empty. */
static Slice slice(const Reg *regs, uint64_t at, uint32_t size)
{
    Slice s = { find(regs, at), 0, 0, 0 };
    uint32_t room = WORD - (uint32_t)(at % WORD);
    if (s.reg) {
        uint64_t offset = at - s.reg->at;
        s.index = (int)(offset / width(s.reg));
        s.lane = (uint32_t)(offset % width(s.reg));
        room = width(s.reg) - s.lane;
    }
    s.size = room < size ? room : size;
    return s;
}

static void complain(const void *dev, const Reg *regs, uint64_t at, const char *what)
{
    if (!find(regs, at & ~(uint64_t)(WORD - 1)))
        log_guest("%s: %s offset 0x%" PRIx64 ", which has no register", ((const Device *)dev)->id, what, at);
}

uint64_t reg_read(const Reg *regs, void *dev, uint64_t at, int size)
{
    uint64_t value = 0;
    for (uint32_t done = 0; done < (uint32_t)size;) {
        Slice s = slice(regs, at + done, (uint32_t)size - done);
        if (s.reg) {
            uint64_t got = s.reg->read ? s.reg->read(dev, s.index) : field(s.reg, dev, s.index);
            value |= (got >> s.lane * 8 & ones(s.size)) << done * 8;
        } else {
            complain(dev, regs, at + done, "read of");
        }
        done += s.size;
    }
    return value;
}

/* Bytes not written keep their value: neither changed nor acknowledged. */
static void write_slice(Slice s, void *dev, uint64_t bits)
{
    const Reg *r = s.reg;
    uint64_t lanes = ones(s.size) << s.lane * 8, old = field(r, dev, s.index);
    bits = bits << s.lane * 8 & lanes;
    uint64_t changes = r->writable & lanes, new = (old & ~changes) | (bits & changes);
    new &= ~(bits & r->ack);
    if (r->size)
        memcpy((char *)dev + r->field + (size_t)s.index * r->size, &new, r->size);
    if (r->written)
        r->written(dev, s.index, bits | (old & ~lanes & ~r->ack));
    else if (!r->writable && !r->ack)
        log_guest("%s: write to read-only %s", ((const Device *)dev)->id, r->name);
}

void reg_write(const Reg *regs, void *dev, uint64_t at, uint64_t value, int size)
{
    for (uint32_t done = 0; done < (uint32_t)size;) {
        Slice s = slice(regs, at + done, (uint32_t)size - done);
        if (s.reg)
            write_slice(s, dev, value >> done * 8 & ones(s.size));
        else
            complain(dev, regs, at + done, "write to");
        done += s.size;
    }
}

/* Two rows may share a field (set and clear registers): the one that says a value decides. */
void reg_reset(const Reg *regs, void *dev)
{
    for (const Reg *r = regs; r->name; r++)
        if (r->size)
            memset((char *)dev + r->field, 0, (size_t)r->size * count(r));
    for (const Reg *r = regs; r->name; r++)
        for (uint32_t i = 0; r->size && r->reset && i < count(r); i++)
            memcpy((char *)dev + r->field + (size_t)i * r->size, &r->reset, r->size);
}

/* Only what is stored: reading hooks may have effects. */
void reg_print(const Reg *regs, void *dev, Out *o)
{
    for (const Reg *r = regs; r->name; r++)
        for (uint32_t i = 0; r->size && i < count(r); i++) {
            if (r->count)
                out(o, "%s[%u]", r->name, i);
            else
                out(o, "%s", r->name);
            out(o, "=%0*" PRIx64 "\n", (int)r->size * 2, field(r, dev, (int)i));
        }
}
