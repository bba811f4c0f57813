/* What a machine tells its firmware through the fw-cfg device. */
#pragma once
#include "core/device.h"

enum FwCfgKey {
    FW_CFG_SIGNATURE = 0x00,
    FW_CFG_ID = 0x01,
    FW_CFG_UUID = 0x02,
    FW_CFG_RAM_SIZE = 0x03,
    FW_CFG_NO_GRAPHICS = 0x04,
    FW_CFG_CPUS = 0x05,
    FW_CFG_KERNEL_ADDRESS = 0x07,
    FW_CFG_KERNEL_SIZE = 0x08,
    FW_CFG_INITRD_ADDRESS = 0x0a,
    FW_CFG_INITRD_SIZE = 0x0b,
    FW_CFG_NUMA = 0x0d,
    FW_CFG_BOOT_MENU = 0x0e,
    FW_CFG_MAX_CPUS = 0x0f,
    FW_CFG_KERNEL_ENTRY = 0x10,
    FW_CFG_KERNEL_DATA = 0x11,
    FW_CFG_INITRD_DATA = 0x12,
    FW_CFG_CMDLINE_ADDRESS = 0x13,
    FW_CFG_CMDLINE_SIZE = 0x14,
    FW_CFG_CMDLINE_DATA = 0x15,
    FW_CFG_SETUP_ADDRESS = 0x16,
    FW_CFG_SETUP_SIZE = 0x17,
    FW_CFG_SETUP_DATA = 0x18,
    FW_CFG_DIRECTORY = 0x19,
    FW_CFG_FILES = 0x20, /* the first file's */
    FW_CFG_IRQ0_OVERRIDE = 0x8002,
    FW_CFG_HPET = 0x8004,
};

/* Each copies the data, and replaces what had that key or name. A name has at most 55 characters. */
void fw_cfg_set(Device *, uint16_t key, const void *data, size_t len);
void fw_cfg_set_number(Device *, uint16_t key, uint64_t value, int size); /* little-endian */
void fw_cfg_add(Device *, const char *name, const void *data, size_t len);

/* A file the guest may write: `data` stays the caller's, who hears of each write. */
void fw_cfg_add_writable(Device *, const char *name, void *data, size_t len, void (*written)(void *who), void *who);
