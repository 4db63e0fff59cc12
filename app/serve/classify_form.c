/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the text: each member is looked up by its spelling without case and
 * underscores (there are three spellings of KDD's names about, see the views' aliases),
 * converted and marked as seen in a bit mask; the masks of the two views then say which
 * model the body is for, or which member is missing first.
 *
 * What a value may be.  A number is finite and not negative: every feature is a count,
 * a duration or a share, so a negative one is a mistake of the sender and not evidence.
 * JSON has no NaN, and 1e999 is refused like any number that a float cannot hold.  A
 * category is a text; one that is not in the view's list is an unseen category, which
 * the models know how to judge.
 */
#include "serve/classify_form.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/numfmt.h"
#include "serve/flatjson.h"
#include "serve/view_names.h"

#include <float.h>
#include <stdio.h>

struct classify_form {
    const struct lw_view *wide;                 /* static */
    const struct lw_view *narrow;               /* static */
    struct view_names *names;                   /* owned; of `wide` */
    uint16_t narrow_idx[CLASSIFY_FEATURES_MAX]; /* index in `wide` */
    uint64_t wide_mask;
    uint64_t narrow_mask;
    char shown[CLASSIFY_FEATURES_MAX][CLASSIFY_NAME_MAX]; /* by index in `wide` */
};

/* A reading under way. */
struct reading {
    const struct classify_form *form;
    struct classify_row *out;
    struct classify_memory *memory; /* NULL: nothing is learnt */
    struct span body;
    float wide[CLASSIFY_FEATURES_MAX];
    uint64_t seen;
    unsigned n_members;
    size_t ignored_len;
};

/* ---------------------------------------------------------------------- the form */

/* Messages spell a field as the API always did: the view's name without underscores,
 * and "protocol". */
static void set_shown(struct classify_form *f, uint16_t idx)
{
    const char *name = f->wide->features[idx].name;
    uint8_t bytes[VIEW_NAME_MAX];
    struct span folded;

    if (strcmp(name, "protocol_type") == 0)
        name = "protocol";
    folded = span_first(view_names_fold(span_of(name, strlen(name)), bytes),
                        CLASSIFY_NAME_MAX - 1);
    (void)span_copy(folded, 0, f->shown[idx], folded.n);
}

static enum lw_status map_narrow(struct classify_form *f, struct lw_error *err)
{
    for (uint16_t i = 0; i < f->narrow->n_features; i++) {
        const char *name = f->narrow->features[i].name;
        int idx = lw_view_find(f->wide, name);

        if (idx < 0)
            return lw_fail(err, LW_EMISMATCH, "view %s has no feature %s of view %s",
                           f->wide->name, name, f->narrow->name);
        f->narrow_idx[i] = (uint16_t)idx;
        f->narrow_mask |= UINT64_C(1) << idx;
    }
    return LW_OK;
}

