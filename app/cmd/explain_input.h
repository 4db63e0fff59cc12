/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/explain_input.h - the record that is to be explained, from wherever it is. */
#ifndef CMD_EXPLAIN_INPUT_H
#define CMD_EXPLAIN_INPUT_H

#include "base/json.h"

#include <lapwing/view.h>

/** Row `number` (from 1) of a table, by the view's names: out (n_features).
 *  LW_ENOTFOUND: it has fewer; what lw_frame_read() and lw_view_map() say. */
LW_MUST enum lw_status explain_read_table(const char *path, const struct lw_view *view,
                                          uint64_t number, float *out,
                                          struct lw_error *err);

/** The same of what standard input has: a table with a header, lines of as many values
 * as the view has features, or a JSON object of names and values. */
LW_MUST enum lw_status explain_read_stdin(const struct lw_view *view, uint64_t number,
                                          float *out, struct lw_error *err);

/** A JSON object of feature names and values, or a classify request: a name of the view
 *  that it lacks is a missing value; an unknown one LW_EFORMAT. */
LW_MUST enum lw_status explain_read_object(const struct json_value *object,
                                           const struct lw_view *view, float *out,
                                           struct lw_error *err);

/** An array of numbers and nulls, as an alert has its vector.  LW_EFORMAT. */
LW_MUST enum lw_status explain_read_vector(const struct json_value *array,
                                           const struct lw_view *view, float *out,
                                           struct lw_error *err);

#endif /* CMD_EXPLAIN_INPUT_H */
