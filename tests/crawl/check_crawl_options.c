/* Mirrors coordinator/crawl/crawl_options.c. Run it from the root of the repository: it looks
 * at coordinator/package/shoal.1. */
#include "coordinator/crawl/crawl_options.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/url_query.h"
#include "coordinator/help.h"

#define ARGUMENTS_MAX 96

static struct crawl_options options;
static char said[4096]; /* on stderr by the last parse() */

/* Parses "crawl" and the arguments up to NULL. */
static enum options_outcome parse(const char *first, ...)
{
    static char *argv[ARGUMENTS_MAX + 1];
    int argc = 1;
    va_list arguments;
    argv[0] = (char *)"crawl";
    va_start(arguments, first);
    for (const char *argument = first; argument != NULL && argc < ARGUMENTS_MAX; argument = va_arg(arguments, char *))
        argv[argc++] = (char *)argument;
    va_end(arguments);
    argv[argc] = NULL;
    int captured = memfd_create("stderr", 0), kept = dup(STDERR_FILENO);
    ck_assert_int_ge(dup2(captured, STDERR_FILENO), 0);
    enum options_outcome outcome = crawl_options_parse(&options, argc, argv);
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
    ck_assert_msg(strncmp(said, "shoal crawl: ", 13) == 0, "%s", said);
    ck_assert_msg(strchr(said, '\n') == said + strlen(said) - 1, "%s", said);
    ck_assert_msg(strstr(said, what) != NULL, "\"%s\" in %s", what, said);
    crawl_options_free(&options);
}

START_TEST(the_defaults_are_polite_and_stay_on_the_host)
{
    struct traps_config traps;
    traps_config_init(&traps);
    RUN("http://h/");
    ck_assert_uint_eq(options.fetch.url_count, 1);
    ck_assert_uint_eq(options.fetch.per_host, 4);
    ck_assert_uint_eq(options.fetch.retries, 2);
    ck_assert(options.fetch.executor.block_private);
    ck_assert_uint_eq(options.fetch.executor.keep, EXECUTOR_PAGES);
    ck_assert_int_eq(options.scope.kind, SCOPE_HOST);
    ck_assert_uint_eq(options.scope.depth_max, 20);
    ck_assert(!options.scope.assets && !options.scope.forms && !options.scope.ignore_nofollow);
    ck_assert_uint_eq(options.pages_max, 0);
    ck_assert_uint_eq(options.per_host_max, 0);
    ck_assert(!options.ignore_robots && !options.same_type && !options.ignore_query && !options.links);
    ck_assert_int_eq(options.sitemaps, SITEMAPS_AUTO);
    ck_assert_int_eq(options.delay_ms, 250);
    ck_assert_int_eq(options.crawl_delay_max_ms, 60000);
    ck_assert(options.rate_per_s == 0);
    ck_assert_uint_eq(options.host_failures_max, 10);
    ck_assert_uint_eq(options.frontier_bytes, 256u << 20);
    ck_assert_uint_eq(options.traps.per_path_template, traps.per_path_template);
    ck_assert_uint_eq(options.traps.repeats_max, traps.repeats_max);
    ck_assert_int_gt(options.traps.now_s, 1700000000);
    crawl_options_free(&options);
}
END_TEST

