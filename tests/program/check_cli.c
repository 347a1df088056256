/* The program from outside: what it prints, how it exits, and what each option does. What it reads is in
 * check_cli_input.c, where it writes in check_cli_output.c, when it starts what in check_cli_policy.c, and how it bears
 * signals and deaths in check_cli_signals.c and check_cli_crash.c. */
#include <errno.h>
#include <locale.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/origin/body.h"
#include "tests/support/command.h"
#include "tests/support/record.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct cli cli;
static struct record record;

static void set_up(void)
{
    cli_begin_with_delay(&cli, 30);
}

static void tear_down(void)
{
    cli_end(&cli);
}

/* The origin's path as a URL; valid until the eighth call after it. */
__attribute__((format(printf, 1, 2))) static const char *url_of(const char *format, ...)
{
    static char urls[8][512];
    static unsigned next;
    char path[400];
    char *url = urls[next++ % 8];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path, sizeof path, format, arguments);
    va_end(arguments);
    snprintf(url, sizeof urls[0], "%s%s", cli.url, path);
    return url;
}

static void expect_text(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in:\n%.2000s", part, text);
}

/* ---- text ---- */

/* The one digest of how it has to look. */
static void expect_wiki_lines(const char *out)
{
    ck_assert_uint_eq(count_lines(out), WIKI_PAGE_COUNT);
    size_t bytes = 0;
    for (size_t i = 0; i < WIKI_PAGE_COUNT; i++) {
        char line[256];
        snprintf(line, sizeof line, "Read %zu from %s/wiki/%s\n", wiki_pages[i].body_bytes, cli.url,
                 wiki_pages[i].name);
        ck_assert_msg(count_text(out, line) == 1, "%s", line);
        bytes += strlen(line);
    }
    ck_assert_uint_eq(strlen(out), bytes);
}

static void expect_summary_alone(const char *err)
{
    unsigned long long seconds;
    char fraction[16];
    int end = 0;
    ck_assert_msg(sscanf(err, "Download 15 sites in %llu.%7[0-9] seconds%n", &seconds, fraction, &end) == 2 && end > 0,
                  "%s", err);
    ck_assert_uint_eq(strlen(fraction), 6);
    ck_assert_str_eq(err + end, "\n");
}

static void fetch_wiki(const char *engine, const char *more)
{
    const char *arguments[WIKI_PAGE_COUNT + 5] = {"fetch", "-e", engine, more};
    for (size_t i = 0; i < WIKI_PAGE_COUNT; i++) {
        static char urls[WIKI_PAGE_COUNT][128];
        snprintf(urls[i], sizeof urls[i], "%s/wiki/%s", cli.url, wiki_pages[i].name);
        arguments[4 + i] = urls[i];
    }
    ck_assert_msg(cli_run(&cli, arguments) == 0, "%s", cli.err.text);
}

START_TEST(fifteen_pages_are_read_and_summed_up)
{
    fetch_wiki(ENGINE_NAMES[_i], "--progress=auto");
    expect_wiki_lines(cli.out.text);
    expect_summary_alone(cli.err.text);
    cli_expect_outcomes(&cli, 15, 0);
}
END_TEST

START_TEST(in_order_the_fifteen_pages_come_in_the_order_of_the_list)
{
    fetch_wiki(ENGINE_NAMES[_i], "--ordered");
    for (size_t i = 0; i < WIKI_PAGE_COUNT; i++) {
        char line[256];
        snprintf(line, sizeof line, "Read %zu from %s/wiki/%s", wiki_pages[i].body_bytes, cli.url, wiki_pages[i].name);
        ck_assert_str_eq(line_at(cli.out.text, i), line);
    }
    expect_summary_alone(cli.err.text);
}
END_TEST

START_TEST(without_order_the_faster_comes_first)
{
    const char *slow = url_of("/delay/500/bytes/1");
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", _i == 0 ? "processes" : "threads", slow, url_of("/bytes/2")), 0);
    expect_text(line_at(cli.out.text, 0), "/bytes/2");
    expect_text(line_at(cli.out.text, 1), "/bytes/1");
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "--ordered", url_of("/delay/50/bytes/1"), url_of("/bytes/2")), 0);
    expect_text(line_at(cli.out.text, 0), "/bytes/1");
    expect_text(line_at(cli.out.text, 1), "/bytes/2");
}
END_TEST

