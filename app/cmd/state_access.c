/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/state_access.h"

#include "cmd/command.h"
#include "store/admin.h"

#include <string.h>

/* ORDER state_scopes() */
const char *const state_scope_names[] = {"read", "analyse", "admin", NULL};

uint32_t state_scopes(int choice)
{
    static const uint32_t scopes[] = {
        STORE_SCOPE_READ, STORE_SCOPE_READ | STORE_SCOPE_ANALYSE,
        STORE_SCOPE_READ | STORE_SCOPE_ANALYSE | STORE_SCOPE_ADMIN};

    return scopes[choice];
}

void state_note(struct store *s, const char *action, const char *object)
{
    const struct store_audit a = {.who = "command line",
                                  .action = action,
                                  .object = object,
                                  .outcome = "ok",
                                  .client = ""};
    struct lw_error err;

    if (store_audit_add(s, &a, &err) != LW_OK)
        command_note("not in the audit log: %s", err.msg);
}

enum lw_status state_open(struct store **s, const char *dir, bool create,
                          struct lw_error *err)
{
    const struct store_config beside = {.beside = true};
    const struct store_config fresh = {.create = true};
    enum lw_status st = store_open(s, dir, &beside, err);

    return st == LW_ENOTFOUND && create ? store_open(s, dir, &fresh, err) : st;
}

int state_run(const char *command, const char *dir, const struct state_action *actions,
              size_t n, char *const *words, size_t n_words)
{
    for (size_t i = 0; n_words > 0 && i < n; i++) {
        const struct state_action *a = &actions[i];
        const size_t needs = a->word == NULL ? 1 : 2;
        struct store *s = NULL;
        struct lw_error err;
        int status;

        if (strcmp(words[0], a->name) != 0)
            continue;
        if (dir == NULL)
            return command_usage("say which: --state DIR");
        if (n_words != needs)
            return command_usage("lapwing %s %s --state DIR %s", command, words[0],
                                 needs == 1 ? "" : a->word);
        if (state_open(&s, dir, a->makes_state, &err) != LW_OK)
            return command_error(&err);
        status = a->run(s, needs == 2 ? words[1] : NULL);
        store_close(s);
        return status;
    }
    return command_usage("say what; lapwing %s --help lists it", command);
}
