/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timefmt.h"
#include "cmd/command.h"
#include "cmd/state_access.h"
#include "cmd/terminal.h"
#include "serve/auth.h"
#include "serve/password.h"
#include "store/admin.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static struct {
    const char *state;
    int scope;
} o;

static const struct opt rows[] = {
    {"state", 0, OPT_TO_TEXT(&o.state), .metavar = "DIR",
     .help = "the folder that lapwing serve keeps its state in"},
    {"scope", 0, OPT_TO_CHOICE(&o.scope), .metavar = "NAME", .initial = "analyse",
     .choices = state_scope_names,
     .help = "create, scope: what is allowed; analyse includes read, admin both"},
};

static const struct opt_group group = {"Options", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group *const groups[] = {&group, NULL};

/* ---- passwords ------------------------------------------------------------------- */

static bool read_line(char line[PASSWORD_MAX + 2])
{
    size_t n;

    if (fgets(line, PASSWORD_MAX + 2, stdin) == NULL)
        return false;
    n = strcspn(line, "\n");
    line[n] = '\0';
    return true;
}

/* Without showing what is typed. */
static bool ask(const char *prompt, char line[PASSWORD_MAX + 2])
{
    struct termios was;
    struct termios quiet;
    bool ok;

    if (tcgetattr(STDIN_FILENO, &was) != 0)
        return false;
    quiet = was;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    (void)fputs(prompt, stderr);
    (void)fflush(stderr);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    ok = read_line(line);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
    (void)fputc('\n', stderr);
    return ok;
}

/* The hash of a password that is typed twice, or the first line of what is not a
 * terminal. */
static int read_password(char hash[PASSWORD_HASH_MAX])
{
    char first[PASSWORD_MAX + 2] = "";
    char again[PASSWORD_MAX + 2] = "";
    struct lw_error err;
    int status = STATUS_OK;

    if (!terminal_is(stdin)) {
        if (!read_line(first))
            return command_fail("no password: type it, or give it as a line of "
                                "standard input");
    } else if (!ask("Password: ", first) || !ask("Again: ", again) ||
               !secret_equals(first, again)) {
        status = command_fail("these are not the same");
    }
    if (status == STATUS_OK && password_hash(first, hash, &err) != LW_OK)
        status = command_error(&err);
    explicit_bzero(first, sizeof first);
    explicit_bzero(again, sizeof again);
    return status;
}

/* ---- what there is to do --------------------------------------------------------- */

static bool name_ok(const char *name)
{
    size_t n = strlen(name);

    if (n == 0 || n >= AUTH_NAME_MAX)
        return false;
    for (size_t i = 0; i < n; i++)
        if (name[i] < ' ' || name[i] > '~')
            return false;
    return true;
}

static int run_create(struct store *s, const char *name)
{
    char hash[PASSWORD_HASH_MAX];
    const struct store_user u = {
        .name = name, .password = hash, .scopes = state_scopes(o.scope)};
    struct lw_error err;
    int64_t id = 0;
    int status;

    if (!name_ok(name))
        return command_usage("a name has 1 to %d plain characters", AUTH_NAME_MAX - 1);
    status = read_password(hash);
    if (status != STATUS_OK)
        return status;
    if (store_user_add(s, &u, &id, &err) != LW_OK)
        return command_error(&err);
    state_note(s, "user create", name);
    return STATUS_OK;
}

static void print_user(void *ctx, const struct store_user *u)
{
    char made[TIMEFMT_MAX];

    (void)ctx;
    (void)timefmt_eve(u->created_ns, made);
    (void)printf("%s\t%s\t%s\t%s\n", u->name, store_scope_text(u->scopes), made,
                 u->disabled ? "disabled" : "-");
}

static int run_list(struct store *s, const char *word)
{
    struct lw_error err;

    (void)word;
    (void)printf("name\tscope\tcreated\tdisabled\n");
    return store_user_list(s, print_user, NULL, &err) == LW_OK ? STATUS_OK
                                                               : command_error(&err);
}

static void note_id(void *ctx, const struct store_user *u)
{
    *(int64_t *)ctx = u->id;
}

/* Whoever is at the machine may take away the last administrator, too.  `what` NULL:
 * delete. */
static int change(struct store *s, const char *name,
                  const struct store_user_change *what, const char *action)
{
    int64_t id = 0;
    struct lw_error err;
    enum lw_status st = store_user_find(s, name, note_id, &id, &err);

    if (st == LW_ENOTFOUND)
        return command_fail("nobody is called %s; lapwing user list shows who there is",
                            name);
    if (st == LW_OK)
        st = what == NULL ? store_user_delete(s, id, false, &err)
                          : store_user_change(s, id, what, &err);
    if (st != LW_OK)
        return command_error(&err);
    state_note(s, action, name);
    return STATUS_OK;
}

static int run_password(struct store *s, const char *name)
{
    char hash[PASSWORD_HASH_MAX];
    int status = read_password(hash);
    const struct store_user_change what = {.password = hash, .disabled = -1};

    return status == STATUS_OK ? change(s, name, &what, "user password") : status;
}

static int run_disable(struct store *s, const char *name)
{
    const struct store_user_change what = {.disabled = 1};

    return change(s, name, &what, "user disable");
}

static int run_enable(struct store *s, const char *name)
{
    const struct store_user_change what = {.disabled = 0};

    return change(s, name, &what, "user enable");
}

static int run_scope(struct store *s, const char *name)
{
    const struct store_user_change what = {.scopes = state_scopes(o.scope),
                                           .disabled = -1};

    return change(s, name, &what, "user scope");
}

static int run_delete(struct store *s, const char *name)
{
    return change(s, name, NULL, "user delete");
}

static const struct state_action actions[] = {
    {"create", "NAME", run_create, .makes_state = true},
    {"list", NULL, run_list, .makes_state = false},
    {"password", "NAME", run_password, .makes_state = false},
    {"disable", "NAME", run_disable, .makes_state = false},
    {"enable", "NAME", run_enable, .makes_state = false},
    {"scope", "NAME", run_scope, .makes_state = false},
    {"delete", "NAME", run_delete, .makes_state = false},
};

static int run_user(char *const *words, size_t n_words)
{
    return state_run("user", o.state, actions, sizeof actions / sizeof actions[0],
                     words, n_words);
}

const struct command command_user = {
    .name = "user",
    .help = "the people who may log in to lapwing serve",
    .synopsis = "create NAME | list | password NAME | disable NAME | enable NAME | "
                "scope NAME | delete NAME",
    .doc = "People log in to the page of a server that was started with --auth by name "
           "and password; programs use tokens (lapwing token). The password is typed, "
           "or the first line of standard input; a salted hash of it (yescrypt) is "
           "kept.\n\n"
           "This works beside a running server. Whoever is changed, disabled or "
           "deleted is logged out at once. What is done here stands in the audit log.",
    .examples = "# somebody who works on alerts\n"
                "lapwing user create --state /srv/lapwing ann\n"
                "# another password\n"
                "lapwing user password --state /srv/lapwing ann\n"
                "# no longer\n"
                "lapwing user disable --state /srv/lapwing ann\n",
    .groups = groups,
    .max_words = 2,
    .run = run_user,
};
