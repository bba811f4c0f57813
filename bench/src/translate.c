/* The guest that measures the cost of translation: as pid 1 on arm64 it makes a million random instructions, runs them
 * three times, and prints a MARK line before each run and after the last, at which bench/translate reads the host's CPU
 * time. The first run minus the second is what translating cost. The instructions come in blocks of LENGTH, the
 * last of which is a branch to the next block, taken or not.
 *
 *     MARK LENGTH ROUND PASS CHECKSUM
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COUNT = 1000000, ROUNDS = 3, PASSES = 3, DATA = 4096 };

/* An instruction: its fixed bits, how often it stands in code (in parts of 100), its register fields, an immediate
 * field. Registers d n m a are x1 to x15, D N M v16 to v31; x0 stays the data's address. */
typedef struct Row {
    uint32_t word;
    int weight;
    const char *registers;
    int at, bits;
} Row;

static const Row rows[] = {
    { 0x8b000000, 8, "dnm", 0, 0 },  /* add x */
    { 0x0b000000, 3, "dnm", 0, 0 },  /* add w */
    { 0xcb000000, 4, "dnm", 10, 6 }, /* sub x, shifted */
    { 0x8a000000, 3, "dnm", 0, 0 },  /* and */
    { 0xaa000000, 5, "dnm", 0, 0 },  /* orr */
    { 0xca000000, 3, "dnm", 10, 6 }, /* eor, shifted */
    { 0xeb000000, 5, "dnm", 0, 0 },  /* subs */
    { 0x2b000000, 2, "dnm", 0, 0 },  /* adds w */
    { 0x91000000, 9, "dn", 10, 12 }, /* add x, immediate */
    { 0x71000000, 4, "dn", 10, 12 }, /* subs w, immediate */
    { 0xd2800000, 5, "d", 5, 16 },   /* movz */
    { 0xf2a00000, 2, "d", 5, 16 },   /* movk, lsl 16 */
    { 0xd3400000, 5, "dn", 10, 12 }, /* ubfm */
    { 0x93400000, 2, "dn", 10, 12 }, /* sbfm */
    { 0x9b000000, 2, "dnma", 0, 0 }, /* madd */
    { 0x9a800000, 3, "dnm", 12, 4 }, /* csel */
    { 0x9ac02000, 1, "dnm", 0, 0 },  /* lslv */
    { 0xdac01000, 1, "dn", 0, 0 },   /* clz */
    { 0xf9400000, 10, "d", 10, 9 },  /* ldr x */
    { 0xb9400000, 4, "d", 10, 9 },   /* ldr w */
    { 0x39400000, 3, "d", 10, 9 },   /* ldrb */
    { 0xf9000000, 6, "d", 10, 9 },   /* str x */
    { 0x39000000, 2, "d", 10, 9 },   /* strb */
    { 0x1e602800, 2, "DNM", 0, 0 },  /* fadd d */
    { 0x1e600800, 2, "DNM", 0, 0 },  /* fmul d */
    { 0x4ea08400, 2, "DNM", 0, 0 },  /* add 4s */
    { 0xfd400000, 2, "D", 10, 9 },   /* ldr d */
};

static const Row branches[] = {
    { 0x14000001, 20, "", 0, 0 },   /* b, to the next instruction, like all of them */
    { 0x54000020, 40, "", 0, 4 },   /* b.cond */
    { 0xb4000020, 25, "d", 0, 0 },  /* cbz */
    { 0x37000020, 15, "d", 19, 5 }, /* tbnz */
};

static uint64_t seed;

static uint32_t chance(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % below);
}

static uint32_t one_of(const Row *row)
{
    int left = (int)chance(100);
    while ((left -= row->weight) >= 0)
        row++;
    uint32_t word = row->word | chance(1u << row->bits) << row->at;
    for (const char *r = row->registers; *r; r++) {
        bool vector = isupper((unsigned char)*r);
        static const int place[] = { ['d'] = 0, ['n'] = 5, ['m'] = 16, ['a'] = 10 };
        word |= (vector ? 16 + chance(16) : 1 + chance(15)) << place[tolower((unsigned char)*r)];
    }
    return word;
}

static void generate(uint32_t *code, int length)
{
    for (int i = 0; i < COUNT; i++)
        code[i] = one_of(i % length == length - 1 ? branches : rows);
    code[COUNT] = 0xd65f03c0; /* ret */
    __builtin___clear_cache((char *)code, (char *)(code + COUNT + 1));
}

/* Registers start from the data, so that every run of the same code ends with the same data. */
static void run(const uint32_t *code, uint64_t *data)
{
    register uint64_t *base __asm__("x0") = data;
    register const uint32_t *entry __asm__("x17") = code;
    __asm__ volatile("ldp x1, x2, [x0]; ldp x3, x4, [x0, 16]; ldp x5, x6, [x0, 32]; ldp x7, x8, [x0, 48];"
                     "ldp x9, x10, [x0, 64]; ldp x11, x12, [x0, 80]; ldp x13, x14, [x0, 96]; mov x15, 7;"
                     "cmp x1, x2; blr x17"
                     : "+r"(base), "+r"(entry)
                     :
                     : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
                       "x30", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28",
                       "v29", "v30", "v31", "cc", "memory");
}

static void fill(uint64_t *data)
{
    for (int i = 0; i < DATA / 8; i++)
        data[i] = (uint64_t)(i + 1) * 0x9e3779b97f4a7c15u;
}

static uint64_t sum(const uint64_t *data)
{
    uint64_t h = 0;
    for (int i = 0; i < DATA / 8; i++)
        h = (h ^ data[i]) * 0x9e3779b97f4a7c15u;
    return h;
}

static void measure(uint32_t *code, uint64_t *data, int length)
{
    for (int round = 0; round < ROUNDS; round++) {
        seed = (uint64_t)length * 1000 + (uint64_t)round;
        generate(code, length);
        for (int pass = 0; pass < PASSES; pass++) {
            fill(data);
            printf("MARK %d %d %d -\n", length, round, pass);
            run(code, data);
        }
        printf("MARK %d %d %d %016llx\n", length, round, PASSES, (unsigned long long)sum(data));
    }
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (getpid() == 1) {
        mkdir("/dev", 0755);
        mount("dev", "/dev", "devtmpfs", 0, "");
        int console = open("/dev/console", O_RDWR);
        for (int fd = 0; console >= 0 && fd < 3; fd++)
            dup2(console, fd);
    }
    uint32_t *code =
        mmap(NULL, (COUNT + 1) * sizeof *code, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t *data = mmap(NULL, DATA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED || data == MAP_FAILED)
        return 1;
    measure(code, data, 6);
    measure(code, data, 30);
    printf("MARKS DONE\n");
    if (getpid() == 1) {
        sync();
        reboot(RB_POWER_OFF);
    }
    return 0;
}
