/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flow files never change once they are in their place: their small tables are read
 * once, and their connections take no locks.
 */
#include "store/flow_pool.h"

#include "base/mem.h"
#include "store/schema.h"

#include <inttypes.h>
#include <string.h>

static void free_flow_db(struct flow_db *f)
{
    if (f == NULL)
        return;
    db_close(f->db);
    mem_free(f->facets);
    mem_free(f->states);
    mem_free(f->detectors);
    mem_free(f->chunks);
    buf_release(&f->texts);
    mem_free(f);
}

/* While texts are gathered their places are offsets, because the buffer moves. */
static const char *keep(struct flow_db *f, const char *text)
{
    size_t at = f->texts.len;

    buf_add(&f->texts, text == NULL ? "" : text, text == NULL ? 1 : strlen(text) + 1);
    return (const char *)(uintptr_t)at;
}

static void settle(const struct flow_db *f, const char **text)
{
    *text = f->texts.data + (uintptr_t)*text;
}

struct reading {
    struct flow_db *f;
    size_t cap;
    bool failed;
};

static void *grow(struct reading *r, void *p, size_t n, size_t size)
{
    void *grown = r->failed ? NULL : mem_grow(p, &r->cap, n + 1, size);

    if (grown == NULL)
        r->failed = true;
    return grown;
}

static void read_facet(void *ctx, struct db_stmt *q)
{
    struct reading *r = ctx;
    struct flow_db *f = r->f;
    struct flow_facet *facets = grow(r, f->facets, f->n_facets, sizeof *facets);

    if (facets == NULL)
        return;
    f->facets = facets;
    facets[f->n_facets++] = (struct flow_facet){
        .id = db_int(q, 0),
        .verdict = (uint8_t)(db_int(q, 1) & (LW_N_VERDICTS - 1)),
        .alerted = db_int(q, 2) != 0,
        .suppressed = db_int(q, 3) != 0,
        .proto = keep(f, db_text(q, 4)),
        .service = keep(f, db_text(q, 5)),
        .detector = keep(f, db_text(q, 6)),
        .severity = (uint8_t)(db_int(q, 7) & 7),
        .attack_id = keep(f, db_text(q, 8)),
        .flows = (uint64_t)db_int(q, 9),
        .packets = (uint64_t)db_int(q, 10),
        .bytes = (uint64_t)db_int(q, 11),
        .first_ns = db_int(q, 12),
        .last_ns = db_int(q, 13),
    };
}

static void read_state(void *ctx, struct db_stmt *q)
{
    struct reading *r = ctx;
    struct flow_db *f = r->f;
    const char **states = grow(r, (void *)f->states, f->n_states, sizeof *states);

    if (states == NULL)
        return;
    f->states = states;
    states[f->n_states++] = keep(f, db_text(q, 0));
}

static void read_detector(void *ctx, struct db_stmt *q)
{
    struct reading *r = ctx;
    struct flow_db *f = r->f;
    struct flow_detector *detectors =
        grow(r, f->detectors, f->n_detectors, sizeof *detectors);

    if (detectors == NULL)
        return;
    f->detectors = detectors;
    detectors[f->n_detectors++] = (struct flow_detector){
        keep(f, db_text(q, 0)), keep(f, db_text(q, 1)), keep(f, db_text(q, 2)),
        db_is_null(q, 3) ? __builtin_nan("") : db_real(q, 3)};
}

static enum lw_status read_tables(struct flow_db *f, struct lw_error *err)
{
    static const struct {
        const char *sql;
        db_row_fn fn;
    } tables[] = {
        {"SELECT id, verdict, alerted, suppressed, proto, service, detector, severity,"
         " attack_id, flows, packets, bytes, first, last FROM facets ORDER BY id",
         read_facet},
        {"SELECT text FROM states ORDER BY id", read_state},
        {"SELECT name, model, view, threshold FROM detectors ORDER BY id",
         read_detector},
    };
    enum lw_status st = LW_OK;

