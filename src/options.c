#include "options.h"

#include "base/alloc.h"
#include "base/keyvals.h"
#include "base/log.h"
#include "config.h"
#include "host/chardev.h"
#include "host/net.h"

#include <stdlib.h>
#include <string.h>

void texts_add(Texts *t, const char *text)
{
    t->at = xrealloc(t->at, (t->count + 1) * sizeof *t->at);
    t->at[t->count++] = xstrdup(text);
}

const char *config_own(Config *c, char *text)
{
    texts_add(&c->owned, text);
    free(text);
    return c->owned.at[c->owned.count - 1];
}

static bool is_help(const char *value)
{
    return !strcmp(value, "help") || !strcmp(value, "?");
}

static bool set_serial(void *config, const char *value, Error *err)
{
    (void)err;
    texts_add(&((Config *)config)->serials, value);
    return true;
}

static bool set_help(void *config, const char *value, Error *err)
{
    (void)value, (void)err;
    Out o = OUT_TO(stdout);
    out(&o, "dragoman " VERSION ": runs systems made for other processors\n"
            "usage: dragoman [options] [disk image]\n"
            "       dragoman run FILE [options]      run a kernel or a disk, choosing the rest\n"
            "       dragoman inspect FILE            say what a file is, and why\n");
    options_help(options, &o);
    out(&o, "\nWhile the guest runs on this terminal, Ctrl-A h lists the keys.\n");
    return ((Config *)config)->done = true;
}

static bool set_version(void *config, const char *value, Error *err)
{
    (void)value, (void)err;
    puts("dragoman version " VERSION);
    return ((Config *)config)->done = true;
}

static bool set_manual(void *config, const char *value, Error *err)
{
    (void)value, (void)err;
    static const char head[] = ".TH DRAGOMAN 1\n.SH NAME\ndragoman \\- run systems made for other processors\n"
                               ".SH SYNOPSIS\n.B dragoman\n[\\fIoptions\\fR] [\\fIdisk image\\fR]\n.br\n"
                               ".B dragoman run\n\\fIFILE\\fR [\\fIoptions\\fR]\n.br\n"
                               ".B dragoman inspect\n\\fIFILE\\fR\n.SH DESCRIPTION\n"
                               "Runs operating systems and firmware built for one processor on another, with the\n"
                               "option names of QEMU. Called as qemu\\-system\\-aarch64, qemu\\-system\\-x86_64 or\n"
                               "qemu\\-system\\-i386 it does the same, the latter two on the machine pc unless told.\n"
                               "\\fBrun\\fR chooses the options that FILE needs; those given win.\n"
                               "\\fBinspect\\fR says what a file is, and why.\n.SH OPTIONS\n";
    static const char tail[] = ".SH KEYS\nWhile the guest runs on this terminal, Ctrl\\-A is the escape key:\n"
                               "h for help, x to end, c to switch between console and monitor, b for a break,\n"
                               "Ctrl\\-A again for itself.\n.SH EXIT STATUS\n0 after the guest turned itself off or "
                               "was ended, 1 after an error or a panic.\n";
    Out o = OUT_TO(stdout);
    out(&o, "%s", head);
    options_manual(options, &o);
    out(&o, "%s", tail);
    return ((Config *)config)->done = true;
}

static bool set_nothing(void *config, const char *value, Error *err)
{
    (void)config, (void)value, (void)err;
    return true;
}

static bool set_chardev(void *config, const char *value, Error *err)
{
    (void)err;
    Config *c = config;
    if (!is_help(value)) {
        texts_add(&c->chardevs, value);
        return true;
    }
    Out o = OUT_TO(stdout);
    chardevs_help(&o);
    return c->done = true;
}

static bool set_netdev(void *config, const char *value, Error *err)
{
    (void)err;
    Config *c = config;
    if (!is_help(value)) {
        texts_add(&c->netdevs, value);
        return true;
    }
    Out o = OUT_TO(stdout);
    nets_help(&o);
    return c->done = true;
}

static bool set_nic(void *config, const char *value, Error *err)
{
    (void)err;
    Config *c = config;
    const char *model = strstr(value, "model=");
    if (model && is_help(model + 6)) {
        Out o = OUT_TO(stdout);
        nics_help(&o);
        return c->done = true;
    }
    if (!strcmp(value, "none"))
        c->no_net = true;
    else
        texts_add(&c->nics, value);
    return true;
}

/* -net pairs a card with a network by itself: all cards of -net nic are on the first other -net. */
static bool set_net(void *config, const char *value, Error *err)
{
    (void)err;
    Config *c = config;
    size_t len = strcspn(value, ",");
    if (!strcmp(value, "none"))
        c->no_net = true;
    else if (len == 3 && !memcmp(value, "nic", 3))
        texts_add(&c->old_nics, value + len + (value[len] == ','));
    else
        texts_add(&c->old_nets, value);
    return true;
}

