/* run.h: the loop of a command that fetches, and how it comes to its end.
 *
 * DESIGN. One wait covers results, due times, signals and input. The end comes in phases, each with
 * its time:
 *
 *     RUNNING --first signal--> GRACE: nothing new starts, what is in flight has 5 s
 *        |                        | second signal, or 5 s
 *        +--output fails--------> ABORT: transfers are aborted
 *                                 | 1 s: a worker does not obey
 *                                KILL: workers are killed
 *                                 | 1 s: not even that helped
 *                                ABANDON: what is left is reported as cancelled
 *
 * Each ends as soon as every line has its outcome. */
#ifndef SHOAL_RUN_H
#define SHOAL_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/executor/executor.h"
#include "coordinator/output/delivery.h"
#include "coordinator/output/progress.h"
#include "coordinator/run/input.h"
#include "coordinator/run/signals.h"
#include "coordinator/run/wakeups.h"
#include "coordinator/run/work.h"
#include "coordinator/text/writer.h"

#define RUN_GRACE_MS 5000
#define RUN_ABORT_MS 1000
#define RUN_KILL_MS 1000

/* A signal that follows the first within this time is taken for the same one: `timeout` and some
 * shells send it to the process and to its group. */
#define RUN_SAME_SIGNAL_MS 100

enum run_phase { RUN_RUNNING, RUN_GRACE, RUN_ABORT, RUN_KILL, RUN_ABANDON };

/* All pointers are borrowed. */
struct run {
    struct executor *executor;
    struct work *work;
    struct delivery *delivery;
    struct input *input;
    struct signals *signals;
    struct wakeups *wakeups;
    struct progress *progress;
    struct writer_interrupt *interrupt; /* of the writers: its deadline is moved here */
    uint64_t total_known;               /* lines of input, where known beforehand; 0: not */

    /* The run's own; zero at the beginning. */
    enum run_phase phase;
    int64_t phase_ends_ns;
    int64_t first_signal_ns;
    int64_t flushed_ns;
    bool stop_now; /* a second signal came */
    bool broken;   /* the executor cannot go on */
    char detail[64];
};

/* Runs until every line of the input has its outcome. Blocks; ends early after signals. What went
 * wrong: run->broken, delivery_status(), work->ops->input_failed(), signals->first. */
void run_until_end(struct run *run);

/* For writer_interrupt.give_up: context is the run. True once a second signal has come. */
bool run_gives_up_writing(void *context);

#endif
