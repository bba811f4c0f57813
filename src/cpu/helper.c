/* What helpers that are built without FP and vector registers ask of the engine: so is this. Translated code calls
 * those with its own values in the registers. */
#include "base/log.h"
#include "cpu/engine.h"

#include <stdarg.h>

uint32_t cpu_lines(const Cpu *cpu)
{
    return cpu->run ? cpu->run->lines : 0;
}

int cpu_number(const Cpu *cpu)
{
    return cpu->run->number;
}

bool cpu_hurries(const Cpu *cpu)
{
    return __atomic_load_n(&cpu->stop, __ATOMIC_RELAXED) && !cpu->run->engine->counting;
}

/* The C library's formatting uses vector registers. FXSAVE: SDM volume 1, 10.5. */
void cpu_log(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    _Alignas(16) char registers[512];
    __asm__ volatile("fxsave64 %0" : "=m"(registers));
    log_args(fmt, args);
    __asm__ volatile("fxrstor64 %0" ::"m"(registers));
    va_end(args);
}
