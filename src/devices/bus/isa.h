/* The ISA bus as far as -device needs one: what plugs into it answers at ports that its properties name. */
#pragma once
#include "core/machine.h"

#define ISA "isa"

/* Puts the first window at `port` unless the machine's table did; in the device's start hook. */
bool isa_place(Device *, uint64_t port, Error *);
