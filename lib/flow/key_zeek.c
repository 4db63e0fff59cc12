/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zeek tells connections apart by addresses, ports and protocol.  ICMP's ports are the
 * message type and that of its answer, or the code where no answer is known; then the
 * connection is one-way.  What is neither TCP, UDP nor ICMP has no ports.
 */
#include "key_zeek.h"

#include "icmp.h"

/* Endpoints in order, without ports. */
static unsigned set_hosts(struct flow_key *key, const struct decoded *d)
{
    unsigned from =
        memcmp(d->addr[0].bytes, d->addr[1].bytes, sizeof d->addr[0].bytes) > 0 ? 1 : 0;

    key->addr[from] = d->addr[0];
    key->addr[1 - from] = d->addr[1];
    key->port[0] = 0;
    key->port[1] = 0;
    return from;
}

static unsigned set_icmp(struct flow_key *key, const struct decoded *d, bool v6)
{
    int other = icmp_counterpart(v6, d->icmp_type);
    unsigned from;

    if (other >= 0) {
        from = set_hosts(key, d);
        key->protocol = d->icmp_type < other ? d->icmp_type : (uint8_t)other;
        return from;
    }
    key->addr[0] = d->addr[0];
    key->addr[1] = d->addr[1];
    key->port[0] = d->icmp_code;
    key->port[1] = 0;
    key->protocol = d->icmp_type;
    return 0;
}

void flow_key_zeek(const struct decoded *d, struct flow_key *key, unsigned *from)
{
    switch ((enum lw_flow_kind)(key->kind & ~FLOW_KEY_IP6)) {
    case LW_FLOW_UDP:
        key->more = 0;
        break;
    case LW_FLOW_ICMP:
        *from = set_icmp(key, d, false);
        break;
    case LW_FLOW_ICMP6:
        *from = set_icmp(key, d, true);
        break;
    case LW_FLOW_IGMP:
    case LW_FLOW_ESP:
    case LW_FLOW_SCTP:
        *from = set_hosts(key, d);
        break;
    case LW_FLOW_TCP:
    case LW_FLOW_OTHER:
    case LW_FLOW_ARP:
    case LW_FLOW_GRE:
    case LW_FLOW_IP:
    case LW_N_FLOW_KINDS:
        break;
    }
}
