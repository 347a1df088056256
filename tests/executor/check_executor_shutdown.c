/* How an executor begins, is shared out and ends, whichever engine it has: coordinator/executor/executor.h.
 * (N): the rule of Python's futures beside a test; see check_executor_futures.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/support.h"

static struct rig rig;

static void tear_down(void)
{
    rig_down(&rig);
}

static void up_narrow(int engine)
{
    rig_begin(&rig, engine);
    rig.options.workers = 1;
    rig.options.concurrency = 1;
    rig_open(&rig);
}

static enum status submit_status(void)
{
    struct future *future = (void *)&rig;
    enum status status = executor_submit_url(rig.executor, "http://127.0.0.1:1/", &future);
    ck_assert(status == STATUS_OK || future == NULL);
    return status;
}

/* ---- options ---- */

START_TEST(options_that_cannot_be_are_refused_with_a_reason)
{
    struct executor_options options[10];
    struct executor *executor;
    char why[256];
    for (size_t i = 0; i < 10; i++)
        executor_options_init(&options[i]);
    options[0].engine = EXECUTOR_ENGINE_COUNT;
    options[1].workers = WORKERS_MAX + 1;
    options[2].concurrency = 0;
    options[3].concurrency = CONCURRENCY_MAX + 1;
    options[4].limits.body_bytes_max = 0;
    options[5].limits.total_timeout_ms = 0;
    options[6].memory_bytes_max = 0;
    options[7].user_agent = "a\nb";
    options[8].limits.header_count_max = 0;
    static const char *const LINES[] = {"X-A: b\r\nX-C: d"};
    options[9].headers = LINES;
    options[9].header_count = 1;
    size_t before = descriptors_open();
    for (size_t i = 0; i < 10; i++) {
        executor = (void *)&rig;
        why[0] = '\0';
        ck_assert_msg(executor_open(&executor, &options[i], why, sizeof why) == STATUS_INVALID_ARGUMENT, "%zu", i);
        ck_assert_ptr_null(executor);
        ck_assert_msg(why[0] != '\0' && !strchr(why, '\n'), "%zu: '%s'", i, why);
    }
    ck_assert_int_eq(executor_open(&executor, &options[0], NULL, 0), STATUS_INVALID_ARGUMENT);
    ck_assert_uint_eq(descriptors_open(), before);
}
END_TEST

START_TEST(defaults_are_enough)
{
    ck_assert_int_eq(origin_start(&rig.origin), 0);
    ck_assert_int_eq(executor_open(&rig.executor, NULL, NULL, 0), STATUS_OK);
    struct future *future = rig_submit(&rig, "/bytes/9");
    expect_ok(future);
    future_release(future);
    ck_assert_str_eq(executor_why_broken(rig.executor), "");
}
END_TEST

START_TEST(nothing_runs_before_the_first_submit) /* (14) */
{
    rig_up(&rig, _i);
    struct executor_stats stats;
    ck_assert_uint_eq(children_of_self(&rig.origin, NULL, 0), 0);
    executor_stats(rig.executor, &stats);
    ck_assert_uint_eq(stats.workers_alive, 0);
    ck_assert_uint_eq(stats.workers, _i == EXECUTOR_SERIAL ? 1 : 2);
    ck_assert_int_eq(executor_run(rig.executor, 0), STATUS_END);
    ck_assert_int_eq(executor_run(rig.executor, -1), STATUS_END);
}
END_TEST

START_TEST(an_executor_closed_at_once_leaves_nothing_open)
{
    rig_begin(&rig, _i);
    size_t before = descriptors_open();
    rig_open(&rig);
    executor_close(rig.executor);
    rig.executor = NULL;
    executor_close(NULL);
    ck_assert_uint_eq(descriptors_open(), before);
}
END_TEST

START_TEST(open_and_close_leave_no_descriptor_and_no_process)
{
    rig_begin(&rig, _i);
    size_t before = 0;
    for (int i = 0; i < 5; i++) {
        rig_open(&rig);
        struct future *future = rig_submit(&rig, "/bytes/9");
        expect_ok(future);
        future_release(future);
        executor_close(rig.executor);
        rig.executor = NULL;
        ck_assert_uint_eq(children_of_self(&rig.origin, NULL, 0), 0);
        if (i == 0)
            before = descriptors_open(); /* libraries keep some of their own */
    }
    ck_assert_uint_eq(descriptors_open(), before);
}
END_TEST

/* ---- shutdown ---- */

START_TEST(submit_after_shutdown_is_refused) /* (12) (13) */
{
    rig_up(&rig, _i);
    ck_assert_int_eq(executor_shutdown(rig.executor, false, false, 0), STATUS_OK);
    ck_assert_int_eq(submit_status(), STATUS_SHUT_DOWN);
    ck_assert_int_eq(executor_shutdown(rig.executor, true, true, -1), STATUS_OK);
    ck_assert_int_eq(submit_status(), STATUS_SHUT_DOWN);
}
END_TEST

