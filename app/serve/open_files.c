/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/open_files.h"

#include <sys/resource.h>

/* Descriptors that are not connections. */
enum { SPARE_FILES = 64 };

unsigned open_files_fit(unsigned wanted)
{
    struct rlimit lim;
    rlim_t need = (rlim_t)wanted + SPARE_FILES;

    if (getrlimit(RLIMIT_NOFILE, &lim) != 0)
        return wanted;
    if (lim.rlim_cur < need && lim.rlim_cur < lim.rlim_max) {
        lim.rlim_cur = need < lim.rlim_max ? need : lim.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &lim);
        (void)getrlimit(RLIMIT_NOFILE, &lim);
    }
    if (lim.rlim_cur >= need)
        return wanted;
    return lim.rlim_cur > (rlim_t)2 * SPARE_FILES ? (unsigned)lim.rlim_cur - SPARE_FILES
                                                  : SPARE_FILES;
}
