/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/tap.h - who wants to read what two endpoints say to each other.
 *
 * The meter puts the segments of a TCP connection in order, recognises the application
 * protocol by the first bytes of both sides, and hands the bytes to a tap that wants
 * that protocol.  It knows nothing of what they mean.  docs/streams.md says how it
 * treats what is missing, repeated or contradictory.
 *
 * Of each side, the bytes handed over and the gaps together are the stream without a
 * hole: from the first byte after the SYN (or the first one captured) to the last.
 */
#ifndef LW_TAP_H
#define LW_TAP_H

#include <lapwing/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Application protocols, with printed names. */
#define LW_APP_LIST(X)                                                                 \
    X(UNKNOWN, "-") /* not recognised, not yet, or nobody asked */                     \
    X(HTTP, "http")                                                                    \
    X(FTP, "ftp") /* control connection */                                             \
    X(SMTP, "smtp")                                                                    \
    X(POP3, "pop3")                                                                    \
    X(IMAP, "imap")                                                                    \
    X(TELNET, "telnet")                                                                \
    X(RLOGIN, "rlogin")                                                                \
    X(RSH, "rsh")                                                                      \
    X(REXEC, "rexec")                                                                  \
    X(IRC, "irc")                                                                      \
    X(SSH, "ssh")                                                                      \
    X(TLS, "tls") /* whatever is within */                                             \
    X(DTLS, "dtls")                                                                    \
    X(QUIC, "quic")                                                                    \
    X(DNS, "dns")                                                                      \
    X(MDNS, "mdns")                                                                    \
    X(LLMNR, "llmnr")                                                                  \
    X(NBNS, "netbios-ns")                                                              \
    X(DHCP, "dhcp")                                                                    \
    X(NTP, "ntp")                                                                      \
    X(SNMP, "snmp")                                                                    \
    X(SYSLOG, "syslog")                                                                \
    X(TFTP, "tftp")                                                                    \
    X(SSDP, "ssdp")                                                                    \
    X(STUN, "stun")                                                                    \
    X(RTP, "rtp")                                                                      \
    X(SIP, "sip")                                                                      \
    X(RTSP, "rtsp")                                                                    \
    X(SMB, "smb") /* also in a NetBIOS session */                                      \
    X(DCERPC, "dcerpc")                                                                \
    X(RDP, "rdp")                                                                      \
    X(VNC, "vnc")                                                                      \
    X(X11, "x11")                                                                      \
    X(FINGER, "finger")                                                                \
    X(LDAP, "ldap")                                                                    \
    X(KERBEROS, "kerberos")                                                            \
    X(MYSQL, "mysql")                                                                  \
    X(POSTGRES, "postgresql")                                                          \
    X(REDIS, "redis")                                                                  \
    X(MONGODB, "mongodb")                                                              \
    X(MQTT, "mqtt")                                                                    \
    X(AMQP, "amqp")                                                                    \
    X(XMPP, "xmpp")                                                                    \
    X(NNTP, "nntp")                                                                    \
    X(BITTORRENT, "bittorrent")                                                        \
    X(SOCKS, "socks")                                                                  \
    X(OPENVPN, "openvpn")                                                              \
    X(WIREGUARD, "wireguard")                                                          \
    X(MODBUS, "modbus")                                                                \
    X(S7COMM, "s7comm")                                                                \
    X(DNP3, "dnp3")                                                                    \
    X(ENIP, "enip") /* EtherNet/IP */                                                  \
    X(BACNET, "bacnet")                                                                \
    X(COAP, "coap")                                                                    \
    X(RADIUS, "radius")                                                                \
    X(IKE, "ike") /* also IPsec in UDP that begins with it */                          \
    X(NBDGM, "netbios-dgm")                                                            \
    X(SLP, "slp")                                                                      \
    X(WSD, "ws-discovery")                                                             \
    X(NATPMP, "nat-pmp")                                                               \
    X(RPC, "rpc") /* ONC: portmapper, NFS, ... */                                      \
    X(TDS, "tds") /* Microsoft SQL Server */                                           \
    X(BGP, "bgp")                                                                      \
    X(GNUTELLA, "gnutella")                                                            \
    X(AJP, "ajp")                                                                      \
    X(IEC104, "iec104")                                                                \
    X(WHOIS, "whois")

enum lw_app {
#define LW_APP_ENUM(name, text) LW_APP_##name,
    LW_APP_LIST(LW_APP_ENUM)
#undef LW_APP_ENUM
        LW_N_APPS
};

/** Printed name, static storage. */
LW_API const char *lw_app_name(enum lw_app app);

/** What is known of a connection when its stream begins.  Index 0 is the originator:
 *  who sent the SYN; where that was not seen, who the protocol or else the ports say is
 *  the client. */
struct lw_stream_start {
    uint16_t port[2];
    bool whole[2]; /* its SYN was seen: nothing was said before */
    uint8_t orig;  /* index of the originator in the records of the flow */
};

/**
 * A listener, in static storage.  The meter calls it from one thread at a time, in the
 * order of the packets.
 *
 * A flow's state is `state_bytes` from a pool.  It is zero before begin(), and copied
 * as bytes when a record must wait: it holds no pointers and owns nothing.  A flow for
 * which the pool has no room is not listened to, and is counted.
 */
struct lw_stream_tap {
    const char *name;
    size_t state_bytes; /* 1 to 4,096; aligned to 8 */
    /* Asked once a flow, as soon as the protocol has been recognised, or cannot be
     * (LW_APP_UNKNOWN). */
    bool (*wants)(enum lw_app app);
    void (*begin)(void *state, enum lw_app app, const struct lw_stream_start *start);
    /* The next `n` (1 or more) bytes of a side; 0: the originator.  Borrowed. */
    void (*data)(void *state, unsigned from, const uint8_t *bytes, size_t n);
    /* The next `n_bytes` (1 or more) of a side were lost, or are beyond the limits. */
    void (*gap)(void *state, unsigned from, uint64_t n_bytes);
    /* No more will come.  The flow's last record follows. */
    void (*end)(void *state);
};

#ifdef __cplusplus
}
#endif

#endif /* LW_TAP_H */
