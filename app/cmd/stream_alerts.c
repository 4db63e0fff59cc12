/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/stream_alerts.h"

#include "base/hash.h"
#include "base/lru_table.h"
#include "base/mem.h"
#include "base/timefmt.h"

#include <stdlib.h>
#include <string.h>

enum { PAIRS_MAX = STREAM_ALERTS_MAX - 512, REST = STREAM_ALERTS_MAX - 1 };

#define GAP_NS (60 * NS_PER_S)

/* Compared byte by byte: padding is zero. */
struct key {
    struct lw_addr addr[2]; /* the source is 0 where it does not count */
    uint8_t ip_version;
    uint8_t many_sources;
    uint8_t zero[6];
};

struct stream_alerts {
    struct stream_alert *alerts; /* (STREAM_ALERTS_MAX), owned */
    size_t n;
    struct lru_table *latest; /* owned: key to the number of its latest alert */
};

void stream_alerts_free(struct stream_alerts *a)
{
    if (a == NULL)
        return;
    lru_table_free(a->latest);
    mem_free(a->alerts);
    mem_free(a);
}

enum lw_status stream_alerts_new(struct stream_alerts **out, struct lw_error *err)
{
    struct stream_alerts *a = mem_zalloc(1, sizeof *a);

    if (a != NULL) {
        a->alerts = mem_zalloc(STREAM_ALERTS_MAX, sizeof *a->alerts);
        /* More than alerts, so that none of those is forgotten. */
        a->latest = lru_table_new(sizeof(struct key), sizeof(uint64_t),
                                  2 * STREAM_ALERTS_MAX, hash_random_seed());
    }
    if (a == NULL || a->alerts == NULL || a->latest == NULL) {
        stream_alerts_free(a);
        return lw_fail(err, LW_ENOMEM, "out of memory for alerts");
    }
    *out = a;
    return LW_OK;
}

static struct stream_alert *begin(struct stream_alerts *a,
                                  const struct lw_stream_packet *p, bool many_sources)
{
    struct stream_alert *alert = &a->alerts[a->n < REST ? a->n : REST];

    if (a->n < STREAM_ALERTS_MAX) {
        a->n++;
        *alert = (struct stream_alert){
            .first_ns = p->time_ns, .port_min = 1, .many_sources = many_sources};
    }
    return alert;
}

static void gather(struct stream_alert *alert, const struct lw_stream_packet *p)
{
    if (alert->n_packets++ == 0 || p->score > alert->worst.score)
        alert->worst = *p;
    alert->last_ns = p->time_ns > alert->last_ns ? p->time_ns : alert->last_ns;
    if (p->port[1] == 0)
        return;
    if (alert->port_min > alert->port_max)
        alert->port_min = alert->port_max = p->port[1];
    else if (p->port[1] < alert->port_min)
        alert->port_min = p->port[1];
    else if (p->port[1] > alert->port_max)
        alert->port_max = p->port[1];
}

/* The key under which a packet is gathered, and its number, or NULL: memory is out. */
static uint64_t *find(struct stream_alerts *a, const struct lw_stream_packet *p,
                      bool *many_sources, bool *is_new)
{
    struct key key;
    uint64_t *number;

    memset(&key, 0, sizeof key);
    key.addr[0] = p->addr[0];
    key.addr[1] = p->addr[1];
    key.ip_version = p->ip_version;
    number = lru_table_find(a->latest, &key);
    *is_new = false;
    *many_sources = false;
    if (number != NULL)
        return number;
    if (a->n >= PAIRS_MAX) {
        memset(&key.addr[0], 0, sizeof key.addr[0]);
        key.many_sources = 1;
        *many_sources = true;
    }
    return lru_table_get(a->latest, &key, is_new);
}

const struct stream_alert *stream_alerts_add(struct stream_alerts *a,
                                             const struct lw_stream_packet *p)
{
    struct stream_alert *alert;
    bool many_sources;
    bool is_new;
    uint64_t *number = find(a, p, &many_sources, &is_new);

    if (number == NULL)
        return NULL;
    alert = is_new ? NULL : &a->alerts[*number];
    if (alert == NULL || p->time_ns - alert->last_ns > GAP_NS) {
        alert = begin(a, p, many_sources);
        *number = (uint64_t)(alert - a->alerts);
    }
    gather(alert, p);
    return alert;
}

size_t stream_alerts_count(const struct stream_alerts *a)
{
    return a->n;
}

/* Most packets first, then the earlier one. */
static int by_size(const void *x, const void *y)
{
    const struct stream_alert *a = *(const struct stream_alert *const *)x;
    const struct stream_alert *b = *(const struct stream_alert *const *)y;

    if (a->n_packets != b->n_packets)
        return a->n_packets > b->n_packets ? -1 : 1;
    return a < b ? -1 : 1;
}

size_t stream_alerts_largest(const struct stream_alerts *a,
                             const struct stream_alert **out, size_t max)
{
    const struct stream_alert *all[STREAM_ALERTS_MAX];
    size_t n = max < a->n ? max : a->n;

    for (size_t i = 0; i < a->n; i++)
        all[i] = &a->alerts[i];
    qsort(all, a->n, sizeof all[0], by_size);
    memcpy(out, all, n * sizeof all[0]);
    return n;
}
