# What a debugger cannot write of the registers that gdb is given (gdb_session.py registers). A register that is not here takes
# every value. In hexadecimal:
#   NAME mask BITS        only these take what is written: 0 is a register that is only read
#   NAME set|clear BITS   a one sets or clears the bit, as the guest's own write does
#   NAME values N...      takes these, and refuses what the manual does not allow

[virt,gic-version=3,virtualization=on -cpu max]
cpsr values 3c9 600003c5 a00003c4 f1d003c0 0
fpsr mask 800009f
fpcr mask 7c80000
MIDR_EL1 mask 0
MPIDR_EL1 mask 0
REVIDR_EL1 mask 0
ID_AA64PFR0_EL1 mask 0
ID_AA64PFR1_EL1 mask 0
ID_AA64DFR0_EL1 mask 0
ID_AA64ISAR0_EL1 mask 0
ID_AA64ISAR1_EL1 mask 0
ID_AA64MMFR0_EL1 mask 0
ID_AA64MMFR1_EL1 mask 0
ID_AA64MMFR2_EL1 mask 0
CCSIDR_EL1 mask 0
CLIDR_EL1 mask 0
AIDR_EL1 mask 0
CSSELR_EL1 mask f
CTR_EL0 mask 0
DCZID_EL0 mask 0
SCTLR_EL1 mask 7bfd7bf
ACTLR_EL1 mask 0
CPACR_EL1 mask 300000
TCR_EL1 mask 18001f7ffffffbf
AFSR0_EL1 mask 0
AFSR1_EL1 mask 0
ESR_EL1 mask ffffffff
AMAIR_EL1 mask 0
VBAR_EL1 mask fffffffffffff800
ISR_EL1 mask 0
CONTEXTIDR_EL1 mask ffffffff
LORSA_EL1 mask 0
LOREA_EL1 mask 0
LORN_EL1 mask 0
LORC_EL1 mask 0
LORID_EL1 mask 0
SPSR_EL1 mask ffffffff
SPSel mask 1
CurrentEL mask 0
PAN mask 400000
UAO mask 800000
NZCV mask f0000000
DAIF mask 3c0
DIT mask 1000000
CNTFRQ_EL0 mask ffffffff
CNTPCT_EL0 mask 0
CNTVCT_EL0 mask 0
CNTP_TVAL_EL0 mask ffffffff
CNTP_CTL_EL0 mask 7
CNTV_TVAL_EL0 mask ffffffff
CNTV_CTL_EL0 mask 7
CNTKCTL_EL1 mask 3ff
PMCR_EL0 mask 69
PMCNTENSET_EL0 set 80000000
PMCNTENCLR_EL0 clear 80000000
PMOVSCLR_EL0 clear 80000000
PMSELR_EL0 mask 1f
PMCEID0_EL0 mask 0
PMCEID1_EL0 mask 0
PMXEVTYPER_EL0 mask 0
PMXEVCNTR_EL0 mask 0
PMUSERENR_EL0 mask f
PMOVSSET_EL0 set 80000000
PMCCFILTR_EL0 mask f8000000
PMINTENSET_EL1 set 80000000
PMINTENCLR_EL1 clear 80000000
MDCCSR_EL0 mask 0
MDCCINT_EL1 mask 60000000
MDSCR_EL1 mask 70df051
OSDTRRX_EL1 mask ffffffff
OSDTRTX_EL1 mask ffffffff
OSECCR_EL1 mask 0
DBGDTR_EL0 mask 0
DBGDTRTX_EL0 mask 0
MDRAR_EL1 mask 0
OSLSR_EL1 mask 0
OSDLR_EL1 mask 1
DBGPRCR_EL1 mask 1
DBGCLAIMSET_EL1 mask 0
DBGCLAIMCLR_EL1 clear ff
DBGAUTHSTATUS_EL1 mask 0
DBGBCR0_EL1 mask ffe007
DBGBCR1_EL1 mask ffe007
DBGBCR2_EL1 mask ffe007
DBGBCR3_EL1 mask ffe007
DBGBCR4_EL1 mask ffe007
DBGBCR5_EL1 mask ffe007
DBGWVR0_EL1 mask fffffffffffffffc
DBGWCR0_EL1 mask 1f1fffff
DBGWVR1_EL1 mask fffffffffffffffc
DBGWCR1_EL1 mask 1f1fffff
DBGWVR2_EL1 mask fffffffffffffffc
DBGWCR2_EL1 mask 1f1fffff
DBGWVR3_EL1 mask fffffffffffffffc
DBGWCR3_EL1 mask 1f1fffff
VPIDR_EL2 mask ffffffff
SCTLR_EL2 mask 208180f
ACTLR_EL2 mask 0
HCR_EL2 mask 200003ffffffff
MDCR_EL2 mask fff
CPTR_EL2 mask 80000400
HSTR_EL2 mask ffff
HACR_EL2 mask 0
TCR_EL2 mask 77ff3f
VTCR_EL2 mask 6fffff
DACR32_EL2 mask ffffffff
SPSR_EL2 mask ffffffff
SPSR_irq mask ffffffff
SPSR_abt mask ffffffff
SPSR_und mask ffffffff
SPSR_fiq mask ffffffff
IFSR32_EL2 mask ffffffff
AFSR0_EL2 mask 0
AFSR1_EL2 mask 0
ESR_EL2 mask ffffffff
FPEXC32_EL2 mask 0
HPFAR_EL2 mask ffffffff0
AMAIR_EL2 mask 0
VBAR_EL2 mask fffffffffffff800
CNTHCTL_EL2 mask ff
CNTHP_TVAL_EL2 mask ffffffff
CNTHP_CTL_EL2 mask 7
RVBAR_EL1 mask 0
RVBAR_EL2 mask 0
ICC_PMR_EL1 mask f8
ICC_HPPIR0_EL1 mask 0
ICC_BPR0_EL1 values 2 5 7
ICC_AP0R0_EL1 mask ffffffff
ICC_AP1R0_EL1 mask ffffffff
ICC_RPR_EL1 mask 0
ICC_HPPIR1_EL1 mask 0
ICC_BPR1_EL1 values 3 4 7
ICC_CTLR_EL1 mask 3
ICC_SRE_EL1 mask 0
ICC_IGRPEN0_EL1 mask 1
ICC_IGRPEN1_EL1 mask 1
ICC_SRE_EL2 mask 0
ICH_AP0R0_EL2 mask ffffffff
ICH_AP1R0_EL2 mask ffffffff
ICH_HCR_EL2 mask f8007cff
ICH_VTR_EL2 mask 0
ICH_MISR_EL2 mask 0
ICH_EISR_EL2 mask 0
ICH_ELRSR_EL2 mask 0
ICH_VMCR_EL2 mask fffc021f

