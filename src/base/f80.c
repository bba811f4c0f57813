#include "base/f80.h"

#include <stddef.h>

_Static_assert(offsetof(F80Image, st) == 28 && sizeof(F80Image) == 108, "as the hardware has it");

/* Every instruction of the unit, followed by a return: for each first byte the 64 of registers, then the eight with a
 * memory operand at rdi. Four bytes each. */
enum { REGISTER_FORMS = 64, FORMS = REGISTER_FORMS + 8, FORM_BYTES = 4 };
extern const uint8_t f80_forms[];
__asm__(".text\n"
        ".p2align 4\n"
        ".hidden f80_forms\n"
        ".globl f80_forms\n"
        "f80_forms:\n"
        ".set f80_first, 0xd8\n"
        ".rept 8\n"
        "  .set f80_modrm, 0xc0\n"
        "  .rept 64\n"
        "    .byte f80_first, f80_modrm, 0xc3, 0x90\n"
        "    .set f80_modrm, f80_modrm + 1\n"
        "  .endr\n"
        "  .set f80_modrm, 7\n"
        "  .rept 8\n"
        "    .byte f80_first, f80_modrm, 0xc3, 0x90\n"
        "    .set f80_modrm, f80_modrm + 8\n"
        "  .endr\n"
        "  .set f80_first, f80_first + 1\n"
        ".endr\n");

/* (image, form, memory, flags << 8): only instructions that do not wait may follow the one that is run. */
uint32_t f80_run(F80Image *, const uint8_t *form, void *memory, uint32_t flags);
__asm__(".text\n"
        ".p2align 4\n"
        ".hidden f80_run\n"
        ".globl f80_run\n"
        ".type f80_run, @function\n"
        "f80_run:\n"
        "  mov %rdi, %r8\n"
        "  mov %rdx, %rdi\n"
        "  frstor (%r8)\n"
        "  mov %ecx, %eax\n"
        "  sahf\n"
        "  call *%rsi\n"
        "  lahf\n"
        "  fnsave (%r8)\n"
        "  movzbl %ah, %eax\n"
        "  ret\n"
        ".size f80_run, . - f80_run\n");

uint32_t f80_execute(F80Image *image, unsigned insn, void *memory, uint32_t flags)
{
    unsigned modrm = insn & 0xff, form = modrm >= 0xc0 ? modrm - 0xc0 : REGISTER_FORMS + (modrm >> 3 & 7);
    return f80_run(image, f80_forms + ((insn >> 8 & 7) * FORMS + form) * FORM_BYTES, memory, flags << 8);
}

void f80_reset(uint16_t control)
{
    __asm__ volatile("fnclex\n\tfldcw %0" ::"m"(control));
}
