#include "monitor/register.h"

#include "base/nearest.h"
#include "base/number.h"
#include "cpu/inspect.h"

#include <string.h>

Cpu *asked_cpu(const Ask *a, Error *err)
{
    const Machine *m = a->machine;
    Cpu *cpu = *a->cpu < m->config->cpus ? m->cpu[*a->cpu] : NULL;
    if (!cpu)
        error_set(err, "the machine has no CPU");
    return cpu;
}

/* What debuggers do not see has a row all the same. */
static bool read_row(const Cpu *cpu, const char *name, uint64_t *value, Nearest *near)
{
    for (const StateField *f = cpu->dev.type->state; f && f->name; f++) {
        size_t len = strlen(f->name);
        uint64_t element = 0;
        bool is = !strncmp(f->name, name, len) &&
                  (f->count > 1 ? text_to_number(name + len, &element) && element < f->count : !name[len]);
        if (is && f->kind != STATE_TABLE) {
            *value = 0;
            memcpy(value, (const char *)cpu + f->offset + element * f->size, f->size < 8 ? f->size : 8);
            return true;
        }
        nearest_try(near, f->name);
    }
    return false;
}

/* Whatever the guest calls it. */
static bool read_pc(Cpu *cpu, uint64_t *value)
{
    InspectReg r;
    for (int i = 0; inspect_reg(cpu, i, &r); i++)
        if (r.type && !strcmp(r.type, "code_ptr")) {
            *value = inspect_get(cpu, i).lo;
            return true;
        }
    return false;
}

bool register_read(const Ask *a, const char *name, uint64_t *value, Error *err)
{
    Cpu *cpu = asked_cpu(a, err);
    if (!cpu)
        return error_in(err, "$%s: ", name);
    Nearest near = NEAREST(name);
    V128 v;
    if (inspect_named(cpu, name, &v)) {
        *value = v.lo;
        return true;
    }
    if (read_row(cpu, name, value, &near) || (!strcmp(name, "pc") && read_pc(cpu, value)))
        return true;
    const char *meant = nearest_answer(&near);
    return meant ? error_set(err, "$%s: there is no such register; did you mean $%s?", name, meant)
                 : error_set(err, "$%s: there is no such register; info registers lists them", name);
}

/* ---- all of them ---- */

enum { COLUMNS = 79 };

typedef struct Page {
    Out *out;
    int column;
} Page;

static void end_line(Page *p)
{
    if (p->column)
        out(p->out, "\n");
    p->column = 0;
}

static void print_one(Page *page, const InspectReg *r, V128 v)
{
    int digits = (int)r->bytes * 2, name = r->bytes > 8 ? 3 : 8, width = name + 1 + digits + 1;
    if (page->column + width > COLUMNS)
        end_line(page);
    out(page->out, "%s%*s=", page->column ? " " : "", name, r->name);
    if (r->bytes > 8)
        out(page->out, "%016llx", (unsigned long long)v.hi);
    out(page->out, "%0*llx", digits > 16 ? 16 : digits, (unsigned long long)v.lo);
    page->column += width;
}

void registers_print(Cpu *cpu, bool all, Out *o)
{
    Page page = { o, 0 };
    InspectReg r, first;
    char feature[64] = "";
    out(o, "\nCPU#%d\n", cpu_number(cpu));
    for (int i = 0; inspect_reg(cpu, i, &r); i++) {
        if (!i)
            first = r;
        if (!all && (strcmp(r.feature, first.feature) || r.bytes > 8))
            continue;
        if (all && strncmp(r.feature, feature, sizeof feature - 1)) {
            end_line(&page);
            out(o, "%s:\n", r.feature);
            strncpy(feature, r.feature, sizeof feature - 1);
        }
        print_one(&page, &r, inspect_get(cpu, i));
    }
    end_line(&page);
}
