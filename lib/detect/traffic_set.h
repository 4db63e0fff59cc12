/* SPDX-License-Identifier: Apache-2.0 */
/* detect/traffic_set.h - labelled captures as rows of view flow. */
#ifndef DETECT_TRAFFIC_SET_H
#define DETECT_TRAFFIC_SET_H

#include <lapwing/detect.h>
#include <lapwing/traffic.h>

enum { TRAFFIC_ROWS_MAX = 1500 }; /* that a capture keeps of a class, drawn at random */

struct traffic_capture {
    uint32_t group;
    bool has_attack;
    uint64_t seen[LW_TRAFFIC_CLASSES]; /* rows, before some were drawn */
    uint64_t kept[LW_TRAFFIC_CLASSES];
};

struct traffic_set {
    const struct lw_view *view;
    float *x;          /* (n, view->n_features), owned, as the rest */
    uint8_t *label;    /* (n) class of the report */
    uint32_t *capture; /* (n) */
    size_t n;
    size_t cap;
    struct traffic_capture *captures; /* (n_captures) */
    uint32_t n_captures;
    char **groups; /* (n_groups) names, in the order of the table */
    uint32_t n_groups;
};

/** The class that a label of ground truth stands for: 0 is normal, -1 what is neither
 *  to be learnt from nor judged; -2: unknown. */
int traffic_class_of(const char *label);

/** Read every capture of a table (lapwing/traffic.h).  *s must be released whatever
 *  comes of it.  LW_EFORMAT names file and line. */
LW_MUST enum lw_status traffic_set_read(struct traffic_set *s,
                                        const struct lw_traffic_config *cfg,
                                        struct lw_error *err);
void traffic_set_release(struct traffic_set *s);

#endif /* DETECT_TRAFFIC_SET_H */
