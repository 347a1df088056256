/* Mirrors coordinator/compare/runner.c. A run executes the program anew: that is this suite, which is then
 * the command (see main). */
#include "coordinator/compare/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "coordinator/fetch/fetch_command.h"
#include "tests/support/support.h"

#define URLS_MAX 2100

static struct origin origin;
static struct list list;
static struct signals signals;
static struct runner runner;
static struct trial trial;
static char why[256], texts[URLS_MAX][128];
static const char *urls[URLS_MAX];
static size_t url_count, open_before;

static void set_up(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* workers whose run was killed become ours */
    url_count = 0;
    why[0] = '\0';
    ck_assert_int_eq(origin_start(&origin), 0);
    open_before = descriptors_open();
    list = (struct list){.fd = -1};
    ck_assert_int_eq(signals_open(&signals), STATUS_OK);
    runner = (struct runner){.list = &list, .signals = &signals, .tally_fd = -1};
    ck_assert_int_eq(runner_open(&runner), STATUS_OK);
}

/* Nobody is left: not the run, and its workers are dying at least. */
static void expect_no_process(void)
{
    pid_t pids[64];
    int64_t deadline_ms = now_ms() + NET_MS;
    for (size_t count; (count = children_of_self(&origin, pids, 64)) > 0; sched_yield()) {
        ck_assert_msg(now_ms() < deadline_ms, "process %d is left behind", (int)pids[0]);
        for (size_t i = 0; i < count; i++)
            waitpid(pids[i], NULL, WNOHANG);
    }
}

static void tear_down(void)
{
    runner_close(&runner);
    runner_close(&runner);
    list_close(&list);
    signals_close(&signals);
    ck_assert_uint_eq(descriptors_open(), open_before);
    expect_no_process();
    origin_stop(&origin);
}

/* ---- one run ---- */

/* Adds a page of the origin to the list, or a whole URL. */
__attribute__((format(printf, 1, 2))) static void add_url(const char *format, ...)
{
    char path[100];
    va_list arguments;
    ck_assert_uint_lt(url_count, URLS_MAX);
    va_start(arguments, format);
    vsnprintf(path, sizeof path, format, arguments);
    va_end(arguments);
    if (path[0] == '/')
        origin_url(&origin, texts[url_count], sizeof texts[0], "%s", path);
    else
        snprintf(texts[url_count], sizeof texts[0], "%s", path);
    urls[url_count] = texts[url_count];
    url_count++;
}

static enum status run_cut(int engine, uint32_t workers, uint32_t in_flight, int64_t cut_ns)
{
    struct design design = design_setting((enum executor_engine)engine, workers, in_flight);
    if (list.path == NULL)
        list_open_arguments(&list, urls, url_count, 0);
    enum status status = runner_run(&runner, &design, cut_ns, &trial, why, sizeof why);
    expect_no_process();
    return status;
}

/* Two workers with four transfers, or one with one. */
static void run(int engine)
{
    bool serial = engine == EXECUTOR_SERIAL;
    ck_assert_msg(run_cut(engine, serial ? 1 : 2, serial ? 1 : 4, 0) == STATUS_OK, "%s", why);
}

static void expect_end(enum trial_end end, int signal, int exit_status)
{
    ck_assert_msg(trial.end == end, "end %d, should be %d: exit status %d, signal %d: %s", trial.end, end,
                  trial.exit_status, trial.signal, trial.why);
    ck_assert_int_eq(trial.signal, signal);
    ck_assert_int_eq(trial.exit_status, exit_status);
    if (end != TRIAL_CANNOT_RUN)
        ck_assert_str_eq(trial.why, "");
}

/* ---- a run that finishes ---- */

START_TEST(a_run_has_an_outcome_for_every_url)
{
    for (int i = 0; i < 20; i++)
        add_url("/bytes/%d", 1000 + i);
    run(_i);
    expect_end(TRIAL_FINISHED, 0, 0);
    ck_assert_uint_eq(trial.by_error[FETCH_OK], 20);
    ck_assert_uint_eq(trial_done(&trial), 20);
    ck_assert_uint_eq(trial.body_bytes, 20 * 1000 + 190);
    ck_assert_int_gt(trial.wall_ns, 0);
    ck_assert_int_gt(trial.cpu_ns, 0);
}
END_TEST

