/* The second level of a bank's TLB, and the loads and stores it serves. Built without vector registers, because
 * translated code calls it with all of them live. */
#include "cpu/engine.h"

static FarEntry *entry(TlbBank *b, uint64_t va)
{
    return &b->far[(va >> 12) & (FAR_SIZE - 1)];
}

void far_flush(TlbBank *b)
{
    b->conflicts = 0;
    if (++b->far_epoch)
        return;
    for (unsigned k = 0; b->far && k < FAR_SIZE; k++) /* the count came round */
        b->far[k].epoch = 0;
    for (unsigned k = 0; k < BESIDE_SIZE; k++)
        b->beside[k].epoch = 0;
    b->far_epoch = 1;
}

static BesideEntry *beside_entry(TlbBank *b, uint64_t va)
{
    return &b->beside[(va >> 12) & (BESIDE_SIZE - 1)];
}

void far_beside(TlbBank *b, uint64_t page_va, uint64_t addend, uint32_t ram_page)
{
    *beside_entry(b, page_va) = (BesideEntry){ page_va, addend, ram_page, b->far_epoch };
}

void far_flush_va(TlbBank *b, uint64_t va, bool only_global)
{
    if (bank_same_page(beside_entry(b, va)->page, va))
        beside_entry(b, va)->epoch = 0;
    if (!b->far)
        return;
    FarEntry *f = entry(b, va);
    if (bank_same_page(f->page, va) && (!only_global || f->global))
        f->epoch = 0;
}

void far_keep(TlbBank *b, bool write, unsigned at)
{
    const TlbEntry *e = write ? &b->write[at] : &b->read[at];
    const TlbNote *n = &b->note[write][at];
    if (n->ram_page == ~0u)
        return;
    if (!b->far) {
        b->conflicts += b->conflicts < FAR_CONFLICTS;
        return;
    }
    FarEntry *f = entry(b, e->page);
    uint8_t prot = 1 << (write ? STORE : LOAD);
    if (f->epoch == b->far_epoch && f->page == e->page && f->addend == e->addend)
        prot |= f->prot;
    *f = (FarEntry){ e->page, e->addend, n->ram_page, b->far_epoch, n->page_bits, prot, n->global };
}

/* Host address of the access, whose page is then in the first level; NULL: not known here. */
static void *refill(Cpu *cpu, uint64_t va, IrMem m, bool write)
{
    TlbBank *b = m.user ? cpu->user_bank : cpu->bank;
    uint64_t size = 1ull << m.size;
    if (!b->far || (va & 0xfff) + size > 0x1000 || (m.align && va & (size - 1)))
        return NULL;
    const FarEntry *f = entry(b, va);
    if (f->page != (va & ~0xfffull) || f->epoch != b->far_epoch || !(f->prot >> (write ? STORE : LOAD) & 1))
        return NULL;
    if (write && !page_may_write(cpu->run->engine, f->ram_page))
        return NULL;
    FarEntry found = *f;
    bank_set(b, write, found.page, found.addend, found.ram_page, found.page_bits, found.global);
    return (void *)(uintptr_t)(va + found.addend);
}

/* ---- hints: an access in a loop that found nothing under its own was in the table, mostly ---- */

/* Units of 256 cycles. */
static uint32_t clock_now(void)
{
#if defined __x86_64__
    return (uint32_t)(__builtin_ia32_rdtsc() >> 8);
#else
    return 0;
#endif
}

static bool continues(const TlbBank *b, bool write, uint64_t page, const TlbHint *h)
{
    unsigned at = (page >> 12) & (TLB_SIZE - 1);
    const TlbEntry *e = write ? &b->write[at] : &b->read[at];
    return e->page == page && e->addend == h->addend && b->note[write][at].global == h->global;
}

static void remember(TlbBank *b, bool write, unsigned at, uint32_t mem)
{
    enum { PAGES = 32 };
    unsigned number = hint_number(mem);
    TlbHint *h = &b->hint[number];
    const TlbEntry *e = write ? &b->write[at] : &b->read[at];
    uint64_t from = e->page, to = from + 4096;
    h->addend = e->addend;
    h->global = b->note[write][at].global;
    for (int k = 0; k < PAGES && continues(b, write, to, h); k++)
        to += 4096;
    for (int k = 0; k < PAGES && continues(b, write, from - 4096, h); k++)
        from -= 4096;
    if (!h->end)
        b->hints[b->hint_count++] = (uint16_t)number;
    h->start = from;
    h->end = to - from - hint_bytes(number) + 1;
    hint_note(b, h);
}

static void count_miss(TlbHint *h)
{
    enum { SOON = 32 }; /* a miss takes as long as some twenty of the usual checks */
    uint32_t now = clock_now();
    h->misses = (uint16_t)(now - h->when < SOON ? h->misses + 1 : h->misses - h->misses / 4);
    h->when = now;
}

