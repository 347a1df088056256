/* `shoal fetch` while a call of its own fails, one after the other: it says so and ends, or bears it. Whichever:
 * every URL is accounted for, the exit status is right, and nothing stays behind. `make torture` tries every call. */
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/torture/walk.h"

#define URLS 6

static struct cli cli;

static void set_up(void)
{
    cli_begin_with_delay(&cli, 5);
    cli.program = "torture/shoal";
}

static void tear_down(void)
{
    cli_end(&cli);
}

/* 0: all is reported as read. 1: all is reported. 2: it never began. 3: it never began, or could not go on; then what it did not
 * report is for want of an output. */
static bool judge(size_t read, size_t failed, char why[WALK_WHY_BYTES])
{
    size_t sum = read + failed;
    bool right = cli.exit_status == 0   ? read == URLS && failed == 0
                 : cli.exit_status == 1 ? sum == URLS && failed > 0
                 : cli.exit_status == 2 ? sum == 0
                                        : sum <= URLS;
    bool says_why = cli.exit_status < 2 || cli.err.bytes == 0 || strstr(cli.err.text, "shoal") != NULL;
    if (!right || !says_why)
        snprintf(why, WALK_WHY_BYTES, "exit status %d, %zu read, %zu failed: %.500s", cli.exit_status, read, failed,
                 cli.err.text);
    return right && says_why;
}

static bool text_is_right(struct cli *ended, char why[WALK_WHY_BYTES])
{
    size_t read = 0;
    size_t failed = 0;
    for (size_t i = 0; i < count_lines(ended->out.text); i++)
        read += strncmp(line_at(ended->out.text, i), "Read ", 5) == 0;
    for (size_t i = 0; i < count_lines(ended->err.text); i++)
        failed += strncmp(line_at(ended->err.text, i), "Failed ", 7) == 0;
    return judge(read, failed, why);
}

static bool jsonl_is_right(struct cli *ended, char why[WALK_WHY_BYTES])
{
    size_t read = 0;
    size_t lines = count_lines(ended->out.text);
    for (size_t i = 0; i < lines; i++)
        read += strstr(line_at(ended->out.text, i), "\"error\":null") != NULL;
    return judge(read, lines - read, why);
}

static void walk_with(const char *const *arguments, bool (*is_right)(struct cli *ended, char why[WALK_WHY_BYTES]),
                      void (*prepare)(struct cli *ended))
{
    const struct walk walk = {.cli = &cli, .arguments = arguments, .is_right = is_right, .prepare = prepare};
    walk_all(&walk);
}

/* Some large enough to grow, one that leads elsewhere, one that is decoded. */
static const char *url(const char *path)
{
    static char urls[URLS][128];
    static int next;
    char *at = urls[next++ % URLS];
    snprintf(at, sizeof urls[0], "%s%s", cli.url, path);
    return at;
}

START_TEST(text)
{
    const char *const arguments[] = {"fetch",
                                     "--max-time",
                                     "3s",
                                     url("/bytes/1000"),
                                     url("/bytes/300000"),
                                     url("/redirect/1"),
                                     url("/gzip/5000"),
                                     url("/delay/20/page/1"),
                                     url("/wiki/PHP"),
                                     NULL};
    walk_with(arguments, text_is_right, NULL);
}
END_TEST

static void write_list(void)
{
    FILE *list = cli_list(&cli);
    fprintf(list, "# a list\n\n%s\n%s\n%s\n%s\n", url("/bytes/10"), url("/bytes/100000"), url("/redirect/2"),
            url("/echo"));
    fprintf(list, "%s\n%s\n", url("/delay/20/page/2"), url("/gzip/100000"));
}

START_TEST(a_list_in_its_order_as_jsonl)
{
    write_list();
    const char *const arguments[] = {"fetch",
                                     "--max-time",
                                     "3s",
                                     "-i",
                                     cli_list_path(&cli),
                                     "--format",
                                     "jsonl",
                                     "--ordered",
                                     "-H",
                                     "X-Torture: yes",
                                     "-A",
                                     "torture",
                                     "--per-host",
                                     "3",
                                     "--resolve",
                                     "one.test:80:127.0.0.1",
                                     "--digest",
                                     "--http1.1",
                                     NULL};
    walk_with(arguments, jsonl_is_right, NULL);
}
END_TEST

static int remove_entry(const char *path, const struct stat *about, int type, struct FTW *place)
{
    (void)about;
    (void)type;
    (void)place;
    return remove(path);
}

