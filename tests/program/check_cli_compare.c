/* `shoal compare` from outside: what it fetches and how often, what it prints, how it exits, and that nothing
 * of it stays. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/command.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct cli cli;

static void set_up(void)
{
    cli_begin(&cli);
}

/* The bundled server has a process group of its own: it is looked for among our children, which it would have become. */
static void expect_no_process(void)
{
    pid_t pids[4] = {0};
    ck_assert_msg(children_of_self(&cli.origin, pids, 4) == 0, "process %d is left", (int)pids[0]);
}

static void tear_down(void)
{
    if (cli.pid == 0)
        expect_no_process();
    cli_end(&cli);
}

static void expect_text(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in:\n%.4000s", part, text);
}

static uint64_t requests(void)
{
    struct origin_counts counts;
    origin_counts_read(&cli.origin, &counts);
    return counts.requests;
}

/* Adds so many pages of the origin to the list. */
static void add_pages(int count, const char *path)
{
    for (int i = 0; i < count; i++)
        fprintf(cli_list(&cli), "%s%s\n", cli.url, path);
}

#define COMPARE(...) CLI_RUN(&cli, "compare", __VA_ARGS__)

static void expect_exit(int exit_status, int expected)
{
    ck_assert_msg(exit_status == expected, "exit status %d, should be %d:\n%.2000s\n%.2000s", exit_status, expected,
                  cli.out.text, cli.err.text);
}

/* ---- the formats ---- */

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

static const char *skip_string(const char *at)
{
    ck_assert_msg(*at == '"', "no string: %.40s", at);
    for (at++; *at != '"'; at++) {
        ck_assert_msg((unsigned char)*at >= ' ', "a control byte within a string");
        if (*at == '\\') {
            at++;
            ck_assert_msg(*at != '\0' && strchr("\"\\/bfnrtu", *at) != NULL, "%.20s", at);
        }
    }
    return at + 1;
}

/* A string, a number or a word. */
static const char *skip_scalar(const char *at)
{
    static const char *const WORDS[] = {"null", "true", "false"};
    char *end;
    if (*at == '"')
        return skip_string(at);
    for (size_t i = 0; i < COUNT(WORDS); i++) {
        if (strncmp(at, WORDS[i], strlen(WORDS[i])) == 0)
            return at + strlen(WORDS[i]);
    }
    ck_assert_msg(*at == '-' || (*at >= '0' && *at <= '9'), "no value: %.40s", at);
    strtod(at, &end);
    return end;
}

/* The name of a member, and its colon. */
static const char *skip_name(const char *at)
{
    at = skip_blanks(skip_string(skip_blanks(at)));
    ck_assert_msg(*at == ':', "no colon: %.40s", at);
    return skip_blanks(at + 1);
}

/* The text is one JSON value and an end of line. */
static void expect_json(const char *text)
{
    char ends[20]; /* what closes the arrays and objects that are open */
    size_t depth = 0;
    const char *at = text;
    do {
        ck_assert_uint_lt(depth, sizeof ends);
        if (*at == '{' || *at == '[') {
            char end = *at == '{' ? '}' : ']';
            at = skip_blanks(at + 1);
            if (*at != end) {
                ends[depth++] = end;
                at = end == '}' ? skip_name(at) : at;
                continue;
            }
            at++;
        } else {
            at = skip_scalar(at);
        }
        for (at = skip_blanks(at); depth > 0 && *at == ends[depth - 1]; at = skip_blanks(at + 1))
            depth--;
        if (depth > 0) {
            ck_assert_msg(*at == ',', "no comma: %.40s", at);
            at = ends[depth - 1] == '}' ? skip_name(at + 1) : skip_blanks(at + 1);
        }
    } while (depth > 0);
    ck_assert_msg(*at == '\0' && at[-1] == '\n', "more: %.40s", at);
}

/* What stands behind the name, within the part of the report that is about the design; NULL: about all. */
static const char *value_of(const char *design, const char *name)
{
    char key[64];
    const char *at = cli.out.text;
    if (design != NULL) {
        snprintf(key, sizeof key, "\"design\":\"%s\"", design);
        at = strstr(at, key);
        ck_assert_msg(at != NULL, "%s is not in:\n%.2000s", design, cli.out.text);
    }
    snprintf(key, sizeof key, "\"%s\":", name);
    at = strstr(at, key);
    ck_assert_msg(at != NULL, "%s is not in:\n%.2000s", name, cli.out.text);
    return at + strlen(key);
}

