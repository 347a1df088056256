/* work.h: where a run gets what is to be fetched, and what becomes of it: a list (scheduler_work.h), or a site whose links are
 * followed. The loop in run.c knows nothing else of either.
 *
 * DESIGN. A work submits to the executor and brings outcomes to the delivery by itself: from within feed(), and from within the
 * callbacks that executor_run() runs. The loop says when, sleeps when there is nothing to do, and brings it to its end in this
 * order, each step only if the one before was not enough: stop(), cancel_in_flight(), abandon(). */
#ifndef SHOAL_WORK_H
#define SHOAL_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

/* For the progress line. */
struct work_counts {
    bool is_crawl;       /* URLs are found on the way; hosts is told */
    uint64_t total;      /* URLs that have or will have an outcome; 0: not known (yet) */
    uint64_t unfinished; /* of those that are known: waiting, to be tried again, or with the executor */
    uint32_t hosts, held_hosts;
};

struct work;

struct work_ops {
    const char *name;
    /* Does all that can be done now; does not wait, but may block on the output. OK: call again soon; WOULD_BLOCK: wait for the
     * executor, the time next_ns() or the input; END: all has its outcome. */
    enum status (*feed)(struct work *work);
    /* When there is something to do though nothing happens; DEADLINE_NEVER: never. */
    int64_t (*next_ns)(const struct work *work);
    /* Whether the last feed ended because the input had nothing. */
    bool (*waits_for_input)(const struct work *work);
    /* Nothing new starts; what has not started ends from the next feed on, with detail (borrowed) as the reason. read_rest: the rest
     * of the input is read and ends likewise. A second call can only turn that off. */
    void (*stop)(struct work *work, const char *detail, bool read_rest);
    /* Cancels what is in flight; it completes in executor_run(). */
    void (*cancel_in_flight)(struct work *work);
    /* Reports as cancelled what is still in flight, without the executor, which must not run any more afterwards. */
    void (*abandon)(struct work *work);
    /* Whether the executor refused to go on (executor_why_broken()), or reading failed (input_why()). */
    bool (*is_broken)(const struct work *work);
    bool (*input_failed)(const struct work *work);
    void (*count)(const struct work *work, struct work_counts *counts);
    /* What is waited for, in words, not escaped and not ended by NUL: "12 s for https://...". Returns the length, at most
     * text_bytes; 0: nothing to say. */
    size_t (*describe_wait)(const struct work *work, char *text, size_t text_bytes, int64_t now_ns);
    /* Gives everything back; what is in flight is released, and its callbacks must not run any more: close the executor first. */
    void (*close)(struct work *work);
};

/* First member of each work's own struct. */
struct work {
    const struct work_ops *ops;
};

#endif
