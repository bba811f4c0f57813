/* Z and z: breakpoints and watchpoints. */
#include "monitor/gdb_session.h"

#include <string.h>

enum { Z_SOFTWARE, Z_HARDWARE, Z_WRITE, Z_READ, Z_ACCESS, Z_TYPES };

static bool same(const DebugPoint *a, const DebugPoint *b)
{
    return a->kind == b->kind && a->at == b->at && a->len == b->len && a->phys == b->phys;
}

static int find(const Gdb *g, const DebugPoint *p, uint64_t type)
{
    int k = 0;
    while (k < g->points && !(same(&g->point[k], p) && g->type[k] == type))
        k++;
    return k;
}

/* Set again is set once. */
static bool add(Gdb *g, const DebugPoint *p, uint64_t type)
{
    if (find(g, p, type) < g->points)
        return true;
    if (g->points == DEBUG_POINTS || !debug_add(g->machine, p, NULL))
        return false;
    g->type[g->points] = (uint8_t)type;
    g->point[g->points++] = *p;
    return true;
}

static void drop(Gdb *g, int k)
{
    debug_remove(g->machine, &g->point[k], NULL);
    g->points--;
    memmove(&g->point[k], &g->point[k + 1], (size_t)(g->points - k) * sizeof *g->point);
    memmove(&g->type[k], &g->type[k + 1], (size_t)(g->points - k));
}

/* "TYPE,ADDRESS,KIND": KIND is the length of what is watched, or of an instruction, which does not matter. */
void gdb_point(Gdb *g, const char *at, bool set)
{
    static const DebugKind kinds[Z_TYPES] = { DEBUG_BREAK, DEBUG_BREAK, DEBUG_WRITE, DEBUG_READ, DEBUG_ACCESS };
    uint64_t type, from, len;
    bool good =
        gdb_number(&at, &type) && *at++ == ',' && gdb_number(&at, &from) && *at++ == ',' && gdb_number(&at, &len);
    if (good && type >= Z_TYPES)
        return; /* unknown, not wrong */
    if (!good) {
        gdb_say(g, "E16");
        return;
    }
    DebugPoint p = { .kind = kinds[type], .phys = g->phys, .at = from, .len = type < Z_WRITE ? 0 : len };
    int k = find(g, &p, type);
    if (set && !add(g, &p, type)) {
        gdb_say(g, "E16");
        return;
    }
    if (!set && k < g->points)
        drop(g, k);
    gdb_say(g, "OK");
}

void gdb_points_clear(Gdb *g)
{
    while (g->points)
        drop(g, g->points - 1);
}

/* In the words of a stop reply: "swbreak:;" for those gdb calls software breakpoints. */
const char *gdb_break_kind(const Gdb *g, uint64_t pc)
{
    for (int k = 0; k < g->points; k++)
        if (g->point[k].kind == DEBUG_BREAK && g->point[k].at == pc)
            return g->type[k] == Z_SOFTWARE ? g->swbreak ? "swbreak:;" : "" : g->hwbreak ? "hwbreak:;" : "";
    return "";
}
