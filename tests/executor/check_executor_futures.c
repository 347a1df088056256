/* The life of one future, whichever engine runs it: coordinator/executor/executor.h.
 *
 * (N) beside a test: the rule of Python's futures that it stands for, or that we differ from on purpose; they are the
 * rules in the project's list of Python's semantics. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/support.h"

static struct rig rig;

static void tear_down(void)
{
    rig_down(&rig);
}

/* One transfer at a time, so that what is submitted next stays pending. */
static void up_narrow(int engine)
{
    rig_begin(&rig, engine);
    rig.options.workers = 1;
    rig.options.concurrency = 1;
    rig_open(&rig);
}

static enum status try_submit(const char *path, int64_t timeout_ms, struct future **future)
{
    char url[256];
    origin_url(&rig.origin, url, sizeof url, "%s", path);
    const struct request request = {.url = url};
    return executor_submit(rig.executor, &request, timeout_ms, future);
}

/* ---- results ---- */

START_TEST(a_submitted_url_gives_its_body) /* (5) */
{
    rig_up(&rig, _i);
    int user = 0;
    char url[128];
    origin_url(&rig.origin, url, sizeof url, "/bytes/1234");
    struct future *future;
    const struct request request = {.url = url, .user = &user};
    ck_assert_int_eq(executor_submit(rig.executor, &request, -1, &future), STATUS_OK);
    memset(url, 0, sizeof url); /* was borrowed */
    const struct fetch_result *result = expect_ok(future);
    expect_text_body(result, 1234);
    ck_assert_uint_eq(result->http_status, 200);
    ck_assert_uint_eq(result->http_version, 11);
    ck_assert_uint_eq(result->attempts, 1);
    ck_assert_uint_eq(result->redirects, 0);
    ck_assert_uint_eq(result->wire_bytes, 1234);
    ck_assert_str_eq(result->content_type, "text/plain");
    ck_assert_str_eq(result->remote_ip, "127.0.0.1");
    ck_assert_str_eq(result->detail, "");
    ck_assert_str_eq(result->url, future_url(future));
    ck_assert_str_eq(result->effective_url, result->url);
    ck_assert_ptr_null(result->headers);
    ck_assert(!result->has_sha256 && !result->retryable && !result->insecure);
    ck_assert_int_eq((long long)result->retry_after_s, -1);
    ck_assert_ptr_eq(future_user(future), &user);
    ck_assert_ptr_eq(future_executor(future), rig.executor);
    ck_assert(result->time.total_us >= 0 && result->time.queued_us >= 0 && result->time.tls_us == -1);
    future_release(future);
}
END_TEST

START_TEST(a_result_may_be_asked_for_again) /* (5) */
{
    rig_up(&rig, _i);
    struct future *future = rig_submit(&rig, "/bytes/10");
    const struct fetch_result *first = expect_ok(future);
    ck_assert_ptr_eq(expect_ok(future), first);
    enum fetch_error error = FETCH_CANCELLED;
    ck_assert_int_eq(future_error(future, 0, &error), STATUS_OK);
    ck_assert_int_eq(error, FETCH_OK);
    future_release(future);
}
END_TEST

START_TEST(a_failed_future_keeps_its_error) /* (5) (7) */
{
    rig_up(&rig, _i);
    struct future *future = rig_submit(&rig, "/status/503");
    const struct fetch_result *result = expect_error(future, FETCH_HTTP_STATUS);
    ck_assert_uint_eq(result->http_status, 503);
    ck_assert(result->retryable);
    ck_assert_str_ne(result->detail, "");
    enum fetch_error error;
    ck_assert_int_eq(future_error(future, -1, &error), STATUS_FAILED);
    ck_assert_int_eq(error, FETCH_HTTP_STATUS);
    ck_assert(future_done(future) && !future_cancelled(future) && !future_running(future));
    ck_assert_str_eq(future_state(future), "finished");
    future_release(future);
}
END_TEST

