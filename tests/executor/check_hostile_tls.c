/* What hostile servers do over TLS, and how it ends: rows 11 and 41 to 43 of tests/origin/README.md,
 * and requirement 5. */
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/support.h"
#include "tests/support/tls_origin.h"

static struct rig rig; /* without its origin */
static struct tls_origin origin;

static void tear_down(void)
{
    rig_down(&rig);
    tls_origin_stop(&origin);
}

static void up(int engine, enum tls_manner manner, enum tls_certificate certificate)
{
    ck_assert_int_eq(tls_origin_start(&origin, manner, certificate), 0);
    rig_begin(&rig, engine);
    rig.options.ca_file = origin.ca_file;
    rig.options.limits.connect_timeout_ms = manner == TLS_HANGS ? 500 : 10000;
}

static struct future *submit(const char *host)
{
    char url[128];
    struct future *future;
    snprintf(url, sizeof url, "https://%s:%d/", host, origin.port);
    ck_assert_int_eq(executor_submit_url(rig.executor, url, &future), STATUS_OK);
    return future;
}

struct row {
    int row;
    enum tls_manner manner;
    enum fetch_error error;
};

static const struct row ROWS[] = {
    {41, TLS_ANSWERS, FETCH_OK},        {41, TLS_ENDS_DELIMITED, FETCH_OK},
    {41, TLS_CUTS_WHOLE, FETCH_OK},     {41, TLS_CUTS_DELIMITED, FETCH_RESET},
    {41, TLS_CUTS_SHORT, FETCH_RESET},  {41, TLS_CUTS_CHUNKS, FETCH_RESET},
    {41, TLS_CUTS_HEADER, FETCH_RESET}, {43, TLS_CLOSES_HANDSHAKE, FETCH_TLS},
    {43, TLS_SPEAKS_JUNK, FETCH_TLS},   {43, TLS_HANGS, FETCH_TIMEOUT_CONNECT},
    {43, TLS_ALERTS, FETCH_TLS},
};
enum { ROW_COUNT = sizeof ROWS / sizeof ROWS[0] };

/* _i: the row and the engine. */
START_TEST(rows_41_and_43_a_server_with_bad_manners)
{
    const struct row *row = &ROWS[_i / EXECUTOR_ENGINE_COUNT];
    if (!engine_is_tested(_i % EXECUTOR_ENGINE_COUNT))
        return;
    up(_i % EXECUTOR_ENGINE_COUNT, row->manner, TLS_GOOD);
    rig_open(&rig);
    for (int round = 0; round < 2; round++) {
        struct future *future = submit("localhost");
        const struct fetch_result *result = NULL;
        future_result(future, NET_MS, &result);
        ck_assert_msg(result && result->error == row->error, "row %d, manner %d: %s (%s)", row->row, (int)row->manner,
                      result ? fetch_error_name(result->error) : "", result ? result->detail : "");
        ck_assert(result->retryable == fetch_error_is_retryable(row->error, result->http_status));
        if (row->error == FETCH_OK) {
            ck_assert_uint_eq(result->body_bytes, 3);
            ck_assert_int_eq(memcmp(result->body, "ok\n", 3), 0);
        }
        future_release(future);
    }
}
END_TEST

/* libcurl frees what its connection is made of together with it: none of that may be touched then. See overwrite_and_free(). */
START_TEST(row_41_an_end_that_is_watched_does_not_outlive_its_connection)
{
    static const enum tls_manner MANNERS[] = {TLS_ENDS_DELIMITED, TLS_CUTS_DELIMITED};
    if (!engine_is_tested(_i / 2))
        return;
    up(_i / 2, MANNERS[_i % 2], TLS_GOOD);
    rig_open(&rig);
    for (int round = 0; round < 3; round++) {
        struct future *future = submit("localhost");
        if (MANNERS[_i % 2] == TLS_ENDS_DELIMITED)
            ck_assert_uint_eq(expect_ok(future)->attempts, 1);
        else
            ck_assert_uint_eq(expect_error(future, FETCH_RESET)->attempts, 1);
        future_release(future);
    }
}
END_TEST

