/* I/O ports, on machines that have an address space of their own for them (Machine.ports): 64 KiB. By a vCPU's thread
 * that does not hold the machine lock. An access goes to who answers at its first byte if that one has all of it, else
 * byte by byte; where nobody answers, a read gives ones. `size` is 1, 2 or 4. */
#pragma once
#include "core/machine.h"

uint32_t port_in(Machine *, int cpu, uint16_t port, int size);
void port_out(Machine *, int cpu, uint16_t port, uint32_t value, int size);
