/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/text.h - numbers the way people read them, and text in columns. */
#ifndef CMD_TEXT_H
#define CMD_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { TEXT_MAX = 32 };

/** "1,234,567" */
const char *text_count(uint64_t n, char out[TEXT_MAX]);
/** "1 flow", "1,234 flows"; `noun` is the singular. */
const char *text_plural(uint64_t n, const char *noun, char *out, size_t size);
/** "0.25 s", "12.3 s", "5 min 12 s", "3 h 05 min", "2 d 03 h" */
const char *text_duration(int64_t ns, char out[TEXT_MAX]);
/** "999 B", "1.2 kB", "3.4 GB"; powers of 1000. */
const char *text_bytes(uint64_t n, char out[TEXT_MAX]);
/** "2011-08-16 10:01:46" UTC; "10:01:46.972" without the date. */
const char *text_time(int64_t time_ns, char out[TEXT_MAX]);
const char *text_clock(int64_t time_ns, char out[TEXT_MAX]);

/** Print words, the first at column `at`, lines of at most `width` columns continued at
 *  `indent`; an empty line in the text stays one.  Ends the last line. */
void text_wrap(FILE *f, const char *text, size_t at, size_t indent, size_t width);

/** Characters of a UTF-8 text. */
size_t text_length(const char *text);

/** Print a text of somebody else's in a column at least `width` characters wide, with
 *  what no terminal should see as "?". */
void text_left(FILE *f, const char *text, size_t width);
void text_right(FILE *f, const char *text, size_t width);

#endif /* CMD_TEXT_H */
