/* The engine without the network: a job that does nothing, or nothing right. Whichever engine runs it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fetch_error.h"
#include "tests/support/support.h"
#include "worker/worker.h"

#define TASKS 100000

/* ---- a job that is done at once ---- */

struct job {
    struct worker *worker;
};

static enum status job_open(struct job **job, struct worker *worker)
{
    *job = malloc(sizeof **job);
    if (!*job)
        return STATUS_OUT_OF_MEMORY;
    (*job)->worker = worker;
    return STATUS_OK;
}

static void fill_empty(struct result_shm *result)
{
    memset(result, 0, offsetof(struct result_shm, page_offset));
    result->retry_after_s = -1;
    result->content_type[0] = result->remote_ip[0] = result->detail[0] = '\0';
}

static void job_start(struct job *job, const struct claim *claim)
{
    fill_empty(worker_result(job->worker, claim->slot));
    worker_publish(job->worker, claim);
}

static void job_cancel(struct job *job, uint32_t slot)
{
    (void)job;
    (void)slot;
}

static void job_ready(struct job *job, int fd, uint32_t events)
{
    (void)job;
    (void)fd;
    (void)events;
}

static void job_turn(struct job *job)
{
    (void)job;
}

static int64_t job_deadline_ns(const struct job *job)
{
    (void)job;
    return INT64_MAX;
}

static void job_close(struct job *job)
{
    free(job);
}

#define JOB(start_function) \
    { \
        .name = "test", .open = job_open, .start = (start_function), .cancel = job_cancel, .ready = job_ready, \
        .turn = job_turn, .deadline_ns = job_deadline_ns, .memory_freed = job_turn, .close = job_close \
    }

static const struct job_ops empty_job = JOB(job_start);

/* ---- jobs that do it wrong ---- */

/* The URL says which field is wrong. */
static void start_lying(struct job *job, const struct claim *claim)
{
    const struct worker_config *config = worker_config_of(job->worker);
    struct result_shm *result = worker_result(job->worker, claim->slot);
    const char *what = (const char *)config->shared->bodies + claim->slot * config->shared->body_stride;
    fill_empty(result);
    if (strcmp(what, "error") == 0)
        result->error = 999;
    else if (strcmp(what, "body") == 0)
        result->body_bytes = result->body_stored = UINT64_MAX / 2;
    else if (strcmp(what, "offset") == 0)
        result->body_bytes = result->body_stored = result->body_offset = config->shared->body_stride - 1;
    else if (strcmp(what, "effective") == 0)
        result->effective_bytes = UINT32_MAX;
    else if (strcmp(what, "text") == 0)
        memset(result->detail, 'x', sizeof result->detail);
    worker_publish(job->worker, claim);
}

static const struct job_ops lying_job = JOB(start_lying);

static enum status refuse_to_open(struct job **job, struct worker *worker)
{
    (void)worker;
    *job = NULL;
    return STATUS_INVALID_ARGUMENT;
}

static const struct job_ops broken_job = {.name = "test",
                                          .open = refuse_to_open,
                                          .start = job_start,
                                          .cancel = job_cancel,
                                          .ready = job_ready,
                                          .turn = job_turn,
                                          .deadline_ns = job_deadline_ns,
                                          .memory_freed = job_turn,
                                          .close = job_close};

/* ---- tests ---- */

static struct executor *executor;

static void up(int engine, const struct job_ops *job, uint32_t pending_max)
{
    struct executor_options options;
    char why[256];
    executor_options_init(&options);
    options.engine = (enum executor_engine)engine;
    options.workers = 2;
    options.keep = EXECUTOR_KEEP_NOTHING;
    options.pending_max = pending_max;
    options.job = job;
    ck_assert_msg(executor_open(&executor, &options, why, sizeof why) == STATUS_OK, "%s", why);
}

static void tear_down(void)
{
    executor_close(executor);
    executor = NULL;
}

static struct future *submit(const char *text)
{
    struct future *future;
    const struct request request = {.url = text};
    enum status status = executor_submit(executor, &request, NET_MS, &future);
    ck_assert_msg(status == STATUS_OK, "%s", status_name(status));
    return future;
}

static void count_done(struct future *future, void *context)
{
    uint8_t *times = context;
    ck_assert(future_done(future));
    ck_assert_uint_eq(*times, 0);
    ++*times;
}

START_TEST(a_hundred_thousand_empty_tasks_are_each_done_once)
{
    static uint8_t times[TASKS];
    memset(times, 0, sizeof times);
    up(_i, &empty_job, 0);
    for (int i = 0; i < TASKS; i++) {
        struct future *future = submit("x");
        ck_assert_int_eq(future_add_done_callback(future, count_done, &times[i]), STATUS_OK);
        future_release(future);
    }
    ck_assert_int_eq(executor_shutdown(executor, true, false, NET_MS), STATUS_OK);
    for (int i = 0; i < TASKS; i++)
        ck_assert_msg(times[i] == 1, "task %d is done %d times", i, times[i]);
    struct executor_stats stats;
    executor_stats(executor, &stats);
    ck_assert_uint_eq(stats.submitted, TASKS);
    ck_assert_uint_eq(stats.completed, TASKS);
    ck_assert_uint_eq(stats.worker_deaths, 0);
}
END_TEST

