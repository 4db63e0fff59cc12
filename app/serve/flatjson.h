/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/flatjson.h - the members of one JSON object, without building a tree.
 *
 * For request bodies: a whole text is checked against RFC 8259 while each member of
 * its object is handed over, in order, as spans of the text.  Nothing is allocated.
 */
#ifndef SERVE_FLATJSON_H
#define SERVE_FLATJSON_H

#include "base/span.h"

#include <lapwing/error.h>

enum { FLATJSON_DEPTH_MAX = 8, FLATJSON_KEY_MAX = 128 };

enum flatjson_kind {
    FLATJSON_NUMBER,
    FLATJSON_TEXT,
    FLATJSON_LITERAL, /* true, false, null */
    FLATJSON_NESTED   /* an object or an array, already checked */
};

struct flatjson_member {
    struct span key;   /* unescaped; longer ones are cut to FLATJSON_KEY_MAX bytes */
    struct span value; /* number or literal as written; text unescaped and cut likewise;
                          empty when nested */
    enum flatjson_kind kind;
};

/** Receives a member, borrowed for the call.  Anything but LW_OK ends the reading. */
typedef enum lw_status (*flatjson_fn)(void *ctx, const struct flatjson_member *m,
                                      struct lw_error *err);

/** Read `text`, which must be one object.  LW_EFORMAT: not JSON, or not an object; the
 *  message tells the byte.  LW_ELIMIT: nested deeper than FLATJSON_DEPTH_MAX levels.
 *  Otherwise what `fn` returned. */
LW_MUST enum lw_status flatjson_read(struct span text, flatjson_fn fn, void *ctx,
                                     struct lw_error *err);

#endif /* SERVE_FLATJSON_H */
