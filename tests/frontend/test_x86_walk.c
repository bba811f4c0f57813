/* Paging, control registers and model-specific registers of an x86 CPU: what SDM volume 3, chapters 2 and 4, says of
 * them. Page tables are built here, in the memory of a `pc`. */
#include "core/machine.h"
#include "cpu/backend.h"
#include "cpu/run.h"
#include "frontend/x86/sys.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { P = 1, W = 2, U = 4, A = 32, D = 64, PS = 128, G = 256 };
#define NX (1ull << 63)
enum { E_P = 1, E_W = 2, E_U = 4, E_R = 8, E_I = 16 };

static Machine *m;
static X86Cpu *c;

static void machine(void)
{
    Error err;
    cpu_use_backend(&x86_64_backend, (Translation){ .cache_bytes = 1 << 20 });
    m = machine_new(machine_type("pc", &err), &(MachineConfig){ .cpu = "max", .ram = 64 << 20, .cpus = 1 }, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    c = (X86Cpu *)(void *)m->cpu[0];
    const X86Feature has[] = { X86_xsave, X86_avx, X86_sse, X86_fpu, X86_fxsr }; /* for CR4 and XCR0 */
    for (unsigned k = 0; k < sizeof has / sizeof *has; k++)
        c->features[has[k] >> 6] |= 1ull << (has[k] & 63);
    c->features[X86_pdpe1gb >> 6] &= ~(1ull << (X86_pdpe1gb & 63));
}

static void done(void)
{
    machine_free(m);
}

/* ---- memory and modes ---- */

static void *at(uint64_t phys)
{
    uint64_t left;
    return (void *)(uintptr_t)space_ram(m->memory, phys, &left);
}

static void put4(uint64_t phys, uint64_t v)
{
    uint32_t v4 = (uint32_t)v;
    memcpy(at(phys), &v4, 4);
}

static void put8(uint64_t phys, uint64_t v)
{
    memcpy(at(phys), &v, 8);
}

static uint64_t get8(uint64_t phys)
{
    uint64_t v;
    memcpy(&v, at(phys), 8);
    return v;
}

enum { T0 = 0x100000, T1 = 0x101000, T2 = 0x102000, T3 = 0x103000 }; /* tables, the last level first */

static void mode32(void)
{
    c->cr0 = CR0_PE | CR0_ET | CR0_WP | CR0_PG;
    c->cr4 = CR4_PSE | CR4_PGE;
    c->efer = 0;
    c->cr3 = T1;
}

static void mode_pae(void)
{
    mode32();
    c->cr4 = CR4_PAE | CR4_PGE;
    c->efer = EFER_NXE;
    c->pdpte[0] = T1 | P;
    c->pdpte[1] = c->pdpte[2] = c->pdpte[3] = 0;
}

static void mode4(void)
{
    mode_pae();
    c->efer |= EFER_LME | EFER_LMA;
    c->cr3 = T3;
    put8(T3, T2 | P | W | U);
    put8(T2, T1 | P | W | U);
}

static Walk walk(uint64_t linear, Access access, uint32_t regime)
{
    Walk w;
    x86_walk(&c->cpu, linear, access, regime, &w);
    return w;
}

static int error_of(uint64_t linear, Access access, uint32_t regime)
{
    Walk w = walk(linear, access, regime);
    return w.fault == X86_FAULT_PAGE ? (int)w.fault_info : -(int)w.fault;
}

/* ---- rights ---- 4.6.1, sentence by sentence */

static bool allowed(Access access, uint32_t regime, uint64_t directory, uint64_t page)
{
    bool user_page = directory & page & U, writable = directory & page & W, nx = (directory | page) & NX;
    bool wp = c->cr0 & CR0_WP, smep = c->cr4 & CR4_SMEP, smap = c->cr4 & CR4_SMAP;
    if (regime == R_USER)
        return user_page && (access == STORE ? writable : access == FETCH ? !nx : true);
    if (access == FETCH)
        return !nx && !(user_page && smep);
    if (user_page && smap && regime != R_SUPERVISOR_AC)
        return false;
    return access == LOAD || writable || !wp;
}

static void each_right(bool nx)
{
    for (unsigned k = 0; k < 8 * 8 * 8; k++) {
        uint64_t directory = P | T0 | (k & 1 ? W : 0) | (k & 2 ? U : 0) | (k & 4 && nx ? NX : 0);
        uint64_t page = P | 0x7000 | (k & 8 ? W : 0) | (k & 16 ? U : 0) | (k & 32 && nx ? NX : 0);
        c->cr0 = (c->cr0 & ~(uint64_t)CR0_WP) | (k & 64 ? CR0_WP : 0);
        c->cr4 = (c->cr4 & ~(uint64_t)(CR4_SMEP | CR4_SMAP)) | (k & 128 ? CR4_SMEP : 0) | (k & 256 ? CR4_SMAP : 0);
        for (unsigned a = FETCH; a <= STORE; a++)
            for (uint32_t regime = 0; regime < R_COUNT; regime++) {
                if (nx) {
                    put8(T1, directory);
                    put8(T0 + 8, page);
                } else {
                    put4(T1, directory);
                    put4(T0 + 4, page);
                }
                Walk w = walk(0x1234, (Access)a, regime);
                bool told = c->cr4 & CR4_SMEP || nx;
                ck_assert_int_eq(!w.fault, allowed((Access)a, regime, directory, page));
                if (!w.fault) {
                    ck_assert_uint_eq(w.phys, 0x7234);
                    continue;
                }
                ck_assert_int_eq(w.fault, X86_FAULT_PAGE);
                ck_assert_uint_eq(w.fault_info, E_P | (a == STORE ? E_W : 0) | (regime == R_USER ? E_U : 0) |
                                                    (a == FETCH && told ? E_I : 0));
            }
    }
}

START_TEST(rights_of_32_bit_paging)
{
    mode32();
    each_right(false);
}
END_TEST

START_TEST(rights_of_pae_paging)
{
    mode_pae();
    each_right(true);
}
END_TEST

START_TEST(rights_of_4_level_paging)
{
    mode4();
    each_right(true);
}
END_TEST

/* ---- what is reserved, and what is not there ---- */

START_TEST(entries_that_are_not_there)
{
    mode4();
    put8(T1, T0 | P | W | U);
    put8(T0, 0x7000 | P | W | U);
    const uint64_t tables[] = { T0, T1, T2, T3 };
    for (int k = 0; k < 4; k++) {
        uint64_t was = get8(tables[k]);
        put8(tables[k], was & ~(uint64_t)P);
        ck_assert_int_eq(error_of(0, LOAD, R_SUPERVISOR), 0);
        ck_assert_int_eq(error_of(0, STORE, R_USER), E_W | E_U);
        ck_assert_int_eq(error_of(0, FETCH, R_USER), E_U | E_I);
        put8(tables[k], was | 1ull << 40); /* beyond MAXPHYADDR */
        ck_assert_int_eq(error_of(0, LOAD, R_SUPERVISOR), E_P | E_R);
        put8(tables[k], was | 1ull << 52); /* ignored */
        ck_assert_int_eq(error_of(0, LOAD, R_SUPERVISOR), 0 - 0);
        ck_assert_int_eq(walk(0, LOAD, R_SUPERVISOR).fault, 0);
        put8(tables[k], was | NX);
        c->efer &= ~(uint64_t)EFER_NXE;
        ck_assert_int_eq(error_of(0, LOAD, R_USER), E_P | E_R | E_U);
        c->efer |= EFER_NXE;
        put8(tables[k], was);
    }
    ck_assert_int_eq(walk(0, LOAD, R_USER).fault, 0);
}
END_TEST

static bool reserved_bit(uint64_t entry, uint64_t table)
{
    if (table == T1 && !(c->cr4 & CR4_PAE))
        put4(T1, entry);
    else
        put8(table, entry);
    return error_of(0, LOAD, R_SUPERVISOR) == (E_P | E_R);
}

START_TEST(reserved_bits)
{
    mode4();
    for (int bit = 13; bit < 21; bit++)
        ck_assert(reserved_bit(P | W | PS | 1ull << bit, T1));
    ck_assert(!reserved_bit(P | W | PS | 1 << 12, T1)); /* PAT */
    put8(T2, T1 | P | PS);
    ck_assert_int_eq(error_of(0, LOAD, R_SUPERVISOR), E_P | E_R); /* no 1 GiB pages */
    c->features[X86_pdpe1gb / 64] |= 1ull << X86_pdpe1gb % 64;
    for (int bit = 13; bit < 30; bit++)
        ck_assert(reserved_bit(P | W | PS | 1ull << bit, T2));
    ck_assert(!reserved_bit(P | W | PS, T2));
    put8(T3, T2 | P | PS);
    ck_assert_int_eq(error_of(0, LOAD, R_SUPERVISOR), E_P | E_R);
    mode_pae();
    put8(T0, P);
    for (int bit = 40; bit < 63; bit++)
        ck_assert(reserved_bit(T0 | P | W | 1ull << bit, T1));
    ck_assert(!reserved_bit(T0 | P | W, T1));
    mode32();
    ck_assert(reserved_bit(P | PS | 1 << 21, T1));
    for (int bit = 13; bit < 21; bit++) /* 40 bits of address: all eight may be set */
        ck_assert(!reserved_bit(P | PS | 1u << bit, T1));
    c->phys_bits = 36;
    ck_assert(!reserved_bit(P | PS | 1 << 16, T1));
    ck_assert(reserved_bit(P | PS | 1 << 17, T1));
}
END_TEST

/* ---- sizes ---- */

START_TEST(pages_of_each_size)
{
    mode4();
    put8(T1, 0x600000 | P | W | PS);
    Walk w = walk(0x12345, LOAD, R_SUPERVISOR);
    ck_assert_uint_eq(w.phys, 0x612345);
    ck_assert_int_eq(w.page_bits, 21);
    c->features[X86_pdpe1gb / 64] |= 1ull << X86_pdpe1gb % 64;
    put8(T2, 0x40000000 | P | W | PS | G);
    w = walk(0x1234567, LOAD, R_SUPERVISOR);
    ck_assert_uint_eq(w.phys, 0x41234567);
    ck_assert_int_eq(w.page_bits, 30);
    ck_assert(w.global);
    c->cr4 &= ~(uint64_t)CR4_PGE;
    ck_assert(!walk(0, LOAD, R_SUPERVISOR).global);
    mode32();
    put4(T1 + 4, 0x00800000 | 5 << 13 | P | W | PS); /* PSE-36: 5 is bits 32 and 34 */
    w = walk(0x456789, LOAD, R_SUPERVISOR);
    ck_assert_uint_eq(w.phys, 0x500856789);
    ck_assert_int_eq(w.page_bits, 22);
    c->cr4 &= ~(uint64_t)CR4_PSE; /* then PS means nothing, and this is a table */
    put4(T1 + 4, T0 | P | W | PS);
    put4(T0 + 4 * 0x56, 0x9000 | P | W);
    ck_assert_uint_eq(walk(0x456789, LOAD, R_SUPERVISOR).phys, 0x9789);
    ck_assert_int_eq(walk(0x456789, INSPECT, R_SUPERVISOR).fault, 0);
    ck_assert_int_ne(walk(0x100456789, INSPECT, R_SUPERVISOR).fault, 0); /* there is no such address */
}
END_TEST

START_TEST(addresses_are_canonical)
{
    mode4();
    put8(T3 + 8 * 511, T2 | P | W | U);
    put8(T2 + 8 * 511, T1 | P | W | U);
    put8(T1 + 8 * 511, 0x200000 | P | W | U | PS);
    ck_assert_uint_eq(walk(0xffffffffffe00123, LOAD, R_SUPERVISOR).phys, 0x200123);
    ck_assert_int_eq(walk(0x0000800000000000, LOAD, R_SUPERVISOR).fault, X86_FAULT_SEGMENT);
    ck_assert_int_eq(walk(0xffff7fffffffffff, STORE, R_USER).fault, X86_FAULT_SEGMENT);
    ck_assert_int_eq(walk(0xffff800000000000, LOAD, R_SUPERVISOR).fault, X86_FAULT_PAGE);
}
END_TEST

/* ---- accessed and dirty: 4.8 ---- */

START_TEST(accessed_and_dirty)
{
    mode4();
    put8(T1, T0 | P | W | U);
    put8(T0, 0x7000 | P | W);
    Walk w = walk(0, INSPECT, R_SUPERVISOR);
    ck_assert_uint_eq(w.phys, 0x7000);
    ck_assert_uint_eq(get8(T0), 0x7000 | P | W);
    ck_assert_uint_eq(get8(T3), T2 | P | W | U);
    ck_assert_int_ne(walk(0, STORE, R_USER).fault, 0); /* not for him: */
    ck_assert_uint_eq(get8(T0), 0x7000 | P | W);
    w = walk(0, LOAD, R_SUPERVISOR);
    ck_assert_uint_eq(get8(T0), 0x7000 | P | W | A);
    ck_assert_uint_eq(get8(T1), T0 | P | W | U | A);
    ck_assert_uint_eq(get8(T2), T1 | P | W | U | A);
    ck_assert_uint_eq(get8(T3), T2 | P | W | U | A);
    ck_assert(w.dirty_pending && !(w.prot & PROT_STORE));
    w = walk(0, STORE, R_SUPERVISOR);
    ck_assert_uint_eq(get8(T0), 0x7000 | P | W | A | D);
    ck_assert(!w.dirty_pending && w.prot & PROT_STORE);
}
END_TEST

/* ---- control registers ---- */

typedef struct Put {
    bool (*put)(X86Cpu *, uint64_t);
    uint64_t cr0, cr3, cr4, efer; /* before */
    uint64_t value;
    bool ok;
} Put;

#define PG CR0_PG

START_TEST(control_registers_refuse)
{
    const uint64_t on = PG | CR0_PE | CR0_ET, lm = EFER_LME | EFER_LMA;
    const Put cases[] = {
        { x86_put_cr0, CR0_ET, 0, 0, 0, CR0_PE, true },
        { x86_put_cr0, CR0_ET, 0, 0, 0, PG, false },
        { x86_put_cr0, CR0_ET, 0, 0, 0, CR0_NW, false },
        { x86_put_cr0, CR0_ET, 0, 0, 0, CR0_NW | CR0_CD, true },
        { x86_put_cr0, CR0_ET, 0, 0, 0, 1ull << 32, false },
        { x86_put_cr0, CR0_ET | CR0_PE, T3, 0, EFER_LME, on, false },
        { x86_put_cr0, CR0_ET | CR0_PE, T3, CR4_PAE, EFER_LME, on, true },
        { x86_put_cr0, on, T3, CR4_PAE | CR4_PCIDE, lm, CR0_PE, false },
        { x86_put_cr0, on, T3, CR4_PAE, lm, CR0_PE, true }, /* in compatibility mode */
        { x86_put_cr3, on, T3, CR4_PAE, lm, 1ull << 40, false },
        { x86_put_cr3, on, T3, CR4_PAE, lm, 1ull << 63, false },
        { x86_put_cr3, on, T3, CR4_PAE | CR4_PCIDE, lm, 1ull << 63 | T3 | 5, true },
        { x86_put_cr3, on, T3, CR4_PAE, lm, T3 | 0xfff, true },
        { x86_put_cr4, on, T3, CR4_PAE, lm, 0, false },
        { x86_put_cr4, on, T3, CR4_PAE, lm, CR4_PAE | 1ull << 32, false },
        { x86_put_cr4, on, T3, CR4_PAE, lm, CR4_PAE | 1 << 13, false }, /* no VMX */
        { x86_put_cr4, on, T3 | 5, CR4_PAE, lm, CR4_PAE | CR4_PCIDE, false },
        { x86_put_cr4, on, T3, CR4_PAE, lm, CR4_PAE | CR4_PCIDE, true },
        { x86_put_cr4, CR0_ET, 0, 0, 0, CR4_PCIDE, false },
        { x86_put_cr4, CR0_ET, 0, 0, 0, CR4_PAE | CR4_SMEP | CR4_SMAP | CR4_UMIP | CR4_FSGSBASE, true },
        { x86_put_efer, CR0_ET, 0, 0, 0, EFER_LME | EFER_NXE | EFER_SCE, true },
        { x86_put_efer, CR0_ET, 0, 0, 0, 1 << 12, false },
        { x86_put_efer, on, T3, CR4_PAE, lm, EFER_LMA, false },
        { x86_put_efer, on, T3, CR4_PAE, lm, lm | EFER_NXE, true },
        { x86_put_xcr0, CR0_ET, 0, CR4_OSXSAVE, 0, 0, false },
        { x86_put_xcr0, CR0_ET, 0, CR4_OSXSAVE, 0, 7, true },
        { x86_put_xcr0, CR0_ET, 0, CR4_OSXSAVE, 0, 5, false },
        { x86_put_xcr0, CR0_ET, 0, CR4_OSXSAVE, 0, 0xf, false },
    };
    for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
        const Put *p = &cases[k];
        c->cr0 = p->cr0;
        c->cr3 = p->cr3;
        c->cr4 = p->cr4;
        c->efer = p->efer;
        ck_assert_msg(p->put(c, p->value) == p->ok, "case %u", k);
        if (!p->ok)
            ck_assert(c->cr0 == p->cr0 && c->cr3 == p->cr3 && c->cr4 == p->cr4 && c->efer == p->efer);
    }
}
END_TEST

