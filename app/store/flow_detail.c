/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One flow, with what only some flows have: reasons, vectors, words, first packets.
 */
#include "store/flow_query.h"

#include "base/mem.h"
#include "store/flow_row.h"

#include <string.h>

struct detail {
    struct store_score *scores; /* (n) borrowed */
    uint32_t n;
    char *reasons[STORE_DETECTORS_MAX];  /* owned */
    float *vectors[STORE_DETECTORS_MAX]; /* owned */
    char *words;                         /* owned */
    char *first_packets;                 /* owned */
};

static void read_evidence(void *ctx, struct db_stmt *q)
{
    struct detail *d = ctx;
    int64_t i = db_int(q, 0);
    size_t n;
    struct span bytes;

    if (i < 0 || i >= d->n || d->reasons[i] != NULL || d->vectors[i] != NULL)
        return;
    d->reasons[i] = db_is_null(q, 1) ? NULL : mem_strdup(db_text(q, 1));
    d->scores[i].reasons = d->reasons[i];
    bytes.p = db_blob(q, 2, &n);
    bytes.n = n;
    d->vectors[i] = n == 0 ? NULL : mem_alloc(n);
    if (d->vectors[i] == NULL)
        return;
    for (size_t k = 0; k < n / 4; k++)
        (void)span_take_f32(&bytes, &d->vectors[i][k]);
    d->scores[i].vector = d->vectors[i];
    d->scores[i].n_vector = (uint32_t)(n / 4);
}

static void read_detail(void *ctx, struct db_stmt *q)
{
    struct detail *d = ctx;

    d->words = db_is_null(q, 0) ? NULL : mem_strdup(db_text(q, 0));
    d->first_packets = db_is_null(q, 1) ? NULL : mem_strdup(db_text(q, 1));
}

struct whole {
    struct flow_db *file;
    store_flow_fn fn;
    void *ctx;
    enum lw_status st;
    struct lw_error *err;
};

/* With what only some flows have. */
static void add_detail(void *ctx, const struct store_flow *given)
{
    struct whole *w = ctx;
    struct store_score scores[STORE_DETECTORS_MAX];
    struct store_flow f = *given;
    struct detail d = {.scores = scores, .n = f.n_scores};
    int64_t number = flow_id_number(f.id);

    memcpy(scores, f.scores, f.n_scores * sizeof scores[0]);
    f.scores = scores;
    w->st =
        db_query(w->file->db, w->err, read_evidence, &d, NULL,
                 "SELECT n, reasons, vector FROM evidence WHERE flow = ?", "i", number);
    if (w->st == LW_OK)
        w->st = db_query(w->file->db, w->err, read_detail, &d, NULL,
                         "SELECT words, first_packets FROM details WHERE flow = ?", "i",
                         number);
    f.words = d.words;
    f.first_packets = d.first_packets;
    if (w->st == LW_OK)
        w->fn(w->ctx, &f);
    for (size_t i = 0; i < STORE_DETECTORS_MAX; i++) {
        mem_free(d.reasons[i]);
        mem_free(d.vectors[i]);
    }
    mem_free(d.words);
    mem_free(d.first_packets);
}

enum lw_status store_flow_get(struct store *s, int64_t id, store_flow_fn fn, void *ctx,
                              struct lw_error *err)
{
    struct whole w = {.fn = fn, .ctx = ctx, .st = LW_OK, .err = err};
    int64_t capture = 0;
    struct db *main = NULL;
    enum lw_status st = store_reader_take(s, &main, err);

    if (st == LW_OK)
        st = db_number(main, err, &capture, 0,
                       "SELECT capture FROM runs WHERE id = ? AND complete", "i",
                       flow_id_run(id));
    if (st == LW_OK && capture == 0)
        st = store_missing("flow", id, err);
    if (st == LW_OK)
        st = flow_db_take(s, flow_id_run(id), &w.file, err);
    if (st == LW_OK)
        st = flow_emit(main, w.file, capture, id, add_detail, &w, err);
    flow_db_give(s, w.file);
    store_reader_give(s, main);
    return st == LW_OK ? w.st : st;
}
