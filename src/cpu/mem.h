/* Guest memory as C code sees it: helpers, the interpreter, gdb. */
#pragma once
#include "cpu/guest.h"

/* An access by the CPU itself, at guest virtual address addr (tags included), size 1, 2, 4, 8 or 16 bytes, misaligned
 * and page-crossing allowed. false: it faulted and the guest's exception is raised (pc slot must hold the instruction's
 * pc before). Values are little-endian numbers; IrMem.big, sign and disp are the caller's business. */
bool mem_load(Cpu *, uint64_t addr, int size, bool user, V128 *value);
bool mem_store(Cpu *, uint64_t addr, int size, bool user, V128 value);
/* Atomic on host memory where the page is memory; under the machine lock on a device. size up to 16 for cas. */
bool mem_rmw(Cpu *, uint64_t addr, int size, IrRmw, uint64_t operand, bool user, uint64_t *old);
bool mem_cas(Cpu *, uint64_t addr, int size, V128 expected, V128 desired, bool user, V128 *old);
/* Probes every byte of a store or load before the first is done: false and the exception as above. */
bool mem_probe(Cpu *, uint64_t addr, int size, Access, bool user);

/* As much of a run of `count` elements of 1, 2, 4 or 8 bytes, upwards from the first, as lies in one page and is plain
 * memory that may be reached: returns how many elements were done. 0: that is not known, and one of them by mem_load
 * and mem_store tells. Like elements one after the other where the copy lies upon what it is made of. No vector
 * register is used. */
uint64_t mem_fill(Cpu *, uint64_t to, int size, uint64_t value, uint64_t count);
uint64_t mem_copy(Cpu *, uint64_t to, uint64_t from, int size, uint64_t count);
/* Likewise how many of the first of `count` elements are equal to those at b, or to the value; or if `equal` is false,
 * are not. */
uint64_t mem_match(Cpu *, uint64_t a, uint64_t b, int size, uint64_t count, bool equal);
uint64_t mem_match_value(Cpu *, uint64_t a, uint64_t value, int size, uint64_t count, bool equal);

/* Eight bytes that the CPU reads as the regime it is in, if that is known to be plain memory in one page. No vector
 * register is used. */
bool mem_peek(Cpu *, uint64_t addr, uint64_t *value);

/* Invalidations. va: one page in every live bank with that tag (tag -1: any; and global entries) of that set of regimes
 * (bit mask); all: everything of these regimes with that tag; non_global: leaves what is valid for every tag. */
void tlb_flush_va(Cpu *, uint64_t va, uint32_t regimes, int64_t tag);
void tlb_flush(Cpu *, uint32_t regimes, int64_t tag);
void tlb_flush_non_global(Cpu *, uint32_t regimes, int64_t tag);