static long number_of(const char *design, const char *name)
{
    char *end;
    const char *at = value_of(design, name);
    long value = strtol(at, &end, 10);
    ck_assert_msg(end > at, "%s is no number: %.40s", name, at);
    return value;
}

static void expect_value(const char *design, const char *name, const char *value)
{
    const char *at = value_of(design, name);
    ck_assert_msg(strncmp(at, value, strlen(value)) == 0, "%s: %.80s", name, at);
}

static size_t fields_of(const char *line)
{
    size_t fields = 1;
    bool quoted = false;
    for (; *line != '\0'; line++) {
        quoted ^= *line == '"';
        fields += *line == ',' && !quoted;
    }
    ck_assert(!quoted);
    return fields;
}

START_TEST(without_a_url_the_pages_of_the_bundled_server_are_compared)
{
    expect_exit(COMPARE("--rounds", "1", "--designs", "threads:1x15,processes:2x15"), 0);
    expect_text(cli.out.text, "\nthreads ");
    expect_text(cli.out.text, "\nprocesses ");
    expect_text(cli.out.text, "15 URLs (");
    expect_text(line_at(cli.out.text, 0), "pages/s");
    ck_assert_str_eq(cli.err.text, "");
    ck_assert_uint_eq(requests(), 0);
}
END_TEST

START_TEST(json_is_json_and_has_every_run)
{
    expect_exit(COMPARE("--rounds", "2", "--designs", "threads:1x15,processes:2x15", "--format", "json"), 0);
    expect_json(cli.out.text);
    ck_assert_int_eq(number_of(NULL, "urls"), 15);
    ck_assert_int_eq(number_of(NULL, "rounds"), 2);
    expect_value(NULL, "work", "\"none\"");
    expect_value(NULL, "crash", "null");
    expect_value(NULL, "interrupted", "null");
    expect_value(NULL, "sweep", "null");
    ck_assert_uint_eq(count_text(cli.out.text, "\"end\":\"finished\""), 4);
    ck_assert_uint_eq(count_text(cli.out.text, "\"fetched\":15,"), 4);
    ck_assert_int_eq(number_of("processes:2x15", "workers"), 2);
    ck_assert_int_eq(number_of("processes:2x15", "in_flight"), 15);
    ck_assert_int_gt(number_of("processes:2x15", "body_bytes"), 1000000);
    ck_assert_double_ge(strtod(strstr(value_of("processes:2x15", "wall_s"), "\"min\":") + 6, NULL), 0.15);
}
END_TEST

START_TEST(csv_has_a_line_for_each_design_and_setting)
{
    add_pages(4, "/delay/20/bytes/10");
    expect_exit(COMPARE("--rounds", "1", "--designs", "serial,processes:2x4", "--format", "csv", "--sweep",
                        "--max-workers", "1", "--max-concurrency", "2", "-i", cli_list_path(&cli)),
                0);
    ck_assert_uint_eq(count_lines(cli.out.text), 1 + 2 + 4);
    size_t fields = fields_of(line_at(cli.out.text, 0));
    ck_assert_uint_gt(fields, 10);
    for (size_t i = 1; i < 7; i++) {
        ck_assert_uint_eq(fields_of(line_at(cli.out.text, i)), fields);
        expect_text(line_at(cli.out.text, i), i < 3 ? "design," : "sweep,");
    }
}
END_TEST

/* ---- what is fetched ---- */

START_TEST(nothing_is_fetched_more_often_than_is_said)
{
    add_pages(7, "/bytes/100");
    expect_exit(COMPARE("--rounds", "2", "--designs", "serial,threads:2x4,processes:2x4", "-i", cli_list_path(&cli)),
                0);
    ck_assert_uint_eq(requests(), (1 + 2 * 3) * 7);
    expect_text(cli.out.text, "7 URLs (");
}
END_TEST

START_TEST(urls_of_the_command_line_are_compared)
{
    char url[2][128];
    for (int i = 0; i < 2; i++)
        snprintf(url[i], sizeof url[i], "%s/bytes/%d", cli.url, i + 20);
    expect_exit(COMPARE("--rounds", "1", "--designs", "threads:1x2", "--format", "json", url[0], url[1]), 0);
    ck_assert_uint_eq(requests(), (1 + 1) * 2);
    ck_assert_int_eq(number_of("threads:1x2", "body_bytes"), 41);
}
END_TEST

