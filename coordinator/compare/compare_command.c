/* One warm-up, then rounds: every design once in each, so that a drift of the machine or of the network hits all alike. A
 * signal stops the run that is under way; what there is by then is reported. */
#include "coordinator/compare/compare_command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/url.h"
#include "coordinator/base/exit_status.h"
#include "coordinator/compare/bundled.h"
#include "coordinator/compare/compare_options.h"
#include "coordinator/compare/list.h"
#include "coordinator/compare/plot.h"
#include "coordinator/compare/runner.h"
#include "coordinator/compare/sweep.h"
#include "coordinator/executor/cpus.h"
#include "coordinator/output/status_line.h"
#include "coordinator/text/units.h"

#define WHY_BYTES 512
#define EXIT_SIGNAL_BASE 128

/* What the status line says of the run that is under way. */
struct position {
    const char *stage; /* "warm-up", "round", "sweep, round" */
    uint32_t round;    /* 1, 2, ... */
    size_t turn;       /* 1, 2, ... of `turns` */
    size_t turns;
    const struct design *design;
};

/* All that a comparison has open. Begins as all zero, but for the descriptors. */
struct compare {
    int64_t began_ns;
    struct compare_options options;
    struct signals signals;
    struct writer_interrupt interrupt;
    struct bundled bundled;
    struct list list;
    char list_name[64];
    char crash_url[URL_BYTES_MAX + 1];
    struct runner runner;
    struct status_line *line;
    struct position position;
    struct writer out;
    struct comparison comparison;
};

