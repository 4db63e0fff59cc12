/* SPDX-License-Identifier: Apache-2.0 */
#include "base/put.h"

#include <stdbool.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

char *put_bytes(char *p, const char *s, size_t n)
{
    if (n > 0)
        memcpy(p, s, n);
    return p + n;
}

const char put_pairs[] = "00010203040506070809101112131415161718192021222324"
                         "25262728293031323334353637383940414243444546474849"
                         "50515253545556575859606162636465666768697071727374"
                         "75767778798081828384858687888990919293949596979899";

/* A division for two digits. */
char *put_digits(char *p, uint64_t v, unsigned width)
{
    char *end = p + width;
    char *at = end;

    for (; width >= 2; width -= 2) {
        at -= 2;
        (void)put_pair(at, (unsigned)(v % 100));
        v /= 100;
    }
    if (width == 1)
        *--at = (char)('0' + v % 10);
    return end;
}

/* Below 10,000, without leading zeros. */
static inline char *put_small(char *p, unsigned v)
{
    if (v < 10) {
        *p = (char)('0' + v);
        return p + 1;
    }
    if (v < 100)
        return put_pair(p, v);
    if (v < 1000) {
        *p = (char)('0' + v / 100);
        return put_pair(p + 1, v % 100);
    }
    return put_pair(put_pair(p, v / 100), v % 100);
}

char *put_u64(char *p, uint64_t v)
{
    uint64_t rest = v;
    unsigned n = 0;

    if (v < 10000)
        return put_small(p, (unsigned)v);
    for (; rest >= 10000; rest /= 10000)
        n += 4;
    p = put_small(p, (unsigned)rest);
    return put_digits(p, v, n);
}

char *put_hex(char *p, uint64_t v, unsigned width)
{
    for (unsigned i = width; i > 0; i--) {
        p[i - 1] = hex_digits[v & 15];
        v >>= 4;
    }
    return p + width;
}

/* The compiler divides by a constant without a division. */
static inline char *put_parts(char *p, uint64_t v, uint64_t unit, unsigned decimals)
{
    p = put_u64(p, v / unit);
    *p++ = '.';
    return put_digits(p, v % unit, decimals);
}

char *put_fixed(char *p, int64_t v, unsigned decimals)
{
    uint64_t size = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    uint64_t unit = 1;

    if (v < 0)
        *p++ = '-';
    if (decimals == 6)
        return put_parts(p, size, 1000000, 6);
    if (decimals == 9)
        return put_parts(p, size, 1000000000, 9);
    for (unsigned i = 0; i < decimals; i++)
        unit *= 10;
    return put_parts(p, size, unit, decimals);
}

/* ---- addresses ------------------------------------------------------------------ */

char *put_ip4(char *p, const uint8_t bytes[4])
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            *p++ = '.';
        p = put_small(p, bytes[i]);
    }
    return p;
}

char *put_mac(char *p, const uint8_t bytes[6])
{
    for (unsigned i = 0; i < 6; i++) {
        if (i > 0)
            *p++ = ':';
        p = put_hex(p, bytes[i], 2);
    }
    return p;
}

/* A run of zero groups. */
struct run {
    unsigned at;
    unsigned n;
};

static struct run longest_zeros(const uint16_t group[8])
{
    struct run best = {8, 1}; /* a single zero is not shortened */
    struct run run = {0, 0};

    for (unsigned i = 0; i < 8; i++) {
        if (group[i] != 0) {
            run.n = 0;
            continue;
        }
        run.at = run.n == 0 ? i : run.at;
        run.n++;
        if (run.n > best.n)
            best = run;
    }
    if (best.n == 1)
        best.n = 0;
    return best;
}

static char *put_group(char *p, uint16_t v)
{
    unsigned width = v >= 0x1000 ? 4 : v >= 0x100 ? 3 : v >= 0x10 ? 2 : 1;

    return put_hex(p, v, width);
}

/* Whether the last four bytes are an IPv4 address. */
static bool embeds_ip4(const uint16_t group[8], struct run zeros)
{
    return zeros.at == 0 && ((zeros.n == 5 && group[5] == 0xffff) || zeros.n == 6);
}

char *put_ip6(char *p, const uint8_t bytes[16])
{
    uint16_t group[8];
    struct run zeros;
    unsigned n_groups = 8;

    for (size_t i = 0; i < 8; i++)
        group[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
    zeros = longest_zeros(group);
    if (embeds_ip4(group, zeros))
        n_groups = 6;
    for (unsigned i = 0; i < n_groups;) {
        if (i == zeros.at) {
            *p++ = ':';
            i += zeros.n;
            if (i == 8)
                *p++ = ':';
            continue;
        }
        if (i > 0)
            *p++ = ':';
        p = put_group(p, group[i++]);
    }
    if (n_groups == 8)
        return p;
    *p++ = ':';
    return put_ip4(p, bytes + 12);
}

/* ---- text ------------------------------------------------------------------------ */

char *put_csv(char *p, const char *s, size_t n)
{
    bool quotes = false;

    for (size_t i = 0; i < n; i++)
        quotes |= s[i] == ',' || s[i] == '"' || s[i] == '\r' || s[i] == '\n';
    if (!quotes)
        return put_bytes(p, s, n);
    *p++ = '"';
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '"')
            *p++ = '"';
        *p++ = s[i];
    }
    *p++ = '"';
    return p;
}

/* Length of the well-formed UTF-8 sequence at p, 0 if there is none (RFC 3629). */
static size_t utf8_length(const uint8_t *p, size_t n)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0x80             ? 1
                 : (p[0] & 0xe0) == 0xc0 ? 2
                 : (p[0] & 0xf0) == 0xe0 ? 3
                 : (p[0] & 0xf8) == 0xf0 ? 4
                                         : 0;
    uint32_t code;

    if (len <= 1 || len > n)
        return len == 1 ? 1 : 0;
    code = p[0] & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3f);
    }
    if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    return len;
}

char *put_json_char(char *p, const uint8_t *s, size_t n, size_t *used)
{
    size_t len = utf8_length(s, n);

    *used = len == 0 ? 1 : len;
    if (len == 0)
        return put_text(p, "\\ufffd");
    if (*s == '"' || *s == '\\') {
        *p++ = '\\';
        *p++ = (char)*s;
        return p;
    }
    if (*s < 0x20 || *s == 0x7f)
        return put_hex(put_text(p, "\\u"), *s, 4);
    return put_bytes(p, (const char *)s, len);
}

char *put_json(char *p, const char *s, size_t n)
{
    for (size_t at = 0, used; at < n; at += used)
        p = put_json_char(p, (const uint8_t *)s + at, n - at, &used);
    return p;
}
