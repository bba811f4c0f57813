/* dump-guest-memory: an ELF core file of the machine (ELF-64 Object File Format; Linux, include/uapi/linux/elfcore.h).
 * Each stretch of RAM is in it once; with paging, program headers say where the chosen CPU's tables map it. */
#include "base/alloc.h"
#include "core/machine.h"
#include "cpu/guest.h"
#include "cpu/inspect.h"
#include "monitor/command.h"
#include "monitor/register.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 1 << 16, WALKS = 1 << 21, PRSTATUS_REGS = 112, PRSTATUS_PID = 32, PRSTATUS_END = 8 };

typedef struct Stretch { /* of RAM */
    uint64_t at, size, offset;
} Stretch;

typedef struct Dump {
    Ask *ask;
    int fd;
    Stretch *ram;
    Elf64_Phdr *header;
    uint8_t *notes;
    size_t rams, headers, notes_len;
    uint64_t total, completed;
} Dump;

/* The last one, for query-dump. */
static struct {
    const char *status;
    uint64_t total, completed;
} last = { "none", 0, 0 };

static bool failed(Dump *d, const char *what)
{
    return ask_fail(d->ask, "dump: %s: %s", what, strerror(errno));
}

/* ---- what goes into it ---- */

static void add_stretch(Dump *d, uint64_t at, uint64_t size)
{
    Stretch *before = d->rams ? &d->ram[d->rams - 1] : NULL;
    d->total += size;
    if (before && before->at + before->size == at) {
        before->size += size;
        return;
    }
    d->ram = xrealloc(d->ram, (d->rams + 1) * sizeof *d->ram);
    d->ram[d->rams++] = (Stretch){ at, size, 0 };
}

/* RAM between two addresses. */
static void find_ram(Dump *d, uint64_t begin, uint64_t end)
{
    Flat f;
    for (uint64_t at = begin; at < end && space_next(d->ask->machine->memory, at, &f) && f.at < end;) {
        uint64_t from = f.at > begin ? f.at : begin, stop = f.at + f.size < end ? f.at + f.size : end;
        if (f.region->ram && !f.region->readonly && stop > from)
            add_stretch(d, from, stop - from);
        at = f.at + f.size;
    }
}

static void add_header(Dump *d, Elf64_Phdr h)
{
    if (!(d->headers & (d->headers - 1)))
        d->header = xrealloc(d->header, (d->headers ? d->headers * 2 : 1) * sizeof *d->header);
    d->header[d->headers++] = h;
}

static const Stretch *stretch_of(const Dump *d, uint64_t phys)
{
    for (size_t i = 0; i < d->rams; i++)
        if (phys - d->ram[i].at < d->ram[i].size)
            return &d->ram[i];
    return NULL;
}

/* RAM that is mapped: goes on where the header before ends, in both spaces. */
static void add_load(Dump *d, uint64_t at, uint64_t phys, uint64_t size, uint32_t flags, size_t first)
{
    Elf64_Phdr *before = d->headers > first ? &d->header[d->headers - 1] : NULL;
    if (before && before->p_vaddr + before->p_memsz == at && before->p_paddr + before->p_memsz == phys &&
        before->p_flags == flags) {
        before->p_memsz = before->p_filesz += size;
        return;
    }
    add_header(d, (Elf64_Phdr){ .p_type = PT_LOAD,
                                .p_flags = flags,
                                .p_offset = phys,
                                .p_vaddr = at,
                                .p_paddr = phys,
                                .p_filesz = size,
                                .p_memsz = size });
}

/* What of a mapping is RAM; devices' windows are left out. */
static void add_mapping(Dump *d, const InspectMap *m, size_t first)
{
    uint32_t flags =
        (m->prot & PROT_LOAD ? PF_R : 0u) | (m->prot & PROT_STORE ? PF_W : 0u) | (m->prot & PROT_FETCH ? PF_X : 0u);
    uint64_t top = m->phys + m->size - 1;
    for (const Stretch *s = d->ram; s < d->ram + d->rams; s++) {
        uint64_t from = s->at > m->phys ? s->at : m->phys, end = s->at + s->size - 1 < top ? s->at + s->size - 1 : top;
        if (from <= end)
            add_load(d, m->at + (from - m->phys), from, end - from + 1, flags, first);
    }
}

static void add_mappings(Dump *d, Cpu *cpu)
{
    size_t first = d->headers;
    uint64_t at = 0;
    int left = WALKS; /* tables that refer to one another could keep us for ever */
    do {
        InspectMap m = inspect_map(cpu, at);
        if (m.prot)
            add_mapping(d, &m, first);
        at += m.size;
    } while (at && --left);
}

