/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An encoder as bytes, little-endian:
 *
 *   size  meaning
 *   4     number of inputs
 *   then per input
 *   1     0: a number that passes as it is; 1: a category; 2: a number that is scaled;
 *         3: a category of groups
 *   4     number of categories, n; 0 for numbers
 *     of a category
 *     n     one byte each: 1 when training rows had the category, else 0
 *     n     of a category of groups: the group of each, one byte, below 255
 *     of a scaled number
 *     1     1 when it goes through log1p first, else 0
 *     8     mean, IEEE double
 *     8     deviation, IEEE double, > 0
 *
 * Equal encoders are equal bytes.
 */
#include "base/mem.h"
#include "data/encode.h"
#include "data/encode_priv.h"

#include <math.h>

enum { KIND_NUMBER, KIND_CATEGORY, KIND_SCALED, KIND_GROUPED };

static uint8_t kind_of(const struct encoder_slot *slot)
{
    if (slot->column == NULL)
        return slot->scaled ? KIND_SCALED : KIND_NUMBER;
    return slot->group == NULL ? KIND_CATEGORY : KIND_GROUPED;
}

void encoder_save(const struct encoder *e, struct buf *out)
{
    buf_add_le32(out, (uint32_t)e->n_inputs);
    for (size_t i = 0; i < e->n_inputs; i++) {
        const struct encoder_slot *slot = &e->slots[i];

        buf_add_u8(out, kind_of(slot));
        buf_add_le32(out, slot->column != NULL ? slot->input.n_categories : 0);
        for (size_t c = 0; slot->column != NULL && c < slot->input.n_categories; c++)
            buf_add_u8(out, slot->seen[c]);
        if (slot->group != NULL)
            buf_add(out, slot->group, slot->input.n_categories);
        if (slot->scaled) {
            buf_add_u8(out, slot->log1p);
            buf_add_f64(out, slot->mean);
            buf_add_f64(out, slot->deviation);
        }
    }
}

static enum lw_status fail_damaged(struct lw_error *err)
{
    return lw_fail(err, LW_EFORMAT, "the encoder is damaged");
}

static enum lw_status load_category(struct encoder_slot *slot, uint32_t n, bool grouped,
                                    struct span *in, struct lw_error *err)
{
    struct encode_input input = {.type = ENCODE_CATEGORY, .n_categories = n};
    struct span seen;
    struct span group = {0};

    if (n > ENCODE_CATEGORIES_MAX || !span_take(in, n, &seen) ||
        (grouped && (n == 0 || !span_take(in, n, &group))))
        return fail_damaged(err);
    input.group = grouped ? group.p : NULL;
    if (!encoder_slot_init(slot, input))
        return lw_fail(err, LW_ENOMEM, "out of memory for an encoder");
    for (size_t c = 0; c < n; c++) {
        if (span_u8(seen, c) > 1 || (grouped && span_u8(group, c) >= ENCODE_GROUPS_MAX))
            return fail_damaged(err);
        slot->seen[c] = span_u8(seen, c);
    }
    return LW_OK;
}

static enum lw_status load_scale(struct encoder_slot *slot, struct span *in,
                                 struct lw_error *err)
{
    uint8_t log_first;

    if (!span_take_u8(in, &log_first) || log_first > 1 ||
        !span_take_f64(in, &slot->mean) || !span_take_f64(in, &slot->deviation) ||
        !isfinite(slot->mean) || !isfinite(slot->deviation) || slot->deviation <= 0)
        return fail_damaged(err);
    slot->scaled = true;
    slot->log1p = log_first == 1;
    return LW_OK;
}

static enum lw_status load_slot(struct encoder_slot *slot, struct span *in,
                                struct lw_error *err)
{
    uint8_t kind;
    uint32_t n;

    if (!span_take_u8(in, &kind) || kind > KIND_GROUPED || !span_take_le32(in, &n))
        return fail_damaged(err);
    if (kind == KIND_CATEGORY || kind == KIND_GROUPED)
        return load_category(slot, n, kind == KIND_GROUPED, in, err);
    if (n != 0)
        return fail_damaged(err);
    if (!encoder_slot_init(slot, (struct encode_input){.type = ENCODE_NUMBER}))
        return lw_fail(err, LW_ENOMEM, "out of memory for an encoder");
    return kind == KIND_SCALED ? load_scale(slot, in, err) : LW_OK;
}

enum lw_status encoder_load(struct encoder **out, struct span *in, struct lw_error *err)
{
    struct encoder *e;
    uint32_t n;
    enum lw_status st = LW_OK;

    if (!span_take_le32(in, &n) || n == 0 || n > ENCODE_INPUTS_MAX)
        return fail_damaged(err);
    e = encoder_new(n);
    if (e == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for an encoder");
    for (size_t i = 0; st == LW_OK && i < n; i++)
        st = load_slot(&e->slots[i], in, err);
    if (st == LW_OK)
        st = encoder_number_outputs(e, err);
    if (st == LW_ELIMIT)
        st = fail_damaged(err);
    if (st != LW_OK) {
        encoder_free(e);
        return st;
    }
    *out = e;
    return LW_OK;
}
