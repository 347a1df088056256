/* The program from outside: robots.txt as sites have it, rows 59 to 63 of the list of hostile input and RFC 9309: what is
 * asked for, what is not, and what is said of it. What a file's text means is check_robots.c's. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/crawling.h"

#define ROBOTS_KEPT (512u << 10) /* bytes of a robots.txt that count */
#define LONG_ROBOTS (50u << 20)

static struct crawling crawling;

static void set_up(void)
{
    crawling_begin(&crawling);
}

static void tear_down(void)
{
    crawling_end(&crawling);
}

static bool is_robots(const struct web_request *request)
{
    return strcmp(request->path, "/robots.txt") == 0;
}

/* ---- many hosts, each with a robots.txt of its own ---- */

/* One host of a test: NAME.test. */
struct host {
    const char *name;
    struct web_answer robots;
    const char *why; /* it is not asked for anything else, and this is said; NULL: it is */
};

static const struct host *hosts;
static size_t host_count;

static const struct host *host_of(const struct web_request *request)
{
    size_t bytes = strcspn(request->host, ".");
    for (size_t i = 0; i < host_count; i++) {
        if (strlen(hosts[i].name) == bytes && memcmp(hosts[i].name, request->host, bytes) == 0)
            return &hosts[i];
    }
    return NULL;
}

static void serve_hosts(const struct web_request *request, struct web_answer *answer)
{
    const struct host *host = host_of(request);
    if (is_robots(request) && host != NULL)
        *answer = host->robots;
    else
        web_print("<a href=/no>no</a> <a href=/yes>yes</a> %s%s", request->host, request->path);
}

static char url_text[256];

/* URL of a host's path; until the next call. */
static const char *url_of(const char *name, const char *path)
{
    snprintf(url_text, sizeof url_text, "http://%s.test:%d%s", name, crawling.web.port, path);
    return url_text;
}

/* Crawls all hosts, each from its own root. */
static int crawl_hosts(web_serve *serve, const struct host *all, size_t count, const char *const *more)
{
    static char seeds[32][sizeof url_text];
    static char names[32][128];
    const char *arguments[96] = {"--format", "jsonl"};
    size_t used = 2;
    hosts = all;
    host_count = count;
    web_start(&crawling.web, serve, 2);
    ck_assert_uint_le(count, 32);
    for (size_t i = 0; i < count; i++) {
        snprintf(seeds[i], sizeof seeds[i], "%s", url_of(all[i].name, "/"));
        arguments[used++] = "--resolve";
        snprintf(names[i], sizeof names[0], "%s.test:%d:127.0.0.1", all[i].name, crawling.web.port);
        arguments[used++] = names[i];
        if (i > 0)
            arguments[used++] = seeds[i];
    }
    while (*more != NULL)
        arguments[used++] = *more++;
    arguments[used] = NULL;
    return crawling_run(&crawling, seeds[0], arguments);
}
#define CRAWL_HOSTS(all, ...) \
    crawl_hosts(serve_hosts, all, sizeof(all) / sizeof(all)[0], (const char *const[]){__VA_ARGS__, NULL})

/* Whether the host was closed for the reason that its row names, or is open. */
static void expect_as_told(const struct host *host)
{
    char name[64];
    snprintf(name, sizeof name, "%s.test", host->name);
    const char *root = url_of(host->name, "/");
    if (host->why == NULL) {
        crawling_expect_fetched(&crawling, root);
        return;
    }
    crawling_expect(&crawling, root, "\"error\":\"blocked-robots\"");
    crawling_expect(&crawling, root, "\"reason\":\"robots\"");
    crawling_expect(&crawling, root, "\"rule\":\"robots.txt cannot be had: ");
    crawling_expect(&crawling, root, host->why);
    ck_assert_msg(web_asked(&crawling.web, name, "/") == 0, "%s is asked", name);
}

static void expect_all_as_told(const struct host *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_as_told(&all[i]);
}
#define EXPECT_ALL(all) expect_all_as_told(all, sizeof(all) / sizeof(all)[0])

