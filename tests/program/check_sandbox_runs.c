/* Whole runs with confined workers: nothing that a fetch needs is missing, and what the kernel lacks is said once. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fetch_error.h"
#include "tests/support/command.h"
#include "tests/support/support.h"
#include "worker/worker.h"

#define CALL_LANDLOCK_CREATE 444u
#define CALL_LANDLOCK_RESTRICT 446u

static struct rig rig;

/* ---- futures ---- */

static void rig_with(uint32_t sandbox)
{
    rig_begin(&rig, EXECUTOR_PROCESSES);
    rig.options.sandbox = sandbox;
    rig.options.workers = 1;
    rig_open(&rig);
}

static void take_down_rig(void)
{
    rig_down(&rig);
}

static struct future *submit_named(const char *host, const char *path)
{
    char url[128];
    struct future *future;
    snprintf(url, sizeof url, "http://%s:%u%s", host, (unsigned)rig.origin.port, path);
    ck_assert_int_eq(executor_submit_url(rig.executor, url, &future), STATUS_OK);
    return future;
}

/* A megabyte is more than the pages that stay warm: the worker reserves some, within a limit of 0. */
START_TEST(a_large_body_of_a_named_host_arrives_from_a_confined_worker)
{
    rig_with(EXECUTOR_SANDBOX_ALL);
    struct future *future = submit_named("localhost", "/bytes/1000000");
    expect_text_body(expect_ok(future), 1000000);
    future_release(future);
    struct executor_stats stats;
    executor_stats(rig.executor, &stats);
    ck_assert_uint_eq(stats.sandbox, EXECUTOR_SANDBOX_ALL & ~worker_sandbox_missing(EXECUTOR_SANDBOX_ALL));
    ck_assert_uint_eq(stats.worker_deaths, 0);
}
END_TEST

/* Who edits /etc/hosts, and who renews a lease, writes a new file and renames it: Landlock's rule is of the old one. */
START_TEST(a_worker_that_no_longer_sees_the_resolvers_files_makes_room_for_one_that_does)
{
    if (!enter_private_etc("hosts: files\n")) {
        printf("skipped: no mounts of one's own\n");
        rig_begin(&rig, EXECUTOR_PROCESSES);
        return;
    }
    rig_with(EXECUTOR_SANDBOX_LANDLOCK);
    struct future *future = submit_named("old.test", "/bytes/10");
    expect_ok(future);
    future_release(future);
    FILE *hosts = fopen("/etc/hosts.new", "we");
    ck_assert_ptr_nonnull(hosts);
    fputs("127.0.0.1 new.test\n", hosts);
    fclose(hosts);
    ck_assert_int_eq(rename("/etc/hosts.new", "/etc/hosts"), 0);
    if (!worker_sandbox_missing(EXECUTOR_SANDBOX_LANDLOCK)) {
        future = submit_named("new.test", "/bytes/10");
        expect_error(future, FETCH_RESOLVE);
        future_release(future);
    }
    future = submit_named("new.test", "/bytes/10");
    expect_ok(future);
    future_release(future);
    struct executor_stats stats;
    executor_stats(rig.executor, &stats);
    ck_assert_uint_eq(stats.worker_deaths, 0);
}
END_TEST

/* ---- the command line ---- */

static struct cli cli;

static void cli_up(void)
{
    cli_begin(&cli);
}

static void cli_down(void)
{
    cli_end(&cli);
}

static bool prepare_without_landlock(struct cli *unused)
{
    (void)unused;
    return refuse_system_call(CALL_LANDLOCK_CREATE, ENOSYS);
}

static bool prepare_without_restriction(struct cli *unused)
{
    (void)unused;
    return refuse_system_call(CALL_LANDLOCK_RESTRICT, E2BIG);
}

static void list_pages(int count)
{
    for (int i = 0; i < count; i++)
        fprintf(cli_list(&cli), "%s/bytes/%d\n", cli.url, i + 1);
}

