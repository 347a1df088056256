/* What is watched in an answer's header lines: worker/fetch/headers.c. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/fetch/headers.h"

#define NOW_S 1700000000ll /* Tue, 14 Nov 2023 22:13:20 GMT */
#define YEAR_S (365ll * 24 * 3600)

static struct headers headers;
static struct fetch_limits limits;

static void set_up(void)
{
    fetch_limits_init(&limits);
    headers_reset(&headers);
}

static enum headers_verdict feed_bytes(const char *line, size_t bytes)
{
    /* Not NUL-terminated, as libcurl hands them on: a read beyond the end is seen by the sanitizers. */
    char *copy = malloc(bytes ? bytes : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, line, bytes);
    enum headers_verdict verdict = headers_line(&headers, &limits, copy, bytes);
    free(copy);
    return verdict;
}

static enum headers_verdict feed(const char *line)
{
    return feed_bytes(line, strlen(line));
}

static void feed_ok(const char *line)
{
    ck_assert_msg(feed(line) == HEADERS_OK, "%s", line);
}

/* ---- limits ---- */

START_TEST(headers_of_exactly_the_limit_are_taken_and_a_byte_more_is_not)
{
    limits.header_bytes_max = 100;
    feed_ok("HTTP/1.1 200 OK\r\n"); /* 17 */
    char line[100];
    memset(line, 'x', sizeof line);
    memcpy(line, "X-Y: ", 5);
    memcpy(line + 81, "\r\n", 2);
    ck_assert_int_eq(feed_bytes(line, 83), HEADERS_OK);
    ck_assert_uint_eq(headers.bytes, 100);
    ck_assert_int_eq(feed("\n"), HEADERS_TOO_LARGE);
    headers_reset(&headers);
    feed_ok("HTTP/1.1 200 OK\r\n");
    ck_assert_int_eq(feed_bytes(line, 84), HEADERS_TOO_LARGE);
}
END_TEST

START_TEST(a_second_status_line_among_the_headers_is_refused)
{
    feed_ok("HTTP/1.1 200 OK\r\n");
    feed_ok("Content-Length: 6\r\n");
    ck_assert_int_eq(feed("HTTP/x: y\r\n"), HEADERS_STATUS_LINE);
}
END_TEST

START_TEST(each_answer_behind_a_redirect_has_the_limits_for_itself)
{
    limits.header_count_max = 2;
    for (int i = 0; i < 5; i++) {
        feed_ok("HTTP/1.1 302 Found\r\n");
        feed_ok("Location: /next\r\n");
        feed_ok("X-Y: z\r\n");
        feed_ok("\r\n");
    }
}
END_TEST

START_TEST(lines_up_to_the_limit_are_taken_and_one_more_is_not)
{
    limits.header_count_max = 5;
    feed_ok("HTTP/1.1 200 OK\r\n"); /* counts as none */
    for (int i = 0; i < 5; i++)
        feed_ok("X-Y: z\r\n");
    feed_ok("\r\n"); /* nor does the end */
    ck_assert_int_eq(feed("X-Y: z\r\n"), HEADERS_TOO_MANY);
}
END_TEST

START_TEST(informational_answers_count_towards_the_limits)
{
    limits.header_bytes_max = 1000;
    int taken = 0;
    while (taken < 1000 && feed("HTTP/1.1 100 Continue\r\n") == HEADERS_OK && feed("\r\n") == HEADERS_OK)
        taken++;
    ck_assert_int_ge(taken, 30);
    ck_assert_int_le(taken, 40);
}
END_TEST

START_TEST(a_line_of_four_gigabytes_is_refused_without_overflow)
{
    feed_ok("HTTP/1.1 200 OK\r\n");
    char line[] = "X";
    ck_assert_int_eq(headers_line(&headers, &limits, line, (size_t)UINT32_MAX + 10), HEADERS_TOO_LARGE);
    ck_assert_int_eq(headers_line(&headers, &limits, line, SIZE_MAX), HEADERS_TOO_LARGE);
}
END_TEST

