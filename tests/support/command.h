/* The program itself, $SHOAL_BUILD/shoal, run from outside: started with pipes, fed, read and waited for, with
 * a deadline at every wait. What a test of the command line has stands in one struct:
 *
 *     struct cli cli;
 *     cli_begin(&cli);
 *     fprintf(cli_list(&cli), "%s/bytes/10\n", cli.url);
 *     ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-i", cli_list_path(&cli)), 0);
 *     cli_expect_outcomes(&cli, 1, 0);
 *     cli_end(&cli);
 *
 * A failure fails the test. Every process that is started here dies with the test. */
#ifndef SHOAL_TESTS_COMMAND_H
#define SHOAL_TESTS_COMMAND_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "common/fault.h"
#include "tests/support/support.h"

#define CLI_PATH_BYTES 256
#define CLI_WORKERS_MAX 64
#define CLI_ARGUMENTS_MAX 2100

/* What came out of one pipe. */
struct stream {
    int fd;     /* -1: ended, or not ours */
    char *text; /* always ended by NUL */
    size_t bytes;
};

struct cli {
    struct origin origin;
    char url[64];                       /* of the origin, without a slash at its end */
    char directory[CLI_PATH_BYTES / 2]; /* of this test alone; removed by cli_end() */
    char list_path[CLI_PATH_BYTES];
    FILE *list;

    /* For the next start; zero: as usual. */
    bool feeds;                       /* standard input is a pipe, cli_feed(); else /dev/null */
    int out_fd, err_fd;               /* what the program gets instead of a pipe; 0: a pipe; -1: closed */
    bool stdin_closed;                /* it begins without a standard input */
    bool (*prepare)(struct cli *cli); /* in the child, before the program; false: exit status 126 */
    const char *environment[4];       /* NAME=VALUE */
    const char *program;              /* below $SHOAL_BUILD; NULL: shoal */

    pid_t pid; /* and process group; 0: nothing runs */
    int pid_fd;
    int in; /* write end; -1 */
    struct stream out, err;
    int exit_status; /* once it has ended; 128 + signal where one killed it */
};

/* A scratch directory and an origin; the wiki pages come after 150 ms, or as said. */
void cli_begin(struct cli *cli);
void cli_begin_with_delay(struct cli *cli, uint32_t wiki_delay_ms);
/* Kills what still runs, checks that no process of it is left, and removes all. May be called twice. */
void cli_end(struct cli *cli);

/* The list of URLs: a file that is written until its path is asked for. */
FILE *cli_list(struct cli *cli);
const char *cli_list_path(struct cli *cli);
/* "%s/" and the name, below the scratch directory; valid until the fourth call after it. */
const char *cli_path(struct cli *cli, const char *name);

/* Starts the program with these arguments, ended by NULL; output of a run before is forgotten. */
void cli_start(struct cli *cli, const char *const *arguments);
#define CLI_START(cli, ...) cli_start(cli, (const char *const[]){__VA_ARGS__, NULL})
/* Reads until it has ended; returns its exit status. Checks that no process of it is left, and no shared memory. */
int cli_wait(struct cli *cli);
/* Both. */
int cli_run(struct cli *cli, const char *const *arguments);
#define CLI_RUN(cli, ...) cli_run(cli, (const char *const[]){__VA_ARGS__, NULL})

/* Whether it ends within this time. Reads meanwhile. */
bool cli_ends_within(struct cli *cli, int ms);
/* Reads until the stream has so many lines. */
void cli_await_lines(struct cli *cli, struct stream *stream, size_t lines);
/* Reads until the origin has so many requests in flight. */
void cli_await_in_flight(struct cli *cli, uint32_t count);
/* Reads until the origin has counted so many requests. */
void cli_await_requests(struct cli *cli, uint64_t count);
/* Writes to its standard input; reads meanwhile. */
void cli_feed(struct cli *cli, const char *bytes, size_t count);
void cli_feed_text(struct cli *cli, const char *text);
void cli_close_input(struct cli *cli);
/* Its children now; there must be some. Returns how many. */
size_t cli_workers(struct cli *cli, pid_t workers[CLI_WORKERS_MAX]);

/* ---- what came out ---- */

size_t count_lines(const char *text);
size_t count_text(const char *text, const char *part);
/* Line number index, counted from 0, without its end; valid until the next call. */
const char *line_at(const char *text, size_t index);

/* Text format: every outcome is one line, and the summary's counts are those of the lines: so many, so many failed. */
void cli_expect_outcomes(struct cli *cli, uint64_t total, uint64_t failed);
/* "<before><number>" ends exactly one line of the stream for each number from 0 to count - 1. */
void cli_expect_each_once(const struct stream *stream, const char *before, size_t count);
/* Standard error has exactly one line, and that holds the text; standard output has none. */
void cli_expect_complaint(struct cli *cli, const char *part);

/* ---- the suite ---- */

/* Runs it; returns main's exit status. */
int cli_suite_main(Suite *suite);

#endif
