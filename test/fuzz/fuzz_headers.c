/* SPDX-License-Identifier: Apache-2.0 */
/* Headers that say who asks: a Cookie up to the first line end, and an X-Forwarded-For
 * behind it.  A secret is one, an address is one, and none of the proxies but where the
 * header says no other. */
#include "base/assert.h"
#include "fuzz.h"
#include "serve/forwarded.h"
#include "serve/session.h"

#include <arpa/inet.h>
#include <string.h>

enum { HEADER_MAX = 4096 };

/* As the listener hands them over: text without line ends and zero bytes. */
static bool take_header(struct span *s, char out[HEADER_MAX])
{
    const uint8_t *end = s->n == 0 ? NULL : memchr(s->p, '\n', s->n);
    size_t n = end == NULL ? s->n : (size_t)(end - s->p);

    if (n >= HEADER_MAX || (n > 0 && memchr(s->p, '\0', n) != NULL))
        return false;
    if (n > 0)
        memcpy(out, s->p, n);
    out[n] = '\0';
    *s = span_from(*s, n + 1);
    return true;
}

static void read_cookie(const char *header)
{
    char secret[SESSION_TEXT];

    if (!session_cookie_read(header, "lapwing_session", secret))
        return;
    LW_ASSERT(strlen(secret) == SESSION_TEXT - 1);
    LW_ASSERT(strspn(secret, "0123456789abcdef") == SESSION_TEXT - 1);
    LW_ASSERT(strstr(header, secret) != NULL);
}

static void read_forwarded(const char *header)
{
    static const char net[] = "10.0.0.0/8";
    struct in6_addr any;
    struct store_net proxies;
    char client[HTTP_PEER_MAX];

    LW_ASSERT(store_net_parse(span_of(net, sizeof net - 1), &proxies));
    forwarded_client(&proxies, "10.0.0.1", header, client);
    LW_ASSERT(inet_pton(AF_INET, client, &any) == 1 ||
              inet_pton(AF_INET6, client, &any) == 1);
    /* What stands to the left of the client is of no matter. */
    if (!forwarded_is_proxy(&proxies, client)) {
        char longer[2 * HEADER_MAX] = "192.0.2.66, ";
        char again[HTTP_PEER_MAX];

        memcpy(longer + strlen(longer), header, strlen(header) + 1);
        forwarded_client(&proxies, "10.0.0.1", longer, again);
        LW_ASSERT(strcmp(client, again) == 0);
    }
}

void fuzz_one(const uint8_t *data, size_t n)
{
    struct span s = span_of(data, n);
    char header[HEADER_MAX];

    if (!take_header(&s, header))
        return;
    read_cookie(header);
    if (take_header(&s, header))
        read_forwarded(header);
}
