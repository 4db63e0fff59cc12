/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KDD Cup 1999 and NSL-KDD files as published: no header, 41 features in a fixed order,
 * an attack name (with a dot in the former), in NSL-KDD a difficulty.  Types are known,
 * so the first wrong value is found.
 */
#include "data/table.h"

#include <string.h>

enum { PROTOCOL = 1, SERVICE = 2, FLAG = 3, N_FEATURES = 41, LABEL = 41 };

/* kddcup.names, with the label and NSL-KDD's difficulty. */
static const char *const names[N_FEATURES + 2] = {
    "duration",
    "protocol_type",
    "service",
    "flag",
    "src_bytes",
    "dst_bytes",
    "land",
    "wrong_fragment",
    "urgent",
    "hot",
    "num_failed_logins",
    "logged_in",
    "num_compromised",
    "root_shell",
    "su_attempted",
    "num_root",
    "num_file_creations",
    "num_shells",
    "num_access_files",
    "num_outbound_cmds",
    "is_host_login",
    "is_guest_login",
    "count",
    "srv_count",
    "serror_rate",
    "srv_serror_rate",
    "rerror_rate",
    "srv_rerror_rate",
    "same_srv_rate",
    "diff_srv_rate",
    "srv_diff_host_rate",
    "dst_host_count",
    "dst_host_srv_count",
    "dst_host_same_srv_rate",
    "dst_host_diff_srv_rate",
    "dst_host_same_src_port_rate",
    "dst_host_srv_diff_host_rate",
    "dst_host_serror_rate",
    "dst_host_srv_serror_rate",
    "dst_host_rerror_rate",
    "dst_host_srv_rerror_rate",
    "label",
    "difficulty",
};

static bool is_record(const struct csv_line *l, size_t n_min, size_t n_max)
{
    return l->n >= n_min && l->n <= n_max &&
           (table_field_is(l->fields[PROTOCOL], "tcp") ||
            table_field_is(l->fields[PROTOCOL], "udp") ||
            table_field_is(l->fields[PROTOCOL], "icmp"));
}

static bool nsl_kdd_probe(const struct table *t, struct span text)
{
    (void)text;
    return is_record(&t->line, N_FEATURES + 2, N_FEATURES + 2);
}

static bool kdd99_probe(const struct table *t, struct span text)
{
    (void)text;
    return is_record(&t->line, N_FEATURES, N_FEATURES + 1);
}

static enum lw_status kdd_begin(struct table *t, struct span text, struct lw_error *err)
{
    static const size_t texts[] = {PROTOCOL, SERVICE, FLAG, LABEL};
    enum lw_status st = table_name_columns(t, names, err);

    (void)text;
    if (st != LW_OK)
        return st;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i] < t->frame->n_columns)
            t->frame->columns[texts[i]].type = LW_COLUMN_TEXT;
    lines_unread(&t->lines);
    return LW_OK;
}

const struct table_format table_format_nsl_kdd = {"nsl-kdd", nsl_kdd_probe, kdd_begin,
                                                  NULL};
const struct table_format table_format_kdd99 = {"kdd99", kdd99_probe, kdd_begin, NULL};
