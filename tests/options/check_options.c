/* Mirrors coordinator/options/fetch_options.c, option_table.c, option_values.c and help.c. Run
 * it from the root of the repository: it looks at coordinator/package/shoal.1. */
#include "coordinator/options/fetch_options.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "coordinator/compare/compare_options.h"
#include "coordinator/help.h"
#include "coordinator/options/option_table.h"

#define ARGUMENTS_MAX 32

static struct fetch_options options;
static char said[4096]; /* on stderr by the last parse() */

/* Parses "fetch" and the arguments up to NULL. */
static enum options_outcome parse(const char *first, ...)
{
    static char *argv[ARGUMENTS_MAX + 1];
    int argc = 1;
    va_list arguments;
    argv[0] = (char *)"fetch";
    va_start(arguments, first);
    for (const char *argument = first; argument != NULL && argc < ARGUMENTS_MAX; argument = va_arg(arguments, char *))
        argv[argc++] = (char *)argument;
    va_end(arguments);
    argv[argc] = NULL;
    int captured = memfd_create("stderr", 0), kept = dup(STDERR_FILENO);
    ck_assert_int_ge(dup2(captured, STDERR_FILENO), 0);
    enum options_outcome outcome = fetch_options_parse(&options, argc, argv);
    dup2(kept, STDERR_FILENO);
    ssize_t bytes = pread(captured, said, sizeof said - 1, 0);
    said[bytes > 0 ? bytes : 0] = '\0';
    close(captured), close(kept);
    return outcome;
}

#define RUN(...) ck_assert_msg(parse(__VA_ARGS__, NULL) == OPTIONS_RUN, "%s", said)

/* Wrong use: exactly one line, which begins with the command and holds what. */
#define WRONG(what, ...) expect_wrong(parse(__VA_ARGS__, NULL), what)

static void expect_wrong(enum options_outcome outcome, const char *what)
{
    ck_assert_msg(outcome == OPTIONS_WRONG, "\"%s\" was expected", what);
    ck_assert_msg(strncmp(said, "shoal fetch: ", 13) == 0, "%s", said);
    ck_assert_msg(strchr(said, '\n') == said + strlen(said) - 1, "%s", said);
    ck_assert_msg(strstr(said, what) != NULL, "\"%s\" in %s", what, said);
    fetch_options_free(&options);
}

START_TEST(the_defaults_are_the_documented_ones)
{
    RUN("http://h/");
    ck_assert_uint_eq(options.url_count, 1);
    ck_assert_str_eq(options.urls[0], "http://h/");
    ck_assert_ptr_null(options.input_path);
    ck_assert_int_eq(options.executor.engine, EXECUTOR_PROCESSES);
    ck_assert_uint_eq(options.executor.workers, 0);
    ck_assert_uint_eq(options.executor.concurrency, 64);
    ck_assert(!options.concurrency_given && !options.workers_given);
    ck_assert_uint_eq(options.executor.keep, EXECUTOR_KEEP_NOTHING);
    ck_assert_uint_eq(options.per_host, 0);
    ck_assert_uint_eq(options.retries, 2);
    ck_assert_int_eq(options.executor.limits.connect_timeout_ms, 10000);
    ck_assert_int_eq(options.executor.limits.total_timeout_ms, 120000);
    ck_assert_int_eq(options.executor.limits.stall_time_ms, 30000);
    ck_assert_uint_eq(options.executor.limits.redirects_max, 10);
    ck_assert_uint_eq(options.executor.limits.body_bytes_max, 16u << 20);
    ck_assert_uint_eq(options.executor.memory_bytes_max, 256u << 20);
    ck_assert_int_eq(options.executor.hang_time_ms, 10000);
    ck_assert_int_eq(options.format, FORMAT_TEXT);
    ck_assert_int_eq(options.progress, PROGRESS_AUTO);
    fetch_options_free(&options);
}
END_TEST

