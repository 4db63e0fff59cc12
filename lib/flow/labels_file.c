/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of ground truth: a table with a header, or a Zeek log.  Columns are known by
 * their names, as people, Argus and Zeek call them; times are kept to the microsecond,
 * which is what such files have.
 */
#include "base/csv_line.h"
#include "base/lines.h"
#include "base/numfmt.h"
#include "base/timefmt.h"
#include "labels.h"
#include "proto_name.h"

#include <arpa/inet.h>
#include <math.h>
#include <string.h>
#include <strings.h>

enum { SHOWN_MAX = 40, WORD_MAX = 64 };

enum column { START, END, DURATION, SRC, SPORT, DST, DPORT, PROTO, LABEL, N_COLUMNS };

struct spelling {
    const char *name;
    enum column column;
};

/* Of two names for one column the first of this list wins; case does not matter. */
static const struct spelling spellings[] = {
    {"start", START},       {"StartTime", START}, {"ts", START},
    {"end", END},           {"EndTime", END},     {"dur", DURATION},
    {"duration", DURATION}, {"src", SRC},         {"SrcAddr", SRC},
    {"src_addr", SRC},      {"src_ip", SRC},      {"id.orig_h", SRC},
    {"sport", SPORT},       {"src_port", SPORT},  {"id.orig_p", SPORT},
    {"dst", DST},           {"DstAddr", DST},     {"dst_addr", DST},
    {"dst_ip", DST},        {"dest_ip", DST},     {"id.resp_h", DST},
    {"dport", DPORT},       {"dst_port", DPORT},  {"dest_port", DPORT},
    {"id.resp_p", DPORT},   {"proto", PROTO},     {"protocol", PROTO},
    {"label", LABEL},       {"class", LABEL},
};

static const char *const wanted[N_COLUMNS] = {
    [START] = "a time such as 1577934245.25 or 2020-01-02 03:04:05",
    [END] = "a time, not before the start",
    [DURATION] = "seconds",
    [SRC] = "an address, a network such as 10.0.0.0/8, or any",
    [SPORT] = "a port from 0 to 65535, or any",
    [DST] = "an address, a network such as 10.0.0.0/8, or any; of the source's family",
    [DPORT] = "a port from 0 to 65535, or any",
    [PROTO] = "a protocol such as tcp, its number, or any",
    [LABEL] = "a label of at most 255 bytes, without control characters",
};

struct reader {
    struct lines lines;
    const char *name; /* of the file; borrowed from the stream */
    struct csv_line line;
    char delimiter;
    bool is_zeek;
    size_t n_fields;                 /* of the header */
    size_t place[N_COLUMNS];         /* field of each column, SIZE_MAX: there is none */
    char title[N_COLUMNS][WORD_MAX]; /* as the header has it, for messages */
    struct lw_labels *labels;        /* owned until handed over */
};

/* ---- fields ---------------------------------------------------------------------- */

static bool field_is(struct csv_field f, const char *word)
{
    return f.n == strlen(word) && strncasecmp(f.p, word, f.n) == 0;
}

/* What stands for anything; a hyphen and (empty) are Zeek's. */
static bool is_any(struct csv_field f)
{
    return f.n == 0 || field_is(f, "*") || field_is(f, "any") || field_is(f, "-") ||
           field_is(f, "(empty)");
}

/* As a C string; false when it does not fit. */
static bool copy_word(struct csv_field f, char out[WORD_MAX])
{
    if (f.n >= WORD_MAX || memchr(f.p, '\0', f.n) != NULL)
        return false;
    memcpy(out, f.p, f.n);
    out[f.n] = '\0';
    return true;
}

static bool parse_number(struct csv_field f, unsigned max, unsigned *out)
{
    unsigned v = 0;

    if (f.n == 0 || f.n > 5)
        return false;
    for (size_t i = 0; i < f.n; i++) {
        if (f.p[i] < '0' || f.p[i] > '9')
            return false;
        v = v * 10 + (unsigned)(f.p[i] - '0');
    }
    *out = v;
    return v <= max;
}

