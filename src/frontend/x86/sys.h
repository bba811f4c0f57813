/* The system side, as translated code, helpers and handlers ask for it. What is called "takes" changes state and pc to
 * those of the handler; "raises": false, and the exception was taken. The pc slot (X86Cpu.rip, linear) must hold the
 * current instruction before any of these, as it does in H_LEAVES helpers. After a change of mode they call
 * x86_mode_changed; translated code goes on with x86_goto_state. */
#pragma once
#include "frontend/x86/operand.h"

/* ---- memory from C: segment limit and rights checked, #GP #SS #PF #AC raised ---- sys_memory.c */
bool x86_linear_of(X86Cpu *, X86Seg, uint64_t offset, unsigned bytes, bool write, uint64_t *linear);
bool x86_read(X86Cpu *, X86Seg, uint64_t offset, unsigned bytes, uint64_t *value);
bool x86_write(X86Cpu *, X86Seg, uint64_t offset, unsigned bytes, uint64_t value);
/* What the processor itself reads and writes at a linear address, whoever runs: descriptor tables, task segments, the
 * stack of a more privileged level. As the supervisor, to whom EFLAGS.AC opens nothing (SDM volume 3, 4.6.1). */
bool x86_system_read(X86Cpu *, uint64_t linear, unsigned bytes, uint64_t *value);
bool x86_system_write(X86Cpu *, uint64_t linear, unsigned bytes, uint64_t value);
/* Any number of bytes; of a write none, if one cannot be written. */
bool x86_read_bytes(X86Cpu *, X86Seg, uint64_t offset, void *bytes, unsigned count);
bool x86_can_write(X86Cpu *, X86Seg, uint64_t offset, unsigned count);
bool x86_write_bytes(X86Cpu *, X86Seg, uint64_t offset, const void *bytes, unsigned count);
static inline bool x86_is_real(const X86Cpu *c) /* or virtual-8086: segments are 16 * selector */
{
    return !(c->cr0 & CR0_PE) || c->eflags & FL_VM;
}
static inline bool x86_in_code64(const X86Cpu *c)
{
    return c->efer & EFER_LMA && c->seg[CS].attr & SEG_L;
}
static inline unsigned x86_stack_size(const X86Cpu *c) /* bytes of the stack pointer */
{
    return x86_in_code64(c) ? 8 : c->seg[SS].attr & SEG_DB ? 4 : 2;
}
static inline uint64_t x86_ip(const X86Cpu *c, uint64_t linear)
{
    return x86_in_code64(c) ? linear : (uint32_t)(linear - c->seg[CS].base);
}
static inline void x86_set_ip(X86Cpu *c, uint64_t ip)
{
    c->rip = x86_in_code64(c) ? ip : (uint32_t)(c->seg[CS].base + ip);
}

/* ---- exceptions and interrupts ---- sys_interrupt.c */
/* Takes an exception: pushes the error code if the vector has one. A fault, unless #DB #BP #OF: rip is the
 * instruction's, for traps the next one's. Counts double and triple faults. */
void x86_raise(X86Cpu *, X86Vector, uint32_t error);
void x86_raise_page_fault(X86Cpu *, uint64_t linear, uint32_t error); /* CR2, then #PF */
/* INT n; INT3 and INTO; INT1, which is no software interrupt. `next`: linear return address. */
typedef enum X86Soft { SOFT_INT, SOFT_TRAP, SOFT_INT1 } X86Soft;
void x86_soft_interrupt(X86Cpu *, X86Soft, unsigned vector, uint64_t next);
void x86_take_interrupt(X86Cpu *, unsigned vector); /* from outside */
/* After an instruction that leaves, or one in single-step mode or the interrupt shadow: rip is where it goes on. Ends
 * the shadow; takes #DB if `trap`, that TF was set when it began, or if a breakpoint register was hit. */
void x86_finish(X86Cpu *, bool trap);
void x86_shut_down(X86Cpu *, const char *why);

/* ---- events from outside ---- sys_event.c, sys_smm.c */
bool x86_interrupt(Cpu *);                   /* Guest.interrupt */
bool x86_wakes(const Cpu *);                 /* Guest.wakes */
void x86_input(Cpu *, int line, bool level); /* an X86Line changed */
void x86_init(Cpu *, uint64_t pc);           /* INIT, and going on at pc: on the processor's own thread */
void x86_enter_smm(X86Cpu *);

/* ---- segments and far transfers ---- sys_segment.c, sys_far.c; false: raised */
bool x86_load_segment(X86Cpu *, X86Seg, uint16_t selector);     /* not CS */
void x86_set_real_segment(X86Cpu *, X86Seg, uint16_t selector); /* real and virtual-8086 mode */
/* For the helper `load_segment`. stack: bytes of the stack pointer if it is a POP, else 0; reg: 1 + the register that
 * gets tmp[0] (LDS ...), else 0. */
