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
#include <stddef.h>
#include <stdint.h>

/** What is compared, and where the record is. */
struct reorder_key {
    int64_t end_ns;
    int64_t start_ns;
    uint64_t flow_id;
    uint32_t slot;
};

struct reorder {
    struct reorder_key
        *heap; /* (n) a binary heap; (n..cap) name the free slots; owned */
    struct lw_record *records; /* (cap), owned */
    size_t n;
    size_t cap;
};

void reorder_init(struct reorder *r);
void reorder_release(struct reorder *r);
/** Put in a copy; false when memory is out. */
bool reorder_push(struct reorder *r, const struct lw_record *rec);
/** Take the first one; it stays readable until the next push.  NULL when empty. */
const struct lw_record *reorder_pop(struct reorder *r);
/** End of the first one; `r` is not empty. */
int64_t reorder_first_end_ns(const struct reorder *r);

#endif /* FEATURE_REORDER_H */
