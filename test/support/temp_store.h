/* SPDX-License-Identifier: Apache-2.0 */
/* support/temp_store.h - a store in a folder of its own, and flows to put into it. */
#ifndef SUPPORT_TEMP_STORE_H
#define SUPPORT_TEMP_STORE_H

#include "store/admin.h"
#include "store/alerts.h"

struct temp_store {
    char dir[64];
    struct store *s; /* owned */
};

/** Make one, empty. */
void temp_store_init(struct temp_store *t);
/** Close and open it again, as after a restart. */
void temp_store_reopen(struct temp_store *t);
/** Close it and remove the folder. */
void temp_store_release(struct temp_store *t);
/** The store has no fault: everything that is named is there, and nothing else. */
void temp_store_check(struct temp_store *t);

/** Upload `n` bytes as a capture and queue its analysis. */
int64_t temp_store_capture(struct temp_store *t, const char *name, const void *data,
                           size_t n, int64_t *job);
/** Claim the next job. */
int64_t temp_store_claim(struct temp_store *t);

/** The i-th of endless flows that look like traffic, the same every time: most of few
 *  hosts, some alerted.  `scores` is where its scores go. */
struct store_flow temp_flow(uint32_t i, struct store_score scores[2]);

/** Load flows 0 to n as the analysis of a new capture; returns the capture. */
int64_t temp_store_load(struct temp_store *t, const char *name, uint32_t from,
                        uint32_t n);

#endif /* SUPPORT_TEMP_STORE_H */
