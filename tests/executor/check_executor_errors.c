/* Every way to fail that an origin can provoke, whichever engine meets it. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/support.h"

#define BACKLOG_FILLERS 8

static struct rig rig;
static int sockets[BACKLOG_FILLERS + 1] = {-1, -1, -1, -1, -1, -1, -1, -1, -1};

static void tear_down(void)
{
    rig_down(&rig);
    for (size_t i = 0; i < sizeof sockets / sizeof sockets[0]; i++)
        if (sockets[i] >= 0)
            close(sockets[i]);
}

/* A port of 127.0.0.1 where nobody listens, or, with full, where nobody answers: a queue that is full. */
static int dead_port(bool full)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof at;
    sockets[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(sockets[0], (const struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(getsockname(sockets[0], (struct sockaddr *)&at, &bytes), 0);
    if (!full)
        return ntohs(at.sin_port); /* bound, so nobody else gets it */
    ck_assert_int_eq(listen(sockets[0], 0), 0);
    for (int i = 1; i <= BACKLOG_FILLERS; i++) {
        sockets[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int connected = connect(sockets[i], (const struct sockaddr *)&at, sizeof at);
        ck_assert(connected == 0 || errno == EINPROGRESS);
    }
    return ntohs(at.sin_port);
}

static struct future *submit_url(const char *format, ...) __attribute__((format(printf, 1, 2)));
static struct future *submit_url(const char *format, ...)
{
    char url[256];
    struct future *future;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(url, sizeof url, format, arguments);
    va_end(arguments);
    ck_assert_int_eq(executor_submit_url(rig.executor, url, &future), STATUS_OK);
    return future;
}

static void expect_and_release(struct future *future, enum fetch_error error)
{
    const struct fetch_result *result = expect_error(future, error);
    ck_assert_str_ne(result->detail, "");
    ck_assert(!strpbrk(result->detail, "\r\n"));
    ck_assert_int_eq(result->retryable, fetch_error_is_retryable(error, result->http_status));
    future_release(future);
}

/* ---- no answer ---- */

START_TEST(a_closed_port_is_a_failed_connect)
{
    rig_up(&rig, _i);
    struct future *future = submit_url("http://127.0.0.1:%d/", dead_port(false));
    const struct fetch_result *result = expect_error(future, FETCH_CONNECT);
    ck_assert_int_eq(result->os_errno, ECONNREFUSED);
    ck_assert_uint_eq(result->http_status, 0);
    ck_assert_uint_eq(result->http_version, 0);
    ck_assert(result->retryable);
    future_release(future);
}
END_TEST

START_TEST(a_name_that_cannot_be_is_not_resolved)
{
    rig_up(&rig, _i);
    /* A label of 64 bytes: no query leaves this machine. */
    expect_and_release(
        submit_url("http://%.64s.invalid/", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        FETCH_RESOLVE);
}
END_TEST

START_TEST(a_queue_that_is_full_is_a_connect_that_times_out)
{
    rig_begin(&rig, _i);
    rig.options.limits.connect_timeout_ms = 300;
    rig_open(&rig);
    int port = dead_port(true);
    expect_and_release(submit_url("http://127.0.0.1:%d/", port), FETCH_TIMEOUT_CONNECT);
    /* Also behind a redirect, where one connection was made already. */
    expect_and_release(rig_submit(&rig, "/redirect-to?url=http%%3A//127.0.0.1%%3A%d/", port), FETCH_TIMEOUT_CONNECT);
}
END_TEST

START_TEST(an_answer_that_never_comes_is_a_stalled_read)
{
    rig_begin(&rig, _i);
    rig.options.limits.stall_time_ms = 1000;
    rig_open(&rig);
    expect_and_release(rig_submit(&rig, "/never"), FETCH_TIMEOUT_READ);
    if (_i != EXECUTOR_SERIAL)
        expect_and_release(rig_submit(&rig, "/slow/1000/100"), FETCH_TIMEOUT_READ);
}
END_TEST

START_TEST(an_answer_that_takes_too_long_is_a_total_timeout)
{
    rig_begin(&rig, _i);
    rig.options.limits.total_timeout_ms = 300;
    rig_open(&rig);
    expect_and_release(rig_submit(&rig, "/never"), FETCH_TIMEOUT_TOTAL);
    expect_and_release(rig_submit(&rig, "/slow/1000/10"), FETCH_TIMEOUT_TOTAL);
    expect_and_release(rig_submit(&rig, "/slow-header/30"), FETCH_TIMEOUT_TOTAL);
    struct future *future = rig_submit(&rig, "/bytes/5"); /* the next has all its time again */
    expect_ok(future);
    future_release(future);
}
END_TEST

static void *answer_in_clear_text(void *unused)
{
    (void)unused;
    int fd = accept(sockets[0], NULL, NULL);
    if (fd >= 0) {
        static const char ANSWER[] = "HTTP/1.1 400 This is no TLS\r\n\r\n";
        char hello[16];
        if (read(fd, hello, sizeof hello) > 0 && write(fd, ANSWER, sizeof ANSWER - 1) > 0)
            shutdown(fd, SHUT_WR);
        while (read(fd, hello, sizeof hello) > 0)
            ; /* until the client has seen enough: closing at once would reset the connection */
        close(fd);
    }
    return NULL;
}

START_TEST(clear_text_where_tls_is_expected_is_a_tls_error)
{
    pthread_t server;
    rig_up(&rig, _i);
    int port = dead_port(false);
    ck_assert_int_eq(listen(sockets[0], 1), 0);
    struct future *future = submit_url("https://127.0.0.1:%d/", port); /* forks before there is a thread */
    ck_assert_int_eq(pthread_create(&server, NULL, answer_in_clear_text, NULL), 0);
    expect_and_release(future, FETCH_TLS);
    pthread_join(server, NULL);
}
END_TEST

START_TEST(a_connection_that_breaks_is_reset)
{
    static const char *const PATHS[] = {
        "/reset/1000",        "/truncate/1000",          "/empty",
        "/broken/header-cut", "/broken/length-too-long", "/broken/close-delimited-reset"};
    rig_up(&rig, _i);
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++)
        expect_and_release(rig_submit(&rig, "%s", PATHS[i]), FETCH_RESET);
}
END_TEST

/* libcurl tries again on a new connection, but for one in some thousand, where the reset comes at the worst moment: that is told
 * as an error worth another try. */
START_TEST(a_connection_that_is_closed_between_two_answers_is_no_error)
{
    int unlucky = 0;
    rig_begin(&rig, _i);
    rig.options.workers = rig.options.concurrency = 1;
    rig_open(&rig);
    for (int i = 0; i < 10; i++) {
        struct future *future = rig_submit(&rig, "/close-after");
        const struct fetch_result *result;
        enum status status = future_result(future, NET_MS, &result);
        bool is_unlucky = status == STATUS_FAILED && result->error == FETCH_RESET && result->retryable;
        ck_assert_msg(status == STATUS_OK || is_unlucky, "%s", status_name(status));
        unlucky += is_unlucky;
        future_release(future);
    }
    ck_assert_int_le(unlucky, 1);
}
END_TEST

/* ---- bad answers ---- */

START_TEST(answers_that_break_the_protocol_are_refused)
{
    static const char *const NAMES[] = {
        "two-locations",  "location-cr",     "location-nul",   "nul-in-header",
        "bare-cr",        "http09",          "junk",           "status-short",
        "status-letters", "version-9",       "two-lengths",    "length-list-different",
        "length-letters", "length-negative", "length-empty",   "chunk-size-overflow",
        "chunk-bad-hex",  "chunk-negative",  "chunk-too-long", "te-unknown",
    };
    rig_up(&rig, _i);
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        struct future *future = rig_submit(&rig, "/broken/%s", NAMES[i]);
        const struct fetch_result *result;
        enum status status = future_result(future, NET_MS, &result);
        ck_assert_msg(status == STATUS_FAILED && result->error == FETCH_PROTOCOL, "%s: %s (%s)", NAMES[i],
                      result ? fetch_error_name(result->error) : status_name(status), result ? result->detail : "");
        future_release(future);
    }
}
END_TEST

/* Whatever a broken answer is taken for, it ends, and no byte of what was smuggled is taken for the page. */
START_TEST(no_broken_answer_smuggles_anything)
{
    rig_begin(&rig, _i);
    rig.options.limits.total_timeout_ms = 3000;
    rig.options.limits.stall_time_ms = 1000;
    rig_open(&rig);
    for (size_t i = 0; i < broken_answer_count; i++) {
        struct future *broken = rig_submit(&rig, "/broken/%s", broken_answers[i].name);
        const struct fetch_result *result;
        enum status status = future_result(broken, NET_MS, &result);
        ck_assert_msg(status == STATUS_OK || status == STATUS_FAILED, "%s: %s", broken_answers[i].name,
                      status_name(status));
        ck_assert_msg(status == STATUS_FAILED || !memmem(result->body, (size_t)result->body_bytes, "smuggled", 8), "%s",
                      broken_answers[i].name);
        struct future *next = rig_submit(&rig, "/bytes/7");
        expect_text_body(expect_ok(next), 7);
        future_release(broken);
        future_release(next);
    }
}
END_TEST

/* A folded first line finds what libcurl remembers of the answer before: on a handle used again, that must be sound. */
START_TEST(folded_first_lines_harm_no_handle)
{
    enum { PATH_COUNT = 10 };
    static const char *const PATHS[PATH_COUNT] = {
        "/bytes/100",       "/broken/first-line-folded", "/broken/obs-fold", "/redirect/3",
        "/headers/200/100", "/broken/first-line-folded", "/status/404",      "/broken/first-line-folded",
        "/gzip/5000",       "/broken/header-cut",
    };
    rig_begin(&rig, _i);
    rig.options.workers = rig.options.concurrency = 1;
    rig_open(&rig);
    for (size_t i = 0; i < 300; i++) {
        struct future *future = rig_submit(&rig, "%s", PATHS[(i * 7 + i / 10) % PATH_COUNT]); /* each behind each */
        const struct fetch_result *result;
        enum status status = future_result(future, NET_MS, &result);
        ck_assert_msg(status == STATUS_OK || status == STATUS_FAILED, "%s", status_name(status));
        ck_assert_msg(result->error != FETCH_WORKER_CRASHED && result->attempts == 1, "%s: %s", future_url(future),
                      result->detail);
        future_release(future);
    }
    struct executor_stats stats;
    executor_stats(rig.executor, &stats);
    ck_assert_uint_eq(stats.worker_deaths, 0);
}
END_TEST

START_TEST(a_body_that_cannot_be_decoded_is_a_decode_error)
{
    static const char *const PATHS[] = {"/gzip-broken", "/broken/not-gzip", "/broken/bad-gzip", "/gzip-chain/6",
                                        "/broken/unknown-encoding"};
    rig_up(&rig, _i);
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++)
        expect_and_release(rig_submit(&rig, "%s", PATHS[i]), FETCH_DECODE);
    struct future *future = rig_submit(&rig, "/gzip-chain/5");
    expect_ok(future);
    future_release(future);
}
END_TEST

START_TEST(bombs_are_too_large)
{
    static const char *const PATHS[] = {"/bomb/gzip/15000000", "/bomb/deflate/15000000", "/bomb/gzip/1000000000"};
    rig_up(&rig, _i);
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++)
        expect_and_release(rig_submit(&rig, "%s", PATHS[i]), FETCH_TOO_LARGE);
    struct future *future = rig_submit(&rig, "/bomb/gzip/1000000"); /* below where the ratio is looked at */
    ck_assert_uint_eq(expect_ok(future)->body_bytes, 1000000);
    future_release(future);
}
END_TEST