START_TEST(long_mode_comes_with_paging)
{
    c->efer = EFER_LME;
    c->cr4 = CR4_PAE;
    ck_assert(x86_put_cr0(c, CR0_PE));
    ck_assert_uint_eq(c->efer, EFER_LME);
    ck_assert(x86_put_cr0(c, CR0_PE | PG));
    ck_assert_uint_eq(c->efer, EFER_LME | EFER_LMA);
    ck_assert(x86_put_efer(c, EFER_LME));
    ck_assert_uint_eq(c->efer, EFER_LME | EFER_LMA);
    c->seg[CS].attr |= SEG_L;
    ck_assert(!x86_put_cr0(c, CR0_PE)); /* not from 64-bit code */
    c->seg[CS].attr &= ~(uint32_t)SEG_L;
    ck_assert(x86_put_cr0(c, CR0_PE));
    ck_assert_uint_eq(c->efer, EFER_LME);
}
END_TEST

/* 4.4.1: the four entries are read when CR3 is loaded, and only then. */
START_TEST(pae_entries_are_loaded)
{
    mode_pae();
    put8(T2, T1 | P);
    put8(T2 + 8, 1 << 5); /* not present: nothing is reserved */
    put8(T2 + 16, 0);
    put8(T2 + 24, 0);
    ck_assert(x86_put_cr3(c, T2));
    ck_assert_uint_eq(c->pdpte[0], T1 | P);
    put8(T2, 0);
    put8(T1, T0 | P | W);
    put8(T0, 0x7000 | P | W);
    ck_assert_uint_eq(walk(0, LOAD, R_SUPERVISOR).phys, 0x7000);
    ck_assert_int_eq(error_of(1 << 30, LOAD, R_SUPERVISOR), 0);
    put8(T2 + 24, T1 | P | W);
    ck_assert(!x86_put_cr3(c, T2));
    ck_assert_uint_eq(c->pdpte[0], T1 | P);
}
END_TEST

