/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sign_table.h"

#include "detect/sign_said.h"

#include <stddef.h>
#include <string.h>

enum { REAL = LW_TCP_SYN | LW_TCP_RST | LW_TCP_ACK };

/* ---- what no honest program sends ------------------------------------------------ */

static bool is_loopback(const struct lw_record *rec)
{
    static const uint8_t loop6[16] = {[15] = 1};

    return rec->ip_version == 4 ? rec->addr[0].bytes[0] == 127
                                : memcmp(rec->addr[0].bytes, loop6, 16) == 0;
}

static double land(const struct sign_row *r)
{
    return r->rec->ip_version != 0 && r->rec->has_ports && r->sport == r->dport &&
           memcmp(&r->rec->addr[0], &r->rec->addr[1], sizeof r->rec->addr[0]) == 0 &&
           !is_loopback(r->rec);
}

/* RFC 9293, 3.4: all segments but the first and a reset acknowledge something. */
static double odd_flags(const struct sign_row *r)
{
    bool odd = r->rec->kind == LW_FLOW_TCP && r->s->packets > 0 &&
               r->s->payload_bytes == 0 && (r->s->tcp_flags & REAL) == 0 &&
               (r->d->packets == 0 || (r->d->tcp_flags & LW_TCP_RST) != 0);

    /* A probe is repeated once or twice. */
    return odd ? (r->s->packets > 3 ? (double)r->s->packets : !r->again) : 0;
}

static double overlaps(const struct sign_row *r)
{
    return r->s->overlapping_fragments + r->d->overlapping_fragments;
}

/* Past the 65,535 bytes that a datagram can have, or of a length that is none. */
static double bad_fragments(const struct sign_row *r)
{
    return r->s->bad_fragments + r->d->bad_fragments;
}

static bool is_service(uint16_t port)
{
    static const uint16_t high[] = {
        1434,  1604,  1900,  3283,  3389,  3478,  3702,  5060,  5093,  5351,
        5353,  5683,  6881,  10001, 10074, 11211, 17185, 20800, 26000, 27015,
        27960, 30120, 30718, 32414, 33848, 34567, 37810, 41794, 47808, 64738};

    if (port < 1024)
        return port > 0;
    for (size_t i = 0; i < sizeof high / sizeof high[0]; i++)
        if (high[i] == port)
            return true;
    return false;
}

/* ---- looking around -------------------------------------------------------------- */

/* RFC 792 and 950: an echo, the time, information, a mask; RFC 4443: an echo. */
static double echo_request(const struct sign_row *r)
{
    const uint8_t type = r->rec->icmp_type;

    if (r->again || r->to_group)
        return 0;
    return r->rec->kind == LW_FLOW_ICMP
               ? type == 8 || type == 13 || type == 15 || type == 17
               : r->rec->kind == LW_FLOW_ICMP6 && type == 128;
}

static double unanswered_arp(const struct sign_row *r)
{
    return r->rec->kind == LW_FLOW_ARP && r->d->packets == 0 && !r->again;
}

static bool began_tcp(const struct sign_row *r)
{
    return r->rec->kind == LW_FLOW_TCP && !r->again && !r->goes_on &&
           (r->s->tcp_flags & LW_TCP_SYN) != 0;
}

/* A connection in which nothing was said: refused, not answered, or let go at once.  Of
 * SCTP, a first chunk and at most one answer. */
static double empty_tcp(const struct sign_row *r)
{
    if (r->rec->kind == LW_FLOW_SCTP)
        return !r->again && r->s->packets <= 3 && r->d->packets <= 1;
    return began_tcp(r) && r->s->payload_bytes == 0 && r->d->payload_bytes == 0;
}

/* Where the question was not captured or is long past: a refusal tells of it. */
static double refusal_alone(const struct sign_row *r)
{
    return r->rec->kind == LW_FLOW_TCP && r->s->packets == 0 &&
           r->d->payload_bytes == 0 &&
           (r->d->tcp_flags & (LW_TCP_RST | LW_TCP_ACK | LW_TCP_SYN | LW_TCP_FIN)) ==
               (LW_TCP_RST | LW_TCP_ACK);
}

static double failed_tcp(const struct sign_row *r)
{
    return began_tcp(r) && r->failed;
}

