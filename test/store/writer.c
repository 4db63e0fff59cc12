/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer DIR SEED LEDGER: work on a store as a busy server does, until killed, and note
 * in the ledger what was acknowledged.  With --verify, see that the store has all of
 * it.
 *
 * Uploads (some in pieces, across restarts), analyses, labels and retention run in four
 * threads.  A line goes to the ledger, with one write(), after the store said yes; a
 * line that begins with "try" goes there before something that takes things away:
 *
 *     capture ID SIZE      upload ID OFFSET     from UPLOAD CAPTURE
 *     done JOB CAPTURE     label ALERT 4 * CAPTURE + LABEL
 *     try-delete CAPTURE
 *
 * What went with a deleted capture is not lost.
 */
#include "base/hash.h"
#include "base/rng.h"
#include "store/admin.h"
#include "store/alerts.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 20000, FLOWS = 300, IDS_MAX = 100000 };

static struct store *s;
static int ledger;

static void die(const char *what, const struct lw_error *err)
{
    (void)fprintf(stderr, "writer: %s: %s\n", what, err->msg);
    _exit(3);
}

static void note(const char *what, int64_t a, int64_t b)
{
    char line[96];
    int n = snprintf(line, sizeof line, "%s %" PRId64 " %" PRId64 "\n", what, a, b);

    if (write(ledger, line, (size_t)n) != n)
        _exit(4);
}

/* Gone meanwhile, or held by another thread: that is how it is. */
static bool is_fine(enum lw_status st)
{
    return st == LW_OK || st == LW_ENOTFOUND || st == LW_EMISMATCH || st == LW_END;
}

static void fill(char *piece, uint64_t seed)
{
    struct rng r;

    rng_init(&r, seed);
    for (size_t i = 0; i + 8 <= PIECE; i += 8) {
        uint64_t v = rng_next(&r);

        memcpy(piece + i, &v, sizeof v);
    }
}

static void *upload_all(void *ctx)
{
    static char piece[PIECE];
    struct rng r;

    rng_init(&r, *(uint64_t *)ctx);
    for (;;) {
        struct store_upload_config cfg = {
            .name = "a.pcap", .analyse = true, .resumable = rng_below(&r, 2) == 0};
        size_t n_pieces = 1 + rng_below(&r, 3);
        uint64_t offset = 0;
        int64_t id;
        int64_t capture;
        struct lw_error err;

        if (store_upload_begin(s, &cfg, &id, &err) != LW_OK)
            die("begin", &err);
        for (size_t i = 0; i < n_pieces; i++) {
            fill(piece, rng_below(&r, 8)); /* some captures are the same */
            if (store_upload_append(s, id, offset, piece, PIECE, &err) != LW_OK)
                die("append", &err);
            if (store_upload_sync(s, id, &offset, &err) != LW_OK)
                die("sync", &err);
            if (cfg.resumable)
                note("upload", id, (int64_t)offset);
        }
        if (store_upload_commit(s, id, &capture, NULL, &err) != LW_OK)
            die("commit", &err);
        note("from", id, capture);
        note("capture", capture, (int64_t)offset);
    }
    return NULL;
}

static void note_job(void *ctx, const struct store_job *j)
{
    *(struct store_job *)ctx = *j;
}

static struct store_flow flow(uint32_t i)
{
    struct store_flow f = {
        .start_ns = INT64_C(1600000000000000000) + (int64_t)i * 1000000,
        .proto = "tcp",
        .state = "S_",
        .addr = {{{4, 10, 0, 0, (uint8_t)(i % 7)}}, {{4, 10, 0, 1, (uint8_t)i}}},
        .port = {1000, 80},
        .packets = {1, 0},
        .bytes = {60, 0},
        .verdict = i % 3 == 0 ? LW_VERDICT_PROBE : LW_VERDICT_NORMAL,
        .score = 0.5F,
        .severity = 1,
        .alerted = i % 3 == 0,
    };

    return f;
}

