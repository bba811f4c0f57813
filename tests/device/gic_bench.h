/* A machine of interrupt controllers and memory, whose bus the test drives as a CPU would. */
#pragma once
#include "core/machine.h"
#include "core/requester.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>

enum { RAM_AT = 0x40000000, RAM_SIZE = 16 << 20 };

static bool bench_ram(Machine *m, Error *err)
{
    const Region *ram = ram_add(m, "ram", RAM_SIZE, false, err);
    if (ram)
        space_map(m->memory, RAM_AT, ram, 0);
    return ram;
}

static inline Machine *bench_machine(const Part *parts, int cpus)
{
    static MachineType type;
    type = (MachineType){ .name = "bench", .ram = RAM_SIZE, .cpus_max = 16, .parts = parts, .prepare = bench_ram };
    MachineConfig config = { .cpus = cpus };
    Error err = { "" };
    Machine *m = machine_new(&type, &config, &err);
    ck_assert_msg(m && machine_boot(m, &err), "%s", err.text);
    return m;
}

static inline void store(Machine *m, uint64_t at, uint64_t value, int size)
{
    machine_lock(m);
    space_store(m->memory, at, value, size);
    machine_unlock(m);
}

static inline uint64_t load(Machine *m, uint64_t at, int size)
{
    machine_lock(m);
    uint64_t value = space_load(m->memory, at, size, NULL);
    machine_unlock(m);
    return value;
}

static inline void input(Machine *m, Device *dev, const char *pin, int n, bool level)
{
    const Pin *p = device_pin(dev->type, pin, true);
    ck_assert(p && n < p->count);
    machine_lock(m);
    p->in(dev, p->first + n, level);
    machine_unlock(m);
}

static inline bool output(Device *dev, const char *pin, int n)
{
    const Pin *p = device_pin(dev->type, pin, false);
    ck_assert(p && n < p->count);
    return ((Line *)(void *)((char *)dev + p->line))[n].level;
}
