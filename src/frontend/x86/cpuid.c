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

/* ---- leaves ---- SDM volume 2, table 3-8; AMD's APM volume 3, appendix E, from 80000000h on */

static unsigned bits_for(unsigned n) /* that number n things */
{
    unsigned bits = 0;
    while (1u << bits < n)
        bits++;
    return bits;
}

/* Threads of a core and of a package. Without a word from the user there is one package of single-threaded cores. */
static void topology(const X86Cpu *c, unsigned *core, unsigned *package)
{
    const MachineConfig *config = c->cpu.dev.machine->config;
    unsigned cpus = (unsigned)config->cpus;
    bool said = config->cores || config->threads;
    *core = config->threads ? (unsigned)config->threads : 1;
    *package = said ? *core * (config->cores ? (unsigned)config->cores : 1u) : cpus;
}

static void vendor(const X86Cpu *c, uint32_t out[4])
{
    uint32_t name[3];
    memcpy(name, c->amd ? "AuthenticAMD" : "GenuineIntel", sizeof name);
    out[EBX] = name[0];
    out[EDX] = name[1];
    out[ECX] = name[2];
}

typedef void Leaf(const X86Cpu *, uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

static void leaf_highest(const X86Cpu *c, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    (void)subleaf;
    out[EAX] = leaf ? c->model->extended : c->model->leaf;
    vendor(c, out);
}

static void leaf_features(const X86Cpu *c, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    enum { LINE = 64 / 8, OSXSAVE = 1 << 27, HTT = 1 << 28 };
    unsigned core, package;
    (void)leaf, (void)subleaf;
    topology(c, &core, &package);
    out[EAX] = c->model->signature;
    out[EBX] = (uint32_t)cpu_number(&c->cpu) << 24 | LINE << 8;
    if (package > 1) {
        out[EBX] |= package << 16;
        out[EDX] |= HTT;
    }
    out[ECX] |= c->cr4 & CR4_OSXSAVE ? OSXSAVE : 0;
}

/* Descriptors of caches, as of the Pentium III: 32 KiB of data and of instructions, 2 MiB behind them. */
static void leaf_caches(const X86Cpu *c, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    (void)leaf, (void)subleaf;
    if (c->amd)
        return;
    out[EAX] = 1;
    out[EDX] = 0x002c307d;
    out[ECX] = 0x4d;
}

static void leaf_cache_levels(const X86Cpu *c, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    static const struct {
        uint8_t type, level, ways;
        uint32_t sets;
        bool shared; /* by the package; otherwise it is a core's */
    } caches[] = {
        { 1, 1, 8, 64, false }, { 2, 1, 8, 64, false }, { 3, 2, 16, 4096, false }, { 3, 3, 16, 16384, true }
    };
    unsigned core, package;
    (void)leaf;
    if (c->amd || subleaf >= sizeof caches / sizeof *caches)
        return;
    topology(c, &core, &package);
    unsigned sharers = 1u << bits_for(caches[subleaf].shared ? package : core);
    unsigned cores = 1u << (bits_for(package) - bits_for(core));
    out[EAX] =
        caches[subleaf].type | (uint32_t)caches[subleaf].level << 5 | 1 << 8 | (sharers - 1) << 14 | (cores - 1) << 26;
    out[EBX] = (64 - 1) | (caches[subleaf].ways - 1u) << 22;
    out[ECX] = caches[subleaf].sets - 1;
    out[EDX] = caches[subleaf].shared ? 6 : 1;
}

static void leaf_monitor(const X86Cpu *c, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    (void)leaf, (void)subleaf;
    if (!x86_has(c, X86_monitor))
        return;
    out[EAX] = out[EBX] = 64;
    out[ECX] = 3;
}

static void leaf_topology(const X86Cpu *c, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    enum { THREADS = 1 << 8, CORES = 2 << 8 };
    unsigned core, package;
    (void)leaf;
    topology(c, &core, &package);
    out[EAX] = subleaf == 0 ? bits_for(core) : subleaf == 1 ? bits_for(package) : 0;
    out[EBX] = subleaf == 0 ? core : subleaf == 1 ? package : 0;
    out[ECX] = (subleaf & 0xff) | (subleaf == 0 ? THREADS : subleaf == 1 ? CORES : 0);
    out[EDX] = (uint32_t)cpu_number(&c->cpu);
}

static uint32_t xsave_size(uint64_t components)
{
    enum { LEGACY = 512, HEADER = 64 };
    uint32_t size = LEGACY + HEADER;
    for (const X86Component *k = x86_components; k->size; k++)
        if (components >> k->bit & 1 && k->offset + k->size > size)
            size = k->offset + k->size;
    return size;
}

/* Of the compacted form: components one behind the other. */
static uint32_t xsavec_size(uint64_t components)
{
    uint32_t size = xsave_size(0);
    for (const X86Component *k = x86_components; k->size; k++)
        size += k->bit >= 2 && components >> k->bit & 1 ? k->size : 0;
    return size;
}

static void leaf_xsave(const X86Cpu *c, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    (void)leaf;
    uint64_t has = x86_xsave_components(c);
    if (!x86_has(c, X86_xsave))
        return;
    if (subleaf == 0) {
        out[EAX] = (uint32_t)has;
        out[EBX] = xsave_size(c->xcr0);
        out[ECX] = xsave_size(has);
        out[EDX] = (uint32_t)(has >> 32);
    } else if (subleaf == 1) {
        out[EBX] = x86_has(c, X86_xsavec) ? xsavec_size(c->xcr0) : 0;
    }
    for (const X86Component *k = x86_components; k->size; k++)
        if (subleaf >= 2 && k->bit == subleaf && has >> k->bit & 1) {
            out[EAX] = k->size;
            out[EBX] = k->offset;
        }
}

/* Who makes this virtual machine: the first leaf of those that processors leave to it. */
static void leaf_maker(const X86Cpu *c, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    (void)subleaf;
    if (!x86_has(c, X86_hypervisor) || leaf != 0x40000000)
        return;
    out[EAX] = leaf;
    memcpy(&out[EBX], "Dragoman    ", 12);
}

/* AMD's processors repeat bits of leaf 1 here. */
static void leaf_extended(const X86Cpu *c, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    unsigned core, package;
    (void)leaf, (void)subleaf;
    out[EAX] = c->model->signature;
    topology(c, &core, &package);
    if (!c->amd)
        return;
    out[EDX] |= feature_bits(c, 1, 0, EDX) & 0x0183f3ff;
    out[ECX] |= package > 1 ? 1 << 1 : 0; /* CmpLegacy: what HTT tells of are cores */
}

static void leaf_brand(const X86Cpu *c, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    char text[48] = { 0 };
    (void)subleaf;
    memcpy(text, c->model->brand, strlen(c->model->brand));
    memcpy(out, text + (leaf - 0x80000002) * 16, 16);
}

/* First and second level: 64 KiB of data and of instructions, 512 KiB; TLBs. */
static void leaf_extended_caches(const X86Cpu *c, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    (void)c, (void)subleaf;
    if (leaf == 0x80000005) {
        out[EAX] = out[EBX] = 0x01ff01ff;
        out[ECX] = out[EDX] = 0x40020140;
    } else {
        out[EBX] = 0x42004200;
        out[ECX] = 0x02008140;
    }
}

static void leaf_addresses(const X86Cpu *c, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    unsigned core, package;
    (void)leaf, (void)subleaf;
    topology(c, &core, &package);
    out[EAX] = c->phys_bits | (x86_has(c, X86_lm) ? 48u : 32u) << 8;
    if (c->amd && package > 1)
        out[ECX] = bits_for(package) << 12 | (package - 1);
}

static const struct {
    uint32_t first, last;
    Leaf *leaf;
} leaves[] = {
    { 0, 0, leaf_highest },
    { 1, 1, leaf_features },
    { 2, 2, leaf_caches },
    { 4, 4, leaf_cache_levels },
    { 5, 5, leaf_monitor },
    { 0xb, 0xb, leaf_topology },
    { 0xd, 0xd, leaf_xsave },
    { 0x40000000, 0x400000ff, leaf_maker },
    { 0x80000000, 0x80000000, leaf_highest },
    { 0x80000001, 0x80000001, leaf_extended },
    { 0x80000002, 0x80000004, leaf_brand },
    { 0x80000005, 0x80000006, leaf_extended_caches },
    { 0x80000008, 0x80000008, leaf_addresses },
};

/* A leaf beyond the last is answered as the last of those that are not extended. */
static uint32_t existing(const X86Cpu *c, uint32_t leaf)
{
    uint32_t last = leaf >= 0x80000000 ? c->model->extended : c->model->leaf;
    bool makers = leaf >= 0x40000000 && leaf <= 0x400000ff && x86_has(c, X86_hypervisor);
    return leaf <= last || makers ? leaf : c->model->leaf;
}

void x86_cpuid(X86Cpu *c, uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    leaf = existing(c, leaf);
    for (int reg = EAX; reg <= EDX; reg++)
        out[reg] = feature_bits(c, leaf, leaf == 7 || leaf == 0xd ? subleaf : 0, (CpuidReg)reg);
    for (unsigned k = 0; k < sizeof leaves / sizeof *leaves; k++)
        if (leaf >= leaves[k].first && leaf <= leaves[k].last)
            leaves[k].leaf(c, leaf, subleaf, out);
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
