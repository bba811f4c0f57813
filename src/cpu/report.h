/* What a monitor reports of CPUs and of the engine. Called in machine_still. */
#pragma once
#include "cpu/cpu.h"

const char *report_guest(const Cpu *); /* the architecture's name */
int report_thread(const Cpu *);        /* the host's number of its last thread; 0: it never ran */
uint64_t report_pc(Cpu *);
void report_tlb(Cpu *, Out *);      /* what the TLB holds */
void report_map(Cpu *, Out *);      /* what its page tables map, for the current privilege */
void report_code(Machine *, Out *); /* how much was translated */
/* At most `count` instructions at pc as Capstone reads them; how many bytes that was. */
size_t report_instructions(Cpu *, const uint8_t *code, size_t size, uint64_t pc, int count, Out *);
