/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/score_view.h - lapwing test -w with a model of a view. */
#ifndef CMD_SCORE_VIEW_H
#define CMD_SCORE_VIEW_H

#include <lapwing/detect.h>

/** Write the table at `data` (not standard input itself; `name` for people) to `output`
 *  with what the classifier says of each row.  Its columns are the view's, or it holds
 *  flow records that the view's rows are made of.  An exit status. */
int score_view(const struct lw_classifier *c, const char *data, const char *name,
               const char *output);

#endif /* CMD_SCORE_VIEW_H */
