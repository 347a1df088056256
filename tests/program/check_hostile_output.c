/* The program from outside, among hostile servers: what it prints, whom it tells, and where it writes. Requirements
 * 1, 3, 4, 6, 7, 9, 10, 11 and 14 of tests/origin/README.md. */
#include <dirent.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/command.h"
#include "tests/support/record.h"
#include "tests/support/tls_origin.h"

#ifdef SHOAL_SANITIZED
#define IS_SANITIZED true /* which look for leaks by ptrace themselves */
#else
#define IS_SANITIZED false
#endif

static struct cli cli;
static struct record record;

static void set_up(void)
{
    cli_begin(&cli);
}

static void tear_down(void)
{
    cli_end(&cli);
}

static uint64_t connections_now(void)
{
    struct origin_counts counts;
    origin_counts_read(&cli.origin, &counts);
    return counts.connections;
}

/* ---- schemes ---- */

static const char *const SCHEMES[] = {"file",  "ftp",  "ftps",  "gopher", "gophers", "dict", "ldap", "ldaps", "imap",
                                      "imaps", "pop3", "pop3s", "smtp",   "smtps",   "smb",  "smbs", "tftp",  "telnet",
                                      "rtsp",  "rtmp", "rtmps", "mqtt",   "scp",     "sftp", "ws",   "wss",   "jar"};
enum { SCHEME_COUNT = sizeof SCHEMES / sizeof SCHEMES[0] };

START_TEST(requirement_1_no_scheme_but_http_and_https_is_fetched)
{
    ck_assert_int_eq(SCHEME_COUNT, 27);
    for (size_t i = 0; i < SCHEME_COUNT; i++) {
        fprintf(cli_list(&cli), "%s://127.0.0.1:%d/bytes/1\n", SCHEMES[i], cli.origin.port);
    }
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "--format", "jsonl", "-i", cli_list_path(&cli)), 1);
    ck_assert_uint_eq(count_text(cli.out.text, "\"error\":\"invalid-url\""), SCHEME_COUNT);
    ck_assert_uint_eq(count_text(cli.out.text, "the scheme is not http or https"), SCHEME_COUNT);
    ck_assert_uint_eq(connections_now(), 0);
}
END_TEST

START_TEST(requirement_1_no_redirect_leads_to_another_scheme)
{
    for (size_t i = 0; i < SCHEME_COUNT; i++) {
        fprintf(cli_list(&cli), "%s/redirect-to?url=%s://127.0.0.1:%d/bytes/1\n", cli.url, SCHEMES[i], cli.origin.port);
    }
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "--format", "jsonl", "-c", "1", "-w", "1", "-i", cli_list_path(&cli)), 1);
    ck_assert_uint_eq(count_lines(cli.out.text), SCHEME_COUNT);
    for (size_t i = 0; i < SCHEME_COUNT; i++) {
        record_read(line_at(cli.out.text, i), &record);
        /* A scheme that libcurl does not know at all is a path below the page. */
        ck_assert_msg(strcmp(record.error, "protocol") == 0 || record.status == 404, "%s: %s", record.url,
                      record.error);
    }
    struct origin_counts counts;
    origin_counts_read(&cli.origin, &counts);
    ck_assert_uint_le(counts.requests, SCHEME_COUNT + 1);
}
END_TEST

/* ---- credentials ---- */

START_TEST(requirement_3_proxies_of_the_environment_are_not_used)
{
    cli.environment[0] = "http_proxy=http://127.0.0.1:1";
    cli.environment[1] = "all_proxy=socks5h://127.0.0.1:1";
    cli.environment[2] = "ALL_PROXY=http://127.0.0.1:1";
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", cli.url), 0);
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "--proxy", "env", "--retries", "0", cli.url), 1);
}
END_TEST

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(cli_path(&cli, name), "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    chmod(cli_path(&cli, name), 0600);
}

START_TEST(requirement_4_neither_netrc_nor_curlrc_is_read)
{
    char home[CLI_PATH_BYTES];
    write_file(".netrc", "default login mallory password secret\n");
    write_file(".curlrc", "user = mallory:secret\nheader = \"X-Curlrc: yes\"\n");
    snprintf(home, sizeof home, "HOME=%s", cli.directory);
    cli.environment[0] = home;
    fprintf(cli_list(&cli), "%s/echo\n", cli.url);
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-O", cli_path(&cli, "pages"), "-i", cli_list_path(&cli)), 0);
    char path[CLI_PATH_BYTES + 64];
    char echo[4096] = "";

    snprintf(path, sizeof path, "%s/pages/127.0.0.1+%d/echo", cli.directory, cli.origin.port);
    FILE *file = fopen(path, "re");
    ck_assert_msg(file != NULL, "%s", path);
    echo[fread(echo, 1, sizeof echo - 1, file)] = '\0';
    fclose(file);
    ck_assert_ptr_nonnull(strstr(echo, "GET /echo"));
    ck_assert_ptr_null(strstr(echo, "Authorization"));
    ck_assert_ptr_null(strstr(echo, "X-Curlrc"));
}
END_TEST

