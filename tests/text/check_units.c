/* Mirrors coordinator/text/units.c. */
#include "coordinator/text/units.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

START_TEST(durations_are_taken_with_each_unit)
{
    static const struct {
        const char *text;
        int64_t ms;
    } CASES[] = {{"250ms", 250}, {"10s", 10000}, {"2m", 120000},    {"1h", 3600000},    {"3", 3000},
                 {"1.5s", 1500}, {"0.25", 250},  {"0", 0},          {"0.5h", 1800000},  {"007s", 7000},
                 {"0.1ms", 1},   {"0.0001s", 1}, {"1.0000s", 1000}, {"0.000000001h", 1}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        int64_t ms = -1;
        ck_assert_msg(units_parse_duration(CASES[i].text, &ms), "%s", CASES[i].text);
        ck_assert_msg(ms == CASES[i].ms, "%s: %lld", CASES[i].text, (long long)ms);
    }
}
END_TEST

START_TEST(what_is_no_duration_is_refused_and_leaves_the_value)
{
    static const char *const CASES[] = {"",
                                        " 1",
                                        "1 ",
                                        "-1",
                                        "+1",
                                        "1s ",
                                        "1 s",
                                        "s",
                                        ".5s",
                                        "5.",
                                        "5.s",
                                        "1..2",
                                        "1e3",
                                        "0x10",
                                        "1S",
                                        "1ss",
                                        "1s2m",
                                        "1d",
                                        "nan",
                                        "inf",
                                        "1,5",
                                        "1\n",
                                        "0.1234567890s",
                                        "99999999999999999999s",
                                        "9223372036854775807h",
                                        "18446744073709551615ms"};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        int64_t ms = 42;
        ck_assert_msg(!units_parse_duration(CASES[i], &ms), "\"%s\" was taken", CASES[i]);
        ck_assert_int_eq(ms, 42);
    }
}
END_TEST

START_TEST(the_longest_duration_still_makes_a_deadline)
{
    char text[40];
    int64_t ms = 0;
    snprintf(text, sizeof text, "%lldms", (long long)UNITS_DURATION_MS_MAX);
    ck_assert(units_parse_duration(text, &ms));
    ck_assert_int_gt(clock_deadline_ns(ms), 0);
    snprintf(text, sizeof text, "%lldms", (long long)UNITS_DURATION_MS_MAX + 1);
    ck_assert(!units_parse_duration(text, &ms));
}
END_TEST

START_TEST(sizes_are_powers_of_1024)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } CASES[] = {
        {"100", 100},       {"64K", 65536}, {"64k", 65536}, {"16M", 16u << 20}, {"1G", 1u << 30},
        {"1.5M", 3u << 19}, {"0", 0},       {"0.5K", 512},  {"4g", 4ull << 30}, {"18446744073709551615", UINT64_MAX}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        uint64_t bytes = 1;
        ck_assert_msg(units_parse_size(CASES[i].text, &bytes), "%s", CASES[i].text);
        ck_assert_msg(bytes == CASES[i].bytes, "%s: %llu", CASES[i].text, (unsigned long long)bytes);
    }
}
END_TEST

START_TEST(what_is_no_size_is_refused)
{
    static const char *const CASES[] = {"",
                                        "K",
                                        "-1K",
                                        "1.5",
                                        "1KB",
                                        "1KiB",
                                        "1 K",
                                        "16MM",
                                        "1T",
                                        "1.M",
                                        "+5M",
                                        "0x1K",
                                        "18446744073709551616",
                                        "17179869184G",
                                        "99999999999999999999K"};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        uint64_t bytes = 42;
        ck_assert_msg(!units_parse_size(CASES[i], &bytes), "\"%s\" was taken", CASES[i]);
        ck_assert_uint_eq(bytes, 42);
    }
}
END_TEST

