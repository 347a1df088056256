/* map, and programs with an event loop of their own, whichever engine runs them. (N): the rule of Python's
 * futures beside a test; see check_executor_futures.c. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/support/support.h"

static struct rig rig;
static int interrupt_fd = -1;

static void tear_down(void)
{
    rig_down(&rig);
    if (interrupt_fd >= 0)
        close(interrupt_fd);
}

/* An input that counts how much was taken out of it. */
struct input {
    int count;
    int taken;
    int ends;         /* how often the end was asked for */
    const char *path; /* with one %d */
    char url[256];
};

static const char *next_url(void *context)
{
    struct input *input = context;
    char path[128];
    if (input->taken == input->count) {
        input->ends++;
        return NULL;
    }
    snprintf(path, sizeof path, "%s%d", input->path, input->taken++);
    origin_url(&rig.origin, input->url, sizeof input->url, "%s", path);
    return input->url;
}

static struct executor_map *map_of(struct input *input, size_t ahead_max, int64_t timeout_ms)
{
    struct executor_map *map;
    ck_assert_int_eq(executor_map(rig.executor, next_url, input, ahead_max, timeout_ms, &map), STATUS_OK);
    return map;
}

/* ---- map ---- */

START_TEST(map_yields_in_the_order_of_the_input) /* (11) */
{
    struct input input = {.count = 200, .path = "/bytes/"};
    rig_up(&rig, _i);
    struct executor_map *map = map_of(&input, 0, NET_MS);
    const struct fetch_result *result;
    for (int i = 0; i < 200; i++) {
        ck_assert_int_eq(executor_map_next(map, &result), STATUS_OK);
        expect_text_body(result, (uint64_t)i);
    }
    ck_assert_int_eq(executor_map_next(map, &result), STATUS_END);
    ck_assert_ptr_null(result);
    ck_assert_int_eq(executor_map_next(map, &result), STATUS_END);
    ck_assert_int_eq(input.ends, 1);
    executor_map_close(map);
    executor_map_close(NULL);
}
END_TEST

START_TEST(map_runs_no_further_ahead_than_it_may) /* (11): buffersize */
{
    struct input input = {.count = 40, .path = "/bytes/"};
    rig_up(&rig, _i);
    struct executor_map *map = map_of(&input, 5, NET_MS);
    const struct fetch_result *result;
    for (int i = 0; i < 40; i++) {
        ck_assert_int_eq(executor_map_next(map, &result), STATUS_OK);
        ck_assert_int_le(input.taken, i + 1 + 5);
    }
    ck_assert_int_eq(executor_map_next(map, &result), STATUS_END);
    executor_map_close(map);
}
END_TEST

START_TEST(map_goes_on_behind_a_failure) /* (11), differs on purpose */
{
    struct input input = {.count = 3, .path = "/status/20"}; /* 200, 201, 202 */
    rig_up(&rig, _i);
    struct executor_map *map = map_of(&input, 0, NET_MS);
    const struct fetch_result *result;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(executor_map_next(map, &result), STATUS_OK);
    executor_map_close(map);
    struct input failing = {.count = 5, .path = "/status/40"};
    map = map_of(&failing, 2, NET_MS);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_int_eq(executor_map_next(map, &result), STATUS_FAILED);
        ck_assert_int_eq(result->error, FETCH_HTTP_STATUS);
        ck_assert_uint_eq(result->http_status, 400 + i);
    }
    ck_assert_int_eq(executor_map_next(map, &result), STATUS_END);
    executor_map_close(map);
}
END_TEST

START_TEST(map_times_out_from_the_call_and_the_work_goes_on) /* (11) */
{
    struct input input = {.count = 1, .path = "/delay/400/bytes/"};
    rig_up(&rig, _i);
    int64_t began_ms = now_ms();
    struct executor_map *map = map_of(&input, 0, 50);
    const struct fetch_result *result;
    ck_assert_int_eq(executor_map_next(map, &result), STATUS_TIMEOUT);
    ck_assert_ptr_null(result);
    ck_assert_int_ge((long long)(now_ms() - began_ms), 50);
    int64_t deadline_ms = now_ms() + NET_MS;
    enum status status; /* the result is not lost */
    while ((status = executor_map_next(map, &result)) == STATUS_TIMEOUT && now_ms() < deadline_ms)
        executor_run(rig.executor, 100);
    ck_assert_int_eq(status, STATUS_OK);
    expect_text_body(result, 0);
    executor_map_close(map);
}
END_TEST

