/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_bundles DIR - write the seeds of the bundle fuzz target into DIR
 * (test/corpus/bundle): model files around small trees, an estimator of each kind, and
 * the sections that are around an estimator.
 */
#include "base/rng.h"
#include "data/encode.h"
#include "detect/normality.h"
#include "detect/rule.h"
#include "learn/model_ops.h"
#include "sample.h"

#include <lapwing/bundle.h>
#include <lapwing/model.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(enum lw_status st, const struct lw_error *err)
{
    if (st == LW_OK)
        return;
    (void)fprintf(stderr, "%s\n", err->msg);
    exit(1);
}

static void save_bytes(const char *dir, const char *name, const struct buf *b)
{
    char path[4096];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%.64s", dir, name);
    f = fopen(path, "wb");
    if (f == NULL || fwrite(b->data, 1, b->len, f) != b->len || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

static void make_model(const char *dir, uint32_t n_classes, uint32_t depth)
{
    const struct lw_model_params params = {.n_rounds = 2, .max_depth = depth};
    struct lw_error err = {.msg = ""};
    struct lw_bundle *b = NULL;
    struct lw_model *m = NULL;
    struct buf bytes;
    struct sample s;
    char name[32];
    char path[4096];

    sample_init(&s, n_classes, n_classes);
    must(lw_model_fit(&m, "gbdt", &params, &s.x, s.labels, n_classes, NULL, &err),
         &err);
    buf_init(&bytes);
    model_save(m, &bytes);
    (void)snprintf(name, sizeof name, "%u-classes.model", n_classes);
    save_bytes(dir, name, &bytes);
    must(lw_bundle_new(&b, &err), &err);
    must(lw_bundle_put(b, "MODEL", bytes.data, bytes.len, &err), &err);
    must(lw_bundle_put(b, "VIEW", "kdd", 3, &err), &err);
    (void)snprintf(path, sizeof path, "%s/%u-classes.lwm", dir, n_classes);
    must(lw_bundle_save(b, path, &err), &err);
    lw_bundle_free(b);
    buf_release(&bytes);
    lw_model_free(m);
    sample_release(&s);
}

/* A small one of each kind, learnt from a few rows. */
static void make_estimators(const char *dir)
{
    struct lw_model_kind kind;
    struct sample s;

    sample_init(&s, 3, 1);
    s.x.n_rows = 60;
    for (size_t i = 0; lw_model_kind_at(i, &kind); i++) {
        struct lw_model_params params = {
            .n_rounds = 1, .max_depth = 2, .hidden = 3, .n_steps = 5, .noise = 0.1};
        struct lw_error err = {.msg = ""};
        struct lw_model *m = NULL;
        struct buf bytes;
        char name[32];

        for (size_t k = 0; k < kind.n_options; k++)
            if (strcmp(kind.options[k].name, "trees") == 0)
                params.options = "trees=2";
        must(lw_model_fit(&m, kind.name, &params, &s.x, s.labels, 3, NULL, &err), &err);
        buf_init(&bytes);
        model_save(m, &bytes);
        (void)snprintf(name, sizeof name, "%s.model", kind.name);
        save_bytes(dir, name, &bytes);
        buf_release(&bytes);
        lw_model_free(m);
    }
    sample_release(&s);
}

static void make_rule(const char *dir)
{
    struct rule r;
    struct buf bytes;

    rule_init(&r, LW_N_KDD_CLASSES);
    lw_cost_kddcup99(&r.cost);
    r.temperature = 1.5F;
    r.attack_factor = 0.25F;
    r.novelty_power = 1;
    r.mix = 0.2F;
    buf_init(&bytes);
    rule_save(&r, &bytes);
    save_bytes(dir, "rule.section", &bytes);
    buf_release(&bytes);
}

static void make_normality(const char *dir)
{
    enum { ROWS = 40 };
    float values[2 * ROWS];
    uint32_t label[ROWS] = {0};
    const struct lw_matrix x = {values, ROWS, 2};
    struct normality n = {0};
    struct lw_error err = {.msg = ""};
    struct buf bytes;
    struct rng r;

    rng_init(&r, 1);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        values[i] = (float)rng_below(&r, 100);
    must(normality_fit(&n, &x, label, &err), &err);
    buf_init(&bytes);
    normality_save(&n, &bytes);
    save_bytes(dir, "normal.section", &bytes);
    buf_release(&bytes);
    normality_release(&n);
}

static void make_encoder(const char *dir)
{
    static const uint8_t group[] = {2, 2, 0, 1};
    static const struct encode_input inputs[] = {
        {.type = ENCODE_CATEGORY, .n_categories = 4, .group = group},
        {.type = ENCODE_NUMBER},
    };
    float values[] = {0, 7, 2, 8};
    const struct lw_matrix x = {values, 2, 2};
    struct encoder *e = NULL;
    struct lw_error err = {.msg = ""};
    struct buf bytes;

    must(encoder_fit(&e, inputs, 2, &x, &err), &err);
    buf_init(&bytes);
    encoder_save(e, &bytes);
    save_bytes(dir, "grouped.section", &bytes);
    buf_release(&bytes);
    encoder_free(e);
}

int main(int argc, char **argv)
{
    struct lw_error err = {.msg = ""};
    struct lw_bundle *b = NULL;
    char name[4096];

    if (argc != 2) {
        (void)fprintf(stderr, "usage: make_bundles DIR\n");
        return 2;
    }
    make_model(argv[1], 2, 3);
    make_model(argv[1], 3, 2);
    make_estimators(argv[1]);
    make_rule(argv[1]);
    make_normality(argv[1]);
    make_encoder(argv[1]);
    must(lw_bundle_new(&b, &err), &err);
    (void)snprintf(name, sizeof name, "%s/empty.lwm", argv[1]);
    must(lw_bundle_save(b, name, &err), &err);
    lw_bundle_free(b);
    return 0;
}
