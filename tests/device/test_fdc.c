/* The floppy disk controller by the phases of its data sheet: commands, DMA and FIFO, results, interrupts, resets. */
#include "core/ports.h"
#include "devices/storage/fdc.h"
#include "host/door.h"
#include "tests/device/bench.h"
#include "tests/suite.h"

#include <stdlib.h>
#include <string.h>

enum { DOR = 0x3f2, MSR = 0x3f4, FIFO = 0x3f5, DIR = 0x3f7, MEDIUM = 1474560, BUFFER = 0x8000 };

static Machine *m;
static Drive *disk;

static void *find(PropKind kind, const char *id)
{
    (void)kind;
    return disk && !strcmp(id, "a") ? disk : NULL;
}

static bool prepare(Machine *machine, Error *err)
{
    Region *ram = ram_add(machine, "ram", 1 << 20, false, err);
    if (ram)
        space_map(machine->memory, 0, ram, 0);
    return ram;
}

static void out1(int port, uint32_t value)
{
    port_out(m, 0, (uint16_t)port, value, 1);
}

static uint8_t in(int port)
{
    return (uint8_t)port_in(m, 0, (uint16_t)port, 1);
}

static Fdc *fdc_of(void)
{
    return (Fdc *)(void *)machine_device(m, "fdc");
}

static bool irq(void)
{
    return fdc_of()->irq.level;
}

/* Media answer, the controller's clock runs. */
static void settle(void)
{
    machine_lock(m);
    for (int i = 0; i < 4; i++) {
        while (door_deliver())
            ;
        Timer *const timers[] = { &fdc_of()->seek, &fdc_of()->work };
        for (int k = 0; k < 2; k++)
            if (timers[k]->when != TIMER_OFF) {
                timer_off(timers[k]);
                timers[k]->fire(timers[k]->who);
            }
    }
    machine_unlock(m);
}

static void command(const char *hex)
{
    for (const char *at = hex; *at; at += 2) {
        char pair[3] = { at[0], at[1], 0 };
        ck_assert_uint_eq(in(MSR)&0xc0, 0x80);
        out1(FIFO, (uint32_t)strtoul(pair, NULL, 16));
        at += at[2] == ' ';
    }
    settle();
}

/* The result phase, as text. */
static void results(const char *want)
{
    char text[64] = "";
    while ((in(MSR)&0xd0) == 0xd0 && strlen(text) < 60)
        sprintf(text + strlen(text), "%s%02x", *text ? " " : "", in(FIFO));
    ck_assert_str_eq(text, want);
    ck_assert_uint_eq(in(MSR), 0x80);
}

static void ends(const char *want)
{
    ck_assert_msg(irq(), "no interrupt");
    results(want);
    ck_assert(!irq());
}

/* Channel 2: `mode` 0x46 to memory, 0x4a from it. */
static void program_dma(uint32_t mode, uint32_t bytes)
{
    out1(0x0a, 6);
    out1(0x0c, 0);
    out1(0x04, BUFFER & 0xff);
    out1(0x04, BUFFER >> 8);
    out1(0x05, (bytes - 1) & 0xff);
    out1(0x05, (bytes - 1) >> 8);
    out1(0x81, 0);
    out1(0x0b, mode);
    out1(0x0a, 2);
}

static uint8_t *memory(void)
{
    return (uint8_t *)(uintptr_t)space_ram(m->memory, BUFFER, NULL);
}

