/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole capture through a meter, by one thread or by several.
 *
 * Packets go in batches through four steps:
 *
 *     read     one batch at a time, in order     packets in a buffer of their own
 *     prepare  any batch, by whoever read it     decoded, keyed and hashed
 *     meter    one batch at a time, in order     records, kept with the batch
 *     tell     one batch at a time, in order     the caller's functions
 *
 * Batches are the slots of a ring.  There are no threads for steps: each thread takes
 * what can be done and is nearest to the end, so that the work is shared out by itself
 * and a batch stays where it is warm.  One lock guards the ring, held for a few
 * instructions a batch.
 *
 * Flows are not sharded.  Half of the work (reading, preparing) is shared by any number
 * of threads; the other half is done by one at a time and can do more packets a second
 * than a 10 Gb/s line brings (docs/performance.md).  In exchange there is one table
 * with one limit and one order of eviction, and what is reported is the same to the
 * byte for any number of threads, without a stage that puts it in order again.
 */
#include "arrival.h"
#include "base/assert.h"
#include "base/mem.h"
#include "packet/capture_trade.h"

#include <lapwing/flow_stats.h>

#include <pthread.h>
#include <string.h>

enum {
    THREADS_MAX = 64,
    /* Enough for what one read brings; small enough that a batch fits the second-level
     * cache with its bytes. */
    BATCH_PACKETS = 1024,
    /* A thread can be busy with one while another one waits for it, and one is read. */
    SLOTS_PER_THREAD = 2,
    SLOTS_EXTRA = 2,
    /* One thread needs no room for what waits. */
    ALONE_PACKETS = 256
};

enum step { SLOT_FREE, SLOT_BUSY, SLOT_PREPARED, SLOT_METERED };

/* A record, and what the meter's watermark was when it was made. */
struct kept_record {
    struct lw_record rec;
    int64_t watermark_ns;
};

struct batch {
    enum step step;           /* guarded by the lock */
    struct lw_packet *pkts;   /* owned (BATCH_PACKETS); data in `buffer` */
    struct arrival *arrivals; /* owned (BATCH_PACKETS) */
    size_t n_pkts;
    struct stream_buffer buffer;
    struct kept_record *recs; /* owned (cap_recs) */
    size_t n_recs;
    size_t cap_recs;
    struct lw_flow_stats *stats; /* owned (cap_stats): by record, of a meter that
                                    collects them */
    size_t cap_stats;
    bool out_of_memory;         /* a record could not be kept */
    struct meter_moment moment; /* after the batch */
    struct lw_capture_stats capture;
};

struct crew {
    struct lw_meter *meter; /* borrowed */
    struct lw_capture *cap; /* borrowed */
    const struct lw_run *run;
    struct batch *batches; /* owned (n_batches) */
    size_t n_batches;
    struct meter_moment shown; /* what the caller's functions see */

    pthread_mutex_t lock; /* guards all that follows, and the steps of batches */
    pthread_cond_t changed;
    uint64_t next_read; /* batches are numbered; number modulo n_batches is the slot */
    uint64_t next_meter;
    uint64_t next_tell;
    bool reading; /* somebody is at it */
    bool metering;
    bool telling;
    bool read_all;
    enum lw_status failed; /* LW_OK, or the first failure, in `why` */
    struct lw_error why;
};

static struct batch *slot(const struct crew *c, uint64_t number)
{
    return &c->batches[number % c->n_batches];
}

/* ---- the steps, without the lock --------------------------------------------------
 */

/* LW_END when there is nothing more. */
static enum lw_status read_batch(struct crew *c, struct batch *b, struct lw_error *err)
{
    enum lw_status st =
        lw_capture_next_batch(c->cap, b->pkts, BATCH_PACKETS, &b->n_pkts, err);

    if (st == LW_OK && !capture_trade(c->cap, &b->buffer))
        st = lw_fail(err, LW_ENOMEM, "out of memory for packets");
    lw_capture_get_stats(c->cap, &b->capture);
    return st;
}

struct keeper {
    struct crew *crew;
    struct batch *batch;
};

/* For the record that is kept next. */
static bool keep_stats(struct batch *b, const struct lw_flow_stats *stats)
{
    void *p = mem_grow(b->stats, &b->cap_stats, b->n_recs + 1, sizeof *b->stats);

    if (p == NULL)
        return false;
    b->stats = p;
    b->stats[b->n_recs] = *stats;
    return true;
}

