#include "arm_bench.h"

#include "base/alloc.h"
#include "core/prop.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const MachineType bare = { .name = "bare", .ram = 16 << 20, .ram_max = 64 << 20, .cpus_max = 4 };

ArmBench arm_bench(const DeviceType *model, const char *settings)
{
    static const MachineConfig config = { .cpus = 1 };
    Error err = { "" };
    ArmBench b = { .machine = machine_new(&bare, &config, &err) };
    ck_assert_msg(b.machine != NULL, "%s", err.text);
    const Region *ram = ram_add(b.machine, "ram", BENCH_SIZE, false, &err);
    space_map(b.machine->memory, BENCH_BASE, ram, 0);
    b.cpu = aligned_alloc(64, (model->size + 63) & ~63ul);
    memset(b.cpu, 0, model->size);
    b.cpu->cpu.dev = (Device){ .type = model, .id = "cpu0", .machine = b.machine };
    b.machine->cpu[0] = &b.cpu->cpu;
    ck_assert(props_init(model->props, b.cpu, b.machine, &err));
    ck_assert_msg(props_parse(model->props, b.cpu, b.machine, settings, false, &err), "%s", err.text);
    ck_assert_msg(model->start(b.cpu, &err), "%s", err.text);
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
    ck_assert(space_write(b->machine->memory, at, &value, sizeof value));
}

uint64_t arm_bench_get(ArmBench *b, uint64_t at)
{
    uint64_t value;
    ck_assert(space_read(b->machine->memory, at, &value, sizeof value));
    return value;
}
