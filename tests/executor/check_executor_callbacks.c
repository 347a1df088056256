/* Callbacks of futures, whichever engine runs them: rule (8) of Python's futures, and what a callback may
 * do. See check_executor_futures.c. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/support.h"

static struct rig rig;
static char heard[64]; /* letters, in the order in which callbacks came */
static struct future *last_heard;

static void set_up(void)
{
    memset(heard, 0, sizeof heard);
    last_heard = NULL;
}

static void tear_down(void)
{
    rig_down(&rig);
}

static void note(struct future *future, void *context)
{
    size_t length = strlen(heard);
    ck_assert_uint_lt(length, sizeof heard - 1);
    ck_assert(future_done(future));
    heard[length] = *(const char *)context;
    last_heard = future;
}

static void add(struct future *future, const char *letter)
{
    ck_assert_int_eq(future_add_done_callback(future, note, (void *)(uintptr_t)letter), STATUS_OK);
}

/* Runs until the executor has nothing left, callbacks too. */
static void run_dry(void)
{
    int64_t deadline_ms = now_ms() + NET_MS;
    while (executor_run(rig.executor, NET_MS) != STATUS_END)
        ck_assert_int_lt((long long)now_ms(), (long long)deadline_ms);
}

START_TEST(callbacks_come_once_in_the_order_they_were_added)
{
    rig_up(&rig, _i);
    struct future *future = rig_submit(&rig, "/delay/30/bytes/1");
    add(future, "a");
    add(future, "b");
    add(future, "c");
    ck_assert_str_eq(heard, "");
    run_dry();
    ck_assert_str_eq(heard, "abc");
    ck_assert_ptr_eq(last_heard, future);
    expect_ok(future);
    run_dry();
    ck_assert_str_eq(heard, "abc");
    future_release(future);
}
END_TEST

START_TEST(a_callback_added_to_a_done_future_comes_at_once)
{
    rig_up(&rig, _i);
    struct future *future = rig_submit(&rig, "/bytes/1");
    expect_ok(future);
    add(future, "a");
    ck_assert_str_eq(heard, "a");
    add(future, "b");
    ck_assert_str_eq(heard, "ab");
    future_release(future);
}
END_TEST

/* Done before anybody waited: there is nothing to wait for, and nothing may be needed to hear of it. */
START_TEST(a_callback_added_to_a_future_that_failed_in_submit_comes_at_once)
{
    rig_up(&rig, _i);
    struct future *future;
    ck_assert_int_eq(executor_submit_url(rig.executor, "http://", &future), STATUS_OK);
    ck_assert(future_done(future));
    add(future, "a");
    ck_assert_str_eq(heard, "a");
    future_release(future);
}
END_TEST

START_TEST(an_immediate_cancellation_runs_the_callbacks_before_it_returns) /* (2) */
{
    rig_begin(&rig, _i);
    rig.options.workers = rig.options.concurrency = 1;
    rig_open(&rig);
    struct future *runs = rig_submit(&rig, "/never");
    struct future *waits = rig_submit(&rig, "/bytes/1");
    run_until_running(rig.executor, runs);
    add(runs, "r");
    add(waits, "w");
    ck_assert(future_cancel(waits));
    ck_assert_str_eq(heard, "w");
    ck_assert(future_cancel(runs));
    expect_cancelled(runs);
    ck_assert_str_eq(heard, "wr");
    future_release(runs);
    future_release(waits);
}
END_TEST

START_TEST(a_released_future_still_calls_back)
{
    rig_up(&rig, _i);
    struct future *future = rig_submit(&rig, "/delay/30/bytes/1");
    add(future, "a");
    future_release(future);
    run_dry();
    ck_assert_str_eq(heard, "a");
}
END_TEST

static pthread_t caller;
static pid_t caller_pid;

static void note_thread(struct future *future, void *context)
{
    ck_assert(pthread_equal(pthread_self(), caller));
    ck_assert_int_eq(getpid(), caller_pid);
    note(future, context);
}

START_TEST(callbacks_come_in_the_callers_thread)
{
    caller = pthread_self();
    caller_pid = getpid();
    rig_up(&rig, _i);
    struct future *futures[20];
    for (int i = 0; i < 20; i++) {
        futures[i] = rig_submit(&rig, "/bytes/1");
        future_add_done_callback(futures[i], note_thread, "x");
    }
    run_dry();
    ck_assert_uint_eq(strlen(heard), 20);
    for (int i = 0; i < 20; i++)
        future_release(futures[i]);
}
END_TEST

/* ---- what a callback may do ---- */

static void add_another(struct future *future, void *context)
{
    note(future, context);
    add(future, "2");
    add(future, "3");
}

START_TEST(a_callback_may_add_callbacks)
{
    rig_up(&rig, _i);
    struct future *future = rig_submit(&rig, "/delay/30/bytes/1");
    future_add_done_callback(future, add_another, "1");
    add(future, "b");
    run_dry();
    ck_assert_uint_eq(strlen(heard), 4);
    ck_assert_int_eq(heard[0], '1');
    ck_assert_ptr_nonnull(strchr(heard, 'b'));
    ck_assert_ptr_nonnull(strstr(heard, "3"));
    ck_assert(strchr(heard, '2') < strchr(heard, '3'));
    future_release(future);
}
END_TEST

static void submit_another(struct future *future, void *context)
{
    int *left = context;
    if (--*left <= 0)
        return;
    struct future *next = rig_submit(&rig, "/bytes/%d", *left);
    future_add_done_callback(next, submit_another, context);
    future_release(next);
    ck_assert(future_done(future));
}

