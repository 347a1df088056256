/* Workers that die, hang or stop: coordinator/executor/reaper.c. Processes only. Needs SHOAL_FAULTS. Where in its work
 * a worker dies is the affair of check_crash_faults.c, what the host program sees of it that of check_crash_host.c. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/support.h"

#define MANY 2000
#define PIDS 16

static struct rig rig;
static uint8_t heard[MANY];

static void tear_down(void)
{
    if (rig.executor) { /* what a test has stopped must not hold up the end */
        pid_t pids[PIDS];
        size_t count = children_of_self(&rig.origin, pids, PIDS);
        for (size_t i = 0; i < count && i < PIDS; i++)
            kill(pids[i], SIGCONT);
    }
    rig_down(&rig);
    ck_assert_uint_eq(children_of_self(NULL, NULL, 0), 0); /* no zombie either */
}

static void begin(void)
{
    rig_begin(&rig, EXECUTOR_PROCESSES);
}

static void hear(struct future *future, void *context)
{
    uint8_t *times = context;
    ck_assert(future_done(future));
    ++*times;
}

static struct future *submit_heard(int i, const char *path)
{
    struct future *future = rig_submit(&rig, "%s", path);
    ck_assert_int_eq(future_add_done_callback(future, hear, &heard[i]), STATUS_OK);
    return future;
}

static void expect_heard_once(int count)
{
    for (int i = 0; i < count; i++)
        ck_assert_msg(heard[i] == 1, "number %d was heard of %d times", i, heard[i]);
}

static pid_t some_worker(size_t which)
{
    pid_t pids[PIDS];
    size_t count = children_of_self(&rig.origin, pids, PIDS);
    return count ? pids[which % (count < PIDS ? count : PIDS)] : 0;
}

static void kill_some_worker(size_t which, int signal)
{
    pid_t pid = some_worker(which);
    if (pid > 0)
        kill(pid, signal);
}

static void run_until_all_are_dead(void)
{
    struct executor_stats stats;
    int64_t deadline_ms = now_ms() + NET_MS;
    do {
        executor_run(rig.executor, 0);
        executor_stats(rig.executor, &stats);
        ck_assert_msg(now_ms() < deadline_ms, "%u workers live", stats.workers_alive);
    } while (stats.workers_alive > 0);
}

/* ---- killed from outside ---- */

START_TEST(random_kills_lose_nothing)
{
    enum { EVERY = 60 };
    static struct future *futures[MANY];
    struct completions *completions;
    struct future *future;
    begin();
    rig.options.workers = 4;
    rig.options.concurrency = 64;
    rig.options.pending_max = MANY;
    rig_open(&rig);
    for (int i = 0; i < MANY; i++)
        futures[i] = submit_heard(i, "/delay/20/bytes/100");
    ck_assert_int_eq(futures_as_completed(futures, MANY, 50000, &completions), STATUS_OK);
    uint64_t dice = 1;
    for (int done = 0; done < MANY; done++) {
        ck_assert_int_eq(completions_next(completions, &future), STATUS_OK);
        dice = dice * 6364136223846793005u + 1442695040888963407u;
        if (done % EVERY == EVERY / 2)
            kill_some_worker((size_t)(dice >> 33), SIGKILL);
    }
    completions_close(completions);
    for (int i = 0; i < MANY; i++) {
        expect_text_body(expect_ok(futures[i]), 100);
        future_release(futures[i]);
    }
    expect_heard_once(MANY);
    struct executor_stats stats;
    executor_stats(rig.executor, &stats);
    ck_assert_uint_ge(stats.worker_deaths, 10);
    ck_assert_uint_eq(stats.completed, MANY);
}
END_TEST