START_TEST(shutdown_with_wait_finishes_what_is_pending) /* (13) */
{
    enum { COUNT = 100 };
    rig_up(&rig, _i);
    struct future *futures[COUNT];
    for (int i = 0; i < COUNT; i++)
        futures[i] = rig_submit(&rig, "/delay/5/bytes/%d", i);
    ck_assert_int_eq(executor_shutdown(rig.executor, true, false, -1), STATUS_OK);
    for (int i = 0; i < COUNT; i++) {
        ck_assert(future_done(futures[i]));
        expect_text_body(expect_ok(futures[i]), (uint64_t)i);
        future_release(futures[i]);
    }
    ck_assert_uint_eq(children_of_self(&rig.origin, NULL, 0), 0);
    struct executor_stats stats;
    executor_stats(rig.executor, &stats);
    ck_assert_uint_eq(stats.workers_alive, 0);
    ck_assert_int_eq(executor_shutdown(rig.executor, true, false, -1), STATUS_OK);
    ck_assert_int_eq(executor_shutdown(rig.executor, false, true, -1), STATUS_OK);
}
END_TEST

START_TEST(shutdown_without_wait_returns_at_once_and_the_work_goes_on) /* (13) */
{
    rig_up(&rig, _i);
    struct future *future = rig_submit(&rig, "/delay/200/bytes/7");
    ck_assert_int_eq(executor_shutdown(rig.executor, false, false, 0), STATUS_OK);
    ck_assert(!future_done(future));
    expect_text_body(expect_ok(future), 7);
    future_release(future);
}
END_TEST

START_TEST(shutdown_that_cancels_lets_what_runs_complete) /* (13) */
{
    enum { COUNT = 300 };
    up_narrow(_i);
    struct future *futures[COUNT];
    futures[0] = rig_submit(&rig, "/delay/300/bytes/7");
    run_until_running(rig.executor, futures[0]);
    for (int i = 1; i < COUNT; i++)
        futures[i] = rig_submit(&rig, "/bytes/1");
    ck_assert_int_eq(executor_shutdown(rig.executor, true, true, -1), STATUS_OK);
    expect_text_body(expect_ok(futures[0]), 7);
    future_release(futures[0]);
    for (int i = 1; i < COUNT; i++) {
        expect_cancelled(futures[i]);
        future_release(futures[i]);
    }
    struct origin_counts counts;
    origin_counts_read(&rig.origin, &counts);
    ck_assert_uint_eq(counts.requests, 1);
}
END_TEST

START_TEST(shutdown_that_cancels_yields_the_cancelled) /* (3), differs on purpose */
{
    up_narrow(_i);
    struct future *futures[3];
    for (int i = 0; i < 3; i++)
        futures[i] = rig_submit(&rig, i ? "/bytes/1" : "/delay/100/bytes/1");
    run_until_running(rig.executor, futures[0]);
    struct completions *completions;
    ck_assert_int_eq(futures_as_completed(futures, 3, NET_MS, &completions), STATUS_OK);
    ck_assert_int_eq(executor_shutdown(rig.executor, false, true, 0), STATUS_OK);
    struct future *next;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(completions_next(completions, &next), STATUS_OK);
    ck_assert_ptr_eq(next, futures[0]);
    ck_assert_int_eq(completions_next(completions, &next), STATUS_END);
    completions_close(completions);
    for (int i = 0; i < 3; i++)
        future_release(futures[i]);
}
END_TEST

START_TEST(shutdown_gives_up_after_its_time_and_may_be_called_again) /* (13): asked for, not in Python */
{
    up_narrow(_i);
    struct future *future = rig_submit(&rig, "/delay/400/bytes/7");
    ck_assert_int_eq(executor_shutdown(rig.executor, true, false, 0), STATUS_TIMEOUT);
    ck_assert_int_eq(executor_shutdown(rig.executor, true, false, 50), STATUS_TIMEOUT);
    ck_assert(!future_done(future));
    ck_assert_int_eq(executor_shutdown(rig.executor, true, false, NET_MS), STATUS_OK);
    expect_text_body(expect_ok(future), 7);
    future_release(future);
}
END_TEST

static void check_ended_workers(int engine, void (*end)(struct executor *))
{
    up_narrow(engine);
    struct future *runs = rig_submit(&rig, engine == EXECUTOR_PROCESSES ? "/never" : "/delay/200/bytes/1");
    struct future *waits = rig_submit(&rig, "/bytes/1");
    run_until_running(rig.executor, runs);
    end(rig.executor);
    ck_assert_int_eq(submit_status(), STATUS_SHUT_DOWN);
    expect_cancelled(waits);
    if (engine == EXECUTOR_PROCESSES)
        expect_cancelled(runs);
    else
        expect_ok(runs); /* no thread can be taken out of its process */
    ck_assert_int_eq(executor_shutdown(rig.executor, true, false, NET_MS), STATUS_OK);
    ck_assert_uint_eq(children_of_self(&rig.origin, NULL, 0), 0);
    future_release(runs);
    future_release(waits);
}

