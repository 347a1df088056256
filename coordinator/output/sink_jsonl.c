/* One object a line; the keys always there and always in the same order, null where they do not
 * apply:
 *
 *     url effective_url status error detail bytes wire_bytes content_type http_version remote_ip
 * redirects attempts worker time{queued dns connect tls first_byte total} sha256
 *
 * of a crawl also:
 *
 *     depth referrer links title reason rule canonical redirect_to duplicate_of skipped
 *
 * with SINK_LINKS outlinks[{url kind nofollow text}], null where there is no page to read them from; and at the end, only where it
 * says something: "insecure":true, "signal":9. */
#include "coordinator/output/sinks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/output/outlinks.h"
#include "coordinator/text/escape.h"
#include "coordinator/text/units.h"

struct sink_jsonl {
    struct sink sink;
    struct writer *out;
    unsigned show; /* enum sink_show */
};

#define PUT(writer, literal) writer_put((writer), (literal), sizeof(literal) - 1)

static void put_string_or_null(struct writer *out, const char *string)
{
    if (string == NULL || string[0] == '\0') {
        PUT(out, "null");
        return;
    }
    PUT(out, "\"");
    escape_json(out, string, strlen(string));
    PUT(out, "\"");
}

static void put_url_or_null(struct writer *out, const char *url, size_t bytes)
{
    if (url == NULL) {
        PUT(out, "null");
        return;
    }
    PUT(out, "\"");
    escape_url_json(out, url, bytes);
    PUT(out, "\"");
}

/* Seconds, null where the phase did not happen. */
static void put_seconds(struct writer *out, int64_t us)
{
    char *room = us < 0 ? NULL : writer_room(out, UNITS_TEXT_BYTES);
    if (room != NULL)
        writer_advance(out, (size_t)(units_put_seconds(room, us) - room));
    else
        PUT(out, "null");
}

static void put_http_version(struct writer *out, uint32_t version)
{
    switch (version) {
    case 0:
        PUT(out, "null");
        break;
    case 10:
        PUT(out, "\"1.0\"");
        break;
    case 11:
        PUT(out, "\"1.1\"");
        break;
    default:
        PUT(out, "\"");
        writer_put_u64(out, version / 10);
        PUT(out, "\"");
    }
}

static void put_times(struct writer *out, const struct fetch_result *result, bool started)
{
    PUT(out, ",\"time\":{\"queued\":");
    put_seconds(out, started ? result->time.queued_us : -1);
    PUT(out, ",\"dns\":");
    put_seconds(out, started ? result->time.dns_us : -1);
    PUT(out, ",\"connect\":");
    put_seconds(out, started ? result->time.connect_us : -1);
    PUT(out, ",\"tls\":");
    put_seconds(out, started ? result->time.tls_us : -1);
    PUT(out, ",\"first_byte\":");
    put_seconds(out, started ? result->time.first_byte_us : -1);
    PUT(out, ",\"total\":");
    put_seconds(out, started ? result->time.total_us : -1);
    PUT(out, "}");
}

static void put_sha256(struct writer *out, const struct fetch_result *result)
{
    static const char HEX[] = "0123456789abcdef";
    char text[2 * sizeof result->sha256];
    if (!result->has_sha256) {
        PUT(out, "null");
        return;
    }
    for (size_t i = 0; i < sizeof result->sha256; i++) {
        text[2 * i] = HEX[result->sha256[i] >> 4];
        text[2 * i + 1] = HEX[result->sha256[i] & 15];
    }
    PUT(out, "\"");
    writer_put(out, text, sizeof text);
    PUT(out, "\"");
}

static void put_answer(struct writer *out, const struct fetch_result *result)
{
    const char *effective = result->effective_url;
    bool has_effective = effective != NULL && effective[0] != '\0';
    PUT(out, ",\"effective_url\":");
    put_url_or_null(out, has_effective ? effective : NULL, has_effective ? strlen(effective) : 0);
    PUT(out, ",\"status\":");
    if (result->http_status != 0)
        writer_put_u64(out, result->http_status);
    else
        PUT(out, "null");
    PUT(out, ",\"error\":");
    put_string_or_null(out, result->error != FETCH_OK ? fetch_error_name(result->error) : NULL);
    PUT(out, ",\"detail\":");
    put_string_or_null(out, result->detail);
    PUT(out, ",\"bytes\":");
    writer_put_u64(out, result->body_bytes);
    PUT(out, ",\"wire_bytes\":");
    writer_put_u64(out, result->wire_bytes);
    PUT(out, ",\"content_type\":");
    put_string_or_null(out, result->content_type);
    PUT(out, ",\"http_version\":");
    put_http_version(out, result->http_version);
    PUT(out, ",\"remote_ip\":");
    put_string_or_null(out, result->remote_ip);
    PUT(out, ",\"redirects\":");
    writer_put_u64(out, result->redirects);
}

/* ---- of a crawl ---- */

/* May lie in the memory that workers share: a copy of it is escaped. What is longer than any URL is cut. */
static void put_note_or_null(struct writer *out, struct url_text text, bool is_url)
{
    char copy[URL_BYTES_MAX];
    size_t bytes = text.bytes < sizeof copy ? text.bytes : sizeof copy;
    if (bytes == 0) {
        PUT(out, "null");
        return;
    }
    memcpy(copy, text.at, bytes);
    PUT(out, "\"");
    if (is_url)
        escape_url_json(out, copy, bytes);
    else
        escape_json(out, copy, bytes);
    PUT(out, "\"");
}