static enum lw_status bad_value(const struct reader *r, enum column c,
                                struct csv_field f, struct lw_error *err)
{
    char shown[SHOWN_MAX + 1];
    size_t n = 0;

    for (; n < f.n && n < SHOWN_MAX; n++)
        shown[n] = (char)(f.p[n] >= ' ' && f.p[n] <= '~' ? f.p[n] : '?');
    shown[n] = '\0';
    return lw_fail(err, LW_EFORMAT, "%s:%zu: column %zu (%s): '%s' is not %s", r->name,
                   r->lines.number, r->place[c] + 1, r->title[c], shown, wanted[c]);
}

/* The field of a column; empty when there is no such column. */
static struct csv_field field_of(const struct reader *r, enum column c)
{
    static const struct csv_field none = {"", 0};

    return r->place[c] < r->line.n ? r->line.fields[r->place[c]] : none;
}

/* ---- values ---------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "aa:bb:cc:dd:ee:ff" */
static bool parse_mac(const char *word, uint8_t out[6])
{
    if (strlen(word) != 17)
        return false;
    for (unsigned i = 0; i < 6; i++, word += 3) {
        int high = hex_digit(word[0]);
        int low = hex_digit(word[1]);

        if (high < 0 || low < 0 || (i < 5 && word[2] != ':'))
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* The address of a word, its family and bits. */
static bool parse_addr(const char *word, struct label_end *end,
                       enum label_family *family)
{
    if (inet_pton(AF_INET, word, end->bytes) == 1) {
        *family = LABEL_IP4;
        end->bits = 32;
    } else if (inet_pton(AF_INET6, word, end->bytes) == 1) {
        *family = LABEL_IP6;
        end->bits = 128;
    } else if (parse_mac(word, end->bytes)) {
        *family = LABEL_MAC;
        end->bits = 48;
    } else {
        return false;
    }
    return true;
}

static void clear_beyond(struct label_end *end)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned at = i * 8;
        unsigned kept = end->bits <= at ? 0 : end->bits - at;

        if (kept < 8)
            end->bytes[i] &= (uint8_t)(0xff00U >> kept);
    }
}

/* An address or a network; both ends of a rule are of one family. */
static bool parse_end(struct csv_field f, struct label_end *end,
                      enum label_family *family)
{
    enum label_family own = LABEL_ANY_FAMILY;
    char word[WORD_MAX];
    char *slash;
    unsigned bits;

    if (is_any(f))
        return true;
    if (!copy_word(f, word))
        return false;
    slash = strchr(word, '/');
    if (slash != NULL)
        *slash = '\0';
    if (!parse_addr(word, end, &own) || (*family != LABEL_ANY_FAMILY && *family != own))
        return false;
    *family = own;
    if (slash == NULL)
        return true;
    slash++;
    if (!parse_number((struct csv_field){slash, strlen(slash)}, end->bits, &bits))
        return false;
    end->bits = (uint8_t)bits;
    clear_beyond(end);
    return true;
}

static bool parse_port(struct csv_field f, struct label_end *end)
{
    unsigned v;

    if (is_any(f))
        return true;
    if (!parse_number(f, 65535, &v))
        return false;
    end->has_port = true;
    end->port = (uint16_t)v;
    return true;
}

/* Names that are not those of proto_name.c; 0: any. */
static const struct {
    const char *name;
    uint16_t proto;
} more_protos[] = {{"arp", LABEL_PROTO_ARP},
                   {"llc", LABEL_PROTO_LLC},
                   {"icmpv6", 58},
                   {"icmp6", 58},
                   {"rtp", 17}, /* what Argus takes UDP for */
                   {"rtcp", 17},
                   {"udt", 17},
                   {"unas", 0},
                   {"unknown_transport", 0}};

static bool find_proto(struct csv_field f, uint16_t *proto)
{
    uint8_t number = 0;

    for (size_t i = 0; i < sizeof more_protos / sizeof more_protos[0]; i++) {
        if (field_is(f, more_protos[i].name)) {
            *proto = more_protos[i].proto;
            return true;
        }
    }
    if (proto_of_ip_name(f.p, f.n, &number)) {
        *proto = number;
        return true;
    }
    return proto_of_ether_name(f.p, f.n, proto);
}

