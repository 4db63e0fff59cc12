/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recognition: every rule is asked, in the order of its table, until one is sure.
 *
 * A rule that cannot say no yet keeps the question open.  When no more bytes will come,
 * the one whose port it is gets the flow: its bytes fit, as far as they go.
 */
#include "app_priv.h"

#include <string.h>

static const char *const app_names[] = {
#define APP_NAME(name, text) text,
    LW_APP_LIST(APP_NAME)
#undef APP_NAME
};

const char *lw_app_name(enum lw_app app)
{
    return (unsigned)app < LW_N_APPS ? app_names[app] : "?";
}

/* ---- reading --------------------------------------------------------------------- */

/* Most texts differ in their first letter, which is sooner seen than their length. */
static bool is_other(uint8_t first, char of_text)
{
    return of_text != '\0' && (char)first != of_text;
}

enum app_answer app_begins(struct span s, const char *text)
{
    size_t n;

    if (s.n > 0 && is_other(s.p[0], text[0]))
        return APP_NO;
    n = strlen(text);
    if (s.n >= n)
        return app_if(span_begins(s, text, n));
    return s.n == 0 || memcmp(s.p, text, s.n) == 0 ? APP_MAYBE : APP_NO;
}

static char upper(uint8_t c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

static bool same_nocase(const uint8_t *p, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (upper(p[i]) != text[i])
            return false;
    }
    return true;
}

enum app_answer app_begins_nocase(struct span s, const char *text)
{
    size_t n;

    if (s.n > 0 && is_other((uint8_t)upper(s.p[0]), text[0]))
        return APP_NO;
    n = strlen(text);
    if (s.n >= n)
        return app_if(same_nocase(s.p, text, n));
    return s.n == 0 || same_nocase(s.p, text, s.n) ? APP_MAYBE : APP_NO;
}

enum app_answer app_begins_any(struct span s, const char *const *texts, size_t n)
{
    enum app_answer best = APP_NO;

    for (size_t i = 0; i < n && best != APP_YES; i++)
        best = app_better(best, app_begins_nocase(s, texts[i]));
    return best;
}

bool app_contains(struct span s, const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i + n <= s.n; i++) {
        if (same_nocase(s.p + i, text, n))
            return true;
    }
    return false;
}

struct span app_line(struct span s, bool *is_whole)
{
    const uint8_t *end = s.n == 0 ? NULL : memchr(s.p, '\n', s.n);
    struct span line;

    *is_whole = end != NULL;
    if (end == NULL)
        return s;
    line = span_first(s, (size_t)(end - s.p));
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

static bool is_printable(uint8_t c)
{
    return c >= 0x20 && c < 0x7f;
}

bool app_is_text(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_printable(s.p[i]) && s.p[i] != '\t' && s.p[i] != '\r' && s.p[i] != '\n')
            return false;
    }
    return true;
}

bool app_take_string(struct span *s, struct span *out)
{
    size_t n = 0;

    while (n < s->n && is_printable(s->p[n]))
        n++;
    if (n == s->n || s->p[n] != 0)
        return false;
    *out = span_first(*s, n);
    *s = span_from(*s, n + 1);
    return true;
}

/* ---- judging --------------------------------------------------------------------- */

static bool has_port(const struct app_rule *r, const struct app_seen *seen)
{
    for (size_t i = 0; i < APP_PORTS_MAX && r->ports[i] != 0; i++) {
        if (app_on_port(seen, r->ports[i]))
            return true;
    }
    return false;
}

/* What the rules so far say. */
struct verdict {
    enum app_answer answer;
    enum lw_app app;
    bool is_hinted; /* `app` is that of the port, of APP_MAYBE */
};

static void ask(const struct app_rule *rules, size_t n, const struct app_seen *seen,
                struct verdict *v)
{
    for (size_t i = 0; i < n && v->answer != APP_YES; i++) {
        enum app_answer a = rules[i].judge(seen);

        if (a == APP_NO)
            continue;
        v->answer = app_better(v->answer, a);
        if (a == APP_YES) {
            v->app = rules[i].app;
        } else if (!v->is_hinted && has_port(&rules[i], seen)) {
            v->app = rules[i].app;
            v->is_hinted = true;
        }
    }
}

static enum app_answer conclude(const struct verdict *v, const struct app_seen *seen,
                                enum lw_app *app)
{
    if (v->answer == APP_YES || (seen->is_last && v->is_hinted)) {
        *app = v->app;
        return APP_YES;
    }
    return seen->is_last ? APP_NO : v->answer;
}

enum app_answer app_of_stream(const struct app_seen *seen, enum lw_app *app)
{
    struct verdict v = {APP_NO, LW_APP_UNKNOWN, false};

    if (seen->said[APP_CLIENT].n + seen->said[APP_SERVER].n == 0)
        return seen->is_last ? APP_NO : APP_MAYBE;
    ask(app_binary_rules, app_n_binary_rules, seen, &v);
    ask(app_text_rules, app_n_text_rules, seen, &v);
    return conclude(&v, seen, app);
}

enum app_answer app_of_datagram(const struct app_seen *seen, enum lw_app *app)
{
    struct verdict v = {APP_NO, LW_APP_UNKNOWN, false};

    ask(app_datagram_rules, app_n_datagram_rules, seen, &v);
    return conclude(&v, seen, app);
}
