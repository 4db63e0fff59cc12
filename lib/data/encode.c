/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One slot per input holds all that was learnt from the training rows: mean and
 * deviation of a number, the set of seen values of a category.  Everything else (which
 * column belongs to whom) follows from the slots and is numbered once, after fitting or
 * loading.
 *
 * Moments are summed by Welford's recurrence (Technometrics 4:3, 1962) in row order, so
 * that the same rows give the same bits.  A column without spread keeps deviation 1.
 */
#include "data/encode.h"

#include "base/assert.h"
#include "base/mem.h"
#include "data/encode_priv.h"

#include <math.h>

struct encoder *encoder_new(size_t n_inputs)
{
    struct encoder *e = mem_zalloc(1, sizeof *e);

    LW_ASSERT(n_inputs <= ENCODE_INPUTS_MAX);
    if (e == NULL)
        return NULL;
    e->slots = mem_zalloc(n_inputs, sizeof *e->slots);
    if (e->slots == NULL) {
        mem_free(e);
        return NULL;
    }
    e->n_inputs = n_inputs;
    return e;
}

void encoder_free(struct encoder *e)
{
    if (e == NULL)
        return;
    for (size_t i = 0; i < e->n_inputs; i++) {
        mem_free(e->slots[i].column);
        mem_free(e->slots[i].seen);
        mem_free(e->slots[i].group);
    }
    mem_free(e->slots);
    mem_free(e->outputs);
    mem_free(e);
}

/* ---- layout ---- */

bool encoder_slot_init(struct encoder_slot *slot, struct encode_input input)
{
    LW_ASSERT(input.n_categories <= ENCODE_CATEGORIES_MAX);
    *slot = (struct encoder_slot){.input = input, .n_outputs = 1, .deviation = 1};
    if (input.type == ENCODE_NUMBER)
        return true;
    slot->input.group = NULL;
    slot->column = mem_zalloc(input.n_categories, sizeof *slot->column);
    slot->seen = mem_zalloc(input.n_categories, sizeof *slot->seen);
    if (slot->column == NULL || slot->seen == NULL)
        return false;
    if (input.group == NULL)
        return true;
    slot->group = mem_dup(input.group, input.n_categories);
    return slot->group != NULL;
}

/* Give every seen category a column; returns how many there are. */
static uint32_t number_categories(struct encoder_slot *slot)
{
    uint16_t n = 0;

    for (size_t c = 0; c < slot->input.n_categories; c++)
        slot->column[c] = slot->seen[c] ? ++n : 0;
    return n;
}

/* Give every group of which a category was seen a column, for all of its categories. */
static uint32_t number_groups(struct encoder_slot *slot)
{
    bool seen[ENCODE_GROUPS_MAX] = {false};
    uint16_t column[ENCODE_GROUPS_MAX] = {0};
    uint16_t n = 0;

    for (size_t c = 0; c < slot->input.n_categories; c++)
        seen[slot->group[c]] = seen[slot->group[c]] || slot->seen[c];
    for (size_t c = 0; c < slot->input.n_categories; c++) {
        uint8_t g = slot->group[c];

        if (seen[g] && column[g] == 0)
            column[g] = ++n;
        slot->column[c] = column[g];
    }
    return n;
}

static void name_outputs(struct encoder *e)
{
    for (size_t i = 0; i < e->n_inputs; i++) {
        const struct encoder_slot *slot = &e->slots[i];
        struct encoder_output *out = e->outputs + slot->first_output;

        if (slot->column == NULL) {
            *out = (struct encoder_output){(uint16_t)i, -1};
            continue;
        }
        for (size_t c = slot->input.n_categories; c-- > 0;)
            if (slot->column[c] != 0)
                out[slot->column[c] - 1] =
                    (struct encoder_output){(uint16_t)i, (int32_t)c};
    }
}

enum lw_status encoder_number_outputs(struct encoder *e, struct lw_error *err)
{
    size_t n = 0;