START_TEST(what_a_killed_worker_held_costs_one_attempt)
{
    begin();
    rig.options.workers = 1;
    rig_open(&rig);
    struct future *futures[8];
    for (int i = 0; i < 8; i++)
        futures[i] = rig_submit(&rig, "/delay/300/bytes/10");
    for (int i = 0; i < 8; i++)
        run_until_running(rig.executor, futures[i]);
    kill_some_worker(0, SIGKILL);
    for (int i = 0; i < 8; i++) {
        ck_assert_uint_eq(expect_ok(futures[i])->attempts, 2);
        future_release(futures[i]);
    }
}
END_TEST

/* Nobody was at work when they died: the next submit must find somebody. */
START_TEST(workers_that_died_while_idle_are_replaced_at_the_next_submit)
{
    begin();
    rig_open(&rig);
    struct future *futures[2] = {rig_submit(&rig, "/delay/50/bytes/1"), rig_submit(&rig, "/delay/50/bytes/1")};
    expect_ok(futures[0]);
    expect_ok(futures[1]);
    pid_t pids[PIDS];
    size_t count = children_of_self(&rig.origin, pids, PIDS);
    ck_assert_uint_eq(count, 2);
    for (size_t i = 0; i < count; i++)
        kill(pids[i], SIGKILL);
    run_until_all_are_dead();
    struct future *third = rig_submit(&rig, "/bytes/3");
    expect_text_body(expect_ok(third), 3);
    future_release(futures[0]);
    future_release(futures[1]);
    future_release(third);
}
END_TEST

START_TEST(one_of_two_that_died_while_idle_is_replaced_too)
{
    begin();
    rig.options.concurrency = 2;
    rig_open(&rig);
    struct future *futures[2] = {rig_submit(&rig, "/delay/50/bytes/1"), rig_submit(&rig, "/delay/50/bytes/1")};
    struct executor_stats stats;
    for (int i = 0; i < 2; i++) {
        expect_ok(futures[i]);
        future_release(futures[i]);
    }
    kill_some_worker(0, SIGKILL);
    int64_t deadline_ms = now_ms() + NET_MS;
    do {
        executor_run(rig.executor, 0);
        executor_stats(rig.executor, &stats);
        ck_assert_int_lt((long long)now_ms(), (long long)deadline_ms);
    } while (stats.workers_alive != 1);
    for (int i = 0; i < 2; i++)
        futures[i] = rig_submit(&rig, "/never");
    run_until_running(rig.executor, futures[0]); /* each of them may hold one */
    run_until_running(rig.executor, futures[1]);
    future_release(futures[0]);
    future_release(futures[1]);
}
END_TEST

START_TEST(a_killed_worker_that_was_told_to_cancel_has_cancelled)
{
    begin();
    rig.options.workers = rig.options.concurrency = 1;
    rig_open(&rig);
    struct future *future = rig_submit(&rig, "/never");
    run_until_running(rig.executor, future);
    pid_t pid = some_worker(0);
    kill(pid, SIGSTOP);
    ck_assert(future_cancel(future));
    kill(pid, SIGKILL);
    expect_cancelled(future);
    future_release(future);
}
END_TEST

START_TEST(a_pool_that_shall_break_breaks_at_the_first_death) /* (17) */
{
    enum { COUNT = 200 };
    struct future *futures[COUNT];
    struct future *refused;
    begin();
    rig.options.on_worker_death = EXECUTOR_BREAK;
    rig_open(&rig);
    for (int i = 0; i < COUNT; i++)
        futures[i] = submit_heard(i, "/never");
    for (int i = 0; i < 8; i++)
        run_until_running(rig.executor, futures[i]);
    kill_some_worker(0, SIGKILL);
    for (int i = 0; i < COUNT; i++) {
        const struct fetch_result *result = expect_error(futures[i], FETCH_WORKER_CRASHED);
        ck_assert_uint_eq(result->crash_signal, SIGKILL);
        future_release(futures[i]);
    }
    expect_heard_once(COUNT);
    ck_assert_int_eq(executor_submit_url(rig.executor, "http://127.0.0.1/", &refused), STATUS_BROKEN);
    ck_assert_int_eq(executor_run(rig.executor, -1), STATUS_BROKEN);
    ck_assert_ptr_nonnull(strstr(executor_why_broken(rig.executor), "KILL"));
    run_until_all_are_dead();
    ck_assert_uint_eq(children_of_self(&rig.origin, NULL, 0), 0);
}
END_TEST

