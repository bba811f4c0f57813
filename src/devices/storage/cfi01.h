/* What a machine asks of its flash. */
#pragma once
#include "core/device.h"

bool cfi01_filled(const Device *); /* a drive brought its contents */
