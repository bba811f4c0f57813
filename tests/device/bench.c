#include "tests/device/bench.h"

#include "base/alloc.h"
#include "core/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { MEDIUM = 1 << 20 };

typedef struct BenchHost {
    Chardev chardev;
    Drive drive;
    Net net;
    uint8_t *frame; /* the last sent */
    size_t frame_len;
    int frames;
    MachineType type;
    Part parts[3]; /* what the device plugs into or works with, the device, the end */
    const DeviceType *bus;
    char *set;
    Out written;
    uint8_t medium[MEDIUM];
} BenchHost;

static BenchHost *making; /* the bench whose machine is being made: a finder has no other argument */

static size_t chardev_write(Chardev *c, const void *bytes, size_t n)
{
    BenchHost *h = (BenchHost *)(void *)((char *)c - offsetof(BenchHost, chardev));
    out(&h->written, "%.*s", (int)n, (const char *)bytes);
    return n;
}

static void net_send(Net *n, const void *frame, size_t len)
{
    BenchHost *h = (BenchHost *)(void *)((char *)n - offsetof(BenchHost, net));
    free(h->frame);
    h->frame = xalloc(len);
    memcpy(h->frame, frame, len);
    h->frame_len = len;
    h->frames++;
}

static void move(uint8_t *medium, bool to_medium, uint64_t at, const struct iovec *iov, int iovs)
{
    for (int i = 0; i < iovs; at += iov[i++].iov_len)
        if (to_medium)
            memcpy(medium + at, iov[i].iov_base, iov[i].iov_len);
        else
            memcpy(iov[i].iov_base, medium + at, iov[i].iov_len);
}

typedef struct Done {
    DriveDone *done;
    void *who;
} Done;

static void drive_done(void *done, uint64_t ok)
{
    Done *d = done;
    d->done(d->who, ok);
    free(d);
}

static Machine *machine_of; /* of the bench: where completions are posted */

static void drive_submit(Drive *drive, DriveOp op, uint64_t at, uint64_t bytes, const struct iovec *iov, int iovs,
                         DriveDone *done, void *who)
{
    BenchHost *h = (BenchHost *)(void *)((char *)drive - offsetof(BenchHost, drive));
    bool ok = bytes <= MEDIUM && at <= MEDIUM - bytes && !(drive->readonly && op != DRIVE_READ);
    if (ok && (op == DRIVE_READ || op == DRIVE_WRITE))
        move(h->medium, op == DRIVE_WRITE, at, iov, iovs);
    if (ok && op == DRIVE_ZERO)
        memset(h->medium + at, 0, bytes);
    Done *d = xalloc(sizeof *d);
    *d = (Done){ done, who };
    machine_post(machine_of, drive_done, d, ok);
}

static void drive_drain(Drive *drive)
{
    (void)drive;
    run_posts(machine_of);
}

static void *find(PropKind kind, const char *id)
{
    if (strcmp(id, "mem"))
        return NULL;
    return kind == PROP_CHARDEV ? (void *)&making->chardev : kind == PROP_DRIVE ? (void *)&making->drive : &making->net;
}

static bool prepare(Machine *m, Error *err)
{
    machine_of = m;
    Region *ram = ram_add(m, "ram", BENCH_RAM, false, err);
    if (ram)
        space_map(m->memory, 0, ram, 0);
    return ram;
}

static uint64_t base(int window)
{
    return (uint64_t)(window + 1) << 44;
}

/* Devices that do nothing without another: which of its properties names what. */
static const struct Companion {
    const char *type, *prop, *other;
} companions[] = {
    { "gicv3-its", "gic", "gicv3" },
};

static const DeviceType *type_offering(const char *bus)
{
    for (const DeviceType *const *t = device_types; *t; t++)
        if ((*t)->offers && !strcmp((*t)->offers, bus))
            return *t;
    return NULL;
}

static void place(Part *part, const DeviceType *type)
{
    for (int i = 0; i < device_windows(type) && i < 8; i++)
        part->at[i] = base(i);
}

/* Whether the bus decodes addresses; else the device's own windows are the bench's. */
static bool bus_decodes(const BenchHost *h)
{
    return h->bus && h->bus->windows;
}

static void choose_parts(BenchHost *h, const DeviceType *type, const char *set)
{
    Part *dut = h->parts;
    h->bus = type->bus ? type_offering(type->bus) : NULL;
    h->set = xstrdup(set ? set : "");
    for (size_t i = 0; i < sizeof companions / sizeof *companions; i++)
        if (!strcmp(companions[i].type, type->name)) {
            *dut++ = (Part){ .id = "other", .type = companions[i].other };
            free(h->set);
            h->set = xprintf("%s=other%s%s", companions[i].prop, set ? "," : "", set ? set : "");
        }
    if (h->bus) {
        *dut = (Part){ .id = "bus", .type = h->bus->name };
        place(dut++, h->bus);
    }
    *dut = (Part){ .id = "dut", .type = type->name, .set = h->set, .on = h->bus ? "bus" : NULL };
    if (!bus_decodes(h))
        place(dut, type);
}