static void remove_saved(struct cli *next)
{
    nftw(cli_path(next, "saved"), remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Whatever has a name is whole: the sizes are in the names. */
static bool saved_is_right(struct cli *ended, char why[WALK_WHY_BYTES])
{
    char path[CLI_PATH_BYTES];
    size_t files = 0;
    snprintf(path, sizeof path, "%s/127.0.0.1+%d/bytes", cli_path(ended, "saved"), ended->origin.port);
    DIR *directory = opendir(path);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        struct stat about;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        files++;
        if (entry->d_name[0] == '.')
            snprintf(why, WALK_WHY_BYTES, "%s is left", entry->d_name);
        else if (fstatat(dirfd(directory), entry->d_name, &about, 0) != 0 ||
                 about.st_size != strtol(entry->d_name, NULL, 10))
            snprintf(why, WALK_WHY_BYTES, "%s has %lld bytes", entry->d_name, (long long)about.st_size);
    }
    if (directory)
        closedir(directory);
    if (!why[0] && ended->exit_status == 0 && files != URLS)
        snprintf(why, WALK_WHY_BYTES, "%zu files", files);
    return !why[0] && text_is_right(ended, why);
}

START_TEST(bodies_that_are_saved)
{
    const char *directory = cli_path(&cli, "saved");
    char path[CLI_PATH_BYTES];
    snprintf(path, sizeof path, "%s", directory);
    for (int i = 0; i < URLS; i++)
        fprintf(cli_list(&cli), "%s/bytes/%d\n", cli.url, 10 + i * 20000);
    const char *const arguments[] = {"fetch", "--max-time", "3s", "-i", cli_list_path(&cli), "-O", path, NULL};
    walk_with(arguments, saved_is_right, remove_saved);
}
END_TEST

static void engine_walk(const char *engine, const char *workers)
{
    write_list();
    const char *const arguments[] = {"fetch", "--max-time", "3s", "-i",    cli_list_path(&cli),
                                     "-e",    engine,       "-w", workers, NULL};
    walk_with(arguments, text_is_right, NULL);
}

START_TEST(threads)
{
    engine_walk("threads", "2");
}
END_TEST

START_TEST(serial)
{
    engine_walk("serial", "1");
}
END_TEST

/* Their end is found by looking, not by a descriptor. */
START_TEST(workers_that_nobody_can_watch_are_buried_all_the_same)
{
    cli.environment[0] = "TORTURE=pidfd_open:1+";
    cli.environment[1] = "FAULT=publish.before_cas:4:kill";
    for (int i = 0; i < 20; i++)
        fprintf(cli_list(&cli), "%s/bytes/%d\n", cli.url, i);
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-w", "2", "-c", "4", "-i", cli_list_path(&cli)), 0);
    cli_expect_outcomes(&cli, 20, 0);
}
END_TEST

/* Each of them in turn could begin if it were the only one: what passes must not end the run. */
START_TEST(a_worker_that_finds_no_memory_at_first_is_started_again)
{
    cli.environment[0] = "TORTURE=epoll_create1:3"; /* behind those of the program and the executor: a worker's */
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", url("/bytes/1"), url("/bytes/2")), 0);
    cli_expect_outcomes(&cli, 2, 0);
}
END_TEST

/* Nobody is ever told that something came: the transfer ends with a reason, not with its time. */
START_TEST(a_socket_that_cannot_be_watched_fails_its_url_at_once)
{
    char fault[32];
    bool any = false;
    for (int nth = 6; nth < 12; nth++) {
        snprintf(fault, sizeof fault, "TORTURE=epoll_ctl:%d+", nth);
        cli.environment[0] = fault;
        int status =
            CLI_RUN(&cli, "fetch", "-w", "1", "--max-time", "1h", "--stall-time", "1h", url("/delay/20/bytes/9"));
        ck_assert(status == 0 || status == 1 || status == 3);
        any = any || strstr(cli.err.text, "watches no more sockets") != NULL;
    }
    ck_assert(any);
}
END_TEST

int main(void)
{
    if (!processes_are_tested("torture_program"))
        return EXIT_SUCCESS;
    Suite *suite = suite_create("torture program");
    TCase *tests = tcase_create("torture");
    tcase_set_timeout(tests, 1700);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, text);
    tcase_add_test(tests, a_list_in_its_order_as_jsonl);
    tcase_add_test(tests, bodies_that_are_saved);
    tcase_add_test(tests, threads);
    tcase_add_test(tests, serial);
    tcase_add_test(tests, workers_that_nobody_can_watch_are_buried_all_the_same);
    tcase_add_test(tests, a_worker_that_finds_no_memory_at_first_is_started_again);
    tcase_add_test(tests, a_socket_that_cannot_be_watched_fails_its_url_at_once);
    suite_add_tcase(suite, tests);
    return cli_suite_main(suite);
}
