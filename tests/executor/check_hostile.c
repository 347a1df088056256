/* What hostile servers answer, and how each answer ends: the table of tests/origin/README.md, rows 1 to 40, 46,
 * 50 to 52, as far as HTTP/1.1 over clear text goes. One row one test, and all of them at once beside good pages.
 *
 * TLS: check_hostile_tls.c. HTTP/2: check_hostile_h2.c. Names and addresses: check_hostile_names.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/support.h"

/* How an answer ends. */
struct row {
    int row; /* of the table */
    const char *path;
    enum fetch_error error;
    unsigned status;  /* 0: whatever it is */
    const char *body; /* all of it; NULL: whatever it is */
    const char *says; /* part of the detail; NULL: whatever it says */
};

#define GOOD FETCH_OK, 200, "ok\n", NULL
#define BAD FETCH_PROTOCOL, 0, NULL
#define BROKEN(name) "/broken/" name

static const struct row ROWS[] = {
    /* redirects */
    {1, "/loop", FETCH_TOO_MANY_REDIRECTS, 302, NULL, "redirects"},
    {1, "/redirect/10", GOOD},
    {1, "/redirect/11", FETCH_TOO_MANY_REDIRECTS, 302, NULL, "10"},
    {6, BROKEN("two-locations"), BAD, "two different Location"},
    {6, BROKEN("two-same-locations"), FETCH_OK, 200, NULL, NULL},
    {7, BROKEN("empty-location"), FETCH_OK, 302, "ok\n", NULL},
    {7, BROKEN("missing-location"), FETCH_OK, 302, "ok\n", NULL},
    {8, BROKEN("location-blanks"), FETCH_OK, 200, NULL, NULL},
    {8, BROKEN("location-utf8"), FETCH_OK, 200, NULL, NULL},
    {8, BROKEN("location-crlf-encoded"), FETCH_OK, 200, NULL, NULL},
    {8, BROKEN("location-crlf"), BAD, "folded"},
    {8, BROKEN("location-cr"), BAD, "control byte"},
    {8, BROKEN("location-lf"), BAD, "control byte"},
    {8, BROKEN("location-nul"), BAD, NULL},
    {9, "/redirect-to?url=../../../../redirect/0", GOOD},
    {9, "/redirect-to?url=/../../redirect/0", GOOD},
    {12, BROKEN("refresh"), FETCH_OK, 200, NULL, NULL},
    /* headers */
    {13, BROKEN("header-flood"), FETCH_TOO_LARGE, 0, NULL, "header"},
    {13, BROKEN("header-huge"), FETCH_TOO_LARGE, 0, NULL, "header"},
    {13, BROKEN("header-endless-name"), FETCH_TOO_LARGE, 0, NULL, "header"},
    {14, BROKEN("nul-in-header"), BAD, NULL},
    {14, BROKEN("bare-cr"), BAD, "control byte"},
    {14, BROKEN("bare-lf"), GOOD},
    {15, BROKEN("obs-fold"), GOOD},
    {15, BROKEN("first-line-folded"), BAD, "folded"},
    {15, BROKEN("length-folded"), BAD, "folded"},
    {15, BROKEN("gzip-folded"), BAD, "folded"},
    {15, BROKEN("blank-before-colon"), GOOD},
    {16, BROKEN("continue-flood"), GOOD},
    {17, BROKEN("http09"), BAD, NULL},
    {17, BROKEN("junk"), BAD, NULL},
    {17, BROKEN("version-9"), BAD, NULL},
    {17, BROKEN("status-short"), BAD, NULL},
    {17, BROKEN("status-letters"), BAD, NULL},
    {18, BROKEN("status-999"), FETCH_HTTP_STATUS, 999, "ok\n", "999"},
    {18, BROKEN("status-299"), FETCH_OK, 299, "ok\n", NULL},
    {18, BROKEN("reason-missing"), GOOD},
    {18, BROKEN("switching"), FETCH_PROTOCOL, 101, NULL, "nobody asked for"},
    /* where the body ends */
    {19, BROKEN("204-with-body"), FETCH_OK, 204, "", NULL},
    {19, BROKEN("204-with-length"), FETCH_OK, 204, "", NULL},
    {19, BROKEN("304-with-body"), FETCH_OK, 304, "", NULL},
    {20, BROKEN("length-too-long"), FETCH_RESET, 200, "ok\n", NULL},
    {20, "/truncate/1000", FETCH_RESET, 200, NULL, NULL},
    {20, BROKEN("header-cut"), FETCH_RESET, 0, NULL, NULL},
    {20, BROKEN("header-without-end"), FETCH_RESET, 0, NULL, NULL},
    {21, BROKEN("length-too-short"), GOOD},
    {22, BROKEN("two-lengths"), BAD, "two different Content-Length"},
    {22, BROKEN("length-list-different"), BAD, "two different Content-Length"},
    {23, BROKEN("same-lengths"), GOOD},
    {23, BROKEN("length-list-same"), GOOD},
    {24, BROKEN("length-negative"), BAD, NULL},
    {24, BROKEN("length-plus"), BAD, "Content-Length"},
    {24, BROKEN("length-letters"), BAD, NULL},
    {24, BROKEN("length-trailing"), BAD, "no number"},
    {24, BROKEN("length-blank"), BAD, "no number"},
    {24, BROKEN("length-list-junk"), BAD, "no number"},
    {24, BROKEN("length-empty"), BAD, NULL},
    {24, BROKEN("length-overflow"), GOOD},
    {25, BROKEN("length-and-chunked"), GOOD},
    {26, BROKEN("close-delimited"), GOOD},
    {26, BROKEN("close-delimited-reset"), FETCH_RESET, 200, NULL, NULL},
    {27, "/endless", FETCH_TOO_LARGE, 200, NULL, "--max-body"},
    {27, "/endless-chunks", FETCH_TOO_LARGE, 200, NULL, "--max-body"},
    {28, BROKEN("chunk-size-overflow"), BAD, NULL},
    {28, BROKEN("chunk-bad-hex"), BAD, NULL},
    {28, BROKEN("chunk-negative"), BAD, NULL},
    {28, BROKEN("chunk-too-long"), BAD, NULL},
    {28, BROKEN("chunk-size-huge"), FETCH_RESET, 200, "ok\n", NULL},
    {29, BROKEN("chunk-cut"), FETCH_RESET, 200, "ok\n", NULL},
    {29, BROKEN("chunk-last-missing"), FETCH_RESET, 200, "ok\n", NULL},
    {30, BROKEN("chunk-huge-extension"), GOOD},
    {30, BROKEN("trailer-huge"), BAD, NULL},
    {30, BROKEN("trailer-flood"), FETCH_TOO_LARGE, 200, NULL, "more header lines"},
    {30, BROKEN("trailer-nul"), BAD, NULL},
    {30, BROKEN("trailer-length"), GOOD},
    {31, BROKEN("te-chunked-not-last"), BAD, "Transfer-Encoding"},
    {31, BROKEN("te-chunked-twice"), BAD, "Transfer-Encoding"},
    {31, BROKEN("te-gzip"), BAD, "Transfer-Encoding"},
    {31, BROKEN("te-unknown"), BAD, "Transfer-Encoding"},
    {31, BROKEN("te-http10"), BAD, "Transfer-Encoding"},
    /* codings */
    {32, "/bomb/gzip/15000000", FETCH_TOO_LARGE, 200, NULL, "bomb"},
    {32, "/bomb/gzip/1000000000", FETCH_TOO_LARGE, 200, NULL, "bomb"},
    {33, "/bomb/deflate/15000000", FETCH_TOO_LARGE, 200, NULL, "bomb"},
    {33, "/bomb/br/15000000", FETCH_TOO_LARGE, 200, NULL, "bomb"},
    {34, "/gzip-chain/5", GOOD},
    {34, "/gzip-chain/6", FETCH_DECODE, 200, NULL, "more than 5"},
    {35, BROKEN("multi-member-gzip"), FETCH_DECODE, 200, NULL, "behind the end"},
    {35, BROKEN("gzip-then-junk"), FETCH_DECODE, 200, NULL, "behind the end"},
    {36, "/gzip-broken", FETCH_DECODE, 200, NULL, "damaged"},
    {36, BROKEN("bad-gzip"), FETCH_DECODE, 200, NULL, "damaged"},
    {36, BROKEN("not-gzip"), FETCH_DECODE, 200, NULL, "damaged"},
    {36, BROKEN("not-br"), FETCH_DECODE, 200, NULL, "damaged"},
    {36, BROKEN("unknown-encoding"), FETCH_DECODE, 200, NULL, "nobody asked for"},
    {36, BROKEN("cut-gzip"), FETCH_DECODE, 200, NULL, "ends early"},
    {36, BROKEN("cut-gzip-chunked"), FETCH_DECODE, 200, NULL, "ends early"},
    {36, BROKEN("cut-gzip-trailer"), FETCH_DECODE, 200, NULL, "ends early"},
    {36, BROKEN("cut-deflate"), FETCH_DECODE, 200, NULL, "ends early"},
    {36, BROKEN("cut-br"), FETCH_DECODE, 200, NULL, "ends early"},
    {36, BROKEN("raw-deflate"), GOOD},
    {36, BROKEN("br"), GOOD},
    {36, BROKEN("gzip-empty"), FETCH_OK, 200, "", NULL},
    /* broken off */
    {39, "/reset/1000", FETCH_RESET, 200, NULL, NULL},
    {39, "/reset/200000", FETCH_RESET, 200, NULL, NULL},
    {40, "/empty", FETCH_RESET, 0, NULL, NULL},
    /* long URLs, cookies */
    {46, BROKEN("location-long"), BAD, "longer than a URL"},
    {46, BROKEN("location-grows"), BAD, "longer than 4096"},
    {46, BROKEN("location-huge"), FETCH_TOO_LARGE, 0, NULL, "header"},
    {50, BROKEN("cookie-flood"), GOOD},
    {50, BROKEN("cookie-huge"), GOOD},
    {52, BROKEN("cookies"), GOOD},
};
enum { ROW_COUNT = sizeof ROWS / sizeof ROWS[0] };