static double lonely_udp(const struct sign_row *r)
{
    return r->rec->kind == LW_FLOW_UDP && !r->again && r->d->packets == 0 &&
           !r->to_group && r->s->packets <= 3;
}

/* The ports that traceroute sends to (RFC 1393 has none; its manual page has). */
static double lonely_udp_port(const struct sign_row *r)
{
    return r->dport >= 33434 && r->dport <= 33534 ? 0 : lonely_udp(r);
}

/* What one looks for; peers of file sharing are asked at ports of their own. */
static double lonely_udp_service(const struct sign_row *r)
{
    return is_service(r->dport) ? lonely_udp(r) : 0;
}

/* A segment of no connection, answered by a reset or by nothing. */
static bool is_stray(const struct sign_row *r)
{
    return r->rec->kind == LW_FLOW_TCP &&
           ((r->s->tcp_flags | r->d->tcp_flags) & LW_TCP_SYN) == 0 &&
           (r->d->tcp_flags & ~(LW_TCP_RST | LW_TCP_ACK)) == 0 &&
           (r->d->packets == 0 || (r->d->tcp_flags & LW_TCP_RST) != 0);
}

static double stray_probe(const struct sign_row *r)
{
    return is_stray(r) && !r->again && r->s->packets > 0 && r->s->packets <= 3 &&
           r->s->payload_bytes + r->d->payload_bytes == 0;
}

/* Of which protocols does it know anything? */
static double other_protocol(const struct sign_row *r)
{
    switch ((int)r->rec->kind) {
    case LW_FLOW_TCP:
    case LW_FLOW_UDP:
    case LW_FLOW_ICMP:
    case LW_FLOW_ICMP6:
    case LW_FLOW_IGMP:
    case LW_FLOW_ARP:
    case LW_FLOW_OTHER:
        return 0;
    default:
        return r->rec->ip_version != 0 && !r->again && !r->to_group;
    }
}

/* RFC 4861, 4.3: who has this address?  One question for an address that does not
 * answer is repeated twice. */
static double neighbour_asked(const struct sign_row *r)
{
    return r->rec->kind == LW_FLOW_ICMP6 && r->rec->icmp_type == 135 &&
           r->d->packets == 0 && !r->again;
}

static double name_answered(const struct sign_row *r)
{
    return r->rec->app == LW_APP_LLMNR && r->rec->kind == LW_FLOW_UDP &&
           r->sport == 5355 && !r->to_group;
}

/* ---- floods ---------------------------------------------------------------------- */

static double half_open(const struct sign_row *r)
{
    bool half =
        r->rec->kind == LW_FLOW_TCP && r->d->payload_bytes == 0 &&
        (r->s->tcp_flags & (LW_TCP_SYN | LW_TCP_ACK | LW_TCP_FIN)) == LW_TCP_SYN;

    /* Nobody repeats a SYN so often within 10 s. */
    if (half && r->s->packets > 10)
        return (double)r->s->packets;
    return half && !r->again;
}

static double echo_packets(const struct sign_row *r)
{
    bool is_echo = (r->rec->kind == LW_FLOW_ICMP && r->rec->icmp_type == 8) ||
                   (r->rec->kind == LW_FLOW_ICMP6 && r->rec->icmp_type == 128);

    return is_echo && !r->to_group ? (double)r->s->packets : 0;
}

/* Other messages: who cannot be reached, who shall go another way. */
static double icmp_told(const struct sign_row *r)
{
    bool echo = r->rec->icmp_type == 0 || r->rec->icmp_type == 8;

    return r->rec->kind == LW_FLOW_ICMP && !echo && !r->to_group ? (double)r->s->packets
                                                                 : 0;
}

static bool to_all(const struct sign_row *r)
{
    return r->rec->ip_version == 4 && r->rec->addr[1 - r->from].bytes[3] == 255;
}

/* Pings to all, for their answers to go to whom they seem to come from. */
static double echo_to_all(const struct sign_row *r)
{
    bool echo = r->rec->kind == LW_FLOW_ICMP ? r->rec->icmp_type == 8 && to_all(r)
                : r->rec->kind == LW_FLOW_ICMP6
                    ? r->rec->icmp_type == 128 && r->to_group
                    : false;

    return echo ? (double)r->s->packets : 0;
}

