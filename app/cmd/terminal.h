/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/terminal.h - is somebody watching, how wide is it, and may it be coloured? */
#ifndef CMD_TERMINAL_H
#define CMD_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

enum terminal_style {
    STYLE_NONE,
    STYLE_BOLD,
    STYLE_DIM,
    STYLE_RED,
    STYLE_YELLOW,
    STYLE_GREEN
};

bool terminal_is(FILE *f);

/** Columns to write in: the terminal's, at least 40; 80 where there is none. */
unsigned terminal_width(FILE *f);

/** The escape sequence that starts a style (STYLE_NONE ends all); "" where `f` is no
 *  terminal, TERM is "dumb" or NO_COLOR is set (https://no-color.org).  Static. */
const char *terminal_style(FILE *f, enum terminal_style style);

#endif /* CMD_TERMINAL_H */
