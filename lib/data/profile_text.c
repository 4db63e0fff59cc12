/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A column of words.  Rows are counted by word, side and half of the rows.  How
 * well words tell attacks apart is measured on one half with the shares of the other,
 * because a word that occurs once always tells the class of its own row.
 */
#include "base/mem.h"
#include "data/distribution.h"
#include "data/profile_priv.h"

#include <math.h>
#include <stdlib.h>

enum { EXPECTED_MIN = 5 };

/* Rows of a word, by half and side. */
struct word_rows {
    uint32_t n[2][2];
};

/* Rows of one half that get the same score. */
struct scored {
    double score;
    uint32_t n[2];
};

static uint64_t rows_of(const struct word_rows *w, size_t side)
{
    return (uint64_t)w->n[0][side] + w->n[1][side];
}

/* Splitmix64: tables often come with the classes in turn, so every other row will not
 * do. */
static size_t half_of(uint64_t k)
{
    k = (k + 1) * UINT64_C(0x9e3779b97f4a7c15);
    k = (k ^ k >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    k = (k ^ k >> 27) * UINT64_C(0x94d049bb133111eb);
    return (size_t)(k >> 63);
}

static void count_rows(const struct profiling *p, const struct lw_column *c,
                       struct lw_profile_feature *f, struct word_rows *words)
{
    uint64_t k = 0; /* rows that count */

    for (size_t r = 0; r < p->n_rows; r++) {
        uint8_t side = p->side[r];

        if (side == LW_SIDE_NEITHER)
            continue;
        words[c->codes[r]].n[half_of(k++)][side]++;
        if (c->dictionary[c->codes[r]][0] == '\0')
            f->side[side].n_missing++;
    }
}

/* Keep the most frequent words, the first of equals first. */
static void add_top(struct lw_profile_feature *f, const char *word,
                    const struct word_rows *w)
{
    uint64_t n[2] = {rows_of(w, 0), rows_of(w, 1)};
    size_t at = f->n_top;

    while (at > 0 && f->top[at - 1].n[0] + f->top[at - 1].n[1] < n[0] + n[1])
        at--;
    if (at == LW_PROFILE_TOP)
        return;
    f->n_top += f->n_top < LW_PROFILE_TOP ? 1 : 0;
    for (size_t i = f->n_top - 1; i > at; i--)
        f->top[i] = f->top[i - 1];
    f->top[at] = (struct lw_profile_word){word, {n[0], n[1]}};
}

/* Pearson's test of a table of words by side.  Words that are expected fewer than five
 * times on a side are taken together; what they make is left out if it is no more. */
static void test_shares(struct lw_profile_feature *f, const uint64_t *n, size_t n_cells)
{
    struct lw_profile_test *t = &f->chi_square;
    double total[2] = {0, 0};
    double pooled[2] = {0, 0};
    double chi = 0;
    double all;
    double least;
    size_t k = 0;

    for (size_t c = 0; c < n_cells; c++)
        for (size_t s = 0; s < 2; s++)
            total[s] += (double)n[2 * c + s];
    if (total[0] == 0 || total[1] == 0)
        t->state = LW_TEST_NO_CLASSES;
    else if (f->n_distinct < 2)
        t->state = LW_TEST_CONSTANT;
    else
        t->state = LW_TEST_APPLIES;
    if (t->state != LW_TEST_APPLIES)
        return;
    all = total[0] + total[1];
    least = (total[0] < total[1] ? total[0] : total[1]) / all;
    for (size_t c = 0; c < n_cells; c++) {
        double rows = (double)(n[2 * c] + n[2 * c + 1]);

        if (rows == 0 || rows * least >= EXPECTED_MIN) {
            k += rows > 0 ? 1 : 0;
            continue;
        }
        f->n_pooled++;
        pooled[0] += (double)n[2 * c];
        pooled[1] += (double)n[2 * c + 1];
    }
    if ((pooled[0] + pooled[1]) * least >= EXPECTED_MIN) {
        k++;
    } else {
        total[0] -= pooled[0];
        total[1] -= pooled[1];
        pooled[0] = pooled[1] = 0;
    }
    if (k < 2 || total[0] == 0 || total[1] == 0) {
        t->state = LW_TEST_RARE;
        return;
    }
    all = total[0] + total[1];
    for (size_t c = 0; c <= n_cells; c++) {
        double cell[2] = {pooled[0], pooled[1]};
        double rows;

        if (c < n_cells) {
            cell[0] = (double)n[2 * c];
            cell[1] = (double)n[2 * c + 1];
            if ((cell[0] + cell[1]) * least < EXPECTED_MIN)
                continue;
        }
        rows = cell[0] + cell[1];
        for (size_t s = 0; rows > 0 && s < 2; s++) {
            double expected = rows * total[s] / all;

            chi += (cell[s] - expected) * (cell[s] - expected) / expected;
        }
    }
    t->statistic = chi;
    t->df = (double)(k - 1);
    t->p = chi_square_upper(chi, t->df);
    f->cramer_v = sqrt(chi / all);
}

static int by_score(const void *a, const void *b)
{
    double x = ((const struct scored *)a)->score;
    double y = ((const struct scored *)b)->score;

    return (x > y) - (x < y);
}

/* One half's rows get the share of attacks that their word has in the other half, drawn
 * to the share of all by one row.  Returns the number of pairs of a normal row and an
 * attack; *wins of them are in order. */
static double judge_half(const struct word_rows *words, size_t n_words, size_t half,
                         struct scored *scored, double *wins)
{
    double other[2] = {0, 0};
    double n[2] = {0, 0};
    double base;
    size_t k = 0;

    for (size_t w = 0; w < n_words; w++)
        for (size_t s = 0; s < 2; s++)
            other[s] += words[w].n[1 - half][s];
    base = other[0] + other[1] > 0 ? other[1] / (other[0] + other[1]) : .5;
    for (size_t w = 0; w < n_words; w++) {
        const uint32_t *there = words[w].n[1 - half];
        const uint32_t *here = words[w].n[half];

        if (here[0] + here[1] == 0)
            continue;
        scored[k++] = (struct scored){
            (there[1] + base) / ((double)there[0] + there[1] + 1), {here[0], here[1]}};
    }
    qsort(scored, k, sizeof *scored, by_score);
    for (size_t i = 0; i < k;) {
        double run[2] = {0, 0};
        size_t start = i;

        for (; i < k && scored[i].score <= scored[start].score; i++) {
            run[0] += scored[i].n[0];
            run[1] += scored[i].n[1];
        }
        *wins += run[1] * (n[0] + run[0] / 2);
        n[0] += run[0];
        n[1] += run[1];
    }
    return n[0] * n[1];
}

static double held_out_auc(const struct word_rows *words, size_t n_words,
                           struct scored *scored)
{
    double wins = 0;
    double pairs = judge_half(words, n_words, 0, scored, &wins);

    pairs += judge_half(words, n_words, 1, scored, &wins);
    return pairs > 0 ? wins / pairs : (double)NAN;
}

enum lw_status profile_text(struct profiling *p, struct lw_profile_feature *f,
                            struct profile_hint *hint, struct lw_error *err)
{
    struct lw_column c;
    struct word_rows *words = NULL;
    struct scored *scored = NULL;
    uint64_t *cells = NULL; /* (n_words, 2) */
    uint64_t pure = 0;
    enum lw_status st = LW_OK;

    lw_frame_column(p->frame, f->column, &c);
    words = mem_zalloc(c.n_words, sizeof *words);
    cells = mem_zalloc(c.n_words, 2 * sizeof *cells);
    scored = mem_zalloc(c.n_words, sizeof *scored);
    if (words == NULL || cells == NULL || scored == NULL) {
        st = lw_fail(err, LW_ENOMEM, "out of memory for %u words", c.n_words);
        goto out;
    }
    count_rows(p, &c, f, words);
    for (uint32_t w = 0; w < c.n_words; w++) {
        uint64_t n[2] = {rows_of(&words[w], 0), rows_of(&words[w], 1)};

        cells[2 * (size_t)w] = n[0];
        cells[2 * (size_t)w + 1] = n[1];
        pure += n[0] > n[1] ? n[0] : n[1];
        if (n[0] + n[1] == 0)
            continue;
        f->n_distinct++;
        add_top(f, c.dictionary[w], &words[w]);
    }
    hint->purity = p->n == 0 ? 0 : (double)pure / (double)p->n;
    hint->ascending = (double)NAN;
    test_shares(f, cells, c.n_words);
    f->auc = held_out_auc(words, c.n_words, scored);
    f->mutual_information = profile_information(cells, c.n_words);
out:
    mem_free(words);
    mem_free(cells);
    mem_free(scored);
    return st;
}
