/* The futures against a real web server: Debian's nginx with TLS and HTTP/2, and the some 1,200 pages of
 * PostgreSQL's manual. */
#include <check.h>
#include <curl/curl.h>
#include <dirent.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "coordinator/executor/executor.h"
#include "tests/support/nginx.h"

#define NET_MS 60000 /* how long anything may take: a net, never a pace */
#define CONCURRENCY 16
#define URL_BYTES 256

static const enum executor_engine ENGINES[] = {EXECUTOR_PROCESSES, EXECUTOR_THREADS};
static const char *const ENGINE_NAMES_HERE[] = {"processes", "threads"};
enum { ENGINES_HERE = sizeof ENGINES / sizeof ENGINES[0] };

static struct nginx nginx; /* one for all tests: its start takes longer than they do */
static struct executor *executor;
static struct executor_options options;
static struct future *kept[16]; /* given back by tear_down() */
static size_t kept_count;

static void set_up(void)
{
    executor_options_init(&options);
    options.workers = 2;
    options.concurrency = CONCURRENCY;
    options.ca_file = nginx.ca_file;
    nginx_connections(&nginx); /* counts from here */
}

static void tear_down(void)
{
    while (kept_count > 0) {
        future_release(kept[--kept_count]);
    }
    executor_close(executor);
    executor = NULL;
}

static void open_executor(int engine)
{
    char why[256] = "";
    options.engine = ENGINES[engine];
    ck_assert_msg(executor_open(&executor, &options, why, sizeof why) == STATUS_OK, "%s", why);
}

static struct future *submit(const char *url)
{
    struct future *future;
    ck_assert_int_eq(executor_submit_url(executor, url, &future), STATUS_OK);
    return future;
}

static const struct fetch_result *result_of(struct future *future)
{
    const struct fetch_result *result;
    enum status status = future_result(future, NET_MS, &result);
    ck_assert_msg(status == STATUS_OK || status == STATUS_FAILED, "%s", status_name(status));
    return result;
}

/* Fetches one URL; the result lives as long as the test. */
static const struct fetch_result *fetch_url(const char *url)
{
    ck_assert_uint_lt(kept_count, sizeof kept / sizeof kept[0]);
    kept[kept_count] = submit(url);
    return result_of(kept[kept_count++]);
}

static const struct fetch_result *fetch(enum nginx_server server, const char *path)
{
    char url[URL_BYTES];
    nginx_url(&nginx, server, path, url, sizeof url);
    return fetch_url(url);
}

static void assert_ok(const struct fetch_result *result)
{
    ck_assert_msg(result->error == FETCH_OK, "%s: %s: %s", result->url, fetch_error_name(result->error),
                  result->detail);
    ck_assert_uint_eq(result->http_status, 200);
}

static void assert_error(const struct fetch_result *result, enum fetch_error error)
{
    ck_assert_msg(result->error == error, "%s: is %s (%s), not %s", result->url, fetch_error_name(result->error),
                  result->detail, fetch_error_name(error));
}

/* ---- the whole manual ---- */

struct page {
    char name[NAME_MAX + 1];
    uint64_t bytes;
};

struct manual {
    struct page *pages;
    struct future **futures;
    size_t count;
};

static unsigned char *read_page(const char *name, uint64_t *bytes)
{
    char path[sizeof(struct page) + 64];
    snprintf(path, sizeof path, "%s/%s", nginx_docs(), name);
    FILE *file = fopen(path, "re");
    ck_assert_msg(file != NULL, "%s", path);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    *bytes = (uint64_t)ftell(file);
    unsigned char *text = malloc(*bytes + 1);
    ck_assert_ptr_nonnull(text);
    rewind(file);
    ck_assert_uint_eq(fread(text, 1, *bytes, file), *bytes);
    fclose(file);
    return text;
}

static void manual_list(struct manual *manual)
{
    *manual = (struct manual){0};
    DIR *docs = opendir(nginx_docs());
    ck_assert_ptr_nonnull(docs);
    for (struct dirent *entry = readdir(docs); entry != NULL; entry = readdir(docs)) {
        const char *suffix = strrchr(entry->d_name, '.');
        if (suffix == NULL || strcmp(suffix, ".html") != 0) {
            continue;
        }
        struct page *pages = realloc(manual->pages, (manual->count + 1) * sizeof *pages);
        ck_assert_ptr_nonnull(pages);
        manual->pages = pages;
        snprintf(pages[manual->count].name, sizeof pages->name, "%s", entry->d_name);
        manual->count++;
    }
    closedir(docs);
    ck_assert_uint_gt(manual->count, 1000);
    manual->futures = calloc(manual->count, sizeof *manual->futures);
    ck_assert_ptr_nonnull(manual->futures);
}

