/* Many futures at once: as_completed, wait, map; whichever engine runs them. (N): the rule of Python's
 * futures beside a test; see check_executor_futures.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/support.h"

static struct rig rig;

static void tear_down(void)
{
    rig_down(&rig);
}

static void release_all(struct future **futures, size_t count)
{
    for (size_t i = 0; i < count; i++)
        future_release(futures[i]);
}

/* Times that a test compares are so much longer under the tools, where the start of a worker alone takes long. */
#ifdef SHOAL_SANITIZED
#define SLOWNESS 8
#else
#define SLOWNESS 1
#endif

static struct completions *as_completed(struct future **futures, size_t count, int64_t timeout_ms)
{
    struct completions *completions;
    ck_assert_int_eq(futures_as_completed(futures, count, timeout_ms, &completions), STATUS_OK);
    return completions;
}

static struct future *next_of(struct completions *completions)
{
    struct future *future;
    enum status status = completions_next(completions, &future);
    ck_assert_msg(status == STATUS_OK, "%s", status_name(status));
    ck_assert(future_done(future));
    return future;
}

static void expect_end(struct completions *completions)
{
    struct future *future = (void *)&rig;
    ck_assert_uint_eq(completions_left(completions), 0);
    ck_assert_int_eq(completions_next(completions, &future), STATUS_END);
    ck_assert_ptr_null(future);
    completions_close(completions);
}

/* ---- as_completed ---- */

START_TEST(futures_are_yielded_in_the_order_they_complete) /* (10) */
{
    static const int DELAYS_MS[] = {700, 100, 500, 300};
    static const int ORDER[] = {1, 3, 2, 0};
    struct future *futures[4];
    rig_up(&rig, _i);
    for (int i = 0; i < 4; i++)
        futures[i] = rig_submit(&rig, "/delay/%d/bytes/1", SLOWNESS * DELAYS_MS[i]);
    struct completions *completions = as_completed(futures, 4, NET_MS);
    ck_assert_uint_eq(completions_left(completions), 4);
    for (int i = 0; i < 4; i++)
        ck_assert_ptr_eq(next_of(completions), futures[_i == EXECUTOR_SERIAL ? i : ORDER[i]]);
    expect_end(completions);
    release_all(futures, 4);
}
END_TEST

START_TEST(a_duplicate_is_yielded_once) /* (10) */
{
    struct future *distinct[3];
    rig_up(&rig, _i);
    for (int i = 0; i < 3; i++)
        distinct[i] = rig_submit(&rig, i == 2 ? "/delay/100/bytes/1" : "/bytes/1");
    expect_ok(distinct[0]);
    struct future *futures[] = {distinct[0], distinct[2], distinct[0], distinct[1], distinct[2], distinct[0]};
    struct completions *completions = as_completed(futures, 6, NET_MS);
    ck_assert_uint_eq(completions_left(completions), 3);
    bool seen[3] = {false};
    for (int i = 0; i < 3; i++) {
        struct future *future = next_of(completions);
        for (int j = 0; j < 3; j++)
            if (future == distinct[j]) {
                ck_assert(!seen[j]);
                seen[j] = true;
            }
    }
    expect_end(completions);
    release_all(distinct, 3);
}
END_TEST

START_TEST(what_is_done_already_comes_first) /* (10) */
{
    struct future *futures[3];
    rig_up(&rig, _i);
    for (int i = 0; i < 3; i++)
        futures[i] = rig_submit(&rig, i == 2 ? "/bytes/1" : "/delay/200/bytes/1");
    expect_ok(futures[2]);
    bool others_done = future_done(futures[0]); /* serial: in order of submission */
    struct completions *completions = as_completed(futures, 3, NET_MS);
    struct future *first = next_of(completions);
    ck_assert(first == futures[2] || others_done);
    next_of(completions);
    next_of(completions);
    expect_end(completions);
    release_all(futures, 3);
}
END_TEST