START_TEST(the_first_of_the_list_are_a_list)
{
    add_pages(9, "/bytes/10");
    expect_exit(COMPARE("--first", "3", "--rounds", "1", "--designs", "serial", "-i", cli_list_path(&cli)), 0);
    ck_assert_uint_eq(requests(), (1 + 1) * 3);
    expect_text(cli.out.text, "3 URLs (");
}
END_TEST

START_TEST(a_list_from_a_pipe_is_there_for_every_run)
{
    char text[256];
    cli.feeds = true;
    CLI_START(&cli, "compare", "--rounds", "2", "--designs", "serial,processes:1x2", "--format", "json", "-i", "-");
    snprintf(text, sizeof text, "# two\n%s/bytes/10\n\n%s/bytes/20", cli.url, cli.url);
    cli_feed_text(&cli, text);
    cli_close_input(&cli);
    expect_exit(cli_wait(&cli), 0);
    ck_assert_uint_eq(requests(), (1 + 2 * 2) * 2);
    ck_assert_int_eq(number_of(NULL, "urls"), 2);
    ck_assert_uint_eq(count_text(cli.out.text, "\"body_bytes\":30,"), 4);
}
END_TEST

START_TEST(options_of_fetch_are_passed_to_every_run)
{
    char echo[128], redirect[128], gone[128];
    snprintf(echo, sizeof echo, "%s/echo", cli.url);
    snprintf(redirect, sizeof redirect, "%s/redirect/3", cli.url);
    snprintf(gone, sizeof gone, "%s/status/503", cli.url);
    expect_exit(COMPARE("--rounds", "1", "--designs", "serial", "--format", "json", echo), 0);
    long plain_bytes = number_of("serial", "body_bytes");
    expect_exit(COMPARE("--rounds", "1", "--designs", "serial", "--format", "json", "-H", "X-One: it's 1", "-H",
                        "X-Two: 2", echo),
                0);
    ck_assert_int_eq(number_of("serial", "body_bytes") - plain_bytes, sizeof "X-One: it's 1\r\nX-Two: 2\r\n" - 1);
    uint64_t before = requests();
    expect_exit(COMPARE("--rounds", "1", "--designs", "threads:1x1", "--max-redirs", "0", redirect), 0);
    ck_assert_uint_eq(requests() - before, 2);
    before = requests();
    expect_exit(COMPARE("--rounds", "1", "--designs", "threads:1x1", "--retries", "0", gone), 1);
    ck_assert_uint_eq(requests() - before, 2);
}
END_TEST

START_TEST(work_is_done_for_each_page)
{
    add_pages(3, "/bytes/1000");
    expect_exit(COMPARE("--rounds", "1", "--designs", "serial", "--work", "digest", "--format", "json", "-i",
                        cli_list_path(&cli)),
                0);
    expect_value(NULL, "work", "\"digest\"");
    expect_value("serial", "end", "\"finished\"");
}
END_TEST

/* ---- what is wrong ---- */

static const struct {
    const char *arguments[6];
    const char *complaint;
} WRONG[] = {
    {{"--designs", "serial,fibers"}, "processes-event-loop"},
    {{"--designs", "processes:4x2"}, "processes:4x128"},
    {{"--designs", ""}, "--designs"},
    {{"--rounds", "0"}, "--rounds"},
    {{"--rounds", "many"}, "--rounds"},
    {{"--first", "0"}, "--first"},
    {{"--max-workers", "0"}, "--max-workers"},
    {{"--max-concurrency", "x"}, "--max-concurrency"},
    {{"--work", "sleep"}, "--work"},
    {{"--format", "xml"}, "--format"},
    {{"--plot", "picture.gif"}, "--plot"},
    {{"--crash", "--sweep"}, "--crash and --sweep"},
    {{"-i", "/nowhere/at/all"}, "/nowhere/at/all"},
    {{"-i", "/dev/null", "http://127.0.0.1/"}, "not both"},
    {{"-i", "/dev/null"}, "no URL"},
    {{"-i", "-"}, "no URL"},
    {{"-"}, "is no URL"},
    {{"--crash", "http://127.0.0.1:99999/"}, "--crash"},
    {{"--retries", "x"}, "--retries"},
    {{"--ordered"}, "--ordered"},
    {{"--tally", "3"}, "unknown option --tally "},
    {{"--crash-url", "http://127.0.0.1/"}, "unknown option --crash-url "},
};

