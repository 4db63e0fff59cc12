/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/params.h"

#include "base/numfmt.h"
#include "base/timefmt.h"
#include "serve/problem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool params_decode(char *text, bool plus)
{
    char *out = text;

    for (; *text != '\0'; text++) {
        char c = *text;

        if (c == '+' && plus)
            c = ' ';
        if (c == '%') {
            int high = hex_digit(text[1]);
            int low = high < 0 ? -1 : hex_digit(text[2]);

            if (low < 0 || (high == 0 && low == 0))
                return false;
            c = (char)(high << 4 | low);
            text += 2;
        }
        *out++ = c;
    }
    *out = '\0';
    return true;
}

static void fail(struct params *p, const char *name, const char *detail)
{
    if (p->failed)
        return;
    p->failed = true;
    problem_reply(p->reply, 400, name, detail);
}

void params_wrong(struct params *p, const char *name, const char *what)
{
    char detail[256];

    (void)snprintf(detail, sizeof detail, "%.64s: %.180s", name, what);
    fail(p, name, detail);
}

/* One "name=value", cut out of p->text. */
static void add_pair(struct params *p, char *pair)
{
    char *value = strchr(pair, '=');

    if (*pair == '\0')
        return;
    if (p->n == PARAMS_MAX) {
        fail(p, NULL, "there are too many parameters");
        return;
    }
    if (value != NULL)
        *value++ = '\0';
    if (!params_decode(pair, true) || (value != NULL && !params_decode(value, true))) {
        fail(p, NULL, "in a query, % begins two hexadecimal digits that are not 00");
        return;
    }
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->item[i].name, pair) == 0)
            params_wrong(p, pair, "said twice");
    p->item[p->n].name = pair;
    p->item[p->n].value = value == NULL ? "" : value;
    p->item[p->n].used = false;
    p->n++;
}

void params_init(struct params *p, const char *query, struct http_reply *reply)
{
    char *at = p->text;

    p->reply = reply;
    p->n = 0;
    p->failed = false;
    if (strlen(query) >= sizeof p->text) {
        fail(p, NULL, "the query is too long");
        return;
    }
    (void)snprintf(p->text, sizeof p->text, "%s", query);
    while (at != NULL) {
        char *end = strchr(at, '&');

        if (end != NULL)
            *end++ = '\0';
        add_pair(p, at);
        at = end;
    }
}

const char *params_text(struct params *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->item[i].name, name) == 0) {
            p->item[i].used = true;
            return p->item[i].value;
        }
    return NULL;
}

bool params_int(struct params *p, const char *name, int64_t min, int64_t max,
                int64_t *out)
{
    const char *text = params_text(p, name);
    char what[96];
    int64_t v = 0;
    size_t n = 0;

    if (text == NULL)
        return false;
    for (; n < 18 && text[n] >= '0' && text[n] <= '9'; n++)
        v = v * 10 + (text[n] - '0');
    if (n == 0 || text[n] != '\0' || v < min || v > max) {
        (void)snprintf(what, sizeof what, "expected a whole number from %lld to %lld",
                       (long long)min, (long long)max);
        params_wrong(p, name, what);
        return false;
    }
    *out = v;
    return true;
}

bool params_number(struct params *p, const char *name, double min, double max,
                   double *out)
{
    const char *text = params_text(p, name);
    char what[96];
    double v;

    if (text == NULL)
        return false;
    if (!numfmt_parse(text, strlen(text), &v) || !(v >= min && v <= max)) {
        (void)snprintf(what, sizeof what, "expected a number from %g to %g", min, max);
        params_wrong(p, name, what);
        return false;
    }
    *out = v;
    return true;
}

bool params_bool(struct params *p, const char *name, bool *out)
{
    const char *text = params_text(p, name);

    if (text == NULL)
        return false;
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        params_wrong(p, name, "expected true or false");
        return false;
    }
    *out = text[0] == 't';
    return true;
}

bool params_time(struct params *p, const char *name, int64_t *out_ns)
{
    const char *text = params_text(p, name);

    if (text == NULL)
        return false;
    if (!timefmt_parse_ns(text, strlen(text), out_ns)) {
        params_wrong(p, name,
                     "expected a time, 2026-03-01T10:15:02Z or seconds since 1970");
        return false;
    }
    return true;
}

bool params_choice(struct params *p, const char *name, const char *const *names,
                   size_t n, size_t *out)
{
    const char *text = params_text(p, name);
    char what[160];
    size_t len;

    if (text == NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return true;
        }
    len = (size_t)snprintf(what, sizeof what, "expected one of");
    for (size_t i = 0; i < n && len < sizeof what; i++)
        len += (size_t)snprintf(what + len, sizeof what - len, " %s", names[i]);
    params_wrong(p, name, what);
    return false;
}

bool params_end(struct params *p)
{
    for (size_t i = 0; i < p->n && !p->failed; i++)
        if (!p->item[i].used)
            params_wrong(p, p->item[i].name, "no parameter of this route");
    return !p->failed;
}
