/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/signals.h - what the outside world may ask a running command.
 *
 * INT and TERM: stop reading, flush and exit; the second one kills.  USR1: print the
 * counters.  HUP, for those who ask for it: read again what may have changed.  A closed
 * pipe is noticed at the next write, not by dying.
 */
#ifndef CMD_SIGNALS_H
#define CMD_SIGNALS_H

#include <stdbool.h>

/** Called from the signal handler: async-signal-safe things only. */
typedef void (*signals_stop_fn)(void *ctx);

/** Make writes to a closed pipe fail instead of killing the process. */
void signals_ignore_pipe(void);
/** Did a write meet a closed pipe so far? */
bool signals_pipe_closed(void);

/** From now on INT and TERM call `fn` once, and USR1 is noted. */
void signals_catch(signals_stop_fn fn, void *ctx);
/** HUP, too, calls the function of signals_catch(), and is noted. */
void signals_catch_reload(void);
/** Has HUP come since the last call? */
bool signals_take_reload(void);
/** Back to the defaults; `ctx` is not used any more. */
void signals_release(void);
/** Has INT or TERM come? */
bool signals_stopped(void);
/** Is there anything to look at (USR1, a closed pipe)?  Cheap enough for a packet. */
bool signals_pending(void);
/** Has USR1 come since the last call? */
bool signals_take_dump(void);

#endif /* CMD_SIGNALS_H */
