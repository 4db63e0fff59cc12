/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON lines: an object a line, as Zeek, Suricata (EVE) and most log shippers write
 * them.
 *
 * Columns are the keys of the objects at the file's beginning, in order of their first
 * appearance; keys of objects in objects are joined by a dot, and of a list the values
 * by a blank.  A key that an object lacks is missing there; one that comes later in the
 * file than where we looked has no column.  Of EVE files, whose lines are events of
 * many kinds, flow events are the rows.
 */
#include "base/json.h"
#include "base/mem.h"
#include "base/numfmt.h"
#include "data/table.h"

#include <stdio.h>
#include <string.h>

enum { SAMPLE_BYTES = 256 * 1024, DEPTH_MAX = 16, KEY_MAX = 256, KEYS_MAX = 4096 };

/* 1990 and 2040 in seconds since 1970. */
static const double time_min = 631152000;
static const double time_max = 2208988800;

/* A value at its place, of an object taken apart: `text` is what a table would hold. */
typedef bool (*leaf_fn)(void *ctx, const char *path, const char *text, size_t n,
                        bool is_number);

struct walk {
    leaf_fn leaf;
    void *ctx;
    struct buf text; /* of a list, owned by who walks */
};

/* ---- an object, flat ---- */

/* A single value as text, numbers in `number`; NULL: null, or no single value. */
static const char *text_of(const struct json_value *v, char number[NUMFMT_MAX])
{
    double d;

    switch (json_kind(v)) {
    case JSON_KIND_TEXT:
        return json_text(v);
    case JSON_KIND_BOOL:
        return json_truth(v) ? "true" : "false";
    case JSON_KIND_NUMBER:
        (void)json_number(v, &d);
        number[numfmt_f64(d, number)] = '\0';
        return number;
    case JSON_KIND_NULL:
    case JSON_KIND_ABSENT:
    case JSON_KIND_OBJECT:
    case JSON_KIND_ARRAY:
        break;
    }
    return NULL;
}

static bool walk_list(struct walk *w, const char *path, const struct json_value *list)
{
    char number[NUMFMT_MAX];

    buf_reset(&w->text);
    for (size_t i = 0; i < json_length(list); i++) {
        const char *text = text_of(json_at(list, i), number);

        if (text == NULL)
            continue;
        if (w->text.len > 0)
            buf_add_char(&w->text, ' ');
        buf_add_text(&w->text, text);
    }
    return buf_ok(&w->text) &&
           w->leaf(w->ctx, path, buf_text(&w->text), w->text.len, false);
}

/* Depth is bounded by the parser.  False: memory is out. */
static bool walk_object(struct walk *w, const char *prefix,
                        const struct json_value *object)
{
    const struct json_value *v;
    const char *key;
    void *iter = NULL;
    bool ok = true;

    while (ok && (iter = json_next(object, iter, &key, &v)) != NULL) {
        char path[KEY_MAX];
        char number[NUMFMT_MAX];
        const char *text;

        (void)snprintf(path, sizeof path, "%s%s%s", prefix,
                       prefix[0] == '\0' ? "" : ".", key);
        if (json_kind(v) == JSON_KIND_OBJECT) {
            ok = walk_object(w, path, v);
        } else if (json_kind(v) == JSON_KIND_ARRAY) {
            ok = walk_list(w, path, v);
        } else {
            text = text_of(v, number);
            ok = w->leaf(w->ctx, path, text == NULL ? "" : text,
                         text == NULL ? 0 : strlen(text),
                         json_kind(v) == JSON_KIND_NUMBER);
        }
    }
    return ok;
}

/* An event of Suricata that is no flow. */
static bool is_other_event(const struct json_value *object)
{
    const char *type = json_text(json_get(object, "event_type"));

    return type != NULL && strcmp(type, "flow") != 0;
}

static enum lw_status parse(const struct table *t, struct span text,
                            struct json_doc **out, struct lw_error *err)
{
    struct lw_error why;
    enum lw_status st = json_parse(out, text.p, text.n, DEPTH_MAX, &why);