    for (size_t i = 0; i < e->n_inputs; i++) {
        struct encoder_slot *slot = &e->slots[i];

        slot->first_output = (uint32_t)n;
        if (slot->column != NULL)
            slot->n_outputs =
                slot->group == NULL ? number_categories(slot) : number_groups(slot);
        n += slot->n_outputs;
    }
    if (n > ENCODE_OUTPUTS_MAX)
        return lw_fail(err, LW_ELIMIT,
                       "encoding makes %zu columns, at most %d are allowed", n,
                       ENCODE_OUTPUTS_MAX);
    e->outputs = mem_zalloc(n, sizeof *e->outputs);
    if (e->outputs == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for an encoder");
    e->n_outputs = n;
    name_outputs(e);
    return LW_OK;
}

/* ---- fitting ---- */

/* The code in a cell, or -1 when it is none of the input's categories. */
static int32_t category_code(const struct encoder_slot *slot, float v)
{
    int32_t code;

    if (!(v >= 0 && v < (float)slot->input.n_categories))
        return -1;
    code = (int32_t)v;
    return (float)code == v ? code : -1;
}

static double scale_log(float v, bool log_scale)
{
    return log_scale ? copysign(log1p(fabs((double)v)), (double)v) : (double)v;
}

static void fit_number(struct encoder_slot *slot, size_t input,
                       const struct lw_matrix *x)
{
    double mean = 0;
    double squares = 0; /* sum of squared distances from the mean */
    double n = 0;

    for (size_t r = 0; r < x->n_rows; r++) {
        double v = scale_log(x->x[r * x->n_cols + input], slot->log1p);
        double from_mean = v - mean;

        if (!isfinite(v))
            continue;
        n += 1;
        mean += from_mean / n;
        squares += from_mean * (v - mean);
    }
    slot->mean = mean;
    if (squares > 0)
        slot->deviation = sqrt(squares / n);
}

static void fit_category(struct encoder_slot *slot, size_t input,
                         const struct lw_matrix *x)
{
    for (size_t r = 0; r < x->n_rows; r++) {
        int32_t code = category_code(slot, x->x[r * x->n_cols + input]);

        if (code >= 0)
            slot->seen[code] = 1;
    }
}

static enum lw_status fit_slots(struct encoder *e, const struct encode_input *inputs,
                                struct encode_scale scale, const struct lw_matrix *x,
                                struct lw_error *err)
{
    for (size_t i = 0; i < e->n_inputs; i++) {
        struct encoder_slot *slot = &e->slots[i];

        if (!encoder_slot_init(slot, inputs[i]))
            return lw_fail(err, LW_ENOMEM, "out of memory for an encoder");
        if (inputs[i].type == ENCODE_CATEGORY) {
            fit_category(slot, i, x);
            continue;
        }
        slot->scaled = scale.log1p || scale.standardise;
        slot->log1p = scale.log1p;
        if (scale.standardise)
            fit_number(slot, i, x);
    }
    return encoder_number_outputs(e, err);
}

static enum lw_status check_inputs(const struct encode_input *inputs, size_t n_inputs,
                                   const struct lw_matrix *x, struct lw_error *err)
{
    if (n_inputs == 0 || n_inputs > ENCODE_INPUTS_MAX || x->n_cols != n_inputs)
        return lw_fail(err, LW_EINVAL, "cannot encode %zu columns as %zu inputs",
                       x->n_cols, n_inputs);
    if (x->n_rows == 0)
        return lw_fail(err, LW_EINVAL, "no rows to fit an encoder on");
    for (size_t i = 0; i < n_inputs; i++) {
        if (inputs[i].n_categories > ENCODE_CATEGORIES_MAX)
            return lw_fail(err, LW_EINVAL, "input %zu has %u categories; at most %d", i,
                           inputs[i].n_categories, ENCODE_CATEGORIES_MAX);
        for (size_t c = 0; inputs[i].group != NULL && c < inputs[i].n_categories; c++)
            if (inputs[i].group[c] >= ENCODE_GROUPS_MAX)
                return lw_fail(err, LW_EINVAL, "input %zu: no group has the number %u",
                               i, inputs[i].group[c]);
    }
    return LW_OK;
}

enum lw_status encoder_fit_scaled(struct encoder **out,
                                  const struct encode_input *inputs, size_t n_inputs,
                                  struct encode_scale scale, const struct lw_matrix *x,
                                  struct lw_error *err)
{
    struct encoder *e;
    enum lw_status st = check_inputs(inputs, n_inputs, x, err);