static bool parse_proto(struct csv_field f, struct label_rule *rule)
{
    unsigned number;

    if (is_any(f))
        return true;
    if (parse_number(f, 255, &number))
        rule->proto = (uint16_t)number;
    else if (!find_proto(f, &rule->proto))
        return false;
    if (rule->proto == 1 && rule->family == LABEL_IP6)
        rule->proto = 58; /* Zeek's name for both */
    rule->has_proto = rule->proto != 0;
    return true;
}

/* Microseconds, and `slack` of one: seconds as a double are right to an eighth of a
 * microsecond. */
static bool parse_us(struct csv_field f, double slack, int64_t *us)
{
    double seconds;

    if (!timefmt_parse(f.p, f.n, &seconds) || !(fabs(seconds) < 9e9))
        return false;
    *us = (int64_t)floor(seconds * 1e6 + slack);
    return true;
}

/* ---- a rule ---------------------------------------------------------------------- */

/* A duration stands for the end in files of flows. */
static enum lw_status read_duration(const struct reader *r, struct label_rule *rule,
                                    struct lw_error *err)
{
    struct csv_field f = field_of(r, DURATION);
    double seconds = 0;

    if (!is_any(f) &&
        (!numfmt_parse(f.p, f.n, &seconds) || !(seconds >= 0 && seconds < 9e9)))
        return bad_value(r, DURATION, f, err);
    rule->end_us = rule->start_us + 1 + llround(seconds * 1e6);
    return LW_OK;
}

/* The start may be told rounded up to the microsecond that the first packet was in, so
 * it holds from one earlier. */
static enum lw_status read_time(const struct reader *r, struct label_rule *rule,
                                struct lw_error *err)
{
    struct csv_field start = field_of(r, START);
    struct csv_field end = field_of(r, END);

    rule->start_us = INT64_MIN;
    rule->end_us = INT64_MAX;
    rule->has_time = !is_any(start) || !is_any(end);
    if (!is_any(start) && !parse_us(start, -0.25, &rule->start_us))
        return bad_value(r, START, start, err);
    if (!is_any(end) &&
        (!parse_us(end, 0.25, &rule->end_us) || rule->end_us < rule->start_us))
        return bad_value(r, END, end, err);
    if (r->place[END] == SIZE_MAX && r->place[DURATION] != SIZE_MAX && !is_any(start))
        return read_duration(r, rule, err);
    return LW_OK;
}

static bool has_ports(uint16_t proto)
{
    return proto == 0 || proto == 6 || proto == 17 || proto == 132;
}

static enum lw_status read_match(const struct reader *r, struct label_rule *rule,
                                 struct lw_error *err)
{
    if (!parse_end(field_of(r, SRC), &rule->end[0], &rule->family))
        return bad_value(r, SRC, field_of(r, SRC), err);
    if (!parse_end(field_of(r, DST), &rule->end[1], &rule->family))
        return bad_value(r, DST, field_of(r, DST), err);
    if (!parse_proto(field_of(r, PROTO), rule))
        return bad_value(r, PROTO, field_of(r, PROTO), err);
    /* Argus and Zeek have types and codes of ICMP there. */
    if (!has_ports(rule->proto))
        return LW_OK;
    if (!parse_port(field_of(r, SPORT), &rule->end[0]))
        return bad_value(r, SPORT, field_of(r, SPORT), err);
    if (!parse_port(field_of(r, DPORT), &rule->end[1]))
        return bad_value(r, DPORT, field_of(r, DPORT), err);
    return LW_OK;
}

static bool is_good_label(struct csv_field f)
{
    for (size_t i = 0; i < f.n; i++)
        if ((uint8_t)f.p[i] < ' ' || f.p[i] == 0x7f)
            return false;
    return f.n <= LW_LABEL_MAX;
}

