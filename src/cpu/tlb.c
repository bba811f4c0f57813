/* Accesses that generated code could not do by itself, and those of C code: walk, fill the TLB, reach memory or a
 * device, or raise the guest's fault. */
#include "cpu/tlb.h"

#include "base/alloc.h"
#include "base/log.h"
#include "core/machine.h"
#include "core/requester.h"
#include "cpu/mem.h"

#include <string.h>

void tlb_precise(Cpu *cpu)
{
    if (cpu->run->ret)
        cache_point(cpu->run->engine, cpu->run->ret, pc_of(cpu));
}

static void log_walk(Cpu *cpu, uint64_t va, Access a, const Walk *w)
{
    static const char *const name[] = { "fetch", "load", "store" };
    log_line("cpu %d: %s %016llx -> %s %llx, page of 2^%u, prot %x%s", cpu->run->number, name[a],
             (unsigned long long)va, w->fault ? "fault" : "phys", (unsigned long long)(w->fault ? w->fault : w->phys),
             w->page_bits, w->prot, w->global ? ", global" : "");
}

/* The page that va is in: permission checked, TLB filled where that is allowed. */
static bool locate(Cpu *cpu, uint64_t va, Access access, bool user, Spot *s, bool aligned)
{
    CpuRun *run = cpu->run;
    const Guest *g = run->guest;
    TlbBank *b = user ? cpu->user_bank : cpu->bank;
    Walk w = { 0 };
    g->walk(cpu, va, access, b->key.regime, &w);
    if (log_on(LOG_MMU))
        log_walk(cpu, va, access, &w);
    if (w.fault) {
        tlb_precise(cpu);
        g->fault(cpu, va, access, &w, user);
        return false;
    }
    if (w.device && !aligned) {
        tlb_precise(cpu);
        g->misaligned(cpu, va, access);
        return false;
    }
    Flat f;
    *s = (Spot){ .phys = w.phys,
                 .ram_page = ~0u,
                 .page_bits = w.page_bits,
                 .global = w.global,
                 .user = user,
                 .watched = debug_watches_page(cpu, va, w.phys) };
    if (!space_flat(space_of(cpu), w.phys, &f)) {
        tlb_precise(cpu);
        log_guest("cpu %d: nothing at physical address %llx (pc %llx)", run->number, (unsigned long long)w.phys,
                  (unsigned long long)*pc_of(cpu));
        g->bus_error(cpu, va, access, w.phys);
        return false;
    }
    const Region *r = f.region;
    if (!r->ram)
        return true;
    if (access == STORE && r->readonly)
        return true; /* flash: its window sees the store */
    uint64_t offset = w.phys - f.at + f.offset;
    s->host = r->ram + offset;
    s->ram_page = (uint32_t)(r->page + (offset >> 12));
    s->region = r;
    if (w.page_bits < 12 || w.device || s->watched)
        return true;
    if (b->conflicts == FAR_CONFLICTS && !b->far)
        b->far = xalloc(FAR_SIZE * sizeof *b->far);
    uint64_t page = va & ~0xfffull, addend = (uint64_t)(uintptr_t)s->host - va;
    if (access == LOAD) {
        bank_set(b, false, page, addend, s->ram_page, w.page_bits, w.global);
    } else if (access == STORE && !w.dirty_pending) {
        if (page_may_write(run->engine, s->ram_page)) {
            bank_set(b, true, page, addend, s->ram_page, w.page_bits, w.global);
        } else if (!run->engine->lockstep) {
            bank_note_big(b, page, w.page_bits);
            far_beside(b, page, addend, s->ram_page);
        }
    }
    return true;
}

static void device_fault(Cpu *cpu, uint64_t va, Access access, const Spot *s)
{
    tlb_precise(cpu);
    cpu->run->guest->bus_error(cpu, va, access, s->phys);
}