static struct tls_origin secure;
static char secure_url[64];

/* In the child: the same program under strace, which writes down each path that a process of it names. */
static bool trace_paths(struct cli *traced)
{
    const char *build = getenv("SHOAL_BUILD");
    char program[CLI_PATH_BYTES];
    char log[CLI_PATH_BYTES];
    snprintf(program, sizeof program, "%s/shoal", build ? build : "build");
    snprintf(log, sizeof log, "%s/log", traced->directory);
    const char *const argv[] = {
        "strace", "-f",       "-qq",          "-e", "trace=%file",     "-s", "400", "-o", log, program, "fetch",
        "-q",     "--cacert", secure.ca_file, "-i", traced->list_path, NULL};
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    return false;
}

/* Reads what trace_paths() wrote; false: nothing can be traced here. */
static bool read_trace(char **text)
{
    size_t bytes = 0;
    *text = NULL;
    FILE *file = fopen(cli_path(&cli, "log"), "re");
    if (file == NULL) {
        return false;
    }
    ck_assert_int_gt(getdelim(text, &bytes, '\0', file), 0);
    fclose(file);
    return strstr(*text, "execve(") != NULL;
}

/* Not read, and not even looked for: of all that lies at home nothing but the list is named by the program and its workers. */
START_TEST(requirement_4_no_file_with_credentials_is_opened)
{
    static const char *const FILES[] = {".netrc", ".curlrc", "_netrc", "client.pem", "client.key"};
    char home[CLI_PATH_BYTES];
    char config_home[CLI_PATH_BYTES];
    char *trace;
    if (access("/usr/bin/strace", X_OK) != 0 || IS_SANITIZED) {
        printf("skipped: strace is not here, or not with a sanitizer\n");
        return;
    }
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        write_file(FILES[i], "default login mallory password secret\n");
    }
    ck_assert_int_eq(tls_origin_start(&secure, TLS_ANSWERS, TLS_GOOD), 0);
    snprintf(secure_url, sizeof secure_url, "https://localhost:%d/", secure.port);
    fprintf(cli_list(&cli), "%s/echo\n%s\n", cli.url, secure_url);
    snprintf(home, sizeof home, "HOME=%s", cli.directory);
    snprintf(config_home, sizeof config_home, "XDG_CONFIG_HOME=%s", cli.directory);
    cli.environment[0] = home;
    cli.environment[1] = config_home;
    cli.prepare = trace_paths;
    cli_list_path(&cli);
    int status = CLI_RUN(&cli, "fetch");
    bool is_traced = read_trace(&trace);
    if (is_traced) {
        ck_assert_int_eq(status, 0);
        ck_assert_ptr_nonnull(strstr(trace, cli.list_path));  /* the coordinator's calls are seen */
        ck_assert_ptr_nonnull(strstr(trace, secure.ca_file)); /* and the workers' */
        ck_assert_uint_eq(count_text(trace, cli.directory), count_text(trace, cli.list_path));
        ck_assert_ptr_null(strstr(trace, "netrc"));
        ck_assert_ptr_null(strstr(trace, "curlrc"));
    } else {
        printf("skipped: nothing may be traced here\n");
    }
    free(trace);
    tls_origin_stop(&secure);
}
END_TEST

