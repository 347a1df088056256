/* session.c: what a command that fetches has open, whatever its work is. */
#include "coordinator/run/session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "worker/worker.h"

#define WHY_BYTES 512
#define EXIT_SIGNAL_BASE 128

void session_begin(struct session *session, const struct option_table *table, struct fetch_options *options)
{
    *session = (struct session){.table = table,
                                .options = options,
                                .began_ns = clock_now_ns(),
                                .signals.fd = -1,
                                .wakeups.fd = -1,
                                .out.fd = -1,
                                .err.fd = -1};
}

enum exit_status session_fail(const struct session *session, enum exit_status exit, const char *format, ...)
{
    char line[2 * WHY_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    option_table_complain(session->table, "%s", line);
    return exit;
}

/* ---- opening ---- */

/* Each transfer takes a descriptor. Workers inherit the limit. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit); /* where it is refused the executor makes do with less */
    }
}

static enum exit_status open_input(struct session *session)
{
    char why[WHY_BYTES] = "no memory";
    const struct fetch_options *options = session->options;
    session->input = options->input_path != NULL ? input_open_file(options->input_path, why, sizeof why)
                                                 : input_open_arguments(options->urls, options->url_count);
    return session->input == NULL ? session_fail(session, EXIT_USAGE, "%s", why) : EXIT_ALL_FETCHED;
}

static enum exit_status open_wakeups(struct session *session)
{
    if (signals_open(&session->signals) != STATUS_OK) {
        return session_fail(session, EXIT_CANNOT_RUN, "cannot set up signals: %s", strerror(errno));
    }
    if (wakeups_open(&session->wakeups, session->signals.fd, input_fd(session->input)) != STATUS_OK) {
        return session_fail(session, EXIT_CANNOT_RUN, "cannot wait for signals and input: %s", strerror(errno));
    }
    session->interrupt = (struct writer_interrupt){.fd = session->signals.fd,
                                                   .give_up = run_gives_up_writing,
                                                   .context = &session->run,
                                                   .deadline_ns = DEADLINE_NEVER};
    /* The writers may ask before the run begins. */
    session->run.signals = &session->signals;
    session->run.interrupt = &session->interrupt;
    return EXIT_ALL_FETCHED;
}

static enum exit_status open_executor(struct session *session)
{
    char why[WHY_BYTES] = "";
    session->options->executor.interrupt_fd = session->wakeups.fd;
    if (executor_open(&session->executor, &session->options->executor, why, sizeof why) != STATUS_OK) {
        return session_fail(session, EXIT_CANNOT_RUN, "%s", why);
    }
    const char *note = executor_note(session->executor);
    if (note != NULL) {
        option_table_complain(session->table, "%s", note);
    }
    return EXIT_ALL_FETCHED;
}

static enum exit_status open_writers(struct session *session)
{
    const char *path = session->options->output_path;
    const struct writer_interrupt *interrupt = &session->interrupt;
    if (writer_open(&session->err, STDERR_FILENO, "standard error", interrupt) != STATUS_OK) {
        return session_fail(session, EXIT_CANNOT_RUN, "no memory");
    }
    enum status status = path == NULL ? writer_open(&session->out, STDOUT_FILENO, "standard output", interrupt)
                                      : writer_open_path(&session->out, path, interrupt);
    if (status == STATUS_INTERRUPTED && session->signals.first != 0) {
        return (enum exit_status)(EXIT_SIGNAL_BASE + session->signals.first);
    }
    return status == STATUS_OK ? EXIT_ALL_FETCHED : session_fail(session, EXIT_CANNOT_RUN, "%s", session->out.why);
}

static enum exit_status open_sinks(struct session *session)
{
    const struct fetch_options *options = session->options;
    unsigned show = session->show | (options->quiet ? SINK_QUIET : 0);
    char why[WHY_BYTES] = "no memory";
    enum status status;
    if (options->tally_fd >= 0) {
        status = sink_tally_open(&session->report, options->tally_fd, why, sizeof why);
    } else if (options->format == FORMAT_JSONL) {
        status = sink_jsonl_open(&session->report, &session->out, show);
    } else {
        status = sink_text_open(&session->report, &session->out, &session->err, show);
    }
    if (status == STATUS_OK && options->output_dir != NULL && session->open_saver != NULL) {
        status = session->open_saver(session, why, sizeof why);
    } else if (status == STATUS_OK && options->output_dir != NULL) {
        status = sink_files_open(&session->saver, options->output_dir, why, sizeof why);
    }
    return status == STATUS_OK ? EXIT_ALL_FETCHED : session_fail(session, EXIT_CANNOT_RUN, "%s", why);
}

