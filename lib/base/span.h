/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/span.h - a bounds-checked reader of foreign bytes.
 *
 * Parsers read packets and files through spans only: no pointer arithmetic, no cast
 * to header structs.  A span is passed by value and borrows its bytes.  The get
 * functions return false and leave *out alone when the bytes are not there; the take
 * functions also move the span on.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const uint8_t *p; /* (n), borrowed */
    size_t n;
};

static inline struct span span_of(const void *p, size_t n)
{
    return (struct span){(const uint8_t *)p, n};
}

static inline bool span_has(struct span s, size_t at, size_t n)
{
    return at <= s.n && n <= s.n - at;
}

/** The part from `at` on; empty when `at` is past the end. */
static inline struct span span_from(struct span s, size_t at)
{
    if (at >= s.n)
        return span_of(s.p == NULL ? NULL : s.p + s.n, 0);
    return span_of(s.p + at, s.n - at);
}

/** The first `n` bytes, or all when there are fewer. */
static inline struct span span_first(struct span s, size_t n)
{
    return span_of(s.p, n < s.n ? n : s.n);
}

static inline bool span_get_u8(struct span s, size_t at, uint8_t *out)
{
    if (!span_has(s, at, 1))
        return false;
    *out = s.p[at];
    return true;
}

static inline bool span_get_be16(struct span s, size_t at, uint16_t *out)
{
    if (!span_has(s, at, 2))
        return false;
    *out = (uint16_t)((s.p[at] << 8) | s.p[at + 1]);
    return true;
}

static inline bool span_get_be32(struct span s, size_t at, uint32_t *out)
{
    uint32_t v;

    if (!span_has(s, at, 4))
        return false;
    memcpy(&v, s.p + at, 4);
    *out = __builtin_bswap32(v);
    return true;
}

static inline bool span_get_le16(struct span s, size_t at, uint16_t *out)
{
    if (!span_has(s, at, 2))
        return false;
    *out = (uint16_t)((s.p[at + 1] << 8) | s.p[at]);
    return true;
}

static inline bool span_get_le32(struct span s, size_t at, uint32_t *out)
{
    if (!span_has(s, at, 4))
        return false;
    *out = (uint32_t)s.p[at] | (uint32_t)s.p[at + 1] << 8 |
           (uint32_t)s.p[at + 2] << 16 | (uint32_t)s.p[at + 3] << 24;
    return true;
}

static inline bool span_get_le64(struct span s, size_t at, uint64_t *out)
{
    uint32_t lo;
    uint32_t hi;

    if (!span_get_le32(s, at, &lo) || !span_get_le32(s, at + 4, &hi))
        return false;
    *out = (uint64_t)hi << 32 | lo;
    return true;
}

/* The value itself, 0 when the bytes are not there: for fields of a header whose length
 * was checked, where the compiler drops the check. */
static inline uint8_t span_u8(struct span s, size_t at)
{
    return span_has(s, at, 1) ? s.p[at] : 0;
}

static inline uint16_t span_be16(struct span s, size_t at)
{
    uint16_t v = 0;

    (void)span_get_be16(s, at, &v);
    return v;
}

static inline uint32_t span_be32(struct span s, size_t at)
{
    uint32_t v = 0;

    (void)span_get_be32(s, at, &v);
    return v;
}

static inline bool span_copy(struct span s, size_t at, void *out, size_t n)
{
    if (!span_has(s, at, n))
        return false;
    if (n > 0)
        memcpy(out, s.p + at, n);
    return true;
}

static inline bool span_begins(struct span s, const void *what, size_t n)
{
    return s.p != NULL && span_has(s, 0, n) && memcmp(s.p, what, n) == 0;
}

static inline bool span_take(struct span *s, size_t n, struct span *out)
{
    if (n > s->n)
        return false;
    *out = span_of(s->p, n);
    *s = span_from(*s, n);
    return true;
}

static inline bool span_take_u8(struct span *s, uint8_t *out)
{
    if (!span_get_u8(*s, 0, out))
        return false;
    *s = span_from(*s, 1);
    return true;
}

static inline bool span_take_le16(struct span *s, uint16_t *out)
{
    if (!span_get_le16(*s, 0, out))
        return false;
    *s = span_from(*s, 2);
    return true;
}

static inline bool span_take_le32(struct span *s, uint32_t *out)
{
    if (!span_get_le32(*s, 0, out))
        return false;
    *s = span_from(*s, 4);
    return true;
}

static inline bool span_take_le64(struct span *s, uint64_t *out)
{
    if (!span_get_le64(*s, 0, out))
        return false;
    *s = span_from(*s, 8);
    return true;
}

static inline bool span_take_f32(struct span *s, float *out)
{
    uint32_t bits;

    if (!span_take_le32(s, &bits))
        return false;
    memcpy(out, &bits, sizeof bits);
    return true;
}

static inline bool span_take_f64(struct span *s, double *out)
{
    uint64_t bits;

    if (!span_take_le64(s, &bits))
        return false;
    memcpy(out, &bits, sizeof bits);
    return true;
}

#endif /* BASE_SPAN_H */
