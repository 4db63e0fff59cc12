/* SPDX-License-Identifier: Apache-2.0 */
/* detect/botnet_set.h - labelled flow records of several captures, as rows. */
#ifndef DETECT_BOTNET_SET_H
#define DETECT_BOTNET_SET_H

#include <lapwing/botnet.h>
#include <lapwing/view.h>

struct botnet_set {
    const struct lw_view *view;
    float *x;         /* (n, view->n_features), owned */
    uint8_t *label;   /* (n) 1: malicious; owned, as the next */
    uint8_t *capture; /* (n) */
    bool *by_rule;    /* (n) "TCP, and no reply" */
    size_t n;
    size_t cap; /* rows there is room for */
    uint32_t n_captures;
    uint8_t group[LW_BOTNET_CAPTURES_MAX]; /* of each capture */
    uint64_t n_background[LW_BOTNET_CAPTURES_MAX];
    char name[LW_BOTNET_CAPTURES_MAX][64];
};

/** Read them all.  LW_EINVAL, LW_EFORMAT and what reading says. */
LW_MUST enum lw_status botnet_set_read(struct botnet_set *s,
                                       const struct lw_botnet_config *cfg,
                                       struct lw_error *err);
void botnet_set_release(struct botnet_set *s);

#endif /* DETECT_BOTNET_SET_H */
