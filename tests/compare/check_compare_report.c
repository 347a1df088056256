/* Mirrors coordinator/compare/report.c, and the three formats. */
#include "coordinator/compare/report.h"

#include "coordinator/compare/report_text.h"
#include "tests/compare/compare.h"

/* The report; to be freed. */
static char *report_text(const struct comparison *comparison, enum report_format format)
{
    struct writer writer;
    size_t bytes;
    ck_assert_int_eq(writer_open_memory(&writer), STATUS_OK);
    report_of(format)->put(&writer, comparison);
    ck_assert_int_eq(writer.status, STATUS_OK);
    char *text = strdup(writer_text(&writer, &bytes));
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(strlen(text), bytes);
    writer_close(&writer);
    return text;
}

/* Checks the whole report, and frees the comparison. */
static void expect(struct comparison *comparison, enum report_format format, const char *expected)
{
    char *text = report_text(comparison, format);
    ck_assert_str_eq(text, expected);
    free(text);
    comparison_free(comparison);
}

static void expect_part(const struct comparison *comparison, enum report_format format, const char *part)
{
    char *text = report_text(comparison, format);
    ck_assert_msg(strstr(text, part) != NULL, "'%s' is not in:\n%s", part, text);
    free(text);
}

static void expect_no_part(const struct comparison *comparison, enum report_format format, const char *part)
{
    char *text = report_text(comparison, format);
    ck_assert_msg(strstr(text, part) == NULL, "'%s' is in:\n%s", part, text);
    free(text);
}

/* No line of the table is wider than a terminal. */
static void expect_narrow(const struct comparison *comparison)
{
    char *text = report_text(comparison, REPORT_TABLE), *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;)
        ck_assert_msg(text_columns(line) <= TEXT_COLUMNS, "%zu columns: %s", text_columns(line), line);
    free(text);
}

/* ---- numbers ---- */

START_TEST(numbers_have_few_digits_but_keep_the_whole_part)
{
    static const struct {
        double value;
        int digits;
        const char *text;
    } CASES[] = {{0, 3, "0"},         {0.00012, 3, "0.0001"}, {0.0123, 3, "0.0123"}, {0.1624, 3, "0.162"},
                 {2.2612, 3, "2.26"}, {97.31, 3, "97.3"},     {974.2, 3, "974"},     {65012.3, 3, "65012"},
                 {0.1624, 2, "0.16"}, {2.26, 2, "2.3"},       {22.6, 2, "23"}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char text[TEXT_NUMBER_BYTES];
        ck_assert_str_eq(text_number(text, CASES[i].value, CASES[i].digits), CASES[i].text);
    }
}
END_TEST

/* ---- the table ---- */

static const char SEVEN[] = "design                  w×c wall s     min–max pages/s CPU s MiB failed ×serial\n"
                            "serial                  1×1   2.26   2.25–2.27    6.63 0.031 9.0      0    1.00\n"
                            "threads                 5×5  0.463 0.459–0.467    32.4 0.031 9.0      0    4.88\n"
                            "threads                 2×2   1.21   1.20–1.22    12.4 0.031 9.0      0    1.87\n"
                            "processes               2×2   1.22   1.21–1.23    12.3 0.031 9.0      0    1.86\n"
                            "event loop             1×64  0.165 0.163–0.167    90.9 0.031 9.0      0    13.7\n"
                            "threads × event loop   2×64  0.163 0.161–0.165    92.0 0.031 9.0      0    13.9\n"
                            "processes × event loop 2×64  0.158 0.156–0.160    94.9 0.031 9.0      0    14.3\n"
                            "\n"
                            "15 URLs (urls.txt), 3 rounds in turn after a warm-up, 2 CPUs, 12.3 s in all;\n"
                            "medians; w×c: workers × in flight; MiB: peak of all processes, shared pages\n"
                            "once\n"
                            "processes × event loop is the fastest, 3.2 % ahead of threads × event loop\n";

START_TEST(the_table_shows_every_design_and_how_the_default_stands)
{
    struct comparison comparison = comparison_of_seven();
    expect_narrow(&comparison);
    expect(&comparison, REPORT_TABLE, SEVEN);
}
END_TEST