    if (st == LW_ENOMEM)
        return lw_fail(err, st, "%s", why.msg);
    if (st != LW_OK)
        return lw_fail(err, LW_EFORMAT, "%s:%zu: no JSON object: %.150s", t->name,
                       t->lines.number, why.msg);
    if (json_kind(json_root(*out)) == JSON_KIND_OBJECT)
        return LW_OK;
    json_free(*out);
    return lw_fail(err, LW_EFORMAT, "%s:%zu: JSON, but no object", t->name,
                   t->lines.number);
}

/* ---- columns ---- */

struct key {
    char *name; /* owned */
    uint64_t n_numbers;
    uint64_t n_words;
    bool is_time; /* every number may be one */
};

struct keys {
    struct key *items; /* (n), owned */
    size_t n;
    size_t cap;
    size_t next; /* most objects have their keys in the same order */
    size_t n_objects;
};

static void keys_release(struct keys *k)
{
    for (size_t i = 0; i < k->n; i++)
        mem_free(k->items[i].name);
    mem_free(k->items);
}

static struct key *key_of(struct keys *k, const char *path)
{
    for (size_t i = 0; i < k->n; i++)
        if (strcmp(k->items[(k->next + i) % k->n].name, path) == 0) {
            k->next = (k->next + i) % k->n + 1;
            return &k->items[k->next - 1];
        }
    if (k->n == k->cap) {
        size_t cap = k->cap == 0 ? 64 : 2 * k->cap;
        struct key *items = mem_resize(k->items, cap, sizeof *items);

        if (items == NULL)
            return NULL;
        k->items = items;
        k->cap = cap;
    }
    k->items[k->n] = (struct key){.name = mem_strdup(path), .is_time = true};
    return k->items[k->n].name == NULL ? NULL : &k->items[k->n++];
}

static bool note_key(void *ctx, const char *path, const char *text, size_t n,
                     bool is_number)
{
    struct keys *k = ctx;
    struct csv_field field = csv_trim(text, n);
    struct key *key;
    double v = 0;

    if (k->n > KEYS_MAX)
        return true; /* too many: refused when all are known */
    key = key_of(k, path);
    if (key == NULL)
        return false;
    if (table_field_is_missing(field))
        return true;
    if (is_number || table_parse_number(field.p, field.n, &v)) {
        key->n_numbers++;
        (void)table_parse_number(field.p, field.n, &v);
        key->is_time = key->is_time && v >= time_min && v <= time_max;
    } else {
        key->n_words++;
    }
    return true;
}

/* Lines that are damaged are reported when the rows are read. */
static enum lw_status look_at(const struct table *t, struct walk *w, struct span line,
                              struct lw_error *err)
{
    struct keys *k = w->ctx;
    struct json_doc *doc = NULL;
    struct lw_error why;
    enum lw_status st = parse(t, line, &doc, &why);

    if (st == LW_EFORMAT)
        return LW_OK;
    if (st == LW_OK && !is_other_event(json_root(doc))) {
        k->next = 0;
        k->n_objects++;
        if (!walk_object(w, "", json_root(doc)))
            st = LW_ENOMEM;
    }
    json_free(doc);
    return st == LW_OK ? LW_OK : lw_fail(err, st, "%s: out of memory", t->name);
}

static enum lw_status look_at_sample(struct table *t, struct keys *k,
                                     struct lw_error *err)
{
    struct walk w = {.leaf = note_key, .ctx = k};
    struct span sample;
    enum lw_status st = lines_look_ahead(&t->lines, SAMPLE_BYTES, &sample, err);

    buf_init(&w.text);
    while (st == LW_OK && sample.n > 0) {
        const uint8_t *end = memchr(sample.p, '\n', sample.n);
        size_t n = end == NULL ? sample.n : (size_t)(end - sample.p);

        if (end == NULL && !t->lines.at_end && k->n_objects > 0)
            break; /* a line that the sample cuts */
        if (n > 0)
            st = look_at(t, &w, span_first(sample, n), err);
        sample = span_from(sample, n + 1);
    }
    buf_release(&w.text);
    return st;
}

