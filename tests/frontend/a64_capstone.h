/* How Capstone names the rows of a64.isa, and which words it does not know. */
#pragma once
#include "frontend/arm/a64_decode.h"

/* One of these, separated by spaces, is what Capstone prints for the row. {30.2:b|h||} is the choice made by the 2 bits
 * from bit 30 up. Rows that are not listed are printed as their name up to the first '_'. */
typedef struct CapstoneName {
    const char *row, *mnemonics;
} CapstoneName;
extern const CapstoneName a64_capstone_names[];

/* Words of v8 rows that Capstone 4 calls undefined, wrongly or strictly. */
typedef struct CapstoneGap {
    const char *row;
    bool (*applies)(const A64 *);
    const char *why;
} CapstoneGap;
extern const CapstoneGap a64_capstone_gaps[];

/* Words outside the table that Capstone gives a name. */
typedef struct CapstoneExtra {
    uint32_t mask, value;
    const char *why;
} CapstoneExtra;
extern const CapstoneExtra a64_capstone_extras[];
