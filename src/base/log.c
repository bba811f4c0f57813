#include "base/log.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint32_t log_mask;
static FILE *sink;

static const struct LogRow {
    const char *option, *help;
    uint32_t bit;
} rows[] = {
#define LOG(name, option, help) { option, help, LOG_##name },
#include "base/log.def"
};
enum { ROWS = sizeof rows / sizeof *rows };

typedef struct Range {
    uint64_t from, to;
} Range;

static Range *filter;
static size_t filters;

static const struct LogRow *row_named(const char *name, size_t len)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strlen(rows[i].option) == len && !memcmp(rows[i].option, name, len))
            return &rows[i];
    return NULL;
}

bool log_choose(const char *list, Error *err)
{
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, ",");
        const struct LogRow *row = row_named(at, len);
        if (!row)
            return error_set(err, "%.*s: no such log item; -d help lists them", (int)len, at);
        log_mask |= row->bit;
        at += len + (at[len] == ',');
    }
    return true;
}

bool log_to(const char *path, Error *err)
{
    FILE *f = fopen(path, "we");
    if (!f)
        return error_set(err, "-D %s: %s; name a file that can be written", path, strerror(errno));
    if (!sink) {
        setvbuf(f, NULL, _IOFBF, 1 << 16);
        sink = f;
        return true;
    }
    fflush(sink); /* another file under the same stream, which other threads may be writing to */
    bool ok = dup3(fileno(f), fileno(sink), O_CLOEXEC) >= 0;
    fclose(f);
    return ok || error_set(err, "-D %s: %s", path, strerror(errno));
}

bool log_filter(const char *ranges, Error *err)
{
    for (const char *at = ranges; *at;) {
        char *end;
        uint64_t from = strtoull(at, &end, 0), to = from;
        if (end == at)
            return error_set(err, "-dfilter %s: expected START..END, START+LENGTH or START-LENGTH", ranges);
        const char *rest = end;
        if (!strncmp(rest, "..", 2))
            to = strtoull(rest += 2, &end, 0);
        else if (*rest == '+')
            to = from + strtoull(++rest, &end, 0) - 1;
        else if (*rest == '-')
            from = to - strtoull(++rest, &end, 0) + 1;
        if (end == rest || (*end && *end != ','))
            return error_set(err, "-dfilter %s: expected START..END, START+LENGTH or START-LENGTH", ranges);
        filter = xrealloc(filter, (filters + 1) * sizeof *filter);
        filter[filters++] = (Range){ from, to };
        at = end + (*end == ',');
    }
    return true;
}

bool log_in_filter(uint64_t address)
{
    if (!filters)
        return true;
    for (size_t i = 0; i < filters; i++)
        if (address >= filter[i].from && address <= filter[i].to)
            return true;
    return false;
}

void log_help(Out *o)
{
    out(o, "Log items (comma separated):\n");
    for (size_t i = 0; i < ROWS; i++)
        out(o, "%-14s %s\n", rows[i].option, rows[i].help);
}

void log_args(const char *fmt, va_list args)
{
    FILE *f = sink ? sink : stderr;
    flockfile(f);
    vfprintf(f, fmt, args);
    fputc('\n', f);
    funlockfile(f);
}

void log_flush(void)
{
    fflush(sink ? sink : stderr);
}

void log_line(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    log_args(fmt, args);
    va_end(args);
}

void log_text(const char *text)
{
    fputs(text, sink ? sink : stderr);
}

void log_guest(const char *fmt, ...)
{
    if (!log_on(LOG_GUEST))
        return;
    va_list args;
    va_start(args, fmt);
    log_args(fmt, args);
    va_end(args);
}

void log_unimp(const char *fmt, ...)
{
    if (!log_on(LOG_UNIMP))
        return;
    va_list args;
    va_start(args, fmt);
    log_args(fmt, args);
    va_end(args);
}
