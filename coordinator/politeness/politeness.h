/* politeness.h: when a host may be asked for one more page: one ledger per host and per address, for all workers.
 *
 * DESIGN. Pure bookkeeping with the caller's clock, so that a test can run a day in a millisecond. A host may when all of this holds:
 *
 *   - fewer than per_host are in flight to it, and fewer than per_host to its address (0: no limit);
 *   - its delay has passed since its last start: the longest of --delay, its Crawl-delay and what the back-off asks for;
 *   - --delay has passed since the last start at its address (a Crawl-delay is a host's own, and holds up no other);
 *   - no hold is on it (Retry-After, 429, 503, or no answer);
 *   - the rate for all allows one more.
 *
 * A host that wants something is in one place at a time:
 *
 *     heap of hosts: may not yet, by its own times  -->  its address's queue: the address is full, or its delay lasts
 *                                                             |   (a heap of addresses has the latter)
 *              nowhere: per_host are in flight                v
 *                                                        turns: may now; one start each, then it is the next one's turn
 *
 * An address admits to the turns only what it may start at once, so whoever has a turn may start, and no turn is passed over: a slow
 * host never holds up another, but for those that share its address. All is O(log n) in hosts; O(1) without limits and delay. */
#ifndef SHOAL_POLITENESS_H
#define SHOAL_POLITENESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coordinator/base/due_heap.h"

/* After 429 or 503 without Retry-After, and where the host gives no answer: the hold doubles from the first to the longest, give or take
 * a quarter. */
#define POLITE_BACKOFF_MIN_S 1
#define POLITE_BACKOFF_MAX_S 300

/* The longest delay that a slow host is given. */
#define POLITE_SLOW_DELAY_MAX_S 60

struct politeness;
struct polite_address;

struct politeness_config {
    uint32_t per_host;          /* in flight to one host, and to one address; 0: no limit */
    int64_t delay_ns;           /* between starts at one host, and at one address */
    int64_t crawl_delay_max_ns; /* a longer Crawl-delay is refused: politeness_set_crawl_delay() */
    int64_t
        hold_max_ns; /* a longer Retry-After gives the host up, once it is clamped as hosts.h says: a day and more: none does */
    uint32_t failures_max; /* in a row, without any answer in between: then the host is given up; 0: never */
    double rate_per_s;     /* starts, all hosts together, at most a tenth of a second's at once; 0: no limit */
    uint64_t random;       /* seed of the jitter */
};

enum polite_state { POLITE_MAY, POLITE_WAITS, POLITE_HELD, POLITE_GIVEN_UP };

/* Why a host was given up. */
enum polite_end { POLITE_GOES_ON, POLITE_CRAWL_DELAY, POLITE_RETRY_AFTER, POLITE_NO_ANSWER };

enum polite_place { POLITE_NOWHERE, POLITE_IN_HEAP, POLITE_AT_ADDRESS, POLITE_IN_TURNS };

/* Embedded in the caller's record of a host; begins as all zero, then politeness_add(). All fields are the ledger's own; those that
 * are of use to a reader have functions. */
struct polite_host {
    struct due due;
    struct polite_host *next, *previous;      /* in the turns, or the address's queue */
    struct polite_address *address;           /* NULL: not known */
    struct polite_address *old_address;       /* the one before, while old_in_flight are counted there */
    int64_t last_start_ns, previous_start_ns; /* long ago: none */
    int64_t hold_until_ns, failing_until_ns;  /* asked for by the host; since it did not answer */
    int64_t crawl_delay_ns;
    int64_t slow_delay_ns;        /* 0: it is not slow */
    int64_t latency_ns;           /* smoothed; 0: not known */
    uint32_t in_flight;           /* of these: */
    uint32_t uncounted_in_flight; /* at no address */
    uint32_t old_in_flight;       /* at old_address */
    uint32_t failures;            /* in a row */
    uint8_t refusals;             /* 429 and 503 in a row, of requests that ended after the hold before */
    uint8_t failing_times;        /* no answer, the same */
    uint8_t place;                /* enum polite_place */
    uint8_t end;                  /* enum polite_end */
    bool wants, is_held, is_added;
};

