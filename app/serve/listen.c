/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/listen.h"

#include "base/assert.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { HOST_MAX = 64, BACKLOG = 1024 };

static bool parse_port(const char *s, uint16_t *out)
{
    uint32_t v = 0;

    if (*s == '\0' || strlen(s) > 5)
        return false;
    for (; *s != '\0'; s++) {
        if (*s < '0' || *s > '9')
            return false;
        v = v * 10 + (uint32_t)(*s - '0');
    }
    *out = (uint16_t)v;
    return v <= UINT16_MAX;
}

/* Split "HOST:PORT"; HOST is "" when there is none, and [brackets] are taken off. */
static bool split(const char *text, char host[HOST_MAX], const char **port)
{
    const char *colon = strrchr(text, ':');
    size_t n = colon == NULL ? 0 : (size_t)(colon - text);

    *port = colon == NULL ? text : colon + 1;
    if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
        text++;
        n -= 2;
    } else if (memchr(text, ':', n) != NULL) {
        return false; /* IPv6 without brackets */
    }
    if (n >= HOST_MAX)
        return false;
    memcpy(host, text, n);
    host[n] = '\0';
    return true;
}

static bool fill(const char *host, uint16_t port, struct listen_address *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    if (*host == '\0' || strcasecmp(host, "localhost") == 0)
        host = "127.0.0.1";
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        memcpy(&out->addr, &v4, sizeof v4);
        out->addr_len = sizeof v4;
    } else if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
        memcpy(&out->addr, &v6, sizeof v6);
        out->addr_len = sizeof v6;
    } else {
        return false;
    }
    return true;
}

enum lw_status listen_parse(const char *text, struct listen_address *out,
                            struct lw_error *err)
{
    char host[HOST_MAX];
    const char *port_text;
    uint16_t port;

    memset(out, 0, sizeof *out);
    if (!split(text, host, &port_text) || !parse_port(port_text, &port) ||
        !fill(host, port, out))
        return lw_fail(err, LW_EINVAL,
                       "\"%.64s\" is no address to listen on; give HOST:PORT with a "
                       "numeric host, such as 127.0.0.1:5000 or [::1]:5000",
                       text);
    return LW_OK;
}

static struct sockaddr_in as_v4(const struct listen_address *a)
{
    struct sockaddr_in v4;

    memcpy(&v4, &a->addr, sizeof v4);
    return v4;
}

static struct sockaddr_in6 as_v6(const struct listen_address *a)
{
    struct sockaddr_in6 v6;

    memcpy(&v6, &a->addr, sizeof v6);
    return v6;
}

bool listen_is_loopback(const struct listen_address *a)
{
    struct sockaddr_in6 v6 = as_v6(a);

    if (a->addr.ss_family == AF_INET)
        return ntohl(as_v4(a).sin_addr.s_addr) >> 24 == 127;
    return memcmp(&v6.sin6_addr, &in6addr_loopback, sizeof in6addr_loopback) == 0;
}

void listen_format(const struct listen_address *a, char out[LISTEN_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN] = "";

    if (a->addr.ss_family == AF_INET) {
        struct sockaddr_in v4 = as_v4(a);

        (void)inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
        (void)snprintf(out, LISTEN_TEXT_MAX, "%s:%u", host, ntohs(v4.sin_port));
    } else {
        struct sockaddr_in6 v6 = as_v6(a);

        (void)inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
        (void)snprintf(out, LISTEN_TEXT_MAX, "[%s]:%u", host, ntohs(v6.sin6_port));
    }
}

static enum lw_status cannot_listen(const struct listen_address *a, int reason,
                                    struct lw_error *err)
{
    char text[LISTEN_TEXT_MAX];

    listen_format(a, text);
    if (reason == EADDRINUSE)
        return lw_fail(err, LW_EIO,
                       "%s is in use by another program; stop it, or listen elsewhere "
                       "with --listen 127.0.0.1:PORT",
                       text);
    if (reason == EACCES)
        return lw_fail(err, LW_EIO,
                       "no permission to listen on %s; ports from 1024 on need none",
                       text);
    return lw_fail(err, LW_EIO, "cannot listen on %s: %s", text, strerror(reason));
}

enum lw_status listen_open(struct listen_address *a, int *fd, struct lw_error *err)
{
    const int on = 1;
    int s = socket(a->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    LW_ASSERT(a->addr_len > 0);
    if (s < 0)
        return cannot_listen(a, errno, err);
    (void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(s, (const struct sockaddr *)&a->addr, a->addr_len) != 0 ||
        listen(s, BACKLOG) != 0 ||
        getsockname(s, (struct sockaddr *)&a->addr, &a->addr_len) != 0) {
        int reason = errno;

        (void)close(s);
        return cannot_listen(a, reason, err);
    }
    *fd = s;
    return LW_OK;
}

bool listen_host_is_loopback(const char *host)
{
    struct listen_address a;
    char with_port[2 * HOST_MAX];
    const char *bracket = strrchr(host, ']');
    bool has_port = strchr(bracket == NULL ? host : bracket, ':') != NULL;

    if (*host == '\0' || *host == ':' || strlen(host) >= HOST_MAX)
        return false;
    (void)snprintf(with_port, sizeof with_port, "%s%s", host, has_port ? "" : ":80");
    return listen_parse(with_port, &a, NULL) == LW_OK && listen_is_loopback(&a);
}
