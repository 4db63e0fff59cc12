/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole capture through a meter, by one thread or by several.
 *
 * Packets go in batches through four steps:
 *
 *     read     one batch at a time               packets in a buffer of their own
 *     prepare  any number at once                decoded, keyed and hashed
 *     meter    one batch at a time, in order     records, kept with the batch
 *     tell     one batch at a time, in order     the caller's functions
 *
 * Each thread takes one batch after the other through all four; while one meters,
 * others read and prepare.  A thread waits only where it is not yet its batch's turn.
 * Threads for steps, or whoever is free taking what is next, were tried: then what one
 * core decoded is metered by another, and moving it between them costs more than is
 * won.
 *
 * Flows are not sharded.  Half of the work (reading, preparing) is shared by any number
 * of threads; the other half is done by one at a time and bounds the whole.  In
 * exchange there is one table with one limit and one order of eviction, and what is
 * reported is the same to the byte for any number of threads, without a stage that puts
 * it in order again (docs/adr/0005-one-table-many-threads.md).
 */
#include "arrival.h"
#include "base/assert.h"
#include "base/mem.h"
#include "packet/capture_trade.h"

#include <lapwing/flow_stats.h>

#include <pthread.h>
#include <stdatomic.h>

enum {
    THREADS_MAX = 64,
    /* Enough for what one read brings; small enough that a batch fits the second-level
     * cache with its bytes. */
    BATCH_PACKETS = 2048,
    /* One thread needs no room for what waits. */
    ALONE_PACKETS = 256,
    /* How often to look whose turn it is before going to sleep: some 20 us, in which
     * most steps of others end. */
    SPINS = 500
};

/* A record, and what the meter's watermark was when it was made. */
struct kept_record {
    struct lw_record rec;
    int64_t watermark_ns;
};

struct batch {
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

/* Which batch may be metered, or told, now. */
typedef atomic_uint_fast64_t turn;

struct crew {
    struct lw_meter *meter; /* borrowed */
    struct lw_capture *cap; /* borrowed */
    const struct lw_run *run;
    struct meter_moment shown; /* what the caller's functions see */
    turn metering;
    turn telling;
    atomic_bool gave_up; /* something failed */

    pthread_mutex_t read_lock; /* guards the capture, and: */
    uint64_t n_read;           /* batches, which are numbered from 0 */
    bool read_all;

