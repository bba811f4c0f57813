#pragma once
#include "core/device.h"

uint64_t pvpanic_port(const Device *); /* of a pvpanic, for the tables that tell the guest of it */
