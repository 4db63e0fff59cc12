/* SPDX-License-Identifier: Apache-2.0 */
/* A schema as YAML, a NUL byte, and the table that it speaks of.  Whatever becomes of
 * bad rows: who reads on has at least as many rows as who leaves rows out, no word is
 * in a dictionary for nothing, labels add up to the rows, and figures of a profile are
 * what they can be. */
#include "base/assert.h"
#include "fuzz.h"

#include <lapwing/profile.h>

#include <math.h>
#include <string.h>

static void check_words(const struct lw_frame *f)
{
    for (size_t i = 0; i < lw_frame_columns(f); i++) {
        struct lw_column c;
        uint32_t next = 0;

        lw_frame_column(f, i, &c);
        LW_ASSERT((c.codes == NULL) != (c.numbers == NULL));
        for (size_t r = 0; c.codes != NULL && r < lw_frame_rows(f); r++) {
            LW_ASSERT(c.codes[r] <= next);
            next += c.codes[r] == next ? 1 : 0;
        }
        LW_ASSERT(next == c.n_words);
    }
}

static void check_test(const struct lw_profile_test *t)
{
    if (t->state != LW_TEST_APPLIES)
        return;
    LW_ASSERT(t->p >= 0 && t->p <= 1 && t->q >= t->p && t->q <= 1);
}

static void check_profile(const struct lw_frame *f, const struct lw_target *l,
                          const struct lw_schema *s)
{
    struct lw_profile p;
    struct lw_error err;

    if (lw_profile_make(&p, f, l, s, NULL, &err) != LW_OK)
        return;
    for (size_t i = 0; i < p.n_features; i++) {
        const struct lw_profile_feature *x = &p.features[i];

        check_test(&x->welch);
        check_test(&x->rank);
        check_test(&x->chi_square);
        LW_ASSERT(isnan(x->auc) || (x->auc >= 0 && x->auc <= 1));
        LW_ASSERT(isnan(x->correlation) || fabs(x->correlation) <= 1);
        LW_ASSERT(isnan(x->vif) || x->vif > .99);
        LW_ASSERT(isnan(x->mutual_information) || x->mutual_information <= 1.000001);
    }
    LW_ASSERT(p.rows.n_distinct <= p.rows.n_rows);
    LW_ASSERT(p.rows.n_last_known <= p.rows.n_last);
    lw_profile_release(&p);
}

static void check_target(const struct lw_frame *f, const struct lw_schema *s)
{
    struct lw_target l;
    struct lw_error err;
    uint64_t n = 0;

    if (lw_target_find(&l, f, s, &err) != LW_OK) {
        check_profile(f, NULL, s);
        return;
    }
    LW_ASSERT(l.n_rows == lw_frame_rows(f) && l.is_label[l.column]);
    for (uint32_t w = 0; w < l.n_words; w++)
        n += l.word_rows[w];
    LW_ASSERT(n == l.n_rows);
    LW_ASSERT(l.side_rows[0] + l.side_rows[1] + l.side_rows[2] == n);
    check_profile(f, &l, s);
    lw_target_release(&l);
}

static size_t try_read(const struct lw_schema *s, enum lw_bad_rows bad_rows,
                       const uint8_t *data, size_t n)
{
    const struct lw_frame_config cfg = {
        .schema = s, .bad_rows = bad_rows, .no_digest = true};
    struct lw_frame *f = NULL;
    struct lw_error err;
    size_t n_rows;

    if (lw_frame_read_memory(&f, data, n, "fuzz", &cfg, &err) != LW_OK) {
        LW_ASSERT(f == NULL && err.msg[0] != '\0');
        return 0;
    }
    n_rows = lw_frame_rows(f);
    check_words(f);
    check_target(f, s);
    lw_frame_free(f);
    return n_rows;
}

void fuzz_one(const uint8_t *data, size_t n)
{
    const uint8_t *nul = n == 0 ? NULL : memchr(data, '\0', n);
    size_t n_yaml = nul == NULL ? 0 : (size_t)(nul - data);
    struct lw_schema s = {0};
    struct lw_error err;

    if (nul == NULL)
        return;
    if (lw_schema_parse(&s, data, n_yaml, "yaml", &err) == LW_OK) {
        data += n_yaml + 1;
        n -= n_yaml + 1;
        (void)try_read(&s, LW_BAD_ROWS_STOP, data, n);
        (void)try_read(&s, LW_BAD_ROWS_SKIP, data, n);
        (void)try_read(&s, LW_BAD_ROWS_MISSING, data, n);
    }
    lw_schema_release(&s);
}
