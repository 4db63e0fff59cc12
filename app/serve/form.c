/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/form.h"

#include "base/json.h"
#include "base/timefmt.h"
#include "serve/problem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void fail(struct form *f, unsigned status, const char *name, const char *detail)
{
    bool told = false;

    for (; f != NULL; f = f->parent) {
        if (!told && !f->failed)
            problem_reply(f->reply, status, name, detail);
        told = true;
        f->failed = true;
    }
}

void form_wrong(struct form *f, const char *name, const char *what)
{
    char detail[256];

    if (f->failed)
        return;
    if (f->of[0] != '\0')
        (void)snprintf(detail, sizeof detail, "%.32s in %.32s: %.160s", name, f->of,
                       what);
    else
        (void)snprintf(detail, sizeof detail, "%.64s: %.180s", name, what);
    fail(f, 422, name, detail);
}

void form_init(struct form *f, struct span body, struct http_reply *reply)
{
    struct lw_error err;

    *f = (struct form){.reply = reply, .of = ""};
    if (json_parse(&f->doc, body.p == NULL ? (const void *)"" : body.p, body.n,
                   FORM_DEPTH_MAX, &err) != LW_OK) {
        fail(f, 400, NULL, err.msg);
        return;
    }
    f->members = json_root(f->doc);
    if (json_kind(f->members) != JSON_KIND_OBJECT) {
        f->members = NULL;
        fail(f, 400, NULL, "expected a JSON object, {\"name\": value, ...}");
    }
}

void form_release(struct form *f)
{
    json_free(f->doc);
    f->doc = NULL;
}

static const struct json_value *member(struct form *f, const char *name)
{
    const struct json_value *v = json_get(f->members, name);

    if (v != NULL)
        f->n_known++;
    return v;
}

bool form_object(struct form *f, const char *name, struct form *out)
{
    const struct json_value *v = member(f, name);

    *out =
        (struct form){.reply = f->reply, .of = name, .parent = f, .failed = f->failed};
    if (v == NULL)
        return false;
    if (json_kind(v) != JSON_KIND_OBJECT) {
        form_wrong(f, name, "expected an object");
        out->failed = true;
        return false;
    }
    out->members = v;
    return true;
}

/* These two ask, and leave it to others to read. */
bool form_is_null(struct form *f, const char *name)
{
    return json_kind(json_get(f->members, name)) == JSON_KIND_NULL;
}

bool form_has(struct form *f, const char *name)
{
    return json_get(f->members, name) != NULL;
}

const char *form_text(struct form *f, const char *name, size_t min, size_t max)
{
    const struct json_value *v = member(f, name);
    const char *text = json_text(v);
    char what[80];

    if (v == NULL || json_kind(v) == JSON_KIND_NULL)
        return NULL;
    if (text == NULL || strlen(text) < min || strlen(text) > max) {
        (void)snprintf(what, sizeof what, "expected a text of %zu to %zu bytes", min,
                       max);
        form_wrong(f, name, what);
        return NULL;
    }
    return text;
}

bool form_number(struct form *f, const char *name, double min, double max, double *out)
{
    const struct json_value *v = member(f, name);
    char what[96];
    double d;

    if (v == NULL)
        return false;
    if (!json_number(v, &d) || !(d >= min && d <= max)) {
        (void)snprintf(what, sizeof what, "expected a number from %.17g to %.17g", min,
                       max);
        form_wrong(f, name, what);
        return false;
    }
    *out = d;
    return true;
}

const char *form_plain(struct form *f, const char *name, size_t min, size_t max)
{
    const char *text = form_text(f, name, min, max);

    for (const char *p = text; p != NULL && *p != '\0'; p++)
        if (*p < ' ' || *p > '~') {
            form_wrong(f, name, "expected plain characters");
            return NULL;
        }
    return text;
}

bool form_int(struct form *f, const char *name, int64_t min, int64_t max, int64_t *out)
{
    double d = 0;

    if (!form_number(f, name, (double)min, (double)max, &d))
        return false;
    if (d != floor(d)) {
        form_wrong(f, name, "expected a whole number");
        return false;
    }
    *out = (int64_t)d;
    return true;
}

bool form_bool(struct form *f, const char *name, bool *out)
{
    const struct json_value *v = member(f, name);

    if (v == NULL)
        return false;
    if (json_kind(v) != JSON_KIND_BOOL) {
        form_wrong(f, name, "expected true or false");
        return false;
    }
    *out = json_truth(v);
    return true;
}

bool form_time(struct form *f, const char *name, int64_t *out_ns)
{
    const char *text = form_text(f, name, 1, TIMEFMT_MAX);

    if (text == NULL)
        return false;
    if (!timefmt_parse_ns(text, strlen(text), out_ns)) {
        form_wrong(f, name, "expected a time, 2026-03-01T10:15:02Z");
        return false;
    }
    return true;
}

bool form_choice(struct form *f, const char *name, const char *const *names, size_t n,
                 size_t *out)
{
    const struct json_value *v = member(f, name);
    const char *text = json_text(v);
    char what[160];
    size_t len;

    if (v == NULL)
        return false;
    for (size_t i = 0; i < n && text != NULL; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return true;
        }
    len = (size_t)snprintf(what, sizeof what, "expected one of");
    for (size_t i = 0; i < n && len < sizeof what; i++)
        len += (size_t)snprintf(what + len, sizeof what - len, " \"%s\"", names[i]);
    form_wrong(f, name, what);
    return false;
}

const struct json_value *form_array(struct form *f, const char *name)
{
    const struct json_value *v = member(f, name);

    if (v == NULL)
        return NULL;
    if (json_kind(v) != JSON_KIND_ARRAY) {
        form_wrong(f, name, "expected an array");
        return NULL;
    }
    return v;
}

void form_require(struct form *f, const char *name)
{
    if (!form_has(f, name))
        form_wrong(f, name, "missing");
}

bool form_end(struct form *f)
{
    const struct json_value *v;
    const char *key;
    unsigned n = 0;
    void *iter = NULL;

    if (f->failed || f->members == NULL)
        return !f->failed;
    while ((iter = json_next(f->members, iter, &key, &v)) != NULL)
        n++;
    if (n > f->n_known)
        fail(f, 422, NULL, "there are members that this route does not know");
    return !f->failed;
}
