/* SPDX-License-Identifier: Apache-2.0 */
/* The one user of libmd. */
#include "base/digest.h"
#include "base/mem.h"

#include <sha1.h>
#include <sha2.h>

#include <string.h>

struct sha256 {
    SHA2_CTX ctx;
};

struct sha256 *sha256_new(void)
{
    struct sha256 *s = mem_alloc(sizeof *s);

    if (s != NULL)
        SHA256Init(&s->ctx);
    return s;
}

void sha256_add(struct sha256 *s, const void *data, size_t n)
{
    SHA256Update(&s->ctx, data, n);
}

void sha256_finish(struct sha256 *s, uint8_t out[SHA256_BYTES])
{
    SHA256Final(out, &s->ctx);
    mem_free(s);
}

void sha256_free(struct sha256 *s)
{
    mem_free(s);
}

void digest_sha256(const void *data, size_t n, uint8_t out[SHA256_BYTES])
{
    SHA2_CTX ctx;

    SHA256Init(&ctx);
    SHA256Update(&ctx, data, n);
    SHA256Final(out, &ctx);
}

/* What fits one block with its padding, without the library's bookkeeping, which costs
 * more than the block. */
static void sha1_of_block(const void *data, size_t n, uint8_t out[SHA1_BYTES])
{
    uint8_t block[SHA1_BLOCK_LENGTH] = {0};
    SHA1_CTX ctx;

    if (n > 0)
        memcpy(block, data, n);
    block[n] = 0x80;
    block[SHA1_BLOCK_LENGTH - 2] = (uint8_t)(n >> 5); /* bits, big-endian */
    block[SHA1_BLOCK_LENGTH - 1] = (uint8_t)(n << 3);
    SHA1Init(&ctx);
    SHA1Transform(ctx.state, block);
    for (unsigned i = 0; i < SHA1_BYTES; i++)
        out[i] = (uint8_t)(ctx.state[i / 4] >> (24 - i % 4 * 8));
}

void digest_sha1(const void *data, size_t n, uint8_t out[SHA1_BYTES])
{
    SHA1_CTX ctx;

    if (n <= SHA1_BLOCK_LENGTH - 9) {
        sha1_of_block(data, n, out);
        return;
    }
    SHA1Init(&ctx);
    SHA1Update(&ctx, data, n);
    SHA1Final(out, &ctx);
}

void digest_hex(const uint8_t *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = '\0';
}

void digest_base64(const uint8_t *bytes, size_t n, char *out)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *o = out;

    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)bytes[i] << 16;

        if (i + 1 < n)
            v |= (uint32_t)bytes[i + 1] << 8;
        if (i + 2 < n)
            v |= bytes[i + 2];
        *o++ = digits[v >> 18];
        *o++ = digits[(v >> 12) & 63];
        *o++ = (char)(i + 1 < n ? digits[(v >> 6) & 63] : '=');
        *o++ = (char)(i + 2 < n ? digits[v & 63] : '=');
    }
    *o = '\0';
}
