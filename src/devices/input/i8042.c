/* The keyboard controller of a PC (Intel 8042 with IBM's program): two serial ports for keyboard and mouse, and an
 * output port that gates address line 20 and resets the machine. Port 92h reaches the same two lines. */
#include "core/machine.h"
#include "devices/input/ps2.h"
#include "host/input.h"

enum { STATUS_FULL = 1, STATUS_SYSTEM = 4, STATUS_COMMAND = 8, STATUS_UNLOCKED = 0x10, STATUS_MOUSE = 0x20 };
enum { MODE_IRQ = 1, MODE_MOUSE_IRQ = 2, MODE_SYSTEM = 4, MODE_NO_KEYBOARD = 0x10, MODE_NO_MOUSE = 0x20 };
enum { MODE_TRANSLATE = 0x40 };
enum { OUT_RUNS = 1, OUT_A20 = 2, OUT_FULL = 0x10, OUT_MOUSE_FULL = 0x20 };
enum { FAST_RESET = 1, FAST_A20 = 2 };
enum {
    READ_MODE = 0x20,
    WRITE_MODE = 0x60,
    DISABLE_MOUSE = 0xa7,
    ENABLE_MOUSE,
    TEST_MOUSE,
    SELF_TEST,
    TEST_KEYBOARD,
    DISABLE_KEYBOARD = 0xad,
    ENABLE_KEYBOARD,
    READ_INPUT = 0xc0,
    READ_OUTPUT = 0xd0,
    WRITE_OUTPUT,
    ECHO_KEYBOARD,
    ECHO_MOUSE,
    WRITE_MOUSE,
    CLEAR_A20 = 0xdd,
    SET_A20 = 0xdf,
    PULSE = 0xf0
};

#define WIRE INT64_C(100000) /* nanoseconds until the next byte has come over a serial port */

typedef struct I8042 {
    Device dev;
    Line irq, mouse_irq, a20;
    Timer wire;
    Listener listener;
    uint8_t mode, status, output, data, command;
    Ps2Keyboard keyboard;
    Ps2Mouse mouse;
} I8042;

static void update(I8042 *c)
{
    bool full = c->status & STATUS_FULL, mouse = full && c->status & STATUS_MOUSE;
    line_set(&c->irq, full && !mouse && c->mode & MODE_IRQ);
    line_set(&c->mouse_irq, mouse && c->mode & MODE_MOUSE_IRQ);
    line_set(&c->a20, c->output & OUT_A20);
}

static void show(I8042 *c, uint8_t byte, bool from_mouse)
{
    c->data = byte;
    c->status &= ~STATUS_MOUSE;
    c->status |= STATUS_FULL | (from_mouse ? STATUS_MOUSE : 0);
    update(c);
}

static bool keyboard_may(const I8042 *c)
{
    return ps2_waiting(&c->keyboard.queue) && !(c->mode & MODE_NO_KEYBOARD);
}

static bool mouse_may(const I8042 *c)
{
    return ps2_waiting(&c->mouse.queue) && !(c->mode & MODE_NO_MOUSE);
}

/* The next byte of either port, if the last one was taken. */
static void fetch(I8042 *c)
{
    if (c->status & STATUS_FULL)
        return;
    if (keyboard_may(c)) {
        show(c, ps2_take(&c->keyboard.queue), false);
    } else if (mouse_may(c)) {
        show(c, ps2_take(&c->mouse.queue), true);
        ps2_mouse_more(&c->mouse);
    }
}

static void wire_idle(void *dev)
{
    fetch(dev);
}

/* Bytes need time on the wire: software may read port 60h again after an interrupt and expect the same byte. */
static void expect(I8042 *c)
{
    bool waits = keyboard_may(c) || mouse_may(c);
    if (!(c->status & STATUS_FULL) && waits && c->wire.when == TIMER_OFF)
        timer_at(&c->wire, time_now(c->dev.machine) + WIRE);
}

static void set_mode(I8042 *c, uint8_t mode)
{
    c->mode = mode;
    c->status = mode & MODE_SYSTEM ? c->status | STATUS_SYSTEM : c->status & ~STATUS_SYSTEM;
    c->keyboard.translated = mode & MODE_TRANSLATE;
    update(c);
}

static void set_output(I8042 *c, uint8_t value)
{
    c->output = value;
    update(c);
    if (!(value & OUT_RUNS))
        machine_stop(c->dev.machine, STOP_RESET);
}

