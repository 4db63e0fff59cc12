/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/password.h - passwords, of which only a salted hash is kept.
 *
 * The hash is yescrypt as crypt(5) writes it ("$y$..."): slow and large on purpose, and
 * each says its own parameters, so that they can be raised and old ones still be read.
 */
#ifndef SERVE_PASSWORD_H
#define SERVE_PASSWORD_H

#include <lapwing/error.h>

#include <stdbool.h>

enum {
    PASSWORD_MIN = 10, /* characters; a guesser has 2,880 guesses a day */
    PASSWORD_MAX = 256,
    PASSWORD_HASH_MAX = 384
};

/** Hash a password with a new salt.  LW_EINVAL: it is too short or long. LW_EIO: no
 *  random numbers, no such hash here.  LW_ENOMEM. */
LW_MUST enum lw_status password_hash(const char *password, char out[PASSWORD_HASH_MAX],
                                     struct lw_error *err);
/** Is it the one?  Takes as long for a hash of NULL, of nobody, which nothing fits. */
bool password_fits(const char *password, const char *hash);

/** Are two texts the same?  In a time that tells their lengths only. */
bool secret_equals(const char *a, const char *b);

#endif /* SERVE_PASSWORD_H */
