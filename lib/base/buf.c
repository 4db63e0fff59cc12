/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

void buf_init(struct buf *b)
{
    *b = (struct buf){0};
}

void buf_release(struct buf *b)
{
    mem_free(b->data);
    buf_init(b);
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->data != NULL)
        b->data[0] = '\0';
}

bool buf_ok(const struct buf *b)
{
    return !b->failed;
}

const char *buf_text(const struct buf *b)
{
    return b->data == NULL ? "" : b->data;
}

bool buf_reserve(struct buf *b, size_t n)
{
    size_t need;
    char *p;

    if (__builtin_add_overflow(b->len, n, &need) || need == SIZE_MAX) {
        b->failed = true;
        return false;
    }
    if (b->data != NULL && need < b->cap)
        return true;
    p = mem_grow(b->data, &b->cap, need + 1, 1);
    if (p == NULL) {
        b->failed = true;
        return false;
    }
    b->data = p;
    b->data[b->len] = '\0';
    return true;
}

void buf_add(struct buf *b, const void *data, size_t n)
{
    if (!buf_reserve(b, n))
        return;
    if (n > 0)
        memcpy(b->data + b->len, data, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void buf_add_text(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_add_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0) {
        b->failed = true;
        return;
    }
    if (!buf_reserve(b, (size_t)n))
        return;
    (void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
    b->len += (size_t)n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

void buf_add_u8(struct buf *b, uint8_t v)
{
    buf_add(b, &v, 1);
}

void buf_add_le16(struct buf *b, uint16_t v)
{
    const uint8_t bytes[2] = {(uint8_t)v, (uint8_t)(v >> 8)};

    buf_add(b, bytes, sizeof bytes);
}

void buf_add_le32(struct buf *b, uint32_t v)
{
    buf_add_le16(b, (uint16_t)v);
    buf_add_le16(b, (uint16_t)(v >> 16));
}

void buf_add_le64(struct buf *b, uint64_t v)
{
    buf_add_le32(b, (uint32_t)v);
    buf_add_le32(b, (uint32_t)(v >> 32));
}

void buf_add_f32(struct buf *b, float v)
{
    uint32_t bits;

    memcpy(&bits, &v, sizeof bits);
    buf_add_le32(b, bits);
}

void buf_add_f64(struct buf *b, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    buf_add_le64(b, bits);
}

char *buf_take(struct buf *b, size_t *len)
{
    char *p = b->data;

    if (len != NULL)
        *len = b->len;
    b->data = NULL;
    buf_release(b);
    return p;
}