START_TEST(a_status_line_that_ends_where_its_status_would_begin_is_read_to_its_end)
{
    feed_ok("HTTP/1.10 ");
    ck_assert(!headers.is_interim);
    headers_reset(&headers);
    feed_ok("HTTP/1.1 ");
    ck_assert(!headers.is_interim);
    headers_reset(&headers);
    feed_ok("HTTP/1.10 1");
    ck_assert(headers.is_interim);
}
END_TEST

START_TEST(a_coding_before_any_status_line_is_not_judged_by_the_answer_before)
{
    feed_ok("HTTP/1.0 200 OK\r\n");
    feed_ok("\r\n");
    headers_reset(&headers);
    feed_ok("Transfer-Encoding: chunked\r\n");
}
END_TEST

START_TEST(an_empty_piece_changes_nothing)
{
    ck_assert_int_eq(headers_line(&headers, &limits, "", 0), HEADERS_OK);
    ck_assert_uint_eq(headers.bytes, 0);
}
END_TEST

/* ---- lengths ---- */

struct length_case {
    const char *first;
    const char *second; /* NULL: none */
    enum headers_verdict verdict;
    int64_t length; /* when the verdict is OK */
};

static const struct length_case LENGTHS[] = {
    {"Content-Length: 5\r\n", NULL, HEADERS_OK, 5},
    {"content-length:5\r\n", NULL, HEADERS_OK, 5},
    {"CONTENT-LENGTH: \t 5 \t\r\n", NULL, HEADERS_OK, 5},
    {"Content-Length: 5\n", NULL, HEADERS_OK, 5},
    {"Content-Length: 5", NULL, HEADERS_OK, 5},
    {"Content-Length: 0\r\n", NULL, HEADERS_OK, 0},
    {"Content-Length: 9223372036854775807\r\n", NULL, HEADERS_OK, -2},
    {"Content-Length: 99999999999999999999999999\r\n", NULL, HEADERS_OK, -1},
    {"Content-Length: 5\r\n", "Content-Length: 5\r\n", HEADERS_OK, 5},
    {"Content-Length: 5\r\n", "Content-Length: 6\r\n", HEADERS_TWO_LENGTHS, 0},
    {"Content-Length: 0\r\n", "Content-Length: 6\r\n", HEADERS_TWO_LENGTHS, 0},
    {"Content-Length: 5, 5\r\n", NULL, HEADERS_OK, 5},
    {"Content-Length: 5,5 ,\t5\r\n", NULL, HEADERS_OK, 5},
    {"Content-Length: 5, 6\r\n", NULL, HEADERS_TWO_LENGTHS, 0},
    {"Content-Length: 5, 5, 6\r\n", NULL, HEADERS_TWO_LENGTHS, 0},
    {"Content-Length: 5, 5\r\n", "Content-Length: 6\r\n", HEADERS_TWO_LENGTHS, 0},
    {"Content-Length: 5\r\n", "Content-Length: 5, 5\r\n", HEADERS_OK, 5},
    {"Content-Length: 05\r\n", "Content-Length: 5\r\n", HEADERS_OK, 5},
    {"Content-Length: -5\r\n", NULL, HEADERS_BAD_LENGTH, 0},
    {"Content-Length: five\r\n", NULL, HEADERS_BAD_LENGTH, 0},
    {"Content-Length:\r\n", NULL, HEADERS_BAD_LENGTH, 0},
    {"Content-Length: +5\r\n", NULL, HEADERS_BAD_LENGTH, 0},
    {"Content-Length: 5x\r\n", NULL, HEADERS_BAD_LENGTH, 0},
    {"Content-Length: 5 5\r\n", NULL, HEADERS_BAD_LENGTH, 0},
    {"Content-Length: 5.0\r\n", NULL, HEADERS_BAD_LENGTH, 0},
    {"Content-Length: 0x5\r\n", NULL, HEADERS_BAD_LENGTH, 0},
    {"Content-Length: 5,\r\n", NULL, HEADERS_BAD_LENGTH, 0},
    {"Content-Length: ,5\r\n", NULL, HEADERS_BAD_LENGTH, 0},
    {"Content-Length: 5;\r\n", NULL, HEADERS_BAD_LENGTH, 0},
    {"Content-Length: 5\v\r\n", NULL, HEADERS_BAD_LENGTH, 0},
    {"Content-Length: \xd9\xa5\r\n", NULL, HEADERS_BAD_LENGTH, 0},
    {"Content-Length: 99999999999999999999999999x\r\n", NULL, HEADERS_BAD_LENGTH, 0},
    {"Content-Length: 5\r\n", " 6\r\n", HEADERS_FOLDED, 0},
    {"Content-Lengthy: 5\r\n", NULL, HEADERS_OK, -1},
    {"Content-Length\r\n", NULL, HEADERS_OK, -1},
    {"X-Content-Length: 5\r\n", "Content-Length: 6\r\n", HEADERS_OK, 6},
};

