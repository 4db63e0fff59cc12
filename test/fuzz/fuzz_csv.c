/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of every format, found by looking.  A frame is whole, and half of its rows,
 * asked for alone, are the same rows. */
#include "base/assert.h"
#include "fuzz.h"

#include <lapwing/dataset.h>

#include <string.h>

static void check_column(const struct lw_frame *f, size_t i)
{
    struct lw_column c;

    lw_frame_column(f, i, &c);
    LW_ASSERT(lw_frame_find(f, c.name) >= 0);
    LW_ASSERT((c.numbers == NULL) == (c.type == LW_COLUMN_TEXT));
    LW_ASSERT((c.codes == NULL) == (c.type == LW_COLUMN_NUMBER));
    for (size_t r = 0; c.codes != NULL && r < lw_frame_rows(f); r++)
        LW_ASSERT(c.codes[r] < c.n_words);
    for (uint32_t w = 1; w < c.n_words; w++)
        LW_ASSERT(strcmp(c.dictionary[w], c.dictionary[w - 1]) != 0);
}

/* A column that becomes text in a later row is still numeric in the half. */
static void check_half(const struct lw_frame *whole, const struct lw_frame *half)
{
    size_t n = lw_frame_rows(half);

    LW_ASSERT(lw_frame_columns(half) == lw_frame_columns(whole));
    for (size_t i = 0; i < lw_frame_columns(half); i++) {
        struct lw_column a;
        struct lw_column b;

        lw_frame_column(whole, i, &a);
        lw_frame_column(half, i, &b);
        LW_ASSERT(strcmp(a.name, b.name) == 0);
        if (a.numbers != NULL && b.numbers != NULL)
            LW_ASSERT(memcmp(a.numbers, b.numbers, n * sizeof *a.numbers) == 0);
        for (size_t r = 0; a.codes != NULL && b.codes != NULL && r < n; r++)
            LW_ASSERT(a.codes[r] == b.codes[r]);
    }
}

void fuzz_one(const uint8_t *data, size_t n)
{
    struct lw_frame_config cfg = {0};
    struct lw_frame *whole = NULL;
    struct lw_frame *half = NULL;
    struct lw_error err;

    if (lw_frame_read_memory(&whole, data, n, "fuzz", NULL, &err) != LW_OK) {
        LW_ASSERT(whole == NULL && err.msg[0] != '\0');
        return;
    }
    LW_ASSERT(lw_frame_rows(whole) > 0 && lw_frame_columns(whole) > 0);
    for (size_t i = 0; i < lw_frame_columns(whole); i++)
        check_column(whole, i);
    cfg.max_rows = (lw_frame_rows(whole) + 1) / 2;
    cfg.format = lw_frame_format(whole);
    if (lw_frame_read_memory(&half, data, n, "fuzz", &cfg, &err) == LW_OK) {
        LW_ASSERT(lw_frame_rows(half) == cfg.max_rows);
        check_half(whole, half);
    } else {
        LW_ASSERT(err.code == LW_ENOMEM);
    }
    lw_frame_free(half);
    lw_frame_free(whole);
}
