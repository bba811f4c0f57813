/* What bare programs of a PC share: words on the first serial line, and descriptors. Their stubs are stubs.inc. */
#pragma once
#include <stdint.h>

void say(const char *);
void say_hex(uint64_t v, int digits);
void field(const char *name, uint64_t v, int digits);
void finish(void); /* says so, and ends the machine by isa-debug-exit */
void clear(void *, unsigned long bytes);
uint64_t segment(uint32_t base, uint32_t limit, uint32_t type); /* type: bits 8..15 and 20..23 in their places >> 8 */
