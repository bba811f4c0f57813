/* Text modes in the terminal, by ncurses. Ctrl-A is the escape key, as with a console: x ends, Ctrl-A sends itself. */
#include "host/window_kind.h"

#include "host/input.h"
#include "host/quit.h"
#include "host/terminal.h"

#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>

enum { ESCAPE = 1, ESC = 27, DEL = 127, ESC_WAIT_MS = 25, COLORS_8 = 8 };

typedef struct Terminal {
    Window *window;
    SCREEN *screen;
    int wake_fd;
    Picture shown;
    Pace pace;
    bool escaped;
} Terminal;

static Terminal the_terminal = { .wake_fd = -1 };

static bool has_place(void)
{
    return isatty(0) && isatty(1);
}

static void wake(Window *w)
{
    const uint64_t one = 1;
    (void)w;
    (void)!write(the_terminal.wake_fd, &one, sizeof one);
}

/* ---- what it shows ---- */

/* A VGA has blue where terminals have red. */
static short color(int vga)
{
    return (short)((vga & 1) << 2 | (vga & 2) | (vga & 4) >> 2);
}

static short pair_of(int fore, int back)
{
    return (short)(1 + back * COLORS_8 + fore);
}

static void make_pairs(void)
{
    if (!has_colors() || COLOR_PAIRS <= COLORS_8 * COLORS_8)
        return;
    start_color();
    for (int back = 0; back < COLORS_8; back++)
        for (int fore = 0; fore < COLORS_8; fore++)
            init_pair(pair_of(fore, back), color(fore), color(back));
}

static void put_cell(int y, int x, uint16_t cell)
{
    wchar_t text[2] = { (wchar_t)display_character((uint8_t)cell), 0 };
    int attribute = cell >> 8;
    attr_t bold = attribute & 8 ? A_BOLD : A_NORMAL;
    bool colors = has_colors() && COLOR_PAIRS > COLORS_8 * COLORS_8;
    short pair = colors ? pair_of(attribute & 7, attribute >> 4 & 7) : 0;
    if (!colors && attribute >> 4 & 7 && !(attribute & 7))
        bold |= A_REVERSE;
    cchar_t c;
    setcchar(&c, text, bold, pair, NULL);
    mvadd_wch(y, x, &c);
}

static void show_text(const TextScreen *t)
{
    for (int y = 0; y < t->rows && y < LINES; y++)
        for (int x = 0; x < t->columns && x < COLS; x++)
            put_cell(y, x, t->cells[y * t->columns + x]);
    bool there = t->cursor >= 0 && t->cursor / t->columns < LINES && t->cursor % t->columns < COLS;
    curs_set(there);
    if (there)
        move(t->cursor / t->columns, t->cursor % t->columns);
}

static void show_words(const Picture *p)
{
    char text[80];
    if (p->pixels)
        snprintf(text, sizeof text, "%d x %d graphics; text modes are shown here (Ctrl-A x ends)", p->width, p->height);
    else
        snprintf(text, sizeof text, "nothing to show (Ctrl-A x ends)");
    curs_set(0);
    mvaddstr(LINES / 2, COLS > (int)strlen(text) ? (COLS - (int)strlen(text)) / 2 : 0, text);
}

static void show(const Picture *p)
{
    erase();
    if (p->text.columns)
        show_text(&p->text);
    else
        show_words(p);
    refresh();
}

