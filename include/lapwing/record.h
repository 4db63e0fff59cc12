/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/record.h - what is known of one bidirectional flow.
 *
 * Index 0 of every pair is the endpoint that sent the first packet seen, index 1 the
 * other.  `initiator` is the index of the one that began the conversation, as Argus and
 * Zeek take it: a writer that follows them prints that side first.
 * All numbers are in host byte order, addresses as on the wire.
 */
#ifndef LW_RECORD_H
#define LW_RECORD_H

#include <lapwing/error.h>
#include <lapwing/tap.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What kind of traffic a flow is; the name is Argus' word in the Proto column where
 *  it has a fixed one. */
#define LW_FLOW_KIND_LIST(X)                                                           \
    X(OTHER, "other") /* not IP and not ARP: keyed by MAC addresses and EtherType */   \
    X(TCP, "tcp")                                                                      \
    X(UDP, "udp")                                                                      \
    X(ICMP, "icmp")                                                                    \
    X(ICMP6, "ipv6-icmp")                                                              \
    X(IGMP, "igmp")                                                                    \
    X(ARP, "arp")                                                                      \
    X(ESP, "esp")                                                                      \
    X(GRE, "gre")                                                                      \
    X(SCTP, "sctp")                                                                    \
    X(IP, "ip") /* any other IP protocol, `protocol` says which */

enum lw_flow_kind {
#define LW_FLOW_KIND_ENUM(name, text) LW_FLOW_##name,
    LW_FLOW_KIND_LIST(LW_FLOW_KIND_ENUM)
#undef LW_FLOW_KIND_ENUM
        LW_N_FLOW_KINDS
};

/** Direction as Argus prints it, with the initiator on the left. */
#define LW_DIR_LIST(X)                                                                 \
    X(FORWARD, "->")    /* TCP, start seen; others: only the initiator was heard */    \
    X(BACKWARD, "<-")   /* not TCP: only the other side was heard */                   \
    X(BOTH, "<->")      /* not TCP: both were heard */                                 \
    X(UNKNOWN, "<?>")   /* TCP, start not seen: both were heard, */                    \
    X(MAYBE_FWD, "?>")  /* only the initiator, */                                      \
    X(MAYBE_BACK, "<?") /* only the other side */                                      \
    X(WHO, "who")       /* ARP */                                                      \
    X(TOLD, "told")     /* ARP, in files of older versions; the meter says "who" */

enum lw_dir {
#define LW_DIR_ENUM(name, text) LW_DIR_##name,
    LW_DIR_LIST(LW_DIR_ENUM)
#undef LW_DIR_ENUM
        LW_N_DIRS
};

/** TCP connection state in Zeek's conn_state vocabulary. */
#define LW_CONN_LIST(X)                                                                \
    X(NONE, "-")        /* not a TCP flow */                                           \
    X(S0, "S0")         /* attempt seen, no reply */                                   \
    X(S1, "S1")         /* established, not terminated */                              \
    X(SF, "SF")         /* normal establishment and termination */                     \
    X(REJ, "REJ")       /* attempt rejected */                                         \
    X(S2, "S2")         /* established, close attempt by originator only */            \
    X(S3, "S3")         /* established, close attempt by responder only */             \
    X(RSTO, "RSTO")     /* established, originator aborted */                          \
    X(RSTR, "RSTR")     /* responder aborted */                                        \
    X(RSTOS0, "RSTOS0") /* SYN then RST by originator, no SYN-ACK */                   \
    X(RSTRH, "RSTRH")   /* SYN-ACK then RST by responder, no SYN */                    \
    X(SH, "SH")         /* SYN then FIN by originator, no SYN-ACK */                   \
    X(SHR, "SHR")       /* SYN-ACK then FIN by responder, no SYN */                    \
    X(OTH, "OTH")       /* no SYN seen, midstream */

enum lw_conn {
#define LW_CONN_ENUM(name, text) LW_CONN_##name,
    LW_CONN_LIST(LW_CONN_ENUM)
#undef LW_CONN_ENUM
        LW_N_CONNS
};