START_TEST(one_round_has_no_spread_and_one_design_nothing_to_be_compared_with)
{
    struct comparison comparison = comparison_begin(1);
    series_ran(comparison_add(&comparison, "processes-event-loop"), 158, 15);
    comparison.work = "digest";
    expect(&comparison, REPORT_TABLE,
           "design                  w×c wall s min–max pages/s CPU s MiB failed ×serial\n"
           "processes × event loop 2×64  0.158       –    94.9 0.031 9.0      0       –\n"
           "\n"
           "15 URLs (urls.txt), 1 round after a warm-up, 2 CPUs, CPU work for each page:\n"
           "digest, 12.3 s in all; w×c: workers × in flight; MiB: peak of all processes,\n"
           "shared pages once\n");
}
END_TEST

START_TEST(the_table_fits_a_terminal_with_large_numbers_too)
{
    struct comparison comparison = comparison_begin(3);
    struct series *series = comparison_add(&comparison, "serial");
    for (int round = 0; round < 3; round++) {
        struct trial *trial = series_ran(series, 1234567 + 1000 * round, 100000);
        trial->cpu_ns = 123 * NS_PER_S;
        trial->memory_bytes = 1500ull << 20;
    }
    series = comparison_add(&comparison, "processes-event-loop");
    series->design.workers = 16;
    series->design.in_flight = 256;
    for (int round = 0; round < 3; round++)
        series_ran(series, 162 + round, 15000)->by_error[FETCH_TIMEOUT_READ] = 85000;
    comparison.url_count = 100000;
    expect_narrow(&comparison);
    expect_part(&comparison, REPORT_TABLE,
                "serial                    1×1   1236 1235–1237    80.9   123 1500      0    1.00\n"
                "processes × event loop 16×256  0.163 0.16–0.16   92025 0.031  9.0  85000    1137\n");
    comparison_free(&comparison);
}
END_TEST

START_TEST(the_default_is_behind_the_fastest_by_so_much)
{
    struct comparison comparison = comparison_of_seven();
    for (size_t i = 0; i < 3; i++)
        comparison.designs[6].trials[i].wall_ns = (int64_t)(i + 167) * NS_PER_MS;
    expect_part(&comparison, REPORT_TABLE,
                "\nprocesses × event loop is 3.0 % behind the fastest, threads × event loop\n");
    comparison.designs[6].trials[0].wall_ns = 164 * NS_PER_MS;
    expect_part(&comparison, REPORT_TABLE,
                "\nprocesses × event loop is 3.0 % behind the fastest, threads × event loop; their\nrounds overlap\n");
    comparison_free(&comparison);
}
END_TEST

START_TEST(a_default_far_ahead_is_told_in_multiples)
{
    struct comparison comparison = comparison_begin(1);
    series_ran(comparison_add(&comparison, "serial"), 2261, 15);
    series_ran(comparison_add(&comparison, "processes-event-loop"), 158, 15);
    expect_part(&comparison, REPORT_TABLE, "\nprocesses × event loop is the fastest, 14.3 times as fast as serial\n");
    comparison_free(&comparison);
}
END_TEST

START_TEST(a_default_without_a_result_is_not_ranked)
{
    struct comparison comparison = comparison_of_seven();
    for (size_t i = 0; i < 3; i++)
        comparison.designs[6].trials[i].end = TRIAL_DIED;
    expect_no_part(&comparison, REPORT_TABLE, "ahead");
    expect_no_part(&comparison, REPORT_TABLE, "behind");
    comparison_free(&comparison);
}
END_TEST

