/* sink_files.c: each body in a file of its own. */
#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/url.h"
#include "coordinator/output/save_name.h"
#include "coordinator/output/save_tree.h"
#include "coordinator/output/sinks.h"

struct sink_files {
    struct sink sink;
    struct url_parser *parser;
    struct save_tree *tree;
};

static enum status files_write(struct sink *sink, const struct outcome *outcome)
{
    struct sink_files *files = (struct sink_files *)sink;
    const struct fetch_result *result = outcome->result;
    if (!outcome_has_file(outcome))
        return STATUS_OK;
    check(result->body != NULL || result->body_bytes == 0);
    struct url_parts parts;
    if (url_parse(files->parser, outcome->url, outcome->url_bytes, &parts) != FETCH_OK) {
        snprintf(sink->why, sizeof sink->why, "cannot save a body: its URL cannot be parsed: %s",
                 url_why(files->parser));
        return STATUS_SYSTEM;
    }
    struct save_name name;
    save_name_make(&name, &parts, save_tree_component_max(files->tree));
    enum status status = save_tree_put(files->tree, &name, result->body, result->body_bytes);
    if (status != STATUS_OK)
        snprintf(sink->why, sizeof sink->why, "%s", save_tree_why(files->tree));
    return status;
}

static enum status files_flush(struct sink *sink)
{
    (void)sink;
    return STATUS_OK;
}

static void files_close(struct sink *sink)
{
    struct sink_files *files = (struct sink_files *)sink;
    save_tree_close(files->tree);
    url_parser_close(files->parser);
    free(files);
}

static const struct sink_ops FILES_OPS = {"files", files_write, files_flush, files_close};

enum status sink_files_open(struct sink **sink, const char *directory, char *why, size_t why_bytes)
{
    *sink = NULL;
    struct sink_files *files = calloc(1, sizeof *files);
    if (files != NULL) {
        files->sink.ops = &FILES_OPS;
        files->parser = url_parser_open();
    }
    enum status status = STATUS_OUT_OF_MEMORY;
    if (files == NULL || files->parser == NULL)
        snprintf(why, why_bytes, "cannot save bodies: out of memory");
    else
        status = save_tree_open(&files->tree, directory, why, why_bytes);
    if (status == STATUS_OK)
        *sink = &files->sink;
    else if (files != NULL)
        files_close(&files->sink);
    return status;
}
