/* What a kernel gets beside its command line: -initrd. */
#include "base/alloc.h"
#include "machines/pc.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096 };

static bool add(PcModules *m, const char *line, const char *path, uint64_t most, Error *err)
{
    Blob b;
    size_t at = (m->bytes.len + PAGE - 1) & ~(size_t)(PAGE - 1);
    if (!load_file("initrd", path, most > at ? most - at : 0, &b, err))
        return false;
    m->bytes.data = xrealloc(m->bytes.data, at + b.len);
    memset(m->bytes.data + m->bytes.len, 0, at - m->bytes.len);
    memcpy(m->bytes.data + at, b.data, b.len);
    m->bytes.len = at + b.len;
    m->of[m->count].start = (uint32_t)at;
    m->of[m->count].end = (uint32_t)(at + b.len);
    m->of[m->count++].line = xstrdup(line);
    blob_free(&b);
    return true;
}

/* Up to the next comma that is not written twice; `text` goes behind it, or becomes NULL. */
static char *cut(const char **text)
{
    char *line = xstrdup(*text), *to = line;
    const char *from = *text;
    for (; *from && (*from != ',' || from[1] == ','); from++) {
        from += *from == ',';
        *to++ = *from;
    }
    *to = 0;
    *text = *from ? from + 1 : NULL;
    return line;
}

static bool add_each(PcModules *m, const char *text, uint64_t most, Error *err)
{
    bool ok = true;
    while (text && ok) {
        char *line = cut(&text), *path = xstrdup(line);
        path[strcspn(path, " ")] = 0;
        ok = m->count < PC_MODULES ? add(m, line, path, most, err)
                                   : error_set(err, "-initrd names more than %d files", PC_MODULES);
        free(path);
        free(line);
    }
    return ok;
}

bool pc_modules_load(PcModules *m, const MachineConfig *c, bool several, uint64_t most, Error *err)
{
    const char *path = c->initrd;
    *m = (PcModules){ 0 };
    if (!path || (several ? add_each(m, path, most, err) : add(m, path, path, most, err)))
        return true;
    pc_modules_free(m);
    return false;
}

void pc_modules_free(PcModules *m)
{
    for (unsigned n = 0; n < m->count; n++)
        free(m->of[n].line);
    blob_free(&m->bytes);
    *m = (PcModules){ 0 };
}
