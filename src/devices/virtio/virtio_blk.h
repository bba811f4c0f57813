/* A block device (virtio 1.2, section 5.2), apart from what carries it. */
#pragma once
#include "devices/virtio/virtio.h"
#include "host/drive.h"

enum { VIRTIO_BLK_MOST = 256 }; /* entries of the queue */

typedef struct VirtioBlk {
    Virtio v;
    Drive *drive;
    char *serial;
    uint64_t block, bootindex;
    uint32_t flying; /* requests that the drive has */

    /* of a snapshot: those that the drive finishes later */
    uint32_t laters;
    int64_t later_when[VIRTIO_BLK_MOST];
    uint32_t later_head[VIRTIO_BLK_MOST];
    bool later_ok[VIRTIO_BLK_MOST];
} VirtioBlk;

extern const VirtioType virtio_blk_type;

/* clang-format off */
#define VIRTIO_BLK_PROPS(T, blk)                                                                                       \
    { "drive", "the medium", PROP_DRIVE, offsetof(T, blk.drive), NULL },                                               \
    { "serial", "serial number, up to 20 characters", PROP_TEXT, offsetof(T, blk.serial), "" },                        \
    { "logical_block_size", "bytes in the guest's blocks: 512 to 4096", PROP_UINT, offsetof(T, blk.block), "512" },    \
    { "bootindex", "accepted; firmware finds its own order", PROP_UINT, offsetof(T, blk.bootindex), "0" }
#define VIRTIO_BLK_STATE(T, blk)                                                                                       \
    STATE(T, blk.laters, .below = VIRTIO_BLK_MOST + 1), STATE_ARRAY(T, blk.later_when),                                \
        STATE_ARRAY(T, blk.later_head), STATE_ARRAY(T, blk.later_ok)
/* clang-format on */
