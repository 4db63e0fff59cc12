/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flow in CICFlowMeter's columns, with its arithmetic: integer divisions, a first
 * packet that counts twice in the lengths, rates of nothing in no time (NaN), and the
 * counts of flags under each other's names.
 */
#include "base/assert.h"
#include "base/numfmt.h"
#include "base/put.h"
#include "base/timefmt.h"
#include "cic_compat.h"

#include <lapwing/record.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cic_moments_add(struct cic_moments *m, double v)
{
    double off = v - m->mean;
    double step = off / ((double)m->n + 1);

    if (m->n == 0 || v < m->min)
        m->min = v;
    if (m->n == 0 || v > m->max)
        m->max = v;
    m->n++;
    m->sum += v;
    m->mean += step;
    m->m2 += ((double)m->n - 1) * off * step;
}

static double variance(const struct cic_moments *m)
{
    return m->n < 2 ? 0 : m->m2 / (double)(m->n - 1);
}

/* ---- text ----------------------------------------------------------------------- */

/* The shortest decimal that reads back as v > 0, d.ddd * 10^exponent. */
struct decimal {
    char digits[24]; /* (n), no zero at the end */
    int n;
    int exponent;
};

static void strip_zeros(struct decimal *d)
{
    while (d->n > 1 && d->digits[d->n - 1] == '0')
        d->n--;
}

/* Nearly all are counts and times in microseconds, which are short work. */
static bool integer_decimal(double v, struct decimal *d)
{
    const double exact = 9007199254740992; /* 2^53 */

    if (v >= exact || v != floor(v))
        return false;
    d->n = (int)(put_u64(d->digits, (uint64_t)v) - d->digits);
    d->exponent = d->n - 1;
    strip_zeros(d);
    return true;
}

static struct decimal decimal_of(double v)
{
    struct decimal d = {.n = 0};
    char text[NUMFMT_MAX];
    const char *e;

    if (integer_decimal(v, &d))
        return d;
    /* What has 15 digits or fewer comes out with zeros at the end. */
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*e", digits - 1, v);
        if (strtod(text, NULL) == v)
            break;
    }
    e = strchr(text, 'e');
    LW_ASSERT(e != NULL);
    d.exponent = (int)strtol(e + 1, NULL, 10);
    for (const char *s = text; s < e; s++)
        if (*s >= '0' && *s <= '9')
            d.digits[d.n++] = *s;
    strip_zeros(&d);
    return d;
}

/* Digits from..to of a decimal, zeros beyond its own. */
static char *put_part(char *p, const struct decimal *d, int from, int to)
{
    for (int i = from; i < to; i++)
        *p++ = (char)(i >= 0 && i < d->n ? d->digits[i] : '0');
    return p;
}

static int at_least(int n, int least)
{
    return n < least ? least : n;
}

/* From 10^-3 to below 10^7 there is no exponent; a point is always there, with a digit
 * at least on either side (java.lang.Double, Java SE 8). */
char *cic_put_double(char *p, double v)
{
    struct decimal d;

    if (isnan(v))
        return put_text(p, "NaN");
    if (v < 0)
        *p++ = '-';
    v = fabs(v);
    if (isinf(v))
        return put_text(p, "Infinity");
    if (v == 0)
        return put_text(p, "0.0");
    d = decimal_of(v);
    if (d.exponent >= -3 && d.exponent < 7) {
        p = put_part(p, &d, d.exponent < 0 ? -1 : 0, at_least(d.exponent + 1, 0));
        *p++ = '.';
        return put_part(p, &d, d.exponent + 1, at_least(d.n, d.exponent + 2));
    }
    *p++ = d.digits[0];
    *p++ = '.';
    p = put_part(p, &d, 1, at_least(d.n, 2));
    return p + snprintf(p, 8, "E%d", d.exponent);
}

