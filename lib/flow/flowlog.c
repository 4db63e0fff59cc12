/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flow log: what is common to all formats.  Which fields, in which order; room for
 * the longest possible line before each record, so that the formats need not look; the
 * header in time.
 */
#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/put.h"
#include "format.h"

#include <string.h>

enum { NAME_SHOWN = 64, NAMES_MAX = 256 };

static const struct lw_flow_format *const formats[] = {
    &flow_format_binetflow, &flow_format_csv, &flow_format_json,    &flow_format_eve,
    &flow_format_zeek,      &flow_format_cic, &flow_format_cic2018,
};

enum { N_FORMATS = sizeof formats / sizeof formats[0] };

struct lw_flowlog {
    const struct lw_flow_format *format;
    const struct flow_field **fields; /* (n_fields), owned */
    uint8_t *name_len;                /* (n_fields) bytes of their names, owned */
    size_t n_fields;
    size_t line_max; /* bytes that the longest line may have */
    struct buf out;
    char label[LW_LABEL_MAX + 1];
    struct lw_labels *labels; /* borrowed; NULL: none */
    uint16_t community_id_seed;
    bool no_header;
    bool apps;       /* its records are to have applications */
    bool header_due; /* with the next record */
    int64_t last_ns; /* latest end of a record; meaningless before the first */
    struct lw_flowlog_stats stats;
};

/* ---- formats -------------------------------------------------------------------- */

