/* Workers that cannot live, or hardly: when the pool breaks, and when it must not. Every single place to die at is
 * the affair of check_faults_*.c. Processes only; needs SHOAL_FAULTS (common/fault.h). */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/faults.h"
#include "tests/support/support.h"

#define COUNT 200

static struct rig rig;
static uint8_t heard[COUNT];
static struct future *futures[COUNT];

static void tear_down(void)
{
    rig_down(&rig);
    ck_assert_uint_eq(children_of_self(NULL, NULL, 0), 0);
}

static void hear(struct future *future, void *context)
{
    uint8_t *times = context;
    ck_assert(future_done(future));
    ++*times;
}

static void submit_many(int count, const char *path)
{
    for (int i = 0; i < count; i++) {
        futures[i] = rig_submit(&rig, "%s", path);
        ck_assert_int_eq(future_add_done_callback(futures[i], hear, &heard[i]), STATUS_OK);
    }
}

static void expect_heard_once(int count)
{
    for (int i = 0; i < count; i++)
        ck_assert_msg(heard[i] == 1, "number %d was heard of %d times", i, heard[i]);
}

/* Nobody can live: the pool breaks with a reason, and every future is done. */
START_TEST(workers_that_cannot_live_break_the_pool)
{
    struct future *refused;
    rig_begin(&rig, EXECUTOR_PROCESSES);
    rig.options.workers = 4;
    rig.options.concurrency = 32;
    rig_open(&rig);
    fault_set("claim.after_cas", 1, FAULT_ACTIONS[_i]);
    submit_many(COUNT, "/bytes/100");
    for (int i = 0; i < COUNT; i++) {
        expect_error(futures[i], FETCH_WORKER_CRASHED);
        future_release(futures[i]);
    }
    expect_heard_once(COUNT);
    ck_assert_str_ne(executor_why_broken(rig.executor), "");
    ck_assert_int_eq(executor_submit_url(rig.executor, "http://127.0.0.1/", &refused), STATUS_BROKEN);
    ck_assert_int_eq(executor_run(rig.executor, -1), STATUS_BROKEN);
    struct executor_stats stats;
    executor_stats(rig.executor, &stats);
    ck_assert_uint_eq(stats.pending, 0);
}
END_TEST

/* Woken to end, it stops instead; with a sanitizer, where it is told to end and not killed, that must not hold us up. */
START_TEST(a_worker_that_stops_as_it_is_to_end_is_joined)
{
    rig_begin(&rig, EXECUTOR_PROCESSES);
    rig_open(&rig);
    fault_set("idle.after_wait", 1, "stop");
    submit_many(1, "/bytes/100");
    expect_ok(futures[0]);
    future_release(futures[0]);
    executor_close(rig.executor);
    rig.executor = NULL;
    ck_assert(children_of_self(&rig.origin, NULL, 0) == 0);
}
END_TEST

/* One worker is well and holds what takes long, the others cannot live: when the pool breaks, that ends too. */
START_TEST(a_broken_pool_gives_up_what_a_healthy_worker_holds)
{
    rig_begin(&rig, EXECUTOR_PROCESSES);
    rig.options.concurrency = 2;
    rig_open(&rig);
    futures[0] = rig_submit(&rig, "/never");
    future_add_done_callback(futures[0], hear, &heard[0]);
    run_until_running(rig.executor, futures[0]);
    fault_set("claim.after_cas", 1, "kill");
    for (int i = 1; i < COUNT; i++) {
        futures[i] = rig_submit(&rig, "/bytes/100");
        future_add_done_callback(futures[i], hear, &heard[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        expect_error(futures[i], FETCH_WORKER_CRASHED);
        future_release(futures[i]);
    }
    expect_heard_once(COUNT);
    ck_assert_str_ne(executor_why_broken(rig.executor), "");
}
END_TEST

/* Each life ends with its first result: always something is done in between, so the pool lives. */
START_TEST(workers_that_live_for_one_task_each_get_all_done)
{
    rig_begin(&rig, EXECUTOR_PROCESSES);
    rig.options.workers = rig.options.concurrency = 1;
    rig_open(&rig);
    fault_set("publish.after_cas", 1, "kill");
    submit_many(50, "/bytes/100");
    for (int i = 0; i < 50; i++) {
        expect_ok(futures[i]);
        future_release(futures[i]);
    }
    expect_heard_once(50);
}
END_TEST

static Suite *faults_suite(void)
{
    Suite *suite = suite_create("crash faults");
    TCase *tests = tcase_create("faults");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_loop_test(tests, workers_that_cannot_live_break_the_pool, 0, 3);
    tcase_add_test(tests, a_worker_that_stops_as_it_is_to_end_is_joined);
    tcase_add_test(tests, a_broken_pool_gives_up_what_a_healthy_worker_holds);
    tcase_add_test(tests, workers_that_live_for_one_task_each_get_all_done);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    if (!processes_are_tested("crash_faults"))
        return EXIT_SUCCESS;
    SRunner *runner = srunner_create(faults_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