__attribute__((format(printf, 2, 3))) static enum exit_status fail(enum exit_status exit, const char *format, ...)
{
    static const struct option_table NAMED = {.command = "shoal compare"};
    char text[2 * WHY_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    option_table_complain(&NAMED, "%s", text);
    return exit;
}

/* ---- the status line ---- */

static void put_position(struct writer *line, const struct compare *compare)
{
    const struct position *at = &compare->position;
    char text[96];
    writer_put_string(line, at->stage);
    if (at->turns > 0) {
        snprintf(text, sizeof text, " %u of %u, %zu of %zu", (unsigned)at->round, (unsigned)compare->options.rounds,
                 at->turn, at->turns);
        writer_put_string(line, text);
    }
    writer_put_string(line, ": ");
    writer_put_string(line, at->design->title);
    snprintf(text, sizeof text, " %u×%u, ", (unsigned)at->design->workers, (unsigned)at->design->in_flight);
    writer_put_string(line, text);
}

static void watch_run(void *context, const struct tally_shm *tally, int64_t elapsed_ns)
{
    struct compare *compare = context;
    int64_t now_ns = clock_now_ns();
    char text[UNITS_TEXT_BYTES];
    uint64_t done = 0;
    (void)elapsed_ns;
    if (!status_line_due(compare->line, now_ns))
        return;
    for (size_t i = 0; i < FETCH_ERROR_COUNT; i++)
        done += atomic_load_explicit(&tally->by_error[i], memory_order_relaxed);
    struct writer *line = status_line_begin(compare->line, now_ns);
    put_position(line, compare);
    writer_put_u64(line, done);
    writer_put_string(line, "/");
    writer_put_u64(line, compare->list.url_count);
    writer_put_string(line, ", ");
    writer_put_string(line, units_format_duration(text, now_ns - compare->began_ns));
    status_line_show(compare->line);
}

/* ---- opening ---- */

static enum exit_status open_signals(struct compare *compare)
{
    if (signals_open(&compare->signals) != STATUS_OK)
        return fail(EXIT_CANNOT_RUN, "cannot set up signals: %s", strerror(errno));
    compare->interrupt = (struct writer_interrupt){.fd = compare->signals.fd, .deadline_ns = DEADLINE_NEVER};
    return EXIT_ALL_FETCHED;
}

static enum exit_status open_bundled(struct compare *compare)
{
    char why[WHY_BYTES] = "";
    if (bundled_start(&compare->bundled, &compare->signals, why, sizeof why) != STATUS_OK)
        return fail(EXIT_CANNOT_RUN, "%s", why);
    list_open_arguments(&compare->list, compare->bundled.urls, compare->bundled.url_count, compare->options.first);
    snprintf(compare->list_name, sizeof compare->list_name, "pages of the bundled server, 150 ms each");
    compare->comparison.list = compare->list_name;
    return EXIT_ALL_FETCHED;
}

static enum exit_status open_list(struct compare *compare)
{
    const struct fetch_options *fetch = &compare->options.fetch;
    char why[WHY_BYTES] = "";
    enum status status = STATUS_OK;
    if (fetch->input_path != NULL) {
        status = list_open_file(&compare->list, fetch->input_path, compare->options.first, &compare->signals, why,
                                sizeof why);
        compare->comparison.list = strcmp(fetch->input_path, "-") == 0 ? "standard input" : fetch->input_path;
        compare->comparison.input_path = fetch->input_path;
    } else if (fetch->url_count > 0) {
        list_open_arguments(&compare->list, fetch->urls, fetch->url_count, compare->options.first);
        compare->comparison.list = "URLs of the command line";
    } else {
        return open_bundled(compare);
    }
    if (status == STATUS_INTERRUPTED)
        return (enum exit_status)(EXIT_SIGNAL_BASE + compare->signals.first);
    if (status != STATUS_OK)
        return fail(status == STATUS_SYSTEM ? EXIT_CANNOT_RUN : EXIT_USAGE, "%s", why);
    if (compare->list.url_count == 0)
        return fail(EXIT_USAGE, "the list has no URL: there is nothing to compare");
    return EXIT_ALL_FETCHED;
}

/* The page in the middle of the list, as it will be requested. */
static enum exit_status choose_crash(struct compare *compare)
{
    char text[URL_BYTES_MAX + 1] = "a line that is too long";
    struct url_parts parts;
    if (!compare->options.crash)
        return EXIT_ALL_FETCHED;
    enum status status = list_url_at(&compare->list, compare->list.url_count / 2, text, sizeof text);
    struct url_parser *parser = url_parser_open();
    enum fetch_error error = FETCH_INVALID_URL;
    if (parser != NULL && status == STATUS_OK)
        error = url_parse(parser, text, strlen(text), &parts);
    if (error == FETCH_OK)
        snprintf(compare->crash_url, sizeof compare->crash_url, "%s", parts.fetch.at);
    url_parser_close(parser);
    if (error != FETCH_OK)
        return fail(EXIT_USAGE, "--crash needs a valid URL in the middle of the list: %s", text);
    compare->runner.crash_url = compare->crash_url;
    compare->comparison.crash = compare->crash_url;
    return EXIT_ALL_FETCHED;
}

static enum exit_status open_designs(struct compare *compare)
{
    const struct compare_options *options = &compare->options;
    struct comparison *comparison = &compare->comparison;
    struct design designs[DESIGNS_MAX];
    char why[WHY_BYTES] = "";
    size_t count = 0;
    if (options->designs == NULL)
        count = designs_default(designs, &options->sizes);
    else if (!designs_parse(options->designs, &options->sizes, designs, &count, why, sizeof why))
        return fail(EXIT_USAGE, "--designs \"%s\": %s", options->designs, why);
    comparison->designs = calloc(count, sizeof *comparison->designs);
    if (comparison->designs == NULL)
        return fail(EXIT_CANNOT_RUN, "no memory");
    for (size_t i = 0; i < count; i++)
        comparison->designs[i].design = designs[i];
    comparison->design_count = count;
    if (options->sweep && sweep_make(&comparison->sweep, &comparison->sweep_count, options->sweep_workers_max,
                                     options->sweep_in_flight_max) != STATUS_OK)
        return fail(EXIT_CANNOT_RUN, "no memory");
    return EXIT_ALL_FETCHED;
}

static enum exit_status open_plot(struct compare *compare)
{
    char why[WHY_BYTES] = "";
    const char *path = compare->options.plot_path;
    enum status status = path != NULL ? plot_check(path, why, sizeof why) : STATUS_OK;
    if (status == STATUS_OK)
        return EXIT_ALL_FETCHED;
    return fail(status == STATUS_INVALID_ARGUMENT ? EXIT_USAGE : EXIT_CANNOT_RUN, "--plot \"%s\": %s", path, why);
}

static enum exit_status open_runner(struct compare *compare)
{
    struct runner *runner = &compare->runner;
    runner->list = &compare->list;
    runner->passed = compare->options.passed;
    runner->passed_count = compare->options.passed_count;
    runner->signals = &compare->signals;
    runner->watch = watch_run;
    runner->watch_context = compare;
    if (runner_open(runner) != STATUS_OK)
        return fail(EXIT_CANNOT_RUN, "cannot make a page to count in: %s", strerror(errno));
    enum status status =
        status_line_open(&compare->line, compare->options.fetch.progress, STDERR_FILENO, compare->began_ns);
    return status == STATUS_OK ? EXIT_ALL_FETCHED : fail(EXIT_CANNOT_RUN, "no memory");
}

/* Last: an output file is truncated. */
static enum exit_status open_output(struct compare *compare)
{
    const char *path = compare->options.fetch.output_path;
    enum status status = path == NULL
                             ? writer_open(&compare->out, STDOUT_FILENO, "standard output", &compare->interrupt)
                             : writer_open_path(&compare->out, path, &compare->interrupt);
    if (status == STATUS_INTERRUPTED && signals_take(&compare->signals) > 0)
        return (enum exit_status)(EXIT_SIGNAL_BASE + compare->signals.first);
    return status == STATUS_OK ? EXIT_ALL_FETCHED : fail(EXIT_CANNOT_RUN, "%s", compare->out.why);
}

static enum exit_status open_all(struct compare *compare)
{
    enum exit_status (*const steps[])(struct compare *) = {open_designs, open_plot,   open_signals, open_list,
                                                           choose_crash, open_runner, open_output};
    enum exit_status exit = EXIT_ALL_FETCHED;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && exit == EXIT_ALL_FETCHED; i++)
        exit = steps[i](compare);
    return exit;
}

