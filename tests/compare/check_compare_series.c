/* Mirrors coordinator/compare/series.c and comparison.c. */
#include "coordinator/compare/series.h"

#include "coordinator/base/exit_status.h"
#include "tests/compare/compare.h"

#define ASSERT_NEAR(is, expected) ck_assert_double_eq_tol((is), (expected), 1e-6)

/* ---- one trial ---- */

START_TEST(a_trial_counts_what_was_done_and_what_failed)
{
    struct trial trial = {.end = TRIAL_FINISHED, .wall_ns = 2 * NS_PER_S};
    trial.by_error[FETCH_OK] = 10;
    trial.by_error[FETCH_CONNECT] = 3;
    trial.by_error[FETCH_CANCELLED] = 2;
    ck_assert_uint_eq(trial_done(&trial), 15);
    ck_assert_uint_eq(trial_failed(&trial), 5);
    ASSERT_NEAR(trial_pages_per_s(&trial), 5);
}
END_TEST

START_TEST(what_a_cut_cancelled_is_no_failure)
{
    struct trial trial = {.end = TRIAL_CUT, .wall_ns = NS_PER_S};
    trial.by_error[FETCH_OK] = 10;
    trial.by_error[FETCH_CONNECT] = 3;
    trial.by_error[FETCH_CANCELLED] = 2;
    ck_assert_uint_eq(trial_failed(&trial), 3);
    ASSERT_NEAR(trial_pages_per_s(&trial), 10);
}
END_TEST

START_TEST(a_trial_that_gave_no_time_has_no_rate)
{
    static const enum trial_end ENDS[] = {TRIAL_DIED, TRIAL_CANNOT_RUN};
    struct trial trial = {.wall_ns = NS_PER_S};
    trial.by_error[FETCH_OK] = 7;
    for (size_t i = 0; i < sizeof ENDS / sizeof ENDS[0]; i++) {
        trial.end = ENDS[i];
        ASSERT_NEAR(trial_pages_per_s(&trial), 0);
    }
    trial = (struct trial){.end = TRIAL_FINISHED, .wall_ns = 0};
    trial.by_error[FETCH_OK] = 7;
    ASSERT_NEAR(trial_pages_per_s(&trial), 0);
}
END_TEST

/* ---- figures ---- */

START_TEST(no_trial_gives_no_figures)
{
    struct series series = {0};
    struct figures figures = series_figures(&series);
    ck_assert_uint_eq(figures.trials, 0);
    ck_assert_uint_eq(figures.failed, 0);
    ck_assert_ptr_null(figures.worst);
    ASSERT_NEAR(figures.wall_s.median, 0);
}
END_TEST

START_TEST(the_median_is_the_middle_or_the_mean_of_the_two_in_the_middle)
{
    static const int64_t WALLS_MS[] = {900, 100, 500, 300};
    struct series series = {0};
    for (size_t i = 0; i < 3; i++)
        series_ran(&series, WALLS_MS[i], 15);
    struct figures figures = series_figures(&series);
    ASSERT_NEAR(figures.wall_s.median, 0.5);
    ASSERT_NEAR(figures.wall_s.min, 0.1);
    ASSERT_NEAR(figures.wall_s.max, 0.9);
    ASSERT_NEAR(figures.pages_per_s.median, 30);
    ASSERT_NEAR(figures.pages_per_s.min, 15 / 0.9);
    ASSERT_NEAR(figures.pages_per_s.max, 150);
    series_ran(&series, WALLS_MS[3], 15);
    ASSERT_NEAR(series_figures(&series).wall_s.median, 0.4);
    series_free(&series);
}
END_TEST

START_TEST(equal_values_and_many_trials_have_their_median)
{
    struct series series = {0};
    for (int i = 0; i < 100; i++)
        series_ran(&series, i < 40 ? 200 : 300, 15);
    struct figures figures = series_figures(&series);
    ck_assert_uint_eq(figures.trials, 100);
    ASSERT_NEAR(figures.wall_s.median, 0.3);
    ASSERT_NEAR(figures.wall_s.min, 0.2);
    ASSERT_NEAR(figures.wall_s.max, 0.3);
    series_free(&series);
    ck_assert_uint_eq(series.count, 0);
    series_free(&series);
}
END_TEST

