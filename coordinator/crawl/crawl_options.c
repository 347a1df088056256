/* crawl_options.c: the command line of `shoal crawl`, read into one struct. */
#include "coordinator/crawl/crawl_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/url.h"
#include "coordinator/help.h"
#include "coordinator/text/escape.h"

#define PER_HOST_DEFAULT 4
#define DEPTH_DEFAULT 20
#define DELAY_DEFAULT_MS 250
#define CRAWL_DELAY_DEFAULT_MS 60000
#define HOST_FAILURES_DEFAULT 10
#define FRONTIER_BYTES_DEFAULT (256ull << 20)

#define CONFLICT_BYTES 256

static void init(struct crawl_options *options)
{
    *options = (struct crawl_options){
        .scope = {.kind = SCOPE_HOST, .depth_max = DEPTH_DEFAULT},
        .delay_ms = DELAY_DEFAULT_MS,
        .crawl_delay_max_ms = CRAWL_DELAY_DEFAULT_MS,
        .host_failures_max = HOST_FAILURES_DEFAULT,
        .frontier_bytes = FRONTIER_BYTES_DEFAULT,
    };
    fetch_options_init(&options->fetch);
    options->fetch.per_host = PER_HOST_DEFAULT;
    options->fetch.executor.block_private = true;
    traps_config_init(&options->traps);
    options->traps.now_s = (int64_t)time(NULL);
}

/* ---- what fits together ---- */

/* False: the text is no URL, and why says so, naming it. */
static bool expect_url(struct url_parser *parser, const char *what, const char *text, char *why, size_t why_bytes)
{
    struct url_parts parts;
    enum fetch_error error = url_parse(parser, text, strlen(text), &parts);
    if (error == FETCH_OK)
        return true;
    char shown[CONFLICT_BYTES / 2]; /* cut to the first bytes, as all values are */
    size_t bytes = strlen(text);
    char *safe = malloc(bytes + 1);
    size_t safe_bytes = safe == NULL ? 0 : url_without_userinfo(text, bytes, safe);
    bool is_cut = safe_bytes > sizeof shown - 4;
    snprintf(shown, sizeof shown, "%.*s%s", is_cut ? (int)sizeof shown - 4 : (int)safe_bytes, safe == NULL ? "" : safe,
             is_cut ? "..." : "");
    free(safe);
    snprintf(why, why_bytes, "%s \"%s\" is no URL: %s", what, shown, url_why(parser));
    return false;
}

static bool expect_urls(const struct crawl_options *options, char *why, size_t why_bytes)
{
    const struct fetch_options *fetch = &options->fetch;
    struct url_parser *parser = url_parser_open();
    bool good = parser != NULL;
    if (!good)
        snprintf(why, why_bytes, "out of memory");
    for (size_t i = 0; good && i < fetch->url_count; i++)
        good = expect_url(parser, "seed", fetch->urls[i], why, why_bytes);
    for (size_t i = 0; good && i < options->explain_count; i++)
        good = expect_url(parser, "--explain", options->explain[i], why, why_bytes);
    url_parser_close(parser);
    return good;
}

/* False: the options do not fit together, and why says how. */
static bool fits(const struct crawl_options *options, char *why, size_t why_bytes)
{
    const struct fetch_options *fetch = &options->fetch;
    const char *conflict = NULL;
    if (fetch->input_path == NULL && fetch->url_count == 0)
        conflict = "no seed: give a URL to begin with, or a file of them with --input FILE (- is standard input)";
    else
        conflict = fetch_options_conflict(fetch);
    if (conflict == NULL && options->convert_links && fetch->output_dir == NULL)
        conflict = "--convert-links is about what --output-dir saves: give -O DIR too";
    if (conflict != NULL) {
        snprintf(why, why_bytes, "%s", conflict);
        return false;
    }
    return expect_urls(options, why, why_bytes);
}

/* What follows from the options. */
static void settle(struct crawl_options *options)
{
    struct executor_options *executor = &options->fetch.executor;
    fetch_options_settle(&options->fetch);
    executor->keep |= EXECUTOR_PAGES;
    executor->links.texts = options->links;
    executor->links.positions = options->convert_links;
    executor->links.ignore_query = options->ignore_query;
    executor->links.strip = options->strip;
    executor->links.strip_count = options->strip_count;
}

enum options_outcome crawl_options_parse(struct crawl_options *options, int argc, char **argv)
{
    struct option_spec specs[CRAWL_SPECS_MAX];
    struct option_table table = crawl_option_table(specs);
    int operand_index = argc;
    init(options);
    enum options_outcome outcome = option_table_parse(&table, options, argc, argv, &operand_index);
    if (outcome == OPTIONS_DONE)
        return help_crawl() == EXIT_ALL_FETCHED ? OPTIONS_DONE : OPTIONS_UNSHOWN;
    if (outcome != OPTIONS_RUN)
        return outcome;
    options->fetch.urls = (const char *const *)(argv + operand_index);
    options->fetch.url_count = (size_t)(argc - operand_index);
    char why[CONFLICT_BYTES * 2];
    if (!fits(options, why, sizeof why)) {
        option_table_complain(&table, "%s", why);
        return OPTIONS_WRONG;
    }
    settle(options);
    return OPTIONS_RUN;
}

void crawl_options_free(struct crawl_options *options)
{
    free((void *)options->scope.include);
    free((void *)options->scope.exclude);
    free((void *)options->strip);
    free((void *)options->explain);
    options->scope.include = options->scope.exclude = options->strip = options->explain = NULL;
    options->scope.include_count = options->scope.exclude_count = options->strip_count = options->explain_count = 0;
    fetch_options_free(&options->fetch);
}
