/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/kdd_service.c - from ports and ICMP types to the data set's services.
 *
 * The name of a service and its identity are two things: connections to two ports
 * without a name are both `other` (or `private`), and yet the data set counts them as
 * different services.  A scan of 250 ports shows dst_host_srv_count 1 and
 * dst_host_diff_srv_rate 1.00, more services than there are names.
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
        return identity(udp_service(port), KEY_UDP_PORT | port);
    if (rec->kind == LW_FLOW_ICMP)
        return identity(icmp_service(rec->icmp_type, rec->icmp_code),
                        KEY_ICMP_TYPE | rec->icmp_type);
    if (rec->kind == LW_FLOW_ICMP6)
        return identity(icmp6_service(rec->icmp_type, rec->icmp_code),
                        KEY_ICMP_TYPE | 0x100u | rec->icmp_type);
    /* The server opens the data connection of active FTP, to any port. */
    if (rec->port[from] == FTP_DATA_PORT)
        return identity(KDD_SERVICE_ftp_data, 0);
    return identity(tcp_service(port), KEY_TCP_PORT | port);
}