START_TEST(trials_that_died_count_for_memory_and_failures_but_not_for_times)
{
    struct series series = {0};
    series_ran(&series, 100, 15);
    struct trial *dead = series_died(&series, SIGSEGV, 7);
    dead->memory_bytes = 99 << 20;
    dead->wall_ns = NS_PER_S;
    series_could_not_run(&series, "no memory");
    struct figures figures = series_figures(&series);
    ck_assert_uint_eq(figures.trials, 1);
    ck_assert_uint_eq(figures.died, 1);
    ck_assert_uint_eq(figures.unable, 1);
    ASSERT_NEAR(figures.wall_s.max, 0.1);
    ck_assert_uint_eq(figures.memory_bytes, 99 << 20);
    ck_assert_ptr_eq(figures.worst, &series.trials[1]);
    series_free(&series);
}
END_TEST

START_TEST(the_worst_is_the_one_with_most_failures)
{
    struct series series = {0};
    for (unsigned i = 0; i < 3; i++)
        series_ran(&series, 100, 15 - i)->by_error[FETCH_CONNECT] = i;
    struct figures figures = series_figures(&series);
    ck_assert_uint_eq(figures.failed, 2);
    ck_assert_ptr_eq(figures.worst, &series.trials[2]);
    series_free(&series);
}
END_TEST

/* ---- comparisons ---- */

START_TEST(the_fastest_has_the_most_pages_a_second)
{
    struct comparison comparison = comparison_of_seven();
    const struct series *fastest = comparison_fastest(comparison.designs, comparison.design_count);
    ck_assert_str_eq(fastest->design.name, "processes-event-loop");
    ck_assert_ptr_null(comparison_fastest(comparison.designs, 0));
    comparison_free(&comparison);
    comparison = comparison_begin(1);
    series_ran(comparison_add(&comparison, "serial"), 50, 0);
    series_died(comparison_add(&comparison, "threads"), SIGSEGV, 7);
    ck_assert_ptr_null(comparison_fastest(comparison.designs, comparison.design_count));
    comparison_free(&comparison);
}
END_TEST

START_TEST(times_serial_needs_a_serial_that_fetched)
{
    struct comparison comparison = comparison_of_seven();
    const struct series *last = &comparison.designs[6];
    ck_assert_ptr_eq(comparison_serial(&comparison), &comparison.designs[0]);
    ck_assert_double_eq_tol(comparison_times_serial(&comparison, last), 2261.0 / 158, 1e-3);
    ck_assert_double_eq_tol(comparison_times_serial(&comparison, &comparison.designs[0]), 1, 1e-9);
    for (size_t i = 0; i < 3; i++)
        comparison.designs[0].trials[i].end = TRIAL_DIED;
    ck_assert_ptr_null(comparison_serial(&comparison));
    ASSERT_NEAR(comparison_times_serial(&comparison, last), 0);
    comparison_free(&comparison);
}
END_TEST

START_TEST(the_default_is_known_by_its_name_or_its_sizes)
{
    struct comparison comparison = comparison_begin(1);
    comparison_add(&comparison, "serial");
    comparison_add(&comparison, "processes:4x64");
    ck_assert_ptr_null(comparison_default(&comparison));
    const struct series *own = comparison_add(&comparison, "processes:2x64");
    ck_assert_ptr_eq(comparison_default(&comparison), own);
    own = comparison_add(&comparison, "processes-event-loop");
    ck_assert_ptr_eq(comparison_default(&comparison), own);
    comparison_free(&comparison);
}
END_TEST