    for (size_t i = 0; st == LW_OK && i < sizeof tables / sizeof tables[0]; i++) {
        struct reading r = {.f = f};

        st = db_query(f->db, err, tables[i].fn, &r, NULL, tables[i].sql, "");
        if (st == LW_OK && (r.failed || !buf_ok(&f->texts)))
            st = lw_fail(err, LW_ENOMEM, "out of memory");
    }
    if (st == LW_OK)
        st = cols_chunks(f->db, &f->chunks, &f->n_chunks, err);
    if (st == LW_OK)
        st = db_number(f->db, err, &f->bin_ns, 0,
                       "SELECT value FROM meta WHERE key = 'bin_ns'", "");
    return st;
}

static void settle_texts(struct flow_db *f)
{
    for (size_t i = 0; i < f->n_facets; i++) {
        settle(f, &f->facets[i].proto);
        settle(f, &f->facets[i].service);
        settle(f, &f->facets[i].detector);
        settle(f, &f->facets[i].attack_id);
    }
    for (size_t i = 0; i < f->n_states; i++)
        settle(f, &f->states[i]);
    for (size_t i = 0; i < f->n_detectors; i++) {
        settle(f, &f->detectors[i].name);
        settle(f, &f->detectors[i].model);
        settle(f, &f->detectors[i].view);
    }
}

static enum lw_status open_flow_db(struct store *s, int64_t run, struct flow_db **out,
                                   struct lw_error *err)
{
    char path[FILES_PATH_MAX];
    struct flow_db *f = mem_zalloc(1, sizeof *f);
    enum lw_status st;

    if (f == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    f->run = run;
    buf_init(&f->texts);
    st = files_run_path(path, s->dir, run, err);
    if (st == LW_OK)
        st = db_open(&f->db, path, DB_IMMUTABLE, err);
    if (st == LW_OK)
        st = schema_version(&schema_flows, f->db, &f->version, err);
    if (st == LW_OK && f->version > schema_flows.version)
        st = lw_fail(err, LW_EUNSUPPORTED, "%s: made by a newer Lapwing: use that one",
                     path);
    if (st == LW_OK)
        st = read_tables(f, err);
    if (st != LW_OK) {
        free_flow_db(f);
        return st;
    }
    settle_texts(f);
    *out = f;
    return LW_OK;
}

enum lw_status flow_db_take(struct store *s, int64_t run, struct flow_db **out,
                            struct lw_error *err)
{
    struct flow_db *f = NULL;

    (void)pthread_mutex_lock(&s->pool_lock);
    for (size_t i = 0; i < s->n_flow_dbs && f == NULL; i++) {
        if (s->flow_dbs[i]->run != run)
            continue;
        f = s->flow_dbs[i];
        /* The order is that of use, the latest last. */
        memmove(s->flow_dbs + i, s->flow_dbs + i + 1,
                (--s->n_flow_dbs - i) * sizeof s->flow_dbs[0]);
    }
    (void)pthread_mutex_unlock(&s->pool_lock);
    if (f == NULL)
        return open_flow_db(s, run, out, err);
    *out = f;
    return LW_OK;
}

void flow_db_give(struct store *s, struct flow_db *f)
{
    struct flow_db *oldest = NULL;

    if (f == NULL)
        return;
    (void)pthread_mutex_lock(&s->pool_lock);
    if (s->n_flow_dbs == STORE_FLOW_DBS_MAX) {
        oldest = s->flow_dbs[0];
        memmove(s->flow_dbs, s->flow_dbs + 1, --s->n_flow_dbs * sizeof s->flow_dbs[0]);
    }
    s->flow_dbs[s->n_flow_dbs++] = f;
    (void)pthread_mutex_unlock(&s->pool_lock);
    free_flow_db(oldest);
}

void flow_pool_forget(struct store *s, int64_t run)
{
    struct flow_db *gone[STORE_FLOW_DBS_MAX];
    size_t n = 0;
    size_t kept = 0;

    (void)pthread_mutex_lock(&s->pool_lock);
    for (size_t i = 0; i < s->n_flow_dbs; i++) {
        if (s->flow_dbs[i]->run == run)
            gone[n++] = s->flow_dbs[i];
        else
            s->flow_dbs[kept++] = s->flow_dbs[i];
    }
    s->n_flow_dbs = kept;
    (void)pthread_mutex_unlock(&s->pool_lock);
    while (n > 0)
        free_flow_db(gone[--n]);
}

void flow_pool_release(struct store *s)
{
    while (s->n_flow_dbs > 0)
        free_flow_db(s->flow_dbs[--s->n_flow_dbs]);
}
