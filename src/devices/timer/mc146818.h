/* The battery-backed memory beside a PC's clock, as its firmware reads it. */
#pragma once
#include "core/device.h"

void mc146818_set(Device *, uint8_t at, uint8_t value);
