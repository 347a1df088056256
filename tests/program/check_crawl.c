/* The program from outside: `shoal crawl` over whole sites of tests/support/web.h: what is found, in what order, how often it is
 * asked for, and what is said of the rest. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/command.h"
#include "tests/support/web.h"

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

/* Crawls from the path, with what follows; politeness is for other tests. */
#define CRAWL(path, ...) \
    (snprintf(seed, sizeof seed, "%s%s", web.url, (path)), \
     CLI_RUN(&cli, "crawl", seed, "--per-host", "0", "--delay", "0", "--format", "jsonl", ##__VA_ARGS__))
static char seed[256];

/* The JSON line of the URL with this path; NULL: there is none. Fails when there are two. */
static const char *line_of(const char *path)
{
    char key[512];
    static char line[16384];
    snprintf(key, sizeof key, "{\"url\":\"%s%s\",", web.url, path);
    const char *at = strstr(cli.out.text, key);
    if (at == NULL)
        return NULL;
    ck_assert_msg(strstr(at + 1, key) == NULL, "%s is told twice", path);
    size_t bytes = strcspn(at, "\n");
    ck_assert_uint_lt(bytes, sizeof line);
    memcpy(line, at, bytes);
    line[bytes] = '\0';
    return line;
}

static void expect_part(const char *path, const char *part)
{
    const char *line = line_of(path);
    ck_assert_msg(line != NULL, "%s is not told in:\n%.3000s\n%.2000s", path, cli.out.text, cli.err.text);
    ck_assert_msg(strstr(line, part) != NULL, "no %s in %s", part, line);
}

static void expect_fetched(const char *path)
{
    expect_part(path, "\"skipped\":false");
    expect_part(path, "\"status\":200");
    ck_assert_uint_eq(web_asked(&web, NULL, path), 1);
}

static void expect_skipped(const char *path, const char *reason)
{
    char part[64];
    snprintf(part, sizeof part, "\"reason\":\"%s\"", reason);
    expect_part(path, "\"skipped\":true");
    expect_part(path, part);
    ck_assert_uint_eq(web_asked(&web, NULL, path), 0);
}

/* ---- what is found ---- */

static void serve_tree(const struct web_request *request, struct web_answer *answer)
{
    int node;
    if (sscanf(request->path, "/%d.html", &node) != 1 || node >= 500) {
        answer->status = 404;
        return;
    }
    web_print("<title>Node %d</title><a href='/0.html'>top</a>", node);
    for (int child = 2 * node + 1; child <= 2 * node + 2; child++)
        web_print("<a href=\"%d.html#x\">c</a><a href='./%d.html'>again</a>", child, child);
}

START_TEST(every_page_is_fetched_once_and_its_facts_are_told)
{
    web_start(&web, serve_tree, 1);
    ck_assert_int_eq(CRAWL("/0.html"), 1); /* the last links lead nowhere */
    for (int node = 0; node < 500; node++) {
        char path[32];
        snprintf(path, sizeof path, "/%d.html", node);
        expect_fetched(path);
    }
    expect_part("/499.html", "\"title\":\"Node 499\"");
    expect_part("/499.html", "\"depth\":8");
    expect_part("/499.html", "/249.html\""); /* its referrer */
    expect_part("/0.html", "\"reason\":\"seed\"");
    expect_part("/1.html", "\"reason\":\"link\"");
    expect_part("/600.html", "\"error\":\"http-status\"");
    ck_assert_uint_eq(web_asked(&web, NULL, "/robots.txt"), 1);
    ck_assert_uint_eq(web_asked(&web, NULL, NULL), 1001 + 1);
}
END_TEST

/* The fault point kills whoever passes it the 20th time, in every life: some hundred deaths. */
START_TEST(killing_workers_changes_nothing_in_what_is_found)
{
    web_start(&web, serve_tree, 1);
    setenv("FAULT", "publish.before_cas:20:kill", 1);
    ck_assert_int_eq(CRAWL("/0.html"), 1);
    unsetenv("FAULT");
    for (int node = 0; node < 1001; node++) {
        char path[32];
        snprintf(path, sizeof path, "/%d.html", node);
        expect_part(path, "\"skipped\":false");
        expect_part(path, node < 500 ? "\"status\":200" : "\"status\":404");
    }
    ck_assert_uint_eq(count_lines(cli.out.text), 1001);
    ck_assert_uint_gt(web_asked(&web, NULL, NULL), 1002); /* they did die */
}
END_TEST

static void serve_kinds(const struct web_request *request, struct web_answer *answer)
{
    if (strcmp(request->path, "/") == 0) {
        answer->headers = "Link: </next>; rel=next\r\n";
        web_print(
            "<link rel=canonical href=/><link rel=stylesheet href=/style.css><img src=/i.png srcset='/s1.png 1x, /s2.png 2x'>"
            "<iframe src=/frame></iframe><a rel=nofollow href=/no>no</a><form action=/form></form>"
            "<a href=//other.test:%d/x>o</a><a href='mailto:a@b'>m</a><a href='javascript:x()'>j</a>"
            "<a href='/moved'>moved</a><meta http-equiv=refresh content='9; url=/later'><script src=/s.js></script>"
            "<a href='/a/../b%%2fc?x=%%e4'>odd</a>",
            request->port);
    } else if (strcmp(request->path, "/moved") == 0) {
        answer->status = 301;
        answer->headers = "Location: /here\r\n";
    } else if (strcmp(request->path, "/robots.txt") == 0) {
        answer->status = 404;
    } else if (strcmp(request->path, "/style.css") == 0) {
        answer->type = "text/css";
        web_print("body { background: url( 'bg.png' ) }");
    } else {
        web_print("<p>%s", request->path);
    }
}

START_TEST(kinds_of_links_are_followed_or_told_why_not)
{
    web_start(&web, serve_kinds, 1);
    ck_assert_int_eq(CRAWL("/"), 0);
    expect_fetched("/");
    expect_fetched("/next");
    expect_fetched("/frame");
    expect_fetched("/later");
    expect_fetched("/here");
    expect_fetched("/b%2Fc?x=%E4");
    expect_part("/moved", "\"redirect_to\":");
    expect_part("/here", "\"reason\":\"redirect\"");
    expect_part("/here", "\"depth\":1");
    expect_skipped("/no", "nofollow");
    expect_skipped("/form", "kind");
    expect_skipped("/i.png", "kind");
    expect_skipped("/style.css", "kind");
    ck_assert_ptr_nonnull(strstr(cli.out.text, "\"reason\":\"scope\""));
}
END_TEST

START_TEST(assets_are_fetched_when_asked_for_and_those_of_styles_too)
{
    web_start(&web, serve_kinds, 1);
    ck_assert_int_eq(CRAWL("/", "--assets"), 0);
    static const char *const ASSETS[] = {"/i.png", "/s1.png", "/s2.png", "/style.css", "/bg.png", "/s.js"};
    for (size_t i = 0; i < sizeof ASSETS / sizeof ASSETS[0]; i++) {
        expect_fetched(ASSETS[i]);
        expect_part(ASSETS[i], "\"reason\":\"asset\"");
    }
}
END_TEST

START_TEST(depth_pages_and_patterns_bound_the_crawl)
{
    web_start(&web, serve_tree, 1);
    ck_assert_int_eq(CRAWL("/0.html", "--max-depth", "2"), 0);
    expect_fetched("/6.html");
    expect_skipped("/7.html", "depth");
    ck_assert_int_eq(CRAWL("/0.html", "--max-pages", "10"), 0);
    ck_assert_uint_eq(count_text(cli.out.text, "\"skipped\":false"), 10);
    ck_assert_uint_gt(count_text(cli.out.text, "\"reason\":\"max-pages\""), 0);
    ck_assert_int_eq(CRAWL("/0.html", "--exclude", "/[0-9]*[13579]\\.html$"), 1);
    ck_assert_ptr_nonnull(line_of("/6.html"));
    ck_assert_ptr_null(line_of("/3.html")); /* 1 leads there, and was not asked */
}
END_TEST

static void serve_seeds(const struct web_request *request, struct web_answer *answer)
{
    answer->delay_ms = 20;
    web_print("%s", request->path);
}

START_TEST(once_the_last_page_is_asked_for_the_rest_is_told)
{
    web_start(&web, serve_seeds, 40);
    for (unsigned i = 0; i < 40; i++) {
        char address[24];
        fprintf(cli_list(&cli), "http://%s:%d/\n", web_address(i, address), web.port);
    }
    ck_assert_int_eq(
        CLI_RUN(&cli, "crawl", "-i", cli_list_path(&cli), "--max-pages", "3", "-c", "4", "--format", "jsonl"), 0);
    ck_assert_uint_eq(count_text(cli.out.text, "\"skipped\":false"), 3);
    ck_assert_uint_eq(count_text(cli.out.text, "\"reason\":\"max-pages\""), 37);
    ck_assert_uint_le(web_asked(&web, NULL, NULL), 43);
}
END_TEST

/* ---- duplicates ---- */

static void serve_twins(const struct web_request *request, struct web_answer *answer)
{
    if (strcmp(request->path, "/robots.txt") == 0)
        answer->status = 404;
    else if (strcmp(request->path, "/") == 0)
        web_print("<a href=/a/><a href=/b/><a href=/c?sid=1>");
    else if (strncmp(request->path, "/c", 2) == 0)
        web_print("<link rel=canonical href=/c><a href='/from%s'>", request->path);
    else if (strncmp(request->path, "/from", 5) == 0)
        web_print("%s", request->path);
    else
        web_print("the same <a href=x>x</a>");
}

START_TEST(a_page_of_known_content_is_told_and_its_links_are_not_followed)
{
    web_start(&web, serve_twins, 1);
    ck_assert_int_eq(CRAWL("/"), 0);
    const char *a = line_of("/a/");
    ck_assert_ptr_nonnull(a);
    bool a_came_first = strstr(a, "\"duplicate_of\":null") != NULL;
    expect_part(a_came_first ? "/b/" : "/a/", a_came_first ? "/a/\"" : "/b/\"");
    ck_assert_uint_eq(web_asked(&web, NULL, "/a/x") + web_asked(&web, NULL, "/b/x"), 1);
    expect_part("/c?sid=1", "\"duplicate_of\":\"");
    expect_fetched("/c");
    ck_assert_uint_eq(web_asked(&web, NULL, "/from/c?sid=1"), 0);
    expect_fetched("/from/c");
}
END_TEST

/* ---- redirects ---- */

static void serve_redirects(const struct web_request *request, struct web_answer *answer)
{
    static char location[128];
    int hop;
    if (strcmp(request->path, "/robots.txt") == 0) {
        web_print("User-agent: *\nDisallow: /private\n");
        answer->type = "text/plain";
    } else if (strcmp(request->path, "/") == 0) {
        web_print("<a href=/loop1><a href=/hop/0><a href=/to-private><a href=/out>");
    } else {
        answer->status = 302;
        if (sscanf(request->path, "/hop/%d", &hop) == 1)
            snprintf(location, sizeof location, "Location: /hop/%d\r\n", hop + 1);
        else if (strcmp(request->path, "/to-private") == 0)
            snprintf(location, sizeof location, "Location: /private/x\r\n");
        else if (strcmp(request->path, "/out") == 0)
            snprintf(location, sizeof location, "Location: http://127.0.1.1:%d/\r\n", request->port);
        else
            snprintf(location, sizeof location, "Location: /%s\r\n", request->path[5] == '1' ? "loop2" : "loop1");
        answer->headers = location;
    }
}

START_TEST(redirects_go_through_scope_robots_and_their_own_limit)
{
    web_start(&web, serve_redirects, 2);
    ck_assert_int_eq(CRAWL("/", "--max-redirs", "5"), 0);
    ck_assert_uint_eq(web_asked(&web, NULL, "/loop1"), 1);
    ck_assert_uint_eq(web_asked(&web, NULL, "/loop2"), 1);
    expect_skipped("/private/x", "robots");
    expect_part("/private/x", "line 2: Disallow: /private");
    ck_assert_uint_eq(web_asked(&web, NULL, "/hop/5"), 1);
    expect_skipped("/hop/6", "redirects");
    ck_assert_uint_eq(web_treatment_of_address(&web, 1).requests, 0);
}
END_TEST

/* ---- seeds ---- */

START_TEST(a_seed_that_cannot_be_fetched_is_a_failure)
{
    web_start(&web, serve_redirects, 1);
    ck_assert_int_eq(CRAWL("/private/seed"), 1);
    expect_part("/private/seed", "\"error\":\"blocked-robots\"");
    ck_assert_int_eq(CLI_RUN(&cli, "crawl", "http://no-such-host.invalid/", "--retries", "0"), 1);
    ck_assert_ptr_nonnull(strstr(cli.err.text, "Failed http://no-such-host.invalid/: resolve"));
}
END_TEST

/* ---- what the user sees ---- */

START_TEST(text_output_counts_what_was_skipped)
{
    web_start(&web, serve_kinds, 1);
    snprintf(seed, sizeof seed, "%s/", web.url);
    ck_assert_int_eq(CLI_RUN(&cli, "crawl", seed, "--delay", "0"), 0);
    ck_assert_ptr_nonnull(strstr(cli.out.text, "Read "));
    ck_assert_ptr_nonnull(strstr(cli.err.text, "skipped"));
    ck_assert_ptr_nonnull(strstr(cli.err.text, "nofollow 1"));
}
END_TEST

START_TEST(a_url_is_explained)
{
    char no[128];
    char never[128];
    web_start(&web, serve_kinds, 1);
    snprintf(no, sizeof no, "%s/here", web.url);
    snprintf(never, sizeof never, "%s/never", web.url);
    ck_assert_int_eq(CRAWL("/", "-q", "--explain", no, "--explain", never), 0);
    ck_assert_uint_eq(count_text(cli.err.text, "Explained: "), 2);
    ck_assert_ptr_nonnull(strstr(cli.err.text, "  allowed: "));
    ck_assert_ptr_nonnull(strstr(cli.err.text, "a redirect of"));
    ck_assert_ptr_nonnull(strstr(cli.err.text, "fetched: HTTP 200"));
    ck_assert_ptr_nonnull(strstr(cli.err.text, "never seen"));
}
END_TEST

static Suite *crawl_suite(void)
{
    Suite *suite = suite_create("crawl");
    TCase *found = tcase_create("found");
    tcase_add_checked_fixture(found, set_up, tear_down);
    tcase_set_timeout(found, 60);
    tcase_add_test(found, every_page_is_fetched_once_and_its_facts_are_told);
    tcase_add_test(found, killing_workers_changes_nothing_in_what_is_found);
    tcase_add_test(found, kinds_of_links_are_followed_or_told_why_not);
    tcase_add_test(found, assets_are_fetched_when_asked_for_and_those_of_styles_too);
    tcase_add_test(found, depth_pages_and_patterns_bound_the_crawl);
    tcase_add_test(found, once_the_last_page_is_asked_for_the_rest_is_told);
    tcase_add_test(found, a_page_of_known_content_is_told_and_its_links_are_not_followed);
    tcase_add_test(found, redirects_go_through_scope_robots_and_their_own_limit);
    tcase_add_test(found, a_seed_that_cannot_be_fetched_is_a_failure);
    suite_add_tcase(suite, found);
    TCase *said = tcase_create("said");
    tcase_add_checked_fixture(said, set_up, tear_down);
    tcase_add_test(said, text_output_counts_what_was_skipped);
    tcase_add_test(said, a_url_is_explained);
    suite_add_tcase(suite, said);
    return suite;
}

int main(void)
{
    return cli_suite_main(crawl_suite());
}