START_TEST(an_ordered_list_keeps_failures_among_successes)
{
    for (int i = 0; i < 60; i++) {
        fprintf(cli_list(&cli), i % 3 == 1 ? "%s/status/404?%d\n" : "%s/delay/1/bytes/9?%d\n", cli.url, i);
    }
    ck_assert_int_eq(
        CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "--ordered", "--format", "jsonl", "-i", cli_list_path(&cli)), 1);
    ck_assert_uint_eq(count_lines(cli.out.text), 60);
    for (size_t i = 0; i < 60; i++) {
        char end[16];
        record_read(line_at(cli.out.text, i), &record);
        snprintf(end, sizeof end, "?%zu", i);
        ck_assert_str_eq(strchr(record.url, '?'), end);
        ck_assert_int_eq(record.status, i % 3 == 1 ? 404 : 200);
    }
}
END_TEST

START_TEST(a_failure_is_one_line_on_stderr)
{
    const char *missing = url_of("/status/404");
    char line[256];
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], url_of("/bytes/7"), missing), 1);
    cli_expect_outcomes(&cli, 2, 1);
    snprintf(line, sizeof line, "Failed %s: http-status: HTTP 404", missing);
    ck_assert_str_eq(line_at(cli.err.text, 0), line);
    ck_assert_str_eq(line_at(cli.err.text, 2), "  1 fetched, 1 failed: http-status 1");
}
END_TEST

START_TEST(quiet_leaves_failures_alone)
{
    const char *missing = url_of("/status/404");
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-q", url_of("/bytes/7"), missing), 1);
    ck_assert_str_eq(cli.out.text, "");
    ck_assert_uint_eq(count_lines(cli.err.text), 1);
    expect_text(cli.err.text, "/status/404: http-status");
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-q", url_of("/bytes/7")), 0);
    ck_assert_uint_eq(cli.out.bytes + cli.err.bytes, 0);
}
END_TEST

START_TEST(progress_is_not_shown_where_no_terminal_is)
{
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", url_of("/delay/200/bytes/1")), 0);
    ck_assert_uint_eq(count_lines(cli.err.text), 1);
    ck_assert_ptr_null(strstr(cli.err.text, " done"));
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "--progress", "always", url_of("/delay/200/bytes/1")), 0);
    expect_text(cli.err.text, " in flight, ");
    ck_assert_ptr_null(strchr(cli.err.text, '\r'));
    ck_assert_ptr_null(strchr(cli.err.text, '\033'));
}
END_TEST

/* ---- jsonl ---- */

static void expect_record(const char *path, const char *error, long status, long bytes)
{
    for (size_t i = 0; i < count_lines(cli.out.text); i++) {
        record_read(line_at(cli.out.text, i), &record);
        if (strstr(record.url, path) != NULL) {
            ck_assert_str_eq(record.error, error);
            ck_assert_int_eq(record.status, status);
            ck_assert_int_eq(record.bytes, bytes);
            return;
        }
    }
    ck_abort_msg("%s is not there", path);
}

