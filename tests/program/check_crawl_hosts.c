/* The program from outside: `shoal crawl` over a thousand hosts at once, four of them at each address: what each host and
 * each address saw of it, by the server's own clock. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/command.h"
#include "tests/support/web.h"

#define HOSTS 1000
#define ADDRESSES 250
#define PAGES 5 /* of each host */
#define DELAY_MS 150
#define HELD_MS 30
#define NS_PER_MS 1000000ll

static struct cli cli;
static struct web web;

static void set_up(void)
{
    cli_begin(&cli);
}

static void tear_down(void)
{
    cli_end(&cli);
    web_stop(&web);
}

/* Every page leads to the next of its host, the first to the first of two other hosts. */
static void serve(const struct web_request *request, struct web_answer *answer)
{
    int page = 0;
    int host = 0;
    answer->delay_ms = HELD_MS;
    if (strcmp(request->path, "/robots.txt") == 0) {
        answer->status = 404;
        return;
    }
    sscanf(request->path, "/%d", &page);
    sscanf(request->host, "h%d", &host);
    web_print("%s %s", request->host, request->path);
    if (page == 0) {
        for (int next = 1; next < PAGES; next++)
            web_print("<a href=/%d>next</a>", next);
        for (int next = 2 * host + 1; next <= 2 * host + 2 && next < HOSTS; next++)
            web_print("<a href=http://h%d.test:%d/0>other</a>", next, request->port);
    }
}

static void start_crawl(const char *const *more)
{
    static char entries[HOSTS][64];
    static const char *arguments[2 * HOSTS + 32];
    static char seed[64];
    char address[24];
    int count = 0;
    snprintf(seed, sizeof seed, "http://h0.test:%d/0", web.port);
    arguments[count++] = "crawl";
    arguments[count++] = seed;
    for (int host = 0; host < HOSTS; host++) {
        snprintf(entries[host], sizeof entries[host], "h%d.test:%d:%s", host, web.port,
                 web_address((unsigned)host % ADDRESSES, address));
        arguments[count++] = "--resolve";
        arguments[count++] = entries[host];
    }
    while (*more != NULL)
        arguments[count++] = *more++;
    arguments[count] = NULL;
    ck_assert_int_eq(cli_run(&cli, arguments), 0);
}
#define START_CRAWL(...) start_crawl((const char *const[]){__VA_ARGS__, NULL})

/* So many requests are not made in less time than their delays take. */
static void expect_patience(const struct web_treatment *seen, unsigned requests, int64_t delay_ms)
{
    ck_assert_uint_eq(seen->requests, requests);
    int64_t lasted_ns = seen->last_ns - seen->first_ns;
    ck_assert_int_ge(lasted_ns,
                     ((int64_t)requests - 2) * delay_ms * NS_PER_MS); /* the last may have been fast, the first slow */
}

START_TEST(no_host_and_no_address_sees_more_than_the_limits)
{
    web_start(&web, serve, ADDRESSES);
    START_CRAWL("--scope", "any", "--delay", "150ms", "--per-host", "1", "-c", "256", "--max-depth", "100");
    ck_assert_uint_eq(web_asked(&web, NULL, NULL), HOSTS * (PAGES + 1));
    for (unsigned address = 0; address < ADDRESSES; address++) {
        struct web_treatment seen = web_treatment_of_address(&web, address);
        ck_assert_uint_le(seen.in_flight_max, 1);
        expect_patience(&seen, HOSTS / ADDRESSES * (PAGES + 1), DELAY_MS);
    }
    for (int host = 0; host < HOSTS; host++) {
        char name[32];
        snprintf(name, sizeof name, "h%d.test", host);
        struct web_treatment seen = web_treatment_of_host(&web, name);
        ck_assert_uint_le(seen.in_flight_max, 1);
        expect_patience(&seen, PAGES + 1, DELAY_MS);
    }
    /* What the delays imply: the last address to be heard of is ten hosts deep, each of which costs robots.txt and a page. */
    printf("1,000 hosts: %s", strstr(cli.err.text, "Download"));
}
END_TEST

START_TEST(more_in_flight_to_a_host_is_more_to_its_address_alone)
{
    web_start(&web, serve, ADDRESSES);
    START_CRAWL("--scope", "any", "--delay", "0", "--per-host", "2", "-c", "256");
    ck_assert_uint_eq(web_asked(&web, NULL, NULL), HOSTS * (PAGES + 1));
    unsigned most = 0;
    for (unsigned address = 0; address < ADDRESSES; address++) {
        struct web_treatment seen = web_treatment_of_address(&web, address);
        ck_assert_uint_le(seen.in_flight_max, 2);
        most = seen.in_flight_max > most ? seen.in_flight_max : most;
    }
    ck_assert_uint_eq(most, 2);
}
END_TEST

static Suite *hosts_suite(void)
{
    Suite *suite = suite_create("crawl_hosts");
    TCase *hosts = tcase_create("hosts");
    tcase_add_checked_fixture(hosts, set_up, tear_down);
    tcase_set_timeout(hosts, 90);
    tcase_add_test(hosts, no_host_and_no_address_sees_more_than_the_limits);
    tcase_add_test(hosts, more_in_flight_to_a_host_is_more_to_its_address_alone);
    suite_add_tcase(suite, hosts);
    return suite;
}

int main(void)
{
    return cli_suite_main(hosts_suite());
}