START_TEST(lengths_are_compared)
{
    const struct length_case *at = &LENGTHS[_i];
    feed_ok("HTTP/1.1 200 OK\r\n");
    enum headers_verdict verdict = feed(at->first);
    if (at->second && verdict == HEADERS_OK)
        verdict = feed(at->second);
    ck_assert_msg(verdict == at->verdict, "%s%s: %d", at->first, at->second ? at->second : "", (int)verdict);
    if (verdict == HEADERS_OK && at->length >= -1)
        ck_assert_msg(headers.content_length == at->length, "%s: %lld", at->first, (long long)headers.content_length);
    ck_assert_int_ge((long long)headers.content_length, -1);
}
END_TEST

START_TEST(each_answer_of_a_chain_has_a_length_of_its_own)
{
    feed_ok("HTTP/1.1 302 Found\r\n");
    feed_ok("Content-Length: 5\r\n");
    feed_ok("Location: /a\r\n");
    feed_ok("Content-Encoding: gzip\r\n");
    feed_ok("Retry-After: 7\r\n");
    feed_ok("\r\n");
    feed_ok("HTTP/1.1 200 OK\r\n");
    ck_assert_int_eq((long long)headers.content_length, -1);
    ck_assert_int_eq((long long)headers.retry_after_s, -1);
    ck_assert(!headers.is_encoded);
    feed_ok("Content-Length: 6\r\n");
    feed_ok("Location: /b\r\n");
    ck_assert_int_eq((long long)headers.content_length, 6);
}
END_TEST

/* ---- Location ---- */

START_TEST(two_different_locations_are_refused)
{
    feed_ok("HTTP/1.1 302 Found\r\n");
    feed_ok("Location: /a\r\n");
    ck_assert_int_eq(feed("Location: /b\r\n"), HEADERS_TWO_LOCATIONS);
}
END_TEST

START_TEST(the_same_location_twice_is_taken)
{
    feed_ok("HTTP/1.1 302 Found\r\n");
    feed_ok("Location: /a\r\n");
    feed_ok("location:   /a \r\n");
}
END_TEST

START_TEST(an_empty_location_differs_from_another)
{
    feed_ok("HTTP/1.1 302 Found\r\n");
    feed_ok("Location:\r\n");
    ck_assert_int_eq(feed("Location: /b\r\n"), HEADERS_TWO_LOCATIONS);
}
END_TEST

START_TEST(a_location_of_the_longest_url_is_taken_and_a_byte_more_is_not)
{
    static char line[URL_BYTES_MAX + 64];
    memset(line, 'a', sizeof line);
    const size_t head = strlen("Location: ");
    memcpy(line, "Location: ", head);
    line[head] = '/';
    feed_ok("HTTP/1.1 302 Found\r\n");
    snprintf(line + head + URL_BYTES_MAX, 3, "\r\n");
    feed_ok(line);
    headers_reset(&headers);
    feed_ok("HTTP/1.1 302 Found\r\n");
    line[head + URL_BYTES_MAX] = 'a';
    snprintf(line + head + URL_BYTES_MAX + 1, 3, "\r\n");
    ck_assert_int_eq(feed(line), HEADERS_LONG_LOCATION);
}
END_TEST

