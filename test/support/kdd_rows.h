/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support/kdd_rows.h - kdd rows of packets, by the meter as the view needs it.
 *
 *     struct kdd_rows k;
 *     kdd_rows_begin(&k);
 *     kdd_rows_packets(&k, "0    tcp 10.0.0.1:40000 > 10.0.0.2:80 S seq=1\n"
 *                          "0.1  tcp 10.0.0.2:80 > 10.0.0.1:40000 RA ack=2\n");
 *     kdd_rows_end(&k);
 *     assert_string_equal(kdd_rows_name(&k, 0, KDD_flag), "REJ");
 */
#ifndef SUPPORT_KDD_ROWS_H
#define SUPPORT_KDD_ROWS_H

#include "dialogue.h"
#include "feature/kdd_names.h"

#include <lapwing/flow.h>
#include <lapwing/view.h>

enum { KDD_ROWS_MAX = 600 };

struct kdd_rows {
    struct lw_meter *meter;         /* owned until kdd_rows_end() */
    struct lw_extractor *extractor; /* likewise */
    float values[KDD_ROWS_MAX][N_KDD];
    uint64_t flow_id[KDD_ROWS_MAX];
    size_t n;
};

void kdd_rows_begin(struct kdd_rows *k);
/** Lines of a time in seconds and a frame, as in support/metered.h. */
void kdd_rows_packets(struct kdd_rows *k, const char *lines);
/** A whole TCP connection from 10.0.0.1 to `port` of 10.0.0.2, which says this; each
 *  turn a packet, 10 ms after the one before. */
void kdd_rows_talk(struct kdd_rows *k, double time_s, uint16_t client_port,
                   uint16_t port, const struct say *says, size_t n);
/** The rest of the rows. */
void kdd_rows_end(struct kdd_rows *k);

/** A value, and a category's name, of the i-th row. */
double kdd_rows_value(const struct kdd_rows *k, size_t i, enum kdd_column column);
const char *kdd_rows_name(const struct kdd_rows *k, size_t i, enum kdd_column column);

#endif /* SUPPORT_KDD_ROWS_H */
