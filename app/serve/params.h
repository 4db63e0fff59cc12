/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/params.h - the parameters of a query string, typed and checked.
 *
 * A handler reads what it knows and then calls params_end(): the first thing that was
 * wrong, a parameter that nobody asked for included, has become a problem in the reply.
 * So a handler reads on without looking, and what it reads after a mistake is of no
 * meaning, but safe.
 */
#ifndef SERVE_PARAMS_H
#define SERVE_PARAMS_H

#include "serve/http.h"

enum { PARAMS_MAX = 32, PARAMS_BYTES_MAX = 4096 };

struct params {
    struct http_reply *reply; /* borrowed */
    struct {
        const char *name; /* in `text`; decoded */
        const char *value;
        bool used;
    } item[PARAMS_MAX];
    size_t n;
    bool failed; /* and the reply is a problem */
    char text[PARAMS_BYTES_MAX];
};

/** Take a query string to pieces.  `p` needs no release. */
void params_init(struct params *p, const char *query, struct http_reply *reply);

/** The text of a parameter, borrowed until `p` goes; NULL where it was not said. */
const char *params_text(struct params *p, const char *name);
/* Each leaves *out alone where the parameter was not said, and tells whether it was. */
bool params_int(struct params *p, const char *name, int64_t min, int64_t max,
                int64_t *out);
bool params_number(struct params *p, const char *name, double min, double max,
                   double *out);
bool params_bool(struct params *p, const char *name, bool *out);
/** RFC 3339 or seconds since 1970. */
bool params_time(struct params *p, const char *name, int64_t *out_ns);
/** One of `names` (n): which. */
bool params_choice(struct params *p, const char *name, const char *const *names,
                   size_t n, size_t *out);

/** The value of `name` is wrong: 400 with a reason. */
void params_wrong(struct params *p, const char *name, const char *what);

/** Was everything right? */
bool params_end(struct params *p);

/** Decode "%41+b" in place, where `plus` says that '+' is a blank; false: a '%' without
 *  two hexadecimal digits, or a zero byte. */
bool params_decode(char *text, bool plus);

#endif /* SERVE_PARAMS_H */