START_TEST(the_plateau_is_of_the_fastest_engine_alone)
{
    struct comparison comparison = comparison_begin(1);
    static const struct {
        enum executor_engine engine;
        uint32_t workers, in_flight;
        uint64_t pages;
    } SETTINGS[] = {{EXECUTOR_PROCESSES, 1, 32, 960}, {EXECUTOR_PROCESSES, 2, 32, 970},
                    {EXECUTOR_PROCESSES, 4, 64, 949}, {EXECUTOR_PROCESSES, 4, 256, 1000},
                    {EXECUTOR_PROCESSES, 1, 1, 10},   {EXECUTOR_THREADS, 1, 16, 999}};
    for (size_t i = 0; i < sizeof SETTINGS / sizeof SETTINGS[0]; i++)
        series_ran(comparison_add_setting(&comparison, SETTINGS[i].engine, SETTINGS[i].workers, SETTINGS[i].in_flight),
                   1000, SETTINGS[i].pages);
    comparison_add_setting(&comparison, EXECUTOR_PROCESSES, 8, 8); /* not run */
    struct plateau plateau = comparison_plateau(&comparison, COMPARISON_NEAR);
    ck_assert_ptr_eq(plateau.fastest, &comparison.sweep[3]);
    ck_assert_uint_eq(plateau.near, 3);
    ck_assert_uint_eq(plateau.of, 5);
    ck_assert_uint_eq(plateau.workers_min, 1);
    ck_assert_uint_eq(plateau.workers_max, 4);
    ck_assert_uint_eq(plateau.in_flight_min, 32);
    ck_assert_uint_eq(plateau.in_flight_max, 256);
    ck_assert_ptr_eq(plateau.smallest, &comparison.sweep[0]);
    comparison_free(&comparison);
    ck_assert_ptr_null(comparison_plateau(&comparison, COMPARISON_NEAR).fastest);
}
END_TEST

START_TEST(the_exit_status_says_whether_all_was_fetched)
{
    struct comparison comparison = comparison_of_seven();
    ck_assert_int_eq(comparison_exit_status(&comparison), EXIT_ALL_FETCHED);
    comparison_sweep(&comparison); /* a cut run is our own doing */
    ck_assert_int_eq(comparison_exit_status(&comparison), EXIT_ALL_FETCHED);
    struct trial *trial = &comparison.designs[3].trials[1];
    trial->end = TRIAL_CANNOT_RUN;
    ck_assert_int_eq(comparison_exit_status(&comparison), EXIT_SOME_FAILED);
    trial->end = TRIAL_FINISHED;
    ck_assert_int_eq(comparison_exit_status(&comparison), EXIT_ALL_FETCHED);
    trial->by_error[FETCH_RESET] = 1;
    ck_assert_int_eq(comparison_exit_status(&comparison), EXIT_SOME_FAILED);
    trial->by_error[FETCH_RESET] = 0;
    comparison.sweep[5].trials[0].end = TRIAL_DIED;
    ck_assert_int_eq(comparison_exit_status(&comparison), EXIT_SOME_FAILED);
    comparison_free(&comparison);
}
END_TEST

START_TEST(the_exit_status_is_that_of_the_worst)
{
    struct comparison comparison = comparison_begin(2);
    struct series *lost = comparison_add(&comparison, "threads");
    series_ran(comparison_add(&comparison, "serial"), 100, 14)->by_error[FETCH_RESET] = 1;
    ck_assert_int_eq(comparison_exit_status(&comparison), EXIT_SOME_FAILED);
    series_died(lost, SIGSEGV, 7);
    ck_assert_int_eq(comparison_exit_status(&comparison), EXIT_SOME_FAILED);
    struct series *swept = comparison_add_setting(&comparison, EXECUTOR_PROCESSES, 1, 4);
    series_could_not_run(swept, "no memory");
    ck_assert_int_eq(comparison_exit_status(&comparison), EXIT_CANNOT_RUN);
    series_ran(swept, 100, 15); /* it can, now and then */
    ck_assert_int_eq(comparison_exit_status(&comparison), EXIT_SOME_FAILED);
    swept->trials[1].end = TRIAL_CANNOT_RUN;
    ck_assert_int_eq(comparison_exit_status(&comparison), EXIT_CANNOT_RUN);
    series_died(lost, 0, 3); /* with EXIT_BUG */
    ck_assert_int_eq(comparison_exit_status(&comparison), EXIT_BUG);
    comparison_free(&comparison);
}
END_TEST

/* ---- the command ---- */

static const char *command_of(const struct comparison *comparison, enum executor_engine engine)
{
    static char copy[1024];
    struct design design = design_setting(engine, 2, 128);
    struct writer writer;
    size_t bytes;
    ck_assert_int_eq(writer_open_memory(&writer), STATUS_OK);
    comparison_put_command(&writer, comparison, &design);
    snprintf(copy, sizeof copy, "%s", writer_text(&writer, &bytes));
    writer_close(&writer);
    return copy;
}

