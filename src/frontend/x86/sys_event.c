/* What reaches the processor from outside: interrupts, NMI, SMI, INIT and start-up. SDM volume 3, 6.3, 6.7, 8.4 and
 * 31.3. */
#include "base/alloc.h"
#include "core/machine.h"
#include "core/sysregs.h"
#include "frontend/x86/guest.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/sys.h"

#include <stdlib.h>
#include <string.h>

/* The interrupt controller's answer to the acknowledge cycle. */
static int acknowledge(X86Cpu *c)
{
    return c->apic && c->apic->acknowledge ? c->apic->acknowledge(c->apic_device, cpu_number(&c->cpu)) : -1;
}

/* NMI and SMI are edges: their lines stay up until they are taken. */
static uint32_t deliverable(const X86Cpu *c)
{
    uint32_t lines = cpu_lines(&c->cpu);
    if (c->smm)
        lines &= ~(1u << X86_SMI);
    if (c->nmi_blocked)
        lines &= ~(1u << X86_NMI_LINE);
    return c->eflags & FL_IF ? lines : lines & ~(1u << X86_INTR);
}

bool x86_interrupt(Cpu *cpu)
{
    X86Cpu *c = x86_of(cpu);
    uint32_t lines = cpu_lines(cpu) ? deliverable(c) : 0;
    if (!lines || c->shadow)
        return false;
    if (lines & 1u << X86_SMI) {
        cpu_interrupt_line(cpu, X86_SMI, false);
        x86_enter_smm(c);
    } else if (lines & 1u << X86_NMI_LINE) {
        cpu_interrupt_line(cpu, X86_NMI_LINE, false);
        c->nmi_blocked = 1;
        x86_take_interrupt(c, X86_NMI);
    } else {
        int vector = acknowledge(c);
        if (vector < 0)
            return false;
        x86_take_interrupt(c, (unsigned)vector);
    }
    c->halted = 0;
    return true;
}

bool x86_wakes(const Cpu *cpu)
{
    return cpu_lines(cpu) && deliverable((const X86Cpu *)cpu);
}

void x86_input(Cpu *cpu, int line, bool level)
{
    if (level || line == X86_INTR)
        cpu_interrupt_line(cpu, line, level);
}

/* ---- INIT and start-up ---- table 10-1: what INIT leaves */

static void keep_over_init(X86Cpu *c, const X86Cpu *was)
{
    c->cr0 = (c->cr0 & ~(uint64_t)(CR0_CD | CR0_NW)) | (was->cr0 & (CR0_CD | CR0_NW));
    c->smbase = was->smbase;
    memcpy(c->st, was->st, sizeof c->st);
    memcpy(c->xmm, was->xmm, sizeof c->xmm);
    memcpy(c->ymm, was->ymm, sizeof c->ymm);
    memcpy(c->ftag, was->ftag, sizeof c->ftag);
    c->fpos = was->fpos;
    c->fturn = was->fturn;
    c->fcw = was->fcw;
    c->fsw = was->fsw;
    c->mxcsr = was->mxcsr;
    c->cpu.mxcsr = was->cpu.mxcsr;
    c->tsc_offset = was->tsc_offset;
    c->tsc_aux = was->tsc_aux;
    c->pat = was->pat;
    c->misc_enable = was->misc_enable;
}

/* On the processor's own thread. pc: the reset vector, or the page that a start-up message named. */
void x86_init(Cpu *cpu, uint64_t pc)
{
    X86Cpu *c = x86_of(cpu);
    X86Cpu *was = xalloc(sizeof *was);
    uint32_t id[4];
    *was = *c;
    x86_reset(cpu);
    keep_over_init(c, was);
    free(was);
    x86_cpuid(c, 1, 0, id);
    c->r[RDX] = id[0];
    if (pc < 1 << 20) {
        c->seg[CS].selector = (uint32_t)(pc >> 4);
        c->seg[CS].base = pc;
    }
    c->rip = pc;
    x86_mode_changed(c);
}

/* ---- helper ---- */

/* HLT: the shadow of a STI before it ends. */
uint64_t x86_help_hlt(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)a, (void)b, (void)x;
    c->halted = 1;
    c->shadow = 0;
    return 0;
}
