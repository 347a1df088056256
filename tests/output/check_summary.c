/* Mirrors coordinator/output/summary.c. */
#include "coordinator/output/summary.h"

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
    static char copy[4096];
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

/* ---- of a crawl ---- */

static void count_crawl(struct summary *summary, const struct crawl_note *note, enum fetch_error error, uint64_t times)
{
    struct fetch_result result = {.error = error};
    struct outcome outcome = {.url = "http://h/", .url_bytes = 9, .result = &result, .crawl = note};
    while (times-- > 0)
        summary_count(summary, &outcome);
}

START_TEST(what_a_crawl_skipped_is_counted_apart_and_is_no_failure)
{
    struct summary summary = {0};
    count_crawl(&summary, &(struct crawl_note){.reason = REASON_SEED}, FETCH_OK, 1);
    count_crawl(&summary, &(struct crawl_note){.reason = REASON_LINK}, FETCH_OK, 3);
    count_crawl(&summary, &(struct crawl_note){.reason = REASON_SCOPE}, FETCH_OK, 420);
    count_crawl(&summary, &(struct crawl_note){.reason = REASON_ROBOTS}, FETCH_OK, 11);
    ck_assert_uint_eq(summary_total(&summary), 4);
    ck_assert_uint_eq(summary_failed(&summary), 0);
    ck_assert_uint_eq(summary_skipped(&summary), 431);
    ck_assert_str_eq(shown(&summary, 0), "Download 4 sites in 0.000000 seconds\n"
                                         "  431 skipped: robots 11, scope 420\n");
}
END_TEST

START_TEST(a_seed_that_robots_txt_forbids_is_a_failure_and_no_skip)
{
    struct summary summary = {0};
    count_crawl(&summary, &(struct crawl_note){.reason = REASON_ROBOTS}, FETCH_BLOCKED_ROBOTS, 1);
    ck_assert_uint_eq(summary_skipped(&summary), 0);
    ck_assert_str_eq(shown(&summary, 0), "Download 1 sites in 0.000000 seconds\n"
                                         "  0 fetched, 1 failed: blocked-robots 1\n");
}
END_TEST

START_TEST(redirects_and_duplicates_are_among_what_was_fetched)
{
    struct summary summary = {0};
    const struct url_text url = {"http://h/", 9};
    const struct crawl_note leads = {.reason = REASON_LINK, .redirect_to = url};
    const struct crawl_note twice = {.reason = REASON_LINK, .duplicate_of = url};
    count_crawl(&summary, &twice, FETCH_OK, 1);
    ck_assert_str_eq(shown(&summary, 0), "Download 1 sites in 0.000000 seconds\n  1 duplicate\n");
    count_crawl(&summary, &leads, FETCH_OK, 1);
    count_crawl(&summary, &leads, FETCH_TIMEOUT_TOTAL, 1);
    ck_assert_str_eq(shown(&summary, 0), "Download 3 sites in 0.000000 seconds\n"
                                         "  2 fetched, 1 failed: timeout-total 1\n"
                                         "  1 redirect, 1 duplicate\n");
    count_crawl(&summary, &leads, FETCH_OK, 1);
    count_crawl(&summary, &twice, FETCH_OK, 1);
    ck_assert_ptr_nonnull(strstr(shown(&summary, 0), "\n  2 redirects, 2 duplicates\n"));
}
END_TEST

/* Every error and every reason, in numbers of the given size. */
START_TEST(no_line_is_wider_than_80_columns_and_nothing_is_lost)
{
    struct summary summary = {.is_crawl = true};
    uint64_t number = 1;
    for (int digits = 0; digits < _i; digits++)
        number *= 10;
    for (int error = 0; error < FETCH_ERROR_COUNT; error++)
        summary.by_error[error] = number + (uint64_t)error;
    for (int reason = REASON_FIRST_SKIP; reason < REASON_COUNT; reason++)
        summary.by_reason[reason] = number + (uint64_t)reason;
    char text[4096], joined[3 * sizeof text] = "";
    snprintf(text, sizeof text, "%s", shown(&summary, 1));
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        ck_assert_msg(strlen(line) <= 80 && end[-1] != ' ', "\"%s\"", line);
        snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s ",
                 strncmp(line, "    ", 4) ? line : line + 4);
    }
    for (int error = FETCH_OK + 1; error < FETCH_ERROR_COUNT; error++) {
        char part[64];
        snprintf(part, sizeof part, " %s %d", fetch_error_name((enum fetch_error)error), (int)number + error);
        ck_assert_msg(strstr(joined, part) != NULL, "%s in %s", part, joined);
    }
    for (int reason = REASON_FIRST_SKIP; reason < REASON_COUNT; reason++) {
        char part[64];
        snprintf(part, sizeof part, " %s %d", reason_name((enum crawl_reason)reason), (int)number + reason);
        ck_assert_msg(strstr(joined, part) != NULL, "%s in %s", part, joined);
    }
}
END_TEST

START_TEST(the_failures_of_a_list_stand_on_one_line)
{
    struct summary summary = {0};
    for (int error = 0; error < FETCH_ERROR_COUNT; error++)
        count(&summary, (enum fetch_error)error, 1);
    const char *text = shown(&summary, 1);
    ck_assert_ptr_eq(strchr(strchr(text, '\n') + 1, '\n'), text + strlen(text) - 1);
    struct fetch_result result = {.error = FETCH_RESOLVE};
    summary_count(&summary, &(struct outcome){.result = &result, .crawl = &(struct crawl_note){.reason = REASON_SEED}});
    text = shown(&summary, 1);
    ck_assert_ptr_ne(strchr(strchr(text, '\n') + 1, '\n'), text + strlen(text) - 1);
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
    tcase_add_test(tests, what_a_crawl_skipped_is_counted_apart_and_is_no_failure);
    tcase_add_test(tests, a_seed_that_robots_txt_forbids_is_a_failure_and_no_skip);
    tcase_add_test(tests, redirects_and_duplicates_are_among_what_was_fetched);
    tcase_add_loop_test(tests, no_line_is_wider_than_80_columns_and_nothing_is_lost, 0, 9);
    tcase_add_test(tests, the_failures_of_a_list_stand_on_one_line);
    tcase_add_test(tests, a_failed_output_is_told);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
