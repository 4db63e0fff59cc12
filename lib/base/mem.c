/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include "base/assert.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Counters are relaxed: they order nothing, they only count. */
static atomic_uint_least64_t n_asked;
static atomic_uint_least64_t fail_at;
static atomic_int fail_on;

static bool must_fail(void)
{
    uint64_t n = atomic_fetch_add_explicit(&n_asked, 1, memory_order_relaxed) + 1;
    uint64_t at = atomic_load_explicit(&fail_at, memory_order_relaxed);

    if (at == 0)
        return false;
    return n == at ||
           (n > at && atomic_load_explicit(&fail_on, memory_order_relaxed) != 0);
}

void mem_fail_at(uint64_t n, int keep_failing)
{
    uint64_t now = atomic_load_explicit(&n_asked, memory_order_relaxed);

    atomic_store_explicit(&fail_on, keep_failing, memory_order_relaxed);
    atomic_store_explicit(&fail_at, n == 0 ? 0 : now + n, memory_order_relaxed);
}

uint64_t mem_count(void)
{
    return atomic_load_explicit(&n_asked, memory_order_relaxed);
}

void *mem_alloc(size_t size)
{
    if (must_fail())
        return NULL;
    return malloc(size == 0 ? 1 : size);
}

void *mem_zalloc(size_t n, size_t size)
{
    if (must_fail())
        return NULL;
    return n == 0 || size == 0 ? calloc(1, 1) : calloc(n, size);
}

void *mem_resize(void *p, size_t n, size_t size)
{
    size_t bytes;

    if (must_fail() || __builtin_mul_overflow(n, size, &bytes))
        return NULL;
    return realloc(p, bytes == 0 ? 1 : bytes);
}

void *mem_alloc_table(size_t n, size_t size)
{
    enum { CACHE_LINE_BYTES = 64, HUGE_PAGE_BYTES = 2 << 20 };
    size_t bytes;
    void *p = NULL;

    if (must_fail() || __builtin_mul_overflow(n, size, &bytes))
        return NULL;
    if (bytes < HUGE_PAGE_BYTES)
        return posix_memalign(&p, CACHE_LINE_BYTES, bytes) == 0 ? p : NULL;
    if (posix_memalign(&p, HUGE_PAGE_BYTES, bytes) != 0)
        return NULL;
    /* Only a wish: small pages do as well. */
    (void)madvise(p, bytes, MADV_HUGEPAGE);
    return p;
}

void *mem_grow(void *p, size_t *cap, size_t need, size_t size)
{
    size_t want = *cap + *cap / 2;
    void *q;

    if (need <= *cap && p != NULL)
        return p;
    if (want < need)
        want = need;
    if (want < 8)
        want = 8;
    q = mem_resize(p, want, size);
    if (q != NULL)
        *cap = want;
    return q;
}

void *mem_dup(const void *p, size_t n)
{
    void *q = mem_alloc(n);

    if (q != NULL && n > 0)
        memcpy(q, p, n);
    return q;
}

char *mem_strndup(const char *s, size_t n)
{
    char *q = mem_alloc(n + 1);

    if (q == NULL)
        return NULL;
    if (n > 0)
        memcpy(q, s, n);
    q[n] = '\0';
    return q;
}

char *mem_strdup(const char *s)
{
    return mem_strndup(s, strlen(s));
}

void mem_free(void *p)
{
    free(p);
}
