/* SPDX-License-Identifier: Apache-2.0 */
/* Files of ground truth.  What was read answers for every kind of record, the same when
 * it is asked again, and counts what it was asked. */
#include "base/assert.h"
#include "fuzz.h"
#include "record.h"

#include <lapwing/labels.h>

#include <string.h>

/* Addresses, ports and times that the corpus asks for, and others. */
static struct lw_record sample(unsigned i)
{
    struct lw_record r =
        record_of((enum lw_flow_kind)(i % LW_N_FLOW_KINDS), (uint8_t)(i % 3),
                  (uint8_t)(i % 5), (uint16_t)(i % 7 == 0 ? 53 : 80));

    r.protocol = (uint8_t)(i * 7);
    r.ip_version = i % 4 == 0 ? 6 : i % 4 == 1 ? 0 : 4;
    r.ether_type = (uint16_t)(i * 631);
    r.start_ns = (int64_t)(i % 11) * INT64_C(20000000000);
    return r;
}

void fuzz_one(const uint8_t *data, size_t n)
{
    enum { RECORDS = 64 };
    struct lw_labels *l = NULL;
    struct lw_labels_stats s;
    struct lw_error err;

    if (lw_labels_read_memory(&l, data, n, "fuzz", &err) != LW_OK) {
        LW_ASSERT(l == NULL && err.msg[0] != '\0');
        return;
    }
    for (unsigned i = 0; i < RECORDS; i++) {
        const struct lw_record r = sample(i);
        const char *label = lw_labels_find(l, &r);

        LW_ASSERT(label == NULL || (*label != '\0' && strlen(label) <= LW_LABEL_MAX));
        LW_ASSERT(lw_labels_find(l, &r) == label);
    }
    lw_labels_get_stats(l, &s);
    LW_ASSERT(s.rules > 0 && s.rules_used <= s.rules);
    LW_ASSERT(s.records_labelled + s.records_unlabelled == (uint64_t)2 * RECORDS);
    lw_labels_free(l);
}
