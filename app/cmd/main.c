/* SPDX-License-Identifier: Apache-2.0 */
#include <lapwing/error.h>

#include <stdio.h>

int main(void)
{
    (void)printf("lapwing %s\n", lw_version());
    return 0;
}