START_TEST(jsonl_has_every_key_for_successes_and_failures)
{
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "--format", "jsonl", "--retries", "0",
                             url_of("/bytes/1234"), url_of("/status/404"), url_of("/redirect/2"), url_of("/gzip/5000"),
                             "http://127.0.0.1:1/", "gopher://127.0.0.1/", url_of("/broken/bad-gzip"),
                             url_of("/reset/10"), "http://nowhere.invalid/"),
                     1);
    ck_assert_uint_eq(count_lines(cli.out.text), 9);
    expect_record("/redirect/2", "", 200, 3);
    ck_assert_int_eq(record.redirects, 2);
    ck_assert_str_eq(strrchr(record.effective_url, '/'), "/0");
    expect_record("/gzip/5000", "", 200, 5000);
    ck_assert(record.wire_bytes > 0 && record.wire_bytes < 5000);
    expect_record("/bytes/1234", "", 200, 1234);
    ck_assert_str_eq(record.content_type, "text/plain");
    ck_assert_str_eq(record.http_version, "1.1");
    ck_assert_str_eq(record.remote_ip, "127.0.0.1");
    ck_assert_int_eq(record.attempts, 1);
    ck_assert_int_ge(record.worker, 0);
    ck_assert_str_eq(record.sha256, "");
    expect_record("/status/404", "http-status", 404, 14);
    ck_assert_str_eq(record.detail, "HTTP 404");
    expect_record("127.0.0.1:1/", "connect", -1, 0);
    expect_record("gopher:", "invalid-url", -1, 0);
    ck_assert_int_eq(record.attempts, 0);
    ck_assert_int_eq(record.worker, -1);
    expect_record("nowhere.invalid", "resolve", -1, 0);
    for (size_t i = 0; i < 9; i++) {
        record_read(line_at(cli.out.text, i), &record);
        ck_assert_msg((record.error[0] == '\0') == (record.detail[0] == '\0'), "%s", line_at(cli.out.text, i));
    }
    ck_assert_uint_eq(count_lines(cli.err.text), 2); /* the summary alone */
    expect_text(cli.err.text, "Download 9 sites in ");
}
END_TEST

/* SHA-256 of the origin's text of so many bytes, in hexadecimal. */
static void digest_of_text(size_t bytes, char text[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_bytes = 0;
    char *filler = filler_make();
    ck_assert_uint_le(bytes, FILLER_BYTES);
    ck_assert_int_eq(EVP_Digest(filler, bytes, digest, &digest_bytes, EVP_sha256(), NULL), 1);
    for (unsigned i = 0; i < digest_bytes; i++) {
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    }
    free(filler);
}

START_TEST(the_digest_is_that_of_the_body)
{
    const size_t sizes[] = {0, 1, 55, 4096, 200000};
    char url[COUNT(sizes)][128];
    for (size_t i = 0; i < COUNT(sizes); i++) {
        snprintf(url[i], sizeof url[i], "%s/%s/%zu", cli.url, i == 3 ? "gzip" : "bytes", sizes[i]);
    }
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "--ordered", "--digest", "--format", "jsonl",
                             url[0], url[1], url[2], url[3], url[4]),
                     0);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char digest[65];
        digest_of_text(sizes[i], digest);
        record_read(line_at(cli.out.text, i), &record);
        ck_assert_str_eq(record.sha256, digest);
    }
}
END_TEST

/* ---- requests and limits ---- */

/* The text of the file below the scratch directory; the caller frees it. */
static char *read_file(const char *name)
{
    char *text = NULL;
    size_t room = 0;
    FILE *file = fopen(cli_path(&cli, name), "re");
    ck_assert_msg(file != NULL, "%s: %s", name, strerror(errno));
    ssize_t got = getdelim(&text, &room, '\0', file);
    fclose(file);
    ck_assert_int_gt(got, 0);
    return text;
}

START_TEST(headers_and_agent_are_sent_and_the_answer_is_saved)
{
    char name[64];
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-H", "X-One: first", "-H", "X-Two: second; third",
                             "-A", "net/1 (test)", "-O", cli_path(&cli, "out"), url_of("/echo")),
                     0);
    snprintf(name, sizeof name, "out/127.0.0.1+%d/echo", cli.origin.port);
    char *text = read_file(name);
    expect_text(text, "\r\nX-One: first\r\n");
    expect_text(text, "\r\nX-Two: second; third\r\n");
    expect_text(text, "\r\nUser-Agent: net/1 (test)\r\n");
    ck_assert_uint_eq(count_text(text, "User-Agent:"), 1);
    free(text);
}
END_TEST