enum lw_status classify_form_new(struct classify_form **out, const struct lw_view *wide,
                                 const struct lw_view *narrow, struct lw_error *err)
{
    struct classify_form *f;
    enum lw_status st;

    if (wide->n_features > CLASSIFY_FEATURES_MAX ||
        narrow->n_features > CLASSIFY_FEATURES_MAX)
        return lw_fail(err, LW_EMISMATCH,
                       "views %s and %s: a request has at most %d features", wide->name,
                       narrow->name, CLASSIFY_FEATURES_MAX);
    f = mem_zalloc(1, sizeof *f);
    if (f == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    f->wide = wide;
    f->narrow = narrow;
    for (uint16_t i = 0; i < wide->n_features; i++) {
        set_shown(f, i);
        f->wide_mask |= UINT64_C(1) << i;
    }
    st = view_names_new(&f->names, wide, err);
    if (st == LW_OK)
        st = map_narrow(f, err);
    if (st != LW_OK) {
        classify_form_free(f);
        return st;
    }
    *out = f;
    return LW_OK;
}

void classify_form_free(struct classify_form *f)
{
    if (f == NULL)
        return;
    view_names_free(f->names);
    mem_free(f);
}

/* ------------------------------------------------------------------------ reading */

static bool is_plain(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           c == '_' || c == '-' || c == '.';
}

/* A name that a stranger wrote, for a message or a header: plain characters only. */
static void show_key(struct span key, char out[CLASSIFY_NAME_MAX])
{
    key = span_first(key, CLASSIFY_NAME_MAX - 1);
    for (size_t i = 0; i < key.n; i++)
        out[i] = (char)(is_plain(key.p[i]) ? key.p[i] : '?');
    out[key.n] = '\0';
}

static void ignore(struct reading *r, struct span key)
{
    static const char more[] = ", ...";
    const char *between = r->ignored_len == 0 ? "" : ", ";
    size_t room = CLASSIFY_IGNORED_MAX - r->ignored_len;
    char *end = r->out->ignored + r->ignored_len;
    char name[CLASSIFY_NAME_MAX];

    show_key(key, name);
    if (room <= sizeof more)
        return; /* the list was closed */
    if (strlen(between) + strlen(name) + sizeof more >= room) {
        memcpy(end, more, sizeof more);
        r->ignored_len = CLASSIFY_IGNORED_MAX;
        return;
    }
    r->ignored_len += (size_t)snprintf(end, room, "%s%s", between, name);
}

static enum lw_status refuse(struct reading *r, struct span key, const char *what,
                             struct lw_error *err)
{
    show_key(key, r->out->field);
    return lw_fail(err, LW_EINVAL, "field \"%s\" %s", r->out->field, what);
}

static enum lw_status read_number(struct reading *r, const struct flatjson_member *m,
                                  float *out, struct lw_error *err)
{
    double v;

    if (m->kind != FLATJSON_NUMBER)
        return refuse(r, m->key, "must be a number", err);
    if (!numfmt_parse((const char *)m->value.p, m->value.n, &v))
        return refuse(r, m->key, "is a number of too many digits", err);
    if (v < 0)
        return refuse(r, m->key, "must not be negative", err);
    if (v > (double)FLT_MAX)
        return refuse(r, m->key, "is too large a number", err);
    *out = v == 0 ? 0.0f : (float)v;
    return LW_OK;
}

static enum lw_status read_category(struct reading *r, size_t idx,
                                    const struct flatjson_member *m, float *out,
                                    struct lw_error *err)
{
    if (m->kind != FLATJSON_TEXT)
        return refuse(r, m->key, "must be a text, such as \"tcp\"", err);
    *out = view_names_category(r->form->names, idx, m->value);
    return LW_OK;
}

static enum lw_status read_member(void *ctx, const struct flatjson_member *m,
                                  struct lw_error *err)
{
    struct reading *r = ctx;
    int idx = view_names_find(r->form->names, m->key);
    uint64_t bit;

    if (++r->n_members > CLASSIFY_MEMBERS_MAX)
        return lw_fail(err, LW_ELIMIT, "more than %d members", CLASSIFY_MEMBERS_MAX);
    if (idx < 0) {
        ignore(r, m->key);
        return LW_OK;
    }
    bit = UINT64_C(1) << idx;
    if ((r->seen & bit) != 0)
        return refuse(r, m->key, "is there twice, perhaps in two spellings", err);
    r->seen |= bit;
    if (r->memory != NULL)
        json_layout_note(&r->memory->layout, r->body, m, idx);
    if (r->form->wide->features[idx].type == LW_FEATURE_NUMBER)
        return read_number(r, m, &r->wide[idx], err);
    return read_category(r, (size_t)idx, m, &r->wide[idx], err);
}

static enum lw_status missing(const struct classify_form *f, uint64_t seen,
                              struct classify_row *out, struct lw_error *err)
{
    uint64_t absent = f->narrow_mask & ~seen;
    int others = __builtin_popcountll(absent) - 1;
    int idx = __builtin_ctzll(absent);

    memcpy(out->field, f->shown[idx], sizeof out->field);
    if (others > 0)
        return lw_fail(err, LW_EINVAL, "field \"%s\" is missing, and %d more",
                       out->field, others);
    return lw_fail(err, LW_EINVAL, "field \"%s\" is missing", out->field);
}

/* Known to the wide view, but not all of it is there. */
static void ignore_unused(struct reading *r, uint64_t unused)
{
    for (; unused != 0; unused &= unused - 1) {
        const char *name = r->form->shown[__builtin_ctzll(unused)];

        ignore(r, span_of(name, strlen(name)));
    }
}

/* The values of `out->view`, from those of the wide one. */
static void take_values(const struct classify_form *f, const float *wide,
                        struct classify_row *out)
{
    for (uint16_t i = 0; i < out->view->n_features; i++)
        out->values[i] = wide[out->view == f->wide ? i : f->narrow_idx[i]];
}

/* A body that looks like the one before has the same members.  False: read it one by
 * one, and say what is wrong. */
static bool read_alike(const struct classify_form *f, struct span body,
                       struct classify_memory *memory, struct classify_row *out)
{
    float wide[CLASSIFY_FEATURES_MAX] = {0};

    if (memory == NULL || memory->form != f ||
        !json_layout_read(&memory->layout, body, memory->values))
        return false;
    for (size_t i = 0; i < memory->layout.n; i++) {
        const struct layout_value *v = &memory->values[i];
        size_t idx = (size_t)v->tag;
        bool is_word = v->text.p != NULL;

        if (is_word != (f->wide->features[idx].type == LW_FEATURE_CATEGORY))
            return false;
        wide[idx] = is_word ? view_names_category(f->names, idx, v->text) : v->number;
    }
    out->view = memory->view;
    take_values(f, wide, out);
    return true;
}

static void begin_learning(struct reading *r)
{
    if (r->memory == NULL)
        return;
    r->memory->form = NULL;
    json_layout_begin(&r->memory->layout);
}

/* Members of no use are told of, which needs them one by one. */
static void end_learning(struct reading *r)
{
    if (r->memory == NULL || r->out->ignored[0] != '\0')
        return;
    json_layout_end(&r->memory->layout, r->body);
    r->memory->view = r->out->view;
    r->memory->form = r->form;
}

enum lw_status classify_form_read(const struct classify_form *f, struct span body,
                                  struct classify_memory *memory,
                                  struct classify_row *out, struct lw_error *err)
{
    struct reading r;
    enum lw_status st;

    out->ignored[0] = '\0';
    out->field[0] = '\0';
    if (read_alike(f, body, memory, out))
        return LW_OK;
    r.form = f;
    r.out = out;
    r.memory = memory;
    r.body = body;
    r.seen = 0;
    r.n_members = 0;
    r.ignored_len = 0;
    begin_learning(&r);
    st = flatjson_read(body, read_member, &r, err);
    if (st != LW_OK)
        return st;
    if ((f->narrow_mask & ~r.seen) != 0)
        return missing(f, r.seen, out, err);
    out->view = r.seen == f->wide_mask ? f->wide : f->narrow;
    if (out->view == f->narrow)
        ignore_unused(&r, r.seen & ~f->narrow_mask);
    take_values(f, r.wide, out);
    end_learning(&r);
    return LW_OK;
}
