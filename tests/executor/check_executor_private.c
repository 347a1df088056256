/* Addresses that are refused, at every hop, whichever engine connects. A public address is needed for that: it
 * is given to the loopback device of a network of the test's own. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
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
static char answer[256];

static void tear_down(void)
{
    rig_down(&rig);
    if (listener >= 0) {
        shutdown(listener, SHUT_RDWR); /* accept() ends */
        pthread_join(server, NULL);
        close(listener);
    }
}

static void *serve(void *unused)
{
    (void)unused;
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd)) {
        char bytes[4096];
        if (read(fd, bytes, sizeof bytes) > 0 && write(fd, answer, strlen(answer)) > 0)
            shutdown(fd, SHUT_WR);
        while (read(fd, bytes, sizeof bytes) > 0)
            ;
    }
    return NULL;
}

/* Listens on the public address, on the origin's port. The thread begins behind the fork of the workers. */
static void listen_in_public(const char *headers)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)rig.origin.port)};
    inet_pton(AF_INET, PUBLIC_ADDRESS, &at.sin_addr);
    snprintf(answer, sizeof answer, "HTTP/1.1 %s\r\nContent-Length: 7\r\nConnection: close\r\n\r\npublic\n", headers);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (const struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(listener, 8), 0);
}

static bool up(int engine, const char *addresses)
{
    static char entry[128];
    static const char *const entries[] = {entry};
    if (!network_enter())
        return false;
    rig_begin(&rig, engine);
    snprintf(entry, sizeof entry, "some.example:%d:%s", rig.origin.port, addresses);
    rig.options.block_private = true;
    rig.options.resolve = entries;
    rig.options.resolve_count = 1;
    rig_open(&rig);
    return true;
}

static struct future *submit_some(void)
{
    char url[128];
    struct future *future;
    snprintf(url, sizeof url, "http://some.example:%d/bytes/1", rig.origin.port);
    ck_assert_int_eq(executor_submit_url(rig.executor, url, &future), STATUS_OK);
    ck_assert_int_eq(pthread_create(&server, NULL, serve, NULL), 0);
    return future;
}

static void expect_no_private_connection(void)
{
    struct origin_counts counts;
    origin_counts_read(&rig.origin, &counts);
    ck_assert_uint_eq(counts.connections, 0);
}

START_TEST(a_public_address_is_fetched)
{
    if (!up(_i, PUBLIC_ADDRESS))
        return;
    listen_in_public("200 OK");
    struct future *future = submit_some();
    const struct fetch_result *result = expect_ok(future);
    ck_assert_uint_eq(result->body_bytes, 7);
    ck_assert_str_eq(result->remote_ip, PUBLIC_ADDRESS);
    expect_no_private_connection();
    future_release(future);
}
END_TEST

/* The private one is passed over, and what the public one answered is the result. */
START_TEST(a_name_with_a_private_and_a_public_address_is_fetched_from_the_public_one)
{
    if (!up(_i, "127.0.0.1," PUBLIC_ADDRESS))
        return;
    listen_in_public("200 OK");
    struct future *future = submit_some();
    const struct fetch_result *result = expect_ok(future);
    ck_assert_str_eq(result->remote_ip, PUBLIC_ADDRESS);
    ck_assert_str_eq(result->detail, "");
    expect_no_private_connection();
    future_release(future);
}
END_TEST

START_TEST(a_redirect_from_a_public_to_a_private_address_is_refused)
{
    char headers[128];
    if (!up(_i, PUBLIC_ADDRESS))
        return;
    snprintf(headers, sizeof headers, "302 Found\r\nLocation: http://127.0.0.1:%d/bytes/1", rig.origin.port);
    listen_in_public(headers);
    struct future *future = submit_some();
    const struct fetch_result *result = expect_error(future, FETCH_BLOCKED_PRIVATE);
    ck_assert(!result->retryable);
    expect_no_private_connection();
    future_release(future);
}
END_TEST

static Suite *private_suite(void)
{
    Suite *suite = suite_create("private addresses");
    TCase *tests = tcase_create("private addresses");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    add_for_each_engine(tests, a_public_address_is_fetched);
    add_for_each_engine(tests, a_name_with_a_private_and_a_public_address_is_fetched_from_the_public_one);
    add_for_each_engine(tests, a_redirect_from_a_public_to_a_private_address_is_refused);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(private_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
