#include "image.h"
#include "tests/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    unsigned at; /* where these bytes are; the rest is zeros */
    const char *bytes;
    unsigned len, also;
    const char *more; /* at `also`, if not NULL: text */
    ImageKind kind;
    const char *arch, *refusal; /* NULL: none */
} images[] = {
    { "arm64 Image", 56, "ARM\x64", 4, 0, NULL, IMAGE_KERNEL, "arm64", NULL },
    { "bzImage", 0x202, "HdrS", 4, 0, NULL, IMAGE_KERNEL, "x86", NULL },
    { "arm ELF", 0, "\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\x28\0", 20, 0, NULL, IMAGE_KERNEL, "arm",
      "another processor" },
    { "arm64 ELF", 0, "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\xb7\0", 20, 0, NULL, IMAGE_KERNEL, "arm64", NULL },
    { "arm64 object", 0, "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\1\0\xb7\0", 20, 0, NULL, IMAGE_KERNEL, "arm64",
      "not linked" },
    { "big-endian ppc64 ELF", 0, "\177ELF\2\2\1\0\0\0\0\0\0\0\0\0\0\2\0\25", 20, 0, NULL, IMAGE_KERNEL, "ppc64",
      "another processor" },
    { "qcow2", 0, "QFI\xfb", 4, 0, NULL, IMAGE_CONTAINER, NULL, "qemu-img convert" },
    { "firmware", 0, "\0\4\0\x14", 4, 4096 + 40, "_FVH", IMAGE_FIRMWARE, "arm64", NULL },
    { "variables of a firmware", 0, "", 0, 40, "_FVH", IMAGE_FIRMWARE, NULL, "no code where" },
    { "iso", 0x8001, "CD001", 5, 0, NULL, IMAGE_CD, NULL, "cannot be started" },
    { "gpt with an ESP", 512, "EFI PART", 8, 1024, "\x28\x73\x2a\xc1\x1f\xf8\xd2\x11\xba\x4b", IMAGE_DISK, NULL,
      "nothing that firmware could start" },
    { "mbr", 510, "\x55\xaa", 2, 0, NULL, IMAGE_DISK, NULL, "-kernel" },
    { "boot sector", 510, "\x55\xaa", 2, 1, "\x3c", IMAGE_FLOPPY, "x86_64", NULL },
    { "x86-64 ELF", 0, "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\x3e\0", 20, 0, NULL, IMAGE_KERNEL, "x86_64",
      "neither a PVH note" },
    { "Multiboot kernel", 64, "\x02\xb0\xad\x1b\0\0\0\0\xfe\x4f\x52\xe4", 12, 0, NULL, IMAGE_KERNEL, "x86", NULL },
    { "zboot without its PE", 4, "zimg", 4, 0, NULL, IMAGE_KERNEL, "unknown", "another processor" },
    { "zeros", 0, "", 0, 0, NULL, IMAGE_UNKNOWN, NULL, "nothing this version knows" },
};

static char path[] = "/tmp/dragoman-test-XXXXXX";
static ImageInfo info;
static Error err;

static void write_image(const void *bytes, size_t len)
{
    strcpy(strrchr(path, '-') + 1, "XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

START_TEST(files_are_told_by_their_content)
{
    static uint8_t file[40000];
    memcpy(file + images[_i].at, images[_i].bytes, images[_i].len);
    if (images[_i].more)
        memcpy(file + images[_i].also, images[_i].more, strlen(images[_i].more));
    write_image(file, sizeof file);
    Out o = { 0 };
    ck_assert(image_inspect(path, &o, &info, &err));
    unlink(path);
    ck_assert_msg(info.kind == images[_i].kind, "%s: %s", images[_i].name, o.text);
    ck_assert_msg(!!info.arch == !!images[_i].arch, "%s: %s", images[_i].name, o.text);
    if (info.arch)
        ck_assert_str_eq(info.arch, images[_i].arch);
    ck_assert_msg(!!info.refusal == !!images[_i].refusal, "%s: %s", images[_i].name, o.text);
    if (info.refusal)
        ck_assert_ptr_nonnull(strstr(info.refusal, images[_i].refusal));
    ck_assert_ptr_nonnull(strstr(o.text, "because"));
    out_free(&o);
}
END_TEST

START_TEST(an_efi_system_partition_can_be_started)
{
    static uint8_t file[4096];
    static const uint8_t esp[] = { 0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                   0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b };
    memcpy(file + 512, "EFI PART", 8);
    memcpy(file + 1024 + 128, esp, sizeof esp);
    write_image(file, sizeof file);
    ck_assert(image_inspect(path, NULL, &info, &err));
    unlink(path);
    ck_assert_int_eq(info.kind, IMAGE_DISK);
    ck_assert_ptr_null(info.refusal);
}
END_TEST

START_TEST(every_truncation_of_an_elf_file_is_survived)
{
    uint8_t file[4096];
    memset(file, 0xff, sizeof file);
    memcpy(file, "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\xb7\0", 20);
    for (size_t len = 0; len < 128; len++) {
        write_image(file, len);
        ck_assert(image_inspect(path, NULL, &info, &err));
        unlink(path);
    }
}
END_TEST

START_TEST(a_folder_and_a_missing_file_are_errors)
{
    ck_assert(!image_inspect("/tmp", NULL, &info, &err));
    ck_assert(!image_inspect("/nonexistent", NULL, &info, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "No such file"));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("image");
    tcase_add_loop_test(t, files_are_told_by_their_content, 0, sizeof images / sizeof *images);
    tcase_add_test(t, an_efi_system_partition_can_be_started);
    tcase_add_test(t, every_truncation_of_an_elf_file_is_survived);
    tcase_add_test(t, a_folder_and_a_missing_file_are_errors);
    return run_suite("image", (TCase *[]){ t, NULL });
}
