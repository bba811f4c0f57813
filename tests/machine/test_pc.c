/* What the `pc` machine tells its firmware: fw-cfg files and CMOS, read as firmware does. */
#include "core/machine.h"
#include "core/ports.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static Machine *m;
static bool found; /* the BIOS: without it a machine is not told anything */

static void begin(uint64_t ram, int cpus, const char *props)
{
    Error err;
    const MachineType *t = machine_type("pc", &err);
    m = machine_new(
        t, &(MachineConfig){ .cpu = "none", .ram = ram, .cpus = cpus, .machine_props = props, .boot_order = "dc" },
        &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    found = machine_boot(m, &err);
    ck_assert_msg(found || strstr(err.text, "seabios"), "%s", err.text);
}

static void choose(uint32_t key)
{
    port_out(m, 0, 0x510, key, 2);
}

static void read_bytes(void *to, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)to)[i] = (uint8_t)port_in(m, 0, 0x511, 1);
}

static uint32_t big(const uint8_t *at, int size)
{
    uint32_t value = 0;
    for (int i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}

typedef struct File {
    uint8_t *bytes;
    uint32_t len;
} File;

static File file(const char *name)
{
    uint8_t count[4], entry[64];
    choose(0x19);
    read_bytes(count, 4);
    for (uint32_t i = 0; i < big(count, 4); i++) {
        read_bytes(entry, 64);
        if (strcmp((char *)entry + 8, name))
            continue;
        File f = { malloc(big(entry, 4) + 1), big(entry, 4) };
        choose(big(entry + 4, 2));
        read_bytes(f.bytes, f.len);
        return f;
    }
    ck_abort_msg("no file %s", name);
    return (File){ 0 };
}

static uint32_t get(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, 4);
    return value;
}

static void add(uint8_t *at, uint32_t more)
{
    more += get(at);
    memcpy(at, &more, 4);
}

static uint8_t sum(const uint8_t *at, uint32_t len)
{
    uint8_t s = 0;
    while (len--)
        s += *at++;
    return s;
}

/* Carries out the loader's commands as firmware does, with the tables at TABLES_AT. */
enum { TABLES_AT = 0x7fe0000 };

static void load(File *tables, File *rsdp, const File *commands)
{
    ck_assert_uint_eq(commands->len % 128, 0);
    for (const uint8_t *c = commands->bytes; c < commands->bytes + commands->len; c += 128) {
        File *of = !strcmp((const char *)c + 4, "etc/acpi/rsdp") ? rsdp : tables;
        switch (get(c)) {
        case 1:
            break;
        case 2:
            ck_assert_str_eq((const char *)c + 60, "etc/acpi/tables");
            ck_assert_uint_le(get(c + 116) + 4, of->len);
            add(of->bytes + get(c + 116), TABLES_AT);
            break;
        case 3:
            ck_assert_uint_le(get(c + 64) + get(c + 68), of->len);
            of->bytes[get(c + 60)] = (uint8_t)-sum(of->bytes + get(c + 64), get(c + 68));
            break;
        default:
            ck_abort_msg("command %u", get(c));
        }
    }
}

/* The table the nth entry of the root table leads to, its checksum proved. */
static const uint8_t *table(const File *tables, uint32_t address, const char *signature)
{
    ck_assert_uint_ge(address, TABLES_AT);
    ck_assert_uint_lt(address - TABLES_AT, tables->len);
    const uint8_t *t = tables->bytes + (address - TABLES_AT);
    ck_assert_mem_eq(t, signature, 4);
    ck_assert_uint_le(address - TABLES_AT + get(t + 4), tables->len);
    if (strcmp(signature, "FACS"))
        ck_assert_uint_eq(sum(t, get(t + 4)), 0);
    return t;
}