    pthread_mutex_t lock; /* guards the waiting for turns, and: */
    pthread_cond_t turned;
    enum lw_status failed; /* LW_OK, or the first failure, in `why` */
    struct lw_error why;
};

/* ---- the steps --------------------------------------------------------------------
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
    const struct lw_meter *meter;
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
    void *p = mem_grow(b->recs, &b->cap_recs, b->n_recs + 1, sizeof *b->recs);

    if (p != NULL)
        b->recs = p;
    if (p == NULL || (rec->stats != NULL && !keep_stats(b, rec->stats))) {
        b->out_of_memory = true;
        return;
    }
    b->recs[b->n_recs].rec = *rec;
    b->recs[b->n_recs++].watermark_ns = meter_watermark_ns(k->meter);
}

static enum lw_status meter_batch(struct crew *c, struct batch *b, struct lw_error *err)
{
    struct keeper k = {c->meter, b};

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

static inline void spin_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* ---- turns ------------------------------------------------------------------------
 */

static void fail(struct crew *c, enum lw_status st, const struct lw_error *why)
{
    (void)pthread_mutex_lock(&c->lock);
    if (c->failed == LW_OK) {
        c->failed = st;
        c->why = *why;
    }
    atomic_store_explicit(&c->gave_up, true, memory_order_release);
    (void)pthread_cond_broadcast(&c->turned);
    (void)pthread_mutex_unlock(&c->lock);
}

static bool is_over(const struct crew *c, const turn *t, uint64_t number)
{
    return atomic_load_explicit(t, memory_order_acquire) == number ||
           atomic_load_explicit(&c->gave_up, memory_order_acquire);
}

/* Wait until it is the turn of batch `number`; false: it will not be any more. */
static bool wait_for_turn(struct crew *c, const turn *t, uint64_t number)
{
    for (unsigned i = 0; i < SPINS && !is_over(c, t, number); i++)
        spin_pause();
    if (!is_over(c, t, number)) {
        (void)pthread_mutex_lock(&c->lock);
        while (!is_over(c, t, number))
            (void)pthread_cond_wait(&c->turned, &c->lock);
        (void)pthread_mutex_unlock(&c->lock);
    }
    return !atomic_load_explicit(&c->gave_up, memory_order_acquire);
}

static void pass_turn(struct crew *c, turn *t, uint64_t number)
{
    atomic_store_explicit(t, number + 1, memory_order_release);
    /* Whoever goes to sleep looks once more with the lock held. */
    (void)pthread_mutex_lock(&c->lock);
    (void)pthread_cond_broadcast(&c->turned);
    (void)pthread_mutex_unlock(&c->lock);
}

/* The next batch; false: there is none. */
static bool take_batch(struct crew *c, struct batch *b, uint64_t *number)
{
    struct lw_error why;
    enum lw_status st = LW_END;

    (void)pthread_mutex_lock(&c->read_lock);
    if (!c->read_all && !atomic_load_explicit(&c->gave_up, memory_order_acquire))
        st = read_batch(c, b, &why);
    c->read_all |= st != LW_OK;
    *number = c->n_read;
    c->n_read += st == LW_OK;
    (void)pthread_mutex_unlock(&c->read_lock);
    if (st != LW_OK && st != LW_END)
        fail(c, st, &why);
    return st == LW_OK;
}

/* ---- a thread ---------------------------------------------------------------------
 */

/* One batch through its steps; false: no more. */
static bool work_once(struct crew *c, struct batch *b)
{
    struct lw_error why;
    enum lw_status st;
    uint64_t number;

    if (!take_batch(c, b, &number))
        return false;
    meter_prepare(c->meter, b->pkts, b->n_pkts, b->arrivals);
    if (!wait_for_turn(c, &c->metering, number))
        return false;
    st = meter_batch(c, b, &why);
    pass_turn(c, &c->metering, number);
    if (st == LW_OK) {
        if (!wait_for_turn(c, &c->telling, number))
            return false;
        st = tell_batch(c, b, &why);
    }
    /* First: whoever's turn it is must see it. */
    if (st != LW_OK)
        fail(c, st, &why);
    pass_turn(c, &c->telling, number);
    return st == LW_OK;
}

static bool batch_init(struct batch *b)
{
    *b =
        (struct batch){.pkts = mem_zalloc(BATCH_PACKETS, sizeof *b->pkts),
                       .arrivals = mem_alloc_table(BATCH_PACKETS, sizeof *b->arrivals)};
    return b->pkts != NULL && b->arrivals != NULL;
}

static void batch_release(struct batch *b)
{
    mem_free(b->pkts);
    mem_free(b->arrivals);
    mem_free(b->buffer.data);
    mem_free(b->recs);
    mem_free(b->stats);
}

static void *work(void *ctx)
{
    const struct lw_error no_memory = {LW_ENOMEM, "out of memory for packets"};
    struct crew *c = ctx;
    struct batch b;

    if (!batch_init(&b)) {
        fail(c, LW_ENOMEM, &no_memory);
    } else {
        while (work_once(c, &b))
            ;
    }
    batch_release(&b);
    return NULL;
}

/* ---- the crew ---------------------------------------------------------------------
 */

/* Start the others, work along, wait for them. */
static enum lw_status crew_work(struct crew *c, struct lw_error *err)
{
    const struct lw_error no_thread = {LW_EINVAL, "cannot start so many threads"};
    pthread_t others[THREADS_MAX];
    unsigned n = 0;

    while (n + 1 < c->run->n_threads && pthread_create(&others[n], NULL, work, c) == 0)
        n++;
    if (n + 1 < c->run->n_threads)
        fail(c, LW_EINVAL, &no_thread);
    (void)work(c);
    for (unsigned i = 0; i < n; i++)
        (void)pthread_join(others[i], NULL);
    return c->failed == LW_OK ? LW_OK : lw_fail(err, c->failed, "%s", c->why.msg);
}

static enum lw_status run_shared(struct lw_meter *m, struct lw_capture *cap,
                                 const struct lw_run *run, struct lw_error *err)
{
    struct crew c = {.meter = m, .cap = cap, .run = run};
    enum lw_status st;

    (void)pthread_mutex_init(&c.read_lock, NULL);
    (void)pthread_mutex_init(&c.lock, NULL);
    (void)pthread_cond_init(&c.turned, NULL);
    meter_now(m, &c.shown);
    meter_show(m, &c.shown);
    st = crew_work(&c, err);
    meter_show(m, NULL);
    (void)pthread_cond_destroy(&c.turned);
    (void)pthread_mutex_destroy(&c.lock);
    (void)pthread_mutex_destroy(&c.read_lock);
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
