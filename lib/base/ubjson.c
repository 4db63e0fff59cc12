/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From binary to text, which the JSON parser then reads: a model is imported once, and
 * one reader of trees is enough.  Every item takes at least a byte of input (types
 * without bytes are refused in typed arrays), so the text is bounded by the input.
 */
#include "base/ubjson.h"

#include "base/jsonw.h"

#include <string.h>

enum { DEPTH_MAX = 12 };

struct reader {
    struct span in; /* what is left */
    size_t n_bytes; /* of all */
    struct jsonw w;
    unsigned depth;
    struct lw_error *err;
};

static enum lw_status damaged(const struct reader *r, const char *what)
{
    return lw_fail(r->err, LW_EFORMAT, "not UBJSON: byte %zu: %s", r->n_bytes - r->in.n,
                   what);
}

/* Big-endian bits of n_bytes. */
static bool take_bits(struct reader *r, size_t n_bytes, uint64_t *out)
{
    uint8_t byte;

    *out = 0;
    for (size_t i = 0; i < n_bytes; i++) {
        if (!span_take_u8(&r->in, &byte))
            return false;
        *out = *out << 8 | byte;
    }
    return true;
}

/* Bytes of a number of this type; 0: it is none. */
static size_t number_bytes(uint8_t type)
{
    switch (type) {
    case 'i':
    case 'U':
        return 1;
    case 'I':
        return 2;
    case 'l':
    case 'd':
        return 4;
    case 'L':
    case 'D':
        return 8;
    default:
        return 0;
    }
}

static int64_t signed_of(uint8_t type, uint64_t bits)
{
    switch (type) {
    case 'i':
        return (int8_t)bits;
    case 'I':
        return (int16_t)bits;
    case 'l':
        return (int32_t)bits;
    default:
        return (int64_t)bits;
    }
}

static enum lw_status put_number(struct reader *r, uint8_t type)
{
    uint64_t bits;

    if (!take_bits(r, number_bytes(type), &bits))
        return damaged(r, "ends within a number");
    if (type == 'd') {
        uint32_t half = (uint32_t)bits;
        float f;

        memcpy(&f, &half, sizeof f);
        jsonw_f32(&r->w, f);
    } else if (type == 'D') {
        double d;

        memcpy(&d, &bits, sizeof d);
        jsonw_f64(&r->w, d);
    } else {
        jsonw_i64(&r->w, signed_of(type, bits));
    }
    return LW_OK;
}

static enum lw_status take_length(struct reader *r, size_t *out)
{
    uint8_t type;
    uint64_t bits;
    int64_t n;

    if (!span_take_u8(&r->in, &type) || type == 'd' || type == 'D' ||
        number_bytes(type) == 0 || !take_bits(r, number_bytes(type), &bits))
        return damaged(r, "a length is missing");
    n = signed_of(type, bits);
    if (n < 0 || (uint64_t)n > r->in.n)
        return damaged(r, "a length goes beyond the end");
    *out = (size_t)n;
    return LW_OK;
}

static enum lw_status take_text(struct reader *r, struct span *out)
{
    size_t n;
    enum lw_status st = take_length(r, &n);

    if (st != LW_OK)
        return st;
    return span_take(&r->in, n, out) ? LW_OK : damaged(r, "ends within a text");
}

static bool next_is(struct reader *r, uint8_t mark)
{
    uint8_t got;

    return span_get_u8(r->in, 0, &got) && got == mark && span_take_u8(&r->in, &got);
}

static enum lw_status put_value(struct reader *r);

static enum lw_status put_items(struct reader *r)
{
    enum lw_status st = LW_OK;
    uint8_t type = 0;
    bool counted;
    size_t n = 0;

    if (next_is(r, '$') && (!span_take_u8(&r->in, &type) || number_bytes(type) == 0))
        return damaged(r, "an array of a type without numbers");
    counted = next_is(r, '#');
    if (type != 0 && !counted)
        return damaged(r, "an array with a type and no length");
    if (counted)
        st = take_length(r, &n);
    while (st == LW_OK && (counted ? n-- > 0 : !next_is(r, ']')))
        st = type != 0 ? put_number(r, type) : put_value(r);
    return st;
}

static enum lw_status put_members(struct reader *r)
{
    while (!next_is(r, '}')) {
        struct span key = {NULL, 0};
        char name[64];
        enum lw_status st = take_text(r, &key);

        if (st != LW_OK)
            return st;
        if (key.n >= sizeof name || memchr(key.p, 0, key.n) != NULL)
            return damaged(r, "a name is too long");
        memcpy(name, key.p, key.n);
        name[key.n] = '\0';
        jsonw_key(&r->w, name);
        st = put_value(r);
        if (st != LW_OK)
            return st;
    }
    return LW_OK;
}

static enum lw_status put_nested(struct reader *r, bool array)
{
    enum lw_status st;

    if (r->depth == DEPTH_MAX)
        return lw_fail(r->err, LW_ELIMIT, "UBJSON nested deeper than %d levels",
                       DEPTH_MAX);
    r->depth++;
    if (array) {
        jsonw_array(&r->w);
        st = put_items(r);
        if (st == LW_OK)
            jsonw_array_end(&r->w);
    } else {
        jsonw_object(&r->w);
        st = put_members(r);
        if (st == LW_OK)
            jsonw_object_end(&r->w);
    }
    r->depth--;
    return st;
}

static enum lw_status put_value(struct reader *r)
{
    enum lw_status st;
    struct span text = {NULL, 0};
    uint8_t type;

    if (!span_take_u8(&r->in, &type))
        return damaged(r, "ends too early");
    if (number_bytes(type) != 0)
        return put_number(r, type);
    switch (type) {
    case '{':
    case '[':
        return put_nested(r, type == '[');
    case 'S':
        st = take_text(r, &text);
        if (st == LW_OK)
            jsonw_text_n(&r->w, (const char *)text.p, text.n);
        return st;
    case 'T':
    case 'F':
        jsonw_bool(&r->w, type == 'T');
        return LW_OK;
    case 'Z':
        jsonw_null(&r->w);
        return LW_OK;
    default:
        return damaged(r, "an unknown type");
    }
}

enum lw_status ubjson_to_json(struct buf *out, struct span in, struct lw_error *err)
{
    struct reader r = {.in = in, .n_bytes = in.n, .err = err};
    enum lw_status st;

    jsonw_init(&r.w, out);
    st = put_value(&r);
    if (st == LW_OK && r.in.n > 0)
        return damaged(&r, "something follows the value");
    if (st == LW_OK && !buf_ok(out))
        return lw_fail(err, LW_ENOMEM, "out of memory");
    return st;
}