START_TEST(nothing_of_the_answer_before_is_left)
{
    struct headers fresh;
    memset(&fresh, 0, sizeof fresh);
    memset(&headers, 0xff, sizeof headers);
    headers_reset(&fresh);
    headers_reset(&headers);
    ck_assert(!headers.ends_in_crlf && !headers.is_framed && !headers.is_bare && !headers.is_old);
    ck_assert(!headers.is_open && !headers.is_interim && !headers.is_complete && !headers.is_encoded);
    ck_assert(!headers.has_transfer_coding && !headers.is_significant);
    ck_assert_int_eq(headers.content_length, fresh.content_length);
}
END_TEST

/* ---- folded lines, and lines that end in another way than the others ---- */

START_TEST(a_folded_line_is_taken_where_it_changes_nothing)
{
    feed_ok("HTTP/1.1 200 OK\r\n");
    feed_ok("X-Y: z\r\n");
    feed_ok(" Content-Length: 6\r\n");
    feed_ok("\tContent-Length: 7\r\n");
    ck_assert_int_eq((long long)headers.content_length, -1);
}
END_TEST

START_TEST(a_folded_line_is_refused_where_it_would_change_something)
{
    static const char *const LINES[] = {"Location: /a\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n",
                                        "Content-Encoding: gzip\r\n"};
    for (size_t i = 0; i < sizeof LINES / sizeof LINES[0]; i++) {
        headers_reset(&headers);
        feed_ok("HTTP/1.1 302 Found\r\n");
        feed_ok(LINES[i]);
        ck_assert_msg(feed(" b\r\n") == HEADERS_FOLDED, "%s", LINES[i]);
    }
}
END_TEST

START_TEST(a_location_that_ends_in_lf_alone_is_refused_where_lines_end_in_crlf)
{
    feed_ok("HTTP/1.1 302 Found\r\n");
    ck_assert_int_eq(feed("Location: /a\n"), HEADERS_CONTROL_BYTE);
    headers_reset(&headers);
    feed_ok("HTTP/1.1 302 Found\n"); /* all lines end so: RFC 9112, 2.2 */
    feed_ok("Location: /a\n");
}
END_TEST

START_TEST(a_trailer_says_nothing)
{
    feed_ok("HTTP/1.1 200 OK\r\n");
    feed_ok("Transfer-Encoding: chunked\r\n");
    feed_ok("\r\n");
    feed_ok("Content-Length: x\r\n");
    feed_ok("Location: /a\n");
    feed_ok("Content-Encoding: gzip\r\n");
    ck_assert(!headers.is_encoded);
    ck_assert_int_eq((long long)headers.content_length, -1);
}
END_TEST

/* ---- bytes that have no place in a header ---- */

START_TEST(nul_in_a_line_is_refused)
{
    ck_assert_int_eq(feed_bytes("X-Y: be\0fore\r\n", 14), HEADERS_CONTROL_BYTE);
    ck_assert_int_eq(feed_bytes("X-Y: z\0\r\n", 9), HEADERS_CONTROL_BYTE);
    ck_assert_int_eq(feed_bytes("\0", 1), HEADERS_CONTROL_BYTE);
    ck_assert_int_eq(feed_bytes("HTTP/1.1 200 O\0K\r\n", 18), HEADERS_CONTROL_BYTE);
}
END_TEST

START_TEST(a_bare_cr_within_a_line_is_refused)
{
    ck_assert_int_eq(feed("X-Y: be\rfore\r\n"), HEADERS_CONTROL_BYTE);
    ck_assert_int_eq(feed("\rX-Y: z\r\n"), HEADERS_CONTROL_BYTE);
    ck_assert_int_eq(feed("Location: /a\rb\n"), HEADERS_CONTROL_BYTE);
}
END_TEST

START_TEST(other_bytes_are_data)
{
    feed_ok("X-Y: \x01\x1b[31m\x7f caf\xc3\xa9 \xff\r\n");
    feed_ok("X-Y: tab\there\r\n");
    feed_ok(" folded\r\n");
    feed_ok("no colon at all\r\n");
    feed_ok(": no name\r\n");
    feed_ok("X-Y: z\n");
}
END_TEST

