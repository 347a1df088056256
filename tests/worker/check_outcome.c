/* What libcurl's codes mean in our terms, and what is worth another try: worker/fetch/outcome.c,
 * common/fetch_error.c. */
#include <check.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/fetch_error.h"
#include "worker/fetch/outcome.h"

START_TEST(every_code_of_libcurl_is_one_of_the_closed_set)
{
    for (int code = 0; code < CURL_LAST; code++) {
        enum fetch_error error = outcome_of_code((CURLcode)code);
        ck_assert_msg((unsigned)error < FETCH_ERROR_COUNT, "%d", code);
        ck_assert_msg((error == FETCH_OK) == (code == CURLE_OK), "%d is %s", code, fetch_error_name(error));
        /* These are for us to say, never for libcurl. */
        ck_assert_msg(error != FETCH_HTTP_STATUS && error != FETCH_BLOCKED_PRIVATE && error != FETCH_BLOCKED_ROBOTS &&
                          error != FETCH_WORKER_CRASHED && error != FETCH_CANCELLED,
                      "%d is %s", code, fetch_error_name(error));
    }
}
END_TEST

START_TEST(a_code_that_does_not_exist_yet_is_no_success)
{
    ck_assert_int_ne(outcome_of_code((CURLcode)(CURL_LAST + 10)), FETCH_OK);
}
END_TEST

struct code_case {
    CURLcode code;
    enum fetch_error error;
};

static const struct code_case CODES[] = {
    {CURLE_OK, FETCH_OK},
    {CURLE_URL_MALFORMAT, FETCH_INVALID_URL},
    {CURLE_UNSUPPORTED_PROTOCOL, FETCH_PROTOCOL}, /* only a redirect can lead there: the URL was checked before */
    {CURLE_COULDNT_RESOLVE_HOST, FETCH_RESOLVE},
    {CURLE_COULDNT_RESOLVE_PROXY, FETCH_RESOLVE},
    {CURLE_COULDNT_CONNECT, FETCH_CONNECT},
    {CURLE_PROXY, FETCH_CONNECT},
    {CURLE_WEIRD_SERVER_REPLY, FETCH_PROTOCOL},
    {CURLE_HTTP2, FETCH_PROTOCOL},
    {CURLE_HTTP2_STREAM, FETCH_PROTOCOL},
    {CURLE_HTTP3, FETCH_PROTOCOL},
    {CURLE_PARTIAL_FILE, FETCH_RESET},
    {CURLE_OPERATION_TIMEDOUT, FETCH_TIMEOUT_TOTAL},
    {CURLE_SSL_CONNECT_ERROR, FETCH_TLS},
    {CURLE_PEER_FAILED_VERIFICATION, FETCH_TLS},
    {CURLE_SSL_CERTPROBLEM, FETCH_TLS},
    {CURLE_SSL_CIPHER, FETCH_TLS},
    {CURLE_SSL_CACERT_BADFILE, FETCH_TLS},
    {CURLE_SSL_ISSUER_ERROR, FETCH_TLS},
    {CURLE_SSL_INVALIDCERTSTATUS, FETCH_TLS},
    {CURLE_GOT_NOTHING, FETCH_RESET},
    {CURLE_SEND_ERROR, FETCH_RESET},
    {CURLE_RECV_ERROR, FETCH_RESET},
    {CURLE_BAD_CONTENT_ENCODING, FETCH_DECODE},
    {CURLE_FILESIZE_EXCEEDED, FETCH_TOO_LARGE},
    {CURLE_TOO_MANY_REDIRECTS, FETCH_TOO_MANY_REDIRECTS},
    {CURLE_OUT_OF_MEMORY, FETCH_OUT_OF_MEMORY},
};

START_TEST(codes_mean_what_they_say)
{
    ck_assert_msg(outcome_of_code(CODES[_i].code) == CODES[_i].error, "%d (%s) is %s", (int)CODES[_i].code,
                  curl_easy_strerror(CODES[_i].code), fetch_error_name(outcome_of_code(CODES[_i].code)));
}
END_TEST

START_TEST(every_error_has_a_name_of_its_own)
{
    for (int i = 0; i < FETCH_ERROR_COUNT; i++) {
        const char *name = fetch_error_name((enum fetch_error)i);
        ck_assert_int_gt((int)strlen(name), 1);
        for (const char *at = name; *at; at++)
            ck_assert(islower((unsigned char)*at) || *at == '-');
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(name, fetch_error_name((enum fetch_error)j));
    }
    ck_assert_ptr_nonnull(fetch_error_name(FETCH_ERROR_COUNT));
    ck_assert_ptr_nonnull(fetch_error_name((enum fetch_error) - 1));
}
END_TEST

/* The names that cli.md promises. */
START_TEST(the_names_are_those_that_are_documented)
{
    static const char *const NAMES[] = {
        "invalid-url", "resolve",         "connect",        "timeout-connect", "timeout-read",  "timeout-total",
        "tls",         "reset",           "protocol",       "decode",          "too-large",     "too-many-redirects",
        "http-status", "blocked-private", "blocked-robots", "worker-crashed",  "out-of-memory", "cancelled",
    };
    ck_assert_uint_eq(sizeof NAMES / sizeof NAMES[0], FETCH_ERROR_COUNT - 1);
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        ck_assert_str_eq(fetch_error_name((enum fetch_error)(i + 1)), NAMES[i]);
}
END_TEST

START_TEST(retryable_is_what_may_be_better_later)
{
    static const enum fetch_error AGAIN[] = {FETCH_RESOLVE,      FETCH_CONNECT,       FETCH_TIMEOUT_CONNECT,
                                             FETCH_TIMEOUT_READ, FETCH_TIMEOUT_TOTAL, FETCH_RESET};
    for (int i = 0; i < FETCH_ERROR_COUNT; i++) {
        bool expected = false;
        for (size_t j = 0; j < sizeof AGAIN / sizeof AGAIN[0]; j++)
            expected = expected || AGAIN[j] == (enum fetch_error)i;
        ck_assert_msg(fetch_error_is_retryable((enum fetch_error)i, 0) == expected, "%s",
                      fetch_error_name((enum fetch_error)i));
    }
}
END_TEST

START_TEST(few_statuses_are_retryable)
{
    for (unsigned status = 100; status < 1000; status++) {
        bool expected = status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
        ck_assert_msg(fetch_error_is_retryable(FETCH_HTTP_STATUS, status) == expected, "%u", status);
        ck_assert(!fetch_error_is_retryable(FETCH_OK, status));
    }
}
END_TEST

static Suite *outcome_suite(void)
{
    Suite *suite = suite_create("outcome");
    TCase *tests = tcase_create("outcome");
    tcase_add_test(tests, every_code_of_libcurl_is_one_of_the_closed_set);
    tcase_add_test(tests, a_code_that_does_not_exist_yet_is_no_success);
    tcase_add_loop_test(tests, codes_mean_what_they_say, 0, (int)(sizeof CODES / sizeof CODES[0]));
    tcase_add_test(tests, every_error_has_a_name_of_its_own);
    tcase_add_test(tests, the_names_are_those_that_are_documented);
    tcase_add_test(tests, retryable_is_what_may_be_better_later);
    tcase_add_test(tests, few_statuses_are_retryable);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(outcome_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
