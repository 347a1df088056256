/* crawl_state.c: what all parts of a crawl change together: whether it goes on, and which sites want a turn. */
#include "coordinator/crawl/crawl_state.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/clock.h"

void crawler_say(struct crawler *crawler, const char *format, ...)
{
    char line[URL_BYTES_MAX + 512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    crawler->config.say(crawler->config.say_context, line);
}

void crawler_stop(struct crawler *crawler, const char *detail, bool tell_rest)
{
    if (!crawler->stopping) {
        crawler->stopping = true;
        crawler->tells_rest = tell_rest;
        crawler->stop_detail = detail;
    }
    crawler->tells_rest = crawler->tells_rest && tell_rest;
}

void crawler_break(struct crawler *crawler, enum status status)
{
    if (!crawler->broken) {
        const char *why = crawler->frontier != NULL ? frontier_why(crawler->frontier) : "";
        if (why[0] == '\0' && crawler->deferred != NULL)
            why = url_log_why(crawler->deferred);
        snprintf(crawler->why, sizeof crawler->why, "the crawl cannot go on: %s",
                 status == STATUS_SYSTEM && why[0] != '\0' ? why : status_name(status));
    }
    crawler->broken = true;
    crawler_stop(crawler, crawler->why, true);
}

void crawler_drain(struct crawler *crawler, struct site *site)
{
    site->is_drained = true;
    if (site->polite.wants)
        politeness_want(crawler->politeness, &site->polite, false, clock_now_ns());
    if (site->is_in_drain)
        return;
    site->is_in_drain = true;
    site->next_to_drain = crawler->to_drain;
    crawler->to_drain = site;
}

bool request_errand_may(const struct site *site)
{
    return site->errands != NULL && (site->errands->errand != ERRAND_SITEMAP || site->gate != GATE_UNKNOWN);
}

static bool wants_turn(const struct crawler *crawler, const struct site *site)
{
    if (site->is_resolving || site->is_drained || crawler->stopping || crawler->is_full)
        return false;
    if (request_errand_may(site))
        return true;
    return site->gate != GATE_UNKNOWN && frontier_waiting(crawler->frontier, site->number) > 0;
}

void crawler_update(struct crawler *crawler, struct site *site)
{
    bool wants = wants_turn(crawler, site);
    if (wants != site->polite.wants)
        politeness_want(crawler->politeness, &site->polite, wants, clock_now_ns());
    bool was_told = (site->is_drained && !site->is_in_drain) || site->number < crawler->drained_site;
    if (!was_told || (site->errands == NULL && frontier_waiting(crawler->frontier, site->number) == 0))
        return;
    /* More came since. */
    if (site->is_drained && !site->is_in_drain)
        crawler_drain(crawler, site);
    if (site->number < crawler->drained_site)
        crawler->drained_site = site->number;
}