/** What a flow was carried in.  In brackets what `tunnel_id` is. */
#define LW_TUNNEL_LIST(X)                                                              \
    X(NONE, "-")          /* nothing: the flow of the outermost IP header */           \
    X(4IN4, "4in4")       /* IPv4 in IPv4 */                                           \
    X(6IN4, "6in4")       /* IPv6 in IPv4 */                                           \
    X(4IN6, "4in6")       /* IPv4 in IPv6 */                                           \
    X(6IN6, "6in6")       /* IPv6 in IPv6 */                                           \
    X(GRE, "gre")         /* [key] */                                                  \
    X(PPTP, "pptp")       /* GRE version 1 [call] */                                   \
    X(NVGRE, "nvgre")     /* GRE with a key and an Ethernet frame [subnet] */          \
    X(ERSPAN1, "erspan1") /* mirrored traffic, types I */                              \
    X(ERSPAN2, "erspan2") /* to III [session] */                                       \
    X(ERSPAN3, "erspan3")                                                              \
    X(ETHERIP, "etherip")     /* an Ethernet frame in IP */                            \
    X(MPLS, "mpls")           /* a pseudowire, or MPLS in IP */                        \
    X(VXLAN, "vxlan")         /* [VNI] */                                              \
    X(VXLAN_GPE, "vxlan-gpe") /* [VNI] */                                              \
    X(GENEVE, "geneve")       /* [VNI] */                                              \
    X(TEREDO, "teredo")                                                                \
    X(AYIYA, "ayiya")                                                                  \
    X(GTP_U, "gtp-u") /* [TEID] */                                                     \
    X(L2TP, "l2tp")   /* [tunnel << 16 | session] */

enum lw_tunnel_kind {
#define LW_TUNNEL_ENUM(name, text) LW_TUNNEL_##name,
    LW_TUNNEL_LIST(LW_TUNNEL_ENUM)
#undef LW_TUNNEL_ENUM
        LW_N_TUNNELS
};

/** Why a record was reported. */
#define LW_END_LIST(X)                                                                 \
    X(IDLE, "idle")       /* no packet for the protocol's idle timeout */              \
    X(STATUS, "status")   /* long flow: interim record, the flow goes on */            \
    X(CLOSED, "closed")   /* TCP connection over */                                    \
    X(EVICTED, "evicted") /* the table was full */                                     \
    X(FLUSH, "flush")     /* the capture ended */

enum lw_end_reason {
#define LW_END_ENUM(name, text) LW_END_##name,
    LW_END_LIST(LW_END_ENUM)
#undef LW_END_ENUM
        LW_N_END_REASONS
};

/** TCP flag bits as on the wire. */
enum {
    LW_TCP_FIN = 0x01,
    LW_TCP_SYN = 0x02,
    LW_TCP_RST = 0x04,
    LW_TCP_PSH = 0x08,
    LW_TCP_ACK = 0x10,
    LW_TCP_URG = 0x20,
    LW_TCP_ECE = 0x40,
    LW_TCP_CWR = 0x80
};

/** 16 bytes; IPv4 and ARP in the first 4, MAC in the first 6, the rest zero. */
struct lw_addr {
    uint8_t bytes[16];
};

/** What one side sent. */
struct lw_side {
    uint64_t packets;
    uint64_t frame_bytes;   /* whole frames, link header included */
    uint64_t ip_bytes;      /* IP header and payload */
    uint64_t payload_bytes; /* above the transport header */
    int64_t first_ns;       /* time of its first and last packet in this record; */
    int64_t last_ns;        /* meaningless when packets is 0 */
    uint32_t urgent;        /* TCP packets with URG set */
    uint32_t bad_fragments; /* fragments that cannot be part of a datagram */
    uint32_t overlapping_fragments; /* that say anew what an earlier one said, at most
                                       65,535 */
    uint32_t retransmitted; /* TCP segments with no new sequence number and data */
    uint8_t tcp_flags;      /* all flags seen, ORed */
    uint8_t tos;            /* of its last packet, as Argus has it */
    uint8_t ttl;            /* of its first packet (hop limit) */
    bool has_ip;            /* tos and ttl are known, maybe from an earlier record */
};

