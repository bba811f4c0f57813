/* The interrupt translation service of the GICv3: (device, event) written to its doorbell becomes an LPI of some CPU,
 * by tables that the guest gives memory for and changes by commands. ARM IHI 0069 chapter 5 and 12.12 to 12.13.
 * Private to the files gicv3_its*.c. */
#pragma once
#include "devices/intc/gicv3.h"

enum {
    ITS_TABLE_DEVICES,     /* GITS_BASER0 */
    ITS_TABLE_COLLECTIONS, /* GITS_BASER1 */
    ITS_TABLES,
    ITS_ENTRY = 8,    /* bytes of an entry of any table, ours to define */
    ITS_ID_BITS = 16, /* of devices, events and collections */
    ITS_CACHE = 256,
};

/* A translation that was made before; all are forgotten when a table may have changed. */
typedef struct ItsRoute {
    bool known;
    uint32_t device, event, lpi;
    uint16_t cpu;
} ItsRoute;

typedef struct Its {
    Device dev;
    Device *gic_dev; /* property */
    Gicv3 *gic;
    uint32_t ctlr;
    uint64_t cbaser, cwriter, creadr;
    uint64_t baser[8];

    /* derived */
    ItsRoute cache[ITS_CACHE];
    bool reread; /* all configurations of LPIs, when the commands at hand are done */
    bool posted; /* more commands wait for the machine's thread */
} Its;

/* Entries of the tables in guest memory; each function is false if the guest's number is out of range, nothing is
 * mapped there, or the memory does not answer. */
typedef struct ItsDevice {
    bool valid;
    uint8_t size;   /* its events have size + 1 bits */
    uint64_t table; /* of its events */
} ItsDevice;
typedef struct ItsEvent {
    bool valid;
    uint32_t lpi;
    uint16_t collection;
} ItsEvent;

bool its_device_get(Its *, uint32_t device, ItsDevice *);
bool its_device_put(Its *, uint32_t device, ItsDevice);
bool its_event_get(Its *, uint32_t device, uint32_t event, ItsEvent *);
bool its_event_put(Its *, uint32_t device, uint32_t event, ItsEvent);
bool its_collection_get(Its *, uint32_t collection, Gicv3Cpu **);
bool its_collection_put(Its *, uint32_t collection, bool valid, uint16_t cpu);
bool its_route(Its *, uint32_t device, uint32_t event, Gicv3Cpu **, uint32_t *lpi);
void its_forget_routes(Its *);

void its_run_commands(Its *); /* what the guest has queued */
void its_continue(Its *);     /* the same, later on the machine's thread */
