/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_bundles DIR - write the seeds of the bundle fuzz target into DIR
 * (test/corpus/bundle): model files around small trees, and one of the estimators by
 * itself.
 */
#include "learn/model_ops.h"
#include "sample.h"

#include <lapwing/bundle.h>
#include <lapwing/model.h>

#include <stdio.h>
#include <stdlib.h>

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
    must(lw_bundle_new(&b, &err), &err);
    (void)snprintf(name, sizeof name, "%s/empty.lwm", argv[1]);
    must(lw_bundle_save(b, name, &err), &err);
    lw_bundle_free(b);
    return 0;
}
