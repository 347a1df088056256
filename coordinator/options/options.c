/* options.c: the command line, read into one struct. */
#include "coordinator/options/options.h"

#include <stdlib.h>
#include <string.h>

#include "coordinator/help.h"
#include "coordinator/options/option_table.h"

#define RETRIES_DEFAULT 2

const char *fetch_options_conflict(const struct fetch_options *options)
{
    const struct executor_options *executor = &options->executor;
    if (options->input_path != NULL && options->url_count > 0)
        return "give URLs either as arguments or with --input, not both";
    if (options->input_path == NULL && options->url_count == 0)
        return "no URL: give some as arguments, or a file of them with --input FILE (- is standard "
               "input)";
    if (executor->engine == EXECUTOR_SERIAL && options->concurrency_given && executor->concurrency > 1)
        return "--engine serial fetches one URL at a time: --concurrency must be 1";
    if (executor->engine == EXECUTOR_SERIAL && options->workers_given && executor->workers > 1)
        return "--engine serial fetches one URL at a time: --workers must be 1";
    size_t header_bytes = 0;
    for (size_t i = 0; i < executor->header_count; i++)
        header_bytes += strlen(executor->headers[i]) + 2;
    _Static_assert(REQUEST_HEADER_BYTES_MAX == 16384, "the message names it");
    if (header_bytes > REQUEST_HEADER_BYTES_MAX)
        return "the headers given with --header have more than 16384 bytes together";
    for (size_t i = 0; i < options->url_count; i++) {
        if (strcmp(options->urls[i], "-") == 0)
            return "\"-\" is no URL: use --input - to read URLs from standard input";
    }
    return NULL;
}

void fetch_options_settle(struct fetch_options *options)
{
    struct executor_options *executor = &options->executor;
    if (executor->engine == EXECUTOR_SERIAL) {
        executor->workers = 1;
        executor->concurrency = 1;
    }
    if (options->workers_given && !options->concurrency_given && executor->concurrency < executor->workers)
        executor->concurrency = executor->workers;
    if (options->output_dir != NULL)
        executor->keep |= EXECUTOR_KEEP_BODY;
    if (options->output_path != NULL && strcmp(options->output_path, "-") == 0)
        options->output_path = NULL;
    if (options->quiet)
        options->progress = PROGRESS_NEVER;
    if (options->tally_fd >= 0) /* who counts for another also has its memory looked at by it */
        executor->sandbox &= ~(uint32_t)EXECUTOR_SANDBOX_NODUMP;
}

void fetch_options_init(struct fetch_options *options)
{
    *options = (struct fetch_options){.retries = RETRIES_DEFAULT, .progress = PROGRESS_AUTO, .tally_fd = -1};
    executor_options_init(&options->executor);
    options->executor.keep = EXECUTOR_KEEP_NOTHING;
}

enum options_outcome fetch_options_parse(struct fetch_options *options, int argc, char **argv)
{
    const struct option_table *table = fetch_option_table();
    int operand_index = argc;
    fetch_options_init(options);
    enum options_outcome outcome = option_table_parse(table, options, argc, argv, &operand_index);
    if (outcome == OPTIONS_DONE)
        return help_fetch() == EXIT_ALL_FETCHED ? OPTIONS_DONE : OPTIONS_UNSHOWN;
    if (outcome != OPTIONS_RUN)
        return outcome;
    options->urls = (const char *const *)(argv + operand_index);
    options->url_count = (size_t)(argc - operand_index);
    const char *conflict = fetch_options_conflict(options);
    if (conflict != NULL) {
        option_table_complain(table, "%s", conflict);
        return OPTIONS_WRONG;
    }
    fetch_options_settle(options);
    return OPTIONS_RUN;
}

void fetch_options_free(struct fetch_options *options)
{
    free((void *)options->executor.headers);
    free((void *)options->executor.resolve);
    options->executor.headers = options->executor.resolve = NULL;
    options->executor.header_count = options->executor.resolve_count = 0;
}
