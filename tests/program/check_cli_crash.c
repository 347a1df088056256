/* The program from outside: workers that die or hang, and shared memory that is short. Every URL is reported
 * once all the same. The engine of processes; needs SHOAL_FAULTS (common/fault.h). */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/command.h"
#include "tests/support/record.h"

static struct cli cli;
static struct record record;

static void set_up(void)
{
    cli_begin(&cli);
}

static void tear_down(void)
{
    cli_end(&cli);
}

static void expect_text(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in:\n%.2000s", part, text);
}

static void list_numbered(int count, const char *path)
{
    for (int i = 0; i < count; i++) {
        fprintf(cli_list(&cli), "%s%s?%d\n", cli.url, path, i);
    }
}

/* ---- killed from outside ---- */

static const int DEADLY[] = {SIGKILL, SIGSEGV, SIGSTOP, SIGTERM, SIGABRT};
enum { DEADLY_COUNT = sizeof DEADLY / sizeof DEADLY[0] };

START_TEST(a_worker_that_dies_or_stops_loses_nothing)
{
    pid_t workers[CLI_WORKERS_MAX];
    list_numbered(200, "/delay/20/bytes/10");
    CLI_START(&cli, "fetch", "-w", "2", "-c", "8", "--hang-time", "500ms", "-i", cli_list_path(&cli));
    cli_await_lines(&cli, &cli.out, 10);
    cli_await_in_flight(&cli, 4);
    ck_assert_uint_eq(cli_workers(&cli, workers), 2);
    kill(workers[_i % 2], DEADLY[_i]);
    ck_assert_int_eq(cli_wait(&cli), 0);
    cli_expect_outcomes(&cli, 200, 0);
    cli_expect_each_once(&cli.out, "?", 200);
}
END_TEST

START_TEST(all_workers_that_die_at_once_lose_nothing)
{
    pid_t workers[CLI_WORKERS_MAX];
    list_numbered(200, "/delay/20/bytes/10");
    CLI_START(&cli, "fetch", "-w", "4", "-c", "8", "--hang-time", "500ms", "-i", cli_list_path(&cli));
    cli_await_lines(&cli, &cli.out, 10);
    size_t count = cli_workers(&cli, workers);
    ck_assert_uint_eq(count, 4);
    for (size_t i = 0; i < count; i++) {
        kill(workers[i], DEADLY[_i]);
    }
    ck_assert_int_eq(cli_wait(&cli), 0);
    cli_expect_outcomes(&cli, 200, 0);
    cli_expect_each_once(&cli.out, "?", 200);
}
END_TEST

START_TEST(workers_that_die_again_and_again_lose_nothing)
{
    pid_t workers[CLI_WORKERS_MAX];
    list_numbered(300, "/delay/10/bytes/10");
    CLI_START(&cli, "fetch", "-w", "2", "-c", "8", "--ordered", "-i", cli_list_path(&cli));
    for (size_t lines = 10; lines <= 150; lines += 20) {
        cli_await_lines(&cli, &cli.out, lines);
        size_t count = cli_workers(&cli, workers);
        kill(workers[lines % count], SIGKILL);
    }
    ck_assert_int_eq(cli_wait(&cli), 0);
    cli_expect_outcomes(&cli, 300, 0);
    for (size_t i = 0; i < 300; i++) {
        char end[16];
        snprintf(end, sizeof end, "?%zu", i);
        ck_assert_str_eq(strchr(line_at(cli.out.text, i), '?'), end);
    }
}
END_TEST

/* ---- poison ---- */

static const struct poison_case {
    const char *environment;
    const char *detail; /* part of it */
    long signal;        /* -1: not told */
} POISONS[] = {
    {"FAULT_URL=poison:segv", "signal 11 (SEGV)", SIGSEGV},
    {"FAULT_URL=poison:kill", "signal 9 (KILL)", SIGKILL},
    {"FAULT_URL=poison:exit", "ended unexpectedly", -1},
};
enum { POISON_COUNT = sizeof POISONS / sizeof POISONS[0] };

static void list_poisoned(void)
{
    for (int i = 0; i < 1000; i++) {
        fprintf(cli_list(&cli), i == 357 ? "%s/bytes/20?poison\n" : "%s/bytes/20?%d\n", cli.url, i < 357 ? i : i - 1);
    }
}