/* Without paging a virtual address is the physical one. */
static void add_physical(Dump *d)
{
    for (size_t i = 0; i < d->rams; i++)
        add_header(d, (Elf64_Phdr){ .p_type = PT_LOAD,
                                    .p_flags = PF_R | PF_W | PF_X,
                                    .p_offset = d->ram[i].at,
                                    .p_vaddr = d->ram[i].at,
                                    .p_paddr = d->ram[i].at,
                                    .p_filesz = d->ram[i].size,
                                    .p_memsz = d->ram[i].size });
}

static void add_bytes(Dump *d, const void *bytes, size_t len)
{
    d->notes = xrealloc(d->notes, d->notes_len + len);
    memcpy(d->notes + d->notes_len, bytes, len);
    d->notes_len += len;
}

/* A note NT_PRSTATUS: struct elf_prstatus, of which a machine's CPU has a number and registers. */
static void add_note(Dump *d, Cpu *cpu, const char *const *regs)
{
    size_t count = 0;
    while (regs[count])
        count++;
    uint32_t size = (uint32_t)(PRSTATUS_REGS + count * 8 + PRSTATUS_END), pid = (uint32_t)cpu_number(cpu) + 1;
    Elf64_Nhdr n = { .n_namesz = 5, .n_descsz = size, .n_type = NT_PRSTATUS };
    uint8_t *status = xalloc(size);
    memcpy(status + PRSTATUS_PID, &pid, sizeof pid);
    for (size_t i = 0; i < count; i++) {
        V128 v = { 0, 0 };
        if (*regs[i])
            inspect_named(cpu, regs[i], &v);
        memcpy(status + PRSTATUS_REGS + 8 * i, &v.lo, 8);
    }
    add_bytes(d, &n, sizeof n);
    add_bytes(d, "CORE\0\0\0", 8);
    add_bytes(d, status, size);
    free(status);
}

/* ---- writing ---- */

static bool put(Dump *d, const void *bytes, size_t len)
{
    for (ssize_t n; len; bytes = (const char *)bytes + n, len -= (size_t)n) {
        n = write(d->fd, bytes, len);
        if (n < 0 && errno == EINTR)
            n = 0;
        else if (n <= 0)
            return failed(d, "write");
    }
    return true;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    return !*bytes && !memcmp(bytes, bytes + 1, len - 1);
}

/* Zeros are a hole in the file, where it can have one. */
static bool put_ram(Dump *d, const Stretch *s)
{
    uint8_t *piece = xalloc(PIECE);
    bool ok = true;
    for (uint64_t done = 0; done < s->size && ok;) {
        size_t n = s->size - done < PIECE ? (size_t)(s->size - done) : PIECE;
        memset(piece, 0, n);
        space_read(d->ask->machine->memory, s->at + done, piece, n);
        ok = (is_zero(piece, n) && lseek(d->fd, (off_t)n, SEEK_CUR) >= 0) || put(d, piece, n);
        done += n;
        d->completed += n;
    }
    free(piece);
    return ok;
}

/* p_offset held the physical address until it was known where in the file that is. */
static void place(Dump *d, uint64_t at)
{
    for (size_t i = 0; i < d->rams; i++) {
        d->ram[i].offset = at;
        at += d->ram[i].size;
    }
    for (size_t i = 1; i < d->headers; i++) {
        const Stretch *s = stretch_of(d, d->header[i].p_paddr);
        d->header[i].p_offset = s->offset + (d->header[i].p_paddr - s->at);
    }
}

/* More program headers than e_phnum can say are counted by the first section header. */
static bool put_heads(Dump *d, uint16_t machine)
{
    bool many = d->headers >= PN_XNUM;
    uint64_t at = sizeof(Elf64_Ehdr) + d->headers * sizeof(Elf64_Phdr) + (many ? sizeof(Elf64_Shdr) : 0);
    Elf64_Ehdr e = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
                     .e_type = ET_CORE,
                     .e_machine = machine,
                     .e_version = EV_CURRENT,
                     .e_phoff = sizeof e,
                     .e_ehsize = sizeof e,
                     .e_phentsize = sizeof(Elf64_Phdr),
                     .e_phnum = many ? PN_XNUM : (uint16_t)d->headers };
    Elf64_Shdr counts = { .sh_type = SHT_NULL, .sh_info = (uint32_t)d->headers };
    if (many) {
        e.e_shoff = at - sizeof counts;
        e.e_shentsize = sizeof counts;
        e.e_shnum = 1;
    }
    d->header[0] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = at, .p_filesz = d->notes_len };
    place(d, at + d->notes_len);
    return put(d, &e, sizeof e) && put(d, d->header, d->headers * sizeof *d->header) &&
           (!many || put(d, &counts, sizeof counts)) && put(d, d->notes, d->notes_len);
}

