/* A network back end: Ethernet frames to and from the outside world. Kinds: user (libslirp), mem, null. */
#pragma once
#include "base/keyvals.h"
#include "base/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Net Net;
struct Net {
    const char *id;
    void (*send)(Net *, const void *frame, size_t); /* device to world, under the machine lock */
    /* set by the device, called under the machine lock: */
    bool (*ready)(void *dev); /* whether it can take a frame now */
    void (*receive)(void *dev, const void *frame, size_t);
    void *dev;
    void (*accept)(Net *); /* the device calls this when ready() became true; may be NULL */
};

bool net_add(const char *line, Error *);  /* -netdev KIND,id=ID,... ; dump=FILE writes every frame to a pcap file */
bool net_open(KeyVals *keys, Error *);    /* the same, parsed, with the kind as key "type" */
bool net_remove(const char *id, Error *); /* that no device has; under the machine lock */
Net *net_find(const char *id);            /* NULL: none of that id */
Net *net_next(Net *);                     /* all of them; NULL begins and ends */
const char *net_kind(const Net *);
bool net_dump(const char *id, const char *path, Error *);
bool net_mac(const char *text, uint8_t mac[6], Error *); /* of one card: 52:54:00:12:34:56 */
/* Who sends waits for what the back end itself answers, and it is delivered at once: for a machine that counts
 * instructions. */
void nets_be_prompt(bool);
void nets_help(Out *);
void nets_close(void); /* machine gone */

/* The memory twin: what was sent is kept, what the world sends is given in this thread. */
Net *net_mem(const char *id);
void net_mem_receive(Net *, const void *frame, size_t);
const uint8_t *net_mem_sent(Net *, size_t n, size_t *len); /* the nth frame, from 0; NULL: not so many */
