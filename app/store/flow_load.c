/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading the flows of one analysis.
 *
 * They go into a new SQLite file in partial/ without journal or locks, as rows and as
 * columns to search in: should anything happen, the file is removed.  When all are
 * there the alerted ones get their index, the file is synced and renamed to flows/, and
 * one transaction on lapwing.db makes it the capture's and writes the alerts.  Nobody
 * else waits for any of this but that last transaction.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "store/addr.h"
#include "store/alert_group.h"
#include "store/flow_pool.h"
#include "store/flow_row.h"
#include "store/rollup.h"
#include "store/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAMED_SLOTS = 1 << 16, KEY_MAX = 512 };

/* What the flows of a facet come to. */
struct facet_sum {
    uint64_t flows;
    uint64_t packets;
    uint64_t bytes;
    int64_t first_ns;
    int64_t last_ns;
};

struct store_load {
    struct store *s; /* borrowed */
    int64_t job;
    int64_t capture;
    int64_t run;
    struct db *db; /* owned */
    char path[FILES_PATH_MAX];
    struct db_stmt *insert; /* borrowed from db */
    struct key_table facets;
    struct facet_sum *sums; /* (facets.n) owned */
    size_t sums_cap;
    struct key_table states;
    struct key_table detectors;
    struct alert_groups groups;
    struct rollup rollup;
    struct cols_builder cols;
    struct buf packed;
    uint64_t *named; /* (NAMED_SLOTS) owned: hashes of addresses that have their name */
    int64_t n;       /* flows so far */
    uint64_t n_alerted;
    size_t n_joined; /* alerts that became part of others */
    uint64_t packets;
    int64_t first_ns;
    int64_t last_ns; /* the greatest start */
    int64_t end_ns;
};

static enum lw_status no_memory(struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "out of memory");
}

static void free_load(struct store_load *l)
{
    db_close(l->db);
    key_table_release(&l->facets);
    key_table_release(&l->states);
    key_table_release(&l->detectors);
    alert_groups_release(&l->groups);
    rollup_release(&l->rollup);
    cols_builder_release(&l->cols);
    buf_release(&l->packed);
    mem_free(l->sums);
    mem_free(l->named);
    mem_free(l);
}

void store_load_abort(struct store_load *l)
{
    if (l == NULL)
        return;
    db_close(l->db);
    l->db = NULL;
    best_effort(files_remove(l->path, NULL));
    if (l->run != 0)
        best_effort(store_write(l->s, NULL, NULL, NULL,
                                "DELETE FROM runs WHERE id = ? AND complete = 0", "i",
                                l->run));
    free_load(l);
}

/* --------------------------------------------------------------------- begin */

static enum lw_status open_run(struct store_load *l, struct lw_error *err)
{
    enum lw_status st = files_new_run_path(l->path, l->s->dir, l->run, err);

    if (st == LW_OK)
        st = files_remove(l->path, err);
    if (st == LW_OK)
        st = db_open(&l->db, l->path, DB_SCRATCH, err);
    if (st == LW_OK)
        st = schema_migrate(&schema_flows, l->db, -1, err);
    if (st == LW_OK)
        st = db_exec(l->db, "BEGIN", err);
    if (st == LW_OK)
        st = db_prepare(l->db,
                        "INSERT INTO flows VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
                        " ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
                        &l->insert, err);
    return st;
}

static enum lw_status name_run(struct store_load *l, struct lw_error *err)
{
    uint64_t changed = 0;
    struct db *d = NULL;
    enum lw_status st =
        store_write(l->s, err, &changed, &l->run,
                    "INSERT INTO runs (capture, job) SELECT capture, id FROM jobs"
                    " WHERE id = ?",
                    "i", l->job);

