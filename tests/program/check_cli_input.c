/* The program from outside: the lists that it reads, from a file and from a pipe. Each line ends in exactly
 * one outcome, whatever is in it. */
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "tests/support/command.h"
#include "tests/support/record.h"

static struct cli cli;
static struct record record;

enum source { FROM_FILE, FROM_PIPE, SOURCE_COUNT };

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

/* Fetches a list of any bytes, by a file or by a pipe. */
static int fetch_bytes(enum source source, const char *list, size_t bytes, const char *format)
{
    const char *path = "-";
    if (source == FROM_FILE) {
        ck_assert(bytes == 0 || fwrite(list, 1, bytes, cli_list(&cli)) == bytes);
        cli_list(&cli);
        path = cli_list_path(&cli);
    }
    cli.feeds = source == FROM_PIPE;
    CLI_START(&cli, "fetch", "--retries", "0", "--format", format, "-i", path);
    if (source == FROM_PIPE) {
        cli_feed(&cli, list, bytes);
        cli_close_input(&cli);
    }
    return cli_wait(&cli);
}

static char *grow(char *list, size_t *bytes, const char *more, size_t more_bytes)
{
    char *larger = realloc(list, *bytes + more_bytes);
    ck_assert_ptr_nonnull(larger);
    memcpy(larger + *bytes, more, more_bytes);
    *bytes += more_bytes;
    return larger;
}

/* The same, with the origin's URL in place of each "%". */
static int fetch_list(enum source source, const char *list, size_t bytes, const char *format)
{
    char *whole = NULL;
    size_t whole_bytes = 0;
    const char *end = list + bytes;
    while (list < end) {
        const char *mark = memchr(list, '%', (size_t)(end - list));
        size_t plain = mark != NULL ? (size_t)(mark - list) : (size_t)(end - list);
        whole = grow(whole, &whole_bytes, list, plain);
        list += plain;
        if (mark != NULL) {
            whole = grow(whole, &whole_bytes, cli.url, strlen(cli.url));
            list++;
        }
    }
    int exit_status = fetch_bytes(source, whole, whole_bytes, format);
    free(whole);
    return exit_status;
}
#define FETCH_LIST(source, list, format) fetch_list(source, list, sizeof(list) - 1, format)

/* ---- lines ---- */

START_TEST(blank_lines_and_comments_are_no_lines)
{
    static const char LIST[] =
        "\n\n# first\n%/bytes/1\n   \n\t\n  # indented\n%/bytes/2\n#%/bytes/4\n\r\n%/bytes/3\n\n";
    ck_assert_msg(FETCH_LIST((enum source)_i, LIST, "text") == 0, "%s", cli.err.text);
    cli_expect_outcomes(&cli, 3, 0);
}
END_TEST

START_TEST(an_empty_list_is_fetched_completely)
{
    static const char LIST[] = "# nothing\n\n";
    ck_assert_int_eq(FETCH_LIST((enum source)_i, LIST, "text"), 0);
    cli_expect_outcomes(&cli, 0, 0);
    ck_assert_int_eq(fetch_list((enum source)_i, "", 0, "text"), 0);
    cli_expect_outcomes(&cli, 0, 0);
}
END_TEST

START_TEST(carriage_returns_blanks_and_a_missing_last_newline_do_no_harm)
{
    static const char LIST[] = "%/bytes/1\r\n  %/bytes/2 \t\r\n%/bytes/3";
    ck_assert_msg(FETCH_LIST((enum source)_i, LIST, "text") == 0, "%s", cli.err.text);
    cli_expect_outcomes(&cli, 3, 0);
    ck_assert_ptr_null(strstr(cli.out.text, "\\x"));
    expect_text(cli.out.text, "/bytes/3\n");
}
END_TEST

START_TEST(an_editors_byte_order_mark_is_no_part_of_the_first_line)
{
    static const char URL[] = "\xef\xbb\xbf%/bytes/1\n\xef\xbb\xbf%/bytes/2\n";
    static const char COMMENT[] = "\xef\xbb\xbf# comment\n%/bytes/1\n";
    ck_assert_int_eq(FETCH_LIST((enum source)_i, URL, "text"), 1);
    cli_expect_outcomes(&cli, 2, 1);
    expect_text(cli.out.text, "Read 1 from http://");
    expect_text(cli.err.text, "Failed \\u{feff}http://");
    ck_assert_int_eq(FETCH_LIST((enum source)_i, COMMENT, "text"), 0);
    cli_expect_outcomes(&cli, 1, 0);
}
END_TEST

