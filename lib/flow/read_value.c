/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of flow records as text: the plain forms by hand, as there are a dozen in
 * every row, and the rest by the general functions.
 */
#include "base/numfmt.h"
#include "base/timefmt.h"
#include "flow_reader.h"

#include <arpa/inet.h>
#include <math.h>
#include <string.h>
#include <strings.h>

enum { ETHER_IPV4 = 0x0800, ETHER_IPV6 = 0x86dd, ETHER_ARP = 0x0806 };

/* Times and durations are below it (the year 2116), so that a start and a duration can
 * be added. */
#define TIME_LIMIT_NS (INT64_C(1) << 62)

static bool field_is(struct csv_field f, const char *text)
{
    return f.n == strlen(text) && strncasecmp(f.p, text, f.n) == 0;
}

bool flow_field_missing(struct csv_field f)
{
    if (f.n == 0)
        return true;
    if (f.n == 1)
        return *f.p == '-' || *f.p == '?';
    return f.n <= 7 && ((*f.p > '9' && (field_is(f, "NA") || field_is(f, "nan") ||
                                        field_is(f, "null"))) ||
                        field_is(f, "(empty)"));
}

void flow_cell_note(struct flow_cells *c, enum flow_cell i, const char *wanted)
{
    if (c->n_bad == 0) {
        c->bad = i;
        c->wanted = wanted;
    }
    c->n_bad++;
}

bool flow_cell_is(const struct flow_cells *c, enum flow_cell i, const char *text)
{
    return field_is(c->cell[i], text);
}

/* Up to 18 digits, which cannot overflow. */
static bool plain_number(struct csv_field f, uint64_t *out)
{
    uint64_t v = 0;

    if (f.n == 0 || f.n > 18)
        return false;
    for (size_t i = 0; i < f.n; i++) {
        unsigned digit = (unsigned)(f.p[i] - '0');

        if (digit > 9)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

/* "123.0", as tables have it that passed through other programs. */
static bool whole_number(struct csv_field f, uint64_t *out)
{
    double v;

    if (!numfmt_parse(f.p, f.n, &v) || !(v >= 0 && v < 1e15) || v != trunc(v))
        return false;
    *out = (uint64_t)v;
    return true;
}

bool flow_cell_number(struct flow_cells *c, enum flow_cell i, uint64_t *out)
{
    struct csv_field f = c->cell[i];

    if (plain_number(f, out))
        return true;
    if (flow_field_missing(f))
        return false;
    if (whole_number(f, out))
        return true;
    flow_cell_note(c, i, "a number from 0 on");
    return false;
}

bool flow_cell_time(struct flow_cells *c, enum flow_cell i, int64_t *out_ns)
{
    struct csv_field f = c->cell[i];

    if (flow_field_missing(f))
        return false;
    if (timefmt_parse_ns(f.p, f.n, out_ns) && *out_ns >= 0 && *out_ns < TIME_LIMIT_NS)
        return true;
    *out_ns = 0;
    flow_cell_note(c, i, i == CELL_START ? "a time" : "a number of seconds from 0 on");
    return false;
}

/* ---- addresses ------------------------------------------------------------------- */

static bool parse_ip4(struct csv_field f, uint8_t out[4])
{
    const char *p = f.p;
    const char *end = f.p + f.n;

    for (unsigned i = 0; i < 4; i++) {
        unsigned v = 0;
        unsigned digits = 0;

        if (i > 0 && (p == end || *p++ != '.'))
            return false;
        for (; p < end && *p >= '0' && *p <= '9' && digits < 4; p++, digits++)
            v = v * 10 + (unsigned)(*p - '0');
        if (digits == 0 || v > 255)
            return false;
        out[i] = (uint8_t)v;
    }
    return p == end;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Six numbers of one or two hexadecimal digits, as Argus prints them. */
static bool parse_mac(struct csv_field f, uint8_t out[6])
{
    const char *p = f.p;
    const char *end = f.p + f.n;

    for (unsigned i = 0; i < 6; i++) {
        int v = 0;
        unsigned digits = 0;

        if (i > 0 && (p == end || *p++ != ':'))
            return false;
        for (; p < end && digits < 2 && hex_digit(*p) >= 0; p++, digits++)
            v = v * 16 + hex_digit(*p);
        if (digits == 0)
            return false;
        out[i] = (uint8_t)v;
    }
    return p == end;
}

static bool parse_ip6(struct csv_field f, uint8_t out[16])
{
    char text[INET6_ADDRSTRLEN];

    if (f.n >= sizeof text)
        return false;
    memcpy(text, f.p, f.n);
    text[f.n] = '\0';
    return inet_pton(AF_INET6, text, out) == 1;
}

bool flow_cell_addr(struct flow_cells *c, enum flow_cell i, struct lw_addr *out,
                    uint8_t *version)
{
    struct csv_field f = c->cell[i];

    if (f.n == 0)
        return false;
    *version = 0;
    if (parse_ip4(f, out->bytes)) {
        *version = 4;
        return true;
    }
    memset(out, 0, sizeof *out);
    if (parse_mac(f, out->bytes))
        return true;
    memset(out, 0, sizeof *out);
    *version = 6;
    if (parse_ip6(f, out->bytes))
        return true;
    memset(out, 0, sizeof *out);
    if (!flow_field_missing(f))
        flow_cell_note(c, i, "an address");
    return false;
}

bool flow_cell_port(struct flow_cells *c, enum flow_cell i, uint32_t max, uint32_t *out)
{
    struct csv_field f = c->cell[i];
    uint64_t v = 0;
    bool ok;

    if (f.n > 2 && f.n <= 10 && f.p[0] == '0' && (f.p[1] | 0x20) == 'x') {
        ok = true;
        for (size_t k = 2; k < f.n; k++) {
            int digit = hex_digit(f.p[k]);

            ok = ok && digit >= 0;
            v = v * 16 + (unsigned)(digit & 15);
        }
    } else if (flow_field_missing(f)) {
        return false;
    } else {
        ok = plain_number(f, &v) || whole_number(f, &v);
    }
    if (ok && v <= max) {
        *out = (uint32_t)v;
        return true;
    }
    flow_cell_note(c, i, "a port");
    return false;
}

void flow_set_protocol(struct lw_record *rec, enum lw_flow_kind kind, uint8_t protocol,
                       uint8_t version)
{
    rec->kind = kind;
    rec->protocol = protocol;
    rec->ip_version = version;
    if (kind == LW_FLOW_ARP) {
        rec->ip_version = 0;
        rec->ether_type = ETHER_ARP;
    } else if (version != 0) {
        rec->ether_type = version == 4 ? ETHER_IPV4 : ETHER_IPV6;
    }
}
