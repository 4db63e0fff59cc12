/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/reorder.h - records in the order of their ends.
 *
 * The meter reports a flow when it is sure that it is over, which for an idle flow is
 * long after its last packet.  Windows over past connections need them in the order
 * (end, start, flow id); records wait here until nothing older can come.
 *
 * What a record borrows for the call only (statistics and the like) cannot wait.  So
 * the part of a row that is made of those is made on the way in, and waits with the
 * record.
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
    struct lw_record *records; /* (cap), owned; they borrow nothing */
    float *own;                /* (cap, n_own), owned */
    size_t n;
    size_t cap;
    size_t n_own;
};

/** `n_own` values wait with each record; may be 0. */
void reorder_init(struct reorder *r, size_t n_own);
void reorder_release(struct reorder *r);
/** Put in a copy without what it borrows; *own (n_own) is to be filled by the caller.
 *  False when memory is out. */
bool reorder_push(struct reorder *r, const struct lw_record *rec, float **own);
/** Take the first one; it and what waited with it stay readable until the next push.
 *  NULL when empty. */
const struct lw_record *reorder_pop(struct reorder *r, const float **own);
/** End of the first one; `r` is not empty. */
int64_t reorder_first_end_ns(const struct reorder *r);

#endif /* FEATURE_REORDER_H */
