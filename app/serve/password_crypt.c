/* SPDX-License-Identifier: Apache-2.0 */
/* The one user of libcrypt (libxcrypt). */
#include "base/mem.h"
#include "serve/password.h"

#include <crypt.h>
#include <stdio.h>
#include <string.h>

/* What a password is compared with where the name is nobody's: the hash of bytes that
 * were thrown away. */
#define NOBODY                                                                         \
    "$y$j9T$7gMgCf.Ki6in05pqDPQpQ1$xT9BWftbpQvEhrLxOS8sHoziHT6OrwnMCdrOU8t2caC"

/* Where the hash goes; libcrypt's working memory is too large for a stack. */
static bool run_crypt(const char *password, const char *setting,
                      char out[PASSWORD_HASH_MAX])
{
    struct crypt_data *work = mem_zalloc(1, sizeof *work);
    const char *hash;
    bool ok;

    if (work == NULL)
        return false;
    hash = crypt_rn(password, setting, work, (int)sizeof *work);
    ok = hash != NULL && hash[0] != '*' && strlen(hash) < PASSWORD_HASH_MAX;
    if (ok)
        (void)snprintf(out, PASSWORD_HASH_MAX, "%s", hash);
    explicit_bzero(work, sizeof *work);
    mem_free(work);
    return ok;
}

enum lw_status password_hash(const char *password, char out[PASSWORD_HASH_MAX],
                             struct lw_error *err)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    size_t n = strlen(password);

    if (n < PASSWORD_MIN || n > PASSWORD_MAX)
        return lw_fail(err, LW_EINVAL, "a password has %d to %d bytes", PASSWORD_MIN,
                       PASSWORD_MAX);
    if (crypt_gensalt_rn("$y$", 0, NULL, 0, setting, (int)sizeof setting) == NULL ||
        !run_crypt(password, setting, out))
        return lw_fail(err, LW_EIO, "this system's libcrypt cannot hash a password");
    return LW_OK;
}

bool password_fits(const char *password, const char *hash)
{
    char made[PASSWORD_HASH_MAX];
    bool ok = run_crypt(password, hash == NULL ? NOBODY : hash, made);

    return hash != NULL && ok && secret_equals(made, hash);
}

bool secret_equals(const char *a, const char *b)
{
    size_t n = strlen(a);
    unsigned differs = 0;

    if (n != strlen(b))
        return false;
    for (size_t i = 0; i < n; i++)
        differs |= (unsigned)((unsigned char)a[i] ^ (unsigned char)b[i]);
    return differs == 0;
}
