/* What a fetch gives: bodies to the last byte, memory, headers, redirects; whichever engine runs it. */
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/extent.h"
#include "tests/support/support.h"

#define KIB 1024u
#define MIB (1024u * 1024u)

static struct rig rig;

static void tear_down(void)
{
    rig_down(&rig);
}

static const struct fetch_result *fetch(struct future **future, const char *path)
{
    *future = rig_submit(&rig, "%s", path);
    return expect_ok(*future);
}

/* ---- bodies ---- */

START_TEST(bodies_arrive_to_the_last_byte)
{
    static const unsigned SIZES[] = {0, 1, 2, 4095, 4096, 4097, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 200000, MIB};
    rig_up(&rig, _i);
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        struct future *plain = rig_submit(&rig, "/bytes/%u", SIZES[i]);
        struct future *packed = rig_submit(&rig, "/gzip/%u", SIZES[i]);
        struct future *brotli = rig_submit(&rig, "/br/%u", SIZES[i]);
        const struct fetch_result *result = expect_ok(plain);
        expect_text_body(result, SIZES[i]);
        ck_assert_uint_eq(result->wire_bytes, SIZES[i]);
        result = expect_ok(packed);
        expect_text_body(result, SIZES[i]);
        if (SIZES[i] > KIB)
            ck_assert_uint_lt(result->wire_bytes, SIZES[i]);
        expect_text_body(expect_ok(brotli), SIZES[i]);
        future_release(plain);
        future_release(packed);
        future_release(brotli);
    }
}
END_TEST

START_TEST(a_body_without_length_and_one_in_chunks_arrive)
{
    static const char *const PATHS[] = {"/broken/close-delimited", "/broken/length-and-chunked",
                                        "/broken/chunk-huge-extension", "/broken/bare-lf", "/broken/obs-fold"};
    struct future *future;
    rig_up(&rig, _i);
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++) {
        const struct fetch_result *result = fetch(&future, PATHS[i]);
        ck_assert_uint_eq(result->body_bytes, 3);
        ck_assert_int_eq(memcmp(result->body, "ok\n", 3), 0);
        future_release(future);
    }
}
END_TEST

START_TEST(the_body_of_an_error_answer_is_kept)
{
    rig_up(&rig, _i);
    struct future *future = rig_submit(&rig, "/no-such-page");
    const struct fetch_result *result = expect_error(future, FETCH_HTTP_STATUS);
    ck_assert_uint_eq(result->http_status, 404);
    ck_assert_uint_gt(result->body_bytes, 0);
    ck_assert_ptr_nonnull(memmem(result->body, (size_t)result->body_bytes, "no such page", 12));
    future_release(future);
}
END_TEST

START_TEST(dropped_bodies_are_counted)
{
    rig_begin(&rig, _i);
    rig.options.keep = EXECUTOR_KEEP_NOTHING;
    rig_open(&rig);
    struct future *future;
    const struct fetch_result *result = fetch(&future, "/bytes/3000000");
    ck_assert_uint_eq(result->body_bytes, 3000000);
    ck_assert_ptr_null(result->body);
    ck_assert_ptr_null(result->headers);
    struct executor_stats stats;
    executor_stats(rig.executor, &stats);
    ck_assert_uint_lt(stats.body_bytes_reserved, MIB);
    future_release(future);
}
END_TEST

START_TEST(the_digest_is_that_of_the_decoded_body)
{
    static const char *const PATHS[] = {"/bytes/0", "/bytes/100000", "/gzip/100000"};
    unsigned char digest[SHA256_DIGEST_LENGTH];
    struct future *future;
    rig_begin(&rig, _i);
    rig.options.keep = EXECUTOR_KEEP_BODY | EXECUTOR_DIGEST;
    rig_open(&rig);
    for (int i = 0; i < 6; i++) { /* twice round: handles are used again */
        const struct fetch_result *result = fetch(&future, PATHS[i % 3]);
        SHA256(result->body, (size_t)result->body_bytes, digest);
        ck_assert(result->has_sha256);
        ck_assert_int_eq(memcmp(result->sha256, digest, sizeof digest), 0);
        future_release(future);
    }
    future = rig_submit(&rig, "/truncate/100");
    ck_assert(!expect_error(future, FETCH_RESET)->has_sha256);
    future_release(future);
}
END_TEST

