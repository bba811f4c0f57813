/* Read-modify-write and compare-and-swap that generated code could not do by itself, and those of C code. */
#include "core/machine.h"
#include "cpu/mem.h"
#include "cpu/tlb.h"

#include <string.h>

static uint64_t combine(IrRmw op, uint64_t old, uint64_t x, int size)
{
    int64_t a = (int64_t)sign_extend(old, size), b = (int64_t)sign_extend(x, size);
    switch (op) {
    case RMW_ADD:
        return old + x;
    case RMW_ANDN:
        return old & ~x;
    case RMW_XOR:
        return old ^ x;
    case RMW_OR:
        return old | x;
    case RMW_AND:
        return old & x;
    case RMW_SMAX:
        return a > b ? old : x;
    case RMW_SMIN:
        return a < b ? old : x;
    case RMW_UMAX:
        return old > x ? old : x;
    case RMW_UMIN:
        return old < x ? old : x;
    default:
        return x;
    }
}

/* Also where the guest's atomic accesses need not be aligned: nor need the host's. */
#define EXCHANGE(T)                                                                                                    \
    __attribute__((no_sanitize("alignment"))) static bool exchange_##T(void *host, uint64_t *old, uint64_t want)       \
    {                                                                                                                  \
        T seen = (T)*old;                                                                                              \
        bool ok = __atomic_compare_exchange_n((T *)host, &seen, (T)want, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);   \
        *old = seen;                                                                                                   \
        return ok;                                                                                                     \
    }
EXCHANGE(uint8_t)
EXCHANGE(uint16_t)
EXCHANGE(uint32_t)
EXCHANGE(uint64_t)
#undef EXCHANGE

static bool exchange(void *host, int size, uint64_t *old, uint64_t want)
{
    return size == 1   ? exchange_uint8_t(host, old, want)
           : size == 2 ? exchange_uint16_t(host, old, want)
           : size == 4 ? exchange_uint32_t(host, old, want)
                       : exchange_uint64_t(host, old, want);
}

/* Two pages are not exchanged at once: the instruction is left, and run again while no other CPU runs. */
static bool must_be_alone(Cpu *cpu, uint64_t va, int size)
{
    const Engine *e = cpu->run->engine;
    if ((va & 0xfff) + (uint64_t)size <= 0x1000 || cpu->run->is_alone || e->machine->config->cpus == 1 || e->lockstep ||
        e->counting)
        return false;
    tlb_precise(cpu);
    cpu->run->alone = true;
    return true;
}

/* As tlb_host; a misaligned one is refused where the guest says so, and one on two pages until the CPU is alone. */
static void *place_of(Cpu *cpu, uint64_t va, int size, bool user, Spot *s, bool *ok)
{
    *ok = false;
    if (va & (uint64_t)(size - 1) && !cpu->run->guest->split_atomics) {
        tlb_precise(cpu);
        cpu->run->guest->misaligned(cpu, va, STORE);
        return NULL;
    }
    return must_be_alone(cpu, va, size) ? NULL : tlb_host(cpu, va, size, user, s, ok);
}

bool mem_rmw(Cpu *cpu, uint64_t va, int size, IrRmw op, uint64_t operand, bool user, uint64_t *old)
{
    uint64_t mask = size == 8 ? ~0ull : (1ull << 8 * size) - 1;
    operand &= mask;
    bool ok;
    Spot s;
    void *host = place_of(cpu, va, size, user, &s, &ok);
    if (!ok)
        return false;
    V128 v = { 0, 0 };
    if (!host) { /* a device: read and write are two accesses */
        if (!mem_load(cpu, va, size, user, &v))
            return false;
        *old = v.lo & mask;
        return mem_store(cpu, va, size, user, (V128){ combine(op, *old, operand, size) & mask, 0 });
    }
    memcpy(&v, host, (size_t)size);
    *old = v.lo;
    while (!exchange(host, size, old, combine(op, *old, operand, size) & mask))
        ;
    if (s.host)
        tlb_wrote(cpu, &s, size);
    return true;
}

bool mem_cas(Cpu *cpu, uint64_t va, int size, V128 expected, V128 desired, bool user, V128 *old)
{
    bool ok;
    Spot s;
    void *host = place_of(cpu, va, size, user, &s, &ok);
    if (!ok)
        return false;
    if (!host) {
        if (!mem_load(cpu, va, size, user, old))
            return false;
        return memcmp(old, &expected, (size_t)size) || mem_store(cpu, va, size, user, desired);
    }
    *old = expected;
    if (size == 16) {
        unsigned __int128 want, seen;
        memcpy(&seen, &expected, 16);
        memcpy(&want, &desired, 16);
        unsigned __int128 got = __sync_val_compare_and_swap((unsigned __int128 *)host, seen, want);
        memcpy(old, &got, 16);
    } else {
        uint64_t mask = size == 8 ? ~0ull : (1ull << 8 * size) - 1;
        old->hi = 0;
        old->lo &= mask;
        exchange(host, size, &old->lo, desired.lo & mask);
    }
    if (s.host)
        tlb_wrote(cpu, &s, size);
    return true;
}