START_TEST(acpi_tables_are_linked_and_add_up)
{
    static const char *const listed[] = { "FACP", "APIC", "HPET", "WAET" };
    begin(128 << 20, 3, NULL);
    if (found) {
        File tables = file("etc/acpi/tables"), rsdp = file("etc/acpi/rsdp"), commands = file("etc/table-loader");
        load(&tables, &rsdp, &commands);
        ck_assert_mem_eq(rsdp.bytes, "RSD PTR ", 8);
        ck_assert_uint_eq(sum(rsdp.bytes, 20), 0);
        const uint8_t *root = table(&tables, get(rsdp.bytes + 16), "RSDT");
        ck_assert_uint_eq(get(root + 4), 36 + 4 * 4);
        for (int i = 0; i < 4; i++)
            table(&tables, get(root + 36 + i * 4), listed[i]);
        const uint8_t *fadt = table(&tables, get(root + 36), "FACP"), *madt = table(&tables, get(root + 40), "APIC");
        ck_assert_uint_eq(get(fadt + 4), 116);
        table(&tables, get(fadt + 36), "FACS");
        const uint8_t *dsdt = table(&tables, get(fadt + 40), "DSDT");
        ck_assert_ptr_nonnull(memmem(dsdt, get(dsdt + 4), "LNKD", 4));
        ck_assert_uint_eq(madt[44 + 8 * 2 + 3], 2); /* the third CPU */
        free(tables.bytes);
        free(rsdp.bytes);
        free(commands.bytes);
    }
    machine_free(m);
}
END_TEST

static bool tables_have(const char *text)
{
    File tables = file("etc/acpi/tables");
    bool has = memmem(tables.bytes, tables.len, text, strlen(text));
    free(tables.bytes);
    return has;
}

START_TEST(acpi_tells_of_what_was_plugged_in)
{
    Error err;
    begin(128 << 20, 1, NULL);
    if (found) {
        ck_assert(tables_have("LNKD") && !tables_have("QEMU0001"));
        ck_assert_msg(machine_plug(m, "pvpanic,ioport=0x1505", &err), "%s", err.text);
        ck_assert_msg(machine_boot(m, &err), "%s", err.text);
        ck_assert(tables_have("QEMU0001"));
        ck_assert(tables_have("\x47\x01\x05\x15\x05\x15\x01\x01")); /* at that port */
    }
    machine_free(m);
}
END_TEST

static uint32_t cmos(uint32_t at, int bytes)
{
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++) {
        port_out(m, 0, 0x70, at + (uint32_t)i, 1);
        value |= port_in(m, 0, 0x71, 1) << i * 8;
    }
    return value;
}

