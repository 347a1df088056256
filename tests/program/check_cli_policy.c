/* The program from outside: what starts when. Retries, Retry-After, limits a host, stopping at a failure,
 * few descriptors. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

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

static struct origin_counts counts_now(void)
{
    struct origin_counts counts;
    origin_counts_read(&cli.origin, &counts);
    return counts;
}

/* Puts path?0, path?1, ... into the list. */
static void list_numbered(int count, const char *path)
{
    for (int i = 0; i < count; i++) {
        fprintf(cli_list(&cli), "%s%s?%d\n", cli.url, path, i);
    }
}

/* ---- retries ---- */

START_TEST(what_fails_for_a_while_is_fetched_in_the_end)
{
    /* The reset on a fresh connection: on a used one libcurl itself tries again. */
    fprintf(cli_list(&cli), "%s/reset-once/two\n%s/flaky/one/1/503\n%s/bytes/3\n", cli.url, cli.url, cli.url);
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "--format", "jsonl", "-i", cli_list_path(&cli)), 0);
    ck_assert_uint_eq(count_lines(cli.out.text), 3);
    for (size_t i = 0; i < 3; i++) {
        record_read(line_at(cli.out.text, i), &record);
        ck_assert_int_eq(record.attempts, strstr(record.url, "/bytes/") != NULL ? 1 : 2);
        ck_assert_int_eq(record.status, 200);
    }
    ck_assert_uint_eq(counts_now().requests, 5);
}
END_TEST

START_TEST(what_never_succeeds_fails_after_so_many_tries)
{
    fprintf(cli_list(&cli), "%s/flaky/one/9/500\n%s/status/404\n%s/status/501\n", cli.url, cli.url, cli.url);
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "--retries", "1", "--format", "jsonl", "-i",
                             cli_list_path(&cli)),
                     1);
    for (size_t i = 0; i < 3; i++) {
        record_read(line_at(cli.out.text, i), &record);
        ck_assert_str_eq(record.error, "http-status");
        ck_assert_int_eq(record.attempts, strstr(record.url, "/flaky/") != NULL ? 2 : 1);
    }
    ck_assert_uint_eq(counts_now().requests, 4);
}
END_TEST

/* One at a time, so that nothing else is under way when the host asks for a pause. */
START_TEST(retry_after_holds_the_whole_host)
{
    fprintf(cli_list(&cli), "%s/flaky/one/1/429?retry-after=1\n", cli.url);
    list_numbered(20, "/bytes/1");
    fprintf(cli_list(&cli), "http://[::1]:1/\n"); /* another host goes on */
    int64_t began_ms = now_ms();
    CLI_START(&cli, "fetch", "-e", ENGINE_NAMES[_i], "--per-host", "1", "--retries", "1", "--format", "jsonl", "-i",
              cli_list_path(&cli));
    cli_await_requests(&cli, 1);
    ck_assert(!cli_ends_within(&cli, 500));
    uint64_t requests = counts_now().requests;
    ck_assert_msg(now_ms() - began_ms > 950 || requests == 1, "%llu requests", (unsigned long long)requests);
    ck_assert_int_eq(cli_wait(&cli), 1);
    ck_assert_int_ge(now_ms() - began_ms, 990);
    ck_assert_uint_eq(counts_now().requests, 22);
    ck_assert_uint_eq(count_text(cli.out.text, "\"status\":200"), 21);
    ck_assert_uint_eq(count_text(cli.out.text, "\"error\":\"connect\""), 1);
}
END_TEST

/* ---- how many at a time ---- */

START_TEST(a_host_gets_no_more_at_a_time_than_allowed)
{
    list_numbered(60, "/delay/5/bytes/9");
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-w", "4", "-c", "20", "--per-host", "2", "-i",
                             cli_list_path(&cli)),
                     0);
    cli_expect_outcomes(&cli, 60, 0);
    ck_assert_uint_eq(counts_now().in_flight_max, 2);
    ck_assert_uint_eq(counts_now().requests, 60);
}
END_TEST

