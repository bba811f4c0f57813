/* A block device (virtio 1.2, section 5.2), apart from what carries it. */
#pragma once
#include "devices/virtio/virtio.h"
#include "host/drive.h"

typedef struct VirtioBlk {
    Virtio v;
    Drive *drive;
    char *serial;
    uint64_t block, bootindex;
    uint32_t flying; /* requests that the drive has */
} VirtioBlk;

extern const VirtioType virtio_blk_type;

/* clang-format off */
#define VIRTIO_BLK_PROPS(T, blk)                                                                                       \
    { "drive", "the medium", PROP_DRIVE, offsetof(T, blk.drive), NULL },                                               \
    { "serial", "serial number, up to 20 characters", PROP_TEXT, offsetof(T, blk.serial), "" },                        \
    { "logical_block_size", "bytes in the guest's blocks: 512 to 4096", PROP_UINT, offsetof(T, blk.block), "512" },    \
    { "bootindex", "accepted; firmware finds its own order", PROP_UINT, offsetof(T, blk.bootindex), "0" }
/* clang-format on */
