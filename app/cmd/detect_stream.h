/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/detect_stream.h - lapwing detect with a model of packet streams. */
#ifndef CMD_DETECT_STREAM_H
#define CMD_DETECT_STREAM_H

#include <lapwing/packet_stream.h>

#include <stdbool.h>

/** What was asked for; everything borrowed. */
struct detect_stream {
    const struct lw_stream_model *model;
    const char *model_path;
    const char *write;  /* a CSV line for each packet; NULL: none */
    double false_alarm; /* 0: the model's */
    size_t top;         /* alerts to list */
    bool rivals;        /* ask them, too */
    bool json;
    char *const *filter; /* (n_filter) words */
    size_t n_filter;
};

/** Read the capture that the options name and say what is unusual; an exit status. */
int detect_stream(const struct detect_stream *cfg);

#endif /* CMD_DETECT_STREAM_H */