/* One that misses too often is left to the slow path, which does away with it. */
static bool is_worn(const Cpu *cpu, uint32_t mem)
{
    return cpu->bank->hint[hint_number(mem)].misses >= HINT_MISSES;
}

static void *by_table(Cpu *cpu, uint64_t va, IrMem m, uint32_t mem, bool write)
{
    TlbBank *b = cpu->bank;
    unsigned at = (va >> 12) & (TLB_SIZE - 1), number = hint_number(mem);
    bool of_stores = number & HINT_WRITE;
    const TlbEntry *e = of_stores ? &b->write[at] : &b->read[at];
    uint64_t size = 1ull << m.size;
    if (!hint_is_for(number, write) || (m.align && va & (size - 1)))
        return NULL;
    count_miss(&b->hint[number]);
    if (va - e->page > 4096 - size)
        return NULL;
    remember(b, of_stores, at, mem);
    return (void *)(uintptr_t)(va + e->addend);
}

static uint64_t turned(uint64_t v, IrMem m)
{
    return m.big && m.size ? __builtin_bswap64(v) >> (64 - (8u << m.size)) : v;
}

bool far_load(Cpu *cpu, uint64_t addr, uint32_t mem)
{
    IrMem m = ir_mem_of(mem);
    if (is_worn(cpu, mem))
        return false;
    const void *host = by_table(cpu, addr, m, mem, false);
    V128 *v = &cpu->run->io[0];
    if (!host)
        host = refill(cpu, addr, m, false);
    if (!host)
        return false;
    uint64_t x;
    switch (m.size) {
    case 0:
        x = *(const volatile uint8_t *)host;
        break;
    case 1:
        x = *(const volatile uint16_t *)host;
        break;
    case 2:
        x = *(const volatile uint32_t *)host;
        break;
    case 3:
        x = *(const volatile uint64_t *)host;
        break;
    default:
        v->lo = ((const volatile uint64_t *)host)[0];
        v->hi = ((const volatile uint64_t *)host)[1];
        return true;
    }
    x = turned(x, m);
    unsigned above = 64 - (8u << m.size);
    v->lo = m.sign ? (uint64_t)((int64_t)(x << above) >> above) : x;
    v->hi = 0;
    return true;
}

static void write_host(void *host, const V128 *v, IrMem m)
{
    uint64_t x = m.size < 4 ? turned(v->lo, m) : v->lo;
    switch (m.size) {
    case 0:
        *(volatile uint8_t *)host = (uint8_t)x;
        break;
    case 1:
        *(volatile uint16_t *)host = (uint16_t)x;
        break;
    case 2:
        *(volatile uint32_t *)host = (uint32_t)x;
        break;
    default:
        *(volatile uint64_t *)host = x;
        if (m.size == 4)
            ((volatile uint64_t *)host)[1] = v->hi;
    }
}

uint8_t *far_page_with_code(const Engine *e, TlbBank *b, uint64_t va, unsigned size, uint32_t *ram_page)
{
    const BesideEntry *n = beside_entry(b, va);
    *ram_page = n->ram_page;
    if (n->page != (va & ~0xfffull) || n->epoch != b->far_epoch || (va & 0xfff) + size > 0x1000)
        return NULL;
    if (!(__atomic_load_n(&e->page_flags[n->ram_page], __ATOMIC_RELAXED) & PAGE_CODE))
        return NULL; /* no more: it may be in a write table again */
    return (uint8_t *)(uintptr_t)(va + n->addend);
}

/* To a page with code, but not to what units were made of. Who is about to make one of these bytes says so before,
 * waits until nobody stores here, and reads them then: page_claim. */
static bool store_beside(Cpu *cpu, uint64_t va, IrMem m)
{
    const Engine *e = cpu->run->engine;
    uint32_t size = 1u << m.size, ram_page;
    uint8_t *host = far_page_with_code(e, m.user ? cpu->user_bank : cpu->bank, va, size, &ram_page);
    if (!host || (m.align && va & (size - 1)))
        return false;
    atomic_store(&cpu->run->storing, true);
    CodePage *p = __atomic_load_n(&e->code_page[ram_page], __ATOMIC_ACQUIRE);
    uint64_t granules = p ? __atomic_load_n(&p->granules, __ATOMIC_ACQUIRE) : 0;
    bool code = granules ? granules & granules_of(va & 0xfff, size) : p && page_idle(p);
    if (!code)
        write_host(host, &cpu->run->io[1], m);
    atomic_store_explicit(&cpu->run->storing, false, memory_order_release);
    return !code;
}

bool far_store(Cpu *cpu, uint64_t addr, uint32_t mem)
{
    IrMem m = ir_mem_of(mem);
    if (is_worn(cpu, mem))
        return false;
    void *host = by_table(cpu, addr, m, mem, true);
    if (!host && store_beside(cpu, addr, m))
        return true;
    if (!host)
        host = refill(cpu, addr, m, true);
    if (!host)
        return false;
    write_host(host, &cpu->run->io[1], m);
    return true;
}
