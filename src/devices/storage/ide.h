/* An IDE channel with its two drives: ATA-6 disks and ATAPI (MMC) CD-ROMs. What holds the channel brings accesses to
 * its registers, moves data for DMA, and gets the interrupt. */
#pragma once
#include "core/device.h"
#include "host/drive.h"

enum { IDE_SECTOR = 512, IDE_CD_SECTOR = 2048, IDE_BUFFER = 128 << 10, IDE_PACKET = 12 };
enum {
    IDE_ERR = 0x01,
    IDE_DRQ = 0x08,
    IDE_DSC = 0x10,
    IDE_DF = 0x20,
    IDE_READY = 0x40,
    IDE_BUSY = 0x80,
    IDE_ABORTED = 0x04,
    IDE_NOT_FOUND = 0x10,
};

typedef enum IdePhase {
    IDE_IDLE,
    IDE_WAITS,      /* for the drive */
    IDE_DATA_IN,    /* the guest reads the buffer */
    IDE_DATA_OUT,   /* the guest fills it with sectors */
    IDE_PACKET_OUT, /* the guest writes a packet */
    IDE_DMA,        /* for the DMA engine to be started */
} IdePhase;

struct IdeChannel;
typedef struct IdeUnit {
    Drive *medium; /* NULL: nobody is connected */
    bool cdrom;
    const char *serial;
    struct IdeChannel *channel;
    int number;

    /* registers; [1]: what was written before (the upper bytes of 48-bit commands) */
    uint8_t feature[2], count[2], low[2], mid[2], high[2], select, status, error;
    uint8_t multiple, phase, command;
    uint32_t heads, sectors; /* as INITIALIZE DEVICE PARAMETERS set them */

    /* a transfer: of sectors, or of what is in the buffer */
    uint64_t sector, left;  /* first of the buffer's, and how many from there on */
    uint32_t at, filled;    /* place in the buffer, and where the guest's block of it ends */
    uint32_t piece;         /* of a disk: what the buffer holds, or is to hold */
    uint32_t chunk;         /* a packet's data in PIO: bytes until the next interrupt; at */
    bool writes, dma, wide; /* wide: 48-bit address */
    uint8_t packet[IDE_PACKET];
    uint8_t sense[3]; /* key, code, qualifier */
    bool attention, locked, ejected;
    uint8_t event; /* of the medium, that the host was not told of */
    struct iovec iov;
    /* of a snapshot: the medium will have done it then */
    bool later, later_ok;
    int64_t later_when;
    uint8_t buffer[IDE_BUFFER];
} IdeUnit;

typedef struct IdeChannel {
    IdeUnit unit[2];
    uint8_t selected, control;
    bool interrupt;
    Device *dev;
    Line *irq;
    /* Moves up to `len` bytes between the buffer and memory; how many. NULL: no DMA. `started`: it was told to. */
    uint32_t (*move)(void *owner, void *bytes, uint32_t len, bool to_memory);
    bool (*started)(void *owner);
    void (*finished)(void *owner, bool interrupt); /* the command is over, or at least raises its interrupt */
    void *owner;
} IdeChannel;

extern const StateField ide_channel_state[];
void ide_init(IdeChannel *, Device *, Line *irq);
void ide_reset(IdeChannel *);
void ide_settle(IdeChannel *);                          /* before a snapshot */
void ide_loaded(IdeChannel *);                          /* after */
void ide_drain(IdeChannel *);                           /* waits for the media and forgets what was asked of them */
uint64_t ide_read(IdeChannel *, uint64_t at, int size); /* command block, 0 to 7 */
void ide_write(IdeChannel *, uint64_t at, uint64_t value, int size);
uint8_t ide_alternate(const IdeChannel *); /* control block */
void ide_control(IdeChannel *, uint8_t value);
void ide_dma_start(IdeChannel *);
void ide_connect(IdeUnit *, Drive *, const char *serial); /* NULL: nobody; after ide_init */
void ide_geometry(const IdeUnit *, uint32_t *cylinders, uint32_t *heads, uint32_t *sectors);

/* ---- private to ide*.c ---- */
void ide_interrupt(IdeUnit *);
void ide_done(IdeUnit *); /* success */
void ide_fail(IdeUnit *, uint8_t error);
void ide_data_in(IdeUnit *, uint32_t filled); /* the buffer is for the guest, by PIO */
bool ide_submit(IdeUnit *, DriveOp, uint64_t at, uint32_t bytes);
void ide_identify(IdeUnit *);
void ide_signature(IdeUnit *);
void ata_command(IdeUnit *, uint8_t command);
void ata_submitted(IdeUnit *, bool ok); /* what ide_submit asked for is done */
void ata_block_over(IdeUnit *);         /* the guest read or filled the buffer */
void ata_dma(IdeUnit *);
extern const DriveUser atapi_user;
void atapi_packet(IdeUnit *);
void atapi_submitted(IdeUnit *, bool ok);
void atapi_block_over(IdeUnit *);
void atapi_dma(IdeUnit *);