/* ---- memory ---- */

START_TEST(more_results_may_be_held_than_there_are_slots)
{
    enum { COUNT = 2000 };
    static struct future *futures[COUNT];
    rig_up(&rig, _i);
    for (int i = 0; i < COUNT; i++)
        futures[i] = rig_submit(&rig, "/bytes/%d", 100 + i);
    for (int i = 0; i < COUNT; i++)
        expect_text_body(expect_ok(futures[i]), (uint64_t)i + 100);
    for (int i = 0; i < COUNT; i++) { /* what was read before is still there */
        const struct fetch_result *result = expect_ok(futures[i]);
        expect_text_body(result, (uint64_t)i + 100);
        future_release(futures[i]);
    }
}
END_TEST

static void up_with_little_memory(int engine)
{
    rig_begin(&rig, engine);
    rig.options.memory_bytes_max = 2 * MIB;
    rig_open(&rig);
}

START_TEST(bodies_beyond_the_memory_all_arrive_when_they_are_released)
{
    enum { COUNT = 40 };
    struct future *futures[COUNT];
    struct completions *completions;
    struct future *future;
    up_with_little_memory(_i);
    for (int i = 0; i < COUNT; i++)
        futures[i] = rig_submit(&rig, "/bytes/%u", MIB);
    ck_assert_int_eq(futures_as_completed(futures, COUNT, NET_MS, &completions), STATUS_OK);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_int_eq(completions_next(completions, &future), STATUS_OK);
        expect_text_body(expect_ok(future), MIB);
        future_release(future);
    }
    completions_close(completions);
}
END_TEST

START_TEST(bodies_beyond_the_memory_all_arrive_when_nobody_looks_at_them_yet)
{
    enum { COUNT = 40 };
    struct future *futures[COUNT];
    size_t done;
    up_with_little_memory(_i);
    for (int i = 0; i < COUNT; i++)
        futures[i] = rig_submit(&rig, "/bytes/%u", MIB);
    int64_t began_ms = now_ms();
    ck_assert_int_eq(futures_wait(futures, COUNT, FUTURES_ALL_COMPLETED, NET_MS, &done), STATUS_OK);
    ck_assert_msg(now_ms() - began_ms < 10000, "40 MiB took %lld ms", (long long)(now_ms() - began_ms));
    for (int i = 0; i < COUNT; i++) {
        expect_text_body(expect_ok(futures[i]), MIB);
        future_release(futures[i]);
    }
}
END_TEST

/* Every one that was looked at keeps its pages, and the bound is reached for good: one at a time goes on. */
START_TEST(bodies_beyond_the_memory_all_arrive_though_all_are_held)
{
    enum { COUNT = 40 };
    struct future *futures[COUNT];
    up_with_little_memory(_i);
    for (int i = 0; i < COUNT; i++)
        futures[i] = rig_submit(&rig, "/bytes/%u", MIB);
    int64_t began_ms = now_ms();
    for (int i = 0; i < COUNT; i++)
        expect_ok(futures[i]);
    ck_assert_msg(now_ms() - began_ms < 10000, "40 MiB took %lld ms", (long long)(now_ms() - began_ms));
    for (int i = 0; i < COUNT; i++) {
        expect_text_body(expect_ok(futures[i]), MIB);
        future_release(futures[i]);
    }
}
END_TEST

/* What is decoded of a piece before memory runs out must not be decoded again when the piece comes again. */
START_TEST(compressed_bodies_beyond_the_memory_all_arrive)
{
    enum { COUNT = 40 };
    struct future *futures[COUNT];
    up_with_little_memory(_i);
    for (int i = 0; i < COUNT; i++)
        futures[i] = rig_submit(&rig, i % 2 ? "/gzip/%u" : "/br/%u", MIB - 1000 * (unsigned)i);
    for (int i = 0; i < COUNT; i++) {
        expect_text_body(expect_ok(futures[i]), MIB - 1000 * (unsigned)i);
        future_release(futures[i]);
    }
}
END_TEST

START_TEST(a_body_larger_than_all_memory_arrives)
{
    struct future *futures[4];
    up_with_little_memory(_i);
    for (int i = 0; i < 4; i++)
        futures[i] = rig_submit(&rig, i % 2 ? "/endless-chunks" : "/bytes/%u", 9 * MIB);
    for (int i = 0; i < 4; i++) {
        if (i % 2)
            expect_error(futures[i], FETCH_TOO_LARGE); /* of a length nobody said */
        else
            expect_text_body(expect_ok(futures[i]), 9 * MIB);
        future_release(futures[i]);
    }
}
END_TEST