START_TEST(what_failed_is_told_with_its_reasons)
{
    struct comparison comparison = comparison_begin(3);
    struct series *serial = comparison_add(&comparison, "serial");
    struct series *threads = comparison_add(&comparison, "threads");
    struct series *processes = comparison_add(&comparison, "processes");
    struct series *loop = comparison_add(&comparison, "event-loop");
    for (int round = 0; round < 3; round++) {
        series_died(serial, SIGSEGV, 7);
        series_could_not_run(threads, "cannot map 64 MiB:\n\x1b[31mno memory");
        struct trial *trial = series_ran(processes, 50, 0);
        trial->by_error[FETCH_CONNECT] = 12;
        trial->by_error[FETCH_RESOLVE] = 3;
    }
    series_ran(loop, 200, 14)->by_error[FETCH_RESET] = 1;
    series_died(loop, 0, 5);
    series_died(loop, 0, 3);
    expect(&comparison, REPORT_TABLE,
           "design      w×c wall s       min–max pages/s CPU s MiB failed ×serial\n"
           "serial      1×1      –             –       –     –   –   died       –\n"
           "threads     2×2      –             –       –     –   – cannot       –\n"
           "processes   2×2 0.0500 0.0500–0.0500       0 0.031 9.0     15       –\n"
           "event loop 1×64  0.200             –    70.0 0.031 9.0 2 died       –\n"
           "\n"
           "15 URLs (urls.txt), 3 rounds in turn after a warm-up, 2 CPUs, 12.3 s in all;\n"
           "medians; w×c: workers × in flight; MiB: peak of all processes, shared pages\n"
           "once\n"
           "serial: died of SIGSEGV after 7 of 15 URLs, in 3 of 3 runs\n"
           "threads: cannot run: cannot map 64 MiB:\\x0a\\x1b[31mno memory\n"
           "processes: 15 of 15 URLs failed: resolve 3, connect 12\n"
           "event loop: died with exit status 4 after 3 to 5 of 15 URLs, in 2 of 3 runs\n"
           "event loop: 1 of 15 URLs failed: reset 1, in 1 of 3 runs\n");
}
END_TEST

START_TEST(a_crash_is_told_for_each_design)
{
    struct comparison comparison = comparison_begin(2);
    struct series *threads = comparison_add(&comparison, "threads-5");
    struct series *processes = comparison_add(&comparison, "processes");
    comparison.crash = "http://u:p@127.0.0.1/crash\x1b";
    for (int round = 0; round < 2; round++) {
        series_died(threads, SIGABRT, 6);
        series_ran(processes, 500, 14)->by_error[FETCH_WORKER_CRASHED] = 1;
    }
    expect_part(&comparison, REPORT_TABLE,
                "\nthe worker that gets http://127.0.0.1/crash\\x1b crashes:\n"
                "threads: died of SIGABRT after 6 of 15 URLs, in 2 of 2 runs\n"
                "processes: the other 14 of 15 were fetched; that one is worker-crashed\n");
    comparison_free(&comparison);
}
END_TEST

START_TEST(a_crash_that_stands_in_the_list_more_than_once_is_counted)
{
    struct comparison comparison = comparison_begin(1);
    comparison.crash = "http://127.0.0.1/crash";
    series_ran(comparison_add(&comparison, "processes"), 500, 12)->by_error[FETCH_WORKER_CRASHED] = 3;
    expect_part(&comparison, REPORT_TABLE,
                "\nthe worker that gets http://127.0.0.1/crash crashes:\n"
                "processes: the other 12 of 15 were fetched; those 3 are worker-crashed\n");
    comparison.designs[0].trials[0].by_error[FETCH_RESET] = 1;
    expect_part(&comparison, REPORT_TABLE, "\nprocesses: 4 of 15 URLs failed: ");
    comparison_free(&comparison);
}
END_TEST

START_TEST(a_crash_that_did_not_come_is_told)
{
    struct comparison comparison = comparison_begin(1);
    comparison.crash = "http://127.0.0.1/empty";
    struct trial *trial = series_ran(comparison_add(&comparison, "processes"), 500, 15);
    struct trial *swept = series_ran(comparison_add_setting(&comparison, EXECUTOR_THREADS, 1, 4), 500, 15);
    expect_part(&comparison, REPORT_TABLE,
                "\nno worker crashed: http://127.0.0.1/empty was not fetched, or has no body\n");
    expect_no_part(&comparison, REPORT_TABLE, "crashes:");
    trial->by_error[FETCH_CONNECT] = 1;
    expect_part(&comparison, REPORT_TABLE, "has no body\nprocesses: 1 of 15 URLs failed: connect 1\n");
    swept->end = TRIAL_DIED;
    expect_no_part(&comparison, REPORT_TABLE, "no worker crashed");
    comparison_free(&comparison);
}
END_TEST

