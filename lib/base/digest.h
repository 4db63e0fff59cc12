/* SPDX-License-Identifier: Apache-2.0 */
/* base/digest.h - SHA-1 and SHA-256 (nettle), hexadecimal and base64 text. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { SHA1_BYTES = 20, SHA256_BYTES = 32 };

struct sha256; /* opaque running digest */

struct sha256 *sha256_new(void); /* NULL when memory is out */
void sha256_add(struct sha256 *s, const void *data, size_t n);
/** Write the digest and free. */
void sha256_finish(struct sha256 *s, uint8_t out[SHA256_BYTES]);
/** Free without a digest; NULL is fine. */
void sha256_free(struct sha256 *s);

void digest_sha256(const void *data, size_t n, uint8_t out[SHA256_BYTES]);
void digest_sha1(const void *data, size_t n, uint8_t out[SHA1_BYTES]);

/** Lower-case hexadecimal: out (2 * n + 1). */
void digest_hex(const uint8_t *bytes, size_t n, char *out);
/** Base64 with padding (RFC 4648, section 4): out (4 * ((n + 2) / 3) + 1). */
void digest_base64(const uint8_t *bytes, size_t n, char *out);

#endif /* BASE_DIGEST_H */