START_TEST(every_option_is_taken)
{
    RUN("-i", "list", "-e", "threads", "-w", "3", "-c", "7", "--per-host", "2", "--ordered", "--fail-fast", "--format",
        "jsonl", "-o", "out", "-O", "dir", "--digest", "--progress", "never", "-q");
    ck_assert_str_eq(options.input_path, "list");
    ck_assert_int_eq(options.executor.engine, EXECUTOR_THREADS);
    ck_assert_uint_eq(options.executor.workers, 3);
    ck_assert_uint_eq(options.executor.concurrency, 7);
    ck_assert(options.workers_given && options.concurrency_given && options.ordered && options.fail_fast);
    ck_assert(options.quiet);
    ck_assert_uint_eq(options.per_host, 2);
    ck_assert_int_eq(options.format, FORMAT_JSONL);
    ck_assert_str_eq(options.output_path, "out");
    ck_assert_str_eq(options.output_dir, "dir");
    ck_assert_uint_eq(options.executor.keep, EXECUTOR_KEEP_BODY | EXECUTOR_DIGEST);
    fetch_options_free(&options);
    RUN("--connect-timeout=1.5s", "--max-time", "1m", "--stall-time", "250ms", "--max-redirs", "0", "--max-body", "1K",
        "--memory", "1G", "--retries", "0", "--on-worker-death", "break", "--max-tasks-per-worker", "100",
        "--hang-time", "0", "--sandbox", "rlimits,landlock", "http://h/");
    ck_assert_int_eq(options.executor.limits.connect_timeout_ms, 1500);
    ck_assert_int_eq(options.executor.limits.total_timeout_ms, 60000);
    ck_assert_int_eq(options.executor.limits.stall_time_ms, 250);
    ck_assert_uint_eq(options.executor.limits.redirects_max, 0);
    ck_assert_uint_eq(options.executor.limits.body_bytes_max, 1024);
    ck_assert_uint_eq(options.executor.memory_bytes_max, 1u << 30);
    ck_assert_uint_eq(options.retries, 0);
    ck_assert_int_eq(options.executor.on_worker_death, EXECUTOR_BREAK);
    ck_assert_uint_eq(options.executor.tasks_per_worker_max, 100);
    ck_assert_int_eq(options.executor.hang_time_ms, 0);
    ck_assert_uint_eq(options.executor.sandbox, EXECUTOR_SANDBOX_RLIMITS | EXECUTOR_SANDBOX_LANDLOCK);
    fetch_options_free(&options);
}
END_TEST

START_TEST(the_request_is_as_asked_for)
{
    RUN("http://h/", "-H", "Accept: */*", "--header=X-Empty:", "-A", "me/1", "--proxy", "env", "--cacert", "/dev/null",
        "--insecure", "--resolve", "h:80:127.0.0.1", "--resolve", "+h:443:[::1],192.0.2.1", "--http2",
        "--block-private");
    ck_assert_uint_eq(options.executor.header_count, 2);
    ck_assert_str_eq(options.executor.headers[0], "Accept: */*");
    ck_assert_str_eq(options.executor.headers[1], "X-Empty:");
    ck_assert_str_eq(options.executor.user_agent, "me/1");
    ck_assert_str_eq(options.executor.proxy, "env");
    ck_assert_str_eq(options.executor.ca_file, "/dev/null");
    ck_assert_uint_eq(options.executor.resolve_count, 2);
    ck_assert_str_eq(options.executor.resolve[1], "+h:443:[::1],192.0.2.1");
    ck_assert_int_eq(options.executor.http, EXECUTOR_HTTP_2);
    ck_assert(options.executor.insecure && options.executor.block_private);
    fetch_options_free(&options);
    RUN("--http2", "--http1.1", "http://h/");
    ck_assert_int_eq(options.executor.http, EXECUTOR_HTTP_1_1);
    fetch_options_free(&options);
}
END_TEST

