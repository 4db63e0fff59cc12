/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of lapwing.db and of a flow file.
 *
 * Times are nanoseconds since 1970.  Addresses are blobs: a byte of kind and the bytes
 * on the wire, so that a network is a range (addr.c).  Enums are their numbers.
 *
 * A flow row is short, because what flows have in common (class, protocol, service,
 * detector, severity) is one row of `facets`.  It has no index: flows are searched in
 * columns (cols.h), which are made as fast as they can be written.
 */
#include "store/schema.h"

#include <inttypes.h>
#include <stdio.h>

static const struct schema_step main_steps[] = {
    {1, "CREATE TABLE captures ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " name TEXT NOT NULL,"
        " size INTEGER NOT NULL,"
        " sha256 TEXT NOT NULL,"
        " uploaded INTEGER NOT NULL,"
        " job INTEGER," /* its latest analysis */
        " run INTEGER," /* whose flows it has */
        " packets INTEGER NOT NULL DEFAULT 0,"
        " flows INTEGER NOT NULL DEFAULT 0,"
        " first INTEGER NOT NULL DEFAULT 0,"
        " last INTEGER NOT NULL DEFAULT 0) STRICT"},
    {1, "CREATE INDEX captures_sha256 ON captures(sha256)"},
    {1, "CREATE TABLE uploads ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " name TEXT NOT NULL,"
        " size INTEGER NOT NULL,"
        " sha256 TEXT,"
        " analyse INTEGER NOT NULL,"
        " resumable INTEGER NOT NULL,"
        " offset INTEGER NOT NULL DEFAULT 0,"
        " capture INTEGER,"
        " job INTEGER,"
        " created INTEGER NOT NULL,"
        " touched INTEGER NOT NULL) STRICT"},
    {1, "CREATE TABLE jobs ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " kind INTEGER NOT NULL,"
        " state INTEGER NOT NULL,"
        " capture INTEGER NOT NULL REFERENCES captures(id) ON DELETE CASCADE,"
        " owner TEXT NOT NULL,"
        " rank INTEGER NOT NULL," /* the least is next */
        " progress REAL NOT NULL DEFAULT 0,"
        " packets INTEGER NOT NULL DEFAULT 0,"
        " flows INTEGER NOT NULL DEFAULT 0,"
        " alerts INTEGER NOT NULL DEFAULT 0,"
        " queued INTEGER NOT NULL,"
        " started INTEGER NOT NULL DEFAULT 0,"
        " finished INTEGER NOT NULL DEFAULT 0,"
        " attempts INTEGER NOT NULL DEFAULT 0,"
        " error TEXT,"
        " artefact INTEGER) STRICT"},
    {1, "CREATE INDEX jobs_state ON jobs(state, rank)"},
    {1, "CREATE INDEX jobs_capture ON jobs(capture)"},
    {1, "CREATE TABLE job_lines ("
        " job INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,"
        " n INTEGER NOT NULL,"
        " time INTEGER NOT NULL,"
        " line TEXT NOT NULL,"
        " PRIMARY KEY (job, n)) STRICT, WITHOUT ROWID"},
    {1, "CREATE TABLE artefacts ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " kind INTEGER NOT NULL,"
        " capture INTEGER NOT NULL REFERENCES captures(id) ON DELETE CASCADE,"
        " job INTEGER NOT NULL,"
        " created INTEGER NOT NULL,"
        " size INTEGER NOT NULL,"
        " type TEXT NOT NULL,"
        " sha256 TEXT NOT NULL) STRICT"},
    {1, "CREATE INDEX artefacts_capture ON artefacts(capture)"},
    {1, "CREATE INDEX artefacts_sha256 ON artefacts(sha256)"},
    /* A row of runs with complete = 1 has its file flows/ID.db. */
    {1, "CREATE TABLE runs ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " capture INTEGER NOT NULL REFERENCES captures(id) ON DELETE CASCADE,"
        " job INTEGER NOT NULL,"
        " complete INTEGER NOT NULL DEFAULT 0,"
        " flows INTEGER NOT NULL DEFAULT 0,"
        " first INTEGER NOT NULL DEFAULT 0," /* the least start of a flow, and the */
        " last INTEGER NOT NULL DEFAULT 0)"  /* greatest */
        " STRICT"},
    {1, "CREATE INDEX runs_capture ON runs(capture)"},
    {1, "CREATE TABLE alerts ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " capture INTEGER NOT NULL REFERENCES captures(id) ON DELETE CASCADE,"
        " run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,"
        " grp INTEGER NOT NULL," /* as the flows of the run name it */
        " verdict INTEGER NOT NULL,"
        " detector TEXT NOT NULL,"
        " severity INTEGER NOT NULL,"
        " attack_id TEXT,"
        " score REAL NOT NULL,"
        " src BLOB NOT NULL," /* x'00': many */
        " dst BLOB NOT NULL,"
        " src_name TEXT,"
        " dst_name TEXT,"
        " sources INTEGER NOT NULL,"
        " destinations INTEGER NOT NULL,"
        " ports INTEGER NOT NULL,"
        " proto TEXT NOT NULL,"
        " service TEXT,"
        " first INTEGER NOT NULL,"
        " last INTEGER NOT NULL,"
        " flows INTEGER NOT NULL,"
        " words TEXT NOT NULL,"
        " flow INTEGER NOT NULL,"
        " resolved INTEGER NOT NULL DEFAULT 0," /* when */
        " label INTEGER NOT NULL DEFAULT 0,"
        " comment TEXT,"
        " deleted INTEGER NOT NULL DEFAULT 0,"       /* when */
        " step INTEGER NOT NULL DEFAULT 0) STRICT"}, /* that changed it last */
    {1, "CREATE UNIQUE INDEX alerts_run ON alerts(run, grp)"},
    {1, "CREATE INDEX alerts_capture ON alerts(capture)"},
    {1, "CREATE INDEX alerts_time ON alerts(first, id)"},
    {1, "CREATE INDEX alerts_severity ON alerts(severity, id)"},
    {1, "CREATE INDEX alerts_score ON alerts(score, id)"},
    {1, "CREATE INDEX alerts_flows ON alerts(flows, id)"},
    /* Flows of alerts that were resolved alone; made anew in version 2. */
    {1, "CREATE TABLE resolved_flows ("
        " flow INTEGER PRIMARY KEY,"
        " alert INTEGER NOT NULL REFERENCES alerts(id) ON DELETE CASCADE,"
        " time INTEGER NOT NULL) STRICT"},
    {1, "CREATE INDEX resolved_flows_alert ON resolved_flows(alert)"},
    {1, "CREATE TABLE steps ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " time INTEGER NOT NULL,"
        " undone INTEGER NOT NULL DEFAULT 0) STRICT"},
    /* What an alert was before a step. */
    {1, "CREATE TABLE step_alerts ("
        " step INTEGER NOT NULL REFERENCES steps(id) ON DELETE CASCADE,"
        " alert INTEGER NOT NULL REFERENCES alerts(id) ON DELETE CASCADE,"
        " resolved INTEGER NOT NULL,"
        " label INTEGER NOT NULL,"
        " comment TEXT,"
        " deleted INTEGER NOT NULL,"
        " former INTEGER NOT NULL," /* alerts.step before */
        " PRIMARY KEY (step, alert)) STRICT, WITHOUT ROWID"},
    {1, "CREATE INDEX step_alerts_alert ON step_alerts(alert)"},
    {1, "CREATE TABLE suppressions ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " src BLOB NOT NULL,"
        " src_bits INTEGER NOT NULL,"
        " dst BLOB NOT NULL,"
        " dst_bits INTEGER NOT NULL,"
        " port INTEGER NOT NULL,"
        " verdict INTEGER NOT NULL,"
        " reason TEXT NOT NULL,"
        " created INTEGER NOT NULL,"
        " expires INTEGER NOT NULL) STRICT"},
    {1, "CREATE TABLE settings ("
        " key TEXT PRIMARY KEY,"
        " value TEXT NOT NULL) STRICT, WITHOUT ROWID"},
    {1, "CREATE TABLE models ("
        " id TEXT PRIMARY KEY,"
        " role TEXT NOT NULL,"
        " size INTEGER NOT NULL,"
        " sha256 TEXT NOT NULL,"
        " uploaded INTEGER NOT NULL,"
        " bundled INTEGER NOT NULL,"
        " active INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID"},
    /* Which model was active when another took its place. */
    {1, "CREATE TABLE model_past ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " role TEXT NOT NULL,"
        " model TEXT NOT NULL REFERENCES models(id) ON DELETE CASCADE,"
        " time INTEGER NOT NULL) STRICT"},
    {1, "CREATE INDEX model_past_model ON model_past(model)"},
    {1, "CREATE TABLE users ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " name TEXT NOT NULL UNIQUE,"
        " password TEXT NOT NULL,"
        " scopes INTEGER NOT NULL,"
        " created INTEGER NOT NULL,"
        " disabled INTEGER NOT NULL DEFAULT 0) STRICT"},
    {1, "CREATE TABLE tokens ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " name TEXT NOT NULL,"
        " digest BLOB NOT NULL UNIQUE,"
        " scopes INTEGER NOT NULL,"
        " created INTEGER NOT NULL,"
        " expires INTEGER NOT NULL,"
        " used INTEGER NOT NULL DEFAULT 0,"
        " revoked INTEGER NOT NULL DEFAULT 0) STRICT"},
    {1, "CREATE UNIQUE INDEX tokens_name ON tokens(name) WHERE revoked = 0"},
    {1, "CREATE TABLE sessions ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " digest BLOB NOT NULL UNIQUE,"
        " token INTEGER REFERENCES tokens(id) ON DELETE CASCADE,"
        " user INTEGER REFERENCES users(id) ON DELETE CASCADE,"
        " name TEXT NOT NULL,"
        " scopes INTEGER NOT NULL,"
        " csrf TEXT NOT NULL,"
        " created INTEGER NOT NULL,"
        " expires INTEGER NOT NULL) STRICT"},
    {1, "CREATE INDEX sessions_token ON sessions(token)"},
    {1, "CREATE INDEX sessions_user ON sessions(user)"},
    {1, "CREATE TABLE audit ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " time INTEGER NOT NULL,"
        " who TEXT NOT NULL,"
        " action TEXT NOT NULL,"
        " object TEXT NOT NULL,"
        " outcome TEXT NOT NULL,"
        " client TEXT NOT NULL) STRICT"},
    /* A flow that is resolved alone need not be part of an alert. */
    {2, "ALTER TABLE resolved_flows RENAME TO resolved_flows_1"},
    {2, "DROP INDEX resolved_flows_alert"},
    {2,
     "CREATE TABLE resolved_flows ("
     " flow INTEGER PRIMARY KEY,"
     " run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,"
     " alert INTEGER REFERENCES alerts(id) ON DELETE CASCADE," /* that it is part of */
     " time INTEGER NOT NULL) STRICT"},
    {2, "INSERT INTO resolved_flows SELECT f.flow, a.run, f.alert, f.time"
        " FROM resolved_flows_1 f JOIN alerts a ON a.id = f.alert"},
    {2, "DROP TABLE resolved_flows_1"},
    {2, "CREATE INDEX resolved_flows_alert ON resolved_flows(alert)"},
    {2, "CREATE INDEX resolved_flows_run ON resolved_flows(run)"},
};