START_TEST(pages_in_use_stay_near_the_bound)
{
    enum { COUNT = 60 };
    struct future *futures[COUNT];
    struct executor_stats stats;
    uint64_t most = 0;
    up_with_little_memory(_i);
    for (int i = 0; i < COUNT; i++)
        futures[i] = rig_submit(&rig, "/bytes/%u", 512 * KIB);
    for (int i = 0; i < COUNT; i++) {
        expect_ok(futures[i]);
        executor_stats(rig.executor, &stats);
        most = stats.body_bytes_reserved > most ? stats.body_bytes_reserved : most;
        future_release(futures[i]);
    }
    /* The bound, the one that may always go on, what two workers asked for in the same instant, and the warm pages. */
    uint64_t warm = (uint64_t)rig.options.concurrency * 2 * EXTENT_WARM_BYTES;
    ck_assert_msg(most <= 2 * MIB + 3 * 512 * KIB + warm, "%llu bytes", (unsigned long long)most);
    executor_stats(rig.executor, &stats);
    ck_assert_uint_le(stats.body_bytes_reserved, 2 * MIB);
}
END_TEST

START_TEST(a_body_of_the_largest_size_is_taken_and_a_byte_more_is_not)
{
    rig_begin(&rig, _i);
    rig.options.limits.body_bytes_max = 100000;
    rig_open(&rig);
    struct future *future;
    expect_text_body(fetch(&future, "/bytes/100000"), 100000);
    future_release(future);
    expect_text_body(fetch(&future, "/gzip/100000"), 100000);
    future_release(future);
    expect_text_body(fetch(&future, "/br/100000"), 100000);
    future_release(future);
    static const char *const LARGER[] = {"/bytes/100001", "/gzip/100001", "/br/100001", "/endless", "/endless-chunks"};
    for (size_t i = 0; i < sizeof LARGER / sizeof LARGER[0]; i++) {
        future = rig_submit(&rig, "%s", LARGER[i]);
        const struct fetch_result *result = expect_error(future, FETCH_TOO_LARGE);
        ck_assert(!result->retryable);
        ck_assert_uint_le(result->body_bytes, 100000);
        future_release(future);
    }
}
END_TEST

/* ---- headers ---- */

START_TEST(answer_headers_are_kept_as_they_came)
{
    rig_begin(&rig, _i);
    rig.options.keep = EXECUTOR_KEEP_BODY | EXECUTOR_KEEP_HEADERS;
    rig_open(&rig);
    struct future *future;
    const struct fetch_result *result = fetch(&future, "/redirect-to?url=/headers/500/100");
    ck_assert_uint_gt(result->header_bytes, 500 * 100);
    ck_assert_int_eq(memcmp(result->headers, "HTTP/1.1 200 OK\r\n", 17), 0);
    ck_assert_int_eq(memcmp(result->headers + result->header_bytes - 4, "\r\n\r\n", 4), 0);
    ck_assert_ptr_nonnull(memmem(result->headers, result->header_bytes, "\r\nX-000499: vvv", 14));
    ck_assert_ptr_null(memmem(result->headers, result->header_bytes, "Location", 8)); /* the last answer's alone */
    ck_assert_uint_eq(result->body_bytes, 13);
    ck_assert_int_eq(memcmp(result->body, "many headers\n", 13), 0);
    future_release(future);
    result = fetch(&future, "/bytes/0"); /* headers without a body */
    ck_assert_uint_gt(result->header_bytes, 17);
    ck_assert_uint_eq(result->body_bytes, 0);
    future_release(future);
}
END_TEST

/* The body lies behind the headers, and what comes behind the body may not be put between the two. */
START_TEST(trailers_are_no_headers_and_leave_the_body_alone)
{
    rig_begin(&rig, _i);
    rig.options.keep = EXECUTOR_KEEP_BODY | EXECUTOR_KEEP_HEADERS;
    rig_open(&rig);
    struct future *future;
    const struct fetch_result *result = fetch(&future, "/broken/trailer-length");
    ck_assert_uint_eq(result->body_bytes, 3);
    ck_assert_int_eq(memcmp(result->body, "ok\n", 3), 0);
    ck_assert_ptr_null(memmem(result->headers, result->header_bytes, "Location", 8));
    future_release(future);
}
END_TEST

