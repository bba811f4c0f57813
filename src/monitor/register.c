#include "monitor/register.h"

#include "base/nearest.h"
#include "base/number.h"
#include "cpu/cpu.h"

#include <string.h>

/* Whether `name` is this row, and which element. */
static bool names(const StateField *f, const char *name, uint64_t *element)
{
    size_t len = strlen(f->name);
    *element = 0;
    if (strncmp(f->name, name, len))
        return false;
    return f->count > 1 ? text_to_number(name + len, element) && *element < f->count : !name[len];
}

bool register_read(const Ask *a, const char *name, uint64_t *value, Error *err)
{
    const Cpu *cpu = a->machine->config->cpus > *a->cpu ? a->machine->cpu[*a->cpu] : NULL;
    if (!cpu)
        return error_set(err, "$%s: the machine has no CPU", name);
    Nearest near = NEAREST(name);
    for (const StateField *f = cpu->dev.type->state; f && f->name; f++) {
        uint64_t element;
        if (names(f, name, &element) && f->kind != STATE_TABLE) {
            *value = 0;
            memcpy(value, (const char *)cpu + f->offset + element * f->size, f->size < 8 ? f->size : 8);
            return true;
        }
        nearest_try(&near, f->name);
    }
    const char *meant = nearest_answer(&near);
    return meant ? error_set(err, "$%s: there is no such register; did you mean $%s?", name, meant)
                 : error_set(err, "$%s: there is no such register; info registers lists them", name);
}
