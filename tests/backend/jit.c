#include "tests/backend/jit.h"

#include "cpu/run.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BYTES = 2 << 20, UNIT_AT = 1 << 20 };

static struct {
    const Guest *guest;
    const InterpMemory *memory;
    void (*set_pc)(Cpu *, uint64_t pc);
    CpuRun *run;
    Compiled *compiled;
    uint8_t *code;
    ptrdiff_t to_exec;
    uint64_t first_pc;
} jit;

static void fail(const char *what)
{
    fprintf(stderr, "jit: %s\n", what);
    abort();
}

/* ---- what the slow paths of compiled code call ---- */

static void set_pc(Cpu *cpu, const void *ret)
{
    const Compiled *c = jit.compiled;
    uint32_t offset = (uint32_t)((const uint8_t *)ret - c->to_exec - c->at), k = 0;
    if (!jit.set_pc)
        return;
    while (k < c->points && c->point[k].host != offset)
        k++;
    if (k == c->points)
        fail("no guest pc for an access");
    jit.set_pc(cpu, jit.first_pc + (uint64_t)(int32_t)c->point[k].pc);
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

uint32_t slow_rmw(Cpu *cpu, uint64_t addr, uint32_t mem, const void *ret)
{
    IrMem m = ir_mem_of(mem);
    V128 *io = jit.run->io;
    set_pc(cpu, ret);
    bool ok = aligned(cpu, addr, m, STORE) &&
              jit.memory->rmw(cpu, addr, 1 << m.size, (IrRmw)m.rmw, io[1].lo, m.user, &io[0].lo);
    return ok ? SLOW_DONE : SLOW_FAULT;
}

uint32_t slow_cas(Cpu *cpu, uint64_t addr, uint32_t mem, const void *ret)
{
    IrMem m = ir_mem_of(mem);
    V128 *io = jit.run->io;
    set_pc(cpu, ret);
    bool ok = aligned(cpu, addr, m, STORE) && jit.memory->cas(cpu, addr, 1 << m.size, io[1], io[2], m.user, &io[0]);
    return ok ? SLOW_DONE : SLOW_FAULT;
}

uint64_t jit_rmw(IrRmw op, uint64_t old, uint64_t operand, int size)
{
    int unused = 64 - 8 * size;
    int64_t x = (int64_t)(old << unused) >> unused, y = (int64_t)(operand << unused) >> unused;
    uint64_t a = old << unused >> unused, b = operand << unused >> unused;
    switch (op) {
    case RMW_ADD:
        return a + b;
    case RMW_ANDN:
        return a & ~b;
    case RMW_XOR:
        return a ^ b;
    case RMW_OR:
        return a | b;
    case RMW_AND:
        return a & b;
    case RMW_SMAX:
        return x > y ? a : b;
    case RMW_SMIN:
        return x < y ? a : b;
    case RMW_UMAX:
        return a > b ? a : b;
    case RMW_UMIN:
        return a < b ? a : b;
    default:
        return b;
    }
}

/* ---- running ---- */

/* No mapping is both writable and executable. */
static void map_code(void)
{
    int fd = memfd_create("jit", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, BYTES))
        fail("no memory for code");
    jit.code = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint8_t *x = mmap(NULL, BYTES, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    if (jit.code == MAP_FAILED || x == MAP_FAILED)
        fail("no memory for code");
    jit.to_exec = x - jit.code;
    close(fd);
    jit.run = calloc(1, sizeof *jit.run);
    jit.compiled = calloc(1, sizeof *jit.compiled);
    jit.run->bank[0] = calloc(1, sizeof(TlbBank));
}

void jit_start(const Guest *g, const InterpMemory *memory, void (*set)(Cpu *, uint64_t pc))
{
    if (!jit.code)
        map_code();
    jit.guest = g;
    jit.memory = memory;
    jit.set_pc = set;
    jit.run->guest = g;
    jit.run->host_mxcsr = 0x1f80;
    TlbBank *b = jit.run->bank[0];
    for (uint64_t i = 0; i < TLB_SIZE; i++)
        b->read[i].page = b->write[i].page = (i ^ 1) << 12;
    for (uint64_t i = 0; i < JUMP_SIZE; i++)
        b->jump[i].pc = ~0ull;
    b->no_jump.pc = ~0ull;
    x86_64_backend.prologue(g, NULL, jit.code, jit.to_exec, UNIT_AT);
}

void jit_use(Cpu *cpu)
{
    cpu->run = jit.run;
    cpu->bank = cpu->user_bank = jit.run->bank[0];
}

void jit_map(uint64_t addr, uint8_t *page)
{
    TlbBank *b = jit.run->bank[0];
    uint64_t at = addr >> 12 & (TLB_SIZE - 1);
    memset(&b->stack, 0, sizeof b->stack);
    b->read[at] = b->write[at] = (TlbEntry){ addr, (uint64_t)(uintptr_t)page - addr };
}

void jit_unmap(uint64_t addr)
{
    TlbBank *b = jit.run->bank[0];
    uint64_t at = addr >> 12 & (TLB_SIZE - 1);
    memset(&b->stack, 0, sizeof b->stack);
    if (b->read[at].page == addr)
        b->read[at] = b->write[at] = (TlbEntry){ .page = (at ^ 1) << 12 };
}

bool jit_compile(Ir *ir, uint64_t pc)
{
    Compiled *c = jit.compiled;
    jit.first_pc = pc;
    c->at = jit.code + UNIT_AT;
    c->to_exec = jit.to_exec;
    c->room = BYTES - UNIT_AT;
    if (!x86_64_backend.compile(jit.guest, ir, pc, c))
        return false;
    for (uint32_t k = 0; k < c->exits; k++)
        if (c->exit[k].patch)
            x86_64_backend.patch(c->at + c->exit[k].patch, jit.to_exec, c->at + c->exit[k].stub + jit.to_exec);
    return true;
}

bool jit_run(Cpu *cpu, uint64_t *next)
{
    const Compiled *c = jit.compiled;
    const void *stub = NULL;
    if (x86_64_backend.enter(cpu, c->at + jit.to_exec, &stub) != EXIT_LINK)
        return false;
    uint32_t offset = (uint32_t)((const uint8_t *)stub - c->to_exec - c->at), k = 0;
    while (k < c->exits && c->exit[k].stub + LINK_CALL != offset)
        k++;
    if (k == c->exits)
        fail("no exit where compiled code left");
    *next = c->exit[k].pc;
    return true;
}