START_TEST(an_interrupted_comparison_says_how_far_it_came)
{
    struct comparison comparison = comparison_begin(5);
    struct series *serial = comparison_add(&comparison, "serial");
    comparison_add(&comparison, "processes");
    comparison.signal = SIGINT;
    series_ran(serial, 2260, 15);
    expect_part(&comparison, REPORT_TABLE,
                "serial    1×1   2.26       –    6.64 0.031 9.0      0    1.00\n"
                "processes 2×2      –       –       –     –   –      –       –\n");
    expect_part(&comparison, REPORT_TABLE, "\ninterrupted by SIGINT after 0 of 5 rounds\n");
    for (int round = 0; round < 2; round++)
        series_ran(&comparison.designs[1], 1000, 15);
    expect_part(&comparison, REPORT_TABLE, "\ninterrupted by SIGINT after 1 of 5 rounds\n");
    comparison_free(&comparison);
    comparison = comparison_of_seven();
    comparison_sweep(&comparison);
    comparison_add_setting(&comparison, EXECUTOR_THREADS, 8, 8);
    comparison.signal = SIGTERM;
    expect_part(&comparison, REPORT_TABLE, "\ninterrupted by SIGTERM after 48 of 49 settings of the sweep\n");
    series_ran(&comparison.sweep[48], 1000, 15);
    expect_part(&comparison, REPORT_TABLE, "\ninterrupted by SIGTERM after 1 of 3 rounds of the sweep\n");
    comparison_free(&comparison);
}
END_TEST

START_TEST(names_from_outside_are_escaped_and_long_ones_wrapped)
{
    struct comparison comparison = comparison_of_seven();
    comparison.list = "a\x1b]0;title\x07\xe2\x80\xae%s";
    expect_part(&comparison, REPORT_TABLE, "15 URLs (a\\x1b]0;title\\x07\\u{202e}%s), 3 rounds");
    expect_part(&comparison, REPORT_CSV, ",a\\x1b]0;title\\x07\\u{202e}%s,none,\n");
    expect_part(&comparison, REPORT_JSON, "\"list\":\"a\\u001b]0;title\\u0007\\u202e%s\"");
    comparison_free(&comparison);
}
END_TEST

/* ---- the sweep ---- */

START_TEST(the_sweep_is_a_grid_with_the_best_setting_below)
{
    struct comparison comparison = comparison_of_seven();
    comparison_sweep(&comparison);
    expect_narrow(&comparison);
    expect_part(&comparison, REPORT_TABLE, "\nonce; ~: stopped as far behind, the rate is that of the time it had\n");
    expect_part(&comparison, REPORT_TABLE,
                "of threads × event loop\n"
                "\n"
                "sweep of processes, pages/s; rows: workers, columns: transfers in flight\n"
                "w\\c      1      2      4      8     16     32     64    128    256\n"
                "  1   1024   2000   3818   7000  11999  18666  25846  32000  31360\n"
                "  2          2857   5454  10000  17142  26666  36923 *45714  44800\n"
                "  4                 5072   9300  15942  24800  34338  42514  41664\n"
                "\n"
                "sweep of threads, pages/s; rows: workers, columns: transfers in flight\n"
                "w\\c     1     2     4     8    16    32    64   128   256\n"
                "  1   983  1920  3665  6720 11519 17920 24812 30720 30105\n"
                "  2        2742  5236  9600 16457 25600 35446 43885 43008\n"
                "  4             ~4869  8928 15305 23808 32964 40813 39997\n"
                "\n"
                "the fastest setting (*), 45714 pages/s:\n"
                "shoal fetch -e processes -w 2 -c 128 -i urls.txt\n"
                "within 5 % of it: 2 of 24 settings of this engine, -w 2, -c 128 to 256; the\n"
                "smallest of them: -w 2 -c 128\n"
                "the default, processes -w 2 -c 64, is 19 % behind it\n");
    comparison_free(&comparison);
}
END_TEST

START_TEST(the_default_is_found_in_the_sweep_or_in_the_table)
{
    struct comparison comparison = comparison_begin(1);
    series_ran(comparison_add_setting(&comparison, EXECUTOR_PROCESSES, 1, 64), 1000, 200);
    expect_no_part(&comparison, REPORT_TABLE, "the default");
    struct series *table = comparison_add(&comparison, "processes-event-loop");
    series_ran(table, 1000, 220);
    expect_part(&comparison, REPORT_TABLE,
                "\nthe default, processes -w 2 -c 64, was 10 % ahead of it in the table's rounds\n");
    table->trials[0].end = TRIAL_DIED;
    expect_no_part(&comparison, REPORT_TABLE, "the default");
    comparison.design_count = 0;
    series_ran(comparison_add_setting(&comparison, EXECUTOR_PROCESSES, 2, 64), 1000, 150);
    expect_part(&comparison, REPORT_TABLE, "\nthe default, processes -w 2 -c 64, is 25 % behind it\n");
    comparison.sweep[1].trials[0].by_error[FETCH_OK] = 300;
    expect_part(&comparison, REPORT_TABLE, "\nthe default, processes -w 2 -c 64, is this best setting\n");
    comparison.design_count = 1;
    comparison_free(&comparison);
}
END_TEST

