/* fetch_options.h: the command line of `shoal fetch`, read into one struct. */
#ifndef SHOAL_FETCH_OPTIONS_H
#define SHOAL_FETCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coordinator/executor/executor.h"
#include "coordinator/options/option_table.h"
#include "coordinator/output/status_line.h"

enum output_format { FORMAT_TEXT, FORMAT_JSONL, FORMAT_COUNT };

/* What `shoal fetch` was asked to do. Strings point into argv. */
struct fetch_options {
    struct executor_options executor; /* keep is derived from the sinks: bodies only for output_dir */
    bool concurrency_given;
    bool workers_given;
    const char *input_path; /* NULL: the URLs of the command line; "-": standard input */
    const char *const *urls;
    size_t url_count;
    uint32_t per_host; /* in flight to one host; 0: no limit */
    uint32_t retries;
    bool ordered;
    bool fail_fast;
    bool quiet;
    enum output_format format;
    const char *output_path; /* NULL: stdout */
    const char *output_dir;  /* NULL: bodies are not saved */
    enum progress_when progress;
    int tally_fd; /* outcomes are counted in this shared page (tally.h) instead of reported; -1: reported */
};

/* Reads the arguments behind the command's name. headers and resolve arrays of options->executor are allocated and
 * given back by fetch_options_free(). Prints at most one line on stderr. */
enum options_outcome fetch_options_parse(struct fetch_options *options, int argc, char **argv);
void fetch_options_free(struct fetch_options *options);

/* Its steps, for commands with more options than fetch has: the defaults; what each option allows by itself and still does not fit
 * together, as one line (NULL: it does); and what follows from the options. */
void fetch_options_init(struct fetch_options *options);
const char *fetch_options_conflict(const struct fetch_options *options);
void fetch_options_settle(struct fetch_options *options);

/* The table of `shoal fetch`. */
const struct option_table *fetch_option_table(void);

#endif
