/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures on their way in.
 *
 * An upload is a file in partial/ and a row that says how many of its bytes are
 * acknowledged: those that were synced before the row was written.  Its digest is kept
 * running while the file grows, so that a commit need not read it again; after a
 * restart, or when a piece broke off, the file is read once more.
 *
 * A commit links the file into blobs/ before the row of the capture, and removes it
 * from partial/ after: whatever happens in between, either the upload or the capture is
 * there.
 */
#include "base/mem.h"
#include "store/store_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 800 };

/* One that this process works on.  `busy` is its lock: who set it may touch the rest.
 */
struct open_upload {
    struct open_upload *next;
    int64_t id;
    bool busy;
    bool gone;
    int fd;
    uint64_t size_bytes; /* announced; 0: not known */
    uint64_t synced;     /* acknowledged */
    uint64_t written;
    struct sha256 *sum; /* owned; of the first `written` bytes; NULL: not known */
    char path[FILES_PATH_MAX];
};

static void free_upload(struct open_upload *u)
{
    if (u->fd >= 0)
        (void)close(u->fd);
    sha256_free(u->sum);
    mem_free(u);
}

void uploads_release(struct store *s)
{
    while (s->uploads != NULL) {
        struct open_upload *u = s->uploads;

        s->uploads = u->next;
        free_upload(u);
    }
}

/* ------------------------------------------------------------------ the rows */

struct reading {
    store_upload_fn fn;
    void *ctx;
    struct store_upload row; /* the last, without its name */
    char sha256[STORE_SHA_TEXT];
    bool analyse;
    int64_t job;
    uint64_t n;
};

#define UPLOAD_COLUMNS                                                                 \
    "id, name, size, offset, capture, created, touched, sha256, analyse, job"          \
    " FROM uploads"

static void read_upload(void *ctx, struct db_stmt *q)
{
    struct reading *r = ctx;
    const char *sha256 = db_text(q, 7);

    r->row = (struct store_upload){
        .id = db_int(q, 0),
        .name = db_text(q, 1),
        .size_bytes = (uint64_t)db_int(q, 2),
        .offset = (uint64_t)db_int(q, 3),
        .capture = db_int(q, 4),
        .created_ns = db_int(q, 5),
        .touched_ns = db_int(q, 6),
    };
    (void)snprintf(r->sha256, sizeof r->sha256, "%s", sha256 == NULL ? "" : sha256);
    r->analyse = db_int(q, 8) != 0;
    r->job = db_int(q, 9);
    r->n++;
    if (r->fn != NULL)
        r->fn(r->ctx, &r->row);
    r->row.name = NULL;
}

static enum lw_status get_row(struct store *s, int64_t id, struct reading *r,
                              struct lw_error *err)
{
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = db_query(d, err, read_upload, r, NULL,
                      "SELECT " UPLOAD_COLUMNS " WHERE id = ?", "i", id);
    store_reader_give(s, d);
    return st == LW_OK && r->n == 0 ? store_missing("upload", id, err) : st;
}

enum lw_status store_upload_get(struct store *s, int64_t id, store_upload_fn fn,
                                void *ctx, struct lw_error *err)
{
    struct reading r = {.fn = fn, .ctx = ctx};

    return get_row(s, id, &r, err);
}

/* -------------------------------------------------------------- taking hold */

static enum lw_status open_file(struct store *s, struct open_upload *u, int flags,
                                struct lw_error *err)
{
    enum lw_status st = files_upload_path(u->path, s->dir, u->id, err);

    if (st != LW_OK)
        return st;
    u->fd = open(u->path, O_RDWR | O_CLOEXEC | flags, 0600);
    return u->fd < 0 ? files_fail(u->path, errno, err) : LW_OK;
}

/* One that an earlier process began. */
static enum lw_status reopen(struct store *s, struct open_upload *u,
                             struct lw_error *err)
{
    struct reading r = {.fn = NULL};
    enum lw_status st = get_row(s, u->id, &r, err);

    if (st == LW_OK && r.row.capture != 0)
        return lw_fail(err, LW_EMISMATCH, "upload %" PRId64 " is complete", u->id);
    if (st == LW_OK)
        st = open_file(s, u, O_CREAT, err);
    u->size_bytes = r.row.size_bytes;
    u->synced = r.row.offset;
    u->written = r.row.offset;
    return st;
}

static struct open_upload *find(const struct store *s, int64_t id)
{
    struct open_upload *u = s->uploads;

