/* What may differ between processors, and why. */
#pragma once
#include "frontend/x86/decode.h"
#include "tests/frontend/x86_native.h"

/* EFLAGS bits that the SDM says are undefined after this instruction, and that the host may set otherwise. */
uint32_t x86_undefined_flags(const X86Insn *);
uint32_t x86_undefined_mxcsr(const X86Insn *, const X86Case *); /* flags of MXCSR likewise */
/* An estimate (RCPPS and its kin) that is as good as the host's, which is then put in its place. */
bool x86_estimate_agrees(const X86Insn *, const X86Case *, X86State *got);
/* The host does what others do not, or how much it had done before it faulted is its own affair. */
bool x86_nothing_to_say(const X86Insn *, const X86Case *);
/* The host is no Intel processor, or lacks what the row needs. */
bool x86_host_differs(const X86Insn *, unsigned bits);
/* FCOMI and its kin: the SDM says that they clear C1, AMD's processors leave it. */
bool x86_c1_is_open(const X86Insn *);
/* The host may copy wrongly where source and destination overlap. */
bool x86_host_overlooks_overlap(const X86Insn *);
bool x86_is_xsave(const X86Insn *); /* or of its kin, XRSTOR among them */
/* XSAVE or its kin, asked for a component that the host has and ours does not (AVX-512's registers, PKRU), or with an
 * area that holds one. */
bool x86_wants_more_state(const X86Insn *, const X86Case *);
