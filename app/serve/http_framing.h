/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/http_framing.h - where a request ends, and whether everybody would say so.
 *
 * A request whose length is said in two ways, or in a way that this and another program
 * might read differently, is refused (RFC 9112, sections 6.1, 6.3 and 11.2), since
 * behind a proxy the difference is a second, hidden request.
 */
#ifndef SERVE_HTTP_FRAMING_H
#define SERVE_HTTP_FRAMING_H

#include "serve/http.h"

/** What line and headers say of it; zero before each request. */
struct http_framing {
    const char *length; /* borrowed from the headers; NULL: absent, as the next */
    const char *coding;
    unsigned n_lengths;
    unsigned n_codings;
    unsigned n_headers;
    bool expects_continue;
    bool bad_name;    /* of a header */
    bool path_is_cut; /* a decoded zero byte ends the path before its end */
    bool path_has_blank;
};

/** Note the request's target, as sent. */
void http_framing_target(struct http_framing *f, const char *target);

/** Note a header; those that a handler may want go into `req`, borrowed. */
void http_framing_header(struct http_framing *f, struct http_request *req,
                         const char *name, const char *value);

/** What is wrong with line and headers, the status to refuse them with in *status;
 *  NULL: nothing, and *announced is the length of the body (SIZE_MAX where it does not
 *  fit, 0 where none is said).  `old`: HTTP/1.0, which may leave Host out. */
const char *http_framing_fault(const struct http_framing *f,
                               const struct http_request *req, bool old,
                               size_t *announced, unsigned *status);

#endif /* SERVE_HTTP_FRAMING_H */
