/* Names and addresses that lead where nobody should be led: rows 3, 4, 5, 47 and 69 of tests/origin/README.md, and
 * requirements 2 and 15. What is judged is the address that is connected to, so nothing here may reach the origin. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/network.h"
#include "tests/support/support.h"

static struct rig rig;
static int listener = -1;
static pthread_t server;
static bool has_server;

static void tear_down(void)
{
    rig_down(&rig);
    if (has_server) {
        shutdown(listener, SHUT_RDWR); /* accept() ends */
        pthread_join(server, NULL);
    }
    if (listener >= 0)
        close(listener);
}

/* Spellings of hosts that are private; %s stands for nothing. */
static const char *const SPELLINGS[] = {
    /* loopback, as a dotted quad and as what else inet_aton() reads */
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.000.000.001",
    "127.0.0.0x1",
    "0x7f.1",
    "0x7f.0.0.1",
    "0x7F000001",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "0177.1",
    "0x7f.0x0.0x0.0x1",
    "0x7f.0.1",
    "127.65535",
    "127.0.65535",
    "127.255.255.254",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "0",
    "0.0.0.0",
    "0x0",
    "00",
    "0.1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "loCalHost",
    /* private, link-local, shared, multicast ... */
    "10.0.0.1",
    "10.1",
    "0xa.1",
    "012.0.0.1",
    "167772161",
    "192.168.0.1",
    "192.168.1",
    "0xc0a80001",
    "3232235521",
    "172.16.0.1",
    "172.31.255.254",
    "0xac.0x10.0.1",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "100.64.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "4294967295",
    "0xffffffff",
    /* IPv6 */
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::1]",
    "[2002:c0a8:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00::1]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[100::1]",
    /* in other clothes: fullwidth and circled digits, a full stop of another script */
    "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1",
    "\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1",
    "127\343\200\2020\343\200\2020\343\200\2021",
    /* with a name in front that looks better */
    "9.9.9.9@127.0.0.1",
    "user:9.9.9.9@localhost",
};
enum { SPELLING_COUNT = sizeof SPELLINGS / sizeof SPELLINGS[0] };

static struct future *submit(const char *format, ...) __attribute__((format(printf, 1, 2)));
static struct future *submit(const char *format, ...)
{
    char url[512];
    struct future *future;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(url, sizeof url, format, arguments);
    va_end(arguments);
    ck_assert_int_eq(executor_submit_url(rig.executor, url, &future), STATUS_OK);
    return future;
}

static void expect_no_connection(void)
{
    struct origin_counts counts;
    origin_counts_read(&rig.origin, &counts);
    ck_assert_uint_eq(counts.connections, 0);
}

/* Blocked, no URL at all, or a name that nobody knows. */
static void expect_refused(struct future *future)
{
    const struct fetch_result *result = NULL;
    future_result(future, NET_MS, &result);
    ck_assert_ptr_nonnull(result);
    bool is_refused =
        result->error == FETCH_BLOCKED_PRIVATE || result->error == FETCH_INVALID_URL || result->error == FETCH_RESOLVE;
    ck_assert_msg(is_refused, "%s: %s (%s)", future_url(future), fetch_error_name(result->error), result->detail);
    future_release(future);
}

/* Checked where a public page would be fetched, so that nothing else is the reason. */
START_TEST(requirement_2_no_spelling_of_a_private_address_is_connected_to)
{
    int blocked = 0;
    if (!network_enter()) /* no query may leave the machine */
        return;
    ck_assert_int_ge(SPELLING_COUNT, 60);
    rig_begin(&rig, _i);
    rig.options.block_private = true;
    rig_open(&rig);
    for (size_t i = 0; i < SPELLING_COUNT; i++) {
        struct future *future = submit("http://%s:%d/bytes/1", SPELLINGS[i], rig.origin.port);
        const struct fetch_result *result = NULL;
        future_result(future, NET_MS, &result);
        blocked += result->error == FETCH_BLOCKED_PRIVATE;
        expect_refused(future);
    }
    ck_assert_int_ge(blocked, 80);
    expect_no_connection();
}
END_TEST

