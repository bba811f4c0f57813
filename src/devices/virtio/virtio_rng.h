/* A source of entropy (virtio 1.2, section 5.4), apart from what carries it. */
#pragma once
#include "devices/virtio/virtio.h"

extern const VirtioType virtio_rng_type;