/* Every value ends with a comma, as the label is the last one. */
static char *add_int(char *p, int64_t v)
{
    if (v < 0)
        *p++ = '-';
    p = put_u64(p, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
    *p++ = ',';
    return p;
}

static char *add_double(char *p, double v)
{
    p = cic_put_double(p, v);
    *p++ = ',';
    return p;
}

static char *add_zeros(char *p, unsigned n)
{
    while (n-- > 0)
        p = put_text(p, "0,");
    return p;
}

/* ---- what identifies a flow ----------------------------------------------------- */

static char *add_id(char *p, const struct flow_key *key)
{
    p = put_ip4(p, key->addr[0].bytes);
    *p++ = '-';
    p = put_ip4(p, key->addr[1].bytes);
    *p++ = '-';
    p = put_u64(p, key->port[0]);
    *p++ = '-';
    p = put_u64(p, key->port[1]);
    *p++ = '-';
    return add_int(p, key->protocol);
}

static char *add_endpoint(char *p, const struct flow_key *key, unsigned side)
{
    p = put_ip4(p, key->addr[side].bytes);
    *p++ = ',';
    return add_int(p, key->port[side]);
}

/* dd/MM/yyyy hh:mm:ss, with the hours of a clock that has twelve. */
static char *add_time(char *p, int64_t time_us, int32_t utc_offset_s)
{
    char text[TIMEFMT_MAX]; /* "2011/08/16 10:01:46.972101" */
    int hour;

    (void)timefmt_argus(time_us * NS_PER_US + utc_offset_s * NS_PER_S, text);
    hour = (text[11] - '0') * 10 + (text[12] - '0');
    hour = hour % 12 == 0 ? 12 : hour % 12;
    return p + snprintf(p, 32, "%.2s/%.2s/%.4s %02d%.6s,", text + 8, text + 5, text,
                        hour, text + 13);
}

/* ---- what was measured ---------------------------------------------------------- */

static char *add_max_min_mean_std(char *p, const struct cic_moments *m)
{
    if (m->n == 0)
        return add_zeros(p, 4);
    p = add_double(p, m->max);
    p = add_double(p, m->min);
    p = add_double(p, m->mean);
    return add_double(p, sqrt(variance(m)));
}

static char *add_mean_std_max_min(char *p, const struct cic_moments *m)
{
    if (m->n == 0)
        return add_zeros(p, 4);
    p = add_double(p, m->mean);
    p = add_double(p, sqrt(variance(m)));
    p = add_double(p, m->max);
    return add_double(p, m->min);
}

static char *add_side_gaps(char *p, const struct cic_flow *f, unsigned side)
{
    if (f->side_length[side].n < 2)
        return add_zeros(p, 5);
    p = add_double(p, f->side_gap[side].sum);
    return add_mean_std_max_min(p, &f->side_gap[side]);
}

static char *add_sizes(char *p, const struct cic_flow *f)
{
    const struct cic_moments *side = f->side_length;
    double duration_s = (double)(f->last_us - f->start_us) / 1e6;

    p = add_int(p, f->last_us - f->start_us);
    p = add_int(p, (int64_t)side[CIC_FORWARD].n);
    p = add_int(p, (int64_t)side[CIC_BACKWARD].n);
    p = add_double(p, side[CIC_FORWARD].sum);
    p = add_double(p, side[CIC_BACKWARD].sum);
    p = add_max_min_mean_std(p, &side[CIC_FORWARD]);
    p = add_max_min_mean_std(p, &side[CIC_BACKWARD]);
    p = add_double(p, (side[CIC_FORWARD].sum + side[CIC_BACKWARD].sum) / duration_s);
    return add_double(p, (double)(side[CIC_FORWARD].n + side[CIC_BACKWARD].n) /
                             duration_s);
}

static double side_rate(const struct cic_flow *f, unsigned side)
{
    int64_t us = f->last_us - f->start_us;

    return us > 0 ? (double)f->side_length[side].n / ((double)us / 1e6) : 0;
}

/* PSH and URG of each side: of the first packet, which is always forward. */
static char *add_headers(char *p, const struct cic_flow *f)
{
    p = add_int(p, f->first_flags & LW_TCP_PSH ? 1 : 0);
    p = add_zeros(p, 1);
    p = add_int(p, f->first_flags & LW_TCP_URG ? 1 : 0);
    p = add_zeros(p, 1);
    p = add_int(p, (int64_t)f->header_bytes[CIC_FORWARD]);
    p = add_int(p, (int64_t)f->header_bytes[CIC_BACKWARD]);
    p = add_double(p, side_rate(f, CIC_FORWARD));
    p = add_double(p, side_rate(f, CIC_BACKWARD));
    p = add_double(p, f->length.min);
    p = add_double(p, f->length.max);
    p = add_double(p, f->length.mean);
    p = add_double(p, sqrt(variance(&f->length)));
    return add_double(p, variance(&f->length));
}

/* Of the first packet.  The columns are called FIN SYN RST PSH ACK URG CWE ECE; what
 * stands in them is in the order of a Java HashMap with these names as keys. */
static char *add_flags(char *p, const struct cic_flow *f)
{
    static const uint8_t order[] = {LW_TCP_RST, LW_TCP_PSH, LW_TCP_ECE, LW_TCP_SYN,
                                    LW_TCP_ACK, LW_TCP_FIN, LW_TCP_URG, LW_TCP_CWR};

    for (size_t i = 0; i < sizeof order; i++)
        p = add_int(p, f->first_flags & order[i] ? 1 : 0);
    return p;
}

static char *add_ratios(char *p, const struct cic_flow *f)
{
    const struct cic_moments *fwd = &f->side_length[CIC_FORWARD];
    const struct cic_moments *bwd = &f->side_length[CIC_BACKWARD];
    const uint64_t whole = bwd->n / fwd->n; /* it divides integers */

    p = add_double(p, (double)whole);
    p = add_double(p, f->length.sum / (double)(fwd->n + bwd->n));
    p = add_double(p, fwd->sum / (double)fwd->n);
    return add_double(p, bwd->n > 0 ? bwd->sum / (double)bwd->n : 0);
}

/* Bulks, which were only looked for in the first packet; subflows, of which there is
 * one for the same reason. */
static char *add_parts(char *p, const struct cic_flow *f)
{
    p = add_zeros(p, 6);
    for (unsigned side = 0; side < 2; side++) {
        p = add_int(p, (int64_t)f->side_length[side].n);
        p = add_int(p, (int64_t)f->side_length[side].sum);
    }
    return p;
}

size_t cic_line(const struct cic_flow *f, const struct flow_key *key,
                const struct cic_style *style, char out[LW_CIC_LINE_MAX])
{
    char *p = add_id(out, key);

    p = add_endpoint(p, key, f->source);
    p = add_endpoint(p, key, 1 - f->source);
    p = add_int(p, key->protocol);
    p = add_time(p, f->start_us, style->utc_offset_s);
    p = add_sizes(p, f);
    p = add_mean_std_max_min(p, &f->gap);
    p = add_side_gaps(p, f, CIC_FORWARD);
    p = add_side_gaps(p, f, CIC_BACKWARD);
    p = add_headers(p, f);
    p = add_flags(p, f);
    p = add_ratios(p, f);
    if (style->names == LW_CIC_2017)
        p = add_int(p, (int64_t)f->header_bytes[CIC_FORWARD]);
    p = add_parts(p, f);
    p = add_int(p, f->window[CIC_FORWARD]);
    p = add_int(p, f->window[CIC_BACKWARD]);
    p = add_int(p, (int64_t)f->data_packets);
    p = add_int(p, f->header_min);
    p = add_mean_std_max_min(p, &f->active);
    p = add_mean_std_max_min(p, &f->idle);
    p = put_text(p, style->label);
    *p++ = '\n';
    *p = '\0';
    return (size_t)(p - out);
}

/* ---- the header ----------------------------------------------------------------- */

const char *lw_cic_header(enum lw_cic_names names)
{
    /* Each begins with a comma too many. */
    static const char *const headers[] = {
#define CIC(id, shape, blank, y2017, y2018, type, unit, doc) "," blank y2017
#define CIC_AGAIN(blank, y2017)                              "," blank y2017
        [LW_CIC_2017] =
#include "cic.def"
            "\n",
#undef CIC
#undef CIC_AGAIN
#define CIC(id, shape, blank, y2017, y2018, type, unit, doc) "," y2018
#define CIC_AGAIN(blank, y2017)
        [LW_CIC_2018] =
#include "cic.def"
            "\n"
#undef CIC
#undef CIC_AGAIN
    };

    return headers[names] + 1;
}
