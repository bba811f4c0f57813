/* The file is text and what came in between: a line of a magic word, lines about the machine and an empty one; then for
 * each message a line "COUNT TIME FIRED KIND LENGTH SOURCE" and its bytes, with a newline behind. */
#include "host/replay.h"

#include "base/alloc.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_LINE = 1024, LONGEST_MESSAGE = 1 << 20 };
static const char magic[] = "dragoman recording 1", end_kind[] = "end";

static struct Replay {
    ReplayMode mode;
    FILE *file;
    const char *path;
    Moment (*now)(void *who);
    void *who;
    ReplayEntry entry;
    bool has_entry, cut;
} replay;

ReplayMode replay_mode(void)
{
    return replay.mode;
}

void replay_clock(Moment (*now)(void *who), void *who)
{
    replay.now = now;
    replay.who = who;
}

int moment_order(const Moment *now, const Moment *when)
{
    if (now->count != when->count)
        return now->count < when->count ? -1 : 1;
    if (now->time != when->time)
        return now->time < when->time ? -1 : 1;
    return now->fired < when->fired ? -1 : now->fired > when->fired;
}

/* ---- the file ---- */

/* Without its newline; false: there is no whole line. */
static bool read_line(char *line)
{
    if (!fgets(line, LONGEST_LINE, replay.file) || !strchr(line, '\n'))
        return false;
    *strchr(line, '\n') = 0;
    return true;
}

bool replay_open(ReplayMode mode, const char *path, Error *err)
{
    char line[LONGEST_LINE];
    replay = (struct Replay){ .mode = mode, .path = path };
    if (mode == REPLAY_OFF)
        return true;
    replay.file = fopen(path, mode == REPLAY_PLAYS ? "rbe" : "wbe");
    if (!replay.file)
        return error_set(err, "rrfile=%s: %s", path, strerror(errno));
    if (mode == REPLAY_RECORDS)
        return fprintf(replay.file, "%s\n", magic) > 0 || error_set(err, "rrfile=%s: %s", path, strerror(errno));
    return (read_line(line) && !strcmp(line, magic)) ||
           error_set(err, "rrfile=%s: this is no recording; make one with rr=record", path);
}

void replay_close(void)
{
    if (replay.file)
        fclose(replay.file);
    free(replay.entry.bytes);
    replay = (struct Replay){ .mode = REPLAY_OFF };
}

static bool same_machine(const char *lines, Error *err)
{
    char line[LONGEST_LINE];
    for (size_t len; read_line(line) && *line; lines += len + (lines[len] == '\n')) {
        len = strcspn(lines, "\n");
        if (strlen(line) != len || memcmp(line, lines, len))
            return error_set(err, "it was recorded with %s, and here is %.*s; give the options it was recorded with",
                             line, (int)len, lines);
    }
    return true;
}

bool replay_machine(const char *lines, Error *err)
{
    if (replay.mode == REPLAY_RECORDS)
        return (fprintf(replay.file, "%s\n", lines) > 0 && !fflush(replay.file)) ||
               error_set(err, "rrfile=%s: %s", replay.path, strerror(errno));
    return replay.mode == REPLAY_OFF || same_machine(lines, err);
}

/* ---- recording ---- */

/* Each is written at once: what ends with a crash is worth most. */
void replay_note(const char *kind, const char *source, const void *bytes, size_t len)
{
    Moment m = replay.now(replay.who);
    if (replay.cut)
        return;
    fprintf(replay.file, "%" PRIu64 " %" PRId64 " %" PRIu64 " %s %zu %s\n", m.count, m.time, m.fired, kind, len,
            source);
    fwrite(bytes, 1, len, replay.file);
    fputc('\n', replay.file);
    replay.cut = fflush(replay.file) || ferror(replay.file);
    if (replay.cut)
        log_line("rrfile=%s: %s; the recording ends here, the machine goes on", replay.path, strerror(errno));
}

void replay_note_end(const uint64_t sums[2])
{
    char text[40];
    int len = snprintf(text, sizeof text, "%016" PRIx64 " %016" PRIx64, sums[0], sums[1]);
    replay_note(end_kind, "machine", text, (size_t)len);
}

/* ---- playing ---- */

static bool read_head(ReplayEntry *e)
{
    char line[LONGEST_LINE];
    int at = 0;
    return read_line(line) &&
           sscanf(line, "%" SCNu64 " %" SCNd64 " %" SCNu64 " %15s %zu %n", &e->when.count, &e->when.time,
                  &e->when.fired, e->kind, &e->len, &at) == 5 &&
           at && strlen(line + at) < sizeof e->source && strcpy(e->source, line + at) && e->len <= LONGEST_MESSAGE;
}

static bool read_entry(ReplayEntry *e)
{
    if (!read_head(e))
        return false;
    free(e->bytes);
    e->bytes = xalloc(e->len + 1);
    if (fread(e->bytes, 1, e->len, replay.file) != e->len || fgetc(replay.file) != '\n')
        return false;
    e->end = !strcmp(e->kind, end_kind);
    return !e->end || sscanf((char *)e->bytes, "%" SCNx64 " %" SCNx64, &e->sums[0], &e->sums[1]) == 2;
}

const ReplayEntry *replay_next(void)
{
    if (!replay.has_entry && !replay.cut) {
        replay.has_entry = read_entry(&replay.entry);
        replay.cut = !replay.has_entry;
    }
    return replay.has_entry ? &replay.entry : NULL;
}

void replay_taken(void)
{
    replay.has_entry = false;
}
