/* session.h: what a command that fetches has open, whatever its work is: signals, input, executor, output. In this order:
 *
 *     session_begin()  nothing is open yet
 *     session_open()   input, signals, executor, output, sinks
 *     session_deliver()
 *     session->work    the command opens it and puts it there
 *     session_run()    until every URL has its outcome
 *     session_end()    the summary, and the exit status
 *     session_close()  everything, whatever was opened
 *
 * Everything is opened in an order that leaves no trace when it fails: what the user named wrongly first, then what the machine may
 * refuse, the output file, which is truncated, last. */
#ifndef SHOAL_SESSION_H
#define SHOAL_SESSION_H

#include <stdint.h>

#include "coordinator/base/exit_status.h"
#include "coordinator/options/fetch_options.h"
#include "coordinator/output/sinks.h"
#include "coordinator/run/run.h"

/* Its fields are the session's own, but that a command may read them, and sets those that say so. */
struct session {
    const struct option_table *table; /* the command's: its name begins every line on stderr */
    struct fetch_options *options;
    unsigned
        show; /* enum sink_show, or-ed, beside what the options say; the command may set it before session_open() */
    /* Opens what saves bodies in options->output_dir; NULL: sink_files_open(). The command may set it before session_open(). */
    enum status (*open_saver)(struct session *session, char *why, size_t why_bytes);
    uint64_t seed; /* the command's own: of fingerprints */
    int64_t began_ns;
    struct signals signals;
    struct wakeups wakeups;
    struct input *input;
    struct executor *executor;
    struct writer_interrupt interrupt;
    struct writer out, err; /* the command may write to them between session_run() and session_end() */
    struct progress *progress;
    struct sink *report, *saver;
    struct delivery *delivery;
    struct work *work; /* set by the command; closed with the session, behind the executor */
    const char *
        why_broken; /* why the work cannot go on, where that is not the executor; NULL: the command sets it before session_end() */
    struct run run;
};

/* Both are borrowed until session_close(), and may still be empty. The time of the run begins here. */
void session_begin(struct session *session, const struct option_table *table, struct fetch_options *options);

/* Prints `<command>: <text>` as one line on stderr; returns exit. */
enum exit_status session_fail(const struct session *session, enum exit_status exit, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* EXIT_ALL_FETCHED: go on. Else the exit status, and one line was printed, unless a signal came while the output was waited for.
 * Blocks as long as the output is a FIFO without a reader. */
enum exit_status session_open(struct session *session);

/* Opens the delivery to the sinks, and the progress line. ordered_window: see delivery_open(). Answers as session_open(). */
enum exit_status session_deliver(struct session *session, uint32_t ordered_window);

/* Runs until every URL has its outcome, or it is interrupted. total_known: URLs, where known beforehand; 0: not. The progress line
 * is gone afterwards. Blocks. */
void session_run(struct session *session, uint64_t total_known);

/* Brings out what is left, writes the summary unless quiet, and judges: the exit status, and the line that explains it. Blocks on the
 * output. */
enum exit_status session_end(struct session *session);

/* Accepts whatever was opened. The options stay the caller's. */
void session_close(struct session *session);

#endif