/* ---- redirects, with a server at a public address ---- */

/* Answers GET /N with a redirect to spelling number N at the origin's port; anything else with a page. */
static void answer_one(int fd)
{
    char request[4096];
    char answer[1024];
    ssize_t got = recv(fd, request, sizeof request - 1, 0);
    request[got > 0 ? got : 0] = '\0';
    char *end;
    unsigned long index = strtoul(request + strlen("GET /"), &end, 10);
    if (got > 5 && end > request + 5 && index < SPELLING_COUNT)
        snprintf(answer, sizeof answer, "HTTP/1.1 302 Found\r\nLocation: http://%s:%d/bytes/1\r\n", SPELLINGS[index],
                 rig.origin.port);
    else
        snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\n");
    size_t bytes = strlen(answer);
    bytes += (size_t)snprintf(answer + bytes, sizeof answer - bytes,
                              "Content-Length: 7\r\nConnection: close\r\n\r\npublic\n");
    if (send(fd, answer, bytes, MSG_NOSIGNAL) > 0)
        shutdown(fd, SHUT_WR);
    while (recv(fd, request, sizeof request, 0) > 0)
        ;
}

static void *serve_in_public(void *unused)
{
    (void)unused;
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd))
        answer_one(fd);
    return NULL;
}

static void listen_in_public(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)rig.origin.port)};
    inet_pton(AF_INET, PUBLIC_ADDRESS, &at.sin_addr);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (const struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(listener, 64), 0);
}

/* Behind the fork of the workers, which comes with the first URL: a process with threads had better not fork. */
static void start_server(void)
{
    ck_assert_int_eq(pthread_create(&server, NULL, serve_in_public, NULL), 0);
    has_server = true;
}

static void up_in_public(int engine)
{
    rig_begin(&rig, engine);
    rig.options.block_private = true;
    rig.options.limits.connect_timeout_ms = 3000;
    rig_open(&rig);
    listen_in_public();
}

START_TEST(row_3_no_redirect_from_a_public_page_leads_to_a_private_address)
{
    if (!network_enter())
        return;
    up_in_public(_i);
    struct future *page = submit("http://" PUBLIC_ADDRESS ":%d/page", rig.origin.port);
    start_server();
    ck_assert_uint_eq(expect_ok(page)->body_bytes, 7);
    future_release(page);
    for (size_t i = 0; i < SPELLING_COUNT; i++) {
        struct future *future = submit("http://" PUBLIC_ADDRESS ":%d/%zu", rig.origin.port, i);
        const struct fetch_result *result = NULL;
        future_result(future, NET_MS, &result);
        ck_assert_msg(result && (result->error == FETCH_BLOCKED_PRIVATE || result->error == FETCH_PROTOCOL ||
                                 result->error == FETCH_RESOLVE),
                      "%s: %s (%s)", SPELLINGS[i], result ? fetch_error_name(result->error) : "",
                      result ? result->detail : "");
        future_release(future);
    }
    expect_no_connection();
}
END_TEST

/* ---- names, with a name server of our own ---- */

static bool up_with_names(int engine, bool block_private)
{
    if (!network_enter() || !network_resolve())
        return false;
    rig_begin(&rig, engine);
    rig.options.block_private = block_private;
    rig.options.limits.connect_timeout_ms = 3000;
    rig_open(&rig);
    listen_in_public();
    return true;
}

START_TEST(row_3_no_name_of_a_private_address_is_connected_to)
{
    static const char *const NAMES[] = {"127-0-0-1.is.example", "10-0-0-1.is.example", "169-254-169-254.is.example",
                                        "0-0-0-0.is.example",   "mapped.example",      "nat64.example",
                                        "loop6.example",        "local6.example",      "alias.example",
                                        "many.example"};
    if (!up_with_names(_i, true))
        return;
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        struct future *future = submit("http://%s:%d/bytes/1", NAMES[i], rig.origin.port);
        expect_error(future, FETCH_BLOCKED_PRIVATE);
        future_release(future);
    }
    expect_no_connection();
}
END_TEST