static bool was_sent(const struct fetch_result *result, const char *line)
{
    return memmem(result->body, (size_t)result->body_bytes, line, strlen(line)) != NULL;
}

START_TEST(request_headers_are_sent_with_their_request_alone)
{
    static const char *const RUN[] = {"X-Run: all", "Accept-Language: eo"};
    static const char *const OWN[] = {"X-Own: one", "Cookie: a=b"};
    char url[128];
    struct future *future;
    rig_begin(&rig, _i);
    rig.options.workers = rig.options.concurrency = 1; /* one handle does all */
    rig.options.headers = RUN;
    rig.options.header_count = 2;
    rig.options.user_agent = "tests/1";
    rig_open(&rig);
    origin_url(&rig.origin, url, sizeof url, "/echo");
    for (int round = 0; round < 3; round++) {
        const struct request request = {.url = url, .headers = OWN, .header_count = round % 2 ? 2 : 0};
        ck_assert_int_eq(executor_submit(rig.executor, &request, -1, &future), STATUS_OK);
        const struct fetch_result *result = expect_ok(future);
        ck_assert(was_sent(result, "X-Run: all\r\n") && was_sent(result, "Accept-Language: eo\r\n"));
        ck_assert(was_sent(result, "User-Agent: tests/1\r\n"));
        ck_assert(was_sent(result, "X-Own: one\r\n") == (round % 2 == 1));
        ck_assert(was_sent(result, "Cookie: a=b\r\n") == (round % 2 == 1));
        future_release(future);
    }
}
END_TEST

START_TEST(the_largest_request_headers_are_sent)
{
    char *large = malloc(8001);
    char url[128];
    struct future *future;
    memset(large, 'h', 8000);
    memcpy(large, "X-Large: ", 9);
    large[8000] = '\0';
    const char *const lines[] = {large, "X-Last: yes"};
    rig_up(&rig, _i);
    origin_url(&rig.origin, url, sizeof url, "/echo");
    const struct request request = {.url = url, .headers = lines, .header_count = 2};
    ck_assert_int_eq(executor_submit(rig.executor, &request, -1, &future), STATUS_OK);
    const struct fetch_result *result = expect_ok(future);
    ck_assert(was_sent(result, large) && was_sent(result, "X-Last: yes\r\n"));
    future_release(future);
    free(large);
}
END_TEST

/* ---- redirects ---- */

START_TEST(redirects_are_followed_and_the_last_url_is_told)
{
    char last[128];
    struct future *future;
    rig_up(&rig, _i);
    origin_url(&rig.origin, last, sizeof last, "/redirect/0");
    const struct fetch_result *result = fetch(&future, "/redirect/10"); /* as many as are allowed */
    ck_assert_uint_eq(result->redirects, 10);
    ck_assert_uint_eq(result->http_status, 200);
    ck_assert_str_eq(result->effective_url, last);
    ck_assert_str_eq(result->url, future_url(future));
    ck_assert_uint_eq(result->body_bytes, 3);
    future_release(future);
    future = rig_submit(&rig, "/redirect/11");
    expect_error(future, FETCH_TOO_MANY_REDIRECTS);
    future_release(future);
    result = fetch(&future, "/bytes/2"); /* the handle forgets */
    ck_assert_uint_eq(result->redirects, 0);
    ck_assert_str_eq(result->effective_url, future_url(future));
    future_release(future);
}
END_TEST

START_TEST(redirects_that_are_not_to_be_followed_are_the_answer)
{
    rig_begin(&rig, _i);
    rig.options.limits.redirects_max = 0;
    rig_open(&rig);
    struct future *future;
    const struct fetch_result *result = fetch(&future, "/redirect/1");
    ck_assert_uint_eq(result->http_status, 302);
    ck_assert_uint_eq(result->redirects, 0);
    future_release(future);
}
END_TEST

START_TEST(a_redirect_without_a_target_is_the_answer)
{
    static const char *const PATHS[] = {"/broken/empty-location", "/broken/missing-location"};
    struct future *future;
    rig_up(&rig, _i);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_uint_eq(fetch(&future, PATHS[i])->http_status, 302);
        future_release(future);
    }
}
END_TEST

