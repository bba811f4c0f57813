#include "tests/frontend/a64_capstone.h"
#include <stddef.h>

#define SIZE  "{30.2:b|h||}"
#define ORDER "{22.2:|l|a|al}"
#define U     "{29.1:s|u}"
#define Q     "{30.1:|2}"

/* An atomic operation that drops the old value has a name of its own. */
#define ATOMIC(op) "ld" op ORDER SIZE " st" op "{22.2:|l||}" SIZE

const CapstoneName a64_capstone_names[] = {
    { "add_imm", "add mov" },
    { "adds_imm", "adds cmn" },
    { "subs_imm", "subs cmp" },
    { "orr_imm", "orr mov" },
    { "ands_imm", "ands tst" },
    { "movn", "movn mov" },
    { "movz", "movz mov" },
    { "sbfm", "sbfm sbfx sbfiz asr sxtb sxth sxtw" },
    { "bfm", "bfm bfxil bfi bfc" },
    { "ubfm", "ubfm ubfx ubfiz lsl lsr uxtb uxth" },
    { "extr", "extr ror" },

    { "b_cond", "b.{0.4:eq|ne|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|al|nv}" },
    { "hint",
      "hint esb psb tsb csdb bti dgh xpaclri pacia1716 pacib1716 autia1716 autib1716 paciaz paciasp pacibz pacibsp "
      "autiaz autiasp autibz autibsp" },
    { "dsb", "dsb ssbb pssbb" },
    { "msr_imm", "msr xaflag axflag" },
    { "cfinv", "cfinv msr" },
    { "sys", "sys at dc ic tlbi cfp dvp cpp" },

    { "stxr", "stxr" SIZE },
    { "stlxr", "stlxr" SIZE },
    { "ldxr", "ldxr" SIZE },
    { "ldaxr", "ldaxr" SIZE },
    { "stllr", "stllr" SIZE },
    { "stlr", "stlr" SIZE },
    { "ldlar", "ldlar" SIZE },
    { "ldar", "ldar" SIZE },
    { "casp", "casp{22.1:|a}{15.1:|l}" },
    { "cas", "cas{22.1:|a}{15.1:|l}" SIZE },
    { "stlur", "stlur" SIZE },
    { "ldapur", "ldapur" SIZE },
    { "ldapurs", "ldapurs{30.2:b|h|w|}" },
    { "stur", "stur" SIZE },
    { "ldur", "ldur" SIZE },
    { "ldurs", "ldurs{30.2:b|h|w|}" },
    { "str_imm_post", "str" SIZE },
    { "ldr_imm_post", "ldr" SIZE },
    { "ldrs_imm_post", "ldrs{30.2:b|h|w|}" },
    { "str_imm_pre", "str" SIZE },
    { "ldr_imm_pre", "ldr" SIZE },
    { "ldrs_imm_pre", "ldrs{30.2:b|h|w|}" },
    { "sttr", "sttr" SIZE },
    { "ldtr", "ldtr" SIZE },
    { "ldtrs", "ldtrs{30.2:b|h|w|}" },
    { "str_reg", "str" SIZE },
    { "ldr_reg", "ldr" SIZE },
    { "ldrs_reg", "ldrs{30.2:b|h|w|}" },
    { "str_imm", "str" SIZE },
    { "ldr_imm", "ldr" SIZE },
    { "ldrs_imm", "ldrs{30.2:b|h|w|}" },
    { "ldadd", ATOMIC("add") },
    { "ldclr", ATOMIC("clr") },
    { "ldeor", ATOMIC("eor") },
    { "ldset", ATOMIC("set") },
    { "ldsmax", ATOMIC("smax") },
    { "ldsmin", ATOMIC("smin") },
    { "ldumax", ATOMIC("umax") },
    { "ldumin", ATOMIC("umin") },
    { "swp", "swp" ORDER SIZE },
    { "ldapr", "ldapr" SIZE },

    { "orr_reg", "orr mov" },
    { "orn_reg", "orn mvn" },
    { "ands_reg", "ands tst" },
    { "adds_reg", "adds cmn" },
    { "sub_reg", "sub neg" },
    { "subs_reg", "subs cmp negs" },
    { "adds_ext", "adds cmn" },
    { "subs_ext", "subs cmp" },
    { "sbc", "sbc ngc" },
    { "sbcs", "sbcs ngcs" },
    { "csinc", "csinc cinc cset" },
    { "csinv", "csinv cinv csetm" },
    { "csneg", "csneg cneg" },
    { "lslv", "lsl" },
    { "lsrv", "lsr" },
    { "asrv", "asr" },
    { "rorv", "ror" },
    { "crc32", "crc32{10.2:b|h|w|x}" },
    { "crc32c", "crc32c{10.2:b|h|w|x}" },
    { "madd", "madd mul" },
    { "msub", "msub mneg" },
    { "maddl", "{23.1:s|u}maddl {23.1:s|u}mull" },
    { "msubl", "{23.1:s|u}msubl {23.1:s|u}mnegl" },
    { "mulh", "{23.1:s|u}mulh" },

    { "cvtf_fix", "{16.1:s|u}cvtf" },
    { "fcvtz_fix", "fcvtz{16.1:s|u}" },
    { "cvtf_gen", "{16.1:s|u}cvtf" },
    { "fcvti_gen", "fcvt{19.2:n|p|m|z}{16.1:s|u} fcvta{16.1:s|u}" },
    { "frint_s", "frint{15.2:n|p|m|z} frinta" },

    { "dup_elt_s", "mov dup" },
    { "qadd_s", U "qadd" },
    { "qsub_s", U "qsub" },
    { "cmgt_s", "{29.1:cmgt|cmhi}" },
    { "cmge_s", "{29.1:cmge|cmhs}" },
    { "shl_reg_s", U "shl" },
    { "qshl_reg_s", U "qshl" },
    { "rshl_reg_s", U "rshl" },
    { "qrshl_reg_s", U "qrshl" },
    { "qacc_s", "{29.1:suqadd|usqadd}" },
    { "qxtn_s", U "qxtn" },
    { "fcvti_s", "fcvt{23.1:n|p}" U " fcvt{23.1:m|z}" U " fcvta" U },
    { "cvtf_s", U "cvtf" },
    { "shr_imm_s", U "shr" },
    { "sra_imm_s", U "sra" },
    { "rshr_imm_s", U "rshr" },
    { "rsra_imm_s", U "rsra" },
    { "qshl_imm_s", U "qshl" },
    { "qshrn_s", U "qshrn" },
    { "qrshrn_s", U "qrshrn" },
    { "cvtf_fix_s", U "cvtf" },
    { "fcvtz_fix_s", "fcvtz" U },

    { "ins_gen", "ins mov" },
    { "ins_elt", "ins mov" },
    { "umov", "umov mov" },
    { "hadd_v", U "hadd" },
    { "qadd_v", U "qadd" },
    { "rhadd_v", U "rhadd" },
    { "hsub_v", U "hsub" },
    { "qsub_v", U "qsub" },
    { "cmgt_v", "{29.1:cmgt|cmhi}" },
    { "cmge_v", "{29.1:cmge|cmhs}" },
    { "shl_reg_v", U "shl" },
    { "qshl_reg_v", U "qshl" },
    { "rshl_reg_v", U "rshl" },
    { "qrshl_reg_v", U "qrshl" },
    { "max_v", U "max" },
    { "min_v", U "min" },
    { "abd_v", U "abd" },
    { "aba_v", U "aba" },
    { "maxp_v", U "maxp" },
    { "minp_v", U "minp" },
    { "orr_v", "orr mov" },
    { "dot_v", U "dot" },

    { "addlp_v", U "addlp" },
    { "adalp_v", U "adalp" },
    { "qacc_v", "{29.1:suqadd|usqadd}" },
    { "not_v", "mvn not" },
    { "xtn_v", "xtn" Q },
    { "sqxtun_v", "sqxtun" Q },
    { "qxtn_v", U "qxtn" Q },
    { "shll_v", "shll" Q },
    { "fcvtn_v", "fcvtn" Q },
    { "fcvtl_v", "fcvtl" Q },
    { "fcvtxn_v", "fcvtxn" Q },
    { "fcvti_v", "fcvt{23.1:n|p}" U " fcvt{23.1:m|z}" U " fcvta" U },
    { "cvtf_v", U "cvtf" },
    { "frint_v", "frint{23.1:n|p} frint{23.1:m|z} frinta" },
    { "addlv", U "addlv" },
    { "maxv", U "maxv" },
    { "minv", U "minv" },

    { "addl_v", U "addl" Q },
    { "addw_v", U "addw" Q },
    { "subl_v", U "subl" Q },
    { "subw_v", U "subw" Q },
    { "addhn_v", "addhn" Q },
    { "raddhn_v", "raddhn" Q },
    { "subhn_v", "subhn" Q },
    { "rsubhn_v", "rsubhn" Q },
    { "abal_v", U "abal" Q },
    { "abdl_v", U "abdl" Q },
    { "mlal_v", U "mlal" Q },
    { "mlsl_v", U "mlsl" Q },
    { "mull_v", U "mull" Q },
    { "sqdmlal_v", "sqdmlal" Q },
    { "sqdmlsl_v", "sqdmlsl" Q },
    { "sqdmull_v", "sqdmull" Q },
    { "pmull_v", "pmull" Q },

    { "movi", "{29.1:movi|mvni} movi" },
    { "shr_imm_v", U "shr" },
    { "sra_imm_v", U "sra" },
    { "rshr_imm_v", U "rshr" },
    { "rsra_imm_v", U "rsra" },
    { "qshl_imm_v", U "qshl" },
    { "shrn_v", "shrn" Q },
    { "rshrn_v", "rshrn" Q },
    { "sqshrun_v", "sqshrun" Q },
    { "sqrshrun_v", "sqrshrun" Q },
    { "qshrn_v", U "qshrn" Q },
    { "qrshrn_v", U "qrshrn" Q },
    { "shll_imm_v", U "shll" Q " " U "xtl" Q },
    { "cvtf_fix_v", U "cvtf" },
    { "fcvtz_fix_v", "fcvtz" U },

    { "mlal_elt", U "mlal" Q },
    { "mlsl_elt", U "mlsl" Q },
    { "mull_elt", U "mull" Q },
    { "sqdmlal_elt", "sqdmlal" Q },
    { "sqdmlsl_elt", "sqdmlsl" Q },
    { "sqdmull_elt", "sqdmull" Q },
    { "dot_elt", U "dot" },
    { NULL, NULL }
};

