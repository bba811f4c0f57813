/* The RTL8139C+ by its registers and rings, as its data sheet has them and drivers use them. */
#include "core/ports.h"
#include "devices/net/inet.h"
#include "devices/net/rtl8139.h"
#include "tests/device/bench.h"
#include "tests/suite.h"

#include <stdlib.h>
#include <string.h>

enum { AT = 0xe0000000u, RX = 0x100000, TX = 0x120000, BUFFER = 0x140000, SECOND = 0x150000 };

static Machine *m;
static Net *net;
static const uint8_t ours[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

static void *find(PropKind kind, const char *id)
{
    return kind == PROP_NET && !strcmp(id, "n") ? net : NULL;
}

static bool prepare(Machine *machine, Error *err)
{
    Region *ram = ram_add(machine, "ram", 4 << 20, false, err);
    if (ram)
        space_map(machine->memory, 0, ram, 0);
    return ram;
}

static void config_set(uint32_t at, uint32_t value)
{
    port_out(m, 0, 0xcf8, 0x80000800 | at, 4);
    port_out(m, 0, 0xcfc, value, 4);
}

static uint32_t get(uint32_t at, int size)
{
    machine_lock(m);
    uint32_t value = (uint32_t)space_load(m->memory, AT + at, size, NULL);
    machine_unlock(m);
    return value;
}

static void set(uint32_t at, uint32_t value, int size)
{
    machine_lock(m);
    ck_assert(space_store(m->memory, AT + at, value, size));
    machine_unlock(m);
}

static uint8_t *memory(uint64_t at)
{
    return (uint8_t *)(uintptr_t)space_ram(m->memory, at, NULL);
}

static void begin(void)
{
    static const Part parts[] = {
        { "pci.0", "i440FX-pcihost", .port = { 0xcf8 } },
        { "nic", "rtl8139", "pci.0", .set = "addr=1.0,netdev=n,mac=52:54:00:12:34:56" },
        { 0 },
    };
    static const MachineType type = {
        .name = "rtl8139", .parts = parts, .prepare = prepare, .ram = 4 << 20, .cpus_max = 1
    };
    Error err;
    net = net_mem("n");
    m = machine_new(&type, &(MachineConfig){ .find = find }, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    ck_assert_msg(machine_boot(m, &err), "%s", err.text);
    config_set(0x10, 0xc001);
    config_set(0x14, AT);
    config_set(0x04, 7);
}

static void end(void)
{
    machine_free(m);
    nets_close();
}

static bool irq(void)
{
    return ((const PciDevice *)(const void *)machine_device(m, "nic"))->intx;
}

static void receive(const uint8_t *to, size_t len, uint8_t filler)
{
    uint8_t frame[2048];
    memset(frame, filler, sizeof frame);
    memcpy(frame, to, 6);
    machine_lock(m);
    if (net->ready(net->dev))
        net->receive(net->dev, frame, len);
    machine_unlock(m);
}

/* As Linux's 8139too reads it. */
static uint16_t eeprom_word(uint32_t at)
{
    uint32_t command = 6 << 6 | at;
    uint16_t word = 0;
    set(R_9346CR, 0x80, 1);
    set(R_9346CR, 0x88, 1);
    for (int i = 8; i >= 0; i--) {
        uint32_t bit = command >> i & 1 ? 2 : 0;
        set(R_9346CR, 0x88 | bit, 1);
        set(R_9346CR, 0x8c | bit, 1);
    }
    set(R_9346CR, 0x88, 1);
    for (int i = 0; i < 16; i++) {
        set(R_9346CR, 0x8c, 1);
        word = (uint16_t)(word << 1 | (get(R_9346CR, 1) & 1));
        set(R_9346CR, 0x88, 1);
    }
    set(R_9346CR, 0, 1);
    return word;
}

START_TEST(the_card_says_what_it_is)
{
    begin();
    ck_assert_uint_eq(get(R_TCR, 4) & 0x7cc00000, 0x74800000);
    ck_assert_uint_eq(get(R_IDR, 4), 0x12005452);
    ck_assert_uint_eq(get(R_IDR + 4, 2), 0x5634);
    ck_assert_uint_eq(port_in(m, 0, 0xc000, 4), 0x12005452); /* the same behind I/O ports */
    ck_assert_uint_eq(eeprom_word(0), 0x8129);
    ck_assert_uint_eq(eeprom_word(1), 0x10ec);
    ck_assert_uint_eq(eeprom_word(8), 0x1200);
    ck_assert_uint_eq(get(R_MSR, 1) & 4, 0);
    ck_assert_uint_eq(get(R_BMSR, 2) & 0x24, 0x24);
    ck_assert_uint_eq(get(R_CR, 1), 1);
    set(R_IDR, 0x11111111, 4); /* guarded */
    ck_assert_uint_eq(get(R_IDR, 4), 0x12005452);
    set(R_9346CR, 0xc0, 1);
    set(R_IDR, 0x11111110, 4);
    ck_assert_uint_eq(get(R_IDR, 4), 0x11111110);
    set(R_CR, 0x10, 1);
    ck_assert_uint_eq(get(R_CR, 1), 1);
    ck_assert_uint_eq(get(R_IDR, 4), 0x12005452);
    end();
}
END_TEST

START_TEST(slots_are_sent_in_their_order)
{
    size_t len;
    begin();
    set(R_CR, CR_TRANSMIT | CR_RECEIVE, 1);
    set(R_IMR, I_TOK, 2);
    for (uint32_t i = 0; i < 6; i++) {
        memset(memory(BUFFER), (int)i, 100);
        set(R_TSAD + i % 4 * 4, BUFFER, 4);
        set(R_TSD + i % 4 * 4, 0x30000 | (70 + i), 4);
        const uint8_t *frame = net_mem_sent(net, i, &len);
        ck_assert_ptr_nonnull(frame);
        ck_assert_uint_eq(len, 70 + i);
        ck_assert_uint_eq(frame[69], i);
        ck_assert_uint_eq(get(R_TSD + i % 4 * 4, 4) & 0xa000, 0xa000);
        ck_assert_uint_eq(get(R_ISR, 2), I_TOK);
        ck_assert(irq());
        set(R_ISR, I_TOK, 2);
        ck_assert(!irq());
    }
    set(R_TSD + 12, 64, 4); /* not its turn: slot 2 is */
    ck_assert_ptr_null(net_mem_sent(net, 6, &len));
    ck_assert_uint_eq(get(R_TSAD_ALL, 2), 0x7007); /* all but that one own and have sent */
    set(R_TSD + 8, 10, 4);
    ck_assert_ptr_nonnull(net_mem_sent(net, 7, &len));
    ck_assert_uint_eq(len, 64);
    net_mem_sent(net, 6, &len);
    ck_assert_uint_eq(len, 60);
    end();
}
END_TEST

START_TEST(frames_come_into_a_ring_of_bytes)
{
    uint8_t *ring;
    uint32_t head, place = 0;
    begin();
    ring = memory(RX);
    set(R_RBSTART, RX, 4);
    set(R_RCR, 0x8a, 4); /* ours, broadcasts; room behind the ring */
    set(R_CR, CR_TRANSMIT | CR_RECEIVE, 1);
    set(R_IMR, 0xffff, 2);
    for (int i = 0; i < 50; i++) {
        uint32_t len = 1000 + (uint32_t)i;
        receive(i & 1 ? (const uint8_t *)"\xff\xff\xff\xff\xff\xff" : ours, len, (uint8_t)i);
        ck_assert_uint_eq(get(R_ISR, 2), I_ROK);
        ck_assert_uint_eq(get(R_CR, 1) & 1, 0);
        memcpy(&head, ring + place, 4);
        ck_assert_uint_eq(head, (i & 1 ? 0x2001 : 0x4001) | (len + 4) << 16);
        ck_assert_uint_eq(ring[place + 4 + len - 1], i);
        place = (place + 4 + len + 4 + 3) & ~3u;
        place %= 8192;
        ck_assert_uint_eq(get(R_CBR, 2), place);
        set(R_CAPR, (place - 16) & 0xffff, 2);
        set(R_ISR, I_ROK, 2);
        ck_assert_uint_eq(get(R_CR, 1) & 1, 1);
    }
    receive((const uint8_t *)"\x52\x54\x00\x99\x99\x99", 100, 1); /* another card's */
    receive((const uint8_t *)"\x01\x00\x5e\x00\x00\x01", 100, 1); /* a group's that nobody asked for */
    ck_assert_uint_eq(get(R_ISR, 2), 0);
    set(R_MAR, 1u << 31, 4); /* 224.0.0.1 is bit 31: CRC-32, as zlib has it */
    set(R_RCR, 0x8e, 4);
    receive((const uint8_t *)"\x01\x00\x5e\x00\x00\x01", 100, 1);
    ck_assert_uint_eq(get(R_ISR, 2), I_ROK);
    for (int i = 0; i < 20; i++)
        receive(ours, 1500, 7);
    machine_lock(m);
    ck_assert(!net->ready(net->dev)); /* what does not fit stays outside */
    machine_unlock(m);
    ck_assert_uint_eq(get(R_ISR, 2), I_ROK);
    end();
}
END_TEST

START_TEST(a_ring_wraps_where_there_is_no_room_behind_it)
{
    uint8_t *ring;
    begin();
    ring = memory(RX);
    set(R_RBSTART, RX, 4);
    set(R_RCR, 0x0a, 4);
    set(R_CR, CR_RECEIVE, 1);
    uint32_t place = 0;
    memset(ring, 0x77, 8192 + 4096);
    for (int i = 0; i < 6; i++) {
        receive(ours, 1500, (uint8_t)(i + 1));
        place = (place + 1508) % 8192;
        set(R_CAPR, (place - 16) & 0xffff, 2);
    }
    ck_assert_uint_eq(get(R_CBR, 2), place);
    ck_assert_uint_eq(ring[8191], 6);
    ck_assert_uint_eq(ring[8192], 0x77);
    ck_assert_uint_eq(ring[10], 6);
    end();
}
END_TEST

static void descriptor(uint32_t ring, int n, uint32_t command, uint32_t tag, uint32_t at)
{
    const uint32_t d[] = { command, tag, at, 0 };
    memcpy(memory(ring + (uint32_t)n * 16), d, sizeof d);
}

static uint32_t word(uint64_t at)
{
    uint32_t value;
    memcpy(&value, memory(at), 4);
    return value;
}

static void begin_rings(uint32_t cpcr)
{
    begin();
    set(R_CPCR, cpcr, 2);
    set(R_CR, CR_TRANSMIT | CR_RECEIVE, 1);
    set(R_RCR, 0xe, 4);
    set(R_RDSAR, RX, 4);
    set(R_RDSAR + 4, 0, 4);
    set(R_TSAD, TX, 4);
    set(R_TSAD + 4, 0, 4);
    set(R_IMR, 0xffff, 2);
}

START_TEST(frames_come_into_descriptors)
{
    begin_rings(3);
    descriptor(RX, 0, D_OWN | 1536, 0, BUFFER);
    descriptor(RX, 1, D_OWN | 100, 0, SECOND);
    descriptor(RX, 2, D_OWN | D_END | 1536, 0, SECOND + 0x1000);
    receive(ours, 500, 0x42);
    ck_assert_uint_eq(get(R_ISR, 2), I_ROK);
    ck_assert_uint_eq(word(RX), D_FIRST | D_LAST | 1 << 26 | 504);
    ck_assert_mem_eq(memory(BUFFER), ours, 6);
    ck_assert_uint_eq(memory(BUFFER)[499], 0x42);
    receive(ours, 500, 0x43); /* into two */
    ck_assert_uint_eq(word(RX + 16) & 0xf0000000, D_FIRST);
    ck_assert_uint_eq(word(RX + 32), D_END | D_LAST | 1 << 26 | 504);
    ck_assert_uint_eq(memory(SECOND + 0x1000)[399], 0x43);
    machine_lock(m);
    ck_assert(!net->ready(net->dev)); /* round the ring, and that one is not the card's */
    machine_unlock(m);
    descriptor(RX, 0, D_OWN | 1536, 0, BUFFER);
    receive(ours, 60, 0x44);
    ck_assert_uint_eq(word(RX) & 0x1fff, 64);
    end();
}
END_TEST

START_TEST(descriptors_are_sent_with_tags_and_put_back)
{
    size_t len;
    begin_rings(CP_TRANSMIT | CP_RECEIVE | CP_VLAN);
    for (int i = 0; i < 200; i++)
        memory(BUFFER)[i] = (uint8_t)i;
    descriptor(TX, 0, D_OWN | D_FIRST | 50, 0, BUFFER);
    descriptor(TX, 1, D_OWN | D_LAST | 70, 0, BUFFER + 50);
    descriptor(TX, 2, D_OWN | D_FIRST | D_LAST | D_END | 100, TAG_INSERT | 0x3412, BUFFER);
    set(R_TPPOLL, 0x40, 1);
    ck_assert_uint_eq(get(R_ISR, 2), I_TOK | I_TX_NONE);
    ck_assert_mem_eq(net_mem_sent(net, 0, &len), memory(BUFFER), 120);
    ck_assert_uint_eq(len, 120);
    const uint8_t *tagged = net_mem_sent(net, 1, &len);
    ck_assert_uint_eq(len, 104);
    ck_assert_mem_eq(tagged + 10, "\x0a\x0b\x81\x00\x12\x34\x0c", 7);
    ck_assert_uint_eq(word(TX + 32), D_FIRST | D_LAST | D_END);
    descriptor(TX, 0, D_OWN | D_FIRST | D_LAST | 64, 0, BUFFER); /* after the end it begins again */
    set(R_TPPOLL, 0x40, 1);
    ck_assert_ptr_nonnull(net_mem_sent(net, 2, &len));
    /* and back: the tag comes out of the frame */
    descriptor(RX, 0, D_OWN | D_END | 1536, 0, SECOND);
    uint8_t frame[104];
    memcpy(frame, tagged, 104);
    memcpy(frame, ours, 6);
    machine_lock(m);
    net->receive(net->dev, frame, 104);
    machine_unlock(m);
    ck_assert_uint_eq(word(RX) & 0x1fff, 104);
    ck_assert_uint_eq(word(RX + 4), TAG_PRESENT | 0x3412);
    ck_assert_uint_eq(memory(SECOND)[12], 12);
    set(R_TPPOLL, 1, 1);
    ck_assert_uint_eq(get(R_ISR, 2) & I_SOFT, I_SOFT);
    end();
}
END_TEST

/* An Ethernet frame with IPv4 and TCP of `body` bytes; sums and lengths that the card fills are wrong. */
static uint32_t tcp_frame(uint32_t body)
{
    uint8_t *f = memory(BUFFER);
    memset(f, 0, 54);
    memcpy(f, "\x52\x55\x0a\x00\x02\x02\x52\x54\x00\x12\x34\x56\x08\x00\x45", 15);
    inet_put16(f + 16, 40 + body);
    inet_put16(f + 18, 0x1000);
    f[22] = 64, f[23] = 6;
    memcpy(f + 26, "\x0a\x00\x02\x0f\x0a\x00\x02\x02", 8);
    inet_put16(f + 34, 1234), inet_put16(f + 36, 80);
    inet_put32(f + 38, 0x11223344);
    f[46] = 0x50, f[47] = 0x19; /* PSH, ACK, FIN */
    for (uint32_t i = 0; i < body; i++)
        f[54 + i] = (uint8_t)(i * 7);
    return 54 + body;
}

static void check_sums(const uint8_t *f, size_t len)
{
    uint32_t tcp = (uint32_t)len - 34;
    ck_assert_uint_eq(inet_get16(f + 16), len - 14);
    ck_assert_uint_eq(inet_sum(f + 14, 20, 0), 0xffff);
    ck_assert_uint_eq(inet_sum(f + 34, tcp, inet_sum(f + 26, 8, 6 + tcp)), 0xffff);
}

START_TEST(checksums_and_large_sends)
{
    size_t len;
    begin_rings(3);
    descriptor(TX, 0, D_OWN | D_FIRST | D_LAST | 1 << 18 | 1 << 16 | tcp_frame(333), 0, BUFFER);
    set(R_TPPOLL, 0x40, 1);
    const uint8_t *f = net_mem_sent(net, 0, &len);
    ck_assert_uint_eq(len, 387);
    check_sums(f, len);
    descriptor(TX, 1, D_OWN | D_FIRST | D_LAST | 1 << 27 | 1000u << 16 | tcp_frame(2500), 0, BUFFER);
    set(R_TPPOLL, 0x40, 1);
    for (uint32_t i = 0; i < 3; i++) {
        f = net_mem_sent(net, 1 + i, &len);
        ck_assert_uint_eq(len, i < 2 ? 1054 : 554);
        check_sums(f, len);
        ck_assert_uint_eq(inet_get32(f + 38), 0x11223344 + i * 1000);
        ck_assert_uint_eq(inet_get16(f + 18), 0x1000 + i);
        ck_assert_uint_eq(f[47], i < 2 ? 0x10 : 0x19);
        ck_assert_uint_eq(f[54], (uint8_t)(i * 1000 * 7));
    }
    set(R_TSD + 4, 0, 4);
    set(R_TSD, 0x180000 | 8, 4); /* the counters */
    ck_assert_uint_eq(word(0x180000), 4);
    ck_assert_uint_eq(get(R_TSD, 4) & 8, 0);
    end();
}
END_TEST

START_TEST(a_loop_and_a_timer)
{
    begin();
    set(R_RBSTART, RX, 4);
    set(R_RCR, 0x8a, 4);
    set(R_TCR, 3 << 17, 4);
    set(R_CR, CR_TRANSMIT | CR_RECEIVE, 1);
    memcpy(memory(BUFFER), ours, 6);
    set(R_TSAD, BUFFER, 4);
    set(R_TSD, 80, 4);
    ck_assert_uint_eq(get(R_ISR, 2), I_ROK | I_TOK);
    ck_assert_uint_eq(get(R_CBR, 2), 88);
    end();
    Bench b = bench("rtl8139", "netdev=mem");
    Rtl8139 *d = (Rtl8139 *)(void *)b.dev;
    const Window *w = b.dev->type->windows;
    bench_sleep(&b, 3000);
    machine_lock(b.machine);
    ck_assert_uint_eq(w->read(d, R_TCTR, 4), 100);
    w->write(d, R_TIMER_INT, 150, 4);
    machine_unlock(b.machine);
    bench_sleep(&b, 1499);
    ck_assert_uint_eq(w->read(d, R_ISR, 2), 0);
    bench_sleep(&b, 1);
    ck_assert_uint_eq(w->read(d, R_ISR, 2), I_TIMEOUT);
    bench_end(&b);
}
END_TEST

START_TEST(hostile_rings_do_no_harm)
{
    uint32_t noise = 1;
    begin();
    for (int i = 0; i < 60000; i++) {
        noise = noise * 1664525 + 1013904223;
        uint32_t at = noise >> 24, value = noise ^ noise << 13;
        if (at == R_CR)
            value &= 0x0c;
        set(at & ~3u, value, 4);
        set(at, value, 1);
        get(at, 1);
        if (i % 16 == 0) {
            memcpy(memory(noise >> 10 & 0x3fff00), &value, 4);
            set(R_RDSAR + 4, 0, 4);
            set(R_CPCR, noise >> 5 & 3, 2);
            set(R_CR, 0x0c, 1);
            receive(ours, noise >> 7 & 2047, 1);
            set(R_TPPOLL, 0xc0, 1);
        }
    }
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { the_card_says_what_it_is,         slots_are_sent_in_their_order,
                                   frames_come_into_a_ring_of_bytes, a_ring_wraps_where_there_is_no_room_behind_it,
                                   frames_come_into_descriptors,     descriptors_are_sent_with_tags_and_put_back,
                                   checksums_and_large_sends,        a_loop_and_a_timer,
                                   hostile_rings_do_no_harm,         NULL };
    return run_tests("device/rtl8139", tests, NULL);
}