START_TEST(options_and_urls_come_in_any_order)
{
    RUN("http://a/", "--ordered", "http://b/", "--", "--retries", "-q");
    ck_assert_uint_eq(options.url_count, 4);
    ck_assert_str_eq(options.urls[1], "http://b/");
    ck_assert_str_eq(options.urls[2], "--retries");
    ck_assert_uint_eq(options.retries, 2);
    ck_assert(options.ordered && !options.quiet);
    fetch_options_free(&options);
    RUN("--conc=9", "http://a/");
    ck_assert_uint_eq(options.executor.concurrency, 9);
    fetch_options_free(&options);
}
END_TEST

START_TEST(what_follows_from_other_options)
{
    RUN("-w", "100", "http://a/");
    ck_assert_uint_eq(options.executor.concurrency, 100);
    fetch_options_free(&options);
    RUN("-w", "2", "http://a/");
    ck_assert_uint_eq(options.executor.concurrency, 64);
    fetch_options_free(&options);
    RUN("-e", "serial", "-c", "1", "-w", "1", "http://a/");
    ck_assert_uint_eq(options.executor.concurrency, 1);
    ck_assert_uint_eq(options.executor.workers, 1);
    fetch_options_free(&options);
    RUN("-q", "--progress", "always", "-o", "-", "http://a/");
    ck_assert_int_eq(options.progress, PROGRESS_NEVER);
    ck_assert_ptr_null(options.output_path);
    fetch_options_free(&options);
}
END_TEST

START_TEST(unknown_options_are_named_with_the_nearest)
{
    WRONG("unknown option --retrys (did you mean --retries?)", "--retrys", "3", "http://h/");
    WRONG("unknown option --concurency (did you mean --concurrency?)", "--concurency=3", "http://h/");
    WRONG("unknown option --retreis (did you mean --retries?)", "--retreis=3", "http://h/"); /* two letters swapped */
    WRONG("unknown option --per-hots (did you mean --per-host?)", "--per-hots", "3", "http://h/");
    WRONG("unknown option --timeout (did you mean --connect-timeout?)", "--timeout=3", "http://h/");
    WRONG("unknown option --nonsense (see shoal fetch --help)", "--nonsense", "http://h/");
    WRONG("unknown option -Z", "-Z", "http://h/");
    WRONG("unknown option -Z", "-qZ", "http://h/");
    WRONG("unknown option --a\\x1b[31m\\x0ab", "--a\x1b[31m\nb", "http://h/");
}
END_TEST

START_TEST(ambiguous_missing_and_superfluous_values_are_told)
{
    WRONG("option --re is ambiguous: --retries, --resolve", "--re", "http://h/");
    WRONG("option --retries needs a value: N", "http://h/", "--retries");
    WRONG("option --input needs a value: FILE", "-i");
    WRONG("option --quiet takes no value", "--quiet=1", "http://h/");
}
END_TEST

START_TEST(bad_numbers_name_the_option_the_value_and_the_bounds)
{
    WRONG("--concurrency \"0\": must be a whole number from 1 to 65536", "-c", "0", "http://h/");
    WRONG("--concurrency \"65537\": must be", "-c65537", "http://h/");
    WRONG("--workers \"100000\": must be a whole number from 1 to 1024", "-w", "100000", "http://h/");
    WRONG("--workers \"-1\"", "-w", "-1", "http://h/");
    WRONG("--workers \"two\"", "-w", "two", "http://h/");
    WRONG("--retries \"\"", "--retries=", "http://h/");
    WRONG("--max-redirs \"1e3\"", "--max-redirs", "1e3", "http://h/");
    WRONG("--max-body \"16Q\": must be a size from 1 to 64G, such as 512K, 16M or 1G", "--max-body", "16Q",
          "http://h/");
    WRONG("--max-body \"0\"", "--max-body", "0", "http://h/");
    WRONG("--max-body \"65G\"", "--max-body", "65G", "http://h/");
    WRONG("--memory \"1\": must be a size from 1M", "--memory", "1", "http://h/");
    WRONG("--max-time \"0\": must be a duration from 1ms to 500h, such as 250ms, 10s, 2m or 1h", "--max-time", "0",
          "http://h/");
    WRONG("--connect-timeout \"10 s\"", "--connect-timeout", "10 s", "http://h/");
    WRONG("--stall-time \"501h\"", "--stall-time", "501h", "http://h/");
}
END_TEST

