/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/recording.h"

#include "base/buf.h"
#include "base/timefmt.h"
#include "serve/jobs.h"
#include "serve/metrics.h"
#include "serve/present.h"
#include "serve/server_priv.h"
#include "serve/tell.h"
#include "serve/watch_wire.h"
#include "store/admin.h"

#include <lapwing/log.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is not acknowledged yet is lost in a crash: no more than this. */
#define SYNC_BYTES ((uint64_t)16 << 20)
#define SYNC_NS    (2 * NS_PER_S)

#define KEY_PREFIX "live.upload."

enum { KEY_MAX = sizeof KEY_PREFIX + IFNAMSIZ, LEFT_MAX = 64 };

static void make_key(const char *interface, char out[KEY_MAX])
{
    (void)snprintf(out, KEY_MAX, KEY_PREFIX "%.*s", IFNAMSIZ - 1, interface);
}

/* "eth0 2026-03-01 10.15.02.pcap", in UTC. */
static void make_name(const char *interface, int64_t now_ns, char *out, size_t n)
{
    char when[TIMEFMT_MAX];

    (void)timefmt_eve(now_ns, when);
    when[10] = ' ';
    when[13] = when[16] = '.';
    (void)snprintf(out, n, "%s %.19s.pcap", interface, when);
}

static enum lw_status begin(struct recording *r, struct server *s,
                            const char *interface, uint32_t link_type,
                            struct lw_error *err)
{
    char name[IFNAMSIZ + 40];
    char key[KEY_MAX];
    char id[24];
    const struct store_upload_config cfg = {
        .name = name, .analyse = true, .resumable = true};
    struct buf head;
    enum lw_status st;

    *r = (struct recording){.began_ns = clock_ns(), .link_type = link_type};
    r->synced_ns = r->began_ns;
    make_name(interface, r->began_ns, name, sizeof name);
    make_key(interface, key);
    st = store_upload_begin(s->store, &cfg, &r->upload, err);
    if (st != LW_OK) {
        r->upload = 0;
        return st;
    }
    (void)snprintf(id, sizeof id, "%" PRId64, r->upload);
    st = store_setting_set(s->store, key, id, err);
    buf_init(&head);
    watch_put_file_head(&head, link_type);
    if (st == LW_OK && !buf_ok(&head))
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    if (st == LW_OK)
        st = store_upload_append(s->store, r->upload, 0, head.data, head.len, err);
    r->bytes = head.len;
    buf_release(&head);
    return st;
}

static enum lw_status sync_now(struct recording *r, struct server *s,
                               struct lw_error *err)
{
    uint64_t offset = 0;
    enum lw_status st = store_upload_sync(s->store, r->upload, &offset, err);

    r->synced = r->bytes;
    r->synced_ns = clock_ns();
    return st;
}

enum lw_status recording_add(struct recording *r, struct server *s,
                             const char *interface, uint32_t link_type,
                             struct span records, struct lw_error *err)
{
    int64_t capture;
    enum lw_status st = LW_OK;

    if (r->upload != 0 && r->link_type != link_type)
        st = recording_end(r, s, interface, &capture, err);
    if (st == LW_OK && r->upload == 0)
        st = begin(r, s, interface, link_type, err);
    if (st == LW_OK)
        st = store_upload_append(s->store, r->upload, r->bytes, records.p, records.n,
                                 err);
    if (st != LW_OK)
        return st;
    r->bytes += records.n;
    if (r->bytes - r->synced < SYNC_BYTES && clock_ns() - r->synced_ns < SYNC_NS)
        return LW_OK;
    return sync_now(r, s, err);
}

/* The upload is a capture from here on, and no longer ours. */
static enum lw_status commit(struct server *s, const char *key, int64_t upload,
                             int64_t *capture, struct lw_error *err)
{
    int64_t job = 0;
    enum lw_status st = store_upload_commit(s->store, upload, capture, &job, err);

    if (st != LW_OK)
        return st;
    st = store_setting_set(s->store, key, NULL, err);
    metrics_add(s->metrics, METRICS_uploads, 1);
    tell_capture(s, *capture);
    jobs_look(s->jobs, job);
    return st;
}

enum lw_status recording_end(struct recording *r, struct server *s,
                             const char *interface, int64_t *capture,
                             struct lw_error *err)
{
    char key[KEY_MAX];
    int64_t upload = r->upload;
    enum lw_status st = LW_OK;

    *capture = 0;
    if (upload == 0)
        return LW_OK;
    make_key(interface, key);
    st = sync_now(r, s, err);
    if (st == LW_OK) {
        metrics_add(s->metrics, METRICS_upload_bytes, r->bytes);
        st = commit(s, key, upload, capture, err);
    }
    *r = (struct recording){0};
    return st;
}

/* ---- what was left --------------------------------------------------------------- */

struct left {
    struct {
        char key[KEY_MAX];
        int64_t upload;
    } item[LEFT_MAX];
    size_t n;
};

static void on_setting(void *ctx, const char *key, const char *value)
{
    struct left *l = ctx;

    if (strncmp(key, KEY_PREFIX, strlen(KEY_PREFIX)) != 0 || l->n == LEFT_MAX ||
        strlen(key) >= KEY_MAX)
        return;
    (void)snprintf(l->item[l->n].key, KEY_MAX, "%s", key);
    l->item[l->n++].upload = strtoll(value, NULL, 10);
}

static void on_upload(void *ctx, const struct store_upload *u)
{
    *(uint64_t *)ctx = u->capture == 0 ? u->offset : UINT64_MAX;
}

/* Of an upload that is gone, or was not acknowledged a packet, nothing is left. */
static enum lw_status end_left(struct server *s, const char *key, int64_t upload,
                               struct lw_error *err)
{
    enum { FILE_HEAD_BYTES = 24 };
    uint64_t bytes = 0;
    int64_t capture = 0;
    enum lw_status st = store_upload_get(s->store, upload, on_upload, &bytes, err);

    if (st == LW_OK && bytes > FILE_HEAD_BYTES)
        return commit(s, key, upload, &capture, err);
    if (st == LW_OK)
        st = store_upload_drop(s->store, upload, err);
    return st == LW_OK || st == LW_ENOTFOUND
               ? store_setting_set(s->store, key, NULL, err)
               : st;
}

void recording_recover(struct server *s)
{
    struct left l = {.n = 0};
    struct lw_error err;

    if (store_setting_list(s->store, on_setting, &l, &err) != LW_OK) {
        lw_log(LW_LOG_WARNING, "recordings that were under way: %s", err.msg);
        return;
    }
    for (size_t i = 0; i < l.n; i++)
        if (end_left(s, l.item[i].key, l.item[i].upload, &err) != LW_OK)
            lw_log(LW_LOG_WARNING, "%s: %s", l.item[i].key, err.msg);
}
