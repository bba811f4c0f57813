#include "tests/frontend/a64_jit.h"

#include "cpu/run.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BYTES = 2 << 20, UNIT_AT = 1 << 20 };

static struct Jit {
    const Guest *guest;
    const InterpMemory *memory;
    uint8_t *w;
    ptrdiff_t to_exec;
    CpuRun *run;
    Compiled *compiled;
    uint64_t first_pc;
} jit;

/* ---- what the slow paths of translated code call ---- */

static void set_pc(Cpu *cpu, const void *ret)
{
    const Compiled *c = jit.compiled;
    uint32_t offset = (uint32_t)((const uint8_t *)ret - c->to_exec - c->at);
    for (uint32_t k = 0; k < c->points; k++)
        if (c->point[k].host == offset) {
            arm_of(cpu)->pc = jit.first_pc + (uint64_t)(int32_t)c->point[k].pc;
            return;
        }
    ck_abort_msg("no guest pc for the code at %x", offset);
}

static bool aligned(Cpu *cpu, uint64_t addr, IrMem m, Access access)
{
    uint64_t size = 1u << m.size;
    if (!m.align || !(addr & (size - 1)) || (m.align == ALIGN_16_ATOMIC && (addr & 15) + size <= 16))
        return true;
    jit.guest->misaligned(cpu, addr, access);
    return false;
}

static uint64_t swapped(uint64_t v, IrMem m)
{
    return m.big && m.size && m.size <= 3 ? __builtin_bswap64(v) >> (64 - (8 << m.size)) : v;
}

bool far_load(Cpu *cpu, uint64_t addr, uint32_t mem)
{
    (void)cpu, (void)addr, (void)mem;
    return false;
}

bool far_store(Cpu *cpu, uint64_t addr, uint32_t mem)
{
    (void)cpu, (void)addr, (void)mem;
    return false;
}

uint32_t slow_load(Cpu *cpu, uint64_t addr, uint32_t mem, const void *ret)
{
    IrMem m = ir_mem_of(mem);
    V128 *v = &jit.run->io[0];
    set_pc(cpu, ret);
    if (!aligned(cpu, addr, m, LOAD) || !jit.memory->load(cpu, addr, 1 << m.size, m.user, v))
        return SLOW_FAULT;
    v->lo = swapped(v->lo, m);
    if (m.sign && m.size < 3) {
        int shift = 64 - (8 << m.size);
        v->lo = (uint64_t)((int64_t)(v->lo << shift) >> shift);
    }
    return SLOW_DONE;
}

uint32_t slow_store(Cpu *cpu, uint64_t addr, uint32_t mem, const void *ret)
{
    IrMem m = ir_mem_of(mem);
    V128 v = jit.run->io[1];
    set_pc(cpu, ret);
    v.lo = swapped(v.lo, m);
    bool ok = aligned(cpu, addr, m, STORE) && jit.memory->store(cpu, addr, 1 << m.size, m.user, v);
    return ok ? SLOW_DONE : SLOW_FAULT;
}

static bool atomic_aligned(Cpu *cpu, uint64_t addr, IrMem m)
{
    m.align = ALIGN_SIZE;
    return aligned(cpu, addr, m, STORE);
}

uint32_t slow_rmw(Cpu *cpu, uint64_t addr, uint32_t mem, const void *ret)
{
    IrMem m = ir_mem_of(mem);
    V128 *io = jit.run->io;
    set_pc(cpu, ret);
    bool ok = atomic_aligned(cpu, addr, m) &&
              jit.memory->rmw(cpu, addr, 1 << m.size, (IrRmw)m.rmw, io[1].lo, m.user, &io[0].lo);
    return ok ? SLOW_DONE : SLOW_FAULT;
}

