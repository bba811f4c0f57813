/* MXCSR, and what handlers tell the helpers of xsave.c. */
#pragma once
#include "frontend/x86/sys.h"

enum { MXCSR_WRITABLE = 0xffff, MXCSR_INIT = 0x1f80 };

/* Rounding, flushing and sticky flags are in Cpu.mxcsr, which the host runs with all exceptions masked. As the guest
 * sees it: sticky flags that translated code has left in the host's are merged. put: only writable bits.
 */
uint32_t x86_get_mxcsr(const X86Cpu *);
void x86_put_mxcsr(X86Cpu *, uint32_t);

enum { XSAVE_OPT = 1, XSAVE_COMPACT = 2, XSAVE_SUPERVISOR = 4 };
#define XSAVE_ARG(how, seg, wide) ((uint64_t)(how) | (uint64_t)(seg) << 8 | (uint64_t)(wide) << 16)
#define XSAVE_SEG(arg)            ((X86Seg)((arg) >> 8 & 7))
#define XSAVE_WIDE(arg)           ((arg) >> 16 & 1)
