/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool terminal_is(FILE *f)
{
    return isatty(fileno(f)) == 1;
}

unsigned terminal_width(FILE *f)
{
    struct winsize size;

    if (!terminal_is(f) || ioctl(fileno(f), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col < 40 ? 40 : size.ws_col;
}

const char *terminal_style(FILE *f, enum terminal_style style)
{
    static const char *const codes[] = {
        [STYLE_NONE] = "\033[0m",    [STYLE_BOLD] = "\033[1m",
        [STYLE_DIM] = "\033[2m",     [STYLE_RED] = "\033[31m",
        [STYLE_YELLOW] = "\033[33m", [STYLE_GREEN] = "\033[32m",
    };
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    if ((no_color != NULL && no_color[0] != '\0') ||
        (term != NULL && strcmp(term, "dumb") == 0) || !terminal_is(f))
        return "";
    return codes[style];
}
