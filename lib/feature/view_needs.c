/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/view_needs.c - what a meter must collect for a view.
 *
 * Much of what a record can carry costs memory and time for every flow, so a meter
 * collects it only when told to.  Which view needs what is written here once: whoever
 * meters for a view, be it to print its rows or to judge them, asks.
 */
#include "base/timefmt.h"
#include "feature/kdd_content.h"

#include <lapwing/flow.h>
#include <lapwing/view.h>

#include <string.h>

#define NEVER_NS (INT64_C(1) << 60) /* 36 years, the longest that a meter takes */

/* What a view needs beyond a plain record; views that need nothing have no row. */
static const struct {
    const char *view;
    bool flow_stats;
    int64_t interim_ns; /* unless another interval is asked for; 0: the meter's */
    const struct lw_stream_tap *tap;
    bool icmp_messages;
    bool handshakes;
} needs[] = {
    /* A flood or a beacon is judged before it ends. */
    {"flow", .flow_stats = true, .interim_ns = 10 * NS_PER_S, .handshakes = true},
    /* A connection is one row, however long it is, and a message of ICMP another. */
    {"kdd", .interim_ns = NEVER_NS, .tap = &kdd_content_tap, .icmp_messages = true},
    {"kdd31", .interim_ns = NEVER_NS, .tap = &kdd_content_tap, .icmp_messages = true},
};

void lw_view_meter_needs(const struct lw_view *view, struct lw_meter_config *cfg)
{
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        if (strcmp(needs[i].view, view->name) != 0)
            continue;
        cfg->flow_stats |= needs[i].flow_stats;
        if (cfg->status_interval_ns == 0)
            cfg->status_interval_ns = needs[i].interim_ns;
        if (needs[i].tap != NULL)
            cfg->tap = needs[i].tap;
        cfg->icmp_messages |= needs[i].icmp_messages;
        cfg->handshakes |= needs[i].handshakes;
    }
}