START_TEST(so_many_are_in_flight_and_no_more)
{
    list_numbered(40, "/never");
    CLI_START(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-w", "3", "-c", "10", "-i", cli_list_path(&cli));
    cli_await_in_flight(&cli, 10);
    ck_assert(!cli_ends_within(&cli, 50));
    ck_assert_uint_eq(counts_now().in_flight_max, 10);
}
END_TEST

START_TEST(a_serial_run_has_one_in_flight)
{
    list_numbered(20, "/delay/5/bytes/9");
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", "serial", "-i", cli_list_path(&cli)), 0);
    cli_expect_outcomes(&cli, 20, 0);
    ck_assert_uint_eq(counts_now().in_flight_max, 1);
    ck_assert_uint_eq(counts_now().connections, 1);
}
END_TEST

static bool limit_descriptors(struct cli *unused)
{
    (void)unused;
    const struct rlimit limit = {.rlim_cur = 64, .rlim_max = 64};
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

START_TEST(few_descriptors_make_it_slower_and_a_note_says_so)
{
    list_numbered(200, "/delay/20/bytes/9");
    cli.prepare = limit_descriptors;
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-w", "2", "-c", "1000", "-i", cli_list_path(&cli)),
                     0);
    cli_expect_outcomes(&cli, 200, 0);
    cli_expect_each_once(&cli.out, "?", 200);
    ck_assert_uint_eq(count_lines(cli.err.text), 2);
    expect_text(line_at(cli.err.text, 0), "1000 transfers in flight need more than the 64 open files");
}
END_TEST

/* ---- stopping ---- */

START_TEST(the_first_failure_stops_what_has_not_started)
{
    fprintf(cli_list(&cli), "%s/status/404\n", cli.url);
    list_numbered(300, "/delay/10/bytes/9");
    ck_assert_int_eq(
        CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "--fail-fast", "--per-host", "1", "-i", cli_list_path(&cli)), 1);
    cli_expect_outcomes(&cli, 301, 301);
    expect_text(cli.err.text, "0 fetched, 301 failed: http-status 1, cancelled 300");
    ck_assert_uint_eq(count_text(cli.err.text, ": cancelled: not started: another URL had failed\n"), 300);
    ck_assert_uint_eq(counts_now().requests, 1);
}
END_TEST

START_TEST(the_first_failure_lets_what_is_in_flight_finish)
{
    fprintf(cli_list(&cli), "%s/delay/300/bytes/9\n%s/delay/100/status/404\n", cli.url, cli.url);
    list_numbered(300, "/delay/500/bytes/9");
    ck_assert_int_eq(
        CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-w", "2", "-c", "2", "--fail-fast", "-i", cli_list_path(&cli)),
        1);
    cli_expect_outcomes(&cli, 302, 302 - count_lines(cli.out.text));
    expect_text(cli.out.text, "/delay/300/bytes/9\n");
    ck_assert_uint_le(count_lines(cli.out.text), 2);
    ck_assert_uint_le(counts_now().requests, 3);
}
END_TEST

START_TEST(without_a_failure_nothing_is_stopped)
{
    list_numbered(50, "/bytes/9");
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "--fail-fast", "-i", cli_list_path(&cli)), 0);
    cli_expect_outcomes(&cli, 50, 0);
}
END_TEST

static Suite *cli_policy_suite(void)
{
    const TTest *const each_engine[] = {
        what_fails_for_a_while_is_fetched_in_the_end,
        what_never_succeeds_fails_after_so_many_tries,
        retry_after_holds_the_whole_host,
        the_first_failure_stops_what_has_not_started,
        without_a_failure_nothing_is_stopped,
    };
    const TTest *const each_parallel_engine[] = {
        a_host_gets_no_more_at_a_time_than_allowed,
        so_many_are_in_flight_and_no_more,
        few_descriptors_make_it_slower_and_a_note_says_so,
        the_first_failure_lets_what_is_in_flight_finish,
    };
    Suite *suite = suite_create("cli_policy");
    TCase *cases = tcase_create("policy");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    for (size_t i = 0; i < sizeof each_engine / sizeof each_engine[0]; i++) {
        add_for_each_engine(cases, each_engine[i]);
    }
    for (size_t i = 0; i < sizeof each_parallel_engine / sizeof each_parallel_engine[0]; i++) {
        tcase_add_loop_test(cases, each_parallel_engine[i], EXECUTOR_PROCESSES, EXECUTOR_THREADS + 1);
    }
    tcase_add_test(cases, a_serial_run_has_one_in_flight);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return cli_suite_main(cli_policy_suite());
}