static struct rig rig;

static void tear_down(void)
{
    rig_down(&rig);
}

/* Waits for it; in *named what to say of it. */
static const struct fetch_result *result_of(struct future *future, const struct row *row, char named[512])
{
    const struct fetch_result *result = NULL;
    enum status status = future_result(future, NET_MS, &result);
    ck_assert_msg(status == STATUS_OK || status == STATUS_FAILED, "row %d, %s: %s", row->row, row->path,
                  status_name(status));
    snprintf(named, 512, "row %d, %s: %s (%s), status %u, %llu bytes", row->row, row->path,
             fetch_error_name(result->error), result->detail, (unsigned)result->http_status,
             (unsigned long long)result->body_bytes);
    return result;
}

static void expect_row(struct future *future, const struct row *row)
{
    char named[512];
    const struct fetch_result *result = result_of(future, row, named);
    ck_assert_msg(result->error == row->error, "%s", named);
    ck_assert_msg(!row->status || result->http_status == row->status, "%s", named);
    ck_assert_msg(!row->says || strstr(result->detail, row->says), "%s", named);
    ck_assert_msg((result->error == FETCH_OK) == (result->detail[0] == '\0'), "%s", named);
    ck_assert_msg(result->attempts == 1 && !strpbrk(result->detail, "\r\n\x1b"), "%s", named);
    ck_assert_msg(result->retryable == fetch_error_is_retryable(result->error, result->http_status), "%s", named);
    if (row->body)
        ck_assert_msg(result->body_bytes == strlen(row->body) &&
                          memcmp(result->body, row->body, strlen(row->body)) == 0,
                      "%s", named);
    if (result->body_bytes)
        ck_assert_msg(!memmem(result->body, (size_t)result->body_bytes, "smuggled", 8), "%s", named);
    ck_assert_msg(result->body_bytes <= rig.options.limits.body_bytes_max, "%s", named);
}

