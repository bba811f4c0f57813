/* IDE disks and CD-ROMs, by their registers and by bus mastering. */
#include "core/ports.h"
#include "core/run.h"
#include "host/door.h"
#include "host/drive.h"
#include "tests/device/bench.h"
#include "tests/suite.h"

#include <string.h>

enum { BLOCK = 0x1f0, CONTROL = 0x3f6, SECOND = 0x170, MASTER = 0xc000 };
enum { STATUS = 7, COMMAND = 7, SELECT = 6 };
enum { BYTES = 4 << 20 };

static Machine *m;
static Drive *disk, *cd;

static bool prepare(Machine *machine, Error *err)
{
    Region *ram = ram_add(machine, "ram", 4 << 20, false, err);
    if (ram)
        space_map(machine->memory, 0, ram, 0);
    return ram;
}

static void *find(PropKind kind, const char *id)
{
    (void)kind;
    return !strcmp(id, "disk") ? disk : !strcmp(id, "cd") ? cd : NULL;
}

static void config_set(uint32_t at, uint32_t value)
{
    port_out(m, 0, 0xcf8, 0x80000800 | at, 4);
    port_out(m, 0, 0xcfc, value, 4);
}

static void begin(void)
{
    static const Part parts[] = {
        { "pci.0", "i440FX-pcihost", .port = { 0xcf8 } },
        { "ide", "piix3-ide", "pci.0", .port = { 0x1f0, 0x3f6, 0x170, 0x376 }, .set = "addr=1.0,hda=disk,hdc=cd" },
        { 0 },
    };
    static const MachineType type = {
        .name = "ide", .parts = parts, .prepare = prepare, .ram = 4 << 20, .cpus_max = 1
    };
    Error err;
    disk = drive_mem("disk", BYTES);
    cd = drive_mem("cd", BYTES);
    cd->cdrom = cd->readonly = true;
    for (uint32_t i = 0; i < BYTES; i++)
        drive_mem_bytes(disk)[i] = drive_mem_bytes(cd)[i] = (uint8_t)(i / 512 * 3 + i);
    m = machine_new(&type, &(MachineConfig){ .find = find }, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    ck_assert_msg(machine_boot(m, &err), "%s", err.text);
    config_set(0x20, MASTER);
    config_set(0x04, 5);
}

static uint8_t in(int port)
{
    return (uint8_t)port_in(m, 0, (uint16_t)port, 1);
}

static void out1(int port, uint32_t value)
{
    port_out(m, 0, (uint16_t)port, value, 1);
}

static const Line *irq(int channel)
{
    Device *d = machine_device(m, "ide");
    return (const Line *)(void *)((char *)d + device_pin(d->type, "irq", false)->line) + channel;
}

static void settle(void)
{
    machine_lock(m);
    while (door_deliver())
        ;
    machine_unlock(m);
}

static void command(int block, uint8_t select, uint8_t count, uint32_t lba, uint8_t code)
{
    out1(block + SELECT, select | (lba >> 24 & 15));
    out1(block + 2, count);
    out1(block + 3, lba & 0xff);
    out1(block + 4, lba >> 8 & 0xff);
    out1(block + 5, lba >> 16 & 0xff);
    out1(block + COMMAND, code);
    settle();
}

static void read_words(int block, uint8_t *to, int bytes)
{
    for (int i = 0; i < bytes; i += 2) {
        uint16_t word = (uint16_t)port_in(m, 0, (uint16_t)block, 2);
        memcpy(to + i, &word, 2);
    }
    settle();
}

static void end(void)
{
    machine_free(m);
    drive_free(disk);
    drive_free(cd);
    drives_close();
}

START_TEST(a_disk_says_what_it_is)
{
    uint8_t b[512];
    begin();
    ck_assert_uint_eq(in(BLOCK + STATUS), 0x50);
    command(BLOCK, 0xa0, 0, 0, 0xec);
    ck_assert(irq(0)->level);
    ck_assert_uint_eq(in(BLOCK + STATUS), 0x58);
    ck_assert(!irq(0)->level);
    read_words(BLOCK, b, 512);
    ck_assert_mem_eq(b + 54, "EQUMH RADDSI K", 14);
    ck_assert_uint_eq(b[120] | b[121] << 8 | b[122] << 16, BYTES / 512);
    ck_assert_uint_eq(in(BLOCK + STATUS), 0x50);
    ck_assert_uint_eq(in(BLOCK + 0), 0); /* nothing more */
    out1(BLOCK + SELECT, 0xb0);
    ck_assert_uint_eq(in(BLOCK + STATUS), 0); /* no second drive */
    end();
}
END_TEST

START_TEST(sectors_are_read_and_written_by_the_processor)
{
    uint8_t b[1024];
    begin();
    command(BLOCK, 0xe0, 2, 5, 0x20);
    for (int i = 0; i < 2; i++) {
        ck_assert(irq(0)->level);
        ck_assert_uint_eq(in(BLOCK + STATUS), 0x58);
        read_words(BLOCK, b + i * 512, 512);
    }
    ck_assert_mem_eq(b, drive_mem_bytes(disk) + 5 * 512, 1024);
    ck_assert_uint_eq(in(BLOCK + STATUS), 0x50);
    command(BLOCK, 0xe0, 1, 9, 0x30);
    ck_assert(!irq(0)->level);
    for (int i = 0; i < 128; i++)
        port_out(m, 0, BLOCK, 0x44332211, 4);
    settle();
    ck_assert(irq(0)->level);
    ck_assert_uint_eq(drive_mem_bytes(disk)[9 * 512 + 511], 0x44);
    ck_assert_uint_eq(drive_mem_bytes(disk)[10 * 512], (uint8_t)(10 * 3));
    end();
}
END_TEST

/* The drive is asked once for what fits into the buffer, however many blocks the processor makes of it. */
START_TEST(many_sectors_are_few_requests)
{
    enum { SECTORS = 300, BUFFERS = 2 };
    static uint8_t b[SECTORS * 512];
    begin();
    uint64_t reads = drive_count(disk, DRIVE_READ)->operations, writes = drive_count(disk, DRIVE_WRITE)->operations;
    out1(BLOCK + 2, SECTORS >> 8);
    out1(BLOCK + 3, 0);
    out1(BLOCK + 4, 0);
    out1(BLOCK + 5, 0);
    command(BLOCK, 0xe0, SECTORS & 0xff, 7, 0x24);
    for (int i = 0; i < SECTORS; i++) {
        ck_assert(irq(0)->level);
        ck_assert_uint_eq(in(BLOCK + STATUS), 0x58);
        ck_assert(!irq(0)->level);
        read_words(BLOCK, b + i * 512, 512);
    }
    ck_assert(!irq(0)->level);
    ck_assert_uint_eq(in(BLOCK + STATUS), 0x50);
    ck_assert_mem_eq(b, drive_mem_bytes(disk) + 7 * 512, sizeof b);
    ck_assert_uint_eq(drive_count(disk, DRIVE_READ)->operations - reads, BUFFERS);
    command(BLOCK, 0xe0, 3, 20, 0x30);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(in(BLOCK + STATUS), 0x58);
        for (int k = 0; k < 256; k++)
            port_out(m, 0, BLOCK, (uint32_t)(i << 8 | k), 2);
        ck_assert_uint_eq(drive_count(disk, DRIVE_WRITE)->operations, writes);
        if (i == 2)
            settle();
        ck_assert(irq(0)->level);
    }
    ck_assert_uint_eq(in(BLOCK + STATUS), 0x50);
    ck_assert_uint_eq(in(BLOCK + 3), 22);
    ck_assert_uint_eq(drive_count(disk, DRIVE_WRITE)->operations - writes, 1);
    for (int i = 0; i < 3 * 512; i++)
        ck_assert_uint_eq(drive_mem_bytes(disk)[20 * 512 + i], i & 1 ? i / 512 : i / 2 % 256);
    end();
}
END_TEST

