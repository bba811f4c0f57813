#include "devices/storage/ide.h"

#include "base/log.h"

#include <string.h>

enum { R_DATA, R_ERROR, R_COUNT, R_LOW, R_MID, R_HIGH, R_SELECT, R_STATUS };
enum { SELECT_SECOND = 0x10, SELECT_FIXED = 0xa0 };
enum { CONTROL_NO_IRQ = 2, CONTROL_RESET = 4, CONTROL_UPPER = 0x80 };

static void update(IdeChannel *c)
{
    line_set(c->irq, c->interrupt && !(c->control & CONTROL_NO_IRQ));
}

void ide_interrupt(IdeUnit *u)
{
    u->channel->interrupt = true;
    if (u->channel->finished)
        u->channel->finished(u->channel->owner, !(u->channel->control & CONTROL_NO_IRQ));
    update(u->channel);
}

void ide_done(IdeUnit *u)
{
    u->phase = IDE_IDLE;
    u->status = IDE_READY | IDE_DSC;
    u->error = 0;
    ide_interrupt(u);
}

void ide_fail(IdeUnit *u, uint8_t error)
{
    u->phase = IDE_IDLE;
    u->status = IDE_READY | IDE_DSC | IDE_ERR;
    u->error = error;
    ide_interrupt(u);
}

void ide_data_in(IdeUnit *u, uint32_t filled)
{
    u->at = 0;
    u->filled = filled;
    u->phase = IDE_DATA_IN;
    u->status = IDE_READY | IDE_DSC | IDE_DRQ;
    ide_interrupt(u);
}

static void submitted(void *unit, bool ok)
{
    IdeUnit *u = unit;
    if (u->phase != IDE_WAITS)
        return; /* it was reset meanwhile */
    if (u->cdrom)
        atapi_submitted(u, ok);
    else
        ata_submitted(u, ok);
}

bool ide_submit(IdeUnit *u, DriveOp op, uint64_t at, uint32_t bytes)
{
    u->phase = IDE_WAITS;
    u->status = IDE_BUSY;
    u->iov = (struct iovec){ u->buffer, bytes };
    u->medium->submit(u->medium, op, at, bytes, &u->iov, 1, submitted, u);
    return true;
}

/* What a drive shows after a reset tells what it is (ATA-6 9.12). */
void ide_signature(IdeUnit *u)
{
    u->select &= SELECT_SECOND;
    u->count[0] = u->low[0] = 1;
    u->mid[0] = u->cdrom ? 0x14 : u->medium ? 0 : 0xff;
    u->high[0] = u->cdrom ? 0xeb : u->medium ? 0 : 0xff;
}

/* What the medium still does is of no interest, but it uses the buffer. */
static void forget(IdeUnit *u)
{
    u->phase = IDE_IDLE;
    if (u->medium)
        u->medium->drain(u->medium);
}

static void reset_unit(IdeUnit *u)
{
    forget(u);
    u->at = u->filled = u->piece = 0;
    u->left = 0;
    u->multiple = 0;
    u->error = 1; /* diagnostics passed */
    u->status = u->cdrom ? 0 : IDE_READY | IDE_DSC;
    memset(u->sense, 0, sizeof u->sense);
    u->attention = false;
    u->event = 0;
    ide_signature(u);
    uint32_t cylinders;
    ide_geometry(u, &cylinders, &u->heads, &u->sectors);
}

void ide_reset(IdeChannel *c)
{
    c->selected = c->control = 0;
    c->interrupt = false;
    for (int i = 0; i < 2; i++) {
        IdeUnit *u = &c->unit[i];
        for (int k = 0; k < 2; k++)
            u->feature[k] = u->count[k] = u->low[k] = u->mid[k] = u->high[k] = 0;
        u->select = 0;
        reset_unit(u);
    }
    update(c);
}

void ide_init(IdeChannel *c, Device *dev, Line *irq)
{
    c->dev = dev;
    c->irq = irq;
    for (int i = 0; i < 2; i++) {
        c->unit[i].channel = c;
        c->unit[i].number = i;
    }
}

