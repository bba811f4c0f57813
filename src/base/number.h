/* Numbers as users write them: 10, 0x1f, 512M. Whole text or nothing; a sign, a blank or an overflow is refused. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

bool text_to_number(const char *text, uint64_t *value); /* decimal or 0x */

/* With a suffix B, K, M, G or T (powers of 1024, either case, fractions allowed: 1.5G); a bare number counts `unit`s.
 */
bool text_to_size(const char *text, uint64_t unit, uint64_t *bytes);
bool text_to_uint(const char *text, uint64_t *value); /* text_to_size with unit 1 */

bool text_to_bool(const char *text, bool *value); /* on, off, yes, no, true, false */
