/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leakage lint: columns that tell the classes apart because of how the data were made.
 * A detector that learns an address knows the testbed, not attacks.
 *
 * Rules are tried in the order of the table at the end; a column gets the first that
 * finds it.  Names are compared without case, blanks and punctuation.
 */
#include "base/mem.h"
#include "base/timefmt.h"
#include "data/profile_priv.h"
#include "data/schema.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Words that are looked at to know what a column of words holds. */
enum { WORDS_LOOKED_AT = 1000, RULES_ROWS_MIN = 20 };

static const double most = .9;        /* of the words are addresses or times */
static const double nearly_all = .95; /* of the rows have a value of their own */
static const double all_but_some = .999;

struct suspect {
    const struct lw_profile_feature *f;
    const struct profile_hint *hint;
    struct lw_column c;
    double n;        /* rows with a value */
    double distinct; /* share of them that are different */
    double majority; /* share of the more frequent class */
    const char *format;
};

static bool is_called(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (name_is_like(name, names[i]))
            return true;
    return false;
}

#define IS_CALLED(name, names)                                                         \
    is_called(name, names, sizeof(names) / sizeof((names)[0]))

/* The share of the first words that a function likes. */
static double share_of_words(const struct lw_column *c, bool (*likes)(const char *word))
{
    uint32_t n = 0;
    uint32_t n_liked = 0;

    for (uint32_t w = 0; w < c->n_words && w < WORDS_LOOKED_AT; w++) {
        if (c->dictionary[w][0] == '\0')
            continue;
        n++;
        n_liked += likes(c->dictionary[w]) ? 1 : 0;
    }
    return n == 0 ? 0 : (double)n_liked / (double)n;
}

/* ---- what words look like ---- */

/* 00:11:22:33:44:55 */
static bool is_mac(const char *word)
{
    if (strlen(word) != 17)
        return false;
    for (size_t i = 0; i < 17; i++) {
        bool is_hex = strchr("0123456789abcdefABCDEF", word[i]) != NULL;

        if (i % 3 == 2 ? word[i] != ':' && word[i] != '-' : !is_hex)
            return false;
    }
    return true;
}

static bool is_address(const char *word)
{
    uint8_t bytes[16];

    return inet_pton(AF_INET, word, bytes) == 1 ||
           inet_pton(AF_INET6, word, bytes) == 1 || is_mac(word);
}

/* What timefmt_parse() reads, or three numbers with / or - between them and perhaps a
 * time of day: "5/7/2017 8:55 AM". */
static bool is_time(const char *word)
{
    size_t n = strlen(word);
    size_t at = 0;
    double v;

    if (strpbrk(word, ":/-") == NULL)
        return false;
    if (timefmt_parse(word, n, &v))
        return true;
    for (int part = 0; part < 3; part++) {
        size_t digits = strspn(word + at, "0123456789");

        if (digits == 0 || digits > 4)
            return false;
        at += digits;
        if (part < 2 && word[at] != '/' && word[at] != '-')
            return false;
        at += part < 2 ? 1 : 0;
    }
    return word[at] == '\0' || word[at] == ' ' || word[at] == 'T';
}

/* ---- the rules: a finding's figure and reason, or false ---- */

static bool find_address(const struct suspect *s, struct lw_leak *out)
{
    if (!s->f->is_text)
        return false;
    out->figure = share_of_words(&s->c, is_address);
    if (out->figure < most)
        return false;
    (void)snprintf(out->reason, sizeof out->reason,
                   "%.0f %% of its words are addresses", 100 * out->figure);
    return true;
}

static bool find_time(const struct suspect *s, struct lw_leak *out)
{
    static const char *const names[] = {
        "time",
        "timestamp",
        "ts",
        "stime",
        "ltime",
        "starttime",
        "endtime",
        "lasttime",
        "date",
        "datetime",
        "flowstart",
        "flowend",
        "first_seen",
        "date_first_seen",
        "last_seen",
        "start",
        "flow_start_milliseconds",
        "flow_end_milliseconds",
    };

    if (s->f->is_text) {
        out->figure = share_of_words(&s->c, is_time);
        if (out->figure < most)
            return false;
        (void)snprintf(out->reason, sizeof out->reason,
                       "%.0f %% of its words are times", 100 * out->figure);
        return true;
    }
    if (s->c.origin == 0 && !IS_CALLED(s->f->name, names))
        return false;
    out->figure = s->hint->ascending;
    (void)snprintf(out->reason, sizeof out->reason,
                   "a time%s; %.1f %% of the rows are not before the last",
                   s->c.origin == 0 ? " by its name" : "", 100 * out->figure);
    return true;
}

static bool find_port(const struct suspect *s, struct lw_leak *out)
{
    static const char *const names[] = {
        "port",        "sport",       "dport",       "dsport",          "srcport",
        "dstport",     "destport",    "sourceport",  "destinationport", "id.orig_p",
        "id.resp_p",   "orig_p",      "resp_p",      "l4_src_port",     "l4_dst_port",
        "tcp_srcport", "tcp_dstport", "udp_srcport", "udp_dstport",     "udp_port",
        "tcp_port",    "src_p",       "dst_p",
    };

    if (!IS_CALLED(s->f->name, names))
        return false;
    out->figure = (double)s->f->n_distinct;
    (void)snprintf(out->reason, sizeof out->reason,
                   "a port; %llu different ones, AUC alone %.3f",
                   (unsigned long long)s->f->n_distinct, s->f->auc);
    return true;
}