START_TEST(nothing_to_wait_for_ends_at_once)
{
    size_t done = 7;
    rig_up(&rig, _i);
    expect_end(as_completed(NULL, 0, -1));
    ck_assert_int_eq(futures_wait(NULL, 0, FUTURES_ALL_COMPLETED, -1, &done), STATUS_OK);
    ck_assert_int_eq(futures_wait(NULL, 0, FUTURES_FIRST_COMPLETED, -1, &done), STATUS_OK);
    ck_assert_int_eq(futures_wait(NULL, 0, FUTURES_FIRST_ERROR, -1, &done), STATUS_OK);
    ck_assert_uint_eq(done, 0);
}
END_TEST

START_TEST(futures_of_several_executors_are_yielded_together) /* (10) */
{
    enum { EXECUTORS = 3, EACH = 20 };
    struct executor *executors[EXECUTORS];
    struct future *futures[EXECUTORS * EACH];
    char url[128];
    rig_begin(&rig, _i);
    for (int i = 0; i < EXECUTORS; i++) {
        rig.options.engine = (enum executor_engine)((i + _i) % EXECUTOR_ENGINE_COUNT);
        ck_assert_int_eq(executor_open(&executors[i], &rig.options, NULL, 0), STATUS_OK);
    }
    for (int i = 0; i < EXECUTORS * EACH; i++) {
        origin_url(&rig.origin, url, sizeof url, "/delay/10/bytes/%d", i);
        ck_assert_int_eq(executor_submit_url(executors[i % EXECUTORS], url, &futures[i]), STATUS_OK);
    }
    struct completions *completions = as_completed(futures, EXECUTORS * EACH, NET_MS);
    for (int i = 0; i < EXECUTORS * EACH; i++)
        next_of(completions);
    expect_end(completions);
    for (int i = 0; i < EXECUTORS * EACH; i++)
        expect_text_body(expect_ok(futures[i]), (uint64_t)i);
    release_all(futures, EXECUTORS * EACH);
    for (int i = 0; i < EXECUTORS; i++)
        executor_close(executors[i]);
}
END_TEST

START_TEST(an_executor_may_be_closed_once_its_futures_were_yielded)
{
    struct executor *executors[2];
    struct future *futures[2];
    char url[128];
    rig_begin(&rig, _i);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(executor_open(&executors[i], &rig.options, NULL, 0), STATUS_OK);
        origin_url(&rig.origin, url, sizeof url, i ? "/delay/300/bytes/1" : "/bytes/1");
        ck_assert_int_eq(executor_submit_url(executors[i], url, &futures[i]), STATUS_OK);
    }
    struct completions *completions = as_completed(futures, 2, NET_MS);
    for (int i = 0; i < 2; i++) {
        struct future *future;
        ck_assert_int_eq(completions_next(completions, &future), STATUS_OK);
        struct executor *executor = future_executor(future);
        future_release(future);
        executor_close(executor);
    }
    expect_end(completions);
}
END_TEST

START_TEST(the_clock_of_as_completed_starts_with_the_call) /* (10) */
{
    struct future *futures[2];
    rig_up(&rig, _i);
    futures[0] = rig_submit(&rig, "/bytes/1");
    futures[1] = rig_submit(&rig, "/never");
    int64_t began_ms = now_ms();
    struct completions *completions = as_completed(futures, 2, SLOWNESS * 300);
    ck_assert_ptr_eq(next_of(completions), futures[0]);
    struct future *future;
    ck_assert_int_eq(completions_next(completions, &future), STATUS_TIMEOUT);
    ck_assert_ptr_null(future);
    ck_assert_int_ge((long long)(now_ms() - began_ms), SLOWNESS * 300);
    ck_assert_int_eq(completions_next(completions, &future), STATUS_TIMEOUT);
    ck_assert_uint_eq(completions_left(completions), 1);
    completions_close(completions);
    future_cancel(futures[1]);
    expect_cancelled(futures[1]);
    release_all(futures, 2);
}
END_TEST

START_TEST(a_yielded_future_may_be_released_at_once) /* (10) */
{
    enum { COUNT = 500 };
    struct future *futures[COUNT];
    rig_up(&rig, _i);
    for (int i = 0; i < COUNT; i++)
        futures[i] = rig_submit(&rig, "/bytes/%d", i);
    struct completions *completions = as_completed(futures, COUNT, NET_MS);
    uint64_t bytes = 0;
    for (int i = 0; i < COUNT; i++) {
        struct future *future = next_of(completions);
        bytes += expect_ok(future)->body_bytes;
        future_release(future);
    }
    expect_end(completions);
    ck_assert_uint_eq(bytes, (uint64_t)COUNT * (COUNT - 1) / 2);
}
END_TEST

