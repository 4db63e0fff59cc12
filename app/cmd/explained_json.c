/* SPDX-License-Identifier: Apache-2.0 */
/* An explanation as JSON. */
#include "cmd/explained.h"

static void put_f32(struct jsonw *w, const char *key, float v)
{
    jsonw_key(w, key);
    jsonw_f32(w, v);
}

static const char *name_of(const struct explained *e, size_t f)
{
    return lw_classifier_view(e->c)->features[f].name;
}

/* A category by its name. */
static void put_value(struct jsonw *w, const struct explained *e, size_t f, float v)
{
    const struct lw_feature *of = &lw_classifier_view(e->c)->features[f];

    if (of->type == LW_FEATURE_CATEGORY && v >= 0 && v < (float)of->n_categories)
        jsonw_text(w, of->categories[(size_t)v]);
    else
        jsonw_f32(w, v);
}

static void put_verdict(struct jsonw *w, const struct lw_classifier *c,
                        const struct lw_verdict *v)
{
    jsonw_put_text(w, "class", lw_verdict_name(v->verdict));
    put_f32(w, "confidence", v->confidence);
    jsonw_key(w, "scores");
    jsonw_object(w);
    for (uint32_t k = 0; k < lw_classifier_classes(c); k++)
        put_f32(w, lw_classifier_class_name(c, k), v->score[k]);
    jsonw_object_end(w);
    jsonw_key(w, "p_values");
    jsonw_object(w);
    put_f32(w, "known", v->p_value);
    for (uint32_t k = 0; k < v->n_classes_p; k++)
        put_f32(w, lw_classifier_class_name(c, k), v->class_p[k]);
    jsonw_object_end(w);
    if (v->n_classes_p == 0)
        return;
    jsonw_put_f64(w, "level", (double)lw_classifier_level(c));
    jsonw_key(w, "set");
    jsonw_array(w);
    for (uint32_t k = 0; k < v->n_classes_p; k++)
        if (v->class_set >> k & 1)
            jsonw_text(w, lw_classifier_class_name(c, k));
    jsonw_array_end(w);
}

static void put_reasons(struct jsonw *w, const struct explained *e)
{
    jsonw_key(w, "reasons");
    jsonw_array(w);
    for (size_t i = 0; i < e->n_reasons; i++)
        jsonw_text(w, e->reasons[i].words);
    jsonw_array_end(w);
}

static void put_part(struct jsonw *w, const struct explained *e, size_t f)
{
    char words[160];
    float usual[2];

    lw_classifier_usual(e->c, f, usual);
    jsonw_object(w);
    jsonw_put_text(w, "feature", name_of(e, f));
    jsonw_key(w, "value");
    put_value(w, e, f, e->row[f]);
    jsonw_put_f64(w, "contribution", e->breakdown.part[f]);
    jsonw_put_text(w, "words",
                   lw_classifier_say(e->c, f, e->row[f], words, sizeof words));
    jsonw_key(w, "usual");
    jsonw_array(w);
    jsonw_f32(w, usual[0]);
    jsonw_f32(w, usual[1]);
    jsonw_array_end(w);
    jsonw_object_end(w);
}

static void put_breakdown(struct jsonw *w, const struct explained *e)
{
    const struct lw_breakdown *b = &e->breakdown;

    jsonw_key(w, "breakdown");
    if (!e->has_breakdown) {
        jsonw_null(w);
        return;
    }
    jsonw_object(w);
    jsonw_put_text(w, "class", lw_classifier_class_name(e->c, b->class_idx));
    jsonw_put_text(w, "how", b->kind == LW_BREAKDOWN_EXACT ? "exact" : "shuffled");
    jsonw_put_f64(w, "base", b->base);
    jsonw_put_f64(w, "score", b->score);
    jsonw_key(w, "parts");
    jsonw_array(w);
    for (size_t i = 0; i < lw_classifier_view(e->c)->n_features; i++)
        put_part(w, e, e->order[i]);
    jsonw_array_end(w);
    jsonw_object_end(w);
}

static void put_nearest(struct jsonw *w, const struct explained *e)
{
    size_t n = lw_classifier_view(e->c)->n_features;

    jsonw_key(w, "nearest_normal");
    jsonw_object(w);
    put_f32(w, "distance", e->nearest.distance);
    jsonw_put_u64(w, "of", e->normals->n_rows);
    jsonw_key(w, "record");
    jsonw_object(w);
    for (size_t f = 0; f < n; f++) {
        jsonw_key(w, name_of(e, f));
        put_value(w, e, f, e->normals->x[e->nearest.row_idx * n + f]);
    }
    jsonw_object_end(w);
    jsonw_object_end(w);
}

static void put_change(struct jsonw *w, const struct explained *e)
{
    const struct lw_change *ch = &e->change;

    jsonw_key(w, "smallest_change");
    if (ch->n == 0) {
        jsonw_null(w);
        return;
    }
    jsonw_object(w);
    jsonw_put_text(w, "class", lw_verdict_name(ch->verdict.verdict));
    put_f32(w, "confidence", ch->verdict.confidence);
    jsonw_key(w, "changes");
    jsonw_array(w);
    for (size_t i = 0; i < ch->n; i++) {
        jsonw_object(w);
        jsonw_put_text(w, "feature", name_of(e, ch->feature_idx[i]));
        jsonw_key(w, "from");
        put_value(w, e, ch->feature_idx[i], e->row[ch->feature_idx[i]]);
        jsonw_key(w, "to");
        put_value(w, e, ch->feature_idx[i], ch->to[i]);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
    jsonw_object_end(w);
}

void explained_json(struct jsonw *w, const void *of)
{
    const struct explained *e = of;

    jsonw_put_text(w, "source", e->source);
    jsonw_put_text(w, "model", lw_classifier_id(e->c));
    jsonw_put_text(w, "view", lw_classifier_view(e->c)->name);
    put_verdict(w, e->c, &e->verdict);
    put_f32(w, "unavailable", e->verdict.unavailable);
    put_reasons(w, e);
    put_breakdown(w, e);
    if (e->normals->n_rows == 0)
        return;
    put_nearest(w, e);
    put_change(w, e);
}
