#include "machines/arm_boot.h"

#include "base/alloc.h"
#include "core/cpu_port.h"
#include "devices/system/fw-cfg.h"
#include "machines/arm_kernel.h"
#include "machines/firmware.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TWO_MIB         (2ull << 20)
#define ROOM_FOR_KERNEL (128ull << 20) /* the initrd goes behind it, out of the way of an unpacking kernel */

/* Where Debian puts what -bios names without a path. */
static const char *const firmware_folders[] = { "/usr/share/qemu-efi-aarch64", "/usr/share/AAVMF", "/usr/share/qemu",
                                                "/usr/lib/u-boot/qemu_arm64", NULL };

typedef struct Placed { /* what is in RAM already; end 0: nothing */
    uint64_t at, end;
} Placed;

typedef struct Boot {
    Machine *machine;
    const ArmBoot *arm;
    ArmKernel kernel;
    Placed placed[2]; /* kernel, initrd */
    FdtBoot tree;
} Boot;

static uint64_t align(uint64_t at, uint64_t to)
{
    return (at + to - 1) & ~(to - 1);
}

static uint64_t ram_end(const Boot *b)
{
    return b->arm->ram + b->arm->ram_size;
}

static bool is_free(const Boot *b, uint64_t at, uint64_t len)
{
    if (at < b->arm->ram || at > ram_end(b) || ram_end(b) - at < len)
        return false;
    for (int i = 0; i < 2; i++)
        if (at < b->placed[i].end && b->placed[i].at < at + len)
            return false;
    return true;
}

static bool load_initrd(Boot *b, const char *path, Error *err)
{
    Blob blob;
    if (!load_file("initrd", path, b->arm->ram_size, &blob, err))
        return false;
    uint64_t half = b->arm->ram_size / 2, at = b->arm->ram + (half < ROOM_FOR_KERNEL ? half : ROOM_FOR_KERNEL);
    at = align(at > b->kernel.high ? at : b->kernel.high, 1 << 16);
    bool ok = (is_free(b, at, blob.len) && space_poke(b->machine->memory, at, blob.data, blob.len)) ||
              error_set(err,
                        "the initrd '%s' of %zu MiB does not fit behind the kernel in %" PRIu64
                        " MiB of memory; give the machine more with -m",
                        path, (blob.len >> 20) + 1, b->arm->ram_size >> 20);
    b->placed[1] = (Placed){ at, at + blob.len };
    b->tree.initrd = at;
    b->tree.initrd_end = at + blob.len;
    blob_free(&blob);
    return ok;
}

static bool load_kernel(Boot *b, const MachineConfig *c, Error *err)
{
    if (!arm_kernel_load(c->kernel, b->machine->memory, b->arm->ram, b->arm->ram_size, &b->kernel, err))
        return false;
    b->placed[0] = (Placed){ b->kernel.low, b->kernel.high };
    return !c->initrd || load_initrd(b, c->initrd, err);
}

static bool make_tree(Boot *b, const MachineConfig *c, Blob *tree, Error *err)
{
    b->tree.bootargs = c->append;
    b->tree.ram = b->arm->ram;
    b->tree.ram_size = b->arm->ram_size;
    if (!c->dtb)
        return b->arm->tree(b->machine, &b->tree, tree, err);
    if (!load_file("-dtb", c->dtb, TWO_MIB, tree, err))
        return false;
    bool ok = fdt_amend(c->dtb, tree, &b->tree, err);
    if (!ok)
        blob_free(tree);
    return ok;
}

static bool dump(const char *path, const Blob *tree, Error *err)
{
    FILE *f = fopen(path, "we");
    bool ok = f && fwrite(tree->data, 1, tree->len, f) == tree->len;
    if (f && fclose(f))
        ok = false;
    return ok || error_set(err, "dumpdtb '%s': %s; name a file that can be written", path, strerror(errno));
}

/* At the start of RAM if that is free (firmware looks there), else behind the kernel or the initrd. */
static bool place_tree(Boot *b, const Blob *tree, uint64_t *at, Error *err)
{
    const uint64_t places[] = { b->arm->ram, align(b->placed[0].end, TWO_MIB), align(b->placed[1].end, TWO_MIB) };
    for (int i = 0; i < 3; i++)
        if (is_free(b, places[i], tree->len)) {
            *at = places[i];
            return space_poke(b->machine->memory, *at, tree->data, tree->len);
        }
    return error_set(err,
                     "there is no room for the device tree in %" PRIu64 " MiB of memory; give the machine more with -m",
                     b->arm->ram_size >> 20);
}