    if (st != LW_OK)
        return st;
    e = encoder_new(n_inputs);
    if (e == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for an encoder");
    st = fit_slots(e, inputs, scale, x, err);
    if (st == LW_ELIMIT)
        st = LW_EINVAL;
    if (st != LW_OK) {
        encoder_free(e);
        return st;
    }
    *out = e;
    return LW_OK;
}

enum lw_status encoder_fit(struct encoder **out, const struct encode_input *inputs,
                           size_t n_inputs, const struct lw_matrix *x,
                           struct lw_error *err)
{
    const struct encode_scale as_is = {0};

    return encoder_fit_scaled(out, inputs, n_inputs, as_is, x, err);
}

/* ---- use ---- */

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
    return e->outputs[output].source;
}

int32_t encoder_category(const struct encoder *e, size_t output)
{
    LW_ASSERT(output < e->n_outputs);
    return e->outputs[output].category;
}

static bool is_seen(const struct encoder_slot *slot, int32_t code)
{
    return code >= 0 && slot->seen[code] != 0;
}

static void apply_category(const struct encoder_slot *slot, float v, float *out)
{
    int32_t code = category_code(slot, v);
    float rest = isnan(v) ? v : 0.0f;

    for (size_t i = 0; i < slot->n_outputs; i++)
        out[i] = rest;
    if (code >= 0 && slot->column[code] != 0)
        out[slot->column[code] - 1] = 1.0f;
}

static float apply_scale(const struct encoder_slot *slot, float v)
{
    return (float)((scale_log(v, slot->log1p) - slot->mean) / slot->deviation);
}

/* One input of a few rows: what is to be done with it is looked up once for them. */
static void apply_slot(const struct encoder *e, size_t input, const float *rows,
                       size_t n_rows, float *out)
{
    const struct encoder_slot *slot = &e->slots[input];

    rows += input;
    out += slot->first_output;
    if (slot->column != NULL) {
        for (size_t r = 0; r < n_rows; r++)
            apply_category(slot, rows[r * e->n_inputs], out + r * e->n_outputs);
    } else if (slot->scaled) {
        for (size_t r = 0; r < n_rows; r++)
            out[r * e->n_outputs] = apply_scale(slot, rows[r * e->n_inputs]);
    } else {
        for (size_t r = 0; r < n_rows; r++)
            out[r * e->n_outputs] = rows[r * e->n_inputs];
    }
}

void encoder_apply(const struct encoder *e, const float *rows, size_t n_rows,
                   float *out)
{
    enum { BLOCK = 16 };

    for (size_t r = 0; r < n_rows; r += BLOCK) {
        const size_t n = n_rows - r < BLOCK ? n_rows - r : BLOCK;

        for (size_t i = 0; i < e->n_inputs; i++)
            apply_slot(e, i, rows + r * e->n_inputs, n, out + r * e->n_outputs);
    }
}

size_t encoder_unseen(const struct encoder *e, const float *row, size_t *first)
{
    size_t n = 0;

    for (size_t i = 0; i < e->n_inputs; i++) {
        const struct encoder_slot *slot = &e->slots[i];

        if (slot->column == NULL || isnan(row[i]) ||
            is_seen(slot, category_code(slot, row[i])))
            continue;
        if (n++ == 0 && first != NULL)
            *first = i;
    }
    return n;
}
