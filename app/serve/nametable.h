/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/nametable.h - a few hundred names and what each stands for.
 *
 * Filled once, then only read, by any number of threads.
 */
#ifndef SERVE_NAMETABLE_H
#define SERVE_NAMETABLE_H

#include "base/span.h"

#include <lapwing/error.h>

struct nametable_slot {
    uint64_t hash;
    uint8_t *name; /* (len), owned; NULL: free */
    size_t len;
    uint32_t value;
};

struct nametable {
    struct nametable_slot *slots; /* (cap), owned; cap is a power of two */
    size_t cap;
    size_t n;
};

void nametable_init(struct nametable *t);
void nametable_release(struct nametable *t);
/** Add a name (copied); one that is there keeps its value.  LW_ENOMEM. */
LW_MUST enum lw_status nametable_add(struct nametable *t, struct span name,
                                     uint32_t value, struct lw_error *err);
/** The value, or -1. */
int64_t nametable_find(const struct nametable *t, struct span name);

#endif /* SERVE_NAMETABLE_H */