START_TEST(redirects_are_followed_as_far_as_allowed)
{
    const char *engine = ENGINE_NAMES[_i];
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", engine, url_of("/redirect/10")), 0);
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", engine, url_of("/redirect/11")), 1);
    expect_text(cli.err.text, "/redirect/11: too-many-redirects: ");
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", engine, "--max-redirs", "2", url_of("/redirect/3")), 1);
    expect_text(cli.err.text, ": too-many-redirects: ");
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", engine, "--max-redirs", "0", url_of("/redirect/3")), 0);
    expect_text(cli.out.text, "Read 10 from ");
}
END_TEST

START_TEST(a_body_over_the_limit_is_too_large)
{
    const char *engine = ENGINE_NAMES[_i];
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", engine, "--max-body", "10K", url_of("/bytes/10241"),
                             url_of("/gzip/10241"), url_of("/endless-chunks"), url_of("/bytes/10240")),
                     1);
    cli_expect_outcomes(&cli, 4, 3);
    ck_assert_uint_eq(count_text(cli.err.text, ": too-large: "), 3);
    expect_text(cli.err.text, "3 failed: too-large 3");
    expect_text(cli.out.text, "Read 10240 from ");
}
END_TEST

START_TEST(time_limits_end_what_takes_longer)
{
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "--retries", "0", "--max-time", "200ms",
                             url_of("/never"), url_of("/bytes/1")),
                     1);
    cli_expect_outcomes(&cli, 2, 1);
    expect_text(cli.err.text, "/never: timeout-total: ");
}
END_TEST

START_TEST(private_addresses_are_refused_when_asked)
{
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "--block-private", url_of("/bytes/1")), 1);
    expect_text(cli.err.text, ": blocked-private: ");
    struct origin_counts counts;
    origin_counts_read(&cli.origin, &counts);
    ck_assert_uint_eq(counts.connections, 0);
}
END_TEST

START_TEST(proxies_of_the_environment_are_ignored_unless_asked_for)
{
    cli.environment[0] = "http_proxy=http://127.0.0.1:1";
    cli.environment[1] = "ALL_PROXY=http://127.0.0.1:1";
    cli.environment[2] = "no_proxy=";
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], url_of("/bytes/1")), 0);
    ck_assert_int_eq(
        CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "--retries", "0", "--proxy", "env", url_of("/bytes/1")), 1);
    expect_text(cli.err.text, ": connect: ");
    cli.environment[0] = NULL;
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "--proxy", cli.url, "http://any.invalid/bytes/3"), 0);
    struct origin_counts counts;
    origin_counts_read(&cli.origin, &counts);
    ck_assert_uint_eq(counts.requests, 2); /* the origin is asked, though it is none */
}
END_TEST

START_TEST(a_name_goes_where_resolve_says)
{
    char entry[64];
    char url[64];
    snprintf(entry, sizeof entry, "example.test:%d:127.0.0.1", cli.origin.port);
    snprintf(url, sizeof url, "http://example.test:%d/bytes/5", cli.origin.port);
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "--resolve", entry, url), 0);
    expect_text(cli.out.text, "Read 5 from http://example.test:");
}
END_TEST

/* ---- what must not be shown ---- */

static void expect_nowhere(const char *secret)
{
    ck_assert_msg(strstr(cli.out.text, secret) == NULL, "%s", cli.out.text);
    ck_assert_msg(strstr(cli.err.text, secret) == NULL, "%s", cli.err.text);
}

/* "http://NAME:PASSWORD@127.0.0.1:PORT/PATH" */
static const char *url_with_password(const char *path)
{
    static char urls[8][256];
    static unsigned next;
    char *url = urls[next++ % 8];
    snprintf(url, sizeof urls[0], "http://nemo:sesame@127.0.0.1:%d%s", cli.origin.port, path);
    return url;
}

