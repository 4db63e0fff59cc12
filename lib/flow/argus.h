/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/argus.h - a flow as Argus 3.0.8.2 sees it, where that is not what happened.
 *
 * The binetflow form exists to equal what Argus prints.  Where Argus is wrong, a record
 * says what happened and has what Argus says beside it (struct lw_argus); nothing but
 * the binetflow form reads that.  docs/argus-parity.md shows each case with packets.
 */
#ifndef FLOW_ARGUS_H
#define FLOW_ARGUS_H

#include "table.h"

enum argus_tcp {
    ARGUS_TCP_NEW,
    ARGUS_TCP_RESET, /* the first packet was a RST */
    ARGUS_TCP_SYN,
    ARGUS_TCP_SYN_ACK,
    ARGUS_TCP_ESTABLISHED,
    ARGUS_TCP_FINISHING, /* a FIN was seen */
    ARGUS_TCP_FINISHED,  /* a FIN was acknowledged */
    ARGUS_TCP_CLOSING    /* reset, or begun with flags that make no sense */
};

enum argus_udp { ARGUS_UDP_PLAIN, ARGUS_UDP_RTP, ARGUS_UDP_RTCP };

enum argus_flag {
    ARGUS_SAW_SYN = 1,     /* the first packet was a SYN */
    ARGUS_SAW_SYN_ACK = 2, /* an answer to a SYN was seen before anything else told */
    ARGUS_GOING = 4,       /* something was seen that only follows a handshake */
    ARGUS_BOTH = 8,        /* the other side's flags count, too */
    ARGUS_SWAPPED = 16,    /* the endpoints have each other's names */
    ARGUS_ECHO = 32,       /* the opening flags count for both sides */
    ARGUS_TOLD = 64        /* told_ns is set */
};

/** Make of a packet's key what tells flows apart to Argus. */
void argus_key(const struct decoded *d, struct flow_key *key, unsigned *from);

/** A TCP segment that side `from` sent, before it is counted. */
void argus_tcp_step(struct flow *f, const struct decoded *d, unsigned from);

/** The first datagram of a flow of UDP, before it is counted. */
void argus_udp_begin(struct flow *f, const struct decoded *d);

/** A datagram of a flow with FLOW_MEDIA, that side `from` sent. */
void argus_media_step(struct flow *f, const struct decoded *d, unsigned from);

/** Whether Argus begins a new flow with this segment. */
bool argus_tcp_reopens(const struct flow *f, const struct decoded *d);

/** What the flow that begins with the segment after this one takes over from it. */
struct argus_heritage {
    unsigned side; /* of the key; the one that does not begin */
    uint8_t tos;
    uint8_t argus_tos;
    uint8_t ttl;
    uint8_t heard; /* enum flow_heard */
    uint8_t flags; /* enum argus_flag */
};

void argus_bequeath(const struct flow *f, unsigned from, struct argus_heritage *out);
void argus_inherit(struct flow *f, const struct argus_heritage *from);

/** Complete a record of the flow. */
void argus_report(const struct flow *f, struct lw_record *rec);

/** Complete the last record of a flow that ends with this segment of side `from`, which
 *  is not its own: but for the names of Argus the flow is of no use after that. */
void argus_report_reopened(struct flow *f, const struct decoded *d, unsigned from,
                           int64_t time_ns, struct lw_record *rec);

/** A packet that is not its own told about a flow: Argus lets it last as long. */
static inline void argus_tell(struct flow *f, int64_t time_ns)
{
    if (!(f->argus_flags & ARGUS_TOLD) || time_ns > f->told_ns)
        f->told_ns = time_ns;
    f->argus_flags |= ARGUS_TOLD;
}

#endif /* FLOW_ARGUS_H */
