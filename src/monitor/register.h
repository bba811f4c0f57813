/* A CPU's registers by name, as its state table and its frontend tell them; the machine stands still. */
#pragma once
#include "cpu/cpu.h"
#include "monitor/command.h"

Cpu *asked_cpu(const Ask *, Error *err); /* the asker's; NULL: the machine has none */
/* An element of an array is its name and number: x0. */
bool register_read(const Ask *, const char *name, uint64_t *value, Error *err);
void registers_print(Cpu *, bool all, Out *); /* the core ones, or all */