static bool find_identifier(const struct suspect *s, struct lw_leak *out)
{
    static const char *const names[] = {
        "id",    "uid",    "uuid",      "guid",      "flow_id",  "session_id",
        "index", "row",    "row_id",    "record_id", "seq",      "conn_id",
        "no",    "number", "unnamed_0", "pkSeqID",   "flow_key", "packet_id",
    };
    bool named = IS_CALLED(s->f->name, names);
    bool counts_up =
        !s->f->is_text && s->hint->is_whole && s->hint->ascending >= all_but_some;

    out->figure = s->distinct;
    if (s->n < RULES_ROWS_MIN || s->distinct < (named ? .5 : nearly_all) ||
        !(named || s->f->is_text || counts_up))
        return false;
    (void)snprintf(out->reason, sizeof out->reason,
                   "a different value in %.1f %% of the rows%s", 100 * s->distinct,
                   counts_up ? ", counting up" : "");
    return true;
}

static bool find_label(const struct suspect *s, struct lw_leak *out)
{
    /* NSL-KDD: how many of 21 learners got the row right. */
    if (strcmp(s->format, "nsl-kdd") == 0 && strcmp(s->f->name, "difficulty") == 0) {
        out->figure = s->hint->purity;
        (void)snprintf(out->reason, sizeof out->reason,
                       "made by classifiers that saw the label");
        return true;
    }
    out->figure = s->hint->purity;
    if (s->n < RULES_ROWS_MIN || s->f->n_distinct < 2 || s->distinct > .05 ||
        (!s->f->is_text && s->f->n_distinct > 100) || s->hint->purity < all_but_some ||
        1 - s->hint->purity > (1 - s->majority) / 10)
        return false;
    (void)snprintf(out->reason, sizeof out->reason,
                   "its %llu values determine the class of %.2f %% of the rows",
                   (unsigned long long)s->f->n_distinct, 100 * s->hint->purity);
    return true;
}

static bool find_separation(const struct suspect *s, struct lw_leak *out)
{
    out->figure = s->f->auc < .5 ? 1 - s->f->auc : s->f->auc;
    if (s->n < RULES_ROWS_MIN || !(out->figure > all_but_some))
        return false;
    (void)snprintf(out->reason, sizeof out->reason, "AUC alone %.5f", out->figure);
    return true;
}

static const struct {
    enum lw_leak_kind kind;
    bool (*find)(const struct suspect *s, struct lw_leak *out);
} rules[] = {
    {LW_LEAK_ADDRESS, find_address}, {LW_LEAK_TIME, find_time},
    {LW_LEAK_PORT, find_port},       {LW_LEAK_IDENTIFIER, find_identifier},
    {LW_LEAK_LABEL, find_label},     {LW_LEAK_SEPARATES, find_separation},
};

/* ---- the whole ---- */

const char *lw_leak_name(enum lw_leak_kind k)
{
    static const char *const names[] = {
#define LEAK_NAME(name, word, text) word,
        LW_LEAK_LIST(LEAK_NAME)
#undef LEAK_NAME
    };

    return names[k];
}

static bool is_kept(const struct lw_schema *schema, const char *name)
{
    for (size_t i = 0; schema != NULL && i < schema->keep.n; i++)
        if (name_is_like(schema->keep.items[i], name))
            return true;
    return false;
}

enum lw_status profile_leaks(const struct profiling *p, const struct lw_schema *schema,
                             struct lw_profile *out, struct lw_error *err)
{
    uint64_t most_rows =
        out->side_rows[0] > out->side_rows[1] ? out->side_rows[0] : out->side_rows[1];

    out->leaks = mem_zalloc(out->n_features, sizeof *out->leaks);
    if (out->leaks == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a profile");
    for (size_t i = 0; i < out->n_features; i++) {
        struct lw_leak *leak = &out->leaks[out->n_leaks];
        struct suspect s = {.f = &out->features[i],
                            .hint = &p->hints[i],
                            .majority =
                                p->n == 0 ? 0 : (double)most_rows / (double)p->n,
                            .format = lw_frame_format(p->frame)};

        if (s.f->is_label)
            continue;
        lw_frame_column(p->frame, s.f->column, &s.c);
        s.n = (double)p->n;
        if (!s.f->is_text)
            s.n -= (double)(s.f->side[0].n_missing + s.f->side[1].n_missing);
        s.distinct = s.n > 0 ? (double)s.f->n_distinct / s.n : 0;
        *leak = (struct lw_leak){.column = s.f->column};
        for (size_t k = 0; k < sizeof rules / sizeof rules[0]; k++)
            if (rules[k].find(&s, leak)) {
                leak->kind = rules[k].kind;
                leak->is_kept = is_kept(schema, s.f->name);
                out->n_leaks++;
                break;
            }
    }
    return LW_OK;
}
