/* SPDX-License-Identifier: Apache-2.0 */
/* detect/recipe.h - the presets of `lapwing train`. */
#ifndef DETECT_RECIPE_H
#define DETECT_RECIPE_H

#include <lapwing/cost.h>
#include <lapwing/model.h>

struct recipe {
    const char *name;
    const char *doc;
    const char *view;
    const char *model; /* kind of estimator */
    void (*cost)(struct lw_cost *c, uint32_t n_classes);
    void (*tune_by)(struct lw_cost *c, uint32_t n_classes); /* to choose the rule */
    double alarm_budget; /* share of held-out normal rows that may be alarmed */
    float nearness;      /* of the decision rule */
    size_t most_normal;  /* distinct rows to learn the classes from; 0: all */
    size_t most_of_type;
    struct lw_model_params params; /* what the caller leaves 0 */
};

/** The recipe of that name, or NULL. */
const struct recipe *recipe_get(const char *name);

/** Fill what is 0 in *p from the recipe. */
void recipe_fill(const struct recipe *r, struct lw_model_params *p);

#endif /* DETECT_RECIPE_H */
