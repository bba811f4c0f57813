/* The e1000: EEPROM, frames sent and received, checksums and segments. */
#include "core/ports.h"
#include "devices/net/e1000.h"
#include "tests/device/bench.h"
#include "tests/suite.h"

#include <string.h>

enum { AT = 0x10000000, TX_RING = 0x1000, RX_RING = 0x2000, BUFFER = 0x10000 };

static Machine *m;
static Net *net;

static bool prepare(Machine *machine, Error *err)
{
    Region *ram = ram_add(machine, "ram", 4 << 20, false, err);
    if (ram)
        space_map(machine->memory, 0, ram, 0);
    return ram;
}

static void *find(PropKind kind, const char *id)
{
    (void)kind, (void)id;
    return net;
}

static void config_set(uint32_t at, uint32_t value)
{
    port_out(m, 0, 0xcf8, 0x80000800 | at, 4);
    port_out(m, 0, 0xcfc, value, 4);
}

static uint32_t get(uint32_t at)
{
    machine_lock(m);
    uint32_t value = (uint32_t)space_load(m->memory, AT + at, 4, NULL);
    machine_unlock(m);
    return value;
}

static void set(uint32_t at, uint32_t value)
{
    machine_lock(m);
    ck_assert(space_store(m->memory, AT + at, value, 4));
    machine_unlock(m);
}

static void poke(uint64_t at, const void *bytes, size_t len)
{
    machine_lock(m);
    ck_assert(space_write(m->memory, at, bytes, len));
    machine_unlock(m);
}

static void begin(void)
{
    static const Part parts[] = {
        { "pci.0", "i440FX-pcihost", .port = { 0xcf8 } },
        { "nic", "e1000", "pci.0", .set = "addr=1.0,netdev=n,mac=52:54:00:12:34:56" },
        { 0 },
    };
    static const MachineType type = {
        .name = "e1000", .parts = parts, .prepare = prepare, .ram = 4 << 20, .cpus_max = 1
    };
    Error err;
    net = net_mem("n");
    m = machine_new(&type, &(MachineConfig){ .find = find }, &err);
    ck_assert_msg(m != NULL, "%s", err.text);
    ck_assert_msg(machine_boot(m, &err), "%s", err.text);
    config_set(0x10, AT);
    config_set(0x04, 6);
    set(R_TDBAL, TX_RING);
    set(R_TDLEN, 128);
    set(R_TCTL, 2);
    set(R_RDBAL, RX_RING);
    set(R_RDLEN, 128);
}

START_TEST(its_address_is_in_the_eeprom_and_the_phy_has_a_link)
{
    begin();
    set(R_EERD, 1 << 8 | 1);
    ck_assert_uint_eq(get(R_EERD) >> 16, 0x1200);
    uint16_t sum = 0;
    for (uint32_t i = 0; i < 64; i++) {
        set(R_EERD, i << 8 | 1);
        sum = (uint16_t)(sum + (get(R_EERD) >> 16));
    }
    ck_assert_uint_eq(sum, 0xbaba);
    /* bit by bit: 110, then address 2 */
    uint32_t word = 0;
    set(R_EECD, 0x42);
    for (int i = 0; i < 25; i++) {
        uint32_t in = i < 9 && (0x182 >> (8 - i) & 1) ? 4 : 0;
        set(R_EECD, 0x42 | in);
        set(R_EECD, 0x43 | in);
        word = word << 1 | (get(R_EECD) >> 3 & 1);
    }
    set(R_EECD, 0x40);
    ck_assert_uint_eq(word & 0xffff, 0x5634);
    set(0x5b50, 2); /* a driver of the whole family waits until it has this semaphore */
    ck_assert_uint_eq(get(0x5b50), 2);
    set(R_MDIC, 2u << 26 | 1 << 21 | 1 << 16);
    ck_assert_uint_eq(get(R_MDIC) & 0x10000004, 0x10000004);
    machine_free(m);
}
END_TEST

static void descriptor(uint32_t ring, int n, uint64_t address, uint32_t low, uint32_t high)
{
    struct {
        uint64_t address;
        uint32_t low, high;
    } d = { address, low, high };
    poke(ring + (uint32_t)n * 16, &d, sizeof d);
}

START_TEST(a_frame_is_sent_and_its_end_interrupts)
{
    uint8_t frame[100];
    size_t len;
    begin();
    for (int i = 0; i < 100; i++)
        frame[i] = (uint8_t)i;
    poke(BUFFER, frame, 100);
    descriptor(TX_RING, 0, BUFFER, 40, 0);
    descriptor(TX_RING, 1, BUFFER + 40, 60 | 9u << 24, 0);
    set(R_IMS, I_TXDW);
    set(R_TDT, 2);
    const uint8_t *sent = net_mem_sent(net, 0, &len);
    ck_assert_uint_eq(len, 100);
    ck_assert_mem_eq(sent, frame, 100);
    ck_assert_uint_eq(get(R_TDH), 2);
    ck_assert_uint_eq(space_ram(m->memory, TX_RING + 28, NULL)[0], 1);
    ck_assert_uint_eq(get(R_ICR) & I_TXDW, I_TXDW);
    ck_assert_uint_eq(get(R_ICR), 0);
    machine_free(m);
}
END_TEST

