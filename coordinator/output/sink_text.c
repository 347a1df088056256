/* sink_text.c: outcomes as lines for people. */
#include "coordinator/output/sinks.h"

#include <stdio.h>
#include <stdlib.h>

#include "coordinator/output/outlinks.h"
#include "coordinator/text/escape.h"

struct sink_text {
    struct sink sink;
    struct writer *out;
    struct writer *err;
    unsigned show; /* enum sink_show */
};

static enum status put_success(struct writer *out, const struct outcome *outcome)
{
    writer_put(out, "Read ", 5);
    writer_put_u64(out, outcome->result->body_bytes);
    writer_put(out, " from ", 6);
    escape_url_text(out, outcome->url, outcome->url_bytes);
    return writer_end_line(out);
}

/* A URL in its one spelling holds no blank; whatever else may be in it, it stays one field. */
static enum status put_links(struct writer *out, const struct crawl_note *note)
{
    struct outlinks outlinks;
    struct outlink link;
    enum status status = STATUS_OK;
    if (!outlinks_begin(&outlinks, note))
        return STATUS_OK;
    while (status == STATUS_OK && outlinks_next(&outlinks, &link)) {
        writer_put_string(out, "  -> ");
        writer_put_string(out, link_kind_name(link.kind));
        writer_put_string(out, link.nofollow ? ",nofollow " : " ");
        escape_url_text(out, link.url, link.url_bytes);
        status = writer_end_line(out);
    }
    return status;
}

static enum status put_failure(struct writer *err, const struct outcome *outcome)
{
    const char *detail = outcome->result->detail;
    writer_put(err, "Failed ", 7);
    escape_url_text(err, outcome->url, outcome->url_bytes);
    writer_put(err, ": ", 2);
    writer_put_string(err, fetch_error_name(outcome->result->error));
    if (detail != NULL && detail[0] != '\0') {
        writer_put(err, ": ", 2);
        escape_text_string(err, detail);
    }
    return writer_end_line(err);
}

/* Says why in the sink when its writer failed. */
static enum status answer(struct sink *sink, const struct writer *writer)
{
    if (writer->status != STATUS_OK)
        snprintf(sink->why, sizeof sink->why, "%s", writer->why);
    return writer->status;
}

static enum status text_write(struct sink *sink, const struct outcome *outcome)
{
    struct sink_text *text = (struct sink_text *)sink;
    if (outcome->result->error != FETCH_OK)
        return put_failure(text->err, outcome) == STATUS_OK ? STATUS_OK : answer(sink, text->err);
    if ((text->show & SINK_QUIET) != 0 || outcome_is_skip(outcome))
        return STATUS_OK;
    enum status status = put_success(text->out, outcome);
    if (status == STATUS_OK && outcome->crawl != NULL && (text->show & SINK_LINKS) != 0)
        status = put_links(text->out, outcome->crawl);
    return status == STATUS_OK ? STATUS_OK : answer(sink, text->out);
}

static enum status text_flush(struct sink *sink)
{
    struct sink_text *text = (struct sink_text *)sink;
    enum status status = writer_flush(text->out) == STATUS_OK ? STATUS_OK : answer(sink, text->out);
    if (writer_flush(text->err) != STATUS_OK && status == STATUS_OK)
        status = answer(sink, text->err);
    return status;
}

static void text_close(struct sink *sink)
{
    free(sink);
}

static const struct sink_ops TEXT_OPS = {"text", text_write, text_flush, text_close};

enum status sink_text_open(struct sink **sink, struct writer *out, struct writer *err, unsigned show)
{
    struct sink_text *text = calloc(1, sizeof *text);
    *sink = NULL;
    if (text == NULL)
        return STATUS_OUT_OF_MEMORY;
    text->sink.ops = &TEXT_OPS;
    text->out = out;
    text->err = err;
    text->show = show;
    *sink = &text->sink;
    return STATUS_OK;
}
