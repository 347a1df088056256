/* Runs in: coordinator
 *
 * Here everything is opened, in an order that leaves no trace when it fails: what the user named
 * wrongly first, then what the machine may refuse, the output file, which is truncated, last. run.c
 * does the work. */
#include "coordinator/fetch_command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "coordinator/exit_status.h"
#include "coordinator/option_table.h"
#include "coordinator/options.h"
#include "coordinator/run.h"
#include "coordinator/sinks.h"
#include "worker/worker.h"

#define WHY_BYTES 512
#define EXIT_SIGNAL_BASE 128

/* All that a fetch has open. Begins as all zero, but for the descriptors. */
struct fetch {
    int64_t began_ns;
    struct fetch_options options;
    struct signals signals;
    struct wakeups wakeups;
    struct input *input;
    struct executor *executor;
    struct writer_interrupt interrupt;
    struct writer out, err;
    struct progress *progress;
    struct sink *report, *saver;
    struct delivery *delivery;
    struct scheduler *scheduler;
    struct run run;
};

__attribute__((format(printf, 2, 3))) static enum exit_status fail(enum exit_status exit, const char *format, ...)
{
    char line[2 * WHY_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    option_table_complain(fetch_option_table(), "%s", line);
    return exit;
}

/* Each transfer takes a descriptor. Workers inherit the limit. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit); /* where it is refused the executor makes do with less */
    }
}

static enum exit_status open_input(struct fetch *fetch)
{
    char why[WHY_BYTES] = "no memory";
    const struct fetch_options *options = &fetch->options;
    fetch->input = options->input_path != NULL ? input_open_file(options->input_path, why, sizeof why)
                                               : input_open_arguments(options->urls, options->url_count);
    return fetch->input == NULL ? fail(EXIT_USAGE, "%s", why) : EXIT_ALL_FETCHED;
}

static enum exit_status open_wakeups(struct fetch *fetch)
{
    if (signals_open(&fetch->signals) != STATUS_OK) {
        return fail(EXIT_CANNOT_RUN, "cannot set up signals: %s", strerror(errno));
    }
    if (wakeups_open(&fetch->wakeups, fetch->signals.fd, input_fd(fetch->input)) != STATUS_OK) {
        return fail(EXIT_CANNOT_RUN, "cannot wait for signals and input: %s", strerror(errno));
    }
    fetch->interrupt = (struct writer_interrupt){.fd = fetch->signals.fd,
                                                 .give_up = run_gives_up_writing,
                                                 .context = &fetch->run,
                                                 .deadline_ns = DEADLINE_NEVER};
    /* The writers may ask before the run begins. */
    fetch->run.signals = &fetch->signals;
    fetch->run.interrupt = &fetch->interrupt;
    return EXIT_ALL_FETCHED;
}

static enum exit_status open_executor(struct fetch *fetch)
{
    char why[WHY_BYTES] = "";
    fetch->options.executor.interrupt_fd = fetch->wakeups.fd;
    if (executor_open(&fetch->executor, &fetch->options.executor, why, sizeof why) != STATUS_OK) {
        return fail(EXIT_CANNOT_RUN, "%s", why);
    }
    const char *note = executor_note(fetch->executor);
    if (note != NULL) {
        option_table_complain(fetch_option_table(), "%s", note);
    }
    return EXIT_ALL_FETCHED;
}

static enum exit_status open_writers(struct fetch *fetch)
{
    const char *path = fetch->options.output_path;
    if (writer_open(&fetch->err, STDERR_FILENO, "standard error", &fetch->interrupt) != STATUS_OK) {
        return fail(EXIT_CANNOT_RUN, "no memory");
    }
    enum status status = path == NULL ? writer_open(&fetch->out, STDOUT_FILENO, "standard output", &fetch->interrupt)
                                      : writer_open_path(&fetch->out, path, &fetch->interrupt);
    if (status == STATUS_INTERRUPTED && fetch->signals.first != 0) {
        return (enum exit_status)(EXIT_SIGNAL_BASE + fetch->signals.first);
    }
    return status == STATUS_OK ? EXIT_ALL_FETCHED : fail(EXIT_CANNOT_RUN, "%s", fetch->out.why);
}

static enum exit_status open_sinks(struct fetch *fetch)
{
    const struct fetch_options *options = &fetch->options;
    char why[WHY_BYTES] = "no memory";
    enum status status;
    if (options->tally_fd >= 0) {
        status = sink_tally_open(&fetch->report, options->tally_fd, why, sizeof why);
    } else if (options->format == FORMAT_JSONL) {
        status = sink_jsonl_open(&fetch->report, &fetch->out, options->quiet);
    } else {
        status = sink_text_open(&fetch->report, &fetch->out, &fetch->err, options->quiet);
    }
    if (status == STATUS_OK && options->output_dir != NULL) {
        status = sink_files_open(&fetch->saver, options->output_dir, why, sizeof why);
    }
    return status == STATUS_OK ? EXIT_ALL_FETCHED : fail(EXIT_CANNOT_RUN, "%s", why);
}

