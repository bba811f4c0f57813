/* CPUID and the time stamp. SDM volume 2, CPUID. */
#include "core/machine.h"
#include "core/timer.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/sys.h"

#include <string.h>

typedef enum CpuidReg { EAX, EBX, ECX, EDX } CpuidReg;

static const struct {
    uint32_t leaf, subleaf;
    uint8_t reg, bit;
} features[] = {
#define FEATURE(name, leaf, subleaf, reg, bit, what) { leaf, subleaf, reg, bit },
#include "frontend/x86/features.def"
};

static uint32_t feature_bits(const X86Cpu *c, uint32_t leaf, uint32_t subleaf, CpuidReg reg)
{
    uint32_t bits = 0;
    for (unsigned f = 0; f < X86_FEATURES; f++)
        if (features[f].leaf && features[f].leaf == leaf && features[f].subleaf == subleaf && features[f].reg == reg &&
            x86_has(c, (X86Feature)f))
            bits |= 1u << features[f].bit;
    return bits;
}

void x86_cpuid(X86Cpu *c, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    static const char vendor[] = "GenuineIntel";
    uint32_t name[3];
    memcpy(name, vendor, sizeof name);
    for (int reg = EAX; reg <= EDX; reg++)
        out[reg] = feature_bits(c, leaf, leaf == 7 || leaf == 0xd ? subleaf : 0, (CpuidReg)reg);
    if (leaf == 0) {
        out[EAX] = 0xd;
        out[EBX] = name[0];
        out[EDX] = name[1];
        out[ECX] = name[2];
    } else if (leaf == 1) {
        out[EAX] = 0x663;
    } else if (leaf == 0x80000000) {
        out[EAX] = 0x80000008;
    }
}

uint64_t x86_tsc(const X86Cpu *c)
{
    return (uint64_t)time_now(c->cpu.dev.machine) + c->tsc_offset;
}

/* ---- helpers ---- */

uint64_t x86_help_cpuid(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    uint32_t out[4];
    (void)a, (void)b, (void)x;
    x86_cpuid(c, (uint32_t)c->r[RAX], (uint32_t)c->r[RCX], out);
    c->r[RAX] = out[EAX];
    c->r[RBX] = out[EBX];
    c->r[RCX] = out[ECX];
    c->r[RDX] = out[EDX];
    return 0;
}

/* aux: RDTSCP */
uint64_t x86_help_rdtsc(Cpu *cpu, uint64_t aux, uint64_t b, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    (void)b, (void)x;
    if (c->cr4 & CR4_TSD && c->cpl) {
        x86_raise(c, X86_GP, 0);
        return 1;
    }
    uint64_t now = x86_tsc(c);
    if (aux)
        c->r[RCX] = c->tsc_aux;
    c->r[RAX] = (uint32_t)now;
    c->r[RDX] = now >> 32;
    return 0;
}