static void keep_record(void *ctx, const struct lw_record *rec)
{
    struct keeper *k = ctx;
    struct batch *b = k->batch;
    struct meter_moment now;
    void *p = mem_grow(b->recs, &b->cap_recs, b->n_recs + 1, sizeof *b->recs);

    if (p != NULL)
        b->recs = p;
    if (p == NULL || (rec->stats != NULL && !keep_stats(b, rec->stats))) {
        b->out_of_memory = true;
        return;
    }
    meter_now(k->crew->meter, &now);
    b->recs[b->n_recs++] = (struct kept_record){*rec, now.watermark_ns};
}

static enum lw_status meter_batch(struct crew *c, struct batch *b, struct lw_error *err)
{
    struct keeper k = {c, b};

    b->n_recs = 0;
    meter_add_arrivals(c->meter, b->arrivals, b->n_pkts, keep_record, &k);
    meter_now(c->meter, &b->moment);
    return b->out_of_memory ? lw_fail(err, LW_ENOMEM, "out of memory for records")
                            : LW_OK;
}

static enum lw_status tell_packets(const struct lw_run *run, const struct batch *b,
                                   struct lw_error *err)
{
    const struct lw_run_batch told = {b->pkts, b->n_pkts, &b->capture};

    return run->batch == NULL ? LW_OK : run->batch(run->batch_ctx, &told, err);
}

static enum lw_status tell_batch(struct crew *c, const struct batch *b,
                                 struct lw_error *err)
{
    for (size_t i = 0; i < b->n_recs && c->run->record != NULL; i++) {
        struct lw_record *rec = &b->recs[i].rec;

        if (rec->stats != NULL)
            rec->stats = &b->stats[i];
        c->shown.watermark_ns = b->recs[i].watermark_ns;
        c->run->record(c->run->record_ctx, rec);
    }
    c->shown = b->moment;
    return tell_packets(c->run, b, err);
}

/* ---- sharing out, with the lock ---------------------------------------------------
 */

static void fail(struct crew *c, enum lw_status st, const struct lw_error *why)
{
    if (c->failed != LW_OK)
        return;
    c->failed = st;
    c->why = *why;
}

static void leave(struct crew *c)
{
    (void)pthread_mutex_unlock(&c->lock);
}

/* Back from a step. */
static void come_back(struct crew *c, enum lw_status st, const struct lw_error *why)
{
    (void)pthread_mutex_lock(&c->lock);
    if (st != LW_OK)
        fail(c, st, why);
    (void)pthread_cond_broadcast(&c->changed);
}

static bool try_tell(struct crew *c)
{
    struct batch *b = slot(c, c->next_tell);
    struct lw_error why;
    enum lw_status st;

    if (c->telling || b->step != SLOT_METERED)
        return false;
    c->telling = true;
    leave(c);
    st = tell_batch(c, b, &why);
    come_back(c, st, &why);
    c->telling = false;
    b->step = SLOT_FREE;
    c->next_tell++;
    return true;
}

static bool try_meter(struct crew *c)
{
    struct batch *b = slot(c, c->next_meter);
    struct lw_error why;
    enum lw_status st;

    if (c->metering || b->step != SLOT_PREPARED)
        return false;
    c->metering = true;
    b->step = SLOT_BUSY;
    leave(c);
    st = meter_batch(c, b, &why);
    come_back(c, st, &why);
    c->metering = false;
    b->step = SLOT_METERED;
    c->next_meter++;
    return true;
}

static bool try_read(struct crew *c)
{
    struct batch *b = slot(c, c->next_read);
    struct lw_error why;
    enum lw_status st;

    if (c->reading || c->read_all || b->step != SLOT_FREE)
        return false;
    c->reading = true;
    b->step = SLOT_BUSY;
    leave(c);
    st = read_batch(c, b, &why);
    come_back(c, st == LW_END ? LW_OK : st, &why);
    c->reading = false;
    if (st != LW_OK) {
        c->read_all = true;
        b->step = SLOT_FREE;
        return true;
    }
    c->next_read++;
    leave(c);
    meter_prepare(c->meter, b->pkts, b->n_pkts, b->arrivals);
    come_back(c, LW_OK, NULL);
    b->step = SLOT_PREPARED;
    return true;
}

static bool all_done(const struct crew *c)
{
    return c->failed != LW_OK || (c->read_all && c->next_tell == c->next_read);
}

