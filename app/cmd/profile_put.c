/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/profile_put.h"

#include "cmd/terminal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void profile_put_word(FILE *f, const char *word, int width)
{
    size_t n = strlen(word);
    size_t limit = width == 0 ? n : (size_t)abs(width);
    size_t shown = n > limit ? limit : n;

    if (width > 0)
        (void)fprintf(f, "%*s", (int)(limit - shown), "");
    for (size_t i = 0; i < shown; i++) {
        int c = word[i] >= ' ' && word[i] <= '~' ? word[i] : '?';

        (void)fputc(n > limit && i + 1 == shown ? '~' : c, f);
    }
    if (width < 0)
        (void)fprintf(f, "%*s", (int)(limit - shown), "");
}

void profile_put_digits(FILE *f, int width, double v)
{
    if (isnan(v))
        (void)fprintf(f, "%*s", width, "-");
    else
        (void)fprintf(f, "%*.4g", width, v);
}

void profile_put_decimals(FILE *f, int width, int decimals, double v)
{
    if (isnan(v))
        (void)fprintf(f, "%*s", width, "-");
    else
        (void)fprintf(f, "%*.*f", width, decimals, v);
}

void profile_put_chance(FILE *f, int width, double p)
{
    if (p < 1e-300)
        (void)fprintf(f, "%*s", width, "<1e-300");
    else if (p < 1e-3)
        (void)fprintf(f, "%*.0e", width, p);
    else
        profile_put_decimals(f, width, 3, p);
}

void profile_put_title(FILE *f, const char *title)
{
    (void)fprintf(f, "\n%s%s%s\n", terminal_style(f, STYLE_BOLD), title,
                  terminal_style(f, STYLE_NONE));
}