/* ---- model-specific registers ---- */

START_TEST(model_specific_registers_refuse)
{
    static const struct {
        uint32_t number;
        uint64_t value;
        bool ok;
    } cases[] = {
        { 0x12345678, 0, false },
        { 0xc0000082, 0x800000000000, false }, /* LSTAR: canonical */
        { 0xc0000082, 0xffff800000000000, true },
        { 0xc0000084, 1ull << 32, false },
        { 0xc0000100, 1ull << 47, false },
        { 0xc0000080, 1 << 1, false },
        { 0xc0000080, EFER_NXE, true },
        { 0x277, 0x0007040600070402, false }, /* PAT: no type 2 */
        { 0x277, 0x0007040600070406, true },
        { 0x277, 0x0107040600070507, true },
        { 0xfe, 0, false },
        { 0x200, 0x80000006, true },
        { 0x200, 0x80000002, false },
        { 0x201, 0xff80000800, true },
        { 0x201, 0x1ff80000800, false },
        { 0x2ff, 0xc06, true },
        { 0x2ff, 0xc02, false },
        { 0x250, 0x0606060606060606, true },
        { 0x268, 0x0606060606060603, false },
        { 0x401, 1, false }, /* the status of a bank can only be cleared */
        { 0x401, 0, true },
        { 0x400, ~0ull, true },
        { 0x400, 5, true },
        { 0x402, 5, false }, /* nor anything but 0 written to an address */
        { 0x1b, 0xfee00800, true },
        { 0x1b, 0xfee00400, false },         /* x2APIC and off */
        { 0x1b, 1ull << 41 | 0x800, false }, /* beyond MAXPHYADDR */
        { 0x808, 0, false },                 /* not in x2APIC mode */
        { 0x1b, 0xfee00c00, true },
        { 0x808, 0x20, true },
        { 0x1b, 0xfee00800, false }, /* x2APIC goes off only */
        { 0x174, 0x10, true },
    };
    for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
        uint64_t v;
        ck_assert_msg(x86_msr_write(c, cases[k].number, cases[k].value) == cases[k].ok, "case %u", k);
        if (!cases[k].ok)
            continue;
        ck_assert_msg(x86_msr_read(c, cases[k].number, &v), "case %u", k);
        ck_assert_msg(v == cases[k].value, "case %u: %llx", k, (unsigned long long)v);
    }
}
END_TEST

