/* Runs in: tests. A death at every place where it could hurt: each FAULT_POINT of the sources, each way to go. Processes
 * only; needs SHOAL_FAULTS (common/fault.h). */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support.h"

#define COUNT 200
#define MANY 1000

static const char *const POINTS[] = {
    "claim.before_cas",     "claim.after_cas",     "claim.after_head",  "publish.before_cas",      "publish.after_cas",
    "announce.before_tail", "announce.after_tail", "tell.before_write", "extent.before_fallocate",
};
static const char *const ACTIONS[] = {"kill", "segv", "exit", "stop"};
#define POINT_COUNT ((int)(sizeof POINTS / sizeof POINTS[0]))
#define ACTION_COUNT ((int)(sizeof ACTIONS / sizeof ACTIONS[0]))

static struct rig rig;
static uint8_t heard[MANY];
static struct future *futures[MANY];

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

static void set_fault(const char *point, int nth, const char *action)
{
    char fault[64];
    snprintf(fault, sizeof fault, "%s:%d:%s", point, nth, action);
    setenv("FAULT", fault, 1);
}

/* The first worker alone has the fault: it is forked by the first submit. Nobody is struck twice, so nothing may be lost. */
START_TEST(a_first_worker_that_dies_anywhere_costs_nothing)
{
    const char *point = POINTS[_i / ACTION_COUNT];
    rig_begin(&rig, EXECUTOR_PROCESSES);
    rig.options.hang_time_ms = 1000;
    rig_open(&rig);
    set_fault(point, 3, ACTIONS[_i % ACTION_COUNT]);
    futures[0] = rig_submit(&rig, "/delay/5/bytes/100000");
    unsetenv("FAULT");
    future_add_done_callback(futures[0], hear, &heard[0]);
    for (int i = 1; i < COUNT; i++) {
        futures[i] = rig_submit(&rig, "/delay/5/bytes/100000");
        future_add_done_callback(futures[i], hear, &heard[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        expect_text_body(expect_ok(futures[i]), 100000);
        future_release(futures[i]);
    }
    expect_heard_once(COUNT);
    struct executor_stats stats;
    executor_stats(rig.executor, &stats);
    ck_assert_msg(stats.worker_deaths == 1, "%s: %llu deaths", point, (unsigned long long)stats.worker_deaths);
}
END_TEST

/* Every life has the fault, after some work. Killed from outside, as it looks: nobody is to blame, so all is done. */
START_TEST(lives_that_are_all_killed_after_some_work_get_it_done)
{
    const char *point = POINTS[_i];
    if (strcmp(point, "extent.before_fallocate") == 0)
        return; /* the coordinator passes there as well */
    rig_begin(&rig, EXECUTOR_PROCESSES);
    rig.options.pending_max = MANY;
    rig_open(&rig);
    set_fault(point, 40, "kill");
    submit_many(MANY, "/bytes/100");
    for (int i = 0; i < MANY; i++) {
        expect_text_body(expect_ok(futures[i]), 100);
        future_release(futures[i]);
    }
    expect_heard_once(MANY);
}
END_TEST

/* The same with crashes: what was held may be to blame, and is tried alone. Each is done once, as fetched or as crashed. */
START_TEST(lives_that_all_crash_after_some_work_leave_nothing_undone)
{
    const char *point = POINTS[_i];
    if (strcmp(point, "extent.before_fallocate") == 0)
        return;
    rig_begin(&rig, EXECUTOR_PROCESSES);
    rig.options.pending_max = MANY;
    rig_open(&rig);
    set_fault(point, 100, "segv");
    submit_many(MANY, "/bytes/100");
    int crashed = 0;
    for (int i = 0; i < MANY; i++) {
        const struct fetch_result *result;
        enum status status = future_result(futures[i], NET_MS, &result);
        ck_assert_msg(status == STATUS_OK || status == STATUS_FAILED, "%d: %s", i, status_name(status));
        ck_assert(result->error == FETCH_OK || result->error == FETCH_WORKER_CRASHED);
        crashed += result->error != FETCH_OK;
        future_release(futures[i]);
    }
    expect_heard_once(MANY);
    ck_assert_msg(crashed < MANY / 10, "%d of %d were given up", crashed, MANY);
}
END_TEST

/* Nobody can live: the pool breaks with a reason, and every future is done. */
START_TEST(workers_that_cannot_live_break_the_pool)
{
    struct future *refused;
    rig_begin(&rig, EXECUTOR_PROCESSES);
    rig.options.workers = 4;
    rig.options.concurrency = 32;
    rig_open(&rig);
    set_fault("claim.after_cas", 1, ACTIONS[_i]);
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

/* One worker is well and holds what takes long, the others cannot live: when the pool breaks, that ends too. */
START_TEST(a_broken_pool_gives_up_what_a_healthy_worker_holds)
{
    rig_begin(&rig, EXECUTOR_PROCESSES);
    rig.options.concurrency = 2;
    rig_open(&rig);
    futures[0] = rig_submit(&rig, "/never");
    future_add_done_callback(futures[0], hear, &heard[0]);
    run_until_running(rig.executor, futures[0]);
    set_fault("claim.after_cas", 1, "kill");
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
    set_fault("publish.after_cas", 1, "kill");
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
    tcase_add_loop_test(tests, a_first_worker_that_dies_anywhere_costs_nothing, 0, POINT_COUNT * ACTION_COUNT);
    tcase_add_loop_test(tests, lives_that_are_all_killed_after_some_work_get_it_done, 0, POINT_COUNT);
    tcase_add_loop_test(tests, lives_that_all_crash_after_some_work_leave_nothing_undone, 0, POINT_COUNT);
    tcase_add_loop_test(tests, workers_that_cannot_live_break_the_pool, 0, 3);
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
