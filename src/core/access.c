/* Bus masters' accesses: blocks to and from memory, single loads and stores to memory and device windows. */
#include "base/log.h"
#include "core/space.h"

#include <inttypes.h>
#include <string.h>

/* Device code running now, on whatever thread holds the machine lock: nested window accesses are a message from one
 * device to another, and that only. */
enum { DEEPEST = 4 };
static _Thread_local int running;             /* device code that is not a window's */
static _Thread_local int entered;             /* windows on the stack */
static _Thread_local const void *on[DEEPEST]; /* whose they are */

void space_device_begin(void)
{
    running++;
}

void space_device_end(void)
{
    running--;
}

static bool enter(const Region *r, uint64_t at, bool store)
{
    if (running || entered) {
        if (!store || !r->window->messages || entered == DEEPEST) {
            log_guest("%s: a device's own access to 0x%" PRIx64 " is refused", r->name, at);
            return false;
        }
        for (int i = 0; i < entered; i++)
            if (on[i] == r->dev) {
                log_guest("%s: a device may not enter itself at 0x%" PRIx64, r->name, at);
                return false;
            }
    }
    on[entered++] = r->dev;
    return true;
}

static void leave(void)
{
    entered--;
}

static uint64_t window_read(const Window *w, void *dev, uint64_t at, int size)
{
    if (w->read)
        return w->read(dev, at, size);
    return w->regs ? reg_read(w->regs, dev, at, size) : 0;
}

static void window_write(const Window *w, void *dev, uint64_t at, uint64_t value, int size)
{
    if (w->write)
        w->write(dev, at, value, size);
    else if (w->regs)
        reg_write(w->regs, dev, at, value, size);
}

static int smallest(const Window *w)
{
    return w->min ? w->min : 1;
}

/* The largest access at `at`, naturally aligned unless the window takes others, that is within `left` bytes and what
 * the window decodes. */
static int piece(const Window *w, uint64_t at, int left)
{
    int size = w->max ? w->max : 8;
    while (size > left || (at & ((uint64_t)size - 1) && !w->unaligned))
        size /= 2;
    return size;
}

static uint64_t ones(int bytes)
{
    return bytes >= 8 ? UINT64_MAX : (1ull << bytes * 8) - 1;
}

/* An access narrower than the device decodes is a wider one on which only some byte lanes matter; the device sees
 * zeros in the others when written (a PrimeCell's APB has no byte strobes). */
static uint64_t device_load(const Region *r, uint64_t at, int size)
{
    uint64_t value = 0;
    for (int done = 0; done < size;) {
        int part = piece(r->window, at + (uint64_t)done, size - done), least = smallest(r->window);
        uint64_t where = at + (uint64_t)done, lane = part < least ? where & (uint64_t)(least - 1) : 0;
        uint64_t got = window_read(r->window, r->dev, where - lane, part < least ? least : part);
        value |= (got >> lane * 8 & ones(part)) << done * 8;
        done += part;
    }
    return value;
}

static void device_store(const Region *r, uint64_t at, uint64_t value, int size)
{
    for (int done = 0; done < size;) {
        int part = piece(r->window, at + (uint64_t)done, size - done), least = smallest(r->window);
        uint64_t where = at + (uint64_t)done, lane = part < least ? where & (uint64_t)(least - 1) : 0;
        uint64_t bits = (value >> done * 8 & ones(part)) << lane * 8;
        window_write(r->window, r->dev, where - lane, bits, part < least ? least : part);
        done += part;
    }
}

/* Aligned accesses are single-copy atomic towards the vCPUs' threads. */
static uint64_t ram_load(const uint8_t *at, int size)
{
    uint64_t value = 0;
    bool aligned = !((uintptr_t)at & ((uintptr_t)size - 1));
    if (aligned && size == 8)
        return *(const volatile uint64_t *)(const void *)at;
    if (aligned && size == 4)
        return *(const volatile uint32_t *)(const void *)at;
    if (aligned && size == 2)
        return *(const volatile uint16_t *)(const void *)at;
    memcpy(&value, at, (size_t)size);
    return value;
}

