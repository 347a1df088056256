/* The program from outside: a crawl comes to its end, and everything that it saw has one outcome, whatever
 * stands in its way. A crawl that waits for ever fails by the deadline of cli_wait(). */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/command.h"
#include "tests/support/web.h"

static struct cli cli;
static struct web web;
static char seed[256];

static void set_up(void)
{
    cli_begin(&cli);
}

static void tear_down(void)
{
    cli_end(&cli);
    web_stop(&web);
}

static const char *seed_of(const char *path)
{
    snprintf(seed, sizeof seed, "%s%s", web.url, path);
    return seed;
}

#define QUICK "--per-host", "0", "--delay", "0", "--format", "jsonl"

static size_t count_told(const char *part)
{
    return count_text(cli.out.text, part);
}

/* ---- robots.txt ---- */

static void serve_robots(const struct web_request *request, struct web_answer *answer)
{
    static char location[128];
    if (strcmp(request->path, "/robots.txt") != 0)
        return;
    answer->status = 302;
    answer->headers = location;
    if (strcmp(request->host, "127.0.1.1") == 0) {
        answer->status = 503;
        answer->headers = "Retry-After: 1\r\n";
    } else if (strcmp(request->host, "127.0.1.2") == 0) {
        answer->delay_ms = 300; /* the other one is known by then */
        snprintf(location, sizeof location, "Location: http://127.0.1.1:%d/robots.txt\r\n", request->port);
    } else {
        snprintf(location, sizeof location, "Location: http://no-such-host.invalid/robots.txt\r\n");
    }
}

/* ---- names ---- */

static void serve_two_pages(const struct web_request *request, struct web_answer *answer)
{
    if (strcmp(request->path, "/robots.txt") == 0)
        answer->status = 404;
    else if (strcmp(request->path, "/") == 0)
        answer->body = "<a href=/a.html>a</a>";
}

/* The look-up backs off, and must start again. */
START_TEST(a_host_without_an_address_fails_after_its_retries_and_the_others_go_on)
{
    web_start(&web, serve_two_pages, 1);
    ck_assert_int_eq(CLI_RUN(&cli, "crawl", "http://no-such-host.invalid/", seed_of("/"), "--retries", "1", "--delay",
                             "1ms", "--format", "jsonl"),
                     1);
    ck_assert_uint_eq(count_told("\"error\":\"resolve\""), 1);
    ck_assert_uint_eq(web_asked(&web, NULL, "/a.html"), 1);
}
END_TEST

START_TEST(a_host_without_an_address_fails_as_such_where_no_limit_asks_for_its_address)
{
    web_start(&web, serve_two_pages, 1);
    ck_assert_int_eq(CLI_RUN(&cli, "crawl", "http://no-such-host.invalid/", seed_of("/"), QUICK, "--retries", "1"), 1);
    ck_assert_uint_eq(count_told("\"error\":\"resolve\""), 1);
    ck_assert_uint_eq(web_asked(&web, NULL, "/a.html"), 1);
}
END_TEST

START_TEST(robots_that_lead_to_a_host_without_an_address_close_the_site)
{
    web_start(&web, serve_robots, 1);
    ck_assert_int_eq(CLI_RUN(&cli, "crawl", seed_of("/"), QUICK, "--retries", "0"), 1);
    ck_assert_uint_eq(count_told("\"error\":\"blocked-robots\""), 1);
    ck_assert_uint_eq(web_asked(&web, NULL, "/"), 0);
}
END_TEST

START_TEST(robots_that_lead_to_a_site_that_is_closed_already_close_the_site)
{
    char closed[64];
    char other[64];
    web_start(&web, serve_robots, 3);
    snprintf(closed, sizeof closed, "http://127.0.1.1:%d/", web.port);
    snprintf(other, sizeof other, "http://127.0.1.2:%d/", web.port);
    ck_assert_int_eq(CLI_RUN(&cli, "crawl", closed, other, QUICK, "--retries", "0"), 1);
    ck_assert_uint_eq(count_told("\"error\":\"blocked-robots\""), 2);
    ck_assert_uint_eq(web_asked(&web, NULL, "/"), 0);
}
END_TEST

static void serve_sitemap(const struct web_request *request, struct web_answer *answer)
{
    if (strcmp(request->path, "/robots.txt") == 0) {
        web_print("User-agent: *\nDisallow: /private\nSitemap: /private/map.xml\nSitemap: /map.xml\n");
        answer->type = "text/plain";
    } else if (strcmp(request->path, "/map.xml") == 0) {
        web_print("http://%s:%d/listed\n", request->host, request->port);
        answer->type = "text/plain";
    }
}

START_TEST(a_sitemap_that_robots_disallow_is_not_asked_for)
{
    web_start(&web, serve_sitemap, 1);
    ck_assert_int_eq(CLI_RUN(&cli, "crawl", seed_of("/"), QUICK), 0);
    ck_assert_uint_eq(web_asked(&web, NULL, "/private/map.xml"), 0);
    ck_assert_ptr_nonnull(strstr(cli.err.text, "/private/map.xml: not asked for: robots.txt line 2"));
    ck_assert_uint_eq(web_asked(&web, NULL, "/map.xml"), 1);
    ck_assert_uint_eq(web_asked(&web, NULL, "/listed"), 1);
}
END_TEST

/* ---- limits and interruptions ---- */

static void serve_pages(const struct web_request *request, struct web_answer *answer)
{
    if (strcmp(request->path, "/robots.txt") == 0)
        answer->status = 404;
    else if (strcmp(request->path, "/") == 0)
        web_print("<a rel=nofollow href=/never></a><a href=/slow></a>");
    else if (strcmp(request->path, "/slow") == 0)
        answer->delay_ms = 1500;
    for (int i = 0; strcmp(request->path, "/many") == 0 && i < 4000; i++)
        web_print("<a rel=nofollow href=/a-link-that-nobody-is-to-follow/%d></a>", i);
}

