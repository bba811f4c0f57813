/* The guest-visible state of an x86 CPU: the rows are slots for the translator (those that enum S_* numbers), and
 * what reset, snapshots, `info registers` and gdb walk. */
#include "frontend/x86/x87.h"

#define CORE              .gdb = "org.gnu.gdb.i386.core"
#define SSE               .gdb = "org.gnu.gdb.i386.sse"
#define GENERAL(n, name_) STATE(X86Cpu, r[n], .name = name_, .slot = true, CORE)
#define SEGMENT_SLOTS(f, suffix)                                                                                       \
    STATE(X86Cpu, seg[ES].f, .name = "es" suffix, .slot = true),                                                       \
        STATE(X86Cpu, seg[CS].f, .name = "cs" suffix, .slot = true),                                                   \
        STATE(X86Cpu, seg[SS].f, .name = "ss" suffix, .slot = true),                                                   \
        STATE(X86Cpu, seg[DS].f, .name = "ds" suffix, .slot = true),                                                   \
        STATE(X86Cpu, seg[FS].f, .name = "fs" suffix, .slot = true),                                                   \
        STATE(X86Cpu, seg[GS].f, .name = "gs" suffix, .slot = true)

static const StateField segment_hidden[] = {
    STATE(X86Segment, limit),
    STATE(X86Segment, attr),
    STATE_END,
};

static const StateField system_segment[] = {
    STATE(X86Segment, selector), STATE(X86Segment, base), STATE(X86Segment, limit), STATE(X86Segment, attr), STATE_END,
};

const StateField x86_state[] = {
    GENERAL(0, "rax"),
    GENERAL(1, "rcx"),
    GENERAL(2, "rdx"),
    GENERAL(3, "rbx"),
    GENERAL(4, "rsp"),
    GENERAL(5, "rbp"),
    GENERAL(6, "rsi"),
    GENERAL(7, "rdi"),
    GENERAL(8, "r8"),
    GENERAL(9, "r9"),
    GENERAL(10, "r10"),
    GENERAL(11, "r11"),
    GENERAL(12, "r12"),
    GENERAL(13, "r13"),
    GENERAL(14, "r14"),
    GENERAL(15, "r15"),
    STATE(X86Cpu, rip, .slot = true, CORE, .gdb_type = "code_ptr"),
    STATE(X86Cpu, flags, .slot = true),
    STATE(X86Cpu, eflags, .slot = true),
    STATE_ARRAY(X86Cpu, tmp, .slot = true),
    STATE_ARRAY(X86Cpu, scratch, .slot = true),
    STATE_ARRAY(X86Cpu, st, .slot = true),
    STATE_ARRAY(X86Cpu, ftag, .slot = true, .reset = 1, .below = 2),
    STATE(X86Cpu, fpos, .slot = true, .reset = X87_TRAPS, .below = 64),
    STATE(X86Cpu, fturn, .slot = true, .below = 8),
    STATE(X86Cpu, fcw, .slot = true, .reset = 0x40),
    STATE(X86Cpu, fsw, .slot = true),
    STATE(X86Cpu, fcond, .slot = true),
    STATE(X86Cpu, fhost, .slot = true, .brief = true),
    STATE(X86Cpu, fcontrol, .slot = true, .reset = 0x7f, .brief = true),
    STATE(X86Cpu, fop, .slot = true),
    STATE(X86Cpu, fcs, .slot = true),
    STATE(X86Cpu, fds, .slot = true),
    STATE(X86Cpu, fip, .slot = true),
    STATE(X86Cpu, fdp, .slot = true),
    STATE(X86Cpu, mxcsr, .slot = true, .reset = 0x1f80),
    STATE_ARRAY(X86Cpu, xmm, .slot = true, SSE, .gdb_type = "vec128"),
    STATE_ARRAY(X86Cpu, ymm, .slot = true),
    SEGMENT_SLOTS(selector, ""),
    SEGMENT_SLOTS(base, "_base"),
    SEGMENT_SLOTS(lo, "_lo"),
    SEGMENT_SLOTS(span_read, "_span_read"),
    SEGMENT_SLOTS(span_write, "_span_write"),
    STATE(X86Cpu, shadow, .slot = true, .below = 2),
    /* from here on no slots */
    STATE_STRUCTS(X86Cpu, seg, segment_hidden),
    STATE_STRUCT(X86Cpu, ldtr, system_segment),
    STATE_STRUCT(X86Cpu, tr, system_segment),
    STATE(X86Cpu, gdt_base),
    STATE(X86Cpu, gdt_limit, .reset = 0xffff),
    STATE(X86Cpu, idt_base),
    STATE(X86Cpu, idt_limit, .reset = 0xffff),
    STATE(X86Cpu, cr0, .reset = 0x60000010),
    STATE(X86Cpu, cr2),
    STATE(X86Cpu, cr3),
    STATE(X86Cpu, cr4),
    STATE(X86Cpu, xcr0, .reset = 1),
    STATE_ARRAY(X86Cpu, pdpte),
    STATE_ARRAY(X86Cpu, dr),
    STATE(X86Cpu, cpl, .below = 4),
    STATE(X86Cpu, smm, .below = 2),
    STATE(X86Cpu, nmi_blocked, .below = 2),
    STATE(X86Cpu, halted, .below = 2),
    STATE(X86Cpu, smm_blocked_nmi, .below = 2),
    STATE(X86Cpu, efer),
    STATE(X86Cpu, star),
    STATE(X86Cpu, lstar),
    STATE(X86Cpu, cstar),
    STATE(X86Cpu, sfmask),
    STATE(X86Cpu, kernel_gs_base),
    STATE(X86Cpu, tsc_aux),
    STATE(X86Cpu, tsc_offset),
    STATE(X86Cpu, sysenter_cs),
    STATE(X86Cpu, sysenter_esp),
    STATE(X86Cpu, sysenter_eip),
    STATE(X86Cpu, pat, .reset = 0x0007040600070406),
    STATE(X86Cpu, apic_base),
    STATE(X86Cpu, misc_enable, .reset = 1),
    STATE(X86Cpu, smbase, .reset = 0x30000),
    STATE(X86Cpu, tsc_adjust),
    STATE(X86Cpu, debugctl),
    STATE(X86Cpu, microcode),
    STATE(X86Cpu, syscfg),
    STATE(X86Cpu, hwcr),
    STATE(X86Cpu, mtrr_default),
    STATE_ARRAY(X86Cpu, mtrr_range),
    STATE_ARRAY(X86Cpu, mtrr_fixed),
    STATE(X86Cpu, mcg_status),
    STATE(X86Cpu, mcg_ctl),
    STATE_ARRAY(X86Cpu, mc),
    STATE_END,
};