START_TEST(a_row_ends_as_the_table_says)
{
    rig_up(&rig, EXECUTOR_PROCESSES);
    struct future *future = rig_submit(&rig, "%s", ROWS[_i].path);
    struct future *next = rig_submit(&rig, "/bytes/777");
    expect_row(future, &ROWS[_i]);
    expect_text_body(expect_ok(next), 777);
    future_release(future);
    future_release(next);
    next = rig_submit(&rig, "/bytes/778"); /* perhaps on the same connection */
    expect_text_body(expect_ok(next), 778);
    future_release(next);
}
END_TEST

START_TEST(all_rows_behind_each_other_on_one_handle_end_as_the_table_says)
{
    rig_begin(&rig, _i);
    rig.options.workers = rig.options.concurrency = 1;
    rig_open(&rig);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct future *future = rig_submit(&rig, "%s", ROWS[i].path);
        expect_row(future, &ROWS[i]);
        future_release(future);
    }
}
END_TEST

/* One worker, every breach, and slow servers too; in between good pages, each of which must come to the last byte. */
START_TEST(one_worker_meets_all_breaches_at_once_and_good_pages_come_whole)
{
    enum { ROUNDS = 3, PER_ROUND = 3 * ROW_COUNT, HANGING = 6 };
    static const char *const HANG[HANGING] = {"/never",          "/slow/100000/50", "/slow-header/100",
                                              "/slow-header/50", "/never",          "/slow/100/300"};
    static struct future *broken[ROUNDS * ROW_COUNT];
    static struct future *good[ROUNDS * 2 * ROW_COUNT];
    struct future *hanging[HANGING];
    rig_begin(&rig, _i);
    rig.options.workers = 1;
    rig.options.concurrency = _i == EXECUTOR_SERIAL ? 1 : 400;
    rig.options.pending_max = ROUNDS * PER_ROUND + HANGING;
    rig.options.limits.body_bytes_max = 2u << 20;
    rig_open(&rig);
    for (size_t i = 0; i < HANGING && _i != EXECUTOR_SERIAL; i++)
        hanging[i] = rig_submit(&rig, "%s", HANG[i]);
    for (size_t i = 0; i < (size_t)ROUNDS * ROW_COUNT; i++) {
        broken[i] = rig_submit(&rig, "%s", ROWS[i % ROW_COUNT].path);
        good[2 * i] = rig_submit(&rig, "/bytes/%zu", 3000 + i * 37);
        good[2 * i + 1] = rig_submit(&rig, i % 2 ? "/gzip/%zu" : "/br/%zu", 5000 + i * 41);
    }
    for (size_t i = 0; i < (size_t)ROUNDS * ROW_COUNT; i++) {
        expect_text_body(expect_ok(good[2 * i]), 3000 + i * 37);
        expect_text_body(expect_ok(good[2 * i + 1]), 5000 + i * 41);
        expect_row(broken[i], &ROWS[i % ROW_COUNT]);
        future_release(good[2 * i]);
        future_release(good[2 * i + 1]);
        future_release(broken[i]);
    }
    struct executor_stats stats;
    executor_stats(rig.executor, &stats);
    ck_assert_uint_eq(stats.worker_deaths, 0);
    for (size_t i = 0; i < HANGING && _i != EXECUTOR_SERIAL; i++) {
        future_cancel(hanging[i]);
        future_release(hanging[i]);
    }
}
END_TEST

