#include "monitor/expr.h"

#include "cpu/cpu.h"
#include "monitor/register.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 64 };

typedef struct Reader {
    const char *at;
    const Ask *ask;
    Error *err;
    int depth;
} Reader;

static bool binary(Reader *r, int level, uint64_t *value);

static void blanks(Reader *r)
{
    while (*r->at == ' ' || *r->at == '\t')
        r->at++;
}

static bool number(Reader *r, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(r->at, &end, 0);
    if (end == r->at || errno)
        return error_set(r->err, "'%.20s': expected a number", r->at);
    r->at = end;
    return true;
}

static bool reg(Reader *r, uint64_t *value)
{
    char name[64];
    size_t len = 0;
    for (r->at++; isalnum((unsigned char)*r->at) || *r->at == '_'; r->at++)
        if (len < sizeof name - 1)
            name[len++] = *r->at;
    name[len] = 0;
    return register_read(r->ask, name, value, r->err);
}

static bool unary(Reader *r, uint64_t *value)
{
    if (r->depth++ > DEPTH)
        return error_set(r->err, "the expression is nested too deeply");
    blanks(r);
    char c = *r->at;
    bool ok;
    if (c == '-' || c == '~' || c == '+') {
        r->at++;
        ok = unary(r, value);
        *value = c == '-' ? -*value : c == '~' ? ~*value : *value;
    } else if (c == '(') {
        r->at++;
        ok = binary(r, 0, value);
        blanks(r);
        if (ok && *r->at != ')')
            ok = error_set(r->err, "a ) is missing");
        r->at += ok;
    } else {
        ok = c == '$' ? reg(r, value) : number(r, value);
    }
    r->depth--;
    return ok;
}

static bool apply(Reader *r, char op, uint64_t *a, uint64_t b)
{
    if ((op == '/' || op == '%') && !b)
        return error_set(r->err, "division by zero");
    if ((op == '/' || op == '%') && b == UINT64_MAX) { /* the one quotient that does not fit is the host's trap */
        *a = op == '/' ? -*a : 0;
        return true;
    }
    *a = op == '|'   ? *a | b
         : op == '^' ? *a ^ b
         : op == '&' ? *a & b
         : op == '+' ? *a + b
         : op == '-' ? *a - b
         : op == '*' ? *a * b
         : op == '/' ? (uint64_t)((int64_t)*a / (int64_t)b)
                     : (uint64_t)((int64_t)*a % (int64_t)b);
    return true;
}

/* `16 /tmp/file` is two arguments, not a division. */
static bool divides(const char *slash)
{
    return *slash != '/' || !(isalpha((unsigned char)slash[1]) || strchr("._/", slash[1]));
}

static bool binary(Reader *r, int level, uint64_t *value)
{
    static const char *const operators[] = { "|", "^", "&", "+-", "*/%" };
    if (level == sizeof operators / sizeof *operators)
        return unary(r, value);
    if (!binary(r, level + 1, value))
        return false;
    for (blanks(r); *r->at && strchr(operators[level], *r->at) && divides(r->at); blanks(r)) {
        char op = *r->at++;
        uint64_t right;
        if (!binary(r, level + 1, &right) || !apply(r, op, value, right))
            return false;
    }
    return true;
}

bool expr_read(const char **at, const Ask *ask, uint64_t *value, Error *err)
{
    Reader r = { .at = *at, .ask = ask, .err = err };
    if (!binary(&r, 0, value))
        return false;
    *at = r.at;
    return true;
}
