/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first half of metering: what a packet is, and the key of its flow.
 *
 * Most packets change nothing but totals of a flow that is known.  Where a meter keeps
 * nothing else of them but statistics, a plain packet is given its key from the bytes
 * themselves, and decoded only when that does not do (add_plain() in meter.c).
 */
#include "argus.h"
#include "arrival.h"
#include "key_zeek.h"
#include "meter_priv.h"

/* What a key needs besides the packet's own words.  Levels are told apart in the key's
 * spare field, where at most a name lookup's id is; two flows of the same addresses and
 * ports meet once in 65,536 times. */
static void finish_key(const struct lw_meter *m, struct arrival *a)
{
    if (m->cuts == LW_CUTS_ZEEK)
        flow_key_zeek(&a->d, &a->key, &a->from);
    if (a->d.tunnel_tag != 0)
        a->key.more ^= a->d.tunnel_tag;
    a->hash = flow_key_hash(&a->key, m->table.seed);
}

void arrival_make_key(const struct lw_meter *m, struct arrival *a)
{
    a->has_key = flow_key_make(&a->d, &a->key, &a->from);
    if (!a->has_key)
        return;
    if (m->cuts == LW_CUTS_ARGUS)
        argus_key(&a->d, &a->key, &a->from);
    finish_key(m, a);
}

static void prepare_plain(const struct lw_meter *m, struct arrival *a)
{
    a->has_key = flow_key_make_plain(&a->plain, &a->key, &a->from);
    a->is_plain = a->has_key && m->takes_plain;
    if (a->is_plain) {
        a->hash = flow_key_hash(&a->key, m->table.seed);
        return;
    }
    decode_plain(&a->plain, &a->d);
    if (a->has_key)
        finish_key(m, a);
    else
        arrival_make_key(m, a);
}

static void prepare(const struct lw_meter *m, const struct lw_packet *pkt,
                    struct arrival *a)
{
    a->time_ns = pkt->time_ns;
    a->likely = NULL;
    a->link_type = pkt->link_type;
    a->is_pause = pkt->data == NULL;
    if (!a->is_pause && plain_look(pkt, &a->plain)) {
        prepare_plain(m, a);
        return;
    }
    a->is_plain = false;
    a->has_key = false;
    if (!a->is_pause && packet_decode(pkt, &a->d) == DECODE_OK)
        arrival_make_key(m, a);
}

void meter_decode_all(struct lw_meter *m)
{
    m->takes_plain = false;
}

void meter_prepare(const struct lw_meter *m, const struct lw_packet *pkts, size_t n,
                   struct arrival *out)
{
    for (size_t i = 0; i < n; i++)
        prepare(m, &pkts[i], &out[i]);
}
