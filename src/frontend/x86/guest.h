/* The guest as the engine starts it: guest.c, mode.c, translate.c. */
#pragma once
#include "frontend/x86/x86.h"

bool x86_guest_start(X86Cpu *, Error *err); /* hands the CPU to the engine */
void x86_reset(Cpu *);
uint64_t x86_mode(const Cpu *);
void x86_translate(Trans *);
extern const GuestDebug x86_debug; /* inspect.c */
