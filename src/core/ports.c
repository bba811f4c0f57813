#include "core/ports.h"

#include "core/requester.h"

static uint32_t ones(int size)
{
    return size < 4 ? (1u << size * 8) - 1 : UINT32_MAX;
}

static bool within(Machine *m, uint64_t port, int size)
{
    Flat f;
    return space_flat(m->ports, port, &f) && f.size - (port - f.at) >= (uint64_t)size;
}

static uint32_t get(Machine *m, uint64_t port, int size)
{
    if (size == 1 || within(m, port, size)) {
        bool ok;
        uint64_t value = space_load(m->ports, port, size, &ok);
        return ok ? (uint32_t)value & ones(size) : ones(size);
    }
    uint32_t value = 0;
    for (int i = 0; i < size; i++)
        value |= get(m, port + (uint64_t)i, 1) << i * 8;
    return value;
}

static void put(Machine *m, uint64_t port, uint32_t value, int size)
{
    if (size == 1 || within(m, port, size)) {
        space_store(m->ports, port, value & ones(size), size);
        return;
    }
    for (int i = 0; i < size; i++)
        put(m, port + (uint64_t)i, value >> i * 8, 1);
}

uint32_t port_in(Machine *m, int cpu, uint16_t port, int size)
{
    requester_cpu = cpu;
    machine_lock(m);
    uint32_t value = get(m, port, size);
    machine_unlock(m);
    requester_cpu = 0;
    return value;
}

void port_out(Machine *m, int cpu, uint16_t port, uint32_t value, int size)
{
    requester_cpu = cpu;
    machine_lock(m);
    put(m, port, value, size);
    machine_unlock(m);
    requester_cpu = 0;
}