START_TEST(a_seed_that_comes_after_the_last_page_is_told)
{
    web_start(&web, serve_pages, 1);
    cli.feeds = true;
    CLI_START(&cli, "crawl", "-i", "-", QUICK, "--max-pages", "1");
    cli_feed_text(&cli, seed_of("/"));
    cli_feed_text(&cli, "\n");
    cli_await_lines(&cli, &cli.out, 2); /* the page, and what it leads to */
    cli_feed_text(&cli, seed_of("/late"));
    cli_feed_text(&cli, "\n");
    cli_close_input(&cli);
    ck_assert_int_eq(cli_wait(&cli), 0);
    ck_assert_uint_eq(count_told("/late\",\"effective_url\""), 1);
    ck_assert_uint_eq(count_told("\"reason\":\"max-pages\""), 2);
    ck_assert_uint_eq(web_asked(&web, NULL, "/late"), 0);
}
END_TEST

/* CPU time of the program's first process so far, in clock ticks; also of one that has ended and was not waited for. */
static long ticks_of(pid_t pid)
{
    char path[64];
    char text[1024];
    long user = 0;
    long system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    const char *at = strrchr(text, ')');
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user, &system), 2);
    return user + system;
}

START_TEST(an_interrupted_crawl_sleeps_until_its_end)
{
    web_start(&web, serve_pages, 1);
    cli.feeds = true;
    CLI_START(&cli, "crawl", "-i", "-", QUICK);
    cli_feed_text(&cli, seed_of("/"));
    cli_feed_text(&cli, "\n");
    cli_await_lines(&cli, &cli.out, 1);
    while (web_asked(&web, NULL, "/slow") == 0)
        ck_assert(!cli_ends_within(&cli, 5));
    long before = ticks_of(cli.pid);
    ck_assert_int_eq(kill(cli.pid, SIGINT), 0);
    cli_close_input(&cli); /* as by ^C, which whoever writes to the pipe gets too */
    struct pollfd end = {.fd = cli.pid_fd, .events = POLLIN};
    ck_assert_int_eq(poll(&end, 1, 20000), 1);
    ck_assert_int_lt(ticks_of(cli.pid) - before, sysconf(_SC_CLK_TCK) / 4);
    cli_wait(&cli);
    ck_assert_uint_eq(count_told("/slow\",\"effective_url\""), 1);
}
END_TEST

START_TEST(what_an_interrupted_crawl_put_off_is_told)
{
    web_start(&web, serve_pages, 1);
    CLI_START(&cli, "crawl", seed_of("/"), QUICK);
    while (web_asked(&web, NULL, "/slow") == 0)
        ck_assert(!cli_ends_within(&cli, 5));
    ck_assert_int_eq(kill(cli.pid, SIGINT), 0);
    cli_wait(&cli);
    ck_assert_uint_eq(count_told("/never\",\"effective_url\""), 1);
    ck_assert_uint_eq(count_told("/slow\",\"effective_url\""), 1);
}
END_TEST

START_TEST(without_a_temporary_file_the_crawl_ends_and_all_is_told)
{
    web_start(&web, serve_pages, 1);
    char none[CLI_PATH_BYTES + 16];
    snprintf(none, sizeof none, "TMPDIR=%s", cli_path(&cli, "none"));
    cli.environment[0] = none;
    ck_assert_int_eq(CLI_RUN(&cli, "crawl", seed_of("/many"), QUICK), 3);
    ck_assert_ptr_nonnull(strstr(cli.err.text, "cannot make a temporary file in"));
    size_t told = count_told("\"reason\":\"nofollow\"");
    ck_assert_uint_gt(told, 500); /* as many as were kept, each once */
    for (size_t i = 0; i < told; i++) {
        char key[96];
        snprintf(key, sizeof key, "/a-link-that-nobody-is-to-follow/%zu\",\"effective_url\"", i);
        ck_assert_uint_eq(count_told(key), 1);
    }
}
END_TEST

static Suite *ends_suite(void)
{
    Suite *suite = suite_create("crawl_ends");
    TCase *robots = tcase_create("robots");
    tcase_add_checked_fixture(robots, set_up, tear_down);
    tcase_set_timeout(robots, 60);
    tcase_add_test(robots, robots_that_lead_to_a_host_without_an_address_close_the_site);
    tcase_add_test(robots, robots_that_lead_to_a_site_that_is_closed_already_close_the_site);
    tcase_add_test(robots, a_sitemap_that_robots_disallow_is_not_asked_for);
    suite_add_tcase(suite, robots);
    TCase *names = tcase_create("names");
    tcase_add_checked_fixture(names, set_up, tear_down);
    tcase_set_timeout(names, 60);
    tcase_add_test(names, a_host_without_an_address_fails_after_its_retries_and_the_others_go_on);
    tcase_add_test(names, a_host_without_an_address_fails_as_such_where_no_limit_asks_for_its_address);
    suite_add_tcase(suite, names);
    TCase *ends = tcase_create("ends");
    tcase_add_checked_fixture(ends, set_up, tear_down);
    tcase_set_timeout(ends, 60);
    tcase_add_test(ends, a_seed_that_comes_after_the_last_page_is_told);
    tcase_add_test(ends, an_interrupted_crawl_sleeps_until_its_end);
    tcase_add_test(ends, what_an_interrupted_crawl_put_off_is_told);
    tcase_add_test(ends, without_a_temporary_file_the_crawl_ends_and_all_is_told);
    suite_add_tcase(suite, ends);
    return suite;
}

int main(void)
{
    return cli_suite_main(ends_suite());
}