/* How a request that politeness_take() allowed came out. */
struct polite_outcome {
    bool was_sent;         /* false: it never started: the start is taken back */
    bool was_answered;     /* by the host, whatever it said */
    uint32_t http_status;  /* 0: none */
    int64_t retry_after_s; /* -1: none */
    int64_t latency_ns;    /* until the first byte; -1: unknown */
    int64_t
        started_ns; /* what politeness_take() was given as now_ns; needed where was_sent is false: without it the delay runs all
                            * the same */
};

/* NULL when memory is short. */
struct politeness *politeness_open(const struct politeness_config *config);
void politeness_close(struct politeness *politeness); /* accepts NULL; hosts must not be used afterwards */

/* Makes the host known. False when memory is short. */
bool politeness_add(struct politeness *politeness, struct polite_host *host);

/* Forgets the host, which has nothing in flight; its record is the caller's again. What it asked for is forgotten too: see
 * polite_host_is_idle(). */
void politeness_remove(struct politeness *politeness, struct polite_host *host);

/* Whether nothing is lost when it is removed: it wants nothing, has nothing in flight, was not given up, and no delay or hold lasts. */
bool polite_host_is_idle(const struct politeness *politeness, const struct polite_host *host, int64_t now_ns);

/* The host answers at this address, as text; hosts with the same share its limits, from the next start on. What is in flight stays counted
 * at the address before, on the assumption that what started first ends first. Cheap when it is the address already, or when there are
 * neither limits nor delay. False when memory is short: then the host is held to its own limits only. */
bool politeness_set_address(struct politeness *politeness, struct polite_host *host, const char *address);

/* The delay that the host's robots.txt asks for; 0 or less: none. Counts from the last start on. False: it is longer than is granted, and
 * the host is given up. */
bool politeness_set_crawl_delay(struct politeness *politeness, struct polite_host *host, int64_t delay_ns);

/* Whether the host has something to start. */
void politeness_want(struct politeness *politeness, struct polite_host *host, bool wants, int64_t now_ns);

/* A host that wants something and may start it now, fair between hosts: each in its turn. It is counted as in flight and its delay begins.
 * The caller says with politeness_want() when nothing more waits. NULL: none may, see politeness_next_ns(). */
struct polite_host *politeness_take(struct politeness *politeness, int64_t now_ns);

/* One of the host's requests ended. */
void politeness_end(struct politeness *politeness, struct polite_host *host, const struct polite_outcome *outcome,
                    int64_t now_ns);

/* When politeness_take() should be asked again though nothing ended; DEADLINE_NEVER: not before. Never later than a host may start; when
 * politeness_take() has just said NULL, later than its now_ns. */
int64_t politeness_next_ns(const struct politeness *politeness);

/* MAY: nothing speaks against it but perhaps the rate for all, or that it wants nothing. */
enum polite_state polite_host_state(const struct polite_host *host, int64_t now_ns);

/* Why it is POLITE_GIVEN_UP. */
enum polite_end polite_host_end(const struct polite_host *host);

struct politeness_counts {
    uint32_t hosts, given_up, in_flight;
    uint32_t wanting;    /* without those given up; of these: */
    uint32_t held;       /* by Retry-After, 429 or 503, and by nothing that lasts longer */
    uint32_t addresses;  /* known */
    size_t memory_bytes; /* without the hosts' own records */
};
void politeness_count(const struct politeness *politeness, struct politeness_counts *counts, int64_t now_ns);

/* The host that waits for a time and may start first, and when, for the progress line; NULL: none does. */
const struct polite_host *politeness_first_waiting(const struct politeness *politeness, int64_t *due_ns);

#endif
