/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/features_key.h"

#include "base/timefmt.h"

#include <lapwing/labels.h>

#include <stdio.h>
#include <string.h>

size_t features_key_header(char *out)
{
    static const char names[] =
        "flow_start,flow_proto,flow_src,flow_sport,flow_dst,flow_dport,";

    memcpy(out, names, sizeof names);
    return sizeof names - 1;
}

/* The initiator first, as in the features; time in seconds since 1970. */
size_t features_key(const struct lw_record *rec, char *out)
{
    unsigned src = lw_record_initiator(rec);
    unsigned dst = 1 - src;
    char addr[2][LW_ADDR_TEXT_MAX];
    char proto[16];
    int n;

    (void)lw_record_addr_text(rec, src, addr[0]);
    (void)lw_record_addr_text(rec, dst, addr[1]);
    n = snprintf(out, FEATURES_KEY_MAX, "%lld.%06lld,%s,%s,%u,%s,%u,",
                 (long long)(rec->start_ns / NS_PER_S),
                 (long long)(rec->start_ns % NS_PER_S / NS_PER_US),
                 lw_record_proto_text(rec, proto), addr[0], rec->port[src], addr[1],
                 rec->port[dst]);
    return n > 0 ? (size_t)n : 0;
}

size_t features_put_label(char *line, size_t n, const char *label)
{
    bool quote = strpbrk(label, ",\"") != NULL;

    n--; /* the line feed */
    line[n++] = ',';
    if (quote)
        line[n++] = '"';
    for (size_t i = 0; label[i] != '\0' && i < LW_LABEL_MAX; i++) {
        if (label[i] == '"')
            line[n++] = '"';
        line[n++] = label[i];
    }
    if (quote)
        line[n++] = '"';
    line[n++] = '\n';
    return n;
}
