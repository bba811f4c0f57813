/* An input device (virtio 1.2, section 5.8), apart from what carries it: it tells the driver what it is called and what
 * it can report, and reports in the events of Linux' input subsystem (linux/input-event-codes.h). It hears what the
 * user does from when the driver is there. */
#pragma once
#include "devices/virtio/virtio.h"
#include "host/input.h"

enum { EV_SYN, EV_KEY, EV_REL, EV_ABS, EV_LED = 17, EV_REP = 20 };
enum { REL_X, REL_Y, REL_WHEEL = 8, ABS_X = 0, ABS_Y = 1, BTN_LEFT = 0x110, BTN_RIGHT, BTN_MIDDLE };
enum { VIRTIO_INPUT_EVENTS = 256, VIRTIO_INPUT_CONFIG = 136 };

/* Codes of a kind of event that the device may report: from first to last, of keys those that have a name. */
typedef struct VirtioInputCodes {
    uint16_t type, first, last; /* type 0 ends the list */
} VirtioInputCodes;

typedef struct VirtioInputType {
    VirtioType virtio; /* first */
    const VirtioInputCodes *codes;
    Listener listener; /* what it has in each device */
    uint16_t product;
} VirtioInputType;

typedef struct VirtioInput {
    Virtio v;
    Listener listener;
    char *serial;
    uint8_t buttons;
    uint8_t select, subselect;           /* what the driver wants to know */
    uint64_t event[VIRTIO_INPUT_EVENTS]; /* a ring of those that wait for buffers: type, code, value */
    uint32_t first, waiting;
} VirtioInput;
extern const StateField virtio_input_state[];

/* For the kinds: a report is begun, which is refused when there is no room for it, has its events, and is sent. */
bool virtio_input_begin(VirtioInput *);
void virtio_input_event(VirtioInput *, uint16_t type, uint16_t code, int32_t value);
void virtio_input_buttons(VirtioInput *, int buttons, int wheel); /* their events */
void virtio_input_send(VirtioInput *);

/* clang-format off */
#define VIRTIO_INPUT_TYPE                                                                                              \
    .id = 18, .queue_most = { 64, 64 }, .config_size = VIRTIO_INPUT_CONFIG, .config_writable = 2,                      \
    .configured = virtio_input_configured, .start = virtio_input_start, .running = virtio_input_running,               \
    .notify = virtio_input_notify, .reset = virtio_input_reset, .loaded = virtio_input_loaded,                         \
    .stop = virtio_input_reset

#define VIRTIO_INPUT_PROPS(T, input)                                                                                   \
    { "serial", "serial number", PROP_TEXT, offsetof(T, input.serial), "" }
/* clang-format on */

void virtio_input_configured(Virtio *);
bool virtio_input_start(Virtio *, Error *);
void virtio_input_running(Virtio *);
void virtio_input_notify(Virtio *, int queue);
void virtio_input_reset(Virtio *);
void virtio_input_loaded(Virtio *);

/* A device of its own on a "virtio" bus, and a PCI function. */
typedef struct VirtioInputDevice {
    Device dev;
    VirtioInput input;
} VirtioInputDevice;
_Static_assert(offsetof(VirtioInputDevice, input) == offsetof(VirtioDevice, v), "as virtio.c sees it");

/* clang-format off */
#define VIRTIO_INPUT_DEVICE                                                                                            \
    .bus = "virtio", .size = sizeof(VirtioInputDevice),                                                                \
    .props = (const Prop[]){ VIRTIO_INPUT_PROPS(VirtioInputDevice, input), { 0 } },                                    \
    .state = (const StateField[]){ STATE_STRUCT(VirtioInputDevice, input, virtio_input_state), STATE_END },            \
    .start = virtio_device_start, .reset = virtio_device_reset, .settle = virtio_device_settle,                        \
    .loaded = virtio_device_loaded, .stop = virtio_device_stop
/* clang-format on */

extern const VirtioInputType virtio_keyboard_type, virtio_mouse_type, virtio_tablet_type;
