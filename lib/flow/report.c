/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who initiated, in which direction it is printed, and in what state: as Argus says it.
 *
 *     TCP     a SYN or SYN+ACK was seen: "->", from its initiator
 *             otherwise: the higher port is taken for the client's; equal ports: who
 * was heard first.  "<?>" both heard, "?>" only that one, "<?" only the other ICMP    a
 * question and its answer: who asked; "<->" both heard, "->" only the question, "<-"
 * only the answer ARP     "who", from who asks others  who was heard first; "<->" both
 * heard, "->" only that one, "<-" only the other (in a later record of a long flow)
 *
 * The rules were found by giving Argus 3.0.8.2 packets of each kind.
 */
#include "report.h"

#include "account.h"
#include "icmp.h"
#include "service_port.h"
#include "tcp_state.h"

#include <string.h>

enum { PROTOCOL_IGMP = 2 };

static unsigned first_side(const struct flow *f)
{
    return f->flags & FLOW_FIRST_SIDE ? 1 : 0;
}

static bool heard(const struct flow *f, unsigned side)
{
    return f->side[side].packets > 0;
}

/* Of the key's sides.  Where the start was not seen, who was heard first initiated,
 * unless that is the lower port and a server's. */
static unsigned initiator_of_tcp(const struct flow *f)
{
    unsigned first = first_side(f);

    if (f->flags & FLOW_SYN_KNOWN)
        return f->flags & FLOW_SYN_SIDE ? 1 : 0;
    return service_port_is_server(f->key.port[first], f->key.port[1 - first])
               ? 1 - first
               : first;
}

static unsigned initiator_of_icmp(const struct flow *f, bool v6)
{
    uint8_t request = f->icmp_type;

    /* Argus sees through the answers of ICMP only. */
    if (!v6 && icmp_pair(v6, f->icmp_type, &request) && request != f->icmp_type)
        return 1 - first_side(f);
    return first_side(f);
}

unsigned flow_initiator(const struct flow *f)
{
    switch (flow_kind(f)) {
    case LW_FLOW_TCP:
        return initiator_of_tcp(f);
    case LW_FLOW_ICMP:
        return initiator_of_icmp(f, false);
    case LW_FLOW_ICMP6:
        return initiator_of_icmp(f, true);
    case LW_FLOW_ARP:
        return 0;
    case LW_FLOW_OTHER:
    case LW_FLOW_UDP:
    case LW_FLOW_IGMP:
    case LW_FLOW_ESP:
    case LW_FLOW_GRE:
    case LW_FLOW_SCTP:
    case LW_FLOW_IP:
    case LW_N_FLOW_KINDS:
        break;
    }
    return first_side(f);
}

/* As seen from the initiator, `src`. */
static enum lw_dir direction(const struct flow *f, unsigned src)
{
    bool both = heard(f, 0) && heard(f, 1);

    if (flow_kind(f) == LW_FLOW_ARP)
        return LW_DIR_WHO;
    if (flow_kind(f) == LW_FLOW_TCP) {
        if (f->flags & FLOW_SYN_KNOWN)
            return LW_DIR_FORWARD;
        if (both)
            return LW_DIR_UNKNOWN;
        return heard(f, src) ? LW_DIR_MAYBE_FWD : LW_DIR_MAYBE_BACK;
    }
    if (both)
        return LW_DIR_BOTH;
    return heard(f, src) ? LW_DIR_FORWARD : LW_DIR_BACKWARD;
}

/* "INT" becomes "REQ" in the later records of a flow, but not of ARP. */
static const char *plain_state(const struct flow *f, unsigned src)
{
    if (heard(f, 0) && heard(f, 1))
        return "CON";
    if (!heard(f, src))
        return "RSP";
    return f->flags & FLOW_CONTINUED && flow_kind(f) != LW_FLOW_ARP ? "REQ" : "INT";
}

static void set_state(const struct flow *f, unsigned src, struct lw_record *rec)
{
    const char *text;
    char *p = rec->state;

    if (flow_kind(f) == LW_FLOW_TCP) {
        p = tcp_flags_text(p, f->side[src].tcp_flags);
        *p++ = '_';
        p = tcp_flags_text(p, f->side[1 - src].tcp_flags);
        *p = '\0';
        return;
    }
    if (flow_kind(f) == LW_FLOW_ICMP || flow_kind(f) == LW_FLOW_ICMP6) {
        uint8_t type = f->icmp_type;

        if (heard(f, src))
            (void)icmp_pair(flow_kind(f) == LW_FLOW_ICMP6, type, &type);
        text = icmp_state_name(flow_kind(f) == LW_FLOW_ICMP6, type, f->icmp_code);
    } else {
        text = plain_state(f, src);
    }
    memcpy(rec->state, text, strlen(text) + 1);
}