static const struct schema_step flow_steps[] = {
    {1, "CREATE TABLE facets ("
        " id INTEGER PRIMARY KEY,"
        " verdict INTEGER NOT NULL,"
        " alerted INTEGER NOT NULL,"
        " suppressed INTEGER NOT NULL,"
        " proto TEXT NOT NULL,"
        " service TEXT NOT NULL,"
        " detector TEXT NOT NULL,"
        " severity INTEGER NOT NULL,"
        " attack_id TEXT NOT NULL,"
        " flows INTEGER NOT NULL,"
        " packets INTEGER NOT NULL,"
        " bytes INTEGER NOT NULL,"
        " first INTEGER NOT NULL," /* the least start, */
        " last INTEGER NOT NULL)"  /* the greatest end */
        " STRICT"},
    {1, "CREATE TABLE states (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT"},
    {1, "CREATE TABLE detectors ("
        " id INTEGER PRIMARY KEY,"
        " name TEXT NOT NULL,"
        " model TEXT NOT NULL,"
        " view TEXT NOT NULL,"
        " threshold REAL) STRICT"},
    {1, "CREATE TABLE names (addr BLOB PRIMARY KEY, name TEXT NOT NULL) STRICT, "
        "WITHOUT ROWID"},
    {1, "CREATE TABLE flows ("
        " id INTEGER PRIMARY KEY,"
        " start INTEGER NOT NULL,"
        " duration INTEGER NOT NULL,"
        " facet INTEGER NOT NULL,"
        " score REAL NOT NULL,"
        " packets INTEGER NOT NULL," /* both sides */
        " bytes INTEGER NOT NULL,"
        " src BLOB NOT NULL,"
        " dst BLOB NOT NULL,"
        " sport INTEGER NOT NULL," /* -1: none */
        " dport INTEGER NOT NULL,"
        " src_packets INTEGER NOT NULL,"
        " src_bytes INTEGER NOT NULL,"
        " grp INTEGER," /* its alert in lapwing.db */
        " confidence REAL,"
        " state INTEGER NOT NULL,"
        " community TEXT,"
        " tags TEXT,"
        " scores BLOB) STRICT"}, /* flow_row.c */
    /* What is kept of some flows only. */
    {1, "CREATE TABLE details ("
        " flow INTEGER PRIMARY KEY,"
        " words TEXT,"
        " first_packets TEXT) STRICT"},
    {1, "CREATE TABLE evidence ("
        " flow INTEGER NOT NULL,"
        " n INTEGER NOT NULL," /* of the flow's scores */
        " reasons TEXT,"
        " vector BLOB," /* 32-bit floats, little-endian */
        " PRIMARY KEY (flow, n)) STRICT, WITHOUT ROWID"},
    /* Traffic over time, in equal bins that begin at multiples of their width. */
    {1, "CREATE TABLE bins ("
        " bin INTEGER NOT NULL,"
        " facet INTEGER NOT NULL,"
        " flows INTEGER NOT NULL,"
        " packets INTEGER NOT NULL,"
        " bytes INTEGER NOT NULL,"
        " PRIMARY KEY (bin, facet)) STRICT, WITHOUT ROWID"},
    /* What flows are searched by (cols.h). */
    {1, "CREATE TABLE chunks ("
        " id INTEGER PRIMARY KEY,"
        " n INTEGER NOT NULL,"
        " mixed INTEGER NOT NULL,"
        " facets INTEGER NOT NULL,"
        " start_min INTEGER NOT NULL,"
        " start_max INTEGER NOT NULL,"
        " score_min INTEGER NOT NULL,"
        " score_max INTEGER NOT NULL,"
        " duration_min INTEGER NOT NULL,"
        " duration_max INTEGER NOT NULL,"
        " packets_min INTEGER NOT NULL,"
        " packets_max INTEGER NOT NULL,"
        " bytes_min INTEGER NOT NULL,"
        " bytes_max INTEGER NOT NULL) STRICT"},
    {1, "CREATE TABLE columns (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT"},
    {1, "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL)"
        " STRICT, WITHOUT ROWID"},
    /* What clients are told that know alerts flow by flow: a verdict; NULL: nothing.
     * In files of version 1 these are the flows of alerts. */
    {2, "ALTER TABLE flows ADD COLUMN told INTEGER"},
    /* Some normal flows, to compare others with: what the first detector saw of them.
     */
    {3, "CREATE TABLE normals ("
        " flow INTEGER PRIMARY KEY,"
        " vector BLOB NOT NULL) STRICT"}, /* 32-bit floats, little-endian */
};