static bool only_none(const char *option, const char *value, const char *lacks, Error *err)
{
    if (!strcmp(value, "none") || !strncmp(value, "none,", 5))
        return true;
    return error_set(err, "-%s %s: this version has no %s; use -%s none, or leave it out", option, value, lacks,
                     option);
}

static bool add_monitor(Config *c, const char *option, const char *value)
{
    texts_add(&c->monitors, option);
    texts_add(&c->monitors, value);
    return true;
}

static bool set_monitor(void *config, const char *value, Error *err)
{
    (void)err;
    Config *c = config;
    c->no_monitor = true; /* none but those named */
    return !strcmp(value, "none") || add_monitor(c, "monitor", value);
}

static bool set_qmp(void *config, const char *value, Error *err)
{
    (void)err;
    return !strcmp(value, "none") || add_monitor(config, "qmp", value);
}

static bool set_qmp_pretty(void *config, const char *value, Error *err)
{
    (void)err;
    return !strcmp(value, "none") || add_monitor(config, "qmp-pretty", value);
}

static bool set_mon(void *config, const char *value, Error *err)
{
    (void)err;
    return add_monitor(config, "mon", value);
}

static bool set_gdb(void *config, const char *value, Error *err)
{
    (void)err;
    ((Config *)config)->gdb = value;
    ((Config *)config)->machine.debugged = strcmp(value, "none");
    return true;
}

static bool set_gdb_usual(void *config, const char *value, Error *err)
{
    (void)value;
    return set_gdb(config, "tcp::1234", err);
}

static bool set_vga(void *config, const char *value, Error *err)
{
    Config *c = config;
    if (strcmp(value, "std") && strcmp(value, "none"))
        return error_set(err, "-vga %s: this version has the standard VGA only; use -vga std or -vga none", value);
    c->vga = value;
    return true;
}

static bool set_debugcon(void *config, const char *value, Error *err)
{
    (void)err;
    ((Config *)config)->debugcon = value;
    return true;
}

static bool set_parallel(void *config, const char *value, Error *err)
{
    (void)err;
    ((Config *)config)->parallel = value;
    return true;
}

static bool set_audio(void *config, const char *value, Error *err)
{
    (void)config;
    return only_none("audio", value, "sound", err);
}

static bool set_object(void *config, const char *value, Error *err)
{
    if (strncmp(value, "filter-dump,", 12))
        return error_set(err, "-object %s: this version has filter-dump only", value);
    texts_add(&((Config *)config)->dumps, value);
    return true;
}

static bool set_log(void *config, const char *value, Error *err)
{
    if (!is_help(value))
        return log_choose(value, err) || error_in(err, "-d ");
    Out o = OUT_TO(stdout);
    log_help(&o);
    return ((Config *)config)->done = true;
}

static bool set_filter(void *config, const char *value, Error *err)
{
    (void)config;
    return log_filter(value, err);
}

static bool set_seed(void *config, const char *value, Error *err)
{
    Config *c = config;
    c->seeded = text_to_number(value, &c->seed);
    return c->seeded || error_set(err, "-seed %s: expected a number", value);
}

#define LATER "comes with a later version; leave it out"

