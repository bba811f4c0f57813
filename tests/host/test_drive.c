#include "host/door.h"
#include "host/drive.h"
#include "tests/suite.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 300 * 1024 }; /* not a whole number of overlay clusters */

static char path[64];
static int done_ok, done_bad;

static void done(void *who, bool ok)
{
    (void)who;
    ok ? done_ok++ : done_bad++;
}

static void make_image(void)
{
    strcpy(path, "/tmp/dragoman-test-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    for (int i = 0; i < SIZE / 4; i++)
        ck_assert_int_eq(write(fd, &i, 4), 4);
    close(fd);
}

static void remove_image(void)
{
    drives_close();
    unlink(path);
}

static Error err;

static bool add(const char *options)
{
    char line[256];
    snprintf(line, sizeof line, "file=%s,%s", path, options);
    return drive_add(line, "virtio", false, &err);
}

static Drive *added(const char *options, const char *id)
{
    ck_assert_msg(add(options), "%s", err.text);
    Drive *d = drive_find(id);
    ck_assert_ptr_nonnull(d);
    return d;
}

static bool request(Drive *d, DriveOp op, uint64_t at, void *to, size_t len)
{
    int before = done_ok, all = done_ok + done_bad;
    /* three pieces of odd sizes; a flush or discard has none */
    char none[1], *p = to ? to : none;
    size_t n = to ? len : 0;
    struct iovec iov[] = { { p, n / 3 }, { p + n / 3, n / 2 - n / 3 }, { p + n / 2, n - n / 2 } };
    d->submit(d, op, at, len, to ? iov : NULL, to ? 3 : 0, done, NULL);
    ck_assert_int_eq(done_ok + done_bad, all); /* never before submit returns */
    d->drain(d);
    ck_assert_int_eq(done_ok + done_bad, all + 1);
    return done_ok > before;
}

static void check_pattern(Drive *d, uint64_t at, size_t len)
{
    int *words = malloc(len);
    ck_assert(request(d, DRIVE_READ, at, words, len));
    for (size_t i = 0; i < len / 4; i++)
        ck_assert_int_eq(words[i], (int)(at / 4 + i));
    free(words);
}

START_TEST(reads_writes_and_bounds)
{
    Drive *d = added("format=raw", "virtio0");
    ck_assert_str_eq(drive_interface(d), "virtio");
    ck_assert_uint_eq(d->bytes, SIZE);
    check_pattern(d, 0, SIZE);
    char buffer[1024] = "changed";
    ck_assert(request(d, DRIVE_WRITE, 70000, buffer, sizeof buffer));
    memset(buffer, 0, sizeof buffer);
    ck_assert(request(d, DRIVE_READ, 70000, buffer, sizeof buffer));
    ck_assert_str_eq(buffer, "changed");
    check_pattern(d, 71024 / 4 * 4, 4096);
    ck_assert(request(d, DRIVE_FLUSH, 0, NULL, 0));
    ck_assert(!request(d, DRIVE_READ, SIZE - 512, buffer, 1024));
    ck_assert(!request(d, DRIVE_READ, UINT64_MAX - 100, buffer, 1024));
    ck_assert(!request(d, DRIVE_WRITE, SIZE + 1, buffer, 0));
    ck_assert(drive_now(d, DRIVE_READ, 70000, buffer, 7));
    ck_assert(request(d, DRIVE_ZERO, 70000, NULL, 3));
    ck_assert(drive_now(d, DRIVE_READ, 70000, buffer, 7));
    ck_assert_mem_eq(buffer, "\0\0\0nged", 7);
}
END_TEST

START_TEST(completions_come_through_the_door)
{
    Drive *d = added("id=x,if=none", "x");
    static char buffer[20][512];
    struct iovec iov[20];
    for (int i = 0; i < 20; i++) {
        iov[i] = (struct iovec){ buffer[i], sizeof buffer[i] };
        d->submit(d, DRIVE_READ, (uint64_t)i * 512, 512, &iov[i], 1, done, NULL);
    }
    while (done_ok < 20) {
        ck_assert(door_wait(5000));
        door_deliver();
    }
    d->drain(d);
    ck_assert_int_eq(done_ok, 20);
    ck_assert_int_eq(done_bad, 0);
}
END_TEST

START_TEST(readonly_refuses_every_change)
{
    Drive *d = added("readonly=on", "virtio0");
    char buffer[512] = "";
    ck_assert(d->readonly);
    ck_assert(!request(d, DRIVE_WRITE, 0, buffer, 512));
    ck_assert(!request(d, DRIVE_ZERO, 0, NULL, 512));
    ck_assert(!request(d, DRIVE_DISCARD, 0, NULL, 512));
    ck_assert(request(d, DRIVE_FLUSH, 0, NULL, 0));
    check_pattern(d, 0, 4096);
}
END_TEST

START_TEST(a_snapshot_leaves_the_image_alone)
{
    Drive *d = added("snapshot=on", "virtio0");
    char buffer[150000];
    memset(buffer, 'z', sizeof buffer);
    ck_assert(request(d, DRIVE_WRITE, 60000, buffer, sizeof buffer));
    check_pattern(d, 0, 60000);
    check_pattern(d, 210000, SIZE - 210000);
    memset(buffer, 0, sizeof buffer);
    ck_assert(request(d, DRIVE_READ, 60000, buffer, sizeof buffer));
    for (size_t i = 0; i < sizeof buffer; i++)
        ck_assert_int_eq(buffer[i], 'z');
    ck_assert(request(d, DRIVE_WRITE, SIZE - 512, buffer, 512));
    ck_assert(request(d, DRIVE_ZERO, 0, NULL, 8));
    ck_assert(drive_now(d, DRIVE_READ, 0, buffer, 12));
    ck_assert_mem_eq(buffer, "\0\0\0\0\0\0\0\0\2\0\0\0", 12);
    drives_close();
    d = added("readonly=on", "virtio0");
    check_pattern(d, 0, SIZE);
}
END_TEST

START_TEST(discard_makes_a_hole_only_when_asked)
{
    for (int unmap = 0; unmap < 2; unmap++) {
        struct stat before, after;
        Drive *d = added(unmap ? "discard=unmap" : "discard=ignore", "virtio0");
        request(d, DRIVE_FLUSH, 0, NULL, 0);
        stat(path, &before);
        ck_assert(request(d, DRIVE_DISCARD, 0, NULL, 262144));
        request(d, DRIVE_FLUSH, 0, NULL, 0);
        stat(path, &after);
        ck_assert_int_eq(after.st_size, SIZE);
        ck_assert(unmap ? after.st_blocks < before.st_blocks : after.st_blocks == before.st_blocks);
        drives_close();
    }
}
END_TEST

/* Another process, since this one's registry knows the id. */
static bool opens_elsewhere(const char *options)
{
    pid_t child = fork();
    if (!child) {
        drives_close();
        _exit(add(options) ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    return !status;
}

START_TEST(two_writers_are_refused_and_readers_share)
{
    ck_assert(add("id=a"));
    ck_assert(!add("id=b"));
    ck_assert_ptr_nonnull(strstr(err.text, "in use by another program"));
    ck_assert(!add("id=b,snapshot=on"));
    ck_assert(!opens_elsewhere("id=b"));
    ck_assert(add("id=b,file.locking=off"));
    drives_close();
    ck_assert(add("id=a,readonly=on"));
    ck_assert(add("id=b,snapshot=on"));
    ck_assert(!add("id=c"));
}
END_TEST

START_TEST(a_container_is_not_shown_as_a_disk)
{
    int fd = open(path, O_WRONLY);
    ck_assert_int_eq(write(fd, "QFI\xfb\0\0\0\3", 8), 8);
    close(fd);
    ck_assert(!add("id=a"));
    ck_assert_ptr_nonnull(strstr(err.text, "qemu-img convert"));
    ck_assert(!add("id=a,format=qcow2"));
    ck_assert(!add("id=a,format=raw,raedonly=on"));
    ck_assert_ptr_nonnull(strstr(err.text, "did you mean 'readonly'"));
    int saved = dup(2);
    freopen("/dev/null", "w", stderr);
    ck_assert(add("id=a,format=raw"));
    dup2(saved, 2);
}
END_TEST

START_TEST(ids_and_units_count_up)
{
    ck_assert(add("if=pflash,readonly=on"));
    ck_assert(add("if=pflash,readonly=on,id=vars"));
    ck_assert(add("if=virtio,unit=1,readonly=on"));
    ck_assert(add("readonly=on"));
    ck_assert(add("readonly=on"));
    ck_assert(!add("if=pflash,unit=1,readonly=on"));
    static const char *const ids[] = { "pflash0", "vars", "virtio1", "virtio0", "virtio2" };
    Drive *d = NULL;
    for (int i = 0; i < 5; i++) {
        d = drive_next(d);
        ck_assert_str_eq(d->id, ids[i]);
    }
    ck_assert_ptr_eq(drive_find("pflash1"), drive_find("vars"));
    ck_assert_ptr_null(drive_find("pflash2"));
    ck_assert_ptr_null(drive_next(d));
}
END_TEST

START_TEST(what_cannot_be_opened_says_why)
{
    ck_assert(!drive_add("file=/nonexistent", "virtio", false, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "No such file"));
    ck_assert(!drive_add("file=/tmp", "virtio", false, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "directory"));
    ck_assert(!drive_add("file=/dev/zero,readonly=on", "virtio", false, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "neither a file nor a block device"));
    ck_assert(!drive_add("if=virtio", "virtio", false, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "an image is needed"));
    ck_assert(!drive_add("file=x,if=scsi", "virtio", false, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "expected none, virtio"));
}
END_TEST

static int changes;

static void changed(void *who)
{
    changes += who == &changes;
}

START_TEST(a_medium_comes_and_goes)
{
    static const DriveUser user = { .changed = changed };
    char sector[512];
    ck_assert(drive_add("if=floppy", "virtio", false, &err));
    Drive *d = drive_find("floppy0");
    ck_assert(d->removable && d->readonly && !d->bytes && !drive_file(d));
    d->user = &user;
    d->user_of = &changes;
    ck_assert(!request(d, DRIVE_READ, 0, sector, 512));
    ck_assert_msg(drive_change(d, path, NULL, DRIVE_RETAIN, &err), "%s", err.text);
    ck_assert_uint_eq(d->bytes, SIZE);
    ck_assert_str_eq(drive_file(d), path);
    check_pattern(d, 4096, 4096);
    ck_assert(request(d, DRIVE_WRITE, 0, sector, 512));
    ck_assert(!drive_change(d, "/nonexistent", NULL, DRIVE_RETAIN, &err)); /* the old one stays */
    check_pattern(d, 4096, 4096);
    ck_assert_int_eq(changes, 1);
    ck_assert_msg(drive_change(d, path, NULL, DRIVE_READONLY, &err), "%s", err.text);
    ck_assert(d->readonly && !request(d, DRIVE_WRITE, 0, sector, 512));
    ck_assert(drive_change(d, NULL, NULL, DRIVE_RETAIN, &err));
    ck_assert(!d->bytes && !request(d, DRIVE_READ, 0, sector, 512));
    ck_assert(drive_change(d, path, NULL, DRIVE_WRITABLE, &err) && !d->readonly);
    ck_assert_int_eq(changes, 4);
    ck_assert(drive_add("if=ide,index=2,media=cdrom", "virtio", false, &err));
    ck_assert(drive_change(drive_find("ide1-cd0"), path, NULL, DRIVE_WRITABLE, &err) == false); /* it is in use */
    ck_assert(drive_change(d, NULL, NULL, DRIVE_RETAIN, &err));
    ck_assert(drive_change(drive_find("ide1-cd0"), path, NULL, DRIVE_WRITABLE, &err));
    ck_assert(drive_find("ide2")->readonly);
    ck_assert_ptr_eq(added("if=ide,bus=1,unit=1,readonly=on", "ide3"), drive_find("ide1-hd1"));
    ck_assert(!drive_change(drive_find("ide1-hd1"), NULL, NULL, DRIVE_RETAIN, &err));
    ck_assert(!add("if=virtio,bus=1"));
}
END_TEST

START_TEST(a_snapshot_of_a_medium_goes_with_it)
{
    int word = 7;
    ck_assert(add("if=floppy,snapshot=on"));
    Drive *d = drive_find("floppy0");
    ck_assert(drive_is_private(d) && !d->readonly);
    ck_assert(request(d, DRIVE_WRITE, 65536, &word, 4));
    ck_assert(drive_private_has(d, 1) && !drive_private_has(d, 0));
    ck_assert(drive_change(d, path, NULL, DRIVE_RETAIN, &err));
    ck_assert(drive_is_private(d) && !drive_private_has(d, 1));
    check_pattern(d, 65536, 4);
}
END_TEST

START_TEST(the_twins_do_as_they_are_told)
{
    Drive *m = drive_mem("m", 8192), *n = drive_null("n", 8192);
    char buffer[512] = "text";
    ck_assert(request(m, DRIVE_WRITE, 4096, buffer, 512));
    ck_assert_str_eq((char *)drive_mem_bytes(m) + 4096, "text");
    ck_assert(request(n, DRIVE_WRITE, 4096, buffer, 512));
    ck_assert(request(n, DRIVE_READ, 4096, buffer, 512));
    ck_assert_str_eq(buffer, "");
    ck_assert(request(m, DRIVE_READ, 4096, buffer, 512));
    ck_assert_str_eq(buffer, "text");
    ck_assert(!request(m, DRIVE_READ, 8192, buffer, 1));
    m->submit(m, DRIVE_FLUSH, 0, 0, NULL, 0, done, NULL);
    int before = done_ok;
    ck_assert(door_wait(0));
    door_deliver();
    ck_assert_int_eq(done_ok, before + 1);
    drive_free(m);
    drive_free(n);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("drive");
    tcase_add_checked_fixture(t, make_image, remove_image);
    tcase_add_test(t, reads_writes_and_bounds);
    tcase_add_test(t, completions_come_through_the_door);
    tcase_add_test(t, readonly_refuses_every_change);
    tcase_add_test(t, a_snapshot_leaves_the_image_alone);
    tcase_add_test(t, discard_makes_a_hole_only_when_asked);
    tcase_add_test(t, two_writers_are_refused_and_readers_share);
    tcase_add_test(t, a_container_is_not_shown_as_a_disk);
    tcase_add_test(t, ids_and_units_count_up);
    tcase_add_test(t, what_cannot_be_opened_says_why);
    tcase_add_test(t, a_medium_comes_and_goes);
    tcase_add_test(t, a_snapshot_of_a_medium_goes_with_it);
    tcase_add_test(t, the_twins_do_as_they_are_told);
    return run_suite("drive", (TCase *[]){ t, NULL });
}