START_TEST(counts_keep_to_their_bounds)
{
    uint64_t count = 42;
    ck_assert(!units_parse_count("0", 1, 10, &count));
    ck_assert(!units_parse_count("11", 1, 10, &count));
    ck_assert(!units_parse_count("1.0", 1, 10, &count));
    ck_assert(!units_parse_count("", 0, 10, &count));
    ck_assert(!units_parse_count("5x", 0, 10, &count));
    ck_assert(!units_parse_count("18446744073709551617", 0, UINT64_MAX, &count));
    ck_assert_uint_eq(count, 42);
    ck_assert(units_parse_count("1", 1, 10, &count) && count == 1);
    ck_assert(units_parse_count("10", 1, 10, &count) && count == 10);
}
END_TEST

START_TEST(bytes_are_shown_with_one_decimal)
{
    char text[UNITS_TEXT_BYTES];
    ck_assert_str_eq(units_format_bytes(text, 0), "0 B");
    ck_assert_str_eq(units_format_bytes(text, 1023), "1023 B");
    ck_assert_str_eq(units_format_bytes(text, 1024), "1.0 KiB");
    ck_assert_str_eq(units_format_bytes(text, 12897485), "12.3 MiB");
    ck_assert_str_eq(units_format_bytes(text, (1ull << 20) - 1), "1023.9 KiB");
    ck_assert_str_eq(units_format_bytes(text, UINT64_MAX), "15.9 EiB");
}
END_TEST

START_TEST(durations_are_shown_the_shorter_the_finer)
{
    char text[UNITS_TEXT_BYTES];
    ck_assert_str_eq(units_format_duration(text, 162345678), "0.16 s");
    ck_assert_str_eq(units_format_duration(text, 12399999999), "12.3 s");
    ck_assert_str_eq(units_format_duration(text, 245 * NS_PER_S), "4:05");
    ck_assert_str_eq(units_format_duration(text, 3723 * NS_PER_S), "1:02:03");
    ck_assert_str_eq(units_format_duration(text, -5), "0.00 s");
    ck_assert_uint_lt(strlen(units_format_duration(text, INT64_MAX)), UNITS_TEXT_BYTES);
}
END_TEST

START_TEST(numbers_are_put_without_printf)
{
    char text[UNITS_TEXT_BYTES] = "";
    *units_put_u64(text, 0) = '\0';
    ck_assert_str_eq(text, "0");
    *units_put_u64(text, UINT64_MAX) = '\0';
    ck_assert_str_eq(text, "18446744073709551615");
    *units_put_seconds(text, 0) = '\0';
    ck_assert_str_eq(text, "0.000000");
    *units_put_seconds(text, 162345) = '\0';
    ck_assert_str_eq(text, "0.162345");
    *units_put_seconds(text, INT64_MAX) = '\0';
    ck_assert_str_eq(text, "9223372036854.775807");
}
END_TEST

START_TEST(what_is_shown_as_an_option_is_taken_back)
{
    static const int64_t TIMES[] = {0, 1, 250, 1000, 1500, 120000, 600000, 3600000, 3599999};
    static const uint64_t SIZES[] = {0, 1, 1023, 1024, 65536, 16u << 20, 3ull << 30, (1u << 20) + 1};
    char text[UNITS_TEXT_BYTES];
    for (size_t i = 0; i < sizeof TIMES / sizeof TIMES[0]; i++) {
        int64_t ms;
        ck_assert(units_parse_duration(units_format_option_duration(text, TIMES[i]), &ms));
        ck_assert_int_eq(ms, TIMES[i]);
    }
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        uint64_t bytes;
        ck_assert(units_parse_size(units_format_option_size(text, SIZES[i]), &bytes));
        ck_assert_uint_eq(bytes, SIZES[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("units");
    TCase *tests = tcase_create("units");
    tcase_add_test(tests, durations_are_taken_with_each_unit);
    tcase_add_test(tests, what_is_no_duration_is_refused_and_leaves_the_value);
    tcase_add_test(tests, the_longest_duration_still_makes_a_deadline);
    tcase_add_test(tests, sizes_are_powers_of_1024);
    tcase_add_test(tests, what_is_no_size_is_refused);
    tcase_add_test(tests, counts_keep_to_their_bounds);
    tcase_add_test(tests, bytes_are_shown_with_one_decimal);
    tcase_add_test(tests, durations_are_shown_the_shorter_the_finer);
    tcase_add_test(tests, numbers_are_put_without_printf);
    tcase_add_test(tests, what_is_shown_as_an_option_is_taken_back);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