static enum exit_status open_scheduler(struct fetch *fetch)
{
    const struct fetch_options *options = &fetch->options;
    struct executor_stats stats;
    executor_stats(fetch->executor, &stats);
    uint32_t window = scheduler_window(stats.concurrency);
    fetch->delivery = delivery_open(options->ordered ? window : 0);
    struct scheduler_config config = {.executor = fetch->executor,
                                      .input = fetch->input,
                                      .delivery = fetch->delivery,
                                      .window = window,
                                      .per_host = options->per_host,
                                      .retries = options->retries,
                                      .fail_fast = options->fail_fast};
    fetch->scheduler = scheduler_open(&config);
    enum status status = progress_open(&fetch->progress, options->progress, STDERR_FILENO, fetch->began_ns);
    if (fetch->delivery == NULL || fetch->scheduler == NULL || status != STATUS_OK) {
        return fail(EXIT_CANNOT_RUN, "no memory");
    }
    progress_watch(fetch->progress, &fetch->out);
    progress_watch(fetch->progress, &fetch->err);
    delivery_add_report(fetch->delivery, fetch->report);
    if (fetch->saver != NULL) {
        delivery_add_saver(fetch->delivery, fetch->saver);
    }
    return EXIT_ALL_FETCHED;
}

static enum exit_status open_all(struct fetch *fetch)
{
    enum exit_status (*const steps[])(struct fetch *) = {open_input,   open_wakeups, open_executor,
                                                         open_writers, open_sinks,   open_scheduler};
    enum exit_status exit = EXIT_ALL_FETCHED;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && exit == EXIT_ALL_FETCHED; i++) {
        exit = steps[i](fetch);
    }
    return exit;
}

/* What a worker found refused though the kernel has it; executor_note() said what it has not. */
static void say_unconfined(const struct fetch *fetch)
{
    struct executor_stats stats;
    char names[64];
    executor_stats(fetch->executor, &stats);
    uint32_t granted = fetch->options.executor.engine == EXECUTOR_PROCESSES ? fetch->options.executor.sandbox : 0;
    uint32_t refused = granted & ~worker_sandbox_missing(granted) & ~stats.sandbox;
    if (refused) {
        worker_sandbox_list(refused, names, sizeof names);
        option_table_complain(fetch_option_table(), "workers ran without %s: the kernel refused it (--sandbox)", names);
    }
}

/* The exit status of a run that has come to its end, and the line that explains it. */
static enum exit_status judge(struct fetch *fetch, enum status output)
{
    const struct run *run = &fetch->run;
    const struct summary *summary = delivery_summary(fetch->delivery);
    int signal = fetch->signals.first;
    if (output != STATUS_OK && !(output == STATUS_INTERRUPTED && signal != 0)) {
        const char *why = delivery_why(fetch->delivery);
        return fail(EXIT_CANNOT_RUN, "%s", why[0] != '\0' ? why : fetch->out.why);
    }
    if (run->broken) {
        const char *why = executor_why_broken(fetch->executor);
        return fail(EXIT_CANNOT_RUN, "%s", why[0] != '\0' ? why : "the workers cannot go on");
    }
    if (scheduler_input_failed(fetch->scheduler)) {
        return fail(EXIT_CANNOT_RUN, "%s", input_why(fetch->input));
    }
    if (signal != 0) {
        return (enum exit_status)(EXIT_SIGNAL_BASE + signal);
    }
    return summary_failed(summary) > 0 ? EXIT_SOME_FAILED : EXIT_ALL_FETCHED;
}

static enum exit_status run(struct fetch *fetch)
{
    fetch->run.executor = fetch->executor;
    fetch->run.scheduler = fetch->scheduler;
    fetch->run.delivery = fetch->delivery;
    fetch->run.input = fetch->input;
    fetch->run.wakeups = &fetch->wakeups;
    fetch->run.progress = fetch->progress;
    fetch->run.total_known = fetch->options.input_path == NULL ? fetch->options.url_count : 0;
    run_until_end(&fetch->run);

    progress_clear(fetch->progress);
    say_unconfined(fetch);
    enum status output = delivery_status(fetch->delivery);
    if (output == STATUS_OK) {
        output = writer_close(&fetch->out); /* what a full disk says last */
    }
    if (output == STATUS_OK && !fetch->options.quiet) {
        int64_t elapsed_ns = clock_now_ns() - fetch->began_ns;
        summary_write(delivery_summary(fetch->delivery), elapsed_ns, &fetch->err);
    }
    return judge(fetch, output);
}

/* Accepts whatever was opened. */
static void close_all(struct fetch *fetch)
{
    executor_close(fetch->executor);
    scheduler_close(fetch->scheduler);
    delivery_close(fetch->delivery);
    if (fetch->report != NULL) {
        fetch->report->ops->close(fetch->report);
    }
    if (fetch->saver != NULL) {
        fetch->saver->ops->close(fetch->saver);
    }
    writer_close(&fetch->out);
    writer_close(&fetch->err);
    progress_close(fetch->progress);
    wakeups_close(&fetch->wakeups);
    signals_close(&fetch->signals);
    input_close(fetch->input);
    fetch_options_free(&fetch->options);
}

int fetch_command(int argc, char **argv)
{
    struct fetch fetch = {.began_ns = clock_now_ns(), .signals.fd = -1, .wakeups.fd = -1, .out.fd = -1, .err.fd = -1};
    enum options_outcome outcome = fetch_options_parse(&fetch.options, argc, argv);
    if (outcome != OPTIONS_RUN) {
        fetch_options_free(&fetch.options);
        return outcome == OPTIONS_DONE ? EXIT_ALL_FETCHED : outcome == OPTIONS_UNSHOWN ? EXIT_CANNOT_RUN : EXIT_USAGE;
    }
    raise_file_limit();
    enum exit_status exit = open_all(&fetch);
    if (exit == EXIT_ALL_FETCHED) {
        exit = run(&fetch);
    }
    close_all(&fetch);
    return (int)exit;
}
