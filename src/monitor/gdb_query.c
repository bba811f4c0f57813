/* q and Q packets: what the two sides can do, threads, documents, searching memory, the monitor, and QEMU's own. */
#include "monitor/gdb_session.h"

#include "base/alloc.h"
#include "cpu/inspect.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool offered(const char *list, const char *feature)
{
    size_t len = strlen(feature);
    for (const char *at = list; (at = strstr(at, feature)); at += len)
        if ((at == list || at[-1] == ';' || at[-1] == ':') && at[len] == '+')
            return true;
    return false;
}

static void supported(Gdb *g, const char *at)
{
    g->multiprocess = offered(at, "multiprocess");
    g->swbreak = offered(at, "swbreak");
    g->hwbreak = offered(at, "hwbreak");
    gdb_say(g,
            "PacketSize=%x;qXfer:features:read+;qXfer:memory-map:read+;QStartNoAckMode+;vContSupported+;"
            "multiprocess+;swbreak+;hwbreak+",
            (unsigned)GDB_PACKET);
}

static void no_ack(Gdb *g, const char *at)
{
    (void)at;
    g->link.no_ack = true;
    gdb_say(g, "OK");
}

static void well(Gdb *g, const char *at)
{
    (void)at;
    gdb_say(g, "OK");
}

static void attached(Gdb *g, const char *at)
{
    (void)at;
    gdb_say(g, "1"); /* the machine was there before gdb: quitting gdb leaves it running */
}

/* ---- threads ---- */

static void current(Gdb *g, const char *at)
{
    (void)at;
    gdb_say(g, "QC");
    gdb_add_thread(g, g->cpu);
}

static void first_threads(Gdb *g, const char *at)
{
    (void)at;
    for (int k = 0; k < g->machine->config->cpus; k++) {
        gdb_say(g, "%c", k ? ',' : 'm');
        gdb_add_thread(g, k);
    }
}

static void no_more_threads(Gdb *g, const char *at)
{
    (void)at;
    gdb_say(g, "l");
}

static void about_thread(Gdb *g, const char *at)
{
    int k;
    Out o = { 0 };
    if (!gdb_thread(&at, &k) || k < 0 || k >= g->machine->config->cpus) {
        gdb_say(g, "E16");
        return;
    }
    Cpu *cpu = g->machine->cpu[k];
    out(&o, "CPU#%d %s [%s]", k, cpu->dev.type->name, cpu_powered(cpu) ? "on" : "off");
    gdb_add_hex(g, o.text, o.len);
    out_free(&o);
}

/* ---- documents ---- "OFFSET,LENGTH" */

static void part_of(Gdb *g, const char *text, const char *at)
{
    uint64_t from, len, all = strlen(text);
    if (!gdb_number(&at, &from) || *at++ != ',' || !gdb_number(&at, &len) || from > all) {
        gdb_say(g, "E16");
        return;
    }
    len = len < GDB_PACKET / 2 ? len : GDB_PACKET / 2; /* every byte may be escaped */
    bool rest = all - from <= len;
    gdb_say(g, "%c", rest ? 'l' : 'm');
    gdb_add(g, text + from, rest ? all - from : len);
}

static void features(Gdb *g, const char *at)
{
    part_of(g, gdb_target_xml(g), at);
}

static void memory_map(Gdb *g, const char *at)
{
    part_of(g, gdb_memory_xml(g), at);
}

static void no_document(Gdb *g, const char *at)
{
    (void)at;
    gdb_say(g, "E00"); /* an annex that is not there */
}

/* ---- "ADDRESS;LENGTH;PATTERN", binary ---- */

enum { SEARCH_PIECE = 1 << 16 };

static bool search(Gdb *g, uint64_t from, uint64_t len, const char *pattern, size_t size, uint64_t *found)
{
    Cpu *cpu = g->machine->cpu[g->cpu];
    uint8_t *piece = xalloc(SEARCH_PIECE + GDB_PACKET);
    bool hit = false;
    for (uint64_t done = 0; !hit && len - done >= size;) {
        uint64_t n = len - done < SEARCH_PIECE + size - 1 ? len - done : SEARCH_PIECE + size - 1;
        if (!inspect_read(cpu, from + done, g->phys, piece, n))
            break;
        const uint8_t *at = memmem(piece, n, pattern, size);
        hit = at;
        *found = hit ? from + done + (uint64_t)(at - piece) : 0;
        done += n - (size - 1);
    }
    free(piece);
    return hit;
}

static void search_memory(Gdb *g, const char *at)
{
    uint64_t from, len, found;
    const char *end = g->link.in + g->link.in_len;
    bool good = gdb_number(&at, &from) && *at++ == ';' && gdb_number(&at, &len) && *at++ == ';' && at < end;
    if (!good || len > 1ull << 32)
        gdb_say(g, "E16");
    else if (search(g, from, len, at, (size_t)(end - at), &found))
        gdb_say(g, "1,%llx", (unsigned long long)found);
    else
        gdb_say(g, "0");
}

