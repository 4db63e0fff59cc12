/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "serve/judge_apart.h"
#include "serve/watch_apart.h"

#include <string.h>

int main(int argc, char **argv)
{
    /* The server runs its own program for these; they are no commands of people's. */
    if (argc > 1 && strcmp(argv[1], JUDGE_APART_WORD) == 0)
        return judge_apart_main(argv + 2, (size_t)argc - 2);
    if (argc > 1 && strcmp(argv[1], WATCH_APART_WORD) == 0)
        return watch_apart_main(argv + 2, (size_t)argc - 2);
    return argc < 1 ? STATUS_USAGE : command_main(argv + 1, (size_t)argc - 1);
}