static void analyse(int64_t job, int64_t capture)
{
    struct store_load *l = NULL;
    struct lw_error err;
    enum lw_status st = store_load_begin(&l, s, job, &err);

    if (!is_fine(st))
        die("load", &err);
    if (st != LW_OK)
        return;
    for (uint32_t i = 0; i < FLOWS; i++) {
        struct store_flow f = flow(i);

        if (store_load_add(l, &f, false, &err) != LW_OK)
            die("add", &err);
    }
    st = store_load_finish(l, NULL, &err);
    if (!is_fine(st))
        die("finish", &err);
    if (st == LW_OK)
        note("done", job, capture);
}

static void *analyse_all(void *ctx)
{
    (void)ctx;
    for (;;) {
        struct lw_error err;
        struct store_job job = {.id = 0};
        enum lw_status st = store_job_claim(s, note_job, &job, &err);

        if (!is_fine(st))
            die("claim", &err);
        if (st == LW_OK)
            analyse(job.id, job.capture);
        else
            (void)usleep(1000);
    }
    return NULL;
}

struct ids {
    int64_t id[64];
    int64_t capture[64];
    size_t n;
};

static void note_alert(void *ctx, const struct store_alert *a)
{
    struct ids *ids = ctx;

    if (ids->n < 64) {
        ids->capture[ids->n] = a->capture;
        ids->id[ids->n++] = a->id;
    }
}

static void *label_all(void *ctx)
{
    struct rng r;

    rng_init(&r, *(uint64_t *)ctx + 1);
    for (;;) {
        size_t k;
        struct store_alert_filter f;
        struct store_page page = {.limit = 64};
        struct store_alert_change c = {.resolved = 1};
        struct ids ids = {.n = 0};
        struct lw_error err;
        enum lw_status st;

        store_alert_filter_init(&f);
        f.label = STORE_LABEL_NONE;
        if (store_alert_list(s, &f, &page, note_alert, &ids, &err) != LW_OK)
            die("alerts", &err);
        if (store_setting_set(s, "k", "v", &err) != LW_OK)
            die("setting", &err);
        if (ids.n == 0) {
            (void)usleep(1000);
            continue;
        }
        c.label = 1 + (int)rng_below(&r, 2);
        k = rng_below(&r, ids.n);
        st = store_alert_change(s, ids.id[k], &c, NULL, &err);
        if (!is_fine(st))
            die("label", &err);
        if (st == LW_OK)
            note("label", ids.id[k], 4 * ids.capture[k] + c.label);
    }
    return NULL;
}

static void note_capture(void *ctx, const struct store_capture *c)
{
    struct ids *ids = ctx;

    if (ids->n < 64)
        ids->id[ids->n++] = c->id;
}

static void *retain_all(void *ctx)
{
    (void)ctx;
    for (;;) {
        struct store_page page = {.limit = 64};
        struct ids ids = {.n = 0};
        struct lw_error err;

        (void)usleep(20000);
        if (store_capture_list(s, NULL, &page, note_capture, &ids, &err) != LW_OK)
            die("captures", &err);
        if (ids.n < 12)
            continue;
        note("try-delete", ids.id[ids.n - 1], 0);
        if (!is_fine(store_capture_delete(s, ids.id[ids.n - 1], &err)))
            die("delete", &err);
    }
    return NULL;
}

static int work(uint64_t seed)
{
    void *(*const jobs[])(void *) = {upload_all, analyse_all, label_all, retain_all};
    pthread_t threads[4];

    for (size_t i = 0; i < 4; i++)
        if (pthread_create(&threads[i], NULL, jobs[i], &seed) != 0)
            return 1;
    for (size_t i = 0; i < 4; i++)
        (void)pthread_join(threads[i], NULL);
    return 0;
}

/* ---------------------------------------------------------------------- verifying */

static int64_t sizes[IDS_MAX];   /* of captures that must be there; -1: maybe deleted */
static int64_t offsets[IDS_MAX]; /* of uploads, at least; 0: none */
static int64_t froms[IDS_MAX];   /* captures that uploads became */
static int64_t done[IDS_MAX];    /* jobs: their captures */
static int64_t labels[IDS_MAX];  /* of alerts: 4 * capture + label */
static uint64_t n_lost;
static uint64_t n_checked;

static void lost(const char *what, int64_t id)
{
    (void)printf("lost: %s %" PRId64 "\n", what, id);
    n_lost++;
}