/* The same with the services of RFC 862 and 864. */
static double small_service_to_all(const struct sign_row *r)
{
    return r->rec->kind == LW_FLOW_UDP && to_all(r) && (r->dport == 7 || r->dport == 19)
               ? (double)r->s->packets
               : 0;
}

static double neighbour_message(const struct sign_row *r)
{
    return r->rec->kind == LW_FLOW_ICMP6 && r->rec->icmp_type >= 133 &&
                   r->rec->icmp_type <= 136
               ? (double)r->s->packets
               : 0;
}

static double router_told(const struct sign_row *r)
{
    return r->rec->kind == LW_FLOW_ICMP6 && r->rec->icmp_type == 134;
}

static double stray_data(const struct sign_row *r)
{
    return is_stray(r) && !r->again && r->s->packets <= 2 && r->s->payload_bytes > 0
               ? (double)r->s->packets
               : 0;
}

/* Fragments of datagrams whose beginning did not come. */
static double headless(const struct sign_row *r)
{
    bool wanted = r->rec->kind == LW_FLOW_TCP || r->rec->kind == LW_FLOW_UDP;

    return wanted && r->sport == 0 && r->dport == 0 ? (double)r->s->packets : 0;
}

/* Hosts that ask for an address, whoever they are: they all are 0.0.0.0. */
static double dhcp_asked(const struct sign_row *r)
{
    return r->rec->kind == LW_FLOW_UDP && r->dport == 67 &&
                   r->rec->addr[r->from].bytes[0] == 0 && r->rec->ip_version == 4
               ? (double)r->s->packets
               : 0;
}

static double sip_said(const struct sign_row *r)
{
    return r->rec->app == LW_APP_SIP && r->rec->kind == LW_FLOW_UDP
               ? (double)r->s->packets
               : 0;
}

/* Opened, and nothing said. */
static double silent(const struct sign_row *r)
{
    return began_tcp(r) && r->s->payload_bytes == 0 && r->d->payload_bytes == 0 &&
           (r->s->tcp_flags & LW_TCP_ACK) != 0 && !r->failed &&
           (r->d->tcp_flags & LW_TCP_SYN) != 0;
}

static double tls_begun(const struct sign_row *r)
{
    return r->rec->app == LW_APP_TLS && !r->again;
}

static double http_requests(const struct sign_row *r)
{
    return r->rec->app == LW_APP_HTTP && !r->again ? sign_requests_of(r->rec->tag) : 0;
}

static double http_not_found(const struct sign_row *r)
{
    return r->rec->app == LW_APP_HTTP && !r->again ? sign_not_found_of(r->rec->tag) : 0;
}

static double http_no_room(const struct sign_row *r)
{
    return r->rec->app == LW_APP_HTTP && !r->again && r->seconds > 3 &&
           sign_no_room(r->rec->tag);
}

static double no_such_name(const struct sign_row *r)
{
    return r->rec->app == LW_APP_DNS &&
           (sign_dns_of(r->rec->tag) & SIGN_DNS_NO_NAME) != 0;
}

static double all_asked(const struct sign_row *r)
{
    return r->rec->app == LW_APP_DNS && (sign_dns_of(r->rec->tag) & SIGN_DNS_ANY) != 0
               ? (double)r->s->packets
               : 0;
}

/* RFC 792: "The data received in the echo message must be returned in the echo reply
 * message." */
static double echo_not_returned(const struct sign_row *r)
{
    bool echo = r->rec->kind == LW_FLOW_ICMP && r->rec->icmp_type == 8;

    if (!echo || r->d->packets == 0 || r->s->packets == 0)
        return 0;
    return r->d->payload_bytes * r->s->packets != r->s->payload_bytes * r->d->packets
               ? (double)r->s->packets
               : 0;
}

/* Answers to pings that this host did not send. */
static double echo_unasked(const struct sign_row *r)
{
    bool is_reply = r->rec->kind == LW_FLOW_ICMP && r->rec->icmp_type == 0;

    /* Who would have asked is the one who began. */
    return is_reply && r->s->packets == 0 ? (double)r->d->packets : 0;
}

