/* url_query.c: what is taken out of URLs before they are counted and fetched. */
#include "common/url_query.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct url_query {
    bool ignore_query;
    bool strips_all; /* "*" */
    size_t count;
    uint16_t first[257]; /* names[first[b] .. first[b + 1]) begin with the byte b, a small letter where it is one */
    struct name {
        const char *text;
        uint16_t bytes; /* without '*' */
        bool is_prefix;
    } names[];
};

#define NAMES_MAX UINT16_MAX

static unsigned lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (unsigned)byte | 0x20 : (unsigned char)byte;
}

struct url_query *url_query_open(bool ignore_query, const char *const *strip, size_t strip_count)
{
    if (strip_count > NAMES_MAX)
        return NULL;
    struct url_query *rules = calloc(1, sizeof *rules + strip_count * sizeof rules->names[0]);
    if (!rules)
        return NULL;
    rules->ignore_query = ignore_query;
    for (unsigned first = 0; first < 256; first++) {
        for (size_t i = 0; i < strip_count; i++) {
            size_t bytes = strlen(strip[i]);
            bool is_prefix = bytes && strip[i][bytes - 1] == '*';
            if (is_prefix && bytes == 1)
                rules->strips_all = true;
            if (!bytes || bytes > UINT16_MAX || lower(strip[i][0]) != first)
                continue;
            rules->names[rules->count++] = (struct name){strip[i], (uint16_t)(bytes - is_prefix), is_prefix};
        }
        rules->first[first + 1] = (uint16_t)rules->count;
    }
    return rules;
}

void url_query_close(struct url_query *rules)
{
    free(rules);
}

static bool is_stripped(const struct url_query *rules, const char *name, size_t bytes)
{
    if (rules->strips_all || !bytes)
        return rules->strips_all;
    unsigned byte = lower(name[0]);
    for (size_t i = rules->first[byte]; i < rules->first[byte + 1]; i++) {
        const struct name *stripped = &rules->names[i];
        if ((stripped->is_prefix ? bytes >= stripped->bytes : bytes == stripped->bytes) &&
            strncasecmp(stripped->text, name, stripped->bytes) == 0)
            return true;
    }
    return false;
}

static const char *find(const char *at, const char *end, char byte)
{
    const char *found = memchr(at, byte, (size_t)(end - at));
    return found ? found : end;
}

/* Both ends may be the same text: to is never ahead of at. */
static char *put(char *to, const char *at, const char *end)
{
    memmove(to, at, (size_t)(end - at));
    return to + (end - at);
}

/* ---- paths ---- */

static bool is_dot_segment(const char *at, const char *end)
{
    return (end - at == 1 && at[0] == '.') || (end - at == 2 && at[0] == '.' && at[1] == '.');
}

/* A segment with parameters: "page;a=1;b=2". */
static char *put_segment(const struct url_query *rules, const char *at, const char *end, char *to)
{
    char *begin = to;
    const char *next = find(at, end, ';');
    bool is_bare = true; /* nothing but what stands before the first ';' is left */
    const char *name_end = next;
    /* A first look, as the text may lie where the answer does. */
    for (const char *parameter = next; parameter < end && is_bare;) {
        const char *after = find(parameter + 1, end, ';');
        const char *equals = find(parameter + 1, after, '=');
        is_bare = equals < after && is_stripped(rules, parameter + 1, (size_t)(equals - parameter - 1));
        parameter = after;
    }
    if (is_bare && is_dot_segment(at, name_end))
        return put(begin, at, end);
    to = put(to, at, next);
    while (next < end) {
        const char *parameter = next;
        next = find(parameter + 1, end, ';');
        const char *equals = find(parameter + 1, next, '=');
        if (equals == next || !is_stripped(rules, parameter + 1, (size_t)(equals - parameter - 1)))
            to = put(to, parameter, next);
    }
    return to;
}

static char *put_path(const struct url_query *rules, const char *at, const char *end, char *to)
{
    while (at < end) {
        const char *after = find(at + 1, end, '/');
        *to++ = *at++; /* the '/' */
        to = put_segment(rules, at, after, to);
        at = after;
    }
    return to;
}

/* ---- queries ---- */