void ide_connect(IdeUnit *u, Drive *medium, const char *serial)
{
    u->medium = medium;
    u->serial = serial;
    u->cdrom = medium && medium->cdrom;
    if (medium)
        medium->kept = true;
    if (u->cdrom) {
        medium->user = &atapi_user;
        medium->user_of = u;
    }
}

void ide_settle(IdeChannel *c)
{
    for (int i = 0; i < 2; i++) {
        IdeUnit *u = &c->unit[i];
        DriveLater later;
        u->later = u->medium && drive_later(u->medium, 0, &later);
        u->later_when = u->later ? later.when : 0;
        u->later_ok = u->later && later.ok;
    }
}

void ide_loaded(IdeChannel *c)
{
    for (int i = 0; i < 2; i++) {
        IdeUnit *u = &c->unit[i];
        u->at &= ~1u; /* by words; a snapshot may be damaged */
        if (u->later && u->medium)
            drive_finish_later(u->medium, &(DriveLater){ u, u->later_when, u->later_ok }, submitted);
    }
}

void ide_drain(IdeChannel *c)
{
    for (int i = 0; i < 2; i++)
        forget(&c->unit[i]);
}

static IdeUnit *selected(IdeChannel *c)
{
    return &c->unit[c->selected];
}

/* The buffer has been read or filled. */
static void block_over(IdeUnit *u)
{
    if (u->cdrom)
        atapi_block_over(u);
    else
        ata_block_over(u);
}

static uint16_t read_word(IdeUnit *u)
{
    uint16_t word = 0;
    if (u->phase != IDE_DATA_IN || u->at >= u->filled)
        return 0;
    memcpy(&word, u->buffer + u->at, 2);
    u->at += 2;
    if (u->at >= u->filled || (u->cdrom && u->chunk && u->at >= u->chunk))
        block_over(u);
    return word;
}

static void write_word(IdeUnit *u, uint16_t word)
{
    if (u->phase == IDE_PACKET_OUT && u->at < IDE_PACKET) {
        memcpy(u->packet + u->at, &word, 2);
        u->at += 2;
        if (u->at == IDE_PACKET)
            atapi_packet(u);
    } else if (u->phase == IDE_DATA_OUT && u->at < u->filled) {
        memcpy(u->buffer + u->at, &word, 2);
        u->at += 2;
        if (u->at >= u->filled)
            block_over(u);
    }
}

static uint64_t read_data(IdeUnit *u, int size)
{
    uint64_t value = read_word(u);
    return size == 4 ? value | (uint64_t)read_word(u) << 16 : value;
}

static bool nobody(const IdeChannel *c)
{
    return !c->unit[0].medium && !c->unit[1].medium;
}

static bool absent(const IdeChannel *c)
{
    return !c->unit[c->selected].medium;
}

uint8_t ide_alternate(const IdeChannel *c)
{
    return nobody(c) || (c->selected && absent(c)) ? 0 : c->unit[c->selected].status;
}

static uint8_t read_status(IdeChannel *c)
{
    c->interrupt = false;
    update(c);
    return ide_alternate(c);
}

uint64_t ide_read(IdeChannel *c, uint64_t at, int size)
{
    IdeUnit *u = selected(c);
    int upper = c->control & CONTROL_UPPER ? 1 : 0;
    if (at == R_DATA)
        return read_data(u, size);
    if (nobody(c))
        return 0;
    switch (at) {
    case R_ERROR:
        return upper ? u->feature[1] : u->error;
    case R_COUNT:
        return u->count[upper];
    case R_LOW:
        return u->low[upper];
    case R_MID:
        return u->mid[upper];
    case R_HIGH:
        return u->high[upper];
    case R_SELECT:
        return u->select | SELECT_FIXED;
    default:
        return read_status(c);
    }
}

static void set(uint8_t pair[2], uint8_t value)
{
    pair[1] = pair[0];
    pair[0] = value;
}

static void diagnose(IdeChannel *c)
{
    for (int i = 0; i < 2; i++)
        reset_unit(&c->unit[i]);
    c->selected = 0;
    ide_interrupt(&c->unit[0]);
}

