/* An IBM enhanced keyboard: scan code sets 1 and 2 (PS/2 Technical Reference, keyboards). */
#include "devices/input/ps2.h"
#include "host/input.h"

#include <string.h>

enum {
    SET_LEDS = 0xed,
    ECHO = 0xee,
    SELECT_SET = 0xf0,
    IDENTIFY = 0xf2,
    SET_RATE = 0xf3,
    ENABLE = 0xf4,
    DISABLE = 0xf5,
    DEFAULTS = 0xf6,
    RESEND = 0xfe,
    RESET = 0xff
};
enum { KEY_PAUSE = 119, KEY_PRINT = 210 };

static void answer(Ps2Keyboard *k, uint8_t byte)
{
    ps2_put(&k->queue, &byte, 1);
}

static void defaults(Ps2Keyboard *k)
{
    k->command = 0;
    k->set = 2;
    k->leds = 0;
}

void ps2_keyboard_reset(Ps2Keyboard *k)
{
    bool translated = k->translated;
    memset(k, 0, sizeof *k);
    k->translated = translated;
    k->scanning = true;
    defaults(k);
}

static void identify(Ps2Keyboard *k)
{
    const uint8_t id[] = { PS2_ACK, 0xab, k->translated ? 0x41 : 0x83 };
    ps2_put(&k->queue, id, sizeof id);
}

static void take_argument(Ps2Keyboard *k, uint8_t byte)
{
    uint8_t command = k->command;
    k->command = 0;
    if (command == SELECT_SET && byte > 3) {
        answer(k, PS2_RESEND);
        return;
    }
    answer(k, PS2_ACK);
    if (command == SELECT_SET && !byte)
        answer(k, k->set);
    else if (command == SELECT_SET)
        k->set = byte == 1 ? 1 : 2; /* set 3 is not there: its codes are those of set 2 */
    else if (command == SET_LEDS)
        k->leds = byte & 7;
}

void ps2_keyboard_write(Ps2Keyboard *k, uint8_t byte)
{
    if (k->command && byte < SET_LEDS) {
        take_argument(k, byte);
        return;
    }
    k->command = 0;
    switch (byte) {
    case SET_LEDS:
    case SELECT_SET:
    case SET_RATE:
        k->command = byte;
        answer(k, PS2_ACK);
        break;
    case ECHO:
        answer(k, ECHO);
        break;
    case IDENTIFY:
        identify(k);
        break;
    case ENABLE:
        ps2_clear(&k->queue);
        k->scanning = true;
        answer(k, PS2_ACK);
        break;
    case DISABLE:
    case DEFAULTS:
        ps2_clear(&k->queue);
        defaults(k);
        k->scanning = byte == DEFAULTS;
        answer(k, PS2_ACK);
        break;
    case RESET:
        ps2_keyboard_reset(k);
        answer(k, PS2_ACK);
        answer(k, PS2_PASSED);
        break;
    default:
        answer(k, PS2_RESEND);
    }
}

static uint32_t add(uint8_t *to, uint32_t n, uint8_t byte)
{
    to[n] = byte;
    return n + 1;
}

/* One make or break code: set 1 has the top bit for a break, set 2 a byte f0 before the code. */
static uint32_t encode(uint8_t *to, uint32_t n, uint16_t code, bool down, int set)
{
    if (code >> 8)
        n = add(to, n, (uint8_t)(code >> 8));
    if (!down && set == 2)
        n = add(to, n, 0xf0);
    return add(to, n, (uint8_t)(code | (!down && set == 1 ? 0x80 : 0)));
}

/* Pause has no break code; its make code is that of pressing and releasing Ctrl-NumLock behind e1. Print Screen brings
 * a shift of its own, for the sake of software that knew the 83-key keyboard. */
static uint32_t encode_key(uint8_t *to, int key, bool down, int set)
{
    static const uint8_t pause[2][8] = { { 0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5 },
                                         { 0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77 } };
    if (key == KEY_PAUSE) {
        memcpy(to, pause[set == 2], 8);
        return !down ? 0 : set == 2 ? 8 : 6;
    }
    uint16_t shift = set == 2 ? 0xe012 : 0xe02a, code = key_code(key, set);
    if (!code)
        return 0;
    if (key != KEY_PRINT)
        return encode(to, 0, code, down, set);
    return encode(to, encode(to, 0, down ? shift : code, down, set), down ? code : shift, down, set);
}

void ps2_keyboard_key(Ps2Keyboard *k, int key, bool down)
{
    uint8_t bytes[16], *pressed = &k->down[key / 8 % (PS2_KEYS / 8)], bit = (uint8_t)(1 << key % 8);
    bool was = *pressed & bit;
    *pressed = down ? *pressed | bit : *pressed & ~bit;
    int set = k->set == 1 || k->translated ? 1 : 2;
    /* the release of a key that is not down (it was pressed elsewhere) is no event */
    if (k->scanning && (down || was))
        ps2_put(&k->queue, bytes, encode_key(bytes, key, down, set));
}

const StateField ps2_keyboard_state[] = {
    STATE_STRUCT(Ps2Keyboard, queue, ps2_queue_state),
    STATE(Ps2Keyboard, command),
    STATE(Ps2Keyboard, set),
    STATE(Ps2Keyboard, leds),
    STATE(Ps2Keyboard, scanning),
    STATE(Ps2Keyboard, translated),
    STATE_ARRAY(Ps2Keyboard, down),
    STATE_END,
};