START_TEST(bad_choices_name_what_there_is)
{
    WRONG("--engine \"fibers\": must be processes, threads or serial", "-e", "fibers", "http://h/");
    WRONG("--format \"xml\": must be text or jsonl", "--format", "xml", "http://h/");
    WRONG("--progress \"yes\": must be auto, always or never", "--progress=yes", "http://h/");
    WRONG("--on-worker-death \"\": must be isolate or break", "--on-worker-death=", "http://h/");
    WRONG("--sandbox \"seccomp,\": must be all, none, or some of rlimits,privs,nodump,landlock,seccomp",
          "--sandbox=seccomp,", "http://h/");
    WRONG("--sandbox \"all,privs\": must be all", "--sandbox", "all,privs", "http://h/");
    WRONG("--sandbox \"\": must be all", "--sandbox=", "http://h/");
}
END_TEST

START_TEST(urls_come_from_one_place)
{
    WRONG("no URL: give some as arguments, or a file of them with --input FILE", "-q");
    ck_assert_int_eq(parse(NULL), OPTIONS_WRONG);
    WRONG("not both", "-i", "list", "http://h/");
    WRONG("use --input -", "-");
    WRONG("--input \"\": must not be empty", "-i", "");
    WRONG("--output \"\": must not be empty", "-o", "", "http://h/");
    WRONG("--output-dir \"\": must not be empty", "-O", "", "http://h/");
}
END_TEST

START_TEST(serial_refuses_to_do_two_things_at_once)
{
    WRONG("--engine serial fetches one URL at a time: --concurrency must be 1", "-e", "serial", "-c", "2", "http://h/");
    WRONG("--engine serial fetches one URL at a time: --workers must be 1", "-w", "2", "-e", "serial", "http://h/");
}
END_TEST

START_TEST(what_could_smuggle_a_header_is_refused)
{
    WRONG("--header \"X...\": must be one line", "-H", "X: a\r\nHost: evil", "http://h/"); /* the value may be secret */
    WRONG("there is no colon", "-H", "Accept", "http://h/");
    WRONG("no header name", "-H", ": x", "http://h/");
    WRONG("no header name", "-H", "A b: x", "http://h/");
    WRONG("must not hold control characters", "-H", "A: \x01", "http://h/");
    WRONG("--user-agent \"a\\x0ab\": must be one line", "-A", "a\nb", "http://h/");
    WRONG("--proxy", "--proxy", "http://p\r\n", "http://h/");
    static char large[REQUEST_HEADER_BYTES_MAX + 3];
    memset(large, 'x', sizeof large - 1);
    large[1] = ':';
    WRONG("more than 16384 bytes together", "-H", large, "http://h/");
    large[60] = '\n';
    WRONG("...\": must be one line", "-H", large, "http://h/");
}
END_TEST

START_TEST(malformed_resolve_entries_are_refused)
{
    static const char *const CASES[] = {"",
                                        "h",
                                        "h:80",
                                        "h:80:",
                                        ":80:127.0.0.1",
                                        "h:0:127.0.0.1",
                                        "h:65536:127.0.0.1",
                                        "h:x:127.0.0.1",
                                        "h:80:localhost",
                                        "h:80:127.0.0.1,",
                                        "h:80:[127.0.0.1]",
                                        "h:80:1.2.3",
                                        "h 1:80:127.0.0.1",
                                        "h:80:127.0.0.1 ",
                                        "[::1:80:127.0.0.1",
                                        "-h:80",
                                        "h:000080:127.0.0.1"};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        WRONG("must be host:port:address", "--resolve", CASES[i], "http://h/");
}
END_TEST