START_TEST(the_wall_time_has_the_delay_of_the_pages_in_it)
{
    add_url("/delay/300/bytes/10");
    add_url("/delay/300/bytes/10");
    run(_i);
    expect_end(TRIAL_FINISHED, 0, 0);
    ck_assert_int_ge(trial.wall_ns, (_i == EXECUTOR_SERIAL ? 600 : 300) * NS_PER_MS);
    ck_assert_uint_gt(trial.memory_bytes, 1 << 20); /* there was time enough to look */
}
END_TEST

START_TEST(failures_are_counted_by_their_errors)
{
    static const char *const PASSED[] = {"--retries=0"};
    runner.passed = PASSED;
    runner.passed_count = 1;
    add_url("/status/404");
    add_url("/bytes/5");
    add_url("/status/500");
    add_url("http://127.0.0.1:1/");
    add_url("gopher://127.0.0.1/");
    run(_i);
    expect_end(TRIAL_FINISHED, 0, 1);
    ck_assert_uint_eq(trial.by_error[FETCH_OK], 1);
    ck_assert_uint_eq(trial.by_error[FETCH_HTTP_STATUS], 2);
    ck_assert_uint_eq(trial.by_error[FETCH_CONNECT], 1);
    ck_assert_uint_eq(trial.by_error[FETCH_INVALID_URL], 1);
    ck_assert_uint_eq(trial_failed(&trial), 4);
}
END_TEST

START_TEST(thousands_of_failures_are_counted_and_not_said)
{
    for (int i = 0; i < 2000; i++)
        add_url("gopher://127.0.0.1/%080d", i);
    run(_i);
    expect_end(TRIAL_FINISHED, 0, 1);
    ck_assert_uint_eq(trial.by_error[FETCH_INVALID_URL], 2000);
}
END_TEST

START_TEST(each_run_counts_anew)
{
    struct origin_counts counts;
    for (int i = 0; i < 6; i++)
        add_url("/bytes/7");
    for (uint64_t runs = 1; runs <= 3; runs++) {
        run(_i);
        expect_end(TRIAL_FINISHED, 0, 0);
        ck_assert_uint_eq(trial_done(&trial), 6);
        ck_assert_uint_eq(trial.body_bytes, 42);
        origin_counts_read(&origin, &counts);
        ck_assert_uint_eq(counts.requests, 6 * runs);
    }
}
END_TEST

START_TEST(a_list_that_was_copied_is_read_by_every_run)
{
    char path[] = "/tmp/check_compare_runner.XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    for (int i = 0; i < 5; i++) {
        add_url("/bytes/%d", i);
        dprintf(fd, "%s\n# comment\n\n", urls[i]);
    }
    close(fd);
    ck_assert_msg(list_open_file(&list, path, 4, &signals, why, sizeof why) == STATUS_OK, "%s", why);
    unlink(path);
    for (int i = 0; i < 2; i++) {
        run(_i);
        expect_end(TRIAL_FINISHED, 0, 0);
        ck_assert_uint_eq(trial_done(&trial), 4);
        ck_assert_uint_eq(trial.body_bytes, 0 + 1 + 2 + 3);
    }
}
END_TEST

START_TEST(a_design_runs_as_it_is)
{
    struct origin_counts counts;
    for (int i = 0; i < 12; i++)
        add_url("/delay/100/bytes/1");
    ck_assert_int_eq(run_cut(_i, 1, _i == EXECUTOR_SERIAL ? 1 : 3, 0), STATUS_OK);
    origin_counts_read(&origin, &counts);
    ck_assert_uint_eq(counts.in_flight_max, _i == EXECUTOR_SERIAL ? 1 : 3);
    ck_assert_int_ge(trial.wall_ns, (_i == EXECUTOR_SERIAL ? 1200 : 400) * NS_PER_MS);
}
END_TEST

/* ---- what is watched ---- */

static size_t looks;
static pid_t run_pid;
static uint64_t worker_ticks; /* the most that the run's workers were seen to have used */

/* The only child that is not the origin's. */
static pid_t find_run(void)
{
    pid_t pids[2];
    ck_assert_uint_eq(children_of_self(&origin, pids, 2), 1);
    return pids[0];
}

static uint64_t ticks_of(pid_t pid)
{
    char path[64], text[512];
    unsigned long long user = 0, system_time = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    const char *at = fgets(text, sizeof text, file) != NULL ? strrchr(text, ')') : NULL;
    if (at == NULL || sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system_time) != 2)
        user = system_time = 0;
    fclose(file);
    return user + system_time;
}