START_TEST(header_floods_are_too_large)
{
    static const char *const PATHS[] = {"/broken/header-flood", "/headers/1001/20", "/headers/20/20000",
                                        "/broken/continue-flood"};
    rig_up(&rig, _i);
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0] - 1; i++)
        expect_and_release(rig_submit(&rig, "%s", PATHS[i]), FETCH_TOO_LARGE);
    struct future *future = rig_submit(&rig, "/headers/990/200");
    expect_ok(future);
    future_release(future);
}
END_TEST

START_TEST(statuses_of_400_and_more_are_errors)
{
    static const unsigned STATUSES[] = {400, 401, 404, 408, 410, 429, 500, 501, 502, 503, 504, 599};
    rig_up(&rig, _i);
    for (size_t i = 0; i < sizeof STATUSES / sizeof STATUSES[0]; i++) {
        struct future *future = rig_submit(&rig, "/status/%u", STATUSES[i]);
        ck_assert_uint_eq(expect_error(future, FETCH_HTTP_STATUS)->http_status, STATUSES[i]);
        expect_and_release(future, FETCH_HTTP_STATUS);
    }
    struct future *future = rig_submit(&rig, "/status/399");
    ck_assert_uint_eq(expect_ok(future)->http_status, 399);
    future_release(future);
}
END_TEST

