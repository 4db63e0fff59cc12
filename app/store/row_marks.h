/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/row_marks.h - which rows of a chunk pass, told by a byte for each.
 *
 * A byte is 1 where the row passes.  keep_...() takes away from what passes, mark_...()
 * writes or (mark_also_...) adds.  No branches: what passes is as good as random.
 */
#ifndef STORE_ROW_MARKS_H
#define STORE_ROW_MARKS_H

#include <stdint.h>

/** Both ends belong to the range. */
void mark_i64(uint8_t *hit, const int64_t *values, uint32_t n, int64_t least,
              int64_t greatest);
/** The ends are doubles, and mean what they say. */
void mark_f32(uint8_t *hit, const float *values, uint32_t n, double least,
              double greatest);
void mark_also_u32(uint8_t *hit, const uint32_t *values, uint32_t n, uint32_t least,
                   uint32_t greatest);
void mark_also_equal(uint8_t *hit, const int32_t *values, uint32_t n, int32_t value);

void keep_i64(uint8_t *keep, const int64_t *values, uint32_t n, int64_t least,
              int64_t greatest);
void keep_f32(uint8_t *keep, const float *values, uint32_t n, double least);
/** Those whose facet, from 1, has a 1 in `mask` (n_facets). */
void keep_facets(uint8_t *keep, const uint32_t *facets, uint32_t n, const uint8_t *mask,
                 uint32_t n_facets);
void keep_marked(uint8_t *keep, const uint8_t *hit, uint32_t n);

#endif /* STORE_ROW_MARKS_H */