START_TEST(an_iterator_closed_early_leaves_the_futures_alone)
{
    struct future *futures[10];
    rig_up(&rig, _i);
    for (int i = 0; i < 10; i++)
        futures[i] = rig_submit(&rig, "/delay/20/bytes/1");
    struct completions *one = as_completed(futures, 10, NET_MS);
    struct completions *two = as_completed(futures, 10, NET_MS); /* two may watch the same */
    next_of(one);
    completions_close(one);
    completions_close(NULL);
    for (int i = 0; i < 10; i++)
        next_of(two);
    expect_end(two);
    release_all(futures, 10);
}
END_TEST

START_TEST(a_cancelled_future_is_yielded) /* (3), differs on purpose */
{
    struct future *futures[3];
    rig_begin(&rig, _i);
    rig.options.workers = rig.options.concurrency = 1;
    rig_open(&rig);
    for (int i = 0; i < 3; i++)
        futures[i] = rig_submit(&rig, "/never");
    run_until_running(rig.executor, futures[0]);
    future_cancel(futures[2]); /* before the call */
    struct completions *completions = as_completed(futures, 3, NET_MS);
    future_cancel(futures[1]); /* behind it */
    ck_assert_ptr_eq(next_of(completions), futures[2]);
    ck_assert_ptr_eq(next_of(completions), futures[1]);
    future_cancel(futures[0]); /* while it runs */
    ck_assert_ptr_eq(next_of(completions), futures[0]);
    expect_end(completions);
    release_all(futures, 3);
}
END_TEST

START_TEST(a_future_that_failed_in_submit_is_yielded)
{
    struct future *futures[2];
    rig_up(&rig, _i);
    ck_assert_int_eq(executor_submit_url(rig.executor, "http://", &futures[0]), STATUS_OK);
    futures[1] = rig_submit(&rig, "/delay/100/bytes/1");
    struct completions *completions = as_completed(futures, 2, NET_MS);
    ck_assert_ptr_eq(next_of(completions), futures[0]);
    ck_assert_ptr_eq(next_of(completions), futures[1]);
    expect_end(completions);
    release_all(futures, 2);
}
END_TEST

/* ---- wait ---- */

START_TEST(wait_for_the_first) /* (9) */
{
    struct future *futures[2];
    size_t done;
    rig_up(&rig, _i);
    futures[0] = rig_submit(&rig, "/bytes/1");
    futures[1] = rig_submit(&rig, "/never");
    ck_assert_int_eq(futures_wait(futures, 2, FUTURES_FIRST_COMPLETED, NET_MS, &done), STATUS_OK);
    ck_assert_uint_eq(done, 1);
    ck_assert(future_done(futures[0]));
    release_all(futures, 2);
}
END_TEST

START_TEST(wait_for_the_first_error) /* (9) */
{
    struct future *futures[4];
    size_t done;
    rig_up(&rig, _i);
    futures[0] = rig_submit(&rig, "/bytes/1");
    futures[1] = rig_submit(&rig, "/delay/50/bytes/1");
    futures[2] = rig_submit(&rig, "/delay/150/status/404");
    futures[3] = rig_submit(&rig, "/never");
    ck_assert_int_eq(futures_wait(futures, 4, FUTURES_FIRST_ERROR, NET_MS, &done), STATUS_OK);
    ck_assert_uint_eq(done, 3);
    ck_assert(!future_done(futures[3]));
    ck_assert_int_eq(futures_wait(futures, 4, FUTURES_FIRST_ERROR, 0, &done), STATUS_OK);
    release_all(futures, 4);
}
END_TEST

