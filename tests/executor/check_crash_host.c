/* What a host program sees of workers that die, and what workers do when it dies itself. Processes only. */
#include <curl/curl.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/support.h"

#define PIDS 16

static struct rig rig;

static void tear_down(void)
{
    rig_down(&rig);
    ck_assert_uint_eq(children_of_self(NULL, NULL, 0), 0); /* no zombie either */
}

static void begin(void)
{
    rig_begin(&rig, EXECUTOR_PROCESSES);
}

static void kill_some_worker(size_t which, int signal)
{
    pid_t pids[PIDS];
    size_t count = children_of_self(&rig.origin, pids, PIDS);
    if (count)
        kill(pids[which % (count < PIDS ? count : PIDS)], signal);
}

START_TEST(a_host_that_ignores_sigchld_is_served)
{
    enum { COUNT = 200 };
    struct future *futures[COUNT];
    begin();
    signal(SIGCHLD, SIG_IGN);
    rig_open(&rig);
    for (int i = 0; i < COUNT; i++)
        futures[i] = rig_submit(&rig, "/delay/10/bytes/10");
    run_until_running(rig.executor, futures[0]);
    kill_some_worker(0, SIGKILL);
    for (int i = 0; i < COUNT; i++) {
        expect_ok(futures[i]);
        future_release(futures[i]);
    }
}
END_TEST

START_TEST(children_of_the_host_are_not_reaped)
{
    begin();
    rig_open(&rig);
    pid_t own = fork();
    ck_assert_int_ge(own, 0);
    if (own == 0)
        _exit(42);
    struct future *future = rig_submit(&rig, "/delay/100/bytes/10");
    run_until_running(rig.executor, future);
    kill_some_worker(1, SIGKILL);
    expect_ok(future);
    future_release(future);
    int status;
    ck_assert_int_eq(waitpid(own, &status, 0), own);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}
END_TEST

START_TEST(deaths_leak_no_descriptor)
{
    begin();
    size_t before = 0;
    for (int round = 0; round < 3; round++) {
        rig_open(&rig);
        for (int i = 0; i < 5; i++) {
            struct future *future = rig_submit(&rig, "/delay/50/bytes/10");
            run_until_running(rig.executor, future);
            kill_some_worker((size_t)i, SIGKILL);
            expect_ok(future);
            future_release(future);
        }
        executor_close(rig.executor);
        rig.executor = NULL;
        ck_assert_uint_eq(children_of_self(&rig.origin, NULL, 0), 0);
        if (round == 0)
            before = descriptors_open();
    }
    ck_assert_uint_eq(descriptors_open(), before);
}
END_TEST

/* Its workers inherit a libcurl that is begun already, with the host's allocator: a handle then serves one URL, and all is fetched
 * the same. */
START_TEST(a_host_that_has_begun_libcurl_is_served)
{
    enum { COUNT = 60 };
    struct future *futures[COUNT];
    begin();
    ck_assert_int_eq(curl_global_init(CURL_GLOBAL_DEFAULT), CURLE_OK);
    CURL *own = curl_easy_init();
    ck_assert_ptr_nonnull(own);
    rig_open(&rig);
    for (int i = 0; i < COUNT; i++)
        futures[i] = rig_submit(&rig, i % 3 == 0 ? "/redirect/2" : "/gzip/2000");
    for (int i = 0; i < COUNT; i++) {
        const struct fetch_result *result = expect_ok(futures[i]);
        ck_assert_uint_eq(result->redirects, i % 3 == 0 ? 2 : 0);
        ck_assert_uint_eq(result->attempts, 1);
        future_release(futures[i]);
    }
    curl_easy_cleanup(own);
    curl_global_cleanup();
}
END_TEST

static int handler_pipe[2];

static void on_sigterm(int number)
{
    (void)number;
    ssize_t written = write(handler_pipe[1], "x", 1);
    (void)written;
}