static void watch_workers(void *context, const struct tally_shm *tally, int64_t elapsed_ns)
{
    char path[64];
    uint64_t ticks = 0;
    int pid;
    ck_assert_ptr_eq(context, &looks);
    ck_assert_ptr_eq(tally, runner.tally);
    ck_assert_int_ge(elapsed_ns, 0);
    looks++;
    run_pid = find_run();
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)run_pid, (int)run_pid);
    FILE *children = fopen(path, "re");
    while (children != NULL && fscanf(children, "%d", &pid) == 1)
        ticks += ticks_of(pid);
    if (children != NULL)
        fclose(children);
    if (ticks > worker_ticks)
        worker_ticks = ticks;
}

START_TEST(cpu_time_has_that_of_the_workers_in_it)
{
    static const char *const PASSED[] = {"--digest"};
    runner.passed = PASSED;
    runner.passed_count = 1;
    runner.watch = watch_workers;
    runner.watch_context = &looks;
    looks = 0, worker_ticks = 0;
    for (int i = 0; i < 60; i++)
        add_url("/bytes/4000000");
    add_url("/delay/300/bytes/1"); /* workers still live, and are looked at, when their work is done */
    run(EXECUTOR_PROCESSES);
    expect_end(TRIAL_FINISHED, 0, 0);
    ck_assert_uint_gt(looks, 0);
    ck_assert_uint_gt(worker_ticks, 0);
    int64_t tick_ns = NS_PER_S / sysconf(_SC_CLK_TCK);
    int64_t workers_ns = (int64_t)worker_ticks * tick_ns;
    ck_assert_msg(trial.cpu_ns >= workers_ns - 4 * tick_ns, "%" PRId64 " ns, of which the workers %" PRId64,
                  trial.cpu_ns, workers_ns);
}
END_TEST

/* ---- a run that dies ---- */

static void add_pages_around_a_crash(void)
{
    for (int i = 0; i < 9; i++)
        add_url("/bytes/%d", 10 + i);
    runner.crash_url = urls[4];
}

START_TEST(a_crash_takes_an_engine_without_processes_with_it)
{
    add_pages_around_a_crash();
    run(_i);
    expect_end(TRIAL_DIED, SIGSEGV, -1);
    ck_assert_uint_eq(trial_done(&trial), trial.by_error[FETCH_OK]);
    ck_assert_uint_lt(trial.by_error[FETCH_OK], 9);
    if (_i == EXECUTOR_SERIAL)
        ck_assert_uint_le(trial.by_error[FETCH_OK], 4); /* before it, as far as they were reported */
    run(_i);                                            /* and so the next one */
    expect_end(TRIAL_DIED, SIGSEGV, -1);
}
END_TEST

START_TEST(a_crash_costs_processes_one_url)
{
    add_pages_around_a_crash();
    run(EXECUTOR_PROCESSES);
    expect_end(TRIAL_FINISHED, 0, 1);
    ck_assert_uint_eq(trial.by_error[FETCH_OK], 8);
    ck_assert_uint_eq(trial.by_error[FETCH_WORKER_CRASHED], 1);
    runner.crash_url = NULL;
    run(EXECUTOR_PROCESSES);
    expect_end(TRIAL_FINISHED, 0, 0);
}
END_TEST

static void kill_when_two_are_done(void *context, const struct tally_shm *tally, int64_t elapsed_ns)
{
    (void)context, (void)elapsed_ns;
    if (atomic_load(&tally->by_error[FETCH_OK]) == 2)
        kill(find_run(), SIGKILL);
}

START_TEST(a_run_that_is_killed_has_died_with_what_it_had)
{
    runner.watch = kill_when_two_are_done;
    add_url("/bytes/5");
    add_url("/bytes/6");
    add_url("/never");
    run(_i);
    expect_end(TRIAL_DIED, SIGKILL, -1);
    ck_assert_uint_eq(trial_done(&trial), 2);
    ck_assert_uint_eq(trial.body_bytes, 11);
}
END_TEST

/* ---- a run that cannot run ---- */

