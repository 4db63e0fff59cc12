/* SPDX-License-Identifier: Apache-2.0 */
/* The bundled models as C source: compiled, it says what they say. */
#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "detect/classifier_priv.h"
#include "learn/model_c.h"
#include "test.h"

#include <dlfcn.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 400, PATH_ROOM = 64 };

static struct lw_error err;

typedef void (*predict_fn)(const float *row, float *proba);

/* A source compiled into a library. */
struct compiled {
    char folder[PATH_ROOM];
    char text[PATH_ROOM];
    char library[PATH_ROOM];
    void *handle;
    predict_fn predict;
};

static void compile(struct compiled *c, const struct buf *source)
{
    char command[4 * PATH_ROOM];
    FILE *f;

    (void)strcpy(c->folder, "/tmp/lapwing-model-XXXXXX");
    assert_non_null(mkdtemp(c->folder));
    (void)snprintf(c->text, sizeof c->text, "%s/m.c", c->folder);
    (void)snprintf(c->library, sizeof c->library, "%s/m.so", c->folder);
    f = fopen(c->text, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(buf_text(source), 1, source->len, f), source->len);
    assert_int_equal(fclose(f), 0);
    (void)snprintf(command, sizeof command,
                   "cc -std=c99 -O1 -Wall -Wextra -Werror -ffp-contract=off -shared "
                   "-fPIC -o %s %s -lm",
                   c->library, c->text);
    assert_int_equal(system(command), 0);
    c->handle = dlopen(c->library, RTLD_NOW);
    assert_non_null(c->handle);
    *(void **)&c->predict = dlsym(c->handle, "lapwing_predict");
    assert_non_null(c->predict);
}

static void remove_it(struct compiled *c)
{
    (void)dlclose(c->handle);
    (void)unlink(c->text);
    (void)unlink(c->library);
    (void)rmdir(c->folder);
}

/* Small and large, whole and not, missing and infinite. */
static float any_value(struct rng *rng)
{
    switch (rng_below(rng, 8)) {
    case 0:
        return 0;
    case 1:
        return 1;
    case 2:
        return (float)rng_unit(rng);
    case 3:
        return (float)rng_below(rng, 512);
    case 4:
        return (float)exp(30 * rng_unit(rng));
    case 5:
        return -(float)rng_below(rng, 100);
    case 6:
        return NAN;
    default:
        return rng_below(rng, 2) == 0 ? INFINITY : FLT_MAX;
    }
}

static void compare(const struct lw_model *m)
{
    struct compiled c;
    struct buf source;
    struct rng rng;
    float *row = mem_zalloc(m->n_cols, sizeof *row);
    float ours[LW_MAX_CLASSES];
    float theirs[LW_MAX_CLASSES];

    assert_non_null(row);
    buf_init(&source);
    if (model_to_c(m, "lapwing", &source, &err) != LW_OK)
        fail_msg("%s", err.msg);
    assert_true(buf_ok(&source));
    compile(&c, &source);
    rng_init(&rng, 1);
    for (size_t r = 0; r < ROWS; r++) {
        for (uint32_t i = 0; i < m->n_cols; i++)
            row[i] = any_value(&rng);
        lw_model_predict(m, row, 1, ours);
        c.predict(row, theirs);
        for (uint32_t k = 0; k < m->n_classes; k++)
            assert_near(theirs[k], ours[k], 1e-6);
    }
    remove_it(&c);
    buf_release(&source);
    mem_free(row);
}

static void bundled_models_are_the_same_in_c(void **state)
{
    static const char *const files[] = {"models/attack.lwm", "models/classify.lwm",
                                        "models/botnet.lwm", "models/traffic.lwm"};

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct lw_classifier *c = NULL;

        if (lw_classifier_load(&c, test_source_path(files[i]), &err) != LW_OK)
            fail_msg("%s", err.msg);
        compare(c->model);
        lw_classifier_free(c);
    }
}

static void fit(struct lw_model **out, const char *kind, const char *options)
{
    const struct lw_model_params params = {.options = options, .n_rounds = 5};
    struct lw_matrix x;
    uint32_t label[120];
    struct rng rng;

    rng_init(&rng, 2);
    assert_int_equal(lw_matrix_init(&x, 120, 3, &err), LW_OK);
    for (size_t r = 0; r < 120; r++) {
        label[r] = (uint32_t)rng_below(&rng, 3);
        for (size_t i = 0; i < 3; i++)
            x.x[3 * r + i] = (float)rng_unit(&rng) + (i == label[r] ? 1.0F : 0.0F);
    }
    if (lw_model_fit(out, kind, &params, &x, label, 3, NULL, &err) != LW_OK)
        fail_msg("%s", err.msg);
    lw_matrix_release(&x);
}

static void models_of_models_are_told_whole_or_refused(void **state)
{
    static const struct {
        const char *kind;
        const char *options;
        const char *refused; /* NULL: it is told */
    } cases[] = {
        {"mean", "of=gbdt+mlp,by=score", NULL},
        {"versus", "of=gbdt", NULL},
        {"mean", "of=gbdt+mlp", "a mean of probabilities"},
        {"mean", "of=gbdt+forest,by=score", "of kind forest"},
        {"cascade", "of=gbdt+gbdt", "of kind cascade"},
        {"forest", NULL, "of kind forest"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lw_model *m = NULL;
        struct buf source;

        fit(&m, cases[i].kind, cases[i].options);
        buf_init(&source);
        if (cases[i].refused == NULL) {
            compare(m);
        } else {
            assert_int_equal(model_to_c(m, "lapwing", &source, &err), LW_EUNSUPPORTED);
            assert_non_null(strstr(err.msg, cases[i].refused));
        }
        buf_release(&source);
        lw_model_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundled_models_are_the_same_in_c),
        cmocka_unit_test(models_of_models_are_told_whole_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
