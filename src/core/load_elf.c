/* ELF programs (System V ABI, chapters 4 and 5). */
#include "core/load.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

bool load_is_elf(const Blob *b)
{
    return b->len >= EI_NIDENT && !memcmp(b->data, ELFMAG, SELFMAG);
}

static const char *machine_name(uint16_t machine)
{
    static const struct {
        uint16_t machine;
        const char *name;
    } known[] = { { EM_386, "x86" },         { EM_X86_64, "x86-64" }, { EM_ARM, "32-bit ARM" },
                  { EM_AARCH64, "AArch64" }, { EM_PPC, "PowerPC" },   { EM_PPC64, "PowerPC64" },
                  { EM_RISCV, "RISC-V" },    { EM_MIPS, "MIPS" },     { EM_S390, "s390" } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].machine == machine)
            return known[i].name;
    return "another machine";
}

static bool check(const char *path, const Blob *b, const Elf64_Ehdr *h, uint16_t machine, Error *err)
{
    if (b->len < sizeof *h)
        return error_set(err, "'%s': the ELF file ends inside its header; fetch or build it again", path);
    if (h->e_machine != machine)
        return error_set(err, "'%s' is for %s, but this machine runs %s; take one built for that", path,
                         machine_name(h->e_machine), machine_name(machine));
    if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB)
        return error_set(err, "'%s' is not a little-endian 64-bit ELF program; build it as one", path);
    if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
        return error_set(err, "'%s' is an ELF object file; link it first", path);
    if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phoff > b->len ||
        (b->len - h->e_phoff) / sizeof(Elf64_Phdr) < h->e_phnum)
        return error_set(err, "'%s': the ELF file is cut short; fetch or build it again", path);
    return true;
}

static bool zero(Space *s, uint64_t at, uint64_t len)
{
    static const uint8_t zeros[4096];
    for (uint64_t n; len; at += n, len -= n) {
        n = len < sizeof zeros ? len : sizeof zeros;
        if (!space_poke(s, at, zeros, n))
            return false;
    }
    return true;
}

static bool load_segment(const char *path, const Blob *b, const Elf64_Phdr *p, Space *s, Error *err)
{
    if (p->p_offset > b->len || b->len - p->p_offset < p->p_filesz || p->p_filesz > p->p_memsz)
        return error_set(err, "'%s': the ELF file is cut short; fetch or build it again", path);
    if (p->p_paddr + p->p_memsz < p->p_paddr || !space_poke(s, p->p_paddr, b->data + p->p_offset, p->p_filesz) ||
        !zero(s, p->p_paddr + p->p_filesz, p->p_memsz - p->p_filesz))
        return error_set(err,
                         "'%s' wants memory at 0x%" PRIx64 "-0x%" PRIx64
                         ", where the machine has none; give it more with -m or link the program elsewhere",
                         path, (uint64_t)p->p_paddr, (uint64_t)(p->p_paddr + p->p_memsz - 1));
    return true;
}

bool load_elf64(const char *path, const Blob *b, uint16_t machine, Space *s, uint64_t *entry, uint64_t *low,
                uint64_t *high, Error *err)
{
    Elf64_Ehdr h = { 0 };
    memcpy(&h, b->data, b->len < sizeof h ? b->len : sizeof h);
    if (!check(path, b, &h, machine, err))
        return false;
    *low = UINT64_MAX;
    *high = 0;
    *entry = h.e_entry;
    for (unsigned i = 0; i < h.e_phnum; i++) {
        Elf64_Phdr p;
        memcpy(&p, b->data + h.e_phoff + i * sizeof p, sizeof p);
        if (p.p_type != PT_LOAD || !p.p_memsz)
            continue;
        if (!load_segment(path, b, &p, s, err))
            return false;
        if (h.e_entry >= p.p_vaddr && h.e_entry - p.p_vaddr < p.p_memsz)
            *entry = p.p_paddr + (h.e_entry - p.p_vaddr); /* caches and MMU are off: it runs at physical addresses */
        *low = p.p_paddr < *low ? p.p_paddr : *low;
        *high = p.p_paddr + p.p_memsz > *high ? p.p_paddr + p.p_memsz : *high;
    }
    return *high || error_set(err, "'%s': the ELF file has nothing to load; link it into a program", path);
}