static const char BAD_LIST[] = "%/bytes/1\n"
                               "\n"
                               "ftp://127.0.0.1/\n"          /* line 3 */
                               "# comment\n"                 /* */
                               "http://127.0.0.1/be\0fore\n" /* line 5: NUL */
                               "http://\xff\xc0.example/\n"  /* line 6: no UTF-8 */
                               "http://a b/\r\n"             /* line 7 */
                               "http://127.0.0.1:70000/\n"   /* line 8 */
                               "http:///\n"                  /* line 9 */
                               "%/bytes/2\n"                 /* */
                               "http://127.0.0.1/\x1b[31m\n" /* line 11 */
                               "http://[::1/\n"              /* line 12 */
                               "\0\n"                        /* line 13 */
                               "javascript:alert(1)";        /* line 14, without an end */
static const char *const BAD_LINES[] = {"line 3", "line 5",  "line 6",  "line 7",  "line 8",
                                        "line 9", "line 11", "line 12", "line 13", "line 14"};
enum { BAD_COUNT = sizeof BAD_LINES / sizeof BAD_LINES[0] };

START_TEST(bad_lines_fail_by_themselves)
{
    ck_assert_int_eq(FETCH_LIST((enum source)_i, BAD_LIST, "text"), 1);
    cli_expect_outcomes(&cli, 2 + BAD_COUNT, BAD_COUNT);
    ck_assert_uint_eq(count_text(cli.err.text, ": invalid-url: "), BAD_COUNT);
    ck_assert_uint_eq(cli.err.bytes, strlen(cli.err.text));
    expect_text(cli.err.text, "be\\x00fore: ");
    expect_text(cli.err.text, "\\xff\\xc0.example/: ");
    ck_assert_int_eq(FETCH_LIST((enum source)_i, BAD_LIST, "jsonl"), 1);
    ck_assert_uint_eq(count_lines(cli.out.text), 2 + BAD_COUNT);
    for (size_t i = 0; i < 2 + BAD_COUNT; i++) {
        record_read(line_at(cli.out.text, i), &record);
        ck_assert_str_eq(record.error, strstr(record.url, "/bytes/") != NULL ? "" : "invalid-url");
    }
}
END_TEST

START_TEST(bad_lines_are_reported_with_their_numbers)
{
    ck_assert_int_eq(FETCH_LIST((enum source)_i, BAD_LIST, "text"), 1);
    for (size_t i = 0; i < BAD_COUNT; i++) {
        expect_text(cli.err.text, BAD_LINES[i]);
    }
}
END_TEST

/* ---- long lines ---- */

START_TEST(a_line_of_a_megabyte_is_one_failure_between_two_successes)
{
    enum { LONG = 1 << 20 };
    static char list[LONG + 8192];
    size_t bytes = 0;
    bytes += (size_t)snprintf(list, sizeof list, "%s/bytes/1\nhttp://127.0.0.1/", cli.url);
    memset(list + bytes, 'a', LONG);
    bytes += LONG;
    bytes += (size_t)snprintf(list + bytes, sizeof list - bytes, "\n%s/bytes/2\n", cli.url);
    ck_assert_int_eq(fetch_bytes((enum source)_i, list, bytes, "text"), 1);
    cli_expect_outcomes(&cli, 3, 1);
    expect_text(cli.err.text, ": invalid-url: ");
    expect_text(cli.err.text, "longer than 4096 bytes");
    ck_assert_uint_lt(cli.err.bytes, 8192);
    ck_assert_int_eq(fetch_bytes((enum source)_i, list, bytes, "jsonl"), 1);
    for (size_t i = 0; i < 3; i++) {
        record_read(line_at(cli.out.text, i), &record);
    }
}
END_TEST

START_TEST(a_url_of_4096_bytes_is_fetched_and_one_of_4097_is_not)
{
    char url[4098 + 1];
    int bytes = snprintf(url, sizeof url, "%s/bytes/1?", cli.url);
    memset(url + bytes, 'a', sizeof url - (size_t)bytes);
    url[4096] = '\0';
    fprintf(cli_list(&cli), "%s\n%sb\n", url, url);
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-i", cli_list_path(&cli)), 1);
    cli_expect_outcomes(&cli, 2, 1);
    url[4096] = 'b';
    url[4097] = '\0';
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", url), 1);
    expect_text(cli.err.text, ": invalid-url: ");
}
END_TEST

