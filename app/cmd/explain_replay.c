/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/explain_replay.h"

#include "base/lines.h"
#include "cmd/explain_input.h"

#include <math.h>
#include <string.h>

enum { JSON_DEPTH = 8 };

/* Lines that are no alert need no parsing. */
static bool may_be_alert(struct span line)
{
    static const char mark[] = "alert";

    return line.n > 0 && memmem(line.p, line.n, mark, strlen(mark)) != NULL;
}

static enum lw_status take_line(const char *path, size_t line_number, struct span line,
                                uint64_t *n_alerts, replay_fn fn, void *ctx, bool *stop,
                                struct lw_error *err)
{
    struct json_doc *doc = NULL;
    struct lw_error why;
    enum lw_status st = json_parse(&doc, line.p, line.n, JSON_DEPTH, &why);
    const char *type;

    if (st != LW_OK)
        return lw_fail(err, st, "%s: line %zu: %.200s", path, line_number, why.msg);
    type = json_text(json_get(json_root(doc), "event_type"));
    if (type != NULL && strcmp(type, "alert") == 0) {
        st = fn(ctx, json_root(doc), ++*n_alerts, stop, &why);
        if (st != LW_OK)
            (void)lw_fail(err, st, "%s: line %zu: %.200s", path, line_number, why.msg);
    }
    json_free(doc);
    return st;
}

enum lw_status replay_lines(struct stream *in, replay_fn fn, void *ctx,
                            struct lw_error *err)
{
    const char *path = stream_name(in);
    struct lines lines;
    struct span line;
    uint64_t n_alerts = 0;
    bool stop = false;
    enum lw_status st = LW_OK;

    lines_init(&lines, in, NULL);
    while (st == LW_OK && !stop) {
        st = lines_next(&lines, &line, err);
        if (st == LW_OK && may_be_alert(line))
            st = take_line(path, lines.number, line, &n_alerts, fn, ctx, &stop, err);
    }
    return st == LW_END ? LW_OK : st;
}

enum lw_status replay_each(const char *path, replay_fn fn, void *ctx,
                           struct lw_error *err)
{
    struct stream *in = NULL;
    enum lw_status st = stream_open(&in, path, err);

    if (st == LW_OK)
        st = replay_lines(in, fn, ctx, err);
    stream_close(in);
    return st;
}

static const struct json_value *verdict_of(const struct json_value *event)
{
    return json_get(event, "lapwing");
}

enum lw_status replay_model_id(const struct json_value *event, const char **out,
                               struct lw_error *err)
{
    *out = json_text(json_at(json_get(verdict_of(event), "models"), 0));
    return *out != NULL ? LW_OK : lw_fail(err, LW_EFORMAT, "the alert names no model");
}

enum lw_status replay_vector(const struct json_value *event,
                             const struct lw_classifier *c, float *out,
                             struct lw_error *err)
{
    const struct json_value *input = json_get(verdict_of(event), "input");
    const char *hash = json_text(json_get(input, "view_hash"));

    if (hash == NULL)
        return lw_fail(err, LW_EFORMAT,
                       "the alert has no input to judge again: it was written by an "
                       "older version");
    if (strcmp(hash, lw_classifier_view_hash(c)) != 0)
        return lw_fail(err, LW_EMISMATCH,
                       "the alert's view has the hash %.16s, the model's %s", hash,
                       lw_classifier_view_hash(c));
    return explain_read_vector(json_get(input, "vector"), lw_classifier_view(c), out,
                               err);
}

/* Bit for bit; what is not finite was written as null. */
static bool is_same(const struct json_value *v, float f)
{
    double number;
    float stored;

    if (!isfinite(f))
        return json_kind(v) == JSON_KIND_NULL;
    if (!json_number(v, &number))
        return false;
    stored = (float)number;
    return memcmp(&stored, &f, sizeof f) == 0;
}

static bool is_text(const struct json_value *v, const char *text)
{
    const char *stored = json_text(v);

    return stored != NULL && strcmp(stored, text) == 0;
}

static bool same_reasons(const struct json_value *array, const struct lw_view *view,
                         const struct lw_reason *reasons, size_t n)
{
    if (json_length(array) != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct json_value *r = json_at(array, i);

        if (!is_text(json_get(r, "feature"),
                     view->features[reasons[i].feature_idx].name) ||
            !is_same(json_get(r, "value"), reasons[i].value) ||
            !is_same(json_get(r, "contribution"), reasons[i].contribution) ||
            !is_text(json_get(r, "words"), reasons[i].words))
            return false;
    }
    return true;
}

const char *replay_sign(const struct json_value *event)
{
    return json_text(json_get(verdict_of(event), "sign"));
}

const char *replay_difference(const struct json_value *event,
                              const struct lw_classifier *c, const struct lw_verdict *v,
                              const struct lw_reason *reasons, size_t n_reasons)
{
    const struct json_value *was = verdict_of(event);
    const struct json_value *p = json_get(was, "p_values");

    /* A sign's verdict is not the model's, but the model's scores are there as well. */
    const bool by_sign = replay_sign(event) != NULL;

    if (!by_sign && !is_text(json_get(was, "class"), lw_verdict_name(v->verdict)))
        return "class";
    if (!by_sign && !is_same(json_get(was, "confidence"), v->confidence))
        return "confidence";
    for (uint32_t k = 0; k < lw_classifier_classes(c); k++)
        if (!is_same(json_get(json_get(was, "scores"), lw_classifier_class_name(c, k)),
                     v->score[k]))
            return "scores";
    if (!is_same(json_get(p, "known"), v->p_value))
        return "p_values";
    for (uint32_t k = 0; k < v->n_classes_p; k++)
        if (!is_same(json_get(p, lw_classifier_class_name(c, k)), v->class_p[k]))
            return "p_values";
    if (!is_same(json_get(was, "unavailable"), v->unavailable))
        return "unavailable";
    return by_sign || same_reasons(json_get(was, "reasons"), lw_classifier_view(c),
                                   reasons, n_reasons)
               ? NULL
               : "reasons";
}