START_TEST(a_kernel_without_landlock_is_named_once_and_the_run_succeeds)
{
    list_pages(20);
    cli.prepare = prepare_without_landlock;
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-w", "4", "--sandbox", "all", "-i", cli_list_path(&cli)), 0);
    ck_assert_uint_eq(count_text(cli.err.text, "landlock"), 1);
    ck_assert_ptr_nonnull(strstr(cli.err.text, "shoal fetch: this kernel does not grant landlock"));
    ck_assert_uint_eq(count_lines(cli.out.text), 20);
}
END_TEST

START_TEST(what_workers_were_refused_is_named_once_at_the_end)
{
    if (worker_sandbox_missing(EXECUTOR_SANDBOX_LANDLOCK))
        return;
    list_pages(20);
    cli.prepare = prepare_without_restriction;
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-w", "4", "--sandbox", "all", "-i", cli_list_path(&cli)), 0);
    ck_assert_uint_eq(count_text(cli.err.text, "landlock"), 1);
    ck_assert_ptr_nonnull(strstr(cli.err.text, "shoal fetch: workers ran without landlock"));
    ck_assert_uint_eq(count_lines(cli.out.text), 20);
}
END_TEST

START_TEST(a_run_of_each_choice_is_silent_about_it)
{
    static const char *const CHOICES[] = {"all", "none", "rlimits", "privs", "nodump", "landlock,seccomp"};
    if (worker_sandbox_missing(EXECUTOR_SANDBOX_ALL))
        return;
    list_pages(5);
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "--sandbox", CHOICES[_i], "-i", cli_list_path(&cli)), 0);
    cli_expect_outcomes(&cli, 5, 0);
    ck_assert_uint_eq(count_lines(cli.err.text), 1);
}
END_TEST

START_TEST(the_version_tells_what_this_kernel_has)
{
    ck_assert_int_eq(CLI_RUN(&cli, "--version", "-v"), 0);
    ck_assert_ptr_nonnull(strstr(cli.out.text, "sandbox: rlimits, privs, nodump"));
    cli.prepare = prepare_without_landlock;
    ck_assert_int_eq(CLI_RUN(&cli, "--version", "-v"), 0);
    ck_assert_ptr_nonnull(strstr(cli.out.text, "; not here: landlock"));
}
END_TEST

static Suite *sandbox_runs_suite(void)
{
    Suite *suite = suite_create("sandbox runs");
    TCase *fetching = tcase_create("fetching");
    tcase_set_timeout(fetching, 60);
    tcase_add_checked_fixture(fetching, NULL, take_down_rig);
    tcase_add_test(fetching, a_large_body_of_a_named_host_arrives_from_a_confined_worker);
    tcase_add_test(fetching, a_worker_that_no_longer_sees_the_resolvers_files_makes_room_for_one_that_does);
    suite_add_tcase(suite, fetching);
    TCase *command = tcase_create("command line");
    tcase_set_timeout(command, 60);
    tcase_add_checked_fixture(command, cli_up, cli_down);
    tcase_add_test(command, a_kernel_without_landlock_is_named_once_and_the_run_succeeds);
    tcase_add_test(command, what_workers_were_refused_is_named_once_at_the_end);
    tcase_add_loop_test(command, a_run_of_each_choice_is_silent_about_it, 0, 6);
    tcase_add_test(command, the_version_tells_what_this_kernel_has);
    suite_add_tcase(suite, command);
    return suite;
}

int main(void)
{
    if (!processes_are_tested("sandbox_runs"))
        return EXIT_SUCCESS;
#ifdef SHOAL_COVERAGE
    printf(
        "skipped: sandbox_runs, whose workers could not write down what they ran\n100%%: Checks: 0, Failures: 0, Errors: 0\n");
    return EXIT_SUCCESS;
#endif
    return cli_suite_main(sandbox_runs_suite());
}