/* ---- running ---- */

/* One run; series NULL: it is not kept. */
static enum status run_once(struct compare *compare, const struct design *design, int64_t cut_ns, struct series *series)
{
    struct trial trial;
    char why[WHY_BYTES] = "";
    compare->position.design = design;
    enum status status = runner_run(&compare->runner, design, cut_ns, &trial, why, sizeof why);
    if (status == STATUS_OK && series != NULL)
        status = series_add(series, &trial);
    if (status == STATUS_OK && series == NULL && trial.exit_status == EXIT_USAGE) {
        snprintf(why, sizeof why, "%s", trial.why); /* what no run will take */
        status = STATUS_INVALID_ARGUMENT;
    }
    if (status != STATUS_OK && status != STATUS_INTERRUPTED) {
        status_line_clear(compare->line);
        fail(EXIT_CANNOT_RUN, "%s", why);
    }
    return status;
}

/* Caches are filled and names resolved before anything counts. */
static enum status warm_up(struct compare *compare)
{
    struct runner *runner = &compare->runner;
    const struct design_sizes *sizes = &compare->options.sizes;
    uint32_t in_flight = sizes->in_flight > sizes->workers ? sizes->in_flight : sizes->workers;
    struct design design = design_setting(EXECUTOR_PROCESSES, sizes->workers, in_flight);
    compare->position = (struct position){.stage = "warm-up"};
    runner->crash_url = NULL;
    enum status status = run_once(compare, &design, 0, NULL);
    runner->crash_url = compare->options.crash ? compare->crash_url : NULL;
    return status;
}

static enum status run_designs(struct compare *compare)
{
    struct comparison *comparison = &compare->comparison;
    enum status status = STATUS_OK;
    for (uint32_t round = 0; round < compare->options.rounds; round++) {
        for (size_t i = 0; i < comparison->design_count && status == STATUS_OK; i++) {
            struct series *series = &comparison->designs[i];
            compare->position = (struct position){
                .stage = "round", .round = round + 1, .turn = i + 1, .turns = comparison->design_count};
            status = run_once(compare, &series->design, 0, series);
        }
    }
    return status;
}

