/* progress.h: how far a fetch or a crawl is, in the status line.
 *
 *     1204/15000 done, 3 failed, 64 in flight, 812/s, 3.1 MiB/s, 0:15, waiting 4 s for https://…
 *
 * or of a crawl, of which rates and hosts give way where the line would be longer than 79 columns:
 *
 *     1204 pages, 812 queued, 64 in flight, 12/300 hosts held, 40/s, 0:15
 *     20003 pages, 2 queued, 4:05, host a.example held 12 s (Crawl-delay)
 *
 * It never blocks and never fails. */
#ifndef SHOAL_PROGRESS_H
#define SHOAL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "coordinator/output/status_line.h"
#include "coordinator/text/writer.h"

struct progress;

/* The state of the run at one moment; borrowed during the call. */
struct progress_state {
    uint64_t done; /* lines of input that ended, failures included */
    uint64_t failed;
    uint64_t total_known; /* lines of input; 0: not known yet */
    uint64_t queued;      /* read and not started */
    uint32_t in_flight;
    bool is_crawl;           /* pages of a site, of which more are found on the way */
    uint32_t hosts;          /* of a crawl: that are known; 0: nothing to say */
    uint32_t held_hosts;     /* hosts that wait: Retry-After, back-off */
    uint64_t bytes;          /* decoded so far */
    const char *waiting_for; /* put last, escaped: "waiting 4 s for https://…" of the oldest
                                transfer, or "host x held 12 s (Retry-After)"; without user name and
                                password; NULL: nothing to say */
    size_t waiting_for_bytes;
};

/* Shows on fd, which stays the caller's. On a terminal the line is redrawn at most five times a
 * second; otherwise a plain line is written every 10 s, which with PROGRESS_AUTO means: only once
 * the run lasts longer than that. PROGRESS_NEVER shows nothing. OK or OUT_OF_MEMORY. */
enum status progress_open(struct progress **progress, enum progress_when when, int fd, int64_t now_ns);

/* Has the line erased before writer writes to a terminal. The writer must be closed, or
 * progress_forget() called for it, before progress_close(). */
void progress_watch(struct progress *progress, struct writer *writer);
void progress_forget(struct progress *progress, struct writer *writer);

/* Whether progress_update() would draw now: lets the caller gather the state only then. */
bool progress_due(const struct progress *progress, int64_t now_ns);

/* Draws if it is due. */
void progress_update(struct progress *progress, const struct progress_state *state, int64_t now_ns);

/* When progress_update() wants to be called again; DEADLINE_NEVER: never. */
int64_t progress_next_ns(const struct progress *progress);

/* Erases the line, so that other output can begin in the first column; the next update that is due
 * draws it again. */
void progress_clear(struct progress *progress);

/* Clears and gives the memory back. Accepts NULL. */
void progress_close(struct progress *progress);

#endif
