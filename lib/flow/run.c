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
 * others read and prepare.  A thread waits only where it is not yet its batch's turn,
 * and tells meanwhile what a batch that ends many flows has to tell.  Threads for
 * steps, or whoever is free taking what is next, were tried: then what one core decoded
 * is metered by another, and moving it between them costs more than is won.
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
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

enum {
    THREADS_MAX = 64,
    /* Enough for what one read brings; small enough that a batch fits the second-level
     * cache with its bytes. */
    BATCH_PACKETS = 2048,
    BLOCK_RECORDS = 512,
    FULL_MAX = 4, /* full blocks of the batch that is told */
    /* One thread needs no room for what waits. */
    ALONE_PACKETS = 256,
    /* How often to look whose turn it is before going to sleep: some 20 us, in which
     * most steps of others end. */
    SPINS = 500,
    YIELDS = 200
};

/* A record, and what the meter's watermark was when it was made. */
struct kept_record {
    struct lw_record rec;
    int64_t watermark_ns;
};

/* Records on their way to the caller. */
struct block {
    struct block *next; /* in a list of blocks, which owns it */
    size_t n;
    struct kept_record recs[BLOCK_RECORDS];
    /* What records only lend (struct meter_lends): first (BLOCK_RECORDS) of one kind,
     * then of the next. */
    _Alignas(16) unsigned char lent[];
};

struct batch {
    uint64_t number;
    struct lw_packet *pkts;   /* owned (BATCH_PACKETS); data in `buffer` */
    struct arrival *arrivals; /* owned (BATCH_PACKETS) */
    size_t n_pkts;
    struct stream_buffer buffer;
    struct block *block;        /* owned; NULL: no record yet */
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
    struct meter_lends lends;
    turn metering;
    turn telling;
    atomic_bool gave_up; /* something failed */

    pthread_mutex_t read_lock; /* guards the capture, and: */
    uint64_t n_read;           /* batches, which are numbered from 0 */
    bool read_all;

    pthread_mutex_t tell_lock; /* held by whoever calls the caller's functions */

    pthread_mutex_t lock; /* guards the waiting for turns, and: */
    pthread_cond_t turned;
    struct block *full; /* owned: blocks of the batch whose turn it is to be told, first
                           to last */
    struct block **full_end;
    atomic_uint n_full;
    struct block *spare;   /* owned: blocks to be used again */
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

static enum lw_status tell_packets(const struct lw_run *run, const struct batch *b,
                                   struct lw_error *err)
{
    const struct lw_run_batch told = {b->pkts, b->n_pkts, &b->capture};