START_TEST(multiple_sectors_come_in_one_block)
{
    uint8_t b[2048];
    begin();
    command(BLOCK, 0xe0, 4, 0, 0xc4); /* not set yet */
    ck_assert_uint_eq(in(BLOCK + STATUS), 0x51);
    command(BLOCK, 0xe0, 4, 0, 0xc6);
    command(BLOCK, 0xe0, 4, 1, 0xc4);
    in(BLOCK + STATUS);
    read_words(BLOCK, b, 2048);
    ck_assert(!irq(0)->level);
    ck_assert_mem_eq(b, drive_mem_bytes(disk) + 512, 2048);
    end();
}
END_TEST

START_TEST(what_is_beyond_the_end_fails)
{
    begin();
    command(BLOCK, 0xe0, 2, BYTES / 512 - 1, 0x20);
    ck_assert_uint_eq(in(BLOCK + STATUS), 0x51);
    ck_assert_uint_eq(in(BLOCK + 1), 0x14);
    command(BLOCK, 0xe0, 1, 0, 0x77);
    ck_assert_uint_eq(in(BLOCK + 1), 4);
    end();
}
END_TEST

static void table(uint32_t at, const uint32_t (*rows)[2], int n)
{
    machine_lock(m);
    space_write(m->memory, at, rows, (size_t)n * 8);
    machine_unlock(m);
}

