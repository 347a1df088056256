/* A job that does nothing: what is left is the cost of the engine. */
#ifndef BENCH_EMPTY_JOB_H
#define BENCH_EMPTY_JOB_H

#include "worker/worker.h"

/* Publishes each claim at once; the result says nothing but how long the task was queued. */
extern const struct job_ops empty_job;

/* For a job that differs in start(): its worker, and the claim's result, filled in but for what the caller adds. */
struct worker *empty_worker(const struct job *job);
struct result_shm *empty_result(const struct job *job, const struct claim *claim);

#endif