    return run->batch == NULL ? LW_OK : run->batch(run->batch_ctx, &told, err);
}

static void *stats_in(const struct crew *c, struct block *b, size_t i)
{
    return b->lent + c->lends.stats_bytes * i;
}

static void *tapped_in(const struct crew *c, struct block *b, size_t i)
{
    return b->lent + c->lends.stats_bytes * BLOCK_RECORDS + c->lends.tapped_bytes * i;
}

static void *handshake_in(const struct crew *c, struct block *b, size_t i)
{
    const size_t before = c->lends.stats_bytes + c->lends.tapped_bytes;

    return b->lent + before * BLOCK_RECORDS + c->lends.handshake_bytes * i;
}

static void tell_block(struct crew *c, struct block *b)
{
    for (size_t i = 0; i < b->n && c->run->record != NULL; i++) {
        struct lw_record *rec = &b->recs[i].rec;

        if (rec->stats != NULL)
            rec->stats = stats_in(c, b, i);
        if (rec->tapped != NULL)
            rec->tapped = tapped_in(c, b, i);
        if (rec->handshake != NULL)
            rec->handshake = handshake_in(c, b, i);
        c->shown.watermark_ns = b->recs[i].watermark_ns;
        c->run->record(c->run->record_ctx, rec);
    }
    b->n = 0;
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

static unsigned n_full(const struct crew *c)
{
    return atomic_load_explicit(&c->n_full, memory_order_acquire);
}

static struct block *take_full(struct crew *c)
{
    struct block *b;

    (void)pthread_mutex_lock(&c->lock);
    b = c->full;
    if (b != NULL) {
        c->full = b->next;
        if (c->full == NULL)
            c->full_end = &c->full;
        (void)atomic_fetch_sub_explicit(&c->n_full, 1, memory_order_acq_rel);
    }
    (void)pthread_mutex_unlock(&c->lock);
    return b;
}

static void give_spare(struct crew *c, struct block *b)
{
    (void)pthread_mutex_lock(&c->lock);
    b->next = c->spare;
    c->spare = b;
    (void)pthread_mutex_unlock(&c->lock);
}

/* Tell the first full block; false: there is none, and nobody is telling one. */
static bool tell_full(struct crew *c)
{
    struct block *b;

    (void)pthread_mutex_lock(&c->tell_lock);
    b = take_full(c);
    if (b != NULL)
        tell_block(c, b);
    (void)pthread_mutex_unlock(&c->tell_lock);
    if (b != NULL)
        give_spare(c, b);
    return b != NULL;
}

/* Go to sleep until something happens. */
static void sleep_for_turn(struct crew *c, const turn *t, uint64_t number)
{
    (void)pthread_mutex_lock(&c->lock);
    while (!is_over(c, t, number) && n_full(c) == 0)
        (void)pthread_cond_wait(&c->turned, &c->lock);
    (void)pthread_mutex_unlock(&c->lock);
}

/* Wait until it is the turn of batch `number`, telling what others have to tell
 * meanwhile; false: it will not be any more. */
static bool wait_for_turn(struct crew *c, const turn *t, uint64_t number)
{
    for (unsigned i = 0; !is_over(c, t, number); i++) {
        if (n_full(c) > 0) {
            (void)tell_full(c);
            i = 0;
        } else if (i < SPINS) {
            spin_pause();
        } else if (i < SPINS + YIELDS) {
            (void)sched_yield();
        } else {
            sleep_for_turn(c, t, number);
        }
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
static bool take_batch(struct crew *c, struct batch *b)
{
    struct lw_error why;
    enum lw_status st = LW_END;

    (void)pthread_mutex_lock(&c->read_lock);
    if (!c->read_all && !atomic_load_explicit(&c->gave_up, memory_order_acquire))
        st = read_batch(c, b, &why);
    c->read_all |= st != LW_OK;
    b->number = c->n_read;
    c->n_read += st == LW_OK;
    (void)pthread_mutex_unlock(&c->read_lock);
    if (st != LW_OK && st != LW_END)
        fail(c, st, &why);
    return st == LW_OK;
}

/* ---- records ----------------------------------------------------------------------
 */

static struct block *new_block(struct crew *c)
{
    const size_t lent = BLOCK_RECORDS * (c->lends.stats_bytes + c->lends.tapped_bytes +
                                         c->lends.handshake_bytes);
    struct block *b;

    (void)pthread_mutex_lock(&c->lock);
    b = c->spare;
    if (b != NULL)
        c->spare = b->next;
    (void)pthread_mutex_unlock(&c->lock);
    if (b == NULL)
        b = mem_alloc(sizeof *b + lent);
    if (b != NULL)
        b->n = 0;
    return b;
}

static void free_blocks(struct block *b)
{
    while (b != NULL) {
        struct block *next = b->next;

        mem_free(b);
        b = next;
    }
}

/* A batch can end any number of flows, when time leaps.  Its full blocks are told while
 * it is still metered, by whoever waits, and by itself when nobody keeps up: so there
 * are never more than a few. */
static void hand_over(struct crew *c, struct batch *b)
{
    if (!wait_for_turn(c, &c->telling, b->number))
        return;
    while (n_full(c) >= FULL_MAX)
        (void)tell_full(c);
    (void)pthread_mutex_lock(&c->lock);
    b->block->next = NULL;
    *c->full_end = b->block;
    c->full_end = &b->block->next;
    b->block = NULL;
    (void)atomic_fetch_add_explicit(&c->n_full, 1, memory_order_acq_rel);
    (void)pthread_cond_broadcast(&c->turned);
    (void)pthread_mutex_unlock(&c->lock);
}

struct keeper {
    struct crew *crew;
    struct batch *batch;
};

/* What the record of place n points to. */
static void keep_lent(const struct crew *c, struct block *b,
                      const struct lw_record *rec)
{
    if (rec->stats != NULL)
        memcpy(stats_in(c, b, b->n), rec->stats, c->lends.stats_bytes);
    if (rec->tapped != NULL)
        memcpy(tapped_in(c, b, b->n), rec->tapped, c->lends.tapped_bytes);
    if (rec->handshake != NULL)
        memcpy(handshake_in(c, b, b->n), rec->handshake, c->lends.handshake_bytes);
}

static void keep_record(void *ctx, const struct lw_record *rec)
{
    struct keeper *k = ctx;
    struct batch *b = k->batch;
    struct block *block;

    if (b->block != NULL && b->block->n == BLOCK_RECORDS)
        hand_over(k->crew, b);
    if (b->block == NULL)
        b->block = new_block(k->crew);
    block = b->block;
    if (block == NULL || block->n == BLOCK_RECORDS) {
        b->out_of_memory |= block == NULL;
        return; /* full: the run was given up */
    }
    block->recs[block->n].rec = *rec;
    block->recs[block->n].watermark_ns = meter_watermark_ns(k->crew->meter);
    keep_lent(k->crew, block, rec);
    block->n++;
}

static enum lw_status meter_batch(struct crew *c, struct batch *b, struct lw_error *err)
{
    struct keeper k = {c, b};

    meter_add_arrivals(c->meter, b->arrivals, b->n_pkts, keep_record, &k);
    meter_now(c->meter, &b->moment);
    return b->out_of_memory ? lw_fail(err, LW_ENOMEM, "out of memory for records")
                            : LW_OK;
}

/* What is left of it. */
static enum lw_status tell_batch(struct crew *c, struct batch *b, struct lw_error *err)
{
    enum lw_status st;

    while (tell_full(c))
        ;
    (void)pthread_mutex_lock(&c->tell_lock);
    if (b->block != NULL)
        tell_block(c, b->block);
    c->shown = b->moment;
    st = tell_packets(c->run, b, err);
    (void)pthread_mutex_unlock(&c->tell_lock);
    return st;
}

/* ---- a thread ---------------------------------------------------------------------
 */

/* One batch through its steps; false: no more. */
static bool work_once(struct crew *c, struct batch *b)
{
    struct lw_error why;
    enum lw_status st;

    if (!take_batch(c, b))
        return false;
    meter_prepare(c->meter, b->pkts, b->n_pkts, b->arrivals);
    if (!wait_for_turn(c, &c->metering, b->number))
        return false;
    st = meter_batch(c, b, &why);
    pass_turn(c, &c->metering, b->number);
    if (st == LW_OK) {
        if (!wait_for_turn(c, &c->telling, b->number))
            return false;
        st = tell_batch(c, b, &why);
    }
    /* First: whoever's turn it is must see it. */
    if (st != LW_OK)
        fail(c, st, &why);
    pass_turn(c, &c->telling, b->number);
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
    mem_free(b->block);
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
    struct crew c = {.meter = m, .cap = cap, .run = run, .lends = meter_lends(m)};
    enum lw_status st;

    c.full_end = &c.full;
    (void)pthread_mutex_init(&c.read_lock, NULL);
    (void)pthread_mutex_init(&c.tell_lock, NULL);
    (void)pthread_mutex_init(&c.lock, NULL);
    (void)pthread_cond_init(&c.turned, NULL);
    meter_now(m, &c.shown);
    meter_show(m, &c.shown);
    st = crew_work(&c, err);
    meter_show(m, NULL);
    (void)pthread_cond_destroy(&c.turned);
    (void)pthread_mutex_destroy(&c.lock);
    (void)pthread_mutex_destroy(&c.tell_lock);
    (void)pthread_mutex_destroy(&c.read_lock);
    free_blocks(c.full);
    free_blocks(c.spare);
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
