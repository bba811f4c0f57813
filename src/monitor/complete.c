/* What a command takes says what its words can be: a|b|c by itself, other arguments by their names. */
#include "monitor/complete.h"

#include "core/snapshot_tags.h"
#include "cpu/inspect.h"
#include "host/chardev.h"
#include "host/drive.h"
#include "monitor/register.h"
#include "monitor/types.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

typedef struct Word {
    const char *text; /* what is typed of it */
    size_t len;
    TryWord *try;
    void *to;
} Word;

static void offer(const Word *w, const char *candidate)
{
    if (!strncmp(candidate, w->text, w->len))
        w->try(w->to, candidate);
}

/* ---- names ---- */

static void device_types_to(Ask *a, const Word *w)
{
    (void)a;
    for (const DeviceType *const *t = device_types; *t; t++)
        if ((*t)->bus)
            offer(w, (*t)->name);
}

static void devices_to(Ask *a, const Word *w)
{
    for (const Device *d = a->machine->devices; d; d = d->next)
        offer(w, d->id);
}

static void drives_to(Ask *a, const Word *w)
{
    (void)a;
    for (Drive *d = drive_next(NULL); d; d = drive_next(d))
        offer(w, d->id);
}

static void tags_to(Ask *a, const Word *w)
{
    SnapshotInfo *list;
    char *folder = snapshot_folder(monitor_facts(a->monitors)->snapshot_folder);
    int count = snapshot_list(folder, &list);
    for (int k = 0; k < count; k++)
        offer(w, list[k].tag);
    snapshot_list_free(list, count);
    free(folder);
}

static void regimes_to(Ask *a, const Word *w)
{
    const Cpu *cpu = asked_cpu(a, a->err);
    const char *name;
    for (int n = 0; cpu && (name = inspect_regime(cpu, n)); n++)
        if (!strchr(name, ' '))
            offer(w, name);
}

static void files_to(Ask *a, const Word *w)
{
    (void)a;
    char path[1024], found[1024];
    snprintf(path, sizeof path, "%.*s", (int)w->len, w->text);
    char *slash = strrchr(path, '/');
    size_t before = slash ? (size_t)(slash + 1 - path) : 0;
    path[before] = 0;
    DIR *dir = opendir(before ? path : ".");
    for (const struct dirent *e; dir && (e = readdir(dir));) {
        snprintf(found, sizeof found, "%s%s%s", path, e->d_name, e->d_type == DT_DIR ? "/" : "");
        if (e->d_name[0] != '.' || w->text[before] == '.')
            offer(w, found);
    }
    if (dir)
        closedir(dir);
}

/* $NAME, in the middle of an expression, too. */
static void registers_to(Ask *a, const Word *w)
{
    const char *dollar = w->text + w->len;
    while (dollar > w->text && *dollar != '$')
        dollar--;
    Cpu *cpu = *dollar == '$' ? asked_cpu(a, a->err) : NULL;
    InspectReg r;
    for (int n = 0; cpu && inspect_reg(cpu, n, &r); n++) {
        char found[256];
        snprintf(found, sizeof found, "%.*s%s", (int)(dollar + 1 - w->text), w->text, r.name);
        offer(w, found);
    }
}

static const struct Named {
    const char *argument;
    void (*list)(Ask *, const Word *);
} named[] = {
    { "driver", device_types_to }, { "id", devices_to },     { "device", drives_to }, { "tag", tags_to },
    { "regime", regimes_to },      { "filename", files_to },
};

/* ---- arguments ---- */

static void choices_to(Type t, const Word *w)
{
    const char *at = t.at, *end = t.at + t.len;
    for (Type word; choice_next(&at, end, &word);) {
        char text[64];
        snprintf(text, sizeof text, "%.*s", (int)word.len, word.at);
        offer(w, text);
    }
}

static void argument(Ask *a, const Member *m, const Word *w)
{
    if (type_is_choice(m->type))
        choices_to(m->type, w);
    else if (type_is(m->type, "bool"))
        offer(w, "on"), offer(w, "off");
    else if (type_is(m->type, "int"))
        registers_to(a, w);
    for (size_t k = 0; k < sizeof named / sizeof *named; k++)
        if (type_is(m->type, "str") && !strcmp(m->name, named[k].argument))
            named[k].list(a, w);
}

static bool in_its_place(const Member *m)
{
    return !m->flag && !type_is(m->type, "fmt") && *m->type.at != '-';
}

/* Words before the one that is typed; those with - or / in front are not in an argument's place. */
static int words_before(const char *at, const char *word)
{
    int count = 0;
    for (at += strspn(at, " "); at < word; at += strspn(at, " ")) {
        count += *at != '-' && *at != '/';
        at += strcspn(at, " ");
    }
    return count;
}

static void complete_argument(Ask *a, const Command *c, const char *args, const Word *w)
{
    const char *takes = c->takes ? c->takes : "", *end = takes + strlen(takes);
    int left = words_before(args, w->text);
    for (Member m; member_next(&takes, end, &m);)
        if (in_its_place(&m) && !left--)
            argument(a, &m, w);
}

/* ---- commands ---- */

/* `info st`: of the words of commands that begin as the line does, the one being typed. */
static void complete_command(const char *line, size_t from, TryWord *try, void *to)
{
    char last[64] = "";
    size_t len = strlen(line);
    for (const Command *c = NULL; (c = command_next(c));) {
        if (!c->human || strncmp(c->human, line, len))
            continue;
        char found[64];
        size_t size = strcspn(c->human + from, " ");
        if (size >= sizeof found)
            continue;
        memcpy(found, c->human + from, size);
        found[size] = 0;
        if (strcmp(found, last)) /* the rows of `info` stand together */
            try(to, found);
        memcpy(last, found, size + 1);
    }
}

void complete_line(Ask *a, const char *line, TryWord *try, void *to)
{
    const char *args, *space = strrchr(line, ' '), *word = space ? space + 1 : line;
    const Command *c = command_of_line(line, &args, NULL);
    if (!strncmp(line, "help ", 5))
        complete_command(line + 5, 0, try, to);
    else if (c && word > args)
        complete_argument(a, c, args, &(Word){ word, strlen(word), try, to });
    else
        complete_command(line, (size_t)(word - line), try, to);
}