    if (st == LW_OK && changed == 0)
        return store_missing("job", l->job, err);
    if (st == LW_OK)
        st = store_reader_take(l->s, &d, err);
    if (st == LW_OK)
        st = db_number(d, err, &l->capture, 0, "SELECT capture FROM runs WHERE id = ?",
                       "i", l->run);
    store_reader_give(l->s, d);
    return st;
}

enum lw_status store_load_begin(struct store_load **out, struct store *s, int64_t job,
                                struct lw_error *err)
{
    struct store_load *l = mem_zalloc(1, sizeof *l);
    enum lw_status st;

    if (l == NULL)
        return no_memory(err);
    l->s = s;
    l->job = job;
    key_table_init(&l->facets);
    key_table_init(&l->states);
    key_table_init(&l->detectors);
    alert_groups_init(&l->groups, s->cfg.alert_gap_ns);
    rollup_init(&l->rollup);
    buf_init(&l->packed);
    l->named = mem_zalloc(NAMED_SLOTS, sizeof *l->named);
    st = cols_builder_init(&l->cols, err);
    if (st == LW_OK)
        st = l->named == NULL ? no_memory(err) : name_run(l, err);
    if (st == LW_OK)
        st = open_run(l, err);
    if (st != LW_OK) {
        store_load_abort(l);
        return st;
    }
    *out = l;
    return LW_OK;
}

/* ----------------------------------------------------------------- dictionaries */

static const char *text_or_none(const char *s)
{
    return s == NULL ? "" : s;
}

/* Texts of a dictionary's key, each with its end; what is too long is cut off. */
struct key {
    char bytes[KEY_MAX];
    size_t n;
};

static void key_add_byte(struct key *k, unsigned v)
{
    k->bytes[k->n++] = (char)v;
}

static void key_add_text(struct key *k, const char *s)
{
    enum { TEXT_MAX = 120 };
    size_t n = strnlen(text_or_none(s), TEXT_MAX);

    memcpy(k->bytes + k->n, text_or_none(s), n);
    k->n += n;
    key_add_byte(k, 0);
}

static const char *detector_name(const struct store_flow *f)
{
    return f->detector < f->n_scores ? f->scores[f->detector].detector : "";
}

static uint32_t facet_of(struct store_load *l, const struct store_flow *f)
{
    struct key k = {.n = 0};
    struct facet_sum *sums;
    uint32_t id;
    bool added;

    key_add_byte(&k, (unsigned)f->verdict);
    key_add_byte(&k, f->alerted);
    key_add_byte(&k, f->suppressed);
    key_add_byte(&k, f->severity);
    key_add_text(&k, f->proto);
    key_add_text(&k, f->service);
    key_add_text(&k, detector_name(f));
    key_add_text(&k, f->attack_id);
    id = key_table_number(&l->facets, k.bytes, k.n, &added);
    if (id == 0)
        return 0;
    sums = mem_grow(l->sums, &l->sums_cap, id, sizeof *sums);
    if (sums == NULL)
        return 0;
    l->sums = sums;
    if (added)
        sums[id - 1] = (struct facet_sum){.first_ns = INT64_MAX, .last_ns = INT64_MIN};
    return id;
}

static void count_flow(struct store_load *l, const struct store_flow *f, uint32_t facet)
{
    struct facet_sum *sum = &l->sums[facet - 1];
    int64_t end = f->start_ns + f->duration_ns;

    sum->flows++;
    sum->packets += f->packets[0] + f->packets[1];
    sum->bytes += f->bytes[0] + f->bytes[1];
    sum->first_ns = f->start_ns < sum->first_ns ? f->start_ns : sum->first_ns;
    sum->last_ns = end > sum->last_ns ? end : sum->last_ns;
    if (l->n == 1 || f->start_ns < l->first_ns)
        l->first_ns = f->start_ns;
    if (l->n == 1 || f->start_ns > l->last_ns)
        l->last_ns = f->start_ns;
    if (l->n == 1 || end > l->end_ns)
        l->end_ns = end;
    l->packets += f->packets[0] + f->packets[1];
    l->n_alerted += f->alerted;
}

