/* calls.c: what a system call costs in a worker, for each part of the sandbox. */
#include "tests/bench/calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "coordinator/executor/executor.h"
#include "tests/bench/empty_job.h"

#define ROUNDS 9
#define NONE (WORKER_SANDBOX_COUNT + 1) /* behind the parts, and all of them */
#define KIND_COUNT (WORKER_SANDBOX_COUNT + 2)

/* As often as the task says; wire_bytes receives the nanoseconds of CPU time. */
static void call_start(struct job *job, const struct claim *claim)
{
    struct worker *worker = empty_worker(job);
    const struct shared *shared = worker_config_of(worker)->shared;
    struct result_shm *result = empty_result(job, claim);
    unsigned long calls = strtoul((const char *)shared->bodies + claim->slot * shared->body_stride, NULL, 10);
    struct timespec from;
    struct timespec to;
    char byte;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (unsigned long i = 0; i < calls; i++)
        recv(-1, &byte, 1, 0); /* one that a page takes, on nothing: the way into the kernel and out */
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    result->wire_bytes = (uint64_t)((to.tv_sec - from.tv_sec) * 1000000000 + to.tv_nsec - from.tv_nsec);
    worker_publish(worker, claim);
}

static double ns_of_a_call(const struct job_ops *job, uint32_t sandbox, const char *calls)
{
    struct executor_options options;
    struct executor *executor;
    struct future *future;
    const struct fetch_result *result;
    char why[256];
    executor_options_init(&options);
    options.workers = 1;
    options.hang_time_ms = 0;
    options.sandbox = sandbox;
    options.job = job;
    if (executor_open(&executor, &options, why, sizeof why) != STATUS_OK) {
        fprintf(stderr, "bench_engine: %s\n", why);
        exit(3);
    }
    if (executor_submit_url(executor, calls, &future) != STATUS_OK || future_result(future, -1, &result) != STATUS_OK)
        exit(3);
    double ns = (double)result->wire_bytes / strtod(calls, NULL);
    future_release(future);
    executor_close(executor);
    return ns;
}

static const char *kind_name(uint32_t kind)
{
    return kind == NONE ? "none" : kind == WORKER_SANDBOX_COUNT ? "all" : worker_sandbox_names[kind];
}

int run_calls(uint64_t calls)
{
    struct job_ops job = empty_job;
    char text[24];
    double least[KIND_COUNT] = {0};
    job.start = call_start;
    snprintf(text, sizeof text, "%llu", (unsigned long long)calls);
    for (int round = 0; round < ROUNDS; round++) {
        for (uint32_t kind = 0; kind < KIND_COUNT; kind++) {
            uint32_t parts = kind == NONE ? 0 : kind == WORKER_SANDBOX_COUNT ? EXECUTOR_SANDBOX_ALL : 1u << kind;
            double ns = ns_of_a_call(&job, parts, text);
            if (round == 0 || ns < least[kind]) /* what disturbs only adds */
                least[kind] = ns;
        }
    }
    for (uint32_t kind = 0; kind < KIND_COUNT; kind++)
        printf("call_ns_%s %.1f\n", kind_name(kind), least[kind]);
    return 0;
}
