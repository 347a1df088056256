/* `shoal crawl -O DIR --convert-links` from outside: a site is mirrored, its server is stopped, and a browser opens the
 * copy. Mirrors coordinator/crawl/mirror/mirror.c. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/command.h"
#include "tests/support/web.h"

#define BROWSER "/usr/bin/chromium"
#define BROWSER_MS 60000
#define SEEN_BYTES (1u << 16)

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

/* ---- the site ---- */

/* 3 by 2 grey pixels. */
static const unsigned char PNG[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00,
    0x00, 0x03, 0x00, 0x00, 0x00, 0x02, 0x08, 0x00, 0x00, 0x00, 0x00, 0xb8, 0x1f, 0x39, 0xc6, 0x00, 0x00, 0x00,
    0x0e, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x68, 0x68, 0x68, 0x60, 0x00, 0x62, 0x00, 0x0c, 0x08, 0x03,
    0x01, 0xd8, 0xc9, 0xf7, 0xf0, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};

/* Says of itself, in its own text, what of it loaded: "img ID WIDTH", "back ID WIDTH" of backgrounds, "href ID URL", "frame TEXT". */
#define REPORT \
    "<pre id=report></pre><script>\n" \
    "const say = t => report.textContent += t + '\\n';\n" \
    "addEventListener('message', e => say('frame ' + e.data + ';'));\n" \
    "addEventListener('load', async () => {\n" \
    "  for (const i of document.images) say('img ' + i.id + ' ' + (i.complete ? i.naturalWidth : -1) + ';');\n" \
    "  for (const e of document.querySelectorAll('[id^=back]')) {\n" \
    "    const u = getComputedStyle(e).backgroundImage.slice(5, -2), i = new Image();\n" \
    "    i.src = u; await i.decode().catch(() => 0); say('back ' + e.id + ' ' + i.naturalWidth + ';');\n" \
    "  }\n" \
    "  for (const a of document.links) say('href ' + a.id + ' ' + a.href + ';');\n" \
    "  say('color ' + getComputedStyle(document.body).color + ';');\n" \
    "});</script>\n"

static const char INDEX[] =
    "<!DOCTYPE html><title>site</title><link rel=stylesheet href='/style?v=1&amp;w'>\n"
    "<style>#back2 { background: url(\"img/two.png?a=1&b=2\") }</style>\n"
    "<img id=one src=\"img/one.png\"><img id=two src='/img/two.png?a=1&amp;b=2'>\n"
    "<img id=three src=img/without-ending>\n"
    "<img id=set srcset='/img/set-1.png 1x, /img/set%202.png?,x 2x'>\n"
    "<img id=drawing src=/drawing>\n"
    "<p id=back1>a<p id=back2>b<p id=back3>c\n"
    "<a id=query href=\"page?x=1&amp;y=%232#there\">q</a>\n"
    "<a id=query2 href='page?x=2'>q</a><a id=self href='#here'>s</a>\n"
    "<a id=moved href=/moved>m</a><a id=about href=/about>a</a><a id=about2 href=/about.html>a</a>\n"
    "<a id=based href=/based/>b</a><a id=odd href='/odd%23%3f%25/b%20c;d'>o</a>\n"
    "<a id=dir href=/dir>d</a><a id=below href=/dir/below>b</a>\n"
    "<a id=out href='//outside.invalid/x?a=1&amp;copy=2'>o</a>\n"
    "<a id=mail href=mailto:x@y>m</a>\n"
    "<iframe src=/frame></iframe>\n" REPORT;

static const char BASED[] = "<!DOCTYPE html><base href=/deep/dir/ target=_self><title>b</title>\n"
                            "<img id=one src=../../img/one.png><a id=other href=other>o</a>"
                            "<a id=here href=#x>h</a>\n" REPORT;

static const char STYLE[] = "@import '/more.css';\n#back1 { background: url( img/one.png ) }\n"
                            "body { color: rgb(1, 2, 3) }\n";

static void set(struct web_answer *answer, const char *type, const char *body)
{
    answer->type = type;
    answer->body = body;
}

static void serve_site(const struct web_request *request, struct web_answer *answer)
{
    const char *path = request->path;
    if (strcmp(path, "/robots.txt") == 0) {
        answer->status = 404;
    } else if (strcmp(path, "/") == 0) {
        set(answer, NULL, INDEX);
    } else if (strcmp(path, "/based/") == 0) {
        set(answer, NULL, BASED);
    } else if (strncmp(path, "/style", 6) == 0) {
        set(answer, "text/css", STYLE);
    } else if (strcmp(path, "/more.css") == 0) {
        set(answer, "text/css; charset=utf-8", "#back3 { background: url('/img/one.png#x') }");
    } else if (strncmp(path, "/img/", 5) == 0) {
        answer->type = "image/png";
        answer->body = (const char *)PNG;
        answer->body_bytes = sizeof PNG;
    } else if (strcmp(path, "/drawing") == 0) {
        set(answer, "image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg' width='7' height='5'><g/></svg>");
    } else if (strcmp(path, "/moved") == 0 || strcmp(path, "/moved-on") == 0) {
        answer->status = 302;
        answer->headers = path[6] == '\0' ? "Location: /moved-on\r\n" : "Location: /final?page\r\n";
    } else if (strcmp(path, "/frame") == 0) {
        set(answer, NULL, "<p>framed<script>parent.postMessage('framed', '*')</script>");
    } else {
        web_print("<title>%s</title><h1 id=there>%s</h1>", path, path);
    }
}