START_TEST(wait_for_the_first_error_waits_for_all_when_none_fails) /* (9): cancelled is no failure */
{
    struct future *futures[3];
    size_t done;
    rig_begin(&rig, _i);
    rig.options.workers = rig.options.concurrency = 1;
    rig_open(&rig);
    futures[0] = rig_submit(&rig, "/delay/100/bytes/1");
    futures[1] = rig_submit(&rig, "/bytes/1");
    futures[2] = rig_submit(&rig, "/bytes/1");
    run_until_running(rig.executor, futures[0]);
    ck_assert(future_cancel(futures[1]));
    ck_assert_int_eq(futures_wait(futures, 3, FUTURES_FIRST_ERROR, NET_MS, &done), STATUS_OK);
    ck_assert_uint_eq(done, 3);
    release_all(futures, 3);
}
END_TEST

START_TEST(wait_for_all) /* (9) */
{
    struct future *futures[50];
    size_t done;
    rig_up(&rig, _i);
    for (int i = 0; i < 50; i++)
        futures[i] = rig_submit(&rig, i % 3 ? "/bytes/1" : "/status/500");
    ck_assert_int_eq(futures_wait(futures, 50, FUTURES_ALL_COMPLETED, NET_MS, &done), STATUS_OK);
    ck_assert_uint_eq(done, 50);
    for (int i = 0; i < 50; i++)
        ck_assert(future_done(futures[i]));
    release_all(futures, 50);
}
END_TEST

START_TEST(wait_counts_duplicates_once_and_times_out) /* (9) */
{
    size_t done;
    rig_up(&rig, _i);
    struct future *first = rig_submit(&rig, "/bytes/1");
    struct future *second = rig_submit(&rig, "/never");
    expect_ok(first);
    struct future *futures[] = {first, second, first, second, first};
    ck_assert_int_eq(futures_wait(futures, 5, FUTURES_ALL_COMPLETED, 30, &done), STATUS_TIMEOUT);
    ck_assert_uint_eq(done, 1);
    ck_assert_int_eq(futures_wait(futures, 5, FUTURES_ALL_COMPLETED, 0, &done), STATUS_TIMEOUT);
    ck_assert_uint_eq(done, 1);
    ck_assert(!future_done(second));
    future_release(first);
    future_release(second);
}
END_TEST

START_TEST(wait_returns_at_once_for_what_is_done) /* (9) */
{
    struct future *futures[2];
    size_t done;
    rig_up(&rig, _i);
    for (int i = 0; i < 2; i++) {
        futures[i] = rig_submit(&rig, "/bytes/1");
        expect_ok(futures[i]);
    }
    ck_assert_int_eq(futures_wait(futures, 2, FUTURES_ALL_COMPLETED, 0, &done), STATUS_OK);
    ck_assert_uint_eq(done, 2);
    release_all(futures, 2);
}
END_TEST

static Suite *iterators_suite(void)
{
    Suite *suite = suite_create("iterators");
    TCase *tests = tcase_create("many futures");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    add_for_each_engine(tests, futures_are_yielded_in_the_order_they_complete);
    add_for_each_engine(tests, a_duplicate_is_yielded_once);
    add_for_each_engine(tests, what_is_done_already_comes_first);
    add_for_each_engine(tests, nothing_to_wait_for_ends_at_once);
    add_for_each_engine(tests, futures_of_several_executors_are_yielded_together);
    add_for_each_engine(tests, an_executor_may_be_closed_once_its_futures_were_yielded);
    add_for_each_engine(tests, the_clock_of_as_completed_starts_with_the_call);
    add_for_each_engine(tests, a_yielded_future_may_be_released_at_once);
    add_for_each_engine(tests, an_iterator_closed_early_leaves_the_futures_alone);
    add_for_each_engine(tests, a_cancelled_future_is_yielded);
    add_for_each_engine(tests, a_future_that_failed_in_submit_is_yielded);
    add_for_each_engine(tests, wait_for_the_first);
    add_for_each_engine(tests, wait_for_the_first_error);
    add_for_each_engine(tests, wait_for_the_first_error_waits_for_all_when_none_fails);
    add_for_each_engine(tests, wait_for_all);
    add_for_each_engine(tests, wait_counts_duplicates_once_and_times_out);
    add_for_each_engine(tests, wait_returns_at_once_for_what_is_done);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(iterators_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
