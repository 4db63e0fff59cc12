/* SPDX-License-Identifier: Apache-2.0 */
/* What every kind of model must do, whichever it is. */
#include "base/buf.h"
#include "base/mem.h"
#include "learn/link.h"
#include "learn/model_ops.h"
#include "learn/model_option.h"
#include "sample.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>
#include <string.h>

enum { N_ROWS = SAMPLE_ROWS, N_COLS = SAMPLE_COLS };

/* Small ones: everything here is done many times. */
static const struct {
    const char *kind;
    const char *options;
} small[] = {
    {"forest", "trees=4,depth=6"},
    {"svm", "max-rows=600"},
    {"iforest", "trees=4,samples=32"},
    {"autoencoder", "units=5,latent=3,epochs=3"},
    {"hist", "bins=4"},
    {"mean", "of=gbdt+bayes+tree,tree.depth=3"},
    {"cascade", "of=tree+bayes,tree.depth=3"},
    {"versus", "of=tree,tree.depth=3"},
};

static const char *options_of(const char *kind)
{
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++)
        if (strcmp(small[i].kind, kind) == 0)
            return small[i].options;
    return NULL;
}

static struct lw_model *fit(const char *kind, const struct sample *s, uint64_t seed)
{
    const struct lw_model_params params = {.n_rounds = 3,
                                           .max_depth = 3,
                                           .hidden = 4,
                                           .n_steps = 20,
                                           .seed = seed,
                                           .options = options_of(kind)};
    struct lw_model *m = NULL;
    struct lw_error err = {.msg = ""};

    if (lw_model_fit(&m, kind, &params, &s->x, s->labels, s->n_classes, s->weights,
                     &err) != LW_OK)
        fail_msg("%s: %s", kind, err.msg);
    return m;
}

static void save(const struct lw_model *m, struct buf *out)
{
    buf_init(out);
    model_save(m, out);
    assert_true(buf_ok(out));
}

/* Call `check` for every kind, with two classes and with four. */
static void each_kind(void (*check)(const char *kind, const struct sample *s))
{
    struct lw_model_kind kind;

    for (size_t i = 0; lw_model_kind_at(i, &kind); i++) {
        for (uint32_t k = 2; k <= 4; k += 2) {
            struct sample s;

            sample_init(&s, k, 11 * k);
            check(kind.name, &s);
            sample_release(&s);
        }
    }
}

static void probabilities_are_some(const char *kind, const struct sample *s)
{
    struct lw_model *m = fit(kind, s, 1);
    uint32_t k = s->n_classes;
    float p[N_ROWS * 4];
    float margin[N_ROWS * 4];

    lw_model_predict(m, s->x.x, N_ROWS, p);
    model_margins(m, s->x.x, N_ROWS, margin);
    for (size_t r = 0; r < N_ROWS; r++) {
        float sum = 0;

        link_softmax(margin + r * k, k);
        for (uint32_t c = 0; c < k; c++) {
            assert_true(p[r * k + c] >= 0 && p[r * k + c] <= 1);
            assert_near(margin[r * k + c], p[r * k + c], 1e-5);
            sum += p[r * k + c];
        }
        assert_near(sum, 1, 1e-5);
    }
    lw_model_free(m);
}

static void all_give_probabilities(void **state)
{
    (void)state;
    each_kind(probabilities_are_some);
}