/* ---- planned ends ---- */

START_TEST(workers_are_replaced_after_so_many_tasks) /* (16) */
{
    enum { COUNT = 500 };
    static struct future *futures[COUNT];
    begin();
    rig.options.tasks_per_worker_max = 10;
    rig_open(&rig);
    for (int i = 0; i < COUNT; i++)
        futures[i] = submit_heard(i, "/bytes/10");
    for (int i = 0; i < COUNT; i++) {
        ck_assert_uint_eq(expect_ok(futures[i])->attempts, 1);
        future_release(futures[i]);
    }
    expect_heard_once(COUNT);
    struct executor_stats stats;
    executor_stats(rig.executor, &stats);
    ck_assert_uint_eq(stats.worker_deaths, 0);
    struct origin_counts counts;
    origin_counts_read(&rig.origin, &counts);
    ck_assert_uint_eq(counts.requests, COUNT);
    ck_assert_uint_ge(counts.connections, COUNT / 10); /* none outlived its worker */
}
END_TEST

START_TEST(a_worker_whose_tasks_are_done_is_replaced_when_more_come)
{
    begin();
    rig.options.workers = rig.options.concurrency = 1;
    rig.options.tasks_per_worker_max = 1;
    rig_open(&rig);
    for (int i = 0; i < 5; i++) {
        struct future *future = rig_submit(&rig, "/bytes/%d", i);
        expect_text_body(expect_ok(future), (uint64_t)i);
        future_release(future);
        run_until_all_are_dead();
    }
}
END_TEST

/* ---- hung ---- */

START_TEST(a_stopped_worker_is_found_and_its_work_is_done)
{
    enum { COUNT = 100 };
    struct future *futures[COUNT];
    begin();
    rig.options.hang_time_ms = 500;
    rig_open(&rig);
    for (int i = 0; i < COUNT; i++)
        futures[i] = submit_heard(i, "/delay/20/bytes/10");
    run_until_running(rig.executor, futures[0]);
    kill_some_worker(0, SIGSTOP);
    for (int i = 0; i < COUNT; i++) {
        expect_ok(futures[i]);
        future_release(futures[i]);
    }
    expect_heard_once(COUNT);
}
END_TEST

/* Nothing else happens that would wake us: the look for hung workers must come by itself, in time. */
START_TEST(a_lone_stopped_worker_is_found_in_time)
{
    begin();
    rig.options.workers = rig.options.concurrency = 1;
    rig.options.hang_time_ms = 400;
    rig_open(&rig);
    struct future *future = rig_submit(&rig, "/delay/100/bytes/10");
    run_until_running(rig.executor, future);
    int64_t began_ms = now_ms();
    kill_some_worker(0, SIGSTOP);
    expect_ok(future);
    ck_assert_msg(now_ms() - began_ms < 5000, "it took %lld ms", (long long)(now_ms() - began_ms));
    future_release(future);
}
END_TEST

/* Waiting for a slow server is no hanging, however short the time is. */
START_TEST(a_worker_that_waits_is_not_taken_for_hung)
{
    begin();
    rig.options.hang_time_ms = 300;
    rig_open(&rig);
    struct future *slow = rig_submit(&rig, "/delay/3000/bytes/10");
    for (int i = 0; i < 20; i++) { /* so that we look often */
        struct future *future = rig_submit(&rig, "/delay/100/bytes/1");
        expect_ok(future);
        future_release(future);
    }
    ck_assert_uint_eq(expect_ok(slow)->attempts, 1);
    future_release(slow);
    struct executor_stats stats;
    executor_stats(rig.executor, &stats);
    ck_assert_uint_eq(stats.worker_deaths, 0);
}
END_TEST

/* ---- poison ---- */

