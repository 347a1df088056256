/* The program from outside: what `shoal crawl` keeps to whatever it meets: no credentials, no byte that a terminal
 * obeys, no private address that nobody named; and how it ends by a signal, by dead workers, by a full disk. */
#include <dirent.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/crawling.h"

static struct crawling crawling;
static char mounted[CLI_PATH_BYTES];

static void set_up(void)
{
    crawling_begin(&crawling);
}

static void tear_down(void)
{
    if (mounted[0] != '\0')
        umount2(mounted, MNT_DETACH);
    crawling_end(&crawling);
}

static bool is_path(const struct web_request *request, const char *path)
{
    return strcmp(request->path, path) == 0;
}

/* ---- requirements ---- */

static bool has_secret(const char *text)
{
    return strstr(text, "s3cret") != NULL || strstr(text, "pa55") != NULL;
}

/* 418 to whoever sends what a crawl has not to send: status of the log. */
static void serve_secrets(const struct web_request *request, struct web_answer *answer)
{
    static char headers[256];
    answer->headers = headers;
    snprintf(headers, sizeof headers, "Set-Cookie: id=pa55; Path=/\r\n");
    if (strcasestr(request->head, "\nauthorization:") != NULL || strcasestr(request->head, "\ncookie:") != NULL ||
        has_secret(request->head)) {
        answer->status = 418;
    } else if (is_path(request, "/robots.txt")) {
        web_print("Sitemap: http://joe:pa55@127.0.0.1:%d/map.txt\n", request->port);
    } else if (is_path(request, "/map.txt")) {
        web_print("http://joe:pa55@127.0.0.1:%d/listed\n", request->port);
    } else if (is_path(request, "/moved")) {
        answer->status = 302;
        snprintf(headers, sizeof headers, "Location: http://joe:pa55@127.0.0.1:%d/there\r\nSet-Cookie: id=pa55\r\n",
                 request->port);
    } else if (is_path(request, "/401")) {
        answer->status = 401;
        snprintf(headers, sizeof headers, "WWW-Authenticate: Basic realm=\"x\"\r\n");
    } else if (is_path(request, "/")) {
        web_print(
            "<link rel=canonical href='http://joe:pa55@127.0.0.1:%d/'><a href='http://joe:pa55@127.0.0.1:%d/linked'><a href=/moved>"
            "<a href=/401><a href='//joe:pa55@127.0.0.1:%d/no'><a href='http://joe:pa55@other.invalid/'>"
            "<a href='http:joe:pa55@/bad'><meta http-equiv=refresh content='1; url=http://joe:pa55@127.0.0.1:%d/later'>",
            request->port, request->port, request->port, request->port);
    } else {
        web_print("%s", request->path);
    }
}

