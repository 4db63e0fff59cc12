/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A schema as YAML, through libyaml's events:
 *
 *     label: attack_cat
 *     positive: [DoS, Exploits]
 *     drop:
 *       - id
 *
 * One mapping, of words or flat lists of words.  Anchors mean nothing here and are
 * refused, so that a small file stays small.
 */
#include "base/mem.h"
#include "base/stream.h"

#include <lapwing/schema.h>

#include <string.h>
#include <yaml.h>

enum { SCHEMA_BYTES_MAX = 1024 * 1024, KEY_MAX = 64 };

struct reading {
    yaml_parser_t parser;
    const char *name;
    struct lw_schema *schema; /* borrowed */
    char key[KEY_MAX];
    enum { AT_START, AT_KEY, AT_VALUE, IN_LIST, AT_END } state;
};

static enum lw_status refuse(const struct reading *r, const yaml_event_t *e,
                             const char *what, struct lw_error *err)
{
    return lw_fail(err, LW_EFORMAT, "%s:%zu: %s", r->name, e->start_mark.line + 1,
                   what);
}

static enum lw_status take_word(struct reading *r, const yaml_event_t *e,
                                struct lw_error *err)
{
    const char *word = (const char *)e->data.scalar.value;
    struct lw_error why;
    enum lw_status st;

    if (strlen(word) != e->data.scalar.length)
        return refuse(r, e, "a word with a NUL byte", err);
    if (e->data.scalar.anchor != NULL)
        return refuse(r, e, "an anchor; write the word itself", err);
    if (r->state == AT_KEY) {
        if (strlen(word) >= KEY_MAX)
            return refuse(r, e, "a key of more than 63 bytes", err);
        memcpy(r->key, word, strlen(word) + 1);
        r->state = AT_VALUE;
        return LW_OK;
    }
    if (r->state == AT_START)
        return refuse(r, e, "a schema is a mapping, such as \"label: attack\"", err);
    st = lw_schema_set(r->schema, r->key, word, &why);
    if (st == LW_EINVAL)
        return refuse(r, e, why.msg, err);
    if (st != LW_OK)
        return lw_fail(err, st, "%s: %s", r->name, why.msg);
    if (r->state == AT_VALUE)
        r->state = AT_KEY;
    return LW_OK;
}

static enum lw_status take_event(struct reading *r, const yaml_event_t *e,
                                 struct lw_error *err)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return take_word(r, e, err);
    case YAML_MAPPING_START_EVENT:
        if (r->state != AT_START)
            return refuse(r, e, "a mapping within a schema", err);
        r->state = AT_KEY;
        return LW_OK;
    case YAML_SEQUENCE_START_EVENT:
        if (r->state != AT_VALUE)
            return refuse(r, e, "a list where none is expected", err);
        r->state = IN_LIST;
        return LW_OK;
    case YAML_SEQUENCE_END_EVENT:
        r->state = AT_KEY;
        return LW_OK;
    case YAML_ALIAS_EVENT:
        return refuse(r, e, "an alias; write the words themselves", err);
    case YAML_DOCUMENT_START_EVENT:
        return r->state == AT_START
                   ? LW_OK
                   : refuse(r, e, "a second document; one is read", err);
    case YAML_MAPPING_END_EVENT:
        r->state = AT_END;
        return LW_OK;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return LW_OK;
}

static enum lw_status take_events(struct reading *r, struct lw_error *err)
{
    enum lw_status st = LW_OK;
    bool done = false;

    while (st == LW_OK && !done) {
        yaml_event_t e;

        if (!yaml_parser_parse(&r->parser, &e)) {
            if (r->parser.error == YAML_MEMORY_ERROR)
                return lw_fail(err, LW_ENOMEM, "%s: out of memory", r->name);
            return lw_fail(err, LW_EFORMAT, "%s:%zu: not YAML: %s", r->name,
                           r->parser.problem_mark.line + 1,
                           r->parser.problem == NULL ? "damaged" : r->parser.problem);
        }
        done = e.type == YAML_STREAM_END_EVENT;
        st = take_event(r, &e, err);
        yaml_event_delete(&e);
    }
    return st;
}

enum lw_status lw_schema_parse(struct lw_schema *s, const void *data, size_t n_bytes,
                               const char *name, struct lw_error *err)
{
    struct reading r = {.name = name, .schema = s};
    enum lw_status st;

    if (!yaml_parser_initialize(&r.parser))
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", name);
    yaml_parser_set_input_string(&r.parser, data, n_bytes);
    st = take_events(&r, err);
    yaml_parser_delete(&r.parser);
    return st;
}

enum lw_status lw_schema_load(struct lw_schema *s, const char *path,
                              struct lw_error *err)
{
    struct stream *in = NULL;
    struct span text = {0};
    enum lw_status st = stream_open(&in, path, err);

    if (st == LW_OK)
        st = stream_peek(in, SCHEMA_BYTES_MAX + 1, &text, err);
    if (st == LW_OK && text.n > SCHEMA_BYTES_MAX)
        st = lw_fail(err, LW_EFORMAT, "%s: over %d bytes; is this a schema?", path,
                     SCHEMA_BYTES_MAX);
    if (st == LW_OK)
        st = lw_schema_parse(s, text.p, text.n, path, err);
    stream_close(in);
    return st;
}
