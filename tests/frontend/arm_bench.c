#include "arm_bench.h"

#include "base/alloc.h"
#include "core/prop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const MachineType bare = { .name = "bare", .ram = 16 << 20, .ram_max = 64 << 20, .cpus_max = 4 };

/* Not Check's: the oracle uses the bench too, outside any test. */
static void need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "arm bench: %s\n", what);
    abort();
}

ArmBench arm_bench(const DeviceType *model, const char *settings)
{
    static const MachineConfig config = { .cpus = 1 };
    Error err = { "" };
    ArmBench b = { .machine = machine_new(&bare, &config, &err) };
    need(b.machine, err.text);
    const Region *ram = ram_add(b.machine, "ram", BENCH_SIZE, false, &err);
    space_map(b.machine->memory, BENCH_BASE, ram, 0);
    b.cpu = aligned_alloc(64, (model->size + 63) & ~63ul);
    memset(b.cpu, 0, model->size);
    b.cpu->cpu.dev = (Device){ .type = model, .id = "cpu0", .machine = b.machine };
    b.machine->cpu[0] = &b.cpu->cpu;
    need(props_init(model->props, b.cpu, b.machine, &err), err.text);
    need(props_parse(model->props, b.cpu, b.machine, settings, false, &err), err.text);
    need(model->start(b.cpu, &err), err.text);
    model->reset(b.cpu);
    return b;
}

void arm_bench_free(ArmBench *b)
{
    if (b->cpu->cpu.dev.type->stop)
        b->cpu->cpu.dev.type->stop(b->cpu);
    free(b->cpu);
    machine_free(b->machine);
}

void arm_bench_put(ArmBench *b, uint64_t at, uint64_t value)
{
    need(space_write(b->machine->memory, at, &value, sizeof value), "write");
}

uint64_t arm_bench_get(ArmBench *b, uint64_t at)
{
    uint64_t value;
    need(space_read(b->machine->memory, at, &value, sizeof value), "read");
    return value;
}
