/* Runs in: coordinator */
#include "coordinator/crawl/crawl_command.h"

#include "common/fingerprint.h"
#include "coordinator/crawl/crawl_options.h"
#include "coordinator/crawl/crawler_work.h"
#include "coordinator/session.h"

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
                                          .say_context = session};
    enum status status = crawler_work_open(&session->work, crawler, &config, why, sizeof why);
    if (status == STATUS_OK)
        return EXIT_ALL_FETCHED;
    return session_fail(session, status == STATUS_INVALID_ARGUMENT ? EXIT_USAGE : EXIT_CANNOT_RUN, "%s", why);
}

static enum exit_status crawl(struct session *session, struct crawl_options *options)
{
    uint64_t seed = fingerprint_seed();
    struct crawler *crawler = NULL;
    ask_for_pages(options, seed);
    session->show = options->links ? SINK_LINKS : 0;
    enum exit_status exit = session_open(session);
    if (exit == EXIT_ALL_FETCHED)
        exit = open_work(session, options, seed, &crawler);
    if (exit == EXIT_ALL_FETCHED) {
        session_run(session, 0);
        if (options->explain_count > 0)
            crawler_tell_stories(crawler);
        if (crawler_is_broken(crawler) && crawler_why(crawler)[0] != '\0')
            exit = session_fail(session, EXIT_CANNOT_RUN, "%s", crawler_why(crawler));
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
        return outcome == OPTIONS_DONE ? EXIT_ALL_FETCHED : outcome == OPTIONS_UNSHOWN ? EXIT_CANNOT_RUN : EXIT_USAGE;
    }
    enum exit_status exit = crawl(&session, &options);
    crawl_options_free(&options);
    return (int)exit;
}
