/* Single steps and breakpoint registers. */
#include "system.h"

static void set_debug(uint32_t at, uint32_t control)
{
    __asm__ volatile("movl %2, %%dr6; movl %0, %%dr0; movl %1, %%dr7" ::"r"(at), "r"(control), "r"(0));
}

static void go(const char *what, uint32_t flags, const char *code, int length)
{
    uint32_t status;
    for (int n = 0; n < length; n++)
        code_area[n] = (uint8_t)code[n];
    code_area[length] = 0xcd;
    code_area[length + 1] = 0x80;
    frame[0] = (uint32_t)code_area;
    frame[1] = CODE3;
    frame[2] = 0x3002 | flags;
    frame[3] = (uint32_t)stack_top - 12288;
    frame[4] = DATA3;
    frame_words = 5;
    regs.ebx = (uint32_t)&code_area[128];
    regs.esi = (uint32_t)&code_area[160];
    regs.edi = (uint32_t)&code_area[128];
    regs.edx = DATA3;
    regs.eax = 0;
    regs.ecx = 8;
    enter();
    __asm__ volatile("movl %%dr6, %0" : "=r"(status));
    result(what);
    say("  dr6 ");
    say_hex(status, 8);
    say(" cx ");
    say_hex(caught.ecx, 8);
    say("\n");
    set_debug(0, 0);
}
#define GO(what, flags, code) go(what, flags, code, sizeof code - 1)
#define TF                    0x100

void test_debug(void)
{
    uint32_t area = (uint32_t)code_area, data = area + 128;
    set_debug(0, 0);
    GO("step nop", TF, "\x90\x90");
    GO("step mov ss", TF, "\x8e\xd2\x90\x90");
    GO("step pop ss", TF, "\x52\x17\x90\x90");
    GO("step popf", 0, "\x9c\x80\x4c\x24\x01\x01\x9d\x90\x90");
    GO("step popf off", TF, "\x68\x02\x30\0\0\x9d\x90");
    GO("step jump", TF, "\xeb\x02\x90\x90\x90");
    GO("step int", TF, "\xcd\x80\x90");
    GO("step rep", TF, "\xf3\xa4\x90");
    GO("step ud2", TF, "\x0f\x0b");
    GO("step mov ds", TF, "\x8e\xda\x90");
    GO("step pushf", TF, "\x9c\x58\x90");
    set_debug(area + 2, 1);
    GO("break", 0, "\x90\x90\x40\x40");
    set_debug(area, 1);
    GO("break, rf", 0x10000, "\x40\x40");
    set_debug(area + 2, 1);
    GO("break, rf gone", 0x10000, "\x90\x90\x40\x40");
    set_debug(data, 1 | 1 << 16 | 3 << 18); /* 4 bytes written */
    GO("write", 0, "\x89\x03\x40\x40");
    set_debug(data, 1 | 1 << 16 | 3 << 18);
    GO("write not", 0, "\x8b\x03\x40\x40");
    set_debug(data, 1 | 3 << 16 | 3 << 18);
    GO("read", 0, "\x8b\x03\x40\x40");
    set_debug(data, 1 | 1 << 16 | 0 << 18);
    GO("write beside", 0, "\x88\x43\x01\x40");
    set_debug(data + 1, 1 | 1 << 16 | 0 << 18);
    GO("write over", 0, "\x89\x03\x40\x40");
    set_debug(data + 3, 1 | 1 << 16 | 0 << 18);
    GO("write by rep", 0, "\xf3\xa4\x90\x90");
    set_debug(data, 1 << 16 | 3 << 18);
    GO("not enabled", 0, "\x89\x03\x31\xc0");
    set_debug(data, 1 | 1 << 16 | 3 << 18);
    GO("write by call", 0, "\x89\xdc\x83\xc4\x04\xe8\0\0\0\0\x90");
    regs.eax = 1 << 13;
    EXPECT("general detect", 0, "\x0f\x23\xf8\x0f\x21\xf0", 1, 0);
}
