/* bundled.h: the test server that comes with the program, and its 15 pages, each held back for 150 ms: something to compare
 * on a machine without a network. */
#ifndef SHOAL_COMPARE_BUNDLED_H
#define SHOAL_COMPARE_BUNDLED_H

#include <stddef.h>
#include <sys/types.h>

#include "common/status.h"
#include "coordinator/run/signals.h"

#define BUNDLED_URLS_MAX 64

/* Begins as all zero. */
struct bundled {
    pid_t pid; /* 0: not started */
    char text[8192];
    const char *urls[BUNDLED_URLS_MAX]; /* point into text */
    size_t url_count;
};

/* Starts the server, which ends with this process at the latest. It is looked for beside the program, then where `make
 * install` puts it. Blocks until it answers, at most 5 s. OK; SYSTEM, with why filled. */
enum status bundled_start(struct bundled *bundled, const struct signals *signals, char *why, size_t why_bytes);

/* Ends and reaps the server. Accepts what did not start. */
void bundled_stop(struct bundled *bundled);

#endif
