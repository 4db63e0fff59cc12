/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/botnet_set.h"

#include "base/mem.h"

#include <lapwing/flowread.h>

#include <string.h>
#include <strings.h>

enum { PATH_MAX_BYTES = 4096, ROWS_FIRST = 1024 };

/* What a record is, as its tag says. */
enum kind { BACKGROUND, BENIGN, MALICIOUS };

static enum kind kind_of(const char *label)
{
    if (strcasestr(label, "botnet") != NULL || strcasestr(label, "malicious") != NULL)
        return MALICIOUS;
    if (strcasestr(label, "normal") != NULL || strcasestr(label, "benign") != NULL)
        return BENIGN;
    return BACKGROUND;
}

void botnet_set_release(struct botnet_set *s)
{
    mem_free(s->x);
    mem_free(s->label);
    mem_free(s->capture);
    mem_free(s->by_rule);
}

/* An array that grew before another could not stays larger than `cap` says. */
static bool make_room(struct botnet_set *s)
{
    size_t cap = s->cap == 0 ? ROWS_FIRST : 2 * s->cap;
    size_t width = s->view->n_features;
    void *p;

    if (s->n < s->cap)
        return true;
    p = mem_resize(s->x, cap, width * sizeof *s->x);
    if (p == NULL)
        return false;
    s->x = p;
    p = mem_resize(s->label, cap, sizeof *s->label);
    if (p == NULL)
        return false;
    s->label = p;
    p = mem_resize(s->capture, cap, sizeof *s->capture);
    if (p == NULL)
        return false;
    s->capture = p;
    p = mem_resize(s->by_rule, cap, sizeof *s->by_rule);
    if (p == NULL)
        return false;
    s->by_rule = p;
    s->cap = cap;
    return true;
}

struct reading {
    struct botnet_set *set;
    enum lw_status failed;
};

static void on_row(void *ctx, const struct lw_row *row)
{
    struct reading *r = ctx;
    struct botnet_set *s = r->set;
    size_t width = s->view->n_features;
    unsigned from = lw_record_initiator(row->rec);

    if (row->rec->tag == BACKGROUND) {
        s->n_background[s->n_captures]++;
        return;
    }
    if (!make_room(s)) {
        r->failed = LW_ENOMEM;
        return;
    }
    memcpy(s->x + s->n * width, row->values, width * sizeof *s->x);
    s->label[s->n] = row->rec->tag == MALICIOUS ? 1 : 0;
    s->capture[s->n] = (uint8_t)s->n_captures;
    s->by_rule[s->n] =
        row->rec->kind == LW_FLOW_TCP && !lw_record_heard(row->rec, 1 - from);
    s->n++;
}

static enum lw_status read_rows(struct reading *r, struct lw_flow_reader *reader,
                                struct lw_extractor *x, struct lw_error *err)
{
    const struct lw_record *rec;
    enum lw_status st;

    while ((st = lw_flow_reader_next(reader, &rec, err)) == LW_OK) {
        struct lw_record tagged = *rec;

        tagged.tag = kind_of(lw_flow_reader_label(reader));
        st = lw_extractor_add(x, &tagged, lw_flow_reader_watermark_ns(reader), on_row,
                              r);
        if (st != LW_OK || r->failed != LW_OK)
            return lw_fail(err, LW_ENOMEM, "out of memory for flows");
    }
    if (st != LW_END)
        return st;
    lw_extractor_flush(x, on_row, r);
    return r->failed == LW_OK ? LW_OK
                              : lw_fail(err, LW_ENOMEM, "out of memory for flows");
}

static enum lw_status read_capture(struct botnet_set *s, const char *path,
                                   uint8_t group, struct lw_error *err)
{
    struct reading r = {.set = s};
    struct lw_flow_reader *reader = NULL;
    struct lw_extractor *x = NULL;
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    enum lw_status st;

    if (s->n_captures == LW_BOTNET_CAPTURES_MAX)
        return lw_fail(err, LW_EINVAL, "more than %d captures", LW_BOTNET_CAPTURES_MAX);
    st = lw_flow_reader_open(&reader, path, NULL, err);
    if (st == LW_OK)
        st = lw_extractor_new(&x, s->view, NULL, err);
    if (st == LW_OK)
        st = read_rows(&r, reader, x, err);
    lw_extractor_free(x);
    lw_flow_reader_close(reader);
    s->group[s->n_captures] = group;
    memcpy(s->name[s->n_captures], name, strnlen(name, sizeof s->name[0] - 1));
    s->n_captures++;
    return st;
}

/* The files of one group. */
static enum lw_status read_group(struct botnet_set *s, const char *paths, uint8_t group,
                                 struct lw_error *err)
{
    enum lw_status st = LW_OK;

    while (st == LW_OK && *paths != '\0') {
        char path[PATH_MAX_BYTES];
        size_t n = strcspn(paths, ",");

        if (n == 0 || n >= sizeof path)
            return lw_fail(err, LW_EINVAL, "'%.60s': not a list of files", paths);
        memcpy(path, paths, n);
        path[n] = '\0';
        st = read_capture(s, path, group, err);
        paths += n + (paths[n] == ',' ? 1 : 0);
    }
    return st;
}

enum lw_status botnet_set_read(struct botnet_set *s, const struct lw_botnet_config *cfg,
                               struct lw_error *err)
{
    enum lw_status st = LW_OK;

    memset(s, 0, sizeof *s);
    s->view = lw_view_get("netflow_host");
    if (cfg->n_groups > LW_BOTNET_CAPTURES_MAX)
        return lw_fail(err, LW_EINVAL, "%zu groups of captures, at most %d are read",
                       cfg->n_groups, LW_BOTNET_CAPTURES_MAX);
    for (size_t i = 0; st == LW_OK && i < cfg->n_groups; i++) {
        st = read_group(s, cfg->groups[i], (uint8_t)i, err);
        if (cfg->progress != NULL)
            cfg->progress(cfg->progress_ctx, (double)(i + 1) / (double)cfg->n_groups,
                          "reading");
    }
    return st;
}