struct poison_case {
    const char *fault;
    int signal; /* what is told; -1: any */
    int64_t hang_time_ms;
};

static const struct poison_case POISONS[] = {
    {"poison:kill", SIGKILL, 10000}, {"poison:segv", SIGSEGV, 10000}, {"poison:exit", 0, 10000},
    {"poison:spin", -1, 300},        {"poison:stop", -1, 300},
};
#define POISON_COUNT ((int)(sizeof POISONS / sizeof POISONS[0]))

START_TEST(poison_fails_alone)
{
    enum { COUNT = 1000, POISON = 357 };
    static struct future *futures[COUNT];
    begin();
    setenv("FAULT_URL", POISONS[_i].fault, 1);
    rig.options.hang_time_ms = POISONS[_i].hang_time_ms;
    rig_open(&rig);
    for (int i = 0; i < COUNT; i++)
        futures[i] = submit_heard(i, i == POISON ? "/bytes/20?poison" : "/bytes/20");
    for (int i = 0; i < COUNT; i++) {
        if (i != POISON) {
            expect_text_body(expect_ok(futures[i]), 20);
        } else {
            const struct fetch_result *result = expect_error(futures[i], FETCH_WORKER_CRASHED);
            ck_assert_uint_eq(result->attempts, 2);
            if (POISONS[_i].signal >= 0)
                ck_assert_int_eq((int)result->crash_signal, POISONS[_i].signal);
            ck_assert_str_ne(result->detail, "");
            ck_assert(!result->retryable);
        }
        future_release(futures[i]);
    }
    expect_heard_once(COUNT);
    struct executor_stats stats;
    executor_stats(rig.executor, &stats);
    ck_assert_uint_eq(stats.worker_deaths, 2);
    ck_assert_str_eq(executor_why_broken(rig.executor), "");
}
END_TEST

START_TEST(several_poisons_among_many_fail_alone)
{
    enum { COUNT = 300 };
    static struct future *futures[COUNT];
    begin();
    setenv("FAULT_URL", "poison:segv", 1);
    rig_open(&rig);
    for (int i = 0; i < COUNT; i++)
        futures[i] = submit_heard(i, i % 50 == 7 ? "/bytes/20?poison" : "/delay/5/bytes/20");
    for (int i = 0; i < COUNT; i++) {
        if (i % 50 == 7)
            expect_error(futures[i], FETCH_WORKER_CRASHED);
        else
            expect_text_body(expect_ok(futures[i]), 20);
        future_release(futures[i]);
    }
    expect_heard_once(COUNT);
}
END_TEST

static Suite *crash_suite(void)
{
    Suite *suite = suite_create("crash");
    TCase *tests = tcase_create("deaths");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_test(tests, random_kills_lose_nothing);
    tcase_add_test(tests, what_a_killed_worker_held_costs_one_attempt);
    tcase_add_test(tests, workers_that_died_while_idle_are_replaced_at_the_next_submit);
    tcase_add_test(tests, one_of_two_that_died_while_idle_is_replaced_too);
    tcase_add_test(tests, a_killed_worker_that_was_told_to_cancel_has_cancelled);
    tcase_add_test(tests, a_pool_that_shall_break_breaks_at_the_first_death);
    tcase_add_test(tests, workers_are_replaced_after_so_many_tasks);
    tcase_add_test(tests, a_worker_whose_tasks_are_done_is_replaced_when_more_come);
    tcase_add_test(tests, a_stopped_worker_is_found_and_its_work_is_done);
    tcase_add_test(tests, a_lone_stopped_worker_is_found_in_time);
    tcase_add_test(tests, a_worker_that_waits_is_not_taken_for_hung);
    tcase_add_loop_test(tests, poison_fails_alone, 0, POISON_COUNT);
    tcase_add_test(tests, several_poisons_among_many_fail_alone);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    if (!processes_are_tested("crash"))
        return EXIT_SUCCESS;
    SRunner *runner = srunner_create(crash_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