/* ---- "ADDRESS,LENGTH": CRC 32 with polynomial 04c11db7, high bits first, for compare-sections ---- */

static uint32_t crc_of(uint32_t crc, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        crc ^= (uint32_t)bytes[i] << 24;
        for (int bit = 0; bit < 8; bit++)
            crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7 : 0);
    }
    return crc;
}

static void checksum(Gdb *g, const char *at)
{
    static uint8_t piece[SEARCH_PIECE];
    uint64_t from, len;
    uint32_t crc = ~0u;
    bool good = gdb_number(&at, &from) && *at++ == ',' && gdb_number(&at, &len) && len <= 1 << 30;
    for (size_t n; good && len; from += n, len -= n) {
        n = len < sizeof piece ? len : sizeof piece;
        good = inspect_read(g->machine->cpu[g->cpu], from, g->phys, piece, n);
        crc = crc_of(crc, piece, n);
    }
    if (good)
        gdb_say(g, "C%08x", crc);
    else
        gdb_say(g, "E01");
}

/* ---- gdb's `monitor` ---- */

static void command(Gdb *g, const char *at)
{
    enum { LINE = 4096 };
    char line[LINE];
    size_t len = strlen(at) / 2;
    Out o = { 0 };
    if (len >= LINE || strlen(at) % 2 || !gdb_unhex(at, line, len)) {
        gdb_say(g, "E16");
        return;
    }
    line[len] = 0;
    monitor_line(g->monitors, line, &o);
    /* gdb shows what comes in an O packet at once; the answer itself has to fit into one. */
    size_t done = 0;
    for (; o.len - done > GDB_PACKET / 4; done += GDB_PACKET / 4) {
        gdb_say(g, "O");
        gdb_add_hex(g, o.text + done, GDB_PACKET / 4);
        gdb_send(g);
    }
    if (o.len)
        gdb_add_hex(g, o.text + done, o.len - done);
    else
        gdb_say(g, "OK");
    out_free(&o);
}

/* ---- QEMU's ---- */

static void qemu_supported(Gdb *g, const char *at)
{
    (void)at;
    gdb_say(g, "sstepbits;sstep;PhyMemMode");
}

static void sstep_bits(Gdb *g, const char *at)
{
    (void)at;
    gdb_say(g, "ENABLE=%x,NOIRQ=%x,NOTIMER=%x", SSTEP_ENABLE, SSTEP_NO_IRQ, SSTEP_NO_TIMER);
}

static void sstep(Gdb *g, const char *at)
{
    (void)at;
    gdb_say(g, "0x%x", g->sstep);
}

static void set_sstep(Gdb *g, const char *at)
{
    uint64_t flags;
    if (!gdb_number(&at, &flags) || flags & ~(uint64_t)(SSTEP_ENABLE | SSTEP_NO_IRQ | SSTEP_NO_TIMER)) {
        gdb_say(g, "E16");
        return;
    }
    g->sstep = (unsigned)flags;
    gdb_say(g, "OK");
}

static void phys_mode(Gdb *g, const char *at)
{
    (void)at;
    gdb_say(g, "%d", g->phys);
}

static void set_phys_mode(Gdb *g, const char *at)
{
    uint64_t on;
    if (!gdb_number(&at, &on) || on > 1) {
        gdb_say(g, "E16");
        return;
    }
    g->phys = on;
    gdb_say(g, "OK");
}

/* A packet is the first row it begins with; a name that ends in a letter is a whole word. */
static const struct Query {
    const char *name;
    void (*run)(Gdb *, const char *at);
} queries[] = {
    { "QStartNoAckMode", no_ack },
    { "Qqemu.PhyMemMode:", set_phys_mode },
    { "Qqemu.sstep=", set_sstep },
    { "qAttached", attached },
    { "qC", current },
    { "qCRC:", checksum },
    { "qRcmd,", command },
    { "qSearch:memory:", search_memory },
    { "qSupported", supported },
    { "qSymbol:", well }, /* no symbol is asked for */
    { "qThreadExtraInfo,", about_thread },
    { "qXfer:features:read:target.xml:", features },
    { "qXfer:features:read:", no_document },
    { "qXfer:memory-map:read::", memory_map },
    { "qfThreadInfo", first_threads },
    { "qqemu.PhyMemMode", phys_mode },
    { "qqemu.Supported", qemu_supported },
    { "qqemu.sstepbits", sstep_bits },
    { "qqemu.sstep", sstep },
    { "qsThreadInfo", no_more_threads },
};

static bool matches(const char *name, const char *text)
{
    size_t len = strlen(name);
    return !strncmp(name, text, len) && !(isalnum((unsigned char)name[len - 1]) && isalnum((unsigned char)text[len]));
}

void gdb_query(Gdb *g, const char *text)
{
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        if (matches(queries[i].name, text)) {
            queries[i].run(g, text + strlen(queries[i].name));
            return;
        }
}