START_TEST(what_cannot_be_compared_is_refused_at_once)
{
    const char *arguments[8] = {"compare"};
    for (size_t i = 0; i < 6; i++)
        arguments[i + 1] = WRONG[_i].arguments[i];
    expect_exit(cli_run(&cli, arguments), 2);
    cli_expect_complaint(&cli, WRONG[_i].complaint);
    ck_assert_int_eq(strncmp(cli.err.text, "shoal compare: ", 15), 0);
}
END_TEST

START_TEST(a_report_that_cannot_be_written_is_known_before_anything_is_fetched)
{
    add_pages(2, "/bytes/10");
    expect_exit(COMPARE("-o", "/nowhere/at/all", "-i", cli_list_path(&cli)), 3);
    cli_expect_complaint(&cli, "/nowhere/at/all");
    ck_assert_uint_eq(requests(), 0);
}
END_TEST

START_TEST(a_list_without_a_place_for_its_copy_is_told)
{
    char variable[CLI_PATH_BYTES + 16];
    add_pages(2, "/bytes/10");
    snprintf(variable, sizeof variable, "TMPDIR=%s", cli_path(&cli, "missing"));
    cli.environment[0] = variable;
    expect_exit(COMPARE("--first", "1", "-i", cli_list_path(&cli)), 3);
    cli_expect_complaint(&cli, "TMPDIR");
    ck_assert_uint_eq(requests(), 0);
}
END_TEST

START_TEST(the_options_of_runs_are_no_options_of_users)
{
    static const char *const HELPS[] = {"fetch", "compare"};
    for (size_t i = 0; i < COUNT(HELPS); i++) {
        expect_exit(CLI_RUN(&cli, HELPS[i], "--help"), 0);
        ck_assert_ptr_null(strstr(cli.out.text, "tally"));
        ck_assert_ptr_null(strstr(cli.out.text, "crash-url"));
    }
    static const char *const ALMOST[] = {"--tellies", "--tall-", "--crash-uri=x", "--crush-url=x", "--crash"};
    for (size_t i = 0; i < COUNT(ALMOST); i++) {
        expect_exit(CLI_RUN(&cli, "fetch", ALMOST[i]), 2);
        ck_assert_msg(strstr(cli.err.text, "mean --tally") == NULL, "%s", cli.err.text);
        ck_assert_msg(strstr(cli.err.text, "mean --crash") == NULL, "%s", cli.err.text);
    }
}
END_TEST

START_TEST(an_ambiguous_option_is_told_without_the_options_of_runs)
{
    expect_exit(CLI_RUN(&cli, "fetch", "--c=1", cli.url), 2);
    cli_expect_complaint(&cli, "--c is ambiguous: --concurrency, --connect-timeout, --cacert");
    ck_assert_msg(strstr(cli.err.text, "crash-url") == NULL, "%s", cli.err.text);
}
END_TEST

/* ---- what fails ---- */

START_TEST(what_no_run_takes_is_said_once)
{
    static char line[9000];
    memset(line, 'x', sizeof line - 1);
    memcpy(line, "X-Long: ", 8);
    add_pages(3, "/bytes/10");
    expect_exit(COMPARE("-i", cli_list_path(&cli), "-H", line, "-H", line), 2);
    cli_expect_complaint(&cli, "more than 16384 bytes");
    ck_assert_uint_eq(requests(), 0);
}
END_TEST

START_TEST(a_page_that_cannot_crash_anybody_is_refused)
{
    add_pages(1, "/bytes/10");
    for (int i = 0; i < 900; i++)
        fputs("http://h/0", cli_list(&cli));
    fputs("\n", cli_list(&cli));
    expect_exit(COMPARE("--crash", "-i", cli_list_path(&cli)), 2);
    cli_expect_complaint(&cli, "too long");
}
END_TEST