static void *work(void *ctx)
{
    struct crew *c = ctx;

    (void)pthread_mutex_lock(&c->lock);
    while (!all_done(c)) {
        if (!try_tell(c) && !try_meter(c) && !try_read(c))
            (void)pthread_cond_wait(&c->changed, &c->lock);
    }
    (void)pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* ---- the crew -----------------------------------------------------------------------
 */

static void crew_release(struct crew *c)
{
    for (size_t i = 0; i < c->n_batches; i++) {
        struct batch *b = &c->batches[i];

        mem_free(b->pkts);
        mem_free(b->arrivals);
        mem_free(b->buffer.data);
        mem_free(b->recs);
        mem_free(b->stats);
    }
    mem_free(c->batches);
    (void)pthread_cond_destroy(&c->changed);
    (void)pthread_mutex_destroy(&c->lock);
}

static enum lw_status crew_init(struct crew *c, struct lw_meter *m,
                                struct lw_capture *cap, const struct lw_run *run,
                                struct lw_error *err)
{
    *c = (struct crew){.meter = m, .cap = cap, .run = run};
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->changed, NULL);
    c->batches =
        mem_zalloc(run->n_threads * SLOTS_PER_THREAD + SLOTS_EXTRA, sizeof *c->batches);
    if (c->batches == NULL)
        goto no_memory;
    c->n_batches = run->n_threads * SLOTS_PER_THREAD + SLOTS_EXTRA;
    for (size_t i = 0; i < c->n_batches; i++) {
        struct batch *b = &c->batches[i];

        b->pkts = mem_zalloc(BATCH_PACKETS, sizeof *b->pkts);
        b->arrivals = mem_alloc_table(BATCH_PACKETS, sizeof *b->arrivals);
        if (b->pkts == NULL || b->arrivals == NULL)
            goto no_memory;
    }
    return LW_OK;
no_memory:
    crew_release(c);
    return lw_fail(err, LW_ENOMEM, "out of memory for packets");
}

/* Start the others, work along, wait for them. */
static enum lw_status crew_work(struct crew *c, struct lw_error *err)
{
    pthread_t others[THREADS_MAX];
    unsigned n = 0;
    int error = 0;

    while (n + 1 < c->run->n_threads && error == 0) {
        error = pthread_create(&others[n], NULL, work, c);
        n += error == 0;
    }
    if (error != 0) {
        const struct lw_error why = {LW_EINVAL, "cannot start so many threads"};

        (void)pthread_mutex_lock(&c->lock);
        fail(c, LW_EINVAL, &why);
        (void)pthread_cond_broadcast(&c->changed);
        (void)pthread_mutex_unlock(&c->lock);
    }
    (void)work(c);
    for (unsigned i = 0; i < n; i++)
        (void)pthread_join(others[i], NULL);
    return c->failed == LW_OK ? LW_OK : lw_fail(err, c->failed, "%s", c->why.msg);
}

static enum lw_status run_shared(struct lw_meter *m, struct lw_capture *cap,
                                 const struct lw_run *run, struct lw_error *err)
{
    struct crew c;
    enum lw_status st = crew_init(&c, m, cap, run, err);

    if (st != LW_OK)
        return st;
    meter_now(m, &c.shown);
    meter_show(m, &c.shown);
    st = crew_work(&c, err);
    meter_show(m, NULL);
    crew_release(&c);
    return st;
}

/* ---- one thread ---------------------------------------------------------------------
 */

static enum lw_status run_alone(struct lw_meter *m, struct lw_capture *cap,
                                const struct lw_run *run, struct lw_error *err)
{
    struct lw_packet pkts[ALONE_PACKETS];
    struct batch b = {.pkts = pkts};
    enum lw_status st;

    for (;;) {
        st = lw_capture_next_batch(cap, pkts, ALONE_PACKETS, &b.n_pkts, err);
        if (st != LW_OK)
            return st == LW_END ? LW_OK : st;
        lw_meter_add_batch(m, pkts, b.n_pkts, run->record, run->record_ctx);
        lw_capture_get_stats(cap, &b.capture);
        st = tell_packets(run, &b, err);
        if (st != LW_OK)
            return st;
    }
}

enum lw_status lw_meter_run(struct lw_meter *m, struct lw_capture *cap,
                            const struct lw_run *run, struct lw_error *err)
{
    if (run->n_threads > THREADS_MAX)
        return lw_fail(err, LW_EINVAL, "%u threads, at most %d are possible",
                       run->n_threads, THREADS_MAX);
    if (run->n_threads <= 1 || !capture_can_trade(cap))
        return run_alone(m, cap, run, err);
    return run_shared(m, cap, run, err);
}
