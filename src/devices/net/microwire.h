/* A serial EEPROM of 64 words with three wires (93C46): a one, two bits of operation, six of address; then the word
 * comes out, its highest bit first, and the words after it. It is read only. */
#pragma once
#include "base/state.h"
#include <stdbool.h>
#include <stdint.h>

enum { MICROWIRE_WORDS = 64 };

typedef struct Microwire {
    uint32_t bits, shifted; /* that came in */
    uint32_t out_bit;
    bool clock, out;
} Microwire;

void microwire_pins(Microwire *, const uint16_t *words, bool select, bool clock, bool in);
extern const StateField microwire_state[];