START_TEST(a_timeout_leaves_the_task_running) /* (5) */
{
    rig_up(&rig, _i);
    struct future *future = rig_submit(&rig, "/delay/300/bytes/10");
    const struct fetch_result *result = (const void *)&rig;
    ck_assert_int_eq(future_result(future, 0, &result), STATUS_TIMEOUT);
    ck_assert_ptr_null(result);
    ck_assert_int_eq(future_result(future, 20, &result), STATUS_TIMEOUT);
    ck_assert(!future_done(future));
    expect_ok(future);
    future_release(future);
}
END_TEST

START_TEST(states_go_from_pending_through_running_to_finished) /* (1) (4): RUNNING is the worker's own claim */
{
    up_narrow(_i);
    struct future *first = rig_submit(&rig, "/delay/200/bytes/1");
    struct future *second = rig_submit(&rig, "/bytes/2");
    run_until_running(rig.executor, first);
    ck_assert_str_eq(future_state(first), "running");
    ck_assert(!future_running(second) && !future_done(second));
    ck_assert_str_eq(future_state(second), "pending");
    struct executor_stats stats;
    executor_stats(rig.executor, &stats);
    ck_assert_uint_eq(stats.pending, 2);
    expect_ok(second);
    ck_assert_str_eq(future_state(first), "finished");
    ck_assert_str_eq(future_state(second), "finished");
    future_release(first);
    future_release(second);
}
END_TEST

START_TEST(what_cannot_be_parsed_gives_a_future_that_has_failed) /* (7) */
{
    static const char *const URLS[] = {"", "ftp://127.0.0.1/", "http://", "http://a b/", "http://[::1", "file:///etc"};
    rig_up(&rig, _i);
    for (size_t i = 0; i < sizeof URLS / sizeof URLS[0]; i++) {
        struct future *future;
        ck_assert_int_eq(executor_submit_url(rig.executor, URLS[i], &future), STATUS_OK);
        ck_assert(future_done(future));
        const struct fetch_result *result = expect_error(future, FETCH_INVALID_URL);
        ck_assert_str_ne(result->detail, "");
        ck_assert_str_eq(result->url, URLS[i]);
        ck_assert_uint_eq(result->attempts, 0);
        future_release(future);
    }
    char *url = malloc(URL_BYTES_MAX + 100);
    memset(url, 'a', URL_BYTES_MAX + 99);
    url[URL_BYTES_MAX + 99] = '\0';
    struct future *future;
    ck_assert_int_eq(executor_submit_url(rig.executor, url, &future), STATUS_OK);
    expect_error(future, FETCH_INVALID_URL);
    future_release(future);
    free(url);
}
END_TEST

START_TEST(queued_is_the_time_from_submit_to_claim)
{
    enum { COUNT = 100 };
    up_narrow(_i);
    struct future *futures[COUNT];
    int64_t began_ms = now_ms();
    for (int i = 0; i < COUNT; i++)
        futures[i] = rig_submit(&rig, "/delay/5/bytes/1");
    const struct fetch_result *result = expect_ok(futures[COUNT - 1]);
    int64_t took_ms = now_ms() - began_ms;
    int64_t said_ms = (result->time.queued_us + result->time.total_us) / 1000;
    ck_assert_msg(said_ms >= took_ms * 8 / 10 && said_ms <= took_ms + 10, "queued %lld ms of %lld", (long long)said_ms,
                  (long long)took_ms);
    for (int i = 0; i < COUNT; i++)
        future_release(futures[i]);
}
END_TEST

/* ---- cancelling ---- */

