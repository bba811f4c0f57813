#include "core/space.h"
#include "devices/intc/gicv3_its.h"

#include <string.h>

static const uint64_t VALID = 1ull << 63, INDIRECT = 1ull << 62, ADDRESS = 0xffffffffff000,
                      ITT_ADDRESS = 0xfffffffffff00;

static uint64_t page_size(uint64_t baser)
{
    static const uint32_t sizes[4] = { 4096, 16384, 65536, 65536 };
    return sizes[baser >> 8 & 3];
}

/* With 64 KiB pages, bits 15 to 12 of the field are bits 51 to 48 of the address (GITS_BASER). */
static uint64_t base_address(uint64_t baser)
{
    if (page_size(baser) < 65536)
        return baser & 0xfffffffff000;
    return (baser & 0xffffffff0000) | (baser >> 12 & 15) << 48;
}

static bool get(Its *s, uint64_t at, uint64_t *entry)
{
    return space_read(s->dev.dma, at, entry, sizeof *entry);
}

static bool put(Its *s, uint64_t at, uint64_t entry)
{
    return space_write(s->dev.dma, at, &entry, sizeof entry);
}

/* Where the entry of a flat or two-level table is. */
static bool entry_at(Its *s, int table, uint32_t id, uint64_t *at)
{
    uint64_t baser = s->baser[table], page = page_size(baser), per_page = page / ITS_ENTRY;
    uint64_t size = ((baser & 0xff) + 1) * page, base = base_address(baser);
    if (!(baser & VALID) || id >= 1u << ITS_ID_BITS)
        return false;
    if (!(baser & INDIRECT)) {
        *at = base + (uint64_t)id * ITS_ENTRY;
        return (uint64_t)id * ITS_ENTRY < size;
    }
    uint64_t first = id / per_page * ITS_ENTRY, pointer;
    if (first >= size || !get(s, base + first, &pointer) || !(pointer & VALID))
        return false;
    *at = (pointer & ADDRESS & ~(page - 1)) + id % per_page * ITS_ENTRY;
    return true;
}

/* Valid, the address of the events' table as the command gives it, their bits minus 1. */
bool its_device_get(Its *s, uint32_t device, ItsDevice *d)
{
    uint64_t at, entry;
    if (!entry_at(s, ITS_TABLE_DEVICES, device, &at) || !get(s, at, &entry))
        return false;
    *d = (ItsDevice){ entry & VALID, entry & 0x1f, entry & ITT_ADDRESS };
    return d->valid && d->size < ITS_ID_BITS;
}

bool its_device_put(Its *s, uint32_t device, ItsDevice d)
{
    uint64_t at;
    return entry_at(s, ITS_TABLE_DEVICES, device, &at) &&
           put(s, at, d.valid ? VALID | (d.table & ITT_ADDRESS) | d.size : 0);
}

static bool event_at(Its *s, uint32_t device, uint32_t event, uint64_t *at)
{
    ItsDevice d;
    if (!its_device_get(s, device, &d) || event >= 2u << d.size)
        return false;
    *at = d.table + (uint64_t)event * ITS_ENTRY;
    return true;
}

/* Valid, collection from bit 32, LPI from bit 0. */
bool its_event_get(Its *s, uint32_t device, uint32_t event, ItsEvent *e)
{
    uint64_t at, entry;
    if (!event_at(s, device, event, &at) || !get(s, at, &entry))
        return false;
    *e = (ItsEvent){ entry & VALID, (uint32_t)entry, entry >> 32 & 0xffff };
    return e->valid;
}

bool its_event_put(Its *s, uint32_t device, uint32_t event, ItsEvent e)
{
    uint64_t at;
    return event_at(s, device, event, &at) && put(s, at, e.valid ? VALID | (uint64_t)e.collection << 32 | e.lpi : 0);
}

/* Valid, the CPU's number from bit 0. */
bool its_collection_get(Its *s, uint32_t collection, Gicv3Cpu **cpu)
{
    uint64_t at, entry;
    if (!entry_at(s, ITS_TABLE_COLLECTIONS, collection, &at) || !get(s, at, &entry) || !(entry & VALID))
        return false;
    *cpu = &s->gic->cpu[entry % GICV3_CPUS];
    return (entry & 0xffff) < s->gic->cpus;
}

bool its_collection_put(Its *s, uint32_t collection, bool valid, uint16_t cpu)
{
    uint64_t at;
    return entry_at(s, ITS_TABLE_COLLECTIONS, collection, &at) && put(s, at, valid ? VALID | cpu : 0);
}

bool its_route(Its *s, uint32_t device, uint32_t event, Gicv3Cpu **cpu, uint32_t *lpi)
{
    ItsRoute *r = &s->cache[(device * 31 + event) % ITS_CACHE];
    if (r->known && r->device == device && r->event == event) {
        *cpu = &s->gic->cpu[r->cpu];
        *lpi = r->lpi;
        return true;
    }
    ItsEvent e;
    if (!its_event_get(s, device, event, &e) || !its_collection_get(s, e.collection, cpu))
        return false;
    *lpi = e.lpi;
    *r = (ItsRoute){ true, device, event, e.lpi, (uint16_t)(*cpu)->number };
    return true;
}

void its_forget_routes(Its *s)
{
    memset(s->cache, 0, sizeof s->cache);
}
