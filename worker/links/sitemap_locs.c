/* sitemap_locs.c: the locs of a list, and its verdict: what both of its forms give. */
#include <stdio.h>
#include <string.h>

#include "worker/html/html_scan.h"
#include "worker/links/sitemap_state.h"

void sitemap_fail(struct sitemap *sitemap, enum sitemap_verdict verdict, const char *why)
{
    if (sitemap->result.verdict != SITEMAP_OK)
        return;
    sitemap->result.verdict = verdict;
    snprintf(sitemap->why, sizeof sitemap->why, "%s", why);
}

void sitemap_loc_begin(struct sitemap *sitemap)
{
    sitemap->loc_bytes = 0;
    sitemap->is_long = false;
}

void sitemap_loc_add(struct sitemap *sitemap, const char *bytes, size_t count)
{
    while (count && !sitemap->loc_bytes && html_is_space(*bytes)) {
        bytes++;
        count--;
    }
    size_t room = sizeof sitemap->loc - sitemap->loc_bytes;
    size_t taken = count < room ? count : room;
    memcpy(sitemap->loc + sitemap->loc_bytes, bytes, taken);
    sitemap->loc_bytes += taken;
    for (size_t i = taken; i < count && !sitemap->is_long; i++)
        sitemap->is_long = !html_is_space(bytes[i]);
}

void sitemap_loc_trim(struct sitemap *sitemap)
{
    while (sitemap->loc_bytes && html_is_space(sitemap->loc[sitemap->loc_bytes - 1]))
        sitemap->loc_bytes--;
}

void sitemap_loc_end(struct sitemap *sitemap, enum link_kind kind)
{
    struct sitemap_result *result = &sitemap->result;
    sitemap_loc_trim(sitemap);
    if (!sitemap->loc_bytes || sitemap->is_long) {
        result->unusable++;
    } else if (result->found == SITEMAP_URLS_MAX) {
        result->dropped = 1;
        sitemap_fail(sitemap, SITEMAP_TOO_LARGE, "it has more than 50,000 URLs");
    } else {
        result->found++;
        sitemap->take(sitemap->context, kind, (struct url_text){sitemap->loc, sitemap->loc_bytes});
    }
}
_Static_assert(SITEMAP_URLS_MAX == 50000, "the message names this number");
