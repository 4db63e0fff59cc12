/* SPDX-License-Identifier: Apache-2.0 */
/* Which flows: filters from the parameters of a request, and cursors. */
#include "store/flow_filter.h"

#include "base/hash.h"
#include "base/numfmt.h"
#include "base/timefmt.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void store_flow_filter_init(struct store_flow_filter *f)
{
    memset(f, 0, sizeof *f);
    f->from_ns = INT64_MIN;
    f->to_ns = INT64_MAX;
    f->port = -1;
    f->verdict = -1;
    f->alerted = -1;
}

/* ----------------------------------------------------------------- parameters */

static bool is_word(struct span v, const char *word)
{
    return v.n == strlen(word) && memcmp(v.p, word, v.n) == 0;
}

static bool parse_int(struct span v, int64_t max, int64_t *out)
{
    int64_t n = 0;

    if (v.n == 0 || v.n > 18)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return false;
        n = 10 * n + (v.p[i] - '0');
    }
    if (n > max)
        return false;
    *out = n;
    return true;
}

static enum lw_status set_capture(struct store_flow_filter *f, struct span v,
                                  struct lw_error *err)
{
    if (!parse_int(v, INT64_MAX, &f->capture) || f->capture == 0)
        return lw_fail(err, LW_EINVAL, "a capture's id is a positive integer");
    return LW_OK;
}

static enum lw_status parse_time(struct span v, int64_t *out, struct lw_error *err)
{
    if (v.n == 0 || !timefmt_parse_ns((const char *)v.p, v.n, out))
        return lw_fail(
            err, LW_EINVAL,
            "a time is RFC 3339 (2026-03-01T10:15:02Z) or seconds since 1970");
    return LW_OK;
}

static enum lw_status set_from(struct store_flow_filter *f, struct span v,
                               struct lw_error *err)
{
    return parse_time(v, &f->from_ns, err);
}

static enum lw_status set_to(struct store_flow_filter *f, struct span v,
                             struct lw_error *err)
{
    return parse_time(v, &f->to_ns, err);
}

static enum lw_status parse_net(struct span v, struct store_net *out,
                                struct lw_error *err)
{
    if (!store_net_parse(v, out))
        return lw_fail(err, LW_EINVAL,
                       "an address, or a network as 10.0.0.0/8, is expected");
    return LW_OK;
}

static enum lw_status set_host(struct store_flow_filter *f, struct span v,
                               struct lw_error *err)
{
    return parse_net(v, &f->host, err);
}

static enum lw_status set_source(struct store_flow_filter *f, struct span v,
                                 struct lw_error *err)
{
    return parse_net(v, &f->source, err);
}

static enum lw_status set_destination(struct store_flow_filter *f, struct span v,
                                      struct lw_error *err)
{
    return parse_net(v, &f->destination, err);
}

static enum lw_status set_port(struct store_flow_filter *f, struct span v,
                               struct lw_error *err)
{
    int64_t port;

    if (!parse_int(v, 65535, &port))
        return lw_fail(err, LW_EINVAL, "a port is a number from 0 to 65535");
    f->port = (int32_t)port;
    return LW_OK;
}

static enum lw_status copy_word(struct span v, char *out, size_t max,
                                struct lw_error *err)
{
    if (v.n == 0 || v.n >= max || memchr(v.p, 0, v.n) != NULL)
        return lw_fail(err, LW_EINVAL, "a name of 1 to %zu characters is expected",
                       max - 1);
    memcpy(out, v.p, v.n);
    out[v.n] = '\0';
    return LW_OK;
}

static enum lw_status set_proto(struct store_flow_filter *f, struct span v,
                                struct lw_error *err)
{
    return copy_word(v, f->proto, sizeof f->proto, err);
}

static enum lw_status set_service(struct store_flow_filter *f, struct span v,
                                  struct lw_error *err)
{
    return copy_word(v, f->service, sizeof f->service, err);
}

static enum lw_status set_class(struct store_flow_filter *f, struct span v,
                                struct lw_error *err)
{
    for (int i = 0; i < LW_N_VERDICTS; i++) {
        if (is_word(v, lw_verdict_name((enum lw_verdict_class)i))) {
            f->verdict = i;
            return LW_OK;
        }
    }
    return lw_fail(err, LW_EINVAL,
                   "a class is one of Normal, DoS, Probe, R2L, U2R, Botnet, Anomaly, "
                   "Not recognized");
}

static enum lw_status set_min_score(struct store_flow_filter *f, struct span v,
                                    struct lw_error *err)
{
    double score;

    if (v.n == 0 || !numfmt_parse((const char *)v.p, v.n, &score) ||
        !(score >= 0 && score <= 1))
        return lw_fail(err, LW_EINVAL, "a score is a number from 0 to 1");
    f->min_score = score;
    return LW_OK;
}