#define SEGMENT_ARG(seg, bytes, stack, reg) ((uint64_t)(seg) | (bytes) << 8 | (stack) << 16 | (uint64_t)(reg) << 24)
/* What a quick helper (sys_quick.c) says. SLOW: nothing has changed. LEFT: it is done, rip is where it goes on, and the
 * mode is another. */
enum { QUICK_DONE, QUICK_SLOW, QUICK_LEFT };
/* For the helper `rest`: what is SLOW, the length of the instruction, and 32 bits for the whole helper. */
typedef enum X86Rest { REST_SEGMENT, REST_POPF, REST_STI } X86Rest;
#define REST_ARG(rest, length, arg) ((uint64_t)(arg) | (uint64_t)(length) << 32 | (uint64_t)(rest) << 40)
enum { FAR_JUMP, FAR_CALL, FAR_RETURN }; /* for the helper `far` */

/* ---- breakpoint registers ---- sys_debug.c */
bool x86_own_watch(Cpu *, int n, uint64_t at, unsigned kinds, bool user); /* GuestDebug.own_watch */
void x86_touched_port(X86Cpu *, unsigned port, unsigned bytes);
void x86_breakpoints_changed(X86Cpu *); /* after any change of DR0 to DR3 or DR7 */

/* ---- flags ---- sys_flags.c */
/* POPF: what may change at this privilege, for an operand of that many bytes; false: raised (virtual-8086). */
bool x86_popf(X86Cpu *, uint64_t value, unsigned bytes);
bool x86_set_interrupts(X86Cpu *, bool on); /* CLI, STI: IOPL, VME, PVI; false: raised. STI begins the shadow */

/* ---- ports ---- sys_port.c; false: raised (IOPL, I/O bitmap) */
bool x86_port_allowed(X86Cpu *, unsigned port, unsigned bytes);
uint32_t x86_in(X86Cpu *, unsigned port, unsigned bytes);
void x86_out(X86Cpu *, unsigned port, unsigned bytes, uint32_t value);

/* ---- identification ---- */
void x86_cpuid(X86Cpu *, uint32_t leaf, uint32_t subleaf, uint32_t out[4]); /* models.c: EAX EBX ECX EDX */
uint64_t x86_tsc(const X86Cpu *);

/* ---- control and model-specific registers ---- sys_control.c, sys_msr.c; false: not allowed, #GP(0) is the caller's
 */
typedef struct X86Component { /* part of what XSAVE keeps */
    uint8_t bit;              /* of XCR0 */
    uint8_t feature;          /* X86Feature that it belongs to */
    uint16_t offset, size;    /* in the area, standard form */
} X86Component;
extern const X86Component x86_components[];      /* size 0 ends */
void x86_put_dr(X86Cpu *, unsigned n, uint64_t); /* 0 to 3, 6, 7 */
bool x86_put_cr0(X86Cpu *, uint64_t);
bool x86_put_cr3(X86Cpu *, uint64_t);
bool x86_put_cr4(X86Cpu *, uint64_t);
bool x86_put_efer(X86Cpu *, uint64_t);
bool x86_put_xcr0(X86Cpu *, uint64_t);
bool x86_msr_read(X86Cpu *, uint32_t number, uint64_t *value);
bool x86_msr_write(X86Cpu *, uint32_t number, uint64_t value);
uint64_t x86_xsave_components(const X86Cpu *); /* bits that XCR0 may have */
void x86_rederive_segments(X86Cpu *);          /* after CR0.PE or EFLAGS.VM changed */
/* EFLAGS.IF may now be 1 where it was 0: what waits is looked at before the next instruction. */
void x86_look_at_lines(X86Cpu *);
void x86_check_umip(Trans *); /* SGDT, SIDT, SLDT, STR, SMSW: #GP(0) for users if CR4.UMIP */
static inline bool x86_canonical(uint64_t linear)
{
    return (uint64_t)((int64_t)(linear << 16) >> 16) == linear;
}

/* ---- paging ---- mmu.c; regimes: mode.c */
bool x86_load_pdptes(X86Cpu *, uint64_t cr3); /* PAE's four registers; false: reserved bits in one, nothing done */
enum { R_USER, R_SUPERVISOR, R_SUPERVISOR_AC, R_COUNT }; /* regimes; AC: SMAP set aside by EFLAGS.AC */
void x86_walk(Cpu *, uint64_t linear, Access, uint32_t regime, Walk *);
Regime x86_regime(const Cpu *, bool user);
Regime x86_system_regime(const X86Cpu *);
/* Walk.fault: what Guest.fault gets. X86_FAULT_PAGE: fault_info is the error code. */
enum { X86_FAULT_PAGE = 1, X86_FAULT_SEGMENT, X86_FAULT_STACK_SEGMENT };
