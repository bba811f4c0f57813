/* The guest's memory, as a CPU sees it or by physical address. */
#include "cpu/inspect.h"
#include "cpu/report.h"
#include "monitor/command.h"
#include "monitor/register.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- formats: COUNT, a letter for how, a letter for how large ---- */

typedef struct Format {
    int64_t count;
    char how; /* x d u o c i */
    int size; /* bytes */
} Format;

enum { MOST = 1 << 20, SIZES = 8 };

static bool parse_format(const char *text, Format *f, Error *err)
{
    *f = (Format){ 1, 'x', 0 };
    char *end = (char *)(uintptr_t)text;
    if (text && isdigit((unsigned char)*text))
        f->count = strtoll(text, &end, 10);
    for (; end && *end; end++) {
        const char *size = strchr("bhwg", *end);
        if (size)
            f->size = 1 << (size - "bhwg");
        else if (strchr("xduoci", *end))
            f->how = *end;
        else
            return error_set(err, "/%s: expected a count, one of x d u o c i and one of b h w g, such as /8xg", text);
    }
    if (f->count > MOST || f->count < 0)
        return error_set(err, "/%s: at most %d at once", text, MOST);
    if (!f->size)
        f->size = f->how == 'c' ? 1 : 4;
    return true;
}

static void print_char(uint64_t value, Out *o)
{
    static const char names[] = "\\\\\nn\rr\tt''";
    uint8_t c = (uint8_t)value;
    for (const char *n = names; *n; n += 2)
        if (*n == (char)c) {
            out(o, "'\\%c'", n[1]);
            return;
        }
    out(o, c >= ' ' && c < 127 ? "'%c'" : "'\\x%02x'", c);
}

/* Octal digits, decimal digits with a sign, of a number of so many bytes. */
static const int octal[SIZES + 1] = { [1] = 3, [2] = 6, [4] = 11, [8] = 22 };
static const int decimal[SIZES + 1] = { [1] = 4, [2] = 6, [4] = 11, [8] = 20 };

static void print_value(const Format *f, uint64_t value, bool aligned, Out *o)
{
    int64_t sign = (int64_t)(value << (64 - f->size * 8)) >> (64 - f->size * 8);
    int digits = f->size;
    switch (f->how) {
    case 'c':
        print_char(value, o);
        return;
    case 'd':
        out(o, "%*" PRId64, aligned ? decimal[digits] : 0, sign);
        return;
    case 'u':
        out(o, "%*" PRIu64, aligned ? decimal[digits] : 0, value);
        return;
    case 'o':
        out(o, "0%0*" PRIo64, aligned ? octal[digits] : 0, value);
        return;
    default:
        out(o, "0x%0*" PRIx64, aligned ? digits * 2 : 0, value);
    }
}

/* ---- x and xp ---- */

static bool unreadable(Ask *a, bool phys, uint64_t at)
{
    return ask_fail(a, "there is no memory at %s address 0x%" PRIx64, phys ? "physical" : "virtual", at);
}

static bool dump_values(Ask *a, Cpu *cpu, const Format *f, uint64_t at, bool phys, Out *o)
{
    int line = f->how == 'c' || f->size == 1 ? 8 : 16 / f->size;
    for (int64_t i = 0; i < f->count; i++, at += (uint64_t)f->size) {
        uint64_t value = 0;
        if (!inspect_read(cpu, at, phys, &value, (size_t)f->size))
            return unreadable(a, phys, at);
        if (i % line == 0)
            out(o, "%s%016" PRIx64 ":", i ? "\n" : "", at);
        out(o, " ");
        print_value(f, value, true, o);
    }
    out(o, "\n");
    return true;
}

static bool dump_code(Ask *a, Cpu *cpu, const Format *f, uint64_t at, bool phys, Out *o)
{
    for (int64_t left = f->count; left; left--) {
        uint8_t code[16];
        size_t have = sizeof code;
        while (have && !inspect_read(cpu, at, phys, code, have))
            have /= 2; /* up to the end of what is there */
        size_t used = report_instructions(cpu, code, have, at, 1, o);
        if (!used)
            return unreadable(a, phys, at);
        at += used;
    }
    return true;
}

static bool dump(Ask *a, bool phys, Out *o)
{
    Format f;
    Cpu *cpu = asked_cpu(a, a->err);
    if (!cpu || !parse_format(ask_text(a, "fmt"), &f, a->err))
        return false;
    uint64_t at = (uint64_t)ask_int(a, "addr", 0);
    return f.how == 'i' ? dump_code(a, cpu, &f, at, phys, o) : dump_values(a, cpu, &f, at, phys, o);
}

static bool x(Ask *a, Out *o)
{
    return dump(a, false, o);
}

static bool xp(Ask *a, Out *o)
{
    return dump(a, true, o);
}

static bool print(Ask *a, Out *o)
{
    Format f;
    if (!parse_format(ask_text(a, "fmt"), &f, a->err))
        return false;
    f.size = 8;
    print_value(&f, (uint64_t)ask_int(a, "val", 0), false, o);
    out(o, "\n");
    return true;
}