static void reloads_to_the_same(const char *kind, const struct sample *s)
{
    struct lw_model *m = fit(kind, s, 1);
    struct lw_model *back = NULL;
    struct lw_error err = {.msg = ""};
    float before[N_ROWS * 4] = {0};
    float after[N_ROWS * 4] = {0};
    struct buf bytes;
    struct buf again;

    save(m, &bytes);
    if (model_load(&back, span_of(bytes.data, bytes.len), &err) != LW_OK)
        fail_msg("%s: %s", kind, err.msg);
    save(back, &again);
    assert_int_equal(bytes.len, again.len);
    assert_memory_equal(bytes.data, again.data, bytes.len);
    lw_model_predict(m, s->x.x, N_ROWS, before);
    /* Not in one go: a row does not see its batch. */
    for (size_t r = 0; r < N_ROWS; r += 7)
        lw_model_predict(back, s->x.x + r * N_COLS, N_ROWS - r < 7 ? N_ROWS - r : 7,
                         after + r * s->n_classes);
    assert_memory_equal(before, after, sizeof before);
    assert_string_equal(lw_model_kind(back), kind);
    buf_release(&bytes);
    buf_release(&again);
    lw_model_free(m);
    lw_model_free(back);
}

static void all_reload_to_the_same(void **state)
{
    (void)state;
    each_kind(reloads_to_the_same);
}

static void repeats_itself(const char *kind, const struct sample *s)
{
    struct lw_model *m[2] = {fit(kind, s, 5), fit(kind, s, 5)};
    struct buf bytes[2];

    save(m[0], &bytes[0]);
    save(m[1], &bytes[1]);
    assert_int_equal(bytes[0].len, bytes[1].len);
    assert_memory_equal(bytes[0].data, bytes[1].data, bytes[0].len);
    for (size_t i = 0; i < 2; i++) {
        buf_release(&bytes[i]);
        lw_model_free(m[i]);
    }
}

static void all_repeat_themselves(void **state)
{
    (void)state;
    each_kind(repeats_itself);
}

static void explains_or_says_why_not(const char *kind, const struct sample *s)
{
    struct lw_model *m = fit(kind, s, 1);

    for (size_t r = 0; r < 20; r++) {
        double phi[N_COLS + 1];
        struct lw_error err = {.msg = ""};
        enum lw_status st =
            lw_model_contributions(m, s->x.x + r * N_COLS, 1, phi, &err);

        if (st == LW_EUNSUPPORTED) {
            assert_string_not_equal(err.msg, "");
            continue;
        }
        assert_int_equal(st, LW_OK);
        for (size_t c = 0; c <= N_COLS; c++)
            assert_true(isfinite(phi[c]));
    }
    lw_model_free(m);
}

static void all_explain_or_say_why_not(void **state)
{
    (void)state;
    each_kind(explains_or_says_why_not);
}

/* A damaged model is refused or predicts; never anything else. */
static void damage_does_no_harm(const char *kind, const struct sample *s)
{
    struct lw_model *m = fit(kind, s, 1);
    struct buf bytes;
    size_t step;

    save(m, &bytes);
    step = bytes.len / 1500 + 1;
    for (size_t i = 0; i < bytes.len; i += i < 200 ? 1 : step) {
        struct lw_error err = {.msg = ""};
        struct lw_model *back = NULL;

        assert_int_not_equal(model_load(&back, span_of(bytes.data, i), &err), LW_OK);
        assert_string_not_equal(err.msg, "");
        for (int v = 1; v < 256; v = v * 3 + 1) {
            float p[N_ROWS * 4];

            bytes.data[i] = (char)(bytes.data[i] ^ v);
            if (model_load(&back, span_of(bytes.data, bytes.len), &err) == LW_OK) {
                if (lw_model_columns(back) <= N_COLS && lw_model_classes(back) <= 4)
                    lw_model_predict(back, s->x.x, 3, p);
                lw_model_free(back);
                back = NULL;
            }
            bytes.data[i] = (char)(bytes.data[i] ^ v);
        }
    }
    buf_release(&bytes);
    lw_model_free(m);
}

static void damage_does_no_harm_to_any(void **state)
{
    (void)state;
    each_kind(damage_does_no_harm);
}

