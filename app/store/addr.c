/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses as the tables have them: a byte of kind, then the bytes on the wire.  Two
 * of one kind compare as their numbers do, so a network is a range.
 */
#include "store/addr.h"

#include "base/put.h"

#include <arpa/inet.h>
#include <string.h>

enum { KIND_NONE = 0, KIND_IP4 = 4, KIND_IP6 = 6, KIND_MAC = 'm' };

size_t addr_bytes(const struct store_addr *a)
{
    switch (a->bytes[0]) {
    case KIND_IP4:
        return 5;
    case KIND_IP6:
        return 17;
    case KIND_MAC:
        return 7;
    default:
        return 1;
    }
}

struct store_addr addr_of_blob(const void *p, size_t n)
{
    struct store_addr a = {{0}};

    if (n > 0)
        memcpy(a.bytes, p, n < sizeof a.bytes ? n : sizeof a.bytes);
    if (addr_bytes(&a) != n)
        memset(a.bytes, 0, sizeof a.bytes);
    return a;
}

struct store_addr store_addr_of(const struct lw_record *rec, unsigned side)
{
    struct store_addr a = {{0}};
    bool arp = rec->kind == LW_FLOW_ARP;

    a.bytes[0] = rec->ip_version == 6          ? KIND_IP6
                 : rec->ip_version == 4 || arp ? KIND_IP4
                                               : KIND_MAC;
    memcpy(a.bytes + 1, rec->addr[side].bytes, addr_bytes(&a) - 1);
    return a;
}

static bool parse_mac(const char *s, uint8_t out[6])
{
    for (int i = 0; i < 6; i++) {
        unsigned v = 0;

        for (int k = 0; k < 2; k++, s++) {
            const char *hex = "0123456789abcdef0123456789ABCDEF";
            const char *at = *s == '\0' ? NULL : strchr(hex, *s);

            if (at == NULL)
                return false;
            v = 16 * v + (unsigned)(at - hex) % 16;
        }
        out[i] = (uint8_t)v;
        if (*s != (i < 5 ? ':' : '\0'))
            return false;
        s++;
    }
    return true;
}

bool store_addr_parse(struct span text, struct store_addr *out)
{
    char s[STORE_ADDR_TEXT_MAX];
    struct store_addr a = {{0}};

    if (text.n == 0 || text.n >= sizeof s || memchr(text.p, 0, text.n) != NULL)
        return false;
    memcpy(s, text.p, text.n);
    s[text.n] = '\0';
    if (inet_pton(AF_INET, s, a.bytes + 1) == 1)
        a.bytes[0] = KIND_IP4;
    else if (inet_pton(AF_INET6, s, a.bytes + 1) == 1)
        a.bytes[0] = KIND_IP6;
    else if (parse_mac(s, a.bytes + 1))
        a.bytes[0] = KIND_MAC;
    else
        return false;
    *out = a;
    return true;
}

size_t store_addr_text(const struct store_addr *a, char out[STORE_ADDR_TEXT_MAX])
{
    char *end = out;

    if (a->bytes[0] == KIND_IP4)
        end = put_ip4(out, a->bytes + 1);
    else if (a->bytes[0] == KIND_IP6)
        end = put_ip6(out, a->bytes + 1);
    else if (a->bytes[0] == KIND_MAC)
        end = put_mac(out, a->bytes + 1);
    *end = '\0';
    return (size_t)(end - out);
}

/* ------------------------------------------------------------------- networks */

/* Bits from `bits` on become `one` or zero. */
static void fill(struct store_addr *a, unsigned bits, bool one)
{
    unsigned all = 8 * ((unsigned)addr_bytes(a) - 1);

    for (unsigned i = bits; i < all; i++) {
        uint8_t mask = (uint8_t)(0x80 >> (i % 8));

        if (one)
            a->bytes[1 + i / 8] |= mask;
        else
            a->bytes[1 + i / 8] &= (uint8_t)~mask;
    }
}

bool store_net_parse(struct span text, struct store_net *out)
{
    const uint8_t *slash = text.n == 0 ? NULL : memchr(text.p, '/', text.n);
    size_t n = slash == NULL ? text.n : (size_t)(slash - text.p);
    struct store_net net;
    unsigned bits = 0;
    unsigned all;

    if (!store_addr_parse(span_first(text, n), &net.addr))
        return false;
    all = 8 * ((unsigned)addr_bytes(&net.addr) - 1);
    if (slash == NULL) {
        bits = all;
    } else {
        if (text.n - n < 2 || text.n - n > 4)
            return false;
        for (size_t i = n + 1; i < text.n; i++) {
            if (text.p[i] < '0' || text.p[i] > '9')
                return false;
            bits = 10 * bits + text.p[i] - '0';
        }
        if (bits > all)
            return false;
    }
    fill(&net.addr, bits, false);
    net.bits = (uint8_t)bits;
    *out = net;
    return true;
}

struct store_addr net_last(const struct store_net *net)
{
    struct store_addr last = net->addr;

    fill(&last, net->bits, true);
    return last;
}

bool net_is_host(const struct store_net *net)
{
    return net->bits == 8 * (addr_bytes(&net->addr) - 1);
}

bool store_net_has(const struct store_net *net, const struct store_addr *a)
{
    struct store_addr last;

    if (net->addr.bytes[0] == KIND_NONE)
        return true;
    if (net->addr.bytes[0] != a->bytes[0])
        return false;
    last = net_last(net);
    return memcmp(a->bytes, net->addr.bytes, sizeof a->bytes) >= 0 &&
           memcmp(a->bytes, last.bytes, sizeof a->bytes) <= 0;
}
