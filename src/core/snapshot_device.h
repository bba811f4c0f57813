/* The state of one device as text, and back. */
#pragma once
#include "core/device.h"

void snapshot_print_device(const Device *, Out *);
/* Nothing is rebuilt from it yet (DeviceType.loaded), but timers that the table names are set. */
bool snapshot_scan_device(Device *, const char *text, Error *err);
bool snapshot_fits_device(const Device *, const char *text, Error *err); /* changes nothing */