START_TEST(a_hundred_thousand_futures_may_be_pending_at_once)
{
    static struct future *futures[TASKS];
    size_t done;
    up(_i, &empty_job, TASKS);
    for (int i = 0; i < TASKS; i++)
        futures[i] = submit("x");
    ck_assert_int_eq(futures_wait(futures, TASKS, FUTURES_ALL_COMPLETED, NET_MS, &done), STATUS_OK);
    ck_assert_uint_eq(done, TASKS);
    for (int i = 0; i < TASKS; i++)
        future_release(futures[i]);
}
END_TEST

START_TEST(one_task_after_the_other_goes_through_a_sleeping_pool)
{
    up(_i, &empty_job, 0);
    int64_t began_ms = now_ms();
    for (int i = 0; i < 2000; i++) {
        struct future *future = submit("x");
        expect_ok(future);
        future_release(future);
    }
    ck_assert_msg(now_ms() - began_ms < 10000, "it took %lld ms", (long long)(now_ms() - began_ms));
}
END_TEST

START_TEST(a_hundred_workers_share_the_tasks)
{
    struct executor_options options;
    executor_options_init(&options);
    options.engine = (enum executor_engine)_i;
    options.workers = options.concurrency = 100;
    options.keep = EXECUTOR_KEEP_NOTHING;
    options.job = &empty_job;
    ck_assert_int_eq(executor_open(&executor, &options, NULL, 0), STATUS_OK);
    for (int i = 0; i < 20000; i++)
        future_release(submit("x"));
    ck_assert_int_eq(executor_shutdown(executor, true, false, NET_MS), STATUS_OK);
    struct executor_stats stats;
    executor_stats(executor, &stats);
    ck_assert_uint_eq(stats.completed, 20000);
}
END_TEST

/* The task's text is anything, not only what would do as a URL. */
START_TEST(a_task_is_any_text_up_to_the_limit)
{
    char text[URL_BYTES_MAX + 2];
    up(_i, &empty_job, 0);
    memset(text, ' ', sizeof text);
    text[URL_BYTES_MAX] = '\0';
    struct future *future = submit(text);
    expect_ok(future);
    ck_assert_str_eq(future_url(future), text);
    future_release(future);
    text[URL_BYTES_MAX] = ' ';
    text[URL_BYTES_MAX + 1] = '\0';
    const struct request request = {.url = text};
    ck_assert_int_eq(executor_submit(executor, &request, 0, &future), STATUS_INVALID_ARGUMENT);
}
END_TEST

START_TEST(a_result_that_does_not_hold_together_fails_its_task_alone)
{
    static const char *const LIES[] = {"error", "body", "offset", "effective"};
    up(_i, &lying_job, 0);
    for (size_t i = 0; i < sizeof LIES / sizeof LIES[0]; i++) {
        struct future *lie = submit(LIES[i]);
        struct future *good = submit("good");
        expect_error(lie, FETCH_WORKER_CRASHED);
        expect_ok(good);
        future_release(lie);
        future_release(good);
    }
    struct future *text = submit("text");
    ck_assert_uint_eq(strlen(expect_ok(text)->detail), RESULT_DETAIL_BYTES - 1);
    future_release(text);
}
END_TEST

START_TEST(workers_that_cannot_start_break_the_pool_with_a_reason)
{
    up(_i, &broken_job, 0);
    struct future *future = submit("x");
    expect_error(future, FETCH_WORKER_CRASHED);
    ck_assert_str_ne(executor_why_broken(executor), "");
    struct future *refused;
    ck_assert_int_eq(executor_submit_url(executor, "x", &refused), STATUS_BROKEN);
    ck_assert_int_eq(executor_run(executor, -1), STATUS_BROKEN);
    future_release(future);
}
END_TEST

static Suite *job_suite(void)
{
    Suite *suite = suite_create("job");
    TCase *tests = tcase_create("job");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    add_for_each_engine(tests, a_hundred_thousand_empty_tasks_are_each_done_once);
    add_for_each_engine(tests, a_hundred_thousand_futures_may_be_pending_at_once);
    add_for_each_engine(tests, one_task_after_the_other_goes_through_a_sleeping_pool);
    add_for_each_engine(tests, a_hundred_workers_share_the_tasks);
    add_for_each_engine(tests, a_task_is_any_text_up_to_the_limit);
    add_for_each_engine(tests, a_result_that_does_not_hold_together_fails_its_task_alone);
    add_for_each_engine(tests, workers_that_cannot_start_break_the_pool_with_a_reason);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(job_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
