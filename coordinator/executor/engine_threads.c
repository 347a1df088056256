/* engine_threads.c: a worker is a thread of the caller's process: no crash is contained, all else is the same. */
#include <errno.h>
#include <signal.h>

#include "coordinator/executor/pool.h"

static void *run_thread(void *context)
{
    struct pool_worker *self = context;
    worker_run(self->worker);
    return NULL;
}

static enum status threads_start(struct executor *executor, uint32_t index)
{
    struct pool_worker *self = &executor->workers[index];
    struct worker_config config;
    pool_worker_config(executor, index, &config);
    enum status status = worker_open(&self->worker, &config);
    if (status != STATUS_OK)
        return status;
    /* Signals are the caller's: none may choose one of our threads. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&self->thread, NULL, run_thread, self);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!error)
        return STATUS_OK;
    worker_close(self->worker);
    self->worker = NULL;
    errno = error;
    return STATUS_SYSTEM;
}

/* A thread ends when it is told to, or when its tasks are used up, which threads have no bound of. */
static bool threads_has_ended(struct executor *executor, uint32_t index, int *wait_status)
{
    (void)executor;
    (void)index;
    (void)wait_status;
    return false;
}

static void threads_kill(struct executor *executor, uint32_t index, int signal)
{
    (void)executor;
    (void)index;
    (void)signal; /* a thread that hangs cannot be taken out of its process */
}

static void threads_join(struct executor *executor, uint32_t index)
{
    struct pool_worker *self = &executor->workers[index];
    pthread_join(self->thread, NULL);
    worker_close(self->worker);
    self->worker = NULL;
}

const struct engine_ops engine_threads = {
    .name = "threads",
    .start = threads_start,
    .has_ended = threads_has_ended,
    .kill = threads_kill,
    .join = threads_join,
};