START_TEST(every_option_of_the_crawl_is_taken)
{
    RUN("-i", "seeds", "--scope", "domain", "--include", "^a", "--include", "b", "--exclude", "c", "--max-depth", "3",
        "--max-pages", "1000", "--max-per-host", "50", "--assets", "--forms", "--same-type", "--ignore-query",
        "--ignore-robots", "--ignore-nofollow", "--sitemaps", "always", "--delay", "1s", "--max-crawl-delay", "2m",
        "--max-host-failures", "0", "--frontier-memory", "1G", "--links", "--allow-private");
    ck_assert_str_eq(options.fetch.input_path, "seeds");
    ck_assert_int_eq(options.scope.kind, SCOPE_DOMAIN);
    ck_assert_uint_eq(options.scope.include_count, 2);
    ck_assert_str_eq(options.scope.include[1], "b");
    ck_assert_uint_eq(options.scope.exclude_count, 1);
    ck_assert_str_eq(options.scope.exclude[0], "c");
    ck_assert_uint_eq(options.scope.depth_max, 3);
    ck_assert_uint_eq(options.pages_max, 1000);
    ck_assert_uint_eq(options.per_host_max, 50);
    ck_assert(options.scope.assets && options.scope.forms && options.scope.ignore_nofollow && options.same_type);
    ck_assert(options.ignore_query && options.ignore_robots && options.links);
    ck_assert_int_eq(options.sitemaps, SITEMAPS_ALWAYS);
    ck_assert_int_eq(options.delay_ms, 1000);
    ck_assert_int_eq(options.crawl_delay_max_ms, 120000);
    ck_assert_uint_eq(options.host_failures_max, 0);
    ck_assert_uint_eq(options.frontier_bytes, 1u << 30);
    ck_assert(!options.fetch.executor.block_private);
    crawl_options_free(&options);
    RUN("--max-url-length", "500", "--max-path-depth", "7", "--max-repeats", "2", "--max-per-template", "9",
        "--max-per-query", "0", "--max-dates", "31", "http://h/");
    ck_assert_uint_eq(options.traps.url_bytes_max, 500);
    ck_assert_uint_eq(options.traps.path_depth_max, 7);
    ck_assert_uint_eq(options.traps.repeats_max, 2);
    ck_assert_uint_eq(options.traps.per_path_template, 9);
    ck_assert_uint_eq(options.traps.per_query_template, 0);
    ck_assert_uint_eq(options.traps.dates_max, 31);
    crawl_options_free(&options);
}
END_TEST

START_TEST(options_of_fetch_mean_the_same_in_a_crawl)
{
    RUN("-e", "threads", "-w", "3", "-c", "7", "--per-host", "0", "--retries", "0", "--format", "jsonl", "-o", "-",
        "-O", "dir", "--digest", "-q", "--max-body", "1K", "-H", "X-A: b", "-A", "me/1", "--http1.1", "http://a/",
        "b.example");
    ck_assert_int_eq(options.fetch.executor.engine, EXECUTOR_THREADS);
    ck_assert_uint_eq(options.fetch.executor.concurrency, 7);
    ck_assert_uint_eq(options.fetch.per_host, 0);
    ck_assert_uint_eq(options.fetch.retries, 0);
    ck_assert_int_eq(options.fetch.format, FORMAT_JSONL);
    ck_assert_ptr_null(options.fetch.output_path);
    ck_assert_uint_eq(options.fetch.executor.keep, EXECUTOR_PAGES | EXECUTOR_KEEP_BODY | EXECUTOR_DIGEST);
    ck_assert_int_eq(options.fetch.progress, PROGRESS_NEVER);
    ck_assert_uint_eq(options.fetch.executor.header_count, 1);
    ck_assert_uint_eq(options.fetch.url_count, 2);
    crawl_options_free(&options);
}
END_TEST

START_TEST(what_makes_no_sense_in_a_crawl_is_no_option_of_it)
{
    WRONG("unknown option --ordered", "--ordered", "http://h/");
    WRONG("unknown option --fail-fast", "--fail-fast", "http://h/");
    WRONG("unknown option --count-links", "--count-links", "http://h/");
    WRONG("unknown option --block-private", "--block-private", "http://h/");
}
END_TEST

START_TEST(the_workers_are_told_which_links_are_wanted)
{
    RUN("http://h/");
    ck_assert(!options.fetch.executor.links.texts && !options.fetch.executor.links.positions);
    crawl_options_free(&options);
    RUN("http://h/", "--links", "--convert-links", "-O", "d", "--ignore-query", "--strip-param", "utm_*",
        "--strip-param", "sid");
    const struct executor_links *links = &options.fetch.executor.links;
    ck_assert(links->texts && links->positions && links->ignore_query && options.convert_links);
    ck_assert_ptr_eq((const void *)links->strip, (const void *)options.strip);
    ck_assert_uint_eq(links->strip_count, options.strip_count);
    ck_assert_uint_eq(options.strip_count, 2);
    ck_assert_str_eq(options.strip[0], "utm_*");
    ck_assert_str_eq(options.strip[1], "sid");
    crawl_options_free(&options);
}
END_TEST

