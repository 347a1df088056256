/* engine.c: what the engine itself costs: tasks that do nothing, through the ring, the table and the futures.
 *
 *     bench_engine empty [TASKS [WORKERS [threads]]]   empty tasks a second
 *     bench_engine latency [TASKS]                     submit to start, one at a time: p50 and p99
 *     bench_engine pending [FUTURES]                   memory of futures that wait, by the growth of the resident set
 *     bench_engine calls [CALLS]                       CPU time of a system call in a worker, by part of the sandbox
 *     bench_engine kept FILE [WORKERS [IN_FLIGHT]]     the URLs of FILE, every body kept for the caller and touched
 *
 * Prints lines "NAME VALUE", for people and for tests/bench/engine.py alike. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "coordinator/executor/executor.h"
#include "tests/bench/calls.h"
#include "tests/bench/empty_job.h"

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

static void print_count(const char *name, uint64_t value)
{
    printf("%s %llu\n", name, (unsigned long long)value);
}

static void print_value(const char *name, double value)
{
    printf("%s %.1f\n", name, value);
}

/* Options of a run of tasks that do nothing. */
static void empty_options(struct executor_options *options, enum executor_engine engine)
{
    executor_options_init(options);
    options->engine = engine;
    options->keep = EXECUTOR_KEEP_NOTHING;
    options->job = &empty_job;
}

static int run_empty(uint64_t tasks, uint32_t workers, bool threads)
{
    struct executor_options options;
    empty_options(&options, threads ? EXECUTOR_THREADS : EXECUTOR_PROCESSES);
    options.workers = workers;
    options.concurrency = 512;
    struct executor *executor = open_or_exit(&options);
    struct sums sums = {0};
    submit_or_exit(executor, "", &sums); /* the workers start outside the measured time */
    drain(executor);
    int64_t began_ns = clock_now_ns();
    for (uint64_t i = 0; i < tasks; i++)
        submit_or_exit(executor, "", &sums);
    drain(executor);
    double seconds = (double)(clock_now_ns() - began_ns) / NS_PER_S;
    executor_close(executor);
    printf("engine %s\n", threads ? "threads" : "processes");
    print_count("workers", workers);
    print_count("tasks", tasks);
    print_value("tasks_per_second", (double)tasks / seconds);
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
    empty_options(&options, EXECUTOR_PROCESSES);
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
    print_count("tasks", tasks);
    print_count("submit_to_start_p50_us", (uint64_t)queued_us[tasks / 2]);
    print_count("submit_to_start_p99_us", (uint64_t)queued_us[tasks * 99 / 100]);
    free(queued_us);
    return 0;
}

/* Resident memory of this process; 0 when the kernel does not say. */
static uint64_t resident_bytes(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file) {
        if (fscanf(file, "%*s %llu", &pages) != 1)
            pages = 0;
        fclose(file);
    }
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The serial engine starts nothing before the caller waits: what was submitted is pending, to the last one. */
static int run_pending(uint32_t count)
{
    struct executor_options options;
    empty_options(&options, EXECUTOR_SERIAL);
    options.workers = 1;
    options.concurrency = 1;
    options.pending_max = count + 1;
    struct executor *executor = open_or_exit(&options);
    struct future **futures = malloc(count * sizeof *futures);
    struct executor_stats stats;
    char url[64];
    uint64_t url_bytes = 0;
    uint32_t submitted = 0;
    if (!futures)
        return 1;
    memset(futures, 0xff, count * sizeof *futures); /* resident before, so not counted */
    uint64_t before = resident_bytes();
    for (; submitted < count; submitted++) {
        url_bytes += (uint64_t)snprintf(url, sizeof url, "http://192.0.2.1/page/%07u", (unsigned)submitted) + 1;
        if (executor_submit_url(executor, url, &futures[submitted]) != STATUS_OK)
            break;
    }
    uint64_t after = resident_bytes();
    executor_stats(executor, &stats);
    drain(executor);
    uint32_t done = 0;
    for (uint32_t i = 0; i < submitted; i++) {
        done += future_done(futures[i]);
        future_release(futures[i]);
    }
    executor_close(executor);
    free((void *)futures);
    print_count("futures", count);
    print_value("resident_bytes_per_future", (double)(after - before) / count);
    print_value("url_bytes_per_future", (double)url_bytes / count);
    print_count("stated_bytes_per_future", stats.pending_future_bytes);
    return before && stats.pending == count && done == count ? 0 : 1;
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
    print_count("pages", sums.done);
    print_count("failed", sums.failed);
    print_value("megabytes", (double)sums.bytes / 1e6);
    print_value("pages_per_second", (double)sums.done / seconds);
    return sums.failed ? 1 : 0;
}

static uint64_t number(int argc, char **argv, int at, uint64_t otherwise)
{
    uint64_t value = at < argc ? strtoull(argv[at], NULL, 10) : otherwise;
    return value > 0 ? value : otherwise;
}

int main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "empty") == 0)
        return run_empty(number(argc, argv, 2, 2000000), (uint32_t)number(argc, argv, 3, 2),
                         argc > 4 && strcmp(argv[4], "threads") == 0);
    if (argc >= 2 && strcmp(argv[1], "latency") == 0)
        return run_latency(number(argc, argv, 2, 20000));
    if (argc >= 2 && strcmp(argv[1], "pending") == 0)
        return run_pending((uint32_t)number(argc, argv, 2, 1000000));
    if (argc >= 2 && strcmp(argv[1], "calls") == 0)
        return run_calls(number(argc, argv, 2, 300000));
    if (argc >= 3 && strcmp(argv[1], "kept") == 0)
        return run_kept(argv[2], (uint32_t)number(argc, argv, 3, 0), (uint32_t)number(argc, argv, 4, 64));
    fprintf(stderr, "usage: bench_engine empty [TASKS [WORKERS [threads]]] | latency [TASKS] | pending [FUTURES] |\n"
                    "       calls [CALLS] | kept FILE [WORKERS [IN_FLIGHT]]\n");
    return 2;
}
