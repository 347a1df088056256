/* Mirrors coordinator/output/delivery.c, against sinks that note what they are given. */
#include "coordinator/output/delivery.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 512

/* A sink that notes the URLs that it is given, and checks all that goes with them. */
struct noting_sink {
    struct sink sink;
    char urls[LINES_MAX][256];
    size_t count, bodies, flushes;
    size_t fails_at; /* the write with this index fails; SIZE_MAX: none */
    enum status flush_answer;
};

static struct noting_sink report, other, saver;
static struct delivery *delivery;

static enum status note(struct sink *sink, const struct outcome *outcome)
{
    struct noting_sink *noting = (struct noting_sink *)sink;
    ck_assert_uint_lt(noting->count, LINES_MAX);
    if (noting->count == noting->fails_at) {
        snprintf(sink->why, sizeof sink->why, "it is full");
        return STATUS_SYSTEM;
    }
    ck_assert_uint_eq(strlen(outcome->url), outcome->url_bytes);
    ck_assert_str_eq(outcome->result->url, outcome->url);
    ck_assert_str_eq(outcome->result->effective_url, outcome->url);
    ck_assert_str_eq(outcome->result->detail, "why not");
    ck_assert_str_eq(outcome->result->content_type, "text/plain");
    ck_assert_str_eq(outcome->result->remote_ip, "192.0.2.1");
    ck_assert_int_eq(outcome->result->http_status, 404);
    ck_assert_uint_eq(outcome->result->body_bytes, 4);
    snprintf(noting->urls[noting->count++], sizeof noting->urls[0], "%s", outcome->url);
    noting->bodies += outcome->result->body != NULL && memcmp(outcome->result->body, "body", 4) == 0;
    return STATUS_OK;
}

static enum status note_flush(struct sink *sink)
{
    struct noting_sink *noting = (struct noting_sink *)sink;
    noting->flushes++;
    snprintf(sink->why, sizeof sink->why, "it is gone");
    return noting->flush_answer;
}

static const struct sink_ops NOTING = {.name = "noting", .write = note, .flush = note_flush, .close = NULL};

static void set_up(void)
{
    struct noting_sink *const all[] = {&report, &other, &saver};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        memset(all[i], 0, sizeof *all[i]);
        all[i]->sink.ops = &NOTING;
        all[i]->fails_at = SIZE_MAX;
    }
}

static void tear_down(void)
{
    delivery_close(delivery);
    delivery = NULL;
}

/* Two reports and a saver. */
static void open_delivery(uint32_t ordered_window)
{
    delivery = delivery_open(ordered_window);
    ck_assert_ptr_nonnull(delivery);
    delivery_add_report(delivery, &report.sink);
    delivery_add_report(delivery, &other.sink);
    delivery_add_saver(delivery, &saver.sink);
}

/* Puts the outcome of a line whose URL is text; all that it points to is overwritten before this returns. */
static enum status put_text(uint64_t sequence, const char *text)
{
    char url[256], detail[] = "why not", type[] = "text/plain", ip[] = "192.0.2.1", headers[] = "A: b", body[] = "body";
    snprintf(url, sizeof url, "%s", text);
    struct fetch_result result = {
        .error = FETCH_HTTP_STATUS,
        .detail = detail,
        .http_status = 404,
        .url = url,
        .effective_url = url,
        .content_type = type,
        .remote_ip = ip,
        .headers = headers,
        .header_bytes = 4,
        .body = (const unsigned char *)body,
        .body_bytes = 4,
    };
    const struct outcome outcome = {
        .url = url, .url_bytes = strlen(url), .line = sequence + 1, .attempts = 1, .result = &result};
    enum status status = delivery_put(delivery, sequence, &outcome);
    memset(url, '#', sizeof url);
    memset(detail, '#', sizeof detail);
    memset(type, '#', sizeof type);
    memset(ip, '#', sizeof ip);
    memset(headers, '#', sizeof headers);
    memset(body, '#', sizeof body);
    memset(&result, 0xff, sizeof result);
    return status;
}

