/* The port of a virtio console: hvc0 to Linux. */
#include "devices/virtio/virtio_console.h"

static bool start(void *dev, Error *err)
{
    (void)err;
    Virtconsole *p = dev;
    virtio_console_connect(p->console, p->chardev);
    return true;
}

static void stop(void *dev)
{
    virtio_console_connect(((Virtconsole *)dev)->console, NULL);
}

static const Prop props[] = {
    { "chardev", "where the console goes", PROP_CHARDEV, offsetof(Virtconsole, chardev), NULL },
    { 0 },
};

const DeviceType virtconsole = {
    .name = "virtconsole",
    .about = "port of a virtio console",
    .bus = "virtio-serial",
    .size = sizeof(Virtconsole),
    .props = props,
    .start = start,
    .stop = stop,
};
