/* scheduler.h: which URL may start when. It stands between the input and the executor, and brings
 * each outcome to the delivery: exactly one for every line of the input.
 *
 * DESIGN. Lines are read only while they may start at once and the window has room, so a list of
 * any length takes the memory of one window. A line becomes a task, in one of three states:
 *
 *     input ---> waiting for its host ---> in flight ---> outcome
 *                    ^       |  ^             |
 *                    |       +--+ host full   | try again later
 *                    |       or held          v
 *                    +------- due ------- backing off
 *
 * A task whose host has its limit in flight, or asked to be left alone (Retry-After), waits in that
 * host's own queue and stands in nobody's way. Hosts that can start something take turns. A retry
 * that is due queues behind what its host has waiting. When stopped, nothing starts any more and
 * all that has not started is reported as cancelled.
 *
 * Memory: a task takes about 300 bytes with its URL (URLs over 128 bytes: their length more), a
 * host that tasks wait for about 400; at most window of each. The executor's own futures come on
 * top. */
#ifndef SHOAL_SCHEDULER_H
#define SHOAL_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/status.h"
#include "coordinator/executor/executor.h"
#include "coordinator/output/delivery.h"
#include "coordinator/politeness/hosts.h"
#include "coordinator/run/input.h"

#define SCHEDULER_WINDOW_MIN 4096u

struct scheduler;

/* All borrowed until scheduler_close(). */
struct scheduler_config {
    struct executor *executor;
    struct input *input;
    struct delivery *delivery;
    uint32_t window;   /* tasks at most, those in flight included; see scheduler_window() */
    uint32_t per_host; /* in flight to one host; 0: no limit */
    uint32_t retries;  /* how often a failure that may pass is tried again */
    bool fail_fast;    /* the first failure stops the scheduler */
};

struct scheduler_counts {
    uint64_t lines;                           /* read so far, and given an outcome or a task */
    bool input_ended;                         /* lines is final */
    uint32_t waiting, backing_off, in_flight; /* in flight: with the executor, started or not */
    uint32_t held_hosts;
};

/* max(4096, 4 x concurrency). */
uint32_t scheduler_window(uint32_t concurrency);

/* NULL when memory is short. */
struct scheduler *scheduler_open(const struct scheduler_config *config);

/* Futures in flight are released; their callbacks must not run any more, so close the executor
 * first. Accepts NULL. */
void scheduler_close(struct scheduler *scheduler);

/* Does all that can be done now: starts what may start, reads the input, reports what ends at once.
 * Does not wait; may block on the output. OK: call again soon, there is more to do; WOULD_BLOCK:
 * wait for the executor, the time scheduler_next_ns() or the input; END: every line has its
 * outcome. */
enum status scheduler_feed(struct scheduler *scheduler);

/* When a retry is due or a host's hold ends; DEADLINE_NEVER: nothing of the kind. */
int64_t scheduler_next_ns(const struct scheduler *scheduler);

/* Whether the last feed ended because the input had nothing: then wait for input_fd() too. */
bool scheduler_waits_for_input(const struct scheduler *scheduler);

/* Nothing new starts; what has not started is cancelled, with detail (borrowed) as the reason, from
 * the next feed on. read_rest: the rest of the input is read and reported as cancelled too. A
 * second call can only turn that off. */
void scheduler_stop(struct scheduler *scheduler, const char *detail, bool read_rest);

/* Cancels what is in flight; it completes in executor_run(). */
void scheduler_cancel_in_flight(struct scheduler *scheduler);

/* Reports as cancelled what is still in flight, without the executor: the last resort. The executor
 * must not run any more afterwards. */
void scheduler_abandon(struct scheduler *scheduler);

/* Whether the executor refused to go on (executor_why_broken()), and whether reading failed
 * (input_why()). */
bool scheduler_is_broken(const struct scheduler *scheduler);
bool scheduler_input_failed(const struct scheduler *scheduler);

void scheduler_count(const struct scheduler *scheduler, struct scheduler_counts *counts);

/* The task that runs longest, for the progress line; NULL: none runs. Valid until the next call of
 * anything. */
const struct task *scheduler_oldest(const struct scheduler *scheduler);

/* The host whose hold ends next; NULL: none is held. */
const struct host *scheduler_held_host(const struct scheduler *scheduler);

#endif