START_TEST(short_runs_have_a_peak_too)
{
    add_pages(60, "/delay/150/bytes/2000"); /* shorter ones a busy machine may not look at once */
    expect_exit(COMPARE("--rounds", "2", "--designs", "event-loop,processes-event-loop", "--format", "json", "-i",
                        cli_list_path(&cli)),
                0);
    ck_assert_uint_eq(count_text(cli.out.text, "\"memory_bytes\":null"), 0);
}
END_TEST

START_TEST(a_list_of_which_every_url_fails_is_shown)
{
    add_pages(3, "/status/404");
    expect_exit(COMPARE("--rounds", "1", "--designs", "serial,processes:2x2", "-i", cli_list_path(&cli)), 1);
    ck_assert_uint_eq(count_text(cli.out.text, "3 of 3 URLs failed: http-status 3"), 2);
    ck_assert_str_eq(cli.err.text, "");
}
END_TEST

START_TEST(one_url_that_fails_is_told_and_the_others_count)
{
    add_pages(4, "/bytes/10");
    add_pages(1, "/status/404");
    const char *list = cli_list_path(&cli);
    expect_exit(COMPARE("--rounds", "2", "--designs", "serial,processes:2x2", "-i", list), 1);
    ck_assert_uint_eq(count_text(cli.out.text, "1 of 5 URLs failed: http-status 1"), 2);
    expect_exit(COMPARE("--rounds", "1", "--designs", "serial", "--format", "json", "-i", list), 1);
    expect_json(cli.out.text);
    ck_assert_int_eq(number_of("serial", "failed"), 1);
    ck_assert_int_eq(number_of("serial", "fetched"), 4);
    expect_value("serial", "errors", "{\"http-status\":1}");
    expect_value("serial", "why", "null");
}
END_TEST

static bool shrink_shm(struct cli *unused)
{
    (void)unused;
    return enter_private_shm(64);
}

START_TEST(runs_that_cannot_run_are_told)
{
    add_pages(2, "/bytes/10");
    cli.prepare = shrink_shm;
    int exit_status = COMPARE("--rounds", "1", "--designs", "threads:2x64,processes:2x64", "-i", cli_list_path(&cli));
    if (exit_status == 126) {
        puts("skipped: runs_that_cannot_run_are_told: no mount namespace");
        return;
    }
    expect_exit(exit_status, 3);
    ck_assert_uint_eq(count_text(cli.out.text, "cannot run: "), 2);
    ck_assert_uint_eq(count_text(cli.out.text, "not enough shared memory"), 2);
    ck_assert_uint_eq(requests(), 0);
}
END_TEST

START_TEST(a_crash_costs_processes_one_url_and_others_the_run)
{
    add_pages(4, "/bytes/10");
    add_pages(1, "/bytes/11");
    add_pages(4, "/bytes/12");
    const char *list = cli_list_path(&cli);
    expect_exit(COMPARE("--crash", "--rounds", "1", "--designs", "serial,threads:2x2,processes:2x2", "--format", "json",
                        "-i", list),
                1);
    expect_json(cli.out.text);
    expect_text(value_of(NULL, "crash"), "/bytes/11\"");
    static const char *const DIE[] = {"serial", "threads:2x2"};
    for (size_t i = 0; i < COUNT(DIE); i++) {
        expect_value(DIE[i], "end", "\"died\"");
        expect_value(DIE[i], "signal", "\"SIGSEGV\"");
        ck_assert_int_eq(number_of(DIE[i], "died"), 1);
        ck_assert_int_le(number_of(DIE[i], "fetched"), 8);
    }
    expect_value("processes:2x2", "end", "\"finished\"");
    expect_value("processes:2x2", "errors", "{\"worker-crashed\":1}");
    ck_assert_int_eq(number_of("processes:2x2", "fetched"), 8);
    expect_exit(COMPARE("--crash", "--rounds", "1", "--designs", "serial,processes:2x2", "-i", list), 1);
    expect_text(cli.out.text, "died of SIGSEGV");
    expect_text(cli.out.text, "worker-crashed");
}
END_TEST

/* ---- the sweep ---- */

/* Whether a shell runs it well. */
static bool shell_runs(const char *command)
{
    int status;
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status == 0;
}