START_TEST(cancelling_what_is_pending_is_immediate) /* (2) (3) */
{
    up_narrow(_i);
    struct future *runs = rig_submit(&rig, "/delay/200/bytes/1");
    struct future *waits = rig_submit(&rig, "/bytes/2");
    run_until_running(rig.executor, runs);
    ck_assert(future_cancel(waits));
    ck_assert(future_done(waits));
    const struct fetch_result *result;
    ck_assert_int_eq(future_result(waits, 0, &result), STATUS_CANCELLED);
    ck_assert_uint_eq(result->attempts, 0);
    expect_cancelled(waits);
    enum fetch_error error;
    ck_assert_int_eq(future_error(waits, 0, &error), STATUS_CANCELLED);
    ck_assert_int_eq(error, FETCH_CANCELLED);
    expect_ok(runs);
    struct origin_counts counts;
    origin_counts_read(&rig.origin, &counts);
    ck_assert_uint_eq(counts.requests, 1);
    future_release(runs);
    future_release(waits);
}
END_TEST

START_TEST(cancelling_what_waits_in_the_queue_is_immediate) /* (2) */
{
    enum { COUNT = 300 }; /* more than there are slots */
    up_narrow(_i);
    struct future *futures[COUNT];
    for (int i = 0; i < COUNT; i++)
        futures[i] = rig_submit(&rig, i ? "/bytes/2" : "/delay/100/bytes/1");
    run_until_running(rig.executor, futures[0]);
    for (int i = COUNT - 1; i > 0; i--) {
        ck_assert(future_cancel(futures[i]));
        expect_cancelled(futures[i]);
    }
    expect_ok(futures[0]);
    struct executor_stats stats;
    executor_stats(rig.executor, &stats);
    ck_assert_uint_eq(stats.pending, 0);
    ck_assert_uint_eq(stats.cancelled, COUNT - 1);
    ck_assert_uint_eq(stats.submitted, COUNT);
    ck_assert_uint_eq(stats.completed, COUNT);
    for (int i = 0; i < COUNT; i++)
        future_release(futures[i]);
}
END_TEST

START_TEST(cancelling_what_runs_aborts_its_transfer) /* (2), differs on purpose */
{
    up_narrow(_i);
    struct future *future = rig_submit(&rig, "/never");
    run_until_running(rig.executor, future);
    ck_assert(future_cancel(future));
    expect_cancelled(future);
    future_release(future);
    future = rig_submit(&rig, "/bytes/5"); /* the worker is free again */
    expect_ok(future);
    future_release(future);
}
END_TEST

START_TEST(cancelling_one_of_many_that_run_leaves_the_others_alone)
{
    enum { COUNT = 8 };
    if (_i == EXECUTOR_SERIAL)
        return;
    rig_up(&rig, _i);
    struct future *futures[COUNT];
    for (int i = 0; i < COUNT; i++)
        futures[i] = rig_submit(&rig, i % 2 ? "/never" : "/delay/300/bytes/9");
    for (int i = 0; i < COUNT; i++)
        run_until_running(rig.executor, futures[i]);
    for (int i = 1; i < COUNT; i += 2)
        ck_assert(future_cancel(futures[i]));
    for (int i = 0; i < COUNT; i++) {
        if (i % 2)
            expect_cancelled(futures[i]);
        else
            expect_text_body(expect_ok(futures[i]), 9);
        future_release(futures[i]);
    }
}
END_TEST

START_TEST(cancelling_what_is_finished_is_refused) /* (2) */
{
    rig_up(&rig, _i);
    struct future *future = rig_submit(&rig, "/bytes/5");
    expect_ok(future);
    ck_assert(!future_cancel(future));
    ck_assert(!future_cancelled(future));
    expect_ok(future);
    future_release(future);
    future = rig_submit(&rig, "/status/404");
    expect_error(future, FETCH_HTTP_STATUS);
    ck_assert(!future_cancel(future));
    future_release(future);
}
END_TEST

