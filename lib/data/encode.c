/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layout in a file (little-endian): u32 number of inputs; per input u8 type, u32
 * number of categories and, for a category, one u8 per category: 1 when the training
 * rows had it.
 */
#include "data/encode.h"

#include "base/assert.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { INPUTS_MAX = 4096, CATEGORIES_MAX = 65536 };

struct encoder {
    struct encode_input *inputs; /* (n_inputs), owned */
    size_t n_inputs;
    uint8_t *seen;    /* one byte per category, inputs after one another; owned */
    size_t *first;    /* (n_inputs) start of an input's bytes in `seen`; owned */
    int32_t *column;  /* like `seen`: output column of a category, -1 unseen; owned */
    size_t *base;     /* (n_inputs) first output column; owned */
    size_t *width;    /* (n_inputs) number of output columns; owned */
    uint32_t *source; /* (n_outputs); owned */
    size_t n_outputs;
};

void encoder_free(struct encoder *e)
{
    if (e == NULL)
        return;
    mem_free(e->inputs);
    mem_free(e->seen);
    mem_free(e->first);
    mem_free(e->column);
    mem_free(e->base);
    mem_free(e->width);
    mem_free(e->source);
    mem_free(e);
}

/* An encoder with its inputs copied and nothing seen yet; NULL when memory is out. */
static struct encoder *encoder_alloc(const struct encode_input *inputs, size_t n_inputs)
{
    struct encoder *e = mem_zalloc(1, sizeof *e);
    size_t n_seen = 0;

    if (e == NULL)
        return NULL;
    e->inputs = mem_dup(inputs, n_inputs * sizeof *inputs);
    e->n_inputs = n_inputs;
    e->first = mem_zalloc(n_inputs, sizeof *e->first);
    e->base = mem_zalloc(n_inputs, sizeof *e->base);
    e->width = mem_zalloc(n_inputs, sizeof *e->width);
    for (size_t i = 0; e->first != NULL && i < n_inputs; i++) {
        e->first[i] = n_seen;
        n_seen += inputs[i].type == ENCODE_CATEGORY ? inputs[i].n_categories : 0;
    }
    e->seen = mem_zalloc(n_seen, sizeof *e->seen);
    e->column = mem_zalloc(n_seen, sizeof *e->column);
    if (e->inputs == NULL || e->first == NULL || e->base == NULL || e->width == NULL ||
        e->seen == NULL || e->column == NULL) {
        encoder_free(e);
        return NULL;
    }
    return e;
}

/* From what was seen, lay out the output columns; false when memory is out. */
static bool lay_out(struct encoder *e)
{
    size_t n = 0;

    for (size_t i = 0; i < e->n_inputs; i++) {
        e->base[i] = n;
        if (e->inputs[i].type == ENCODE_NUMBER)
            n++;
        for (size_t k = 0;
             e->inputs[i].type == ENCODE_CATEGORY && k < e->inputs[i].n_categories; k++)
            e->column[e->first[i] + k] = e->seen[e->first[i] + k] ? (int32_t)n++ : -1;
        e->width[i] = n - e->base[i];
    }
    e->n_outputs = n;
    e->source = mem_zalloc(n, sizeof *e->source);
    if (e->source == NULL)
        return false;
    for (size_t i = 0; i < e->n_inputs; i++)
        for (size_t k = 0; k < e->width[i]; k++)
            e->source[e->base[i] + k] = (uint32_t)i;
    return true;
}

/* The code in a cell, or -1 when it is none of the input's categories. */
static int64_t category_of(const struct encode_input *in, float v)
{
    if (!(v >= 0.0f) || v >= (float)in->n_categories || v != floorf(v))
        return -1;
    return (int64_t)v;
}

enum lw_status encoder_fit(struct encoder **out, const struct encode_input *inputs,
                           size_t n_inputs, const struct lw_matrix *x,
                           struct lw_error *err)
{
    struct encoder *e;