static uint32_t folded(const uint8_t *at, uint32_t len, uint32_t sum)
{
    for (uint32_t i = 0; i < len; i++)
        sum += (uint32_t)at[i] << (i % 2 ? 0 : 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

START_TEST(a_long_segment_is_cut_and_summed)
{
    uint8_t frame[54 + 250] = {
        [12] = 8, [14] = 0x45, [18] = 0x12, 0x34, [22] = 64, 6, [26] = 10, 0,   2,           15,
        10,       0,           2,           2,    [38] = 0,  0, 0,         100, [46] = 0x50, 0x19
    };
    size_t len;
    begin();
    for (int i = 54; i < 304; i++)
        frame[i] = (uint8_t)(i * 7);
    uint32_t pseudo = folded(frame + 26, 8, 6); /* without the length */
    frame[50] = (uint8_t)(pseudo >> 8);
    frame[51] = (uint8_t)pseudo;
    poke(BUFFER, frame, sizeof frame);
    descriptor(TX_RING, 0, 14 | 24 << 8 | 33 << 16 | 34ull << 32 | 50ull << 40, 250 | 0x27u << 24, 54 << 8 | 100 << 16);
    descriptor(TX_RING, 1, BUFFER, 304 | 1 << 20 | 0x2du << 24, 3 << 8);
    set(R_TDT, 2);
    for (uint32_t n = 0; n < 3; n++) {
        const uint8_t *s = net_mem_sent(net, n, &len);
        uint32_t body = n < 2 ? 100 : 50;
        ck_assert_ptr_nonnull(s);
        ck_assert_uint_eq(len, 54 + body);
        ck_assert_uint_eq(s[16] << 8 | s[17], 40 + body);
        ck_assert_uint_eq(s[19], 0x34 + n);
        ck_assert_uint_eq(s[40] << 8 | s[41], 100 + n * 100);
        ck_assert_uint_eq(s[47], n < 2 ? 0x10 : 0x19);
        ck_assert_mem_eq(s + 54, frame + 54 + n * 100, body);
        ck_assert_uint_eq(folded(s + 14, 20, 0), 0xffff);
        ck_assert_uint_eq(folded(s + 34, 20 + body, folded(s + 26, 8, 6 + 20 + body)), 0xffff);
    }
    ck_assert_ptr_null(net_mem_sent(net, 3, &len));
    machine_free(m);
}
END_TEST

START_TEST(frames_for_it_are_received)
{
    uint8_t frame[70] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
    begin();
    for (int i = 0; i < 8; i++)
        descriptor(RX_RING, i, BUFFER + (uint64_t)i * 2048, 0, 0);
    set(R_RCTL, 1 << 15 | 2);
    set(R_RDT, 3);
    frame[69] = 0x77;
    net_mem_receive(net, frame, sizeof frame);
    ck_assert_uint_eq(get(R_RDH), 1);
    ck_assert_mem_eq(space_ram(m->memory, BUFFER, NULL), frame, 70);
    const uint8_t *d = space_ram(m->memory, RX_RING, NULL);
    ck_assert_uint_eq(d[8], 74);
    ck_assert_uint_eq(d[12] & 3, 3);
    frame[5] = 0x57; /* somebody else's */
    net_mem_receive(net, frame, sizeof frame);
    ck_assert_uint_eq(get(R_RDH), 1);
    memset(frame, 0xff, 6);
    net_mem_receive(net, frame, sizeof frame);
    ck_assert_uint_eq(get(R_RDH), 2);
    ck_assert_uint_eq(get(R_ICR) & I_RXT0, I_RXT0);
    machine_free(m);
}
END_TEST

START_TEST(noise_does_no_harm)
{
    uint32_t noise = 7;
    begin();
    for (int i = 0; i < 60000; i++) {
        noise = noise * 1664525 + 1013904223;
        uint32_t at = noise >> 8 & 0x5ffc;
        set(at, noise >> 3);
        get(at);
        if (i % 500 == 0) {
            set(R_TDBAL, TX_RING);
            set(R_TDLEN, 128);
            set(R_TDH, 0);
            set(R_TCTL, 2);
            for (int n = 0; n < 8; n++, noise = noise * 1664525 + 1013904223)
                descriptor(TX_RING, n, noise & 0x3fffff, noise | 0x21000000, noise >> 5);
            set(R_TDT, 7);
        }
    }
    machine_free(m);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { its_address_is_in_the_eeprom_and_the_phy_has_a_link,
                                   a_frame_is_sent_and_its_end_interrupts,
                                   a_long_segment_is_cut_and_summed,
                                   frames_for_it_are_received,
                                   noise_does_no_harm,
                                   NULL };
    return run_tests("device/e1000", tests, NULL);
}
