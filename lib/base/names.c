/* SPDX-License-Identifier: Apache-2.0 */
#include "base/names.h"

#include <string.h>

bool names_have(const char *list, const char *name, size_t n)
{
    for (const char *p = list; *p != '\0'; p += *p == ',' ? 1 : 0) {
        size_t len = strcspn(p, ",");

        if (len == n && memcmp(p, name, n) == 0)
            return true;
        p += len;
    }
    return false;
}
