/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/test_botnet.h - judging a model of bots on labelled flow records. */
#ifndef CMD_TEST_BOTNET_H
#define CMD_TEST_BOTNET_H

#include <lapwing/detect.h>

/** What is judged, and what becomes of it. */
struct test_botnet {
    const char *model_path;
    const char *const *files; /* (n_files) */
    size_t n_files;
    const char *report; /* page to write; NULL: none */
    bool json;
};

/** Is it a model of two classes, of which one is botnet? */
bool test_botnet_is(const struct lw_classifier *c);

/** Judge; an exit status. */
int test_botnet(const struct lw_classifier *c, const struct test_botnet *cfg);

#endif /* CMD_TEST_BOTNET_H */
