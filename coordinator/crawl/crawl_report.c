/* crawl_report.c: what a crawl reports of its pages. */
#include "coordinator/crawl/crawl_report.h"

#include <string.h>

#include "coordinator/fetch/report.h"

static void hand_on(struct crawler *crawler, const struct frontier_url *url, uint32_t attempts,
                    const struct fetch_result *result, struct crawl_note *note)
{
    const char *text;
    size_t bytes;
    if (crawler->config.wants_referrers && url_log_get(crawler->texts, url->referrer, &text, &bytes))
        note->referrer = (struct url_text){text, bytes};
    const struct outcome outcome = {
        .url = url->url, .url_bytes = url->url_bytes, .attempts = attempts, .result = result, .crawl = note};
    if (delivery_put(crawler->config.delivery, 0, &outcome) != STATUS_OK)
        crawler_stop(crawler, "the output cannot be written", false);
}

void crawl_tell_page(struct crawler *crawler, const struct crawl_request *request, const struct fetch_result *result,
                     const struct crawl_note *note)
{
    struct crawl_note told = *note;
    struct fetch_result cancelled;
    if (result->error == FETCH_CANCELLED && crawler->stopping) {
        cancelled = *result;
        cancelled.detail = crawler->stop_detail;
        result = &cancelled;
    }
    uint64_t fingerprint = request->url.fingerprint;
    if (stories_have(crawler->stories, fingerprint)) {
        if (result->error == FETCH_OK)
            stories_add(crawler->stories, fingerprint, "fetched: HTTP %u, %llu bytes, depth %u, found as %s",
                        (unsigned)result->http_status, (unsigned long long)result->body_bytes, (unsigned)note->depth,
                        reason_name(note->reason));
        else
            stories_add(crawler->stories, fingerprint, "failed: %s: %s", fetch_error_name(result->error),
                        result->detail != NULL ? result->detail : "");
        if (note->redirect_to.bytes > 0)
            stories_add(crawler->stories, fingerprint, "redirects to %.*s", (int)note->redirect_to.bytes,
                        note->redirect_to.at);
        if (note->duplicate_of.bytes > 0)
            stories_add(crawler->stories, fingerprint, "has the content of %.*s: its links were not followed",
                        (int)note->duplicate_of.bytes, note->duplicate_of.at);
    }
    hand_on(crawler, &request->url, request->attempts, result, &told);
}

void crawl_tell_skipped(struct crawler *crawler, const struct frontier_url *url, enum crawl_reason reason,
                        const char *rule, enum fetch_error error)
{
    struct crawl_note note = {.reason = reason, .depth = url->depth, .rule = {rule, strlen(rule)}};
    if (error == FETCH_CANCELLED)
        rule = crawler->stop_detail;
    struct fetch_result result = report_local_result(error, rule, url->url);
    stories_add(crawler->stories, url->fingerprint, "skipped: %s: %s", reason_name(reason), rule);
    hand_on(crawler, url, 0, &result, &note);
}

void crawl_tell_unreachable(struct crawler *crawler, const struct frontier_url *url, enum fetch_error error,
                            const char *detail)
{
    struct crawl_note note = {.reason = (enum crawl_reason)url->reason, .depth = url->depth};
    struct fetch_result result = report_local_result(error, detail, url->url);
    stories_add(crawler->stories, url->fingerprint, "failed: %s: %s", fetch_error_name(error), detail);
    hand_on(crawler, url, 0, &result, &note);
}