START_TEST(a_wide_sweep_keeps_to_the_terminal)
{
    struct comparison comparison = comparison_begin(1);
    for (uint32_t in_flight = 1; in_flight <= 65536; in_flight *= 2) {
        uint64_t pages = (uint64_t)in_flight * 100;
        series_ran(comparison_add_setting(&comparison, EXECUTOR_PROCESSES, 1, in_flight), 1000, pages);
        if (in_flight >= 1024)
            series_ran(comparison_add_setting(&comparison, EXECUTOR_PROCESSES, 1024, in_flight), 1000, pages / 2);
    }
    expect_narrow(&comparison);
    expect_part(&comparison, REPORT_TABLE,
                " w\\c      1      2      4      8     16     32     64    128    256    512\n"
                "   1    100    200    400    800   1600   3200   6400  12800  25600  51200\n"
                " w\\c   1024   2048   4096   8192  16384  32768  65536\n"
                "   1   102k   205k   410k   819k  1638k  3277k *6554k\n"
                "1024  51200   102k   205k   410k   819k  1638k  3277k\n");
    expect_part(&comparison, REPORT_TABLE, "within 5 % of it: 1 of 24 settings of this engine, itself alone\n");
    comparison_free(&comparison);
}
END_TEST

START_TEST(a_sweep_without_a_result_says_so)
{
    struct comparison comparison = comparison_begin(1);
    series_died(comparison_add_setting(&comparison, EXECUTOR_THREADS, 1, 4), SIGSEGV, 2);
    series_could_not_run(comparison_add_setting(&comparison, EXECUTOR_THREADS, 2, 4), "no threads");
    expect(&comparison, REPORT_TABLE,
           "15 URLs (urls.txt), 1 round after a warm-up, 2 CPUs, 12.3 s in all; w×c:\n"
           "workers × in flight; MiB: peak of all processes, shared pages once\n"
           "sweep: 2 of 2 settings did not fetch all; threads 1×4: died of SIGSEGV after 2\n"
           "  of 15 URLs\n"
           "\n"
           "sweep of threads, pages/s; rows: workers, columns: transfers in flight\n"
           "w\\c 4\n"
           "  1 –\n"
           "  2 –\n"
           "\n"
           "no setting of the sweep has fetched anything\n");
}
END_TEST

/* ---- JSON and CSV ---- */