/* Segments of connections that nobody opened and nobody answers but by a reset. */
static double stray_segments(const struct sign_row *r)
{
    bool stray = r->rec->kind == LW_FLOW_TCP &&
                 ((r->s->tcp_flags | r->d->tcp_flags) & LW_TCP_SYN) == 0 &&
                 r->s->payload_bytes + r->d->payload_bytes == 0 &&
                 (r->d->tcp_flags & ~(LW_TCP_RST | LW_TCP_ACK)) == 0 &&
                 (r->d->packets == 0 || (r->d->tcp_flags & LW_TCP_RST) != 0);

    /* Where the other half of a connection was not captured, its acknowledgements go
     * on from one to the next. */
    if (r->s->packets > 3)
        return stray && (double)r->duplicate_acks > 0.9 * (double)r->s->packets - 1
                   ? (double)r->duplicate_acks
                   : 0;
    return stray && !r->again ? (double)r->s->packets : 0;
}

static double udp_not_answered(const struct sign_row *r)
{
    return r->rec->kind == LW_FLOW_UDP && !r->to_group && r->d->packets == 0
               ? (double)r->s->packets
               : 0;
}

/* A community's name is a password; what is wrong gets no answer. */
static double snmp_not_answered(const struct sign_row *r)
{
    return r->dport == 161 ? udp_not_answered(r) : 0;
}

/* What is said to a service of names, time or management is not in its language. */
static double udp_babble(const struct sign_row *r)
{
    bool known = r->dport == 53 || r->dport == 123 || r->dport == 161;

    return known && r->rec->kind == LW_FLOW_UDP && !r->to_group &&
                   r->rec->app == LW_APP_UNKNOWN
               ? (double)r->s->packets
               : 0;
}

/* Answers to questions that were not put. */
static double udp_unasked_packets(const struct sign_row *r)
{
    return is_service(r->sport) && r->dport != r->sport ? udp_not_answered(r) : 0;
}

static double udp_unasked(const struct sign_row *r)
{
    return !r->again && udp_unasked_packets(r) > 0;
}

/* Who did not ask says nothing, or that there is no such connection. */
static bool is_unasked(const struct sign_row *r)
{
    return r->rec->kind == LW_FLOW_TCP &&
           (r->s->packets == 0 ||
            ((r->s->tcp_flags & LW_TCP_RST) != 0 &&
             (r->s->tcp_flags & LW_TCP_SYN) == 0 && r->s->payload_bytes == 0)) &&
           (r->d->tcp_flags & (LW_TCP_SYN | LW_TCP_ACK)) == (LW_TCP_SYN | LW_TCP_ACK);
}

static double synack_unasked(const struct sign_row *r)
{
    return is_unasked(r) && !r->again;
}

/* Who is sent answers to what he did not begin lets them come again and again. */
static double synacks_unasked(const struct sign_row *r)
{
    return is_unasked(r) && r->d->payload_bytes == 0 ? (double)r->d->packets : 0;
}

static double http_done(const struct sign_row *r)
{
    return r->rec->app == LW_APP_HTTP && !r->again;
}

/* A connection to a web server that stays open and gets nowhere. */
static double http_stuck(const struct sign_row *r)
{
    bool web = r->rec->app == LW_APP_HTTP || r->dport == 80 || r->dport == 8080;

    return web && r->rec->kind == LW_FLOW_TCP && !r->again && r->seconds > 3 &&
           r->s->payload_bytes < 1500 && r->d->payload_bytes == 0 && r->d->packets > 0;
}

/* ---- passwords ------------------------------------------------------------------- */

static double login(const struct sign_row *r)
{
    if (r->rec->kind != LW_FLOW_TCP || r->again || r->goes_on)
        return 0;
    switch ((int)r->rec->app) {
    case LW_APP_SSH:
        return r->s->payload_bytes < 4500 && r->d->payload_bytes < 5000;
    case LW_APP_FTP:
    case LW_APP_TELNET:
    case LW_APP_POP3:
    case LW_APP_IMAP:
    case LW_APP_VNC:
    case LW_APP_RDP:
    case LW_APP_MYSQL:
    case LW_APP_POSTGRES:
        return r->s->payload_bytes < 1500 && r->d->payload_bytes < 4000;
    default:
        return 0;
    }
}

/* A connection of SSH may take six guesses, and each some seconds: it counts with its
 * first row, over or not. */
static double ssh_login(const struct sign_row *r)
{
    return r->rec->kind == LW_FLOW_TCP && r->rec->app == LW_APP_SSH && !r->again &&
           r->s->payload_bytes < 4500 && r->d->payload_bytes < 5000;
}

