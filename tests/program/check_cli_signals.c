/* The program from outside: signals to it, and its own death. At the first signal what is in flight finishes,
 * at the second all stops; whatever happens, nothing stays behind. */
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/command.h"
#include "tests/support/record.h"

#define GRACE_MS 5000 /* what is in flight gets, after the first signal */
#define SAME_MS 100   /* a signal within this time of the first is taken for the same */

static struct cli cli;
static struct record record;

static const struct signal_case {
    int number;
    const char *name;
    int exit_status;
} SIGNALS[] = {{SIGINT, "SIGINT", 130}, {SIGTERM, "SIGTERM", 143}, {SIGHUP, "SIGHUP", 129}};
enum { SIGNAL_COUNT = sizeof SIGNALS / sizeof SIGNALS[0] };

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

/* Four at a time, or one. Returns how many are in flight then. */
static uint32_t start(int engine, const char *more)
{
    const char *in_flight = engine == EXECUTOR_SERIAL ? "1" : "4";
    const char *workers = engine == EXECUTOR_SERIAL ? "1" : "2";
    CLI_START(&cli, "fetch", "-e", ENGINE_NAMES[engine], "-w", workers, "-c", in_flight, more, "-i",
              cli_list_path(&cli));
    uint32_t count = engine == EXECUTOR_SERIAL ? 1 : 4;
    cli_await_in_flight(&cli, count);
    return count;
}

/* ---- once ---- */

static void interrupt_once(int engine, const struct signal_case *sent, bool whole_group)
{
    char detail[64];
    list_numbered(200, "/delay/250/bytes/10");
    uint32_t in_flight = start(engine, "--progress=auto");
    kill(whole_group ? -cli.pid : cli.pid, sent->number);
    ck_assert_int_eq(cli_wait(&cli), sent->exit_status);
    size_t read = count_lines(cli.out.text);
    ck_assert_msg(read >= in_flight && read < 100, "%zu are read", read);
    cli_expect_outcomes(&cli, 200, 200 - read);
    snprintf(detail, sizeof detail, ": cancelled: interrupted by %s\n", sent->name);
    ck_assert_uint_eq(count_text(cli.err.text, detail), 200 - read);
}

START_TEST(at_the_first_signal_what_is_in_flight_finishes_and_the_rest_is_cancelled)
{
    interrupt_once(_i / SIGNAL_COUNT, &SIGNALS[_i % SIGNAL_COUNT], false);
}
END_TEST

/* As Ctrl-C does it. */
START_TEST(a_signal_to_the_whole_group_is_one_signal)
{
    interrupt_once(_i, &SIGNALS[0], true);
}
END_TEST

/* As `timeout` does it: to the process, and at once to its group. */
START_TEST(a_signal_that_comes_twice_at_once_is_one_signal)
{
    list_numbered(200, "/delay/250/bytes/10");
    uint32_t in_flight = start(_i, "--progress=auto");
    kill(cli.pid, SIGTERM);
    kill(-cli.pid, SIGTERM);
    kill(-cli.pid, SIGCONT);
    ck_assert_int_eq(cli_wait(&cli), 143);
    ck_assert_uint_ge(count_lines(cli.out.text), in_flight);
}
END_TEST

START_TEST(what_was_cancelled_is_in_order_and_in_jsonl)
{
    list_numbered(60, "/delay/300/bytes/10");
    const char *in_flight = _i == EXECUTOR_SERIAL ? "1" : "4";
    CLI_START(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-c", in_flight, "--ordered", "--format", "jsonl", "-i",
              cli_list_path(&cli));
    cli_await_in_flight(&cli, _i == EXECUTOR_SERIAL ? 1 : 4);
    kill(cli.pid, SIGINT);
    ck_assert_int_eq(cli_wait(&cli), 130);
    ck_assert_uint_eq(count_lines(cli.out.text), 60);
    for (size_t i = 0; i < 60; i++) {
        char end[16];
        snprintf(end, sizeof end, "?%zu", i);
        record_read(line_at(cli.out.text, i), &record);
        ck_assert_str_eq(strchr(record.url, '?'), end);
        ck_assert(record.error[0] == '\0' || strcmp(record.error, "cancelled") == 0);
        ck_assert_int_eq(record.attempts, record.error[0] == '\0');
    }
}
END_TEST

