/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/state_access.h - what `lapwing token` and `lapwing user` have in common. */
#ifndef CMD_STATE_ACCESS_H
#define CMD_STATE_ACCESS_H

#include "store/store.h"

/** "read", "analyse", "admin", ended by NULL: choices of an option. */
extern const char *const state_scope_names[];
/** The scopes of the choice: analyse includes read, admin both. */
uint32_t state_scopes(int choice);

/** Open the server's state beside a running server, or, where `create` and nothing is
 *  there yet, make it.  What store_open() says. */
LW_MUST enum lw_status state_open(struct store **s, const char *dir, bool create,
                                  struct lw_error *err);
/** A row of the audit log. */
void state_note(struct store *s, const char *action, const char *object);

/** An action of such a command: "create NAME". */
struct state_action {
    const char *name;
    const char *word; /* that follows; NULL: none */
    int (*run)(struct store *s, const char *word);
    bool makes_state; /* it may be the first thing that is done with it */
};

/** Run the one of `actions` (n) that the words name; returns an exit status. */
int state_run(const char *command, const char *dir, const struct state_action *actions,
              size_t n, char *const *words, size_t n_words);

#endif /* CMD_STATE_ACCESS_H */