static bool load_firmware(Boot *b, const MachineConfig *c, Error *err)
{
    char *path = firmware_find(c, c->bios, firmware_folders);
    Blob blob;
    bool ok = load_file("firmware", path, b->arm->flash_size, &blob, err);
    if (ok) {
        ok = space_poke(b->machine->memory, b->arm->flash, blob.data, blob.len) ||
             error_set(err, "-bios '%s': there is no flash at 0x%" PRIx64, path, b->arm->flash);
        blob_free(&blob);
    }
    free(path);
    return ok;
}

/* A kernel that the firmware starts: it reads it, and what goes with it, from fw-cfg. */
static bool offer(const Boot *b, const char *what, const char *path, uint16_t size_key, uint16_t data_key, Error *err)
{
    uint64_t most = b->arm->ram_size;
    Blob blob;
    bool kernel = data_key == FW_CFG_KERNEL_DATA;
    if (!(kernel ? load_unpacked(what, path, most, &blob, err) : load_file(what, path, most, &blob, err)))
        return false;
    fw_cfg_set_number(b->arm->fw_cfg, size_key, blob.len, 4);
    fw_cfg_set(b->arm->fw_cfg, data_key, blob.data, blob.len);
    blob_free(&blob);
    return true;
}

static bool offer_kernel(const Boot *b, const MachineConfig *c, Error *err)
{
    if (!c->kernel || !b->arm->fw_cfg)
        return true;
    if (!offer(b, "kernel", c->kernel, FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA, err) ||
        (c->initrd && !offer(b, "initrd", c->initrd, FW_CFG_INITRD_SIZE, FW_CFG_INITRD_DATA, err)))
        return false;
    const char *append = c->append ? c->append : "";
    fw_cfg_set_number(b->arm->fw_cfg, FW_CFG_CMDLINE_SIZE, strlen(append) + 1, 4);
    fw_cfg_set(b->arm->fw_cfg, FW_CFG_CMDLINE_DATA, append, strlen(append) + 1);
    return true;
}

static void start_cpus(Machine *m, uint64_t entry, uint64_t tree)
{
    for (int i = 0; i < m->config->cpus; i++) {
        Device *cpu = (Device *)(void *)m->cpu[i];
        const CpuPort *port = cpu ? cpu->type->interface : NULL;
        if (port && i)
            port->stop(cpu);
        else if (port)
            port->start(cpu, entry, tree);
    }
}

static bool tree_and_start(Boot *b, const MachineConfig *c, uint64_t entry, Error *err)
{
    Blob tree;
    uint64_t at = 0;
    if (!make_tree(b, c, &tree, err))
        return false;
    bool ok = place_tree(b, &tree, &at, err);
    blob_free(&tree);
    if (ok)
        start_cpus(b->machine, entry, at);
    return ok;
}

static bool dump_tree(Boot *b, const MachineConfig *c, Error *err)
{
    Blob tree;
    if (!make_tree(b, c, &tree, err))
        return false;
    bool ok = dump(c->dump_dtb, &tree, err);
    blob_free(&tree);
    if (ok)
        printf("device tree written to %s\n", c->dump_dtb);
    machine_stop(b->machine, STOP_QUIT);
    return ok;
}

bool arm_boot(Machine *m, const ArmBoot *arm, Error *err)
{
    const MachineConfig *c = m->config;
    Boot b = { .machine = m, .arm = arm };
    if (c->dump_dtb)
        return (!c->kernel || load_kernel(&b, c, err)) && dump_tree(&b, c, err);
    if ((c->initrd || c->append) && !c->kernel)
        return error_set(err, "-initrd and -append go with a kernel; add -kernel FILE");
    if (c->bios && arm->flash_filled)
        return error_set(err, "-bios and a drive with if=pflash,unit=0 are the same flash; give one of them");
    bool firmware = c->bios || arm->flash_filled;
    if (c->bios && !load_firmware(&b, c, err))
        return false;
    if (firmware)
        return offer_kernel(&b, c, err) && tree_and_start(&b, c, arm->flash, err);
    if (!c->kernel && !c->debugged)
        return error_set(err, "there is nothing to run; give -kernel FILE or -bios FILE");
    if (!c->kernel) /* a debugger loads what runs */
        return tree_and_start(&b, c, arm->flash, err);
    return load_kernel(&b, c, err) && tree_and_start(&b, c, b.kernel.entry, err);
}
