/* SPDX-License-Identifier: Apache-2.0 */
/* A schema as YAML, a NUL byte, and the table that it speaks of.  Whatever becomes of
 * bad rows: who reads on has at least as many rows as who leaves rows out, no word is
 * in a dictionary for nothing, and labels add up to the rows. */
#include "base/assert.h"
#include "fuzz.h"

#include <lapwing/schema.h>

#include <stdlib.h>
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

static void check_target(const struct lw_frame *f, const struct lw_schema *s)
{
    struct lw_target l;
    struct lw_error err;
    uint64_t n = 0;

    if (lw_target_find(&l, f, s, &err) != LW_OK)
        return;
    LW_ASSERT(l.n_rows == lw_frame_rows(f) && l.is_label[l.column]);
    for (uint32_t w = 0; w < l.n_words; w++)
        n += l.word_rows[w];
    LW_ASSERT(n == l.n_rows);
    LW_ASSERT(l.side_rows[0] + l.side_rows[1] + l.side_rows[2] == n);
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
