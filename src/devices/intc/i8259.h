/* What an interrupt controller behind the PIC pair asks of it. */
#pragma once
#include "core/device.h"

/* The CPU's acknowledge cycle: the vector of the most urgent request, which is in service from now on; a request that
 * has gone meanwhile gives the spurious one. */
int i8259_acknowledge(Device *);
