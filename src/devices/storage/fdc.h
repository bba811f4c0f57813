/* Intel 82077AA floppy disk controller (data sheet 290166): what its files share, and what machines ask it. */
#pragma once
#include "core/machine.h"
#include "host/drive.h"

enum { FDC_UNITS = 4, FDC_DRIVES = 2, FDC_SECTOR = 512, FDC_FIFO = 16 };
enum { FDC_SIZE_CODE = 2 }; /* N of sectors of 512 bytes: the only ones that raw images have */

/* What a PC's CMOS memory calls the kinds of drive. */
typedef enum FloppyKind { FLOPPY_NONE, FLOPPY_360K, FLOPPY_1200K, FLOPPY_720K, FLOPPY_1440K, FLOPPY_2880K } FloppyKind;

typedef struct Geometry {
    uint8_t cylinders, heads, sectors;
    uint8_t rates;    /* bit n: data rate n of the controller finds it */
    uint8_t kind;     /* of the drive for it */
    bool double_step; /* its cylinders are two steps of that drive apart */
} Geometry;
const Geometry *floppy_geometry(uint64_t bytes); /* NULL: no medium */

/* Of the n-th drive, for firmware; the kind that its medium wants, 2.88M for an empty one. */
FloppyKind fdc_drive_kind(Device *fdc, int n);

typedef enum FdcPhase {
    FDC_COMMAND, /* takes a command and its parameters */
    FDC_WAITS,   /* for the drive or the clock */
    FDC_TO_HOST, /* without DMA: the host reads the buffer */
    FDC_TO_DISK, /* ... and fills it */
    FDC_RESULT,
} FdcPhase;

typedef struct FdcUnit {
    uint8_t cylinder; /* where its heads are */
    uint8_t number;   /* where the controller believes them to be: PCN */
    uint8_t st0;      /* what SENSE INTERRUPT STATUS will say, if `ended` */
    bool seeks, ended, changed;
} FdcUnit;

typedef struct FdcTransfer { /* parameters and place of a command that moves data */
    uint8_t unit, head, c, h, r, n, eot;
    bool multitrack, skip, writes, verifies, formats, scans, deleted, last;
    uint8_t left; /* sectors to format or verify */
    uint8_t st1, st2;
} FdcTransfer;

typedef struct Fdc {
    Device dev;
    Device *dma;
    Drive *drive[FDC_DRIVES];
    Line irq;
    uint8_t output, tape, rate;          /* registers: DOR, TDR, and what DSR and CCR share */
    uint8_t specified[2], configured[2]; /* of SPECIFY; of CONFIGURE: EIS EFIFO POLL FIFOTHR, and PRETRK */
    uint8_t perpendicular;
    bool locked, interrupt;
    uint8_t phase;
    uint8_t fifo[FDC_FIFO], at, filled; /* a command coming in or its result going out; filled: how long it is */
    FdcUnit unit[FDC_UNITS];
    FdcTransfer transfer;
    uint8_t id; /* the sector that READ ID finds next */
    Timer seek, work;
    uint8_t work_st1; /* how what waits for `work` ends */
    uint32_t place;   /* in the buffer, without DMA */
    struct iovec iov;
    uint8_t buffer[FDC_SECTOR];
} Fdc;

enum { ST0_ABNORMAL = 0x40, ST0_INVALID = 0x80, ST0_POLLED = 0xc0, ST0_SEEK_END = 0x20, ST0_CHECK = 0x10 };
enum { ST1_NO_MARK = 0x01, ST1_PROTECTED = 0x02, ST1_NO_DATA = 0x04, ST1_OVERRUN = 0x10, ST1_DATA_ERROR = 0x20 };
enum { ST1_END = 0x80 };
enum { ST2_UNEQUAL = 0x04, ST2_EQUAL = 0x08, ST2_WRONG_CYLINDER = 0x10, ST2_CONTROL_MARK = 0x40 };
enum { ST3_PROTECTED = 0x40, ST3_ONES = 0x28, ST3_TRACK_0 = 0x10 };
enum { FDC_NO_DMA = 1, FDC_DMA_CHANNEL = 2, FDC_OUTPUT_RUNS = 4, FDC_OUTPUT_GATE = 8 };

/* ---- private to fdc*.c ---- */
void fdc_update(Fdc *); /* the interrupt line */
void fdc_run(Fdc *);    /* a command and its parameters are in the fifo */
int fdc_parameters(uint8_t command);
void fdc_result(Fdc *, const uint8_t *bytes, int count, bool interrupt);
Drive *fdc_medium(const Fdc *, int unit); /* NULL: no drive, or nothing in it */
void fdc_seek_ended(void *fdc);
void fdc_work_ended(void *fdc);
void fdc_buffer_over(Fdc *); /* the host read or filled it */
void fdc_begin(Fdc *);       /* fdc_transfer.c: a command that moves data */
void fdc_end(Fdc *, uint8_t st0);
void fdc_fail(Fdc *, uint8_t st1);