START_TEST(a_sweep_ends_with_a_line_that_can_be_pasted)
{
    char command[2048], name[64];
    const char *build = getenv("SHOAL_BUILD");
    add_pages(1, "/echo");
    add_pages(3, "/delay/30/bytes/10");
    expect_exit(COMPARE("--sweep", "--max-workers", "2", "--max-concurrency", "4", "--rounds", "1", "--designs",
                        "processes:2x4", "-H", "X-One: it's $HOME", "-i", cli_list_path(&cli)),
                0);
    expect_text(cli.out.text, "sweep of processes");
    expect_text(cli.out.text, "sweep of threads");
    const char *line = strstr(cli.out.text, "\nshoal fetch -e ");
    ck_assert_msg(line != NULL, "%s", cli.out.text);
    line += sizeof "\nshoal" - 1;
    ck_assert_uint_eq(requests(), (1 + 1 + 2 * 5) * 4);
    snprintf(command, sizeof command, "%s/shoal %.*s -q -O %s", build != NULL ? build : "build",
             (int)strcspn(line, "\n"), line, cli_path(&cli, "out"));
    ck_assert_msg(shell_runs(command), "%s", command);
    snprintf(name, sizeof name, "out/127.0.0.1+%d/echo", cli.origin.port);
    FILE *file = fopen(cli_path(&cli, name), "re");
    ck_assert_msg(file != NULL, "%s", command);
    char text[1024] = "";
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, file), 0);
    fclose(file);
    expect_text(text, "\r\nX-One: it's $HOME\r\n");
}
END_TEST

/* ---- where it goes ---- */

START_TEST(the_report_goes_where_it_is_sent)
{
    char text[4096] = "";
    add_pages(2, "/bytes/10");
    const char *list = cli_list_path(&cli), *report = cli_path(&cli, "report");
    expect_exit(COMPARE("--rounds", "1", "--designs", "serial", "-o", report, "-i", list), 0);
    ck_assert_uint_eq(cli.out.bytes + cli.err.bytes, 0);
    FILE *file = fopen(report, "re");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, file), 0);
    fclose(file);
    expect_text(text, "\nserial ");
    expect_text(text, "2 URLs (");
    expect_exit(COMPARE("--rounds", "1", "--designs", "serial", "-o", "-", "-i", list), 0);
    expect_text(cli.out.text, "\nserial ");
}
END_TEST

START_TEST(a_report_that_nobody_takes_is_an_error)
{
    add_pages(2, "/bytes/10");
    const char *list = cli_list_path(&cli);
    if (_i == 0)
        cli.out_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    else
        cli.out_fd = -1;
    expect_exit(COMPARE("--rounds", "1", "--designs", "serial", "-i", list), 3);
    cli_expect_complaint(&cli, "cannot write to standard output");
    if (_i == 0)
        close(cli.out_fd);
}
END_TEST

START_TEST(a_closed_standard_error_and_input_do_no_harm)
{
    add_pages(2, "/bytes/10");
    cli.err_fd = -1;
    cli.stdin_closed = true;
    expect_exit(COMPARE("--rounds", "1", "--designs", "serial,processes:2x2", "-i", cli_list_path(&cli)), 0);
    ck_assert_uint_eq(requests(), (1 + 2) * 2);
}
END_TEST

START_TEST(progress_is_told_when_asked_for)
{
    add_pages(4, "/delay/100/bytes/10");
    const char *list = cli_list_path(&cli);
    expect_exit(COMPARE("--rounds", "1", "--designs", "serial", "--progress", "always", "-i", list), 0);
    expect_text(cli.err.text, "warm-up: ");
    expect_text(cli.err.text, "/4, ");
    ck_assert_ptr_null(strchr(cli.err.text, '\033'));
    expect_text(cli.out.text, "\nserial ");
    expect_exit(COMPARE("--rounds", "1", "--designs", "serial", "--progress", "always", "-q", "-i", list), 0);
    ck_assert_str_eq(cli.err.text, "");
}
END_TEST

/* ---- how it ends early ---- */

static const struct {
    int number;
    int exit_status;
    const char *name;
} SIGNALS[] = {{SIGINT, 130, "SIGINT"}, {SIGTERM, 143, "SIGTERM"}, {SIGHUP, 129, "SIGHUP"}};

/* In the middle of the second design, as Ctrl-C does it. */
static void start_and_await_the_second_design(const char *format)
{
    add_pages(8, "/delay/100/bytes/10");
    CLI_START(&cli, "compare", "--rounds", "2", "--designs", "threads:4x8,serial,processes:1x1", "--format", format,
              "-i", cli_list_path(&cli));
    cli_await_requests(&cli, 2 * 8 + 2);
}

