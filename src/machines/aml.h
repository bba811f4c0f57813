/* Writes ACPI's machine language (ACPI 6.4, chapter 20): a term is appended after the other; what has a length is
 * opened and closed. */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct Aml {
    uint8_t *bytes;
    size_t len, room;
} Aml;

enum {
    AML_ZERO = 0x00,
    AML_ONE = 0x01,
    AML_NAME = 0x08,
    AML_SCOPE = 0x10,
    AML_BUFFER = 0x11,
    AML_PACKAGE = 0x12,
    AML_METHOD = 0x14,
    AML_LOCAL0 = 0x60,
    AML_ARG0 = 0x68,
    AML_STORE = 0x70,
    AML_NOTIFY = 0x86,
    AML_AND = 0x7b,
    AML_OR = 0x7d,
    AML_DWORD_FIELD = 0x8a,
    AML_IF = 0xa0,
    AML_ELSE = 0xa1,
    AML_RETURN = 0xa4,
    AML_REGION = 0x5b80,
    AML_FIELD = 0x5b81,
    AML_DEVICE = 0x5b82,
    AML_PROCESSOR = 0x5b83,
};

void aml_put(Aml *, const void *, size_t);
void aml_number(Aml *, uint64_t value, int bytes); /* little-endian, without a prefix */
void aml_op(Aml *, unsigned op);                   /* of one byte, or two */
void aml_path(Aml *, const char *);                /* "\\_SB.PCI0": names are filled up with _ */
void aml_integer(Aml *, uint64_t);                 /* as short as can be */

size_t aml_open(Aml *, unsigned op); /* its length follows; for aml_close */
void aml_close(Aml *, size_t mark);
/* An opened term with a name. */
size_t aml_open_named(Aml *, unsigned op, const char *path);
size_t aml_method(Aml *, const char *name, unsigned arguments);

void aml_named_integer(Aml *, const char *name, uint64_t value);
void aml_named_id(Aml *, const char *name, const char *eisa); /* "PNP0A03" */
void aml_named_text(Aml *, const char *name, const char *text);
/* A buffer of resource descriptors under that name. */
void aml_named_buffer(Aml *, const char *name, const uint8_t *, size_t);