/* ---- I/O ports ---- */

/* A byte unless the format says more; no machine takes 8 at once. */
static bool port_format(Ask *a, Format *f)
{
    const char *text = ask_text(a, "fmt");
    bool sized = text && strpbrk(text, "bhwg");
    if (!parse_format(text, f, a->err))
        return false;
    f->size = sized ? f->size : 1;
    return f->size <= 4 || ask_fail(a, "ports are read and written by 1, 2 or 4 bytes: /b, /h, /w");
}

static bool no_port(Ask *a, uint64_t port)
{
    return ask_fail(a, "nothing answers at I/O port 0x%" PRIx64, port);
}

static bool port_read(Ask *a, Out *o)
{
    Format f;
    bool ok;
    uint64_t port = (uint64_t)ask_int(a, "port", 0);
    if (!port_format(a, &f))
        return false;
    uint64_t value = space_load(a->machine->ports, port, f.size, &ok);
    if (!ok)
        return no_port(a, port);
    out(o, "port%c[0x%04" PRIx64 "] = 0x%0*" PRIx64 "\n", " bw l"[f.size], port, f.size * 2, value);
    return true;
}

static bool port_write(Ask *a, Out *o)
{
    Format f;
    uint64_t port = (uint64_t)ask_int(a, "port", 0);
    (void)o;
    return port_format(a, &f) &&
           (space_store(a->machine->ports, port, (uint64_t)ask_int(a, "val", 0), f.size) || no_port(a, port));
}

/* ---- files ---- */

static bool copy(Ask *a, Cpu *cpu, uint64_t at, uint64_t left, bool phys, FILE *f)
{
    uint8_t piece[4096];
    for (size_t n; left; at += n, left -= n) {
        n = left < sizeof piece ? (size_t)left : sizeof piece;
        if (!inspect_read(cpu, at, phys, piece, n))
            return unreadable(a, phys, at);
        if (fwrite(piece, 1, n, f) != n)
            return ask_fail(a, "writing memory to '%s' failed: %s", ask_text(a, "filename"), strerror(errno));
    }
    return true;
}

static json_t *save(Ask *a, Cpu *cpu, bool phys)
{
    const char *path = ask_text(a, "filename");
    int64_t size = ask_int(a, "size", 0);
    if (size < 0)
        return ask_fail(a, "Parameter 'size' expects a size");
    FILE *f = fopen(path, "we");
    if (!f)
        return ask_fail(a, "Could not open '%s': %s", path, strerror(errno));
    bool ok = copy(a, cpu, (uint64_t)ask_int(a, "val", 0), (uint64_t)size, phys, f);
    if (fclose(f) && ok)
        ok = ask_fail(a, "writing memory to '%s' failed: %s", path, strerror(errno));
    return ok ? json_object() : NULL;
}

static json_t *memsave(Ask *a)
{
    const Machine *m = a->machine;
    int64_t n = ask_int(a, "cpu-index", *a->cpu);
    if (n < 0 || n >= m->config->cpus || !m->cpu[n])
        return ask_fail(a, "Parameter 'cpu-index' expects a CPU number");
    return save(a, m->cpu[n], false);
}

static json_t *pmemsave(Ask *a)
{
    Cpu *cpu = asked_cpu(a, a->err);
    return cpu ? save(a, cpu, true) : NULL;
}

static json_t *size_summary(Ask *a)
{
    return json_pack("{s:I,s:i}", "base-memory", (json_int_t)a->machine->config->ram, "plugged-memory", 0);
}

static void print_size(const json_t *s, Out *o)
{
    out(o, "base memory: %lld\nplugged memory: %lld\n",
        (long long)json_integer_value(json_object_get(s, "base-memory")),
        (long long)json_integer_value(json_object_get(s, "plugged-memory")));
}

extern const Command memory_commands[];
const Command memory_commands[] = {
    { NULL, "x", "fmt?:fmt addr:int", NULL, "show memory as the chosen CPU sees it: x /8xg $sp, x /10i $pc", .show = x,
      .still = true },
    { NULL, "xp", "fmt?:fmt addr:int", NULL, "show physical memory", .show = xp, .still = true },
    { NULL, "print", "fmt?:fmt val:int", NULL, "compute: p/x $pc + 4 * 16", .show = print, .alias = "p",
      .still = true },
    { NULL, "i", "fmt?:fmt port:int", NULL, "read an I/O port: i /w 0xcf8", .show = port_read, .still = true },
    { NULL, "o", "fmt?:fmt port:int val:int", NULL, "write an I/O port", .show = port_write, .still = true },
    { "memsave", "memsave", "val:int size:int filename:str cpu-index?:int", NULL, "write memory to a file", memsave,
      .still = true },
    { "pmemsave", "pmemsave", "val:int size:int filename:str", NULL, "write physical memory to a file", pmemsave,
      .still = true },
    { "query-memory-size-summary", "info memory_size_summary", NULL, "{base-memory:int plugged-memory:int}",
      "how much memory there is", size_summary, .print = print_size },
    { 0 },
};
