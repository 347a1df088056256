/* Runs in: worker */
#include "worker/link_query.h"

#include <string.h>

static bool is_stripped(const struct page_config *config, const char *name, size_t bytes)
{
    for (size_t i = 0; i < config->strip_count; i++) {
        const char *pattern = config->strip[i];
        size_t length = strlen(pattern);
        bool is_prefix = length && pattern[length - 1] == '*';
        if (is_prefix)
            length--;
        if ((is_prefix ? bytes >= length : bytes == length) && memcmp(pattern, name, length) == 0)
            return true;
    }
    return false;
}

/* Copies what stays of the query [at .. end) to `to`; returns its end. */
static char *copy_query(const struct page_config *config, const char *at, const char *end, char *to)
{
    char separator = '?';
    while (at <= end) {
        const char *next = memchr(at, '&', (size_t)(end - at));
        size_t bytes = (size_t)((next ? next : end) - at);
        const char *equals = memchr(at, '=', bytes);
        if (!is_stripped(config, at, equals ? (size_t)(equals - at) : bytes)) {
            *to++ = separator;
            to = mempcpy(to, at, bytes);
            separator = '&';
        }
        at += bytes + 1;
    }
    return to;
}

struct url_text link_without_query(const struct page_config *config, struct url_text url, char room[URL_BYTES_MAX + 1])
{
    if (!config->ignore_query && !config->strip_count)
        return url;
    const char *query = memchr(url.at, '?', url.bytes);
    if (!query)
        return url;
    char *end = mempcpy(room, url.at, (size_t)(query - url.at));
    if (!config->ignore_query)
        end = copy_query(config, query + 1, url.at + url.bytes, end);
    *end = '\0';
    return (struct url_text){room, (size_t)(end - room)};
}