static void begin_with(uint64_t bytes)
{
    static const Part parts[] = {
        { "dma", "i8257", .port = { PORT_0, 0xc0, 0x80 } },
        { "fdc", "isa-fdc", .port = { 0x3f0, 0x3f7 }, .set = "dma=dma,driveA=a" },
        { 0 },
    };
    static const MachineType type = {
        .name = "floppy", .parts = parts, .prepare = prepare, .ram = 1 << 20, .cpus_max = 1
    };
    Error err;
    disk = bytes ? drive_mem("a", bytes) : NULL;
    for (uint64_t i = 0; i < bytes; i++)
        drive_mem_bytes(disk)[i] = (uint8_t)(i / 512 * 7 + i);
    m = machine_new(&type, &(MachineConfig){ .find = find }, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    ck_assert_msg(machine_boot(m, &err), "%s", err.text);
}

/* Out of reset, motor on, 500 kbit/s, specified for DMA, at cylinder 0. */
static void begin(void)
{
    begin_with(MEDIUM);
    out1(DOR, 0x1c);
    out1(DIR, 0);
    settle();
    for (int i = 0; i < 4; i++)
        command("08"), in(FIFO), in(FIFO);
    command("03 df 02");
    command("07 00");
    command("08");
    results("20 00");
}

static void end(void)
{
    machine_free(m);
    drive_free(disk);
    drives_close();
}

static const uint8_t *sector(int c, int h, int r)
{
    return drive_mem_bytes(disk) + ((c * 2 + h) * 18 + r - 1) * 512;
}

START_TEST(a_reset_is_followed_by_four_interrupt_statuses)
{
    begin_with(MEDIUM);
    ck_assert_uint_eq(in(MSR), 0); /* it is held in reset */
    out1(DOR, 0x0c);
    ck_assert_uint_eq(in(MSR), 0x80);
    settle();
    ck_assert(irq());
    static const char *const polled[] = { "c0 00", "c1 00", "c2 00", "c3 00" };
    for (int i = 0; i < 4; i++) {
        command("08");
        ck_assert(!irq());
        results(polled[i]);
    }
    command("08");
    results("80");
    out1(MSR, 0x80); /* DSR: a reset that ends by itself */
    settle();
    ck_assert(irq());
    out1(DOR, 0x04); /* the gate */
    ck_assert(!irq());
    out1(DOR, 0x0c);
    command("13 00 17 00"); /* no polling */
    out1(DOR, 0x08);
    out1(DOR, 0x0c);
    command("94"); /* ... which a lock keeps */
    results("10");
    end();
}
END_TEST

START_TEST(what_the_controller_knows_of_itself)
{
    begin();
    command("10");
    results("90");
    command("1f");
    results("80");
    command("18"); /* PART ID is the 82078's */
    results("80");
    command("13 00 57 08");
    command("03 a1 05");
    command("12 84");
    command("0e");
    results("00 00 00 00 a1 05 00 04 57 08");
    command("94");
    results("10");
    out1(DOR, 0x18);
    out1(DOR, 0x1c);
    settle();
    command("0e");
    results("00 00 00 00 a1 05 00 84 57 08"); /* kept over the reset */
    command("14");
    results("00");
    command("04 04");
    results("3c");
    disk->readonly = true;
    command("04 00");
    results("78");
    end();
}
END_TEST

START_TEST(heads_move_and_tell)
{
    begin();
    ck_assert_uint_eq(in(DIR), 0x80); /* no step since the medium came */
    out1(FIFO, 0x0f);
    out1(FIFO, 0x04);
    out1(FIFO, 0x05);
    ck_assert_uint_eq(in(MSR), 0x81);
    ck_assert(!irq());
    settle();
    ck_assert(irq());
    ck_assert_uint_eq(in(DIR), 0);
    command("08");
    ck_assert(!irq());
    results("24 05");
    command("04 00");
    results("28");
    command("cf 00 0a"); /* ten more */
    command("08");
    results("20 0f");
    command("8f 00 ff");
    command("08");
    results("20 00");
    command("0f 00 52");
    command("08");
    results("20 52");
    command("07 00"); /* 79 steps are not enough from 82 */
    command("08");
    results("70 00");
    command("04 00");
    results("28");
    command("07 00");
    command("08");
    results("20 00");
    command("07 01"); /* nobody is there */
    command("08");
    results("71 00");
    out1(DOR, 0x0c);
    ck_assert_uint_eq(in(DIR), 0); /* the motor is off */
    end();
}
END_TEST

START_TEST(sectors_are_read_by_dma_to_the_terminal_count)
{
    begin();
    program_dma(0x46, 1024);
    command("e6 00 00 00 11 02 12 1b ff");
    ends("04 00 00 00 01 01 02"); /* of the second head comes next: MT */
    ck_assert_mem_eq(memory(), sector(0, 0, 17), 1024);
    program_dma(0x46, 1536);
    command("e6 00 00 00 11 02 12 1b ff"); /* over to the other side */
    ends("04 00 00 00 01 02 02");
    ck_assert_mem_eq(memory(), sector(0, 0, 17), 1536);
    program_dma(0x46, 512);
    command("46 04 00 01 12 02 12 1b ff"); /* the last sector of a side */
    ends("04 00 00 01 01 01 02");
    program_dma(0x46, 4096);
    command("46 00 00 00 11 02 12 1b ff"); /* the track ends before */
    ends("40 80 00 01 00 01 02");
    program_dma(0x46, 100);
    command("46 00 00 00 03 02 12 1b ff"); /* part of a sector */
    ends("00 00 00 00 00 04 02");
    ck_assert_mem_eq(memory(), sector(0, 0, 3), 100);
    out1(0x0a, 6);
    command("46 00 00 00 03 02 12 1b ff"); /* a channel that is masked */
    ends("40 10 00 00 00 03 02");
    command("0f 00 03");
    command("08");
    results("20 03");
    program_dma(0x46, 512);
    command("46 00 03 00 04 02 12 1b ff");
    ends("00 00 00 03 00 05 02");
    ck_assert_mem_eq(memory(), sector(3, 0, 4), 512);
    end();
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
    begin();
    program_dma(0x46, 512);
    command("46 00 01 00 01 02 12 1b ff"); /* the heads are elsewhere */
    ends("40 04 10 01 00 01 02");
    command("46 00 00 00 13 02 24 1b ff"); /* 18 sectors */
    ends("40 04 00 00 00 13 02");
    command("46 00 00 01 01 02 12 1b ff"); /* the wrong head's address */
    ends("40 04 00 00 01 01 02");
    command("46 00 00 00 01 03 12 1b ff"); /* sectors of 1024 bytes */
    ends("40 04 00 00 00 01 03");
    command("06 00 00 00 01 02 12 1b ff"); /* single density */
    ends("40 01 00 00 00 01 02");
    command("46 01 00 00 01 02 12 1b ff"); /* no such drive */
    ends("41 01 00 00 00 01 02");
    out1(DIR, 2); /* 250 kbit/s */
    command("46 00 00 00 01 02 12 1b ff");
    ends("40 01 00 00 00 01 02");
    command("4a 00");
    ends("40 01 00 00 00 00 00");
    out1(DIR, 0);
    command("4a 04");
    ends("04 00 00 00 01 01 02");
    command("4a 04");
    ends("04 00 00 00 01 02 02");
    command("13 00 40 00"); /* implied seeks */
    command("46 00 4f 00 01 02 12 1b ff");
    ends("00 00 00 4f 00 02 02");
    ck_assert_mem_eq(memory(), sector(79, 0, 1), 512);
    command("4c 00 4f 00 01 02 12 1b ff"); /* deleted data: no sector is marked so */
    ends("40 10 40 4f 00 01 02");
    program_dma(0x46, 2048);
    command("4c 00 4f 00 01 02 12 1b ff");
    ends("00 00 40 4f 00 02 02");
    end();
}
END_TEST

START_TEST(sectors_are_written)
{
    begin();
    memset(memory(), 0x5a, 1024);
    program_dma(0x4a, 1024);
    command("45 00 00 00 02 02 12 1b ff");
    ends("00 00 00 00 00 04 02");
    ck_assert_mem_eq(sector(0, 0, 2), memory(), 1024);
    program_dma(0x4a, 10); /* the rest of a sector is zeros */
    command("45 00 00 00 05 02 12 1b ff");
    ends("00 00 00 00 00 06 02");
    ck_assert_mem_eq(sector(0, 0, 5), "\x5a\x5a\x5a\x5a\x5a\x5a\x5a\x5a\x5a\x5a\0\0", 12);
    disk->readonly = true;
    program_dma(0x4a, 512);
    command("45 00 00 00 02 02 12 1b ff");
    ends("40 02 00 00 00 02 02");
    disk->readonly = false;
    for (int i = 0; i < 18; i++)
        memcpy(memory() + i * 4, (uint8_t[]){ 0, 1, (uint8_t)(i + 1), 2 }, 4);
    program_dma(0x4a, 72);
    command("4d 04 02 12 54 e5"); /* format the other side */
    ends("04 00 00 00 01 13 02");
    for (int i = 1; i <= 18; i++)
        for (int k = 0; k < 512; k++)
            ck_assert_uint_eq(sector(0, 1, i)[k], 0xe5);
    ck_assert_uint_ne(sector(1, 0, 1)[3], 0xe5);
    command("4d 04 02 00 54 e5"); /* no sectors at all */
    ck_assert(irq());
    end();
}
END_TEST

START_TEST(verify_and_scan_move_nothing_to_memory)
{
    begin();
    memset(memory(), 0x11, 512);
    command("56 00 00 00 01 02 12 1b ff");
    ends("00 00 00 01 00 01 02");
    command("56 80 00 00 01 02 12 1b 03"); /* three sectors */
    ends("00 00 00 00 00 04 02");
    ck_assert_uint_eq(memory()[0], 0x11);
    memcpy(memory(), sector(0, 0, 2), 512);
    memset(memory() + 30, 0xff, 3); /* fits all */
    program_dma(0x4a, 512);
    command("51 00 00 00 02 02 12 1b 01");
    ends("00 00 08 00 00 03 02");
    memory()[5] = (uint8_t)(memory()[5] + 1);
    program_dma(0x4a, 512);
    command("51 00 00 00 02 02 12 1b 01");
    ends("00 00 04 00 00 03 02");
    program_dma(0x4a, 512);
    command("59 00 00 00 02 02 12 1b 01"); /* the disk's is low */
    ends("00 00 00 00 00 03 02");
    end();
}
END_TEST

START_TEST(without_dma_bytes_go_through_the_fifo)
{
    uint8_t b[512];
    begin();
    command("03 df 03");
    command("46 00 00 00 07 02 08 1b ff");
    for (int s = 0; s < 2; s++) {
        for (int i = 0; i < 512; i++) {
            ck_assert(irq());
            ck_assert_uint_eq(in(MSR), 0xf0);
            b[i] = in(FIFO);
        }
        ck_assert_mem_eq(b, sector(0, 0, 7 + s), 512);
        settle();
    }
    ends("40 80 00 01 00 01 02"); /* nothing counts but the track */
    command("45 00 00 00 09 02 09 1b ff");
    for (int i = 0; i < 512; i++) {
        ck_assert_uint_eq(in(MSR), 0xb0);
        out1(FIFO, (uint32_t)i * 3 & 0xff);
    }
    settle();
    ends("40 80 00 01 00 01 02");
    ck_assert_uint_eq(sector(0, 0, 9)[100], 300 & 0xff);
    end();
}
END_TEST

START_TEST(a_medium_is_known_by_its_size)
{
    static const struct {
        int bytes, cylinders, heads, sectors, kind;
    } media[] = {
        { 163840, 40, 1, 8, FLOPPY_1200K },   { 184320, 40, 1, 9, FLOPPY_1200K },
        { 327680, 40, 2, 8, FLOPPY_1200K },   { 368640, 40, 2, 9, FLOPPY_1200K },
        { 737280, 80, 2, 9, FLOPPY_1440K },   { 1228800, 80, 2, 15, FLOPPY_1200K },
        { 1474560, 80, 2, 18, FLOPPY_1440K }, { 1720320, 80, 2, 21, FLOPPY_1440K },
        { 2949120, 80, 2, 36, FLOPPY_2880K }, { 512, 80, 2, 18, FLOPPY_1440K },
    };
    for (size_t i = 0; i < sizeof media / sizeof *media; i++) {
        const Geometry *g = floppy_geometry((uint64_t)media[i].bytes);
        ck_assert_int_eq(g->cylinders, media[i].cylinders);
        ck_assert_int_eq(g->heads, media[i].heads);
        ck_assert_int_eq(g->sectors, media[i].sectors);
        ck_assert_int_eq(g->kind, media[i].kind);
    }
    ck_assert_ptr_null(floppy_geometry(0));
    begin_with(368640); /* 40 cylinders, in a drive of 80 */
    out1(DOR, 0x1c);
    out1(DIR, 1);
    settle();
    command("0f 00 06");
    command("4a 00");
    results("00 00 00 03 00 01 02");
    program_dma(0x46, 512);
    command("46 00 03 00 01 02 09 2a ff");
    ends("00 00 00 03 00 02 02");
    ck_assert_mem_eq(memory(), drive_mem_bytes(disk) + 3 * 18 * 512, 512);
    end();
    begin_with(512); /* a boot sector alone: zeros follow */
    out1(DOR, 0x1c);
    out1(DIR, 0);
    settle();
    program_dma(0x46, 1024);
    command("46 00 00 00 01 02 12 1b ff");
    ends("00 00 00 00 00 03 02");
    ck_assert_mem_eq(memory(), drive_mem_bytes(disk), 512);
    ck_assert_uint_eq(memory()[512] | memory()[1023], 0);
    end();
}
END_TEST

START_TEST(noise_does_no_harm)
{
    uint32_t noise = 1;
    begin();
    for (int i = 0; i < 300000; i++) {
        noise = noise * 1664525 + 1013904223;
        int port = noise >> 30 == 3 ? DOR : noise >> 30 == 2 ? DIR : FIFO;
        uint32_t value = noise >> 12 & 0xff;
        if (noise % 64 == 0)
            program_dma(noise & 64 ? 0x56 : 0x5a, 1 + (noise >> 10) % 4000);
        if (port == DOR && noise >> 20 & 31)
            value = 0x1c;
        out1(port, value);
        in(FIFO);
        if (noise >> 16 & 1)
            settle();
    }
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { a_reset_is_followed_by_four_interrupt_statuses,
                                   what_the_controller_knows_of_itself,
                                   heads_move_and_tell,
                                   sectors_are_read_by_dma_to_the_terminal_count,
                                   what_is_not_there_is_not_found,
                                   sectors_are_written,
                                   verify_and_scan_move_nothing_to_memory,
                                   without_dma_bytes_go_through_the_fifo,
                                   a_medium_is_known_by_its_size,
                                   noise_does_no_harm,
                                   NULL };
    return run_tests("device/fdc", tests, NULL);
}
