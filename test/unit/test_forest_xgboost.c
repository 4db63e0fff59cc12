/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/ubjson.h"
#include "learn/forest_xgboost.h"
#include "learn/gbdt_xgboost.h"
#include "sample.h"
#include "test.h"

#include <cmocka.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_ROWS = SAMPLE_ROWS, CLASSES_MAX = 5, N_SCORES = N_ROWS * CLASSES_MAX };

/* A booster, its trees here, and its own scores of its training rows. */
struct pair {
    struct sample s;
    struct booster *b;
    struct forest *f;
    float theirs[N_SCORES];
    size_t n_scores;
};

static void pair_init(struct pair *p, uint32_t n_classes)
{
    static const struct lw_model_params params = {.n_rounds = 12, .max_depth = 7};
    struct model_task task = {.params = &params, .n_classes = n_classes};

    memset(p, 0, sizeof *p);
    sample_init(&p->s, n_classes, 3);
    task.x = &p->s.x;
    task.labels = p->s.labels;
    assert_int_equal(booster_fit(&p->b, &task, NULL), LW_OK);
    assert_int_equal(booster_export(&p->f, p->b, NULL), LW_OK);
    p->n_scores = (size_t)N_ROWS * p->f->n_groups;
    assert_int_equal(booster_predict(p->b, p->s.x.x, N_ROWS, BOOSTER_MARGIN, p->theirs,
                                     p->n_scores, NULL),
                     LW_OK);
}

static void pair_release(struct pair *p)
{
    forest_free(p->f);
    booster_free(p->b);
    sample_release(&p->s);
}

/* JSON and UBJSON: every score is XGBoost's, bit for bit. */
static void imports_what_xgboost_saves(void **state)
{
    (void)state;
    for (uint32_t k = 2; k <= CLASSES_MAX; k++)
        for (int binary = 0; binary < 2; binary++) {
            struct forest *f = NULL;
            float ours[N_SCORES];
            struct pair p;
            struct buf file;

            pair_init(&p, k);
            buf_init(&file);
            assert_int_equal(booster_save(p.b, binary == 1, &file, NULL), LW_OK);
            assert_int_equal(
                forest_from_xgboost(&f, span_of(buf_text(&file), file.len), NULL),
                LW_OK);
            assert_int_equal(f->n_classes, k);
            forest_margins(f, p.s.x.x, N_ROWS, ours);
            assert_memory_equal(ours, p.theirs, p.n_scores * sizeof *ours);
            forest_free(f);
            buf_release(&file);
            pair_release(&p);
        }
}

/* XGBoost loads what we write, and scores as before. */
static void xgboost_loads_what_we_export(void **state)
{
    (void)state;
    for (uint32_t k = 2; k <= CLASSES_MAX; k++) {
        struct booster *again = NULL;
        struct lw_error err = {.msg = ""};
        float scores[N_SCORES];
        struct pair p;
        struct buf file;

        pair_init(&p, k);
        buf_init(&file);
        forest_to_xgboost(p.f, &file);
        if (booster_load(&again, buf_text(&file), file.len, SAMPLE_COLS, k, &err) !=
            LW_OK)
            fail_msg("%s", err.msg);
        assert_int_equal(booster_predict(again, p.s.x.x, N_ROWS, BOOSTER_MARGIN, scores,
                                         p.n_scores, NULL),
                         LW_OK);
        assert_memory_equal(scores, p.theirs, p.n_scores * sizeof *scores);
        booster_free(again);
        buf_release(&file);
        pair_release(&p);
    }
}

typedef void (*margins_fn)(const float *row, float *margin);