START_TEST(terminated_workers_cancel_what_ran) /* (19) */
{
    check_ended_workers(_i, executor_terminate_workers);
}
END_TEST

START_TEST(killed_workers_cancel_what_ran) /* (19) */
{
    check_ended_workers(_i, executor_kill_workers);
}
END_TEST

/* ---- close ---- */

START_TEST(close_leaves_results_readable_until_they_are_released)
{
    enum { COUNT = 30 };
    rig_begin(&rig, _i);
    rig_open(&rig);
    struct future *futures[COUNT];
    for (int i = 0; i < COUNT; i++)
        futures[i] = rig_submit(&rig, "/bytes/%d", 1000 * i);
    ck_assert_int_eq(executor_shutdown(rig.executor, true, false, -1), STATUS_OK);
    executor_close(rig.executor);
    rig.executor = NULL;
    ck_assert_uint_eq(children_of_self(&rig.origin, NULL, 0), 0);
    struct completions *completions;
    ck_assert_int_eq(futures_as_completed(futures, COUNT, 0, &completions), STATUS_OK);
    struct future *future;
    int yielded = 0;
    for (; completions_next(completions, &future) == STATUS_OK; yielded++)
        ck_assert(future_done(future));
    ck_assert_int_eq(yielded, COUNT);
    completions_close(completions);
    for (int i = 0; i < COUNT; i++) {
        expect_text_body(expect_ok(futures[i]), (uint64_t)i * 1000);
        future_release(futures[i]);
    }
}
END_TEST

START_TEST(close_gives_everything_back_with_the_last_future)
{
    rig_begin(&rig, _i);
    rig_open(&rig); /* once before, for what libraries keep */
    struct future *future = rig_submit(&rig, "/bytes/10");
    expect_ok(future);
    future_release(future);
    executor_close(rig.executor);
    size_t before = descriptors_open();
    rig_open(&rig);
    future = rig_submit(&rig, "/bytes/10");
    expect_ok(future);
    executor_close(rig.executor);
    rig.executor = NULL;
    expect_ok(future);
    future_release(future);
    ck_assert_uint_eq(descriptors_open(), before);
}
END_TEST

START_TEST(close_cancels_all_that_is_not_done)
{
    enum { COUNT = 200 };
    rig_up(&rig, _i);
    struct future *futures[COUNT];
    for (int i = 0; i < COUNT; i++)
        futures[i] = rig_submit(&rig, "/never");
    run_until_running(rig.executor, futures[0]);
    executor_close(rig.executor);
    rig.executor = NULL;
    ck_assert_uint_eq(children_of_self(&rig.origin, NULL, 0), 0);
    for (int i = 0; i < COUNT; i++) {
        expect_cancelled(futures[i]);
        future_release(futures[i]);
    }
}
END_TEST

START_TEST(close_with_futures_released_while_they_run)
{
    rig_up(&rig, _i);
    struct future *first = rig_submit(&rig, "/never");
    run_until_running(rig.executor, first);
    future_release(first);
    for (int i = 0; i < 200; i++)
        future_release(rig_submit(&rig, "/never"));
    executor_close(rig.executor);
    rig.executor = NULL;
    ck_assert_uint_eq(children_of_self(&rig.origin, NULL, 0), 0);
}
END_TEST

static Suite *shutdown_suite(void)
{
    Suite *suite = suite_create("executor");
    TCase *tests = tcase_create("begin and end");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_test(tests, options_that_cannot_be_are_refused_with_a_reason);
    if (engine_is_tested(EXECUTOR_PROCESSES)) /* the default */
        tcase_add_test(tests, defaults_are_enough);
    add_for_each_engine(tests, nothing_runs_before_the_first_submit);
    add_for_each_engine(tests, an_executor_closed_at_once_leaves_nothing_open);
    add_for_each_engine(tests, open_and_close_leave_no_descriptor_and_no_process);
    add_for_each_engine(tests, submit_after_shutdown_is_refused);
    add_for_each_engine(tests, shutdown_with_wait_finishes_what_is_pending);
    add_for_each_engine(tests, shutdown_without_wait_returns_at_once_and_the_work_goes_on);
    add_for_each_engine(tests, shutdown_that_cancels_lets_what_runs_complete);
    add_for_each_engine(tests, shutdown_that_cancels_yields_the_cancelled);
    add_for_each_engine(tests, shutdown_gives_up_after_its_time_and_may_be_called_again);
    add_for_each_engine(tests, terminated_workers_cancel_what_ran);
    add_for_each_engine(tests, killed_workers_cancel_what_ran);
    add_for_each_engine(tests, close_leaves_results_readable_until_they_are_released);
    add_for_each_engine(tests, close_gives_everything_back_with_the_last_future);
    add_for_each_engine(tests, close_cancels_all_that_is_not_done);
    add_for_each_engine(tests, close_with_futures_released_while_they_run);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(shutdown_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
