/* Media of drives that can be changed: CDs and floppies. */
#include "host/drive.h"
#include "monitor/command.h"

#include <string.h>

/* QEMU's `device` is the drive, its `id` the device that has it; here they are called the same. */
static Drive *asked(Ask *a)
{
    const char *id = ask_text(a, "device");
    id = id ? id : ask_text(a, "id");
    if (!id)
        return ask_fail(a, "Need exactly one of 'device' and 'id'"), NULL;
    Drive *d = drive_find(id);
    if (!d)
        return ask_fail_class(a, "DeviceNotFound", "Device '%s' not found", id), NULL;
    return d->removable ? d : (ask_fail(a, "Device '%s' is not removable", d->id), NULL);
}

static bool has_tray(const Drive *d)
{
    return d->user && d->user->tray;
}

static bool is_open(const Drive *d)
{
    return has_tray(d) && d->user->is_open && d->user->is_open(d->user_of);
}

static void move_tray(Ask *a, Drive *d, bool open)
{
    if (!has_tray(d) || is_open(d) == open)
        return;
    d->user->tray(d->user_of, open);
    monitor_event(a->monitors, MONITOR_TRAY,
                  json_pack("{s:s,s:s,s:b}", "device", d->id, "id", d->id, "tray-open", (int)open));
}

/* A guest that has locked it is asked; `force` asks nobody. */
static bool open_tray(Ask *a, Drive *d)
{
    bool locked = d->user && d->user->is_locked && d->user->is_locked(d->user_of);
    if (locked && !is_open(d) && !ask_bool(a, "force")) {
        if (d->user->ask)
            d->user->ask(d->user_of);
        return ask_fail(a, "Device '%s' is locked and force was not specified, wait for tray to open and try again",
                        d->id);
    }
    move_tray(a, d, true);
    return true;
}

static json_t *eject(Ask *a)
{
    Drive *d = asked(a);
    bool ok = d && open_tray(a, d) && drive_change(d, NULL, NULL, DRIVE_RETAIN, a->err);
    return ok ? json_object() : NULL;
}

static json_t *change(Ask *a)
{
    static const char *const modes[] = { "retain", "read-only", "read-write" };
    const char *mode = ask_text(a, "read-only-mode");
    DriveAccess access = DRIVE_RETAIN;
    for (unsigned i = 0; mode && i < 3; i++)
        if (!strcmp(modes[i], mode))
            access = (DriveAccess)i;
    Drive *d = asked(a);
    if (!d || !open_tray(a, d) || !drive_change(d, ask_text(a, "filename"), ask_text(a, "format"), access, a->err))
        return NULL;
    move_tray(a, d, false);
    return json_object();
}

static json_t *tray_open(Ask *a)
{
    Drive *d = asked(a);
    return d && open_tray(a, d) ? json_object() : NULL;
}

static json_t *tray_close(Ask *a)
{
    Drive *d = asked(a);
    if (d)
        move_tray(a, d, false);
    return d ? json_object() : NULL;
}

#define MODES "retain|read-only|read-write"

extern const Command media_commands[];
const Command media_commands[] = {
    { "eject", NULL, "device?:str id?:str force?:bool", NULL, "take the medium out", eject },
    { NULL, "eject", "force?:-f device:str", NULL, "take a CD or floppy out; -f: even if the guest holds it", eject },
    { "blockdev-change-medium", NULL, "device?:str id?:str filename:str format?:str force?:bool read-only-mode?:" MODES,
      NULL, "put another medium in", change },
    { NULL, "change", "force?:-f device:str filename:str format?:str read-only-mode?:" MODES, NULL,
      "put another CD or floppy in; -f: even if the guest holds the old one", change },
    { "blockdev-open-tray", NULL, "device?:str id?:str force?:bool", NULL, "open the tray", tray_open },
    { "blockdev-close-tray", NULL, "device?:str id?:str", NULL, "close it", tray_close },
    { 0 },
};
