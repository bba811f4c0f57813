/* The tab key of the human monitor. */
#pragma once
#include "monitor/command.h"

typedef void TryWord(void *to, const char *word);
/* All words that `line`, as far as the cursor, could go on with: of commands, and what their arguments can be. */
void complete_line(Ask *, const char *line, TryWord *, void *to);
