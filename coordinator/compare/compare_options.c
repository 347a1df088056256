/* compare_options.c: the command line of `shoal compare`, read into one struct. */
#include "coordinator/compare/compare_options.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macros.h"
#include "coordinator/executor/cpus.h"
#include "coordinator/options/option_values.h"

#define ROUNDS_DEFAULT 3
#define ROUNDS_MAX 1000u
#define IN_FLIGHT_DEFAULT 64u
#define SWEEP_WORKERS_PER_CPU 4u
#define SWEEP_IN_FLIGHT_DEFAULT 256u

/* Every reader has the type of option_spec.take. */
#define TAKE(name) static bool name(void *options, const char *value, char *why, size_t why_bytes)
#define COMPARE ((struct compare_options *)options)

static const char *const WORKS[] = {"none", "digest", "links"};
static const char *const WORK_OPTIONS[] = {NULL, "digest", "count-links"}; /* what asks a run for it */
static const char *const FORMATS[] = {"table", "json", "csv"};
static_assert(COUNT(WORKS) == COMPARE_WORK_COUNT, "every kind of work has a name");
static_assert(COUNT(WORK_OPTIONS) == COMPARE_WORK_COUNT, "every kind of work has an option");
static_assert(COUNT(FORMATS) == REPORT_FORMAT_COUNT, "every format has a name");

const char *compare_work_name(enum compare_work work)
{
    return WORKS[work];
}

TAKE(take_designs)
{
    return option_value_not_empty(value, &COMPARE->designs, why, why_bytes);
}

TAKE(take_rounds)
{
    return option_value_count(value, 1, ROUNDS_MAX, &COMPARE->rounds, why, why_bytes);
}

TAKE(take_first)
{
    return option_value_count(value, 1, UINT32_MAX, &COMPARE->first, why, why_bytes);
}

TAKE(take_sweep)
{
    (void)value;
    (void)why_bytes;
    why[0] = '\0';
    COMPARE->sweep = true;
    return true;
}

TAKE(take_sweep_workers)
{
    return option_value_count(value, 1, WORKERS_MAX, &COMPARE->sweep_workers_max, why, why_bytes);
}

TAKE(take_sweep_in_flight)
{
    return option_value_count(value, 1, CONCURRENCY_MAX, &COMPARE->sweep_in_flight_max, why, why_bytes);
}

TAKE(take_work)
{
    size_t index;
    if (!option_value_choice(value, WORKS, COUNT(WORKS), &index, why, why_bytes))
        return false;
    COMPARE->work = (enum compare_work)index;
    return true;
}

TAKE(take_crash)
{
    (void)value;
    (void)why_bytes;
    why[0] = '\0';
    COMPARE->crash = true;
    return true;
}

TAKE(take_report_format)
{
    size_t index;
    if (!option_value_choice(value, FORMATS, COUNT(FORMATS), &index, why, why_bytes))
        return false;
    COMPARE->format = (enum report_format)index;
    return true;
}

TAKE(take_plot)
{
    return option_value_not_empty(value, &COMPARE->plot_path, why, why_bytes);
}

/* ---- the table: some options are fetch's, and some of these are passed to every run ---- */

static const struct option_spec OWN[] = {
    {"designs", 0, "LIST",
     "Compare these, with commas between them: serial, threads-5, threads, processes, event-loop, "
     "threads-event-loop, processes-event-loop, or ENGINE:WxC (processes:4x128)",
     take_designs, OPTIONS_RUN},
    {"rounds", 0, "N", "Run each design N times, in turn (default 3)", take_rounds, OPTIONS_RUN},
    {"first", 0, "N", "Use the first N URLs of the list", take_first, OPTIONS_RUN},
    {"sweep", 0, NULL, "Also look for the best number of workers and transfers in flight: 1, 2, 4, ... of each",
     take_sweep, OPTIONS_RUN},
    {"max-workers", 0, "N", "Sweep up to N workers (default: four for each CPU)", take_sweep_workers, OPTIONS_RUN},
    {"max-concurrency", 0, "N", "Sweep up to N transfers in flight (default 256)", take_sweep_in_flight, OPTIONS_RUN},
    {"work", 0, "WORK",
     "CPU work for each page in the worker: none (default), digest: its SHA-256, or links: those of HTML pages",
     take_work, OPTIONS_RUN},
    {"crash", 0, NULL, "Let the page in the middle of the list crash its worker, to see what that costs each design",
     take_crash, OPTIONS_RUN},
    {"format", 0, "FORMAT", "What standard output gets: table (default), json or csv", take_report_format, OPTIONS_RUN},
    {"plot", 0, "FILE", "Draw table and sweep into FILE, .svg or .png; needs gnuplot", take_plot, OPTIONS_RUN},
};

/* fetch's, with the same meaning for the comparison itself. */
static const char *const SHARED[] = {"input", "workers", "concurrency", "output", "progress", "quiet", "help"};

/* fetch's, given to every run. */
static const char *const PASSED[] = {
    "per-host", "retries", "connect-timeout", "max-time",  "stall-time", "max-redirs", "max-body",
    "memory",   "header",  "user-agent",      "proxy",     "cacert",     "insecure",   "resolve",
    "http1.1",  "http2",   "block-private",   "hang-time", "sandbox",
};
static_assert(COUNT(OWN) + COUNT(SHARED) + COUNT(PASSED) <= COMPARE_SPECS_MAX, "the table has room for all");