/* The first answer is public and the second private: a check ahead of the connect would have seen the first. */
START_TEST(row_4_a_name_that_changes_its_mind_is_judged_again)
{
    if (!up_with_names(_i, true))
        return;
    struct future *future = submit("http://one.rebind.example:%d/page", rig.origin.port);
    start_server();
    ck_assert_str_eq(expect_ok(future)->remote_ip, PUBLIC_ADDRESS);
    future_release(future);
    executor_close(rig.executor); /* and with it libcurl's memory of names */
    rig.executor = NULL;
    shutdown(listener, SHUT_RDWR);
    pthread_join(server, NULL);
    has_server = false;
    rig_open(&rig);
    future = submit("http://one.rebind.example:%d/page", rig.origin.port);
    expect_error(future, FETCH_BLOCKED_PRIVATE);
    future_release(future);
    expect_no_connection();
}
END_TEST

START_TEST(row_69_a_name_server_that_hangs_or_talks_junk_holds_nobody_up)
{
    if (!up_with_names(_i, false))
        return;
    executor_close(rig.executor);
    rig.options.limits.connect_timeout_ms = 300;
    rig_open(&rig);
    struct future *hang = submit("http://hang.example:%d/", rig.origin.port);
    struct future *junk = submit("http://junk.example:%d/", rig.origin.port);
    struct future *good = submit("http://127-0-0-1.is.example:%d/bytes/777", rig.origin.port);
    struct future *none = submit("http://none.example:%d/", rig.origin.port);
    expect_text_body(expect_ok(good), 777);
    ck_assert(expect_error(hang, FETCH_TIMEOUT_CONNECT)->retryable);
    expect_error(junk, FETCH_TIMEOUT_CONNECT);
    expect_error(none, FETCH_RESOLVE);
    struct future *const all[] = {hang, junk, good, none};
    for (size_t i = 0; i < 4; i++)
        future_release(all[i]);
}
END_TEST

/* A thousand addresses, of which the first one answers, or none does. How long each takes to fail is the system's business. */
START_TEST(row_69_a_name_with_a_thousand_addresses_is_tried_within_its_time)
{
    static char entries[2][24000];
    const char *const resolve[] = {entries[0], entries[1]};
    rig_begin(&rig, _i);
    for (int which = 0; which < 2; which++) {
        size_t at = (size_t)snprintf(entries[which], sizeof entries[which], "%s.example:%d:%s",
                                     which ? "none" : "first", rig.origin.port, which ? "127.9.9.9" : "127.0.0.1");
        for (int i = 0; i < 999; i++)
            at += (size_t)snprintf(entries[which] + at, sizeof entries[which] - at, ",127.%d.%d.%d", 1 + which, i / 250,
                                   1 + i % 250);
    }
    rig.options.resolve = resolve;
    rig.options.resolve_count = 2;
    rig.options.limits.connect_timeout_ms = 500;
    rig_open(&rig);
    struct future *first = submit("http://first.example:%d/bytes/777", rig.origin.port);
    struct future *none = submit("http://none.example:%d/bytes/777", rig.origin.port);
    const struct fetch_result *result = NULL;
    expect_text_body(expect_ok(first), 777);
    future_result(none, NET_MS, &result);
    ck_assert(result->error == FETCH_CONNECT || result->error == FETCH_TIMEOUT_CONNECT);
    ck_assert(result->retryable);
    future_release(first);
    future_release(none);
}
END_TEST

/* ---- one parser ---- */