START_TEST(one_poisonous_url_among_a_thousand_fails_alone)
{
    const struct poison_case *poison = &POISONS[_i];
    list_poisoned();
    cli.environment[0] = poison->environment;
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-w", "2", "-i", cli_list_path(&cli)), 1);
    cli_expect_outcomes(&cli, 1000, 1);
    cli_expect_each_once(&cli.out, "?", 999);
    expect_text(line_at(cli.err.text, 0), "/bytes/20?poison: worker-crashed: ");
    expect_text(line_at(cli.err.text, 0), poison->detail);
    expect_text(cli.err.text, "999 fetched, 1 failed: worker-crashed 1");
}
END_TEST

START_TEST(jsonl_tells_the_signal_of_a_poisonous_url)
{
    const struct poison_case *poison = &POISONS[_i];
    list_poisoned();
    cli.environment[0] = poison->environment;
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-w", "2", "--ordered", "--format", "jsonl", "-i", cli_list_path(&cli)), 1);
    ck_assert_uint_eq(count_lines(cli.out.text), 1000);
    record_read(line_at(cli.out.text, 357), &record);
    ck_assert_str_eq(record.error, "worker-crashed");
    ck_assert_int_eq(record.signal, poison->signal);
    ck_assert_int_eq(record.attempts, 2);
    ck_assert_uint_eq(count_text(cli.out.text, "\"error\":null"), 999);
}
END_TEST

START_TEST(a_poisonous_url_that_hangs_its_worker_fails_alone)
{
    list_poisoned();
    cli.environment[0] = _i == 0 ? "FAULT_URL=poison:spin" : "FAULT_URL=poison:stop";
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-w", "2", "--hang-time", "500ms", "-i", cli_list_path(&cli)), 1);
    cli_expect_outcomes(&cli, 1000, 1);
    cli_expect_each_once(&cli.out, "?", 999);
    expect_text(cli.err.text, "?poison: worker-crashed: its worker was killed by signal ");
}
END_TEST

START_TEST(a_pool_that_shall_break_ends_the_run_with_its_reason)
{
    list_poisoned();
    cli.environment[0] = "FAULT_URL=poison:segv";
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-w", "2", "--on-worker-death", "break", "-i", cli_list_path(&cli)), 3);
    cli_expect_outcomes(&cli, 1000, 1000 - count_lines(cli.out.text));
    expect_text(cli.err.text, "died of SIGSEGV\n");
}
END_TEST

/* A crash at the same place in every life: ends, and says why. */
START_TEST(workers_that_cannot_live_end_the_run_with_a_reason)
{
    list_numbered(50, "/bytes/10");
    cli.environment[0] = _i == 0 ? "FAULT=claim.after_cas:1:kill" : "FAULT=claim.after_cas:1:exit";
    int exit_status = CLI_RUN(&cli, "fetch", "-w", "2", "-i", cli_list_path(&cli));
    cli_expect_outcomes(&cli, 50, 50);
    ck_assert_msg(exit_status == 3, "exit status %d: %s", exit_status, line_at(cli.err.text, 51));
    expect_text(cli.err.text, "workers cannot live");
}
END_TEST

/* ---- shared memory ---- */

static unsigned shm_kib;

static bool shrink_shm(struct cli *unused)
{
    (void)unused;
    return enter_private_shm(shm_kib);
}