/* ---- the browser ---- */

static char seen[SEEN_BYTES]; /* what the page became, as markup */

static void start_browser(const char *profile, const char *url, int out)
{
    char data[CLI_PATH_BYTES + 32];
    snprintf(data, sizeof data, "--user-data-dir=%s", profile);
    int null = open("/dev/null", O_RDWR);
    setpgid(0, 0);
    setenv("HOME", profile, 1);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 2) < 0 || dup2(out, 1) < 0)
        _exit(126);
    execl(BROWSER, BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
          "--disable-extensions", "--disable-background-networking", "--virtual-time-budget=10000", data, "--dump-dom",
          url, (char *)NULL);
    _exit(127);
}

/* Opens the file, and leaves in seen what its script made of it. */
static void browse(const char *path)
{
    char profile[CLI_PATH_BYTES], url[2 * CLI_PATH_BYTES];
    snprintf(profile, sizeof profile, "%s", cli_path(&cli, "profile"));
    ck_assert(mkdir(profile, 0700) == 0 || access(profile, W_OK) == 0);
    snprintf(url, sizeof url, "file://%s", path);
    int out = open(cli_path(&cli, "dom"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(out, 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        start_browser(profile, url, out);
    setpgid(pid, pid);
    int pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
    ck_assert_int_ge(pid_fd, 0);
    int ended = poll(&(struct pollfd){.fd = pid_fd, .events = POLLIN}, 1, BROWSER_MS);
    kill(-pid, SIGKILL); /* all that it started */
    int status = 0;
    waitpid(pid, &status, 0);
    close(pid_fd);
    ck_assert_msg(ended == 1 && WIFEXITED(status) && WEXITSTATUS(status) == 0, "the browser failed: %x",
                  (unsigned)status);
    ssize_t bytes = pread(out, seen, sizeof seen - 1, 0);
    ck_assert_int_gt(bytes, 0);
    seen[bytes] = '\0';
    close(out);
}

static void expect_seen(const char *part)
{
    ck_assert_msg(strstr(seen, part) != NULL, "not \"%s\" in:\n%s", part, seen);
}

/* Where the link with this id leads. */
static const char *href_of(const char *id)
{
    static char href[1024];
    char key[64];
    snprintf(key, sizeof key, "\nhref %s ", id);
    const char *at = strstr(seen, key);
    ck_assert_msg(at != NULL, "no link %s in:\n%s", id, seen);
    at += strlen(key);
    size_t bytes = strcspn(at, ";\n");
    ck_assert_uint_lt(bytes, sizeof href);
    memcpy(href, at, bytes);
    href[bytes] = '\0';
    return href;
}

/* The link with this id leads to a file that is there, with this text in it, and this fragment. */
static void expect_leads(const char *id, const char *text, const char *fragment)
{
    char path[1024], body[4096];
    const char *href = href_of(id);
    size_t used = 0;
    ck_assert_msg(strncmp(href, "file:///", 8) == 0, "%s: %s", id, href);
    const char *end = href + strcspn(href, "?#");
    ck_assert_msg(strcmp(end, fragment) == 0, "%s: %s", id, href);
    for (const char *at = href + 7; at < end; at++) {
        unsigned byte = (unsigned char)*at;
        if (byte == '%') {
            ck_assert_int_eq(sscanf(at + 1, "%2x", &byte), 1);
            at += 2;
        }
        path[used++] = (char)byte;
    }
    path[used] = '\0';
    FILE *file = fopen(path, "re");
    ck_assert_msg(file != NULL, "%s: no file %s", id, path);
    body[fread(body, 1, sizeof body - 1, file)] = '\0';
    fclose(file);
    ck_assert_msg(strstr(body, text) != NULL, "%s: not \"%s\" in %s: %s", id, text, path, body);
}

/* ---- tests ---- */

static char seed[256];
static int port; /* of the site, also when its server is gone */

#define MIRROR(path, ...) \
    (snprintf(seed, sizeof seed, "%s%s", web.url, (path)), port = web.port, \
     CLI_RUN(&cli, "crawl", seed, "--per-host", "0", "--delay", "0", "-O", cli_path(&cli, "mirror"), \
             "--convert-links", ##__VA_ARGS__))

/* A file of the mirror of this host. */
static const char *mirrored(const char *name)
{
    char below[CLI_PATH_BYTES];
    snprintf(below, sizeof below, "mirror/127.0.0.1+%d/%s", port, name);
    return cli_path(&cli, below);
}

static bool has_browser(const char *test)
{
    bool is_there = access(BROWSER, X_OK) == 0;
    if (!is_there)
        printf("skipped: %s: no " BROWSER "\n", test);
    return is_there;
}

START_TEST(a_browser_shows_the_copy_when_the_server_is_gone)
{
    web_start(&web, serve_site, 1);
    ck_assert_int_eq(MIRROR("/", "--assets"), 0);
    ck_assert_msg(strstr(cli.err.text, "converted 1") != NULL, "%s", cli.err.text);
    web_stop(&web);
    if (!has_browser("a_browser_shows_the_copy_when_the_server_is_gone"))
        return;
    /* The frame is a process of its own, which the browser's virtual time does not wait for. */
    for (int tries = 0; tries < 5 && strstr(seen, "frame framed;") == NULL; tries++)
        browse(mirrored("index.html"));
    static const char *const SEEN[] = {"img one 3;",
                                       "img two 3;",
                                       "img three 3;",
                                       "img set 3;",
                                       "img drawing 7;",
                                       "back back1 3;",
                                       "back back2 3;",
                                       "back back3 3;",
                                       "frame framed;",
                                       "color rgb(1, 2, 3);",
                                       "href mail mailto:x@y;",
                                       "href out http://outside.invalid/x?a=1&amp;copy=2;"};
    for (size_t i = 0; i < sizeof SEEN / sizeof SEEN[0]; i++)
        expect_seen(SEEN[i]);
    expect_leads("query", "page?x=1&y=%232", "#there");
    expect_leads("query2", "page?x=2", "");
    expect_leads("self", "<title>site", "#here");
    expect_leads("moved", "/final?page", "");
    expect_leads("about", "<h1 id=there>/about<", "");
    expect_leads("about2", "<h1 id=there>/about.html<", "");
    expect_leads("based", "<title>b<", "");
    expect_leads("odd", "/odd%23", "");
    expect_leads("dir", "<h1 id=there>/dir<", "");
    expect_leads("below", "<h1 id=there>/dir/below<", "");
}
END_TEST

START_TEST(a_base_element_misleads_nobody_in_the_copy)
{
    web_start(&web, serve_site, 1);
    ck_assert_int_eq(MIRROR("/based/", "--assets"), 0);
    web_stop(&web);
    if (!has_browser("a_base_element_misleads_nobody_in_the_copy"))
        return;
    browse(mirrored("based/index.html"));
    expect_seen("img one 3;");
    expect_leads("other", "<h1 id=there>/deep/dir/other<", "");
    expect_leads("here", "<h1 id=there>/deep/dir/<", "#x");
}
END_TEST

START_TEST(what_is_not_saved_is_linked_to_where_it_is)
{
    web_start(&web, serve_site, 1);
    ck_assert_int_eq(MIRROR("/", "--max-pages", "1"), 0);
    FILE *file = fopen(mirrored("index.html"), "re");
    ck_assert_ptr_nonnull(file);
    seen[fread(seen, 1, sizeof seen - 1, file)] = '\0';
    fclose(file);
    char part[256];
    snprintf(part, sizeof part, "<img id=one src=\"%s/img/one.png\">", web.url);
    expect_seen(part);
    snprintf(part, sizeof part, "<a id=query href=\"%s/page?x=1&amp;y=%%232#there\">", web.url);
    expect_seen(part);
    snprintf(part, sizeof part, "url(\"%s/img/two.png?a=1&b=2\")", web.url);
    expect_seen(part);
    expect_seen("<a id=self href='#here'>");
    expect_seen("href='http://outside.invalid/x?a=1&amp;copy=2'");
}
END_TEST

START_TEST(a_second_run_into_the_same_directory_gives_the_same_names)
{
    struct stat at;
    web_start(&web, serve_site, 1);
    for (int round = 0; round < 2; round++) {
        ck_assert_int_eq(MIRROR("/based/"), 0);
        ck_assert_int_eq(stat(mirrored("deep/dir/other.html"), &at), 0);
        ck_assert_int_eq(stat(mirrored("deep/dir/index.html"), &at), 0);
    }
    CLI_RUN(&cli, "crawl", seed, "--per-host", "0", "--delay", "0", "-O", cli_path(&cli, "mirror"), "--convert-links",
            "-q");
    ck_assert_str_eq(cli.err.text, "");
}
END_TEST

static Suite *mirror_suite(void)
{
    Suite *suite = suite_create("mirror");
    TCase *cases = tcase_create("mirror");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_set_timeout(cases, 100);
    tcase_add_test(cases, a_browser_shows_the_copy_when_the_server_is_gone);
    tcase_add_test(cases, a_base_element_misleads_nobody_in_the_copy);
    tcase_add_test(cases, what_is_not_saved_is_linked_to_where_it_is);
    tcase_add_test(cases, a_second_run_into_the_same_directory_gives_the_same_names);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return cli_suite_main(mirror_suite());
}
