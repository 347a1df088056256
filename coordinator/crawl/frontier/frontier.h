/* frontier.h: the URLs that wait to be fetched, and those that were ever seen. Behind an ops table, so that nothing but the command
 * line knows which one is in use: one in memory that spills to disk comes first, a durable one and one that many machines share are
 * to follow.
 *
 * DESIGN. Every site (a small number that the caller gives) has its own queue, by depth and then in order of arrival: breadth first.
 * Which site may give its next URL is the caller's business: it asks when the site is due. URLs are counted once: what was seen
 * before, queued or not, is never queued again.
 *
 *     push_if_new --> queue of the site --> pop_due --> (in flight) --> done
 *                            ^                              |
 *                            +--------- requeue ------------+ */
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

struct frontier_ops {
    const char *name;
    /* Whether it was seen. prefetch: asks for the memory that the answer needs. */
    bool (*knows)(const struct frontier *frontier, uint64_t fingerprint);
    void (*prefetch)(const struct frontier *frontier, uint64_t fingerprint);
    /* Notes that it was seen and, unless it was before, queues it for the site. is_queued false: it is only noted. OK: it is new; END: it
     * was seen before; OUT_OF_MEMORY, SYSTEM (the disk; frontier->why): nothing was noted. Borrows url. */
    enum status (*push_if_new)(struct frontier *frontier, uint32_t site, const struct frontier_url *url,
                               bool is_queued);
    /* Takes the first URL of the site. OK: *url, its text valid until the next call of anything; END: none waits; OUT_OF_MEMORY,
     * SYSTEM. */
    enum status (*pop_due)(struct frontier *frontier, uint32_t site, struct frontier_url *url);
    /* One that was popped is done, or goes back to the front of its site's queue. */
    void (*done)(struct frontier *frontier, uint32_t site, const struct frontier_url *url);
    enum status (*requeue)(struct frontier *frontier, uint32_t site, const struct frontier_url *url);
    uint64_t (*waiting)(const struct frontier *frontier, uint32_t site);
    void (*count)(const struct frontier *frontier, struct frontier_counts *counts);
    void (*close)(struct frontier *frontier);
};

/* First member of each frontier's own struct. */
struct frontier {
    const struct frontier_ops *ops;
    char why[256]; /* after SYSTEM: one line for the user */
};

/* What the local frontier may take beyond its budget, so that what is on disk comes back though the disk is full, and what was in flight
 * though the budget is used up. */
#define FRONTIER_OVER_BYTES (1u << 20)

/* In memory up to memory_bytes of queues (at least 1 MiB; the set of the seen is not among them), beyond that in an SQLite database in a
 * temporary file without a name, in directory (NULL: $TMPDIR, else /var/tmp). The file is made when it is first needed; how URLs leave
 * memory and come back is told in frontier_spill.h. Sites take 16 bytes each that never leave: when they fill the budget by themselves, a
 * push is OUT_OF_MEMORY. A push costs a step for each depth that waits at its site beyond the URL's own. OK or OUT_OF_MEMORY. */
enum status frontier_local_open(struct frontier **frontier, size_t memory_bytes, const char *directory);

#endif
