/* A device type is data: what it is called, what it can be told, what it remembers, where it sits on a bus and which
 * pins it has. A device is one file in devices/ and one line in devices.list. Device code runs under the machine lock.
 */
#pragma once
#include "base/error.h"
#include "base/state.h"
#include "core/line.h"
#include "core/reg.h"

typedef struct Device Device;
typedef struct Machine Machine;
typedef struct Space Space;

typedef enum PropKind {
    PROP_UINT,    /* uint64_t; 0x, K, M, G suffixes */
    PROP_BOOL,    /* bool; on, off */
    PROP_TEXT,    /* char * */
    PROP_CHARDEV, /* Chardev * (host/chardev.h), by id */
    PROP_DRIVE,   /* Drive * (host/drive.h), by id */
    PROP_NET,     /* Net * (host/net.h), by id */
    PROP_DEVICE,  /* Device *, by id: a part this one works with */
} PropKind;

typedef struct Prop {
    const char *name, *help;
    PropKind kind;
    uint32_t offset;
    const char *init; /* default, in command-line syntax; NULL: zero */
} Prop;

typedef struct Window {                                 /* one decoded address range */
    uint64_t size;                                      /* 0 ends the list */
    const Reg *regs;                                    /* either a register table ... */
    uint64_t (*read)(void *dev, uint64_t at, int size); /* ... or code */
    void (*write)(void *dev, uint64_t at, uint64_t value, int size);
    uint8_t min, max; /* access sizes the device decodes, in bytes; 0: 1 and 8. Others are split or widened */
    bool unaligned;   /* accesses that are not aligned come whole, too */
    bool messages;    /* other devices may store here: a doorbell for message-signalled interrupts */
} Window;

typedef struct Pin {
    const char *name; /* NULL ends the list */
    uint32_t line;    /* output: offset of the Line, or of the first of `count` Lines */
    int count;
    LineFn *in; /* input: called when a wire to it changes, with the pin's number from `first` */
    int first;
} Pin;

typedef struct DeviceType {
    const char *name, *about;
    const char *bus; /* kind of bus it plugs into with -device ("virtio", "pci"); NULL: only machines place it */
    size_t size;     /* of its struct, whose first member is Device */
    const Prop *props;
    const StateField *state; /* beyond what the registers declare */
    const Window *windows;
    const Pin *pins;
    const void *interface; /* what the device offers to its bus: a struct the bus's header defines */
    const char *offers;    /* kind of bus it has for others; NULL: none */
    bool (*attach)(void *bus, Device *,
                   Error *err);          /* one is plugged in, before it starts; false: full, or not this one */
    void (*detach)(void *bus, Device *); /* one that was attached is going */
    /* While the machine runs: the guest is told that one came (`in`), or asked to let go of one. NULL: nobody can. */
    bool (*hotplug)(void *bus, Device *, bool in, Error *err);
    bool (*start)(void *dev, Error *err); /* properties set, wires connected */
    void (*reset)(void *dev);             /* beyond the tables' reset values */
    void (*settle)(void *dev);            /* before a snapshot: bring into the tables what is elsewhere */
    void (*loaded)(void *dev);            /* after one was loaded: rebuild what is derived */
    void (*stop)(void *dev);
} DeviceType;

struct Device {
    const DeviceType *type;
    const char *id;
    Machine *machine;
    Space *dma;   /* what the device sees as a bus master */
    Device *bus;  /* the part it is plugged into, or NULL */
    bool plugged; /* by the user; else a part of the machine */
    Device *next;
};

/* A region for each window of the device, for space_map by the device itself. */
const struct Region *device_region(const Device *, int window);
int device_windows(const DeviceType *);
/* Where the machine's table put a window in the system's memory; false: nowhere. */
bool device_address(const Device *, int window, uint64_t *at);

/* State table, registers, then the reset hook. */
void device_reset(Device *);
/* Number of a pin's first line among the type's inputs, and the row; NULL: no pin of that name. */
const Pin *device_pin(const DeviceType *, const char *name, bool input);

extern const DeviceType *const device_types[]; /* made from devices/devices.list; ends with NULL */
extern const DeviceType *const cpu_types[];    /* made from frontend/models.list: what -cpu chooses from */
const DeviceType *device_type(const char *name, Error *err); /* of either kind; the error names the nearest known */