static void command(I8042 *c, uint8_t byte)
{
    c->command = 0;
    switch (byte) {
    case READ_MODE:
        show(c, c->mode, false);
        break;
    case DISABLE_MOUSE:
    case ENABLE_MOUSE:
        set_mode(c, byte == DISABLE_MOUSE ? c->mode | MODE_NO_MOUSE : c->mode & ~MODE_NO_MOUSE);
        break;
    case TEST_MOUSE:
    case TEST_KEYBOARD:
        show(c, 0, false);
        break;
    case SELF_TEST:
        set_mode(c, c->mode | MODE_SYSTEM);
        show(c, 0x55, false);
        break;
    case DISABLE_KEYBOARD:
    case ENABLE_KEYBOARD:
        set_mode(c, byte == DISABLE_KEYBOARD ? c->mode | MODE_NO_KEYBOARD : c->mode & ~MODE_NO_KEYBOARD);
        break;
    case READ_INPUT:
        show(c, 0x80, false); /* the keyboard is not locked */
        break;
    case READ_OUTPUT:
        show(c, c->output | (c->status & STATUS_FULL ? c->status & STATUS_MOUSE ? OUT_MOUSE_FULL : OUT_FULL : 0),
             false);
        break;
    case WRITE_MODE:
    case WRITE_OUTPUT:
    case ECHO_KEYBOARD:
    case ECHO_MOUSE:
    case WRITE_MOUSE:
        c->command = byte; /* its argument comes to port 60h */
        break;
    case CLEAR_A20:
    case SET_A20:
        set_output(c, byte == SET_A20 ? c->output | OUT_A20 : c->output & ~OUT_A20);
        break;
    default:
        if (byte >= PULSE && !(byte & OUT_RUNS))
            machine_stop(c->dev.machine, STOP_RESET);
    }
}

static void write_data(I8042 *c, uint8_t byte)
{
    uint8_t what = c->command;
    c->command = 0;
    if (what == WRITE_MODE)
        set_mode(c, byte);
    else if (what == WRITE_OUTPUT)
        set_output(c, byte);
    else if (what == ECHO_KEYBOARD || what == ECHO_MOUSE)
        show(c, byte, what == ECHO_MOUSE);
    else if (what == WRITE_MOUSE)
        ps2_mouse_write(&c->mouse, byte);
    else {
        c->mode &= ~MODE_NO_KEYBOARD; /* sending to it enables its port */
        ps2_keyboard_write(&c->keyboard, byte);
    }
}

static uint64_t data_read(void *dev, uint64_t at, int size)
{
    (void)at, (void)size;
    I8042 *c = dev;
    c->status &= ~(STATUS_FULL | STATUS_MOUSE);
    update(c);
    expect(c);
    return c->data;
}

static void data_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)at, (void)size;
    I8042 *c = dev;
    c->status &= ~STATUS_COMMAND;
    write_data(c, (uint8_t)value);
    expect(c);
}

static uint64_t status_read(void *dev, uint64_t at, int size)
{
    (void)at, (void)size;
    return ((I8042 *)dev)->status;
}

static void status_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)at, (void)size;
    I8042 *c = dev;
    c->status |= STATUS_COMMAND;
    command(c, (uint8_t)value);
    expect(c);
}

static uint64_t fast_read(void *dev, uint64_t at, int size)
{
    (void)at, (void)size;
    return ((I8042 *)dev)->output & OUT_A20 ? FAST_A20 : 0;
}

static void fast_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)at, (void)size;
    I8042 *c = dev;
    set_output(c, value & FAST_A20 ? c->output | OUT_A20 : c->output & ~OUT_A20);
    if (value & FAST_RESET)
        machine_stop(c->dev.machine, STOP_RESET);
}

static void key(void *dev, int number, bool down)
{
    I8042 *c = dev;
    ps2_keyboard_key(&c->keyboard, number, down);
    expect(c);
}

static void mouse(void *dev, int dx, int dy, int wheel, int buttons)
{
    I8042 *c = dev;
    ps2_mouse_move(&c->mouse, dx, dy, wheel, buttons);
    expect(c);
}

static bool start(void *dev, Error *err)
{
    (void)err;
    I8042 *c = dev;
    timer_init(&c->wire, c->dev.machine, wire_idle, c);
    c->listener = (Listener){ .name = "QEMU PS/2 Mouse", .key = key, .mouse = mouse, .dev = c };
    input_listen(&c->listener);
    return true;
}

static void reset(void *dev)
{
    I8042 *c = dev;
    timer_off(&c->wire);
    c->keyboard.translated = false;
    ps2_keyboard_reset(&c->keyboard);
    ps2_mouse_reset(&c->mouse);
    set_mode(c, MODE_IRQ | MODE_MOUSE_IRQ);
}

static void loaded(void *dev)
{
    update(dev);
}

static void stop(void *dev)
{
    I8042 *c = dev;
    timer_off(&c->wire);
    input_deafen(&c->listener);
}

static const StateField state[] = {
    STATE(I8042, mode),
    STATE(I8042, status, .reset = STATUS_COMMAND | STATUS_UNLOCKED),
    STATE(I8042, output, .reset = 0xcd | OUT_A20),
    STATE(I8042, data),
    STATE(I8042, command),
    STATE_STRUCT(I8042, keyboard, ps2_keyboard_state),
    STATE_STRUCT(I8042, mouse, ps2_mouse_state),
    STATE_TIMER(I8042, wire),
    STATE_END,
};

const DeviceType i8042 = {
    .name = "i8042",
    .about = "keyboard controller with keyboard and mouse",
    .size = sizeof(I8042),
    .state = state,
    .windows = (const Window[]){ { 1, .read = data_read, .write = data_write },
                                 { 1, .read = status_read, .write = status_write },
                                 { 1, .read = fast_read, .write = fast_write },
                                 { 0 } },
    .pins = (const Pin[]){ { "irq", offsetof(I8042, irq), 1 },
                           { "mouse-irq", offsetof(I8042, mouse_irq), 1 },
                           { "a20", offsetof(I8042, a20), 1 },
                           { 0 } },
    .start = start,
    .reset = reset,
    .loaded = loaded,
    .stop = stop,
};
