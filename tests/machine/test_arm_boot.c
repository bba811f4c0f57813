/* Kernels, initrds, firmware and device trees for the Arm machines, good and bad. */
#include "base/alloc.h"
#include "config.h"
#include "core/machine.h"
#include "devices/system/fw-cfg.h"
#include "machines/arm_kernel.h"
#include "tests/suite.h"

#include <check.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if HAVE_FDT
#include <libfdt.h>
#endif
#if HAVE_ZLIB
#include <zlib.h>
#endif

enum { MIB = 1 << 20 };
#define RAM 0x40000000ull

static char path[] = "/tmp/dragoman-test-XXXXXX", second[] = "/tmp/dragoman-test-XXXXXX";

static void setup(void)
{
    close(mkstemp(path));
    close(mkstemp(second));
}

static void teardown(void)
{
    unlink(path);
    unlink(second);
}

static void write_file(const char *name, const void *bytes, size_t len)
{
    FILE *f = fopen(name, "w");
    ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

static void put(uint8_t *at, uint64_t value, int size)
{
    memcpy(at, &value, (size_t)size);
}

/* An arm64 Image of one MiB that wants three. */
static uint8_t *image(void)
{
    uint8_t *b = xalloc(MIB);
    put(b, 0x14000000, 4);
    put(b + 8, 0, 8);
    put(b + 16, 3 * MIB, 8);
    put(b + 56, 0x644d5241, 4);
    b[MIB - 1] = 0x77;
    return b;
}

static Machine *machine(MachineConfig c)
{
    Error err;
    c.cpu = "none";
    Machine *m = machine_new(machine_types[0], &c, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    return m;
}

static void expect_error(MachineConfig c, const char *part)
{
    Error err = { "" };
    Machine *m = machine(c);
    ck_assert(!machine_boot(m, &err));
    ck_assert_msg(strstr(err.text, part) != NULL, "'%s' is not in '%s'", part, err.text);
    machine_free(m);
}

static Machine *boots(MachineConfig c)
{
    Error err;
    Machine *m = machine(c);
    ck_assert_msg(machine_boot(m, &err), "%s", err.text);
    return m;
}

static uint8_t byte_at(Machine *m, uint64_t at)
{
    return (uint8_t)space_load(m->memory, at, 1, NULL);
}

START_TEST(an_image_goes_where_its_header_says)
{
    uint8_t *b = image();
    write_file(path, b, MIB);
    Machine *m = boots((MachineConfig){ .kernel = path });
    ck_assert_uint_eq(byte_at(m, RAM + 3 * MIB - 1), 0x77); /* two MiB for the tree come first */
    machine_free(m);
    put(b + 8, 0x80000, 8);
    write_file(path, b, MIB);
    m = boots((MachineConfig){ .kernel = path });
    ck_assert_uint_eq(byte_at(m, RAM + 0x80000 + MIB - 1), 0x77);
    machine_free(m);
    free(b);
}
END_TEST

START_TEST(a_kernel_too_big_for_the_machine_says_how_much_it_needs)
{
    uint8_t *b = image();
    put(b + 16, 300ull * MIB, 8);
    write_file(path, b, MIB);
    expect_error((MachineConfig){ .kernel = path }, "needs 302 MiB of memory and the machine has 128; give it more");
    put(b + 16, UINT64_MAX, 8);
    write_file(path, b, MIB);
    expect_error((MachineConfig){ .kernel = path }, "give it more with -m");
    put(b + 8, UINT64_MAX - 4096, 8);
    put(b + 16, MIB, 8);
    write_file(path, b, MIB);
    expect_error((MachineConfig){ .kernel = path }, "give it more with -m");
    free(b);
}
END_TEST

START_TEST(an_image_cut_short_is_noticed_by_its_section_table)
{
    uint8_t *b = image();
    put(b, 0x5a4d, 2);
    put(b + 60, 64, 4);
    put(b + 64, 0x4550, 4);
    put(b + 64 + 6, 1, 2);
    put(b + 64 + 20, 0x10, 2);
    put(b + 64 + 24 + 0x10 + 16, MIB - 0x1000, 4);
    put(b + 64 + 24 + 0x10 + 20, 0x1000, 4);
    write_file(path, b, MIB);
    machine_free(boots((MachineConfig){ .kernel = path }));
    write_file(path, b, MIB - 1);
    expect_error((MachineConfig){ .kernel = path }, "is cut short; fetch or build it again");
    free(b);
}
END_TEST

START_TEST(what_is_not_for_this_machine_is_refused_by_name)
{
    uint8_t b[0x400] = { 0 };
    put(b + 0x202, 0x53726448, 4);
    write_file(path, b, sizeof b);
    expect_error((MachineConfig){ .kernel = path }, "is an x86 kernel");
    put(b + 36, 0x016f2818, 4);
    put(b + 0x202, 0, 4);
    write_file(path, b, sizeof b);
    expect_error((MachineConfig){ .kernel = path }, "is a 32-bit ARM kernel");
    Elf64_Ehdr h = { .e_machine = EM_X86_64 };
    memcpy(h.e_ident, ELFMAG, SELFMAG);
    write_file(path, &h, sizeof h);
    expect_error((MachineConfig){ .kernel = path }, "is for x86-64, but this machine runs AArch64");
    write_file(path, b, 0);
    expect_error((MachineConfig){ .kernel = path }, "is empty");
    expect_error((MachineConfig){ .kernel = "/nonexistent/Image" },
                 "kernel '/nonexistent/Image': No such file or directory");
    expect_error((MachineConfig){ .kernel = "/tmp" }, "not a file");
    expect_error((MachineConfig){ .initrd = path }, "add -kernel");
}
END_TEST

START_TEST(a_raw_program_goes_to_the_old_place)
{
    write_file(path, "hello", 5);
    Machine *m = boots((MachineConfig){ .kernel = path });
    ck_assert_uint_eq(byte_at(m, RAM + 0x80004), 'o');
    machine_free(m);
}
END_TEST

#if HAVE_ZLIB
static size_t compress_file(const char *name, const void *bytes, size_t len, bool cut)
{
    gzFile z = gzopen(name, "w");
    gzwrite(z, bytes, (unsigned)len);
    gzclose(z);
    FILE *f = fopen(name, "r+");
    fseek(f, 0, SEEK_END);
    size_t size = (size_t)ftell(f);
    fclose(f);
    if (cut)
        ck_assert_int_eq(truncate(name, (off_t)(size / 2)), 0);
    return size;
}

START_TEST(a_gzipped_image_is_unpacked_and_a_damaged_one_refused)
{
    uint8_t *b = image();
    compress_file(path, b, MIB, false);
    Machine *m = boots((MachineConfig){ .kernel = path });
    ck_assert_uint_eq(byte_at(m, RAM + 3 * MIB - 1), 0x77);
    machine_free(m);
    for (size_t i = 100; i < MIB; i++)
        b[i] = (uint8_t)rand();
    compress_file(path, b, MIB, true);
    expect_error((MachineConfig){ .kernel = path }, "the gzip file ends early; fetch or build it again");
    free(b);
}
END_TEST

START_TEST(a_gzip_bomb_stops_at_the_size_of_memory)
{
    uint8_t *b = xalloc(64 * MIB);
    compress_file(path, b, 64 * MIB, false);
    expect_error((MachineConfig){ .kernel = path, .ram = 32 * MIB }, "unpacks to more than 32 MiB");
    free(b);
}
END_TEST

START_TEST(a_zboot_image_is_unpacked)
{
    uint8_t *b = image();
    size_t len = compress_file(path, b, MIB, false);
    uint8_t *z = xalloc(len + 64);
    FILE *f = fopen(path, "r");
    ck_assert_uint_eq(fread(z + 64, 1, len, f), len);
    fclose(f);
    put(z, 0x5a4d, 2);
    memcpy(z + 4, "zimg", 4);
    put(z + 8, 64, 4);
    put(z + 12, len, 4);
    memcpy(z + 24, "gzip", 5);
    write_file(path, z, len + 64);
    Machine *m = boots((MachineConfig){ .kernel = path });
    ck_assert_uint_eq(byte_at(m, RAM + 3 * MIB - 1), 0x77);
    machine_free(m);
    put(z + 12, UINT32_MAX, 4);
    write_file(path, z, len + 64);
    expect_error((MachineConfig){ .kernel = path }, "is cut short");
    put(z + 12, len, 4);
    memcpy(z + 24, "lzma", 5);
    write_file(path, z, len + 64);
    expect_error((MachineConfig){ .kernel = path }, "compressed by lzma");
    free(z);
    free(b);
}
END_TEST
#endif

typedef struct ElfFile {
    Elf64_Ehdr h;
    Elf64_Phdr p[2];
    uint8_t code[16];
} ElfFile;

static ElfFile elf(void)
{
    ElfFile e = { .h = { .e_machine = EM_AARCH64,
                         .e_type = ET_EXEC,
                         .e_entry = 0xffff000000001004,
                         .e_phoff = sizeof(Elf64_Ehdr),
                         .e_phentsize = sizeof(Elf64_Phdr),
                         .e_phnum = 2 },
                  .p = { { .p_type = PT_NOTE },
                         { .p_type = PT_LOAD,
                           .p_offset = offsetof(ElfFile, code),
                           .p_vaddr = 0xffff000000001000,
                           .p_paddr = RAM,
                           .p_filesz = 16,
                           .p_memsz = 0x5000 } } };
    memcpy(e.h.e_ident, ELFMAG, SELFMAG);
    e.h.e_ident[EI_CLASS] = ELFCLASS64;
    e.h.e_ident[EI_DATA] = ELFDATA2LSB;
    memset(e.code, 0x5a, sizeof e.code);
    return e;
}

START_TEST(an_elf_program_goes_to_its_physical_addresses)
{
    ElfFile e = elf();
    write_file(path, &e, sizeof e);
    Machine *m = boots((MachineConfig){ .kernel = path }); /* its place is the tree's usual one */
    ck_assert_uint_eq(byte_at(m, RAM + 15), 0x5a);
    ArmKernel k;
    Error err;
    ck_assert(arm_kernel_load(path, m->memory, RAM, 128 * MIB, &k, &err));
    ck_assert_uint_eq(k.entry, RAM + 4);
    ck_assert_uint_eq(k.high, RAM + 0x5000);
    machine_free(m);
}
END_TEST

START_TEST(a_damaged_elf_program_is_refused)
{
    ElfFile e = elf();
    write_file(path, &e, sizeof e - 1);
    expect_error((MachineConfig){ .kernel = path }, "is cut short");
    e.h.e_phnum = 200;
    write_file(path, &e, sizeof e);
    expect_error((MachineConfig){ .kernel = path }, "is cut short");
    e = elf();
    e.h.e_phoff = UINT64_MAX - 8;
    write_file(path, &e, sizeof e);
    expect_error((MachineConfig){ .kernel = path }, "is cut short");
    e = elf();
    e.p[1].p_offset = UINT64_MAX;
    write_file(path, &e, sizeof e);
    expect_error((MachineConfig){ .kernel = path }, "is cut short");
    e = elf();
    e.p[1].p_paddr = UINT64_MAX - 8;
    write_file(path, &e, sizeof e);
    expect_error((MachineConfig){ .kernel = path }, "where the machine has none");
    e = elf();
    e.p[1].p_memsz = 1ull << 40;
    write_file(path, &e, sizeof e);
    expect_error((MachineConfig){ .kernel = path }, "where the machine has none");
    write_file(path, &e, 32);
    expect_error((MachineConfig){ .kernel = path }, "ends inside its header");
}
END_TEST

START_TEST(random_bytes_after_a_good_start_never_crash)
{
    ElfFile e = elf();
    srand(7);
    for (int i = 0; i < 100; i++) {
        ElfFile bad = e;
        for (int n = 0; n < 4; n++)
            ((uint8_t *)&bad)[16 + (size_t)rand() % (sizeof bad - 16)] = (uint8_t)rand();
        write_file(path, &bad, sizeof bad);
        Machine *m = machine((MachineConfig){ .kernel = path });
        Error err;
        machine_boot(m, &err);
        machine_free(m);
    }
}
END_TEST

#if HAVE_FDT
static const void *tree_of(Machine *m)
{
    uint64_t left;
    const void *tree = space_ram(m->memory, RAM, &left);
    ck_assert_int_eq(fdt_check_full(tree, left), 0);
    return tree;
}

static uint64_t number(const void *tree, const char *node, const char *name, int cell)
{
    int len;
    const fdt32_t *p = fdt_getprop(tree, fdt_path_offset(tree, node), name, &len);
    ck_assert_msg(p && len >= cell * 4 + 4, "%s %s", node, name);
    return fdt32_to_cpu(p[cell]);
}

START_TEST(the_tree_tells_of_the_machine)
{
    uint8_t *b = image();
    write_file(path, b, MIB);
    write_file(second, "cpio", 4);
    Machine *m = boots(
        (MachineConfig){ .kernel = path, .initrd = second, .append = "console=ttyAMA0", .cpus = 2, .ram = 256 * MIB });
    const void *t = tree_of(m);
    ck_assert_str_eq(fdt_getprop(t, fdt_path_offset(t, "/chosen"), "bootargs", NULL), "console=ttyAMA0");
    uint64_t initrd = number(t, "/chosen", "linux,initrd-start", 1);
    ck_assert_uint_eq(initrd, RAM + 128 * MIB);
    ck_assert_uint_eq(number(t, "/chosen", "linux,initrd-end", 1), initrd + 4);
    ck_assert_uint_eq(byte_at(m, initrd), 'c');
    ck_assert_uint_eq(number(t, "/memory@40000000", "reg", 3), 256 * MIB);
    ck_assert_uint_eq(number(t, "/pl011@9000000", "interrupts", 1), 1);
    ck_assert_uint_eq(number(t, "/pl031@9010000", "interrupts", 1), 2);
    ck_assert_uint_eq(number(t, "/pl061@9030000", "interrupts", 1), 7);
    ck_assert_uint_eq(number(t, "/cpus/cpu@1", "reg", 0), 1);
    ck_assert_uint_eq(number(t, "/timer", "interrupts", 2), 0x304); /* two CPUs, level */
    ck_assert_str_eq(fdt_getprop(t, fdt_path_offset(t, "/psci"), "method", NULL), "hvc");
    machine_free(m);
    free(b);
}
END_TEST

START_TEST(with_exception_level_2_the_firmware_is_called_by_smc)
{
    write_file(path, "x", 1);
    Machine *m = boots((MachineConfig){ .kernel = path, .machine_props = "virtualization=on" });
    const void *t = tree_of(m);
    ck_assert_str_eq(fdt_getprop(t, fdt_path_offset(t, "/psci"), "method", NULL), "smc");
    ck_assert_uint_eq(number(t, "/intc@8000000", "reg", 9), 0x8030000);
    machine_free(m);
}
END_TEST

START_TEST(a_users_tree_gets_memory_and_arguments)
{
    uint8_t tree[4096];
    ck_assert_int_eq(fdt_create_empty_tree(tree, sizeof tree), 0);
    fdt_setprop_string(tree, 0, "model", "mine");
    write_file(path, "x", 1);
    write_file(second, tree, sizeof tree);
    Machine *m = boots((MachineConfig){ .kernel = path, .dtb = second, .append = "quiet" });
    const void *t = tree_of(m);
    ck_assert_str_eq(fdt_getprop(t, 0, "model", NULL), "mine");
    ck_assert_str_eq(fdt_getprop(t, fdt_path_offset(t, "/chosen"), "bootargs", NULL), "quiet");
    ck_assert_uint_eq(number(t, "/memory", "reg", 3), 128 * MIB);
    machine_free(m);
    write_file(second, "not a tree at all", 17);
    expect_error((MachineConfig){ .kernel = path, .dtb = second }, "is not a device tree blob");
}
END_TEST

START_TEST(the_tree_can_be_written_to_a_file)
{
    Machine *m = boots((MachineConfig){ .dump_dtb = path });
    ck_assert_int_eq(machine_run(m), 0);
    machine_free(m);
    uint8_t tree[65536];
    FILE *f = fopen(path, "r");
    size_t len = fread(tree, 1, sizeof tree, f);
    fclose(f);
    ck_assert_int_eq(fdt_check_full(tree, len), 0);
}
END_TEST
#endif

START_TEST(an_initrd_that_does_not_fit_says_so)
{
    uint8_t *b = xalloc(40 * MIB);
    write_file(path, "x", 1);
    write_file(second, b, 40 * MIB);
    expect_error((MachineConfig){ .kernel = path, .initrd = second, .ram = 64 * MIB },
                 "does not fit behind the kernel");
    expect_error((MachineConfig){ .kernel = path, .initrd = second, .ram = 32 * MIB }, "but only 32 MiB fit");
    expect_error((MachineConfig){ .kernel = path, .initrd = "/nonexistent" }, "initrd '/nonexistent'");
    free(b);
}
END_TEST

static uint64_t fw_cfg_read(Machine *m, uint16_t key, int size)
{
    ck_assert(space_store(m->memory, 0x09020008, __builtin_bswap16(key), 2));
    return space_load(m->memory, 0x09020000, size, NULL);
}

START_TEST(firmware_goes_to_flash_and_finds_the_kernel_in_fw_cfg)
{
    write_file(path, "firmware", 8);
    write_file(second, "kernel", 6);
    Machine *m = boots((MachineConfig){ .bios = path, .kernel = second, .append = "a=b", .cpus = 2 });
    ck_assert_uint_eq(byte_at(m, 7), 'e');
    ck_assert_uint_eq(fw_cfg_read(m, FW_CFG_KERNEL_SIZE, 4), 6);
    ck_assert_uint_eq(fw_cfg_read(m, FW_CFG_KERNEL_DATA, 4), 0x6e72656b);
    ck_assert_uint_eq(fw_cfg_read(m, FW_CFG_CMDLINE_DATA, 4), 0x623d61);
    ck_assert_uint_eq(fw_cfg_read(m, FW_CFG_CPUS, 2), 2);
    Error err;
    ck_assert(machine_boot(m, &err)); /* as a reset does */
    machine_free(m);
    expect_error((MachineConfig){ .bios = "no-such-firmware.fd" }, "firmware 'no-such-firmware.fd'");
}
END_TEST

START_TEST(the_gic_is_chosen_by_version_and_number_of_cpus)
{
    Error err;
    ck_assert_ptr_null(machine_new(machine_types[0], &(MachineConfig){ .cpu = "none", .cpus = 9 }, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "gic-version=3"));
    ck_assert_ptr_null(
        machine_new(machine_types[0], &(MachineConfig){ .cpu = "none", .machine_props = "gic-version=7" }, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "choose 2, 3 or max"));
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    if (HAVE_FDT) { /* without, a kernel needs -dtb */
        tcase_add_test(c, an_image_goes_where_its_header_says);
        tcase_add_test(c, an_image_cut_short_is_noticed_by_its_section_table);
        tcase_add_test(c, a_raw_program_goes_to_the_old_place);
        tcase_add_test(c, an_elf_program_goes_to_its_physical_addresses);
        tcase_add_test(c, firmware_goes_to_flash_and_finds_the_kernel_in_fw_cfg);
    }
    tcase_add_test(c, a_kernel_too_big_for_the_machine_says_how_much_it_needs);
    tcase_add_test(c, what_is_not_for_this_machine_is_refused_by_name);
#if HAVE_ZLIB
    tcase_add_test(c, a_gzipped_image_is_unpacked_and_a_damaged_one_refused);
    tcase_add_test(c, a_gzip_bomb_stops_at_the_size_of_memory);
    tcase_add_test(c, a_zboot_image_is_unpacked);
#endif
    tcase_add_test(c, a_damaged_elf_program_is_refused);
    tcase_add_test(c, random_bytes_after_a_good_start_never_crash);
#if HAVE_FDT
    tcase_add_test(c, the_tree_tells_of_the_machine);
    tcase_add_test(c, with_exception_level_2_the_firmware_is_called_by_smc);
    tcase_add_test(c, a_users_tree_gets_memory_and_arguments);
    tcase_add_test(c, the_tree_can_be_written_to_a_file);
#endif
    tcase_add_test(c, an_initrd_that_does_not_fit_says_so);
    tcase_add_test(c, the_gic_is_chosen_by_version_and_number_of_cpus);
    return run_suite("machine/arm_boot", (TCase *[]){ c, NULL });
}