START_TEST(a_missing_certificate_file_is_named)
{
    WRONG("--cacert \"/nowhere/ca.pem\": cannot be read: No such file or directory", "--cacert", "/nowhere/ca.pem",
          "http://h/");
    WRONG("--cacert \"/\": cannot be read: Is a directory", "--cacert", "/", "http://h/");
}
END_TEST

/* ---- help ---- */

static char *text_of(void (*put)(struct writer *writer))
{
    struct writer writer;
    size_t bytes;
    writer_open_memory(&writer);
    put(&writer);
    char *text = strdup(writer_text(&writer, &bytes));
    writer_close(&writer);
    return text;
}

static void put_verbose_version(struct writer *writer)
{
    help_put_version(writer, true);
}

static void put_old_libcurl(struct writer *writer)
{
    help_put_libcurl_floor(writer, 0x075801, "7.88.1\x1b[31m");
}

START_TEST(help_fits_in_eighty_columns)
{
    static void (*const PUTS[])(struct writer * writer) = {help_put_overview, help_put_fetch, put_verbose_version,
                                                           put_old_libcurl};
    for (size_t i = 0; i < sizeof PUTS / sizeof PUTS[0]; i++) {
        char *text = text_of(PUTS[i]);
        for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
            ck_assert_msg(end - line < 80, "%.*s", (int)(end - line), line);
            ck_assert_msg(end == line || end[-1] != ' ', "blank at the end: %.*s", (int)(end - line), line);
        }
        free(text);
    }
}
END_TEST

/* What is not for users (no help) is in neither. */
static void expect_explained(const struct option_table *table, const char *help, const char *manual)
{
    for (size_t i = 0; i < table->count; i++) {
        bool shown = table->specs[i].help != NULL;
        char name[64], escaped[128] = "\\-\\-";
        snprintf(name, sizeof name, "--%s", table->specs[i].name);
        ck_assert_msg((strstr(help, name) != NULL) == shown, "help: %s", name);
        for (const char *at = table->specs[i].name; *at != '\0'; at++) {
            char letter[2] = {*at, '\0'};
            strcat(escaped, *at == '-' ? "\\-" : letter);
        }
        ck_assert_msg((strstr(manual, escaped) != NULL) == shown, "manual: %s", escaped);
    }
}

START_TEST(help_and_manual_know_every_option)
{
    struct option_spec specs[COMPARE_SPECS_MAX];
    struct option_table compare = compare_option_table(specs);
    char *fetch_help = text_of(help_put_fetch), *compare_help = text_of(help_put_compare);
    static char manual[65536];
    FILE *file = fopen("coordinator/package/shoal.1", "r");
    ck_assert_msg(file != NULL, "run from the root of the repository");
    manual[fread(manual, 1, sizeof manual - 1, file)] = '\0';
    fclose(file);
    expect_explained(fetch_option_table(), fetch_help, manual);
    expect_explained(&compare, compare_help, manual);
    for (int error = FETCH_OK + 1; error < FETCH_ERROR_COUNT; error++) {
        char escaped[64] = "";
        for (const char *at = fetch_error_name((enum fetch_error)error); *at != '\0'; at++) {
            char letter[2] = {*at, '\0'};
            strcat(escaped, *at == '-' ? "\\-" : letter);
        }
        ck_assert_msg(strstr(manual, escaped) != NULL, "manual: %s", escaped);
    }
    free(fetch_help);
    free(compare_help);
}
END_TEST

static void expect_distinct(const struct option_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        for (size_t j = 0; j < i; j++) {
            ck_assert_str_ne(table->specs[i].name, table->specs[j].name);
            ck_assert(table->specs[i].letter == 0 || table->specs[i].letter != table->specs[j].letter);
        }
    }
}

START_TEST(no_two_options_share_a_name)
{
    struct option_spec specs[COMPARE_SPECS_MAX];
    struct option_table compare = compare_option_table(specs);
    expect_distinct(fetch_option_table());
    expect_distinct(&compare);
}
END_TEST

