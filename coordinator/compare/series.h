/* series.h: all runs of one design, and the figures that they give. A figure is the median of the runs, so that one run
 * that something else disturbed moves nothing. */
#ifndef SHOAL_COMPARE_SERIES_H
#define SHOAL_COMPARE_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fetch_error.h"
#include "common/status.h"
#include "coordinator/compare/design.h"

enum trial_end {
    TRIAL_FINISHED,   /* every URL has its outcome */
    TRIAL_DIED,       /* the run's process was killed by a signal, or says that shoal has a bug */
    TRIAL_CANNOT_RUN, /* the run could not start or go on, and said why */
    TRIAL_CUT,        /* stopped by us, as it was far behind others: its rate is that of the time it had */
    TRIAL_END_COUNT
};

/* One run of the list, in a process of its own. */
struct trial {
    enum trial_end end;
    int signal;                           /* TRIAL_DIED: what killed it; 0: none */
    int exit_status;                      /* of `shoal fetch`; -1 where a signal ended it */
    int64_t wall_ns;                      /* from before the process began until it was gone */
    int64_t cpu_ns;                       /* user and system, of it and all its workers */
    uint64_t memory_bytes;                /* peak of all its processes, shared pages once; 0: not known */
    uint64_t by_error[FETCH_ERROR_COUNT]; /* outcomes until its end; FETCH_OK: fetched */
    uint64_t body_bytes;                  /* decoded */
    char why[160];                        /* what it said last on standard error, one line; "" nothing */
};

uint64_t trial_done(const struct trial *trial); /* outcomes */
/* Of them no success; of a trial that we cut, without those that this cancelled. */
uint64_t trial_failed(const struct trial *trial);
/* Pages fetched a second; 0 for a trial that died or could not run. */
double trial_pages_per_s(const struct trial *trial);

/* Begins with its design and otherwise zero; series_free() gives the trials back. */
struct series {
    struct design design;
    struct trial *trials;
    size_t count;
    size_t room;
};

/* STATUS_OK or STATUS_OUT_OF_MEMORY. */
enum status series_add(struct series *series, const struct trial *trial);
void series_free(struct series *series);

struct spread {
    double median, min, max;
};

/* Of the trials that finished or were cut; all zero if there is none. */
struct figures {
    size_t trials; /* that the times are of */
    size_t died;   /* other trials: these died ... */
    size_t unable; /* ... and these could not run */
    size_t cut;    /* of `trials` */
    struct spread wall_s;
    struct spread pages_per_s;
    struct spread cpu_s;
    uint64_t memory_bytes;     /* the highest of all trials, those that died too */
    uint64_t failed;           /* URLs that failed, in the trial with the most of them */
    const struct trial *worst; /* the first that died or could not run, else that trial; NULL: nothing failed */
};

struct figures series_figures(const struct series *series);

#endif