static void ram_store(uint8_t *at, uint64_t value, int size)
{
    bool aligned = !((uintptr_t)at & ((uintptr_t)size - 1));
    if (aligned && size == 8)
        *(volatile uint64_t *)(void *)at = value;
    else if (aligned && size == 4)
        *(volatile uint32_t *)(void *)at = (uint32_t)value;
    else if (aligned && size == 2)
        *(volatile uint16_t *)(void *)at = (uint16_t)value;
    else
        memcpy(at, &value, (size_t)size);
}

static uint64_t left_in(const Flat *f, uint64_t at)
{
    return f->size - (at - f->at);
}

uint64_t space_load(Space *s, uint64_t at, int size, bool *ok)
{
    Flat f;
    bool there = space_flat(s, at, &f);
    if (ok)
        *ok = there;
    if (!there)
        return 0;
    if (left_in(&f, at) < (uint64_t)size) {
        uint64_t value = 0;
        bool all = space_read(s, at, &value, (size_t)size);
        if (ok)
            *ok = all;
        return value;
    }
    uint64_t offset = f.offset + (at - f.at);
    if (f.region->ram)
        return ram_load(f.region->ram + offset, size);
    if (!enter(f.region, at, false)) {
        if (ok)
            *ok = false;
        return 0;
    }
    uint64_t value = device_load(f.region, offset, size);
    leave();
    return value;
}

bool space_store(Space *s, uint64_t at, uint64_t value, int size)
{
    Flat f;
    if (!space_flat(s, at, &f))
        return false;
    if (left_in(&f, at) < (uint64_t)size)
        return space_write(s, at, &value, (size_t)size);
    const Region *r = f.region;
    uint64_t offset = f.offset + (at - f.at);
    if (r->ram && !r->readonly) {
        ram_store(r->ram + offset, value, size);
        space_dirty(r, offset, (uint64_t)size);
        return true;
    }
    if (!r->window)
        return true;
    if (!enter(r, at, true))
        return false;
    device_store(r, offset, value, size);
    leave();
    return true;
}

/* The stretch of memory at `at` and how much of it follows. */
static bool memory_at(Space *s, uint64_t at, Flat *f, uint64_t *len)
{
    if (!space_flat(s, at, f))
        return false;
    *len = left_in(f, at);
    if (f->region->ram)
        return true;
    log_guest("%s: a block transfer to a device at 0x%" PRIx64 " is refused", f->region->name, at);
    return false;
}

bool space_read(Space *s, uint64_t at, void *to, size_t size)
{
    uint8_t *p = to;
    while (size) {
        Flat f;
        uint64_t len;
        if (!memory_at(s, at, &f, &len)) {
            memset(p, 0, size);
            return false;
        }
        if (len > size)
            len = size;
        memcpy(p, f.region->ram + f.offset + (at - f.at), len);
        at += len, p += len, size -= len;
    }
    return true;
}

static bool write_block(Space *s, uint64_t at, const void *from, size_t size, bool even_readonly)
{
    const uint8_t *p = from;
    while (size) {
        Flat f;
        uint64_t len;
        if (!memory_at(s, at, &f, &len))
            return false;
        if (len > size)
            len = size;
        uint64_t offset = f.offset + (at - f.at);
        if (!f.region->readonly || even_readonly) {
            memcpy(f.region->ram + offset, p, len);
            space_dirty(f.region, offset, len);
        }
        at += len, p += len, size -= len;
    }
    return true;
}

bool space_write(Space *s, uint64_t at, const void *from, size_t size)
{
    return write_block(s, at, from, size, false);
}

bool space_poke(Space *s, uint64_t at, const void *from, size_t size)
{
    return write_block(s, at, from, size, true);
}

const uint8_t *space_ram(Space *s, uint64_t at, uint64_t *left)
{
    Flat f;
    if (!space_flat(s, at, &f) || !f.region->ram)
        return NULL;
    if (left)
        *left = left_in(&f, at);
    return f.region->ram + f.offset + (at - f.at);
}
