/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/mem.h"
#include "data/frame_priv.h"

#include <string.h>

enum lw_status lw_matrix_init(struct lw_matrix *m, size_t n_rows, size_t n_cols,
                              struct lw_error *err)
{
    size_t n;

    *m = (struct lw_matrix){0};
    if (__builtin_mul_overflow(n_rows, n_cols, &n))
        return lw_fail(err, LW_ELIMIT, "a matrix of %zu x %zu values is too large",
                       n_rows, n_cols);
    m->x = mem_zalloc(n, sizeof *m->x);
    if (m->x == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu x %zu values", n_rows,
                       n_cols);
    m->n_rows = n_rows;
    m->n_cols = n_cols;
    return LW_OK;
}

void lw_matrix_release(struct lw_matrix *m)
{
    mem_free(m->x);
    *m = (struct lw_matrix){0};
}

static void column_release(struct frame_column *c)
{
    mem_free(c->name);
    mem_free(c->numbers);
    mem_free(c->codes);
    dict_release(&c->dict);
}

void frame_forget_dropped(struct lw_frame *f)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n_columns; i++) {
        if (f->columns[i].is_dropped)
            column_release(&f->columns[i]);
        else
            f->columns[n++] = f->columns[i];
    }
    f->n_columns = n;
}

void lw_frame_free(struct lw_frame *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->n_columns; i++)
        column_release(&f->columns[i]);
    mem_free(f->columns);
    mem_free(f);
}

bool frame_set_capacity(struct lw_frame *f, size_t cap)
{
    LW_ASSERT(cap >= f->n_rows);
    for (size_t i = 0; i < f->n_columns; i++) {
        struct frame_column *c = &f->columns[i];

        if (c->is_dropped)
            continue;
        if (c->type == LW_COLUMN_TEXT) {
            uint32_t *codes = mem_resize(c->codes, cap, sizeof *codes);

            if (codes == NULL)
                return false;
            c->codes = codes;
        } else {
            float *numbers = mem_resize(c->numbers, cap, sizeof *numbers);

            if (numbers == NULL)
                return false;
            c->numbers = numbers;
        }
    }
    f->cap = cap;
    return true;
}

size_t lw_frame_rows(const struct lw_frame *f)
{
    return f->n_rows;
}

size_t lw_frame_columns(const struct lw_frame *f)
{
    return f->n_columns;
}

void lw_frame_column(const struct lw_frame *f, size_t i, struct lw_column *out)
{
    const struct frame_column *c;

    LW_ASSERT(i < f->n_columns);
    c = &f->columns[i];
    *out = (struct lw_column){
        .name = c->name,
        .type = c->type,
        .numbers = c->numbers,
        .origin = c->origin,
        .codes = c->codes,
        .dictionary = (const char *const *)c->dict.words,
        .n_words = (uint32_t)c->dict.n_words,
        .text_line = c->text_line,
        .n_repaired = c->n_repaired,
    };
}

int lw_frame_find(const struct lw_frame *f, const char *name)
{
    for (size_t i = 0; i < f->n_columns; i++)
        if (strcmp(f->columns[i].name, name) == 0)
            return (int)i;
    return -1;
}

const char *lw_frame_format(const struct lw_frame *f)
{
    return f->format;
}

void lw_frame_read_report(const struct lw_frame *f, struct lw_read_report *out)
{
    *out = f->report;
}

void lw_frame_digest(const struct lw_frame *f, uint8_t out[32])
{
    memcpy(out, f->digest, sizeof f->digest);
}
