/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/forwarded.h"

#include "base/assert.h"

#include <stdio.h>
#include <string.h>

enum { KIND_IP4 = 4, KIND_IP6 = 6 };

/* An address of either version; an IPv4 address written as IPv6 is IPv4. */
static bool parse(struct span text, struct store_addr *out)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct store_addr a;

    if (!store_addr_parse(text, &a) ||
        (a.bytes[0] != KIND_IP4 && a.bytes[0] != KIND_IP6))
        return false;
    memset(out, 0, sizeof *out);
    if (a.bytes[0] == KIND_IP6 && memcmp(a.bytes + 1, mapped, sizeof mapped) == 0) {
        out->bytes[0] = KIND_IP4;
        memcpy(out->bytes + 1, a.bytes + 1 + sizeof mapped, 4);
    } else {
        *out = a;
    }
    return true;
}

bool forwarded_is_proxy(const struct store_net *proxies, const char *peer)
{
    struct store_addr a;

    LW_ASSERT(proxies->addr.bytes[0] != 0);
    return parse(span_of(peer, strlen(peer)), &a) && store_net_has(proxies, &a);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* The last entry of a list, which is taken off it. */
static struct span take_last(struct span *list)
{
    size_t at = list->n;
    struct span entry;

    while (at > 0 && list->p[at - 1] != ',')
        at--;
    entry = span_from(*list, at);
    *list = span_first(*list, at == 0 ? 0 : at - 1);
    while (entry.n > 0 && is_blank(entry.p[0]))
        entry = span_from(entry, 1);
    while (entry.n > 0 && is_blank(entry.p[entry.n - 1]))
        entry = span_first(entry, entry.n - 1);
    return entry;
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80". */
static bool parse_entry(struct span e, struct store_addr *out)
{
    const uint8_t *end;

    if (e.n == 0)
        return false;
    if (e.p[0] == '[') {
        end = memchr(e.p, ']', e.n);
        return end != NULL && parse(span_of(e.p + 1, (size_t)(end - e.p) - 1), out);
    }
    end = memchr(e.p, ':', e.n);
    if (end != NULL && memchr(end + 1, ':', e.n - (size_t)(end + 1 - e.p)) == NULL)
        e = span_first(e, (size_t)(end - e.p));
    return parse(e, out);
}

void forwarded_client(const struct store_net *proxies, const char *peer,
                      const char *header, char out[HTTP_PEER_MAX])
{
    struct span list = span_of(header, header == NULL ? 0 : strlen(header));
    struct store_addr a;

    _Static_assert((int)HTTP_PEER_MAX >= (int)STORE_ADDR_TEXT_MAX, "an address fits");
    (void)snprintf(out, HTTP_PEER_MAX, "%s", peer);
    while (list.n > 0) {
        if (!parse_entry(take_last(&list), &a))
            return;
        (void)store_addr_text(&a, out);
        if (!store_net_has(proxies, &a))
            return;
    }
}