/* XGBoost allocates by itself: of it only our own part can fail. */
static void memory_may_run_out(const char *kind, const struct sample *s)
{
    const struct lw_model_params params = {.n_rounds = 1,
                                           .max_depth = 2,
                                           .hidden = 4,
                                           .n_steps = 20,
                                           .options = options_of(kind)};
    enum lw_status st = LW_ENOMEM;

    if (s->n_classes > 2)
        return;
    for (uint64_t n = 1; st == LW_ENOMEM && n < 400; n++) {
        struct lw_model *m = NULL;
        struct lw_error err = {.msg = ""};

        mem_fail_at(n, 0);
        st =
            lw_model_fit(&m, kind, &params, &s->x, s->labels, s->n_classes, NULL, &err);
        mem_fail_at(0, 0);
        if (st == LW_OK)
            lw_model_free(m);
        else
            assert_string_not_equal(err.msg, "");
    }
}

static void memory_may_run_out_for_any(void **state)
{
    (void)state;
    each_kind(memory_may_run_out);
}

static void kinds_are_described(void **state)
{
    struct lw_model_kind kind;
    size_t n = 0;

    (void)state;
    for (; lw_model_kind_at(n, &kind); n++) {
        double values[LW_MODEL_OPTIONS_MAX];

        assert_non_null(kind.doc);
        assert_int_equal(model_options_read(values, &kind, NULL, NULL), LW_OK);
        for (size_t i = 0; i < kind.n_options; i++) {
            const struct lw_model_option *o = &kind.options[i];

            assert_non_null(o->name);
            assert_non_null(o->help);
            if (o->words == NULL)
                assert_true(values[i] >= o->min && values[i] <= o->max);
        }
    }
    assert_true(n >= 3);
}

static void options_are_checked(void **state)
{
    static const char *const words[] = {"red", "green", NULL};
    static const struct lw_model_option options[] = {
        MODEL_WHOLE("count", 3, 1, 10, "whole"),
        MODEL_NUMBER("rate", 0.5, 0, 1, "any"),
        MODEL_WORD("colour", words, "one of two"),
    };
    static const struct lw_model_kind kind = {"toy", "a toy", options, 3};
    static const struct lw_model_kind bare = {"bare", "nothing to say", NULL, 0};
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        {"count=0", "count=0: it is a whole number from 1 to 10"},
        {"count=2.5", "whole"},
        {"count=11", "1 to 10"},
        {"count=", "count="},
        {"count", "count"},
        {"count=3x", "count=3x"},
        {"rate=nan", "rate=nan"},
        {"rate=0.2,,", "no parameter \"\""},
        {"colour=blue", "it can be red, green"},
        {"size=3", "no parameter \"size\"; it has count, rate, colour"},
    };
    double v[LW_MODEL_OPTIONS_MAX];
    struct lw_error err;

    (void)state;
    assert_int_equal(model_options_read(v, &kind, NULL, NULL), LW_OK);
    assert_near(v[0], 3, 0);
    assert_near(v[1], 0.5, 0);
    assert_near(v[2], 0, 0);
    assert_int_equal(
        model_options_read(v, &kind, "colour=green,rate=1e-3,count=7", NULL), LW_OK);
    assert_near(v[0], 7, 0);
    assert_near(v[1], 1e-3, 0);
    assert_near(v[2], 1, 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(model_options_read(v, &kind, bad[i].text, &err), LW_EINVAL);
        if (strstr(err.msg, bad[i].says) == NULL)
            fail_msg("%s: %s", bad[i].text, err.msg);
    }
    assert_int_equal(model_options_read(v, &bare, "a=1", &err), LW_EINVAL);
    assert_non_null(strstr(err.msg, "it has none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_described),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(all_give_probabilities),
        cmocka_unit_test(all_reload_to_the_same),
        cmocka_unit_test(all_repeat_themselves),
        cmocka_unit_test(all_explain_or_say_why_not),
        cmocka_unit_test(damage_does_no_harm_to_any),
        cmocka_unit_test(memory_may_run_out_for_any),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