START_TEST(what_the_server_asks_to_wait_is_told)
{
    rig_up(&rig, _i);
    struct future *future = rig_submit(&rig, "/status/503?retry-after=17");
    ck_assert_int_eq((long long)expect_error(future, FETCH_HTTP_STATUS)->retry_after_s, 17);
    future_release(future);
    future = rig_submit(&rig, "/status/429?retry-after=Wed,%%2001%%20Jan%%202020%%2000:00:00%%20GMT");
    ck_assert_int_eq((long long)expect_error(future, FETCH_HTTP_STATUS)->retry_after_s, 0);
    future_release(future);
    future = rig_submit(&rig, "/status/503?retry-after=soon");
    ck_assert_int_eq((long long)expect_error(future, FETCH_HTTP_STATUS)->retry_after_s, -1);
    future_release(future);
    future = rig_submit(&rig, "/status/503");
    ck_assert_int_eq((long long)expect_error(future, FETCH_HTTP_STATUS)->retry_after_s, -1);
    future_release(future);
}
END_TEST

START_TEST(a_loop_of_redirects_ends)
{
    rig_up(&rig, _i);
    expect_and_release(rig_submit(&rig, "/loop"), FETCH_TOO_MANY_REDIRECTS);
}
END_TEST

/* ---- what we refuse ---- */