    while (u != NULL && u->id != id)
        u = u->next;
    return u;
}

static struct open_upload *add(struct store *s, int64_t id)
{
    struct open_upload *u = mem_zalloc(1, sizeof *u);

    if (u == NULL)
        return NULL;
    u->id = id;
    u->fd = -1;
    u->next = s->uploads;
    s->uploads = u;
    return u;
}

static void let_go(struct store *s, struct open_upload *u)
{
    (void)pthread_mutex_lock(&s->upload_lock);
    u->busy = false;
    if (u->gone) {
        struct open_upload **at = &s->uploads;

        while (*at != u)
            at = &(*at)->next;
        *at = u->next;
        free_upload(u);
    }
    (void)pthread_mutex_unlock(&s->upload_lock);
}

static enum lw_status take_hold(struct store *s, int64_t id, struct open_upload **out,
                                struct lw_error *err)
{
    struct open_upload *u;
    enum lw_status st = LW_OK;

    (void)pthread_mutex_lock(&s->upload_lock);
    u = find(s, id);
    if (u != NULL && u->busy)
        st =
            lw_fail(err, LW_EPERM, "another request is writing to upload %" PRId64, id);
    else if (u == NULL && (u = add(s, id)) == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    if (st == LW_OK)
        u->busy = true;
    (void)pthread_mutex_unlock(&s->upload_lock);
    if (st != LW_OK)
        return st;
    if (u->fd < 0)
        st = reopen(s, u, err);
    if (st != LW_OK) {
        u->gone = true;
        let_go(s, u);
        return st;
    }
    *out = u;
    return LW_OK;
}

/* -------------------------------------------------------------------- steps */

static enum lw_status check_config(const struct store_upload_config *cfg,
                                   struct lw_error *err)
{
    size_t n = cfg->name == NULL ? 0 : strlen(cfg->name);

    if (n == 0 || n > NAME_MAX_BYTES)
        return lw_fail(err, LW_EINVAL, "a file's name has 1 to %d bytes",
                       NAME_MAX_BYTES);
    if (cfg->size_bytes > (uint64_t)INT64_MAX)
        return lw_fail(err, LW_EINVAL, "no file is that large");
    if (cfg->sha256 != NULL && strspn(cfg->sha256, "0123456789abcdef") != 64)
        return lw_fail(err, LW_EINVAL, "a SHA-256 is 64 hexadecimal digits");
    return LW_OK;
}

enum lw_status store_upload_begin(struct store *s,
                                  const struct store_upload_config *cfg, int64_t *id,
                                  struct lw_error *err)
{
    struct open_upload *u;
    int64_t now = store_now_ns();
    enum lw_status st = check_config(cfg, err);

    if (st == LW_OK)
        st = store_write(s, err, NULL, id,
                         "INSERT INTO uploads (name, size, sha256, analyse, resumable,"
                         " created, touched) VALUES (?, ?, ?, ?, ?, ?, ?)",
                         "titiiii", cfg->name, (int64_t)cfg->size_bytes, cfg->sha256,
                         (int64_t)cfg->analyse, (int64_t)cfg->resumable, now, now);
    if (st != LW_OK)
        return st;
    (void)pthread_mutex_lock(&s->upload_lock);
    u = add(s, *id);
    if (u != NULL)
        u->busy = true;
    (void)pthread_mutex_unlock(&s->upload_lock);
    if (u == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    u->size_bytes = cfg->size_bytes;
    u->sum = sha256_new();
    st = open_file(s, u, O_CREAT | O_TRUNC, err);
    u->gone = st != LW_OK;
    let_go(s, u);
    if (st != LW_OK)
        best_effort(store_upload_drop(s, *id, NULL));
    return st;
}

static enum lw_status append(struct open_upload *u, uint64_t offset, const void *data,
                             size_t n, struct lw_error *err)
{
    enum lw_status st;

    if (offset != u->written)
        return lw_fail(err, LW_EMISMATCH,
                       "the next piece of this upload begins at byte %" PRIu64,
                       u->written);
    if (u->size_bytes != 0 && n > u->size_bytes - u->written)
        return lw_fail(err, LW_ELIMIT, "more than the %" PRIu64 " bytes announced",
                       u->size_bytes);
    st = files_write(u->fd, u->path, data, n, offset, err);
    if (st != LW_OK)
        return st;
    if (u->sum != NULL)
        sha256_add(u->sum, data, n);
    u->written += n;
    return LW_OK;
}

enum lw_status store_upload_append(struct store *s, int64_t id, uint64_t offset,
                                   const void *data, size_t n, struct lw_error *err)
{
    struct open_upload *u = NULL;
    enum lw_status st = take_hold(s, id, &u, err);

    if (st != LW_OK)
        return st;
    st = append(u, offset, data, n, err);
    let_go(s, u);
    return st;
}

static enum lw_status sync_upload(struct store *s, struct open_upload *u,
                                  struct lw_error *err)
{
    uint64_t changed = 0;
    enum lw_status st;