/* A device access, under the machine lock. */
static bool device_access(Cpu *cpu, uint64_t va, Access access, int size, const Spot *s, uint64_t *value)
{
    Machine *m = cpu->dev.machine;
    bool ok = true, lockstep = cpu->run->engine->lockstep;
    if (lockstep && lockstep_device(cpu, access, s->phys, size, value, &ok)) {
        if (!ok)
            device_fault(cpu, va, access, s);
        return ok;
    }
    DebugDevice known = debug_device(cpu, access == STORE, s->phys, size, value);
    if (known != DEVICE_ASK) {
        if (known == DEVICE_LATER)
            tlb_precise(cpu);
        return known == DEVICE_KNOWN;
    }
    requester_cpu = cpu->run->number;
    machine_lock(m);
    if (access == STORE)
        ok = space_store(space_of(cpu), s->phys, *value, size);
    else
        *value = space_load(space_of(cpu), s->phys, size, &ok);
    machine_unlock(m);
    requester_cpu = 0;
    if (lockstep)
        lockstep_device_done(cpu, access, s->phys, size, *value, ok);
    debug_device_said(cpu, access == STORE, s->phys, size, *value);
    if (!ok)
        device_fault(cpu, va, access, s);
    return ok;
}

static bool refused(Cpu *cpu, uint64_t va, const Spot *s, int size, unsigned kinds)
{
    if (!s->watched)
        return false;
    tlb_precise(cpu);
    return debug_refuses(cpu, va, s->phys, size, kinds, s->user);
}

static unsigned kind_of(Access access)
{
    return access == STORE ? DEBUG_WRITE : DEBUG_READ;
}

void tlb_wrote(Cpu *cpu, const Spot *s, int size)
{
    Engine *e = cpu->run->engine;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the write comes before the look */
    if (__atomic_load_n(&e->page_flags[s->ram_page], __ATOMIC_SEQ_CST) & PAGE_CODE)
        page_written(e, s->ram_page, s->phys & 0xfff, (uint32_t)size);
}

/* To what follows in the unit that runs: it would go on with what was there before. Translated code is here for
 * the first time then, and next time the unit ends behind the store. */
static bool changes_itself(Cpu *cpu, const Spot *s, int size)
{
    Engine *e = cpu->run->engine;
    const CodePage *p;
    if (!cpu->run->ret || !cpu->run->guest->sees_own_stores || e->lockstep ||
        !(__atomic_load_n(&e->page_flags[s->ram_page], __ATOMIC_RELAXED) & PAGE_CODE))
        return false;
    p = __atomic_load_n(&e->code_page[s->ram_page], __ATOMIC_ACQUIRE);
    uint32_t at = s->phys & 0xfff;
    if (!p || !(__atomic_load_n(&p->granules, __ATOMIC_RELAXED) & granules_of(at, (uint32_t)size)) ||
        !cache_changes_itself(e, cpu->run->ret, s->ram_page, at, (uint32_t)size))
        return false;
    tlb_precise(cpu);
    cpu->budget += e->counting != NULL; /* it was charged for */
    return true;
}

/* A page with code that was stored to before needs no walk, and is not watched. */
static bool is_beside_code(Cpu *cpu, uint64_t va, int size, bool user, Spot *s)
{
    *s = (Spot){ .phys = va & 0xfff };
    s->host = far_page_with_code(cpu->run->engine, user ? cpu->user_bank : cpu->bank, va, (unsigned)size, &s->ram_page);
    return s->host;
}

static bool one_page(Cpu *cpu, uint64_t va, Access access, int size, bool user, V128 *value, bool aligned)
{
    Spot s;
    if (!(access == STORE && is_beside_code(cpu, va, size, user, &s)) &&
        (!locate(cpu, va, access, user, &s, aligned) || refused(cpu, va, &s, size, kind_of(access))))
        return false;
    if (!s.host) {
        if (size == 16)
            return device_access(cpu, va, access, 8, &s, &value->lo) &&
                   (s.phys += 8, device_access(cpu, va + 8, access, 8, &s, &value->hi));
        return device_access(cpu, va, access, size, &s, &value->lo);
    }
    if (access == LOAD) {
        *value = (V128){ 0, 0 };
        switch (size) {
        case 1:
            value->lo = *(volatile uint8_t *)s.host;
            break;
        case 2:
            value->lo = *(volatile uint16_t *)(void *)s.host;
            break;
        case 4:
            value->lo = *(volatile uint32_t *)(void *)s.host;
            break;
        case 8:
            value->lo = *(volatile uint64_t *)(void *)s.host;
            break;
        default:
            memcpy(value, s.host, (size_t)size);
        }
        return true;
    }
    if (changes_itself(cpu, &s, size))
        return false;
    about_to_write(cpu, s.host, size);
    switch (size) {
    case 1:
        *(volatile uint8_t *)s.host = (uint8_t)value->lo;
        break;
    case 2:
        *(volatile uint16_t *)(void *)s.host = (uint16_t)value->lo;
        break;
    case 4:
        *(volatile uint32_t *)(void *)s.host = (uint32_t)value->lo;
        break;
    case 8:
        *(volatile uint64_t *)(void *)s.host = value->lo;
        break;
    default:
        memcpy(s.host, value, (size_t)size);
    }
    tlb_wrote(cpu, &s, size);
    return true;
}