START_TEST(json_tells_every_run)
{
    struct comparison comparison = comparison_begin(2);
    struct series *serial = comparison_add(&comparison, "serial");
    series_ran(serial, 2000, 13)->by_error[FETCH_CONNECT] = 2;
    series_died(serial, SIGSEGV, 7);
    struct series *threads = comparison_add(&comparison, "threads");
    series_could_not_run(threads, "no \"memory\"\n");
    threads->trials[0].memory_bytes = 0;
    comparison.signal = SIGINT;
    comparison.crash = "http://u:p@h/\"";
    expect(&comparison, REPORT_JSON,
           "{\"shoal\":\"0.1.0\",\"list\":\"urls.txt\",\"urls\":15,\"rounds\":2,\"cpus\":2,\"work\":\"none\","
           "\"options\":[],\"crash\":\"http://h/\\\"\",\"interrupted\":\"SIGINT\",\"seconds\":12.340,\n"
           " \"designs\":[\n"
           "  {\"design\":\"serial\",\"title\":\"serial\",\"engine\":\"serial\",\"workers\":1,\"in_flight\":1,\n"
           "   \"wall_s\":{\"median\":2.000000,\"min\":2.000000,\"max\":2.000000},\n"
           "   \"pages_per_s\":{\"median\":6.500,\"min\":6.500,\"max\":6.500},\n"
           "   \"cpu_s\":{\"median\":0.031000,\"min\":0.031000,\"max\":0.031000},\n"
           "   \"memory_bytes\":9437184,\"failed\":2,\"times_serial\":1.000,\"died\":1,\"unable\":0,\"cut\":0,"
           "\"errors\":{},\n"
           "   \"runs\":[\n"
           "    {\"end\":\"finished\",\"wall_s\":2.000000,\"cpu_s\":0.031000,\"memory_bytes\":9437184,\"fetched\":13,"
           "\"failed\":2,\"body_bytes\":13000,\"errors\":{\"connect\":2},\"exit_status\":0,\"signal\":null,"
           "\"why\":null},\n"
           "    {\"end\":\"died\",\"wall_s\":0.500000,\"cpu_s\":0.031000,\"memory_bytes\":9437184,\"fetched\":7,"
           "\"failed\":0,\"body_bytes\":7000,\"errors\":{},\"exit_status\":-1,\"signal\":\"SIGSEGV\",\"why\":null}]},\n"
           "  {\"design\":\"threads\",\"title\":\"threads\",\"engine\":\"threads\",\"workers\":2,\"in_flight\":2,\n"
           "   \"wall_s\":null,\n"
           "   \"pages_per_s\":null,\n"
           "   \"cpu_s\":null,\n"
           "   \"memory_bytes\":null,\"failed\":0,\"times_serial\":null,\"died\":0,\"unable\":1,\"cut\":0,"
           "\"errors\":{},\n"
           "   \"runs\":[\n"
           "    {\"end\":\"cannot-run\",\"wall_s\":0.010000,\"cpu_s\":0.031000,\"memory_bytes\":null,\"fetched\":0,"
           "\"failed\":0,\"body_bytes\":0,\"errors\":{},\"exit_status\":3,\"signal\":null,"
           "\"why\":\"no \\\"memory\\\"\\n\"}]}],\n"
           " \"sweep\":null}\n");
}
END_TEST

START_TEST(json_tells_what_the_runs_were_given_but_no_secret)
{
    const char *passed[] = {
        "--insecure",
        "--header=Accept: \"a\"\xff",
        "--header=Authorization: Bearer secret",
        "--header=proxy-authorization: Basic secret",
        "--header=Cookie:a=secret",
        "--proxy=http://user:secret@proxy:3128",
    };
    struct comparison comparison = comparison_begin(1);
    comparison.passed = passed;
    comparison.passed_count = sizeof passed / sizeof passed[0];
    expect_part(&comparison, REPORT_JSON,
                ",\"options\":[\"--insecure\",\"--header=Accept: \\\"a\\\"\\u00ff\",\"--header=Authorization: ...\","
                "\"--header=proxy-authorization: ...\",\"--header=Cookie: ...\",\"--proxy=http://proxy:3128\"],"
                "\"crash\":");
    expect_no_part(&comparison, REPORT_JSON, "secret");
    comparison_free(&comparison);
}
END_TEST

START_TEST(json_tells_the_best_of_the_sweep)
{
    struct comparison comparison = comparison_begin(1);
    comparison.input_path = "my \"urls\"";
    comparison_sweep(&comparison);
    expect_part(&comparison, REPORT_JSON,
                " \"designs\":[],\n \"sweep\":{\"settings\":[\n  {\"design\":\"processes:1x1\"");
    expect_part(&comparison, REPORT_JSON,
                "]}],\n"
                "  \"fastest\":{\"engine\":\"processes\",\"workers\":2,\"in_flight\":128},\n"
                "  \"best\":\"shoal fetch -e processes -w 2 -c 128 -i 'my \\\"urls\\\"'\",\n"
                "  \"plateau\":{\"within\":0.05,\"near\":2,\"of\":24,\"workers\":{\"min\":2,\"max\":2},"
                "\"in_flight\":{\"min\":128,\"max\":256},"
                "\"smallest\":{\"engine\":\"processes\",\"workers\":2,\"in_flight\":128}}}}\n");
    for (size_t i = 0; i < comparison.sweep_count; i++)
        comparison.sweep[i].trials[0].end = TRIAL_DIED;
    expect_part(&comparison, REPORT_JSON, "]}],\n  \"fastest\":null,\"best\":null,\"plateau\":null}}\n");
    comparison_free(&comparison);
}
END_TEST