const char *const schema_flow_indexes[] = {
    "CREATE INDEX flows_grp ON flows(grp, start) WHERE grp IS NOT NULL",
    "CREATE INDEX flows_told ON flows(start) WHERE told IS NOT NULL",
    NULL,
};

const struct schema schema_main = {"store", 0x4c415057, main_steps,
                                   sizeof main_steps / sizeof main_steps[0], 2};
const struct schema schema_flows = {"flow file", 0x4c415046, flow_steps,
                                    sizeof flow_steps / sizeof flow_steps[0], 3};

enum lw_status schema_version(const struct schema *schema, struct db *d, int *version,
                              struct lw_error *err)
{
    int64_t found = 0;
    int64_t application = 0;
    int64_t tables = 0;
    enum lw_status st = db_number(d, err, &found, 0, "PRAGMA user_version", "");

    if (st == LW_OK)
        st = db_number(d, err, &application, 0, "PRAGMA application_id", "");
    if (st == LW_OK)
        st = db_number(d, err, &tables, 0, "SELECT count(*) FROM sqlite_master", "");
    if (st != LW_OK)
        return st;
    if (application != schema->application && (found != 0 || tables != 0))
        return lw_fail(err, LW_EFORMAT, "%s: not a %s of Lapwing", db_path(d),
                       schema->what);
    *version = (int)found;
    return LW_OK;
}