/* Over a page boundary: both pages are asked before the first byte moves. */
static bool two_pages(Cpu *cpu, uint64_t va, Access access, int size, bool user, V128 *value)
{
    int first = (int)(0x1000 - (va & 0xfff));
    Spot s[2];
    if (!locate(cpu, va, access, user, &s[0], false) || !locate(cpu, va + (uint64_t)first, access, user, &s[1], false))
        return false;
    if (refused(cpu, va, &s[0], first, kind_of(access)) ||
        refused(cpu, va + (uint64_t)first, &s[1], size - first, kind_of(access)))
        return false;
    if (access == STORE &&
        ((s[0].host && changes_itself(cpu, &s[0], first)) || (s[1].host && changes_itself(cpu, &s[1], size - first))))
        return false;
    uint8_t bytes[16];
    memcpy(bytes, value, 16);
    for (int k = 0; k < size; k++) {
        Spot *at = &s[k >= first];
        uint64_t in = (uint64_t)(k >= first ? k - first : k), one = bytes[k];
        if (!at->host) {
            Spot there = { .phys = at->phys + in };
            if (!device_access(cpu, va + (uint64_t)k, access, 1, &there, &one))
                return false;
            bytes[k] = (uint8_t)one;
        } else if (access == LOAD) {
            bytes[k] = at->host[in];
        } else {
            about_to_write(cpu, at->host + in, 1);
            at->host[in] = bytes[k];
            if (k == first - 1 || k == size - 1)
                tlb_wrote(cpu, at, k >= first ? size - first : first);
        }
    }
    if (access == LOAD) {
        memset(bytes + size, 0, (size_t)(16 - size));
        memcpy(value, bytes, 16);
    }
    return true;
}

static bool access_any(Cpu *cpu, uint64_t va, Access access, int size, bool user, V128 *value)
{
    if ((va & 0xfff) + (uint64_t)size > 0x1000)
        return two_pages(cpu, va, access, size, user, value);
    return one_page(cpu, va, access, size, user, value, !(va & (uint64_t)(size - 1)));
}

/* ---- for C code ---- */

static uint8_t *quick(Cpu *cpu, uint64_t va, int size, bool write, bool user)
{
    TlbBank *b = user ? cpu->user_bank : cpu->bank;
    unsigned at = (va >> 12) & (TLB_SIZE - 1);
    TlbEntry *e = write ? &b->write[at] : &b->read[at];
    return va - e->page <= 4096u - (unsigned)size ? (uint8_t *)(uintptr_t)(va + e->addend) : NULL;
}

bool mem_load(Cpu *cpu, uint64_t va, int size, bool user, V128 *value)
{
    uint8_t *host = quick(cpu, va, size, false, user);
    if (!host)
        return access_any(cpu, va, LOAD, size, user, value);
    *value = (V128){ 0, 0 };
    memcpy(value, host, (size_t)size);
    return true;
}

bool mem_store(Cpu *cpu, uint64_t va, int size, bool user, V128 value)
{
    uint8_t *host = quick(cpu, va, size, true, user);
    if (!host)
        return access_any(cpu, va, STORE, size, user, &value);
    about_to_write(cpu, host, size);
    memcpy(host, &value, (size_t)size);
    return true;
}

bool mem_probe(Cpu *cpu, uint64_t va, int size, Access access, bool user)
{
    Spot s;
    int first = (int)(0x1000 - (va & 0xfff));
    if (!locate(cpu, va, access, user, &s, true) || refused(cpu, va, &s, first < size ? first : size, kind_of(access)))
        return false;
    return first >= size || (locate(cpu, va + (uint64_t)first, access, user, &s, true) &&
                             !refused(cpu, va + (uint64_t)first, &s, size - first, kind_of(access)));
}

void *tlb_host(Cpu *cpu, uint64_t va, int size, bool user, Spot *s, bool *ok)
{
    uint8_t *host = quick(cpu, va, size, true, user);
    *s = (Spot){ 0 };
    *ok = true;
    if (!host) {
        *ok = locate(cpu, va, STORE, user, s, true) && !refused(cpu, va, s, size, DEBUG_ACCESS);
        host = *ok && (va & 0xfff) + (uint64_t)size <= 0x1000 ? s->host : NULL;
        *ok = *ok && !(host && changes_itself(cpu, s, size));
    }
    if (host)
        about_to_write(cpu, host, size);
    return host;
}

