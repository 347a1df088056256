/* Runs in: coordinator
 *
 * politeness.h: when a host may be asked for one more page: one ledger per host and per address, for all workers.
 *
 * DESIGN. Pure bookkeeping with the caller's clock, so that a test can run a day in a millisecond. A host that wants something and may
 * not yet waits in a heap by the time when it may; hosts that may take turns. A host may when all of this holds:
 *
 *   - fewer than per_host are in flight to it, and fewer than per_host to its address (0: no limit);
 *   - its delay has passed since its last start, and since the last start at its address: the longest of --delay, its Crawl-delay and
 *     what the back-off asks for;
 *   - no hold is on it (Retry-After, 429, 503);
 *   - the rate for all allows one more.
 *
 * So a slow host never holds up another, but for those that share its address. */
#ifndef SHOAL_POLITENESS_H
#define SHOAL_POLITENESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coordinator/due_heap.h"

struct politeness;
struct polite_address;

struct politeness_config {
    uint32_t per_host;          /* in flight to one host, and to one address; 0: no limit */
    int64_t delay_ns;           /* between starts at one host, and at one address */
    int64_t crawl_delay_max_ns; /* a longer Crawl-delay is refused: politeness_set_crawl_delay() */
    int64_t hold_max_ns;        /* a longer Retry-After gives the host up */
    uint32_t failures_max;      /* in a row, without any answer in between: then the host is given up; 0: never */
    double rate_per_s;          /* starts, all hosts together; 0: no limit */
    uint64_t random;            /* seed of the jitter */
};

enum polite_state { POLITE_MAY, POLITE_WAITS, POLITE_HELD, POLITE_GIVEN_UP };

/* Embedded in the caller's record of a host; begins as all zero, then politeness_add(). All fields are the ledger's own; those that
 * are of use to a reader have functions. */
struct polite_host {
    struct due due;
    struct polite_host *next_turn, *next_at_address, *previous_at_address;
    struct polite_address *address; /* NULL: not known */
    int64_t next_start_ns;
    int64_t hold_until_ns;
    int64_t crawl_delay_ns;
    int64_t backoff_ns;
    int64_t latency_ns; /* smoothed */
    uint32_t in_flight;
    uint32_t failures; /* in a row */
    bool wants, has_turn, is_given_up, is_added;
};

/* How a request that politeness_take() allowed came out. */
struct polite_outcome {
    bool was_sent;         /* false: it never started: the start is taken back */
    bool was_answered;     /* by the host, whatever it said */
    uint32_t http_status;  /* 0: none */
    int64_t retry_after_s; /* -1: none */
    int64_t latency_ns;    /* until the first byte; -1: unknown */
};

/* NULL when memory is short. */
struct politeness *politeness_open(const struct politeness_config *config);
void politeness_close(struct politeness *politeness); /* accepts NULL; hosts must not be used afterwards */

/* Makes the host known. False when memory is short. */
bool politeness_add(struct politeness *politeness, struct polite_host *host);

/* The host answers at this address, as text; hosts with the same share its limits, from the next start on. False when memory is short: then
 * the host is held to its own limits only. */
bool politeness_set_address(struct politeness *politeness, struct polite_host *host, const char *address);

/* The delay that the host's robots.txt asks for. False: it is longer than is granted, and the host is given up. */
bool politeness_set_crawl_delay(struct politeness *politeness, struct polite_host *host, int64_t delay_ns);

/* Whether the host has something to start. */
void politeness_want(struct politeness *politeness, struct polite_host *host, bool wants, int64_t now_ns);

/* A host that wants something and may start it now, fair between hosts: each in its turn. It is counted as in flight and its delay begins.
 * The caller says with politeness_want() when nothing more waits. NULL: none may, see politeness_next_ns(). */
struct polite_host *politeness_take(struct politeness *politeness, int64_t now_ns);

/* One of the host's requests ended. */
void politeness_end(struct politeness *politeness, struct polite_host *host, const struct polite_outcome *outcome,
                    int64_t now_ns);

/* When politeness_take() should be asked again though nothing ended; DEADLINE_NEVER: not before. */
int64_t politeness_next_ns(const struct politeness *politeness);

enum polite_state polite_host_state(const struct polite_host *host, int64_t now_ns);

struct politeness_counts {
    uint32_t hosts, wanting, held, given_up, in_flight;
};
void politeness_count(const struct politeness *politeness, struct politeness_counts *counts, int64_t now_ns);

/* The host that waits and may start first, and when, for the progress line; NULL: none waits. */
const struct polite_host *politeness_first_waiting(const struct politeness *politeness, int64_t *due_ns);

#endif
