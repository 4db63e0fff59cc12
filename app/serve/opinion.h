/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/opinion.h - what a detector said of the flows of a capture, kept until the
 * flows themselves are made.
 *
 * A detector may say more than one thing of a flow (the traffic model judges one each
 * 10 s, view kdd each message of ICMP): what counts is the worst.  A flow is known
 * again by its protocol, endpoints and either the number that the meter gave it or the
 * time of its first packet; messages of ICMP by protocol and endpoints alone.
 */
#ifndef SERVE_OPINION_H
#define SERVE_OPINION_H

#include "base/buf.h"
#include "store/flows.h"

struct model; /* serve/models.h */

enum {
    OPINION_BLOCK = 65536, /* opinions that are allocated at one time */
    OPINION_WORDS_BYTES = 400,
    /* Of so many flows of each class a detector's reasons are kept, and of so many with
     * the same attacker (DoS: the same victim): a flood of millions is not remembered
     * reason by reason, and leaves room for what comes after it. */
    OPINION_DETAILS_MAX = 5000,
    OPINION_STORY_MAX = 100,
    OPINION_STORIES = 4096,    /* counters; a power of two */
    OPINION_NORMALS_MAX = 1000 /* flows */
};

/* Scores from here on are worth their reasons, alert or not. */
#define OPINION_DETAIL_SCORE 0.2F

/** Why, and of which row. */
struct opinion_detail {
    char *reasons; /* JSON array, owned; NULL: of a normal flow, kept to compare with */
    char *words;   /* the two weightiest in a sentence, owned */
    float *vector; /* (n_vector) owned */
    uint32_t n_vector;
};

/** Of a capture with millions of flows each has one: 48 bytes. */
struct opinion {
    uint64_t hash; /* of the flow's key; together with the next it stands for it */
    uint64_t draw; /* the same whenever the capture is analysed */
    float score;
    float threshold;
    float p_value;
    float confidence;
    float unavailable;
    uint8_t verdict; /* enum lw_verdict_class */
    bool alert;
    uint16_t story;                /* its counter */
    struct opinion_detail *detail; /* owned; NULL */
};

/** How flows are known again. */
enum opinion_key { OPINION_BY_NUMBER, OPINION_BY_TIME };

/** Opinions lie in blocks that never move, found by a table of their numbers: open
 *  addressing, never more than half full. */
struct opinions {
    const struct model *model; /* borrowed */
    float threshold;           /* negative: the model decides by its own rule */
    enum opinion_key by;
    size_t max; /* flows */
    struct opinion **blocks; /* (n / OPINION_BLOCK, rounded up) owned */
    size_t n_blocks;
    size_t blocks_cap;
    uint32_t *index; /* (cap) owned: from 1; 0: free */
    size_t cap;      /* a power of two */
    size_t n;
    uint64_t seed;
    uint32_t n_details[LW_N_VERDICTS];
    uint16_t n_story[OPINION_STORIES]; /* details, by hash of class and host */
    /* Normal flows of which the row is kept: those whose hash ends in so many zeros
     * that there are not too many of them. */
    bool keeps_normals;
    uint32_t n_normals;
    uint64_t normals_mask;
    struct buf json; /* scratch */
};

void opinions_init(struct opinions *o, const struct model *model, float threshold,
                   enum opinion_key by, size_t max);
void opinions_release(struct opinions *o);

/** What is said of a row, which is not kept and comes without reasons. */
struct opinion opinion_of(const struct opinions *o, const struct lw_finding *f);
/** Reasons in a sentence, to out (n bytes). */
void opinion_words(const struct lw_reason *reasons, size_t n_reasons, char *out,
                   size_t n);

/** Keep what is said of a row, if it is the worst of its flow so far.  LW_ELIMIT: too
 *  many flows.  LW_ENOMEM. */
LW_MUST enum lw_status opinions_add(struct opinions *o, const struct lw_finding *f,
                                    struct lw_error *err);
/** NULL: nothing was said of this flow. */
const struct opinion *opinions_get(const struct opinions *o,
                                   const struct lw_record *rec);

/** As the store has it; texts are borrowed from the opinion. */
struct store_score opinion_score(const struct opinions *o, const struct opinion *p);

#endif /* SERVE_OPINION_H */
