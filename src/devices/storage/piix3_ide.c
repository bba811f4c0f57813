/* The IDE function of the PIIX3 (82371SB data sheet 290550, 2.4): two channels at the ports of old, and an engine for
 * each that moves data along a table of physical regions (SFF-8038i). */
#include "devices/bus/pci.h"
#include "devices/storage/ide.h"

#include "base/log.h"

enum { CHANNELS = 2, MASTER = 8 };
enum { B_COMMAND = 0, B_STATUS = 2, B_TABLE = 4 };
enum { COMMAND_START = 1, COMMAND_TO_MEMORY = 8 };
enum { STATUS_ACTIVE = 1, STATUS_ERROR = 2, STATUS_IRQ = 4, STATUS_CAPABLE = 0x60 };
enum { TABLE_LONGEST = 8192 }; /* rows; the table is within 64 KiB */
#define LAST_ROW 0x80000000u

typedef struct Master {
    IdeChannel channel;
    Device *dev; /* whose bus it masters */
    uint8_t command, status;
    uint32_t table;
    uint32_t row; /* the next one; and what is left of this one */
    uint32_t at, left;
    bool last;
} Master;

typedef struct Piix3Ide {
    PciDevice pci;
    Master master[CHANNELS];
    Drive *drive[4];
    Line irq[CHANNELS];
} Piix3Ide;

/* A row is an address and a count of bytes, of which 0 is 64 KiB. */
static bool next_row(Master *m)
{
    uint32_t row[2];
    if (m->last || m->row >= TABLE_LONGEST || !space_read(m->dev->dma, m->table + m->row * 8ull, row, sizeof row))
        return false;
    m->row++;
    m->at = row[0] & ~1u;
    m->left = row[1] & 0xfffe ? row[1] & 0xfffe : 0x10000;
    m->last = row[1] & LAST_ROW;
    return true;
}

static uint32_t move(void *master, void *bytes, uint32_t len, bool to_memory)
{
    Master *m = master;
    uint32_t done = 0;
    if (!(m->command & COMMAND_TO_MEMORY) == to_memory)
        return 0;
    while (done < len && (m->left || next_row(m))) {
        uint32_t n = len - done < m->left ? len - done : m->left;
        uint8_t *here = (uint8_t *)bytes + done;
        if (!(to_memory ? space_write(m->dev->dma, m->at, here, n) : space_read(m->dev->dma, m->at, here, n))) {
            m->status |= STATUS_ERROR;
            break;
        }
        m->at += n;
        m->left -= n;
        done += n;
    }
    return done;
}

static bool started(void *master)
{
    return ((Master *)master)->status & STATUS_ACTIVE;
}

/* The engine stops with the last row of its table; if that ends after the command it is still active. */
static void finished(void *master, bool interrupt)
{
    Master *m = master;
    if (interrupt)
        m->status |= STATUS_IRQ;
    if (m->last && !m->left)
        m->status &= ~STATUS_ACTIVE;
}

static void write_command(Master *m, uint8_t value)
{
    bool start = value & COMMAND_START && !(m->command & COMMAND_START);
    m->command = value & (COMMAND_START | COMMAND_TO_MEMORY);
    if (!(value & COMMAND_START)) {
        m->status &= ~STATUS_ACTIVE;
        return;
    }
    if (!start)
        return;
    m->row = m->left = 0;
    m->last = false;
    m->status |= STATUS_ACTIVE;
    ide_dma_start(&m->channel);
}

static uint8_t read_byte(const Master *m, uint32_t at)
{
    return at == B_COMMAND  ? m->command
           : at == B_STATUS ? m->status
           : at >= B_TABLE  ? (uint8_t)(m->table >> (at - B_TABLE) * 8)
                            : 0;
}

static void write_byte(Master *m, uint32_t at, uint8_t value)
{
    if (at == B_COMMAND) {
        write_command(m, value);
    } else if (at == B_STATUS) {
        m->status = (m->status & (STATUS_ACTIVE | (~value & (STATUS_ERROR | STATUS_IRQ)))) | (value & STATUS_CAPABLE);
    } else if (at >= B_TABLE) {
        uint32_t shift = (at - B_TABLE) * 8;
        m->table = ((m->table & ~(0xffu << shift)) | (uint32_t)value << shift) & ~3u;
    }
}

static uint64_t master_read(void *dev, uint64_t at, int size)
{
    (void)size;
    return read_byte(&((Piix3Ide *)dev)->master[at / MASTER], at % MASTER);
}

static void master_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)size;
    write_byte(&((Piix3Ide *)dev)->master[at / MASTER], at % MASTER, (uint8_t)value);
}

/* The data register is 16 bits wide, and 32 in one access are two of them; the others are bytes. */
static uint64_t block_read(Piix3Ide *d, int n, uint64_t at, int size)
{
    IdeChannel *c = &d->master[n].channel;
    if (at == 0)
        return ide_read(c, 0, size);
    uint64_t value = 0;
    for (int i = 0; i < size; i++)
        value |= ide_read(c, at + (uint64_t)i, 1) << i * 8;
    return value;
}