START_TEST(cancelling_twice_is_cancelling_once) /* (2) */
{
    up_narrow(_i);
    struct future *runs = rig_submit(&rig, "/never");
    struct future *waits = rig_submit(&rig, "/bytes/2");
    run_until_running(rig.executor, runs);
    ck_assert(future_cancel(waits));
    ck_assert(future_cancel(waits));
    ck_assert(future_cancel(runs));
    ck_assert(future_cancel(runs));
    expect_cancelled(runs);
    ck_assert(future_cancel(runs));
    struct executor_stats stats;
    executor_stats(rig.executor, &stats);
    ck_assert_uint_eq(stats.cancelled, 2);
    future_release(runs);
    future_release(waits);
}
END_TEST

/* The worker has answered, and nobody has looked yet. */
START_TEST(cancelling_again_once_the_worker_has_said_so_is_still_true)
{
    if (_i == EXECUTOR_SERIAL)
        return; /* answers only inside our calls */
    up_narrow(_i);
    struct future *future = rig_submit(&rig, "/never");
    run_until_running(rig.executor, future);
    struct pollfd ready = {.fd = executor_fd(rig.executor), .events = POLLIN};
    executor_run(rig.executor, 0); /* nothing is left in the descriptor */
    ck_assert(future_cancel(future));
    ck_assert_int_eq(poll(&ready, 1, NET_MS), 1);
    ck_assert(future_cancel(future));
    expect_cancelled(future);
    future_release(future);
}
END_TEST

/* Each leaves an entry behind in the ring, and the entry at its head is wanted. */
START_TEST(cancelling_more_than_the_ring_holds_behind_one_that_waits)
{
    up_narrow(_i);
    struct future *runs = rig_submit(&rig, "/never");
    run_until_running(rig.executor, runs);
    struct future *waits = rig_submit(&rig, "/bytes/2");
    for (int i = 0; i < 3000; i++) {
        struct future *future = rig_submit(&rig, "/bytes/3");
        ck_assert(future_cancel(future));
        future_release(future);
    }
    struct future *last = rig_submit(&rig, "/bytes/4");
    ck_assert(future_cancel(runs));
    expect_ok(waits);
    expect_ok(last);
    future_release(runs);
    future_release(waits);
    future_release(last);
}
END_TEST

/* ---- releasing ---- */

START_TEST(what_is_released_before_it_is_done_still_runs)
{
    enum { COUNT = 20 };
    rig_up(&rig, _i);
    for (int i = 0; i < COUNT; i++)
        future_release(rig_submit(&rig, "/bytes/%d", i));
    ck_assert_int_eq(executor_shutdown(rig.executor, true, false, NET_MS), STATUS_OK);
    struct origin_counts counts;
    origin_counts_read(&rig.origin, &counts);
    ck_assert_uint_eq(counts.requests, COUNT);
    future_release(NULL);
}
END_TEST

START_TEST(what_is_cancelled_and_released_is_gone)
{
    up_narrow(_i);
    struct future *runs = rig_submit(&rig, "/never");
    struct future *waits = rig_submit(&rig, "/bytes/2");
    run_until_running(rig.executor, runs);
    future_cancel(waits);
    future_release(waits);
    future_cancel(runs);
    future_release(runs);
    ck_assert_int_eq(executor_shutdown(rig.executor, true, false, NET_MS), STATUS_OK);
}
END_TEST

/* ---- the bound ---- */

START_TEST(submit_is_bounded) /* (12), differs on purpose */
{
    rig_begin(&rig, _i);
    rig.options.workers = 1;
    rig.options.concurrency = 1;
    rig.options.pending_max = 3;
    rig_open(&rig);
    struct future *futures[3];
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(try_submit(i ? "/bytes/1" : "/delay/300/bytes/1", 0, &futures[i]), STATUS_OK);
    struct future *refused = (void *)&rig;
    ck_assert_int_eq(try_submit("/bytes/1", 0, &refused), STATUS_WOULD_BLOCK);
    ck_assert_ptr_null(refused);
    int64_t began_ms = now_ms();
    ck_assert_int_eq(try_submit("/bytes/1", 30, &refused), STATUS_TIMEOUT);
    ck_assert_int_ge((long long)(now_ms() - began_ms), 30);
    ck_assert_ptr_null(refused);
    struct future *last;
    ck_assert_int_eq(try_submit("/bytes/2", -1, &last), STATUS_OK); /* blocks until the first is done */
    ck_assert(future_done(futures[0]));
    expect_text_body(expect_ok(last), 2);
    for (int i = 0; i < 3; i++) {
        expect_ok(futures[i]);
        future_release(futures[i]);
    }
    future_release(last);
}
END_TEST