    if (fdatasync(u->fd) != 0)
        return files_fail(u->path, errno, err);
    st = u->synced == 0 ? files_sync_dir(s->dir, err) : LW_OK;
    if (st == LW_OK && u->synced == 0) {
        char dir[FILES_PATH_MAX];

        st = files_path(dir, s->dir, FILES_PARTIAL, err);
        if (st == LW_OK)
            st = files_sync_dir(dir, err);
    }
    if (st == LW_OK)
        st = store_write(s, err, &changed, NULL,
                         "UPDATE uploads SET offset = ?, touched = ? WHERE id = ?",
                         "iii", (int64_t)u->written, store_now_ns(), u->id);
    if (st == LW_OK && changed == 0)
        return store_missing("upload", u->id, err);
    if (st == LW_OK)
        u->synced = u->written;
    return st;
}

enum lw_status store_upload_sync(struct store *s, int64_t id, uint64_t *offset,
                                 struct lw_error *err)
{
    struct open_upload *u = NULL;
    enum lw_status st = take_hold(s, id, &u, err);

    if (st != LW_OK)
        return st;
    st = sync_upload(s, u, err);
    *offset = u->synced;
    let_go(s, u);
    return st;
}

enum lw_status store_upload_revert(struct store *s, int64_t id, struct lw_error *err)
{
    struct open_upload *u = NULL;
    enum lw_status st = take_hold(s, id, &u, err);

    if (st != LW_OK)
        return st;
    if (u->written != u->synced) {
        if (ftruncate(u->fd, (off_t)u->synced) != 0)
            st = files_fail(u->path, errno, err);
        u->written = u->synced;
        sha256_free(u->sum);
        u->sum = NULL;
    }
    let_go(s, u);
    return st;
}

/* ------------------------------------------------------------------- commit */

/* The digest of what is there, as text; the running one is used up. */
static enum lw_status digest_of(struct open_upload *u, char sha256[STORE_SHA_TEXT],
                                struct lw_error *err)
{
    uint8_t digest[SHA256_BYTES];
    enum lw_status st;

    if (u->sum == NULL) {
        st = files_digest(u->path, u->written, &u->sum, err);
        if (st != LW_OK)
            return st;
    }
    sha256_finish(u->sum, digest);
    u->sum = NULL;
    digest_hex(digest, sizeof digest, sha256);
    return LW_OK;
}

struct making {
    struct store_upload_config cfg; /* without its name */
    char sha256[STORE_SHA_TEXT];
    int64_t capture;
    int64_t job;
};

static enum lw_status make_rows(struct store *s, const struct open_upload *u,
                                const struct reading *r, struct making *m,
                                struct lw_error *err)
{
    enum lw_status st =
        db_run(s->writer, err,
               "INSERT INTO captures (name, size, sha256, uploaded)"
               " SELECT name, ?, ?, ? FROM uploads WHERE id = ? AND capture IS NULL",
               "itii", (int64_t)u->written, m->sha256, store_now_ns(), u->id);

    if (st == LW_OK && db_changes(s->writer) == 0)
        return store_missing("upload", u->id, err);
    m->capture = db_last_id(s->writer);
    if (st == LW_OK && r->analyse)
        st = job_create(s, STORE_JOB_ANALYSE, m->capture, "", &m->job, err);
    if (st == LW_OK)
        st = db_run(s->writer, err,
                    "UPDATE uploads SET capture = ?, job = ?, offset = ?, size = ?3,"
                    " touched = ? WHERE id = ?",
                    "iiiii", m->capture, m->job, (int64_t)u->written, store_now_ns(),
                    u->id);
    return st;
}

static enum lw_status make_capture(struct store *s, struct open_upload *u,
                                   const struct reading *r, struct making *m,
                                   struct lw_error *err)
{
    enum lw_status st = digest_of(u, m->sha256, err);