    if (n_inputs == 0 || n_inputs > INPUTS_MAX || x->n_cols != n_inputs)
        return lw_fail(err, LW_EINVAL, "cannot encode %zu columns as %zu inputs",
                       x->n_cols, n_inputs);
    for (size_t i = 0; i < n_inputs; i++)
        if (inputs[i].n_categories > CATEGORIES_MAX)
            return lw_fail(err, LW_EINVAL, "input %zu has %u categories; at most %d", i,
                           inputs[i].n_categories, CATEGORIES_MAX);
    e = encoder_alloc(inputs, n_inputs);
    if (e == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for an encoder");
    for (size_t r = 0; r < x->n_rows; r++) {
        for (size_t i = 0; i < n_inputs; i++) {
            int64_t code = inputs[i].type == ENCODE_CATEGORY
                               ? category_of(&inputs[i], x->x[r * n_inputs + i])
                               : -1;
            if (code >= 0)
                e->seen[e->first[i] + (size_t)code] = 1;
        }
    }
    if (!lay_out(e)) {
        encoder_free(e);
        return lw_fail(err, LW_ENOMEM, "out of memory for an encoder");
    }
    *out = e;
    return LW_OK;
}

size_t encoder_inputs(const struct encoder *e)
{
    return e->n_inputs;
}

size_t encoder_outputs(const struct encoder *e)
{
    return e->n_outputs;
}

size_t encoder_source(const struct encoder *e, size_t output)
{
    LW_ASSERT(output < e->n_outputs);
    return e->source[output];
}

static void encode_category(const struct encoder *e, size_t i, float v, float *out)
{
    int64_t code = category_of(&e->inputs[i], v);
    float fill = isnan(v) ? v : 0.0f;

    for (size_t k = 0; k < e->width[i]; k++)
        out[e->base[i] + k] = fill;
    if (code >= 0 && e->column[e->first[i] + (size_t)code] >= 0)
        out[e->column[e->first[i] + (size_t)code]] = 1.0f;
}

void encoder_apply(const struct encoder *e, const float *rows, size_t n_rows,
                   float *out)
{
    for (size_t r = 0; r < n_rows; r++, rows += e->n_inputs, out += e->n_outputs) {
        for (size_t i = 0; i < e->n_inputs; i++) {
            if (e->inputs[i].type == ENCODE_CATEGORY)
                encode_category(e, i, rows[i], out);
            else
                out[e->base[i]] = rows[i];
        }
    }
}

size_t encoder_unseen(const struct encoder *e, const float *row, size_t *first)
{
    size_t n = 0;

    for (size_t i = 0; i < e->n_inputs; i++) {
        int64_t code;

        if (e->inputs[i].type != ENCODE_CATEGORY || isnan(row[i]))
            continue;
        code = category_of(&e->inputs[i], row[i]);
        if (code >= 0 && e->seen[e->first[i] + (size_t)code])
            continue;
        if (n++ == 0 && first != NULL)
            *first = i;
    }
    return n;
}

void encoder_save(const struct encoder *e, struct buf *out)
{
    buf_add_le32(out, (uint32_t)e->n_inputs);
    for (size_t i = 0; i < e->n_inputs; i++) {
        bool category = e->inputs[i].type == ENCODE_CATEGORY;

        buf_add_u8(out, category ? 1 : 0);
        buf_add_le32(out, e->inputs[i].n_categories);
        if (category)
            buf_add(out, e->seen + e->first[i], e->inputs[i].n_categories);
    }
}

/* Read types and sizes; the seen bytes are checked and left for the second pass. */
static bool load_inputs(struct span *in, struct encode_input *inputs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint8_t type;
        struct span bytes;

        if (!span_take_u8(in, &type) || type > 1 ||
            !span_take_le32(in, &inputs[i].n_categories) ||
            inputs[i].n_categories > CATEGORIES_MAX)
            return false;
        inputs[i].type = type == 1 ? ENCODE_CATEGORY : ENCODE_NUMBER;
        if (type == 0)
            continue;
        if (!span_take(in, inputs[i].n_categories, &bytes))
            return false;
        for (size_t k = 0; k < bytes.n; k++)
            if (bytes.p[k] > 1)
                return false;
    }
    return true;
}

enum lw_status encoder_load(struct encoder **out, struct span *in, struct lw_error *err)
{
    struct encode_input *inputs = NULL;
    struct encoder *e = NULL;
    struct span bytes;
    uint32_t n;
    enum lw_status st = LW_EFORMAT;

    if (!span_take_le32(in, &n) || n == 0 || n > INPUTS_MAX)
        return lw_fail(err, LW_EFORMAT, "the encoder is damaged");
    inputs = mem_zalloc(n, sizeof *inputs);
    if (inputs == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for an encoder");
    bytes = *in;
    if (!load_inputs(in, inputs, n)) {
        st = lw_fail(err, LW_EFORMAT, "the encoder is damaged");
        goto out;
    }
    e = encoder_alloc(inputs, n);
    if (e == NULL) {
        st = lw_fail(err, LW_ENOMEM, "out of memory for an encoder");
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        size_t n_seen = inputs[i].type == ENCODE_CATEGORY ? inputs[i].n_categories : 0;

        (void)span_copy(bytes, 5, e->seen + e->first[i], n_seen);
        bytes = span_from(bytes, 5 + n_seen);
    }
    if (!lay_out(e)) {
        st = lw_fail(err, LW_ENOMEM, "out of memory for an encoder");
        goto out;
    }
    *out = e;
    e = NULL;
    st = LW_OK;
out:
    mem_free(inputs);
    encoder_free(e);
    return st;
}