START_TEST(a_run_that_cannot_start_says_why)
{
    static const struct {
        const char *option;
        int exit_status;
        const char *why;
    } CASES[] = {
        {"--retries=many", 2, "--retries"},
        {"--output=/nowhere/at/all", 3, "/nowhere/at/all"},
        {"--tally=2000000000", 3, "--tally 2000000000: is no page to count in"},
        {"--nothing-of-that-name-is-there-and-this-one-is-longer-than-what-is-kept-of-what-a-run-says-on-standard-"
         "error-so-that-its-beginning-stays-and-its-end-is-cut-off-in-the-report",
         2, "nothing-of-that-name"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        url_count = 0;
        list = (struct list){.fd = -1};
        runner.passed = &CASES[i].option;
        runner.passed_count = 1;
        add_url("/bytes/1");
        run(_i);
        expect_end(TRIAL_CANNOT_RUN, 0, CASES[i].exit_status);
        ck_assert_msg(strstr(trial.why, CASES[i].why) != NULL, "%s", trial.why);
        ck_assert_msg(strncmp(trial.why, "shoal", 5) != 0 && strchr(trial.why, '\n') == NULL, "%s", trial.why);
        ck_assert_uint_eq(trial_done(&trial), 0);
    }
}
END_TEST

START_TEST(a_run_that_found_another_list_does_not_count)
{
    add_url("/bytes/1");
    char path[] = "/tmp/check_compare_runner.XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    dprintf(fd, "%s\n", urls[0]);
    list = (struct list){.fd = -1, .path = path, .url_count = 3};
    run(_i);
    expect_end(TRIAL_CANNOT_RUN, 0, 0);
    ck_assert_str_eq(trial.why, "1 of 3 URLs reported: has the list changed?");
    ck_assert_int_eq(ftruncate(fd, 0), 0);
    run(_i);
    expect_end(TRIAL_CANNOT_RUN, 0, 0);
    ck_assert_str_eq(trial.why, "0 of 3 URLs reported: has the list changed?");
    unlink(path);
    run(_i);
    expect_end(TRIAL_CANNOT_RUN, 0, 2);
    ck_assert_msg(strstr(trial.why, path) != NULL, "%s", trial.why);
    close(fd);
}
END_TEST

/* ---- a run that is stopped ---- */

START_TEST(a_run_that_takes_too_long_is_cut_and_keeps_what_it_had)
{
    for (int i = 0; i < 6; i++)
        add_url("/bytes/10");
    for (int i = 0; i < 6; i++)
        add_url("/never");
    bool serial = _i == EXECUTOR_SERIAL;
    ck_assert_int_eq(run_cut(_i, 1, serial ? 1 : 4, 1000 * NS_PER_MS), STATUS_OK);
    expect_end(TRIAL_CUT, SIGKILL, -1);
    ck_assert_uint_eq(trial.by_error[FETCH_OK], 6);
    ck_assert_uint_eq(trial_failed(&trial), 0);
    ck_assert_uint_eq(trial.body_bytes, 60);
    ck_assert_int_ge(trial.wall_ns, 1000 * NS_PER_MS);
    ck_assert_int_gt(trial.cpu_ns, 0);
    /* At once, while it starts. */
    ck_assert_int_eq(run_cut(_i, 1, serial ? 1 : 4, 1), STATUS_OK);
    expect_end(TRIAL_CUT, SIGKILL, -1);
    ck_assert_uint_le(trial.by_error[FETCH_OK], 6);
}
END_TEST

START_TEST(the_cpu_time_of_a_cut_run_is_that_of_its_workers_too)
{
    static const char *const DIGEST[] = {"--digest"};
    runner.passed = DIGEST;
    runner.passed_count = 1;
    for (int i = 0; i < 40; i++)
        add_url("/bytes/8000000");
    add_url("/never");
    ck_assert_int_eq(run_cut(EXECUTOR_PROCESSES, 2, 4, 1500 * NS_PER_MS), STATUS_OK);
    expect_end(TRIAL_CUT, SIGKILL, -1);
    /* The coordinator alone takes some 10 ms, the digests of 320 MB some hundreds. */
    ck_assert_msg(trial.cpu_ns > 60 * NS_PER_MS, "%lld us", (long long)(trial.cpu_ns / NS_PER_US));
}
END_TEST

START_TEST(a_run_within_its_time_is_not_cut)
{
    add_url("/bytes/10");
    ck_assert_int_eq(run_cut(_i, 1, 1, NET_MS * NS_PER_MS), STATUS_OK);
    expect_end(TRIAL_FINISHED, 0, 0);
}
END_TEST

static void interrupt_when_one_is_done(void *context, const struct tally_shm *tally, int64_t elapsed_ns)
{
    (void)context, (void)elapsed_ns;
    if (atomic_load(&tally->by_error[FETCH_OK]) == 1)
        raise(SIGTERM);
}

START_TEST(a_signal_stops_the_run)
{
    runner.watch = interrupt_when_one_is_done;
    add_url("/bytes/5");
    add_url("/never");
    ck_assert_int_eq(run_cut(_i, 1, 1, 0), STATUS_INTERRUPTED);
    ck_assert_int_eq(signals.first, SIGTERM);
}
END_TEST

START_TEST(a_signal_that_has_come_stops_the_next_run)
{
    add_url("/never");
    raise(SIGHUP);
    ck_assert_int_eq(run_cut(_i, 1, 1, 0), STATUS_INTERRUPTED);
    ck_assert_int_eq(signals.first, SIGHUP);
}
END_TEST

/* Ctrl-C reaches the run too, which may be the faster one. */
static void interrupt_both(void *context, const struct tally_shm *tally, int64_t elapsed_ns)
{
    siginfo_t about;
    (void)context, (void)elapsed_ns;
    if (atomic_load(&tally->by_error[FETCH_OK]) != 1)
        return;
    run_pid = find_run();
    kill(run_pid, SIGINT);
    ck_assert_int_eq(waitid(P_PID, (id_t)run_pid, &about, WEXITED | WNOWAIT), 0);
    raise(SIGINT);
}

START_TEST(a_run_that_the_signal_ended_before_us_is_no_run_that_cannot_run)
{
    runner.watch = interrupt_both;
    add_url("/bytes/5");
    for (int i = 0; i < 50; i++)
        add_url("/delay/200/bytes/6");
    ck_assert_int_eq(run_cut(_i, 1, 1, 0), STATUS_INTERRUPTED);
    ck_assert_int_eq(signals.first, SIGINT);
}
END_TEST

/* ---- the suite ---- */

static Suite *compare_runner_suite(void)
{
    const TTest *const each_engine[] = {
        a_run_has_an_outcome_for_every_url,
        the_wall_time_has_the_delay_of_the_pages_in_it,
        failures_are_counted_by_their_errors,
        thousands_of_failures_are_counted_and_not_said,
        each_run_counts_anew,
        a_list_that_was_copied_is_read_by_every_run,
        a_design_runs_as_it_is,
        a_run_that_is_killed_has_died_with_what_it_had,
        a_run_that_cannot_start_says_why,
        a_run_that_found_another_list_does_not_count,
        a_run_that_takes_too_long_is_cut_and_keeps_what_it_had,
        a_run_within_its_time_is_not_cut,
        the_cpu_time_of_a_cut_run_is_that_of_its_workers_too,
        a_signal_stops_the_run,
        a_signal_that_has_come_stops_the_next_run,
        a_run_that_the_signal_ended_before_us_is_no_run_that_cannot_run,
    };
    Suite *suite = suite_create("compare_runner");
    TCase *cases = tcase_create("runner");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    for (size_t i = 0; i < sizeof each_engine / sizeof each_engine[0]; i++)
        add_for_each_engine(cases, each_engine[i]);
    for (int engine = EXECUTOR_THREADS; engine <= EXECUTOR_SERIAL; engine++) {
        if (engine_is_tested(engine))
            tcase_add_loop_test(cases, a_crash_takes_an_engine_without_processes_with_it, engine, engine + 1);
    }
    if (engine_is_tested(EXECUTOR_PROCESSES)) {
        tcase_add_test(cases, cpu_time_has_that_of_the_workers_in_it);
        tcase_add_test(cases, a_crash_costs_processes_one_url);
    }
    suite_add_tcase(suite, cases);
    return suite;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "fetch") == 0) {
        setlocale(LC_CTYPE, "C.UTF-8");
        return fetch_command(argc - 1, argv + 1);
    }
    if (syscall(SYS_pidfd_open, getpid(), 0) < 0 && errno == ENOSYS) { /* as valgrind has it */
        puts("skipped: all of compare_runner: no pidfd_open\n100%: Checks: 0, Failures: 0, Errors: 0");
        return EXIT_SUCCESS;
    }
    SRunner *checks = srunner_create(compare_runner_suite());
    srunner_run_all(checks, CK_ENV);
    int failed = srunner_ntests_failed(checks);
    srunner_free(checks);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