/* ---- for generated code ---- */

static bool misaligned(Cpu *cpu, uint64_t va, IrMem m, Access access)
{
    int size = 1 << m.size;
    if (!m.align || !(va & (uint64_t)(size - 1)))
        return false;
    if (m.align == ALIGN_16_ATOMIC && (va & 15) + (uint64_t)size <= 16)
        return false;
    tlb_precise(cpu);
    cpu->run->guest->misaligned(cpu, va, access);
    return true;
}

static uint64_t swap(uint64_t v, int size)
{
    return __builtin_bswap64(v) >> (64 - 8 * size);
}

static bool load(Cpu *cpu, uint64_t va, IrMem m)
{
    int size = 1 << m.size;
    V128 *v = &cpu->run->io[0];
    if (misaligned(cpu, va, m, LOAD) || !access_any(cpu, va, LOAD, size, m.user, v))
        return false;
    if (m.big && size > 1 && size <= 8)
        v->lo = swap(v->lo, size);
    if (m.sign && size < 8)
        v->lo = sign_extend(v->lo, size);
    return true;
}

static bool store(Cpu *cpu, uint64_t va, IrMem m)
{
    int size = 1 << m.size;
    V128 v = cpu->run->io[1];
    if (m.big && size > 1 && size <= 8)
        v.lo = swap(v.lo, size);
    return !misaligned(cpu, va, m, STORE) && access_any(cpu, va, STORE, size, m.user, &v);
}

static bool rmw(Cpu *cpu, uint64_t va, IrMem m)
{
    return mem_rmw(cpu, va, 1 << m.size, (IrRmw)m.rmw, cpu->run->io[1].lo, m.user, &cpu->run->io[0].lo);
}

static bool cas(Cpu *cpu, uint64_t va, IrMem m)
{
    return mem_cas(cpu, va, 1 << m.size, cpu->run->io[1], cpu->run->io[2], m.user, &cpu->run->io[0]);
}

static uint32_t slow(Cpu *cpu, uint64_t va, uint32_t mem, const void *ret, bool (*access)(Cpu *, uint64_t, IrMem))
{
    TlbHint *h = &cpu->bank->hint[hint_number(mem)];
    if (h->misses >= HINT_MISSES) {
        h->misses = 0;
        cache_no_hint(cpu->run->engine, ret);
    }
    cpu->run->ret = ret;
    bool ok = access(cpu, va, ir_mem_of(mem));
    cpu->run->ret = NULL;
    return ok ? SLOW_DONE : SLOW_FAULT;
}

uint32_t slow_load(Cpu *cpu, uint64_t va, uint32_t mem, const void *ret)
{
    return slow(cpu, va, mem, ret, load);
}

uint32_t slow_store(Cpu *cpu, uint64_t va, uint32_t mem, const void *ret)
{
    return slow(cpu, va, mem, ret, store);
}

uint32_t slow_rmw(Cpu *cpu, uint64_t va, uint32_t mem, const void *ret)
{
    return slow(cpu, va, mem, ret, rmw);
}

uint32_t slow_cas(Cpu *cpu, uint64_t va, uint32_t mem, const void *ret)
{
    return slow(cpu, va, mem, ret, cas);
}

/* ---- fetching ---- */

bool fetch_page(Cpu *cpu, uint64_t pc, Fetched *f)
{
    TlbBank *b = cpu->bank;
    const FetchEntry *e = &b->fetch[(pc >> 12) & (FETCHES - 1)];
    if (e->page == (pc & ~0xfffull) + 1 && !(pc & ((1u << cpu->run->guest->pc_shift) - 1))) {
        *f = (Fetched){ e->ram_page, e->bytes };
        return true;
    }
    Spot s;
    if (!locate(cpu, pc, FETCH, false, &s, true))
        return false;
    if (!s.host) {
        *f = (Fetched){ ~0u, NULL };
        return true;
    }
    *f = (Fetched){ s.ram_page, s.host - (pc & 0xfff) };
    bank_set_fetch(b, pc, s.ram_page, f->page_bytes, s.global && s.page_bits >= 12);
    bank_note_big(b, pc & ~0xfffull, s.page_bits);
    return true;
}