START_TEST(a_signal_ends_it_and_what_there_is_is_shown)
{
    start_and_await_the_second_design("table");
    kill(-cli.pid, SIGNALS[_i].number);
    expect_exit(cli_wait(&cli), SIGNALS[_i].exit_status);
    char text[64];
    snprintf(text, sizeof text, "interrupted by %s after 0 of 2 rounds", SIGNALS[_i].name);
    expect_text(cli.out.text, text);
    expect_text(cli.out.text, "\nthreads ");
    ck_assert_ptr_null(strstr(cli.out.text, "cannot run"));
    expect_no_process();
    ck_assert_uint_le(requests(), 3 * 8);
}
END_TEST

START_TEST(json_says_what_interrupted_it)
{
    start_and_await_the_second_design("json");
    kill(cli.pid, SIGINT);
    expect_exit(cli_wait(&cli), 130);
    expect_json(cli.out.text);
    expect_value(NULL, "interrupted", "\"SIGINT\"");
    expect_value("threads:4x8", "end", "\"finished\"");
    ck_assert_uint_eq(count_text(cli.out.text, "\"end\":"), 1); /* the run that was stopped is none */
}
END_TEST

START_TEST(a_signal_while_the_list_is_awaited_ends_it)
{
    cli.feeds = true;
    CLI_START(&cli, "compare", "-i", "-");
    cli_feed_text(&cli, "http://127.0.0.1:1/\n");
    ck_assert(!cli_ends_within(&cli, 100));
    kill(cli.pid, SIGTERM);
    expect_exit(cli_wait(&cli), 143);
    ck_assert_uint_eq(cli.out.bytes, 0);
}
END_TEST

START_TEST(at_the_second_signal_the_report_is_given_up)
{
    int ends[2];
    char filler[4096] = "";
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    while (write(ends[1], filler, sizeof filler) > 0)
        ;
    fcntl(ends[1], F_SETFL, 0);
    cli.out_fd = ends[1];
    start_and_await_the_second_design("table");
    int64_t deadline_ms = now_ms() + NET_MS;
    do { /* the first one stops the run; one after it ends the wait for a reader */
        ck_assert_int_lt(now_ms(), deadline_ms);
        kill(cli.pid, SIGINT);
    } while (!cli_ends_within(&cli, 200));
    expect_exit(cli_wait(&cli), 130);
    close(ends[0]), close(ends[1]);
}
END_TEST

/* Waits until it has so many children. */
static void await_children(pid_t *pids, size_t count)
{
    int64_t deadline_ms = now_ms() + NET_MS;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)cli.pid, (int)cli.pid);
    for (size_t found = 0; found < count;) {
        ck_assert_msg(now_ms() < deadline_ms, "%zu children, %zu are to come", found, count);
        FILE *children = fopen(path, "re");
        ck_assert_ptr_nonnull(children);
        for (found = 0; found < count && fscanf(children, "%d", &pids[found]) == 1;)
            found++;
        fclose(children);
        cli_ends_within(&cli, 5);
    }
}

static void expect_all_end(void)
{
    pid_t pids[CLI_WORKERS_MAX];
    int64_t deadline_ms = now_ms() + NET_MS;
    for (size_t count; (count = children_of_self(&cli.origin, pids, COUNT(pids))) > 0; sched_yield()) {
        ck_assert_msg(now_ms() < deadline_ms, "process %d goes on", (int)pids[0]);
        for (size_t i = 0; i < count; i++)
            waitpid(pids[i], NULL, WNOHANG);
    }
}

/* Waits for a run of the engine, which is a child beside the server. */
static void await_run(pid_t pids[2], const char *engine)
{
    int64_t deadline_ms = now_ms() + NET_MS;
    char path[64], text[256] = "";
    do {
        ck_assert_int_lt(now_ms(), deadline_ms);
        await_children(pids, 2);
        snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pids[1]);
        FILE *file = fopen(path, "re");
        size_t bytes = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
        if (file != NULL)
            fclose(file);
        text[bytes] = '\0';
    } while (memmem(text, sizeof text, engine, strlen(engine)) == NULL);
}