static enum lw_status read_rule(struct reader *r, struct lw_error *err)
{
    struct label_rule rule = {.family = LABEL_ANY_FAMILY};
    struct csv_field label = field_of(r, LABEL);
    struct lw_error why;
    enum lw_status st;

    /* A flow that nobody labelled. */
    if (label.n == 0 || (r->is_zeek && is_any(label)))
        return LW_OK;
    if (!is_good_label(label))
        return bad_value(r, LABEL, label, err);
    st = read_match(r, &rule, err);
    if (st == LW_OK)
        st = read_time(r, &rule, err);
    if (st != LW_OK)
        return st;
    st = labels_add(r->labels, &rule, label.p, label.n, &why);
    return st == LW_OK
               ? LW_OK
               : lw_fail(err, st, "%s:%zu: %s", r->name, r->lines.number, why.msg);
}

/* ---- the file -------------------------------------------------------------------- */

static enum lw_status fail_memory(const struct reader *r, struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "%s:%zu: out of memory", r->name, r->lines.number);
}

static enum lw_status split(struct reader *r, struct span text, struct lw_error *err)
{
    enum csv_outcome result = r->is_zeek
                                  ? csv_line_split_zeek(&r->line, text, r->delimiter)
                                  : csv_line_split(&r->line, text, r->delimiter, true);

    switch (result) {
    case CSV_OK:
        return LW_OK;
    case CSV_NO_MEMORY:
        return fail_memory(r, err);
    case CSV_OPEN_QUOTE:
    case CSV_AFTER_QUOTE:
        break;
    }
    return lw_fail(err, LW_EFORMAT,
                   "%s:%zu: column %zu: quotes that do not enclose the field; double "
                   "quotes inside of it",
                   r->name, r->lines.number, r->line.n + 1);
}

static void find_columns(struct reader *r)
{
    const size_t n = sizeof spellings / sizeof spellings[0];

    for (unsigned c = 0; c < N_COLUMNS; c++)
        r->place[c] = SIZE_MAX;
    for (size_t s = 0; s < n; s++) {
        enum column c = spellings[s].column;

        for (size_t i = 0; i < r->line.n && r->place[c] == SIZE_MAX; i++) {
            if (field_is(r->line.fields[i], spellings[s].name) &&
                copy_word(r->line.fields[i], r->title[c]))
                r->place[c] = i;
        }
    }
    r->n_fields = r->line.n;
}

/* The header is in r->line. */
static enum lw_status read_header(struct reader *r, struct lw_error *err)
{
    find_columns(r);
    if (r->place[LABEL] == SIZE_MAX)
        return lw_fail(
            err, LW_EFORMAT,
            "%s:%zu: the header has no column 'label' (or 'class'); is this a "
            "file of labels?",
            r->name, r->lines.number);
    for (unsigned c = 0; c < LABEL; c++)
        if (r->place[c] != SIZE_MAX && c != DURATION)
            return LW_OK;
    return lw_fail(err, LW_EFORMAT,
                   "%s:%zu: the header has none of the columns start, end, src, sport, "
                   "dst, dport, proto; what do the labels belong to?",
                   r->name, r->lines.number);
}

static bool begins(struct span text, const char *word)
{
    return span_begins(text, word, strlen(word));
}

/* The lines of a Zeek log that begin with #. */
static enum lw_status read_zeek_head(struct reader *r, struct span text,
                                     struct lw_error *err)
{
    const uint8_t *tab;
    enum lw_status st;

    if (!begins(text, "#fields"))
        return LW_OK;
    tab = memchr(text.p, r->delimiter, text.n);
    if (tab == NULL)
        return lw_fail(err, LW_EFORMAT, "%s:%zu: #fields without fields", r->name,
                       r->lines.number);
    st = split(r, span_from(text, (size_t)(tab - text.p) + 1), err);
    return st == LW_OK ? read_header(r, err) : st;
}

static enum lw_status read_row(struct reader *r, struct span text, struct lw_error *err)
{
    enum lw_status st;