static bool read_ledger(const char *path)
{
    const struct {
        const char *what;
        int64_t *values;
    } lines[] = {{"capture", sizes},
                 {"upload", offsets},
                 {"from", froms},
                 {"done", done},
                 {"label", labels}};
    FILE *f = fopen(path, "r");
    char what[32];
    int64_t a;
    int64_t b;

    if (f == NULL)
        return false;
    while (fscanf(f, "%31s %" SCNd64 " %" SCNd64, what, &a, &b) == 3) {
        if (a < 0 || a >= IDS_MAX)
            continue;
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
            if (strcmp(what, lines[i].what) == 0)
                lines[i].values[a] = b;
        if (strcmp(what, "try-delete") == 0)
            sizes[a] = -1;
    }
    (void)fclose(f);
    return true;
}

static void check_capture(void *ctx, const struct store_capture *c)
{
    int64_t want = *(const int64_t *)ctx;

    if ((int64_t)c->size_bytes != want)
        lost("size of capture", c->id);
    if (c->state == STORE_CAPTURE_DONE && c->flows != FLOWS)
        lost("flows of capture", c->id);
    if (c->state == STORE_CAPTURE_RUNNING || c->state == STORE_CAPTURE_STORED)
        lost("job of capture", c->id);
}

static void check_upload(void *ctx, const struct store_upload *u)
{
    int64_t want = *(const int64_t *)ctx;

    if ((int64_t)u->offset < want)
        lost("bytes of upload", u->id);
    if (u->capture != 0)
        note("from", u->id, u->capture); /* if it was killed before it could say so */
}

static void check_job(void *ctx, const struct store_job *j)
{
    (void)ctx;
    if (j->state != STORE_JOB_DONE)
        lost("end of job", j->id);
}

static void check_label(void *ctx, const struct store_alert *a)
{
    if (a->label != (enum store_label)(*(const int64_t *)ctx % 4) || !a->resolved)
        lost("label of alert", a->id);
}

static bool is_gone(int64_t capture)
{
    return capture > 0 && capture < IDS_MAX && sizes[capture] < 0;
}

static void check_id(int64_t i)
{
    struct lw_error err;

    if (sizes[i] > 0 && ++n_checked &&
        store_capture_get(s, i, check_capture, &sizes[i], &err) != LW_OK)
        lost("capture", i);
    if (offsets[i] > 0 && ++n_checked &&
        store_upload_get(s, i, check_upload, &offsets[i], &err) != LW_OK &&
        !is_gone(froms[i]))
        lost("upload", i);
    if (done[i] > 0 && ++n_checked &&
        store_job_get(s, i, check_job, NULL, &err) != LW_OK && !is_gone(done[i]))
        lost("job", i);
    if (labels[i] > 0 && ++n_checked &&
        store_alert_get(s, i, check_label, &labels[i], &err) != LW_OK &&
        !is_gone(labels[i] / 4))
        lost("alert", i);
}

static void print_problem(void *ctx, const char *problem)
{
    (void)ctx;
    (void)printf("%s\n", problem);
}

static int verify(const char *path)
{
    struct lw_error err;
    uint64_t n = 0;

    if (!read_ledger(path))
        return 1;
    for (int64_t i = 1; i < IDS_MAX; i++)
        check_id(i);
    if (store_check(s, true, print_problem, NULL, &n, &err) != LW_OK)
        die("check", &err);
    (void)printf("%" PRIu64 " acknowledged, %" PRIu64 " lost, %" PRIu64 " problems\n",
                 n_checked, n_lost, n);
    return n_lost == 0 && n == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    const struct store_config cfg = {.create = true};
    bool verifying = argc == 4 && strcmp(argv[2], "--verify") == 0;
    struct lw_error err;
    int status;

    if (argc != 4) {
        (void)fprintf(stderr, "usage: writer DIR SEED|--verify LEDGER\n");
        return 2;
    }
    if (store_open(&s, argv[1], &cfg, &err) != LW_OK)
        die("open", &err);
    ledger = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (ledger < 0)
        return 1;
    status = verifying ? verify(argv[3]) : work(strtoull(argv[2], NULL, 10));
    store_close(s);
    return status;
}
