#include "devices/input/ps2.h"

bool ps2_waiting(const Ps2Queue *q)
{
    return q->filled;
}

uint8_t ps2_take(Ps2Queue *q)
{
    uint8_t byte = q->bytes[q->head];
    if (q->filled) {
        q->head = (q->head + 1) % PS2_QUEUE;
        q->filled--;
    }
    return byte;
}

bool ps2_put(Ps2Queue *q, const uint8_t *bytes, uint32_t n)
{
    if (n > PS2_QUEUE - q->filled)
        return false;
    for (uint32_t i = 0; i < n; i++)
        q->bytes[(q->head + q->filled++) % PS2_QUEUE] = bytes[i];
    return true;
}

void ps2_clear(Ps2Queue *q)
{
    q->head = q->filled = 0;
}

const StateField ps2_queue_state[] = {
    STATE_ARRAY(Ps2Queue, bytes),
    STATE(Ps2Queue, head, .below = PS2_QUEUE),
    STATE(Ps2Queue, filled, .below = PS2_QUEUE + 1),
    STATE_END,
};