/* A detector is its name, model, view and threshold. */
static uint8_t detector_of(struct store_load *l, const struct store_score *s)
{
    struct key k = {.n = 0};
    uint32_t id;
    bool added;

    memcpy(k.bytes, &s->threshold, sizeof s->threshold);
    k.n = sizeof s->threshold;
    key_add_text(&k, s->detector);
    key_add_text(&k, s->model);
    key_add_text(&k, s->view);
    id = key_table_number(&l->detectors, k.bytes, k.n, &added);
    return id > UINT8_MAX ? 0 : (uint8_t)id;
}

/* ----------------------------------------------------------------------- adding */

enum lw_status store_load_name(struct store_load *l, const struct store_addr *a,
                               const char *name, struct lw_error *err)
{
    size_t n = addr_bytes(a);
    uint64_t h = hash_bytes(a->bytes, n, 1) | 1;

    if (n == 1 || name == NULL || *name == '\0' || l->named[h >> 48] == h)
        return LW_OK;
    l->named[h >> 48] = h;
    return db_run(l->db, err, "INSERT OR IGNORE INTO names VALUES (?, ?)", "bt",
                  a->bytes, n, name);
}

static enum lw_status pack_scores(struct store_load *l, const struct store_flow *f,
                                  struct lw_error *err)
{
    buf_reset(&l->packed);
    for (uint32_t i = 0; i < f->n_scores && i < STORE_DETECTORS_MAX; i++) {
        uint8_t detector = detector_of(l, &f->scores[i]);

        if (detector == 0)
            return no_memory(err);
        flow_score_pack(&l->packed, detector, &f->scores[i]);
    }
    return buf_ok(&l->packed) ? LW_OK : no_memory(err);
}

static const char *null_if_empty(const char *s)
{
    return s == NULL || *s == '\0' ? NULL : s;
}

static enum lw_status insert_flow(struct store_load *l, const struct store_flow *f,
                                  uint32_t facet, uint32_t state, uint32_t grp,
                                  struct lw_error *err)
{
    struct db_stmt *q = l->insert;
    enum lw_status st;

    db_bind_int(q, 1, l->n);
    db_bind_int(q, 2, f->start_ns);
    db_bind_int(q, 3, f->duration_ns);
    db_bind_int(q, 4, facet);
    db_bind_real(q, 5, f->score > 0 ? (double)f->score : 0);
    db_bind_int(q, 6, (int64_t)(f->packets[0] + f->packets[1]));
    db_bind_int(q, 7, (int64_t)(f->bytes[0] + f->bytes[1]));
    db_bind_blob(q, 8, f->addr[0].bytes, addr_bytes(&f->addr[0]));
    db_bind_blob(q, 9, f->addr[1].bytes, addr_bytes(&f->addr[1]));
    db_bind_int(q, 10, f->port[0]);
    db_bind_int(q, 11, f->port[1]);
    db_bind_int(q, 12, (int64_t)f->packets[0]);
    db_bind_int(q, 13, (int64_t)f->bytes[0]);
    if (grp == 0)
        db_bind_null(q, 14);
    else
        db_bind_int(q, 14, grp);
    db_bind_real(q, 15, (double)f->confidence); /* NaN is NULL */
    db_bind_int(q, 16, state);
    db_bind_text(q, 17, null_if_empty(f->community_id));
    db_bind_text(q, 18, null_if_empty(f->tags));
    db_bind_blob(q, 19, l->packed.data, l->packed.len);
    if (f->told)
        db_bind_int(q, 20, (int64_t)f->told_verdict);
    else
        db_bind_null(q, 20);
    st = db_step(q, err);
    return st == LW_END ? LW_OK : st;
}

static enum lw_status insert_evidence(struct store_load *l, const struct store_flow *f,
                                      struct lw_error *err)
{
    enum lw_status st = LW_OK;

