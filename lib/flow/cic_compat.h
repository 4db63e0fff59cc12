/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/cic_compat.h - a flow as CICFlowMeter keeps it, and its line of text.
 *
 * Times are in microseconds, as there.
 */
#ifndef FLOW_CIC_COMPAT_H
#define FLOW_CIC_COMPAT_H

#include "key.h"

#include <lapwing/cic.h>

/* The running statistics of Apache commons-math, with its rounding: the same values to
 * the last digit need the same operations in the same order. */
struct cic_moments {
    uint64_t n;
    double sum;
    double min;
    double max;
    double mean;
    double m2;
};

enum { CIC_FORWARD, CIC_BACKWARD };

struct cic_flow {
    int64_t start_us;
    int64_t last_us;
    int64_t side_last_us[2];
    int64_t active_start_us;
    int64_t active_end_us;
    struct cic_moments length; /* the first packet twice */
    struct cic_moments side_length[2];
    struct cic_moments gap;
    struct cic_moments side_gap[2];
    struct cic_moments active;
    struct cic_moments idle;
    uint64_t header_bytes[2];
    uint64_t data_packets; /* forward, but for the first packet */
    int32_t window[2];     /* first forward, last backward; -1: none */
    uint32_t header_min;   /* forward */
    uint8_t first_flags;   /* TCP flags of the first packet */
    uint8_t source;        /* side of the key that is forward */
};

/* How lines are written. */
struct cic_style {
    enum lw_cic_names names;
    int32_t utc_offset_s;
    char label[LW_CIC_LABEL_MAX + 1];
};

void cic_moments_add(struct cic_moments *m, double v);

/** Write a flow's line with line end; returns its length. */
size_t cic_line(const struct cic_flow *f, const struct flow_key *key,
                const struct cic_style *style, char out[LW_CIC_LINE_MAX]);

/** A number as Java's Double.toString() writes it ("0.0", "1.5E7", "NaN"); returns the
 *  place behind.  Room: NUMFMT_MAX. */
char *cic_put_double(char *p, double v);

#endif /* FLOW_CIC_COMPAT_H */
