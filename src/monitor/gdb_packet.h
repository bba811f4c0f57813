/* The packets of gdb's remote protocol (its manual, appendix E.1): framing, checksums, acknowledgements, escapes. Bytes
 * in, packets out, and back; knows nothing of what is in them. */
#pragma once
#include "host/bytes.h"
#include <stdbool.h>

enum { GDB_PACKET = 0x10000 }; /* bytes in the longest packet taken, as they come */

typedef enum GdbNews { GDB_NOTHING, GDB_GOT_PACKET, GDB_GOT_BREAK } GdbNews;

typedef struct GdbLink {
    bool no_ack; /* QStartNoAckMode: neither side acknowledges */
    int state;
    char *in; /* the packet, zero-terminated, escapes removed */
    size_t in_len;
    bool too_long;      /* it comes out empty */
    unsigned sum, said; /* the sender's checksum */
    Bytes out;          /* to be written; whoever does drops it */
    Bytes last;         /* the last packet, sent again if it did not arrive */
} GdbLink;

void gdb_link_init(GdbLink *);
void gdb_link_reset(GdbLink *); /* another peer */
void gdb_link_free(GdbLink *);
/* Takes bytes up to the end of a packet or to an interrupt; how many. A packet stays in in, in_len until the next call.
 */
size_t gdb_link_take(GdbLink *, const void *bytes, size_t len, GdbNews *news);
void gdb_link_send(GdbLink *, const void *packet, size_t len);

/* Hexadecimal: one digit (-1: none); a number moves *at behind it, false if there is none or it has more than 64 bits;
 * bytes: false if they are not `len` pairs of digits. */
int gdb_digit(char c);
bool gdb_number(const char **at, uint64_t *value);
bool gdb_unhex(const char *text, void *bytes, size_t len);
void gdb_hex(char *text, const void *bytes, size_t len); /* 2 * len and no terminator */