/* A handler of the host's must never run in a worker, however early the signal comes. */
START_TEST(a_signal_to_a_worker_just_born_does_not_call_the_hosts_handler)
{
    const struct sigaction action = {.sa_handler = on_sigterm};
    pid_t pids[PIDS];
    siginfo_t about;
    char byte;
    begin();
    ck_assert_int_eq(pipe2(handler_pipe, O_NONBLOCK | O_CLOEXEC), 0);
    sigaction(SIGTERM, &action, NULL);
    rig_open(&rig);
    setenv("FAULT", "child.begun:1:stop", 1);
    struct future *future = rig_submit(&rig, "/bytes/10");
    unsetenv("FAULT");
    ck_assert_uint_eq(children_of_self(&rig.origin, pids, PIDS), 1);
    ck_assert_int_eq(waitid(P_PID, (id_t)pids[0], &about, WSTOPPED | WNOWAIT), 0);
    kill(pids[0], SIGTERM);
    kill(pids[0], SIGCONT);
    expect_ok(future);
    future_release(future);
    ck_assert_int_eq(read(handler_pipe[0], &byte, 1), -1);
    struct executor_stats stats;
    executor_stats(rig.executor, &stats);
    ck_assert_uint_eq(stats.worker_deaths, 1);
}
END_TEST

/* The child runs an executor, tells its workers' numbers and waits to be killed. */
_Noreturn static void run_doomed_coordinator(int out)
{
    struct executor *executor;
    struct future *future;
    char url[128];
    pid_t pids[PIDS];
    struct executor_options options = rig.options;
    options.workers = 3;
    if (executor_open(&executor, &options, NULL, 0) != STATUS_OK)
        _exit(1);
    origin_url(&rig.origin, url, sizeof url, "/never");
    for (int i = 0; i < 20; i++)
        if (executor_submit_url(executor, url, &future) != STATUS_OK)
            _exit(2);
    for (int i = 0; i < 20 && !future_running(future); i++)
        executor_run(executor, 20);
    size_t count = children_of_self(NULL, pids, PIDS);
    if (write(out, pids, count * sizeof pids[0]) < 0)
        _exit(3);
    for (;;)
        executor_run(executor, -1);
}

START_TEST(a_killed_coordinator_takes_its_workers_along)
{
    int ends[2];
    pid_t pids[PIDS];
    int pid_fds[PIDS];
    begin();
    ck_assert_int_eq(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        run_doomed_coordinator(ends[1]);
    ssize_t bytes = read(ends[0], pids, sizeof pids);
    ck_assert_int_eq(bytes, 3 * (ssize_t)sizeof pids[0]);
    for (int i = 0; i < 3; i++) {
        pid_fds[i] = pidfd_open(pids[i], 0);
        ck_assert_int_ge(pid_fds[i], 0);
    }
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    for (int i = 0; i < 3; i++) {
        struct pollfd gone = {.fd = pid_fds[i], .events = POLLIN};
        ck_assert_msg(poll(&gone, 1, NET_MS) == 1, "worker %d lives on", i);
        close(pid_fds[i]);
    }
    ck_assert(shm_names_are_gone());
    close(ends[0]);
    close(ends[1]);
}
END_TEST

static Suite *host_suite(void)
{
    Suite *suite = suite_create("crash host");
    TCase *tests = tcase_create("host");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_test(tests, a_host_that_ignores_sigchld_is_served);
    tcase_add_test(tests, children_of_the_host_are_not_reaped);
    tcase_add_test(tests, a_host_that_has_begun_libcurl_is_served);
    tcase_add_test(tests, a_signal_to_a_worker_just_born_does_not_call_the_hosts_handler);
    tcase_add_test(tests, deaths_leak_no_descriptor);
    tcase_add_test(tests, a_killed_coordinator_takes_its_workers_along);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    if (!processes_are_tested("crash_host"))
        return EXIT_SUCCESS;
    SRunner *runner = srunner_create(host_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