START_TEST(a_name_and_password_are_never_shown)
{
    static const char *const FORMATS[] = {"text", "jsonl"};
    const char *engine = ENGINE_NAMES[_i];
    for (size_t i = 0; i < COUNT(FORMATS); i++) {
        CLI_RUN(&cli, "fetch", "-e", engine, "--format", FORMATS[i], "--retries", "0", "--progress", "always", "-O",
                cli_path(&cli, "out"), url_with_password("/bytes/3"), url_with_password("/status/404"),
                url_with_password("/redirect/1"), url_with_password("/reset/5"), "http://nemo:sesame@127.0.0.1:1/",
                "http://nemo:sesame@nowhere.invalid/", "http://nemo:sesame@/", "ftp://nemo:sesame@127.0.0.1/",
                "nemo:sesame@127.0.0.1:1/", "http://nemo:ses ame@127.0.0.1/", "http://nemo:sesame@127.0.0.1:99999/",
                "http://nemo:sesame@[::1/", "//nemo:sesame@127.0.0.1:1/", "http://nemo:se@sesame@127.0.0.1:1/",
                "http:nemo:sesame@127.0.0.1:1/");
        ck_assert_int_eq(cli.exit_status, 1);
        expect_nowhere("nemo");
        expect_nowhere("sesame");
        expect_text(cli.err.text, "Download 15 sites in ");
    }
    char name[64];
    snprintf(name, sizeof name, "out/127.0.0.1+%d/bytes/3", cli.origin.port);
    free(read_file(name));
}
END_TEST

START_TEST(a_password_of_a_proxy_or_redirect_is_never_shown)
{
    char location[256];
    snprintf(location, sizeof location, "%s/redirect-to?url=http%%3A%%2F%%2Fnemo%%3Asesame%%40127.0.0.1%%3A1%%2F",
             cli.url);
    CLI_RUN(&cli, "fetch", "--retries", "0", "--format", "jsonl", "--proxy", "http://nemo:open@127.0.0.1:1", cli.url);
    ck_assert_int_eq(cli.exit_status, 1);
    expect_nowhere("open");
    CLI_RUN(&cli, "fetch", "--retries", "0", "--format", "jsonl", "-e", ENGINE_NAMES[_i], location);
    ck_assert_int_eq(cli.exit_status, 1);
    record_read(line_at(cli.out.text, 0), &record);
    ck_assert_str_eq(record.effective_url, "http://127.0.0.1:1/");
}
END_TEST

/* No byte that could drive a terminal, but for the ends of lines. */
static void expect_harmless(void)
{
    const struct stream *const streams[] = {&cli.out, &cli.err};
    for (size_t i = 0; i < COUNT(streams); i++) {
        for (size_t at = 0; at < streams[i]->bytes; at++) {
            unsigned char byte = (unsigned char)streams[i]->text[at];
            ck_assert_msg((byte >= 0x20 && byte != 0x7f) || byte == '\n', "byte %02x in: %s", byte, streams[i]->text);
        }
        ck_assert_msg(mbstowcs(NULL, streams[i]->text, 0) != (size_t)-1, "no UTF-8: %s", streams[i]->text);
    }
}

START_TEST(bytes_that_drive_terminals_are_escaped)
{
    static const char *const WRONG[][4] = {
        {"\033[2J"},
        {"fetch", "--\033[2J"},
        {"fetch", "-\033"},
        {"fetch", "-c", "\033[2J\n\xff"},
        {"fetch", "-i", "/no\033\n\xff"},
        {"help", "\033[2J\n"},
        {"fetch", "--cacert", "/\033\n", "x"},
        {"fetch", "--resolve", "\033\r", "x"},
        {"fetch", "--input=\033/x"},
    };
    for (size_t i = 0; i < COUNT(WRONG); i++) {
        const char *const arguments[] = {WRONG[i][0], WRONG[i][1], WRONG[i][2], WRONG[i][3], NULL};
        ck_assert_int_eq(cli_run(&cli, arguments), 2);
        cli_expect_complaint(&cli, "\\x1b");
        expect_harmless();
    }
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-o", "/no\033[2J/x", "http://a/"), 3);
    cli_expect_complaint(&cli, "cannot open /no\\x1b[2J/x: No such file or directory");
    expect_harmless();
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "--retries", "0", "http://a\033[2J/", "http://\xff\xfe/",
                             "http://127.0.0.1:1/\xc2\x9b", "http://127.0.0.1:1/\xe2\x80\xae", "http://a/\nFailed x"),
                     1);
    cli_expect_outcomes(&cli, 5, 5);
    expect_harmless();
    ck_assert_ptr_null(strstr(cli.err.text, "\xe2\x80\xae"));
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "--retries", "0", "--format", "jsonl", "http://a\033[2J/",
                             "http://\xff\xfe\"\\/", "http://127.0.0.1:1/\xc2\x9b",
                             url_of("/header-raw?value=%%1b%%ff")),
                     1);
    for (size_t i = 0; i < 4; i++) {
        record_read(line_at(cli.out.text, i), &record);
    }
    expect_harmless();
}
END_TEST