/* ---- encodings ---- */

START_TEST(an_encoding_other_than_identity_is_noticed)
{
    feed_ok("Content-Encoding: identity\r\n");
    ck_assert(!headers.is_encoded);
    feed_ok("content-encoding: IDENTITY \r\n");
    ck_assert(!headers.is_encoded);
    feed_ok("Content-Encoding: gzip\r\n");
    ck_assert(headers.is_encoded);
}
END_TEST

START_TEST(a_second_encoding_line_does_not_hide_the_first)
{
    feed_ok("Content-Encoding: gzip\r\n");
    feed_ok("Content-Encoding: identity\r\n");
    ck_assert(headers.is_encoded);
}
END_TEST

START_TEST(codings_are_kept_in_their_order)
{
    feed_ok("Content-Encoding: gzip, identity,br\r\n");
    feed_ok("Content-Encoding: \t deflate , X-GZip\r\n");
    static const uint8_t EXPECTED[] = {CODING_GZIP, CODING_BROTLI, CODING_DEFLATE, CODING_GZIP};
    ck_assert_uint_eq(headers.coding_count, 4);
    ck_assert_mem_eq(headers.codings, EXPECTED, 4);
    ck_assert_ptr_null(headers.coding_problem);
}
END_TEST

START_TEST(codings_that_cannot_be_undone_are_told)
{
    static const char *const LINES[] = {
        "Content-Encoding: zstd\r\n",         "Content-Encoding: gzip, squeezed\r\n",
        "Content-Encoding: gzip gzip\r\n",    "Content-Encoding: br, br\r\n",
        "Content-Encoding: br, gzip, br\r\n", "Content-Encoding: gzip,gzip,gzip,gzip,gzip,gzip\r\n",
        "Content-Encoding: \"gzip\"\r\n",
    };
    for (size_t i = 0; i < sizeof LINES / sizeof LINES[0]; i++) {
        headers_reset(&headers);
        feed_ok("HTTP/1.1 200 OK\r\n");
        feed_ok(LINES[i]);
        ck_assert_msg(headers.is_encoded && headers.coding_problem, "%s", LINES[i]);
        ck_assert_uint_le(headers.coding_count, CODINGS_MAX);
    }
}
END_TEST

/* ---- Retry-After ---- */

struct retry_case {
    const char *value;
    int64_t seconds;
};

static const struct retry_case RETRIES[] = {
    {"0", 0},
    {"1", 1},
    {"120", 120},
    {"0120", 120},
    {"31536000", YEAR_S},
    {"Tue, 14 Nov 2023 22:14:20 GMT", 60},   /* IMF-fixdate */
    {"Tuesday, 14-Nov-23 22:14:20 GMT", 60}, /* RFC 850 */
    {"Tue Nov 14 22:14:20 2023", 60},        /* asctime() */
    {"Tue, 14 Nov 2023 22:13:20 GMT", 0},    /* now */
    {"Tue, 14 Nov 2023 22:13:19 GMT", 0},    /* has passed */
    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
    {"Wed, 13 Nov 2024 22:13:20 GMT", YEAR_S},
    {"", -1},
    {"soon", -1},
    {"-5", -1},
    {"+5", -1},
    {"5s", -1},
    {"5.5", -1},
    {"1 2", -1},
    {"0x10", -1},
    {"120 ; Tue, 14 Nov 2023 22:14:20 GMT", -1},
    {"99 Foo 2023", -1},
    {"%n%s", -1},
    {"Tue, 14 Nov 2023 22:14:20 GMT Tue, 14 Nov 2023 22:14:20 GMT Tue, 14 Nov 2023 22:14:20 GMT", -1},
};

START_TEST(retry_after_is_understood)
{
    const struct retry_case *at = &RETRIES[_i];
    int64_t seconds = retry_after_parse(at->value, strlen(at->value), NOW_S);
    ck_assert_msg(seconds == at->seconds, "'%s' gives %lld, not %lld", at->value, (long long)seconds,
                  (long long)at->seconds);
}
END_TEST

