/* The two devices at a PS/2 keyboard controller's ports: each takes command bytes and has a queue of bytes for it. */
#pragma once
#include "base/state.h"
#include <stdbool.h>
#include <stdint.h>

enum { PS2_QUEUE = 64, PS2_ACK = 0xfa, PS2_RESEND = 0xfe, PS2_PASSED = 0xaa, PS2_KEYS = 256 };

typedef struct Ps2Queue {
    uint8_t bytes[PS2_QUEUE];
    uint32_t head, filled;
} Ps2Queue;

bool ps2_waiting(const Ps2Queue *);
uint8_t ps2_take(Ps2Queue *);
bool ps2_put(Ps2Queue *, const uint8_t *, uint32_t n); /* all or nothing; false: no room */
void ps2_clear(Ps2Queue *);
extern const StateField ps2_queue_state[];

typedef struct Ps2Keyboard {
    Ps2Queue queue;
    uint8_t command; /* that waits for its argument; 0: none */
    uint8_t set, leds;
    bool scanning, translated;  /* translated: the controller wants set 1 for set 2 */
    uint8_t down[PS2_KEYS / 8]; /* keys that are pressed */
} Ps2Keyboard;

void ps2_keyboard_reset(Ps2Keyboard *);
void ps2_keyboard_write(Ps2Keyboard *, uint8_t byte);
void ps2_keyboard_key(Ps2Keyboard *, int key, bool down);
extern const StateField ps2_keyboard_state[];

typedef struct Ps2Mouse {
    Ps2Queue queue;
    uint8_t command, id, rate, resolution, rates[3];
    bool reporting, scaled, remote, wrap;
    int64_t dx, dy, wheel; /* not told yet */
    uint8_t buttons, told;
} Ps2Mouse;

void ps2_mouse_reset(Ps2Mouse *);
void ps2_mouse_write(Ps2Mouse *, uint8_t byte);
void ps2_mouse_move(Ps2Mouse *, int dx, int dy, int wheel, int buttons);
void ps2_mouse_more(Ps2Mouse *); /* its queue has room again */
extern const StateField ps2_mouse_state[];
