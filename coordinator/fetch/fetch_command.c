/* fetch_command.c: `shoal fetch`, from its arguments to its exit status. */
#include "coordinator/fetch/fetch_command.h"

#include "coordinator/base/exit_status.h"
#include "coordinator/fetch/scheduler_work.h"
#include "coordinator/run/session.h"

/* The scheduler stands between input and executor, the delivery behind it. */
static enum exit_status open_work(struct session *session)
{
    const struct fetch_options *options = session->options;
    struct executor_stats stats;
    executor_stats(session->executor, &stats);
    uint32_t window = scheduler_window(stats.concurrency);
    enum exit_status exit = session_deliver(session, options->ordered ? window : 0);
    if (exit != EXIT_ALL_FETCHED) {
        return exit;
    }
    struct scheduler_config config = {.executor = session->executor,
                                      .input = session->input,
                                      .delivery = session->delivery,
                                      .window = window,
                                      .per_host = options->per_host,
                                      .retries = options->retries,
                                      .fail_fast = options->fail_fast};
    session->work = scheduler_work_open(&config);
    return session->work == NULL ? session_fail(session, EXIT_CANNOT_RUN, "no memory") : EXIT_ALL_FETCHED;
}

static enum exit_status fetch(struct session *session)
{
    const struct fetch_options *options = session->options;
    enum exit_status exit = session_open(session);
    if (exit == EXIT_ALL_FETCHED) {
        exit = open_work(session);
    }
    if (exit == EXIT_ALL_FETCHED) {
        session_run(session, options->input_path == NULL ? options->url_count : 0);
        exit = session_end(session);
    }
    session_close(session);
    return exit;
}

int fetch_command(int argc, char **argv)
{
    struct fetch_options options;
    struct session session;
    session_begin(&session, fetch_option_table(), &options);
    enum options_outcome outcome = fetch_options_parse(&options, argc, argv);
    if (outcome != OPTIONS_RUN) {
        fetch_options_free(&options);
        return outcome == OPTIONS_DONE ? EXIT_HELP : EXIT_USAGE;
    }
    enum exit_status exit = fetch(&session);
    fetch_options_free(&options);
    return (int)exit;
}
