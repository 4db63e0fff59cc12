/* SPDX-License-Identifier: Apache-2.0 */
/* base/ubjson.h - Universal Binary JSON (ubjson.org, draft 12), as XGBoost writes it.
 */
#ifndef BASE_UBJSON_H
#define BASE_UBJSON_H

#include "base/buf.h"
#include "base/span.h"

#include <lapwing/error.h>

/** Append the JSON text of a binary value to `out`.  Numbers that are not finite become
 *  null.  Objects end with their mark; a size written before them is not understood.
 *  LW_EFORMAT says at which byte; LW_ELIMIT: nested deeper than 12 levels; LW_ENOMEM.
 */
LW_MUST enum lw_status ubjson_to_json(struct buf *out, struct span in,
                                      struct lw_error *err);

#endif /* BASE_UBJSON_H */
