/* Keys of a VT100 and of Emacs: what people's fingers know. */
#include "monitor/edit.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { CTRL = 0x1f, ESC = 27, DEL = 127, BEGUN = 1, BRACKET = 2 };

enum { COLUMNS = 79, LEAST = 20 }; /* of a terminal; nobody tells how wide it is */

static size_t room_for_line(const Editor *e)
{
    size_t prompt = strlen(e->prompt);
    return prompt + LEAST < COLUMNS ? COLUMNS - prompt : LEAST;
}

/* Of a line that is too long for one of the terminal's, a part with the cursor in it, which moves by halves. */
static void redraw(Editor *e, Out *o)
{
    size_t room = room_for_line(e), from = e->at < room ? 0 : ((e->at - room) / (room / 2) + 1) * (room / 2);
    size_t shown = e->len - from < room ? e->len - from : room;
    out(o, "\r\033[K%s%.*s", e->prompt, (int)shown, e->line + from);
    if (e->at < from + shown)
        out(o, "\033[%zuD", from + shown - e->at);
}

static void insert(Editor *e, const char *text, size_t len, Out *o)
{
    if (e->len + len >= EDIT_LINE)
        return;
    memmove(e->line + e->at + len, e->line + e->at, e->len - e->at);
    memcpy(e->line + e->at, text, len);
    e->len += len;
    e->at += len;
    if (e->at == e->len && e->len < room_for_line(e))
        out(o, "%.*s", (int)len, text);
    else
        redraw(e, o);
}