static double refusals(const struct sign_row *r)
{
    return r->goes_on ? 0 : sign_refusals_of(r->rec->tag);
}

static double challenges(const struct sign_row *r)
{
    bool rpc = r->rec->app == LW_APP_DCERPC || r->rec->app == LW_APP_SMB;

    return rpc && !r->goes_on ? sign_challenges_of(r->rec->tag) : 0;
}

static double dns_weight(const struct sign_row *r)
{
    bool dns = r->rec->app == LW_APP_DNS && r->rec->kind == LW_FLOW_UDP;
    double mean = dns && r->s->packets > 0
                      ? (double)r->s->payload_bytes / (double)r->s->packets
                      : 0;

    return mean >= 70 || (dns && (sign_dns_of(r->rec->tag) & SIGN_DNS_TEXT) != 0)
               ? (double)r->s->packets
               : 0;
}

/* A short talk with a host outside, as a bot has with its master. */
static double short_talk(const struct sign_row *r)
{
    return r->rec->kind == LW_FLOW_TCP && r->leaves && !r->again && !r->goes_on &&
           (r->s->tcp_flags & LW_TCP_SYN) != 0 && !r->failed &&
           r->s->payload_bytes > 0 && r->seconds < 10;
}

/* ---- what is said ---------------------------------------------------------------- */

enum {
    CLASS_NOTHING = LW_VERDICT_NORMAL,
    CLASS_RPC_LOOK = LW_VERDICT_PROBE,
    CLASS_WEB_SCANNER = LW_VERDICT_PROBE,
    CLASS_AMPLIFIER = LW_VERDICT_DOS,
    CLASS_RPC_LOGS = LW_VERDICT_R2L,
    CLASS_RPC_SECRETS = LW_VERDICT_R2L,
    CLASS_RPC_FORCED_LOGIN = LW_VERDICT_R2L,
    CLASS_RPC_RUN = LW_VERDICT_R2L,
    CLASS_ZEROLOGON = LW_VERDICT_R2L,
    CLASS_SMB_EXPLOIT = LW_VERDICT_R2L,
    CLASS_DNS_EXPLOIT = LW_VERDICT_R2L,
    CLASS_WEB_EXPLOIT = LW_VERDICT_R2L,
    CLASS_SHELL = LW_VERDICT_BOTNET,
    CLASS_BOT_ORDER = LW_VERDICT_BOTNET,
    CLASS_DROPPER = LW_VERDICT_BOTNET
};