static bool is_passed(const char *name)
{
    for (size_t i = 0; i < COUNT(PASSED); i++) {
        if (strcmp(PASSED[i], name) == 0)
            return true;
    }
    return false;
}

/* Gives every run `--name=value`; value may be NULL. False when memory is short. */
static bool pass(struct compare_options *options, const char *name, const char *value)
{
    char *argument = NULL;
    const char **more = realloc(options->passed, (options->passed_count + 1) * sizeof *more);
    if (more == NULL)
        return false;
    options->passed = more;
    if (asprintf(&argument, "--%s%s%s", name, value != NULL ? "=" : "", value != NULL ? value : "") < 0)
        return false;
    options->passed[options->passed_count++] = argument;
    return true;
}

static bool note_taken(void *options, const struct option_spec *spec, const char *value, char *why, size_t why_bytes)
{
    bool good = !is_passed(spec->name) || pass(options, spec->name, value);
    if (!good)
        snprintf(why, why_bytes, "no memory");
    return good;
}

/* What is said of an option where it means something else here. */
static const char *own_help(const char *name)
{
    if (strcmp(name, "workers") == 0)
        return "What \"N workers\" means (default: the CPUs that this process may use)";
    if (strcmp(name, "concurrency") == 0)
        return "Transfers in flight of the designs with an event loop, all workers together (default 64)";
    if (strcmp(name, "output") == 0)
        return "Write the report to FILE; - is standard output";
    if (strcmp(name, "quiet") == 0)
        return "No progress";
    return NULL;
}

struct option_table compare_option_table(struct option_spec *specs)
{
    const struct option_table *fetch = fetch_option_table();
    size_t count = 0;
    for (size_t i = 0; i < COUNT(SHARED) - 1; i++) {
        specs[count] = *option_table_find(fetch, SHARED[i]);
        if (own_help(SHARED[i]) != NULL)
            specs[count].help = own_help(SHARED[i]);
        count++;
    }
    for (size_t i = 0; i < COUNT(OWN); i++)
        specs[count++] = OWN[i];
    for (size_t i = 0; i < COUNT(PASSED); i++)
        specs[count++] = *option_table_find(fetch, PASSED[i]);
    specs[count++] = *option_table_find(fetch, SHARED[COUNT(SHARED) - 1]);
    return (struct option_table){"shoal compare", specs, count, note_taken};
}

/* ---- what fits together ---- */

static const char *find_conflict(const struct compare_options *options)
{
    if (options->fetch.input_path != NULL && options->fetch.url_count > 0)
        return "give URLs either as arguments or with --input, not both";
    if (options->crash && options->sweep)
        return "--crash and --sweep do not go together: runs that die have no speed";
    for (size_t i = 0; i < options->fetch.url_count; i++) {
        if (strcmp(options->fetch.urls[i], "-") == 0)
            return "\"-\" is no URL: use --input - to read URLs from standard input";
    }
    return NULL;
}

static void settle(struct compare_options *options)
{
    uint32_t cpus = cpus_available();
    const struct fetch_options *fetch = &options->fetch;
    options->sizes.workers = fetch->workers_given ? fetch->executor.workers : cpus;
    options->sizes.in_flight = fetch->concurrency_given ? fetch->executor.concurrency : IN_FLIGHT_DEFAULT;
    if (options->sweep_workers_max == 0)
        options->sweep_workers_max =
            cpus * SWEEP_WORKERS_PER_CPU < WORKERS_MAX ? cpus * SWEEP_WORKERS_PER_CPU : WORKERS_MAX;
    if (options->sweep_in_flight_max == 0)
        options->sweep_in_flight_max = SWEEP_IN_FLIGHT_DEFAULT;
    if (fetch->output_path != NULL && strcmp(fetch->output_path, "-") == 0)
        options->fetch.output_path = NULL;
    if (fetch->quiet)
        options->fetch.progress = PROGRESS_NEVER;
}

enum options_outcome compare_options_parse(struct compare_options *options, int argc, char **argv)
{
    struct option_spec specs[COMPARE_SPECS_MAX];
    struct option_table table = compare_option_table(specs);
    int operand_index = argc;
    *options = (struct compare_options){.rounds = ROUNDS_DEFAULT, .fetch = {.progress = PROGRESS_AUTO, .tally_fd = -1}};
    executor_options_init(&options->fetch.executor);
    enum options_outcome outcome = option_table_parse(&table, options, argc, argv, &operand_index);
    if (outcome != OPTIONS_RUN)
        return outcome;
    options->fetch.urls = (const char *const *)(argv + operand_index);
    options->fetch.url_count = (size_t)(argc - operand_index);
    const char *conflict = find_conflict(options);
    if (conflict != NULL) {
        option_table_complain(&table, "%s", conflict);
        return OPTIONS_WRONG;
    }
    settle(options);
    const char *work = WORK_OPTIONS[options->work];
    if (work != NULL && !pass(options, work, NULL)) {
        option_table_complain(&table, "no memory");
        return OPTIONS_WRONG;
    }
    return OPTIONS_RUN;
}

void compare_options_free(struct compare_options *options)
{
    for (size_t i = 0; i < options->passed_count; i++)
        free((void *)(uintptr_t)options->passed[i]);
    free((void *)options->passed);
    options->passed = NULL;
    options->passed_count = 0;
    fetch_options_free(&options->fetch);
}
