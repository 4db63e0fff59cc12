/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures to rows, as lapwing detect makes them: the same meter, the same view, rows
 * of flows that go on among them.
 *
 * A flood is as many rows as it has packets, so of each capture and class no more than
 * TRAFFIC_ROWS_MAX are kept, drawn by reservoir (Vitter's algorithm R): each row has
 * the same chance, and memory does not grow with the capture.
 */
#include "detect/traffic_set.h"

#include "base/csv_line.h"
#include "base/lines.h"
#include "base/mem.h"
#include "base/rng.h"
#include "detect/capture_rows.h"

#include <lapwing/labels.h>

#include <string.h>
#include <strings.h>

enum { PATH_ROOM = 4096, ROWS_FIRST = 1024, IGNORED = -1, UNKNOWN = -2 };

enum { COLUMN_CAPTURE, COLUMN_TRUTH, COLUMN_GROUP, N_COLUMNS };

static const char *const column_names[] = {"capture", "truth", "group"};

/* What ground truths call things. */
static const struct {
    const char *label;
    int class_idx;
} labels[] = {
    {"Normal", 0},       {"Benign", 0}, {"DoS", 1},        {"DDoS", 1},
    {"Probe", 2},        {"R2L", 3},    {"Bruteforce", 3}, {"U2R", 3},
    {"Exfiltration", 3}, {"Botnet", 4}, {"C2", 4},         {"Tunnel", 4},
    {"-", IGNORED},
};

int traffic_class_of(const char *label)
{
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        if (strcasecmp(labels[i].label, label) == 0)
            return labels[i].class_idx;
    }
    return UNKNOWN;
}

void traffic_set_release(struct traffic_set *s)
{
    mem_free(s->x);
    mem_free(s->label);
    mem_free(s->capture);
    mem_free(s->captures);
    for (uint32_t i = 0; i < s->n_groups; i++)
        mem_free(s->groups[i]);
    mem_free(s->groups);
}

/* ---- rows ------------------------------------------------------------------------ */

/* One capture being read. */
struct reading {
    struct traffic_set *set;
    struct traffic_capture *of;
    struct lw_labels *truth; /* owned; NULL: all rows are `whole` */
    int whole;
    struct rng rng;
    size_t *slot[LW_TRAFFIC_CLASSES]; /* (TRAFFIC_ROWS_MAX) rows of the class, owned */
    int8_t *said;                     /* (n_said) class of each flow, owned */
    size_t n_said;
    size_t rows_before; /* the feature's place in the view */
    char unknown[LW_LABEL_MAX + 1];
    enum lw_status failed;
};

/* An array that grew before another could not stays larger than `cap` says. */
static bool make_room(struct traffic_set *s)
{
    size_t cap = s->cap == 0 ? ROWS_FIRST : 2 * s->cap;
    void *p;

    if (s->n < s->cap)
        return true;
    p = mem_resize(s->x, cap, s->view->n_features * sizeof *s->x);
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
    s->cap = cap;
    return true;
}

/* Where a row of a class goes, or SIZE_MAX: it was not drawn. */
static size_t draw_slot(struct reading *r, unsigned c)
{
    uint64_t n = r->of->seen[c]++;
    uint64_t at = n < TRAFFIC_ROWS_MAX ? n : rng_below(&r->rng, n + 1);

    if (at >= TRAFFIC_ROWS_MAX)
        return SIZE_MAX;
    if (n < TRAFFIC_ROWS_MAX) {
        if (!make_room(r->set)) {
            r->failed = LW_ENOMEM;
            return SIZE_MAX;
        }
        r->slot[c][at] = r->set->n++;
        r->of->kept[c]++;
    }
    return r->slot[c][at];
}

static int class_by_truth(struct reading *r, const struct lw_record *rec)
{
    const char *label = r->truth == NULL ? NULL : lw_labels_find(r->truth, rec);
    int class_idx;

    if (r->truth == NULL)
        return r->whole;
    class_idx = label == NULL ? 0 : traffic_class_of(label);
    if (class_idx == UNKNOWN && r->failed == LW_OK) {
        r->failed = LW_EFORMAT;
        (void)snprintf(r->unknown, sizeof r->unknown, "%s", label);
    }
    return class_idx;
}

/* A flow is what its first row was, however long it goes on. */
static int class_of_row(struct reading *r, const struct lw_row *row)
{
    size_t id = row->flow_id;
    int class_idx;

    if (id < r->n_said && row->values[r->rows_before] > 0)
        return r->said[id];
    class_idx = class_by_truth(r, row->rec);
    if (id >= r->n_said) {
        size_t n = id + 1 > 2 * r->n_said ? id + 1 : 2 * r->n_said;
        int8_t *p = mem_resize(r->said, n, sizeof *p);

        if (p == NULL) {
            r->failed = LW_ENOMEM;
            return IGNORED;
        }
        memset(p + r->n_said, IGNORED, n - r->n_said);
        r->said = p;
        r->n_said = n;
    }
    r->said[id] = (int8_t)class_idx;
    return class_idx;
}