START_TEST(private_addresses_are_refused_at_every_hop)
{
    char entry[64];
    const char *const entries[] = {entry};
    rig_begin(&rig, _i);
    snprintf(entry, sizeof entry, "public.example:%d:127.0.0.1", rig.origin.port);
    rig.options.block_private = true;
    rig.options.resolve = entries;
    rig.options.resolve_count = 1;
    rig_open(&rig);
    expect_and_release(rig_submit(&rig, "/bytes/1"), FETCH_BLOCKED_PRIVATE);
    expect_and_release(submit_url("http://public.example:%d/bytes/1", rig.origin.port), FETCH_BLOCKED_PRIVATE);
    expect_and_release(submit_url("http://2130706433:%d/bytes/1", rig.origin.port), FETCH_BLOCKED_PRIVATE);
    expect_and_release(submit_url("http://[::1]:%d/bytes/1", rig.origin.port), FETCH_BLOCKED_PRIVATE);
    expect_and_release(submit_url("http://[::ffff:127.0.0.1]:%d/bytes/1", rig.origin.port), FETCH_BLOCKED_PRIVATE);
    struct origin_counts counts;
    origin_counts_read(&rig.origin, &counts);
    ck_assert_uint_eq(counts.connections, 0);
}
END_TEST

START_TEST(names_are_resolved_as_asked)
{
    char entry[64];
    const char *const entries[] = {entry};
    rig_begin(&rig, _i);
    snprintf(entry, sizeof entry, "named.example:%d:127.0.0.1", rig.origin.port);
    rig.options.resolve = entries;
    rig.options.resolve_count = 1;
    rig_open(&rig);
    struct future *future = submit_url("http://named.example:%d/bytes/77", rig.origin.port);
    expect_text_body(expect_ok(future), 77);
    future_release(future);
}
END_TEST