static void manual_submit(struct manual *manual, enum nginx_server server, const char *folder)
{
    for (size_t i = 0; i < manual->count; i++) {
        char path[sizeof(struct page) + 64];
        char url[sizeof path + URL_BYTES];
        snprintf(path, sizeof path, "%s%s", folder, manual->pages[i].name);
        nginx_url(&nginx, server, path, url, sizeof url);
        manual->futures[i] = submit(url);
    }
}

static void manual_free(struct manual *manual)
{
    for (size_t i = 0; i < manual->count; i++) {
        future_release(manual->futures[i]);
    }
    free(manual->futures);
    free(manual->pages);
}

/* Fetches every page and compares its bytes with the file's, and how it came. */
static void fetch_manual(enum nginx_server server, const char *folder, uint32_t http_version, bool compressed)
{
    struct manual manual;
    manual_list(&manual);
    manual_submit(&manual, server, folder);
    for (size_t i = 0; i < manual.count; i++) {
        const struct fetch_result *result = result_of(manual.futures[i]);
        uint64_t bytes;
        unsigned char *text = read_page(manual.pages[i].name, &bytes);
        assert_ok(result);
        ck_assert_uint_eq(result->http_version, http_version);
        ck_assert_uint_eq(result->body_bytes, bytes);
        ck_assert_msg(memcmp(result->body, text, bytes) == 0, "%s differs from its file", result->url);
        ck_assert_msg(compressed ? result->wire_bytes < bytes : result->wire_bytes == bytes, "%s: %llu on the wire",
                      result->url, (unsigned long long)result->wire_bytes);
        ck_assert_str_eq(result->content_type, "text/html");
        ck_assert_uint_eq(result->attempts, 1);
        free(text);
        future_release(manual.futures[i]);
        manual.futures[i] = NULL;
    }
    manual_free(&manual);
}

START_TEST(every_page_arrives_as_it_lies_on_the_disk)
{
    open_executor(_i);
    fetch_manual(NGINX_PLAIN, "/docs/", 11, false);
    ck_assert_uint_le(nginx_connections(&nginx), CONCURRENCY);
}
END_TEST

START_TEST(compressed_pages_are_decoded)
{
    open_executor(_i);
    fetch_manual(NGINX_PLAIN, "/gzip/", 11, true);
}
END_TEST

START_TEST(over_tls_http_2_carries_many_pages_on_each_connection)
{
    open_executor(_i);
    fetch_manual(NGINX_TLS, "/docs/", 20, false);
    ck_assert_uint_le(nginx_connections(&nginx), CONCURRENCY);
}
END_TEST

START_TEST(compressed_pages_over_http_2_are_decoded)
{
    open_executor(_i);
    fetch_manual(NGINX_TLS, "/gzip/", 20, true);
}
END_TEST

START_TEST(http_1_1_over_tls_can_be_asked_for)
{
    options.http = EXECUTOR_HTTP_1_1;
    open_executor(_i);
    fetch_manual(NGINX_TLS, "/docs/", 11, false);
    ck_assert_uint_le(nginx_connections(&nginx), CONCURRENCY);
}
END_TEST

/* Fetches at once, so that without multiplexing each would need a connection of its own. */
START_TEST(transfers_to_one_host_share_an_http_2_connection)
{
    struct future *futures[CONCURRENCY];
    char url[URL_BYTES];
    options.workers = 1;
    open_executor(_i);
    assert_ok(fetch(NGINX_TLS, "/empty"));
    nginx_url(&nginx, NGINX_TLS, "/binary", url, sizeof url);
    for (int i = 0; i < CONCURRENCY; i++) {
        futures[i] = submit(url);
    }
    for (int i = 0; i < CONCURRENCY; i++) {
        assert_ok(result_of(futures[i]));
        ck_assert_uint_eq(result_of(futures[i])->body_bytes, NGINX_BINARY_BYTES);
        future_release(futures[i]);
    }
    ck_assert_uint_eq(nginx_connections(&nginx), 1);
}
END_TEST

START_TEST(a_body_that_is_too_large_leaves_its_connection_to_the_others)
{
    struct future *futures[2 * CONCURRENCY];
    char large[URL_BYTES];
    char small[URL_BYTES];
    options.limits.body_bytes_max = 100000;
    options.workers = 1;
    open_executor(_i);
    nginx_url(&nginx, NGINX_TLS, "/binary", large, sizeof large);
    nginx_url(&nginx, NGINX_TLS, "/docs/index.html", small, sizeof small);
    for (int i = 0; i < 2 * CONCURRENCY; i++) {
        futures[i] = submit(i % 2 == 0 ? large : small);
    }
    for (int i = 0; i < 2 * CONCURRENCY; i++) {
        const struct fetch_result *result = result_of(futures[i]);
        if (i % 2 == 0) {
            assert_error(result, FETCH_TOO_LARGE);
        } else {
            assert_ok(result);
        }
        future_release(futures[i]);
    }
}
END_TEST