/* ---- many ---- */

START_TEST(three_thousand_times_the_same_url_are_as_many_lines)
{
    enum { MANY = 3000 };
    char line[128];
    for (int i = 0; i < MANY; i++) {
        fprintf(cli_list(&cli), "%s/bytes/100\n", cli.url);
    }
    const char *const arguments[] = {
        "fetch", "-e", ENGINE_NAMES[_i], "-i", cli_list_path(&cli), _i == EXECUTOR_SERIAL ? NULL : "-c", "100", NULL};
    ck_assert_int_eq(cli_run(&cli, arguments), 0);
    cli_expect_outcomes(&cli, MANY, 0);
    snprintf(line, sizeof line, "Read 100 from %s/bytes/100\n", cli.url);
    ck_assert_uint_eq(count_text(cli.out.text, line), MANY);
}
END_TEST

START_TEST(every_line_of_a_mixed_list_has_exactly_one_outcome)
{
    static const char *const PATHS[] = {"/bytes/10", "/status/404",      "/redirect/1",  "/reset/10",
                                        "/gzip/500", "/broken/bad-gzip", "/close-after", "/empty"};
    enum { LINES = 160, KINDS = sizeof PATHS / sizeof PATHS[0] };
    for (int i = 0; i < LINES; i++) {
        fprintf(cli_list(&cli), "%s%s?%d\n", cli.url, PATHS[i % KINDS], i);
    }
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "--retries", "0", "--format", "jsonl", "-i",
                             cli_list_path(&cli)),
                     1);
    ck_assert_uint_eq(count_lines(cli.out.text), LINES);
    unsigned char seen[LINES] = {0};
    for (size_t i = 0; i < LINES; i++) {
        record_read(line_at(cli.out.text, i), &record);
        long number = strtol(strchr(record.url, '?') + 1, NULL, 10);
        ck_assert(number >= 0 && number < LINES && seen[number]++ == 0);
    }
    expect_text(cli.err.text, "Download 160 sites in ");
    expect_text(cli.err.text, "80 fetched, 80 failed: ");
}
END_TEST

/* ---- pipes ---- */

static void feed_paths(int from, int to)
{
    for (int i = from; i < to; i++) {
        char line[128];
        snprintf(line, sizeof line, "%s/bytes/%d?%d\n", cli.url, i, i);
        cli_feed_text(&cli, line);
    }
}

START_TEST(results_of_the_first_lines_come_before_the_others_are_written)
{
    cli.feeds = true;
    CLI_START(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-i", "-");
    feed_paths(0, 5);
    cli_await_lines(&cli, &cli.out, 5);
    cli_feed_text(&cli, cli.url); /* half a line */
    ck_assert(!cli_ends_within(&cli, 20));
    cli_feed_text(&cli, "/bytes/5?5\n");
    cli_await_lines(&cli, &cli.out, 6);
    feed_paths(6, 10);
    cli_await_lines(&cli, &cli.out, 10);
    cli_close_input(&cli);
    ck_assert_int_eq(cli_wait(&cli), 0);
    cli_expect_outcomes(&cli, 10, 0);
    cli_expect_each_once(&cli.out, "?", 10);
}
END_TEST

START_TEST(ordered_results_come_while_the_list_is_still_written)
{
    cli.feeds = true;
    CLI_START(&cli, "fetch", "-e", ENGINE_NAMES[_i], "--ordered", "-i", "-");
    feed_paths(0, 3);
    cli_await_lines(&cli, &cli.out, 3);
    feed_paths(3, 4);
    cli_await_lines(&cli, &cli.out, 4);
    cli_close_input(&cli);
    ck_assert_int_eq(cli_wait(&cli), 0);
    for (size_t i = 0; i < 4; i++) {
        char end[32];
        snprintf(end, sizeof end, "/bytes/%zu?%zu", i, i);
        expect_text(line_at(cli.out.text, i), end);
    }
}
END_TEST

START_TEST(a_pipe_that_is_closed_within_a_line_ends_the_list_there)
{
    cli.feeds = true;
    CLI_START(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-i", "-");
    feed_paths(0, 3);
    cli_feed_text(&cli, cli.url);
    cli_feed_text(&cli, "/bytes/3?3");
    cli_close_input(&cli);
    ck_assert_int_eq(cli_wait(&cli), 0);
    cli_expect_outcomes(&cli, 4, 0);
    cli_expect_each_once(&cli.out, "?", 4);
}
END_TEST

START_TEST(a_standard_input_that_is_closed_cannot_be_read)
{
    cli.stdin_closed = true;
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-i", "-"), 2);
    cli_expect_complaint(&cli, "cannot read standard input: Bad file descriptor");
}
END_TEST

/* Not even root may read it then. */
static bool give_up_reading_all(struct cli *unused)
{
    (void)unused;
    prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE);
    prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH);
    return true; /* where it is refused we are not root */
}