START_TEST(the_version_names_libcurl_and_the_limits)
{
    char *text = text_of(put_verbose_version);
    ck_assert_int_eq(strncmp(text, "shoal 0.1.0 (libcurl ", 21), 0);
    ck_assert_ptr_nonnull(strstr(text, "HTTP2"));
    ck_assert_ptr_nonnull(strstr(text, "URL 4096 B"));
    free(text);
}
END_TEST

static void put_new_libcurl(struct writer *writer)
{
    help_put_libcurl_floor(writer, 0x080400, "8.4.0");
}

START_TEST(requirement_21_a_libcurl_below_the_floor_is_noted_with_the_reason)
{
    char *text = text_of(put_old_libcurl);
    ck_assert_ptr_nonnull(strstr(text, "note: libcurl 7.88.1"));
    ck_assert_ptr_nonnull(strstr(text, "older than 8.4.0"));
    ck_assert_ptr_nonnull(strstr(text, "CVE-2023-38545"));
    ck_assert_ptr_nonnull(strstr(text, "may have mended"));
    ck_assert_ptr_null(strchr(text, '\x1b'));
    free(text);
    text = text_of(put_new_libcurl);
    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

static int call_help(int argc, char **argv)
{
    int captured = memfd_create("output", 0), out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    dup2(captured, STDOUT_FILENO), dup2(captured, STDERR_FILENO);
    int status = (int)help_command(argc, argv);
    fflush(stderr);
    dup2(out, STDOUT_FILENO), dup2(err, STDERR_FILENO);
    ssize_t bytes = pread(captured, said, sizeof said - 1, 0);
    said[bytes > 0 ? bytes : 0] = '\0';
    close(captured), close(out), close(err);
    return status;
}

START_TEST(help_knows_its_commands)
{
    char *fetch[] = {(char *)"help", (char *)"fetch", NULL}, *wrong[] = {(char *)"help", (char *)"f\x1b", NULL};
    ck_assert_int_eq(call_help(1, fetch), EXIT_ALL_FETCHED);
    ck_assert_ptr_nonnull(strstr(said, "shoal fetch"));
    ck_assert_int_eq(call_help(2, fetch), EXIT_ALL_FETCHED);
    ck_assert_ptr_nonnull(strstr(said, "--concurrency"));
    ck_assert_int_eq(call_help(2, wrong), EXIT_USAGE);
    ck_assert_str_eq(said, "shoal help: there is no command \"f\\x1b\"\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tests = tcase_create("options");
    tcase_add_test(tests, the_defaults_are_the_documented_ones);
    tcase_add_test(tests, every_option_is_taken);
    tcase_add_test(tests, the_request_is_as_asked_for);
    tcase_add_test(tests, options_and_urls_come_in_any_order);
    tcase_add_test(tests, what_follows_from_other_options);
    tcase_add_test(tests, unknown_options_are_named_with_the_nearest);
    tcase_add_test(tests, ambiguous_missing_and_superfluous_values_are_told);
    tcase_add_test(tests, bad_numbers_name_the_option_the_value_and_the_bounds);
    tcase_add_test(tests, bad_choices_name_what_there_is);
    tcase_add_test(tests, urls_come_from_one_place);
    tcase_add_test(tests, serial_refuses_to_do_two_things_at_once);
    tcase_add_test(tests, what_could_smuggle_a_header_is_refused);
    tcase_add_test(tests, malformed_resolve_entries_are_refused);
    tcase_add_test(tests, a_missing_certificate_file_is_named);
    tcase_add_test(tests, help_fits_in_eighty_columns);
    tcase_add_test(tests, help_and_manual_know_every_option);
    tcase_add_test(tests, no_two_options_share_a_name);
    tcase_add_test(tests, the_version_names_libcurl_and_the_limits);
    tcase_add_test(tests, requirement_21_a_libcurl_below_the_floor_is_noted_with_the_reason);
    tcase_add_test(tests, help_knows_its_commands);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
