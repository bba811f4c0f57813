/* enc.def, parsed once at start into structs. */
#include "backend/x86_64/comp.h"

#include <assert.h>
#include <cpuid.h>
#include <stdlib.h>

HostCpu host_cpu;

static const struct EncRow {
    IrOp op;
    const char *lanes, *encoding, *assembly;
} rows[] = {
#define ENC(op, lanes, encoding, assembly) { IR_##op, lanes, encoding, assembly },
#include "backend/x86_64/enc.def"
};
enum { ROWS = sizeof rows / sizeof *rows, LANES = 16 };

static Enc parsed[ROWS];
static const Enc *by_op[IR_OPS][LANES]; /* lane: kind for vectors, kind + 8 for scalars */

/* One word of an encoding: 66, F3, F2, 66.W1, VEX, 0F, 0F38, 0F3A, an opcode byte, /r, /digit, ib, id. */
static void parse_word(Enc *e, const char *word, bool *opcode_seen)
{
    size_t len = strlen(word);
    if (!strcmp(word, "VEX"))
        e->vex = true;
    else if (word[0] == '/')
        e->ext = word[1] == 'r' ? 8 : (uint8_t)(word[1] - '0');
    else if (!strcmp(word, "ib"))
        e->imm = 1;
    else if (!strcmp(word, "id"))
        e->imm = 4;
    else if (!strcmp(word, "0F"))
        e->map = 1;
    else if (!strcmp(word, "0F38"))
        e->map = 2;
    else if (!strcmp(word, "0F3A"))
        e->map = 3;
    else if (!*opcode_seen && !e->map && len >= 2 &&
             (!strncmp(word, "66", 2) || !strncmp(word, "F3", 2) || !strncmp(word, "F2", 2))) {
        e->prefix = (uint8_t)strtoul((char[]){ word[0], word[1], 0 }, NULL, 16);
        e->w = len > 2;
    } else {
        assert(!*opcode_seen && len == 2);
        e->opcode = (uint8_t)strtoul(word, NULL, 16);
        *opcode_seen = true;
    }
}

static Enc parse(const char *text)
{
    Enc e = { .ext = 8 };
    bool opcode_seen = false;
    char copy[64], *save;
    strncpy(copy, text, sizeof copy - 1);
    copy[sizeof copy - 1] = 0;
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
        parse_word(&e, word, &opcode_seen);
    assert(opcode_seen);
    return e;
}

static void find_host_cpu(void)
{
    unsigned a, b, c, d;
    __builtin_cpu_init();
    host_cpu.avx = __builtin_cpu_supports("avx");
    host_cpu.avx2 = __builtin_cpu_supports("avx2");
    host_cpu.fma = __builtin_cpu_supports("fma") && host_cpu.avx2;
    host_cpu.bmi2 = __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("bmi");
    host_cpu.avx512vl = __builtin_cpu_supports("avx512vl");
    host_cpu.lzcnt = __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & 1u << 5) && host_cpu.bmi2;
    host_cpu.f16c = __get_cpuid(1, &a, &b, &c, &d) && (c & 1u << 29) && host_cpu.avx;
    host_cpu.aes = __builtin_cpu_supports("aes");
    host_cpu.clmul = __builtin_cpu_supports("pclmul");
    if (getenv("DRAGOMAN_HOST_V2")) /* test the baseline on a newer host */
        host_cpu = (HostCpu){ 0 };
}

/* Letters of enc.def's second column: a vector's lane kind, or 8 + kind for scalars. */
static size_t lane_of(char letter)
{
    static const uint8_t lane[128] = {
        ['B'] = K_I8,  ['W'] = K_I16,     ['D'] = K_I32,     ['Q'] = K_I64,    ['S'] = K_F32,
        ['F'] = K_F64, ['d'] = 8 + K_I32, ['s'] = 8 + K_F32, ['f'] = 8 + K_F64
    };
    return lane[(unsigned char)letter];
}

void enc_init(void)
{
    find_host_cpu();
    for (size_t i = 0; i < ROWS; i++) {
        parsed[i] = parse(rows[i].encoding);
        if (parsed[i].vex && !host_cpu.avx2)
            continue;
        for (const char *l = rows[i].lanes; *l; l++) {
            size_t lane = lane_of(*l);
            if (!by_op[rows[i].op][lane])
                by_op[rows[i].op][lane] = &parsed[i];
        }
    }
}

const Enc *enc_int(IrOp op)
{
    const Enc *e = by_op[op][8 + K_I32];
    assert(e);
    return e;
}

const Enc *enc_vec(IrOp op, IrType t)
{
    return by_op[op][ir_is_vector(t) ? ir_kind(t) : 8 + ir_kind(t)];
}

int enc_rows(void)
{
    return ROWS;
}

const char *enc_row(int n, IrOp *op, const char **lanes, const char **encoding, Enc *e)
{
    *op = rows[n].op;
    *lanes = rows[n].lanes;
    *encoding = rows[n].encoding;
    *e = parse(rows[n].encoding);
    return rows[n].assembly;
}
