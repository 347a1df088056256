/* walk.c: runs a program again and again, and each time one of its calls fails. */
#include "tests/torture/walk.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FUNCTIONS_MAX 64
#define FEW_CALLS 3 /* all are tried, always */
#define FAILURES_BYTES 8192
#define SLOW_MS 5000 /* worth a word in the whole walk */

struct report {
    char names[FUNCTIONS_MAX][32];
    unsigned long calls[FUNCTIONS_MAX];
    int function_count;
    unsigned long failed;
    long blocks;
    int descriptors;
};

/* False: the program did not come to its end. */
static bool read_report(const char *path, struct report *report)
{
    char line[128];
    bool is_whole = false;
    *report = (struct report){.blocks = -1};
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        int at = report->function_count;
        if (at < FUNCTIONS_MAX && sscanf(line, "calls %31s %lu", report->names[at], &report->calls[at]) == 2)
            report->function_count++;
        sscanf(line, "failed %lu", &report->failed);
        sscanf(line, "blocks %ld", &report->blocks);
        is_whole = sscanf(line, "descriptors %d", &report->descriptors) == 1; /* the last line */
    }
    if (file)
        fclose(file);
    return is_whole;
}

/* From some write on all fail: what there is to say cannot be said either. */
static bool lets_nothing_out(const char *fault)
{
    size_t bytes = strlen(fault);
    return strncmp(fault, "write:", 6) == 0 && fault[bytes - 1] == '+';
}

/* Runs the program with this fault ("": none); false and why, if something is wrong. */
static bool run_once(const struct walk *walk, const char *fault, struct report *report, char why[WALK_WHY_BYTES])
{
    struct cli *cli = walk->cli;
    char wish[96];
    char report_to[CLI_PATH_BYTES + 32];
    const char *report_path = cli_path(cli, "report");
    snprintf(wish, sizeof wish, "TORTURE=%s", fault);
    snprintf(report_to, sizeof report_to, "TORTURE_REPORT=%s", report_path);
    cli->environment[0] = wish;
    cli->environment[1] = report_to;
    unlink(report_path);
    if (walk->prepare)
        walk->prepare(cli);
    why[0] = '\0';
    cli_start(cli, walk->arguments);
    if (!cli_ends_within(cli, NET_MS)) {
        kill(-cli->pid, SIGKILL);
        cli_wait(cli);
        snprintf(why, WALK_WHY_BYTES, "hangs");
        return false;
    }
    cli_wait(cli); /* no process is left, and no shared memory */
    bool is_whole = read_report(report_path, report);
    if (cli->exit_status > 3 || !is_whole)
        snprintf(why, WALK_WHY_BYTES, "exit status %d: %.600s", cli->exit_status, cli->err.text);
    else if (report->blocks != 0)
        snprintf(why, WALK_WHY_BYTES, "%ld blocks are not given back (exit status %d)", report->blocks,
                 cli->exit_status);
    else if (report->descriptors != 0)
        snprintf(why, WALK_WHY_BYTES, "%d descriptors are left open (exit status %d)", report->descriptors,
                 cli->exit_status);
    else if (cli->exit_status != 0 && cli->err.bytes == 0 && !lets_nothing_out(fault))
        snprintf(why, WALK_WHY_BYTES, "exit status %d without a word", cli->exit_status);
    else
        walk->is_right(cli, why);
    return why[0] == '\0';
}

struct walker {
    const struct walk *walk;
    bool is_whole; /* every call */
    int runs, failures, missed;
    char list[FAILURES_BYTES];
};

static void try_one(struct walker *walker, const char *function, unsigned long nth, bool again)
{
    char fault[64];
    char why[WALK_WHY_BYTES];
    struct report report;
    int64_t began_ms = now_ms();
    snprintf(fault, sizeof fault, "%s:%lu%s", function, nth, again ? "+" : "");
    bool right = run_once(walker->walk, fault, &report, why);
    int64_t lasted_ms = now_ms() - began_ms;
    walker->runs++;
    walker->missed += right && report.failed == 0;
    if (walker->is_whole && lasted_ms > SLOW_MS)
        fprintf(stderr, "%s: took %lld ms\n", fault, (long long)lasted_ms);
    if (getenv("TORTURE_VERBOSE"))
        fprintf(stderr, "%s: exit status %d after %lld ms: %.300s\n", fault, walker->walk->cli->exit_status,
                (long long)lasted_ms, walker->walk->cli->err.text);
    if (right)
        return;
    size_t used = strlen(walker->list);
    walker->failures++;
    snprintf(walker->list + used, sizeof walker->list - used, "\n  TORTURE=%s: %s", fault, why);
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static uint64_t begin_seed(void)
{
    const char *given = getenv("TORTURE_SEED");
    uint64_t seed = 0;
    if (given)
        seed = strtoull(given, NULL, 10);
    else if (getrandom(&seed, sizeof seed, 0) == (ssize_t)sizeof seed)
        seed %= 1000000;
    return seed;
}

void walk_all(const struct walk *walk)
{
    const char *nth = getenv("TORTURE_NTH");
    const char *only = getenv("TORTURE_ONLY");
    uint64_t seed = begin_seed();
    uint64_t random = seed;
    char why[WALK_WHY_BYTES];
    struct report first;
    struct walker walker = {.walk = walk, .is_whole = nth && strcmp(nth, "all") == 0};
    bool well = run_once(walk, "", &first, why);
    ck_assert_msg(well && walk->cli->exit_status == 0, "without a fault: exit status %d: %s: %s",
                  walk->cli->exit_status, why, walk->cli->err.text);
    for (int i = 0; i < first.function_count; i++) {
        if (first.calls[i] == 0 || (only && strcmp(only, first.names[i]) != 0))
            continue;
        bool each = walker.is_whole || first.calls[i] <= FEW_CALLS;
        unsigned long from = each ? 1 : 1 + next_random(&random) % first.calls[i];
        unsigned long to = each ? first.calls[i] : from;
        for (unsigned long at = from; at <= to; at++)
            try_one(&walker, first.names[i], at, false);
        bool is_signal = strcmp(first.names[i], "poll") == 0 || strcmp(first.names[i], "epoll_wait") == 0;
        if (!is_signal && (walker.is_whole || next_random(&random) % 8 == 0))
            try_one(&walker, first.names[i], each ? 1 : from, true);
    }
    printf("%d runs, %d without a fault after all, %d wrong; seed %llu\n", walker.runs, walker.missed, walker.failures,
           (unsigned long long)seed);
    ck_assert_msg(walker.failures == 0, "seed %llu: %d of %d runs went wrong:%s", (unsigned long long)seed,
                  walker.failures, walker.runs, walker.list);
}
