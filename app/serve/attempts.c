/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/attempts.h"

#include "base/digest.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

enum { CLIENT_MAX = 64, NET_BYTES = 8 };

struct attempts {
    int64_t each_ns;
    int64_t budget_ns; /* of all attempts */
    pthread_mutex_t lock;
    uint8_t key[16]; /* nobody can choose a row */
    /* What each may still get wrong, as the time at which it has all back. */
    int64_t full_ns[ATTEMPTS_ROWS];
};

enum lw_status attempts_new(struct attempts **out, unsigned budget, int64_t each_ns,
                            struct lw_error *err)
{
    struct attempts *a = mem_zalloc(1, sizeof *a);

    if (a == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for the table of clients");
    if (getrandom(a->key, sizeof a->key, 0) != (ssize_t)sizeof a->key) {
        mem_free(a);
        return lw_fail(err, LW_EIO, "the system gives no random numbers");
    }
    a->each_ns = each_ns;
    a->budget_ns = each_ns * budget;
    (void)pthread_mutex_init(&a->lock, NULL);
    *out = a;
    return LW_OK;
}

void attempts_free(struct attempts *a)
{
    if (a == NULL)
        return;
    (void)pthread_mutex_destroy(&a->lock);
    mem_free(a);
}

static int64_t *row_of(struct attempts *a, const char *client)
{
    uint8_t text[sizeof a->key + CLIENT_MAX];
    uint8_t digest[SHA256_BYTES];
    struct in6_addr v6;
    size_t n = strnlen(client, CLIENT_MAX);

    memcpy(text, a->key, sizeof a->key);
    if (inet_pton(AF_INET6, client, &v6) == 1) {
        n = NET_BYTES;
        memcpy(text + sizeof a->key, v6.s6_addr, n);
    } else {
        memcpy(text + sizeof a->key, client, n);
    }
    digest_sha256(text, sizeof a->key + n, digest);
    return &a->full_ns[(digest[0] | (unsigned)digest[1] << 8) % ATTEMPTS_ROWS];
}

static bool is_left(const struct attempts *a, int64_t full_ns, int64_t mono_ns)
{
    return full_ns - mono_ns <= a->budget_ns - a->each_ns;
}

bool attempts_left(struct attempts *a, const char *client, int64_t mono_ns)
{
    bool left;

    (void)pthread_mutex_lock(&a->lock);
    left = is_left(a, *row_of(a, client), mono_ns);
    (void)pthread_mutex_unlock(&a->lock);
    return left;
}

bool attempts_take(struct attempts *a, const char *client, int64_t mono_ns)
{
    int64_t *full;
    bool left;

    (void)pthread_mutex_lock(&a->lock);
    full = row_of(a, client);
    left = is_left(a, *full, mono_ns);
    if (left)
        *full = (*full < mono_ns ? mono_ns : *full) + a->each_ns;
    (void)pthread_mutex_unlock(&a->lock);
    return left;
}

void attempts_give(struct attempts *a, const char *client)
{
    (void)pthread_mutex_lock(&a->lock);
    *row_of(a, client) -= a->each_ns;
    (void)pthread_mutex_unlock(&a->lock);
}
