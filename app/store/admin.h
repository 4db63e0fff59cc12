/* SPDX-License-Identifier: Apache-2.0 */
/* store/admin.h - settings, models, tokens, sessions, users and the audit log. */
#ifndef STORE_ADMIN_H
#define STORE_ADMIN_H

#include "store/store.h"

/* ------------------------------------------------------------------- settings */

typedef void (*store_text_fn)(void *ctx, const char *key, const char *value);

/** A setting's value, JSON or text as its user likes ("home_networks", "retention",
 *  "threshold.botnet").  LW_ENOTFOUND: never set. */
LW_MUST enum lw_status store_setting_get(struct store *s, const char *key,
                                         store_text_fn fn, void *ctx,
                                         struct lw_error *err);
/** value NULL removes it. */
LW_MUST enum lw_status store_setting_set(struct store *s, const char *key,
                                         const char *value, struct lw_error *err);
/** Set several in one step: all of them or none. */
LW_MUST enum lw_status store_setting_set_many(struct store *s, const char *const *keys,
                                              const char *const *values, size_t n,
                                              struct lw_error *err);
LW_MUST enum lw_status store_setting_list(struct store *s, store_text_fn fn, void *ctx,
                                          struct lw_error *err);

/* --------------------------------------------------------------------- models */

struct store_model {
    const char *id;   /* first 12 hexadecimal digits of its SHA-256 */
    const char *role; /* "attack", "botnet", "classify", "normal" */
    uint64_t size_bytes;
    char sha256[STORE_SHA_TEXT];
    int64_t uploaded_ns;
    bool active;
    bool bundled; /* came with the server */
};

typedef void (*store_model_fn)(void *ctx, const struct store_model *m);

/** Keep a model file (checked by the caller) for a role; known already: the same id. */
LW_MUST enum lw_status store_model_add(struct store *s, const char *role,
                                       const void *data, size_t n, bool bundled,
                                       char id[13], struct lw_error *err);
LW_MUST enum lw_status store_model_get(struct store *s, const char *id,
                                       store_model_fn fn, void *ctx,
                                       struct lw_error *err);
LW_MUST enum lw_status store_model_open(struct store *s, const char *id, int *fd,
                                        uint64_t *size_bytes, struct lw_error *err);
LW_MUST enum lw_status store_model_list(struct store *s, store_model_fn fn, void *ctx,
                                        struct lw_error *err);
/** LW_EMISMATCH: it is active, or bundled. */
LW_MUST enum lw_status store_model_delete(struct store *s, const char *id,
                                          struct lw_error *err);
/** From now on the one of its role; the former is remembered. */
LW_MUST enum lw_status store_model_activate(struct store *s, const char *id,
                                            struct lw_error *err);
/** Back to the one before, whose id is handed out.  LW_EMISMATCH: there is none. */
LW_MUST enum lw_status store_model_roll_back(struct store *s, const char *role,
                                             char id[13], struct lw_error *err);

/* ---------------------------------------------------- tokens, sessions, users */

/** Scopes as bits; whoever checks them knows which includes which. */
enum { STORE_SCOPE_READ = 1, STORE_SCOPE_ANALYSE = 2, STORE_SCOPE_ADMIN = 4 };
/** "admin", "analyse" or "read": the most that they allow. */
const char *store_scope_text(uint32_t scopes);

struct store_token {
    int64_t id;
    const char *name;
    uint32_t scopes;
    int64_t created_ns;
    int64_t expires_ns; /* 0: never */
    int64_t used_ns;    /* 0: never; to the minute */
    int64_t revoked_ns; /* 0: not */
};

typedef void (*store_token_fn)(void *ctx, const struct store_token *t);

/** The store sees digests only.  LW_EMISMATCH: the name or the digest is taken by a
 *  token that is not revoked. */
LW_MUST enum lw_status store_token_add(struct store *s, const char *name,
                                       const uint8_t digest[SHA256_BYTES],
                                       uint32_t scopes, int64_t expires_ns, int64_t *id,
                                       struct lw_error *err);
/** Find by digest, revoked and expired ones too: the caller judges. */
LW_MUST enum lw_status store_token_find(struct store *s,
                                        const uint8_t digest[SHA256_BYTES],
                                        store_token_fn fn, void *ctx,
                                        struct lw_error *err);
LW_MUST enum lw_status store_token_list(struct store *s, store_token_fn fn, void *ctx,
                                        struct lw_error *err);
/** At once, with its sessions.  Again: LW_OK. */
LW_MUST enum lw_status store_token_revoke(struct store *s, int64_t id,
                                          struct lw_error *err);