static void set_side(const struct flow *f, unsigned side, struct lw_side *out)
{
    const struct flow_side *s = &f->side[side];

    *out = (struct lw_side){.packets = s->packets,
                            .frame_bytes = s->frame_bytes,
                            .ip_bytes = s->ip_bytes,
                            .payload_bytes = s->payload_bytes,
                            .first_ns = s->first_ns,
                            .last_ns = s->last_ns,
                            .urgent = s->urgent,
                            .bad_fragments = f->bad_fragments[side],
                            .overlapping_fragments = f->overlapping[side],
                            .retransmitted = s->retransmitted,
                            .tcp_flags = s->tcp_flags,
                            .tos = s->tos,
                            .ttl = s->ttl,
                            .has_ip = (s->heard & HEARD_IP) != 0};
}

static void set_macs(const struct flow *f, unsigned first, struct lw_record *rec)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct flow_side *s = &f->side[i ^ first];

        rec->arp_mac[i] = s->heard & HEARD_SEQ ? s->next_seq : 0;
        rec->arp_two_macs |= (s->heard & HEARD_TWO_MACS) != 0;
    }
}

/* What the key keeps in its port fields depends on the kind. */
static void set_ports(const struct flow *f, unsigned first, struct lw_record *rec)
{
    const struct flow_key *k = &f->key;
    uint8_t question;

    switch (flow_kind(f)) {
    case LW_FLOW_TCP:
    case LW_FLOW_UDP:
    case LW_FLOW_SCTP:
        rec->has_ports = true;
        rec->port[0] = k->port[first];
        rec->port[1] = k->port[1 - first];
        break;
    case LW_FLOW_ICMP:
    case LW_FLOW_ICMP6:
        rec->protocol = flow_kind(f) == LW_FLOW_ICMP ? 1 : 58;
        rec->icmp_type = f->icmp_type;
        rec->icmp_code = f->icmp_code;
        rec->icmp_id =
            k->port[icmp_pair(flow_kind(f) == LW_FLOW_ICMP6, k->protocol, &question)
                        ? 0
                        : 1];
        break;
    case LW_FLOW_ESP:
        rec->spi = (uint32_t)k->port[0] << 16 | k->port[1];
        break;
    case LW_FLOW_OTHER:
        rec->llc[0] = (uint8_t)(k->port[0] >> 8);
        rec->llc[1] = (uint8_t)k->port[0];
        break;
    case LW_FLOW_IGMP:
        rec->protocol = PROTOCOL_IGMP;
        break;
    case LW_FLOW_ARP:
        set_macs(f, first, rec);
        break;
    case LW_FLOW_GRE:
    case LW_FLOW_IP:
    case LW_N_FLOW_KINDS:
        break;
    }
}

void flow_report(const struct flow *f, enum lw_end_reason reason, struct lw_record *rec)
{
    unsigned first = first_side(f);
    unsigned src = flow_initiator(f);

    *rec = (struct lw_record){.flow_id = f->id,
                              .start_ns = f->start_ns,
                              .end_ns = f->last_ns,
                              .kind = flow_kind(f),
                              .dir = direction(f, src),
                              .end_reason = reason,
                              .ether_type = f->ether_type,
                              .protocol = f->key.protocol,
                              .initiator = (uint8_t)(src ^ first),
                              .vlan_id = f->vlan_id,
                              .tunnel_depth = f->tunnel_depth,
                              .tunnel_kind = (enum lw_tunnel_kind)f->tunnel_kind,
                              .tunnel_id = f->tunnel_id};
    if (flow_kind(f) != LW_FLOW_OTHER && flow_kind(f) != LW_FLOW_ARP)
        rec->ip_version = f->key.kind & FLOW_KEY_IP6 ? 6 : 4;
    rec->addr[0] = f->key.addr[first];
    rec->addr[1] = f->key.addr[1 - first];
    set_side(f, first, &rec->side[0]);
    set_side(f, 1 - first, &rec->side[1]);
    set_ports(f, first, rec);
    if (flow_kind(f) == LW_FLOW_TCP)
        rec->conn = tcp_state_conn(
            f->tcp_state, src, f->side[0].payload_bytes + f->side[1].payload_bytes > 0);
    set_state(f, src, rec);
}
