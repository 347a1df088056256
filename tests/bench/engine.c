/* Runs in: coordinator, as a program of its own
 *
 * engine.c: what the engine itself costs: tasks that do nothing, through the ring, the table and the futures.
 *
 *     bench_engine empty [TASKS [WORKERS [threads]]]   empty tasks a second
 *     bench_engine latency [TASKS]                     submit to start, one at a time: p50 and p99
 *     bench_engine kept FILE [WORKERS [IN_FLIGHT]]     the URLs of FILE, every body kept for the caller and touched */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "coordinator/executor.h"
#include "worker/worker.h"

/* ---- a job that does nothing ---- */

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

static void empty_start(struct job *job, const struct claim *claim)
{
    const struct shared *shared = worker_config_of(job->worker)->shared;
    struct result_shm *result = worker_result(job->worker, claim->slot);
    memset(result, 0, offsetof(struct result_shm, sha256));
    result->retry_after_s = -1;
    result->queued_us = (clock_now_ns() - shared->slots[claim->slot].submitted_ns) / NS_PER_US;
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

static const struct job_ops EMPTY = {
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

/* ---- runs ---- */

struct sums {
    uint64_t done;
    uint64_t failed;
    uint64_t bytes;
    uint64_t check;
};

static void add_result(struct future *future, void *context)
{
    struct sums *sums = context;
    const struct fetch_result *result;
    sums->failed += future_result(future, 0, &result) != STATUS_OK;
    sums->done++;
    sums->bytes += result->body_bytes;
    for (uint64_t i = 0; result->body && i < result->body_bytes; i += 64)
        sums->check += result->body[i];
    future_release(future);
}

static struct executor *open_or_exit(const struct executor_options *options)
{
    struct executor *executor;
    char why[256];
    if (executor_open(&executor, options, why, sizeof why) != STATUS_OK) {
        fprintf(stderr, "bench_engine: %s\n", why);
        exit(3);
    }
    return executor;
}

static void submit_or_exit(struct executor *executor, const char *url, struct sums *sums)
{
    struct future *future;
    enum status status = executor_submit_url(executor, url, &future);
    if (status == STATUS_OK)
        status = future_add_done_callback(future, add_result, sums);
    if (status != STATUS_OK) {
        fprintf(stderr, "bench_engine: submit: %s\n", status_name(status));
        exit(3);
    }
}

static void drain(struct executor *executor)
{
    while (executor_run(executor, -1) == STATUS_OK)
        ;
}

static int run_empty(uint64_t tasks, uint32_t workers, bool threads)
{
    struct executor_options options;
    executor_options_init(&options);
    options.engine = threads ? EXECUTOR_THREADS : EXECUTOR_PROCESSES;
    options.workers = workers;
    options.concurrency = 512;
    options.keep = EXECUTOR_KEEP_NOTHING;
    options.job = &EMPTY;
    struct executor *executor = open_or_exit(&options);
    struct sums sums = {0};
    submit_or_exit(executor, "", &sums); /* the workers start outside the measured time */
    drain(executor);
    int64_t began_ns = clock_now_ns();
    for (uint64_t i = 0; i < tasks; i++)
        submit_or_exit(executor, "", &sums);
    drain(executor);
    double seconds = (double)(clock_now_ns() - began_ns) / NS_PER_S;
    struct executor_stats stats;
    executor_stats(executor, &stats);
    executor_close(executor);
    printf("empty: %llu tasks, %u %s: %.0f a second; %zu bytes a pending future\n", (unsigned long long)tasks,
           (unsigned)workers, threads ? "threads" : "processes", (double)tasks / seconds, stats.pending_future_bytes);
    return sums.done == tasks + 1 && sums.failed == 0 ? 0 : 1;
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static int run_latency(uint64_t tasks)
{
    struct executor_options options;
    executor_options_init(&options);
    options.keep = EXECUTOR_KEEP_NOTHING;
    options.job = &EMPTY;
    struct executor *executor = open_or_exit(&options);
    int64_t *queued_us = calloc(tasks, sizeof *queued_us);
    for (uint64_t i = 0; queued_us && i < tasks; i++) {
        struct future *future;
        const struct fetch_result *result;
        if (executor_submit_url(executor, "", &future) != STATUS_OK || future_result(future, -1, &result) != STATUS_OK)
            return 1;
        queued_us[i] = result->time.queued_us;
        future_release(future);
    }
    executor_close(executor);
    if (!queued_us)
        return 1;
    qsort(queued_us, tasks, sizeof *queued_us, compare);
    printf("latency: %llu tasks, one at a time: submit to start p50 %lld us, p99 %lld us\n", (unsigned long long)tasks,
           (long long)queued_us[tasks / 2], (long long)queued_us[tasks * 99 / 100]);
    free(queued_us);
    return 0;
}

static int run_kept(const char *path, uint32_t workers, uint32_t in_flight)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        fprintf(stderr, "bench_engine: cannot read %s\n", path);
        return 2;
    }
    struct executor_options options;
    executor_options_init(&options);
    options.workers = workers;
    options.concurrency = in_flight;
    struct executor *executor = open_or_exit(&options);
    struct sums sums = {0};
    char line[URL_BYTES_MAX + 2];
    int64_t began_ns = clock_now_ns();
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        submit_or_exit(executor, line, &sums);
    }
    drain(executor);
    double seconds = (double)(clock_now_ns() - began_ns) / NS_PER_S;
    executor_close(executor);
    fclose(file);
    printf("kept: %llu pages, %llu failed, %.1f MB: %.0f pages a second\n", (unsigned long long)sums.done,
           (unsigned long long)sums.failed, (double)sums.bytes / 1e6, (double)sums.done / seconds);
    return sums.failed ? 1 : 0;
}

static uint64_t number(int argc, char **argv, int at, uint64_t otherwise)
{
    return at < argc ? strtoull(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "empty") == 0)
        return run_empty(number(argc, argv, 2, 2000000), (uint32_t)number(argc, argv, 3, 2),
                         argc > 4 && strcmp(argv[4], "threads") == 0);
    if (argc >= 2 && strcmp(argv[1], "latency") == 0)
        return run_latency(number(argc, argv, 2, 20000));
    if (argc >= 3 && strcmp(argv[1], "kept") == 0)
        return run_kept(argv[2], (uint32_t)number(argc, argv, 3, 0), (uint32_t)number(argc, argv, 4, 64));
    fprintf(stderr,
            "usage: bench_engine empty [TASKS [WORKERS [threads]]] | latency [TASKS] | kept FILE [WORKERS [N]]\n");
    return 2;
}