static void command(IdeChannel *c, uint8_t value)
{
    enum { DEVICE_RESET = 0x08, DIAGNOSE = 0x90 };
    IdeUnit *u = selected(c);
    c->interrupt = false;
    update(c);
    if (value == DIAGNOSE)
        diagnose(c);
    else if (absent(c) || (u->status & IDE_BUSY && value != DEVICE_RESET))
        return;
    else if (value == DEVICE_RESET && u->cdrom)
        reset_unit(u);
    else
        ata_command(u, u->command = value);
}

void ide_write(IdeChannel *c, uint64_t at, uint64_t value, int size)
{
    uint8_t byte = (uint8_t)value;
    if (at == R_DATA) {
        write_word(selected(c), (uint16_t)value);
        if (size == 4)
            write_word(selected(c), (uint16_t)(value >> 16));
        return;
    }
    if (at == R_STATUS) {
        command(c, byte);
        return;
    }
    c->control &= ~CONTROL_UPPER;
    if (at == R_SELECT)
        c->selected = byte & SELECT_SECOND ? 1 : 0;
    /* both drives listen to all but the data and the command */
    for (int i = 0; i < 2; i++) {
        IdeUnit *u = &c->unit[i];
        uint8_t *const pairs[] = { NULL, u->feature, u->count, u->low, u->mid, u->high };
        if (at == R_SELECT)
            u->select = byte;
        else if (!(u->status & (IDE_BUSY | IDE_DRQ)))
            set(pairs[at], byte);
    }
}

void ide_control(IdeChannel *c, uint8_t value)
{
    bool was = c->control & CONTROL_RESET;
    c->control = value;
    if (value & CONTROL_RESET && !was)
        for (int i = 0; i < 2; i++) {
            reset_unit(&c->unit[i]);
            c->unit[i].status = IDE_BUSY;
        }
    if (!(value & CONTROL_RESET) && was)
        for (int i = 0; i < 2; i++)
            reset_unit(&c->unit[i]);
    if (value & CONTROL_RESET) {
        c->interrupt = false;
        c->selected = 0;
    }
    update(c);
}

void ide_dma_start(IdeChannel *c)
{
    IdeUnit *u = selected(c);
    if (u->phase != IDE_DMA || !c->started || !c->started(c->owner))
        return;
    if (u->cdrom)
        atapi_dma(u);
    else
        ata_dma(u);
}

static const StateField unit_state[] = {
    STATE_ARRAY(IdeUnit, feature),
    STATE_ARRAY(IdeUnit, count),
    STATE_ARRAY(IdeUnit, low),
    STATE_ARRAY(IdeUnit, mid),
    STATE_ARRAY(IdeUnit, high),
    STATE(IdeUnit, select),
    STATE(IdeUnit, status),
    STATE(IdeUnit, error),
    STATE(IdeUnit, multiple),
    STATE(IdeUnit, phase, .below = IDE_DMA + 1),
    STATE(IdeUnit, command),
    STATE(IdeUnit, heads),
    STATE(IdeUnit, sectors),
    STATE(IdeUnit, sector),
    STATE(IdeUnit, left),
    STATE(IdeUnit, at, .below = IDE_BUFFER + 1),
    STATE(IdeUnit, filled, .below = IDE_BUFFER + 1),
    STATE(IdeUnit, piece, .below = IDE_BUFFER + 1),
    STATE(IdeUnit, chunk),
    STATE(IdeUnit, writes),
    STATE(IdeUnit, dma),
    STATE(IdeUnit, wide),
    STATE_ARRAY(IdeUnit, packet),
    STATE_ARRAY(IdeUnit, sense),
    STATE(IdeUnit, attention),
    STATE(IdeUnit, locked),
    STATE(IdeUnit, ejected),
    STATE(IdeUnit, event),
    STATE(IdeUnit, later),
    STATE(IdeUnit, later_ok),
    STATE(IdeUnit, later_when),
    { .name = "buffer", .offset = offsetof(IdeUnit, buffer), .size = 8, .count = IDE_BUFFER / 8, .kind = STATE_UINT },
    STATE_END,
};
const StateField ide_channel_state[] = {
    STATE_STRUCTS(IdeChannel, unit, unit_state),
    STATE(IdeChannel, selected, .below = 2),
    STATE(IdeChannel, control),
    STATE(IdeChannel, interrupt),
    STATE_END,
};
