/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/netflow_names.h - the netflow view's columns and categories by name, in
 * the order of their codes.
 */
#ifndef FEATURE_NETFLOW_NAMES_H
#define FEATURE_NETFLOW_NAMES_H

/** Columns of the netflow view. */
enum netflow_column {
#define NETFLOW(name, ...) NETFLOW_##name,
#include "feature/netflow.def"
#undef NETFLOW
    N_NETFLOW
};

/* Argus' words, after folding. */
#define NETFLOW_PROTOCOL_LIST(X)                                                       \
    X(TCP, "tcp")                                                                      \
    X(UDP, "udp")                                                                      \
    X(ICMP, "icmp")                                                                    \
    X(ICMP6, "ipv6-icmp")                                                              \
    X(ARP, "arp")                                                                      \
    X(IGMP, "igmp")                                                                    \
    X(ESP, "esp")                                                                      \
    X(GRE, "gre")                                                                      \
    X(SCTP, "sctp")                                                                    \
    X(OTHER, "other")

/* States that Argus gives to flows without TCP flags: how many sides spoke, and the
 * ICMP and ICMPv6 messages (ra(1)). */
#define NETFLOW_STATE_LIST(X)                                                          \
    X(TCP, "tcp")                                                                      \
    X(CON, "CON")                                                                      \
    X(INT, "INT")                                                                      \
    X(REQ, "REQ")                                                                      \
    X(RSP, "RSP")                                                                      \
    X(ACC, "ACC")                                                                      \
    X(ECO, "ECO")                                                                      \
    X(ECR, "ECR")                                                                      \
    X(URN, "URN")                                                                      \
    X(URH, "URH")                                                                      \
    X(URP, "URP")                                                                      \
    X(URF, "URF")                                                                      \
    X(URO, "URO")                                                                      \
    X(URFIL, "URFIL")                                                                  \
    X(URHPRO, "URHPRO")                                                                \
    X(UNR, "UNR")                                                                      \
    X(SRC, "SRC")                                                                      \
    X(RED, "RED")                                                                      \
    X(RTA, "RTA")                                                                      \
    X(RTS, "RTS")                                                                      \
    X(TXD, "TXD")                                                                      \
    X(PAR, "PAR")                                                                      \
    X(TST, "TST")                                                                      \
    X(TSR, "TSR")                                                                      \
    X(IRQ, "IRQ")                                                                      \
    X(IRR, "IRR")                                                                      \
    X(MAS, "MAS")                                                                      \
    X(MSR, "MSR")                                                                      \
    X(PTB, "PTB")                                                                      \
    X(MHQ, "MHQ")                                                                      \
    X(MHR, "MHR")                                                                      \
    X(MHD, "MHD")                                                                      \
    X(NRS, "NRS")                                                                      \
    X(NRA, "NRA")                                                                      \
    X(NNS, "NNS")                                                                      \
    X(UNK, "UNK")                                                                      \
    X(OTHER, "other")

/* Zeek's words; ORDER of enum lw_conn, but for what it says where there is none. */
#define NETFLOW_CONN_LIST(X)                                                           \
    X(NONE, "none")                                                                    \
    X(S0, "S0")                                                                        \
    X(S1, "S1")                                                                        \
    X(SF, "SF")                                                                        \
    X(REJ, "REJ")                                                                      \
    X(S2, "S2")                                                                        \
    X(S3, "S3")                                                                        \
    X(RSTO, "RSTO")                                                                    \
    X(RSTR, "RSTR")                                                                    \
    X(RSTOS0, "RSTOS0")                                                                \
    X(RSTRH, "RSTRH")                                                                  \
    X(SH, "SH")                                                                        \
    X(SHR, "SHR")                                                                      \
    X(OTH, "OTH")

/* Groups of well-known ports; which ports, is in netflow_port.def. */
#define NETFLOW_SERVICE_LIST(X)                                                        \
    X(WEB, "web")                                                                      \
    X(DNS, "dns")                                                                      \
    X(MAIL, "mail")                                                                    \
    X(SHELL, "shell")                                                                  \
    X(FILES, "files")                                                                  \
    X(DIRECTORY, "directory")                                                          \
    X(TIME, "time")                                                                    \
    X(DHCP, "dhcp")                                                                    \
    X(MANAGEMENT, "management")                                                        \
    X(CHAT, "chat")                                                                    \
    X(PROXY, "proxy")                                                                  \
    X(DATABASE, "database")                                                            \
    X(VOICE, "voice")                                                                  \
    X(DISCOVERY, "discovery")                                                          \
    X(LOW, "low")                                                                      \
    X(HIGH, "high")                                                                    \
    X(NONE, "none")

enum netflow_protocol {
#define NETFLOW_ENUM(name, text) NETFLOW_PROTOCOL_##name,
    NETFLOW_PROTOCOL_LIST(NETFLOW_ENUM)
#undef NETFLOW_ENUM
        N_NETFLOW_PROTOCOLS
};

enum netflow_state {
#define NETFLOW_ENUM(name, text) NETFLOW_STATE_##name,
    NETFLOW_STATE_LIST(NETFLOW_ENUM)
#undef NETFLOW_ENUM
        N_NETFLOW_STATES
};

enum netflow_conn {
#define NETFLOW_ENUM(name, text) NETFLOW_CONN_##name,
    NETFLOW_CONN_LIST(NETFLOW_ENUM)
#undef NETFLOW_ENUM
        N_NETFLOW_CONNS
};

enum netflow_service {
#define NETFLOW_ENUM(name, text) NETFLOW_SERVICE_##name,
    NETFLOW_SERVICE_LIST(NETFLOW_ENUM)
#undef NETFLOW_ENUM
        N_NETFLOW_SERVICES
};

struct lw_record; /* lapwing/record.h */

/** The same of a flow, whatever the view. */
enum netflow_protocol netflow_protocol_of(const struct lw_record *rec);
enum netflow_service netflow_service_of(const struct lw_record *rec);

#endif /* FEATURE_NETFLOW_NAMES_H */
