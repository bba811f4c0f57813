/* Numbers as people compute them in the monitor: 0x10, $pc + 4 * ($x0 & 0xff). */
#pragma once
#include "monitor/command.h"

/* Reads as much as makes an expression, moving *at on. C's operators and precedences: | ^ & + - * / % and unary - ~ +,
 * on 64 bits, signed; a $name is a register of the asker's CPU. */
bool expr_read(const char **at, const Ask *, uint64_t *value, Error *err);
