/* The registers of a local APIC, as one table of what each number is. In memory they are 16 bytes apart; as
 * model-specific registers (x2APIC) they are numbered from 800h. */
#include "base/log.h"
#include "devices/intc/apic.h"

enum {
    R_ID = 0x02,
    R_VERSION = 0x03,
    R_TPR = 0x08,
    R_APR,
    R_PPR,
    R_EOI,
    R_LDR = 0x0d,
    R_DFR,
    R_SVR,
    R_ISR = 0x10,
    R_TMR = 0x18,
    R_IRR = 0x20,
    R_ESR = 0x28,
    R_ICR = 0x30,
    R_ICR_HIGH,
    R_LVT,
    R_INITIAL = 0x38,
    R_COUNT,
    R_DIVIDE = 0x3e,
    R_SELF
};
enum { VERSION = 0x50014, ILLEGAL_REGISTER = 0x80 };

static uint32_t read_id(const Apic *a)
{
    return apic_x2(a) ? a->id : a->id << 24;
}

static uint32_t read_ldr(const Apic *a)
{
    return apic_x2(a) ? a->id >> 4 << 16 | 1u << (a->id & 15) : a->ldr;
}

uint64_t apic_read(Apic *a, uint32_t at)
{
    if (at >= R_ISR && at < R_ESR) {
        const uint32_t *const sets[] = { a->isr, a->tmr, a->irr };
        return sets[(at - R_ISR) / 8][at % 8];
    }
    if (at >= R_LVT && at < R_LVT + LVTS)
        return a->lvt[at - R_LVT];
    switch (at) {
    case R_ID:
        return read_id(a);
    case R_VERSION:
        return VERSION;
    case R_TPR:
        return a->tpr;
    case R_APR:
    case R_PPR:
        return apic_priority(a);
    case R_LDR:
        return read_ldr(a);
    case R_DFR:
        return a->dfr;
    case R_SVR:
        return a->svr;
    case R_ESR:
        return a->esr;
    case R_ICR:
        return a->icr | (apic_x2(a) ? (uint64_t)a->icr_high << 32 : 0);
    case R_ICR_HIGH:
        return a->icr_high;
    case R_INITIAL:
        return a->initial;
    case R_COUNT:
        return apic_timer_count(a);
    case R_DIVIDE:
        return a->divide;
    }
    a->errors |= ILLEGAL_REGISTER;
    return 0;
}

/* What can be set in each entry of the local vector table: vector, delivery mode, polarity, trigger, mask, timer mode.
 */
static const uint32_t lvt_writable[LVTS] = { 0x700ff, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff };

static void write_lvt(Apic *a, int n, uint32_t value)
{
    uint32_t was = a->lvt[n];
    a->lvt[n] = (value & lvt_writable[n]) | (a->svr & SVR_ENABLED ? 0 : LVT_MASKED);
    if (n == LVT_TIMER && (was ^ value) & 0x60000)
        apic_timer_mode_changed(a);
    apic_update(a);
}

static void write_svr(Apic *a, uint32_t value)
{
    a->svr = value & 0x1ff;
    for (int i = 0; i < LVTS && !(a->svr & SVR_ENABLED); i++)
        a->lvt[i] |= LVT_MASKED;
    apic_update(a);
}

void apic_write(Apic *a, uint32_t at, uint64_t value)
{
    uint32_t word = (uint32_t)value;
    if (at >= R_LVT && at < R_LVT + LVTS) {
        write_lvt(a, (int)(at - R_LVT), word);
        return;
    }
    switch (at) {
    case R_ID:
        if (!apic_x2(a))
            a->id = word >> 24;
        break;
    case R_TPR:
        a->tpr = word & 0xff;
        apic_update(a);
        break;
    case R_EOI:
        apic_end(a);
        break;
    case R_LDR:
        a->ldr = word & 0xff000000;
        break;
    case R_DFR:
        a->dfr = word | 0x0fffffff;
        break;
    case R_SVR:
        write_svr(a, word);
        break;
    case R_ESR:
        a->esr = a->errors;
        a->errors = 0;
        break;
    case R_ICR:
        if (apic_x2(a))
            a->icr_high = (uint32_t)(value >> 32);
        apic_write_icr(a, word, apic_x2(a) ? a->icr_high : a->icr_high >> 24);
        break;
    case R_ICR_HIGH:
        a->icr_high = word & 0xff000000;
        break;
    case R_INITIAL:
        a->initial = word;
        apic_timer_changed(a);
        break;
    case R_DIVIDE:
        a->divide = word & 0xb;
        apic_timer_changed(a);
        break;
    case R_SELF:
        if (apic_x2(a))
            apic_request(a, (uint8_t)word, false);
        break;
    default:
        a->errors |= ILLEGAL_REGISTER;
        log_guest("apic %d: write to register 0x%x0", a->number, at);
    }
}