static void write_netrc(void)
{
    static char home[CLI_PATH_BYTES + 8];
    snprintf(home, sizeof home, "HOME=%s", crawling.cli.directory);
    FILE *file = fopen(cli_path(&crawling.cli, ".netrc"), "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "machine 127.0.0.1 login me password s3cret\n");
    fclose(file);
    crawling.cli.environment[0] = home;
}

static void expect_no_secret(void)
{
    ck_assert_msg(!has_secret(crawling.cli.out.text), "it is in %.4000s", crawling.cli.out.text);
    ck_assert_msg(!has_secret(crawling.cli.err.text), "it is in %.4000s", crawling.cli.err.text);
    for (uint32_t i = 0; i < crawling.web.log->count; i++)
        ck_assert_int_ne(crawling.web.log->entries[i].status, 418);
}

/* Of a file that was saved. */
static int look_at_name(const char *path, const struct stat *about, int type, struct FTW *place)
{
    (void)about;
    (void)type;
    (void)place;
    return has_secret(path);
}

START_TEST(requirements_4_and_6_no_credentials_are_sent_or_shown)
{
    char seed[128];
    web_start(&crawling.web, serve_secrets, 1);
    write_netrc();
    snprintf(seed, sizeof seed, "http://me:s3cret@127.0.0.1:%d/", crawling.web.port);
    ck_assert_int_eq(CRAWL(&crawling, seed, "--links", "--explain", seed, "-O", cli_path(&crawling.cli, "saved"),
                           "--max-redirs", "5"),
                     1);
    static const char *const FETCHED[] = {"/", "/linked", "/there", "/later", "/no", "/listed"};
    for (size_t i = 0; i < sizeof FETCHED / sizeof FETCHED[0]; i++)
        crawling_expect_fetched(&crawling, FETCHED[i]);
    crawling_expect(&crawling, "/401", "\"error\":\"http-status\"");
    crawling_expect_said(&crawling, "without its user name and password");
    expect_no_secret();
    ck_assert_int_eq(nftw(cli_path(&crawling.cli, "saved"), look_at_name, 8, FTW_PHYS), 0);
    ck_assert_int_eq(CLI_RUN(&crawling.cli, "crawl", seed, "--delay", "0", "--links", "--progress=always"), 1);
    expect_no_secret();
    ck_assert_int_eq(CRAWL(&crawling, "/", "-H", "Authorization: Basic s3cret"), 2);
}
END_TEST

static void serve_escapes(const struct web_request *request, struct web_answer *answer)
{
    if (is_path(request, "/")) {
        answer->headers = "Content-Language: \x1b[31m\r\n";
        answer->type = "text/html; x=\x1b]0;owned\x07";
        web_print("%1500s", ""); /* only the beginning is looked at for what is no text */
        web_print(
            "<title>\x1b]8;;http://x/\x07link\x1b[2J%%n%%s \r\n \xe2\x80\xae bidi \xc2\x9b"
            "31m \xff</title>"
            "<a href='/\x1b[1m%%n?\xe2\x80\xae\xc2\x9b'>\x1b]52;c;aGk=\x07 text\r\n%%n</a><a href='/%%1b%%5d52'>x</a>"
            "<a href='/crash'>x</a><link rel=canonical href='/\x1b[1m'>");
    } else {
        answer->status = is_path(request, "/crash") ? 302 : 404;
        answer->headers = "Location: /\x1b[1m\xe2\x80\xae\r\n";
    }
}

START_TEST(requirement_7_titles_texts_types_and_urls_are_escaped)
{
    char seed[80];
    web_start(&crawling.web, serve_escapes, 1);
    snprintf(seed, sizeof seed, "%s/", crawling.web.url);
    CRAWL(&crawling, "/", "--links", "--explain", seed);
    crawling_expect_clean(&crawling);
    ck_assert_uint_eq(count_lines(crawling.cli.out.text), crawling_count(&crawling, "{\"url\":\"http://127.0.0.1:") -
                                                              crawling_count(&crawling, "\"kind\":"));
    crawling_expect(&crawling, "/", "\\u001b]8;;http://x/\\u0007link");
    CLI_RUN(&crawling.cli, "crawl", seed, "--delay", "0", "--links", "--progress=always");
    crawling_expect_clean(&crawling);
}
END_TEST

/* ---- private addresses ---- */

static void serve_private(const struct web_request *request, struct web_answer *answer)
{
    static char headers[128];
    if (is_path(request, "/robots.txt")) {
        answer->status = 404;
    } else if (is_path(request, "/")) {
        int port = request->port;
        web_print(
            "<a href=http://127.0.1.1:%d/x><a href=http://10.0.0.1:%d/><a href=http://169.254.169.254/latest/meta-data/>"
            "<a href='http://[::1]:%d/'><a href='http://[::ffff:127.0.1.1]:%d/'><a href=http://0x7f.0.1.1:%d/hex>"
            "<a href=http://2130706689:%d/number><a href=http://localhost:%d/><a href=/to>"
            "<img src=http://127.0.1.1:%d/i.png>",
            port, port, port, port, port, port, port, port);
    } else if (is_path(request, "/to")) {
        answer->status = 307;
        snprintf(headers, sizeof headers, "Location: http://127.0.1.1:%d/redirected\r\n", request->port);
        answer->headers = headers;
    } else {
        web_print("%s", request->path);
    }
}

START_TEST(row_3_links_from_a_named_host_lead_to_no_private_address)
{
    static const char *const REFUSED[] = {"127.0.1.1:%d/x",      "127.0.1.1:%d/hex",
                                          "127.0.1.1:%d/number", "127.0.1.1:%d/redirected",
                                          "127.0.1.1:%d/i.png",  "10.0.0.1:%d/",
                                          "[::1]:%d/",           "[::ffff:127.0.1.1]:%d/",
                                          "localhost:%d/",       "169.254.169.254/latest/meta-data/"};
    web_start(&crawling.web, serve_private, 2);
    for (int is_polite = 0; is_polite < 2; is_polite++) {
        const char *delay = is_polite ? "1ms" : "0";
        ck_assert_int_eq(CRAWL(&crawling, "/", "--scope", "any", "--retries", "0", "--assets", "--delay", delay), 1);
        for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
            char url[128] = "http://";
            const char *rest = strstr(REFUSED[i], "%d");
            if (rest != NULL)
                snprintf(url, sizeof url, "http://%.*s%d%s", (int)(rest - REFUSED[i]), REFUSED[i], crawling.web.port,
                         rest + 2);
            else
                snprintf(url, sizeof url, "http://%s", REFUSED[i]);
            crawling_expect(&crawling, url, "\"error\":\"blocked-private\"");
        }
        ck_assert_uint_eq(web_treatment_of_address(&crawling.web, 1).requests, 0);
    }
    ck_assert_int_eq(CRAWL(&crawling, "/", "--scope", "any", "--retries", "0", "--allow-private", "--exclude",
                           "10\\.0|169\\.254|::|localhost"),
                     0);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.1.1:%d/redirected", crawling.web.port);
    crawling_expect(&crawling, url, "\"status\":200");
}
END_TEST

