/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/multipart.h - the parts of a form (multipart/form-data, RFC 7578), as they
 * arrive.
 *
 * Bytes are fed in pieces of any size and come out as parts; of the data nothing is
 * kept but what might be the beginning of a boundary.
 */
#ifndef SERVE_MULTIPART_H
#define SERVE_MULTIPART_H

#include "base/span.h"

#include <lapwing/error.h>

#include <stdbool.h>
#include <stddef.h>

enum {
    MULTIPART_BOUNDARY_MAX = 70, /* RFC 2046, 5.1.1 */
    MULTIPART_HEAD_MAX = 4096,   /* headers of a part */
    MULTIPART_NAME_MAX = 256,
    MULTIPART_PARTS_MAX = 64
};

struct multipart_ops {
    /** A part begins; both texts are borrowed for the call, `file_name` is "" where it
     *  has none.  LW_OK, or why no more is wanted. */
    enum lw_status (*begin)(void *ctx, const char *name, const char *file_name,
                            struct lw_error *err);
    enum lw_status (*data)(void *ctx, const void *p, size_t n, struct lw_error *err);
    enum lw_status (*end)(void *ctx, struct lw_error *err);
};

enum multipart_state {
    MULTIPART_PREAMBLE,
    MULTIPART_AFTER, /* a boundary: its line ends, or the form does */
    MULTIPART_HEAD,
    MULTIPART_DATA,
    MULTIPART_EPILOGUE
};

/** All fields belong to multipart.c; nothing to release. */
struct multipart {
    const struct multipart_ops *ops; /* borrowed */
    void *ctx;                       /* borrowed */
    enum multipart_state state;
    char mark[MULTIPART_BOUNDARY_MAX + 5]; /* CR LF "--" boundary */
    size_t mark_len;
    size_t matched; /* bytes of the mark */
    unsigned n_parts;
    char head[MULTIPART_HEAD_MAX + 1];
    size_t head_len;
};

/** `content_type` is the request's header.  LW_EFORMAT: no form, or a boundary that is
 *  missing or none. */
LW_MUST enum lw_status multipart_init(struct multipart *m, const char *content_type,
                                      const struct multipart_ops *ops, void *ctx,
                                      struct lw_error *err);
/** LW_EFORMAT; LW_ELIMIT: too many parts, or a head that is too long; what the
 *  callbacks return. */
LW_MUST enum lw_status multipart_feed(struct multipart *m, struct span piece,
                                      struct lw_error *err);
/** There is no more.  LW_ETRUNCATED: the last boundary is missing. */
LW_MUST enum lw_status multipart_finish(const struct multipart *m,
                                        struct lw_error *err);

/** A parameter of a header's value ("form-data; name=\"a\""): unquoted to out (size),
 *  false where it is absent or does not fit. */
bool multipart_parameter(const char *value, const char *name, char *out, size_t size);

#endif /* SERVE_MULTIPART_H */