START_TEST(a_bus_master_moves_along_its_table)
{
    static const uint32_t rows[][2] = { { 0x20000, 512 }, { 0x30000, 0x80000000 | 1536 } };
    begin();
    table(0x10000, rows, 2);
    port_out(m, 0, MASTER + 4, 0x10000, 4);
    out1(MASTER, 8);
    command(BLOCK, 0xe0, 4, 7, 0xc8);
    ck_assert_uint_eq(in(MASTER + 2), 0);
    out1(MASTER, 9);
    settle();
    ck_assert_uint_eq(in(MASTER + 2), 4);
    ck_assert(irq(0)->level);
    ck_assert_uint_eq(in(BLOCK + STATUS), 0x50);
    ck_assert_mem_eq(space_ram(m->memory, 0x20000, NULL), drive_mem_bytes(disk) + 7 * 512, 512);
    ck_assert_mem_eq(space_ram(m->memory, 0x30000, NULL), drive_mem_bytes(disk) + 8 * 512, 1536);
    out1(MASTER, 0);
    out1(MASTER + 2, 4);
    ck_assert_uint_eq(in(MASTER + 2), 0);
    out1(MASTER, 1);
    command(BLOCK, 0xe0, 4, 100, 0xca);
    ck_assert_mem_eq(drive_mem_bytes(disk) + 100 * 512, drive_mem_bytes(disk) + 7 * 512, 2048);
    end();
}
END_TEST

static void packet(const uint8_t *bytes, uint8_t feature, uint16_t limit)
{
    out1(SECOND + SELECT, 0xa0);
    out1(SECOND + 1, feature);
    out1(SECOND + 4, limit & 0xff);
    out1(SECOND + 5, limit >> 8);
    out1(SECOND + COMMAND, 0xa0);
    for (int i = 0; i < 12; i += 2)
        port_out(m, 0, SECOND, bytes[i] | (uint32_t)bytes[i + 1] << 8, 2);
    settle();
}

START_TEST(a_cd_rom_answers_packets)
{
    static const uint8_t capacity[12] = { 0x25 }, read[12] = { 0x28, 0, 0, 0, 0, 3, 0, 0, 2 }, unknown[12] = { 0xff },
                         sense[12] = { 3, 0, 0, 0, 18 };
    uint8_t b[4096];
    begin();
    command(SECOND, 0xa0, 0, 0, 0xec); /* it is no disk */
    ck_assert_uint_eq(in(SECOND + 4), 0x14);
    ck_assert_uint_eq(in(SECOND + 5), 0xeb);
    command(SECOND, 0xa0, 0, 0, 0xa1);
    read_words(SECOND, b, 512);
    ck_assert_uint_eq(b[1], 0x85);
    packet(capacity, 0, 8);
    read_words(SECOND, b, 8);
    ck_assert_uint_eq(b[2] << 8 | b[3], BYTES / 2048 - 1);
    ck_assert_uint_eq(b[6], 8);
    ck_assert_uint_eq(in(SECOND + 2), 3);
    packet(read, 0, 2048);
    for (int i = 0; i < 2; i++) {
        ck_assert(irq(1)->level);
        in(SECOND + STATUS);
        ck_assert_uint_eq(in(SECOND + 5), 8);
        read_words(SECOND, b + i * 2048, 2048);
    }
    ck_assert_mem_eq(b, drive_mem_bytes(cd) + 3 * 2048, 4096);
    ck_assert_uint_eq(in(SECOND + STATUS), 0x50);
    packet(unknown, 0, 0);
    ck_assert_uint_eq(in(SECOND + STATUS), 0x51);
    packet(sense, 0, 18);
    read_words(SECOND, b, 18);
    ck_assert_uint_eq(b[2], 5);
    ck_assert_uint_eq(b[12], 0x20);
    end();
}
END_TEST

START_TEST(a_cd_rom_is_read_by_a_bus_master)
{
    static const uint32_t rows[][2] = { { 0x40000, 0x80000000 | 4096 } };
    static const uint8_t read[12] = { 0xa8, 0, 0, 0, 0, 9, 0, 0, 0, 2 };
    begin();
    table(0x10000, rows, 1);
    port_out(m, 0, MASTER + 12, 0x10000, 4);
    packet(read, 1, 0);
    out1(MASTER + 8, 9);
    settle();
    ck_assert_uint_eq(in(MASTER + 10), 4);
    ck_assert_mem_eq(space_ram(m->memory, 0x40000, NULL), drive_mem_bytes(cd) + 9 * 2048, 4096);
    end();
}
END_TEST