START_TEST(the_bundled_server_ends_with_an_interrupted_comparison)
{
    pid_t pids[2];
    CLI_START(&cli, "compare", "--designs", "serial");
    await_run(pids, "--engine=serial"); /* which has no workers: nothing is left to die by itself */
    kill(-cli.pid, SIGNALS[_i].number);
    expect_exit(cli_wait(&cli), SIGNALS[_i].exit_status);
    expect_no_process();
    for (size_t i = 0; i < 2; i++)
        ck_assert(kill(pids[i], 0) != 0 && errno == ESRCH);
}
END_TEST

START_TEST(killed_it_takes_its_run_and_the_bundled_server_with_it)
{
    pid_t pids[2];
    CLI_START(&cli, "compare", "--designs", _i == 0 ? "serial" : "processes:4x8");
    await_run(pids, _i == 0 ? "--engine=serial" : "--engine=processes");
    kill(cli.pid, SIGKILL);
    expect_exit(cli_wait(&cli), 128 + SIGKILL);
    expect_all_end();
    for (size_t i = 0; i < 2; i++)
        ck_assert(kill(pids[i], 0) != 0 && errno == ESRCH);
    ck_assert(shm_names_are_gone());
}
END_TEST

/* ---- the suite ---- */

static Suite *cli_compare_suite(void)
{
    Suite *suite = suite_create("cli_compare");
    TCase *cases = tcase_create("compare");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, without_a_url_the_pages_of_the_bundled_server_are_compared);
    tcase_add_test(cases, json_is_json_and_has_every_run);
    tcase_add_test(cases, csv_has_a_line_for_each_design_and_setting);
    tcase_add_test(cases, nothing_is_fetched_more_often_than_is_said);
    tcase_add_test(cases, urls_of_the_command_line_are_compared);
    tcase_add_test(cases, the_first_of_the_list_are_a_list);
    tcase_add_test(cases, a_list_from_a_pipe_is_there_for_every_run);
    tcase_add_test(cases, options_of_fetch_are_passed_to_every_run);
    tcase_add_test(cases, work_is_done_for_each_page);
    tcase_add_loop_test(cases, what_cannot_be_compared_is_refused_at_once, 0, COUNT(WRONG));
    tcase_add_test(cases, a_report_that_cannot_be_written_is_known_before_anything_is_fetched);
    tcase_add_test(cases, a_list_without_a_place_for_its_copy_is_told);
    tcase_add_test(cases, the_options_of_runs_are_no_options_of_users);
    tcase_add_test(cases, an_ambiguous_option_is_told_without_the_options_of_runs);
    tcase_add_test(cases, a_list_of_which_every_url_fails_is_shown);
    tcase_add_test(cases, what_no_run_takes_is_said_once);
    tcase_add_test(cases, a_page_that_cannot_crash_anybody_is_refused);
    tcase_add_test(cases, short_runs_have_a_peak_too);
    tcase_add_test(cases, one_url_that_fails_is_told_and_the_others_count);
    tcase_add_test(cases, runs_that_cannot_run_are_told);
    tcase_add_test(cases, a_crash_costs_processes_one_url_and_others_the_run);
    tcase_add_test(cases, a_sweep_ends_with_a_line_that_can_be_pasted);
    tcase_add_test(cases, the_report_goes_where_it_is_sent);
    tcase_add_loop_test(cases, a_report_that_nobody_takes_is_an_error, 0, 2);
    tcase_add_test(cases, a_closed_standard_error_and_input_do_no_harm);
    tcase_add_test(cases, progress_is_told_when_asked_for);
    tcase_add_loop_test(cases, a_signal_ends_it_and_what_there_is_is_shown, 0, COUNT(SIGNALS));
    tcase_add_test(cases, json_says_what_interrupted_it);
    tcase_add_test(cases, a_signal_while_the_list_is_awaited_ends_it);
    tcase_add_test(cases, at_the_second_signal_the_report_is_given_up);
    tcase_add_loop_test(cases, the_bundled_server_ends_with_an_interrupted_comparison, 0, 2);
    tcase_add_loop_test(cases, killed_it_takes_its_run_and_the_bundled_server_with_it, 0, 2);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return processes_are_tested("cli_compare") ? cli_suite_main(cli_compare_suite()) : EXIT_SUCCESS;
}
