/* The state of one device: one table made of its state table, its registers' storage and its output lines. */
#include "core/snapshot_device.h"

#include "base/alloc.h"
#include "core/timer.h"

#include <stdlib.h>
#include <string.h>

static const StateField line_state[] = { STATE(Line, level), STATE_END };

/* Rows of registers that store something, each once. */
static size_t add_registers(StateField *to, size_t n, const Reg *r)
{
    for (; r->name; r++) {
        bool known = !r->size;
        for (size_t k = 0; k < n && !known; k++)
            known = to[k].offset == r->field && to[k].kind == STATE_UINT;
        if (!known)
            to[n++] = (StateField){ .name = r->name,
                                    .offset = r->field,
                                    .size = (uint16_t)r->size,
                                    .count = r->count ? (uint16_t)r->count : 1 };
    }
    return n;
}

static size_t rows_of(const DeviceType *type)
{
    size_t n = 2;
    for (const Window *w = type->windows; w && w->size; w++)
        for (const Reg *r = w->regs; r && r->name; r++)
            n++;
    for (const Pin *p = type->pins; p && p->name; p++)
        n++;
    return n;
}

/* One table for all of it. The caller frees it. */
static StateField *whole(const DeviceType *type)
{
    StateField *to = xalloc(rows_of(type) * sizeof *to);
    size_t n = 0;
    if (type->state)
        to[n++] = (StateField){ .name = "state", .count = 1, .kind = STATE_TABLE, .fields = type->state };
    for (const Window *w = type->windows; w && w->size; w++)
        if (w->regs)
            n = add_registers(to, n, w->regs);
    for (const Pin *p = type->pins; p && p->name; p++)
        if (!p->in)
            to[n++] = (StateField){ .name = p->name,
                                    .offset = p->line,
                                    .size = sizeof(Line),
                                    .count = (uint16_t)p->count,
                                    .kind = STATE_TABLE,
                                    .fields = line_state };
    return to;
}

void snapshot_print_device(const Device *dev, Out *o)
{
    StateField *fields = whole(dev->type);
    state_print(fields, dev, o);
    free(fields);
}

/* Timers that the rows name are in the machine's list again. */
static void set_timers(const StateField *f, void *object)
{
    for (; f->name; f++)
        for (size_t i = 0; i < f->count; i++) {
            char *at = (char *)object + f->offset + i * f->size;
            if (f->kind == STATE_TABLE)
                set_timers(f->fields, at);
            if (f->kind != STATE_WHEN)
                continue;
            Timer *t = (Timer *)(void *)(at - offsetof(Timer, when));
            int64_t when = t->when;
            t->when = TIMER_OFF;
            timer_at(t, when);
        }
}

static bool scan(const Device *dev, void *object, const char *text, Error *err)
{
    StateField *fields = whole(dev->type);
    bool ok = state_scan(fields, object, &text, err);
    free(fields);
    if (ok && *text)
        ok = error_set(err, "field '%.*s' is unknown here", (int)strcspn(text, "=:\n"), text);
    return ok || error_in(err, "device '%s' (%s): ", dev->id, dev->type->name);
}

bool snapshot_fits_device(const Device *dev, const char *text, Error *err)
{
    void *copy = xalloc(dev->type->size);
    memcpy(copy, dev, dev->type->size);
    bool ok = scan(dev, copy, text, err);
    free(copy);
    return ok;
}

bool snapshot_scan_device(Device *dev, const char *text, Error *err)
{
    bool ok = scan(dev, dev, text, err);
    if (ok && dev->type->state)
        set_timers(dev->type->state, dev);
    return ok;
}