static bool always(const A64 *i)
{
    return i->word != 0;
}

static bool one_register_twice(const A64 *i)
{
    return i->rt == i->rt2;
}

static bool base_is_loaded(const A64 *i)
{
    return i->rn == i->rt;
}

static bool base_is_in_pair(const A64 *i)
{
    return i->rn == i->rt || i->rn == i->rt2;
}

static bool base_or_twice(const A64 *i)
{
    return base_is_in_pair(i) || one_register_twice(i);
}

static bool ignored_imm5(const A64 *i)
{
    return i->imm5 & (i->imm5 - 1);
}

static bool ignored_imm4(const A64 *i)
{
    return i->imm4 & ((1u << __builtin_ctz(i->imm5)) - 1);
}

#define TWICE "a load of one register twice is CONSTRAINED UNPREDICTABLE"
#define BASE  "write-back to a register that is also transferred is CONSTRAINED UNPREDICTABLE"

const CapstoneGap a64_capstone_gaps[] = {
    { "msr_imm", always, "unallocated PSTATE fields are the handler's business" },
    { "ldxp", one_register_twice, TWICE },
    { "ldaxp", one_register_twice, TWICE },
    { "ldnp", one_register_twice, TWICE },
    { "ldp", one_register_twice, TWICE },
    { "ldpsw", one_register_twice, TWICE },
    { "ldp_post", base_or_twice, TWICE "; " BASE },
    { "ldp_pre", base_or_twice, TWICE "; " BASE },
    { "ldpsw_post", base_or_twice, TWICE "; " BASE },
    { "ldpsw_pre", base_or_twice, TWICE "; " BASE },
    { "stp_post", base_is_in_pair, BASE },
    { "stp_pre", base_is_in_pair, BASE },
    { "ldnp_v", one_register_twice, TWICE },
    { "ldp_v", one_register_twice, TWICE },
    { "ldp_post_v", one_register_twice, TWICE },
    { "ldp_pre_v", one_register_twice, TWICE },
    { "ldr_imm_post", base_is_loaded, BASE },
    { "ldr_imm_pre", base_is_loaded, BASE },
    { "ldrs_imm_post", base_is_loaded, BASE },
    { "ldrs_imm_pre", base_is_loaded, BASE },
    { "ldtr", base_is_loaded, "Capstone takes it for a load with write-back" },
    { "ldtrs", base_is_loaded, "Capstone takes it for a load with write-back" },
    { "dup_gen", ignored_imm5, "Capstone wants bits of imm5 that are ignored to be 0" },
    { "ins_elt", ignored_imm4, "Capstone wants bits of imm4 that are ignored to be 0" },
    { NULL, NULL, NULL },
};

const CapstoneExtra a64_capstone_extras[] = {
    { 0xffd80000, 0xd5000000, "MSR and MRS with an op0 of 0: unallocated" },
    { 0, 1, NULL },
};
