/* SPDX-License-Identifier: Apache-2.0 */
#include "levels.h"

/* What is in level n - 1, into level n; false: nothing that is a whole packet. */
static bool go_in(struct levels *l)
{
    const struct decoded *d = &l->at[l->n - 1];
    struct decoded deeper;

    if (l->n == sizeof l->at / sizeof l->at[0]) {
        l->too_deep = packet_decode_inner(d, &deeper);
        return false;
    }
    if (!packet_decode_inner(d, &l->at[l->n]))
        return false;
    l->end = l->at[l->n].outcome;
    return l->end == DECODE_OK;
}

void levels_follow(struct levels *l, struct reassembly *r, int64_t now_ns,
                   bool into_tunnels)
{
    l->n = 0;
    l->end = DECODE_OK;
    l->too_deep = false;
    do {
        struct decoded *d = &l->at[l->n++];

        if (d->is_fragment)
            reassembly_add(r, d, now_ns);
    } while (into_tunnels && go_in(l));
}
