#include "devices/bus/isa.h"

bool isa_place(Device *dev, uint64_t port, Error *err)
{
    uint64_t at;
    if (!port || device_address(dev, 0, &at))
        return true;
    if (port > 0x10000 - device_region(dev, 0)->size)
        return error_set(err, "there is no port 0x%llx", (unsigned long long)port);
    space_map(dev->machine->ports, port, device_region(dev, 0), 1);
    return true;
}

const DeviceType isa_bus = {
    .name = "isa-bus",
    .about = "ISA bus",
    .size = sizeof(Device),
    .offers = ISA,
};