[pc -cpu max]
eflags mask 3f7fd5
cs mask ffff
ss mask ffff
ds mask ffff
es mask ffff
fs mask ffff
gs mask ffff
fctrl mask 1f3f
fstat values 0 3800 4700 8081
ftag values 5555 ffff ff55
fiseg mask ffff
foseg mask ffff
fop mask 7ff
mxcsr mask ffff
fs_base values 0 7fffffffffff ffff800000000000 5555aaaa
gs_base values 0 7fffffffffff ffff800000000000 5555aaaa
cr0 values 10 40000010 60000030 5003e
cr3 mask ffffffff
cr4 values 0 4 6d8 300
efer values 0 1 801 901
k_gs_base values 0 7fffffffffff ffff800000000000 5555aaaa
lstar values 0 7fffffffffff ffff800000000000
cstar values 0 7fffffffffff ffff800000000000
sfmask values 0 55555555 ffffffff
tsc_aux values 0 55555555 ffffffff
sysenter_cs values 0 8 ffffffff
sysenter_esp values 0 7fffffffffff ffff800000000000
sysenter_eip values 0 7fffffffffff ffff800000000000
pat values 0 7040600070406 606060606060606
apic_base values fee00900 fee00100
misc_enable mask ffffffffffffe77f
ldtr mask 0
tr mask 0
dr6 mask e00f
dr7 mask ffff23ff