const struct lw_sign sign_said_table[N_SIGN_SAID] = {
#define SIGN_SAID_ROW(said, text, words)                                               \
    {text, (enum lw_verdict_class)CLASS_##said, "total_length_of_fwd_packets", words},
    SIGN_SAID_LIST(SIGN_SAID_ROW)
#undef SIGN_SAID_ROW
};

/* ---- the table ------------------------------------------------------------------- */

#define SIGN(name, verdict, feature, words)                                            \
    .sign = {name, LW_VERDICT_##verdict, feature, words}

const struct sign_rule sign_rules[] = {
    {SIGN("land", DOS, "dst_flows_10s", "sent from an address and port to itself"),
     land, .least = 0},
    {SIGN("odd-flags", PROBE, "src_failed_10s",
          "TCP segments without SYN, ACK and RST, as only scans send them"),
     odd_flags, SIGN_OF_PAIR, SIGN_AMOUNTS, SIGN_60_S, 1.5},
    {SIGN("overlapping-fragments", DOS, "overlapping_fragments",
          "fragments that say anew what earlier ones said"),
     overlaps, .least = 0},
    {SIGN("bad-fragments", DOS, "wrong_fragments",
          "fragments that cannot be part of a datagram, lately"),
     bad_fragments, SIGN_OF_TARGET, SIGN_AMOUNTS, SIGN_60_S, 3},
    {SIGN("ack-scan", PROBE, "src_ports_60s",
          "ports to which the other sent segments of no connection"),
     stray_probe, SIGN_OF_PAIR, SIGN_PORTS, SIGN_60_S, 8},
    {SIGN("protocol-scan", PROBE, "src_ports_60s",
          "IP protocols that the other tried with this host"),
     other_protocol, SIGN_OF_PAIR, SIGN_PROTOCOLS, SIGN_60_S, 5},
    {SIGN("neighbour-sweep", PROBE, "src_peers_60s",
          "neighbours asked for by this host that do not answer"),
     neighbour_asked, SIGN_OF_SOURCE, SIGN_TARGETS, SIGN_60_S, 15},
    {SIGN("ping-sweep", PROBE, "src_peers_60s", "hosts pinged by this one lately"),
     echo_request, SIGN_OF_SOURCE, SIGN_TARGETS, SIGN_60_S, 7},
    {SIGN("arp-sweep", PROBE, "src_peers_60s",
          "addresses that nobody has asked for by this host lately"),
     unanswered_arp, SIGN_OF_SOURCE, SIGN_TARGETS, SIGN_60_S, 15},
    {SIGN("port-scan", PROBE, "src_ports_60s",
          "ports of this host tried by the other without a word said"),
     empty_tcp, SIGN_OF_PAIR, SIGN_PORTS, SIGN_60_S, 8},
    {SIGN("port-scan", PROBE, "src_ports_60s",
          "ports of this host that refused the other, which was not heard"),
     refusal_alone, SIGN_OF_PAIR, SIGN_PORTS, SIGN_60_S, 8},
    {SIGN("slow-scan", PROBE, "src_ports_600s",
          "closed ports of this host tried by the other"),
     failed_tcp, SIGN_OF_PAIR, SIGN_PORTS, SIGN_600_S, 8},
    {SIGN("udp-scan", PROBE, "src_ports_60s",
          "UDP ports of this host tried by the other without an answer"),
     lonely_udp_port, SIGN_OF_PAIR, SIGN_PORTS, SIGN_60_S, 12},
    {SIGN("service-sweep", PROBE, "src_peers_60s",
          "hosts at which this one tried the port in vain"),
     failed_tcp, SIGN_OF_SOURCE_PORT, SIGN_TARGETS, SIGN_60_S, 10},
    {SIGN("udp-sweep", PROBE, "src_peers_60s",
          "hosts at which this one tried the port without an answer"),
     lonely_udp_service, SIGN_OF_SOURCE_PORT, SIGN_TARGETS, SIGN_60_S, 15},
    {SIGN("open-sweep", PROBE, "src_peers_60s",
          "hosts whose port this one tried without a word said"),
     empty_tcp, SIGN_OF_SOURCE_PORT, SIGN_TARGETS, SIGN_60_S, 10},
    {SIGN("syn-flood", DOS, "srv_flows_10s",
          "connections to this service begun and not opened"),
     half_open, SIGN_OF_SERVICE, SIGN_AMOUNTS, SIGN_10_S, 25},
    {SIGN("syn-storm", DOS, "dst_flows_10s",
          "connections to this host begun and not opened"),
     half_open, SIGN_OF_TARGET, SIGN_AMOUNTS, SIGN_10_S, 40},
    {SIGN("connection-flood", DOS, "srv_flows_10s",
          "connections to this service by one host in which nothing was said"),
     silent, SIGN_OF_TIE, SIGN_AMOUNTS, SIGN_10_S, 20},
    {SIGN("ping-flood", DOS, "dst_flows_10s", "echo requests to this host lately"),
     echo_packets, SIGN_OF_TARGET, SIGN_AMOUNTS, SIGN_10_S, 100},
    {SIGN("stray-flood", DOS, "dst_flows_10s",
          "segments to this host that belong to no connection"),
     stray_segments, SIGN_OF_TARGET, SIGN_AMOUNTS, SIGN_10_S, 60},
    {SIGN("data-flood", DOS, "dst_flows_10s",
          "segments with data to this host that belong to no connection"),
     stray_data, SIGN_OF_TARGET, SIGN_AMOUNTS, SIGN_10_S, 60},
    {SIGN("fragment-flood", DOS, "dst_flows_10s",
          "fragments to this host of datagrams whose beginning did not come"),
     headless, SIGN_OF_TARGET, SIGN_AMOUNTS, SIGN_10_S, 2500},
    {SIGN("protocol-flood", DOS, "dst_peers_10s",
          "hosts that sent this one datagrams of a rare protocol"),
     other_protocol, SIGN_OF_TARGET, SIGN_SOURCES, SIGN_10_S, 30},
    {SIGN("udp-flood", DOS, "srv_flows_10s",
          "datagrams to this service without an answer"),
     udp_not_answered, SIGN_OF_SERVICE, SIGN_AMOUNTS, SIGN_10_S, 5000},
    {SIGN("udp-storm", DOS, "dst_flows_10s",
          "short flows of UDP to this host without an answer"),
     lonely_udp, SIGN_OF_TARGET, SIGN_AMOUNTS, SIGN_10_S, 150},
    {SIGN("udp-barrage", DOS, "dst_flows_10s",
          "datagrams to this host without an answer"),
     udp_not_answered, SIGN_OF_TARGET, SIGN_AMOUNTS, SIGN_10_S, 5000},
    {SIGN("icmp-flood", DOS, "dst_flows_10s",
          "messages of ICMP to this host that are no pings"),
     icmp_told, SIGN_OF_TARGET, SIGN_AMOUNTS, SIGN_10_S, 200},
    {SIGN("broadcast-ping", DOS, "src_flows_10s",
          "pings to everybody that seem to come from this host"),
     echo_to_all, SIGN_OF_SOURCE, SIGN_AMOUNTS, SIGN_10_S, 30},
    {SIGN("broadcast-echo", DOS, "src_flows_10s",
          "datagrams to everybody that seem to come from this host"),
     small_service_to_all, SIGN_OF_SOURCE, SIGN_AMOUNTS, SIGN_10_S, 5},
    {SIGN("router-flood", DOS, "dst_peers_10s",
          "hosts that said lately that they were routers"),
     router_told, SIGN_OF_TARGET, SIGN_SOURCES, SIGN_60_S, 5},
    {SIGN("neighbour-flood", DOS, "dst_flows_10s",
          "messages of neighbour discovery to this address"),
     neighbour_message, SIGN_OF_TARGET, SIGN_AMOUNTS, SIGN_10_S, 150},
    {SIGN("dhcp-starvation", DOS, "dst_flows_10s",
          "requests of DHCP by hosts without an address lately"),
     dhcp_asked, SIGN_OF_TARGET, SIGN_AMOUNTS, SIGN_60_S, 30},
    {SIGN("ping-reflection", DOS, "dst_flows_10s",
          "answers to pings between these hosts that were not sent"),
     echo_unasked, SIGN_OF_SOURCE, SIGN_AMOUNTS, SIGN_10_S, 100},
    {SIGN("udp-babble", DOS, "srv_flows_10s",
          "datagrams to this service that are not in its language"),
     udp_babble, SIGN_OF_SERVICE, SIGN_AMOUNTS, SIGN_10_S, 200},
    {SIGN("reflection", DOS, "dst_peers_10s",
          "hosts that answered this one, which had not asked"),
     udp_unasked, SIGN_OF_REPLIER_PORT, SIGN_SOURCES, SIGN_10_S, 8},
    {SIGN("long-reflection", DOS, "dst_flows_10s",
          "datagrams of services to this host, which had not asked"),
     udp_unasked_packets, SIGN_OF_REPLIER_PORT, SIGN_AMOUNTS, SIGN_10_S, 100},
    {SIGN("all-records", DOS, "srv_flows_60s",
          "questions for all records of a name by this host lately"),
     all_asked, SIGN_OF_SOURCE, SIGN_AMOUNTS, SIGN_60_S, 10},
    {SIGN("syn-reflection", DOS, "src_peers_10s",
          "answers to connections that this host did not begin"),
     synack_unasked, SIGN_OF_SOURCE, SIGN_AMOUNTS, SIGN_60_S, 10},
    {SIGN("long-syn-reflection", DOS, "src_peers_10s",
          "answers, repeated ones too, to connections that this host did not begin"),
     synacks_unasked, SIGN_OF_SOURCE, SIGN_AMOUNTS, SIGN_60_S, 40},
    {SIGN("web-search", PROBE, "srv_flows_60s",
          "pages that this web server does not have asked for by one host lately"),
     http_not_found, SIGN_OF_TIE, SIGN_AMOUNTS, SIGN_60_S, 10},
    {SIGN("http-flood", DOS, "srv_flows_10s",
          "connections to this web server by one host lately"),
     http_done, SIGN_OF_TIE, SIGN_AMOUNTS, SIGN_10_S, 40},
    {SIGN("request-flood", DOS, "srv_flows_10s",
          "requests to this web server by one host lately"),
     http_requests, SIGN_OF_TIE, SIGN_AMOUNTS, SIGN_10_S, 150},
    {SIGN("tls-flood", DOS, "srv_flows_10s",
          "connections to this TLS server by one host lately"),
     tls_begun, SIGN_OF_TIE, SIGN_AMOUNTS, SIGN_10_S, 100},
    {SIGN("sip-flood", DOS, "srv_flows_10s",
          "messages to this SIP server by one host lately"),
     sip_said, SIGN_OF_TIE, SIGN_AMOUNTS, SIGN_10_S, 100},
    {SIGN("slow-http", DOS, "srv_flows_60s",
          "connections to this web server that get nowhere"),
     http_stuck, SIGN_OF_SERVICE, SIGN_AMOUNTS, SIGN_60_S, 12},
    {SIGN("slow-read", DOS, "srv_flows_60s",
          "connections to this web server whose client takes no answer"),
     http_no_room, SIGN_OF_SERVICE, SIGN_AMOUNTS, SIGN_60_S, 6},
    {SIGN("guessing", R2L, "srv_flows_60s",
          "short logins to this service by one host lately"),
     login, SIGN_OF_TIE, SIGN_AMOUNTS, SIGN_60_S, 5},
    {SIGN("ssh-guessing", R2L, "srv_flows_60s",
          "short logins to this SSH server by one host lately"),
     ssh_login, SIGN_OF_TIE, SIGN_AMOUNTS, SIGN_60_S, 3.5},
    {SIGN("refused-logins", R2L, "srv_flows_60s",
          "logins to this service by one host that were refused lately"),
     refusals, SIGN_OF_TIE, SIGN_AMOUNTS, SIGN_60_S, 8},
    {SIGN("zerologon", R2L, "srv_flows_60s",
          "challenges to this domain controller by one host lately"),
     challenges, SIGN_OF_PAIR, SIGN_AMOUNTS, SIGN_60_S, 6},
    {SIGN("login-sweep", R2L, "srv_flows_60s",
          "short logins to whatever service by this host lately"),
     login, SIGN_OF_SOURCE, SIGN_AMOUNTS, SIGN_60_S, 10},
    {SIGN("password-spraying", R2L, "srv_flows_60s",
          "logins of this host that were refused lately"),
     refusals, SIGN_OF_SOURCE, SIGN_AMOUNTS, SIGN_60_S, 10.5},
    {SIGN("slow-guessing", R2L, "srv_flows_600s",
          "short logins to this service by one host in some minutes"),
     login, SIGN_OF_TIE, SIGN_AMOUNTS, SIGN_600_S, 25},
    {SIGN("community-guessing", R2L, "srv_flows_60s",
          "questions of SNMP to this host that got no answer"),
     snmp_not_answered, SIGN_OF_TIE, SIGN_AMOUNTS, SIGN_60_S, 15},
    {SIGN("name-poisoning", R2L, "src_peers_60s",
          "names that this host said were its own"),
     name_answered, SIGN_OF_SOURCE, SIGN_NAMES, SIGN_600_S, 3},
    {SIGN("dns-tunnel", BOTNET, "srv_flows_60s", "long questions put lately"),
     dns_weight, SIGN_OF_DOMAIN, SIGN_AMOUNTS, SIGN_60_S, 15},
    {SIGN("slow-dns-tunnel", BOTNET, "srv_flows_600s",
          "long questions put in some minutes"),
     dns_weight, SIGN_OF_DOMAIN, SIGN_AMOUNTS, SIGN_600_S, 30},
    {SIGN("made-up-names", BOTNET, "srv_flows_60s",
          "names asked for by this host that do not exist"),
     no_such_name, SIGN_OF_SOURCE, SIGN_AMOUNTS, SIGN_60_S, 20},
    {SIGN("icmp-tunnel", BOTNET, "srv_flows_60s",
          "pings whose answer was another than what was sent"),
     echo_not_returned, SIGN_OF_PAIR, SIGN_AMOUNTS, SIGN_60_S, 4},
    {SIGN("beacon", BOTNET, "srv_flows_60s",
          "talks with a host outside at even times and of one size lately"),
     short_talk, SIGN_OF_TIE, SIGN_REGULAR, SIGN_600_S, 1},
};

const unsigned sign_rules_n = sizeof sign_rules / sizeof sign_rules[0];
