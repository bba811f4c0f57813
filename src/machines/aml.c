#include "machines/aml.h"

#include "base/alloc.h"

#include <assert.h>
#include <string.h>

enum { LENGTH_BYTES = 3 }; /* of a package length: always the form with two bytes to follow */

void aml_put(Aml *a, const void *bytes, size_t len)
{
    if (a->len + len > a->room) {
        a->room = (a->len + len) * 2;
        a->bytes = xrealloc(a->bytes, a->room);
    }
    if (len)
        memcpy(a->bytes + a->len, bytes, len);
    a->len += len;
}

void aml_number(Aml *a, uint64_t value, int bytes)
{
    aml_put(a, &value, (size_t)bytes);
}

void aml_op(Aml *a, unsigned op)
{
    if (op >> 8)
        aml_number(a, op >> 8, 1);
    aml_number(a, op & 0xff, 1);
}

static size_t segment(const char *at)
{
    return strcspn(at, ".");
}

void aml_path(Aml *a, const char *path)
{
    uint8_t count = 1;
    if (*path == '\\')
        aml_put(a, path++, 1);
    for (const char *p = path; *p; p++)
        count += *p == '.';
    if (count == 2)
        aml_number(a, 0x2e, 1);
    else if (count > 2)
        aml_number(a, 0x2f | (unsigned)count << 8, 2);
    for (size_t n; *path; path += n + (path[n] == '.')) {
        char name[4] = { '_', '_', '_', '_' };
        n = segment(path);
        assert(n <= 4);
        memcpy(name, path, n);
        aml_put(a, name, 4);
    }
}

void aml_integer(Aml *a, uint64_t value)
{
    static const struct {
        uint64_t most;
        uint8_t prefix, bytes;
    } forms[] = { { 0xff, 0x0a, 1 }, { 0xffff, 0x0b, 2 }, { 0xffffffff, 0x0c, 4 }, { UINT64_MAX, 0x0e, 8 } };
    if (value <= 1) {
        aml_number(a, value, 1);
        return;
    }
    size_t i = 0;
    while (value > forms[i].most)
        i++;
    aml_number(a, forms[i].prefix, 1);
    aml_number(a, value, forms[i].bytes);
}

size_t aml_open(Aml *a, unsigned op)
{
    aml_op(a, op);
    size_t mark = a->len;
    aml_number(a, 0, LENGTH_BYTES);
    return mark;
}

void aml_close(Aml *a, size_t mark)
{
    size_t len = a->len - mark;
    assert(len < 1 << 20);
    a->bytes[mark] = (uint8_t)((LENGTH_BYTES - 1) << 6 | (len & 15));
    a->bytes[mark + 1] = (uint8_t)(len >> 4);
    a->bytes[mark + 2] = (uint8_t)(len >> 12);
}

size_t aml_open_named(Aml *a, unsigned op, const char *path)
{
    size_t mark = aml_open(a, op);
    aml_path(a, path);
    return mark;
}

size_t aml_method(Aml *a, const char *name, unsigned arguments)
{
    size_t mark = aml_open_named(a, AML_METHOD, name);
    aml_number(a, arguments, 1);
    return mark;
}

void aml_named_integer(Aml *a, const char *name, uint64_t value)
{
    aml_op(a, AML_NAME);
    aml_path(a, name);
    aml_integer(a, value);
}

static unsigned hex(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'A' + 10);
}

/* Three letters of five bits and four digits, big-endian (ACPI 6.4, 19.3.4). */
void aml_named_id(Aml *a, const char *name, const char *eisa)
{
    uint32_t id = (uint32_t)(eisa[0] & 31) << 26 | (uint32_t)(eisa[1] & 31) << 21 | (uint32_t)(eisa[2] & 31) << 16 |
                  hex(eisa[3]) << 12 | hex(eisa[4]) << 8 | hex(eisa[5]) << 4 | hex(eisa[6]);
    aml_op(a, AML_NAME);
    aml_path(a, name);
    aml_number(a, 0x0c, 1);
    aml_number(a, __builtin_bswap32(id), 4);
}

void aml_named_text(Aml *a, const char *name, const char *text)
{
    aml_op(a, AML_NAME);
    aml_path(a, name);
    aml_number(a, 0x0d, 1);
    aml_put(a, text, strlen(text) + 1);
}

void aml_named_buffer(Aml *a, const char *name, const uint8_t *bytes, size_t len)
{
    aml_op(a, AML_NAME);
    aml_path(a, name);
    size_t mark = aml_open(a, AML_BUFFER);
    aml_integer(a, len);
    aml_put(a, bytes, len);
    aml_close(a, mark);
}
