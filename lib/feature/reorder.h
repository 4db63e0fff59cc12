/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/reorder.h - records in the order of their ends.
 *
 * The meter reports a flow when it is sure that it is over, which for an idle flow is
 * long after its last packet.  Windows over past connections need them in the order
 * (end, start, flow id); records wait here until nothing older can come.
 */
#ifndef FEATURE_REORDER_H
#define FEATURE_REORDER_H

#include <lapwing/record.h>

#include <stdbool.h>

struct reorder {
    struct lw_record *heap; /* (n), a binary heap, the first to go on top; owned */
    size_t n;
    size_t cap;
};

void reorder_init(struct reorder *r);
void reorder_release(struct reorder *r);
/** Put in a copy; false when memory is out. */
bool reorder_push(struct reorder *r, const struct lw_record *rec);
/** Take the first that ended before `before_ns`; false when there is none. */
bool reorder_pop(struct reorder *r, int64_t before_ns, struct lw_record *out);

#endif /* FEATURE_REORDER_H */
