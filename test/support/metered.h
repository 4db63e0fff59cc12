/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support/metered.h - flow records of a conversation written as text.
 *
 *     struct metered got;
 *     metered_init(&got, NULL);
 *     metered_run(&got, "0    tcp 10.0.0.1:40000 > 10.0.0.2:80 S seq=1\n"
 *                       "0.1  tcp 10.0.0.2:80 > 10.0.0.1:40000 SA seq=9 ack=2\n");
 *     metered_flush(&got);
 *     assert_string_equal(got.recs[0].state, "S_SA");
 *
 * Each line is a time in seconds and a frame as in support/frame.h; a time alone is a
 * packet without data.
 */
#ifndef SUPPORT_METERED_H
#define SUPPORT_METERED_H

#include <lapwing/flow.h>
#include <lapwing/flow_stats.h>

enum { METERED_MAX = 64 };

struct metered {
    struct lw_meter *meter;                  /* owned */
    struct lw_record recs[METERED_MAX];      /* the first n_recs of them */
    struct lw_flow_stats stats[METERED_MAX]; /* what recs[i].stats points to */
    size_t n_recs;                           /* reported, may be more than are kept */
    uint64_t n_packets;                      /* in them */
    uint64_t last_id;                        /* that the last packet got */
};

void metered_init(struct metered *m, const struct lw_meter_config *cfg);
void metered_release(struct metered *m);
void metered_run(struct metered *m, const char *lines);
/** Report what is left; every packet must have been in a record then. */
void metered_flush(struct metered *m);

/** The i-th record as a binetflow line without time, duration and label; static
 *  storage. */
const char *metered_line(const struct metered *m, size_t i);

/** The accounting must close. */
void metered_check_stats(const struct metered *m);

#endif /* SUPPORT_METERED_H */