static void cut(Editor *e, size_t from, size_t to, Out *o)
{
    if (to > from + 1) { /* more than a letter can come back */
        free(e->cut);
        e->cut = strndup(e->line + from, to - from);
    }
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

static size_t word_before(const Editor *e)
{
    size_t at = e->at;
    while (at && e->line[at - 1] == ' ')
        at--;
    while (at && e->line[at - 1] != ' ')
        at--;
    return at;
}

static size_t word_behind(const Editor *e)
{
    size_t at = e->at;
    while (at < e->len && e->line[at] == ' ')
        at++;
    while (at < e->len && e->line[at] != ' ')
        at++;
    return at;
}

static void kill_word(Editor *e, Out *o)
{
    cut(e, word_before(e), e->at, o);
}

static void kill_next_word(Editor *e, Out *o)
{
    cut(e, e->at, word_behind(e), o);
}

static void word_left(Editor *e, Out *o)
{
    move(e, word_before(e), o);
}

static void word_right(Editor *e, Out *o)
{
    move(e, word_behind(e), o);
}

static void yank(Editor *e, Out *o)
{
    if (e->cut)
        insert(e, e->cut, strlen(e->cut), o);
}

/* The letter under the cursor and the one before change places; at the end the last two. */
static void transpose(Editor *e, Out *o)
{
    size_t at = e->at < e->len ? e->at : e->len - (e->len > 0);
    if (!at || e->len < 2)
        return;
    char c = e->line[at];
    e->line[at] = e->line[at - 1];
    e->line[at - 1] = c;
    move(e, at + 1, o);
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

static void keep_draft(Editor *e)
{
    if (e->shown == e->lines) {
        free(e->draft);
        e->draft = strndup(e->line, e->len);
    }
}

static void up(Editor *e, Out *o)
{
    if (!e->shown)
        return;
    keep_draft(e);
    set(e, e->history[--e->shown], o);
}

static void down(Editor *e, Out *o)
{
    if (e->shown == e->lines)
        return;
    e->shown++;
    set(e, e->shown == e->lines ? e->draft : e->history[e->shown], o);
}

/* ---- searching the history ---- */

static void show_search(const Editor *e, Out *o)
{
    out(o, "\r\033[K(%sreverse-i-search)`%.*s': %.*s", e->found < 0 ? "failed " : "", (int)e->pattern_len, e->pattern,
        (int)e->len, e->line);
}

/* The next older line that has the pattern, from that one on. */
static void find(Editor *e, int from, Out *o)
{
    char pattern[EDIT_PATTERN + 1];
    memcpy(pattern, e->pattern, e->pattern_len);
    pattern[e->pattern_len] = 0;
    while (from >= 0 && !strstr(e->history[from], pattern))
        from--;
    e->found = from;
    if (from >= 0 && e->pattern_len) {
        e->shown = from;
        e->len = strlen(e->history[from]);
        memcpy(e->line, e->history[from], e->len);
        const char *at = strstr(e->history[from], pattern);
        e->at = (size_t)(at - e->history[from]);
    }
    show_search(e, o);
}

static void search(Editor *e, Out *o)
{
    keep_draft(e);
    e->searches = true;
    e->pattern_len = 0;
    e->found = e->lines - 1;
    show_search(e, o);
}

static void give_up(Editor *e, Out *o)
{
    e->searches = false;
    e->shown = e->lines;
    set(e, e->draft ? e->draft : "", o);
}

/* false: the search is over, and the key is for the line that was found. */
static bool search_key(Editor *e, char key, Out *o)
{
    bool rubs = key == DEL || key == ('H' & CTRL), types = (unsigned char)key >= ' ' && key != DEL;
    if (key == ('R' & CTRL)) {
        find(e, e->found < 0 ? -1 : e->found - (e->pattern_len > 0), o);
    } else if (key == ('G' & CTRL)) {
        give_up(e, o);
    } else if (rubs && e->pattern_len) {
        e->pattern_len--;
        find(e, e->lines - 1, o);
    } else if (types && e->pattern_len < EDIT_PATTERN) {
        e->pattern[e->pattern_len++] = key;
        find(e, e->found < 0 ? -1 : e->found, o);
    } else {
        e->searches = false;
        redraw(e, o);
    }
    return e->searches || key == ('G' & CTRL);
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
    { 'A' & CTRL, home },       { 'B' & CTRL, left },      { 'D' & CTRL, delete }, { 'E' & CTRL, end },
    { 'F' & CTRL, right },      { 'H' & CTRL, rub_out },   { DEL, rub_out },       { '\t', complete },
    { 'K' & CTRL, kill_line },  { 'L' & CTRL, clear },     { 'N' & CTRL, down },   { 'P' & CTRL, up },
    { 'R' & CTRL, search },     { 'T' & CTRL, transpose }, { 'Y' & CTRL, yank },   { 'U' & CTRL, kill_start },
    { 'W' & CTRL, kill_word },
}, metas[] = { /* ESC and these */
    { 'b', word_left }, { 'f', word_right }, { 'd', kill_next_word }, { DEL, kill_word },
}, letters[] = { /* ESC [ and these */
    { 'A', up }, { 'B', down }, { 'C', right }, { 'D', left }, { 'H', home }, { 'F', end },
}, held[] = { /* the same with Ctrl or Alt */
    { 'C', word_right }, { 'D', word_left },
};
static KeyFn *const numbers[] = { [1] = home, [3] = delete, [4] = end, [7] = home, [8] = end }; /* ESC [ N ~ */

static void press(const struct Key *table, size_t rows, Editor *e, char key, Out *o)
{
    for (size_t i = 0; i < rows; i++)
        if (table[i].key == key)
            table[i].fn(e, o);
}

#define PRESS(table, e, key, o) press(table, sizeof(table) / sizeof *(table), e, key, o)

static void begin_escape(Editor *e, char key, Out *o)
{
    e->escape = key == '[' || key == 'O' ? BRACKET : 0;
    e->number = e->modifier = 0;
    if (!e->escape)
        PRESS(metas, e, key, o);
}

static void escape_key(Editor *e, char key, Out *o)
{
    if (e->escape == BEGUN) {
        begin_escape(e, key, o);
    } else if (key >= '0' && key <= '9') {
        e->number = (e->number * 10 + key - '0') % 100;
    } else if (key == ';') {
        e->modifier = 1;
        e->number = 0;
    } else {
        e->escape = 0;
        if (key == '~' && e->number < (int)(sizeof numbers / sizeof *numbers) && numbers[e->number])
            numbers[e->number](e, o);
        else if (e->modifier && e->number > 2) /* 2 is Shift */
            PRESS(held, e, key, o);
        else
            PRESS(letters, e, key, o);
    }
}

bool edit_key(Editor *e, char key, Out *o)
{
    bool feed = key == '\n' && e->after_return;
    e->after_return = key == '\r';
    if (e->escape)
        return escape_key(e, key, o), false;
    if (feed || (e->searches && search_key(e, key, o)))
        return false;
    if (key == ESC)
        return e->escape = BEGUN, false;
    if (key == '\r' || key == '\n') {
        out(o, "\n");
        e->line[e->len] = 0;
        remember(e);
        return true;
    }
    if ((unsigned char)key >= ' ' && key != DEL)
        insert(e, &key, 1, o);
    else
        PRESS(keys, e, key, o);
    return false;
}

void edit_prompt(Editor *e, Out *o)
{
    e->len = e->at = 0;
    e->shown = e->lines;
    e->escape = 0;
    e->searches = false;
    out(o, "%s", e->prompt);
}

void edit_free(Editor *e)
{
    for (int i = 0; i < e->lines; i++)
        free(e->history[i]);
    free(e->draft);
    free(e->cut);
}