    if (st == LW_OK && r->sha256[0] != '\0' && strcmp(r->sha256, m->sha256) != 0)
        return lw_fail(err, LW_EMISMATCH,
                       "the SHA-256 of what arrived is %s, not the one announced: "
                       "send it again",
                       m->sha256);
    if (st == LW_OK)
        st = store_begin(s, err);
    if (st != LW_OK)
        return st;
    st = files_link_blob(u->path, s->dir, m->sha256, err);
    if (st == LW_OK)
        st = make_rows(s, u, r, m, err);
    if (st == LW_OK)
        store_remove_later(s, u->path);
    return store_end(s, st, err);
}

static enum lw_status commit(struct store *s, struct open_upload *u,
                             const struct reading *r, struct making *m,
                             struct lw_error *err)
{
    enum lw_status st;

    if (u->size_bytes != 0 && u->written != u->size_bytes)
        return lw_fail(err, LW_EMISMATCH,
                       "%" PRIu64 " of the %" PRIu64 " bytes announced have arrived",
                       u->written, u->size_bytes);
    if (u->written == 0)
        return lw_fail(err, LW_EMISMATCH,
                       "nothing has arrived: an empty file is no "
                       "capture");
    st = u->written != u->synced ? sync_upload(s, u, err) : LW_OK;
    if (st == LW_OK)
        st = make_capture(s, u, r, m, err);
    u->gone = st == LW_OK;
    return st;
}

enum lw_status store_upload_commit(struct store *s, int64_t id, int64_t *capture,
                                   int64_t *job, struct lw_error *err)
{
    struct reading r = {.fn = NULL};
    struct making m = {.capture = 0};
    struct open_upload *u = NULL;
    enum lw_status st = get_row(s, id, &r, err);

    if (st != LW_OK)
        return st;
    if (r.row.capture == 0) {
        st = take_hold(s, id, &u, err);
        if (st != LW_OK)
            return st;
        st = commit(s, u, &r, &m, err);
        let_go(s, u);
    } else {
        m.capture = r.row.capture;
        m.job = r.job;
    }
    if (st != LW_OK)
        return st;
    *capture = m.capture;
    if (job != NULL)
        *job = m.job;
    return LW_OK;
}

/* ----------------------------------------------------------------- dropping */

enum lw_status store_upload_drop(struct store *s, int64_t id, struct lw_error *err)
{
    char path[FILES_PATH_MAX];
    struct open_upload *u;
    enum lw_status st = files_upload_path(path, s->dir, id, err);

    if (st == LW_OK)
        st = store_begin(s, err);
    if (st != LW_OK)
        return st;
    st = db_run(s->writer, err, "DELETE FROM uploads WHERE id = ?", "i", id);
    if (st == LW_OK && db_changes(s->writer) == 0)
        st = store_missing("upload", id, err);
    if (st == LW_OK)
        store_remove_later(s, path);
    st = store_end(s, st, err);
    (void)pthread_mutex_lock(&s->upload_lock);
    u = st == LW_OK ? find(s, id) : NULL;
    if (u != NULL)
        u->gone = true; /* freed by whoever works on it, or at the end */
    (void)pthread_mutex_unlock(&s->upload_lock);
    return st;
}

struct expiring {
    int64_t ids[64];
    size_t n;
};

static void note_id(void *ctx, struct db_stmt *q)
{
    struct expiring *e = ctx;

    e->ids[e->n++] = db_int(q, 0);
}

enum lw_status store_upload_expire(struct store *s, int64_t before_ns, uint64_t *n,
                                   struct lw_error *err)
{
    struct expiring e;
    uint64_t dropped = 0;
    enum lw_status st;

    do {
        struct db *d = NULL;

        e.n = 0;
        st = store_reader_take(s, &d, err);
        if (st == LW_OK)
            st = db_query(d, err, note_id, &e, NULL,
                          "SELECT id FROM uploads WHERE touched < ? LIMIT 64", "i",
                          before_ns);
        store_reader_give(s, d);
        for (size_t i = 0; st == LW_OK && i < e.n; i++) {
            st = store_upload_drop(s, e.ids[i], err);
            if (st == LW_ENOTFOUND)
                st = LW_OK;
            dropped += st == LW_OK;
        }
    } while (st == LW_OK && e.n > 0);
    if (n != NULL)
        *n = dropped;
    return st;
}
