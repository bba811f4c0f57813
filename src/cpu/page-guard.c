/* Pages that hold translated code: no write table maps them, so that every store to one comes by here. */
#include "cpu/engine.h"

#include "base/alloc.h"
#include "core/machine.h"

#include <sched.h>

typedef struct Protect {
    Engine *e;
    uint32_t ram_page;
} Protect;

static void drop_from_all(void *arg)
{
    Protect *p = arg;
    for (int k = 0; k < p->e->machine->config->cpus; k++) {
        Cpu *cpu = p->e->machine->cpu[k];
        for (int b = 0; cpu && b < BANKS; b++)
            if (cpu->run->bank[b]->live)
                bank_drop_page(cpu->run->bank[b], p->ram_page);
    }
    __atomic_fetch_and(&p->e->page_flags[p->ram_page], (uint8_t)~PAGE_WRITTEN, __ATOMIC_SEQ_CST);
}

void page_protect(Cpu *self, uint32_t ram_page)
{
    Engine *e = self->run->engine;
    if (__atomic_fetch_or(&e->page_flags[ram_page], PAGE_CODE, __ATOMIC_SEQ_CST) & PAGE_WRITTEN)
        cpu_exclusive(self, drop_from_all, &(Protect){ e, ram_page });
}

bool page_protected(Engine *e, uint32_t ram_page)
{
    uint8_t flags = __atomic_load_n(&e->page_flags[ram_page], __ATOMIC_SEQ_CST);
    return flags & PAGE_CODE && !(flags & PAGE_WRITTEN);
}

void page_written(Engine *e, uint32_t ram_page, uint32_t offset, uint32_t len)
{
    pthread_mutex_lock(&e->lock);
    cache_invalidate(e, ram_page, offset, len);
    pthread_mutex_unlock(&e->lock);
}

/* ---- stores beside code: far.c ---- */

uint64_t page_claim(Cpu *self, uint32_t ram_page, uint64_t granules)
{
    Engine *e = self->run->engine;
    if (!e->code_page[ram_page])
        __atomic_store_n(&e->code_page[ram_page], xalloc(sizeof(CodePage)), __ATOMIC_RELEASE);
    CodePage *p = e->code_page[ram_page];
    granules &= ~p->granules;
    if (granules)
        __atomic_fetch_or(&p->granules, granules, __ATOMIC_SEQ_CST);
    for (int k = 0; granules && k < e->machine->config->cpus; k++) {
        Cpu *cpu = e->machine->cpu[k];
        while (cpu && cpu != self && cpu->run && cpu->run->storing)
            sched_yield();
    }
    return granules;
}

void page_unclaim(Engine *e, uint32_t ram_page, uint64_t granules)
{
    __atomic_fetch_and(&e->code_page[ram_page]->granules, ~granules, __ATOMIC_SEQ_CST);
}
