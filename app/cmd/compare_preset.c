/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nsl-kdd: six models on 31 features of the training file, split at random, of which
 * weighted F1 was published; beside it whole attack types are left out.
 *
 * ctu13: six columns of a flow; background counts as normal and flows with a gap in any
 * column are left out, as was done; beside it the later flows, each kind of row once,
 * as many bots as there are.  One capture has one bot: nothing here tells what becomes
 * of others.
 */
#include "cmd/compare_preset.h"

#include <string.h>

/* That of the web page which the flow experiments come from. */
#define FLOW_THRESHOLD 0.3

static const char flow_columns[] = "Dur,Proto,Dir,State,TotPkts,TotBytes";

static const struct compare_preset presets[] = {
    {.name = "nsl-kdd",
     .experiment = {{.title = "as published: random 70/30 split",
                     .table = {.view = "kdd31", .ordinal = true},
                     .protocol = LW_PROTOCOL_RANDOM,
                     .test_share = 0.3},
                    {.title = "honest: whole attack types left out, repeats dropped",
                     .table = {.view = "kdd31", .drop_repeats = true},
                     .protocol = LW_PROTOCOL_LEAVE_ATTACK_OUT,
                     .n_folds = 4}},
     .n_experiments = 2,
     .model = {{.kind = "logit", .options = "scale=standard,tolerance=0.01"},
               {.kind = "knn", .options = "k=5,metric=manhattan,scale=standard"},
               {.kind = "tree", .options = "criterion=entropy,depth=5"},
               {.kind = "forest", .options = "criterion=entropy,depth=5,trees=100"},
               {.kind = "gbdt",
                .params = {.n_rounds = 100, .max_depth = 5, .learning_rate = 0.1}},
               {.kind = "svm", .options = "kernel=poly,degree=3,max-rows=1000000"}},
     .published = {0.9495, 0.9953, 0.9852, 0.9790, 0.9975, 0.9839},
     .n_models = 6},
    {.name = "ctu13",
     .positive = "flow=From-Botnet*",
     .experiment =
         {{.title = "first: random 50/50 split, flows with gaps left out",
           .table = {.columns = flow_columns,
                     .neither_is_normal = true,
                     .drop_missing = true},
           .protocol = LW_PROTOCOL_RANDOM,
           .test_share = 0.5,
           .threshold = FLOW_THRESHOLD},
          {.title = "second: under-sampled and made up by SMOTE-NC before an 80/20 "
                    "split",
           .table = {.columns = flow_columns,
                     .neither_is_normal = true,
                     .drop_missing = true,
                     .balance = "under=0.1,smote-nc"},
           .protocol = LW_PROTOCOL_RANDOM,
           .test_share = 0.2,
           .threshold = FLOW_THRESHOLD},
          {.title = "beside it: the last 30 % in time, equal rows once, no row left "
                    "out for gaps",
           .table = {.columns = flow_columns,
                     .neither_is_normal = true,
                     .drop_repeats = true},
           .protocol = LW_PROTOCOL_TIME,
           .test_share = 0.3,
           .threshold = FLOW_THRESHOLD}},
     .n_experiments = 3,
     .model = {{.kind = "logit"},
               {.kind = "forest", .options = "trees=100,leaf=10"},
               {.kind = "gbdt"}},
     .n_models = 3},
};

const struct compare_preset *compare_preset_get(const char *name)
{
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++)
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    return NULL;
}
