/* An AArch64 Linux program: runs the instructions of fp_arm.def on the cases it reads, writes results and FPSR. */
#include "fp_oracle.h"

#include <stdio.h>

__asm__(".arch armv8.6-a+fp16+bf16");

#define ROW(name, bits, fz, insn, model)                                                                               \
    static void run_##name(const OracleCase *c, OracleResult *r)                                                       \
    {                                                                                                                  \
        uint64_t fpcr = c->fpcr, fpsr, value;                                                                          \
        __asm__ volatile("fmov d0, %2; fmov d1, %3; fmov d2, %4; mov x0, %2; msr fpcr, %5; msr fpsr, xzr; isb;" insn   \
                         "; mrs %1, fpsr; fmov %0, d0; msr fpcr, xzr"                                                  \
                         : "=&r"(value), "=&r"(fpsr)                                                                   \
                         : "r"(c->v[0]), "r"(c->v[1]), "r"(c->v[2]), "r"(fpcr)                                         \
                         : "v0", "v1", "v2", "x0", "x1", "cc");                                                        \
        *r = (OracleResult){ .value = value, .fpsr = (uint32_t)fpsr };                                                 \
    }
#include "fp_arm.def"
#undef ROW

static void (*const rows[])(const OracleCase *, OracleResult *) = {
#define ROW(name, bits, fz, insn, model) run_##name,
#include "fp_arm.def"
};

int main(void)
{
    static OracleCase cases[4096];
    static OracleResult results[4096];
    size_t n;
    while ((n = fread(cases, sizeof *cases, 4096, stdin)) > 0) {
        for (size_t i = 0; i < n; i++) {
            if (cases[i].op >= sizeof rows / sizeof *rows)
                return 1;
            rows[cases[i].op](&cases[i], &results[i]);
        }
        if (fwrite(results, sizeof *results, n, stdout) != n)
            return 1;
    }
    return 0;
}
