/* How an executor shares the work out, and the machine with others, whichever engine it has. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/support.h"

static struct rig rig;

static void tear_down(void)
{
    rig_down(&rig);
}

START_TEST(no_more_than_concurrency_are_in_flight)
{
    enum { COUNT = 40, CONCURRENCY = 5 };
    rig_begin(&rig, _i);
    rig.options.workers = 4;
    rig.options.concurrency = CONCURRENCY;
    rig_open(&rig);
    struct future *futures[COUNT];
    for (int i = 0; i < COUNT; i++)
        futures[i] = rig_submit(&rig, "/delay/20/bytes/1");
    for (int i = 0; i < COUNT; i++) {
        expect_ok(futures[i]);
        future_release(futures[i]);
    }
    struct origin_counts counts;
    origin_counts_read(&rig.origin, &counts);
    ck_assert_uint_le(counts.in_flight_max, CONCURRENCY);
}
END_TEST

/* Both workers sleep, each may hold one: the second of two submits in a row must not wait until a sleeper looks up by
 * itself, which it does once a second. */
START_TEST(two_submits_wake_two_sleeping_workers)
{
    enum { ROUNDS = 20, SOON_MS = 700 };
    if (_i == EXECUTOR_SERIAL)
        return;
    rig_begin(&rig, _i);
    rig.options.concurrency = 2;
    rig_open(&rig);
    for (int round = 0; round < ROUNDS; round++) {
        struct future *futures[2] = {rig_submit(&rig, "/never"), rig_submit(&rig, "/never")};
        int64_t began_ms = now_ms();
        while (!future_running(futures[0]) || !future_running(futures[1])) {
            executor_run(rig.executor, 1);
            ck_assert_msg(round == 0 || now_ms() - began_ms < SOON_MS, "round %d: one waits", round);
        }
        for (int i = 0; i < 2; i++) {
            future_cancel(futures[i]);
            expect_cancelled(futures[i]);
            future_release(futures[i]);
        }
    }
}
END_TEST

static int64_t cpu_ms(void)
{
    struct rusage own;
    struct rusage children;
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    return (own.ru_utime.tv_sec + own.ru_stime.tv_sec + children.ru_utime.tv_sec + children.ru_stime.tv_sec) * 1000 +
           (own.ru_utime.tv_usec + own.ru_stime.tv_usec + children.ru_utime.tv_usec + children.ru_stime.tv_usec) / 1000;
}

/* Waiting is done by the kernel: whoever spins uses all of the time, of one processor at least. */
START_TEST(a_pool_that_waits_uses_no_processor)
{
    enum { WAIT_MS = 2000 };
    rig_begin(&rig, _i);
    rig_open(&rig);
    int64_t before_ms = cpu_ms();
    struct future *future = rig_submit(&rig, "/delay/%d/bytes/1", (int)WAIT_MS);
    expect_ok(future);
    future_release(future);
    executor_close(rig.executor);
    rig.executor = NULL;
    ck_assert_msg(cpu_ms() - before_ms < WAIT_MS / 2, "%lld ms", (long long)(cpu_ms() - before_ms));
}
END_TEST

START_TEST(two_executors_at_once_do_not_meet)
{
    struct executor *other;
    char url[128];
    rig_up(&rig, _i);
    ck_assert_int_eq(executor_open(&other, &rig.options, NULL, 0), STATUS_OK);
    origin_url(&rig.origin, url, sizeof url, "/delay/100/bytes/22");
    struct future *theirs;
    ck_assert_int_eq(executor_submit_url(other, url, &theirs), STATUS_OK);
    struct future *ours = rig_submit(&rig, "/delay/100/bytes/11");
    expect_text_body(expect_ok(ours), 11);
    executor_close(rig.executor);
    rig.executor = NULL;
    expect_text_body(expect_ok(theirs), 22);
    future_release(ours);
    future_release(theirs);
    executor_close(other);
}
END_TEST

/* A host program without standard descriptors: ours must not be mistaken for them. */
START_TEST(a_host_without_standard_descriptors_is_served)
{
    rig_begin(&rig, _i);
    fflush(NULL);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct executor *executor;
        struct future *future;
        const struct fetch_result *result;
        char url[128];
        for (int fd = 0; fd < 3; fd++)
            close(fd);
        origin_url(&rig.origin, url, sizeof url, "/bytes/300000");
        if (executor_open(&executor, &rig.options, NULL, 0) != STATUS_OK)
            _exit(10);
        if (executor_submit_url(executor, url, &future) != STATUS_OK)
            _exit(11);
        if (future_result(future, NET_MS, &result) != STATUS_OK)
            _exit(result ? 100 + (int)result->error : 12);
        if (result->body_bytes != 300000)
            _exit(13);
        future_release(future);
        executor_close(executor);
        for (int fd = 0; fd < 3; fd++)
            if (fcntl(fd, F_GETFD) != -1)
                _exit(20 + fd);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "exit %d, signal %d", WEXITSTATUS(status),
                  WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}
END_TEST

static Suite *sharing_suite(void)
{
    Suite *suite = suite_create("sharing");
    TCase *tests = tcase_create("sharing");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    add_for_each_engine(tests, no_more_than_concurrency_are_in_flight);
    add_for_each_engine(tests, two_submits_wake_two_sleeping_workers);
    add_for_each_engine(tests, a_pool_that_waits_uses_no_processor);
    add_for_each_engine(tests, two_executors_at_once_do_not_meet);
    add_for_each_engine(tests, a_host_without_standard_descriptors_is_served);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(sharing_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
