/* SPDX-License-Identifier: Apache-2.0 */
/* Stores of older versions, of newer ones, and files that are none. */
#include "base/buf.h"
#include "store/schema.h"
#include "temp_store.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static void open_db(struct db **out, const struct temp_store *t)
{
    char path[128];
    struct lw_error err;

    (void)snprintf(path, sizeof path, "%s/lapwing.db", t->dir);
    assert_int_equal(db_open(out, path, DB_CREATE, &err), LW_OK);
}

static void exec(struct db *d, const char *sql)
{
    struct lw_error err = {.msg = ""};

    if (db_exec(d, sql, &err) != LW_OK)
        fail_msg("%s: %s", sql, err.msg);
}

/* The text of all tables and indexes. */
static void add_sql(void *ctx, struct db_stmt *q)
{
    struct buf *b = ctx;

    buf_printf(b, "%s\n", db_text(q, 0) == NULL ? "" : db_text(q, 0));
}

static void read_tables(struct db *d, struct buf *out)
{
    struct lw_error err;

    assert_int_equal(db_query(d, &err, add_sql, out, NULL,
                              "SELECT sql FROM sqlite_master ORDER BY name", ""),
                     LW_OK);
}

/* From every version on, with rows in it, a store becomes what a new one is. */
static void every_version_becomes_the_present_one(void **state)
{
    (void)state;
    for (int version = 1; version <= schema_main.version; version++) {
        struct temp_store t;
        struct lw_error err = {.msg = ""};
        struct buf have;
        struct buf want;
        struct db *d = NULL;
        struct db *fresh = NULL;
        char path[128];
        int64_t n = 0;
        int found = 0;
        int present = 0;

        temp_store_init(&t);
        store_close(t.s);
        t.s = NULL;
        (void)snprintf(path, sizeof path, "%s/lapwing.db", t.dir);
        (void)remove(path);
        open_db(&d, &t);
        assert_int_equal(schema_migrate(&schema_main, d, version, &err), LW_OK);
        exec(d, "INSERT INTO captures (name, size, sha256, uploaded) VALUES"
                " ('old.pcap', 3, 'none', 5)");
        exec(d, "DELETE FROM captures"); /* its file is not there */
        exec(d, "INSERT INTO settings VALUES ('home_networks', '[\"10.0.0.0/8\"]')");
        exec(d, "INSERT INTO audit (time, who, action, object, outcome, client)"
                " VALUES (1, 'a', 'b', 'c', 'd', 'e')");
        db_close(d);
        assert_int_equal(store_versions(t.dir, &found, &present, &err), LW_OK);
        assert_int_equal(found, version);
        assert_int_equal(present, schema_main.version);
        temp_store_reopen(&t);
        temp_store_check(&t);
        open_db(&d, &t);
        assert_int_equal(db_number(d, &err, &n, 0,
                                   "SELECT count(*) FROM settings"
                                   " WHERE key = 'home_networks'",
                                   ""),
                         LW_OK);
        assert_int_equal(n, 1);
        assert_int_equal(db_open(&fresh, ":memory:", DB_CREATE, &err), LW_OK);
        assert_int_equal(schema_migrate(&schema_main, fresh, -1, &err), LW_OK);
        buf_init(&have);
        buf_init(&want);
        read_tables(d, &have);
        read_tables(fresh, &want);
        assert_string_equal(buf_text(&have), buf_text(&want));
        buf_release(&have);
        buf_release(&want);
        db_close(fresh);
        db_close(d);
        temp_store_release(&t);
    }
}

struct flow_alerts {
    int64_t id[8];
    enum lw_verdict_class verdict[8];
    size_t n;
};

static void note_flow(void *ctx, const struct store_flow *f)
{
    struct flow_alerts *l = ctx;

    l->verdict[l->n] = f->told_verdict;
    l->id[l->n++] = f->id;
}

static void list_flow_alerts(struct temp_store *t, struct flow_alerts *l)
{
    struct store_page page = {.limit = 8};
    struct lw_error err = {.msg = ""};

    l->n = 0;
    if (store_flow_alert_list(t->s, &page, note_flow, l, &err) != LW_OK)
        fail_msg("%s", err.msg);
}

/* As the version before wrote it: no column `told`, resolved flows with their alert. */
static void make_version_1(struct temp_store *t, int64_t resolved)
{
    char path[128];
    char sql[200];
    struct lw_error err;
    struct db *d = NULL;

    store_close(t->s);
    t->s = NULL;
    (void)snprintf(path, sizeof path, "%s/flows/1.db", t->dir);
    assert_int_equal(db_open(&d, path, DB_CREATE, &err), LW_OK);
    exec(d, "DROP INDEX flows_told;ALTER TABLE flows DROP COLUMN told;"
            "PRAGMA journal_mode = DELETE;PRAGMA user_version = 1");
    db_close(d);
    open_db(&d, t);
    exec(d, "DROP TABLE resolved_flows;CREATE TABLE resolved_flows ("
            " flow INTEGER PRIMARY KEY,"
            " alert INTEGER NOT NULL REFERENCES alerts(id) ON DELETE CASCADE,"
            " time INTEGER NOT NULL) STRICT;"
            "CREATE INDEX resolved_flows_alert ON resolved_flows(alert);"
            "PRAGMA user_version = 1");
    (void)snprintf(sql, sizeof sql, "INSERT INTO resolved_flows VALUES (%lld, 1, 5)",
                   (long long)resolved);
    exec(d, sql);
    db_close(d);
}

