#include "devices/net/microwire.h"

enum { READ_COMMAND = 6, COMMAND_BITS = 9 };

static void clock_bit(Microwire *m, const uint16_t *words, bool in)
{
    if (m->shifted < COMMAND_BITS) {
        if (!m->shifted && !in)
            return; /* it waits for the first one */
        m->bits = m->bits << 1 | in;
        m->shifted++;
        m->out_bit = 0;
        return;
    }
    bool reads = m->bits >> 6 == READ_COMMAND;
    uint16_t word = words[(m->bits + m->out_bit / 16) % MICROWIRE_WORDS];
    m->out = reads && word >> (15 - m->out_bit % 16) & 1;
    m->out_bit++;
}

void microwire_pins(Microwire *m, const uint16_t *words, bool select, bool clock, bool in)
{
    bool rises = clock && !m->clock;
    if (!select)
        *m = (Microwire){ 0 };
    else if (rises)
        clock_bit(m, words, in);
    m->clock = clock;
}

const StateField microwire_state[] = {
    STATE(Microwire, bits),    STATE(Microwire, shifted, .below = COMMAND_BITS + 1),
    STATE(Microwire, out_bit), STATE(Microwire, clock),
    STATE(Microwire, out),     STATE_END,
};