START_TEST(the_command_names_the_setting_and_the_list)
{
    struct comparison comparison = {.input_path = "urls.txt"};
    ck_assert_str_eq(command_of(&comparison, EXECUTOR_PROCESSES), "shoal fetch -e processes -w 2 -c 128 -i urls.txt");
    ck_assert_str_eq(command_of(&comparison, EXECUTOR_SERIAL), "shoal fetch -e serial -i urls.txt");
    comparison.input_path = NULL;
    ck_assert_str_eq(command_of(&comparison, EXECUTOR_THREADS), "shoal fetch -e threads -w 2 -c 128");
}
END_TEST

START_TEST(the_command_is_quoted_for_a_shell)
{
    static const struct {
        const char *path, *quoted;
    } CASES[] = {
        {"a b", "'a b'"},
        {"it's", "'it'\\''s'"},
        {"$HOME`id`;*", "'$HOME`id`;*'"},
        {"", "''"},
        {"~/x", "'~/x'"},
        {"caf\xc3\xa9", "'caf\xc3\xa9'"},
        {"a\n\x1b[1m'", "$'a\\012\\033\\1331m\\047'"},
        {"\xff", "$'\\377'"},
        {"-", "-"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char expected[128];
        struct comparison comparison = {.input_path = CASES[i].path};
        snprintf(expected, sizeof expected, "shoal fetch -e threads -w 2 -c 128 -i %s", CASES[i].quoted);
        ck_assert_str_eq(command_of(&comparison, EXECUTOR_THREADS), expected);
    }
}
END_TEST

START_TEST(the_command_passes_options_on_but_no_secret)
{
    const char *passed[] = {"-H",
                            "Accept: a b",
                            "-H",
                            "authorization: Bearer 1234",
                            "-HCookie: a=1",
                            "--header=Cookie: a=2",
                            "--proxy",
                            "http://user:secret@proxy:3128",
                            "--proxy=http://user:secret@proxy:1",
                            "--proxy=user:secret@proxy:2"};
    struct comparison comparison = {.passed = passed, .passed_count = sizeof passed / sizeof passed[0]};
    ck_assert_str_eq(command_of(&comparison, EXECUTOR_SERIAL),
                     "shoal fetch -e serial -H 'Accept: a b' -H 'authorization: ...' '-HCookie: ...' "
                     "'--header=Cookie: ...' --proxy http://proxy:3128 --proxy=http://proxy:1 --proxy=proxy:2");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compare_series");
    TCase *tests = tcase_create("series");
    tcase_add_test(tests, a_trial_counts_what_was_done_and_what_failed);
    tcase_add_test(tests, what_a_cut_cancelled_is_no_failure);
    tcase_add_test(tests, a_trial_that_gave_no_time_has_no_rate);
    tcase_add_test(tests, no_trial_gives_no_figures);
    tcase_add_test(tests, the_median_is_the_middle_or_the_mean_of_the_two_in_the_middle);
    tcase_add_test(tests, equal_values_and_many_trials_have_their_median);
    tcase_add_test(tests, trials_that_died_count_for_memory_and_failures_but_not_for_times);
    tcase_add_test(tests, the_worst_is_the_one_with_most_failures);
    suite_add_tcase(suite, tests);
    tests = tcase_create("comparison");
    tcase_add_test(tests, the_fastest_has_the_most_pages_a_second);
    tcase_add_test(tests, times_serial_needs_a_serial_that_fetched);
    tcase_add_test(tests, the_default_is_known_by_its_name_or_its_sizes);
    tcase_add_test(tests, the_plateau_is_of_the_fastest_engine_alone);
    tcase_add_test(tests, the_exit_status_says_whether_all_was_fetched);
    tcase_add_test(tests, the_exit_status_is_that_of_the_worst);
    tcase_add_test(tests, the_command_names_the_setting_and_the_list);
    tcase_add_test(tests, the_command_is_quoted_for_a_shell);
    tcase_add_test(tests, the_command_passes_options_on_but_no_secret);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