enum { LW_HISTORY_MAX = 40 };

/** What Zeek's conn.log says of a connection; kept when lw_meter_config.conn_log asks
 *  for it.  Of the whole connection so far, also in the records of a long flow.
 *  Indices are those of the record. */
struct lw_conn_log {
    bool known;          /* anything below is: the flow has IP and was watched */
    uint8_t orig;        /* index of the side that Zeek takes for the originator */
    enum lw_conn state;  /* conn_state, also of what is not TCP */
    int64_t start_ns;    /* ts */
    int64_t duration_ns; /* 0: Zeek leaves duration and bytes unset */
    uint64_t bytes[2];   /* orig_bytes, resp_bytes: TCP's by sequence numbers */
    uint64_t packets[2]; /* with a right checksum */
    uint64_t ip_bytes[2];
    uint64_t missed_bytes; /* acknowledged, but never captured */
    /* Letters in the order of events, upper case for the originator; "" where Zeek has
     * none.  What does not fit is left out. */
    char history[LW_HISTORY_MAX];
};

struct lw_flow_stats; /* lapwing/flow_stats.h */
struct lw_handshake;  /* lapwing/handshake.h */

/** What Argus 3.0.8.2 prints of a flow, also where that is not what happened
 *  (docs/argus-parity.md); known with LW_CUTS_ARGUS.  The binetflow form shows this,
 *  nothing else does. */
struct lw_argus {
    bool is_set;     /* otherwise Argus says nothing else than the record */
    bool swapped;    /* it has the endpoints' addresses and ports the wrong way round */
    uint8_t source;  /* index of the side on the left */
    uint8_t dir;     /* enum lw_dir */
    bool has_tos[2]; /* by index, as what follows */
    uint8_t tos[2];  /* of IPv6: bits 4 to 11 of the flow label */
    uint8_t link_bytes; /* of each frame that it does not count */
    const char *proto;  /* another word for the protocol, static storage; or NULL */
    bool has_group;     /* IGMP: what the message names ... */
    uint8_t group[4];   /* ... stands for the destination's address */
    char state[24];
    int64_t start_ns;
    int64_t end_ns;
};

/** What a record does not know, because its source does not say: 0 for those of the
 *  meter.  What is lacking is zero in the record, and means nothing. */
enum {
    LW_LACKS_DURATION = 1 << 0,     /* end_ns is start_ns */
    LW_LACKS_PACKETS = 1 << 1,      /* in all */
    LW_LACKS_SIDE_PACKETS = 1 << 2, /* side[0] has those of both */
    LW_LACKS_FRAME_BYTES = 1 << 3,
    LW_LACKS_IP_BYTES = 1 << 4,
    LW_LACKS_PAYLOAD = 1 << 5,
    LW_LACKS_TOS = 1 << 6,
    LW_LACKS_FLAGS = 1 << 7,         /* tcp_flags, and with them `conn` */
    LW_LACKS_MINOR_FLAGS = 1 << 8,   /* PSH, URG, ECE and CWR among them */
    LW_LACKS_RETRANSMITTED = 1 << 9, /* otherwise it may be 1 for "some" */
    LW_LACKS_DETAIL = 1 << 10        /* urgent, fragments, ttl */
};

