/* CPU system registers that live in a device (an interrupt controller's CPU interface, a system timer): the device
 * offers this as its DeviceType.interface and CPUs ask each such device in turn. `encoding` is the guest's own number
 * of the register. Called without the machine lock; take it where needed. false: not one of mine. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct SysregPort {
    bool (*read)(void *dev, int cpu, uint32_t encoding, uint64_t *value);
    bool (*write)(void *dev, int cpu, uint32_t encoding, uint64_t value);
} SysregPort;