START_TEST(what_backs_off_is_cancelled_at_once)
{
    int64_t began_ms = now_ms();
    fprintf(cli_list(&cli), "%s/flaky/one/9/503?retry-after=60\n%s/bytes/1\n", cli.url, cli.url);
    CLI_START(&cli, "fetch", "-e", ENGINE_NAMES[_i], "--per-host", "1", "-i", cli_list_path(&cli));
    cli_await_requests(&cli, 1);
    ck_assert(!cli_ends_within(&cli, 50));
    kill(cli.pid, SIGINT);
    ck_assert_int_eq(cli_wait(&cli), 130);
    ck_assert_int_lt(now_ms() - began_ms, GRACE_MS);
    cli_expect_outcomes(&cli, 2, 2);
}
END_TEST

START_TEST(a_pipe_that_stays_open_is_not_waited_for)
{
    char line[128];
    cli.feeds = true;
    CLI_START(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-i", "-");
    snprintf(line, sizeof line, "%s/bytes/10?0\n", cli.url);
    cli_feed_text(&cli, line);
    cli_await_lines(&cli, &cli.out, 1);
    kill(cli.pid, SIGINT);
    ck_assert_int_eq(cli_wait(&cli), 130);
    cli_expect_outcomes(&cli, 1, 0);
}
END_TEST

START_TEST(a_signal_before_anything_was_read_ends_the_run)
{
    cli.feeds = true;
    CLI_START(&cli, "fetch", "-e", ENGINE_NAMES[_i], "--progress", "always", "-i", "-");
    cli_await_lines(&cli, &cli.err, 1); /* it runs */
    kill(cli.pid, SIGTERM);
    ck_assert_int_eq(cli_wait(&cli), 143);
    expect_text(cli.err.text, "Download 0 sites in ");
}
END_TEST

/* ---- what does not finish ---- */

START_TEST(at_the_second_signal_everything_stops)
{
    list_numbered(50, "/never");
    start(_i, "--progress=auto");
    kill(cli.pid, SIGINT);
    /* Those that had not begun are told of; then it waits for the others. */
    cli_await_lines(&cli, &cli.err, 40);
    ck_assert(!cli_ends_within(&cli, SAME_MS + 50));
    int64_t second_ms = now_ms();
    kill(cli.pid, SIGTERM);
    ck_assert_int_eq(cli_wait(&cli), 130);
    ck_assert_int_lt(now_ms() - second_ms, GRACE_MS / 2);
    cli_expect_outcomes(&cli, 50, 50);
    expect_text(cli.err.text, "0 fetched, 50 failed: cancelled 50");
}
END_TEST

START_TEST(what_is_in_flight_has_five_seconds_and_no_more)
{
    list_numbered(20, "/never");
    start(EXECUTOR_PROCESSES, "--progress=auto");
    int64_t first_ms = now_ms();
    kill(cli.pid, SIGTERM);
    ck_assert_int_eq(cli_wait(&cli), 143);
    ck_assert_int_ge(now_ms() - first_ms, GRACE_MS - 100);
    ck_assert_int_lt(now_ms() - first_ms, 2 * GRACE_MS);
    cli_expect_outcomes(&cli, 20, 20);
}
END_TEST

/* A worker that is stopped can neither finish nor obey. */
START_TEST(a_worker_that_is_stopped_cannot_hold_up_the_end)
{
    pid_t workers[CLI_WORKERS_MAX];
    list_numbered(50, "/never");
    start(EXECUTOR_PROCESSES, "--progress=auto");
    cli_workers(&cli, workers);
    kill(workers[0], SIGSTOP);
    kill(cli.pid, SIGINT);
    cli_await_lines(&cli, &cli.err, 40);
    ck_assert(!cli_ends_within(&cli, SAME_MS + 50));
    int64_t second_ms = now_ms();
    kill(cli.pid, SIGINT);
    ck_assert_int_eq(cli_wait(&cli), 130);
    ck_assert_int_lt(now_ms() - second_ms, GRACE_MS);
    cli_expect_outcomes(&cli, 50, 50);
}
END_TEST

START_TEST(a_reader_that_takes_nothing_cannot_hold_up_the_end)
{
    int ends[2];
    list_numbered(3000, "/bytes/10");
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    fcntl(ends[1], F_SETPIPE_SZ, 4096);
    cli.out_fd = ends[1];
    CLI_START(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-i", cli_list_path(&cli));
    struct pollfd room = {.fd = ends[1], .events = POLLOUT};
    while (poll(&room, 1, 0) == 1) {
        ck_assert(!cli_ends_within(&cli, 20));
    }
    kill(cli.pid, SIGINT);
    ck_assert(!cli_ends_within(&cli, SAME_MS + 50));
    int64_t second_ms = now_ms();
    kill(cli.pid, SIGINT);
    ck_assert_int_eq(cli_wait(&cli), 130);
    ck_assert_int_lt(now_ms() - second_ms, GRACE_MS);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

static bool ignore_interrupts(struct cli *unused)
{
    (void)unused;
    struct sigaction action = {.sa_handler = SIG_IGN};
    return sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGHUP, &action, NULL) == 0;
}

/* As nohup and a shell's & do it. */
START_TEST(a_signal_that_is_ignored_from_the_beginning_stays_ignored)
{
    list_numbered(12, "/delay/30/bytes/10");
    cli.prepare = ignore_interrupts;
    start(_i, "--progress=auto");
    kill(-cli.pid, SIGINT);
    kill(-cli.pid, SIGHUP);
    ck_assert_int_eq(cli_wait(&cli), 0);
    cli_expect_outcomes(&cli, 12, 0);
}
END_TEST

/* ---- its own death ---- */

static int finals_seen;

static int see_entry(const char *path, const struct stat *about, int type, struct FTW *place)
{
    if (type == FTW_F && strncmp(path + place->base, ".shoal-", 7) != 0) {
        ck_assert_msg(about->st_size == 100000, "%s has %lld bytes", path, (long long)about->st_size);
        finals_seen++;
    }
    return 0;
}

START_TEST(a_killed_run_leaves_no_worker_no_memory_and_no_half_file)
{
    pid_t workers[CLI_WORKERS_MAX];
    struct pollfd gone[CLI_WORKERS_MAX];
    list_numbered(2000, "/bytes/100000");
    CLI_START(&cli, "fetch", "-w", "3", "-O", cli_path(&cli, "out"), "-i", cli_list_path(&cli));
    cli_await_lines(&cli, &cli.out, 1 + (size_t)_i * 60);
    size_t count = cli_workers(&cli, workers);
    ck_assert_uint_eq(count, 3);
    for (size_t i = 0; i < count; i++) {
        gone[i] = (struct pollfd){.fd = pidfd_open(workers[i], 0), .events = POLLIN};
        ck_assert_int_ge(gone[i].fd, 0);
    }
    kill(cli.pid, SIGKILL);
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(poll(&gone[i], 1, NET_MS) == 1, "worker %zu lives on", i);
        close(gone[i].fd);
    }
    ck_assert_int_eq(cli_wait(&cli), 128 + SIGKILL); /* which looks for processes and names in /dev/shm */
    finals_seen = 0;
    nftw(cli_path(&cli, "out"), see_entry, 8, FTW_PHYS);
    ck_assert_int_gt(finals_seen, 0);
}
END_TEST

START_TEST(a_stopped_run_goes_on)
{
    list_numbered(40, "/delay/10/bytes/10");
    start(_i, "--hang-time=500ms");
    kill(-cli.pid, SIGSTOP);
    ck_assert(!cli_ends_within(&cli, 700));
    kill(-cli.pid, SIGCONT);
    ck_assert_int_eq(cli_wait(&cli), 0);
    cli_expect_outcomes(&cli, 40, 0);
    cli_expect_each_once(&cli.out, "?", 40);
}
END_TEST

static Suite *cli_signals_suite(void)
{
    const TTest *const each_engine[] = {
        a_signal_to_the_whole_group_is_one_signal,
        a_signal_that_comes_twice_at_once_is_one_signal,
        what_was_cancelled_is_in_order_and_in_jsonl,
        what_backs_off_is_cancelled_at_once,
        a_pipe_that_stays_open_is_not_waited_for,
        a_signal_before_anything_was_read_ends_the_run,
        at_the_second_signal_everything_stops,
        a_reader_that_takes_nothing_cannot_hold_up_the_end,
        a_signal_that_is_ignored_from_the_beginning_stays_ignored,
        a_stopped_run_goes_on,
    };
    Suite *suite = suite_create("cli_signals");
    TCase *cases = tcase_create("signals");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    for (int engine = 0; engine < EXECUTOR_ENGINE_COUNT; engine++) {
        if (engine_is_tested(engine)) {
            tcase_add_loop_test(cases, at_the_first_signal_what_is_in_flight_finishes_and_the_rest_is_cancelled,
                                engine * SIGNAL_COUNT, (engine + 1) * SIGNAL_COUNT);
        }
    }
    for (size_t i = 0; i < sizeof each_engine / sizeof each_engine[0]; i++) {
        add_for_each_engine(cases, each_engine[i]);
    }
    if (engine_is_tested(EXECUTOR_PROCESSES)) {
        tcase_add_test(cases, what_is_in_flight_has_five_seconds_and_no_more);
        tcase_add_test(cases, a_worker_that_is_stopped_cannot_hold_up_the_end);
        tcase_add_loop_test(cases, a_killed_run_leaves_no_worker_no_memory_and_no_half_file, 0, 3);
    }
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return cli_suite_main(cli_signals_suite());
}