START_TEST(csv_has_one_line_a_series_and_no_formula)
{
    struct comparison comparison = comparison_begin(2);
    comparison.list = "=HYPERLINK(\"http://h\",1)\r\n";
    struct series *serial = comparison_add(&comparison, "serial");
    struct trial *trial = series_ran(serial, 2000, 12);
    trial->by_error[FETCH_CONNECT] = 2;
    trial->by_error[FETCH_RESET] = 1;
    series_could_not_run(comparison_add(&comparison, "threads"), "+no, never");
    series_died(comparison_add(&comparison, "processes"), SIGKILL, 3);
    comparison_add_setting(&comparison, EXECUTOR_THREADS, 1, 4);
    comparison.work = "digest";
    comparison.signal = SIGTERM;
    const char *list = ",15,\"'=HYPERLINK(\"\"http://h\"\",1)\\x0d\\x0a\",digest,SIGTERM\n";
    char expected[2048];
    snprintf(expected, sizeof expected,
             "part,design,title,engine,workers,in_flight,runs,died,unable,cut,wall_s,wall_s_min,wall_s_max,"
             "pages_per_s,pages_per_s_min,pages_per_s_max,cpu_s,cpu_s_min,cpu_s_max,memory_bytes,failed,times_serial,"
             "errors,why,urls,list,work,interrupted\n"
             "design,serial,serial,serial,1,1,1,0,0,0,2.000000,2.000000,2.000000,6.000,6.000,6.000,"
             "0.031000,0.031000,0.031000,9437184,3,1.000,connect 2;reset 1,%s"
             "design,threads,threads,threads,2,2,1,0,1,0,,,,,,,,,,9437184,0,,,\"'+no, never\"%s"
             "design,processes,processes,processes,2,2,1,1,0,0,,,,,,,,,,9437184,0,,,SIGKILL%s"
             "sweep,threads:1x4,threads,threads,1,4,0,0,0,0,,,,,,,,,,,,,,%s",
             list, list, list, list);
    expect(&comparison, REPORT_CSV, expected);
}
END_TEST

START_TEST(every_format_has_its_name)
{
    ck_assert_str_eq(report_of(REPORT_TABLE)->name, "table");
    ck_assert_str_eq(report_of(REPORT_JSON)->name, "json");
    ck_assert_str_eq(report_of(REPORT_CSV)->name, "csv");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compare_report");
    TCase *tests = tcase_create("report");
    tcase_add_test(tests, numbers_have_few_digits_but_keep_the_whole_part);
    tcase_add_test(tests, the_table_shows_every_design_and_how_the_default_stands);
    tcase_add_test(tests, one_round_has_no_spread_and_one_design_nothing_to_be_compared_with);
    tcase_add_test(tests, the_table_fits_a_terminal_with_large_numbers_too);
    tcase_add_test(tests, the_default_is_behind_the_fastest_by_so_much);
    tcase_add_test(tests, a_default_far_ahead_is_told_in_multiples);
    tcase_add_test(tests, a_default_without_a_result_is_not_ranked);
    tcase_add_test(tests, what_failed_is_told_with_its_reasons);
    tcase_add_test(tests, a_crash_is_told_for_each_design);
    tcase_add_test(tests, a_crash_that_stands_in_the_list_more_than_once_is_counted);
    tcase_add_test(tests, a_crash_that_did_not_come_is_told);
    tcase_add_test(tests, an_interrupted_comparison_says_how_far_it_came);
    tcase_add_test(tests, names_from_outside_are_escaped_and_long_ones_wrapped);
    tcase_add_test(tests, the_sweep_is_a_grid_with_the_best_setting_below);
    tcase_add_test(tests, the_default_is_found_in_the_sweep_or_in_the_table);
    tcase_add_test(tests, a_wide_sweep_keeps_to_the_terminal);
    tcase_add_test(tests, a_sweep_without_a_result_says_so);
    tcase_add_test(tests, json_tells_every_run);
    tcase_add_test(tests, json_tells_what_the_runs_were_given_but_no_secret);
    tcase_add_test(tests, json_tells_the_best_of_the_sweep);
    tcase_add_test(tests, csv_has_one_line_a_series_and_no_formula);
    tcase_add_test(tests, every_format_has_its_name);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