/* What is told of each URL and what the server saw are one and the same. */
START_TEST(row_5_one_to_three_slashes_are_taken_and_four_refused)
{
    static const char *const SLASHES[] = {"/", "//", "///", "////", "/////"};
    rig_up(&rig, _i);
    for (size_t i = 0; i < 5; i++) {
        struct future *future = submit("http:%s127.0.0.1:%d/bytes/7", SLASHES[i], rig.origin.port);
        if (i < 3)
            expect_text_body(expect_ok(future), 7);
        else
            expect_error(future, FETCH_INVALID_URL);
        future_release(future);
    }
}
END_TEST

START_TEST(row_47_the_host_that_is_checked_is_the_host_that_is_connected_to)
{
    /* Each names two hosts, one of them behind a byte that some parser takes for an end. `to`: the host that is meant; NULL: none. */
    static const struct {
        const char *format;
        const char *to;
    } URLS[] = {
        {"http://127.0.0.1:%d#@evil.invalid/", "127.0.0.1"},
        {"http://127.0.0.1:%d?@evil.invalid/", "127.0.0.1"},
        {"http://127.0.0.1:%d/@evil.invalid/", "127.0.0.1"},
        {"http://evil.invalid@127.0.0.1:%d/", "127.0.0.1"},
        {"http://evil.invalid:80@127.0.0.1:%d/", "127.0.0.1"},
        {"http://evil.invalid%%23@127.0.0.1:%d/", "127.0.0.1"},
        {"http://127.0.0.1:%d\\@evil.invalid/", "evil.invalid"},
        {"http://evil.invalid\\@127.0.0.1:%d/", "127.0.0.1"},
        {"http://a@evil.invalid@127.0.0.1:%d/", NULL},
        {"http://127.0.0.1 @evil.invalid:%d/", NULL},
        {"http://127.0.0.1%%00.evil.invalid:%d/", NULL},
        {"http://127.0.0.1%%2f.evil.invalid:%d/", NULL},
        {"http://127.0.0.1%%23.evil.invalid:%d/", NULL},
        {"http://[::1]evil.invalid:%d/", NULL},
        {"http://127.0.0.1:%d:80/", NULL},
    };
    if (!network_enter())
        return;
    rig_up(&rig, _i);
    for (size_t i = 0; i < sizeof URLS / sizeof URLS[0]; i++) {
        char url[256];
        struct future *future;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(url, sizeof url, URLS[i].format, rig.origin.port);
#pragma GCC diagnostic pop
        ck_assert_int_eq(executor_submit_url(rig.executor, url, &future), STATUS_OK);
        const struct fetch_result *result = NULL;
        future_result(future, NET_MS, &result);
        enum fetch_error error = result->error;
        bool is_here = result->http_status != 0 && strcmp(result->remote_ip, "127.0.0.1") == 0;
        bool is_right = URLS[i].to == NULL                        ? error == FETCH_INVALID_URL
                        : strcmp(URLS[i].to, "evil.invalid") == 0 ? error == FETCH_RESOLVE
                                                                  : is_here;
        ck_assert_msg(is_right, "%s: %s (%s)", url, fetch_error_name(error), result->detail);
        future_release(future);
    }
}
END_TEST

static Suite *names_suite(void)
{
    Suite *suite = suite_create("hostile names");
    TCase *tests = tcase_create("hostile names");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    add_for_each_engine(tests, requirement_2_no_spelling_of_a_private_address_is_connected_to);
    add_for_each_engine(tests, row_3_no_redirect_from_a_public_page_leads_to_a_private_address);
    add_for_each_engine(tests, row_3_no_name_of_a_private_address_is_connected_to);
    add_for_each_engine(tests, row_4_a_name_that_changes_its_mind_is_judged_again);
    add_for_each_engine(tests, row_5_one_to_three_slashes_are_taken_and_four_refused);
    add_for_each_engine(tests, row_47_the_host_that_is_checked_is_the_host_that_is_connected_to);
    add_for_each_engine(tests, row_69_a_name_server_that_hangs_or_talks_junk_holds_nobody_up);
    add_for_each_engine(tests, row_69_a_name_with_a_thousand_addresses_is_tried_within_its_time);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(names_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