/* The query at `at`, behind its '?', which stands before `to`. Returns the end; the '?' goes with the last parameter. */
static char *put_query(const struct url_query *rules, const char *at, const char *end, char *to)
{
    char *begin = to;
    bool was_stripped = false;
    bool is_first = true;
    for (;;) {
        const char *after = find(at, end, '&');
        const char *equals = find(at, after, '=');
        if (is_stripped(rules, at, (size_t)(equals - at))) {
            was_stripped = true;
        } else {
            if (!is_first)
                *to++ = '&';
            to = put(to, at, after);
            is_first = false;
        }
        if (after == end)
            break;
        at = after + 1;
    }
    return was_stripped && to == begin ? begin - 1 : to;
}

size_t url_query_apply(const struct url_query *rules, const char *url, size_t bytes, char *out)
{
    const char *end = url + bytes;
    const char *query = find(url, end, '?');
    char *to = out;
    const char *at = url;
    bool has_names = rules->count > 0 || rules->strips_all;
    if (has_names && find(url, query, ';') < query) {
        /* "https://host" first: the path begins with the third '/'. */
        for (int slashes = 0; slashes < 3 && at < query; slashes++)
            at = find(at + (slashes > 0), query, '/');
        to = put(to, url, at);
        to = put_path(rules, at, query, to);
    } else if (out != url) {
        to = put(to, url, query);
    } else {
        to += query - url;
    }
    if (query < end && !rules->ignore_query) {
        *to++ = '?';
        to = has_names ? put_query(rules, query + 1, end, to) : put(to, query + 1, end);
    }
    *to = '\0';
    return (size_t)(to - out);
}

/* ---- sets ---- */

/* Who sent the visitor. Sources: the vendors' own documentation of what they add to URLs, and Firefox's list (firefox-source-docs.mozilla.org,
 * "Query Parameter Stripping"). Nothing that a site may use for itself: no ref, source, tag or cid. */
static const char *const TRACKING[] = {
    "utm_*",              /* Google Analytics: campaigns */
    "_ga",         "_gl", /* ... and across domains */
    "gclid",       "gclsrc",        "dclid",     "gbraid",
    "wbraid",      "gad_*",         "srsltid", /* Google: Ads, Marketing Platform, Merchant Center */
    "fbclid",      "igshid",                   /* Meta */
    "msclkid",                                 /* Microsoft Advertising */
    "twclid",      "ttclid",        "li_fat_id", "epik",
    "ScCid",       "rdt_cid",                    /* X, TikTok, LinkedIn, Pinterest, Snapchat, Reddit */
    "yclid",       "ymclid",        "_openstat", /* Yandex, and the convention of its neighbours */
    "mc_cid",      "mc_eid",                     /* Mailchimp */
    "_hsenc",      "_hsmi",         "__hssc",    "__hstc",
    "__hsfp",      "hsCtaTracking",                         /* HubSpot */
    "mkt_tok",                                              /* Marketo */
    "s_kwcid",     "ef_id",                                 /* Adobe */
    "oly_anon_id", "oly_enc_id",    "vero_id",   "__s",     /* Omeda, Vero, Drip: of Firefox's list */
    "mtm_*",       "matomo_*",      "pk_*",      "piwik_*", /* Matomo */
};

/* Which session it is. Sources: the defaults of PHP (session.name), Jakarta Servlet (7.1.3), ASP and ASP.NET, ColdFusion, and of shops that
 * are known for it; what Heritrix strips (StripSessionIDs). Not sid: it is the id of a story or a shop as often, so it has to be asked for. */
static const char *const SESSION[] = {
    "PHPSESSID", "jsessionid", "ASPSESSIONID*", "ASP.NET_SessionId", "CFID", "CFTOKEN", "sessionid", "session_id",
    "osCsid",    "zenid",      "XTCsid",
};

const char *const *url_query_set(const char *set, size_t *count)
{
    if (strcmp(set, "tracking") == 0) {
        *count = sizeof TRACKING / sizeof TRACKING[0];
        return TRACKING;
    }
    if (strcmp(set, "session") == 0) {
        *count = sizeof SESSION / sizeof SESSION[0];
        return SESSION;
    }
    *count = 0;
    return NULL;
}