/** Note its use; written at most once a minute. */
LW_MUST enum lw_status store_token_used(struct store *s, int64_t id, int64_t now_ns,
                                        struct lw_error *err);

struct store_session {
    int64_t id;
    int64_t token; /* it was made with; 0: a user's */
    int64_t user;  /* 0: a token's */
    const char *name;
    uint32_t scopes;
    const char *csrf;
    int64_t created_ns;
    int64_t expires_ns;
};

typedef void (*store_session_fn)(void *ctx, const struct store_session *n);

/** `name` and `id` of the struct are ignored where the token or user tells them. */
LW_MUST enum lw_status store_session_add(struct store *s,
                                         const uint8_t digest[SHA256_BYTES],
                                         const struct store_session *n, int64_t *id,
                                         struct lw_error *err);
/** Those of revoked tokens are not found. */
LW_MUST enum lw_status store_session_find(struct store *s,
                                          const uint8_t digest[SHA256_BYTES],
                                          store_session_fn fn, void *ctx,
                                          struct lw_error *err);
/** Another secret for the same session (rotation). */
LW_MUST enum lw_status store_session_rotate(struct store *s, int64_t id,
                                            const uint8_t digest[SHA256_BYTES],
                                            int64_t expires_ns, struct lw_error *err);
LW_MUST enum lw_status store_session_delete(struct store *s, int64_t id,
                                            struct lw_error *err);
LW_MUST enum lw_status store_session_expire(struct store *s, int64_t now_ns,
                                            struct lw_error *err);

struct store_user {
    int64_t id;
    const char *name;
    const char *password; /* salted hash, as its maker writes it */
    uint32_t scopes;
    int64_t created_ns;
    bool disabled;
};

typedef void (*store_user_fn)(void *ctx, const struct store_user *u);

/** LW_EMISMATCH: the name is taken. */
LW_MUST enum lw_status store_user_add(struct store *s, const struct store_user *u,
                                      int64_t *id, struct lw_error *err);
/** The first administrator: only while there is neither a user nor a token.
 *  LW_EMISMATCH: somebody was first. */
LW_MUST enum lw_status store_user_add_first(struct store *s, const struct store_user *u,
                                            int64_t *id, struct lw_error *err);
LW_MUST enum lw_status store_user_find(struct store *s, const char *name,
                                       store_user_fn fn, void *ctx,
                                       struct lw_error *err);
LW_MUST enum lw_status store_user_get(struct store *s, int64_t id, store_user_fn fn,
                                      void *ctx, struct lw_error *err);
LW_MUST enum lw_status store_user_list(struct store *s, store_user_fn fn, void *ctx,
                                       struct lw_error *err);

/** What becomes of a user. */
struct store_user_change {
    const char *password; /* hash; NULL: stays */
    uint32_t scopes;      /* 0: stay */
    int disabled;         /* -1: stays */
    bool keep_admin;      /* LW_EMISMATCH where nobody would be left who may everything */
};

/** Any change ends the sessions. */
LW_MUST enum lw_status store_user_change(struct store *s, int64_t id,
                                         const struct store_user_change *what,
                                         struct lw_error *err);
/** With the sessions; `keep_admin` as above. */
LW_MUST enum lw_status store_user_delete(struct store *s, int64_t id, bool keep_admin,
                                         struct lw_error *err);
/** Users and tokens that are not revoked; both 0: nobody has been here. */
LW_MUST enum lw_status store_access_counts(struct store *s, uint64_t *users,
                                           uint64_t *tokens, struct lw_error *err);

/* ------------------------------------------------------------------ audit log */

struct store_audit {
    int64_t id;
    int64_t time_ns; /* 0 when adding: now */
    const char *who;
    const char *action;
    const char *object;
    const char *outcome;
    const char *client;
};

typedef void (*store_audit_fn)(void *ctx, const struct store_audit *a);

LW_MUST enum lw_status store_audit_add(struct store *s, const struct store_audit *a,
                                       struct lw_error *err);
/** The latest first. */
LW_MUST enum lw_status store_audit_list(struct store *s, struct store_page *page,
                                        store_audit_fn fn, void *ctx,
                                        struct lw_error *err);

/** Forget refusals (401, 403, 429) that lie behind the latest `keep` entries: however
 *  long somebody is refused, the log is bounded, and what was done stays. */
LW_MUST enum lw_status store_audit_trim(struct store *s, int64_t keep,
                                        uint64_t *n_removed, struct lw_error *err);

#endif /* STORE_ADMIN_H */
