/* SPDX-License-Identifier: Apache-2.0 */
/* The one user of nettle, whose library holds code for processors with SHA instructions
 * and chooses by itself; reading a table is bound by the digest of its bytes without.
 */
#include "base/digest.h"
#include "base/mem.h"

#include <nettle/sha1.h>
#include <nettle/sha2.h>

struct sha256 {
    struct sha256_ctx ctx;
};

struct sha256 *sha256_new(void)
{
    struct sha256 *s = mem_alloc(sizeof *s);

    if (s != NULL)
        sha256_init(&s->ctx);
    return s;
}

void sha256_add(struct sha256 *s, const void *data, size_t n)
{
    sha256_update(&s->ctx, n, data);
}

void sha256_finish(struct sha256 *s, uint8_t out[SHA256_BYTES])
{
    sha256_digest(&s->ctx, SHA256_BYTES, out);
    mem_free(s);
}

void sha256_free(struct sha256 *s)
{
    mem_free(s);
}

void digest_sha256(const void *data, size_t n, uint8_t out[SHA256_BYTES])
{
    struct sha256_ctx ctx;

    sha256_init(&ctx);
    sha256_update(&ctx, n, data);
    sha256_digest(&ctx, SHA256_BYTES, out);
}

void digest_sha1(const void *data, size_t n, uint8_t out[SHA1_BYTES])
{
    struct sha1_ctx ctx;

    sha1_init(&ctx);
    sha1_update(&ctx, n, data);
    sha1_digest(&ctx, SHA1_BYTES, out);
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