START_TEST(a_closed_map_cancels_what_was_not_yielded) /* (11) */
{
    struct input input = {.count = 100, .path = "/delay/50/bytes/"};
    rig_up(&rig, _i);
    struct executor_map *map = map_of(&input, 50, NET_MS);
    const struct fetch_result *result;
    ck_assert_int_eq(executor_map_next(map, &result), STATUS_OK);
    executor_map_close(map);
    ck_assert_int_eq(executor_shutdown(rig.executor, true, false, NET_MS), STATUS_OK);
    struct executor_stats stats;
    executor_stats(rig.executor, &stats);
    ck_assert_uint_eq(stats.pending, 0);
    ck_assert_uint_ge(stats.cancelled, 1);
    ck_assert_int_le(input.taken, 51);
}
END_TEST

START_TEST(map_over_a_pool_that_was_shut_down_says_so)
{
    struct input input = {.count = 10, .path = "/bytes/"};
    rig_up(&rig, _i);
    struct executor_map *map = map_of(&input, 4, NET_MS);
    const struct fetch_result *result;
    ck_assert_int_eq(executor_map_next(map, &result), STATUS_OK);
    ck_assert_int_eq(executor_shutdown(rig.executor, false, false, 0), STATUS_OK);
    int yielded = 1;
    enum status status;
    while ((status = executor_map_next(map, &result)) == STATUS_OK)
        expect_text_body(result, (uint64_t)yielded++);
    ck_assert_int_eq(status, STATUS_SHUT_DOWN);
    ck_assert_int_eq(yielded, 4); /* what was submitted ahead is not lost */
    ck_assert_int_eq(executor_map_next(map, &result), STATUS_SHUT_DOWN);
    executor_map_close(map);
}
END_TEST

/* More ahead than may be pending: submit waits, is interrupted, and no URL of the input may be lost for that. */
START_TEST(map_interrupted_while_it_submits_loses_nothing)
{
    enum { COUNT = 12 };
    uint64_t one = 1;
    struct input input = {.count = COUNT, .path = "/delay/20/bytes/"};
    rig_begin(&rig, _i);
    interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rig.options.workers = rig.options.concurrency = 1;
    rig.options.pending_max = 2;
    rig.options.interrupt_fd = interrupt_fd;
    rig_open(&rig);
    struct executor_map *map = map_of(&input, 8, NET_MS);
    const struct fetch_result *result;
    ck_assert_int_eq(write(interrupt_fd, &one, sizeof one), (ssize_t)sizeof one);
    ck_assert_int_eq(executor_map_next(map, &result), STATUS_INTERRUPTED);
    ck_assert_int_eq(read(interrupt_fd, &one, sizeof one), (ssize_t)sizeof one);
    for (int i = 0; i < COUNT; i++) {
        enum status status = executor_map_next(map, &result);
        ck_assert_msg(status == STATUS_OK, "number %d of %d: %s", i, COUNT, status_name(status));
        expect_text_body(result, (uint64_t)i);
    }
    ck_assert_int_eq(executor_map_next(map, &result), STATUS_END);
    executor_map_close(map);
}
END_TEST

/* ---- a caller's own event loop ---- */