START_TEST(submit_refuses_what_is_no_request)
{
    static const char *const BAD[] = {"X-A: b\r\nX-C: d", "X-A: b\n", "\rX-A: b"};
    rig_up(&rig, _i);
    struct future *future;
    const struct request none = {.url = NULL};
    ck_assert_int_eq(executor_submit(rig.executor, NULL, 0, &future), STATUS_INVALID_ARGUMENT);
    ck_assert_int_eq(executor_submit(rig.executor, &none, 0, &future), STATUS_INVALID_ARGUMENT);
    for (size_t i = 0; i < 3; i++) {
        const struct request broken = {.url = "http://127.0.0.1/", .headers = &BAD[i], .header_count = 1};
        ck_assert_int_eq(executor_submit(rig.executor, &broken, 0, &future), STATUS_INVALID_ARGUMENT);
        ck_assert_ptr_null(future);
    }
    char *large = malloc(REQUEST_HEADER_BYTES_MAX + 1);
    memset(large, 'h', REQUEST_HEADER_BYTES_MAX);
    large[REQUEST_HEADER_BYTES_MAX] = '\0';
    const char *const lines[] = {large};
    const struct request huge = {.url = "http://127.0.0.1/", .headers = lines, .header_count = 1};
    ck_assert_int_eq(executor_submit(rig.executor, &huge, 0, &future), STATUS_INVALID_ARGUMENT);
    free(large);
    struct executor_stats stats;
    executor_stats(rig.executor, &stats);
    ck_assert_uint_eq(stats.submitted, 0);
}
END_TEST

static Suite *futures_suite(void)
{
    Suite *suite = suite_create("futures");
    TCase *tests = tcase_create("one future");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    add_for_each_engine(tests, a_submitted_url_gives_its_body);
    add_for_each_engine(tests, a_result_may_be_asked_for_again);
    add_for_each_engine(tests, a_failed_future_keeps_its_error);
    add_for_each_engine(tests, a_timeout_leaves_the_task_running);
    add_for_each_engine(tests, states_go_from_pending_through_running_to_finished);
    add_for_each_engine(tests, what_cannot_be_parsed_gives_a_future_that_has_failed);
    add_for_each_engine(tests, queued_is_the_time_from_submit_to_claim);
    add_for_each_engine(tests, cancelling_what_is_pending_is_immediate);
    add_for_each_engine(tests, cancelling_what_waits_in_the_queue_is_immediate);
    add_for_each_engine(tests, cancelling_what_runs_aborts_its_transfer);
    add_for_each_engine(tests, cancelling_one_of_many_that_run_leaves_the_others_alone);
    add_for_each_engine(tests, cancelling_what_is_finished_is_refused);
    add_for_each_engine(tests, cancelling_twice_is_cancelling_once);
    add_for_each_engine(tests, cancelling_again_once_the_worker_has_said_so_is_still_true);
    add_for_each_engine(tests, cancelling_more_than_the_ring_holds_behind_one_that_waits);
    add_for_each_engine(tests, what_is_released_before_it_is_done_still_runs);
    add_for_each_engine(tests, what_is_cancelled_and_released_is_gone);
    add_for_each_engine(tests, submit_is_bounded);
    add_for_each_engine(tests, submit_refuses_what_is_no_request);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(futures_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
