/* A running machine saved and loaded: everything is as it was; a file that does not fit changes nothing. */
#include "base/alloc.h"
#include "config.h"
#include "core/snapshot.h"
#include "cpu/backend.h"
#include "cpu/run.h"
#include "tests/suite.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char kernel[] = "/tmp/dragoman-test-XXXXXX", first[] = "/tmp/dragoman-test-XXXXXX",
            second[] = "/tmp/dragoman-test-XXXXXX";
static Machine *machine;
static pthread_t thread;

/* Counts in registers and memory for ever:
 *     adr x0, .; add x0, x0, #0x10000; FP on; fmov d0, #1.0
 * 1:  add x3, x3, #1; eor x4, x4, x3, lsl #3; fadd d1, d1, d0; and x5, x3, #0xfff8; str x4, [x0, x5]; cmp x3, x4; b 1b
 */
static const uint32_t code[] = {
    0x10000000, 0x91404000, 0xd2800066, 0xd5181046, 0xd2a00606, 0xd5181046, 0xd5033fdf, 0x1e6e1000,
    0x91000463, 0xca030c84, 0x1e602821, 0x927d3065, 0xf8256804, 0xeb04007f, 0x17fffffa,
};

static void write_kernel(void)
{
    uint32_t image[16 + sizeof code / 4] = { 0x14000010, [4] = 0x30000, [14] = 0x644d5241 };
    memcpy(image + 16, code, sizeof code);
    FILE *f = fopen(kernel, "w");
    ck_assert_uint_eq(fwrite(image, 1, sizeof image, f), sizeof image);
    fclose(f);
}

static void *run(void *arg)
{
    ck_assert_int_eq(machine_run(arg), 0);
    return NULL;
}

static void begin(void)
{
    static MachineConfig config = { .cpu = "max", .cpus = 2, .ram = 64 << 20, .kernel = kernel };
    Error err;
    close(mkstemp(kernel));
    close(mkstemp(first));
    close(mkstemp(second));
    write_kernel();
    cpu_use_backend(&x86_64_backend, (Translation){ .cache_bytes = 16 << 20 });
    machine = machine_new(machine_type("virt", &err), &config, &err);
    ck_assert_msg(machine && machine_boot(machine, &err), "%s", err.text);
    pthread_create(&thread, NULL, run, machine);
}

static void finish(void)
{
    machine_stop(machine, STOP_QUIT);
    pthread_join(thread, NULL);
    machine_free(machine);
    unlink(kernel);
    unlink(first);
    unlink(second);
}

/* ---- asking the machine's thread ---- */
typedef struct Ask {
    bool (*what)(Machine *, const char *path, Error *);
    const char *path;
    Error err;
    bool ok;
    int done; /* atomic */
} Ask;

static void answer(void *arg)
{
    Ask *a = arg;
    a->ok = a->what(machine, a->path, &a->err);
    __atomic_store_n(&a->done, 1, __ATOMIC_RELEASE);
}

static Ask ask(bool (*what)(Machine *, const char *, Error *), const char *path)
{
    Ask a = { .what = what, .path = path };
    machine_still(machine, answer, &a);
    while (!__atomic_load_n(&a.done, __ATOMIC_ACQUIRE))
        nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
    return a;
}

static void must(bool (*what)(Machine *, const char *, Error *), const char *path)
{
    Ask a = ask(what, path);
    ck_assert_msg(a.ok, "%s", a.err.text);
}

static bool load_then_save(Machine *m, const char *path, Error *err)
{
    return snapshot_load(m, first, err) && snapshot_save(m, path, err);
}

static char *contents(const char *path, size_t *len)
{
    FILE *f = fopen(path, "r");
    fseek(f, 0, SEEK_END);
    *len = (size_t)ftell(f);
    rewind(f);
    char *bytes = xalloc(*len + 1);
    ck_assert_uint_eq(fread(bytes, 1, *len, f), *len);
    fclose(f);
    return bytes;
}