/* ---- RFC 9309, 2.2: rules ---- */

static void serve_rules(const struct web_request *request, struct web_answer *answer)
{
    if (is_robots(request)) {
        answer->type = "text/plain";
        web_print(
            "User-agent: *\nDisallow: /\n\n"
            "User-agent: Shoal/1.0 (a crawler)\nUser-agent: another\nDisallow: /p\nAllow: /p/open\nDisallow: /*.pdf$\n"
            "Sitemap: http://elsewhere.invalid/\nDisallow: /tie\nAllow: /tie\nDisallow: /%%C3%%A4\nDisallow:\n\n"
            "User-agent: shoalx\nDisallow: /free\n\nuser-AGENT: SHOAL\ndisallow: /merged # all of it\n");
    } else {
        web_print(
            "<a href=/p/x><a href=/p/open/y><a href=/P/x><a href=/a.pdf><a href='/a.pdf?x'><a href=/tie/z><a href=/\xc3\xa4>"
            "<a href=/free/1><a href=/merged><a href=/p#f> %s",
            request->path);
    }
}

START_TEST(rfc_9309_2_2_the_longest_match_of_our_merged_groups_decides)
{
    web_start(&crawling.web, serve_rules, 1);
    ck_assert_int_eq(CRAWL(&crawling, "/"), 0);
    crawling_expect_fetched(&crawling, "/");
    crawling_expect_fetched(&crawling, "/p/open/y");
    crawling_expect_fetched(&crawling, "/P/x");
    crawling_expect_fetched(&crawling, "/a.pdf?x");
    crawling_expect_fetched(&crawling, "/tie/z");
    crawling_expect_fetched(&crawling, "/free/1");
    crawling_expect_skipped(&crawling, "/p/x", "robots", "\"rule\":\"robots.txt line 6: Disallow: /p\"");
    crawling_expect_skipped(&crawling, "/p", "robots", "\"rule\":\"robots.txt line 6: Disallow: /p\"");
    crawling_expect_skipped(&crawling, "/a.pdf", "robots", "\"rule\":\"robots.txt line 8: Disallow: /*.pdf$\"");
    crawling_expect_skipped(&crawling, "/%C3%A4", "robots", "\"rule\":\"robots.txt line 12: Disallow: /%C3%A4\"");
    crawling_expect_skipped(&crawling, "/merged", "robots", "\"rule\":\"robots.txt line 19: disallow: /merged\"");
}
END_TEST

START_TEST(robots_txt_is_asked_for_once_and_not_at_all_with_ignore_robots)
{
    web_start(&crawling.web, serve_rules, 1);
    ck_assert_int_eq(CRAWL(&crawling, "/"), 0);
    ck_assert_uint_eq(web_asked(&crawling.web, NULL, "/robots.txt"), 1);
    ck_assert_int_eq(CRAWL(&crawling, "/", "--ignore-robots"), 0);
    ck_assert_uint_eq(web_asked(&crawling.web, NULL, "/robots.txt"), 1);
    crawling_expect_fetched(&crawling, "/merged");
}
END_TEST

START_TEST(a_seed_that_robots_txt_forbids_is_a_failure_with_its_line)
{
    web_start(&crawling.web, serve_rules, 1);
    ck_assert_int_eq(CRAWL(&crawling, "/merged"), 1);
    crawling_expect(&crawling, "/merged",
                    "\"error\":\"blocked-robots\",\"detail\":\"robots.txt line 19: disallow: /merged\"");
    crawling_expect(&crawling, "/merged", "\"reason\":\"robots\"");
    crawling_expect(&crawling, "/merged", "\"skipped\":false");
    ck_assert_uint_eq(web_asked(&crawling.web, NULL, "/merged"), 0);
    char seed[128];
    snprintf(seed, sizeof seed, "%s/merged", crawling.web.url);
    ck_assert_int_eq(CLI_RUN(&crawling.cli, "crawl", seed, "--delay", "0"), 1);
    crawling_expect_said(&crawling, "/merged: blocked-robots: robots.txt line 19: disallow: /merged\n");
    crawling_expect_said(&crawling, "1 failed: blocked-robots 1\n");
}
END_TEST