START_TEST(the_first_order_holds_once)
{
    Error err;
    MachineConfig c = {
        .cpu = "none", .boot_once = "n", .boot_order = "ac", .boot_wait_ms = 3000, .boot_retry_ms = -1
    };
    m = machine_new(machine_type("pc", &err), &c, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    if (machine_boot(m, &err)) {
        ck_assert_uint_eq(cmos(0x3d, 1), 4);
        File wait = file("etc/boot-menu-wait"), fail = file("etc/boot-fail-wait");
        ck_assert_mem_eq(wait.bytes, "\xb8\x0b", 2);
        ck_assert_mem_eq(fail.bytes, "\xff\xff\xff\xff", 4);
        free(wait.bytes);
        free(fail.bytes);
        ck_assert_uint_eq(cmos(0x10, 1), 0); /* no floppy drives without their host's side */
        ck_assert(machine_boot(m, &err));
        ck_assert_uint_eq(cmos(0x3d, 1), 0x21);
    }
    machine_free(m);
}
END_TEST

START_TEST(memory_is_told_in_cmos_and_in_a_map)
{
    begin(5ull << 30, 2, "acpi=off");
    if (found) {
        ck_assert_uint_eq(cmos(0x15, 2), 640);
        ck_assert_uint_eq(cmos(0x17, 2), 0xffff);
        ck_assert_uint_eq(cmos(0x34, 2), 0xbf00);
        ck_assert_uint_eq(cmos(0x5b, 3), 2u << 14);
        ck_assert_uint_eq(cmos(0x5f, 1), 1);
        ck_assert_uint_eq(cmos(0x3d, 1), 0x23); /* CD, then disk */
        File map = file("etc/e820");
        ck_assert_uint_eq(map.len, 40);
        ck_assert_uint_eq(get(map.bytes + 8), 0xc0000000);
        ck_assert_uint_eq(get(map.bytes + 24), 1);
        free(map.bytes);
    }
    machine_free(m);
}
END_TEST

START_TEST(smbios_structures_fill_their_table)
{
    begin(256 << 20, 2, NULL);
    if (found) {
        File tables = file("etc/smbios/smbios-tables"), anchor = file("etc/smbios/smbios-anchor");
        ck_assert_uint_eq(anchor.len, 31);
        ck_assert_uint_eq(anchor.bytes[22] | anchor.bytes[23] << 8, tables.len);
        uint32_t at = 0, n = 0;
        uint8_t kind = 0;
        for (; at < tables.len; n++) {
            kind = tables.bytes[at];
            at += tables.bytes[at + 1];
            while (at + 1 < tables.len && (tables.bytes[at] || tables.bytes[at + 1]))
                at++;
            at += 2;
        }
        ck_assert_uint_eq(at, tables.len);
        ck_assert_uint_eq(kind, 127);
        ck_assert_uint_eq(anchor.bytes[28], n);
        free(tables.bytes);
        free(anchor.bytes);
    }
    machine_free(m);
}
END_TEST

START_TEST(firmware_is_at_the_top_and_below_1_mib)
{
    begin(64 << 20, 1, NULL);
    if (found) {
        const uint8_t *top = space_ram(m->memory, 0xfffffff0, NULL), *low = space_ram(m->memory, 0xffff0, NULL);
        ck_assert_mem_eq(top, low, 16);
        ck_assert_uint_eq(*top, 0xea); /* a far jump */
    }
    machine_free(m);
}
END_TEST

/* A kernel of a header and 3000 bytes; its setup code has 2 sectors. */
static void make_kernel(const char *path)
{
    uint8_t image[1536 + 3000];
    memset(image, 0x90, sizeof image);
    memset(image, 0, 1024);
    image[0x1f1] = 2;
    memcpy(image + 0x202, "HdrS\x0c\x02", 6);
    image[0x211] = 1;
    memcpy(image + 0x22c, "\xff\xff\xff\x37", 4);
    FILE *f = fopen(path, "w");
    ck_assert(f && fwrite(image, 1, sizeof image, f) == sizeof image);
    fclose(f);
}

START_TEST(an_option_rom_is_told_what_to_load)
{
    char path[] = "/tmp/dragoman-bzimage-XXXXXX";
    Error err;
    close(mkstemp(path));
    make_kernel(path);
    m = machine_new(machine_type("pc", &err),
                    &(MachineConfig){ .cpu = "none", .kernel = path, .append = "console=ttyS0", .initrd = path }, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    if (machine_boot(m, &err)) {
        File rom = file("genroms/linuxboot.bin"), order = file("bootorder");
        ck_assert_str_eq((char *)order.bytes, "/rom@genroms/linuxboot.bin");
        ck_assert_uint_eq(rom.bytes[0] | rom.bytes[1] << 8, 0xaa55);
        ck_assert_uint_eq(rom.len, rom.bytes[2] * 512u);
        ck_assert_uint_eq(sum(rom.bytes, rom.len), 0);
        const uint8_t *pnp = rom.bytes + rom.bytes[0x1a], *rows = rom.bytes + 0x3b0;
        ck_assert_mem_eq(pnp, "$PnP", 4);
        ck_assert_uint_eq(sum(pnp, 32), 0);
        ck_assert_uint_eq(big(rows + 4, 4), 1536);
        ck_assert_uint_eq(big(rows + 32 + 4, 4), 3000);
        ck_assert_uint_eq(big(rows + 32 + 12, 4), 0x100000);
        ck_assert_uint_eq(big(rows + 48 + 12, 4) & 0xfff, 0);
        uint8_t header[0x230];
        choose(0x18);
        read_bytes(header, sizeof header);
        ck_assert_uint_eq(get(header + 0x218), big(rows + 48 + 12, 4));
        ck_assert_uint_eq(get(header + 0x228), 0x20000);
        free(rom.bytes);
        free(order.bytes);
    } else {
        ck_assert_ptr_nonnull(strstr(err.text, "seabios"));
    }
    machine_free(m);
    unlink(path);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("all");
    tcase_add_test(c, acpi_tables_are_linked_and_add_up);
    tcase_add_test(c, acpi_tells_of_what_was_plugged_in);
    tcase_add_test(c, the_first_order_holds_once);
    tcase_add_test(c, memory_is_told_in_cmos_and_in_a_map);
    tcase_add_test(c, smbios_structures_fill_their_table);
    tcase_add_test(c, an_option_rom_is_told_what_to_load);
    tcase_add_test(c, firmware_is_at_the_top_and_below_1_mib);
    return run_suite("machine/pc", (TCase *[]){ c, NULL });
}
