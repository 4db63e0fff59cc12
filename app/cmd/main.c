/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"

int main(int argc, char **argv)
{
    return argc < 1 ? STATUS_USAGE : command_main(argv + 1, (size_t)argc - 1);
}
