/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/flow_verdicts.h"

#include "base/hash.h"

enum { GOING_ON_MAX = 65536 };

enum lw_status flow_verdicts_init(struct flow_verdicts *v, struct lw_error *err)
{
    v->going_on = lru_table_new(sizeof(uint64_t), sizeof(uint64_t), GOING_ON_MAX,
                                hash_random_seed());
    return v->going_on == NULL
               ? lw_fail(err, LW_ENOMEM, "out of memory for flows that go on")
               : LW_OK;
}

void flow_verdicts_release(struct flow_verdicts *v)
{
    lru_table_free(v->going_on);
    v->going_on = NULL;
}

/* Where the flow's classes are kept, NULL: nowhere.  Few flows have more than one row;
 * most never touch the table. */
static uint64_t *classes_of(struct flow_verdicts *v, const struct lw_record *rec)
{
    bool is_new;

    if (rec->end_reason == LW_END_STATUS)
        return lru_table_get(v->going_on, &rec->flow_id, &is_new);
    return lru_table_count(v->going_on) == 0
               ? NULL
               : lru_table_find(v->going_on, &rec->flow_id);
}

bool flow_verdicts_count(struct flow_verdicts *v, const struct lw_record *rec,
                         enum lw_verdict_class verdict, uint64_t *by_class)
{
    static const uint64_t normal = UINT64_C(1) << LW_VERDICT_NORMAL;
    uint64_t bit = UINT64_C(1) << verdict;
    uint64_t *kept = classes_of(v, rec);
    uint64_t before = kept == NULL ? 0 : *kept;

    if ((before & bit) != 0 || (bit == normal && before != 0))
        return true;
    if (before == normal)
        by_class[LW_VERDICT_NORMAL]--;
    by_class[verdict]++;
    if (kept != NULL)
        *kept = (before & ~normal) | bit;
    return false;
}