START_TEST(an_endless_number_of_seconds_is_capped)
{
    static const char DIGITS[] = "99999999999999999999999999999999999999999999999999999999999999999999999";
    int64_t seconds = retry_after_parse(DIGITS, strlen(DIGITS), NOW_S);
    ck_assert_int_gt((long long)seconds, (long long)YEAR_S);
    ck_assert_int_lt((long long)seconds, 10000 * (long long)YEAR_S);
}
END_TEST

START_TEST(retry_after_comes_out_of_a_line)
{
    feed_ok("HTTP/1.1 503 Busy\r\n");
    feed_ok("Retry-After:  17 \r\n");
    ck_assert_int_eq((long long)headers.retry_after_s, 17);
    feed_ok("Retry-After: soon\r\n");
    ck_assert_int_eq((long long)headers.retry_after_s, -1);
}
END_TEST

START_TEST(every_verdict_has_a_text)
{
    for (int i = 1; i < HEADERS_VERDICT_COUNT; i++)
        ck_assert_int_gt((int)strlen(headers_verdict_text((enum headers_verdict)i)), 0);
    ck_assert_str_eq(headers_verdict_text(HEADERS_OK), "");
    ck_assert_ptr_nonnull(headers_verdict_text((enum headers_verdict)99));
}
END_TEST

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

static Suite *headers_suite(void)
{
    Suite *suite = suite_create("headers");
    TCase *tests = tcase_create("headers");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, headers_of_exactly_the_limit_are_taken_and_a_byte_more_is_not);
    tcase_add_test(tests, a_second_status_line_among_the_headers_is_refused);
    tcase_add_test(tests, each_answer_behind_a_redirect_has_the_limits_for_itself);
    tcase_add_test(tests, lines_up_to_the_limit_are_taken_and_one_more_is_not);
    tcase_add_test(tests, informational_answers_count_towards_the_limits);
    tcase_add_test(tests, a_line_of_four_gigabytes_is_refused_without_overflow);
    tcase_add_test(tests, a_status_line_that_ends_where_its_status_would_begin_is_read_to_its_end);
    tcase_add_test(tests, a_coding_before_any_status_line_is_not_judged_by_the_answer_before);
    tcase_add_test(tests, an_empty_piece_changes_nothing);
    tcase_add_loop_test(tests, lengths_are_compared, 0, COUNT_OF(LENGTHS));
    tcase_add_test(tests, each_answer_of_a_chain_has_a_length_of_its_own);
    tcase_add_test(tests, two_different_locations_are_refused);
    tcase_add_test(tests, the_same_location_twice_is_taken);
    tcase_add_test(tests, an_empty_location_differs_from_another);
    tcase_add_test(tests, a_location_of_the_longest_url_is_taken_and_a_byte_more_is_not);
    tcase_add_test(tests, nothing_of_the_answer_before_is_left);
    tcase_add_test(tests, a_folded_line_is_taken_where_it_changes_nothing);
    tcase_add_test(tests, a_folded_line_is_refused_where_it_would_change_something);
    tcase_add_test(tests, a_location_that_ends_in_lf_alone_is_refused_where_lines_end_in_crlf);
    tcase_add_test(tests, a_trailer_says_nothing);
    tcase_add_test(tests, nul_in_a_line_is_refused);
    tcase_add_test(tests, a_bare_cr_within_a_line_is_refused);
    tcase_add_test(tests, other_bytes_are_data);
    tcase_add_test(tests, an_encoding_other_than_identity_is_noticed);
    tcase_add_test(tests, a_second_encoding_line_does_not_hide_the_first);
    tcase_add_test(tests, codings_are_kept_in_their_order);
    tcase_add_test(tests, codings_that_cannot_be_undone_are_told);
    tcase_add_loop_test(tests, retry_after_is_understood, 0, COUNT_OF(RETRIES));
    tcase_add_test(tests, an_endless_number_of_seconds_is_capped);
    tcase_add_test(tests, retry_after_comes_out_of_a_line);
    tcase_add_test(tests, every_verdict_has_a_text);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(headers_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
