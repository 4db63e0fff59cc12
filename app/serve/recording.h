/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/recording.h - the packets of an interface, as captures in the store.
 *
 * A recording is an upload that the server makes itself.  Its id is a setting of the
 * store as long as it goes on, so that after kill -9 it is ended at the next start:
 * what was acknowledged until then becomes a capture like any other.
 */
#ifndef SERVE_RECORDING_H
#define SERVE_RECORDING_H

#include "base/span.h"
#include "store/store.h"

struct server; /* serve/server.h */

/** All zero: no recording is under way. */
struct recording {
    int64_t upload; /* 0: none */
    uint64_t bytes;
    uint64_t synced; /* of these */
    int64_t began_ns;
    int64_t synced_ns;
    uint32_t link_type;
};

/** Add records of a pcap file (of one link type) that came from an interface, and begin
 *  with a recording where there is none.  What the store says. */
LW_MUST enum lw_status recording_add(struct recording *r, struct server *s,
                                     const char *interface, uint32_t link_type,
                                     struct span records, struct lw_error *err);

/** Make it a capture and have that analysed; *capture is its id, 0 where nothing was
 *  recorded.  On failure it is given up: what was acknowledged comes back at the next
 *  start. */
LW_MUST enum lw_status recording_end(struct recording *r, struct server *s,
                                     const char *interface, int64_t *capture,
                                     struct lw_error *err);

/** End those that an earlier process began. */
void recording_recover(struct server *s);

#endif /* SERVE_RECORDING_H */
