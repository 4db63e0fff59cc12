/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/jsonw.h - a JSON writer.
 *
 * Keeps track of commas and nesting; strings are escaped, bytes that are no UTF-8
 * become U+FFFD, numbers that JSON lacks (NaN, infinities) become null.  Output is
 * compact, on one line.
 */
#ifndef BASE_JSONW_H
#define BASE_JSONW_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum { JSONW_DEPTH_MAX = 16 };

struct jsonw {
    struct buf *out; /* borrowed */
    unsigned depth;
    bool has_item[JSONW_DEPTH_MAX]; /* by depth: a comma is due before the next item */
    bool after_key;
};

void jsonw_init(struct jsonw *w, struct buf *out);
void jsonw_object(struct jsonw *w);
void jsonw_object_end(struct jsonw *w);
void jsonw_array(struct jsonw *w);
void jsonw_array_end(struct jsonw *w);
void jsonw_key(struct jsonw *w, const char *key);
void jsonw_text(struct jsonw *w, const char *s);
void jsonw_text_n(struct jsonw *w, const char *s, size_t n);
void jsonw_u64(struct jsonw *w, uint64_t v);
void jsonw_i64(struct jsonw *w, int64_t v);
/** Shortest form that reads back as the same float or double; null for what is not
 *  finite. */
void jsonw_f32(struct jsonw *w, float v);
void jsonw_f64(struct jsonw *w, double v);
void jsonw_bool(struct jsonw *w, bool v);
void jsonw_null(struct jsonw *w);
/** A value that is JSON already; in an object, members that are. */
void jsonw_raw(struct jsonw *w, const char *json);

/* A key and its value. */
void jsonw_put_text(struct jsonw *w, const char *key, const char *s);
void jsonw_put_u64(struct jsonw *w, const char *key, uint64_t v);
void jsonw_put_f64(struct jsonw *w, const char *key, double v);
void jsonw_put_bool(struct jsonw *w, const char *key, bool v);

#endif /* BASE_JSONW_H */