/* ---- what a line of the table cannot say ---- */

static bool was_sent(const struct fetch_result *result, const char *part)
{
    return memmem(result->body, (size_t)result->body_bytes, part, strlen(part)) != NULL;
}

START_TEST(row_8_blanks_and_utf8_in_a_location_are_sent_percent_encoded)
{
    static const char *const EXPECTED[][3] = {
        {"/broken/location-blanks", "GET /echo?a+b++c HTTP", "GET /echo?a%20b%20%20c HTTP"}, /* old libcurl, new */
        {"/broken/location-utf8", "GET /echo?caf%c3%a9 HTTP", "GET /echo?caf%C3%A9 HTTP"},
        {"/broken/location-crlf-encoded", "GET /echo?%0d%0aX-Injected:%20yes HTTP",
         "GET /echo?%0D%0AX-Injected:%20yes HTTP"},
    };
    rig_up(&rig, _i);
    for (size_t i = 0; i < 3; i++) {
        struct future *future = rig_submit(&rig, "%s", EXPECTED[i][0]);
        const struct fetch_result *result = expect_ok(future);
        ck_assert_msg(was_sent(result, EXPECTED[i][1]) || was_sent(result, EXPECTED[i][2]), "%.200s",
                      (const char *)result->body);
        ck_assert(!was_sent(result, "\nX-Injected"));
        future_release(future);
    }
}
END_TEST

