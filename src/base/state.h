/* State tables: every piece of guest-visible state is declared here once. One walk over a table saves it, loads it,
 * prints it (`info`), resets it, answers gdb and gives the translator its slots. */
#pragma once
#include "base/error.h"
#include "base/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum StateKind {
    STATE_UINT,
    STATE_BOOL,
    STATE_V128,
    STATE_TABLE,
    STATE_WHEN, /* int64_t: when a timer is due. Reset leaves it to the device's hook; who loads it sets the timer */
} StateKind;

/* A 128-bit register, low half first. */
typedef struct V128 {
    uint64_t lo, hi;
} __attribute__((aligned(16))) V128;

typedef struct StateField {
    const char *name;
    uint32_t offset;
    uint32_t size;  /* bytes in one element */
    uint32_t count; /* elements */
    StateKind kind;
    bool kept;  /* a reset does not change it: memory with a battery, or what the user did */
    bool slot;  /* the translator may get and put it: each element is one slot */
    bool brief; /* a slot that means nothing between instructions */
    uint64_t reset;
    uint64_t below;                  /* if set, a snapshot with more is refused */
    const char *gdb;                 /* gdb feature it belongs to, or NULL */
    const char *gdb_type;            /* gdb's type of it; NULL: an integer */
    const struct StateField *fields; /* STATE_TABLE: what is inside each element */
} StateField;

/* clang-format off */
#define STATE_KIND(x)                                                                                                  \
    _Generic((x), bool: STATE_BOOL, uint8_t: STATE_UINT, uint16_t: STATE_UINT, uint32_t: STATE_UINT,                   \
        uint64_t: STATE_UINT, int64_t: STATE_UINT, V128: STATE_V128)

/* The field's C type decides its kind; a pointer does not compile. */
#define STATE(T, f, ...)                                                                                               \
    { .name = #f, .offset = offsetof(T, f), .size = sizeof ((T *)0)->f, .count = 1,                                    \
      .kind = STATE_KIND(((T *)0)->f), __VA_ARGS__ }
#define STATE_ARRAY(T, f, ...)                                                                                         \
    { .name = #f, .offset = offsetof(T, f), .size = sizeof ((T *)0)->f[0],                                             \
      .count = sizeof ((T *)0)->f / sizeof ((T *)0)->f[0], .kind = STATE_KIND(((T *)0)->f[0]), __VA_ARGS__ }
#define STATE_STRUCT(T, f, table, ...)                                                                                 \
    { .name = #f, .offset = offsetof(T, f), .size = sizeof ((T *)0)->f, .count = 1, .kind = STATE_TABLE,               \
      .fields = table, __VA_ARGS__ }
#define STATE_STRUCTS(T, f, table, ...)                                                                                \
    { .name = #f, .offset = offsetof(T, f), .size = sizeof ((T *)0)->f[0],                                             \
      .count = sizeof ((T *)0)->f / sizeof ((T *)0)->f[0], .kind = STATE_TABLE, .fields = table, __VA_ARGS__ }
/* A Timer of core/timer.h. */
#define STATE_TIMER(T, f)                                                                                              \
    { .name = #f, .offset = offsetof(T, f.when), .size = sizeof ((T *)0)->f.when, .count = 1, .kind = STATE_WHEN }
#define STATE_END { .name = NULL }
/* clang-format on */

void state_reset(const StateField *, void *object);
void state_print(const StateField *, const void *object, Out *);

/* Reads what state_print printed, from *text on, into the object. False: it does not fit the table, and the error names
 * the field; what came before it was changed. */
bool state_scan(const StateField *, void *object, const char **text, Error *);

/* One line for each value that differs, "name: a b"; returns how many. For tests and lockstep. */
int state_diff(const StateField *, const void *a, const void *b, Out *);
