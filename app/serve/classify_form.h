/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/classify_form.h - the body of `POST /classify`, from JSON to a row.
 *
 * The form knows two views, of which the narrow one is part of the wide one (kdd31 of
 * kdd).  A body that has every feature of the wide view becomes a row of it; any other
 * that has those of the narrow view becomes a row of that.  Members are known by any of
 * their spellings, case and underscores ignored.
 */
#ifndef SERVE_CLASSIFY_FORM_H
#define SERVE_CLASSIFY_FORM_H

#include "base/span.h"
#include "serve/json_layout.h"

#include <lapwing/error.h>
#include <lapwing/view.h>

enum {
    CLASSIFY_FEATURES_MAX = 64,
    CLASSIFY_MEMBERS_MAX = 256,
    CLASSIFY_NAME_MAX = 64,
    CLASSIFY_IGNORED_MAX = 256
};

struct classify_form; /* opaque; read-only once made, for any number of threads */

/** What a body said. */
struct classify_row {
    const struct lw_view *view;          /* the wide or the narrow one; static */
    float values[CLASSIFY_FEATURES_MAX]; /* (view->n_features) */
    char ignored[CLASSIFY_IGNORED_MAX];  /* members of no use, "a, b, ..." */
    char field[CLASSIFY_NAME_MAX];       /* on failure: the member meant; "" if none */
};

/** What the body before looked like: the next one may look alike (json_layout.h).  All
 *  zero to begin with; for one thread at a time. */
struct classify_memory {
    const struct classify_form *form; /* that read it; NULL: nothing is known */
    const struct lw_view *view;       /* that it was of */
    struct json_layout layout;
    struct layout_value values[JSON_LAYOUT_MEMBERS_MAX];
};

/** Make a form for two views (static storage); the caller owns *out.
 *  LW_EMISMATCH: `narrow` has a feature that `wide` lacks, or one is too large.
 *  LW_ENOMEM. */
LW_MUST enum lw_status classify_form_new(struct classify_form **out,
                                         const struct lw_view *wide,
                                         const struct lw_view *narrow,
                                         struct lw_error *err);
/** NULL is fine. */
void classify_form_free(struct classify_form *f);

/** Read a body; `memory` only makes it faster, NULL is fine.  LW_EFORMAT: it is no JSON
 * object.  LW_ELIMIT: nested too deeply, or too many members.  LW_EINVAL: a member is
 * missing, said twice or not what it must be, and out->field names it. */
LW_MUST enum lw_status classify_form_read(const struct classify_form *f,
                                          struct span body,
                                          struct classify_memory *memory,
                                          struct classify_row *out,
                                          struct lw_error *err);

#endif /* SERVE_CLASSIFY_FORM_H */
