/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pull through the text, one pass, no tree.
 *
 * `POST /classify` receives thirty small members; building and freeing a tree of them
 * costs more than judging them.  The grammar is RFC 8259 in full, so that what is
 * refused here is what any JSON library refuses: the fuzz target compares with jansson.
 * Nested values are only checked, by a loop over a stack of FLATJSON_DEPTH_MAX
 * brackets: hostile nesting costs neither recursion nor memory.
 *
 * A string without escapes is a span of the text itself.  Only escaped ones are copied,
 * to a fixed array, because `"\u0073rcbytes"` is a key like any other.
 */
#include "serve/flatjson.h"

#include "base/assert.h"

#include <string.h>

struct scanner {
    struct span text;
    size_t at;
    bool too_deep;
};

/* Room for the unescaped form of a key or a text. */
struct scratch {
    uint8_t bytes[FLATJSON_KEY_MAX];
    size_t n;
};

static int peek(const struct scanner *s)
{
    return s->at < s->text.n ? s->text.p[s->at] : -1;
}

static bool take(struct scanner *s, int c)
{
    if (peek(s) != c)
        return false;
    s->at++;
    return true;
}

static void skip_blanks(struct scanner *s)
{
    int c = peek(s);

    while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        s->at++;
        c = peek(s);
    }
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool skip_digits(struct scanner *s)
{
    if (!is_digit(peek(s)))
        return false;
    while (is_digit(peek(s)))
        s->at++;
    return true;
}

static bool read_number(struct scanner *s)
{
    (void)take(s, '-');
    if (!take(s, '0') && !skip_digits(s))
        return false;
    if (take(s, '.') && !skip_digits(s))
        return false;
    if (take(s, 'e') || take(s, 'E')) {
        if (!take(s, '+'))
            (void)take(s, '-');
        return skip_digits(s);
    }
    return true;
}

static bool read_literal(struct scanner *s)
{
    static const char *const literals[] = {"true", "false", "null"};

    for (size_t i = 0; i < sizeof literals / sizeof literals[0]; i++) {
        size_t n = strlen(literals[i]);

        if (span_has(s->text, s->at, n) &&
            memcmp(s->text.p + s->at, literals[i], n) == 0) {
            s->at += n;
            return true;
        }
    }
    return false;
}

static void put(struct scratch *out, uint32_t c)
{
    if (out->n < sizeof out->bytes)
        out->bytes[out->n++] = (uint8_t)c;
}