START_TEST(a_set_of_parameters_is_spelled_out)
{
    static const char *const SETS[] = {"tracking", "session"};
    size_t counts[2];
    for (int i = 0; i < 2; i++) {
        const char *const *names = url_query_set(SETS[i], &counts[i]);
        RUN("http://h/", "--strip-param", SETS[i]);
        ck_assert_uint_gt(counts[i], 0);
        ck_assert_uint_eq(options.strip_count, counts[i]);
        for (size_t j = 0; j < counts[i]; j++)
            ck_assert_str_eq(options.strip[j], names[j]);
        crawl_options_free(&options);
    }
    RUN("http://h/", "--strip-param", "a", "--strip-param", "session", "--strip-param", "tracking");
    ck_assert_uint_eq(options.strip_count, 1 + counts[0] + counts[1]);
    ck_assert_uint_eq(options.fetch.executor.links.strip_count, options.strip_count);
    crawl_options_free(&options);
}
END_TEST

START_TEST(a_rate_is_by_second_or_by_minute)
{
    static const struct {
        const char *text;
        double per_s;
    } RATES[] = {{"10", 10}, {"10/s", 10}, {"0.5/s", 0.5}, {"30/m", 0.5}, {"0", 0}, {"1000000", 1e6}};
    for (size_t i = 0; i < sizeof RATES / sizeof RATES[0]; i++) {
        RUN("--rate", RATES[i].text, "http://h/");
        ck_assert_msg(options.rate_per_s == RATES[i].per_s, "%s", RATES[i].text);
        crawl_options_free(&options);
    }
    static const char *const BAD[] = {"",        "-1",    "1e3",  "10/",   "10/h", ".5",    "5.",
                                      "1.2.3",   "nan",   "inf",  "0x10",  " 1",   "1 /s",  "10/ss",
                                      "1000001", "10/s ", "+1/s", "1,5/s", "/s",   "1/s/m", "60000000001/m"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        WRONG("must be a number of requests up to 1000000, such as 10/s, 0.5/s or 30/m", "--rate", BAD[i], "http://h/");
}
END_TEST

START_TEST(bad_values_name_the_option_the_value_and_what_is_allowed)
{
    WRONG("--scope \"site\": must be host, domain, prefix or any", "--scope", "site", "http://h/");
    WRONG("--sitemaps \"yes\": must be auto, always or never", "--sitemaps", "yes", "http://h/");
    WRONG("--include \"\": must not be empty", "--include", "", "http://h/");
    WRONG("--exclude \"\": must not be empty", "--exclude=", "http://h/");
    WRONG("--max-depth \"-1\": must be a whole number from 0 to", "--max-depth", "-1", "http://h/");
    WRONG("--max-pages \"4294967296\": must be a whole number", "--max-pages", "4294967296", "http://h/");
    WRONG("--max-per-host \"x\": must be", "--max-per-host", "x", "http://h/");
    WRONG("--delay \"soon\": must be a duration", "--delay", "soon", "http://h/");
    WRONG("--max-crawl-delay \"-1s\": must be a duration", "--max-crawl-delay", "-1s", "http://h/");
    WRONG("--frontier-memory \"1K\": must be a size from 1M", "--frontier-memory", "1K", "http://h/");
    WRONG("--max-url-length \"4097\": must be a whole number from 0 to 4096", "--max-url-length", "4097", "http://h/");
    WRONG("--explain \"\": must not be empty", "--explain", "", "http://h/");
    static const char *const NAMES[] = {"", "*", "a*b", "a&b", "a=1", "a b", "a**", "#"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        WRONG("must be the name of a query parameter", "--strip-param", NAMES[i], "http://h/");
}
END_TEST

START_TEST(a_crawl_begins_somewhere)
{
    WRONG("no seed: give a URL to begin with", "--scope", "any");
    WRONG("not both", "-i", "list", "http://h/");
    WRONG("\"-\" is no URL", "-");
    WRONG("seed \"ftp://h/\" is no URL: ", "http://h/", "ftp://h/");
    WRONG("seed \"http://a b/\" is no URL: ", "http://a b/");
    WRONG("seed \"\" is no URL: ", "");
}
END_TEST

START_TEST(a_seed_that_is_no_url_is_shown_short_tame_and_without_a_password)
{
    char url[600] = "ftp://name:secret@host/";
    memset(url + strlen(url), 'x', 500);
    parse(url, NULL);
    expect_wrong(OPTIONS_WRONG, "seed \"ftp://host/xxx");
    ck_assert_msg(strstr(said, "secret") == NULL && strlen(said) < 300, "%s", said);
    WRONG("seed \"http://h/\\x1b[2J\\x0a\" is no URL", "http://h/\x1b[2J\n");
}
END_TEST

START_TEST(what_is_to_be_explained_must_be_a_url)
{
    WRONG("--explain \"ftp://h/y\" is no URL: ", "http://h/", "--explain", "http://h/x", "--explain", "ftp://h/y");
    RUN("http://h/", "--explain", "http://h/x", "--explain", "h/y");
    ck_assert_uint_eq(options.explain_count, 2);
    ck_assert_str_eq(options.explain[1], "h/y");
    crawl_options_free(&options);
}
END_TEST

START_TEST(a_crawl_sends_no_credentials)
{
    static const char *const LINES[] = {"Authorization: Basic eDp5", "cookie: a=b",
                                        "COOKIE:", "Proxy-authorization: Basic eDp5"};
    for (size_t i = 0; i < sizeof LINES / sizeof LINES[0]; i++)
        WRONG("a crawl sends no credentials", "-H", LINES[i], "http://h/");
    WRONG("must be \"Name: value\"", "-H", "X Cookie: a", "http://h/");
    RUN("-H", "X-Cookie: a", "-H", "Cookies: b", "http://h/");
    ck_assert_uint_eq(options.fetch.executor.header_count, 2);
    crawl_options_free(&options);
}
END_TEST

START_TEST(links_are_converted_only_in_what_is_saved)
{
    WRONG("--convert-links is about what --output-dir saves: give -O DIR too", "--convert-links", "http://h/");
}
END_TEST

/* ---- help and manual ---- */

static char *help_text(void)
{
    struct writer writer;
    size_t bytes;
    writer_open_memory(&writer);
    help_put_crawl(&writer);
    char *copy = strdup(writer_text(&writer, &bytes));
    writer_close(&writer);
    return copy;
}

START_TEST(the_help_is_at_most_80_columns_wide)
{
    char *text = help_text();
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        ck_assert_msg(strlen(line) <= 80 && (line == end || end[-1] != ' '), "\"%s\"", line);
    }
    free(text);
}
END_TEST

/* What the help says of a limit is what the limit is. */
START_TEST(the_help_tells_the_limits_that_are_in_force)
{
    struct option_spec specs[CRAWL_SPECS_MAX];
    struct option_table table = crawl_option_table(specs);
    struct traps_config traps;
    traps_config_init(&traps);
    const struct {
        const char *name;
        uint32_t value;
    } LIMITS[] = {{"max-path-depth", traps.path_depth_max},
                  {"max-repeats", traps.repeats_max},
                  {"max-per-template", traps.per_path_template},
                  {"max-per-query", traps.per_query_template},
                  {"max-dates", traps.dates_max}};
    for (size_t i = 0; i < sizeof LIMITS / sizeof LIMITS[0]; i++) {
        char told[64];
        snprintf(told, sizeof told, "(default %u)", (unsigned)LIMITS[i].value);
        const char *help = option_table_find(&table, LIMITS[i].name)->help;
        ck_assert_msg(strstr(help, told) != NULL, "--%s: %s, not %s", LIMITS[i].name, told, help);
    }
    ck_assert_uint_eq(traps.url_bytes_max, 0);
}
END_TEST

START_TEST(help_and_manual_know_every_option)
{
    struct option_spec specs[CRAWL_SPECS_MAX];
    struct option_table table = crawl_option_table(specs);
    static char manual[131072];
    FILE *file = fopen("coordinator/package/shoal.1", "r");
    ck_assert_msg(file != NULL, "run from the root of the repository");
    manual[fread(manual, 1, sizeof manual - 1, file)] = '\0';
    fclose(file);
    char *help = help_text();
    for (size_t i = 0; i < table.count; i++) {
        bool shown = table.specs[i].help != NULL;
        char name[64], escaped[128] = "\\-\\-";
        snprintf(name, sizeof name, "--%s", table.specs[i].name);
        ck_assert_msg((strstr(help, name) != NULL) == shown, "help: %s", name);
        for (const char *at = table.specs[i].name; *at != '\0'; at++) {
            char letter[2] = {*at, '\0'};
            strcat(escaped, *at == '-' ? "\\-" : letter);
        }
        ck_assert_msg((strstr(manual, escaped) != NULL) == shown, "manual: %s", escaped);
    }
    free(help);
    for (enum crawl_reason reason = REASON_SEED; reason < REASON_COUNT; reason++) {
        char escaped[64] = "";
        for (const char *at = reason_name(reason); *at != '\0'; at++) {
            char letter[2] = {*at, '\0'};
            strcat(escaped, *at == '-' ? "\\-" : letter);
        }
        ck_assert_msg(strstr(manual, escaped) != NULL, "manual: %s", escaped);
    }
}
END_TEST

START_TEST(no_two_options_share_a_name)
{
    struct option_spec specs[CRAWL_SPECS_MAX];
    struct option_table table = crawl_option_table(specs);
    for (size_t i = 0; i < table.count; i++) {
        for (size_t j = 0; j < i; j++) {
            ck_assert_str_ne(specs[i].name, specs[j].name);
            ck_assert(specs[i].letter == 0 || specs[i].letter != specs[j].letter);
        }
    }
}
END_TEST

/* What fetch has and a crawl has not is left out on purpose: a new option of fetch must be decided about. */
START_TEST(a_crawl_has_every_option_of_fetch_but_those_that_make_no_sense)
{
    static const char *const LEFT_OUT[] = {"ordered", "fail-fast", "count-links", "block-private"};
    struct option_spec specs[CRAWL_SPECS_MAX];
    struct option_table table = crawl_option_table(specs);
    const struct option_table *fetch = fetch_option_table();
    for (size_t i = 0; i < fetch->count; i++) {
        bool left_out = false;
        for (size_t j = 0; j < sizeof LEFT_OUT / sizeof LEFT_OUT[0]; j++)
            left_out |= strcmp(fetch->specs[i].name, LEFT_OUT[j]) == 0;
        const struct option_spec *spec = option_table_find(&table, fetch->specs[i].name);
        ck_assert_msg((spec == NULL) == left_out, "%s", fetch->specs[i].name);
    }
}
END_TEST

static Suite *crawl_options_suite(void)
{
    Suite *suite = suite_create("crawl_options");
    TCase *cases = tcase_create("crawl_options");
    tcase_add_test(cases, the_defaults_are_polite_and_stay_on_the_host);
    tcase_add_test(cases, every_option_of_the_crawl_is_taken);
    tcase_add_test(cases, options_of_fetch_mean_the_same_in_a_crawl);
    tcase_add_test(cases, what_makes_no_sense_in_a_crawl_is_no_option_of_it);
    tcase_add_test(cases, the_workers_are_told_which_links_are_wanted);
    tcase_add_test(cases, a_set_of_parameters_is_spelled_out);
    tcase_add_test(cases, a_rate_is_by_second_or_by_minute);
    tcase_add_test(cases, bad_values_name_the_option_the_value_and_what_is_allowed);
    tcase_add_test(cases, a_crawl_begins_somewhere);
    tcase_add_test(cases, a_seed_that_is_no_url_is_shown_short_tame_and_without_a_password);
    tcase_add_test(cases, what_is_to_be_explained_must_be_a_url);
    tcase_add_test(cases, a_crawl_sends_no_credentials);
    tcase_add_test(cases, links_are_converted_only_in_what_is_saved);
    tcase_add_test(cases, the_help_is_at_most_80_columns_wide);
    tcase_add_test(cases, the_help_tells_the_limits_that_are_in_force);
    tcase_add_test(cases, help_and_manual_know_every_option);
    tcase_add_test(cases, no_two_options_share_a_name);
    tcase_add_test(cases, a_crawl_has_every_option_of_fetch_but_those_that_make_no_sense);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(crawl_options_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