/* Flows, alerts and what was resolved one by one, of a store that version 1 wrote. */
static void flows_of_version_1_stay(void **state)
{
    struct store_flow f = {.start_ns = 5,
                           .proto = "tcp",
                           .state = "",
                           .addr = {{{4, 10, 0, 0, 1}}, {{4, 10, 0, 0, 2}}},
                           .verdict = LW_VERDICT_PROBE,
                           .alerted = true,
                           .severity = 2,
                           .words = "so many"};
    struct flow_alerts l;
    struct temp_store t;
    struct lw_error err = {.msg = ""};
    struct store_load *load = NULL;
    int64_t job = 0;

    (void)state;
    temp_store_init(&t);
    (void)temp_store_capture(&t, "a", "a", 1, &job);
    assert_int_equal(temp_store_claim(&t), job);
    assert_int_equal(store_load_begin(&load, t.s, job, &err), LW_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(store_load_add(load, &f, false, &err), LW_OK);
    assert_int_equal(store_load_finish(load, NULL, &err), LW_OK);
    list_flow_alerts(&t, &l);
    assert_int_equal(l.n, 0); /* the version of today tells what it is told to */
    make_version_1(&t, (INT64_C(1) << 32) + 2);
    temp_store_reopen(&t);
    temp_store_check(&t);
    list_flow_alerts(&t, &l);
    assert_int_equal(l.n, 2);
    assert_int_equal(l.verdict[0], LW_VERDICT_PROBE);
    assert_int_equal(l.id[0], (INT64_C(1) << 32) + 1);
    assert_int_equal(l.id[1], (INT64_C(1) << 32) + 3);
    assert_int_equal(store_flow_alert_resolve(t.s, l.id[0], &err), LW_OK);
    assert_int_equal(store_flow_alert_resolve(t.s, l.id[1], &err), LW_OK);
    list_flow_alerts(&t, &l);
    assert_int_equal(l.n, 0);
    temp_store_check(&t);
    temp_store_release(&t);
}

static void a_newer_store_is_refused(void **state)
{
    struct temp_store t;
    struct store *s = NULL;
    struct lw_error err;
    struct db *d = NULL;

    (void)state;
    temp_store_init(&t);
    store_close(t.s);
    t.s = NULL;
    open_db(&d, &t);
    exec(d, "PRAGMA user_version = 999");
    db_close(d);
    assert_int_equal(store_open(&s, t.dir, NULL, &err), LW_EUNSUPPORTED);
    assert_non_null(strstr(err.msg, "newer"));
    temp_store_release(&t);
}

static void what_is_no_store_is_refused(void **state)
{
    struct temp_store t;
    struct store *s = NULL;
    struct lw_error err;
    char path[128];
    FILE *f;

    (void)state;
    assert_int_equal(store_open(&s, "/nonexistent/there", NULL, &err), LW_ENOTFOUND);
    temp_store_init(&t);
    store_close(t.s);
    t.s = NULL;
    (void)snprintf(path, sizeof path, "%s/lapwing.db", t.dir);
    f = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        (void)fputs("this is no database ", f);
    (void)fclose(f);
    assert_int_equal(store_open(&s, t.dir, NULL, &err), LW_EFORMAT);
    assert_non_null(strstr(err.msg, "restore a backup"));
    (void)remove(path);
    {
        struct db *d = NULL;

        open_db(&d, &t);
        exec(d, "CREATE TABLE other (x)");
        db_close(d);
    }
    assert_int_equal(store_open(&s, t.dir, NULL, &err), LW_EFORMAT);
    assert_non_null(strstr(err.msg, "not a store"));
    temp_store_release(&t);
}

static void a_store_is_open_once(void **state)
{
    const struct store_config beside = {.beside = true};
    const struct store_config reading = {.read_only = true};
    struct temp_store t;
    struct store *s = NULL;
    struct lw_error err;

    (void)state;
    temp_store_init(&t);
    assert_int_equal(store_open(&s, t.dir, NULL, &err), LW_EPERM);
    assert_non_null(strstr(err.msg, "another process"));
    assert_int_equal(store_open(&s, t.dir, &beside, &err), LW_OK);
    assert_int_equal(store_setting_set(s, "a", "1", &err), LW_OK);
    store_close(s);
    assert_int_equal(store_open(&s, t.dir, &reading, &err), LW_OK);
    assert_int_equal(store_setting_set(s, "a", "1", &err), LW_EPERM);
    store_close(s);
    temp_store_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_becomes_the_present_one),
        cmocka_unit_test(flows_of_version_1_stay),
        cmocka_unit_test(a_newer_store_is_refused),
        cmocka_unit_test(what_is_no_store_is_refused),
        cmocka_unit_test(a_store_is_open_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
