/* Intel 82540EM: what its files share. */
#pragma once
#include "devices/bus/pci.h"
#include "devices/net/microwire.h"
#include "host/net.h"

/* With the semaphore at 5B50h of later ones of the family, whose drivers take it before they read the EEPROM. */
enum { E1000_WORDS = 0x5c00 / 4, E1000_FRAME = 65536 + 256 };

enum {
    R_CTRL = 0x0000,
    R_STATUS = 0x0008,
    R_EECD = 0x0010,
    R_EERD = 0x0014,
    R_MDIC = 0x0020,
    R_ICR = 0x00c0,
    R_ITR = 0x00c4,
    R_ICS = 0x00c8,
    R_IMS = 0x00d0,
    R_IMC = 0x00d8,
    R_RCTL = 0x0100,
    R_TCTL = 0x0400,
    R_RDBAL = 0x2800,
    R_RDBAH = 0x2804,
    R_RDLEN = 0x2808,
    R_RDH = 0x2810,
    R_RDT = 0x2818,
    R_TDBAL = 0x3800,
    R_TDBAH = 0x3804,
    R_TDLEN = 0x3808,
    R_TDH = 0x3810,
    R_TDT = 0x3818,
    R_STATS = 0x4000,
    R_STATS_END = 0x4128,
    R_GPRC = 0x4074,
    R_GPTC = 0x4080,
    R_MTA = 0x5200,
    R_RAL = 0x5400,
};
enum { I_TXDW = 1, I_TXQE = 2, I_LSC = 4, I_RXDMT0 = 0x10, I_RXO = 0x40, I_RXT0 = 0x80, I_MDAC = 0x200 };
enum { CTRL_RESET = 1 << 26, CTRL_SLU = 1 << 6 };

typedef struct E1000Offload { /* of the last context descriptor */
    uint8_t ip_start, ip_sum, tcp_start, tcp_sum, header;
    uint16_t ip_end, tcp_end, segment;
    bool tcp, ip4, split;
} E1000Offload;

typedef struct E1000 {
    PciDevice pci;
    Net *net;
    char *mac_text;
    uint64_t bootindex;
    uint8_t mac[6];
    uint32_t reg[E1000_WORDS];
    uint16_t phy[32], eeprom[MICROWIRE_WORDS];
    uint32_t io_address;
    Microwire wires; /* of the EEPROM */
    /* the frame being put together */
    E1000Offload offload;
    uint8_t options;
    uint32_t filled;
    uint8_t frame[E1000_FRAME];
} E1000;

static inline uint32_t *e1000_reg(E1000 *d, uint32_t at)
{
    return &d->reg[at / 4];
}
void e1000_interrupt(E1000 *, uint32_t causes);
void e1000_transmit(E1000 *);
bool e1000_ready(void *dev);
void e1000_receive(void *dev, const void *frame, size_t len);
