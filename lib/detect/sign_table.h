/* SPDX-License-Identifier: Apache-2.0 */
/* detect/sign_table.h - which signs there are, and what each counts. */
#ifndef DETECT_SIGN_TABLE_H
#define DETECT_SIGN_TABLE_H

#include <lapwing/detect.h>

/** A row as signs see it. */
struct sign_row {
    const struct lw_record *rec;
    const struct lw_side *s; /* of who began, */
    const struct lw_side *d; /* and of the other */
    unsigned from;           /* index of who began */
    uint16_t sport;
    uint16_t dport;
    double seconds; /* that the row covers */
    bool again;     /* the flow had a row before */
    bool goes_on;   /* it is not the flow's last */
    bool failed;    /* as in feature/flow_past.h */
    bool to_group;
    bool leaves;          /* to an address that is not of a private network */
    float duplicate_acks; /* of who began; NaN: not known */
};

/** Of what something is counted. */
enum sign_key {
    SIGN_OF_SOURCE,
    SIGN_OF_TARGET,
    SIGN_OF_PAIR,         /* source and target */
    SIGN_OF_SOURCE_PORT,  /* source, and port of the target */
    SIGN_OF_SERVICE,      /* target and port */
    SIGN_OF_TIE,          /* source, target and port */
    SIGN_OF_REPLIER_PORT, /* target, and port of the source */
    SIGN_OF_DOMAIN        /* source, target, and domain of what it asks */
};

enum sign_count {
    SIGN_AMOUNTS, /* the sum of what `amount` says */
    SIGN_TARGETS, /* different ones */
    SIGN_PORTS,   /* of targets */
    SIGN_SOURCES,
    SIGN_PROTOCOLS,
    SIGN_NAMES,  /* asked for in the local network */
    SIGN_REGULAR /* the sum, of what comes at even times and is of one size */
};

/** Half-lives, by their place in decay_half_lives_s. */
enum sign_span { SIGN_1_S, SIGN_10_S, SIGN_60_S, SIGN_600_S };

struct sign_rule {
    struct lw_sign sign;
    /* How much a row counts; 0: it is not of that kind. */
    double (*amount)(const struct sign_row *r);
    enum sign_key key;
    enum sign_count what;
    enum sign_span span;
    double least; /* the count from which on rows have the sign; 0: each that is of the
                     kind */
};

enum { N_SIGN_RULES_MAX = 64 };

/** By enum sign_said; the name of the first is NULL. */
extern const struct lw_sign sign_said_table[];

/** (sign_rules_n), the gravest first: what each says implies that those behind it need
 *  not be asked. */
extern const struct sign_rule sign_rules[];
extern const unsigned sign_rules_n;

#endif /* DETECT_SIGN_TABLE_H */
