/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/buf.h - a growing string of bytes.
 *
 * Invariant: `data[len]` is 0 whenever `data` is not NULL.  A failed allocation marks
 * the buffer `failed` and drops what did not fit: callers append freely and ask once,
 * at the end, with buf_ok().
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data; /* owned; NULL while nothing was appended */
    size_t len;
    size_t cap;
    bool failed;
};

void buf_init(struct buf *b);
void buf_release(struct buf *b);
/** Empty it, keep its memory. */
void buf_reset(struct buf *b);
bool buf_ok(const struct buf *b);
/** The bytes as a C string, never NULL; borrowed. */
const char *buf_text(const struct buf *b);
/** Room for `n` more bytes; false when memory is out. */
bool buf_reserve(struct buf *b, size_t n);
void buf_add(struct buf *b, const void *data, size_t n);
void buf_add_text(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
/** Little-endian integers and IEEE numbers, for file formats. */
void buf_add_u8(struct buf *b, uint8_t v);
void buf_add_le16(struct buf *b, uint16_t v);
void buf_add_le32(struct buf *b, uint32_t v);
void buf_add_le64(struct buf *b, uint64_t v);
void buf_add_f32(struct buf *b, float v);
void buf_add_f64(struct buf *b, double v);
/** Hand the bytes over: the caller frees them with mem_free(), the buffer is empty. */
char *buf_take(struct buf *b, size_t *len);

#endif /* BASE_BUF_H */
