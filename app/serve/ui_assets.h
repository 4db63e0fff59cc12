/* SPDX-License-Identifier: Apache-2.0 */
/* serve/ui_assets.h - the files of ui/, part of the program (made by tools/embed). */
#ifndef SERVE_UI_ASSETS_H
#define SERVE_UI_ASSETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UI_ASSETS_MAX = 96 };

struct ui_asset {
    const char *path; /* "/ui/0123456789ab/style.css" */
    const char *content_type;
    const uint8_t *data; /* (size) */
    size_t size;
    bool is_packed;  /* with gzip */
    bool is_lasting; /* the path names its content: it may be kept for ever */
};

extern const struct ui_asset ui_assets[];
extern const size_t n_ui_assets;

#endif /* SERVE_UI_ASSETS_H */
