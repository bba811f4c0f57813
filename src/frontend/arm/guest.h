/* The guest as the engine starts it: guest.c. */
#pragma once
#include "frontend/arm/arm.h"

bool arm_guest_start(ArmCpu *, Error *err); /* hands the CPU to the engine */
void arm_reset(Cpu *);
uint64_t arm_mode(const Cpu *);
Regime arm_regime(const Cpu *, bool user);
void arm_translate(Trans *); /* translate.c */
void arm_shapes_make(void);  /* shape.c: once, before the other */
void arm_shape(uint32_t word, uint64_t pc, InsnShape *);
void arm_test_line(const Cpu *before, const Cpu *after, const bool *read, uint64_t next, Out *b,
                   Out *a); /* test_line.c */