/* ---- usage ---- */

static const struct usage_case {
    const char *arguments[8];
    const char *part; /* of the line */
} USAGE[] = {
    {{NULL}, "no command"},
    {{"fech"}, "\"fech\""},
    {{"help", "fech"}, "\"fech\""},
    {{"fetch"}, "no URL"},
    {{"fetch", "-q"}, "no URL"},
    {{"fetch", "-c", "0", "http://a/"}, "--concurrency \"0\""},
    {{"fetch", "-c", "65537", "http://a/"}, "1 to 65536"},
    {{"fetch", "-c", "-1", "http://a/"}, "--concurrency \"-1\""},
    {{"fetch", "-c", "1x", "http://a/"}, "\"1x\""},
    {{"fetch", "-c", "", "http://a/"}, "--concurrency"},
    {{"fetch", "-w", "100000", "http://a/"}, "--workers \"100000\""},
    {{"fetch", "-w", "0", "http://a/"}, "--workers \"0\""},
    {{"fetch", "-w"}, "--workers needs a value"},
    {{"fetch", "--workers"}, "--workers needs a value"},
    {{"fetch", "-Z", "http://a/"}, "-Z"},
    {{"fetch", "--concurency", "3", "http://a/"}, "did you mean --concurrency?"},
    {{"fetch", "--max", "3", "http://a/"}, "ambiguous"},
    {{"fetch", "--quiet=3", "http://a/"}, "--quiet"},
    {{"fetch", "-e", "fibers", "http://a/"}, "processes, threads or serial"},
    {{"fetch", "-e", "serial", "-c", "2", "http://a/"}, "serial"},
    {{"fetch", "-e", "serial", "-w", "2", "http://a/"}, "serial"},
    {{"fetch", "--format", "xml", "http://a/"}, "text or jsonl"},
    {{"fetch", "--progress", "maybe", "http://a/"}, "auto, always or never"},
    {{"fetch", "--max-time", "0", "http://a/"}, "--max-time"},
    {{"fetch", "--max-time", "5 parsecs", "http://a/"}, "\"5 parsecs\""},
    {{"fetch", "--max-body", "0", "http://a/"}, "--max-body"},
    {{"fetch", "--max-body", "9999999999G", "http://a/"}, "--max-body"},
    {{"fetch", "--memory", "1", "http://a/"}, "--memory"},
    {{"fetch", "--retries", "101", "http://a/"}, "0 to 100"},
    {{"fetch", "-H", "no colon", "http://a/"}, "--header \"no colon\""},
    {{"fetch", "-H", "A: b\r\nC: d", "http://a/"}, "--header"},
    {{"fetch", "-A", "b\nC: d", "http://a/"}, "--user-agent"},
    {{"fetch", "--resolve", "a:b", "http://a/"}, "--resolve"},
    {{"fetch", "--cacert", "/nowhere/ca.pem", "http://a/"}, "/nowhere/ca.pem"},
    {{"fetch", "--proxy", "", "http://a/"}, "--proxy"},
    {{"fetch", "-i", "/nowhere/list"}, "/nowhere/list: No such file or directory"},
    {{"fetch", "-i", "/"}, "/: Is a directory"},
    {{"fetch", "-i", ""}, "--input"},
    {{"fetch", "-i", "/dev/null", "http://a/"}, "not both"},
    {{"fetch", "-"}, "--input -"},
    {{"crawl"}, "no seed"},
    {{"crawl", "--scope", "any"}, "no seed"},
    {{"crawl", "-"}, "--input -"},
    {{"crawl", "ftp://a/"}, "seed \"ftp://a/\" is no URL"},
    {{"crawl", "-i", "/nowhere/list"}, "/nowhere/list: No such file or directory"},
    {{"crawl", "-i", "/dev/null", "http://a/"}, "not both"},
    {{"crawl", "--scope", "site", "http://a/"}, "host, domain, prefix or any"},
    {{"crawl", "--sitemaps", "maybe", "http://a/"}, "auto, always or never"},
    {{"crawl", "--rate", "10/h", "http://a/"}, "--rate \"10/h\""},
    {{"crawl", "--max-depth", "x", "http://a/"}, "--max-depth \"x\""},
    {{"crawl", "--strip-param", "a=b", "http://a/"}, "--strip-param \"a=b\""},
    {{"crawl", "--include", "(", "http://a/"}, "("},
    {{"crawl", "--ordered", "http://a/"}, "unknown option --ordered"},
    {{"crawl", "--max-dept", "x", "http://a/"}, "--max-depth \"x\""},
    {{"crawl", "--max-detph", "1", "http://a/"}, "did you mean --max-depth?"},
    {{"crawl", "-H", "Cookie: a=b", "http://a/"}, "no credentials"},
    {{"crawl", "--convert-links", "http://a/"}, "-O DIR"},
    {{"crawl", "--explain", "ftp://a/", "http://a/"}, "--explain \"ftp://a/\" is no URL"},
};