static void write_file(const char *path, const char *bytes, size_t len)
{
    FILE *f = fopen(path, "w");
    ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

static bool same_files(const char *a, const char *b)
{
    size_t n, m;
    char *x = contents(a, &n), *y = contents(b, &m);
    bool same = n == m && !memcmp(x, y, n);
    free(x);
    free(y);
    return same;
}

static void let_run(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
}

START_TEST(what_is_loaded_is_what_was_saved)
{
    for (int k = 0; k < 20; k++) {
        let_run();
        must(snapshot_save, first);
        let_run();
        must(snapshot_save, second);
        ck_assert(!same_files(first, second)); /* it ran */
        must(load_then_save, second);
        ck_assert(same_files(first, second));
    }
}
END_TEST

/* Replaces the file by its beginning or by itself with one byte changed: refused, and the machine stays as it is. */
static bool broken_load_then_save(Machine *m, const char *path, Error *err)
{
    static unsigned number;
    size_t len;
    char *bytes = contents(first, &len);
    size_t at = (size_t)rand() % len;
    bool cut = number++ & 1;
    size_t program = (size_t)(strstr(bytes, "\"program\"") - bytes);
    bool harmless = !cut && at > program + 8 && at < program + 32; /* another version's name */
    bytes[at] ^= (char)(1 << rand() % 8);
    write_file(path, bytes, cut ? at : len);
    free(bytes);
    if (snapshot_load(m, path, err))
        return harmless || error_set(err, "byte %zu of %zu, %s: it was taken", at, len, cut ? "the end" : "changed");
    ck_assert_uint_gt(strlen(err->text), 10);
    return snapshot_save(m, path, err) && (same_files(path, first) || error_set(err, "the machine has changed"));
}

static bool save_then_break(Machine *m, const char *path, Error *err)
{
    bool ok = snapshot_save(m, first, err);
    for (int k = 0; ok && k < 200; k++)
        ok = broken_load_then_save(m, path, err);
    return ok;
}

START_TEST(a_damaged_file_changes_nothing)
{
    let_run();
    must(save_then_break, second);
}
END_TEST

/* Replaces `from` in a record's text and mends nothing else: the header is not summed. */
static void expect_refusal(const char *from, const char *to, const char *why)
{
    size_t len;
    char *bytes = contents(first, &len), *at = memmem(bytes, len, from, strlen(from));
    ck_assert_ptr_nonnull(at);
    ck_assert_uint_eq(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
    write_file(second, bytes, len);
    free(bytes);
    Ask a = ask(snapshot_load, second);
    ck_assert(!a.ok);
    ck_assert_msg(strstr(a.err.text, why) != NULL, "%s", a.err.text);
}

START_TEST(another_machine_is_named)
{
    let_run();
    must(snapshot_save, first);
    expect_refusal("\"cpu\": \"max\"", "\"cpu\": \"a53\"", "a53");
    expect_refusal("\"cpus\": 2", "\"cpus\": 4", "\"cpus\": 4");
    expect_refusal("\"device gic\"", "\"device gig\"", "gig");
}
END_TEST

START_TEST(no_file_no_directory)
{
    Ask a = ask(snapshot_load, "/nonexistent/file");
    ck_assert(!a.ok && strstr(a.err.text, "/nonexistent/file"));
    a = ask(snapshot_save, "/nonexistent/file");
    ck_assert(!a.ok && strstr(a.err.text, "/nonexistent/file"));
    a = ask(snapshot_load, "/dev/null");
    ck_assert(!a.ok && strstr(a.err.text, "no snapshot"));
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 300);
    tcase_add_checked_fixture(c, begin, finish);
    if (HAVE_ZLIB) {
        tcase_add_test(c, what_is_loaded_is_what_was_saved);
        tcase_add_test(c, a_damaged_file_changes_nothing);
        tcase_add_test(c, another_machine_is_named);
        tcase_add_test(c, no_file_no_directory);
    }
    return run_suite("machine/snapshot", (TCase *[]){ c, NULL });
}