START_TEST(the_descriptor_is_readable_when_there_is_something_to_do)
{
    enum { COUNT = 200 };
    rig_up(&rig, _i);
    int left = COUNT;
    struct future *futures[COUNT];
    struct pollfd ready = {.fd = executor_fd(rig.executor), .events = POLLIN};
    for (int i = 0; i < COUNT; i++)
        futures[i] = rig_submit(&rig, "/delay/%d/bytes/1", i % 7);
    int64_t deadline_ms = now_ms() + NET_MS;
    while (left > 0) {
        ck_assert_msg(poll(&ready, 1, NET_MS) == 1, "nothing was heard, and %d are left", left);
        executor_run(rig.executor, 0);
        left = 0;
        for (int i = 0; i < COUNT; i++)
            left += !future_done(futures[i]);
        ck_assert_msg(now_ms() < deadline_ms, "%d are left", left);
    }
    for (int i = 0; i < COUNT; i++)
        future_release(futures[i]);
}
END_TEST

START_TEST(the_descriptor_is_still_good_after_a_call_that_waited)
{
    if (_i == EXECUTOR_SERIAL)
        return; /* nothing happens outside our calls */
    rig_up(&rig, _i);
    struct pollfd ready = {.fd = executor_fd(rig.executor), .events = POLLIN};
    struct future *future = rig_submit(&rig, "/delay/300/bytes/1");
    const struct fetch_result *result;
    ck_assert_int_eq(future_result(future, 20, &result), STATUS_TIMEOUT);
    executor_run(rig.executor, 0);
    ck_assert_int_eq(future_result(future, 20, &result), STATUS_TIMEOUT); /* the last call is one that waits */
    ck_assert_int_eq(poll(&ready, 1, 5000), 1);
    ck_assert_int_eq(executor_run(rig.executor, 0), STATUS_OK);
    expect_ok(future);
    future_release(future);
}
END_TEST

/* Level-triggered, and quiet again once all was collected: an event loop must not spin. */
START_TEST(the_descriptor_is_quiet_when_there_is_nothing_to_do)
{
    if (_i == EXECUTOR_SERIAL)
        return;
    rig_up(&rig, _i);
    struct pollfd ready = {.fd = executor_fd(rig.executor), .events = POLLIN};
    struct future *blocks = rig_submit(&rig, "/never");
    for (int round = 0; round < 20; round++) {
        struct future *future = rig_submit(&rig, "/bytes/1");
        int turns = 0;
        while (!future_done(future)) {
            ck_assert_int_eq(poll(&ready, 1, NET_MS), 1);
            executor_run(rig.executor, 0);
            turns++;
            ck_assert_msg(turns < 10, "%d wake-ups for one result", turns);
        }
        future_release(future);
        for (turns = 0; poll(&ready, 1, 0) > 0; turns++) { /* a ring may come behind what it rang for */
            executor_run(rig.executor, 0);
            ck_assert_msg(turns < 10, "it does not become quiet");
        }
    }
    future_release(blocks);
}
END_TEST

START_TEST(asking_without_waiting_makes_progress) /* whichever call it is that asks */
{
    size_t done;
    const struct fetch_result *result;
    rig_up(&rig, _i);
    struct future *futures[2] = {rig_submit(&rig, "/bytes/100"), rig_submit(&rig, "/bytes/200")};
    int64_t deadline_ms = now_ms() + 10000;
    while (future_result(futures[0], 0, &result) == STATUS_TIMEOUT)
        ck_assert_msg(now_ms() < deadline_ms, "no progress of the first");
    expect_text_body(result, 100);
    while (futures_wait(futures, 2, FUTURES_ALL_COMPLETED, 0, &done) == STATUS_TIMEOUT)
        ck_assert_msg(now_ms() < deadline_ms, "no progress of the second");
    future_release(futures[0]);
    future_release(futures[1]);
}
END_TEST

START_TEST(run_without_waiting_makes_progress) /* a loop that polls by itself gets there */
{
    rig_up(&rig, _i);
    struct future *future = rig_submit(&rig, "/bytes/100");
    int64_t deadline_ms = now_ms() + 10000;
    while (!future_done(future)) {
        ck_assert_msg(now_ms() < deadline_ms, "no progress");
        enum status status = executor_run(rig.executor, 0);
        ck_assert(status == STATUS_OK || status == STATUS_TIMEOUT);
    }
    expect_text_body(expect_ok(future), 100);
    future_release(future);
}
END_TEST

