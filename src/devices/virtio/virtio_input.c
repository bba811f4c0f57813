#include "devices/virtio/virtio_input.h"

#include <string.h>

enum { EVENTS, STATUS };                                                  /* queues */
enum { NAME = 1, SERIAL, DEVICE_IDS, PROPERTIES = 0x10, BITS, ABS_INFO }; /* what the driver selects */
enum { SIZE = 2, ANSWER = 8, ANSWER_MOST = 128 };                         /* in the configuration space */
enum { BUS_VIRTUAL = 6, VENDOR = 0x627, VERSION = 1 };
enum { REPORT_MOST = 8 };

static const VirtioInputType *type_of(const VirtioInput *n)
{
    return (const VirtioInputType *)(const void *)n->v.type;
}

/* ---- what it is ---- */

static uint8_t text(uint8_t *to, const char *from)
{
    size_t len = strlen(from);
    len = len < ANSWER_MOST ? len : ANSWER_MOST;
    memcpy(to, from, len);
    return (uint8_t)len;
}

static uint8_t numbers(uint8_t *to, const uint16_t *from, size_t len)
{
    memcpy(to, from, len);
    return (uint8_t)len;
}

/* A bit for each code that may be reported, without the zeros at the end. */
static uint8_t bits(const VirtioInput *n, uint8_t *to, uint8_t type)
{
    uint8_t len = 0;
    for (const VirtioInputCodes *c = type_of(n)->codes; c->type; c++)
        for (uint16_t code = c->first; c->type == type && code <= c->last; code++)
            if (type != EV_KEY || code >= BTN_LEFT || key_name(code)) {
                to[code / 8] |= 1 << code % 8;
                len = (uint8_t)(code / 8 + 1);
            }
    return len;
}

static bool is_absolute(const VirtioInput *n)
{
    return type_of(n)->listener.point;
}

static uint8_t answer(const VirtioInput *n, uint8_t *to)
{
    const uint16_t ids[] = { BUS_VIRTUAL, VENDOR, type_of(n)->product, VERSION };
    const uint16_t range[10] = { [2] = INPUT_PLACES }; /* least, most, fuzz, flat, resolution: 32 bits each */
    switch (n->select) {
    case NAME:
        return n->subselect ? 0 : text(to, type_of(n)->listener.name);
    case SERIAL:
        return n->subselect ? 0 : text(to, n->serial);
    case DEVICE_IDS:
        return n->subselect ? 0 : numbers(to, ids, sizeof ids);
    case BITS:
        return bits(n, to, n->subselect);
    case ABS_INFO:
        return is_absolute(n) && n->subselect <= ABS_Y ? numbers(to, range, sizeof range) : 0;
    default:
        return 0;
    }
}

/* 5.8.5.2: size is 0 for what is not there. */
static void show(VirtioInput *n)
{
    uint8_t *config = n->v.config;
    memset(config, 0, sizeof n->v.config);
    config[0] = n->select;
    config[1] = n->subselect;
    config[SIZE] = answer(n, config + ANSWER);
}

void virtio_input_configured(Virtio *v)
{
    VirtioInput *n = (VirtioInput *)v;
    n->select = v->config[0];
    n->subselect = v->config[1];
    show(n);
}

/* ---- what it reports ---- */

bool virtio_input_begin(VirtioInput *n)
{
    return n->waiting + REPORT_MOST <= VIRTIO_INPUT_EVENTS;
}

void virtio_input_event(VirtioInput *n, uint16_t type, uint16_t code, int32_t value)
{
    uint64_t event = type | (uint64_t)code << 16 | (uint64_t)(uint32_t)value << 32;
    n->event[(n->first + n->waiting++) % VIRTIO_INPUT_EVENTS] = event;
}

void virtio_input_buttons(VirtioInput *n, int buttons, int wheel)
{
    static const struct {
        int button;
        uint16_t code;
    } codes[] = { { BUTTON_LEFT, BTN_LEFT }, { BUTTON_RIGHT, BTN_RIGHT }, { BUTTON_MIDDLE, BTN_MIDDLE } };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if ((buttons ^ n->buttons) & codes[i].button)
            virtio_input_event(n, EV_KEY, codes[i].code, (buttons & codes[i].button) != 0);
    n->buttons = (uint8_t)buttons;
    if (wheel)
        virtio_input_event(n, EV_REL, REL_WHEEL, -wheel);
}

/* One event for each buffer (5.8.6.1); what the driver has none for waits. */
static void deliver(VirtioInput *n)
{
    Virtio *v = &n->v;
    bool any = false;
    while (n->waiting && virtio_take(v, EVENTS, v->chain)) {
        uint64_t *event = &n->event[n->first];
        if (v->chain->in_len < sizeof *event) {
            virtio_wrong(v, EVENTS, "a buffer has no room for an event");
            return;
        }
        virtio_put(v, EVENTS, v->chain->head, chain_write(v->chain, 0, event, sizeof *event));
        *event = 0;
        n->first = (n->first + 1) % VIRTIO_INPUT_EVENTS;
        n->waiting--;
        any = true;
    }
    if (any)
        virtio_tell(v, EVENTS);
}

void virtio_input_send(VirtioInput *n)
{
    virtio_input_event(n, EV_SYN, 0, 0);
    deliver(n);
}

/* The lamps of a keyboard, which nobody sees. */
static void take_status(Virtio *v)
{
    uint32_t i = 0;
    for (; i < v->queue[STATUS].size && virtio_take(v, STATUS, v->chain); i++)
        virtio_put(v, STATUS, v->chain->head, 0);
    virtio_tell(v, STATUS);
    if (i == v->queue[STATUS].size)
        virtio_again(v, STATUS);
}

void virtio_input_notify(Virtio *v, int queue)
{
    if (queue == EVENTS)
        deliver((VirtioInput *)v);
    else
        take_status(v);
}

/* ---- when it hears ---- */

static void listen(VirtioInput *n, bool wants)
{
    input_deafen(&n->listener);
    if (wants)
        input_listen(&n->listener);
}

bool virtio_input_start(Virtio *v, Error *err)
{
    (void)err;
    VirtioInput *n = (VirtioInput *)v;
    n->listener = type_of(n)->listener;
    n->listener.dev = n;
    return true;
}

void virtio_input_running(Virtio *v)
{
    listen((VirtioInput *)v, true);
}

void virtio_input_reset(Virtio *v)
{
    VirtioInput *n = (VirtioInput *)v;
    listen(n, false);
    n->first = n->waiting = n->buttons = n->select = n->subselect = 0;
    memset(n->event, 0, sizeof n->event);
    show(n);
}

void virtio_input_loaded(Virtio *v)
{
    VirtioInput *n = (VirtioInput *)v;
    listen(n, v->status & VIRTIO_DRIVER_OK);
    show(n);
}

const StateField virtio_input_state[] = {
    STATE_STRUCT(VirtioInput, v, virtio_state),
    STATE(VirtioInput, buttons, .below = 8),
    STATE(VirtioInput, select),
    STATE(VirtioInput, subselect),
    STATE_ARRAY(VirtioInput, event),
    STATE(VirtioInput, first, .below = VIRTIO_INPUT_EVENTS),
    STATE(VirtioInput, waiting, .below = VIRTIO_INPUT_EVENTS + 1),
    STATE_END,
};