const struct lw_flow_format *lw_flow_format_get(const char *name)
{
    for (size_t i = 0; i < N_FORMATS; i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

const struct lw_flow_format *lw_flow_format_at(size_t i)
{
    return i < N_FORMATS ? formats[i] : NULL;
}

const char *lw_flow_format_name(const struct lw_flow_format *f)
{
    return f->name;
}

const char *lw_flow_format_doc(const struct lw_flow_format *f)
{
    return f->doc;
}

enum lw_cuts lw_flow_format_cuts(const struct lw_flow_format *f)
{
    return f->cuts;
}

bool lw_flow_format_needs_stats(const struct lw_flow_format *f)
{
    return f->needs_stats;
}

bool lw_flow_format_field(const struct lw_flow_format *f, size_t i,
                          struct lw_flow_field *out)
{
    if (i >= f->n_fields)
        return false;
    *out = f->fields[i].about;
    return true;
}

char *flow_put_names(char *p, struct flow_columns c, char separator)
{
    for (size_t i = 0; i < c.n; i++) {
        if (i > 0)
            *p++ = separator;
        p = put_text(p, c.fields[i]->about.name);
    }
    return p;
}

char *flow_put_values(char *p, struct flow_columns c, const struct flow_line *l,
                      char separator, const char *unset)
{
    for (size_t i = 0; i < c.n; i++) {
        char *start;

        if (i > 0)
            *p++ = separator;
        start = p;
        p = c.fields[i]->put(p, l);
        if (p == start)
            p = put_text(p, unset);
    }
    return p;
}

/* ---- choosing fields ------------------------------------------------------------ */

static const struct flow_field *find_field(const struct lw_flow_format *f,
                                           const char *name, size_t n)
{
    for (size_t i = 0; i < f->n_fields; i++) {
        const char *have = f->fields[i].about.name;

        if (strlen(have) == n && memcmp(have, name, n) == 0)
            return &f->fields[i];
    }
    return NULL;
}

static enum lw_status unknown_field(const struct lw_flow_format *f, const char *name,
                                    size_t n, struct lw_error *err)
{
    const char *names[NAMES_MAX + 1];
    char word[NAME_SHOWN + 2];
    const char *near;
    size_t n_names = 0;

    n = n > NAME_SHOWN ? NAME_SHOWN : n;
    memcpy(word, name, n);
    word[n] = '\0';
    for (size_t i = 0; i < f->n_fields && n_names < NAMES_MAX; i++)
        names[n_names++] = f->fields[i].about.name;
    names[n_names] = NULL;
    near = nearest_word(word, names);
    if (near != NULL)
        return lw_fail(err, LW_EINVAL,
                       "%s has no field '%s'; the most similar one is '%s'", f->name,
                       word, near);
    return lw_fail(err, LW_EINVAL, "%s has no field '%s'", f->name, word);
}

static enum lw_status add_field(struct lw_flowlog *log, const char *name, size_t n,
                                struct lw_error *err)
{
    const struct flow_field *field = find_field(log->format, name, n);

    if (field == NULL)
        return unknown_field(log->format, name, n, err);
    for (size_t i = 0; i < log->n_fields; i++)
        if (log->fields[i] == field)
            return lw_fail(err, LW_EINVAL, "the field '%s' is named twice",
                           field->about.name);
    log->fields[log->n_fields++] = field;
    return LW_OK;
}

static enum lw_status choose_named(struct lw_flowlog *log, const char *names,
                                   struct lw_error *err)
{
    enum lw_status st = LW_OK;

    if (log->format->n_fields == 0)
        return lw_fail(err, LW_EINVAL, "%s is not made of fields that could be chosen",
                       log->format->name);
    for (const char *at = names; st == LW_OK; at++) {
        size_t n = strcspn(at, ",");

        st = add_field(log, at, n, err);
        log->apps =
            log->apps ||
            (st == LW_OK && log->fields[log->n_fields - 1]->needs == FLOW_NEEDS_APPS);
        at += n;
        if (*at == '\0')
            break;
    }
    return st;
}

/* A label that the format does not have by itself is wanted by who gives one, what
 * needs applications by who asks for them. */
static void choose_own(struct lw_flowlog *log, bool labelled)
{
    for (size_t i = 0; i < log->format->n_fields; i++) {
        const struct flow_field *f = &log->format->fields[i];

        if (!f->about.extra || (labelled && f->shape == FLOW_TEXT) ||
            (log->apps && f->needs == FLOW_NEEDS_APPS))
            log->fields[log->n_fields++] = f;
    }
}

static bool has_apps(const struct lw_flow_format *format)
{
    for (size_t i = 0; i < format->n_fields; i++)
        if (format->fields[i].needs == FLOW_NEEDS_APPS)
            return true;
    return false;
}

static enum lw_status choose_fields(struct lw_flowlog *log, const char *names,
                                    bool labelled, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    log->fields = mem_zalloc(log->format->n_fields + 1, sizeof(void *));
    log->name_len = mem_zalloc(log->format->n_fields + 1, 1);
    if (log->fields == NULL || log->name_len == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    if (log->apps && !has_apps(log->format))
        return lw_fail(err, LW_EINVAL, "%s has no place for application protocols",
                       log->format->name);
    if (names != NULL)
        st = choose_named(log, names, err);
    else
        choose_own(log, labelled);
    log->line_max = FLOW_FIXED_MAX + FLOW_LABEL_ROOM;
    for (size_t i = 0; i < log->n_fields; i++) {
        size_t n = strlen(log->fields[i]->about.name);

        LW_ASSERT(n <= UINT8_MAX);
        log->name_len[i] = (uint8_t)n;
        log->line_max += FLOW_FIELD_MAX + n + 8;
    }
    return st;
}

/* ---- life ----------------------------------------------------------------------- */

static enum lw_status set_format(struct lw_flowlog *log, const char *name,
                                 struct lw_error *err)
{
    const char *names[N_FORMATS + 1] = {NULL};
    const char *near;

    log->format = lw_flow_format_get(name);
    if (log->format != NULL)
        return LW_OK;
    for (size_t i = 0; i < N_FORMATS; i++)
        names[i] = formats[i]->name;
    near = nearest_word(name, names);
    if (near != NULL)
        return lw_fail(err, LW_EINVAL,
                       "there is no format '%.64s'; the most similar one is '%s'", name,
                       near);
    return lw_fail(err, LW_EINVAL, "there is no format '%.64s'", name);
}

static enum lw_status set_label(struct lw_flowlog *log, const char *label,
                                struct lw_error *err)
{
    size_t n = strlen(label);

    if (n > LW_LABEL_MAX)
        return lw_fail(err, LW_EINVAL, "a label of %zu bytes; at most %d are kept", n,
                       LW_LABEL_MAX);
    if (strpbrk(label, "\r\n") != NULL)
        return lw_fail(err, LW_EINVAL, "a label has no line ends");
    memcpy(log->label, label, n + 1);
    return LW_OK;
}

static enum lw_status set_up(struct lw_flowlog *log,
                             const struct lw_flowlog_config *cfg, struct lw_error *err)
{
    enum lw_status st;

    log->labels = cfg->labels;
    log->apps = cfg->apps;
    st = set_format(log, cfg->format == NULL ? "binetflow" : cfg->format, err);

    if (st == LW_OK)
        st = set_label(log, cfg->label == NULL ? "" : cfg->label, err);
    if (st == LW_OK)
        st = choose_fields(log, cfg->fields, log->label[0] != 0 || log->labels != NULL,
                           err);
    if (st == LW_OK && !buf_reserve(&log->out, LW_FLOWLOG_BLOCK + 2 * log->line_max))
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    log->no_header = cfg->no_header;
    log->community_id_seed = cfg->community_id_seed;
    return st;
}

enum lw_status lw_flowlog_new(struct lw_flowlog **out,
                              const struct lw_flowlog_config *cfg, struct lw_error *err)
{
    struct lw_flowlog *log = mem_zalloc(1, sizeof *log);
    enum lw_status st;

    if (log == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    buf_init(&log->out);
    st = set_up(log, cfg, err);
    if (st != LW_OK) {
        lw_flowlog_free(log);
        return st;
    }
    *out = log;
    return LW_OK;
}

void lw_flowlog_free(struct lw_flowlog *log)
{
    if (log == NULL)
        return;
    mem_free(log->fields);
    mem_free(log->name_len);
    buf_release(&log->out);
    mem_free(log);
}

bool lw_flowlog_needs_apps(const struct lw_flowlog *log)
{
    return log->apps;
}

bool lw_flowlog_needs_conn_log(const struct lw_flowlog *log)
{
    for (size_t i = 0; i < log->n_fields; i++)
        if (log->fields[i]->needs == FLOW_NEEDS_CONN_LOG)
            return true;
    return false;
}

/* ---- writing -------------------------------------------------------------------- */

static struct flow_columns columns_of(const struct lw_flowlog *log)
{
    return (struct flow_columns){log->fields, log->name_len, log->n_fields};
}

/* Room for a line; NULL when there is no memory (which lw_flowlog_take() tells). */
static char *room(struct lw_flowlog *log)
{
    if (!buf_reserve(&log->out, log->line_max))
        return NULL;
    return log->out.data + log->out.len;
}

static void add(struct lw_flowlog *log, const char *end)
{
    size_t n = (size_t)(end - (log->out.data + log->out.len));

    LW_ASSERT(n < log->line_max);
    log->out.len += n;
    log->out.data[log->out.len] = '\0';
}

static void write_header(struct lw_flowlog *log, int64_t time_ns)
{
    char *p = room(log);

    log->header_due = false;
    if (p != NULL)
        add(log, log->format->header(p, columns_of(log), time_ns));
}

void lw_flowlog_header(struct lw_flowlog *log)
{
    if (log->no_header || log->format->header == NULL)
        return;
    if (log->format->dated)
        log->header_due = true;
    else
        write_header(log, 0);
}

static const char *label_of(struct lw_flowlog *log, const struct lw_record *rec)
{
    const char *found = log->labels == NULL ? NULL : lw_labels_find(log->labels, rec);

    return found == NULL ? log->label : found;
}

void lw_flowlog_record(struct lw_flowlog *log, const struct lw_record *rec)
{
    const struct lw_flow_format *f = log->format;
    struct flow_line line = {.rec = rec,
                             .put_text = f->put_text,
                             .src = rec->initiator,
                             .dst = (uint8_t)(1 - rec->initiator),
                             .community_id_seed = log->community_id_seed};
    char *p;

    log->stats.records++;
    if (f->takes != NULL && !f->takes(rec)) {
        log->stats.left_out++;
        return;
    }
    if (log->header_due)
        write_header(log, rec->start_ns);
    if (log->stats.written == 0 || rec->end_ns > log->last_ns)
        log->last_ns = rec->end_ns;
    log->stats.written++;
    line.label = label_of(log, rec);
    p = room(log);
    if (p != NULL)
        add(log, f->record(p, columns_of(log), &line));
}

void lw_flowlog_end(struct lw_flowlog *log)
{
    char *p;

    if (log->header_due)
        write_header(log, log->last_ns);
    if (log->no_header || log->format->footer == NULL)
        return;
    p = room(log);
    if (p != NULL)
        add(log, log->format->footer(p, log->last_ns));
}

size_t lw_flowlog_pending(const struct lw_flowlog *log)
{
    return log->out.len;
}

enum lw_status lw_flowlog_take(struct lw_flowlog *log, const char **text, size_t *n,
                               struct lw_error *err)
{
    if (!buf_ok(&log->out))
        return lw_fail(err, LW_ENOMEM, "out of memory: records are lost");
    *text = buf_text(&log->out);
    *n = log->out.len;
    log->out.len = 0; /* the text stays where it is until the next record */
    return LW_OK;
}

void lw_flowlog_get_stats(const struct lw_flowlog *log, struct lw_flowlog_stats *out)
{
    *out = log->stats;
}