/* Everything that a run can write, in every format. */
START_TEST(requirement_6_no_password_is_shown_anywhere)
{
    static const char *const LINES[] = {
        "http://mallory:s3cret@127.0.0.1:%d/bytes/1",
        "http://mallory:s3cret@127.0.0.1:%d/redirect-to?url=/bytes/2",
        "http://mallory:s3cret@127.0.0.1:%d/status/404",
        "http://mallory:s3cret@127.0.0.1:%d/reset/5",
        "http://mallory:s3cret@127.0.0.1:%d/broken/location-long",
        "ftp://mallory:s3cret@127.0.0.1:%d/",
        "http://mallory:s3cret@127.0.0.1:%d0000/",
        "http://mallory:s3cret@no such host:%d/",
    };
    static const char *const FORMATS[] = {"text", "jsonl"};
    for (size_t i = 0; i < sizeof LINES / sizeof LINES[0]; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        fprintf(cli_list(&cli), LINES[i], cli.origin.port);
#pragma GCC diagnostic pop
        fputc('\n', cli_list(&cli));
    }
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(CLI_RUN(&cli, "fetch", "--format", FORMATS[i], "--progress", "always", "--retries", "0", "-O",
                                 cli_path(&cli, "pages"), "-i", cli_list_path(&cli)),
                         1);
        ck_assert_ptr_null(strstr(cli.out.text, "s3cret"));
        ck_assert_msg(strstr(cli.err.text, "s3cret") == NULL, "%s", cli.err.text);
        ck_assert_ptr_null(strstr(cli.out.text, "mallory"));
        ck_assert_ptr_null(strstr(cli.err.text, "mallory"));
    }
}
END_TEST

/* ---- what is shown of foreign bytes ---- */

static bool is_tame(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        bool is_control = (*at < 0x20 && *at != '\n') || *at == 0x7f;
        bool is_c1 = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;
        bool is_bidi = at[0] == 0xe2 && at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae;
        if (is_control || is_c1 || is_bidi || *at >= 0xf8) {
            return false;
        }
    }
    return true;
}

START_TEST(requirement_7_no_byte_of_a_server_or_a_list_drives_the_terminal)
{
    static const char *const BYTES[] = {
        "%%1b]8;;http://evil/%%07",
        "%%1b]52;c;ZXZpbA==%%07",
        "%%1b[2J%%1b[31m",
        "%%0d%%0aFailed",
        "%%25n%%25s%%25n",
        "%%e2%%80%%aeevil%%e2%%80%%ac",
        "%%c2%%9b31m",
        "%%ff%%fe%%c0%%80",
        "%%ed%%a0%%80",
        "%%7f%%08%%08",
    };
    static const char *const FORMATS[] = {"text", "jsonl"};
    for (size_t i = 0; i < sizeof BYTES / sizeof BYTES[0]; i++) {
        char once[128];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
        snprintf(once, sizeof once, BYTES[i]); /* %% becomes % */
#pragma GCC diagnostic pop
        fprintf(cli_list(&cli), "%s/redirect-to?url=http://[::1%s]/\n", cli.url, once); /* in libcurl's message */
        fprintf(cli_list(&cli), "%s/redirect-to?url=/status/404?%s\n", cli.url, once);  /* in the effective URL */
        fprintf(cli_list(&cli), "%s/redirect-to?url=foo%s://x/\n", cli.url, once);      /* in a scheme */
        fprintf(cli_list(&cli), "%s/header-raw?value=%s\n", cli.url, once);
    }
    fprintf(cli_list(&cli),
            "http://\x1b]8;;x\x07/\nhttp://h\xe2\x80\xaei/\nhttp://%%1b[2J/\nhttp://h/\xc2\x9b\n\xff\xfe://\n");
    for (size_t i = 0; i < 2; i++) {
        CLI_RUN(&cli, "fetch", "--format", FORMATS[i], "--retries", "0", "--progress", "always", "--block-private",
                "-i", cli_list_path(&cli));
        CLI_RUN(&cli, "fetch", "--format", FORMATS[i], "--retries", "0", "--connect-timeout", "300ms", "--resolve",
                "x.invalid:80:127.0.0.1", "-i", cli_list_path(&cli));
        ck_assert_msg(is_tame(cli.out.text), "%s", cli.out.text);
        ck_assert_msg(is_tame(cli.err.text), "%s", cli.err.text);
        size_t outcomes = count_lines(cli.out.text);
        for (size_t line = 0; line < count_lines(cli.err.text); line++) {
            outcomes += strncmp(line_at(cli.err.text, line), "Failed ", 7) == 0;
        }
        for (size_t line = 0; line < count_lines(cli.out.text); line++) {
            const char *text = line_at(cli.out.text, line);
            ck_assert_msg(text[0] == '{' || strncmp(text, "Read ", 5) == 0, "%.200s", text);
        }
        ck_assert_uint_eq(outcomes, 45);
    }
}
END_TEST

/* ---- where bodies are written ---- */

static size_t outside;

