/* A VGA with Bochs's extensions: registers and memory (vga.c, vga_memory.c), and what a monitor would show of it
 * (vga_draw.c). FreeVGA project, IBM VGA XGA Technical Reference; Bochs VBE (vbe_dispi). What carries it brings
 * accesses and the video memory.
 *
 * The four planes are interleaved: byte n of plane p is at n * 4 + p. In the modes that chain the planes, or pairs of
 * them, consecutive bytes for the processor are consecutive there, too, but for what that leaves unused. */
#pragma once
#include "core/machine.h"
#include "host/display.h"

enum { VGA_SEQ = 8, VGA_GR = 16, VGA_CR = 32, VGA_AR = 32, VGA_DAC = 768, VGA_CELLS = 16384 };
enum {
    VBE_ID,
    VBE_XRES,
    VBE_YRES,
    VBE_BPP,
    VBE_ENABLE,
    VBE_BANK,
    VBE_VIRT_WIDTH,
    VBE_VIRT_HEIGHT,
    VBE_X,
    VBE_Y,
    VBE_VIDEO_MEMORY,
    VBE_REGS
};
enum { VBE_ENABLED = 1, VBE_CAPABILITIES = 2, VBE_DAC8 = 0x20, VBE_LINEAR = 0x40, VBE_NO_CLEAR = 0x80 };

typedef struct Vga {
    Device *dev;
    Region *memory;
    uint32_t size; /* of the video memory, a power of two */
    uint8_t seq[VGA_SEQ], gr[VGA_GR], cr[VGA_CR], ar[VGA_AR], dac[VGA_DAC];
    uint8_t seq_index, gr_index, cr_index, ar_index, misc, feature;
    bool ar_data; /* the next write to 3C0h is data */
    uint8_t dac_read, dac_write, dac_part, dac_mask, dac_state, dac_cache[3];
    uint8_t latch[4];
    uint16_t vbe[VBE_REGS], vbe_index;
    Display display;
    uint16_t cells[VGA_CELLS]; /* for TextScreen */
} Vga;

bool vga_init(Vga *, Device *, uint32_t size, Error *);
void vga_reset(Vga *);
void vga_stop(Vga *);
extern const StateField vga_state[];

/* Ports from 3B0h on, 0 to 2Fh; those of the extensions: index (0) and data. */
uint64_t vga_port_read(Vga *, uint64_t at, int size);
void vga_port_write(Vga *, uint64_t at, uint64_t value, int size);
uint16_t vbe_read(const Vga *, unsigned index);
void vbe_write(Vga *, unsigned index, uint16_t value);

/* The window at A0000h. */
uint64_t vga_memory_read(Vga *, uint64_t at, int size);
void vga_memory_write(Vga *, uint64_t at, uint64_t value, int size);

/* ---- private to vga*.c ---- */
void vga_draw(void *vga, Display *);
bool vga_text(void *vga, TextScreen *);
static inline bool vbe_on(const Vga *v)
{
    return v->vbe[VBE_ENABLE] & VBE_ENABLED;
}
static inline bool vga_chain4(const Vga *v)
{
    return v->seq[4] & 8;
}
