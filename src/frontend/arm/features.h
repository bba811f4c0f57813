/* What an Arm CPU model may have or lack: the last column of a64.isa, and what only system registers and exceptions
 * look at. */
#pragma once

/* clang-format off */
#define ARM_FEATURES(F) \
    F(v8) F(lse) F(lor) F(crc) F(rdm) F(dp) F(fp16) F(lrcpc) F(lrcpc2) F(flagm) F(flagm2) F(aes) F(sha) F(pmull) \
    F(sha512) F(sha3) F(jscvt) F(fcma) F(fhm) F(pan) F(uao) F(dpb) F(hafdbs) F(vmid16) F(csv3) F(e0pd) F(sb) F(specres) \
    F(dit) F(ssbs) F(bti) F(pauth) F(rng) F(lse2) F(frint) F(sve) F(i8mm) F(bf16) F(dgh) F(ttst) F(tgran16) \
    F(tgran64) F(el2) F(rme) F(a5x) F(csv2_3)
/* clang-format on */
typedef enum ArmFeature {
#define F(name) ARM_##name,
    ARM_FEATURES(F)
#undef F
} ArmFeature;
