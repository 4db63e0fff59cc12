/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/server.h - the web server: models, store, jobs, routes and the listener, put
 * together.
 */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include <lapwing/error.h>

#include <stdbool.h>
#include <stdint.h>

/** Zero means the default. */
struct server_config {
    const char *listen;         /* default "127.0.0.1:5000"; see listen_parse() */
    const char *models_dir;     /* holds classify.lwm, attack.lwm, maybe others */
    const char *state_dir;      /* where everything is kept; made if missing */
    unsigned n_threads;         /* default: one per processor */
    unsigned max_connections;   /* default 4,096 */
    int64_t request_timeout_ms; /* default 10 s */
    int64_t idle_timeout_ms;    /* default 30 s */
    unsigned workers;           /* jobs at one time; default: half the processors */
    unsigned queue;             /* jobs that wait at most; default 1,000 */
    uint64_t analysis_bytes;    /* memory of an analysis; default 4 GiB */
    unsigned analysis_s;        /* its processor time; default an hour */
    uint64_t analysis_flows;    /* that a capture may have; default 20 million */
    uint64_t capture_bytes;     /* of one capture at most; default 16 GiB */
    int64_t keep_ns;            /* captures are deleted when so old; default: never */
    uint64_t keep_bytes;        /* of the whole store; default: no limit */
    const char *live;           /* interfaces that may be watched, "eth0,eth1"; NULL */
    int64_t live_every_ns;      /* a capture is made of each; default 5 min */
    const char *tls_cert;       /* PEM files; NULL: no TLS; both or none */
    const char *tls_key;
    const char *behind_proxy; /* "ADDRESS" or "ADDRESS/BITS": asked by it only, which
                                 speaks TLS for us; NULL: asked by anybody */
    bool auth;                /* a token or a session with each request */
    int64_t client_rate;      /* requests a second of one client; 0: no limit; negative:
                                 the default, SERVER_CLIENT_RATE with `auth` or a proxy,
                                 else none */
    bool log_requests;        /* a line for each */
};

/** Programs on a fast network that ask one record at a time may reach it. */
enum { SERVER_CLIENT_RATE = 1000 };

struct server; /* opaque */

/** Load the models, open the store and start serving; the caller owns *out.
 *  LW_EINVAL: an address.  LW_EPERM: it is not a loopback address, and TLS or
 *  authentication is missing; another server uses the state.  LW_EIO: the port is in
 * use, a model or the state cannot be read or written.  LW_EFORMAT, LW_EMISMATCH: a
 * model is of no use.  LW_ENOMEM. */
LW_MUST enum lw_status server_start(struct server **out,
                                    const struct server_config *cfg,
                                    struct lw_error *err);

/** Read the certificate and its key again, for connections from now on; on failure, as
 *  above, the former ones stay in use.  One thread at a time. */
LW_MUST enum lw_status server_reload(struct server *s, struct lw_error *err);

/** "https://127.0.0.1:5000/"; borrowed until server_stop(). */
const char *server_url(const struct server *s);

/** The one-time token with which the first administrator is made; NULL: he is there, or
 *  nobody is asked who he is.  Borrowed until server_stop(). */
const char *server_first_token(const struct server *s);

/** Accept no more, let running requests end, put running jobs back into the queue,
 *  close everything, free.  NULL is fine. */
void server_stop(struct server *s);

#endif /* SERVE_SERVER_H */
