/* A bench holds one device in a machine of its own: no CPU, 16 MiB of RAM at 0, virtual time that moves when told. The
 * test is the bus master; `mem` as a chardev, drive or netdev id is one whose other side the test holds. A device that
 * plugs into a bus gets one, and the windows are the bus's then. */
#pragma once
#include "core/machine.h"
#include "host/chardev.h"
#include "host/drive.h"
#include "host/net.h"

typedef struct Bench {
    Machine *machine;
    Device *dev;
    uint8_t *ram; /* 16 MiB at address 0, as the device's DMA sees it */
    struct BenchHost *host;
} Bench;

#define BENCH_RAM (16u << 20)

Bench bench(const char *type, const char *set); /* made, wired to nothing, reset; a failure ends the test */
void bench_end(Bench *);

int bench_windows(const Bench *);
uint64_t bench_window_size(const Bench *, int window);

/* Four bytes of the first window. */
uint64_t bench_read(Bench *, uint64_t at);
void bench_write(Bench *, uint64_t at, uint64_t value);
/* Any access at all; false: refused. */
bool bench_load(Bench *, int window, uint64_t at, int size, uint64_t *value);
bool bench_store(Bench *, int window, uint64_t at, uint64_t value, int size);

bool bench_line(Bench *, const char *pin);        /* level of an output, PIN or PIN.NUMBER */
void bench_drive(Bench *, const char *pin, bool); /* an input, likewise */

void bench_type(Bench *, const char *text); /* bytes from the world, as many as the device takes */
const char *bench_written(Bench *);         /* all the device has written */
uint8_t *bench_medium(Bench *, uint64_t *bytes);
const uint8_t *bench_sent(const Bench *, size_t *len, int *frames); /* the last frame, and how many there were */
bool bench_frame(Bench *, const void *frame, size_t len); /* one from the world; false: the device is not ready */

void bench_sleep(Bench *, int64_t ns); /* virtual time passes: timers and posted events run */
void bench_reset(Bench *);
