/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <pthread.h>
#include <sys/random.h>
#include <time.h>

static pthread_once_t seed_once = PTHREAD_ONCE_INIT;
static uint64_t seed;

static void make_seed(void)
{
    struct timespec ts;

    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed)
        return;
    /* No randomness this early in boot: the clock is the next best thing. */
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    seed = hash_fold((uint64_t)ts.tv_nsec | 1, (uint64_t)ts.tv_sec | 1);
}

uint64_t hash_random_seed(void)
{
    (void)pthread_once(&seed_once, make_seed);
    return seed;
}