START_TEST(a_mistake_is_one_line_that_names_it)
{
    const struct usage_case *mistake = &USAGE[_i];
    ck_assert_msg(cli_run(&cli, mistake->arguments) == 2, "%s: %d", mistake->part, cli.exit_status);
    cli_expect_complaint(&cli, mistake->part);
    ck_assert_msg(strncmp(cli.err.text, "shoal", 5) == 0, "%s", cli.err.text);
}
END_TEST

/* ---- help ---- */

static void expect_columns(size_t most)
{
    for (size_t i = 0; i < count_lines(cli.out.text); i++) {
        ck_assert_msg(strlen(line_at(cli.out.text, i)) <= most, "%s", line_at(cli.out.text, i));
    }
    ck_assert_uint_gt(cli.out.bytes, 0);
    ck_assert_int_eq(cli.out.text[cli.out.bytes - 1], '\n');
    ck_assert_str_eq(cli.err.text, "");
}

START_TEST(help_fits_a_terminal_and_lists_every_command_and_option)
{
    static const char *const OPTIONS[] = {
        "-i, --input",     "-e, --engine", "-w, --workers",    "-c, --concurrency", "--per-host",   "--ordered",
        "--fail-fast",     "--format",     "-O, --output-dir", "--connect-timeout", "--max-time",   "--stall-time",
        "--max-redirs",    "--max-body",   "--memory",         "--retries",         "-H, --header", "-A, --user-agent",
        "--proxy",         "--cacert",     "--insecure",       "--resolve",         "--http1.1",    "--http2",
        "--block-private", "--progress",   "-q, --quiet",      "-o, --output",      "--digest"};
    static const char *const SPELLINGS[] = {"help", "--help", "-h"};
    for (size_t i = 0; i < COUNT(SPELLINGS); i++) {
        ck_assert_int_eq(CLI_RUN(&cli, SPELLINGS[i]), 0);
        expect_columns(80);
        expect_text(cli.out.text, "shoal fetch");
    }
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "--help"), 0);
    expect_columns(80);
    for (size_t i = 0; i < COUNT(OPTIONS); i++) {
        expect_text(cli.out.text, OPTIONS[i]);
    }
    char *help = strdup(cli.out.text);
    ck_assert_int_eq(CLI_RUN(&cli, "help", "fetch"), 0);
    ck_assert_str_eq(cli.out.text, help);
    free(help);
}
END_TEST

