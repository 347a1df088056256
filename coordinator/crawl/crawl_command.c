/* crawl_command.c: `shoal crawl`. */
#include "coordinator/crawl/crawl_command.h"

#include <stdio.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fingerprint.h"
#include "coordinator/crawl/crawl_options.h"
#include "coordinator/crawl/crawler.h"
#include "coordinator/crawl/mirror/mirror.h"
#include "coordinator/output/status_line.h"
#include "coordinator/run/session.h"
#include "coordinator/text/escape.h"

#define WHY_BYTES 512

/* What the crawl has to say besides its outcomes; a line of its own, above the progress line. */
static void say(void *context, const char *line)
{
    struct session *session = context;
    if (session->options->quiet)
        return;
    progress_clear(session->progress);
    session_fail(session, EXIT_ALL_FETCHED, "%s", line);
}

/* A line of a story, on standard error. */
static void tell(void *context, const char *line)
{
    struct session *session = context;
    escape_text_string(&session->err, line);
    writer_end_line(&session->err);
}

/* What the workers tell of pages. */
static void ask_for_pages(struct crawl_options *options, uint64_t seed)
{
    struct executor_options *executor = &options->fetch.executor;
    executor->keep |= EXECUTOR_PAGES;
    executor->links = (struct executor_links){.texts = options->links && options->fetch.format == FORMAT_JSONL,
                                              .positions = options->convert_links,
                                              .ignore_query = options->ignore_query,
                                              .strip = options->strip,
                                              .strip_count = options->strip_count,
                                              .seed = seed};
}

static enum exit_status open_work(struct session *session, const struct crawl_options *options, uint64_t seed,
                                  struct crawler **crawler)
{
    char why[WHY_BYTES];
    enum exit_status exit = session_deliver(session, 0);
    if (exit != EXIT_ALL_FETCHED)
        return exit;
    bool is_jsonl = options->fetch.format == FORMAT_JSONL;
    const struct crawler_config config = {.options = options,
                                          .executor = session->executor,
                                          .delivery = session->delivery,
                                          .input = session->input,
                                          .seed = seed,
                                          .wants_referrers = is_jsonl,
                                          .say = say,
                                          .tell = tell,
                                          .say_context = session};
    enum status status = crawler_open(&session->work, crawler, &config, why, sizeof why);
    if (status == STATUS_OK)
        return EXIT_ALL_FETCHED;
    return session_fail(session, status == STATUS_INVALID_ARGUMENT ? EXIT_USAGE : EXIT_CANNOT_RUN, "%s", why);
}

/* ---- links of what was saved ---- */

static enum status open_mirror(struct session *session, char *why, size_t why_bytes)
{
    return mirror_open(&session->saver, session->options->output_dir, session->seed, why, why_bytes);
}

/* What is watched while links are converted. */
struct conversion {
    struct session *session;
    struct status_line *line;
    uint64_t total;
};

/* A signal ends it, whether or not one ended the crawl. */
static bool watch_conversion(void *context, const struct convert_counts *counts)
{
    struct conversion *conversion = context;
    int64_t now_ns = clock_now_ns();
    if (status_line_due(conversion->line, now_ns)) {
        char text[80];
        snprintf(text, sizeof text, "%llu/%llu files, converting links", (unsigned long long)counts->seen,
                 (unsigned long long)conversion->total);
        writer_put_string(status_line_begin(conversion->line, now_ns), text);
        status_line_show(conversion->line);
    }
    return signals_take(&conversion->session->signals) == 0;
}

static void say_converted(struct session *session, const struct convert_counts *counts)
{
    char line[WHY_BYTES];
    int used = snprintf(line, sizeof line, "converted %llu files: %llu links to saved files, %llu to URLs",
                        (unsigned long long)counts->converted, (unsigned long long)counts->saved,
                        (unsigned long long)counts->elsewhere);
    const struct {
        uint64_t count;
        const char *why;
    } left[] = {{counts->changed, "changed since they were saved"},
                {counts->unplaced, "in an encoding that hides where links stand"},
                {counts->unfit, "with links that cannot stand where they are said to, or that would grow too much"}};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        if (left[i].count > 0)
            used += snprintf(line + used, sizeof line - (size_t)used, "; %llu left as they are: %s",
                             (unsigned long long)left[i].count, left[i].why);
    }
    say(session, line);
}

/* After the run, if its output is whole so far, and nobody is in a hurry. */
static enum exit_status convert(struct session *session)
{
    char why[WHY_BYTES] = "";
    struct convert_counts counts;
    struct conversion conversion = {.session = session, .total = mirror_count(session->saver)};
    if (session->run.stop_now || delivery_status(session->delivery) != STATUS_OK)
        return EXIT_ALL_FETCHED;
    if (status_line_open(&conversion.line, session->options->progress, STDERR_FILENO, clock_now_ns()) != STATUS_OK)
        return session_fail(session, EXIT_CANNOT_RUN, "no memory to convert links");
    enum status status = mirror_convert(session->saver, watch_conversion, &conversion, &counts, why, sizeof why);
    status_line_close(conversion.line);
    if (status == STATUS_INTERRUPTED)
        return session_fail(session, EXIT_ALL_FETCHED, "interrupted: the links of %llu files were not converted",
                            (unsigned long long)(conversion.total - counts.seen));
    if (status != STATUS_OK)
        return session_fail(session, EXIT_CANNOT_RUN, "%s", why);
    say_converted(session, &counts);
    return EXIT_ALL_FETCHED;
}

static enum exit_status crawl(struct session *session, struct crawl_options *options)
{
    uint64_t seed = fingerprint_seed();
    struct crawler *crawler = NULL;
    ask_for_pages(options, seed);
    session->show = options->links ? SINK_LINKS : 0;
    session->seed = seed;
    session->open_saver = options->convert_links ? open_mirror : NULL;
    enum exit_status exit = session_open(session);
    if (exit == EXIT_ALL_FETCHED)
        exit = open_work(session, options, seed, &crawler);
    if (exit == EXIT_ALL_FETCHED) {
        session_run(session, 0);
        if (options->explain_count > 0)
            crawler_tell_stories(crawler);
        if (crawler_why(crawler)[0] != '\0')
            session->why_broken = crawler_why(crawler);
        else if (options->convert_links)
            exit = convert(session);
        enum exit_status end = session_end(session);
        exit = exit == EXIT_ALL_FETCHED ? end : exit;
    }
    session_close(session);
    return exit;
}

int crawl_command(int argc, char **argv)
{
    struct crawl_options options;
    struct session session;
    struct option_spec specs[CRAWL_SPECS_MAX];
    const struct option_table table = crawl_option_table(specs);
    session_begin(&session, &table, &options.fetch);
    enum options_outcome outcome = crawl_options_parse(&options, argc, argv);
    if (outcome != OPTIONS_RUN) {
        crawl_options_free(&options);
        return outcome == OPTIONS_DONE ? EXIT_HELP : EXIT_USAGE;
    }
    enum exit_status exit = crawl(&session, &options);
    crawl_options_free(&options);
    return (int)exit;
}
