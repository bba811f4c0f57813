/* ISA DMA, for the devices that ask for it. */
#pragma once
#include "core/device.h"

/* Moves up to `len` bytes on a channel, from or to memory as the channel was programmed; how many. `last`: it has
 * reached terminal count. A channel that is masked moves nothing. */
uint32_t i8237_transfer(Device *, int channel, void *bytes, uint32_t len, bool *last);
