/* empty_job.c: A job that does nothing. */
#include "tests/bench/empty_job.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

struct job {
    struct worker *worker;
};

static enum status empty_open(struct job **job, struct worker *worker)
{
    *job = malloc(sizeof **job);
    if (!*job)
        return STATUS_OUT_OF_MEMORY;
    (*job)->worker = worker;
    return STATUS_OK;
}

struct worker *empty_worker(const struct job *job)
{
    return job->worker;
}

struct result_shm *empty_result(const struct job *job, const struct claim *claim)
{
    const struct shared *shared = worker_config_of(job->worker)->shared;
    struct result_shm *result = worker_result(job->worker, claim->slot);
    memset(result, 0, offsetof(struct result_shm, page_offset));
    result->retry_after_s = -1;
    result->queued_us = (clock_now_ns() - shared->slots[claim->slot].submitted_ns) / NS_PER_US;
    return result;
}

static void empty_start(struct job *job, const struct claim *claim)
{
    empty_result(job, claim);
    worker_publish(job->worker, claim);
}

static void empty_cancel(struct job *job, uint32_t slot)
{
    (void)job;
    (void)slot;
}

static void empty_ready(struct job *job, int fd, uint32_t events)
{
    (void)job;
    (void)fd;
    (void)events;
}

static void empty_turn(struct job *job)
{
    (void)job;
}

static int64_t empty_deadline_ns(const struct job *job)
{
    (void)job;
    return DEADLINE_NEVER;
}

static void empty_close(struct job *job)
{
    free(job);
}

const struct job_ops empty_job = {
    .name = "empty",
    .open = empty_open,
    .start = empty_start,
    .cancel = empty_cancel,
    .ready = empty_ready,
    .turn = empty_turn,
    .deadline_ns = empty_deadline_ns,
    .memory_freed = empty_turn,
    .close = empty_close,
};
