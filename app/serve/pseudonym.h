/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/pseudonym.h - addresses replaced by others, the same by the same.
 *
 * A permutation of the addresses of each kind (a Feistel network of eight rounds over
 * SHA-256; Luby and Rackoff, 1988), so that two never become one.  The key is random
 * and nowhere kept: nobody can go back, and the next export has other pseudonyms.
 */
#ifndef SERVE_PSEUDONYM_H
#define SERVE_PSEUDONYM_H

#include "store/flows.h"

enum { PSEUDONYM_KEY_BYTES = 32 };

struct pseudonym {
    uint8_t key[PSEUDONYM_KEY_BYTES];
};

/** Draw a key.  LW_EIO. */
LW_MUST enum lw_status pseudonym_init(struct pseudonym *p, struct lw_error *err);
void pseudonym_replace(const struct pseudonym *p, struct store_addr *addr);

#endif /* SERVE_PSEUDONYM_H */