START_TEST(row_10_the_fragment_of_a_url_outlives_a_redirect_that_has_none)
{
    static const char *const CASES[][2] = {
        {"/redirect-to?url=/echo#part", "/echo#part"},
        {"/redirect-to?url=/echo%23other#part", "/echo#other"},
        {"/redirect-to?url=/echo", "/echo"},
        {"/echo#part", "/echo#part"},
    };
    char url[256];
    rig_up(&rig, _i);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct future *future = rig_submit(&rig, "%s", CASES[i][0]);
        const struct fetch_result *result = expect_ok(future);
        origin_url(&rig.origin, url, sizeof url, "%s", CASES[i][1]);
        ck_assert_str_eq(result->effective_url, url);
        ck_assert(was_sent(result, "GET /echo HTTP")); /* a fragment is never sent */
        future_release(future);
    }
}
END_TEST

/* Password, token and cookie go to the origin that they are for, and to no other: another port is another origin. */
START_TEST(row_11_credentials_do_not_follow_a_redirect_to_another_origin)
{
    static const char *const HEADERS[] = {"Authorization: Bearer s3cret", "Cookie: session=s3cret"};
    struct origin other;
    char url[256];
    rig_begin(&rig, _i);
    ck_assert_int_eq(origin_start(&other), 0);
    rig.options.workers = rig.options.concurrency = 1;
    rig_open(&rig);
    for (int with_headers = 0; with_headers < 2; with_headers++) {
        for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
            struct future *future;
            snprintf(url, sizeof url, "http://%s127.0.0.1:%d/redirect-to?url=http://127.0.0.1:%d/echo",
                     with_headers ? "" : "mallory:s3cret@", rig.origin.port, elsewhere ? other.port : rig.origin.port);
            const struct request request = {.url = url, .headers = HEADERS, .header_count = with_headers ? 2 : 0};
            ck_assert_int_eq(executor_submit(rig.executor, &request, NET_MS, &future), STATUS_OK);
            const struct fetch_result *result = expect_ok(future);
            ck_assert_uint_eq(result->redirects, 1);
            ck_assert(was_sent(result, "Authorization:") == (!elsewhere && (with_headers || password_stays())));
            ck_assert(was_sent(result, "s3cret") == (with_headers && !elsewhere));
            ck_assert(!was_sent(result, "Referer"));
            future_release(future);
            future = rig_submit(&rig, "/echo"); /* the next page on the same handle has none of it */
            ck_assert(!was_sent(expect_ok(future), "Authorization:") && !was_sent(expect_ok(future), "Cookie:"));
            future_release(future);
        }
    }
    origin_stop(&other);
}
END_TEST