struct lw_record {
    uint64_t
        flow_id; /* 1, 2, ... in order of first packets; status records repeat it */
    int64_t start_ns; /* first and last packet of this record */
    int64_t end_ns;
    enum lw_flow_kind kind;
    enum lw_dir dir;
    enum lw_conn conn;
    enum lw_end_reason end_reason;
    uint16_t ether_type; /* 0x0800, 0x86dd, 0x0806, ...; below 1536: LLC */
    uint8_t initiator;   /* index of the side that began, or is taken to have */
    uint8_t ip_version;  /* 4, 6, or 0 for ARP (addresses are IPv4) and non-IP (MACs) */
    uint8_t protocol;    /* IP protocol number; 0 when not IP */
    uint8_t icmp_type;   /* of the first packet */
    uint8_t icmp_code;
    uint16_t icmp_id; /* or the port that "port unreachable" complains about */
    uint16_t port[2]; /* TCP, UDP, SCTP; 0 otherwise */
    bool has_ports;
    uint16_t vlan_id;     /* outermost, 0 when untagged */
    uint32_t spi;         /* ESP */
    uint32_t arp_mac[2];  /* ARP: the last four bytes of the MAC address that each side
                             gave last as its own; 0: none */
    bool arp_two_macs;    /* a side gave different ones */
    uint8_t llc[2];       /* DSAP and SSAP of an LLC frame (ether_type below 1536) */
    uint8_t tunnel_depth; /* tunnels around the flow; 0 for the outermost IP header */
    enum lw_tunnel_kind tunnel_kind; /* of the innermost of them */
    uint32_t tunnel_id; /* of the first packet; 0 when the kind has none.  Both sides
                           have the same only where it names a network (VNI, subnet) */
    struct lw_addr addr[2];
    struct lw_side side[2];
    char state[24]; /* Argus' State column: "FSPA_FSPA", "CON", "ECO", ... */
    uint32_t lacks; /* LW_LACKS_... */
    uint32_t tag;   /* whoever hands a record on may note something here */
    const struct lw_flow_stats *stats; /* borrowed for the call of an lw_record_fn;
                                          NULL when the meter collects none */
    enum lw_app app;    /* by the first bytes of both sides, when the meter looks */
    const void *tapped; /* what the meter's tap made of the connection so far, its
                           state; borrowed for the call.  NULL: not listened to */
    const struct lw_handshake *handshake; /* likewise; NULL: the meter does not look, or
                                             there was none that it reads */
    /* Last: most records do not have them, and need not carry them along. */
    struct lw_argus argus;
    struct lw_conn_log conn_log;
};

/** Printed names, static storage. */
LW_API const char *lw_flow_kind_name(enum lw_flow_kind kind);
LW_API const char *lw_dir_name(enum lw_dir dir);
LW_API const char *lw_conn_name(enum lw_conn conn);
LW_API const char *lw_end_reason_name(enum lw_end_reason reason);
LW_API const char *lw_tunnel_name(enum lw_tunnel_kind kind);

/** rec->initiator: which index initiated, as Argus and Zeek print it. */
LW_API unsigned lw_record_initiator(const struct lw_record *rec);

/** Whether a side sent anything, as far as the record tells. */
LW_API bool lw_record_heard(const struct lw_record *rec, unsigned side);

enum { LW_ADDR_TEXT_MAX = 48 };

/** Write an endpoint's address as text ("10.0.0.1", "fe80::1", "aa:bb:cc:dd:ee:ff").
 *  Returns its length. */
LW_API size_t lw_record_addr_text(const struct lw_record *rec, unsigned side,
                                  char out[LW_ADDR_TEXT_MAX]);

/** Argus' Proto column: "tcp", "ipv6-icmp", "llc", ...  Static storage or `out`. */
LW_API const char *lw_record_proto_text(const struct lw_record *rec, char out[16]);

enum { LW_COMMUNITY_ID_MAX = 40 };

/** Community ID v1 of a TCP, UDP, SCTP, ICMP or other IP flow, e.g.
 *  "1:LQU9qZlK+B5F3KDmev6m5PMibrg="; "" for a flow without IP.  `seed` is 0 by
 *  default in every tool.  Source: corelight/community-id-spec, version 1. */
LW_API void lw_record_community_id(const struct lw_record *rec, uint16_t seed,
                                   char out[LW_COMMUNITY_ID_MAX]);

#ifdef __cplusplus
}
#endif

#endif /* LW_RECORD_H */