/* Compile the source as a library and score all rows with it. */
static void score_by_source(const struct pair *p, const struct buf *source, float *out)
{
    char dir[] = "/tmp/lapwing-c-XXXXXX";
    char text[64];
    char library[64];
    char cmd[256];
    margins_fn margins;
    void *lib;
    FILE *f;

    assert_non_null(mkdtemp(dir));
    (void)snprintf(text, sizeof text, "%s/trees.c", dir);
    (void)snprintf(library, sizeof library, "%s/trees.so", dir);
    f = fopen(text, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(buf_text(source), 1, source->len, f), source->len);
    assert_int_equal(fclose(f), 0);
    (void)snprintf(cmd, sizeof cmd,
                   "cc -std=c99 -O1 -Wall -Wextra -Werror -ffp-contract=off -shared "
                   "-fPIC -o %s %s -lm",
                   library, text);
    assert_int_equal(system(cmd), 0);
    lib = dlopen(library, RTLD_NOW);
    assert_non_null(lib);
    *(void **)&margins = dlsym(lib, "kdd_margins");
    assert_non_null(margins);
    for (size_t r = 0; r < N_ROWS; r++)
        margins(p->s.x.x + r * SAMPLE_COLS, out + r * p->f->n_groups);
    (void)dlclose(lib);
    (void)unlink(text);
    (void)unlink(library);
    (void)rmdir(dir);
}

static void source_scores_as_the_forest(void **state)
{
    static const uint32_t classes[] = {2, 5};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        float scores[N_SCORES];
        struct pair p;
        struct buf source;

        pair_init(&p, classes[i]);
        buf_init(&source);
        forest_to_c(p.f, "kdd", &source);
        assert_true(buf_ok(&source));
        score_by_source(&p, &source, scores);
        assert_memory_equal(scores, p.theirs, p.n_scores * sizeof *scores);
        buf_release(&source);
        pair_release(&p);
    }
}

static void refuse(const char *model, enum lw_status why, const char *saying)
{
    struct forest *f = NULL;
    struct lw_error err = {.msg = ""};

    assert_int_equal(forest_from_xgboost(&f, span_of(model, strlen(model)), &err), why);
    assert_null(f);
    if (strstr(err.msg, saying) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.msg, saying);
}

#define TWO_CLASSES                                                                    \
    "{\"learner\":{\"objective\":{\"name\":\"binary:logistic\"},"                      \
    "\"learner_model_param\":{\"base_score\":\"5E-1\",\"num_feature\":\"2\"},"         \
    "\"gradient_booster\":{\"name\":\"gbtree\",\"model\":{\"tree_info\":[0],"          \
    "\"trees\":[{"

static void refuses_what_it_cannot_run(void **state)
{
    (void)state;
    refuse("", LW_EFORMAT, "not JSON");
    refuse("[]", LW_EFORMAT, "no objective");
    refuse("{\"learner\":{\"objective\":{\"name\":\"rank:ndcg\"}}}", LW_EUNSUPPORTED,
           "rank:ndcg");
    refuse(TWO_CLASSES "\"left_children\":[-1]}]}}}}", LW_EFORMAT, "differ in length");
    refuse(TWO_CLASSES "\"left_children\":[-1],\"right_children\":[-1],"
                       "\"split_indices\":[0],\"split_conditions\":[1],"
                       "\"split_type\":[1]}]}}}}",
           LW_EUNSUPPORTED, "by category");
    /* A node that is its own descendant. */
    refuse(TWO_CLASSES "\"left_children\":[1,1,-1],\"right_children\":[2,2,-1],"
                       "\"split_indices\":[0,0,0],\"split_conditions\":[1,1,1],"
                       "\"sum_hessian\":[1,1,1],\"default_left\":[0,0,0]}]}}}}",
           LW_EFORMAT, "form no tree");
}

/* A damaged binary file is refused whatever byte it ends at. */
static void refuses_parts(void **state)
{
    struct pair p;
    struct buf file;

    (void)state;
    pair_init(&p, 2);
    buf_init(&file);
    assert_int_equal(booster_save(p.b, true, &file, NULL), LW_OK);
    for (size_t n = 0; n < file.len; n += 1 + file.len / 500) {
        struct forest *f = NULL;

        assert_int_not_equal(forest_from_xgboost(&f, span_of(buf_text(&file), n), NULL),
                             LW_OK);
        assert_null(f);
    }
    buf_release(&file);
    pair_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imports_what_xgboost_saves),
        cmocka_unit_test(xgboost_loads_what_we_export),
        cmocka_unit_test(source_scores_as_the_forest),
        cmocka_unit_test(refuses_what_it_cannot_run),
        cmocka_unit_test(refuses_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