static int look_at(const char *path, const struct stat *about, int type, struct FTW *place)
{
    (void)about;
    (void)type;
    const char *name = path + place->base;
    for (const char *at = name; *at != '\0'; at++) {
        if ((unsigned char)*at <= 0x20 || (unsigned char)*at >= 0x7f || *at == '\\') {
            outside++;
        }
    }
    if (strlen(name) > 255) {
        outside++;
    }
    return 0;
}

START_TEST(requirement_9_no_url_and_no_header_chooses_where_a_body_is_written)
{
    static const char *const PATHS[] = {
        "/bytes/1/../../../../etc/passwd",
        "/bytes/1/%2e%2e/%2e%2e/x",
        "/bytes/1/..%2f..%2fx",
        "/bytes/1//etc/passwd",
        "/bytes/1/%00",
        "/bytes/1/a%00.html",
        "/bytes/1/CON",
        "/bytes/1/nul.txt",
        "/bytes/1/.",
        "/bytes/1/..",
        "/bytes/1/...",
        "/bytes/1/.htaccess",
        "/bytes/1/A",
        "/bytes/1/a",
        "/bytes/1/a/",
        "/bytes/1/a/b",
        "/bytes/1/%1b%5b2J",
        "/bytes/1/x%5c..%5cy",
        "/bytes/1/-rf",
        "/bytes/1/~root",
        "/bytes/1/$(id)",
        "/bytes/1/`id`;x|y",
        "/bytes/1/x?a=/../../y",
        "/bytes/1/caf%c3%a9",
    };
    enum { PATH_COUNT = sizeof PATHS / sizeof PATHS[0] };
    char long_name[301];
    char before[CLI_PATH_BYTES];
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[300] = '\0';
    mkdir(cli_path(&cli, "pages"), 0755);
    snprintf(before, sizeof before, "%s/pages/127.0.0.1+%d", cli.directory, cli.origin.port);
    mkdir(cli_path(&cli, "target"), 0755);
    ck_assert_int_eq(symlink(cli_path(&cli, "target"), before), 0); /* planted */
    for (size_t i = 0; i < PATH_COUNT; i++) {
        fprintf(cli_list(&cli), "%s%s\n", cli.url, PATHS[i]);
    }
    fprintf(cli_list(&cli), "%s/bytes/1/%s\n", cli.url, long_name);
    CLI_RUN(&cli, "fetch", "--retries", "0", "-O", cli_path(&cli, "pages"), "-i", cli_list_path(&cli));
    ck_assert_uint_ge(count_lines(cli.out.text), 10);
    outside = 0;
    nftw(cli_path(&cli, "pages"), look_at, 16, FTW_PHYS);
    ck_assert_uint_eq(outside, 0);
    DIR *target = opendir(cli_path(&cli, "target")); /* nothing went through the link */
    size_t entries = 0;
    while (readdir(target) != NULL) {
        entries++;
    }
    closedir(target);
    ck_assert_uint_eq(entries, 2);
    ck_assert_int_ne(access(cli_path(&cli, "etc"), F_OK), 0);
    ck_assert_int_ne(access(cli_path(&cli, "x"), F_OK), 0);
}
END_TEST

/* ---- what is sent ---- */

START_TEST(requirement_10_nothing_can_be_smuggled_into_a_request)
{
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-H", "X-A: b\r\nX-C: d", cli.url), 2);
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-H", "X-A: b\nX-C: d", cli.url), 2);
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-A", "agent\r\nX-C: d", cli.url), 2);
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "http://127.0.0.1/\r\nX-C: d"), 1);
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "http://127.0.0.1\r\nX-C: d/"), 1);
    ck_assert_uint_eq(connections_now(), 0);
}
END_TEST

static Suite *output_suite(void)
{
    const TTest *const tests[] = {
        requirement_1_no_scheme_but_http_and_https_is_fetched,
        requirement_1_no_redirect_leads_to_another_scheme,
        requirement_3_proxies_of_the_environment_are_not_used,
        requirement_4_neither_netrc_nor_curlrc_is_read,
        requirement_4_no_file_with_credentials_is_opened,
        requirement_6_no_password_is_shown_anywhere,
        requirement_7_no_byte_of_a_server_or_a_list_drives_the_terminal,
        requirement_9_no_url_and_no_header_chooses_where_a_body_is_written,
        requirement_10_nothing_can_be_smuggled_into_a_request,
    };
    Suite *suite = suite_create("hostile output");
    TCase *cases = tcase_create("hostile output");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        tcase_add_test(cases, tests[i]);
    }
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return cli_suite_main(output_suite());
}
