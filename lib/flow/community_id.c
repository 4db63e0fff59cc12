/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Community ID version 1 (corelight/community-id-spec): SHA-1 over seed, the ordered
 * endpoints, protocol, a zero byte and the ordered ports, in base64.  ICMP puts type
 * and counter-type where ports go; a type without counterpart is one-way: it is not
 * ordered, and its "ports" are type and code.
 */
#include "base/digest.h"
#include "icmp.h"

#include <lapwing/record.h>

#include <string.h>

/* What stands in the place of ports; returns whether the flow has two ways. */
static bool ports_of(const struct lw_record *rec, uint16_t port[2])
{
    int other;

    port[0] = rec->port[0];
    port[1] = rec->port[1];
    if (rec->kind != LW_FLOW_ICMP && rec->kind != LW_FLOW_ICMP6)
        return true;
    other = icmp_counterpart(rec->kind == LW_FLOW_ICMP6, rec->icmp_type);
    port[0] = rec->icmp_type;
    port[1] = other >= 0 ? (uint16_t)other : rec->icmp_code;
    return other >= 0;
}

static size_t put(uint8_t *out, size_t at, const void *data, size_t n)
{
    memcpy(out + at, data, n);
    return at + n;
}

void lw_record_community_id(const struct lw_record *rec, uint16_t seed,
                            char out[LW_COMMUNITY_ID_MAX])
{
    size_t n_addr = rec->ip_version == 6 ? 16 : 4;
    uint8_t text[2 + 16 + 16 + 2 + 4];
    uint8_t sum[SHA1_BYTES];
    uint16_t port[2];
    bool ordered;
    unsigned first = 0;
    size_t n = 0;
    int c;

    out[0] = '\0';
    if (rec->ip_version == 0)
        return;
    ordered = ports_of(rec, port);
    c = memcmp(rec->addr[0].bytes, rec->addr[1].bytes, n_addr);
    if (ordered && (c > 0 || (c == 0 && port[0] > port[1])))
        first = 1;
    n = put(text, n, (uint8_t[]){(uint8_t)(seed >> 8), (uint8_t)seed}, 2);
    n = put(text, n, rec->addr[first].bytes, n_addr);
    n = put(text, n, rec->addr[1 - first].bytes, n_addr);
    n = put(text, n, (uint8_t[]){rec->protocol, 0}, 2);
    if (rec->has_ports || rec->kind == LW_FLOW_ICMP || rec->kind == LW_FLOW_ICMP6)
        for (unsigned i = 0; i < 2; i++) {
            uint16_t p = port[i == 0 ? first : 1 - first];

            n = put(text, n, (uint8_t[]){(uint8_t)(p >> 8), (uint8_t)p}, 2);
        }
    digest_sha1(text, n, sum);
    out[0] = '1';
    out[1] = ':';
    digest_base64(sum, sizeof sum, out + 2);
}