/* In QEMU's groups and words where they fit, so that its users find their way. */
const Option options[] = {
    { "h", NULL, "display this help and exit", set_help, "Standard options" },
    { "help", .same_as = "h" },
    { "version", NULL, "display the version and exit", set_version },
    { "machine", "[type=]NAME[,PROPERTY=VALUE...]", "the machine; -machine help lists them", set_machine },
    { "M", .same_as = "machine" },
    { "cpu", "MODEL[,+FEATURE][,-FEATURE]", "the model of its CPUs; -cpu help lists them", set_cpu },
    { "accel", "tcg[,tb-size=MIB][,one-insn-per-tb=on][,quick=auto|on|off]",
      "how guest instructions are run: translated, with a code cache of\nthat size (256); -accel help says more",
      set_accel },
    { "smp", "[cpus=]N[,sockets=N][,cores=N][,threads=N]", "the number of CPUs (1)", set_smp },
    { "m", "[size=]N[K|M|G]", "memory, in MiB if no unit is given", set_memory },
    { "device", "NAME[,PROPERTY=VALUE...]",
      "add a device; -device help lists them,\n-device NAME,help the properties of one", set_device },
    { "name", "TEXT", "a name for the guest", .text = offsetof(Config, name) },
    { "uuid", "UUID", "an identity for the guest, which tools ask for", .text = offsetof(Config, uuid) },

    { "drive", "file=PATH[,if=none|virtio|pflash|ide|floppy][,format=raw][,id=ID][,unit=N]...",
      "a disk or flash image; also readonly=on|off, snapshot=on|off,\n"
      "cache=none|writeback|writethrough|directsync|unsafe, discard=ignore|unmap,\n"
      "media=disk|cdrom, file.locking=auto|on|off",
      set_drive, "Block device options" },
    { "hda", "FILE", "the first disk", set_hda },
    { "hdb", "FILE", "the second disk", set_hdb },
    { "hdc", "FILE", "the third disk", set_hdc },
    { "hdd", "FILE", "the fourth disk", set_hdd },
    { "fda", "FILE", "the first floppy disk", set_fda },
    { "fdb", "FILE", "the second floppy disk", set_fdb },
    { "cdrom", "FILE", "a disk that cannot be written", set_cdrom },
    { "pflash", "FILE", "the next flash chip", set_pflash },
    { "snapshot", NULL, "write to temporary files instead of disk images", .flag = offsetof(Config, machine.snapshot) },
    { "", "IMAGE", NULL, set_image },

    { "display", "none|sdl|curses[,full-screen=on|off][,window-close=on|off][,show-cursor=on|off]",
      "what shows the guest's screen; -display help says what this program has.\n"
      "Without a word it is a window, if there is a display, and a machine with a screen",
      set_display, "Display options" },
    { "sdl", NULL, "the same as -display sdl", set_sdl },
    { "curses", NULL, "the same as -display curses", set_curses },
    { "full-screen", NULL, "begin with a window that fills the screen", .flag = offsetof(Config, window.full_screen) },
    { "nographic", NULL, "the serial line on this terminal, with Ctrl-A as its escape key",
      .flag = offsetof(Config, nographic) },
    { "vga", "std|none", "the graphics card of machines that have one", set_vga },
    { "audio", "none", "the sound card", set_audio },
    { "audiodev", .same_as = "audio" },

    { "netdev", "user,id=ID[,hostfwd=RULE][,net=ADDR/BITS]...|null,id=ID",
      "a network for a card that -device adds; -netdev help lists their keys", set_netdev, "Network options" },
    { "nic", "user[,model=DEVICE][,mac=ADDR]...|none", "a network and the card on it; model=help lists cards",
      set_nic },
    { "net", "nic[,model=DEVICE][,macaddr=ADDR]|user[,...]|none", "the same in two", set_net },
    { "object", "filter-dump,id=ID,netdev=ID,file=PATH", "write a network's frames to a pcap file", set_object },

    { "chardev", "KIND,id=ID[,mux=on|off]...", "where characters go; -chardev help lists the kinds", set_chardev,
      "Character device options" },

    { "kernel", "FILE", "the kernel to start", .heading = "Boot Image or Kernel specific",
      .text = offsetof(Config, machine.kernel) },
    { "initrd", "FILE", "its initial ram disk", .text = offsetof(Config, machine.initrd) },
    { "append", "TEXT", "its command line", .text = offsetof(Config, machine.append) },
    { "dtb", "FILE", "a device tree instead of the machine's own", .text = offsetof(Config, machine.dtb) },
    { "bios", "FILE", "firmware to start instead of a kernel", .text = offsetof(Config, machine.bios) },
    { "boot", "[order=LETTERS][,once=LETTERS][,menu=on|off][,splash-time=MS][,reboot-timeout=MS]",
      "what firmware tries, in turn: a floppy, c disk, d CD, n network; once: only the first time;\n"
      "menu: the user may choose (for splash-time); reboot-timeout: when nothing starts, try again",
      set_boot },
    { "L", "FOLDER", "where to look for firmware first", .text = offsetof(Config, machine.firmware_path) },

    { "serial", "WHERE",
      "the next serial line: stdio, mon:stdio, pty, null, none, file:PATH, pipe:PATH,\n"
      "tcp:HOST:PORT[,server][,nowait], telnet:..., unix:PATH[,server][,nowait], chardev:ID",
      set_serial, "Debug/Expert options" },
    { "debugcon", "WHERE", "where the debug console of a PC's firmware goes (port E9h)", set_debugcon },
    { "monitor", "WHERE",
      "a monitor for people, where -serial could be; with -nographic\nCtrl-A c goes to one and back", set_monitor },
    { "qmp", "WHERE", "a monitor for programs, in JSON (QMP)", set_qmp },
    { "qmp-pretty", "WHERE", "the same with line breaks", set_qmp_pretty },
    { "mon", "[chardev=]ID[,mode=readline|control][,pretty=on|off]", "a monitor on a chardev; control is QMP",
      set_mon },
    { "parallel", "WHERE", "where the parallel port of a PC goes, as with -serial", set_parallel },
    { "gdb", "WHERE",
      "wait for gdb there: tcp:[HOST]:PORT, unix:PATH, stdio, chardev:ID, none;\n"
      "gdb finds all registers, `monitor` commands, and breakpoints that no guest sees",
      set_gdb },
    { "s", NULL, "the same as -gdb tcp::1234", set_gdb_usual },
    { "S", NULL, "do not run before gdb or the monitor says so", .flag = offsetof(Config, paused) },
    { "d", "ITEM[,ITEM...]", "log these items; -d help lists them", set_log },
    { "D", "FILE", "log to a file", .text = offsetof(Config, log_file) },
    { "dfilter", "RANGE[,RANGE...]",
      "log only what is about these guest addresses:\nSTART..END, START+LENGTH, START-LENGTH", set_filter },
    { "icount", "shift=N|auto[,sleep=on|off][,stop=COUNT][,rr=record|replay,rrfile=FILE]",
      "CPUs take turns, and time is how many instructions they ran, 2^N ns each (auto: 8 ns):\n"
      "the same guest does the same every time. sleep=off: skip idle time.\n"
      "stop: end there and print a hash of memory and registers.\n"
      "rr=record writes what comes from outside to a file (what is typed, the network); rr=replay\n"
      "gives it to the same machine at the same instructions, and takes nothing else",
      set_icount },
    { "lockstep", NULL,
      "run all guest code twice, interpreted and translated, and stop where\nthey differ (slow; for who works on "
      "Dragoman)",
      .flag = offsetof(Config, lockstep) },
    { "seed", "N", "make the random numbers that devices give repeatable", set_seed },
    { "rtc", "[base=utc|localtime|DATE]", "what the guest's clock says at the start", set_rtc },
    { "loadvm", "TAG|FILE", "begin with the machine as savevm TAG saved it, or from a file (a / is in its name)",
      .text = offsetof(Config, loadvm) },
    { "snapshot-dir", "FOLDER", "where savevm keeps snapshots: TAG.snapshot, beside the first drive otherwise",
      .text = offsetof(Config, snapshot_folder) },
    { "no-reboot", NULL, "exit instead of rebooting", .flag = offsetof(Config, machine.no_reboot) },
    { "pidfile", "FILE", "write the process id to a file", .text = offsetof(Config, pidfile) },
    { "nodefaults", NULL, "no devices but those asked for", .flag = offsetof(Config, machine.no_defaults) },
    { "no-user-config", NULL, "accepted; there are no configuration files", set_nothing },
    { "help-man", NULL, NULL, set_manual },

    { "incoming", "WHERE", LATER },
    { "daemonize", NULL, LATER },
    { "usb", NULL, "USB " LATER },
    { "usbdevice", "NAME", "USB " LATER },
    { "vnc", "WHERE", "VNC " LATER ", or use -nographic" },
    { "semihosting", NULL, LATER },
    { "semihosting-config", "...", LATER },
    { "blockdev", "...", LATER ", or use -drive" },
    { "virtfs", "...", LATER },
    { "fsdev", "...", LATER },
    { "fw_cfg", "...", LATER },
    { "global", "...", "properties are set with -device and -machine" },
    { "sandbox", "...", LATER },
    { "smbios", "...", LATER },
    { "tpmdev", "...", LATER },
    { "enable-kvm", NULL, "this version translates only; leave it out" },
    { "spice", "...", "this version has no SPICE; use -display sdl" },
    { 0 },
};