START_TEST(a_redirect_to_another_scheme_is_refused)
{
    static const char *const TARGETS[] = {"ftp%3A//127.0.0.1/x", "file%3A///etc/passwd",  "gopher%3A//127.0.0.1/",
                                          "dict%3A//127.0.0.1/", "javascript%3Aalert(1)", "data%3A,x"};
    rig_up(&rig, _i);
    for (size_t i = 0; i < sizeof TARGETS / sizeof TARGETS[0]; i++) {
        struct future *future = rig_submit(&rig, "/redirect-to?url=%s", TARGETS[i]);
        const struct fetch_result *result;
        enum status status = future_result(future, NET_MS, &result);
        ck_assert_msg(status == STATUS_FAILED, "%s: %s", TARGETS[i], status_name(status));
        ck_assert_msg(result->error == FETCH_PROTOCOL || result->http_status == 404, "%s: %s", TARGETS[i],
                      fetch_error_name(result->error));
        future_release(future);
    }
}
END_TEST

/* Each page of the origin has three links; what is no HTML has none. */
START_TEST(links_of_pages_are_counted_in_the_worker)
{
    struct future *future;
    rig_begin(&rig, _i);
    rig.options.keep = EXECUTOR_LINKS;
    rig_open(&rig);
    for (int i = 0; i < 2; i++) { /* twice round: handles are used again */
        ck_assert_uint_eq(fetch(&future, "/page/3")->links, 3);
        future_release(future);
        const struct fetch_result *result = fetch(&future, "/redirect-to?url=/page/3");
        ck_assert_uint_eq(result->redirects, 1);
        ck_assert_uint_eq(result->links, 3);
        future_release(future);
        ck_assert_uint_eq(fetch(&future, "/bytes/100000")->links, 0);
        future_release(future);
    }
}
END_TEST

START_TEST(links_are_not_counted_unless_wanted)
{
    struct future *future;
    rig_begin(&rig, _i);
    rig_open(&rig);
    ck_assert_uint_eq(fetch(&future, "/page/3")->links, 0);
    future_release(future);
}
END_TEST

static Suite *fetch_suite(void)
{
    Suite *suite = suite_create("fetch");
    TCase *tests = tcase_create("fetch");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    add_for_each_engine(tests, bodies_arrive_to_the_last_byte);
    add_for_each_engine(tests, a_body_without_length_and_one_in_chunks_arrive);
    add_for_each_engine(tests, the_body_of_an_error_answer_is_kept);
    add_for_each_engine(tests, dropped_bodies_are_counted);
    add_for_each_engine(tests, the_digest_is_that_of_the_decoded_body);
    add_for_each_engine(tests, links_of_pages_are_counted_in_the_worker);
    add_for_each_engine(tests, links_are_not_counted_unless_wanted);
    add_for_each_engine(tests, more_results_may_be_held_than_there_are_slots);
    add_for_each_engine(tests, bodies_beyond_the_memory_all_arrive_when_they_are_released);
    add_for_each_engine(tests, bodies_beyond_the_memory_all_arrive_when_nobody_looks_at_them_yet);
    add_for_each_engine(tests, bodies_beyond_the_memory_all_arrive_though_all_are_held);
    add_for_each_engine(tests, compressed_bodies_beyond_the_memory_all_arrive);
    add_for_each_engine(tests, a_body_larger_than_all_memory_arrives);
    add_for_each_engine(tests, pages_in_use_stay_near_the_bound);
    add_for_each_engine(tests, a_body_of_the_largest_size_is_taken_and_a_byte_more_is_not);
    add_for_each_engine(tests, answer_headers_are_kept_as_they_came);
    add_for_each_engine(tests, trailers_are_no_headers_and_leave_the_body_alone);
    add_for_each_engine(tests, request_headers_are_sent_with_their_request_alone);
    add_for_each_engine(tests, the_largest_request_headers_are_sent);
    add_for_each_engine(tests, redirects_are_followed_and_the_last_url_is_told);
    add_for_each_engine(tests, redirects_that_are_not_to_be_followed_are_the_answer);
    add_for_each_engine(tests, a_redirect_without_a_target_is_the_answer);
    add_for_each_engine(tests, a_redirect_to_another_scheme_is_refused);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(fetch_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