/* ---- certificates ---- */

START_TEST(a_certificate_of_an_authority_that_is_not_trusted_is_a_tls_error)
{
    options.ca_file = NULL;
    open_executor(_i);
    assert_error(fetch(NGINX_TLS, "/empty"), FETCH_TLS);
}
END_TEST

/* The system's store is read by the worker itself, confined as it is: the test's authority lies over it, for this process and
 * what it starts. */
START_TEST(the_systems_store_is_trusted)
{
    const char *store = curl_version_info(CURLVERSION_NOW)->cainfo;
    if (!store || unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, "") != 0 ||
        mount(nginx.ca_file, store, "none", MS_BIND, "") != 0) {
        printf("skipped: no mounts of one's own\n");
        return;
    }
    options.ca_file = NULL;
    open_executor(_i);
    assert_ok(fetch(NGINX_TLS, "/empty"));
    umount2(store, MNT_DETACH);
}
END_TEST

START_TEST(bad_certificates_are_tls_errors)
{
    open_executor(_i);
    for (enum nginx_server server = NGINX_EXPIRED; server < NGINX_SERVER_COUNT; server++) {
        const struct fetch_result *result = fetch(server, "/empty");
        assert_error(result, FETCH_TLS);
        ck_assert_uint_eq(result->http_status, 0);
        ck_assert_str_ne(result->detail, "");
        ck_assert(!result->insecure);
        ck_assert(!result->retryable);
    }
}
END_TEST

START_TEST(insecure_takes_any_certificate_and_the_result_says_so)
{
    options.insecure = true;
    options.ca_file = NULL;
    open_executor(_i);
    for (enum nginx_server server = NGINX_TLS; server < NGINX_SERVER_COUNT; server++) {
        const struct fetch_result *result = fetch(server, "/empty");
        assert_ok(result);
        ck_assert(result->insecure);
    }
}
END_TEST

START_TEST(a_good_certificate_is_not_called_insecure)
{
    char url[URL_BYTES];
    open_executor(_i);
    ck_assert(!fetch(NGINX_TLS, "/empty")->insecure);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/empty", nginx.ports[NGINX_TLS]);
    const struct fetch_result *result = fetch_url(url);
    assert_ok(result);
    ck_assert_int_ge(result->time.tls_us, 0);
}
END_TEST

START_TEST(plain_http_to_a_port_of_tls_is_answered_as_an_error)
{
    char url[URL_BYTES];
    open_executor(_i);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/empty", nginx.ports[NGINX_TLS]);
    const struct fetch_result *result = fetch_url(url);
    assert_error(result, FETCH_HTTP_STATUS);
    ck_assert_uint_eq(result->http_status, 400);
}
END_TEST

START_TEST(tls_to_a_plain_port_is_a_tls_error)
{
    char url[URL_BYTES];
    open_executor(_i);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/empty", nginx.ports[NGINX_PLAIN]);
    assert_error(fetch_url(url), FETCH_TLS);
}
END_TEST

/* ---- the rest ---- */

START_TEST(an_ipv6_literal_is_fetched)
{
    char url[URL_BYTES];
    if (!nginx.has_ipv6) {
        printf("skipped: an_ipv6_literal_is_fetched: there is no ::1 here\n");
        return;
    }
    open_executor(_i);
    snprintf(url, sizeof url, "http://[::1]:%d/binary", nginx.ports[NGINX_PLAIN]);
    const struct fetch_result *result = fetch_url(url);
    assert_ok(result);
    ck_assert_str_eq(result->remote_ip, "::1");
    ck_assert_uint_eq(result->body_bytes, NGINX_BINARY_BYTES);
}
END_TEST

START_TEST(a_redirect_leads_from_http_to_https)
{
    char wanted[URL_BYTES];
    open_executor(_i);
    const struct fetch_result *result = fetch(NGINX_PLAIN, "/to-tls/index.html");
    nginx_url(&nginx, NGINX_TLS, "/docs/index.html", wanted, sizeof wanted);
    assert_ok(result);
    ck_assert_uint_eq(result->redirects, 1);
    ck_assert_str_eq(result->effective_url, wanted);
    ck_assert_uint_eq(result->http_version, 20);
}
END_TEST

START_TEST(what_a_redirect_leads_to_must_have_a_good_certificate_too)
{
    options.ca_file = NULL;
    open_executor(_i);
    assert_error(fetch(NGINX_PLAIN, "/to-tls/index.html"), FETCH_TLS);
}
END_TEST