static const struct {
    enum tls_certificate certificate;
    const char *says[3]; /* any of these: OpenSSL's and libcurl's words */
} CERTIFICATES[] = {
    {TLS_EXPIRED, {"expired"}},
    {TLS_NOT_YET, {"not yet valid"}},
    {TLS_SELF_SIGNED, {"self-signed", "self signed"}},
    {TLS_OTHER_NAME, {"no alternative certificate subject name matches", "does not match"}},
    {TLS_NUL_IN_NAME, {"illegal cert name", "does not match", "no alternative"}},
    {TLS_NUL_IN_ALT, {"no alternative certificate subject name matches", "does not match"}},
    {TLS_WILD, {"no alternative certificate subject name matches", "does not match"}},
    {TLS_LONG_CHAIN, {"excessive message size", "too long", "exceed"}},
};
enum { CERTIFICATE_COUNT = sizeof CERTIFICATES / sizeof CERTIFICATES[0] };

START_TEST(rows_42_and_43_a_bad_certificate_is_a_tls_error_with_its_own_reason)
{
    int which = _i / EXECUTOR_ENGINE_COUNT;
    if (!engine_is_tested(_i % EXECUTOR_ENGINE_COUNT))
        return;
    up(_i % EXECUTOR_ENGINE_COUNT, TLS_ANSWERS, CERTIFICATES[which].certificate);
    rig_open(&rig);
    struct future *future = submit("localhost");
    const struct fetch_result *result = expect_error(future, FETCH_TLS);
    bool says = false;
    for (size_t i = 0; i < 3 && CERTIFICATES[which].says[i]; i++)
        says = says || strstr(result->detail, CERTIFICATES[which].says[i]);
    ck_assert_msg(says, "%d: %s", (int)CERTIFICATES[which].certificate, result->detail);
    ck_assert_uint_eq(result->http_status, 0);
    ck_assert_uint_eq(result->body_bytes, 0);
    ck_assert(!result->retryable && !result->insecure);
    future_release(future);
}
END_TEST

START_TEST(row_42_a_good_certificate_is_good_for_the_name_and_the_address_it_is_made_for_alone)
{
    char entry[64];
    const char *const entries[] = {entry};
    up(_i, TLS_ANSWERS, TLS_GOOD);
    snprintf(entry, sizeof entry, "some.example:%d:127.0.0.1", origin.port);
    rig.options.resolve = entries;
    rig.options.resolve_count = 1;
    rig_open(&rig);
    struct future *named = submit("localhost");
    struct future *dotted = submit("127.0.0.1");
    struct future *other = submit("some.example");
    ck_assert(!expect_ok(named)->insecure);
    expect_ok(dotted);
    expect_error(other, FETCH_TLS);
    future_release(named);
    future_release(dotted);
    future_release(other);
}
END_TEST

START_TEST(requirement_5_what_was_not_verified_is_recorded_with_every_result)
{
    int which = _i / EXECUTOR_ENGINE_COUNT;
    if (!engine_is_tested(_i % EXECUTOR_ENGINE_COUNT) || CERTIFICATES[which].certificate == TLS_LONG_CHAIN)
        return;
    up(_i % EXECUTOR_ENGINE_COUNT, TLS_ANSWERS, CERTIFICATES[which].certificate);
    rig.options.insecure = true;
    rig_open(&rig);
    struct future *future = submit("localhost");
    ck_assert(expect_ok(future)->insecure);
    future_release(future);
    future = rig_submit(&rig, "/status/404");
    ck_assert(expect_error(future, FETCH_HTTP_STATUS)->insecure);
    future_release(future);
}
END_TEST

static bool was_sent(const struct fetch_result *result, const char *part)
{
    return memmem(result->body, (size_t)result->body_bytes, part, strlen(part)) != NULL;
}

