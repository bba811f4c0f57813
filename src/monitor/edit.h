/* A line editor on a stream of bytes, which need not be a terminal of ours: keys in, what to show out. */
#pragma once
#include "base/text.h"
#include <stddef.h>

enum { EDIT_LINE = 4096, EDIT_HISTORY = 100, EDIT_PATTERN = 80 };

typedef struct Editor {
    const char *prompt;
    char line[EDIT_LINE]; /* not terminated while it is edited */
    size_t len, at;
    char *history[EDIT_HISTORY]; /* the oldest first */
    int lines, shown;            /* shown: which of them is on display; == lines: none */
    char *draft;                 /* what was typed before looking at the history */
    int escape;                  /* inside an escape sequence: 1 after ESC, 2 after ESC [; then its number */
    int number, modifier;        /* ESC [ NUMBER ; MODIFIER and a letter */
    char *cut;                   /* what Ctrl-Y brings back */
    bool searches;               /* backwards in the history (Ctrl-R), for: */
    char pattern[EDIT_PATTERN];
    size_t pattern_len;
    int found;         /* line of the history that has it; -1: none */
    bool after_return; /* a line feed that follows belongs to it */
    /* Completion: calls try(who, word) for all that `line` (up to the cursor) could go on with. */
    void (*complete)(void *who, const char *line, void (*try)(void *, const char *), void *to);
    void *who;
} Editor;

void edit_prompt(Editor *, Out *show); /* a new line */
/* One key; true: the line is finished and in e->line, terminated and in the history. */
bool edit_key(Editor *, char key, Out *show);
void edit_free(Editor *);