START_TEST(the_value_of_retry_after_is_reported)
{
    open_executor(_i);
    for (enum nginx_server server = NGINX_PLAIN; server <= NGINX_TLS; server++) {
        const struct fetch_result *result = fetch(server, "/busy");
        assert_error(result, FETCH_HTTP_STATUS);
        ck_assert_uint_eq(result->http_status, 429);
        ck_assert_int_eq(result->retry_after_s, 7);
        ck_assert(result->retryable);
    }
}
END_TEST

START_TEST(a_missing_page_is_an_error_with_its_status)
{
    open_executor(_i);
    for (enum nginx_server server = NGINX_PLAIN; server <= NGINX_TLS; server++) {
        const struct fetch_result *result = fetch(server, "/docs/no-such-page.html");
        assert_error(result, FETCH_HTTP_STATUS);
        ck_assert_uint_eq(result->http_status, 404);
        ck_assert_int_eq(result->retry_after_s, -1);
        ck_assert(!result->retryable);
    }
}
END_TEST

START_TEST(an_empty_file_is_a_success_without_bytes)
{
    open_executor(_i);
    for (enum nginx_server server = NGINX_PLAIN; server <= NGINX_TLS; server++) {
        const struct fetch_result *result = fetch(server, "/empty");
        assert_ok(result);
        ck_assert_uint_eq(result->body_bytes, 0);
    }
}
END_TEST

START_TEST(bytes_of_every_value_arrive_unchanged)
{
    open_executor(_i);
    for (enum nginx_server server = NGINX_PLAIN; server <= NGINX_TLS; server++) {
        const struct fetch_result *result = fetch(server, "/binary");
        assert_ok(result);
        ck_assert_uint_eq(result->body_bytes, NGINX_BINARY_BYTES);
        for (unsigned offset = 0; offset < NGINX_BINARY_BYTES; offset++) {
            if (result->body[offset] != (unsigned char)(offset * 31)) {
                ck_abort_msg("byte %u is wrong", offset);
            }
        }
    }
}
END_TEST

START_TEST(bodies_that_nobody_keeps_are_counted)
{
    options.keep = EXECUTOR_KEEP_NOTHING;
    open_executor(_i);
    const struct fetch_result *result = fetch(NGINX_TLS, "/binary");
    assert_ok(result);
    ck_assert_ptr_null(result->body);
    ck_assert_uint_eq(result->body_bytes, NGINX_BINARY_BYTES);
}
END_TEST

/* SHOAL_TEST_ENGINE names the engines to test, all when it is not set. */
static void add_for_each_engine(TCase *cases, const TTest *test)
{
    const char *wanted = getenv("SHOAL_TEST_ENGINE");
    for (int i = 0; i < ENGINES_HERE; i++) {
        if (wanted == NULL || strstr(wanted, ENGINE_NAMES_HERE[i]) != NULL) {
            tcase_add_loop_test(cases, test, i, i + 1);
        }
    }
}

static Suite *nginx_suite(void)
{
    const TTest *const tests[] = {
        every_page_arrives_as_it_lies_on_the_disk,
        compressed_pages_are_decoded,
        over_tls_http_2_carries_many_pages_on_each_connection,
        compressed_pages_over_http_2_are_decoded,
        http_1_1_over_tls_can_be_asked_for,
        transfers_to_one_host_share_an_http_2_connection,
        a_body_that_is_too_large_leaves_its_connection_to_the_others,
        a_certificate_of_an_authority_that_is_not_trusted_is_a_tls_error,
        the_systems_store_is_trusted,
        bad_certificates_are_tls_errors,
        insecure_takes_any_certificate_and_the_result_says_so,
        a_good_certificate_is_not_called_insecure,
        plain_http_to_a_port_of_tls_is_answered_as_an_error,
        tls_to_a_plain_port_is_a_tls_error,
        an_ipv6_literal_is_fetched,
        a_redirect_leads_from_http_to_https,
        what_a_redirect_leads_to_must_have_a_good_certificate_too,
        the_value_of_retry_after_is_reported,
        a_missing_page_is_an_error_with_its_status,
        an_empty_file_is_a_success_without_bytes,
        bytes_of_every_value_arrive_unchanged,
        bodies_that_nobody_keeps_are_counted,
    };
    Suite *suite = suite_create("nginx");
    TCase *cases = tcase_create("nginx");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        add_for_each_engine(cases, tests[i]);
    }
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    const char *missing = nginx_missing();
    if (missing != NULL) {
        printf("skipped: all of nginx: %s\n100%%: Checks: 0, Failures: 0, Errors: 0\n", missing);
        return EXIT_SUCCESS;
    }
    if (nginx_start(&nginx) != 0) {
        return EXIT_FAILURE;
    }
    SRunner *runner = srunner_create(nginx_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    nginx_stop(&nginx);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