static void put_bool(struct writer *out, bool value)
{
    if (value)
        PUT(out, "true");
    else
        PUT(out, "false");
}

static void put_outlinks(struct writer *out, const struct crawl_note *note)
{
    struct outlinks outlinks;
    struct outlink link;
    if (!outlinks_begin(&outlinks, note)) {
        PUT(out, ",\"outlinks\":null");
        return;
    }
    PUT(out, ",\"outlinks\":[");
    for (bool is_first = true; outlinks_next(&outlinks, &link); is_first = false) {
        if (!is_first)
            PUT(out, ",");
        PUT(out, "{\"url\":");
        put_url_or_null(out, link.url, link.url_bytes);
        PUT(out, ",\"kind\":\"");
        writer_put_string(out, link_kind_name(link.kind));
        PUT(out, "\",\"nofollow\":");
        put_bool(out, link.nofollow);
        PUT(out, ",\"text\":");
        put_note_or_null(out, (struct url_text){link.text, link.text_bytes}, false);
        PUT(out, "}");
    }
    PUT(out, "]");
}

static void put_crawl(struct writer *out, const struct outcome *outcome, unsigned show)
{
    const struct crawl_note *note = outcome->crawl;
    PUT(out, ",\"depth\":");
    writer_put_u64(out, note->depth);
    PUT(out, ",\"referrer\":");
    put_note_or_null(out, note->referrer, true);
    PUT(out, ",\"links\":");
    if (outcome->attempts > 0)
        writer_put_u64(out, note->links);
    else
        PUT(out, "null");
    PUT(out, ",\"title\":");
    put_note_or_null(out, note->title, false);
    PUT(out, ",\"reason\":\"");
    writer_put_string(out, reason_name(note->reason));
    PUT(out, "\",\"rule\":");
    put_note_or_null(out, note->rule, false);
    PUT(out, ",\"canonical\":");
    put_note_or_null(out, note->canonical, true);
    PUT(out, ",\"redirect_to\":");
    put_note_or_null(out, note->redirect_to, true);
    PUT(out, ",\"duplicate_of\":");
    put_note_or_null(out, note->duplicate_of, true);
    PUT(out, ",\"skipped\":");
    put_bool(out, outcome_is_skip(outcome));
    if ((show & SINK_LINKS) != 0)
        put_outlinks(out, note);
}

static void put_object(struct writer *out, const struct outcome *outcome, unsigned show)
{
    const struct fetch_result *result = outcome->result;
    bool started = outcome->attempts > 0;
    PUT(out, "{\"url\":");
    put_url_or_null(out, outcome->url, outcome->url_bytes);
    put_answer(out, result);
    PUT(out, ",\"attempts\":");
    writer_put_u64(out, outcome->attempts);
    PUT(out, ",\"worker\":");
    if (started)
        writer_put_u64(out, result->worker);
    else
        PUT(out, "null");
    put_times(out, result, started);
    PUT(out, ",\"sha256\":");
    put_sha256(out, result);
    if (outcome->crawl != NULL)
        put_crawl(out, outcome, show);
    if (result->insecure)
        PUT(out, ",\"insecure\":true");
    if (result->error == FETCH_WORKER_CRASHED && result->crash_signal != 0) {
        PUT(out, ",\"signal\":");
        writer_put_u64(out, result->crash_signal);
    }
    PUT(out, "}");
}

static enum status answer(struct sink *sink, const struct writer *writer)
{
    if (writer->status != STATUS_OK)
        snprintf(sink->why, sizeof sink->why, "%s", writer->why);
    return writer->status;
}

static enum status jsonl_write(struct sink *sink, const struct outcome *outcome)
{
    struct sink_jsonl *jsonl = (struct sink_jsonl *)sink;
    if ((jsonl->show & SINK_QUIET) != 0 && outcome->result->error == FETCH_OK)
        return STATUS_OK;
    put_object(jsonl->out, outcome, jsonl->show);
    return writer_end_line(jsonl->out) == STATUS_OK ? STATUS_OK : answer(sink, jsonl->out);
}

static enum status jsonl_flush(struct sink *sink)
{
    struct sink_jsonl *jsonl = (struct sink_jsonl *)sink;
    return writer_flush(jsonl->out) == STATUS_OK ? STATUS_OK : answer(sink, jsonl->out);
}

static void jsonl_close(struct sink *sink)
{
    free(sink);
}

static const struct sink_ops JSONL_OPS = {"jsonl", jsonl_write, jsonl_flush, jsonl_close};

enum status sink_jsonl_open(struct sink **sink, struct writer *out, unsigned show)
{
    struct sink_jsonl *jsonl = calloc(1, sizeof *jsonl);
    *sink = NULL;
    if (jsonl == NULL)
        return STATUS_OUT_OF_MEMORY;
    jsonl->sink.ops = &JSONL_OPS;
    jsonl->out = out;
    jsonl->show = show;
    *sink = &jsonl->sink;
    return STATUS_OK;
}
