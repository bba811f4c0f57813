/* Keys of a VT100 and of Emacs: what people's fingers know. */
#include "monitor/edit.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { CTRL = 0x1f, ESC = 27, DEL = 127, BEGUN = 1, BRACKET = 2 };

static void redraw(Editor *e, Out *o)
{
    out(o, "\r\033[K%s%.*s", e->prompt, (int)e->len, e->line);
    if (e->at < e->len)
        out(o, "\033[%zuD", e->len - e->at);
}

static void insert(Editor *e, const char *text, size_t len, Out *o)
{
    if (e->len + len >= EDIT_LINE)
        return;
    memmove(e->line + e->at + len, e->line + e->at, e->len - e->at);
    memcpy(e->line + e->at, text, len);
    e->len += len;
    e->at += len;
    if (e->at == e->len)
        out(o, "%.*s", (int)len, text);
    else
        redraw(e, o);
}

static void cut(Editor *e, size_t from, size_t to, Out *o)
{
    memmove(e->line + from, e->line + to, e->len - to);
    e->len -= to - from;
    e->at = from;
    redraw(e, o);
}

static void move(Editor *e, size_t at, Out *o)
{
    e->at = at;
    redraw(e, o);
}

static void left(Editor *e, Out *o)
{
    move(e, e->at - (e->at > 0), o);
}

static void right(Editor *e, Out *o)
{
    move(e, e->at + (e->at < e->len), o);
}

static void home(Editor *e, Out *o)
{
    move(e, 0, o);
}

static void end(Editor *e, Out *o)
{
    move(e, e->len, o);
}

static void rub_out(Editor *e, Out *o)
{
    if (e->at)
        cut(e, e->at - 1, e->at, o);
}

static void delete (Editor *e, Out *o)
{
    if (e->at < e->len)
        cut(e, e->at, e->at + 1, o);
}

static void kill_line(Editor *e, Out *o)
{
    cut(e, e->at, e->len, o);
}

static void kill_start(Editor *e, Out *o)
{
    cut(e, 0, e->at, o);
}

static void kill_word(Editor *e, Out *o)
{
    size_t from = e->at;
    while (from && e->line[from - 1] == ' ')
        from--;
    while (from && e->line[from - 1] != ' ')
        from--;
    cut(e, from, e->at, o);
}

static void clear(Editor *e, Out *o)
{
    out(o, "\033[H\033[2J");
    redraw(e, o);
}

static void set(Editor *e, const char *text, Out *o)
{
    e->len = e->at = strlen(text);
    memcpy(e->line, text, e->len);
    redraw(e, o);
}

static void up(Editor *e, Out *o)
{
    if (!e->shown)
        return;
    if (e->shown == e->lines) {
        free(e->draft);
        e->draft = strndup(e->line, e->len);
    }
    set(e, e->history[--e->shown], o);
}

static void down(Editor *e, Out *o)
{
    if (e->shown == e->lines)
        return;
    e->shown++;
    set(e, e->shown == e->lines ? e->draft : e->history[e->shown], o);
}

static void remember(Editor *e)
{
    if (!e->len || (e->lines && !strcmp(e->history[e->lines - 1], e->line)))
        return;
    if (e->lines == EDIT_HISTORY) {
        free(e->history[0]);
        memmove(e->history, e->history + 1, (EDIT_HISTORY - 1) * sizeof *e->history);
        e->lines--;
    }
    e->history[e->lines++] = xstrdup(e->line);
}

/* What all candidates have in common, and their list if that says nothing new. */
typedef struct Matches {
    size_t count, common;
    char *first;
    Out list;
} Matches;

static void match(void *to, const char *word)
{
    Matches *m = to;
    if (!m->count++) {
        m->first = xstrdup(word);
        m->common = strlen(word);
    }
    size_t same = 0;
    while (same < m->common && word[same] == m->first[same])
        same++;
    m->common = same;
    out(&m->list, "%s%s", m->list.len ? "  " : "", word);
}

static void complete(Editor *e, Out *o)
{
    size_t from = e->at;
    while (from && e->line[from - 1] != ' ')
        from--;
    char *line = strndup(e->line, e->at);
    Matches m = { 0 };
    if (e->complete)
        e->complete(e->who, line, match, &m);
    size_t typed = e->at - from;
    if (m.count && m.common > typed)
        insert(e, m.first + typed, m.common - typed, o);
    if (m.count == 1) {
        insert(e, " ", 1, o);
    } else if (m.count > 1 && m.common == typed) {
        out(o, "\n%s\n", m.list.text);
        redraw(e, o);
    }
    free(line);
    free(m.first);
    out_free(&m.list);
}

typedef void KeyFn(Editor *, Out *);
static const struct Key {
    char key;
    KeyFn *fn;
} keys[] = {
    { 'A' & CTRL, home },      { 'B' & CTRL, left },     { 'D' & CTRL, delete }, { 'E' & CTRL, end },
    { 'F' & CTRL, right },     { 'H' & CTRL, rub_out },  { DEL, rub_out },       { '\t', complete },
    { 'K' & CTRL, kill_line }, { 'L' & CTRL, clear },    { 'N' & CTRL, down },   { 'P' & CTRL, up },
    { 'U' & CTRL, kill_start }, { 'W' & CTRL, kill_word },
}, letters[] = { /* ESC [ and these */
    { 'A', up }, { 'B', down }, { 'C', right }, { 'D', left }, { 'H', home }, { 'F', end },
};
static KeyFn *const numbers[] = { [1] = home, [3] = delete, [4] = end, [7] = home, [8] = end }; /* ESC [ N ~ */

static void press(const struct Key *table, size_t rows, Editor *e, char key, Out *o)
{
    for (size_t i = 0; i < rows; i++)
        if (table[i].key == key)
            table[i].fn(e, o);
}

static void escape_key(Editor *e, char key, Out *o)
{
    if (e->escape == BEGUN) {
        e->escape = key == '[' || key == 'O' ? BRACKET : 0;
        e->number = 0;
        return;
    }
    if (key >= '0' && key <= '9') {
        e->number = (e->number * 10 + key - '0') % 100;
        return;
    }
    e->escape = 0;
    if (key == '~' && e->number < (int)(sizeof numbers / sizeof *numbers) && numbers[e->number])
        numbers[e->number](e, o);
    press(letters, sizeof letters / sizeof *letters, e, key, o);
}

bool edit_key(Editor *e, char key, Out *o)
{
    bool feed = key == '\n' && e->after_return;
    e->after_return = key == '\r';
    if (e->escape)
        return escape_key(e, key, o), false;
    if (key == ESC)
        return e->escape = BEGUN, false;
    if (feed)
        return false;
    if (key == '\r' || key == '\n') {
        out(o, "\n");
        e->line[e->len] = 0;
        remember(e);
        return true;
    }
    if ((unsigned char)key >= ' ' && key != DEL)
        insert(e, &key, 1, o);
    else
        press(keys, sizeof keys / sizeof *keys, e, key, o);
    return false;
}

void edit_prompt(Editor *e, Out *o)
{
    e->len = e->at = 0;
    e->shown = e->lines;
    e->escape = 0;
    out(o, "%s", e->prompt);
}

void edit_free(Editor *e)
{
    for (int i = 0; i < e->lines; i++)
        free(e->history[i]);
    free(e->draft);
}
