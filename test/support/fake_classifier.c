/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_classifier.h"

#include <stdio.h>

static const char *const names[LW_N_VERDICTS] = {
#define FAKE_NAME(name, text) text,
    LW_VERDICT_LIST(FAKE_NAME)
#undef FAKE_NAME
};

struct lw_classifier fake_classifier(void)
{
    return (struct lw_classifier){.view = lw_view_get("kdd")};
}

/* The counters are the test's, behind the const of the interface. */
static struct lw_classifier *own(const struct lw_classifier *c)
{
    union {
        const struct lw_classifier *in;
        struct lw_classifier *out;
    } u = {.in = c};

    return u.out;
}

const char *lw_verdict_name(enum lw_verdict_class c)
{
    return names[c];
}

const struct lw_view *lw_classifier_view(const struct lw_classifier *c)
{
    return c->view;
}

uint32_t lw_classifier_classes(const struct lw_classifier *c)
{
    (void)c;
    return 5;
}

const char *lw_classifier_class_name(const struct lw_classifier *c, uint32_t i)
{
    (void)c;
    return names[i];
}

const char *lw_classifier_id(const struct lw_classifier *c)
{
    (void)c;
    return "0123456789ab";
}

const char *lw_classifier_view_hash(const struct lw_classifier *c)
{
    (void)c;
    return "0123456789abcdef";
}

enum lw_status lw_classifier_load(struct lw_classifier **out, const char *path,
                                  struct lw_error *err)
{
    (void)out;
    return lw_fail(err, LW_EIO, "%s: no files here", path);
}

void lw_classifier_free(struct lw_classifier *c)
{
    (void)c;
}

enum lw_status lw_classifier_judge(const struct lw_classifier *c, const float *rows,
                                   size_t n_rows, struct lw_verdict *out,
                                   struct lw_error *err)
{
    struct lw_classifier *o = own(c);

    o->n_judged++;
    o->largest_batch = n_rows > o->largest_batch ? n_rows : o->largest_batch;
    if (o->fail_judge_at > 0 && --o->fail_judge_at == 0)
        return lw_fail(err, LW_ENOMEM, "judging failed");
    for (size_t i = 0; i < n_rows; i++) {
        const float *row = rows + i * c->view->n_features;
        enum lw_verdict_class v =
            c->verdict == NULL ? LW_VERDICT_NORMAL : c->verdict(row);

        out[i] = (struct lw_verdict){
            .verdict = v,
            .confidence = 0.75F,
            .attack_score = v == LW_VERDICT_NORMAL ? 0.25F : 0.75F,
            .novelty = 1,
            .p_value = 0.5F,
            .unavailable = 0.25F,
        };
        if (v < LW_VERDICT_BOTNET)
            out[i].score[v] = 0.75F;
    }
    return LW_OK;
}

enum lw_status lw_classifier_explain(const struct lw_classifier *c, const float *row,
                                     const struct lw_verdict *v, struct lw_reason *out,
                                     size_t max, size_t *n_out, struct lw_error *err)
{
    (void)v;
    (void)err;
    own(c)->n_explained++;
    for (*n_out = 0; *n_out < max && *n_out < LW_MAX_REASONS; (*n_out)++) {
        struct lw_reason *r = &out[*n_out];

        r->feature_idx = (uint16_t)*n_out;
        r->value = row[*n_out];
        r->contribution = (float)(LW_MAX_REASONS - *n_out);
        (void)snprintf(r->words, sizeof r->words, "%s is %g",
                       c->view->features[*n_out].name, (double)r->value);
    }
    return LW_OK;
}
