/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/compare_preset.h - experiments of others, to be repeated, and an honest one
 * beside each. */
#ifndef CMD_COMPARE_PRESET_H
#define CMD_COMPARE_PRESET_H

#include <lapwing/compare.h>

enum { COMPARE_MODELS_MAX = 16, COMPARE_EXPERIMENTS_MAX = 8 };

/** A table and a protocol. */
struct compare_experiment {
    const char *title;
    struct lw_compare_table_config table; /* without schema */
    enum lw_protocol protocol;
    double test_share;
    double threshold; /* lw_compare_config.threshold */
    size_t n_folds;
};

struct compare_preset {
    const char *name;
    const char *positive; /* labels that mean an attack; NULL: as found */
    struct compare_experiment experiment[COMPARE_EXPERIMENTS_MAX];
    size_t n_experiments;
    struct lw_compare_model model[COMPARE_MODELS_MAX];
    /* Weighted F1 that was published for the first experiment, 0 where none was. */
    double published[COMPARE_MODELS_MAX];
    size_t n_models;
};

/** The preset of that name, or NULL. */
const struct compare_preset *compare_preset_get(const char *name);

#endif /* CMD_COMPARE_PRESET_H */
