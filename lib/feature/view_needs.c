/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/view_needs.c - what a meter must collect for a view.
 *
 * Much of what a record can carry costs memory and time for every flow, so a meter
 * collects it only when told to.  Which view needs what is written here once: whoever
 * meters for a view, be it to print its rows or to judge them, asks.
 */
#include <lapwing/flow.h>
#include <lapwing/view.h>

#include <string.h>

/* What a view needs beyond a plain record; views that need nothing have no row. */
static const struct {
    const char *view;
    bool flow_stats;
} needs[] = {
    {"flow", .flow_stats = true},
};

void lw_view_meter_needs(const struct lw_view *view, struct lw_meter_config *cfg)
{
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        if (strcmp(needs[i].view, view->name) == 0)
            cfg->flow_stats |= needs[i].flow_stats;
    }
}