static void block_write(Piix3Ide *d, int n, uint64_t at, uint64_t value, int size)
{
    IdeChannel *c = &d->master[n].channel;
    if (at == 0) {
        ide_write(c, 0, value, size);
        return;
    }
    for (int i = 0; i < size; i++)
        ide_write(c, at + (uint64_t)i, value >> i * 8 & 0xff, 1);
}

static uint64_t read_0(void *dev, uint64_t at, int size)
{
    return block_read(dev, 0, at, size);
}

static void write_0(void *dev, uint64_t at, uint64_t value, int size)
{
    block_write(dev, 0, at, value, size);
}

static uint64_t read_1(void *dev, uint64_t at, int size)
{
    return block_read(dev, 1, at, size);
}

static void write_1(void *dev, uint64_t at, uint64_t value, int size)
{
    block_write(dev, 1, at, value, size);
}

static uint64_t alternate_0(void *dev, uint64_t at, int size)
{
    (void)at, (void)size;
    return ide_alternate(&((Piix3Ide *)dev)->master[0].channel);
}

static void control_0(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)at, (void)size;
    ide_control(&((Piix3Ide *)dev)->master[0].channel, (uint8_t)value);
}

static uint64_t alternate_1(void *dev, uint64_t at, int size)
{
    (void)at, (void)size;
    return ide_alternate(&((Piix3Ide *)dev)->master[1].channel);
}

static void control_1(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)at, (void)size;
    ide_control(&((Piix3Ide *)dev)->master[1].channel, (uint8_t)value);
}

static void connect(Piix3Ide *d, int n)
{
    static const char *const serials[] = { "QM00001", "QM00002", "QM00003", "QM00004" };
    ide_connect(&d->master[n / 2].channel.unit[n % 2], d->drive[n], serials[n]);
}

static bool start(void *dev, Error *err)
{
    (void)err;
    Piix3Ide *d = dev;
    for (uint32_t at = 0x40; at < PCI_CONFIG; at++)
        pci_set_writable(&d->pci, at, 0xff, 1);
    pci_set(&d->pci, PCI_STATUS, 0x0280, 2);
    for (int i = 0; i < CHANNELS; i++) {
        Master *m = &d->master[i];
        ide_init(&m->channel, &d->pci.dev, &d->irq[i]);
        m->dev = &d->pci.dev;
        m->channel.move = move;
        m->channel.started = started;
        m->channel.finished = finished;
        m->channel.owner = m;
    }
    for (int n = 0; n < 4; n++)
        connect(d, n);
    return true;
}

static void reset(void *dev)
{
    Piix3Ide *d = dev;
    for (int i = 0; i < CHANNELS; i++)
        ide_reset(&d->master[i].channel);
    pci_reset(&d->pci);
}

static void settle(void *dev)
{
    Piix3Ide *d = dev;
    for (int i = 0; i < CHANNELS; i++)
        ide_settle(&d->master[i].channel);
}

static void loaded(void *dev)
{
    Piix3Ide *d = dev;
    pci_loaded(dev);
    for (int i = 0; i < CHANNELS; i++)
        ide_loaded(&d->master[i].channel);
}

static void stop(void *dev)
{
    Piix3Ide *d = dev;
    for (int i = 0; i < CHANNELS; i++)
        ide_drain(&d->master[i].channel);
}

static const StateField master_state[] = {
    STATE_STRUCT(Master, channel, ide_channel_state),
    STATE(Master, command),
    STATE(Master, status),
    STATE(Master, table),
    STATE(Master, row),
    STATE(Master, at),
    STATE(Master, left),
    STATE(Master, last),
    STATE_END,
};

static const PciBar bars[] = { { 4, 4, PCI_BAR_IO }, PCI_BARS_END };
static const PciType function = {
    .vendor = 0x8086,
    .device = 0x7010,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class = 0x010180,
    .bars = bars,
};

#define DRIVE(n, name, about)                                                                                          \
    {                                                                                                                  \
        name, about, PROP_DRIVE, offsetof(Piix3Ide, drive[n]), NULL                                                    \
    }

const DeviceType piix3_ide = {
    .name = "piix3-ide",
    .about = "PIIX3 IDE controller",
    .bus = "pci",
    .size = sizeof(Piix3Ide),
    .props = (const Prop[]){ PCI_PROPS(Piix3Ide),
                             DRIVE(0, "hda", "first drive of the first channel"),
                             DRIVE(1, "hdb", "second of the first"),
                             DRIVE(2, "hdc", "first of the second"),
                             DRIVE(3, "hdd", "second of the second"),
                             { 0 } },
    .state = (const StateField[]){ STATE_STRUCT(Piix3Ide, pci, pci_state),
                                   STATE_STRUCTS(Piix3Ide, master, master_state), STATE_END },
    .windows = (const Window[]){ { 8, .read = read_0, .write = write_0, .max = 4 },
                                 { 1, .read = alternate_0, .write = control_0 },
                                 { 8, .read = read_1, .write = write_1, .max = 4 },
                                 { 1, .read = alternate_1, .write = control_1 },
                                 { CHANNELS * MASTER, .read = master_read, .write = master_write, .max = 1 },
                                 { 0 } },
    .pins = (const Pin[]){ { "irq", offsetof(Piix3Ide, irq), CHANNELS }, { 0 } },
    .interface = &function,
    .start = start,
    .reset = reset,
    .settle = settle,
    .loaded = loaded,
    .stop = stop,
};