START_TEST(proxies_of_the_environment_are_ignored)
{
    rig_begin(&rig, _i);
    char proxy[64];
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", dead_port(false));
    setenv("http_proxy", proxy, 1);
    setenv("ALL_PROXY", proxy, 1);
    rig_open(&rig);
    struct future *future = rig_submit(&rig, "/bytes/5");
    expect_ok(future);
    future_release(future);
    executor_close(rig.executor);
    rig.options.proxy = "env";
    rig_open(&rig);
    expect_and_release(rig_submit(&rig, "/bytes/5"), FETCH_CONNECT);
}
END_TEST

START_TEST(a_full_file_system_fails_the_body_and_not_the_process)
{
    if (!enter_private_shm(1024)) {
        fprintf(stderr, "skipped: no mount namespace\n");
        return;
    }
    rig_up(&rig, _i);
    for (int i = 0; i < 3; i++) {
        struct future *large = rig_submit(&rig, "/bytes/3000000");
        struct future *small = rig_submit(&rig, "/bytes/3000");
        expect_and_release(large, FETCH_OUT_OF_MEMORY);
        expect_text_body(expect_ok(small), 3000);
        future_release(small);
    }
}
END_TEST

static Suite *errors_suite(void)
{
    Suite *suite = suite_create("errors");
    TCase *tests = tcase_create("errors");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    add_for_each_engine(tests, a_closed_port_is_a_failed_connect);
    add_for_each_engine(tests, a_name_that_cannot_be_is_not_resolved);
    add_for_each_engine(tests, a_queue_that_is_full_is_a_connect_that_times_out);
    add_for_each_engine(tests, an_answer_that_never_comes_is_a_stalled_read);
    add_for_each_engine(tests, an_answer_that_takes_too_long_is_a_total_timeout);
    add_for_each_engine(tests, clear_text_where_tls_is_expected_is_a_tls_error);
    add_for_each_engine(tests, a_connection_that_breaks_is_reset);
    add_for_each_engine(tests, a_connection_that_is_closed_between_two_answers_is_no_error);
    add_for_each_engine(tests, answers_that_break_the_protocol_are_refused);
    add_for_each_engine(tests, no_broken_answer_smuggles_anything);
    add_for_each_engine(tests, folded_first_lines_harm_no_handle);
    add_for_each_engine(tests, a_body_that_cannot_be_decoded_is_a_decode_error);
    add_for_each_engine(tests, bombs_are_too_large);
    add_for_each_engine(tests, header_floods_are_too_large);
    add_for_each_engine(tests, statuses_of_400_and_more_are_errors);
    add_for_each_engine(tests, what_the_server_asks_to_wait_is_told);
    add_for_each_engine(tests, a_loop_of_redirects_ends);
    add_for_each_engine(tests, private_addresses_are_refused_at_every_hop);
    add_for_each_engine(tests, names_are_resolved_as_asked);
    add_for_each_engine(tests, proxies_of_the_environment_are_ignored);
    add_for_each_engine(tests, a_full_file_system_fails_the_body_and_not_the_process);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(errors_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
