/* CPU system registers that live in a device (an interrupt controller's CPU interface, a system timer): the device
 * has this as its DeviceType.interface and says so by DeviceType.offers = SYSREGS; CPUs ask each such device in turn.
 * `encoding` is the guest's own number of the register. Called without the machine lock; take it where needed. false:
 * not one of mine. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define SYSREGS "sysregs"

typedef struct SysregPort {
    bool (*read)(void *dev, int cpu, uint32_t encoding, uint64_t *value);
    bool (*write)(void *dev, int cpu, uint32_t encoding, uint64_t value);
    /* Where a CPU asks its interrupt controller what it is about to take (an acknowledge cycle on its bus): the vector.
     * May be NULL. */
    int (*acknowledge)(void *dev, int cpu);
    /* The nth of the registers that can be read without consequences, for debuggers; NULL: there are not so many. May
     * be NULL itself. */
    const char *(*name)(void *dev, int n, uint32_t *encoding);
} SysregPort;
