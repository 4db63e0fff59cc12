/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/put.h - text, put piece by piece into memory that is known to be large enough.
 *
 * Every function writes at `p` and returns the place behind what it wrote; none ends
 * the text with 0.  This is for lines that are written by the hundred thousand: no
 * locale, no format strings, no growing.
 */
#ifndef BASE_PUT_H
#define BASE_PUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** How much longer text can become: each byte gives so many at most. */
enum { PUT_CSV_FACTOR = 2, PUT_JSON_FACTOR = 6 };

char *put_bytes(char *p, const char *s, size_t n);

/** 00 to 99, one behind the other. */
extern const char put_pairs[];

/** Inline, because the length of a literal is known to the compiler. */
static inline char *put_text(char *p, const char *s)
{
    return (char *)mempcpy(p, s, strlen(s));
}

char *put_u64(char *p, uint64_t v);
/** Two digits of a number below 100. */
static inline char *put_pair(char *p, unsigned v)
{
    memcpy(p, put_pairs + (size_t)2 * v, 2);
    return p + 2;
}
/** The lowest `width` decimal digits, with leading zeros. */
char *put_digits(char *p, uint64_t v, unsigned width);
/** The lowest `width` hexadecimal digits, lower case. */
char *put_hex(char *p, uint64_t v, unsigned width);
/** v / 10^decimals, with exactly so many (1 to 18) decimals: put_fixed(p, -1500, 3) is
 *  "-1.500". */
char *put_fixed(char *p, int64_t v, unsigned decimals);

char *put_ip4(char *p, const uint8_t bytes[4]);
/** As inet_ntop() writes it, at most 45 bytes (RFC 5952 section 4; "::ffff:1.2.3.4"
 *  for an IPv4-mapped and "::1.2.3.4" for an IPv4-compatible address). */
char *put_ip6(char *p, const uint8_t bytes[16]);
char *put_mac(char *p, const uint8_t bytes[6]);

/** A field of CSV (RFC 4180): in quotes if it has a comma, a quote or a line end. */
char *put_csv(char *p, const char *s, size_t n);
/** The inside of a JSON string; bytes that are no UTF-8 become U+FFFD. */
char *put_json(char *p, const char *s, size_t n);

/** One character of it: at most PUT_JSON_FACTOR bytes; *used (1 to 4) of the n > 0
 *  bytes at `s` were taken. */
char *put_json_char(char *p, const uint8_t *s, size_t n, size_t *used);

#endif /* BASE_PUT_H */
