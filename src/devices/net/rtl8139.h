/* Realtek RTL8139C+ Ethernet controller (data sheet 1.6): what its files share. Registers are bytes; what more there is
 * to them is a row of a table. */
#pragma once
#include "core/timer.h"
#include "devices/bus/pci.h"
#include "devices/net/microwire.h"
#include "host/net.h"

enum { RTL_WINDOW = 256, RTL_FRAME = 65536, RTL_RING = 64, RTL_DESCRIPTOR = 16, RTL_FCS = 4 };

enum {
    R_IDR = 0x00,
    R_MAR = 0x08,
    R_TSD = 0x10,  /* four; with descriptors the first is the counters' dump */
    R_TSAD = 0x20, /* four; with descriptors the normal and the high priority ring */
    R_RBSTART = 0x30,
    R_CR = 0x37,
    R_CAPR = 0x38,
    R_CBR = 0x3a,
    R_IMR = 0x3c,
    R_ISR = 0x3e,
    R_TCR = 0x40,
    R_RCR = 0x44,
    R_TCTR = 0x48,
    R_MPC = 0x4c,
    R_9346CR = 0x50,
    R_CONFIG0 = 0x51,
    R_CONFIG1 = 0x52,
    R_TIMER_INT = 0x54,
    R_MSR = 0x58,
    R_CONFIG3 = 0x59,
    R_CONFIG4 = 0x5a,
    R_MULINT = 0x5c,
    R_RERID = 0x5e,
    R_TSAD_ALL = 0x60,
    R_BMCR = 0x62,
    R_BMSR = 0x64,
    R_ANAR = 0x66,
    R_ANLPAR = 0x68,
    R_ANER = 0x6a,
    R_CSCR = 0x74,
    R_CONFIG5 = 0xd8,
    R_TPPOLL = 0xd9,
    R_CPCR = 0xe0,
    R_INTMIT = 0xe2,
    R_RDSAR = 0xe4,
    R_ETTHR = 0xec,
};
enum { CR_EMPTY = 0x01, CR_TRANSMIT = 0x04, CR_RECEIVE = 0x08, CR_RESET = 0x10 };
enum { I_ROK = 0x01, I_TOK = 0x04, I_RX_OVERFLOW = 0x10, I_LINK = 0x20, I_TX_NONE = 0x80, I_SOFT = 0x100 };
enum { I_TIMEOUT = 0x4000 };
enum { CP_TRANSMIT = 0x01, CP_RECEIVE = 0x02, CP_VLAN = 0x40 };
enum { D_OWN = 1u << 31, D_END = 1 << 30, D_FIRST = 1 << 29, D_LAST = 1 << 28 };
enum { TAG_PRESENT = 1 << 16, TAG_INSERT = 1 << 17, VLAN_TYPE = 0x8100, VLAN_TAG = 4 };

typedef struct Rtl8139Counts { /* as the dump has them */
    uint64_t sent, received, send_errors;
    uint32_t receive_errors;
    uint16_t missed, misaligned;
    uint32_t one_collision, collisions;
    uint64_t to_us, to_all;
    uint32_t to_groups;
    uint16_t aborted, underruns;
} Rtl8139Counts;

typedef struct Rtl8139 {
    PciDevice pci;
    Net *net;
    char *mac_text;
    uint64_t bootindex;
    uint8_t mac[6];
    uint8_t reg[RTL_WINDOW];
    uint16_t eeprom[MICROWIRE_WORDS];
    Microwire wires;
    Rtl8139Counts counts;
    uint8_t slot;                /* of the four that is sent next */
    uint8_t next_tx[2], next_rx; /* descriptors: of the normal and the high priority ring; of the receive ring */
    int64_t timer_base;          /* when TCTR was 0 */
    Timer timer;
    uint32_t filled; /* of a frame in several descriptors */
    uint8_t frame[RTL_FRAME];
} Rtl8139;

uint32_t rtl8139_get(const Rtl8139 *, uint32_t at, int size);
void rtl8139_put(Rtl8139 *, uint32_t at, uint32_t value, int size);
void rtl8139_interrupt(Rtl8139 *, uint32_t causes);
void rtl8139_transmit(Rtl8139 *);             /* the four slots */
void rtl8139_poll(Rtl8139 *, uint8_t queues); /* TPPoll: bit 6 the normal ring, bit 7 the other */
bool rtl8139_ready(void *dev);
void rtl8139_receive(void *dev, const void *frame, size_t len);
bool rtl8139_ring_is_empty(const Rtl8139 *);