START_TEST(a_list_that_may_not_be_read_is_a_usage_error)
{
    fprintf(cli_list(&cli), "%s/bytes/1\n", cli.url);
    ck_assert_int_eq(chmod(cli_list_path(&cli), 0), 0);
    cli.prepare = give_up_reading_all;
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-i", cli_list_path(&cli)), 2);
    cli_expect_complaint(&cli, "/list: Permission denied");
}
END_TEST

START_TEST(a_list_that_fails_while_it_is_read_ends_the_run_with_its_reason)
{
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-i", "/proc/self/mem"), 3);
    expect_text(cli.err.text, "Download 0 sites in ");
    expect_text(cli.err.text, "shoal fetch: cannot read /proc/self/mem: Input/output error\n");
    ck_assert_uint_eq(count_lines(cli.err.text), 2);
}
END_TEST

START_TEST(a_run_without_standard_input_fetches_its_arguments)
{
    char url[128];
    snprintf(url, sizeof url, "%s/bytes/3", cli.url);
    cli.stdin_closed = true;
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], url), 0);
    cli_expect_outcomes(&cli, 1, 0);
}
END_TEST

START_TEST(a_long_list_from_a_pipe_is_fetched_to_its_end)
{
    char line[160];
    cli.feeds = true;
    CLI_START(&cli, "fetch", "-c", "4", "-w", "2", "-i", "-");
    snprintf(line, sizeof line, "%s/delay/1/bytes/1?0123456789012345678901234567890123456789\n", cli.url);
    for (int i = 0; i < 6000; i++) {
        cli_feed_text(&cli, line);
    }
    cli_close_input(&cli);
    ck_assert_int_eq(cli_wait(&cli), 0);
    cli_expect_outcomes(&cli, 6000, 0);
}
END_TEST

static Suite *cli_input_suite(void)
{
    const TTest *const each_source[] = {
        blank_lines_and_comments_are_no_lines,
        an_empty_list_is_fetched_completely,
        carriage_returns_blanks_and_a_missing_last_newline_do_no_harm,
        an_editors_byte_order_mark_is_no_part_of_the_first_line,
        bad_lines_fail_by_themselves,
        bad_lines_are_reported_with_their_numbers,
        a_line_of_a_megabyte_is_one_failure_between_two_successes,
    };
    const TTest *const each_engine[] = {
        three_thousand_times_the_same_url_are_as_many_lines,
        every_line_of_a_mixed_list_has_exactly_one_outcome,
        results_of_the_first_lines_come_before_the_others_are_written,
        ordered_results_come_while_the_list_is_still_written,
        a_pipe_that_is_closed_within_a_line_ends_the_list_there,
        a_run_without_standard_input_fetches_its_arguments,
        a_list_that_fails_while_it_is_read_ends_the_run_with_its_reason,
    };
    Suite *suite = suite_create("cli_input");
    TCase *cases = tcase_create("input");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    for (size_t i = 0; i < sizeof each_source / sizeof each_source[0]; i++) {
        tcase_add_loop_test(cases, each_source[i], 0, SOURCE_COUNT);
    }
    for (size_t i = 0; i < sizeof each_engine / sizeof each_engine[0]; i++) {
        add_for_each_engine(cases, each_engine[i]);
    }
    tcase_add_test(cases, a_url_of_4096_bytes_is_fetched_and_one_of_4097_is_not);
    tcase_add_test(cases, a_list_that_may_not_be_read_is_a_usage_error);
    tcase_add_test(cases, a_standard_input_that_is_closed_cannot_be_read);
    tcase_add_test(cases, a_long_list_from_a_pipe_is_fetched_to_its_end);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return cli_suite_main(cli_input_suite());
}