START_TEST(a_callback_may_submit)
{
    int left = 50;
    rig_up(&rig, _i);
    struct future *future = rig_submit(&rig, "/bytes/1");
    future_add_done_callback(future, submit_another, &left);
    run_dry();
    ck_assert_int_eq(left, 0);
    future_release(future);
}
END_TEST

static void ask_for_results(struct future *future, void *context)
{
    struct future *other = context;
    expect_text_body(expect_ok(future), 3);
    expect_text_body(expect_ok(other), 4); /* not done yet: waits inside the callback */
    note(future, "x");
}

START_TEST(a_callback_may_ask_for_results_and_even_wait)
{
    rig_up(&rig, _i);
    struct future *future = rig_submit(&rig, "/bytes/3");
    struct future *other = rig_submit(&rig, "/delay/100/bytes/4");
    future_add_done_callback(future, ask_for_results, other);
    expect_ok(future);
    ck_assert_str_eq(heard, "x");
    future_release(future);
    future_release(other);
}
END_TEST

static void release_itself(struct future *future, void *context)
{
    note(future, context);
    future_release(future);
}

START_TEST(a_callback_may_release_its_future)
{
    rig_up(&rig, _i);
    struct future *future = rig_submit(&rig, "/bytes/3");
    future_add_done_callback(future, release_itself, "r");
    add(future, "a"); /* still comes: the future is freed behind the last */
    run_dry();
    ck_assert_str_eq(heard, "ra");
}
END_TEST

static void release_all(struct future *future, void *context)
{
    struct future **futures = context;
    (void)future;
    for (int i = 0; i < 10; i++) {
        future_release(futures[i]);
        futures[i] = NULL;
    }
}

START_TEST(a_callback_may_release_futures_whose_callbacks_are_due)
{
    struct future *futures[10];
    rig_up(&rig, _i);
    for (int i = 0; i < 10; i++) {
        futures[i] = rig_submit(&rig, "/bytes/3");
        add(futures[i], "x");
        future_add_done_callback(futures[i], release_all, futures);
    }
    run_dry();
    ck_assert_uint_eq(strlen(heard), 10);
}
END_TEST

static void cancel_other(struct future *future, void *context)
{
    (void)future;
    ck_assert(future_cancel(context));
}

START_TEST(a_callback_may_cancel_another)
{
    rig_begin(&rig, _i);
    rig.options.workers = rig.options.concurrency = 1;
    rig_open(&rig);
    struct future *first = rig_submit(&rig, "/bytes/3");
    struct future *second = rig_submit(&rig, "/never");
    future_add_done_callback(first, cancel_other, second);
    expect_ok(first);
    expect_cancelled(second);
    future_release(first);
    future_release(second);
}
END_TEST

static void iterate_inside(struct future *future, void *context)
{
    struct future *const *futures = context;
    size_t done;
    ck_assert_int_eq(futures_wait(futures, 3, FUTURES_ALL_COMPLETED, NET_MS, &done), STATUS_OK);
    ck_assert_uint_eq(done, 3);
    note(future, "w");
}

START_TEST(a_callback_may_wait_for_many)
{
    struct future *futures[3];
    rig_up(&rig, _i);
    for (int i = 0; i < 3; i++)
        futures[i] = rig_submit(&rig, "/delay/%d/bytes/3", i * 50);
    future_add_done_callback(futures[0], iterate_inside, futures);
    run_dry();
    ck_assert_str_eq(heard, "w");
    for (int i = 0; i < 3; i++)
        future_release(futures[i]);
}
END_TEST

START_TEST(callbacks_of_a_closed_executor_come_before_close_returns)
{
    struct future *futures[10];
    rig_up(&rig, _i);
    for (int i = 0; i < 10; i++) {
        futures[i] = rig_submit(&rig, "/never");
        add(futures[i], "x");
    }
    run_until_running(rig.executor, futures[0]);
    executor_close(rig.executor);
    rig.executor = NULL;
    ck_assert_uint_eq(strlen(heard), 10);
    for (int i = 0; i < 10; i++)
        future_release(futures[i]);
}
END_TEST

static Suite *callbacks_suite(void)
{
    Suite *suite = suite_create("callbacks");
    TCase *tests = tcase_create("callbacks");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    add_for_each_engine(tests, callbacks_come_once_in_the_order_they_were_added);
    add_for_each_engine(tests, a_callback_added_to_a_done_future_comes_at_once);
    add_for_each_engine(tests, a_callback_added_to_a_future_that_failed_in_submit_comes_at_once);
    add_for_each_engine(tests, an_immediate_cancellation_runs_the_callbacks_before_it_returns);
    add_for_each_engine(tests, a_released_future_still_calls_back);
    add_for_each_engine(tests, callbacks_come_in_the_callers_thread);
    add_for_each_engine(tests, a_callback_may_add_callbacks);
    add_for_each_engine(tests, a_callback_may_submit);
    add_for_each_engine(tests, a_callback_may_ask_for_results_and_even_wait);
    add_for_each_engine(tests, a_callback_may_release_its_future);
    add_for_each_engine(tests, a_callback_may_release_futures_whose_callbacks_are_due);
    add_for_each_engine(tests, a_callback_may_cancel_another);
    add_for_each_engine(tests, a_callback_may_wait_for_many);
    add_for_each_engine(tests, callbacks_of_a_closed_executor_come_before_close_returns);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(callbacks_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