/* Fetches the TLS server's page that sends on to `target`, with a password in the URL or lines of the user's. */
static struct future *submit_with_credentials(bool in_lines, const char *target)
{
    static const char *const LINES[] = {"Authorization: Bearer s3cret", "Cookie: session=s3cret"};
    struct future *future;
    char url[256];
    snprintf(url, sizeof url, "https://%slocalhost:%d/?%s", in_lines ? "" : "mallory:s3cret@", origin.port, target);
    const struct request request = {.url = url, .headers = LINES, .header_count = in_lines ? 2 : 0};
    ck_assert_int_eq(executor_submit(rig.executor, &request, NET_MS, &future), STATUS_OK);
    return future;
}

/* The same host in clear text is another origin; back at the first one they are sent. */
START_TEST(row_11_credentials_do_not_follow_a_redirect_from_https_to_http)
{
    char clear[64];
    char secure[64];
    up(_i, TLS_ECHOES, TLS_GOOD);
    rig.options.workers = rig.options.concurrency = 1;
    rig_open(&rig);
    snprintf(clear, sizeof clear, "http://localhost:%d/echo", rig.origin.port);
    snprintf(secure, sizeof secure, "https://localhost:%d/echo", origin.port);
    for (int in_lines = 0; in_lines < 2; in_lines++) {
        struct future *kept = submit_with_credentials(in_lines, secure);
        ck_assert(was_sent(expect_ok(kept), "GET /echo"));
        ck_assert(was_sent(expect_ok(kept), "\nAuthorization: ") == (in_lines || password_stays()));
        ck_assert(was_sent(expect_ok(kept), "\nCookie: session=s3cret") == (in_lines == 1));
        struct future *dropped = submit_with_credentials(in_lines, clear);
        ck_assert_uint_eq(expect_ok(dropped)->redirects, 1);
        ck_assert_str_eq(expect_ok(dropped)->effective_url, clear);
        ck_assert(was_sent(expect_ok(dropped), "GET /echo"));
        ck_assert(!was_sent(expect_ok(dropped), "Authorization") && !was_sent(expect_ok(dropped), "Cookie"));
        ck_assert(!was_sent(expect_ok(dropped), "s3cret") && !was_sent(expect_ok(dropped), "mallory"));
        future_release(kept);
        future_release(dropped);
    }
}
END_TEST

static Suite *tls_suite(void)
{
    Suite *suite = suite_create("hostile TLS");
    TCase *tests = tcase_create("hostile TLS");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_loop_test(tests, rows_41_and_43_a_server_with_bad_manners, 0, ROW_COUNT * EXECUTOR_ENGINE_COUNT);
    tcase_add_loop_test(tests, row_41_an_end_that_is_watched_does_not_outlive_its_connection, 0,
                        2 * EXECUTOR_ENGINE_COUNT);
    tcase_add_loop_test(tests, rows_42_and_43_a_bad_certificate_is_a_tls_error_with_its_own_reason, 0,
                        CERTIFICATE_COUNT * EXECUTOR_ENGINE_COUNT);
    add_for_each_engine(tests, row_42_a_good_certificate_is_good_for_the_name_and_the_address_it_is_made_for_alone);
    tcase_add_loop_test(tests, requirement_5_what_was_not_verified_is_recorded_with_every_result, 0,
                        CERTIFICATE_COUNT * EXECUTOR_ENGINE_COUNT);
    add_for_each_engine(tests, row_11_credentials_do_not_follow_a_redirect_from_https_to_http);
    suite_add_tcase(suite, tests);
    return suite;
}

/* What OpenSSL has given back is of no use to anybody: who still goes by it crashes. */
static void overwrite_and_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    if (block)
        memset(block, 0xa5, malloc_usable_size(block));
    __asm__ volatile("" ::: "memory"); /* or the compiler leaves that out */
    free(block);
}

static void *allocate(size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    return malloc(bytes);
}

static void *allocate_again(void *block, size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    return realloc(block, bytes);
}

int main(void)
{
    if (CRYPTO_set_mem_functions(allocate, allocate_again, overwrite_and_free) != 1) {
        fprintf(stderr, "OpenSSL has allocated already\n");
        return EXIT_FAILURE;
    }
    SRunner *runner = srunner_create(tls_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