    for (uint32_t i = 0; st == LW_OK && i < f->n_scores; i++) {
        const struct store_score *s = &f->scores[i];

        if (s->reasons == NULL && s->vector == NULL)
            continue;
        buf_reset(&l->packed);
        for (uint32_t k = 0; k < s->n_vector; k++)
            buf_add_f32(&l->packed, s->vector[k]);
        if (!buf_ok(&l->packed))
            return no_memory(err);
        if (s->reasons == NULL) {
            if (i == 0)
                st = db_run(l->db, err, "INSERT INTO normals VALUES (?, ?)", "ib", l->n,
                            l->packed.data, l->packed.len);
            continue;
        }
        st = db_run(l->db, err, "INSERT INTO evidence VALUES (?, ?, ?, ?)", "iitb",
                    l->n, (int64_t)i, s->reasons,
                    l->packed.len == 0 ? NULL : l->packed.data, l->packed.len);
    }
    return st;
}

static enum lw_status insert_detail(struct store_load *l, const struct store_flow *f,
                                    struct lw_error *err)
{
    const char *words = null_if_empty(f->words);
    const char *first = null_if_empty(f->first_packets);
    enum lw_status st = LW_OK;

    if (words != NULL || first != NULL)
        st = db_run(l->db, err, "INSERT INTO details VALUES (?, ?, ?)", "itt", l->n,
                    words, first);
    return st == LW_OK ? insert_evidence(l, f, err) : st;
}

enum lw_status store_load_add(struct store_load *l, const struct store_flow *given,
                              bool keep_detail, struct lw_error *err)
{
    struct store_flow f = *given;
    uint32_t facet;
    uint32_t state;
    uint32_t grp = 0;
    bool added;
    enum lw_status st;

    if (l->n >= FLOW_NUMBER_MAX)
        return lw_fail(err, LW_ELIMIT, "more than %d flows of one capture",
                       FLOW_NUMBER_MAX);
    l->n++;
    f.id = flow_id_make(l->run, l->n);
    facet = facet_of(l, &f);
    state = key_table_number(&l->states, text_or_none(f.state),
                             strlen(text_or_none(f.state)), &added);
    if (f.alerted)
        grp = alert_groups_add(&l->groups, &f);
    if (facet == 0 || state == 0 || (f.alerted && grp == 0))
        return no_memory(err);
    count_flow(l, &f, facet);
    if (!rollup_add(&l->rollup, f.start_ns, facet, f.packets[0] + f.packets[1],
                    f.bytes[0] + f.bytes[1]))
        return no_memory(err);
    st = pack_scores(l, &f, err);
    if (st == LW_OK)
        st = insert_flow(l, &f, facet, state, grp, err);
    if (st == LW_OK)
        st = cols_builder_add(&l->cols, l->db, &f, facet, err);
    if (st == LW_OK && (keep_detail || f.alerted))
        st = insert_detail(l, &f, err);
    for (unsigned i = 0; st == LW_OK && i < 2; i++)
        st = store_load_name(l, &f.addr[i], f.name[i], err);
    return st;
}

/* --------------------------------------------------------------------- finishing */

/* The facet's key as key_add_...() made it. */
static enum lw_status insert_facet(struct store_load *l, uint32_t id,
                                   struct lw_error *err)
{
    const struct facet_sum *sum = &l->sums[id - 1];
    size_t n;
    const char *key = key_table_key(&l->facets, id, &n);
    const char *proto = key + 4;
    const char *service = proto + strlen(proto) + 1;
    const char *detector = service + strlen(service) + 1;
    const char *attack_id = detector + strlen(detector) + 1;

    return db_run(
        l->db, err,
        "INSERT INTO facets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        "iiiitttitiiiii", (int64_t)id, (int64_t)(uint8_t)key[0], (int64_t)key[1],
        (int64_t)key[2], proto, service, detector, (int64_t)key[3], attack_id,
        (int64_t)sum->flows, (int64_t)sum->packets, (int64_t)sum->bytes, sum->first_ns,
        sum->last_ns);
}