/* ---- 2.3.1: what the answer means ---- */

START_TEST(rfc_9309_2_3_1_3_there_is_none_and_all_is_allowed)
{
    static const struct host HOSTS[] = {
        {"s404", {.status = 404, .body = "User-agent: *\nDisallow: /"}, NULL},
        {"s401", {.status = 401}, NULL},
        {"s403", {.status = 403, .body = "Disallow: /"}, NULL},
        {"s410", {.status = 410}, NULL},
        {"s451", {.status = 451}, NULL},
        {"s204", {.status = 204}, NULL},
        {"empty", {.status = 200}, NULL},
        {"nothing", {.status = 200, .body = "nothing of use\n"}, NULL},
    };
    ck_assert_int_eq(CRAWL_HOSTS(HOSTS, "--retries", "0"), 0);
    EXPECT_ALL(HOSTS);
    ck_assert_uint_eq(crawling_count(&crawling, "\"skipped\":true"), 0);
}
END_TEST

START_TEST(row_60_no_answer_and_5xx_and_429_close_the_site)
{
    static const struct host HOSTS[] = {
        {"s500", {.status = 500, .body = "User-agent: *\nAllow: /"}, "500"},
        {"s503", {.status = 503}, "503"},
        {"s599", {.status = 599}, "599"},
        {"s429", {.status = 429}, "429"},
        {"cut", {.is_cut = 1}, "reset"},
        {"half", {.body = "User-agent: *\nAllow: /\n", .cut_after = 10}, "reset"},
        {"silent", {.delay_ms = 60000}, "timeout"},
        {"open", {.status = 404}, NULL},
    };
    ck_assert_int_eq(CRAWL_HOSTS(HOSTS, "--retries", "0", "--max-time", "1s"), 1);
    EXPECT_ALL(HOSTS);
    for (size_t i = 0; i + 1 < sizeof HOSTS / sizeof HOSTS[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.test", HOSTS[i].name);
        ck_assert_msg(web_asked(&crawling.web, name, NULL) == 1, "%s is asked %u times", name,
                      web_asked(&crawling.web, name, NULL));
    }
}
END_TEST

START_TEST(row_60_a_site_without_an_address_is_closed)
{
    web_start(&crawling.web, serve_hosts, 1);
    ck_assert_int_eq(CRAWL(&crawling, "http://no-such-host.invalid/x", "--retries", "0"), 1);
    crawling_expect(&crawling, "http://no-such-host.invalid/x", "resolve");
    crawling_expect(&crawling, "http://no-such-host.invalid/x", "\"status\":null");
    ck_assert_int_eq(CRAWL(&crawling, "http://127.0.1.77:1/x", "--retries", "0"), 1);
    crawling_expect(&crawling, "http://127.0.1.77:1/x", "\"error\":\"blocked-robots\"");
    crawling_expect(&crawling, "http://127.0.1.77:1/x", "connect");
}
END_TEST

/* Of links that lead to such a site it is said too, and they are no failures. */
static void serve_two_sites(const struct web_request *request, struct web_answer *answer)
{
    if (is_robots(request))
        answer->status = strcmp(request->host, "b.test") == 0 ? 503 : 404;
    else
        web_print("<a href=http://b.test:%d/1><a href=http://b.test:%d/2>", request->port, request->port);
}

START_TEST(row_60_links_to_a_closed_site_are_skipped_with_the_reason)
{
    web_start(&crawling.web, serve_two_sites, 1);
    const char *b = crawling_name(&crawling, "b.test", 0);
    ck_assert_int_eq(CRAWL(&crawling, "/", "--scope", "any", "--resolve", b, "--retries", "0", "--sitemaps", "always"),
                     0);
    crawling_expect_skipped(&crawling, url_of("b", "/1"), "robots", "robots.txt cannot be had: ");
    crawling_expect_skipped(&crawling, url_of("b", "/2"), "robots", "503");
    ck_assert_uint_eq(web_asked(&crawling.web, "b.test", NULL), 1); /* no sitemap either */
    ck_assert_uint_eq(web_asked(&crawling.web, "127.0.0.1", "/sitemap.xml"), 1);
}
END_TEST

static void serve_second_time(const struct web_request *request, struct web_answer *answer)
{
    if (!is_robots(request)) {
        web_print("%s", request->path);
    } else if (request->asked == 0) {
        answer->status = strcmp(request->host, "s429.test") == 0 ? 429 : 500;
        answer->is_cut = strcmp(request->host, "cut.test") == 0;
    } else {
        web_print("User-agent: *\nDisallow: /no");
    }
}

START_TEST(row_60_robots_txt_is_tried_again_before_the_site_is_closed)
{
    static const struct host HOSTS[] = {{.name = "s429"}, {.name = "s500"}, {.name = "cut"}};
    ck_assert_int_eq(crawl_hosts(serve_second_time, HOSTS, 3, (const char *const[]){"--retries", "1", NULL}), 0);
    EXPECT_ALL(HOSTS);
    for (size_t i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.test", HOSTS[i].name);
        ck_assert_uint_eq(web_asked(&crawling.web, name, "/robots.txt"), 2);
    }
}
END_TEST

/* ---- redirects ---- */

static void serve_redirects(const struct web_request *request, struct web_answer *answer)
{
    static char location[128];
    int hop = 0;
    int is_hop = sscanf(request->path, "/hop/%d", &hop) == 1;
    if (!is_robots(request) && !is_hop && strcmp(request->path, "/rules") != 0) {
        web_print("<a href=/no>no</a> <a href=/yes>yes</a> %s%s", request->host, request->path);
        return;
    }
    int last = strcmp(request->host, "five.test") == 0 ? 5 : strcmp(request->host, "six.test") == 0 ? 6 : 0;
    answer->status = 301;
    answer->headers = location;
    if (hop < last)
        snprintf(location, sizeof location, "Location: /hop/%d\r\n", hop + 1);
    else if (strcmp(request->host, "loop.test") == 0)
        snprintf(location, sizeof location, "Location: /robots.txt\r\n");
    else if (strcmp(request->host, "cross.test") == 0)
        snprintf(location, sizeof location, "Location: http://other.test:%d/rules\r\n", request->port);
    else if (strcmp(request->host, "ftp.test") == 0)
        snprintf(location, sizeof location, "Location: ftp://127.0.0.1/robots.txt\r\n");
    else if (strcmp(request->host, "private.test") == 0)
        snprintf(location, sizeof location, "Location: http://127.0.1.1:%d/robots.txt\r\n", request->port);
    else if (strcmp(request->host, "nowhere.test") == 0)
        location[0] = '\0';
    else if (is_robots(request) && strcmp(request->host, "other.test") == 0)
        answer->status = 404;
    else {
        answer->status = 200;
        web_print("User-agent: *\nDisallow: /no\n");
    }
}

START_TEST(row_61_five_redirects_are_followed_and_more_and_refused_ones_close)
{
    static const struct host HOSTS[] = {
        {"five", {0}, NULL},
        {"six", {0}, "more than 5 redirects"},
        {"loop", {0}, "redirects"},
        {"cross", {0}, NULL},
        {"other", {0}, NULL},
        {"ftp", {0}, "redirects to what cannot be asked for"},
        {"private", {0}, "blocked-private"},
        {"nowhere", {0}, "redirects to what cannot be asked for"},
    };
    int64_t began_ms = now_ms();
    ck_assert_int_eq(crawl_hosts(serve_redirects, HOSTS, 8, (const char *const[]){"--retries", "5", NULL}), 1);
    ck_assert_int_lt(now_ms() - began_ms, 10000); /* a refused address is not tried again: that would take 31 s */
    EXPECT_ALL(HOSTS);
    crawling_expect_skipped(&crawling, url_of("five", "/no"), "robots", "robots.txt line 2: Disallow: /no");
    crawling_expect_fetched(&crawling, url_of("five", "/yes"));
    crawling_expect_skipped(&crawling, url_of("cross", "/no"), "robots", "robots.txt line 2: Disallow: /no");
    crawling_expect_fetched(&crawling, url_of("other", "/no")); /* the rules are cross.test's */
    ck_assert_uint_eq(web_asked(&crawling.web, "other.test", "/robots.txt"), 1);
    ck_assert_uint_eq(web_asked(&crawling.web, "six.test", "/hop/5"), 1);
    ck_assert_uint_eq(web_asked(&crawling.web, "six.test", "/hop/6"), 0);
    ck_assert_uint_eq(web_treatment_of_address(&crawling.web, 1).requests, 0);
}
END_TEST

/* The rules hold for where a page redirects, here and elsewhere. */
static void serve_moved(const struct web_request *request, struct web_answer *answer)
{
    static char location[128];
    if (is_robots(request)) {
        web_print("User-agent: *\nDisallow: /private\n");
    } else if (strcmp(request->path, "/") == 0) {
        web_print("<a href=/here><a href=/there><img src=/private/i.png><img src=/public.png>");
    } else {
        answer->status = 302;
        snprintf(location, sizeof location, "Location: http://%s:%d/private/%s\r\n",
                 strcmp(request->path, "/here") == 0 ? "127.0.0.1" : "b.test", request->port, request->path + 1);
        answer->headers = location;
    }
}

START_TEST(rules_hold_for_redirects_and_assets)
{
    web_start(&crawling.web, serve_moved, 1);
    const char *b = crawling_name(&crawling, "b.test", 0);
    ck_assert_int_eq(CRAWL(&crawling, "/", "--scope", "any", "--resolve", b, "--assets"), 0);
    crawling_expect_skipped(&crawling, "/private/here", "robots", "line 2: Disallow: /private");
    crawling_expect_skipped(&crawling, url_of("b", "/private/there"), "robots", "line 2: Disallow: /private");
    crawling_expect_skipped(&crawling, "/private/i.png", "robots", "line 2: Disallow: /private");
    crawling_expect(&crawling, "/public.png", "\"status\":302");
}
END_TEST

/* ---- the file itself ---- */

static void serve_long(const struct web_request *request, struct web_answer *answer)
{
    static const char FIRST[] = "User-agent: *\nDisallow: /first\n";
    static const char BROKEN[] = "\nDisallow: /broken/deep\nDisallow: /late\n";
    static char *text;
    if (!is_robots(request)) {
        web_print("<a href=/first><a href=/because><a href=/b><a href=/broken/deep><a href=/late> %s", request->path);
        return;
    }
    if (text == NULL) {
        text = malloc(LONG_ROBOTS);
        memset(text, '#', LONG_ROBOTS);
        memcpy(text, FIRST, sizeof FIRST - 1);
        memcpy(text + ROBOTS_KEPT - strlen("\nDisallow: /b"), BROKEN, sizeof BROKEN - 1); /* cut behind the b */
    }
    answer->type = "text/plain";
    answer->body = text;
    answer->body_bytes = LONG_ROBOTS;
}

START_TEST(row_59_of_50_mib_512_kib_count_and_the_broken_last_line_does_not)
{
    web_start(&crawling.web, serve_long, 1);
    ck_assert_int_eq(CRAWL(&crawling, "/"), 0);
    crawling_expect_skipped(&crawling, "/first", "robots", "line 2: Disallow: /first");
    crawling_expect_fetched(&crawling, "/because");
    crawling_expect_fetched(&crawling, "/b");
    crawling_expect_fetched(&crawling, "/broken/deep");
    crawling_expect_fetched(&crawling, "/late");
    crawling_expect_said(&crawling, "/robots.txt: longer than is read: 1 rules kept");
}
END_TEST

static void serve_odd(const struct web_request *request, struct web_answer *answer)
{
    static const char RULES[] = "User-agent: *\nDisallow: /no\n";
    static char text[256];
    if (!is_robots(request)) {
        serve_hosts(request, answer);
        return;
    }
    answer->body = text;
    memset(text, 0, sizeof text);
    if (strcmp(request->host, "html.test") == 0) {
        answer->body_bytes = (size_t)snprintf(
            text, sizeof text, "<!doctype html><title>x</title><pre>\n%s</pre>\n<p>Disallow: /\n", RULES);
    } else if (strcmp(request->host, "binary.test") == 0) {
        memcpy(text, "\x7f\x45LF\0\1\2\xff\xfe\r\n", 11);
        memcpy(text + 11, RULES, sizeof RULES);
        memcpy(text + 10 + sizeof RULES, "\0Disallow: /\0\n", 14);
        answer->body_bytes = 24 + sizeof RULES;
        answer->type = "application/octet-stream";
    } else if (strcmp(request->host, "bom.test") == 0) {
        answer->body_bytes = (size_t)snprintf(text, sizeof text, "\xef\xbb\xbf%s", RULES);
    } else {
        bool is_le = strcmp(request->host, "utf16le.test") == 0;
        memcpy(text, is_le ? "\xff\xfe" : "\xfe\xff", 2);
        for (size_t i = 0; i < sizeof RULES - 1; i++)
            text[2 + 2 * i + !is_le] = RULES[i];
        answer->body_bytes = 2 * sizeof RULES;
        answer->type = "text/plain; charset=utf-16";
    }
}

START_TEST(row_62_of_html_binary_bom_and_utf_16_the_lines_that_can_be_read_count)
{
    static const struct host HOSTS[] = {
        {.name = "html"}, {.name = "binary"}, {.name = "bom"}, {.name = "utf16le"}, {.name = "utf16be"}};
    ck_assert_int_eq(crawl_hosts(serve_odd, HOSTS, 5, (const char *const[]){"--retries", "0", NULL}), 0);
    EXPECT_ALL(HOSTS);
    for (size_t i = 0; i < sizeof HOSTS / sizeof HOSTS[0]; i++) {
        crawling_expect_skipped(&crawling, url_of(HOSTS[i].name, "/no"), "robots", "Disallow: /no\"");
        crawling_expect_fetched(&crawling, url_of(HOSTS[i].name, "/yes"));
    }
}
END_TEST

/* What a rule says goes out escaped (requirement 7): one record is one line, and no terminal obeys it. */
static void serve_evil_rule(const struct web_request *request, struct web_answer *answer)
{
    if (is_robots(request)) {
        answer->type = "text/plain";
        web_print("User-agent: *\nDisallow: /evil*\x1b]52;c;x\x07%%n\xe2\x80\xae\xff\n");
    } else {
        web_print("<a href='/evil/%%1b]52;c;x%%07%%25n%%e2%%80%%ae%%ff'>");
    }
}

START_TEST(requirement_7_the_text_of_a_rule_is_escaped)
{
    web_start(&crawling.web, serve_evil_rule, 1);
    ck_assert_int_eq(CRAWL(&crawling, "/"), 0);
    ck_assert_uint_eq(crawling_count(&crawling, "\"reason\":\"robots\""), 1);
    ck_assert_uint_eq(count_lines(crawling.cli.out.text), 2);
    crawling_expect_clean(&crawling);
}
END_TEST

/* ---- Crawl-delay ---- */

START_TEST(row_63_crawl_delay_99999_skips_the_host_and_it_is_said)
{
    static const struct host HOSTS[] = {{"slow", {.body = "User-agent: *\nCrawl-delay: 99999\n"}, NULL},
                                        {"other", {.status = 404}, NULL}};
    ck_assert_int_eq(CRAWL_HOSTS(HOSTS, "--retries", "0"), 1);
    expect_as_told(&HOSTS[1]);
    crawling_expect(&crawling, url_of("slow", "/"), "\"reason\":\"host-held\"");
    ck_assert_uint_eq(web_asked(&crawling.web, "slow.test", NULL), 1);
    crawling_expect_said(&crawling, "slow.test asks for 99999 s between requests (Crawl-delay)");
}
END_TEST

START_TEST(row_63_a_crawl_delay_below_the_cap_is_obeyed)
{
    static const struct host HOSTS[] = {{"calm", {.body = "User-agent: *\nCrawl-delay: 0.3\n"}, NULL}};
    ck_assert_int_eq(CRAWL_HOSTS(HOSTS, "--retries", "0"), 0);
    expect_as_told(&HOSTS[0]);
    crawling_expect_fetched(&crawling, url_of("calm", "/yes"));
    struct web_treatment calm = web_treatment_of_host(&crawling.web, "calm.test");
    ck_assert_uint_eq(calm.requests, 4);
    ck_assert_uint_eq(calm.in_flight_max, 1);
    ck_assert_int_ge(calm.gap_min_ns, 200000000); /* of 300; a busy server may see the first late */
}
END_TEST

/* ---- Sitemap lines ---- */

static void serve_listed(const struct web_request *request, struct web_answer *answer)
{
    if (is_robots(request)) {
        web_print("Sitemap: http://%s:%d/map.xml\nUser-agent: *\nSitemap: /relative.txt\nDisallow: /no\n",
                  request->host, request->port);
    } else if (strcmp(request->path, "/map.xml") == 0) {
        answer->type = "application/xml";
        web_print("<urlset><url><loc>http://%s:%d/listed</loc></url><url><loc>http://%s:%d/no</loc></url></urlset>",
                  request->host, request->port, request->host, request->port);
    } else if (strcmp(request->path, "/relative.txt") == 0) {
        answer->type = "text/plain";
        web_print("http://%s:%d/line\n", request->host, request->port);
    } else if (strcmp(request->path, "/sitemap.xml") == 0) {
        answer->status = 404;
    } else {
        web_print("%s", request->path);
    }
}

START_TEST(sitemap_lines_are_read_and_what_they_list_obeys_the_rules)
{
    web_start(&crawling.web, serve_listed, 1);
    ck_assert_int_eq(CRAWL(&crawling, "/", "--sitemaps", "never"), 0);
    crawling_expect_unknown(&crawling, "/listed");
    ck_assert_uint_eq(web_asked(&crawling.web, NULL, "/map.xml"), 0);
    ck_assert_int_eq(CRAWL(&crawling, "/x"), 0);
    crawling_expect_fetched(&crawling, "/listed");
    crawling_expect(&crawling, "/listed", "\"reason\":\"sitemap\"");
    crawling_expect_fetched(&crawling, "/line");
    crawling_expect_skipped(&crawling, "/no", "robots", "line 4: Disallow: /no");
    ck_assert_uint_eq(web_asked(&crawling.web, NULL, "/sitemap.xml"), 0);
    ck_assert_int_eq(CRAWL(&crawling, "/y", "--sitemaps", "always"), 0);
    ck_assert_uint_eq(web_asked(&crawling.web, NULL, "/sitemap.xml"), 1);
}
END_TEST

/* ---- what pages say themselves ---- */

static void serve_nofollow(const struct web_request *request, struct web_answer *answer)
{
    if (is_robots(request))
        answer->status = 404;
    else if (strcmp(request->path, "/") == 0)
        web_print(
            "<a rel=nofollow href=/rel><a rel='noopener NoFollow' href=/rel2><a rel=ugc href=/ugc><a href=/meta><a href=/head>"
            "<a href=/named><a href=/none><a rel=nofollow href=/both><a href=/both>");
    else if (strcmp(request->path, "/meta") == 0)
        web_print("<meta name=Robots content='NOINDEX, nofollow'><a href=/from-meta>");
    else if (strcmp(request->path, "/head") == 0) {
        answer->headers = "X-Robots-Tag: noindex\r\nX-Robots-Tag: nofollow\r\n";
        web_print("<a href=/from-head>");
    } else if (strcmp(request->path, "/named") == 0) {
        answer->headers = "X-Robots-Tag: otherbot: nofollow\r\n";
        web_print("<a href=/from-named>");
    } else if (strcmp(request->path, "/none") == 0) {
        answer->headers = "X-Robots-Tag: none\r\n";
        web_print("<a href=/from-none>");
    } else
        web_print("%s", request->path);
}

START_TEST(nofollow_of_rel_meta_and_header_is_obeyed_and_said)
{
    web_start(&crawling.web, serve_nofollow, 1);
    ck_assert_int_eq(CRAWL(&crawling, "/"), 0);
    static const char *const NOT_FOLLOWED[] = {"/rel", "/rel2", "/from-meta", "/from-head", "/from-none"};
    static const char *const FETCHED[] = {"/ugc", "/meta", "/head", "/named", "/none", "/both", "/from-named"};
    for (size_t i = 0; i < sizeof NOT_FOLLOWED / sizeof NOT_FOLLOWED[0]; i++)
        crawling_expect_skipped(&crawling, NOT_FOLLOWED[i], "nofollow", "nofollow");
    for (size_t i = 0; i < sizeof FETCHED / sizeof FETCHED[0]; i++)
        crawling_expect_fetched(&crawling, FETCHED[i]);
    crawling_expect(&crawling, "/meta", "\"rule\":\"noindex\"");
    crawling_expect(&crawling, "/head", "\"rule\":\"noindex\"");
    crawling_expect(&crawling, "/none", "\"rule\":\"noindex\"");
    crawling_expect(&crawling, "/named", "\"rule\":null");
    ck_assert_int_eq(CRAWL(&crawling, "/", "--ignore-nofollow"), 0);
    for (size_t i = 0; i < sizeof NOT_FOLLOWED / sizeof NOT_FOLLOWED[0]; i++)
        crawling_expect_fetched(&crawling, NOT_FOLLOWED[i]);
}
END_TEST

static Suite *crawl_robots_suite(void)
{
    Suite *suite = suite_create("crawl_robots");
    TCase *rules = tcase_create("rules");
    tcase_add_checked_fixture(rules, set_up, tear_down);
    tcase_set_timeout(rules, 60);
    tcase_add_test(rules, rfc_9309_2_2_the_longest_match_of_our_merged_groups_decides);
    tcase_add_test(rules, robots_txt_is_asked_for_once_and_not_at_all_with_ignore_robots);
    tcase_add_test(rules, a_seed_that_robots_txt_forbids_is_a_failure_with_its_line);
    tcase_add_test(rules, rules_hold_for_redirects_and_assets);
    tcase_add_test(rules, sitemap_lines_are_read_and_what_they_list_obeys_the_rules);
    tcase_add_test(rules, nofollow_of_rel_meta_and_header_is_obeyed_and_said);
    suite_add_tcase(suite, rules);
    TCase *answers = tcase_create("answers");
    tcase_add_checked_fixture(answers, set_up, tear_down);
    tcase_set_timeout(answers, 60);
    tcase_add_test(answers, rfc_9309_2_3_1_3_there_is_none_and_all_is_allowed);
    tcase_add_test(answers, row_60_no_answer_and_5xx_and_429_close_the_site);
    tcase_add_test(answers, row_60_a_site_without_an_address_is_closed);
    tcase_add_test(answers, row_60_links_to_a_closed_site_are_skipped_with_the_reason);
    tcase_add_test(answers, row_60_robots_txt_is_tried_again_before_the_site_is_closed);
    tcase_add_test(answers, row_61_five_redirects_are_followed_and_more_and_refused_ones_close);
    tcase_add_test(answers, row_59_of_50_mib_512_kib_count_and_the_broken_last_line_does_not);
    tcase_add_test(answers, row_62_of_html_binary_bom_and_utf_16_the_lines_that_can_be_read_count);
    tcase_add_test(answers, requirement_7_the_text_of_a_rule_is_escaped);
    tcase_add_test(answers, row_63_crawl_delay_99999_skips_the_host_and_it_is_said);
    tcase_add_test(answers, row_63_a_crawl_delay_below_the_cap_is_obeyed);
    suite_add_tcase(suite, answers);
    return suite;
}

int main(void)
{
    return cli_suite_main(crawl_robots_suite());
}