START_TEST(row_12_a_page_that_wants_to_be_left_is_fetched_once)
{
    rig_up(&rig, _i);
    struct future *future = rig_submit(&rig, "/broken/refresh");
    ck_assert_uint_eq(expect_ok(future)->redirects, 0);
    future_release(future);
    struct origin_counts counts;
    origin_counts_read(&rig.origin, &counts);
    ck_assert_uint_eq(counts.requests, 1);
}
END_TEST

START_TEST(row_37_slow_servers_are_given_up)
{
    if (_i == EXECUTOR_SERIAL) /* one at a time would take a second each */
        return;
    rig_begin(&rig, _i);
    rig.options.limits.stall_time_ms = 1000;
    rig_open(&rig);
    static const char *const PATHS[] = {"/slow/1000/50", "/slow-header/50", "/never", "/delay/3600000/bytes/1"};
    struct future *futures[4];
    for (size_t i = 0; i < 4; i++)
        futures[i] = rig_submit(&rig, "%s", PATHS[i]);
    for (size_t i = 0; i < 4; i++) {
        ck_assert(expect_error(futures[i], FETCH_TIMEOUT_READ)->retryable);
        future_release(futures[i]);
    }
}
END_TEST

/* Fast enough never to stall, so that the clock of the whole attempt must end it. */
START_TEST(row_37_a_server_that_drips_for_ever_is_given_up)
{
    rig_begin(&rig, _i);
    rig.options.limits.stall_bytes_per_s = 1;
    rig.options.limits.total_timeout_ms = 700;
    rig_open(&rig);
    struct future *body = rig_submit(&rig, "/slow/1000000/5");
    struct future *header = rig_submit(&rig, "/slow-header/20");
    ck_assert_uint_eq(expect_error(body, FETCH_TIMEOUT_TOTAL)->http_status, 200);
    expect_error(header, FETCH_TIMEOUT_TOTAL);
    future_release(body);
    future_release(header);
}
END_TEST

START_TEST(row_50_no_cookie_is_ever_sent_back)
{
    static const char *const PATHS[] = {"/broken/cookies", "/broken/cookie-flood", "/broken/cookie-huge"};
    rig_begin(&rig, _i);
    rig.options.workers = rig.options.concurrency = 1;
    rig_open(&rig);
    for (size_t i = 0; i < 3; i++) {
        struct future *future = rig_submit(&rig, "%s", PATHS[i]);
        expect_ok(future);
        future_release(future);
        future = rig_submit(&rig, "/echo");
        ck_assert(!was_sent(expect_ok(future), "ookie"));
        future_release(future);
    }
}
END_TEST

static Suite *hostile_suite(void)
{
    Suite *suite = suite_create("hostile");
    TCase *tests = tcase_create("hostile");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    if (engine_is_tested(EXECUTOR_PROCESSES))
        tcase_add_loop_test(tests, a_row_ends_as_the_table_says, 0, ROW_COUNT);
    add_for_each_engine(tests, all_rows_behind_each_other_on_one_handle_end_as_the_table_says);
    add_for_each_engine(tests, one_worker_meets_all_breaches_at_once_and_good_pages_come_whole);
    add_for_each_engine(tests, row_8_blanks_and_utf8_in_a_location_are_sent_percent_encoded);
    add_for_each_engine(tests, row_10_the_fragment_of_a_url_outlives_a_redirect_that_has_none);
    add_for_each_engine(tests, row_11_credentials_do_not_follow_a_redirect_to_another_origin);
    add_for_each_engine(tests, row_12_a_page_that_wants_to_be_left_is_fetched_once);
    add_for_each_engine(tests, row_37_slow_servers_are_given_up);
    add_for_each_engine(tests, row_37_a_server_that_drips_for_ever_is_given_up);
    add_for_each_engine(tests, row_50_no_cookie_is_ever_sent_back);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(hostile_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