START_TEST(help_of_a_crawl_fits_a_terminal_and_lists_its_options)
{
    static const char *const OPTIONS[] = {"--scope",
                                          "--include",
                                          "--exclude",
                                          "--max-depth",
                                          "--max-pages",
                                          "--max-per-host",
                                          "--assets",
                                          "--forms",
                                          "--same-type",
                                          "--ignore-query",
                                          "--strip-param",
                                          "--ignore-robots",
                                          "--ignore-nofollow",
                                          "--sitemaps",
                                          "--delay",
                                          "--max-crawl-delay",
                                          "--rate",
                                          "--max-host-failures",
                                          "--allow-private",
                                          "--frontier-memory",
                                          "--max-url-length",
                                          "--max-path-depth",
                                          "--max-repeats",
                                          "--max-per-template",
                                          "--max-per-query",
                                          "--max-dates",
                                          "--links",
                                          "--explain",
                                          "--convert-links",
                                          "-O, --output-dir"};
    static const char *const NOT[] = {"--ordered", "--fail-fast", "count-links", "tally", "crash-url"};
    ck_assert_int_eq(CLI_RUN(&cli, "help"), 0);
    expect_text(cli.out.text, "shoal crawl");
    ck_assert_int_eq(CLI_RUN(&cli, "help", "crawl"), 0);
    expect_columns(80);
    for (size_t i = 0; i < COUNT(OPTIONS); i++) {
        expect_text(cli.out.text, OPTIONS[i]);
    }
    for (size_t i = 0; i < COUNT(NOT); i++) {
        ck_assert_msg(strstr(cli.out.text, NOT[i]) == NULL, "%s", NOT[i]);
    }
}
END_TEST

START_TEST(the_version_is_one_line)
{
    ck_assert_int_eq(CLI_RUN(&cli, "--version"), 0);
    ck_assert_uint_eq(count_lines(cli.out.text), 1);
    ck_assert_msg(strncmp(cli.out.text, "shoal ", 6) == 0 && strstr(cli.out.text, "libcurl/") == NULL &&
                      strstr(cli.out.text, "libcurl ") != NULL,
                  "%s", cli.out.text);
    ck_assert_int_eq(CLI_RUN(&cli, "--version", "-v"), 0);
    expect_columns(120);
    expect_text(cli.out.text, "limits: ");
}
END_TEST

static Suite *cli_suite(void)
{
    const TTest *const each_engine[] = {
        fifteen_pages_are_read_and_summed_up,
        in_order_the_fifteen_pages_come_in_the_order_of_the_list,
        an_ordered_list_keeps_failures_among_successes,
        a_failure_is_one_line_on_stderr,
        jsonl_has_every_key_for_successes_and_failures,
        the_digest_is_that_of_the_body,
        headers_and_agent_are_sent_and_the_answer_is_saved,
        redirects_are_followed_as_far_as_allowed,
        a_body_over_the_limit_is_too_large,
        time_limits_end_what_takes_longer,
        private_addresses_are_refused_when_asked,
        proxies_of_the_environment_are_ignored_unless_asked_for,
        a_name_goes_where_resolve_says,
        a_name_and_password_are_never_shown,
        a_password_of_a_proxy_or_redirect_is_never_shown,
    };
    Suite *suite = suite_create("cli");
    TCase *cases = tcase_create("cli");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    for (size_t i = 0; i < COUNT(each_engine); i++) {
        add_for_each_engine(cases, each_engine[i]);
    }
    tcase_add_loop_test(cases, without_order_the_faster_comes_first, 0, 2);
    tcase_add_test(cases, quiet_leaves_failures_alone);
    tcase_add_test(cases, progress_is_not_shown_where_no_terminal_is);
    tcase_add_test(cases, bytes_that_drive_terminals_are_escaped);
    tcase_add_loop_test(cases, a_mistake_is_one_line_that_names_it, 0, (int)COUNT(USAGE));
    tcase_add_test(cases, help_fits_a_terminal_and_lists_every_command_and_option);
    tcase_add_test(cases, help_of_a_crawl_fits_a_terminal_and_lists_its_options);
    tcase_add_test(cases, the_version_is_one_line);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    return cli_suite_main(cli_suite());
}
