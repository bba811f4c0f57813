/* Whose permission an access to a system register needs: the enable bits of EL1 for EL0, and the traps of EL2.
 * ARM DDI 0487, sections D1.3.4 and D19; the syndrome is D17.2.37 "trapped MSR, MRS or System instruction". */
#include "frontend/arm/arm.h"

enum { PMUSERENR_EN = 1, PMUSERENR_SW = 2, PMUSERENR_CR = 4, PMUSERENR_ER = 8 };
enum { CNTKCTL_EL0PCTEN = 1, CNTKCTL_EL0VCTEN = 2, CNTKCTL_EL0VTEN = 1 << 8, CNTKCTL_EL0PTEN = 1 << 9 };
enum { CNTHCTL_EL1PCTEN = 1, CNTHCTL_EL1PCEN = 2 };
enum { MDCR_TPMCR = 1 << 5, MDCR_TPM = 1 << 6, MDCR_TDA = 1 << 9, MDCR_TDOSA = 1 << 10, MDCR_TDRA = 1 << 11 };
enum { MDSCR_TDCC = 1 << 12 };
#define CPTR_TCPAC (1ull << 31)

/* Whether EL1 forbids EL0 this. */
static bool el1_forbids(const ArmCpu *c, SysTrap trap, bool write)
{
    uint64_t sctlr = c->sctlr[1], pmu = c->sys.PMUSERENR_EL0, cnt = c->cntkctl;
    switch (trap) {
    case TR_CTR:
        return !(sctlr & SCTLR_UCT);
    case TR_SCXT:
        return sctlr & SCTLR_TSCXT;
    case TR_DAIF:
        return !(sctlr & SCTLR_UMA);
    case TR_POINT:
        return !(sctlr & SCTLR_UCI);
    case TR_ZVA:
        return !(sctlr & SCTLR_DZE);
    case TR_CNTFRQ:
        return !(cnt & (CNTKCTL_EL0PCTEN | CNTKCTL_EL0VCTEN));
    case TR_CNTPCT:
        return !(cnt & CNTKCTL_EL0PCTEN);
    case TR_CNTVCT:
        return !(cnt & CNTKCTL_EL0VCTEN);
    case TR_CNTP:
        return !(cnt & CNTKCTL_EL0PTEN);
    case TR_CNTV:
        return !(cnt & CNTKCTL_EL0VTEN);
    case TR_PMU:
        return !(pmu & PMUSERENR_EN);
    case TR_PMSWINC:
        return !(pmu & (PMUSERENR_EN | PMUSERENR_SW));
    case TR_PMSELR:
        return !(pmu & (PMUSERENR_EN | PMUSERENR_ER));
    case TR_PMCCNTR:
        return !(pmu & PMUSERENR_EN || (!write && pmu & PMUSERENR_CR));
    case TR_DCC:
        return c->mdscr & MDSCR_TDCC;
    default:
        return false;
    }
}

/* Whether EL2 forbids EL1 and EL0 this. */
static bool el2_forbids(const ArmCpu *c, SysTrap trap, uint32_t encoding, bool write)
{
    uint64_t hcr = arm_hcr(c), mdcr = c->sys.MDCR_EL2;
    switch (trap) {
    case TR_VM:
        return hcr & (write ? HCR_TVM : HCR_TRVM);
    case TR_ID1:
        return hcr & HCR_TID1;
    case TR_ID2:
    case TR_CTR:
        return hcr & HCR_TID2;
    case TR_ID3:
        return hcr & HCR_TID3;
    case TR_SCXT:
        return !(hcr & HCR_ENSCXT);
    case TR_ACR:
        return hcr & HCR_TACR;
    case TR_CPACR:
        return c->cptr_el2 & CPTR_TCPAC;
    case TR_CNTPCT:
        return !(c->cnthctl & CNTHCTL_EL1PCTEN);
    case TR_CNTP:
        return !(c->cnthctl & CNTHCTL_EL1PCEN);
    case TR_PMU:
    case TR_PMSWINC:
    case TR_PMSELR:
    case TR_PMCCNTR:
    case TR_PMUSERENR:
        return mdcr & MDCR_TPM || (encoding == SYSREG(3, 3, 9, 12, 0) && mdcr & MDCR_TPMCR);
    case TR_DEBUG:
    case TR_DCC:
        return mdcr & MDCR_TDA;
    case TR_OSLOCK:
        return mdcr & (encoding == SYSREG(2, 0, 1, 0, 0) ? MDCR_TDRA : MDCR_TDOSA);
    case TR_CACHE:
        return hcr & HCR_TPU;
    case TR_POINT:
        return hcr & (encoding >> 3 & 0xf ? HCR_TPC : HCR_TPU);
    case TR_SETWAY:
        return hcr & HCR_TSW;
    case TR_ZVA:
        return hcr & HCR_TDZ;
    case TR_TLB:
        return hcr & HCR_TTLB;
    default:
        return false;
    }
}

bool sysreg_may_trap(const ArmCpu *c, SysTrap trap, int el)
{
    if (trap == TR_NONE || el == 2 || trap == TR_FP)
        return false;
    return el == 0 || arm_has(c, ARM_el2);
}

static uint32_t syndrome(uint32_t encoding, bool write, unsigned rt)
{
    uint32_t op0 = encoding >> 14 & 3, op1 = encoding >> 11 & 7, crn = encoding >> 7 & 15, crm = encoding >> 3 & 15;
    return op0 << 20 | (encoding & 7) << 17 | op1 << 14 | crn << 10 | rt << 5 | crm << 1 | !write;
}

int sysreg_trap(const ArmCpu *c, SysTrap trap, uint32_t encoding, bool write, unsigned rt, int *ec, uint32_t *iss)
{
    *ec = EC_SYSREG;
    *iss = syndrome(encoding, write, rt);
    if (c->el == 0 && el1_forbids(c, trap, write))
        return arm_hcr(c) & HCR_TGE ? 2 : 1;
    if (c->el <= 1 && arm_has(c, ARM_el2)) {
        if (trap == TR_NO_EL2) {
            *ec = EC_UNKNOWN, *iss = 0;
            return 1;
        }
        if (el2_forbids(c, trap, encoding, write))
            return 2;
    }
    return 0;
}
