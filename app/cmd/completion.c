/* SPDX-License-Identifier: Apache-2.0 */
/* The completion script for bash: commands, options, choices and file names. */
#include "cmd/help.h"

static void put_options(FILE *f, const struct opt_group *const *groups)
{
    for (; *groups != NULL; groups++) {
        for (size_t i = 0; i < (*groups)->n_rows; i++) {
            if ((*groups)->rows[i].help != NULL)
                (void)fprintf(f, " --%s", (*groups)->rows[i].name);
        }
    }
}

static void put_choices(FILE *f, const char *command, const struct opt *o)
{
    (void)fprintf(f, "        %s:--%s) words=\"", command, o->name);
    for (size_t i = 0; o->choices[i] != NULL; i++)
        (void)fprintf(f, "%s%s", i == 0 ? "" : " ", o->choices[i]);
    (void)fputs("\" ;;\n", f);
}

static void put_command_choices(FILE *f, const struct command *cmd)
{
    for (size_t g = 0; cmd->groups != NULL && cmd->groups[g] != NULL; g++) {
        for (size_t i = 0; i < cmd->groups[g]->n_rows; i++) {
            const struct opt *o = &cmd->groups[g]->rows[i];

            if (o->help != NULL && o->choices != NULL)
                put_choices(f, cmd->name, o);
        }
    }
}

static void put_word_lists(FILE *f)
{
    (void)fputs("    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words=\"", f);
    for (size_t i = 0; command_at(i) != NULL; i++) {
        if (!command_at(i)->hidden)
            (void)fprintf(f, "%s ", command_at(i)->name);
    }
    (void)fputs("--help --version\"\n"
                "    else\n"
                "        case \"${COMP_WORDS[1]}:$prev\" in\n",
                f);
    for (size_t i = 0; command_at(i) != NULL; i++)
        put_command_choices(f, command_at(i));
    (void)fputs("        *) case \"${COMP_WORDS[1]}\" in\n", f);
    for (size_t i = 0; command_at(i) != NULL; i++) {
        const struct opt_group *groups[COMMAND_GROUPS_MAX];

        command_groups(command_at(i), groups);
        (void)fprintf(f, "            %s) words=\"", command_at(i)->name);
        put_options(f, groups);
        (void)fputs("\" ;;\n", f);
    }
    (void)fputs("            esac ;;\n        esac\n    fi\n", f);
}

void help_bash(FILE *f)
{
    (void)fputs("# Completion of lapwing for bash, made from its option tables.\n"
                "_lapwing() {\n"
                "    local cur=\"${COMP_WORDS[COMP_CWORD]}\"\n"
                "    local prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
                "    local words=\"\"\n",
                f);
    put_word_lists(f);
    (void)fputs(
        "    COMPREPLY=()\n"
        "    if [ \"$prev\" = -i ] || [ \"$prev\" = --interface ]; then\n"
        "        words=$(ls /sys/class/net)\n"
        "    elif [ \"$COMP_CWORD\" -gt 1 ] && [ \"${cur#-}\" = \"$cur\" ]; then\n"
        "        case \"$words\" in *--*) return ;; esac\n"
        "    fi\n"
        "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
        "}\n"
        "complete -o default -F _lapwing lapwing\n",
        f);
}
