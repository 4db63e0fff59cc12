/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/pseudonym.h"

#include "base/digest.h"

#include <string.h>
#include <sys/random.h>

enum { ROUNDS = 8, HALF_MAX = 8 };

enum lw_status pseudonym_init(struct pseudonym *p, struct lw_error *err)
{
    if (getrandom(p->key, sizeof p->key, 0) != (ssize_t)sizeof p->key)
        return lw_fail(err, LW_EIO, "no random numbers");
    return LW_OK;
}

/* right ^= F(key, round, left) */
static void mix(const struct pseudonym *p, uint8_t kind, uint8_t round,
                const uint8_t *left, uint8_t *right, size_t half)
{
    uint8_t text[PSEUDONYM_KEY_BYTES + 2 + HALF_MAX];
    uint8_t digest[SHA256_BYTES];

    memcpy(text, p->key, PSEUDONYM_KEY_BYTES);
    text[PSEUDONYM_KEY_BYTES] = kind;
    text[PSEUDONYM_KEY_BYTES + 1] = round;
    memcpy(text + PSEUDONYM_KEY_BYTES + 2, left, half);
    digest_sha256(text, PSEUDONYM_KEY_BYTES + 2 + half, digest);
    for (size_t i = 0; i < half; i++)
        right[i] = (uint8_t)(right[i] ^ digest[i]);
}

void pseudonym_replace(const struct pseudonym *p, struct store_addr *addr)
{
    uint8_t kind = addr->bytes[0];
    size_t half = kind == 4 ? 2 : kind == 6 ? 8 : kind == 'm' ? 3 : 0;
    uint8_t *left = addr->bytes + 1;
    uint8_t *right = left + half;

    for (uint8_t round = 0; half > 0 && round < ROUNDS; round++) {
        mix(p, kind, round, left, right, half);
        round++;
        mix(p, kind, round, right, left, half);
    }
}