/* From the version before to `version`. */
static enum lw_status take_step(const struct schema *schema, struct db *d, int version,
                                struct lw_error *err)
{
    char pragma[96];
    enum lw_status st = db_exec(d, "BEGIN IMMEDIATE", err);

    if (st != LW_OK)
        return st;
    (void)snprintf(pragma, sizeof pragma,
                   "PRAGMA user_version=%d;PRAGMA application_id=%" PRId32, version,
                   schema->application);
    for (size_t i = 0; st == LW_OK && i < schema->n_steps; i++)
        if (schema->steps[i].version == version)
            st = db_exec(d, schema->steps[i].sql, err);
    if (st == LW_OK)
        st = db_exec(d, pragma, err);
    if (st == LW_OK)
        st = db_exec(d, "COMMIT", err);
    if (st != LW_OK)
        best_effort(db_exec(d, "ROLLBACK", NULL));
    return st;
}

enum lw_status schema_migrate(const struct schema *schema, struct db *d, int to,
                              struct lw_error *err)
{
    int version = 0;
    enum lw_status st = schema_version(schema, d, &version, err);

    if (to < 0)
        to = schema->version;
    if (st == LW_OK && version > to)
        return lw_fail(
            err, LW_EUNSUPPORTED,
            "%s: made by a newer Lapwing (version %d of its tables, this one "
            "knows %d): use that one",
            db_path(d), version, to);
    while (st == LW_OK && version < to)
        st = take_step(schema, d, ++version, err);
    return st;
}