/* 17.17.3: what is added to the one is added to the other. */
START_TEST(time_stamp_and_its_adjustment)
{
    uint64_t v;
    ck_assert(x86_msr_write(c, 0x10, 1ull << 40));
    ck_assert(x86_msr_read(c, 0x10, &v) && v >= 1ull << 40 && v < 1ull << 41);
    ck_assert(x86_msr_write(c, 0x3b, 0));
    ck_assert(x86_msr_read(c, 0x10, &v) && v < 1ull << 40);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("walks");
    tcase_add_checked_fixture(t, machine, done);
    tcase_add_test(t, rights_of_32_bit_paging);
    tcase_add_test(t, rights_of_pae_paging);
    tcase_add_test(t, rights_of_4_level_paging);
    tcase_add_test(t, entries_that_are_not_there);
    tcase_add_test(t, reserved_bits);
    tcase_add_test(t, pages_of_each_size);
    tcase_add_test(t, addresses_are_canonical);
    tcase_add_test(t, accessed_and_dirty);
    tcase_add_test(t, control_registers_refuse);
    tcase_add_test(t, long_mode_comes_with_paging);
    tcase_add_test(t, pae_entries_are_loaded);
    tcase_add_test(t, model_specific_registers_refuse);
    tcase_add_test(t, time_stamp_and_its_adjustment);
    return run_suite("x86 paging", (TCase *[]){ t, NULL });
}
