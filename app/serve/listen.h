/* SPDX-License-Identifier: Apache-2.0 */
/* serve/listen.h - where to listen: "HOST:PORT" to a listening socket. */
#ifndef SERVE_LISTEN_H
#define SERVE_LISTEN_H

#include <lapwing/error.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct listen_address {
    struct sockaddr_storage addr;
    socklen_t addr_len;
};

enum { LISTEN_TEXT_MAX = 64 };

/** Parse "127.0.0.1:5000", "[::1]:5000", "localhost:5000", ":5000" or "5000" (the last
 *  three mean 127.0.0.1).  No name service is asked.  LW_EINVAL. */
LW_MUST enum lw_status listen_parse(const char *text, struct listen_address *out,
                                    struct lw_error *err);
/** Can only this machine reach it? */
bool listen_is_loopback(const struct listen_address *a);
/** "127.0.0.1:5000", "[::1]:5000". */
void listen_format(const struct listen_address *a, char out[LISTEN_TEXT_MAX]);
/** Open, bind and listen; the caller owns *fd.  Port 0 takes a free one, and `a` tells
 *  it afterwards.  LW_EIO: the port is in use, the address is not this machine's. */
LW_MUST enum lw_status listen_open(struct listen_address *a, int *fd,
                                   struct lw_error *err);

/** Does a Host header name this machine's loopback ("localhost", "127.0.0.1:5000",
 *  "[::1]")?  Any port: a tunnel's end has another one. */
bool listen_host_is_loopback(const char *host);

#endif /* SERVE_LISTEN_H */
