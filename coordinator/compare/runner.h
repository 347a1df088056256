/* runner.h: one run of the list, in a fresh process: `shoal fetch` as a user would start it, but that it counts its outcomes
 * in a page that we share with it, and shows nothing. */
#ifndef SHOAL_COMPARE_RUNNER_H
#define SHOAL_COMPARE_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "coordinator/compare/list.h"
#include "coordinator/compare/series.h"
#include "coordinator/output/tally.h"
#include "coordinator/run/signals.h"

/* Opened once for all runs. The pointers are borrowed. */
struct runner {
    const struct list *list;
    const char *const *passed; /* options of fetch that every run gets, as arguments */
    size_t passed_count;
    const char *crash_url; /* NULL: none */
    struct signals *signals;
    /* Called now and then during a run; NULL: not. */
    void (*watch)(void *context, const struct tally_shm *tally, int64_t elapsed_ns);
    void *watch_context;

    /* The runner's own. */
    struct tally_shm *tally;
    int tally_fd;
};

/* STATUS_OK, or SYSTEM with errno. */
enum status runner_open(struct runner *runner);
void runner_close(struct runner *runner);

/* Runs the list in one design and fills in the trial. cut_ns: a run that takes longer is stopped, TRIAL_CUT; 0: never.
 * Blocks. OK, whatever became of the run; INTERRUPTED: a signal came, the run was stopped and the trial is void; SYSTEM with
 * why filled: no process could be made. Leaves no process behind; the calling process adopts orphans from runner_open() on. */
enum status runner_run(struct runner *runner, const struct design *design, int64_t cut_ns, struct trial *trial,
                       char *why, size_t why_bytes);

#endif