static enum lw_status insert_detector(struct store_load *l, uint32_t id,
                                      struct lw_error *err)
{
    size_t n;
    const char *key = key_table_key(&l->detectors, id, &n);
    const char *name = key + sizeof(float);
    const char *model = name + strlen(name) + 1;
    const char *view = model + strlen(model) + 1;
    float threshold;

    memcpy(&threshold, key, sizeof threshold);
    return db_run(l->db, err, "INSERT INTO detectors VALUES (?, ?, ?, ?, ?)", "itttd",
                  (int64_t)id, name, model, view, (double)threshold);
}

static enum lw_status insert_state(struct store_load *l, uint32_t id,
                                   struct lw_error *err)
{
    char text[KEY_MAX];
    size_t n;
    const char *key = key_table_key(&l->states, id, &n);

    (void)snprintf(text, sizeof text, "%.*s", n < sizeof text ? (int)n : KEY_MAX - 1,
                   key);
    return db_run(l->db, err, "INSERT INTO states VALUES (?, ?)", "it", (int64_t)id,
                  text);
}

static enum lw_status insert_small_tables(struct store_load *l, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    for (uint32_t i = 1; st == LW_OK && i <= l->facets.n; i++)
        st = insert_facet(l, i, err);
    for (uint32_t i = 1; st == LW_OK && i <= l->detectors.n; i++)
        st = insert_detector(l, i, err);
    for (uint32_t i = 1; st == LW_OK && i <= l->states.n; i++)
        st = insert_state(l, i, err);
    rollup_sort(&l->rollup);
    for (size_t i = 0; st == LW_OK && i < l->rollup.n; i++) {
        const struct rollup_count *c = &l->rollup.counts[i];

        st = db_run(l->db, err, "INSERT INTO bins VALUES (?, ?, ?, ?, ?)", "iiiii",
                    c->bin, (int64_t)c->facet, (int64_t)c->flows, (int64_t)c->packets,
                    (int64_t)c->bytes);
    }
    if (st == LW_OK)
        st = db_run(l->db, err, "INSERT INTO meta VALUES ('bin_ns', ?1), ('flows', ?2)",
                    "ii", l->rollup.width_ns, l->n);
    return st;
}

static enum lw_status make_indexes(struct store_load *l, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    for (const char *const *sql = schema_flow_indexes; st == LW_OK && *sql != NULL;
         sql++) {
        if (job_cancel_asked(l->s, l->job))
            return LW_END;
        st = db_exec(l->db, *sql, err);
    }
    return st;
}

/* The flows of groups that became part of others. */
static enum lw_status move_flows(struct store_load *l, struct lw_error *err)
{
    enum lw_status st = db_exec(
        l->db,
        "CREATE TEMP TABLE joined (grp INTEGER PRIMARY KEY, into_grp INTEGER NOT NULL)",
        err);

    for (size_t i = 0; st == LW_OK && i < l->groups.n; i++)
        if (l->groups.groups[i].joined != 0)
            st = db_run(l->db, err, "INSERT INTO joined VALUES (?, ?)", "ii",
                        (int64_t)i + 1, (int64_t)l->groups.groups[i].joined);
    if (st == LW_OK)
        st = db_exec(l->db,
                     "UPDATE flows SET grp = j.into_grp FROM joined j"
                     " WHERE j.grp = flows.grp",
                     err);
    return st == LW_OK ? db_exec(l->db, "DROP TABLE joined", err) : st;
}

static enum lw_status join_alerts(struct store_load *l, struct lw_error *err)
{
    if (!alert_groups_join(&l->groups, &l->n_joined))
        return no_memory(err);
    return l->n_joined > 0 ? move_flows(l, err) : LW_OK;
}

