/* SPDX-License-Identifier: Apache-2.0 */
/* Where a tabular model comes from: nothing in it changes from one training to the next
 * of the same data, options and seed. */
#include "base/digest.h"
#include "base/jsonw.h"
#include "detect/provenance.h"
#include "detect/tabular_priv.h"

static void put_data(struct jsonw *w, const struct lw_tabular *t,
                     const struct lw_frame *frame, const struct lw_tabular_report *r)
{
    uint8_t sum[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];

    lw_frame_digest(frame, sum);
    digest_hex(sum, sizeof sum, hex);
    jsonw_key(w, "data");
    jsonw_object(w);
    jsonw_put_text(w, "format", lw_frame_format(frame));
    jsonw_put_text(w, "sha256", hex);
    jsonw_put_text(w, "label", t->label);
    jsonw_put_u64(w, "rows", r->n_rows);
    jsonw_put_u64(w, "rows_of_neither_class", r->n_neither);
    jsonw_put_u64(w, "distinct_rows", r->n_distinct_rows);
    jsonw_put_u64(w, "contradicting_rows", r->n_contradicting);
    jsonw_put_u64(w, "columns", r->n_columns);
    jsonw_object_end(w);
}

static void put_list(struct jsonw *w, const char *key, const char *objects)
{
    jsonw_key(w, key);
    jsonw_array(w);
    if (objects[0] != '\0')
        jsonw_raw(w, objects);
    jsonw_array_end(w);
}

static void put_text_or_none(struct jsonw *w, const char *key, const char *value)
{
    if (value != NULL)
        jsonw_put_text(w, key, value);
}

static void put_params(struct jsonw *w, const struct lw_tabular *t,
                       const struct lw_tabular_config *cfg)
{
    static const char *const levels[] = {
#define LEVEL_TEXT(name, text) text,
        LW_LEVEL_LIST(LEVEL_TEXT)
#undef LEVEL_TEXT
    };

    jsonw_key(w, "parameters");
    jsonw_object(w);
    jsonw_put_text(w, "model", lw_tabular_kind(t));
    put_text_or_none(w, "options", cfg->params.options);
    jsonw_put_text(w, "level", levels[t->level]);
    put_text_or_none(w, "clean", cfg->judge.clean);
    put_text_or_none(w, "balance", cfg->judge.balance);
    if (t->threshold > 0)
        jsonw_put_f64(w, "threshold", t->threshold);
    jsonw_put_u64(w, "seed", cfg->judge.seed);
    jsonw_object_end(w);
}

static void put_eval(struct jsonw *w, const char *key, const struct lw_tabular *t,
                     const struct lw_eval *e)
{
    jsonw_key(w, key);
    jsonw_object(w);
    jsonw_put_u64(w, "rows", e->n_rows);
    jsonw_put_f64(w, "accuracy", e->accuracy);
    jsonw_put_f64(w, "macro_f1", e->macro_f1);
    jsonw_put_f64(w, "mcc", e->mcc);
    jsonw_put_f64(w, "false_alarm", e->false_alarm);
    jsonw_put_f64(w, "detection", e->detection);
    jsonw_put_f64(w, "roc_auc", e->roc_auc);
    jsonw_put_f64(w, "pr_auc", e->pr_auc);
    jsonw_put_f64(w, "tpr_at_fpr_1e3", e->tpr_at_fpr_1e3);
    jsonw_key(w, "recall");
    jsonw_object(w);
    for (uint32_t c = 0; c < e->n_classes; c++)
        jsonw_put_f64(w, t->class_names[c], e->recall[c]);
    jsonw_object_end(w);
    jsonw_object_end(w);
}

enum lw_status tabular_write_provenance(struct lw_tabular *t,
                                        const struct lw_frame *frame,
                                        const struct lw_tabular_config *cfg,
                                        const struct lw_tabular_report *r,
                                        const char *dropped, const char *kept,
                                        struct lw_error *err)
{
    struct provenance p;
    struct jsonw *w = &p.w;

    provenance_begin(&p, false);
    put_data(w, t, frame, r);
    put_list(w, "left_out", dropped);
    put_list(w, "kept_against_lint", kept);
    put_params(w, t, cfg);
    jsonw_key(w, "validation");
    jsonw_object(w);
    jsonw_put_text(w, "protocol", lw_protocol_name(cfg->judge.protocol));
    put_eval(w, "held_out", t, &r->held_out);
    put_eval(w, "baseline_majority", t, &r->majority);
    put_eval(w, "baseline_one_rule", t, &r->one_rule);
    jsonw_object_end(w);
    return provenance_end(&p, &t->provenance, err);
}
