/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/models.h - the models that judge, one for each role, exchanged while they are
 * in use.
 *
 * Whoever judges takes a model and drops it afterwards; an exchange waits for nobody,
 * and the old one goes with its last user.
 */
#ifndef SERVE_MODELS_H
#define SERVE_MODELS_H

#include "base/span.h"

#include <lapwing/detect.h>

#include <stdatomic.h>

/** What a model is for, ORDER as in the store; the bundled file is <name>.lwm. */
#define MODEL_ROLE_LIST(X)                                                             \
    X(CLASSIFY, "classify") /* records of 31 fields */                                 \
    X(ATTACK, "attack")     /* records of 41 fields, and flows */                      \
    X(BOTNET, "botnet")     /* flows */                                                \
    X(NORMAL, "normal")     /* records: how far from normal? */                        \
    X(TRAFFIC, "traffic")   /* flows: what makes alerts */

enum model_role {
#define MODEL_ROLE_ENUM(name, text) MODEL_ROLE_##name,
    MODEL_ROLE_LIST(MODEL_ROLE_ENUM)
#undef MODEL_ROLE_ENUM
        N_MODEL_ROLES
};

extern const char *const model_role_names[N_MODEL_ROLES];

struct view_names; /* serve/view_names.h */

/** Read-only but for its count of users. */
struct model {
    enum model_role role;
    struct lw_classifier *classifier; /* owned */
    struct view_names *names;         /* owned */
    void *file;                       /* (n_file) its bytes, owned */
    size_t n_file;
    float threshold; /* that its author gave it, of the attack score */
    _Atomic unsigned users;
};

/** Make a model of a file's bytes (copied), checked for its role; the caller drops it.
 *  LW_EFORMAT, LW_EMISMATCH, LW_ENOMEM. */
LW_MUST enum lw_status model_new(struct model **out, enum model_role role,
                                 const void *data, size_t n, const char *name,
                                 struct lw_error *err);
/** NULL is fine. */
void model_drop(struct model *m);

struct models; /* opaque */

/** Load the bundled models; classify.lwm, attack.lwm and traffic.lwm must be there.
 * What reading and loading say. */
LW_MUST enum lw_status models_new(struct models **out, const char *dir,
                                  struct lw_error *err);
/** NULL is fine. */
void models_free(struct models *m);

/** The active model, to be dropped; NULL: there is none for that role. */
struct model *models_take(struct models *m, enum model_role role);
/** The one that came with the server, likewise. */
struct model *models_take_bundled(struct models *m, enum model_role role);
/** Make another one active; `model` is taken over. */
void models_set(struct models *m, struct model *model);

#endif /* SERVE_MODELS_H */
