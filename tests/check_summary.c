/* Runs in: tests. Mirrors coordinator/summary.c. */
#include "coordinator/summary.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void count(struct summary *summary, enum fetch_error error, uint64_t times)
{
    struct fetch_result result = {.error = error, .body_bytes = 10};
    struct outcome outcome = {.url = "http://h/", .url_bytes = 9, .result = &result};
    while (times-- > 0)
        summary_count(summary, &outcome);
}

static const char *shown(const struct summary *summary, int64_t elapsed_ns)
{
    static char copy[1024];
    struct writer writer;
    size_t bytes;
    ck_assert_int_eq(writer_open_memory(&writer), STATUS_OK);
    ck_assert_int_eq(summary_write(summary, elapsed_ns, &writer), STATUS_OK);
    strncpy(copy, writer_text(&writer, &bytes), sizeof copy - 1);
    writer_close(&writer);
    return copy;
}

START_TEST(a_run_without_failures_ends_in_one_line)
{
    struct summary summary = {0};
    count(&summary, FETCH_OK, 15);
    ck_assert_str_eq(shown(&summary, 162345678), "Download 15 sites in 0.162345 seconds\n");
    ck_assert_uint_eq(summary.body_bytes, 150);
}
END_TEST

START_TEST(nothing_at_all_is_zero_sites)
{
    struct summary summary = {0};
    ck_assert_str_eq(shown(&summary, 0), "Download 0 sites in 0.000000 seconds\n");
    ck_assert_str_eq(shown(&summary, -7), "Download 0 sites in 0.000000 seconds\n");
}
END_TEST

START_TEST(failures_are_counted_by_error_and_add_up)
{
    struct summary summary = {0};
    count(&summary, FETCH_HTTP_STATUS, 1);
    count(&summary, FETCH_OK, 13);
    count(&summary, FETCH_TIMEOUT_CONNECT, 1);
    ck_assert_uint_eq(summary_total(&summary), 15);
    ck_assert_uint_eq(summary_failed(&summary), 2);
    ck_assert_str_eq(shown(&summary, 1500000000), "Download 15 sites in 1.500000 seconds\n"
                                                  "  13 fetched, 2 failed: timeout-connect 1, http-status 1\n");
}
END_TEST

START_TEST(every_error_has_its_place_in_the_counts)
{
    struct summary summary = {0};
    uint64_t total = 0;
    for (int error = 0; error < FETCH_ERROR_COUNT; error++) {
        count(&summary, (enum fetch_error)error, (uint64_t)error + 1);
        total += (uint64_t)error + 1;
    }
    ck_assert_uint_eq(summary_total(&summary), total);
    const char *text = shown(&summary, 1);
    for (int error = FETCH_OK + 1; error < FETCH_ERROR_COUNT; error++) {
        char part[64];
        snprintf(part, sizeof part, " %s %d", fetch_error_name((enum fetch_error)error), error + 1);
        ck_assert_msg(strstr(text, part) != NULL, "%s in %s", part, text);
    }
}
END_TEST

START_TEST(a_failed_output_is_told)
{
    struct summary summary = {0};
    struct writer writer;
    ck_assert_int_eq(writer_open_path(&writer, "/dev/full", NULL), STATUS_OK);
    ck_assert_int_eq(summary_write(&summary, 1, &writer), STATUS_SYSTEM);
    writer_close(&writer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("summary");
    TCase *tests = tcase_create("summary");
    tcase_add_test(tests, a_run_without_failures_ends_in_one_line);
    tcase_add_test(tests, nothing_at_all_is_zero_sites);
    tcase_add_test(tests, failures_are_counted_by_error_and_add_up);
    tcase_add_test(tests, every_error_has_its_place_in_the_counts);
    tcase_add_test(tests, a_failed_output_is_told);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