enum exit_status session_open(struct session *session)
{
    enum exit_status (*const steps[])(struct session *) = {open_input, open_wakeups, open_executor, open_writers,
                                                           open_sinks};
    enum exit_status exit = EXIT_ALL_FETCHED;
    raise_file_limit();
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && exit == EXIT_ALL_FETCHED; i++) {
        exit = steps[i](session);
    }
    return exit;
}

enum exit_status session_deliver(struct session *session, uint32_t ordered_window)
{
    session->delivery = delivery_open(ordered_window);
    enum progress_when when = session->options->progress;
    enum status status = progress_open(&session->progress, when, STDERR_FILENO, session->began_ns);
    if (session->delivery == NULL || status != STATUS_OK) {
        return session_fail(session, EXIT_CANNOT_RUN, "no memory");
    }
    progress_watch(session->progress, &session->out);
    progress_watch(session->progress, &session->err);
    delivery_add_report(session->delivery, session->report);
    if (session->saver != NULL) {
        delivery_add_saver(session->delivery, session->saver);
    }
    return EXIT_ALL_FETCHED;
}

/* ---- running ---- */

/* What a worker found refused though the kernel has it; executor_note() said what it has not. */
static void say_unconfined(const struct session *session)
{
    struct executor_stats stats;
    char names[64];
    executor_stats(session->executor, &stats);
    const struct executor_options *options = &session->options->executor;
    uint32_t granted = options->engine == EXECUTOR_PROCESSES ? options->sandbox : 0;
    uint32_t refused = granted & ~worker_sandbox_missing(granted) & ~stats.sandbox;
    if (refused) {
        worker_sandbox_list(refused, names, sizeof names);
        option_table_complain(session->table, "workers ran without %s: the kernel refused it (--sandbox)", names);
    }
}

void session_run(struct session *session, uint64_t total_known)
{
    struct run *run = &session->run;
    run->executor = session->executor;
    run->work = session->work;
    run->delivery = session->delivery;
    run->input = session->input;
    run->wakeups = &session->wakeups;
    run->progress = session->progress;
    run->total_known = total_known;
    run_until_end(run);
    progress_clear(session->progress);
    say_unconfined(session);
}

/* ---- the end ---- */

/* The exit status of a run that has come to its end, and the line that explains it. */
static enum exit_status judge(const struct session *session, enum status output)
{
    int signal = session->signals.first;
    if (output != STATUS_OK && !(output == STATUS_INTERRUPTED && signal != 0)) {
        const char *why = delivery_why(session->delivery);
        return session_fail(session, EXIT_CANNOT_RUN, "%s", why[0] != '\0' ? why : session->out.why);
    }
    if (session->run.broken) {
        const char *why = session->why_broken != NULL ? session->why_broken : executor_why_broken(session->executor);
        return session_fail(session, EXIT_CANNOT_RUN, "%s", why[0] != '\0' ? why : "the workers cannot go on");
    }
    if (session->work->ops->input_failed(session->work)) {
        return session_fail(session, EXIT_CANNOT_RUN, "%s", input_why(session->input));
    }
    if (signal != 0) {
        return (enum exit_status)(EXIT_SIGNAL_BASE + signal);
    }
    return summary_failed(delivery_summary(session->delivery)) > 0 ? EXIT_SOME_FAILED : EXIT_ALL_FETCHED;
}

enum exit_status session_end(struct session *session)
{
    enum status output = delivery_status(session->delivery);
    if (output == STATUS_OK) {
        output = writer_close(&session->out); /* what a full disk says last */
    }
    if (output == STATUS_OK && !session->options->quiet) {
        int64_t elapsed_ns = clock_now_ns() - session->began_ns;
        summary_write(delivery_summary(session->delivery), elapsed_ns, &session->err);
    }
    return judge(session, output);
}

void session_close(struct session *session)
{
    executor_close(session->executor);
    if (session->work != NULL) {
        session->work->ops->close(session->work);
    }
    delivery_close(session->delivery);
    if (session->report != NULL) {
        session->report->ops->close(session->report);
    }
    if (session->saver != NULL) {
        session->saver->ops->close(session->saver);
    }
    writer_close(&session->out);
    writer_close(&session->err);
    progress_close(session->progress);
    wakeups_close(&session->wakeups);
    signals_close(&session->signals);
    input_close(session->input);
}