static void set_types(struct table *t, const struct keys *k)
{
    for (size_t i = 0; i < k->n; i++) {
        struct frame_column *c = &t->frame->columns[i];

        if (k->items[i].n_words > 0)
            c->type = LW_COLUMN_TEXT;
        else if (k->items[i].n_numbers > 1 && k->items[i].is_time)
            c->parse = numfmt_parse;
    }
}

static enum lw_status name_keys(struct table *t, const struct keys *k,
                                struct lw_error *err)
{
    csv_line_release(&t->line);
    csv_line_init(&t->line);
    for (size_t i = 0; i < k->n; i++)
        if (!csv_line_add(&t->line, k->items[i].name, strlen(k->items[i].name)))
            return lw_fail(err, LW_ENOMEM, "%s: out of memory", t->name);
    return table_name_columns(t, NULL, err);
}

static bool json_probe(const struct table *t, struct span text)
{
    uint8_t first = 0;

    (void)t;
    return span_get_u8(text, 0, &first) && first == '{';
}

static enum lw_status json_begin(struct table *t, struct span text,
                                 struct lw_error *err)
{
    struct json_doc *doc = NULL;
    struct keys k = {0};
    enum lw_status st = parse(t, text, &doc, err);

    json_free(doc);
    lines_unread(&t->lines);
    if (st == LW_OK)
        st = look_at_sample(t, &k, err);
    if (st == LW_OK && k.n_objects == 0)
        st = lw_fail(err, LW_EFORMAT,
                     "%s: events, but no flow among the first ones: only flow events "
                     "are rows",
                     t->name);
    if (st == LW_OK)
        st = name_keys(t, &k, err);
    if (st == LW_OK) {
        t->types_by_looking = true;
        set_types(t, &k);
    }
    keys_release(&k);
    return st;
}

/* ---- rows ---- */

struct filling {
    struct table *t;
    size_t next;
};

static bool fill_field(void *ctx, const char *path, const char *text, size_t n,
                       bool is_number)
{
    struct filling *f = ctx;
    struct table *t = f->t;
    size_t n_columns = t->frame->n_columns;

    (void)is_number;
    for (size_t i = 0; i < n_columns; i++) {
        size_t at = (f->next + i) % n_columns;

        if (strcmp(t->frame->columns[at].name, path) != 0)
            continue;
        f->next = at + 1;
        /* Room for all of it was made before, so nothing moves. */
        buf_add(&t->line.scratch, text, n);
        t->line.fields[at] =
            csv_trim(t->line.scratch.data + t->line.scratch.len - n, n);
        break;
    }
    return true;
}

/* Texts are no longer than they are written, numbers than NUMFMT_MAX. */
static bool make_room(struct table *t, size_t n_text)
{
    size_t n = t->frame->n_columns;

    buf_reset(&t->line.scratch);
    if (!buf_reserve(&t->line.scratch, 2 * n_text + (n_text / 2 + n + 1) * NUMFMT_MAX))
        return false;
    t->line.n = 0;
    for (size_t i = 0; i < n; i++)
        if (!csv_line_add(&t->line, t->line.scratch.data, 0))
            return false;
    return true;
}

static enum lw_status json_split(struct table *t, struct span text,
                                 struct lw_error *err)
{
    struct filling f = {.t = t};
    struct walk w = {.leaf = fill_field, .ctx = &f};
    struct json_doc *doc = NULL;
    enum lw_status st = parse(t, text, &doc, err);

    t->line.n = 0;
    if (st != LW_OK)
        return st;
    if (!is_other_event(json_root(doc))) {
        buf_init(&w.text);
        if (!make_room(t, text.n) || !walk_object(&w, "", json_root(doc)))
            st = lw_fail(err, LW_ENOMEM, "%s: out of memory", t->name);
        buf_release(&w.text);
    }
    json_free(doc);
    return st;
}

const struct table_format table_format_json = {"json", json_probe, json_begin,
                                               json_split};