/* Nobody else may handle the signal: it would come to any thread. */
static bool fit(void)
{
    struct winsize size;
    if (ioctl(1, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col || (size.ws_row == LINES && size.ws_col == COLS))
        return false;
    resizeterm(size.ws_row, size.ws_col);
    clearok(curscr, TRUE);
    return true;
}

/* ---- keys ---- */

enum { SHIFT = 1, CONTROL = 2, ALT = 4 };

static void press(const Terminal *t, int key, int with)
{
    static const struct {
        int bit;
        const char *name;
    } modifiers[] = { { SHIFT, "shift" }, { CONTROL, "ctrl" }, { ALT, "alt" } };
    for (int i = 0; i < 3; i++)
        if (with & modifiers[i].bit)
            window_key(t->window, key_named(modifiers[i].name, strlen(modifiers[i].name)), true);
    window_key(t->window, key, true);
    window_key(t->window, key, false);
    for (int i = 3; i--;)
        if (with & modifiers[i].bit)
            window_key(t->window, key_named(modifiers[i].name, strlen(modifiers[i].name)), false);
}

static void type(const Terminal *t, wint_t c, int with)
{
    bool shift;
    int key;
    if (c < ' ' && !strchr("\b\t\n\r\x1b", (int)c)) {
        with |= CONTROL;
        c = c ? c + 'a' - 1 : ' ';
    }
    if (c == DEL)
        c = '\b';
    key = key_of_char(c, &shift);
    if (key)
        press(t, key, with | (shift ? SHIFT : 0));
}

static const struct Special {
    int code, with;
    const char *name;
} specials[] = {
    { KEY_UP, 0, "up" },
    { KEY_DOWN, 0, "down" },
    { KEY_LEFT, 0, "left" },
    { KEY_RIGHT, 0, "right" },
    { KEY_HOME, 0, "home" },
    { KEY_END, 0, "end" },
    { KEY_NPAGE, 0, "pgdn" },
    { KEY_PPAGE, 0, "pgup" },
    { KEY_IC, 0, "insert" },
    { KEY_DC, 0, "delete" },
    { KEY_BACKSPACE, 0, "backspace" },
    { KEY_ENTER, 0, "ret" },
    { KEY_BTAB, SHIFT, "tab" },
    { KEY_SR, SHIFT, "up" },
    { KEY_SF, SHIFT, "down" },
    { KEY_SLEFT, SHIFT, "left" },
    { KEY_SRIGHT, SHIFT, "right" },
    { KEY_SHOME, SHIFT, "home" },
    { KEY_SEND, SHIFT, "end" },
    { KEY_B2, 0, "kp_5" },
};

/* Terminals call the function keys with shift 13 to 24, with control 25 to 36, with alt 49 to 60. */
static void function_key(const Terminal *t, int code)
{
    static const int with[] = { 0, SHIFT, CONTROL, CONTROL | SHIFT, ALT };
    int n = code - KEY_F(1);
    char name[8];
    snprintf(name, sizeof name, "f%d", n % 12 + 1);
    press(t, key_named(name, strlen(name)), with[n / 12]);
}

static void special(const Terminal *t, int code)
{
    if (code >= KEY_F(1) && code <= KEY_F(60)) {
        function_key(t, code);
        return;
    }
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
        if (specials[i].code == code)
            press(t, key_named(specials[i].name, strlen(specials[i].name)), specials[i].with);
}

static void typed(Terminal *t, wint_t c)
{
    bool escaped = t->escaped;
    t->escaped = !escaped && c == ESCAPE;
    if (t->escaped)
        return;
    if (escaped && (c == 'x' || c == 'X'))
        quit_ask();
    else if (!escaped || c == ESCAPE)
        type(t, c, 0);
}

/* A character right behind ESC was typed with Alt. */
static void read_keys(Terminal *t)
{
    wint_t c, next;
    for (int got; (got = get_wch(&c)) != ERR;) {
        if (got == KEY_CODE_YES)
            special(t, (int)c);
        else if (c == ESC && (got = get_wch(&next)) == OK)
            type(t, next, ALT);
        else
            typed(t, c);
    }
}

/* ---- its life ---- */

static bool open_terminal(Window *w, Error *err)
{
    Terminal *t = &the_terminal;
    *t = (Terminal){ .window = w, .wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    if (!has_place()) {
        close(t->wake_fd);
        return error_set(err, "standard input and output are no terminal; run it in one, or use -display none");
    }
    setlocale(LC_CTYPE, "");
    terminal_raw(0, false); /* so that every way out puts it right */
    set_escdelay(ESC_WAIT_MS);
    t->screen = newterm(NULL, stdout, stdin);
    if (!t->screen) {
        const char *name = getenv("TERM");
        terminal_restore();
        close(t->wake_fd);
        return error_set(err, "the terminal '%s' (TERM) is unknown; set TERM to one that is, as vt100",
                         name ? name : "");
    }
    signal(SIGWINCH, SIG_IGN);
    raw();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    make_pairs();
    return true;
}

static void run(Window *w)
{
    Terminal *t = &the_terminal;
    bool changed = true;
    while (!window_stops(w)) {
        struct pollfd fds[] = { { 0, POLLIN, 0 }, { t->wake_fd, POLLIN, 0 } };
        uint64_t count;
        poll(fds, 2, window_pace(w, &t->pace, changed));
        (void)!read(t->wake_fd, &count, sizeof count);
        if (fds[0].revents & (POLLHUP | POLLERR))
            quit_ask();
        read_keys(t);
        bool resized = fit();
        changed = window_take(w, &t->shown);
        if (changed || resized)
            show(&t->shown);
    }
    endwin();
    delscreen(t->screen);
    terminal_restore();
    close(t->wake_fd);
    picture_free(&t->shown);
}

const WindowKind window_curses = {
    .name = "curses",
    .about = "text modes in this terminal: Ctrl-A x ends",
    .has_place = has_place,
    .open = open_terminal,
    .run = run,
    .wake = wake,
};