    if (text.n == 0)
        return LW_OK;
    if (text.p[0] == '#')
        return r->is_zeek ? read_zeek_head(r, text, err) : LW_OK;
    st = split(r, text, err);
    if (st != LW_OK)
        return st;
    if (r->n_fields == 0)
        return lw_fail(err, LW_EFORMAT, "%s:%zu: a row before the #fields line",
                       r->name, r->lines.number);
    if (r->line.n != r->n_fields)
        return lw_fail(
            err, LW_EFORMAT,
            "%s:%zu: %zu fields, but the header names %zu; quote a field that "
            "has a comma in it",
            r->name, r->lines.number, r->line.n, r->n_fields);
    return read_rule(r, err);
}

/* The character that separates most fields of the header. */
static char find_delimiter(struct span text)
{
    static const char candidates[] = ",\t;";
    size_t most = 0;
    char best = ',';

    for (const char *c = candidates; *c != '\0'; c++) {
        size_t n = 0;

        for (size_t i = 0; i < text.n; i++)
            n += text.p[i] == (uint8_t)*c;
        if (n > most) {
            most = n;
            best = *c;
        }
    }
    return best;
}

/* The first line that says something. */
static enum lw_status read_first(struct reader *r, struct lw_error *err)
{
    struct span text;
    enum lw_status st;

    do {
        st = lines_next(&r->lines, &text, err);
        if (st == LW_END)
            return lw_fail(err, LW_EFORMAT, "%s: no labels in it", r->name);
        if (st != LW_OK)
            return st;
        if (begins(text, "\xef\xbb\xbf"))
            text = span_from(text, 3);
        r->is_zeek = begins(text, "#separator");
    } while (!r->is_zeek && (text.n == 0 || text.p[0] == '#'));
    if (r->is_zeek && !begins(text, "#separator \\x09"))
        return lw_fail(err, LW_EUNSUPPORTED,
                       "%s:%zu: a Zeek log that is not separated by tabs", r->name,
                       r->lines.number);
    r->delimiter = (char)(r->is_zeek ? '\t' : find_delimiter(text));
    if (r->is_zeek)
        return LW_OK;
    st = split(r, text, err);
    return st == LW_OK ? read_header(r, err) : st;
}

static enum lw_status read_all(struct reader *r, struct lw_error *err)
{
    struct lw_labels_stats stats;
    struct span text;
    enum lw_status st = read_first(r, err);

    while (st == LW_OK) {
        st = lines_next(&r->lines, &text, err);
        if (st == LW_OK)
            st = read_row(r, text, err);
    }
    if (st != LW_END)
        return st;
    st = labels_finish(r->labels, err);
    lw_labels_get_stats(r->labels, &stats);
    if (st == LW_OK && stats.rules == 0)
        return lw_fail(err, LW_EFORMAT, "%s: no row has a label", r->name);
    return st;
}

/* Takes the stream. */
static enum lw_status read_stream(struct lw_labels **out, struct stream *in,
                                  struct lw_error *err)
{
    struct reader r = {.name = stream_name(in), .labels = labels_new()};
    enum lw_status st;

    csv_line_init(&r.line);
    lines_init(&r.lines, in, NULL);
    st = r.labels == NULL ? fail_memory(&r, err) : read_all(&r, err);
    if (st == LW_OK) {
        *out = r.labels;
        r.labels = NULL;
    }
    csv_line_release(&r.line);
    lw_labels_free(r.labels);
    stream_close(in);
    return st;
}

enum lw_status lw_labels_read(struct lw_labels **out, const char *path,
                              struct lw_error *err)
{
    struct stream *in = NULL;
    enum lw_status st = stream_open(&in, path, err);

    return st == LW_OK ? read_stream(out, in, err) : st;
}

enum lw_status lw_labels_read_memory(struct lw_labels **out, const void *data,
                                     size_t n_bytes, const char *name,
                                     struct lw_error *err)
{
    struct stream *in = NULL;
    enum lw_status st = stream_open_memory(&in, data, n_bytes, name, err);

    return st == LW_OK ? read_stream(out, in, err) : st;
}