/* What only the loaded rows know: how many different endpoints, and their names. */
static void count_alert(void *ctx, struct db_stmt *q)
{
    struct store_load *l = ctx;
    int64_t grp = db_int(q, 0);
    struct alert_group *a;

    if (grp < 1 || (size_t)grp > l->groups.n)
        return;
    a = &l->groups.groups[grp - 1];
    a->sources = (uint64_t)db_int(q, 1);
    a->destinations = (uint64_t)db_int(q, 2);
    a->ports = (uint64_t)db_int(q, 3);
}

static void note_name(void *ctx, struct db_stmt *q)
{
    char **name = ctx;

    *name = mem_strdup(db_text(q, 0));
}

static enum lw_status complete_alerts(struct store_load *l, struct lw_error *err)
{
    enum lw_status st = db_query(
        l->db, err, count_alert, l, NULL,
        "SELECT grp, count(DISTINCT src), count(DISTINCT dst), count(DISTINCT dport)"
        " FROM flows WHERE grp IS NOT NULL GROUP BY grp",
        "");

    for (size_t i = 0; st == LW_OK && i < l->groups.n; i++) {
        struct alert_group *a = &l->groups.groups[i];
        const bool one[2] = {a->one_source, a->one_destination};

        for (unsigned side = 0; st == LW_OK && side < 2; side++)
            if (one[side])
                st = db_query(l->db, err, note_name, &a->name[side], NULL,
                              "SELECT name FROM names WHERE addr = ?", "b",
                              a->addr[side].bytes, addr_bytes(&a->addr[side]));
    }
    return st;
}

/* Into lapwing.db, from what was gathered while loading. */
static enum lw_status insert_alert(struct store_load *l, uint32_t number,
                                   struct lw_error *err)
{
    static const struct store_addr many;
    const struct alert_group *a = &l->groups.groups[number - 1];
    const struct store_addr *src = a->one_source ? &a->addr[0] : &many;
    const struct store_addr *dst = a->one_destination ? &a->addr[1] : &many;

    return db_run(
        l->s->writer, err,
        "INSERT INTO alerts (capture, run, grp, verdict, detector, severity,"
        " attack_id, score, src, dst, src_name, dst_name, sources,"
        " destinations, ports, proto, service, first, last, flows, words, flow)"
        " VALUES (?, ?, ?, ?, ?, ?, nullif(?, ''), ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        " nullif(?, ''), ?, ?, ?, ?, ?)",
        "iiiititdbbttiiittiiiti", l->capture, l->run, (int64_t)number,
        (int64_t)a->verdict, a->detector, (int64_t)a->severity, a->attack_id,
        a->score > 0 ? (double)a->score : 0, src->bytes, addr_bytes(src), dst->bytes,
        addr_bytes(dst), a->name[0], a->name[1], (int64_t)a->sources,
        (int64_t)a->destinations, (int64_t)a->ports, a->proto, a->service, a->first_ns,
        a->last_ns, (int64_t)a->flows, a->words, a->flow);
}

static enum lw_status take_over(struct store_load *l, int64_t former,
                                struct lw_error *err)
{
    char path[FILES_PATH_MAX];
    enum lw_status st =
        db_run(l->s->writer, err,
               "UPDATE alerts AS n SET resolved = o.resolved, label = o.label,"
               " comment = o.comment FROM alerts o WHERE n.run = ?1 AND o.run = ?2"
               " AND o.deleted = 0 AND o.first = n.first AND o.verdict = n.verdict"
               " AND o.src = n.src AND o.dst = n.dst",
               "ii", l->run, former);

    if (st == LW_OK)
        st = db_run(l->s->writer, err, "DELETE FROM runs WHERE id = ?", "i", former);
    if (st == LW_OK)
        st = files_run_path(path, l->s->dir, former, err);
    if (st == LW_OK)
        store_remove_later(l->s, path);
    return st;
}

