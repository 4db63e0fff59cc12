/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Argus flows as ra prints them to CSV, in the columns of CTU-13 (others may be there
 * too).  Ports are text: ICMP has hexadecimal ones, ARP none.  The start time is read
 * as UTC, whatever the zone of the machine that printed it: only differences matter.
 */
#include "base/timefmt.h"
#include "data/table.h"

/* Columns of numbers; all the others are text. */
static const char *const number_names[] = {
    "Dur",     "sTos",    "dTos",     "TotPkts",  "TotBytes",
    "SrcPkts", "DstPkts", "SrcBytes", "DstBytes",
};

static bool binetflow_probe(const struct table *t, struct span text)
{
    (void)text;
    return t->line.n > 2 && table_field_is(t->line.fields[0], "StartTime") &&
           table_field_is(t->line.fields[1], "Dur");
}

static enum lw_status binetflow_begin(struct table *t, struct span text,
                                      struct lw_error *err)
{
    enum lw_status st = table_name_columns(t, NULL, err);

    (void)text;
    if (st != LW_OK)
        return st;
    t->frame->report.has_header = true;
    for (size_t i = 0; i < t->line.n; i++) {
        t->frame->columns[i].type = LW_COLUMN_TEXT;
        for (size_t k = 0; k < sizeof number_names / sizeof number_names[0]; k++)
            if (table_field_is(t->line.fields[i], number_names[k]))
                t->frame->columns[i].type = LW_COLUMN_NUMBER;
    }
    t->frame->columns[0].type = LW_COLUMN_NUMBER;
    t->frame->columns[0].parse = timefmt_parse;
    return LW_OK;
}

const struct table_format table_format_binetflow = {"binetflow", binetflow_probe,
                                                    binetflow_begin, NULL};
