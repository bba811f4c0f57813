/* Snapshots of the machine, by tag or in a file of the user's choice. */
#include "core/snapshot.h"

#include "core/snapshot_tags.h"
#include "monitor/command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *folder_of(const Ask *a)
{
    return snapshot_folder(monitor_facts(a->monitors)->snapshot_folder);
}

typedef bool Act(Machine *, const char *path, Error *);

static json_t *with_path(Ask *a, const char *tag, Act *act)
{
    char *folder = folder_of(a), *path = snapshot_path(folder, tag, a->err);
    if (path)
        *a->err = (Error){ 0 };
    bool ok = path && act(a->machine, path, a->err);
    free(path);
    free(folder);
    return ok ? json_object() : NULL;
}

static bool remove_it(Machine *m, const char *path, Error *err)
{
    (void)m;
    return snapshot_remove(path, err);
}

static json_t *save(Ask *a)
{
    char made[32];
    time_t now = time(NULL);
    struct tm local;
    strftime(made, sizeof made, "vm-%Y%m%d%H%M%S", localtime_r(&now, &local));
    const char *tag = ask_text(a, "tag");
    return with_path(a, tag ? tag : made, snapshot_save);
}

static json_t *load(Ask *a)
{
    return with_path(a, ask_text(a, "tag"), snapshot_load);
}

static json_t *del(Ask *a)
{
    return with_path(a, ask_text(a, "tag"), remove_it);
}

static json_t *file(Ask *a, Act *act)
{
    *a->err = (Error){ 0 };
    return act(a->machine, ask_text(a, "filename"), a->err) ? json_object() : NULL;
}

static json_t *save_file(Ask *a)
{
    return file(a, snapshot_save);
}

static json_t *load_file(Ask *a)
{
    return file(a, snapshot_load);
}

static json_t *list(Ask *a)
{
    SnapshotInfo *info;
    char *folder = folder_of(a);
    int count = snapshot_list(folder, &info);
    json_t *all = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(all, json_pack("{s:s,s:I,s:I,s:I}", "tag", info[i].tag, "vm-state-size",
                                             (json_int_t)info[i].bytes, "date-sec", (json_int_t)info[i].made,
                                             "vm-clock-nsec", (json_int_t)info[i].clock));
    snapshot_list_free(info, count);
    free(folder);
    return all;
}

static int64_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* QEMU's columns, for those who read them by program. */
static void print_list(const json_t *all, Out *o)
{
    size_t i;
    json_t *s;
    if (!json_array_size(all)) {
        out(o, "There is no snapshot available.\n");
        return;
    }
    out(o, "List of snapshots present:\nID        TAG               VM SIZE                DATE     VM CLOCK\n");
    json_array_foreach(all, i, s)
    {
        char date[32];
        struct tm local;
        time_t made = (time_t)number(s, "date-sec");
        strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", localtime_r(&made, &local));
        int64_t ms = number(s, "vm-clock-nsec") / 1000000;
        out(o, "%-9s %-16s %4.3g MiB %s %02" PRId64 ":%02d:%02d.%03d\n", "--",
            json_string_value(json_object_get(s, "tag")), (double)number(s, "vm-state-size") / (1 << 20), date,
            ms / 3600000, (int)(ms / 60000 % 60), (int)(ms / 1000 % 60), (int)(ms % 1000));
    }
}

extern const Command snapshot_commands[];
const Command snapshot_commands[] = {
    { "savevm", "savevm", "tag?:str", NULL, "save the machine as it is under a name", save, .still = true },
    { "loadvm", "loadvm", "tag:str", NULL, "go back to what was saved", load, .still = true },
    { "delvm", "delvm", "tag:str", NULL, "remove a snapshot", del },
    { "query-snapshots", "info snapshots", NULL, "[{tag:str vm-state-size:int date-sec:int vm-clock-nsec:int}]",
      "what was saved", list, .print = print_list },
    { "snapshot-save-file", "snapshot save", "filename:str", NULL, "save the machine to a file", save_file,
      .still = true },
    { "snapshot-load-file", "snapshot load", "filename:str", NULL, "load the machine from a file", load_file,
      .still = true },
    { 0 },
};