static void on_row(void *ctx, const struct lw_row *row)
{
    struct reading *r = ctx;
    struct traffic_set *s = r->set;
    size_t width = s->view->n_features;
    int class_idx;
    size_t at;

    if (r->failed != LW_OK)
        return;
    class_idx = class_of_row(r, row);
    if (class_idx < 0)
        return;
    at = draw_slot(r, (unsigned)class_idx);
    if (at == SIZE_MAX)
        return;
    memcpy(s->x + at * width, row->values, width * sizeof *s->x);
    s->label[at] = (uint8_t)class_idx;
    s->capture[at] = s->n_captures;
}

/* ---- captures -------------------------------------------------------------------- */

static enum lw_status reading_init(struct reading *r, struct traffic_set *s,
                                   uint64_t seed, struct lw_error *err)
{
    *r = (struct reading){.set = s, .of = &s->captures[s->n_captures]};
    rng_init(&r->rng, seed + s->n_captures);
    while (strcmp(s->view->features[r->rows_before].name, "rows_before") != 0)
        r->rows_before++;
    for (unsigned c = 0; c < LW_TRAFFIC_CLASSES; c++) {
        r->slot[c] = mem_zalloc(TRAFFIC_ROWS_MAX, sizeof *r->slot[c]);
        if (r->slot[c] == NULL)
            return lw_fail(err, LW_ENOMEM, "out of memory for flows");
    }
    return LW_OK;
}

static void reading_release(struct reading *r)
{
    for (unsigned c = 0; c < LW_TRAFFIC_CLASSES; c++)
        mem_free(r->slot[c]);
    mem_free(r->said);
    lw_labels_free(r->truth);
}

/* Rows of one capture; its truth is a class or the path of a file. */
static enum lw_status read_capture(struct traffic_set *s, const char *path,
                                   const char *truth, uint64_t seed,
                                   struct lw_error *err)
{
    struct lw_capture *cap = NULL;
    struct reading r;
    enum lw_status st = reading_init(&r, s, seed, err);

    r.whole = traffic_class_of(truth);
    if (st == LW_OK && r.whole == UNKNOWN)
        st = lw_labels_read(&r.truth, truth, err);
    if (st == LW_OK)
        st = lw_capture_open(&cap, path, NULL, err);
    if (st == LW_OK)
        st = capture_rows_run(s->view, cap, on_row, &r, err);
    if (st == LW_OK && r.failed == LW_EFORMAT)
        st = lw_fail(err, LW_EFORMAT,
                     "%s: '%.40s' is no class; known are Normal, DoS, Probe, R2L, "
                     "Botnet, and - for what does not count",
                     truth, r.unknown);
    else if (st == LW_OK && r.failed != LW_OK)
        st = lw_fail(err, LW_ENOMEM, "out of memory for flows");
    for (unsigned c = 1; c < LW_TRAFFIC_CLASSES; c++)
        r.of->has_attack |= r.of->seen[c] > 0;
    s->n_captures++;
    lw_capture_close(cap);
    reading_release(&r);
    return st;
}

/* ---- the table of captures ------------------------------------------------------- */

struct table {
    const char *path;
    struct lines lines;
    struct csv_line line;
    char delimiter;
    size_t place[N_COLUMNS];
};

static enum lw_status bad_line(const struct table *t, const char *what,
                               struct lw_error *err)
{
    return lw_fail(err, LW_EFORMAT, "%s:%zu: %s", t->path, t->lines.number, what);
}

static enum lw_status next_line(struct table *t, struct lw_error *err)
{
    struct span text;
    enum lw_status st;

    do
        st = lines_next(&t->lines, &text, err);
    while (st == LW_OK && (text.n == 0 || text.p[0] == '#'));
    if (st != LW_OK)
        return st;
    if (t->delimiter == '\0')
        t->delimiter = memchr(text.p, '\t', text.n) != NULL ? '\t' : ',';
    switch (csv_line_split(&t->line, text, t->delimiter, true)) {
    case CSV_OK:
        return LW_OK;
    case CSV_NO_MEMORY:
        return lw_fail(err, LW_ENOMEM, "out of memory");
    case CSV_OPEN_QUOTE:
    case CSV_AFTER_QUOTE:
        break;
    }
    return bad_line(t, "quotes that do not enclose a field", err);
}

static enum lw_status read_header(struct table *t, struct lw_error *err)
{
    enum lw_status st = next_line(t, err);

