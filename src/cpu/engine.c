/* What the vCPUs of a machine share, made with the first of them and freed with the machine. */
#include "cpu/engine.h"

#include "base/alloc.h"
#include "cpu/stencil.h"

#include <stdlib.h>

static const Backend *chosen_backend; /* set once by main before any machine is made */
static Translation chosen;

void cpu_use_backend(const Backend *b, Translation t)
{
    chosen_backend = b;
    chosen = t;
}

/* ---- what the machine tells of ---- */

static void ram_dirty(void *who, uint64_t page, uint64_t offset, uint64_t len)
{
    Engine *e = who;
    if (e->lockstep)
        lockstep_device_writes(e->lockstep);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the write comes before the look */
    for (uint64_t at = offset; at < offset + len;) {
        uint64_t p = page + (at >> 12), in = at & 0xfff,
                 n = offset + len - at < 0x1000 - in ? offset + len - at : 0x1000 - in;
        if (p < e->pages && __atomic_load_n(&e->page_flags[p], __ATOMIC_SEQ_CST) & PAGE_CODE)
            page_written(e, (uint32_t)p, (uint32_t)in, (uint32_t)n);
        at += n;
    }
}

static void flush_all(Cpu *cpu, uint64_t arg)
{
    (void)arg;
    for (int b = 0; b < BANKS; b++)
        if (cpu->run->bank[b]->live)
            bank_flush(cpu->run->bank[b]);
}

void cpu_private_memory(Cpu *cpu, bool on)
{
    cpu->run->private_memory = on;
    flush_all(cpu, 0);
}

static void remapped(void *who, Space *s, uint64_t at, uint64_t len)
{
    Engine *e = who;
    (void)at, (void)len;
    if (s != e->machine->memory && s != e->machine->private_memory)
        return;
    for (int k = 0; k < e->machine->config->cpus; k++)
        if (e->machine->cpu[k] && e->machine->cpu[k]->run)
            cpu_post(e->machine->cpu[k], flush_all, 0);
}

/* ---- the engine ---- */

static void free_engine(Engine *e)
{
    cache_free(e);
    for (uint64_t p = 0; p < e->pages; p++)
        free(e->code_page[p]);
    free(e->code_page);
    free(e->page_flags);
    free(e->run);
    counting_free(e->counting);
    stencils_free(e->stencils);
    lockstep_free(e->lockstep);
    pthread_mutex_destroy(&e->lock);
    pthread_mutex_destroy(&e->stop_lock);
    pthread_cond_destroy(&e->stopped);
    pthread_cond_destroy(&e->resumed);
    pthread_mutex_destroy(&e->debug.lock);
    free(e);
}

static Engine *new_engine(Machine *m, const Guest *g, Error *err)
{
    Engine *e = xalloc(sizeof *e);
    e->machine = m;
    e->run = xalloc((size_t)m->config->cpus * sizeof *e->run);
    e->lockstep = lockstep_new(g);
    e->guest = e->lockstep ? lockstep_guest(e->lockstep) : g;
    e->counting = counting_new(m);
    e->backend = chosen_backend;
    e->pages = (m->config->ram >> 12) + (4ull << 18); /* RAM, flash and what devices add: core/ram.c reserves 2 GiB */
    e->page_flags = xalloc(e->pages);
    e->code_page = xalloc(e->pages * sizeof *e->code_page);
    pthread_mutex_init(&e->lock, NULL);
    pthread_mutex_init(&e->stop_lock, NULL);
    pthread_cond_init(&e->stopped, NULL);
    pthread_cond_init(&e->resumed, NULL);
    pthread_mutex_init(&e->debug.lock, NULL);
    e->unit_insns = chosen.one_insn ? 1 : UNIT_INSNS;
    quick_begin(e, chosen.quick);
    if (!cache_init(e, chosen.cache_bytes ? chosen.cache_bytes : 256ull << 20, err)) {
        free_engine(e);
        return NULL;
    }
    e->watch = (SpaceWatch){ ram_dirty, remapped, e };
    space_watch(&e->watch);
    return e;
}

/* ---- a vCPU's part ---- */

static void free_run(CpuRun *run)
{
    for (int b = 0; b < BANKS; b++) {
        free(run->bank[b]->far);
        free(run->bank[b]);
    }
    free(run->post);
    free(run->ir);
    free(run->compiled->work);
    free(run->compiled);
    pthread_mutex_destroy(&run->wake_lock);
    pthread_cond_destroy(&run->wake);
    free(run);
}

static CpuRun *new_run(const Guest *g, int number)
{
    CpuRun *run = xalloc(sizeof *run);
    run->number = number;
    run->guest = g;
    for (int b = 0; b < BANKS; b++)
        (run->bank[b] = xalloc(sizeof(TlbBank)))->number = (uint8_t)b;
    run->ir = xalloc(sizeof(Ir));
    run->compiled = xalloc(sizeof(Compiled));
    pthread_mutex_init(&run->wake_lock, NULL);
    pthread_cond_init(&run->wake, NULL);
    run->debug.stopped_at = run->waits_at = ~0ull;
    return run;
}

bool cpu_init(Cpu *cpu, const Guest *g, Error *err)
{
    Machine *m = cpu->dev.machine;
    int n = 0;
    while (m->cpu[n] && m->cpu[n] != cpu)
        n++;
    if (!m->engine)
        m->engine = new_engine(m, g, err);
    Engine *e = m->engine;
    if (!e)
        return false;
    CpuRun *run = e->run[n] = cpu->run = new_run(e->guest, n);
    run->engine = e;
    run->mode_bits = e->counting ? MODE_COUNT : 0;
    m->cpus = e->counting ? &counting_cpus : &machine_cpus;
    return true;
}

void engine_free(Machine *m)
{
    Engine *e = m->engine;
    space_watch(NULL);
    for (int k = 0; k < m->config->cpus; k++)
        if (e->run[k])
            free_run(e->run[k]);
    free_engine(e);
    m->engine = NULL;
}
