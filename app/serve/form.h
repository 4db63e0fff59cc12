/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/form.h - the members of a JSON body, typed and checked, as params.h does it for
 * a query: read what is known, then form_end().
 */
#ifndef SERVE_FORM_H
#define SERVE_FORM_H

#include "serve/http.h"

enum { FORM_DEPTH_MAX = 6 };

struct json_value; /* base/json.h */

struct form {
    struct http_reply *reply;         /* borrowed */
    struct json_doc *doc;             /* owned by the outermost form; else NULL */
    const struct json_value *members; /* borrowed from the document; NULL: none */
    const char *of;      /* the member that this form is, for messages; or "" */
    struct form *parent; /* NULL: it is the body */
    unsigned n_known;    /* members that were asked for and are there */
    bool failed;         /* and the reply is a problem */
};

/** Parse a body that must be an object.  Release it with form_release(), always. */
void form_init(struct form *f, struct span body, struct http_reply *reply);
void form_release(struct form *f);

/** A member that is an object itself; empty where it is not said.  End it with
 *  form_end() before the outer form. */
bool form_object(struct form *f, const char *name, struct form *out);

/** Is it there, and null? */
bool form_is_null(struct form *f, const char *name);
bool form_has(struct form *f, const char *name);

/** Text of min to max bytes; NULL where it is not said, or null.  Borrowed. */
const char *form_text(struct form *f, const char *name, size_t min, size_t max);
/** The same of plain characters only: what is shown, logged and typed. */
const char *form_plain(struct form *f, const char *name, size_t min, size_t max);
/* Each leaves *out alone where the member was not said, and tells whether it was. */
bool form_int(struct form *f, const char *name, int64_t min, int64_t max, int64_t *out);
bool form_number(struct form *f, const char *name, double min, double max, double *out);
bool form_bool(struct form *f, const char *name, bool *out);
bool form_time(struct form *f, const char *name, int64_t *out_ns);
bool form_choice(struct form *f, const char *name, const char *const *names, size_t n,
                 size_t *out);
/** An array; NULL where it is not said. */
const struct json_value *form_array(struct form *f, const char *name);

/** It must be there. */
void form_require(struct form *f, const char *name);
/** A value is wrong: 422 with a reason. */
void form_wrong(struct form *f, const char *name, const char *what);

/** Was everything right? */
bool form_end(struct form *f);

#endif /* SERVE_FORM_H */