/* ---- ends from outside ---- */

static void serve_slow(const struct web_request *request, struct web_answer *answer)
{
    if (is_path(request, "/robots.txt")) {
        answer->status = 404;
    } else if (is_path(request, "/")) {
        for (int i = 0; i < 60; i++)
            web_print("<a href=/%d>x</a>", i);
        web_print("<a rel=nofollow href=/no>x</a>");
    } else {
        answer->delay_ms = 100;
        web_print("%s", request->path);
    }
}

START_TEST(at_sigint_what_is_in_flight_finishes_and_every_url_that_was_seen_is_told)
{
    char seed[80];
    web_start(&crawling.web, serve_slow, 1);
    snprintf(seed, sizeof seed, "%s/", crawling.web.url);
    CLI_START(&crawling.cli, "crawl", seed, "--delay", "0", "--per-host", "2", "--format", "jsonl");
    cli_await_lines(&crawling.cli, &crawling.cli.out, 4);
    kill(crawling.cli.pid, SIGINT);
    ck_assert_int_eq(cli_wait(&crawling.cli), 130); /* and no process or shared memory is left */
    size_t fetched = crawling_count(&crawling, "\"status\":200");
    size_t stopped = crawling_count(&crawling, "\"reason\":\"stopped\"");
    size_t cancelled = crawling_count(&crawling, "\"error\":\"cancelled\"");
    ck_assert_uint_ge(fetched, 4);
    ck_assert_uint_gt(stopped, 20);
    ck_assert_uint_eq(fetched + stopped + cancelled, 61);
    ck_assert_uint_gt(crawling_count(&crawling, "SIGINT"), 0);
    for (int i = 0; i < 60; i++) {
        char path[16];
        snprintf(path, sizeof path, "/%d", i);
        ck_assert_ptr_nonnull(crawling_line(&crawling, path));
    }
}
END_TEST