    if (st != LW_OK)
        return st == LW_END ? lw_fail(err, LW_EFORMAT, "%s: empty", t->path) : st;
    for (unsigned c = 0; c < N_COLUMNS; c++) {
        t->place[c] = SIZE_MAX;
        for (size_t i = 0; i < t->line.n; i++) {
            const struct csv_field *f = &t->line.fields[i];

            if (f->n == strlen(column_names[c]) &&
                memcmp(f->p, column_names[c], f->n) == 0)
                t->place[c] = i;
        }
        if (t->place[c] == SIZE_MAX)
            return bad_line(t, "the header needs capture, truth and group", err);
    }
    return LW_OK;
}

/* A field of the current line as text. */
static enum lw_status take_field(const struct table *t, unsigned c, char out[PATH_ROOM],
                                 struct lw_error *err)
{
    const struct csv_field *f;

    if (t->place[c] >= t->line.n)
        return bad_line(t, "fields are missing", err);
    f = &t->line.fields[t->place[c]];
    if (f->n == 0 || f->n >= PATH_ROOM)
        return bad_line(t, "an empty field, or one that is too long", err);
    memcpy(out, f->p, f->n);
    out[f->n] = '\0';
    return LW_OK;
}

/* A path of the table, seen from where the table lies. */
static enum lw_status resolve(const struct table *t, const char *path,
                              char out[PATH_ROOM], struct lw_error *err)
{
    const char *slash = strrchr(t->path, '/');
    int n = slash == NULL || path[0] == '/' ? 0 : (int)(slash - t->path) + 1;

    if (snprintf(out, PATH_ROOM, "%.*s%s", n, t->path, path) >= PATH_ROOM)
        return bad_line(t, "the path is too long", err);
    return LW_OK;
}

static enum lw_status find_group(struct traffic_set *s, const char *name, uint32_t *out,
                                 struct lw_error *err)
{
    char **p;

    for (*out = 0; *out < s->n_groups; ++*out)
        if (strcmp(s->groups[*out], name) == 0)
            return LW_OK;
    p = mem_resize(s->groups, s->n_groups + 1U, sizeof *p);
    if (p == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    s->groups = p;
    s->groups[s->n_groups] = mem_strdup(name);
    if (s->groups[s->n_groups] == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    s->n_groups++;
    return LW_OK;
}

static enum lw_status add_capture(struct traffic_set *s, const char *group,
                                  struct lw_error *err)
{
    struct traffic_capture *p = mem_resize(s->captures, s->n_captures + 1U, sizeof *p);
    uint32_t at = 0;
    enum lw_status st;

    if (p == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    s->captures = p;
    st = find_group(s, group, &at, err);
    p[s->n_captures] = (struct traffic_capture){.group = at};
    return st;
}

static enum lw_status read_line(struct traffic_set *s, const struct table *t,
                                uint64_t seed, struct lw_error *err)
{
    char field[PATH_ROOM];
    char path[PATH_ROOM];
    char truth[PATH_ROOM];
    struct lw_error why = {LW_OK, ""};
    enum lw_status st = take_field(t, COLUMN_GROUP, field, err);

    if (st == LW_OK)
        st = add_capture(s, field, err);
    if (st == LW_OK)
        st = take_field(t, COLUMN_CAPTURE, field, err);
    if (st == LW_OK)
        st = resolve(t, field, path, err);
    if (st == LW_OK)
        st = take_field(t, COLUMN_TRUTH, field, err);
    if (st != LW_OK)
        return st;
    if (traffic_class_of(field) != UNKNOWN)
        (void)snprintf(truth, sizeof truth, "%s", field);
    else
        st = resolve(t, field, truth, err);
    if (st != LW_OK)
        return st;
    st = read_capture(s, path, truth, seed, &why);
    return st == LW_OK
               ? LW_OK
               : lw_fail(err, st, "%s:%zu: %.180s", t->path, t->lines.number, why.msg);
}

static enum lw_status read_table(struct traffic_set *s, struct table *t,
                                 const struct lw_traffic_config *cfg,
                                 struct lw_error *err)
{
    enum lw_status st = read_header(t, err);

    while (st == LW_OK) {
        st = next_line(t, err);
        if (st == LW_OK)
            st = read_line(s, t, cfg->seed, err);
        if (cfg->progress != NULL)
            cfg->progress(cfg->progress_ctx, 0, "reading captures");
    }
    return st == LW_END ? LW_OK : st;
}

enum lw_status traffic_set_read(struct traffic_set *s,
                                const struct lw_traffic_config *cfg,
                                struct lw_error *err)
{
    struct table t = {.path = cfg->index};
    struct stream *in = NULL;
    enum lw_status st;

    memset(s, 0, sizeof *s);
    s->view = lw_view_get("flow");
    st = stream_open(&in, cfg->index, err);
    if (st != LW_OK)
        return st;
    csv_line_init(&t.line);
    lines_init(&t.lines, in, NULL);
    st = read_table(s, &t, cfg, err);
    csv_line_release(&t.line);
    stream_close(in);
    return st;
}