/* ---- interrupts ---- */

START_TEST(a_readable_descriptor_interrupts_every_wait)
{
    uint64_t one = 1;
    size_t done;
    struct future *future;
    struct future *unused;
    struct completions *completions;
    const struct fetch_result *result;
    rig_begin(&rig, _i);
    interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rig.options.interrupt_fd = interrupt_fd;
    rig.options.pending_max = 1;
    rig_open(&rig);
    future = rig_submit(&rig, "/delay/500/bytes/1");
    ck_assert_int_eq(write(interrupt_fd, &one, sizeof one), (ssize_t)sizeof one);
    ck_assert_int_eq(future_result(future, -1, &result), STATUS_INTERRUPTED);
    ck_assert_ptr_null(result);
    ck_assert_int_eq(executor_run(rig.executor, -1), STATUS_INTERRUPTED);
    ck_assert_int_eq(futures_wait(&future, 1, FUTURES_ALL_COMPLETED, -1, &done), STATUS_INTERRUPTED);
    ck_assert_int_eq(executor_submit_url(rig.executor, future_url(future), &unused), STATUS_INTERRUPTED);
    ck_assert_int_eq(futures_as_completed(&future, 1, -1, &completions), STATUS_OK);
    ck_assert_int_eq(completions_next(completions, &unused), STATUS_INTERRUPTED);
    completions_close(completions);
    ck_assert_int_eq(executor_shutdown(rig.executor, true, false, -1), STATUS_INTERRUPTED);
    ck_assert_int_eq(read(interrupt_fd, &one, sizeof one), (ssize_t)sizeof one);
    expect_text_body(expect_ok(future), 1);
    future_release(future);
}
END_TEST

static void on_alarm(int number)
{
    (void)number;
}

/* No interrupt descriptor was given, so nothing may interrupt: a host's timers and children are its own affair. */
START_TEST(a_signal_of_the_host_program_interrupts_nothing)
{
    struct sigaction action = {.sa_handler = on_alarm};
    const struct itimerval often = {.it_interval.tv_usec = 20000, .it_value.tv_usec = 20000};
    const struct itimerval never = {0};
    rig_up(&rig, _i);
    struct future *future = rig_submit(&rig, "/delay/300/bytes/1");
    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
    const struct fetch_result *result;
    enum status status = future_result(future, NET_MS, &result);
    setitimer(ITIMER_REAL, &never, NULL);
    ck_assert_msg(status == STATUS_OK, "%s", status_name(status));
    future_release(future);
}
END_TEST

static Suite *map_suite(void)
{
    Suite *suite = suite_create("map");
    TCase *tests = tcase_create("map");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    add_for_each_engine(tests, map_yields_in_the_order_of_the_input);
    add_for_each_engine(tests, map_runs_no_further_ahead_than_it_may);
    add_for_each_engine(tests, map_goes_on_behind_a_failure);
    add_for_each_engine(tests, map_times_out_from_the_call_and_the_work_goes_on);
    add_for_each_engine(tests, a_closed_map_cancels_what_was_not_yielded);
    add_for_each_engine(tests, map_over_a_pool_that_was_shut_down_says_so);
    add_for_each_engine(tests, map_interrupted_while_it_submits_loses_nothing);
    suite_add_tcase(suite, tests);
    tests = tcase_create("event loop");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    add_for_each_engine(tests, the_descriptor_is_readable_when_there_is_something_to_do);
    add_for_each_engine(tests, the_descriptor_is_still_good_after_a_call_that_waited);
    add_for_each_engine(tests, the_descriptor_is_quiet_when_there_is_nothing_to_do);
    add_for_each_engine(tests, run_without_waiting_makes_progress);
    add_for_each_engine(tests, asking_without_waiting_makes_progress);
    add_for_each_engine(tests, a_readable_descriptor_interrupts_every_wait);
    add_for_each_engine(tests, a_signal_of_the_host_program_interrupts_nothing);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(map_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
