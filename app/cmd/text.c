/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/text.h"

#include "base/timefmt.h"

#include <stdbool.h>
#include <string.h>

const char *text_count(uint64_t n, char out[TEXT_MAX])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    size_t at = 0;

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

const char *text_plural(uint64_t n, const char *noun, char *out, size_t size)
{
    char count[TEXT_MAX];

    (void)snprintf(out, size, "%s %s%s", text_count(n, count), noun, n == 1 ? "" : "s");
    return out;
}

const char *text_duration(int64_t ns, char out[TEXT_MAX])
{
    double s = (double)ns / (double)NS_PER_S;
    int64_t whole = ns / NS_PER_S;

    if (s < 10)
        (void)snprintf(out, TEXT_MAX, "%.3g s", s);
    else if (s < 60)
        (void)snprintf(out, TEXT_MAX, "%.1f s", s);
    else if (whole < 3600)
        (void)snprintf(out, TEXT_MAX, "%d min %02d s", (int)(whole / 60),
                       (int)(whole % 60));
    else if (whole < 86400)
        (void)snprintf(out, TEXT_MAX, "%d h %02d min", (int)(whole / 3600),
                       (int)(whole / 60 % 60));
    else
        (void)snprintf(out, TEXT_MAX, "%d d %02d h", (int)(whole / 86400),
                       (int)(whole / 3600 % 24));
    return out;
}

const char *text_bytes(uint64_t n, char out[TEXT_MAX])
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    double v = (double)n / 1000;
    size_t i = 0;

    if (n < 1000) {
        (void)snprintf(out, TEXT_MAX, "%u B", (unsigned)n);
        return out;
    }
    /* 999.95 would be printed as 1000.0 of the smaller unit. */
    for (; v >= 999.95; i++)
        v /= 1000;
    (void)snprintf(out, TEXT_MAX, "%.1f %s", v, units[i]);
    return out;
}

const char *text_time(int64_t time_ns, char out[TEXT_MAX])
{
    char full[TIMEFMT_MAX];

    (void)timefmt_eve(time_ns, full);
    (void)snprintf(out, TEXT_MAX, "%.10s %.8s", full, full + 11);
    return out;
}

const char *text_clock(int64_t time_ns, char out[TEXT_MAX])
{
    char full[TIMEFMT_MAX];

    (void)timefmt_eve(time_ns, full);
    (void)snprintf(out, TEXT_MAX, "%.12s", full + 11);
    return out;
}

void text_wrap(FILE *f, const char *text, size_t at, size_t indent, size_t width)
{
    bool first = true; /* on its line */

    while (*text != '\0') {
        size_t n = strcspn(text, " \n");

        if (!first && at + 1 + n > width) {
            (void)fprintf(f, "\n%*s", (int)indent, "");
            at = indent;
            first = true;
        }
        if (n > 0) {
            (void)fprintf(f, "%s%.*s", first ? "" : " ", (int)n, text);
            at += n + (first ? 0 : 1);
            first = false;
        }
        text += n;
        if (text[0] == '\n' && text[1] == '\n') {
            (void)fprintf(f, "\n\n%*s", (int)indent, "");
            at = indent;
            first = true;
            text++;
        }
        text += *text == '\0' ? 0 : 1;
    }
    (void)fputc('\n', f);
}

size_t text_length(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80 ? 1 : 0;
    return n;
}

static void put(FILE *f, const char *text)
{
    for (; *text != '\0'; text++)
        (void)fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, f);
}

static void put_blanks(FILE *f, const char *text, size_t width)
{
    for (size_t n = text_length(text); n < width; n++)
        (void)fputc(' ', f);
}

void text_left(FILE *f, const char *text, size_t width)
{
    put(f, text);
    put_blanks(f, text, width);
}

void text_right(FILE *f, const char *text, size_t width)
{
    put_blanks(f, text, width);
    put(f, text);
}
