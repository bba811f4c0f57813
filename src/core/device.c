#include "core/device.h"

#include "base/nearest.h"
#include "core/space.h"

#include <string.h>

static const DeviceType *const *const lists[] = { device_types, cpu_types };

const DeviceType *device_type(const char *name, Error *err)
{
    Nearest near = NEAREST(name);
    for (int i = 0; i < 2; i++)
        for (const DeviceType *const *t = lists[i]; *t; t++) {
            if (!strcmp((*t)->name, name))
                return *t;
            nearest_try(&near, (*t)->name);
        }
    const char *meant = nearest_answer(&near);
    if (meant)
        error_set(err, "there is no device type '%s'; did you mean '%s'?", name, meant);
    else
        error_set(err, "there is no device type '%s'; -device help lists them", name);
    return NULL;
}

int device_windows(const DeviceType *type)
{
    int n = 0;
    while (type->windows && type->windows[n].size)
        n++;
    return n;
}

void device_reset(Device *dev)
{
    if (dev->type->state)
        state_reset(dev->type->state, dev);
    for (const Window *w = dev->type->windows; w && w->size; w++)
        if (w->regs)
            reg_reset(w->regs, dev);
    if (dev->type->reset)
        dev->type->reset(dev);
}

const Pin *device_pin(const DeviceType *type, const char *name, bool input)
{
    for (const Pin *p = type->pins; p && p->name; p++)
        if (!!p->in == input && !strcmp(p->name, name))
            return p;
    return NULL;
}
