/* A PS/2 mouse that can be told to be one with a wheel (id 3) or with five buttons (id 4). */
#include "devices/input/ps2.h"

#include <string.h>

enum {
    SCALE_1 = 0xe6,
    SCALE_2 = 0xe7,
    SET_RESOLUTION = 0xe8,
    STATUS = 0xe9,
    STREAM = 0xea,
    POLL = 0xeb,
    END_WRAP = 0xec,
    WRAP = 0xee,
    REMOTE = 0xf0,
    IDENTIFY = 0xf2,
    SET_RATE = 0xf3,
    ENABLE = 0xf4,
    DISABLE = 0xf5,
    DEFAULTS = 0xf6,
    RESET = 0xff
};
enum { WHEEL = 3, FIVE_BUTTONS = 4 };

static void answer(Ps2Mouse *m, uint8_t byte)
{
    ps2_put(&m->queue, &byte, 1);
}

static void defaults(Ps2Mouse *m)
{
    m->rate = 100;
    m->resolution = 2;
    m->scaled = m->reporting = m->remote = false;
}

void ps2_mouse_reset(Ps2Mouse *m)
{
    memset(m, 0, sizeof *m);
    defaults(m);
}

static int64_t bounded(int64_t v, int64_t least, int64_t most)
{
    return v < least ? least : v > most ? most : v;
}

static bool report(Ps2Mouse *m)
{
    int64_t dx = bounded(m->dx, -255, 255), dy = bounded(-m->dy, -255, 255), dz = bounded(m->wheel, -7, 7);
    uint8_t packet[4] = { (uint8_t)(8 | (m->buttons & 7) | (dx < 0 ? 0x10 : 0) | (dy < 0 ? 0x20 : 0)), (uint8_t)dx,
                          (uint8_t)dy, (uint8_t)dz };
    if (m->id == FIVE_BUTTONS)
        packet[3] = (uint8_t)((dz & 15) | (m->buttons & 0x18) << 1);
    if (!ps2_put(&m->queue, packet, m->id >= WHEEL ? 4 : 3))
        return false;
    m->dx -= dx;
    m->dy += dy;
    m->wheel -= dz;
    m->told = m->buttons;
    return true;
}

void ps2_mouse_more(Ps2Mouse *m)
{
    if (m->queue.filled > PS2_QUEUE / 2)
        return; /* movements add up meanwhile */
    while (m->reporting && !m->remote && (m->dx || m->dy || m->wheel || m->buttons != m->told) && report(m))
        ;
}

void ps2_mouse_move(Ps2Mouse *m, int dx, int dy, int wheel, int buttons)
{
    m->dx = bounded(m->dx + dx, -2048, 2048);
    m->dy = bounded(m->dy + dy, -2048, 2048);
    m->wheel = m->id >= WHEEL ? bounded(m->wheel + wheel, -63, 63) : 0;
    m->buttons = (uint8_t)buttons & 0x1f;
    if (!m->reporting)
        m->dx = m->dy = m->wheel = 0;
    ps2_mouse_more(m);
}

/* A driver that sets the rates 200, 100, 80 asks for the wheel; 200, 200, 80 for five buttons, too. */
static void set_rate(Ps2Mouse *m, uint8_t rate)
{
    m->rate = rate;
    memmove(m->rates, m->rates + 1, 2);
    m->rates[2] = rate;
    if (m->rates[0] != 200 || rate != 80)
        return;
    if (m->rates[1] == 100)
        m->id = WHEEL;
    else if (m->rates[1] == 200 && m->id == WHEEL)
        m->id = FIVE_BUTTONS;
}

static void status(Ps2Mouse *m)
{
    uint8_t buttons = (uint8_t)((m->buttons & 1) << 2 | (m->buttons & 4) >> 1 | (m->buttons & 2) >> 1);
    const uint8_t bytes[] = { (uint8_t)(m->remote << 6 | m->reporting << 5 | m->scaled << 4 | buttons), m->resolution,
                              m->rate };
    ps2_put(&m->queue, bytes, sizeof bytes);
}

static void obey(Ps2Mouse *m, uint8_t command)
{
    switch (command) {
    case SCALE_1:
    case SCALE_2:
        m->scaled = command == SCALE_2;
        break;
    case SET_RESOLUTION:
    case SET_RATE:
        m->command = command;
        break;
    case STATUS:
        status(m);
        break;
    case STREAM:
    case REMOTE:
        m->remote = command == REMOTE;
        break;
    case POLL:
        report(m);
        break;
    case END_WRAP:
    case WRAP:
        m->wrap = command == WRAP;
        break;
    case IDENTIFY:
        answer(m, m->id);
        break;
    case ENABLE:
    case DISABLE:
        m->reporting = command == ENABLE;
        break;
    case DEFAULTS:
        defaults(m);
        break;
    case RESET:
        ps2_mouse_reset(m);
        break;
    }
}

void ps2_mouse_write(Ps2Mouse *m, uint8_t byte)
{
    if (m->wrap && byte != END_WRAP && byte != RESET) {
        answer(m, byte);
        return;
    }
    ps2_clear(&m->queue); /* a command ends what was being sent */
    answer(m, PS2_ACK);
    uint8_t command = m->command;
    m->command = 0;
    if (command == SET_RATE)
        set_rate(m, byte);
    else if (command == SET_RESOLUTION)
        m->resolution = byte & 3;
    else
        obey(m, byte);
    if (!command && byte == RESET) {
        const uint8_t passed[] = { PS2_ACK, PS2_PASSED, 0 };
        ps2_put(&m->queue, passed, sizeof passed);
    }
}

const StateField ps2_mouse_state[] = {
    STATE_STRUCT(Ps2Mouse, queue, ps2_queue_state),
    STATE(Ps2Mouse, command),
    STATE(Ps2Mouse, id),
    STATE(Ps2Mouse, rate),
    STATE(Ps2Mouse, resolution),
    STATE_ARRAY(Ps2Mouse, rates),
    STATE(Ps2Mouse, reporting),
    STATE(Ps2Mouse, scaled),
    STATE(Ps2Mouse, remote),
    STATE(Ps2Mouse, wrap),
    STATE(Ps2Mouse, dx),
    STATE(Ps2Mouse, dy),
    STATE(Ps2Mouse, wheel),
    STATE(Ps2Mouse, buttons),
    STATE(Ps2Mouse, told),
    STATE_END,
};