static enum lw_status tell_totals(struct store_load *l,
                                  const struct store_load_totals *totals,
                                  struct lw_error *err)
{
    enum lw_status st = db_run(
        l->s->writer, err,
        "UPDATE captures SET run = ?, packets = ?, flows = ?, first = ?, last = ?"
        " WHERE id = ?",
        "iiiiii", l->run,
        (int64_t)(totals->packets == 0 ? l->packets : totals->packets), l->n,
        totals->first_ns == 0 ? l->first_ns : totals->first_ns,
        totals->last_ns == 0 ? l->end_ns : totals->last_ns, l->capture);

    if (st == LW_OK && db_changes(l->s->writer) == 0)
        return store_missing("capture", l->capture, err);
    if (st == LW_OK)
        st = db_run(l->s->writer, err,
                    "UPDATE runs SET complete = 1, flows = ?, first = ?, last = ?"
                    " WHERE id = ?",
                    "iiii", l->n, l->first_ns, l->last_ns, l->run);
    return st;
}

/* One transaction: the capture has these flows and alerts from now on, and the job is
 * done. */
static enum lw_status publish(struct store_load *l,
                              const struct store_load_totals *totals, int64_t *former,
                              struct lw_error *err)
{
    enum lw_status st =
        db_number(l->s->writer, err, former, 0, "SELECT run FROM captures WHERE id = ?",
                  "i", l->capture);

    if (st == LW_OK)
        st = tell_totals(l, totals, err);
    for (uint32_t i = 1; st == LW_OK && i <= l->groups.n; i++)
        if (l->groups.groups[i - 1].joined == 0)
            st = insert_alert(l, i, err);
    if (st == LW_OK && *former != 0)
        st = take_over(l, *former, err);
    if (st == LW_OK)
        st = job_end(l->s, l->job, STORE_JOB_DONE, NULL, 0, err);
    if (st == LW_OK)
        st = db_run(l->s->writer, err,
                    "UPDATE jobs SET flows = ?, alerts = ?, packets = ? WHERE id = ?",
                    "iiii", l->n, (int64_t)(l->groups.n - l->n_joined),
                    (int64_t)(totals->packets == 0 ? l->packets : totals->packets),
                    l->job);
    return st;
}

static enum lw_status put_in_place(struct store_load *l, struct lw_error *err)
{
    char to[FILES_PATH_MAX];
    enum lw_status st = db_settle(l->db, err);

    if (st == LW_OK)
        st = files_run_path(to, l->s->dir, l->run, err);
    if (st == LW_OK)
        st = files_place(l->path, to, err);
    if (st == LW_OK)
        (void)snprintf(l->path, sizeof l->path, "%s", to);
    return st;
}

enum lw_status store_load_finish(struct store_load *l,
                                 const struct store_load_totals *totals,
                                 struct lw_error *err)
{
    static const struct store_load_totals none;
    struct store *s = l->s;
    int64_t job = l->job;
    int64_t former = 0;
    enum lw_status st = cols_builder_finish(&l->cols, l->db, err);

    if (st == LW_OK)
        st = insert_small_tables(l, err);
    if (st == LW_OK)
        st = join_alerts(l, err);
    if (st == LW_OK)
        st = db_exec(l->db, "COMMIT", err);
    if (st == LW_OK)
        st = make_indexes(l, err);
    if (st == LW_OK && l->groups.n > 0)
        st = complete_alerts(l, err);
    if (st == LW_OK)
        st = put_in_place(l, err);
    if (st == LW_OK)
        st = store_begin(s, err);
    if (st == LW_OK)
        st = store_end(s, publish(l, totals == NULL ? &none : totals, &former, err),
                       err);
    if (st != LW_OK) {
        store_load_abort(l);
        return st;
    }
    job_forget(s, job);
    if (former != 0)
        flow_pool_forget(s, former);
    free_load(l);
    return LW_OK;
}