static enum lw_status set_alerted(struct store_flow_filter *f, struct span v,
                                  struct lw_error *err)
{
    if (!is_word(v, "true") && !is_word(v, "false"))
        return lw_fail(err, LW_EINVAL, "true or false is expected");
    f->alerted = is_word(v, "true");
    return LW_OK;
}

static enum lw_status set_sort(struct store_flow_filter *f, struct span v,
                               struct lw_error *err)
{
    static const char *const names[STORE_N_SORTS] = {"time", "score", "duration",
                                                     "packets", "bytes"};

    for (int i = 0; i < STORE_N_SORTS; i++) {
        if (is_word(v, names[i])) {
            f->sort = (enum store_sort)i;
            return LW_OK;
        }
    }
    return lw_fail(err, LW_EINVAL,
                   "sort is one of time, score, duration, packets, bytes");
}

static enum lw_status set_order(struct store_flow_filter *f, struct span v,
                                struct lw_error *err)
{
    if (!is_word(v, "asc") && !is_word(v, "desc"))
        return lw_fail(err, LW_EINVAL, "order is asc or desc");
    f->ascending = is_word(v, "asc");
    return LW_OK;
}

static const struct parameter {
    const char *name;
    enum lw_status (*set)(struct store_flow_filter *f, struct span v,
                          struct lw_error *err);
} parameters[] = {
    {"capture", set_capture},
    {"from", set_from},
    {"to", set_to},
    {"host", set_host},
    {"source", set_source},
    {"destination", set_destination},
    {"port", set_port},
    {"protocol", set_proto},
    {"service", set_service},
    {"class", set_class},
    {"min_score", set_min_score},
    {"alerted", set_alerted},
    {"sort", set_sort},
    {"order", set_order},
};

enum lw_status store_flow_filter_set(struct store_flow_filter *f, const char *name,
                                     struct span value, struct lw_error *err)
{
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++)
        if (strcmp(name, parameters[i].name) == 0)
            return parameters[i].set(f, value, err);
    return lw_fail(err, LW_ENOTFOUND, "flows have no filter of that name");
}

/* -------------------------------------------------------------------- cursors */

/*
 * "KEY.ID.CHECK", hexadecimal: the sort key of the last row (a double's bits are
 * ordered like the double for scores, which are not negative), its id, and a hash of
 * the filter that it belongs to.
 */

static uint32_t hash_of(const struct store_flow_filter *f)
{
    char text[640];
    int n = snprintf(text, sizeof text,
                     "%" PRId64 " %" PRId64 " %" PRId64 " %d %s %s %d %.17g %d %d %d ",
                     f->capture, f->from_ns, f->to_ns, f->port, f->proto, f->service,
                     f->verdict, f->min_score, f->alerted, f->sort, f->ascending);
    const struct store_net *nets[] = {&f->host, &f->source, &f->destination};

    for (size_t i = 0; i < 3; i++) {
        memcpy(text + n, nets[i]->addr.bytes, sizeof nets[i]->addr.bytes);
        n += (int)sizeof nets[i]->addr.bytes;
        text[n++] = (char)nets[i]->bits;
    }
    return (uint32_t)hash_bytes(text, (size_t)n, 0);
}

void flow_cursor_format(const struct flow_cursor *c, const struct store_flow_filter *f,
                        char out[STORE_CURSOR_MAX])
{
    (void)snprintf(out, STORE_CURSOR_MAX, "%" PRIx64 ".%" PRIx64 ".%" PRIx32,
                   (uint64_t)c->key, (uint64_t)c->id, hash_of(f));
}

/* Up to 16 hexadecimal digits. */
static bool take_hex(struct span *s, uint64_t *out)
{
    uint64_t v = 0;
    size_t n = 0;

    for (; n < s->n && n < 17; n++) {
        uint8_t c = s->p[n];

        if (c >= '0' && c <= '9')
            v = v << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            v = v << 4 | (uint64_t)(c - 'a' + 10);
        else
            break;
    }
    if (n == 0 || n > 16)
        return false;
    *s = span_from(*s, n);
    *out = v;
    return true;
}

static bool take_dot(struct span *s)
{
    uint8_t c;

    return span_take_u8(s, &c) && c == '.';
}

enum lw_status flow_cursor_parse(struct span text, const struct store_flow_filter *f,
                                 struct flow_cursor *out, struct lw_error *err)
{
    uint64_t key;
    uint64_t id;
    uint64_t check;

    if (!take_hex(&text, &key) || !take_dot(&text) || !take_hex(&text, &id) ||
        !take_dot(&text) || !take_hex(&text, &check) || text.n != 0 ||
        id > (uint64_t)INT64_MAX)
        return lw_fail(err, LW_EINVAL, "this cursor was not made here");
    if (check != hash_of(f))
        return lw_fail(err, LW_EINVAL,
                       "this cursor belongs to a list with another filter or order");
    out->key = (int64_t)key;
    out->id = (int64_t)id;
    return LW_OK;
}
