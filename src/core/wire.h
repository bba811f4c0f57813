/* The netlist language of machine tables: wires separated by spaces, each
 *     OUTPIN[.INDEX]>PART.INPIN[.INDEX]      this part's output drives another's input
 *     INPIN[.INDEX]<PART.OUTPIN[.INDEX]      this part's input is driven by another's output
 * INDEX counts within the pin row: a sum of numbers, where `*` is the number of this copy (or CPU) and `16*` sixteen
 * times that. A `*` in PART is replaced by the number too. "irq>gic.spi.1", "timer>gic.ppi.14+16*", "irq<gic.irq.*".
 * An index A..B at this part's end stands for that many wires, the far end's index growing along:
 * "spi.0..63>gic.spi.48". OUTPIN[COUNT]>... drives COUNT inputs in a row with the first COUNT lines of the pin.
 * PART.INDEX without a pin name means the part's first pin of that direction. An output drives one input and an input
 * has one driver. */
#pragma once
#include "core/machine.h"

/* `number` stands for `*`; `add` is added to the index of the other end where no `*` says otherwise. */
bool wires_connect(Machine *, Device *, const char *wires, int number, int add, Error *err);

/* `text` with every `*` replaced by the number; the caller frees it. */
char *star_replace(const char *text, int number);
