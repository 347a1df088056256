/* frontier.h: the URLs that wait to be fetched, and those that were ever seen.
 *
 * DESIGN. Every site (a small number that the caller gives) has its own queue, by depth and then in order of arrival: breadth first.
 * Which site may give its next URL is the caller's business: it asks when the site is due. URLs are counted once: what was seen
 * before, queued or not, is never queued again.
 *
 *     push --> queue of the site --> pop --> (in flight) --> done
 *                     ^                            |
 *                     +--------- requeue ----------+ */
#ifndef SHOAL_FRONTIER_H
#define SHOAL_FRONTIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/limits.h"
#include "common/status.h"

/* A URL and how it was found. */
struct frontier_url {
    const char *url; /* absolute, in its one spelling; ended by NUL when it is popped */
    size_t url_bytes;
    uint64_t fingerprint;
    uint64_t referrer; /* a number of the caller's: the page that led here; at most 2^48 - 1 */
    uint32_t depth;    /* links from a seed */
    uint8_t reason;    /* enum crawl_reason: why it is to be fetched */
    uint8_t redirects; /* in a row, on the way here */
    uint8_t tries;     /* so far */
    uint8_t flags;     /* the caller's own */
};

struct frontier_counts {
    uint64_t seen;    /* URLs, queued or not */
    uint64_t waiting; /* queued, all sites together; of these: */
    uint64_t on_disk;
    uint64_t in_flight;  /* popped, neither done nor requeued */
    size_t memory_bytes; /* of queues, now */
    size_t set_bytes;    /* of the set of the seen, now */
    uint64_t disk_bytes;
};

struct frontier;

/* Whether the URL was seen. prefetch asks for the memory that the answer needs. */
bool frontier_knows(const struct frontier *frontier, uint64_t fingerprint);
void frontier_prefetch(const struct frontier *frontier, uint64_t fingerprint);

/* Notes that the URL was seen and, if it is new, queues it for the site. is_queued false: it is only noted. OK: it is new; END: it was seen
 * before; OUT_OF_MEMORY, SYSTEM (the disk; see frontier_why()): nothing was noted. Borrows url. */
enum status frontier_push(struct frontier *frontier, uint32_t site, const struct frontier_url *url, bool is_queued);

/* Takes the first URL of the site. OK: *url, its text valid until the next call of anything; END: none waits; OUT_OF_MEMORY, SYSTEM. */
enum status frontier_pop(struct frontier *frontier, uint32_t site, struct frontier_url *url);

/* One that was popped is done, or goes back to the front of its site's queue. */
void frontier_done(struct frontier *frontier);
enum status frontier_requeue(struct frontier *frontier, uint32_t site, const struct frontier_url *url);

uint64_t frontier_waiting(const struct frontier *frontier, uint32_t site);
void frontier_count(const struct frontier *frontier, struct frontier_counts *counts);

/* After SYSTEM: one line for the user; "" otherwise. */
const char *frontier_why(const struct frontier *frontier);

void frontier_close(struct frontier *frontier); /* accepts NULL */

/* What the frontier may take beyond its budget, so that what is on disk comes back though the disk is full, and what was in flight
 * though the budget is used up. */
#define FRONTIER_OVER_BYTES (1u << 20)

/* In memory up to memory_bytes of queues (at least 1 MiB; the set of the seen is not among them), beyond that in an SQLite database in a
 * temporary file without a name, in directory (NULL: $TMPDIR, else /var/tmp). The file is made when it is first needed; frontier_spill.h says how
 * URLs leave memory and come back. Sites take 16 bytes each that never leave: when they fill the budget by themselves, a
 * push is OUT_OF_MEMORY. A push costs a step for each depth that waits at its site beyond the URL's own. OK or OUT_OF_MEMORY. */
enum status frontier_open(struct frontier **frontier, size_t memory_bytes, const char *directory);

#endif
