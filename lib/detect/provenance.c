/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/provenance.h"

#include "base/digest.h"
#include "base/mem.h"
#include "learn/gbdt_xgboost.h"

#include <stdlib.h>

enum { VERSION_BYTES = 32 };

void provenance_begin(struct provenance *p, bool by_xgboost)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    char trainer[VERSION_BYTES];

    buf_init(&p->text);
    jsonw_init(&p->w, &p->text);
    jsonw_object(&p->w);
    jsonw_put_text(&p->w, "lapwing", lw_version());
    if (by_xgboost) {
        gbdt_trainer_version(trainer);
        jsonw_put_text(&p->w, "trainer", trainer);
    }
    if (epoch != NULL)
        jsonw_put_text(&p->w, "source_date_epoch", epoch);
}

void provenance_put_rows(struct provenance *p, const float *x, size_t n)
{
    uint8_t sum[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];

    digest_sha256(x, n * sizeof *x, sum);
    digest_hex(sum, sizeof sum, hex);
    jsonw_put_text(&p->w, "rows_sha256", hex);
}

enum lw_status provenance_end(struct provenance *p, char **out, struct lw_error *err)
{
    jsonw_object_end(&p->w);
    *out = buf_ok(&p->text) ? mem_strdup(buf_text(&p->text)) : NULL;
    buf_release(&p->text);
    return *out == NULL
               ? lw_fail(err, LW_ENOMEM, "out of memory for a model's provenance")
               : LW_OK;
}