Bench bench(const char *name, const char *set)
{
    Error err;
    BenchHost *h = xalloc(sizeof *h);
    Bench b = { .host = h };
    const DeviceType *type = device_type(name, &err);
    ck_assert_msg(type != NULL, "%s", err.text);
    h->chardev = (Chardev){ .id = "mem", .write = chardev_write };
    h->drive = (Drive){ .id = "mem", .bytes = MEDIUM, .submit = drive_submit, .drain = drive_drain };
    h->net = (Net){ .id = "mem", .send = net_send };
    choose_parts(h, type, set);
    /* The machine keeps a pointer to its type and that to its parts, so they live as long as it does. */
    h->type = (MachineType){ .name = "bench", .parts = h->parts, .prepare = prepare, .ram = BENCH_RAM, .cpus_max = 1 };
    making = h;
    b.machine = machine_new(&h->type, &(MachineConfig){ .find = find }, &err);
    ck_assert_msg(b.machine != NULL, "%s", err.text);
    ck_assert_msg(machine_boot(b.machine, &err), "%s", err.text);
    b.dev = machine_device(b.machine, "dut");
    b.ram = (uint8_t *)(uintptr_t)space_ram(b.machine->memory, 0, NULL);
    return b;
}

int bench_windows(const Bench *b)
{
    return device_windows(bus_decodes(b->host) ? b->host->bus : b->dev->type);
}

uint64_t bench_window_size(const Bench *b, int window)
{
    return (bus_decodes(b->host) ? b->host->bus : b->dev->type)->windows[window].size;
}

void bench_end(Bench *b)
{
    bench_sleep(b, 0);
    machine_free(b->machine);
    out_free(&b->host->written);
    free(b->host->frame);
    free(b->host->set);
    free(b->host);
}

bool bench_load(Bench *b, int window, uint64_t at, int size, uint64_t *value)
{
    bool ok;
    machine_lock(b->machine);
    uint64_t got = space_load(b->machine->memory, base(window) + at, size, &ok);
    machine_unlock(b->machine);
    if (value)
        *value = got;
    return ok;
}

bool bench_store(Bench *b, int window, uint64_t at, uint64_t value, int size)
{
    machine_lock(b->machine);
    bool ok = space_store(b->machine->memory, base(window) + at, value, size);
    machine_unlock(b->machine);
    return ok;
}

uint64_t bench_read(Bench *b, uint64_t at)
{
    uint64_t value;
    ck_assert(bench_load(b, 0, at, 4, &value));
    return value;
}

void bench_write(Bench *b, uint64_t at, uint64_t value)
{
    ck_assert(bench_store(b, 0, at, value, 4));
}

static const Pin *pin_named(const Bench *b, const char *name, bool input, int *number)
{
    char *plain = xstrdup(name), *dot = strchr(plain, '.');
    if (dot)
        *dot = 0;
    *number = dot ? atoi(dot + 1) : 0;
    const Pin *pin = device_pin(b->dev->type, plain, input);
    free(plain);
    ck_assert_msg(pin != NULL, "no pin %s", name);
    ck_assert_int_lt(*number, pin->count ? pin->count : 1);
    return pin;
}

bool bench_line(Bench *b, const char *name)
{
    int number;
    const Pin *pin = pin_named(b, name, false, &number);
    return ((const Line *)(const void *)((const char *)b->dev + pin->line))[number].level;
}

void bench_drive(Bench *b, const char *name, bool level)
{
    int number;
    const Pin *pin = pin_named(b, name, true, &number);
    pin->in(b->dev, pin->first + number, level);
}

void bench_type(Bench *b, const char *text)
{
    Chardev *c = &b->host->chardev;
    for (size_t left = strlen(text), n; left && c->room && (n = c->room(c->dev)); text += n, left -= n) {
        n = n < left ? n : left;
        c->receive(c->dev, text, n);
    }
}

const char *bench_written(Bench *b)
{
    return b->host->written.text ? b->host->written.text : "";
}

const uint8_t *bench_sent(const Bench *b, size_t *len, int *frames)
{
    *len = b->host->frame_len;
    if (frames)
        *frames = b->host->frames;
    return b->host->frame;
}

bool bench_frame(Bench *b, const void *frame, size_t len)
{
    Net *n = &b->host->net;
    if (!n->receive || !n->ready(n->dev))
        return false;
    n->receive(n->dev, frame, len);
    return true;
}

uint8_t *bench_medium(Bench *b, uint64_t *bytes)
{
    if (bytes)
        *bytes = MEDIUM;
    return b->host->medium;
}

void bench_sleep(Bench *b, int64_t ns)
{
    struct MachineRun *run = b->machine->run;
    int64_t until = run->frozen + ns;
    machine_lock(b->machine);
    for (;;) {
        run_posts(b->machine);
        int64_t next = timers_run(b->machine);
        if (next > until && !run->posts.count)
            break;
        if (next > run->frozen && next <= until)
            run->frozen = next;
    }
    run->frozen = until;
    machine_unlock(b->machine);
}

void bench_reset(Bench *b)
{
    machine_reset(b->machine);
}
