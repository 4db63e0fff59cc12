/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/kdd_service.c - from ports and ICMP types to the data set's services.
 *
 * The name of a service and its identity are two things: connections to two ports
 * without a name are both `other` (or `private`), and yet the data set counts them as
 * different services.  A scan of 250 ports shows dst_host_srv_count 1 and
 * dst_host_diff_srv_rate 1.00, more services than there are names.
 *
 * A protocol that was recognised by what was said goes before the port: HTTP to port
 * 8081 is http.  But a port whose name says more than the protocol does keeps it: HTTP
 * to port 8001 is http_8001.
 */
#include "feature/kdd_service.h"

enum { PRIVILEGED_PORTS = 1024, FTP_DATA_PORT = 20 };

/* Above the codes: identities of what has no name of its own. */
enum { KEY_TCP_PORT = 0x10000, KEY_UDP_PORT = 0x20000, KEY_ICMP_TYPE = 0x30000 };

static enum kdd_service unnamed(uint16_t port)
{
    return port < PRIVILEGED_PORTS ? KDD_SERVICE_private : KDD_SERVICE_other;
}

static enum kdd_service tcp_service(uint16_t port)
{
    switch (port) {
#define KDD_TCP(name, number)                                                          \
    case number:                                                                       \
        return KDD_SERVICE_##name;
#define KDD_UDP(name, number)
#define KDD_NO_PORT(name)
#include "feature/kdd_service.def"
#undef KDD_TCP
#undef KDD_UDP
    default:
        return unnamed(port);
    }
}

static enum kdd_service udp_service(uint16_t port)
{
    switch (port) {
#define KDD_TCP(name, number)
#define KDD_UDP(name, number)                                                          \
    case number:                                                                       \
        return KDD_SERVICE_##name;
#include "feature/kdd_service.def"
#undef KDD_TCP
#undef KDD_UDP
#undef KDD_NO_PORT
    default:
        return unnamed(port);
    }
}

/* RFC 792.  Unreachable: net and host, or port and everything else. */
static enum kdd_service icmp_service(uint8_t type, uint8_t code)
{
    switch (type) {
    case 0:
        return KDD_SERVICE_ecr_i;
    case 3:
        return code <= 1 ? KDD_SERVICE_urh_i : KDD_SERVICE_urp_i;
    case 5:
        return KDD_SERVICE_red_i;
    case 8:
        return KDD_SERVICE_eco_i;
    case 11:
        return KDD_SERVICE_tim_i;
    default:
        return KDD_SERVICE_other;
    }
}

/* RFC 4443 and 4861, by the same meanings. */
static enum kdd_service icmp6_service(uint8_t type, uint8_t code)
{
    switch (type) {
    case 1:
        return code == 4 ? KDD_SERVICE_urp_i : KDD_SERVICE_urh_i;
    case 3:
        return KDD_SERVICE_tim_i;
    case 128:
        return KDD_SERVICE_eco_i;
    case 129:
        return KDD_SERVICE_ecr_i;
    case 137:
        return KDD_SERVICE_red_i;
    default:
        return KDD_SERVICE_other;
    }
}

/* Services of recognised protocols, and 1 so that 0 is none: the port decides. */
#define S(name) (KDD_SERVICE_##name + 1)

static const uint8_t tcp_of_app[LW_N_APPS] = {
    [LW_APP_HTTP] = S(http),       [LW_APP_FTP] = S(ftp),
    [LW_APP_SMTP] = S(smtp),       [LW_APP_POP3] = S(pop_3),
    [LW_APP_IMAP] = S(imap4),      [LW_APP_TELNET] = S(telnet),
    [LW_APP_RLOGIN] = S(login),    [LW_APP_RSH] = S(shell),
    [LW_APP_REXEC] = S(exec),      [LW_APP_IRC] = S(IRC),
    [LW_APP_SSH] = S(ssh),         [LW_APP_DNS] = S(domain),
    [LW_APP_FINGER] = S(finger),   [LW_APP_WHOIS] = S(whois),
    [LW_APP_NNTP] = S(nntp),       [LW_APP_LDAP] = S(ldap),
    [LW_APP_BGP] = S(bgp),         [LW_APP_X11] = S(X11),
    [LW_APP_SMB] = S(netbios_ssn), [LW_APP_RPC] = S(sunrpc),
};

static const uint8_t udp_of_app[LW_N_APPS] = {
    [LW_APP_DNS] = S(domain_u),
    [LW_APP_NTP] = S(ntp_u),
    [LW_APP_TFTP] = S(tftp_u),
};

#undef S

/* Ports whose names say more than the protocol that is spoken there. */
static bool is_variant(enum kdd_service of_port, enum kdd_service of_app)
{
    static const struct {
        uint8_t of_port;
        uint8_t of_app;
    } variants[] = {
        {KDD_SERVICE_http_8001, KDD_SERVICE_http},
        {KDD_SERVICE_http_2784, KDD_SERVICE_http},
        {KDD_SERVICE_http_443, KDD_SERVICE_http},
        {KDD_SERVICE_harvest, KDD_SERVICE_http},
        {KDD_SERVICE_klogin, KDD_SERVICE_login},
        {KDD_SERVICE_kshell, KDD_SERVICE_shell},
        {KDD_SERVICE_nnsp, KDD_SERVICE_nntp},
    };

    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        if (variants[i].of_port == of_port && variants[i].of_app == of_app)
            return true;
    }
    return false;
}

static enum kdd_service recognised(const struct lw_record *rec, const uint8_t *of_apps,
                                   enum kdd_service of_port)
{
    enum kdd_service of_app;

    if (of_apps[rec->app] == 0)
        return of_port;
    of_app = (enum kdd_service)(of_apps[rec->app] - 1);
    return is_variant(of_port, of_app) ? of_port : of_app;
}

static struct kdd_service_id identity(enum kdd_service code, uint32_t unnamed_key)
{
    if (code == KDD_SERVICE_private || code == KDD_SERVICE_other)
        return (struct kdd_service_id){code, unnamed_key};
    return (struct kdd_service_id){code, (uint32_t)code};
}

struct kdd_service_id kdd_service_of(const struct lw_record *rec)
{
    unsigned from = lw_record_initiator(rec);
    uint16_t port = rec->port[1 - from];

    if (rec->kind == LW_FLOW_UDP)
        return identity(recognised(rec, udp_of_app, udp_service(port)),
                        KEY_UDP_PORT | port);
    if (rec->kind == LW_FLOW_ICMP)
        return identity(icmp_service(rec->icmp_type, rec->icmp_code),
                        KEY_ICMP_TYPE | rec->icmp_type);
    if (rec->kind == LW_FLOW_ICMP6)
        return identity(icmp6_service(rec->icmp_type, rec->icmp_code),
                        KEY_ICMP_TYPE | 0x100u | rec->icmp_type);
    /* The server opens the data connection of active FTP, to any port. */
    if (rec->port[from] == FTP_DATA_PORT)
        return identity(KDD_SERVICE_ftp_data, 0);
    return identity(recognised(rec, tcp_of_app, tcp_service(port)),
                    KEY_TCP_PORT | port);
}
