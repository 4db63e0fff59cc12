/* SPDX-License-Identifier: Apache-2.0 */
/* report/report_assets.h - what a report is made of, part of the program (tools/embed).
 */
#ifndef REPORT_REPORT_ASSETS_H
#define REPORT_REPORT_ASSETS_H

#include <stddef.h>
#include <stdint.h>

struct report_asset {
    const char *path; /* "report.css" */
    const char *content_type;
    const uint8_t *data; /* (size) */
    size_t size;
};

/** In this order: the style, the chart library, what all pages share, and a script for
 *  each kind of page (page.h). */
extern const struct report_asset report_assets[];
extern const size_t n_report_assets;

#endif /* REPORT_REPORT_ASSETS_H */