static enum status put(uint64_t sequence)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, sequence);
    return put_text(sequence, text);
}

static void expect_in_order(const struct noting_sink *noting, size_t count)
{
    ck_assert_uint_eq(noting->count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_uint_eq(strtoul(noting->urls[i], NULL, 10), i);
}

START_TEST(without_order_each_outcome_is_reported_at_once)
{
    open_delivery(0);
    ck_assert_int_eq(put(7), STATUS_OK);
    ck_assert_int_eq(put(3), STATUS_OK);
    ck_assert_uint_eq(report.count, 2);
    ck_assert_str_eq(report.urls[0], "7");
    ck_assert_str_eq(report.urls[1], "3");
    ck_assert_uint_eq(other.count, 2);
    ck_assert_uint_eq(report.bodies, 2);
    ck_assert(delivery_has_room(delivery, UINT64_MAX));
}
END_TEST

START_TEST(in_order_an_outcome_waits_for_those_before_it)
{
    open_delivery(4);
    put(2);
    put(1);
    ck_assert_uint_eq(report.count, 0);
    put(0);
    expect_in_order(&report, 3);
    expect_in_order(&other, 3);
    put(3);
    expect_in_order(&report, 4);
}
END_TEST

START_TEST(a_saver_gets_the_body_at_once)
{
    open_delivery(4);
    put(2);
    put(1);
    ck_assert_uint_eq(saver.count, 2);
    ck_assert_str_eq(saver.urls[0], "2");
    ck_assert_uint_eq(saver.bodies, 2);
}
END_TEST

START_TEST(what_waits_for_its_turn_is_kept_without_its_body)
{
    open_delivery(4);
    put(1);
    put(0);
    ck_assert_uint_eq(report.count, 2);
    ck_assert_uint_eq(report.bodies, 1);
}
END_TEST

START_TEST(there_is_room_for_a_window_from_the_oldest_that_is_missing)
{
    open_delivery(3);
    ck_assert(delivery_has_room(delivery, 2));
    ck_assert(!delivery_has_room(delivery, 3));
    put(1);
    put(2);
    ck_assert(!delivery_has_room(delivery, 3));
    put(0);
    ck_assert(delivery_has_room(delivery, 5));
    ck_assert(!delivery_has_room(delivery, 6));
}
END_TEST

/* Each block of the window comes backwards, with texts that are long now and short then. */
START_TEST(places_in_the_window_are_used_again)
{
    enum { WINDOW = 8 };
    open_delivery(WINDOW);
    for (uint64_t first = 0; first < LINES_MAX; first += WINDOW) {
        for (uint64_t i = WINDOW; i-- > 0;) {
            char text[256];
            snprintf(text, sizeof text, "%0*" PRIu64, first % 3 == 0 ? 200 : 4, first + i);
            ck_assert(delivery_has_room(delivery, first + i));
            ck_assert_int_eq(put_text(first + i, text), STATUS_OK);
        }
    }
    expect_in_order(&report, LINES_MAX);
}
END_TEST

START_TEST(the_first_failure_stays_and_nothing_more_is_written)
{
    open_delivery(0);
    report.fails_at = 1;
    ck_assert_int_eq(put(0), STATUS_OK);
    ck_assert_int_eq(put(1), STATUS_SYSTEM);
    report.fails_at = SIZE_MAX;
    ck_assert_int_eq(put(2), STATUS_SYSTEM);
    ck_assert_uint_eq(report.count, 1);
    ck_assert_uint_eq(other.count, 1);
    ck_assert_uint_eq(saver.count, 2);
    ck_assert_int_eq(delivery_status(delivery), STATUS_SYSTEM);
    ck_assert_str_eq(delivery_why(delivery), "it is full");
    ck_assert_uint_eq(summary_total(delivery_summary(delivery)), 3);
}
END_TEST

START_TEST(after_a_failure_there_is_always_room)
{
    open_delivery(2);
    saver.fails_at = 0;
    ck_assert_int_eq(put(1), STATUS_SYSTEM);
    ck_assert(delivery_has_room(delivery, 1000));
    ck_assert_int_eq(put(1000), STATUS_SYSTEM);
    ck_assert_uint_eq(report.count, 0);
}
END_TEST

START_TEST(a_failure_that_lies_elsewhere_ends_the_writing)
{
    open_delivery(2);
    delivery_fail(delivery, STATUS_INTERRUPTED, "enough");
    delivery_fail(delivery, STATUS_SYSTEM, "too late");
    ck_assert_int_eq(put(0), STATUS_INTERRUPTED);
    ck_assert_int_eq(delivery_flush(delivery), STATUS_INTERRUPTED);
    ck_assert_str_eq(delivery_why(delivery), "enough");
    ck_assert_uint_eq(report.count + saver.count + report.flushes + saver.flushes, 0);
}
END_TEST

START_TEST(flush_reaches_every_sink)
{
    open_delivery(0);
    ck_assert_int_eq(delivery_flush(delivery), STATUS_OK);
    ck_assert_uint_eq(report.flushes, 1);
    ck_assert_uint_eq(other.flushes, 1);
    ck_assert_uint_eq(saver.flushes, 1);
    ck_assert_str_eq(delivery_why(delivery), "");
}
END_TEST

START_TEST(a_flush_that_fails_is_a_failure_like_any_other)
{
    open_delivery(0);
    other.flush_answer = STATUS_SYSTEM;
    ck_assert_int_eq(delivery_flush(delivery), STATUS_SYSTEM);
    ck_assert_uint_eq(saver.flushes, 0);
    ck_assert_str_eq(delivery_why(delivery), "it is gone");
    ck_assert_int_eq(put(0), STATUS_SYSTEM);
    ck_assert_uint_eq(report.count, 0);
}
END_TEST

START_TEST(what_waits_for_its_turn_is_counted_already)
{
    open_delivery(4);
    put(3);
    put(1);
    const struct summary *summary = delivery_summary(delivery);
    ck_assert_uint_eq(summary_total(summary), 2);
    ck_assert_uint_eq(summary_failed(summary), 2);
    ck_assert_uint_eq(summary->by_error[FETCH_HTTP_STATUS], 2);
    ck_assert_uint_eq(summary->body_bytes, 8);
}
END_TEST

START_TEST(closing_with_outcomes_that_wait_leaks_nothing)
{
    open_delivery(4);
    put(3);
    put(1);
    delivery_close(delivery);
    delivery = NULL;
    delivery_close(NULL);
    ck_assert_uint_eq(report.count, 0);
}
END_TEST

static Suite *delivery_suite(void)
{
    Suite *suite = suite_create("delivery");
    TCase *tests = tcase_create("delivery");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, without_order_each_outcome_is_reported_at_once);
    tcase_add_test(tests, in_order_an_outcome_waits_for_those_before_it);
    tcase_add_test(tests, a_saver_gets_the_body_at_once);
    tcase_add_test(tests, what_waits_for_its_turn_is_kept_without_its_body);
    tcase_add_test(tests, there_is_room_for_a_window_from_the_oldest_that_is_missing);
    tcase_add_test(tests, places_in_the_window_are_used_again);
    tcase_add_test(tests, the_first_failure_stays_and_nothing_more_is_written);
    tcase_add_test(tests, after_a_failure_there_is_always_room);
    tcase_add_test(tests, a_failure_that_lies_elsewhere_ends_the_writing);
    tcase_add_test(tests, flush_reaches_every_sink);
    tcase_add_test(tests, a_flush_that_fails_is_a_failure_like_any_other);
    tcase_add_test(tests, what_waits_for_its_turn_is_counted_already);
    tcase_add_test(tests, closing_with_outcomes_that_wait_leaks_nothing);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(delivery_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