static bool put_all(Dump *d, uint16_t machine)
{
    bool ok = put_heads(d, machine);
    for (size_t i = 0; i < d->rams && ok; i++)
        ok = put_ram(d, &d->ram[i]);
    off_t end = ok ? lseek(d->fd, 0, SEEK_CUR) : 0;
    return ok && (end < 0 || !ftruncate(d->fd, end) || failed(d, "ftruncate")); /* it may end in a hole */
}

/* ---- the command ---- */

static void finish(Dump *d, bool ok)
{
    last.status = ok ? "completed" : "failed";
    last.total = d->total;
    last.completed = d->completed;
    json_t *result = json_pack("{s:I,s:s,s:I}", "total", (json_int_t)d->total, "status", last.status, "completed",
                               (json_int_t)d->completed);
    monitor_event(d->ask->monitors, MONITOR_DUMP, json_pack("{s:o}", "result", result));
    free(d->ram);
    free(d->header);
    free(d->notes);
}

static bool dump(Ask *a, const char *path, bool paging, uint64_t begin, uint64_t end)
{
    Dump d = { .ask = a };
    uint16_t machine = 0;
    Cpu *cpu = asked_cpu(a, a->err);
    const char *const *regs = cpu ? inspect_core(cpu, &machine) : NULL;
    if (!cpu)
        return false;
    if (!regs)
        return ask_fail(a, "there is no core file of this architecture");
    find_ram(&d, begin, end);
    if (!d.rams)
        return ask_fail(a, "Invalid parameter 'begin': there is no memory");
    d.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (d.fd < 0) {
        free(d.ram);
        return ask_fail(a, "Could not open '%s': %s", path, strerror(errno));
    }
    add_header(&d, (Elf64_Phdr){ .p_type = PT_NOTE });
    paging ? add_mappings(&d, cpu) : add_physical(&d);
    for (int i = 0; i < a->machine->config->cpus && a->machine->cpu[i]; i++)
        add_note(&d, a->machine->cpu[i], regs);
    bool ok = put_all(&d, machine);
    if (close(d.fd) && ok)
        ok = failed(&d, "close");
    finish(&d, ok);
    return ok;
}

static bool in_range(Ask *a, const char *path, bool paging)
{
    bool begins = json_object_get(a->args, "begin"), has_length = json_object_get(a->args, "length");
    uint64_t begin = (uint64_t)ask_int(a, "begin", 0), length = (uint64_t)ask_int(a, "length", 0);
    if (begins != has_length)
        return ask_fail(a, "Parameter '%s' is missing", begins ? "length" : "begin");
    if (begins && paging)
        return ask_fail(a, "cannot filter memory when paging is on: choose 'paging', or 'begin' and 'length'");
    if (begins && (!length || begin + length < begin))
        return ask_fail(a, "Parameter 'length' expects a size above 0");
    return dump(a, path, paging, begin, begins ? begin + length : UINT64_MAX);
}

static json_t *dump_json(Ask *a)
{
    const char *protocol = ask_text(a, "protocol"), *format = ask_text(a, "format");
    if (strncmp(protocol, "file:", 5))
        return ask_fail(a, "protocol: this version writes to files: file:PATH");
    if (format && strcmp(format, "elf"))
        return ask_fail(a, "format: this version writes ELF only");
    return in_range(a, protocol + 5, ask_bool(a, "paging")) ? json_object() : NULL;
}

static bool dump_line(Ask *a, Out *o)
{
    (void)o;
    return in_range(a, ask_text(a, "filename"), ask_bool(a, "paging"));
}

static json_t *query(Ask *a)
{
    (void)a;
    return json_pack("{s:s,s:I,s:I}", "status", last.status, "completed", (json_int_t)last.completed, "total",
                     (json_int_t)last.total);
}

static json_t *capability(Ask *a)
{
    (void)a;
    return json_pack("{s:[s]}", "formats", "elf");
}

extern const Command dump_commands[];
const Command dump_commands[] = {
    { "dump-guest-memory", NULL,
      "paging:bool protocol:str detach?:bool begin?:int length?:int "
      "format?:elf|kdump-zlib|kdump-lzo|kdump-snappy|win-dmp",
      NULL, "write the machine's memory and registers to an ELF core file", dump_json, .still = true },
    { NULL, "dump-guest-memory", "paging?:-p filename:str begin?:int length?:int", NULL,
      "write memory and registers to an ELF core file; -p: at the addresses that the chosen CPU maps it to",
      .show = dump_line, .still = true },
    { "query-dump", NULL, NULL, "{status:none|active|completed|failed completed:int total:int}", "how a dump goes",
      query },
    { "query-dump-guest-memory-capability", NULL, NULL, "{formats:[str]}", "formats of dumps", capability },
    { 0 },
};
