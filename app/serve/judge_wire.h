/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/judge_wire.h - what the server and the process that judges tell each other.
 *
 * The server sends one request and gets frames: flows, progress, and one end.  Both are
 * made and read by the same binary, but the process has read a stranger's capture: its
 * frames are hostile bytes.  What they say of a flow may be false; that it is a flow,
 * of bounded size, with texts and numbers in their ranges, is checked here.
 *
 * Frames are those of frames.h.  A text is le32 length (all ones: none) and
 * bytes without NUL.
 */
#ifndef SERVE_JUDGE_WIRE_H
#define SERVE_JUDGE_WIRE_H

#include "base/buf.h"
#include "base/span.h"
#include "serve/judge.h"

enum { WIRE_TEXT_MAX = 16 * 1024, WIRE_VECTOR_MAX = 1024 };

enum wire_kind { WIRE_FLOW = 'F', WIRE_PROGRESS = 'P', WIRE_END = 'E' };

/** A request: thresholds, limits, networks and suppressions of cfg, and the files of
 * its models. */
void wire_put_request(struct buf *out, const struct judge_config *cfg);

/** What a request said; release with wire_request_release(). */
struct wire_request {
    struct judge_config cfg;                /* without models, file and functions */
    struct store_net *home;                 /* owned */
    struct store_suppression *suppressions; /* owned */
    struct span files[N_JUDGES]; /* models, borrowed from the bytes; empty: none */
};

/** LW_EFORMAT, LW_ENOMEM; then there is nothing to release. */
LW_MUST enum lw_status wire_take_request(struct wire_request *out, struct span bytes,
                                         struct lw_error *err);
void wire_request_release(struct wire_request *r);

/** Frames, header included. */
void wire_put_flow(struct buf *out, const struct store_flow *f, bool keep_detail);
void wire_put_progress(struct buf *out, double share, const struct judge_totals *t);
void wire_put_end(struct buf *out, enum lw_status st, const char *msg,
                  const struct judge_totals *t);

/** Room for what a frame says; all zero at first, released once.  Texts of the flow are
 *  borrowed from it until the next frame. */
struct wire_frame {
    enum wire_kind kind;
    struct store_flow flow;
    struct store_score scores[STORE_DETECTORS_MAX];
    bool keep_detail;
    double share;
    struct judge_totals totals; /* of WIRE_PROGRESS and WIRE_END */
    enum lw_status status;      /* of WIRE_END */
    char msg[256];
    struct buf text;   /* NUL-ended copies of the texts */
    struct buf vector; /* of the scores */
};

/** Read a frame's payload.  Detectors' names, model ids and views are those of `cfg`.
 *  LW_EFORMAT: no such frame.  LW_ENOMEM. */
LW_MUST enum lw_status wire_take_frame(struct wire_frame *out, uint8_t kind,
                                       struct span payload,
                                       const struct judge_config *cfg,
                                       struct lw_error *err);
void wire_frame_release(struct wire_frame *f);

#endif /* SERVE_JUDGE_WIRE_H */