bool config_parse(Config *c, char *const *args, Error *err)
{
    return options_parse(options, args, c, &c->done, err);
}

static bool has_prop(const MachineType *type, const char *name)
{
    for (const Prop *p = type->props; p && p->name; p++)
        if (!strcmp(p->name, name))
            return true;
    return false;
}

bool config_check(Config *c, Error *err)
{
    if (c->vga && c->type && has_prop(c->type, "vga"))
        out(&c->machine_props, "%svga=%s", c->machine_props.len ? "," : "", c->vga);
    else if (c->vga && !strcmp(c->vga, "std"))
        texts_add(&c->devices, "VGA");
    c->machine.no_graphics = c->nographic;
    c->machine.machine_props = c->machine_props.text;
    c->machine.debugged |= c->paused;
    if (!c->type)
        return error_set(err, "no machine was chosen; add -machine virt (-machine help lists them), "
                              "or let dragoman choose: dragoman run FILE");
    return true;
}

static void texts_free(Texts *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->at[i]);
    free(t->at);
}

void config_free(Config *c)
{
    Texts *const all[] = { &c->chardevs, &c->serials, &c->drives,  &c->netdevs, &c->nics,    &c->old_nics,
                           &c->old_nets, &c->dumps,   &c->devices, &c->owned,   &c->monitors };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        texts_free(all[i]);
    out_free(&c->machine_props);
    *c = (Config){ 0 };
}
