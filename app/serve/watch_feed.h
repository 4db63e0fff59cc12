/* SPDX-License-Identifier: Apache-2.0 */
/* serve/watch_feed.h - a watched interface as the API and its events show it. */
#ifndef SERVE_WATCH_FEED_H
#define SERVE_WATCH_FEED_H

#include "base/jsonw.h"
#include "serve/watch.h"

/** The members of an interface, into an object. */
void put_watch(struct jsonw *w, const struct watch_view *v);
/** One value. */
void put_watch_second(struct jsonw *w, const struct watch_second *s);

#endif /* SERVE_WATCH_FEED_H */
