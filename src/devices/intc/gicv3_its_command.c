/* The command queue of the ITS: ARM IHI 0069 5.3. A command that makes no sense is skipped, as an ITS without system
 * errors may do; only a queue that is not memory stalls. */
#include "base/log.h"
#include "core/machine.h"
#include "devices/intc/gicv3_its.h"

enum { COMMAND = 32, STALLED = 1, COMMANDS = 0x10, AT_ONCE = 1024 };

typedef struct Fields {
    uint32_t device, event, lpi;
    uint32_t collection;
    uint64_t cpu; /* RDbase: number of a CPU, GITS_TYPER.PTA being 0 */
    bool valid;
    const uint64_t *word;
} Fields;

static bool map_device(Its *s, const Fields *f)
{
    ItsDevice d = { f->valid, f->word[1] & 0x1f, f->word[2] };
    return d.size < ITS_ID_BITS && its_device_put(s, f->device, d);
}

static bool map_collection(Its *s, const Fields *f)
{
    return (!f->valid || f->cpu < s->gic->cpus) && its_collection_put(s, f->collection, f->valid, (uint16_t)f->cpu);
}

static bool map_event(Its *s, const Fields *f, uint32_t lpi)
{
    ItsEvent e = { true, lpi, (uint16_t)f->collection };
    return lpi >= LPI_FIRST && lpi < LPI_END && its_event_put(s, f->device, f->event, e);
}

static bool mapti(Its *s, const Fields *f)
{
    return map_event(s, f, f->lpi);
}

static bool mapi(Its *s, const Fields *f)
{
    return map_event(s, f, f->event);
}

static bool movi(Its *s, const Fields *f)
{
    ItsEvent e;
    Gicv3Cpu *from, *to;
    if (!its_event_get(s, f->device, f->event, &e) || !its_collection_get(s, f->collection, &to))
        return false;
    if (its_collection_get(s, e.collection, &from))
        gicv3_lpi_move(from, to, e.lpi);
    e.collection = (uint16_t)f->collection;
    return its_event_put(s, f->device, f->event, e);
}

static bool movall(Its *s, const Fields *f)
{
    uint64_t to = f->word[3] >> 16 & 0xffff;
    if ((f->cpu & 0xffff) >= s->gic->cpus || to >= s->gic->cpus)
        return false;
    gicv3_lpi_move_all(&s->gic->cpu[f->cpu & 0xffff], &s->gic->cpu[to]);
    return true;
}

static bool set_pending(Its *s, const Fields *f, bool pending)
{
    Gicv3Cpu *cpu;
    uint32_t lpi;
    if (!its_route(s, f->device, f->event, &cpu, &lpi))
        return false;
    gicv3_lpi_set(cpu, lpi, pending);
    return true;
}

static bool interrupt(Its *s, const Fields *f)
{
    return set_pending(s, f, true);
}

static bool clear(Its *s, const Fields *f)
{
    return set_pending(s, f, false);
}

static bool discard(Its *s, const Fields *f)
{
    return set_pending(s, f, false) && its_event_put(s, f->device, f->event, (ItsEvent){ 0 });
}

static bool inv(Its *s, const Fields *f)
{
    Gicv3Cpu *cpu;
    uint32_t lpi;
    if (!its_route(s, f->device, f->event, &cpu, &lpi))
        return false;
    gicv3_lpi_reread(s->gic, lpi);
    return true;
}

static bool invall(Its *s, const Fields *f)
{
    (void)f;
    gicv3_lpi_forget_all(s->gic);
    s->reread = true;
    return true;
}

static bool sync(Its *s, const Fields *f)
{
    (void)s, (void)f;
    return true;
}

static const struct {
    const char *name;
    bool (*run)(Its *, const Fields *);
    bool remaps;
} commands[COMMANDS] = {
    [0x01] = { "MOVI", movi, true },       [0x03] = { "INT", interrupt, false },
    [0x04] = { "CLEAR", clear, false },    [0x05] = { "SYNC", sync, false },
    [0x08] = { "MAPD", map_device, true }, [0x09] = { "MAPC", map_collection, true },
    [0x0a] = { "MAPTI", mapti, true },     [0x0b] = { "MAPI", mapi, true },
    [0x0c] = { "INV", inv, false },        [0x0d] = { "INVALL", invall, false },
    [0x0e] = { "MOVALL", movall, false },  [0x0f] = { "DISCARD", discard, true },
};

static void run(Its *s, const uint64_t *word)
{
    unsigned number = word[0] & 0xff;
    if (number >= COMMANDS || !commands[number].run) {
        log_guest("%s: there is no command 0x%02x", s->dev.id, number);
        return;
    }
    Fields f = {
        .device = (uint32_t)(word[0] >> 32),
        .event = (uint32_t)word[1],
        .lpi = (uint32_t)(word[1] >> 32),
        .collection = word[2] & 0xffff,
        .cpu = word[2] >> 16 & 0x7ffffffff,
        .valid = word[2] >> 63,
        .word = word,
    };
    if (!commands[number].run(s, &f))
        log_guest("%s: %s of device 0x%x event 0x%x collection %u failed", s->dev.id, commands[number].name, f.device,
                  f.event, f.collection);
    if (commands[number].remaps)
        its_forget_routes(s);
}

static bool runnable(Its *s)
{
    uint64_t size = ((s->cbaser & 0xff) + 1) * 4096;
    if (!(s->ctlr & 1) || !(s->cbaser >> 63) || s->creadr & STALLED || s->creadr == s->cwriter)
        return false;
    if (s->cwriter >= size)
        log_guest("%s: GITS_CWRITER is outside the queue", s->dev.id);
    return s->cwriter < size;
}

static void run_next(Its *s)
{
    uint64_t base = s->cbaser & 0xffffffffff000, size = ((s->cbaser & 0xff) + 1) * 4096;
    uint64_t word[COMMAND / 8];
    if (space_read(s->dev.dma, base + s->creadr, word, sizeof word)) {
        run(s, word);
        s->creadr = (s->creadr + COMMAND) % size;
    } else {
        log_guest("%s: the command queue is not in memory", s->dev.id);
        s->creadr |= STALLED;
    }
}

static void run_posted(void *dev, uint64_t data)
{
    (void)data;
    Its *s = dev;
    s->posted = false;
    its_run_commands(s);
}

/* So many at once that a full queue of the slowest commands does not keep the machine lock for long. */
void its_run_commands(Its *s)
{
    for (int i = 0; i < AT_ONCE && runnable(s); i++)
        run_next(s);
    if (s->reread)
        gicv3_lpi_reread_all(s->gic);
    s->reread = false;
    its_continue(s);
}

void its_continue(Its *s)
{
    if (s->posted || !runnable(s))
        return;
    s->posted = true;
    machine_post(s->dev.machine, run_posted, s, 0);
}
