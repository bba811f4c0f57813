/* Register tables: a device's programming model, row for row as in its manual. The row stores, masks, resets, saves,
 * prints and traces the register; a hook is written only where reading or writing does something.
 *
 * Reading gives the hook's answer or the field. Writing stores (old & ~writable) | (value & writable), then clears the
 * bits of `ack` that were written as 1, then calls `written` with the raw value. */
#pragma once
#include "base/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Reg {
    uint32_t at; /* byte offset in the window */
    const char *name;
    uint32_t field, size; /* storage in the device; size 0: none, 4 bytes wide on the bus */
    uint32_t count;       /* more than 0: an array of registers, each `size` (or 4) bytes further */
    uint64_t reset;
    uint64_t writable;                                     /* bits a guest can change */
    uint64_t ack;                                          /* bits cleared by writing 1 */
    uint64_t (*read)(void *dev, int index);                /* instead of reading the field */
    void (*written)(void *dev, int index, uint64_t value); /* after the field is stored */
} Reg;

#define REG(at_, T, f, ...)                                                                                            \
    {                                                                                                                  \
        .at = at_, .name = #f, .field = offsetof(T, f), .size = sizeof((T *)0)->f, __VA_ARGS__                         \
    }
#define REG_ARRAY(at_, T, f, ...)                                                                                      \
    {                                                                                                                  \
        .at = at_, .name = #f, .field = offsetof(T, f), .size = sizeof((T *)0)->f[0],                                  \
        .count = sizeof((T *)0)->f / sizeof((T *)0)->f[0], __VA_ARGS__                                                 \
    }
#define REG_CALL(at_, name_, ...)                                                                                      \
    {                                                                                                                  \
        .at = at_, .name = #name_, __VA_ARGS__                                                                         \
    }
#define REG_END                                                                                                        \
    {                                                                                                                  \
        .name = NULL                                                                                                   \
    }

/* The access behind a window that is a register table. Sizes 1, 2, 4, 8. An offset without a row reads 0 and is logged.
 */
uint64_t reg_read(const Reg *, void *dev, uint64_t at, int size);
void reg_write(const Reg *, void *dev, uint64_t at, uint64_t value, int size);
void reg_reset(const Reg *, void *dev);
void reg_print(const Reg *, void *dev, Out *);
