/* Two states of a CPU as a line of tests/guest/a64 says them. */
#include "frontend/arm/guest.h"

typedef struct Sides {
    Out *before, *after;
} Sides;

static void number(Sides l, bool read, const char *name, int n, uint64_t before, uint64_t after)
{
    char text[16] = "";
    if (n >= 0)
        snprintf(text, sizeof text, "%d", n);
    if (read || before != after)
        out(l.before, " %s%s=%llx", name, text, (unsigned long long)before);
    if (before != after)
        out(l.after, " %s%s=%llx", name, text, (unsigned long long)after);
}

static void wide(Out *o, unsigned n, V128 v)
{
    out(o, " v%u=%016llx%016llx", n, (unsigned long long)v.hi, (unsigned long long)v.lo);
}

void arm_test_line(const Cpu *before, const Cpu *after, const bool *read, uint64_t next, Out *b, Out *a)
{
    const ArmCpu *x = (const ArmCpu *)before, *y = (const ArmCpu *)after;
    Sides l = { b, a };
    for (int n = 0; n < 31; n++)
        number(l, read[S_X0 + n], "x", n, x->x[n], y->x[n]);
    number(l, read[S_SP], "sp", -1, x->sp, y->sp);
    number(l, read[S_NZCV], "nzcv", -1, arm_unpack_nzcv(x->nzcv), arm_unpack_nzcv(y->nzcv));
    number(l, x->fpcr != 0, "fpcr", -1, x->fpcr, x->fpcr);
    number(l, x->fpsr != 0, "fpsr", -1, x->fpsr, y->fpsr);
    for (unsigned n = 0; n < 32; n++) {
        bool differ = x->v[n].lo != y->v[n].lo || x->v[n].hi != y->v[n].hi;
        if (read[S_V0 + n] || differ)
            wide(b, n, x->v[n]);
        if (differ)
            wide(a, n, y->v[n]);
    }
    if (y->pc != next)
        out(a, " pc=%+lld", (long long)(y->pc - x->pc));
}