static bool write_protect_shm(struct cli *unused)
{
    (void)unused;
    return enter_private_shm(1024) && mount(NULL, "/dev/shm", NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0;
}

/* No directory at all, as in a bare chroot. */
static bool hide_shm(struct cli *unused)
{
    (void)unused;
    return enter_private_shm(1024) && umount("/dev/shm") == 0 && mount("tmpfs", "/dev", "tmpfs", 0, "size=64k") == 0;
}

static bool mounts_are_permitted(const char *test)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        _exit(enter_private_shm(64) ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    if (status != 0) {
        printf("skipped: %s: no mount namespace\n", test);
    }
    return status == 0;
}

START_TEST(shared_memory_that_is_short_is_told_with_what_is_needed)
{
    unsigned needed_kib = 0;
    unsigned free_kib = 0;
    if (!mounts_are_permitted("shared_memory_that_is_short_is_told_with_what_is_needed")) {
        return;
    }
    shm_kib = 64;
    cli.prepare = shrink_shm;
    list_numbered(3, "/bytes/10");
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], _i == EXECUTOR_SERIAL ? "-c1" : "-c1000", "-i",
                             cli_list_path(&cli)),
                     3);
    cli_expect_complaint(&cli, "/dev/shm");
    const char *numbers = strstr(cli.err.text, "not enough shared memory: ");
    ck_assert_msg(numbers != NULL && sscanf(numbers, "not enough shared memory: %u KiB needed, %u KiB free",
                                            &needed_kib, &free_kib) == 2,
                  "%s", cli.err.text);
    ck_assert_uint_gt(needed_kib, 64);
    ck_assert_uint_le(free_kib, 64);
}
END_TEST

START_TEST(shared_memory_that_cannot_be_made_is_told)
{
    if (!mounts_are_permitted("shared_memory_that_cannot_be_made_is_told")) {
        return;
    }
    list_numbered(3, "/bytes/10");
    const char *list = cli_list_path(&cli);
    cli.prepare = write_protect_shm;
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-i", list), 3);
    cli_expect_complaint(&cli, "/dev/shm");
    expect_text(cli.err.text, "Read-only file system");
    cli.prepare = hide_shm;
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-i", list), 3);
    cli_expect_complaint(&cli, "/dev/shm");
}
END_TEST

/* Enough to start, too little for the bodies: those fail, and nothing is killed by SIGBUS. */
START_TEST(bodies_for_which_no_shared_memory_is_left_fail_by_themselves)
{
    if (!mounts_are_permitted("bodies_for_which_no_shared_memory_is_left_fail_by_themselves")) {
        return;
    }
    shm_kib = 2048;
    cli.prepare = shrink_shm;
    list_numbered(8, "/bytes/5000000");
    list_numbered(8, "/bytes/1000");
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-O", cli_path(&cli, "out"), "--retries", "0", "-i",
                             cli_list_path(&cli)),
                     1);
    cli_expect_outcomes(&cli, 16, 8);
    ck_assert_uint_eq(count_text(cli.err.text, ": out-of-memory: "), 8);
}
END_TEST

START_TEST(little_body_memory_makes_transfers_wait_and_not_fail)
{
    list_numbered(40, "/bytes/900000");
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-O", cli_path(&cli, "out"), "--memory", "1M", "-i",
                             cli_list_path(&cli)),
                     0);
    cli_expect_outcomes(&cli, 40, 0);
}
END_TEST

static Suite *cli_crash_suite(void)
{
    Suite *suite = suite_create("cli_crash");
    TCase *cases = tcase_create("crash");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(cases, a_worker_that_dies_or_stops_loses_nothing, 0, DEADLY_COUNT);
    tcase_add_loop_test(cases, all_workers_that_die_at_once_lose_nothing, 0, DEADLY_COUNT);
    tcase_add_test(cases, workers_that_die_again_and_again_lose_nothing);
    tcase_add_loop_test(cases, one_poisonous_url_among_a_thousand_fails_alone, 0, POISON_COUNT);
    tcase_add_loop_test(cases, jsonl_tells_the_signal_of_a_poisonous_url, 0, POISON_COUNT);
    tcase_add_loop_test(cases, a_poisonous_url_that_hangs_its_worker_fails_alone, 0, 2);
    tcase_add_test(cases, a_pool_that_shall_break_ends_the_run_with_its_reason);
    tcase_add_loop_test(cases, workers_that_cannot_live_end_the_run_with_a_reason, 0, 2);
    suite_add_tcase(suite, cases);
    cases = tcase_create("shared memory");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    add_for_each_engine(cases, shared_memory_that_is_short_is_told_with_what_is_needed);
    tcase_add_test(cases, shared_memory_that_cannot_be_made_is_told);
    add_for_each_engine(cases, bodies_for_which_no_shared_memory_is_left_fail_by_themselves);
    add_for_each_engine(cases, little_body_memory_makes_transfers_wait_and_not_fail);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return processes_are_tested("cli_crash") ? cli_suite_main(cli_crash_suite()) : EXIT_SUCCESS;
}
