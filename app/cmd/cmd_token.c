/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timefmt.h"
#include "cmd/command.h"
#include "cmd/state_access.h"
#include "serve/auth.h"
#include "store/admin.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct {
    const char *state;
    int scope;
    int64_t expires_ns;
} o;

static const struct opt rows[] = {
    {"state", 0, OPT_TO_TEXT(&o.state), .metavar = "DIR",
     .help = "the folder that lapwing serve keeps its state in"},
    {"scope", 0, OPT_TO_CHOICE(&o.scope), .metavar = "NAME", .initial = "read",
     .choices = state_scope_names,
     .help = "create: what it allows; analyse includes read, admin both"},
    {"expires", 0, OPT_TO_DURATION(&o.expires_ns), .metavar = "TIME", .min = 60,
     .max = 3.15e9, .help = "create: good for so long (default: until revoked)"},
};

static const struct opt_group group = {"Options", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group *const groups[] = {&group, NULL};

static int run_create(struct store *s, const char *name)
{
    char text[AUTH_TOKEN_TEXT];
    uint8_t digest[SHA256_BYTES];
    struct lw_error err;
    struct timespec now;
    int64_t expires = 0;
    int64_t id = 0;

    if (strlen(name) >= AUTH_NAME_MAX)
        return command_usage("a name has %d bytes at most", AUTH_NAME_MAX - 1);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (o.expires_ns > 0)
        expires = (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec + o.expires_ns;
    if (auth_token_make(text, digest, &err) != LW_OK ||
        store_token_add(s, name, digest, state_scopes(o.scope), expires, &id, &err) !=
            LW_OK)
        return command_error(&err);
    state_note(s, "token create", name);
    (void)printf("%s\n", text);
    command_note("token %" PRId64 "; it is shown this once", id);
    return STATUS_OK;
}

static void print_time(int64_t t_ns)
{
    char text[TIMEFMT_MAX] = "-";

    if (t_ns != 0)
        (void)timefmt_eve(t_ns, text);
    (void)printf("\t%s", text);
}

static void print_token(void *ctx, const struct store_token *t)
{
    (void)ctx;
    (void)printf("%" PRId64 "\t%s\t%s", t->id, t->name, store_scope_text(t->scopes));
    print_time(t->created_ns);
    print_time(t->expires_ns);
    print_time(t->used_ns);
    print_time(t->revoked_ns);
    (void)putchar('\n');
}

static int run_list(struct store *s, const char *word)
{
    struct lw_error err;

    (void)word;
    (void)printf("id\tname\tscope\tcreated\texpires\tused\trevoked\n");
    return store_token_list(s, print_token, NULL, &err) == LW_OK ? STATUS_OK
                                                                 : command_error(&err);
}

static int run_revoke(struct store *s, const char *word)
{
    struct lw_error err;
    char *end;
    long long id = strtoll(word, &end, 10);

    if (*end != '\0' || id < 1)
        return command_usage("%s is no id; lapwing token list shows them", word);
    if (store_token_revoke(s, id, &err) != LW_OK)
        return command_error(&err);
    state_note(s, "token revoke", word);
    return STATUS_OK;
}

static const struct state_action actions[] = {
    {"create", "NAME", run_create, .makes_state = true},
    {"list", NULL, run_list, .makes_state = false},
    {"revoke", "ID", run_revoke, .makes_state = false},
};

static int run_token(char *const *words, size_t n_words)
{
    return state_run("token", o.state, actions, sizeof actions / sizeof actions[0],
                     words, n_words);
}

const struct command command_token = {
    .name = "token",
    .help = "make, list and revoke the tokens of lapwing serve",
    .synopsis = "create NAME | list | revoke ID",
    .doc =
        "A token lets a program use the API of a server that asks for one (lapwing "
        "serve --auth). create prints it, once: the store keeps only its SHA-256. "
        "It is sent as 'Authorization: Bearer TOKEN'.\n\n"
        "This works beside a running server; a revoked token is refused from the next "
        "request on. What is done here stands in the audit log.",
    .examples = "# a token that may read, for 90 days\n"
                "lapwing token create --state /srv/lapwing --expires 90d dashboard\n"
                "# end it\n"
                "lapwing token revoke --state /srv/lapwing 1\n",
    .groups = groups,
    .max_words = 2,
    .run = run_token,
};