uint32_t slow_cas(Cpu *cpu, uint64_t addr, uint32_t mem, const void *ret)
{
    IrMem m = ir_mem_of(mem);
    V128 *io = jit.run->io;
    set_pc(cpu, ret);
    bool ok = atomic_aligned(cpu, addr, m) && jit.memory->cas(cpu, addr, 1 << m.size, io[1], io[2], m.user, &io[0]);
    return ok ? SLOW_DONE : SLOW_FAULT;
}

/* ---- running ---- */

/* No mapping is both writable and executable. */
static void map_code(void)
{
    int fd = memfd_create("a64_jit", MFD_CLOEXEC);
    ck_assert(fd >= 0 && !ftruncate(fd, BYTES));
    jit.w = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint8_t *x = mmap(NULL, BYTES, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    ck_assert(jit.w != MAP_FAILED && x != MAP_FAILED);
    jit.to_exec = x - jit.w;
    close(fd);
}

static void fill_tlb(TlbBank *b, uint64_t addr, const uint8_t *page)
{
    for (uint64_t i = 0; i < TLB_SIZE; i++) {
        b->read[i].page = b->write[i].page = (i ^ 1) << 12;
        b->jump[i].pc = ~0ull;
    }
    uint64_t at = addr >> 12 & (TLB_SIZE - 1);
    b->read[at] = b->write[at] = (TlbEntry){ addr, (uint64_t)(uintptr_t)page - addr };
}

void a64_jit_map(uint64_t addr, uint8_t *page)
{
    TlbBank *b = jit.run->bank[0];
    uint64_t at = addr >> 12 & (TLB_SIZE - 1);
    b->read[at] = b->write[at] = (TlbEntry){ addr, (uint64_t)(uintptr_t)page - addr };
}

void a64_jit_unmap(uint64_t addr)
{
    TlbBank *b = jit.run->bank[0];
    uint64_t at = addr >> 12 & (TLB_SIZE - 1);
    if (b->read[at].page == addr)
        b->read[at].page = b->write[at].page = (at ^ 1) << 12;
}

void a64_jit_start(ArmCpu *c, const Guest *g, const InterpMemory *memory, uint64_t addr, uint8_t *page)
{
    if (!jit.w) {
        map_code();
        jit.run = calloc(1, sizeof *jit.run);
        jit.compiled = calloc(1, sizeof *jit.compiled);
        jit.run->bank[0] = calloc(1, sizeof(TlbBank));
    }
    jit.guest = g;
    jit.memory = memory;
    jit.run->guest = g;
    jit.run->host_mxcsr = 0x1f80;
    fill_tlb(jit.run->bank[0], addr, page);
    c->cpu.run = jit.run;
    c->cpu.bank = c->cpu.user_bank = jit.run->bank[0];
    x86_64_backend.prologue(g, NULL, jit.w, jit.to_exec, UNIT_AT);
}

static uint64_t exit_of(const void *stub)
{
    const Compiled *c = jit.compiled;
    uint32_t offset = (uint32_t)((const uint8_t *)stub - c->to_exec - c->at);
    for (uint32_t k = 0; k < c->exits; k++)
        if (c->exit[k].stub + LINK_CALL == offset)
            return c->exit[k].pc;
    ck_abort_msg("no exit at %x", offset);
}

uint64_t a64_jit_run(ArmCpu *cpu, Ir *ir, uint64_t pc)
{
    Compiled *c = jit.compiled;
    const void *stub = NULL;
    jit.first_pc = pc;
    c->at = jit.w + UNIT_AT;
    c->to_exec = jit.to_exec;
    c->room = BYTES - UNIT_AT;
    ck_assert(x86_64_backend.compile(jit.guest, ir, pc, c));
    for (uint32_t k = 0; k < c->exits; k++)
        if (c->exit[k].patch)
            x86_64_backend.patch(c->at + c->exit[k].patch, jit.to_exec, c->at + c->exit[k].stub + jit.to_exec);
    CpuExit e = x86_64_backend.enter(&cpu->cpu, c->at + jit.to_exec, &stub);
    return e == EXIT_LINK ? exit_of(stub) : cpu->pc;
}