/* TEST UNIT READY: the sense key and code that it left. */
static int ready(void)
{
    static const uint8_t ask[12] = { 0 }, sense[12] = { 3, 0, 0, 0, 18 };
    uint8_t b[18];
    packet(ask, 0, 0);
    if (in(SECOND + STATUS) == 0x50)
        return 0;
    packet(sense, 0, 18);
    read_words(SECOND, b, 18);
    return b[2] << 8 | b[12];
}

/* What GET EVENT STATUS NOTIFICATION says: the event, and the state of tray and medium. */
static int event(void)
{
    static const uint8_t ask[12] = { 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8 };
    uint8_t b[8];
    packet(ask, 0, 8);
    read_words(SECOND, b, 8);
    return b[4] << 8 | b[5];
}

START_TEST(a_cd_is_changed_and_ejected)
{
    static const uint8_t prevent[12] = { 0x1e, 0, 0, 0, 1 }, allow[12] = { 0x1e }, eject[12] = { 0x1b, 0, 0, 0, 2 },
                         load[12] = { 0x1b, 0, 0, 0, 3 };
    begin();
    command(SECOND, 0xa0, 0, 0, 0xa1);
    uint8_t b[512];
    read_words(SECOND, b, 512);
    ck_assert_int_eq(ready(), 0);
    machine_lock(m);
    cd->bytes = 0;
    cd->user->changed(cd->user_of);
    machine_unlock(m);
    ck_assert_int_eq(event(), 0x300);
    ck_assert_int_eq(ready(), 0x23a);
    cd->bytes = BYTES / 2;
    cd->user->changed(cd->user_of);
    ck_assert_int_eq(event(), 0x202);
    ck_assert_int_eq(event(), 0x002);
    ck_assert_int_eq(ready(), 0x628); /* once */
    ck_assert_int_eq(ready(), 0);
    packet(prevent, 0, 0);
    ck_assert(cd->user->is_locked(cd->user_of));
    packet(eject, 0, 0);
    ck_assert_uint_eq(in(SECOND + STATUS), 0x51);
    ck_assert(!cd->user->is_open(cd->user_of));
    cd->user->ask(cd->user_of);
    ck_assert_int_eq(event(), 0x102);
    packet(allow, 0, 0);
    packet(eject, 0, 0);
    ck_assert(cd->user->is_open(cd->user_of));
    ck_assert_int_eq(event(), 0x301);
    ck_assert_int_eq(ready(), 0x23a);
    packet(load, 0, 0);
    ck_assert_int_eq(event(), 0x202);
    end();
}
END_TEST

START_TEST(a_reset_in_the_middle_leaves_the_signature)
{
    begin();
    out1(BLOCK + 2, 8);
    out1(BLOCK + SELECT, 0xe0);
    out1(BLOCK + COMMAND, 0x20);
    out1(CONTROL, 4);
    out1(CONTROL, 0);
    settle();
    ck_assert_uint_eq(in(BLOCK + STATUS), 0x50);
    ck_assert_uint_eq(in(BLOCK + 1), 1);
    ck_assert_uint_eq(in(BLOCK + 3), 1);
    uint32_t noise = 1;
    for (int i = 0; i < 200000; i++) {
        noise = noise * 1664525 + 1013904223;
        int port = (noise >> 8 & 1 ? BLOCK : SECOND) + (noise >> 9 & 7);
        if (noise >> 28 == 1)
            port = MASTER + (noise >> 9 & 15);
        else if (noise >> 28 == 2)
            port = CONTROL;
        port_out(m, 0, (uint16_t)port, noise >> 12, 1 << (noise >> 30) % 3);
        port_in(m, 0, (uint16_t)port, 1 << (noise >> 30) % 3);
        settle();
    }
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { a_disk_says_what_it_is,
                                   sectors_are_read_and_written_by_the_processor,
                                   many_sectors_are_few_requests,
                                   multiple_sectors_come_in_one_block,
                                   what_is_beyond_the_end_fails,
                                   a_bus_master_moves_along_its_table,
                                   a_cd_rom_answers_packets,
                                   a_cd_rom_is_read_by_a_bus_master,
                                   a_cd_is_changed_and_ejected,
                                   a_reset_in_the_middle_leaves_the_signature,
                                   NULL };
    return run_tests("device/ide", tests, NULL);
}
