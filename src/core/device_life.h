/* A device of a machine from its making to its end: for who puts machines together. */
#pragma once
#include "core/device.h"

#define UNMAPPED UINT64_MAX

/* The latest of the machine's devices, nothing set, nowhere mapped. Takes `id` over. */
Device *device_new(Machine *, const DeviceType *, char *id);
bool device_attach(Device *bus, Device *, Error *);
bool device_start(Device *, Error *);
/* Where a window is in the system's memory or among the I/O ports, or UNMAPPED. */
uint64_t *device_window_at(const Device *, int window, bool ports);

void device_unlink(Machine *, Device *); /* it is none of the machine's any more */
void device_release(Device *);           /* what it has on the host hears nothing of it any more */
void device_leave(Device *);             /* it does nothing any more, and nobody finds it */
void device_forget(Device *);            /* what is left of it goes */
void unplugged_forget(void *machine);    /* ... and of all that were unplugged; plug.c */
void device_free(Device *);              /* leaves, and goes */
