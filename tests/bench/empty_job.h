/* Runs in: worker. A job that does nothing: what is left is the cost of the engine. */
#ifndef BENCH_EMPTY_JOB_H
#define BENCH_EMPTY_JOB_H

#include "worker/worker.h"

/* Publishes each claim at once; the result says nothing but how long the task was queued. */
extern const struct job_ops empty_job;

#endif