static enum status run_sweep(struct compare *compare)
{
    struct comparison *comparison = &compare->comparison;
    size_t count = comparison->sweep_count;
    enum status status = STATUS_OK;
    for (uint32_t round = 0; round < compare->options.rounds; round++) {
        for (size_t i = 0; i < count && status == STATUS_OK; i++) {
            struct series *series = &comparison->sweep[sweep_turn(i, count)];
            compare->position =
                (struct position){.stage = "sweep, round", .round = round + 1, .turn = i + 1, .turns = count};
            if (!sweep_is_settled(series))
                status = run_once(compare, &series->design, sweep_cut_ns(comparison->sweep, count), series);
        }
    }
    return status;
}

static enum status run_all(struct compare *compare)
{
    enum status status = warm_up(compare);
    if (status == STATUS_OK)
        status = run_designs(compare);
    if (status == STATUS_OK)
        status = run_sweep(compare);
    return status;
}

/* ---- the report ---- */

static void complete(struct compare *compare)
{
    struct comparison *comparison = &compare->comparison;
    const struct compare_options *options = &compare->options;
    comparison->url_count = compare->list.url_count;
    comparison->rounds = options->rounds;
    comparison->cpus = cpus_available();
    comparison->work = compare_work_name(options->work);
    comparison->passed = options->passed;
    comparison->passed_count = options->passed_count;
    comparison->signal = compare->signals.first;
    comparison->seconds = (double)(clock_now_ns() - compare->began_ns) / (double)NS_PER_S;
}

static enum exit_status report(struct compare *compare)
{
    const struct compare_options *options = &compare->options;
    char why[WHY_BYTES] = "";
    complete(compare);
    status_line_clear(compare->line);
    report_of(options->format)->put(&compare->out, &compare->comparison);
    if (writer_close(&compare->out) != STATUS_OK && compare->out.status != STATUS_INTERRUPTED)
        return fail(EXIT_CANNOT_RUN, "%s", compare->out.why);
    enum status status = STATUS_OK;
    if (options->plot_path != NULL)
        status = plot_draw(options->plot_path, &compare->comparison, compare->signals.fd, why, sizeof why);
    if (status != STATUS_OK && status != STATUS_INTERRUPTED)
        return fail(EXIT_CANNOT_RUN, "--plot: %s", why);
    return EXIT_ALL_FETCHED;
}

static enum exit_status run(struct compare *compare)
{
    enum status status = run_all(compare);
    if (status == STATUS_INVALID_ARGUMENT)
        return EXIT_USAGE;
    enum exit_status exit = report(compare);
    signals_take(&compare->signals);
    if (compare->signals.first != 0)
        return (enum exit_status)(EXIT_SIGNAL_BASE + compare->signals.first);
    if (exit != EXIT_ALL_FETCHED)
        return exit;
    if (status != STATUS_OK)
        return EXIT_CANNOT_RUN;
    return comparison_exit_status(&compare->comparison);
}

/* Accepts whatever was opened. */
static void close_all(struct compare *compare)
{
    writer_close(&compare->out);
    status_line_close(compare->line);
    runner_close(&compare->runner);
    bundled_stop(&compare->bundled);
    list_close(&compare->list);
    signals_close(&compare->signals);
    comparison_free(&compare->comparison);
    compare_options_free(&compare->options);
}

int compare_command(int argc, char **argv)
{
    struct compare compare = {
        .began_ns = clock_now_ns(), .signals.fd = -1, .list.fd = -1, .runner.tally_fd = -1, .out.fd = -1};
    enum options_outcome outcome = compare_options_parse(&compare.options, argc, argv);
    if (outcome != OPTIONS_RUN) {
        compare_options_free(&compare.options);
        return outcome == OPTIONS_DONE ? EXIT_HELP : EXIT_USAGE;
    }
    enum exit_status exit = open_all(&compare);
    if (exit == EXIT_ALL_FETCHED)
        exit = run(&compare);
    close_all(&compare);
    return (int)exit;
}