static void put_utf8(struct scratch *out, uint32_t c)
{
    if (c < 0x80) {
        put(out, c);
    } else if (c < 0x800) {
        put(out, 0xc0 | c >> 6);
        put(out, 0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        put(out, 0xe0 | c >> 12);
        put(out, 0x80 | (c >> 6 & 0x3f));
        put(out, 0x80 | (c & 0x3f));
    } else {
        put(out, 0xf0 | c >> 18);
        put(out, 0x80 | (c >> 12 & 0x3f));
        put(out, 0x80 | (c >> 6 & 0x3f));
        put(out, 0x80 | (c & 0x3f));
    }
}

static bool read_hex4(struct scanner *s, uint32_t *out)
{
    uint32_t v = 0;

    for (int i = 0; i < 4; i++, s->at++) {
        int c = peek(s);

        if (is_digit(c))
            v = v << 4 | (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return false;
    }
    *out = v;
    return true;
}

/* What follows "\u"; two escapes make a character beyond U+FFFF, half a pair none. */
static bool read_unicode(struct scanner *s, struct scratch *out)
{
    uint32_t c;
    uint32_t low;

    if (!read_hex4(s, &c))
        return false;
    if (c >= 0xdc00 && c <= 0xdfff)
        return false;
    if (c >= 0xd800 && c <= 0xdbff) {
        if (!take(s, '\\') || !take(s, 'u') || !read_hex4(s, &low) || low < 0xdc00 ||
            low > 0xdfff)
            return false;
        c = 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
    }
    put_utf8(out, c);
    return true;
}

static bool read_escape(struct scanner *s, struct scratch *out)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    int c = peek(s);
    const char *found;

    if (c <= 0)
        return false;
    s->at++;
    if (c == 'u')
        return read_unicode(s, out);
    found = strchr(letters, c);
    if (found == NULL)
        return false;
    put(out, (uint8_t)meant[found - letters]);
    return true;
}

/* One character beyond ASCII, by the table of well-formed sequences of the Unicode
 * standard (3.9, table 3-7): no overlong form, no surrogate, nothing above U+10FFFF. */
static bool read_wide(struct scanner *s, struct scratch *out)
{
    int lead = peek(s);
    int low = 0x80;
    int high = 0xbf;
    int more;

    if (lead >= 0xc2 && lead <= 0xdf)
        more = 1;
    else if (lead >= 0xe0 && lead <= 0xef)
        more = 2;
    else if (lead >= 0xf0 && lead <= 0xf4)
        more = 3;
    else
        return false;
    if (lead == 0xe0)
        low = 0xa0;
    else if (lead == 0xed)
        high = 0x9f;
    else if (lead == 0xf0)
        low = 0x90;
    else if (lead == 0xf4)
        high = 0x8f;
    for (put(out, (uint32_t)lead), s->at++; more > 0; more--, s->at++) {
        int c = peek(s);

        if (c < low || c > high)
            return false;
        put(out, (uint32_t)c);
        low = 0x80;
        high = 0xbf;
    }
    return true;
}

/* Does `c` stand for itself in a string, and is it ASCII? */
static bool is_plain(int c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* The rest of a string from its first unusual character on. */
static bool read_string_slowly(struct scanner *s, struct scratch *out)
{
    for (;;) {
        int c = peek(s);
        bool ok = true;

        if (is_plain(c)) {
            put(out, (uint32_t)c);
            s->at++;
        } else if (take(s, '"')) {
            return true;
        } else if (take(s, '\\')) {
            ok = read_escape(s, out);
        } else {
            ok = read_wide(s, out);
        }
        if (!ok)
            return false;
    }
}

static bool read_string(struct scanner *s, struct scratch *scratch, struct span *out)
{
    size_t start;

    if (!take(s, '"'))
        return false;
    start = s->at;
    while (is_plain(peek(s)))
        s->at++;
    *out = span_first(span_from(s->text, start), s->at - start);
    if (take(s, '"')) {
        *out = span_first(*out, FLATJSON_KEY_MAX);
        return true;
    }
    scratch->n = out->n < sizeof scratch->bytes ? out->n : sizeof scratch->bytes;
    (void)span_copy(*out, 0, scratch->bytes, scratch->n);
    if (!read_string_slowly(s, scratch))
        return false;
    *out = span_of(scratch->bytes, scratch->n);
    return true;
}

static bool read_scalar(struct scanner *s, struct flatjson_member *m,
                        struct scratch *scratch)
{
    size_t start = s->at;
    int c = peek(s);

    if (c == '"') {
        m->kind = FLATJSON_TEXT;
        return read_string(s, scratch, &m->value);
    }
    m->kind = c == '-' || is_digit(c) ? FLATJSON_NUMBER : FLATJSON_LITERAL;
    if (m->kind == FLATJSON_NUMBER ? !read_number(s) : !read_literal(s))
        return false;
    m->value = span_first(span_from(s->text, start), s->at - start);
    return true;
}

/* Where a check of nested values stands: the brackets that are open. */
struct nest {
    bool is_object[FLATJSON_DEPTH_MAX];
    unsigned depth;
};

static bool read_key(struct scanner *s, struct span *key, struct scratch *scratch)
{
    skip_blanks(s);
    if (!read_string(s, scratch, key))
        return false;
    skip_blanks(s);
    if (!take(s, ':'))
        return false;
    skip_blanks(s);
    return true;
}

/* An opening bracket, or with `closed` set an empty pair of them. */
static bool open_bracket(struct scanner *s, struct nest *nest, bool *closed)
{
    bool is_object = peek(s) == '{';
    struct scratch scratch;
    struct span key;

    /* The object that is being read is a level itself. */
    if (nest->depth + 1 >= FLATJSON_DEPTH_MAX) {
        s->too_deep = true;
        return false;
    }
    s->at++;
    nest->is_object[nest->depth++] = is_object;
    skip_blanks(s);
    *closed = take(s, is_object ? '}' : ']');
    if (*closed)
        nest->depth--;
    return *closed || !is_object || read_key(s, &key, &scratch);
}

/* After a value: close what ends here and go to the next value, if there is one. */
static bool go_on(struct scanner *s, struct nest *nest)
{
    struct scratch scratch;
    struct span key;

    while (nest->depth > 0) {
        bool is_object = nest->is_object[nest->depth - 1];

        skip_blanks(s);
        if (take(s, ',')) {
            skip_blanks(s);
            return !is_object || read_key(s, &key, &scratch);
        }
        if (!take(s, is_object ? '}' : ']'))
            return false;
        nest->depth--;
    }
    return true;
}

static bool check_nested(struct scanner *s)
{
    struct nest nest = {.depth = 0};
    struct scratch scratch;
    struct flatjson_member ignored;

    do {
        bool closed = false;
        int c = peek(s);

        if (c == '{' || c == '[') {
            if (!open_bracket(s, &nest, &closed))
                return false;
            if (!closed)
                continue;
        } else if (!read_scalar(s, &ignored, &scratch)) {
            return false;
        }
        if (!go_on(s, &nest))
            return false;
    } while (nest.depth > 0);
    return true;
}

static enum lw_status broken(const struct scanner *s, struct lw_error *err)
{
    if (s->too_deep)
        return lw_fail(err, LW_ELIMIT, "JSON nested deeper than %d levels",
                       FLATJSON_DEPTH_MAX);
    if (s->at >= s->text.n)
        return lw_fail(err, LW_EFORMAT, "not JSON: it ends too early, at byte %zu",
                       s->at);
    return lw_fail(err, LW_EFORMAT, "not JSON: unexpected byte 0x%02x at byte %zu",
                   s->text.p[s->at], s->at);
}

static enum lw_status read_member(struct scanner *s, flatjson_fn fn, void *ctx,
                                  struct lw_error *err)
{
    struct flatjson_member m = {.kind = FLATJSON_NESTED};
    struct scratch key_scratch;
    struct scratch value_scratch;
    bool ok;

    if (!read_key(s, &m.key, &key_scratch))
        return broken(s, err);
    ok = peek(s) == '{' || peek(s) == '[' ? check_nested(s)
                                          : read_scalar(s, &m, &value_scratch);
    if (!ok)
        return broken(s, err);
    return fn(ctx, &m, err);
}

enum lw_status flatjson_read(struct span text, flatjson_fn fn, void *ctx,
                             struct lw_error *err)
{
    struct scanner s = {.text = text};

    LW_ASSERT(fn != NULL);
    skip_blanks(&s);
    if (!take(&s, '{'))
        return lw_fail(err, LW_EFORMAT,
                       "expected a JSON object, {\"name\": value, ...}");
    skip_blanks(&s);
    if (!take(&s, '}')) {
        do {
            enum lw_status st = read_member(&s, fn, ctx, err);

            if (st != LW_OK)
                return st;
            skip_blanks(&s);
        } while (take(&s, ','));
        if (!take(&s, '}'))
            return broken(&s, err);
    }
    skip_blanks(&s);
    return s.at == s.text.n ? LW_OK : broken(&s, err);
}
