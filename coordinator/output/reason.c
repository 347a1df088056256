/* reason.c: why a URL that a crawl has seen was fetched or skipped. */
#include "coordinator/output/reason.h"

#include <assert.h>

static const char *const NAMES[] = {
    [REASON_SEED] = "seed",
    [REASON_LINK] = "link",
    [REASON_ASSET] = "asset",
    [REASON_REDIRECT] = "redirect",
    [REASON_CANONICAL] = "canonical",
    [REASON_SITEMAP] = "sitemap",
    [REASON_ROBOTS] = "robots",
    [REASON_NOFOLLOW] = "nofollow",
    [REASON_SCOPE] = "scope",
    [REASON_EXCLUDED] = "excluded",
    [REASON_NOT_INCLUDED] = "not-included",
    [REASON_KIND] = "kind",
    [REASON_TYPE] = "type",
    [REASON_DEPTH] = "depth",
    [REASON_MAX_PAGES] = "max-pages",
    [REASON_MAX_PER_HOST] = "max-per-host",
    [REASON_REDIRECTS] = "redirects",
    [REASON_URL_LENGTH] = "url-length",
    [REASON_PATH_DEPTH] = "path-depth",
    [REASON_REPEATED_SEGMENT] = "repeated-segment",
    [REASON_CALENDAR] = "calendar",
    [REASON_TEMPLATE] = "template",
    [REASON_HOST_HELD] = "host-held",
    [REASON_HOST_FAILED] = "host-failed",
    [REASON_STOPPED] = "stopped",
};
static_assert(sizeof NAMES / sizeof NAMES[0] == REASON_COUNT, "every reason has a name");

const char *reason_name(enum crawl_reason reason)
{
    return (unsigned)reason < REASON_COUNT ? NAMES[reason] : "none";
}