START_TEST(workers_that_are_killed_cost_no_page)
{
    char seed[80];
    pid_t workers[CLI_WORKERS_MAX];
    web_start(&crawling.web, serve_slow, 1);
    snprintf(seed, sizeof seed, "%s/", crawling.web.url);
    CLI_START(&crawling.cli, "crawl", seed, "--delay", "0", "--per-host", "8", "--format", "jsonl", "-w", "2");
    for (size_t round = 0; round < 3; round++) {
        cli_await_lines(&crawling.cli, &crawling.cli.out, 4 + 12 * round);
        size_t count = cli_workers(&crawling.cli, workers);
        for (size_t i = 0; i < count; i++)
            kill(workers[i], SIGKILL);
    }
    ck_assert_int_eq(cli_wait(&crawling.cli), 0);
    ck_assert_uint_eq(crawling_count(&crawling, "\"status\":200"), 61);
    ck_assert_uint_eq(count_lines(crawling.cli.out.text), 62); /* and /no */
}
END_TEST

/* Links that are long, and have nothing in common. */
static void serve_much(const struct web_request *request, struct web_answer *answer)
{
    static uint64_t random = 88172645463325252;
    answer->status = is_path(request, "/robots.txt") ? 404 : 200;
    for (int i = 0; i < 100; i++) {
        web_print("<a href='/");
        for (int word = 0; word < 180; word++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            web_print("%016llx", (unsigned long long)random);
        }
        web_print("'>");
    }
}

/* A small file system of this test's own; false where that is not permitted. */
static bool mount_small(const char *options)
{
    snprintf(mounted, sizeof mounted, "%s", cli_path(&crawling.cli, "small"));
    if (mkdir(mounted, 0777) == 0 && unshare(CLONE_NEWNS) == 0 &&
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mount("tmpfs", mounted, "tmpfs", 0, options) == 0)
        return true;
    mounted[0] = '\0';
    return false;
}

static void crawl_into_full_disk(const char *format)
{
    char seed[80];
    snprintf(seed, sizeof seed, "%s/", crawling.web.url);
    int exit = CLI_RUN(&crawling.cli, "crawl", seed, "--delay", "0", "--per-host", "0", "--frontier-memory", "1M",
                       "--format", format);
    ck_assert_msg(exit == 3, "exit status %d: %.2000s", exit, crawling.cli.err.text);
    crawling_expect_said(&crawling, "the crawl cannot go on: ");
    crawling_expect_said(&crawling, mounted);
    ck_assert_uint_eq(count_text(crawling.cli.err.text, "shoal crawl: "), 1); /* and nobody blames the workers */
}

START_TEST(a_full_disk_under_the_frontier_ends_the_crawl_and_is_named)
{
    static char directory[CLI_PATH_BYTES + 8];
    if (!mount_small("size=512k")) {
        printf("skipped: a_full_disk_under_the_frontier_ends_the_crawl_and_is_named: no mount namespace\n");
        return;
    }
    web_start(&crawling.web, serve_much, 1);
    snprintf(directory, sizeof directory, "TMPDIR=%s", mounted);
    crawling.cli.environment[0] = directory;
    crawl_into_full_disk("text");
    crawl_into_full_disk("jsonl");
    DIR *left = opendir(mounted);
    ck_assert_ptr_nonnull(left);
    for (struct dirent *entry; (entry = readdir(left)) != NULL;)
        ck_assert_msg(entry->d_name[0] == '.', "%s is left", entry->d_name);
    closedir(left);
}
END_TEST

static TCase *new_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static Suite *crawl_requirements_suite(void)
{
    Suite *suite = suite_create("crawl_requirements");
    TCase *requirements = new_case(suite, "requirements");
    tcase_add_test(requirements, requirements_4_and_6_no_credentials_are_sent_or_shown);
    tcase_add_test(requirements, requirement_7_titles_texts_types_and_urls_are_escaped);
    tcase_add_test(requirements, row_3_links_from_a_named_host_lead_to_no_private_address);
    TCase *ends = new_case(suite, "ends");
    tcase_add_test(ends, at_sigint_what_is_in_flight_finishes_and_every_url_that_was_seen_is_told);
    tcase_add_test(ends, workers_that_are_killed_cost_no_page);
    tcase_add_test(ends, a_full_disk_under_the_frontier_ends_the_crawl_and_is_named);
    return suite;
}

int main(void)
{
    return cli_suite_main(crawl_requirements_suite());
}
