/* A network card (virtio 1.2, section 5.1), apart from what carries it. */
#pragma once
#include "devices/virtio/virtio.h"
#include "host/net.h"

enum { NET_FRAME = 65536 + 64 };

typedef struct VirtioNet {
    Virtio v;
    Net *net;
    char *mac;
    uint64_t bootindex;
    Chain *more;       /* the chains of a frame behind its first */
    size_t waiting;    /* length of the frame that lacks buffers; 0: none */
    uint8_t *in, *out; /* NET_FRAME bytes each */
} VirtioNet;

extern const VirtioType virtio_net_type;

/* clang-format off */
#define VIRTIO_NET_PROPS(T, net_)                                                                                      \
    { "netdev", "the network", PROP_NET, offsetof(T, net_.net), NULL },                                                \
    { "mac", "address, 52:54:00:12:34:56 and on", PROP_TEXT, offsetof(T, net_.mac), "" },                              \
    { "bootindex", "accepted; firmware finds its own order", PROP_UINT, offsetof(T, net_.bootindex), "0" }
/* clang-format on */
