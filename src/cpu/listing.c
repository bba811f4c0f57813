/* -d in_asm,op,op_opt,out_asm: what went into a unit and what came out. Capstone reads the instructions. */
#include "config.h"
#include "cpu/engine.h"
#include "cpu/report.h"

#include "base/log.h"

#include <string.h>
#if HAVE_CAPSTONE
#include <capstone/capstone.h>
#endif

void listing_ir(const char *title, const Ir *ir)
{
    Out o = { 0 };
    out(&o, "%s\n", title);
    ir_print(ir, &o);
    out(&o, "\n");
    log_text(o.text);
    out_free(&o);
}

static void words(Out *o, const uint8_t *code, size_t size, uint64_t pc)
{
    for (size_t k = 0; k + 4 <= size; k += 4) {
        uint32_t word;
        memcpy(&word, code + k, 4);
        out(o, "0x%08llx:  .word 0x%08x\n", (unsigned long long)(pc + k), word);
    }
}

static void disassemble(Out *o, int arch, int mode, const uint8_t *code, size_t size, uint64_t pc)
{
#if HAVE_CAPSTONE
    csh handle;
    if (cs_open((cs_arch)arch, (cs_mode)mode, &handle) == CS_ERR_OK) {
        cs_insn *insn;
        while (size) {
            size_t n = cs_disasm(handle, code, size, pc, 0, &insn), used = 0;
            for (size_t k = 0; k < n; k++) {
                out(o, "0x%08llx:  %-8s %s\n", (unsigned long long)insn[k].address, insn[k].mnemonic, insn[k].op_str);
                used += insn[k].size;
            }
            if (n)
                cs_free(insn, n);
            if (used == size)
                break;
            words(o, code + used, size - used < 4 ? 0 : 4, pc + used); /* unknown to this Capstone */
            used += 4;
            if (used >= size)
                break;
            code += used, pc += used, size -= used;
        }
        cs_close(&handle);
        return;
    }
#endif
    (void)arch, (void)mode;
    words(o, code, size, pc);
}

void listing_unit(Cpu *cpu, const Unit *u, const uint8_t *code)
{
    Out o = { 0 };
    int arch = 0, mode = 0;
    const Guest *g = cpu->run->guest;
    if (log_on(LOG_IN_ASM)) {
        out(&o, "IN: pc %016llx, mode %llx, %u instructions\n", (unsigned long long)u->pc, (unsigned long long)u->mode,
            u->guest_insns);
        if (g->disassembler)
            g->disassembler(cpu, &arch, &mode);
        disassemble(&o, arch, mode, code, u->guest_bytes, u->pc);
        out(&o, "\n");
    }
    if (log_on(LOG_OP_OPT)) {
        out(&o, "OP after the passes:\n");
        ir_print(cpu->run->ir, &o);
        out(&o, "\n");
    }
    if (log_on(LOG_OUT_ASM)) {
        out(&o, "OUT: %u bytes\n", u->code_size);
        disassemble(&o, 3, 8, u->code, u->code_size, (uint64_t)(uintptr_t)u->code); /* CS_ARCH_X86, CS_MODE_64 */
        out(&o, "\n");
    }
    if (o.text)
        log_text(o.text);
    out_free(&o);
}

#if HAVE_CAPSTONE
/* The first instruction; 0: Capstone does not know it. */
static size_t one(csh handle, const uint8_t *code, size_t size, uint64_t pc, Out *o)
{
    cs_insn *insn;
    if (!cs_disasm(handle, code, size, pc, 1, &insn))
        return 0;
    out(o, "0x%08llx:  %-8s %s\n", (unsigned long long)pc, insn->mnemonic, insn->op_str);
    size_t used = insn->size;
    cs_free(insn, 1);
    return used;
}
#endif

size_t report_instructions(Cpu *cpu, const uint8_t *code, size_t size, uint64_t pc, int count, Out *o)
{
    const Guest *g = cpu->run->guest;
    int arch = 0, mode = 0;
    size_t at = 0, unit = (size_t)1 << g->pc_shift;
#if HAVE_CAPSTONE
    csh handle;
    if (g->disassembler && g->disassembler(cpu, &arch, &mode) &&
        cs_open((cs_arch)arch, (cs_mode)mode, &handle) == CS_ERR_OK) {
        for (; count && size - at >= unit; count--) {
            size_t used = one(handle, code + at, size - at, pc + at, o);
            if (!used) {
                uint32_t word = 0;
                memcpy(&word, code + at, unit < 4 ? unit : 4);
                out(o, "0x%08llx:  .%s 0x%0*x\n", (unsigned long long)(pc + at), unit < 4 ? "byte" : "word",
                    (int)unit * 2, word);
                used = unit;
            }
            at += used;
        }
        cs_close(&handle);
        return at;
    }
#endif
    (void)arch, (void)mode;
    for (; count && size - at >= unit; count--, at += unit)
        words(o, code + at, unit < 4 ? 4 : unit, pc + at);
    return at;
}
