/* Runs in: worker */
#include "worker/body_links.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/fault.h"
#include "worker/html_scan.h"
#include "worker/links.h"

enum body_is { BODY_UNKNOWN, BODY_PAGE, BODY_OTHER };

struct body_links {
    struct links *links;
    enum body_is body;
    bool is_at_tag; /* no type: blanks and a '<' came, and were kept back */
};

struct body_links *body_links_open(void)
{
    static const struct links_sink COUNTED = {.link = NULL};
    struct body_links *work = calloc(1, sizeof *work);
    if (!work)
        return NULL;
    work->links = links_open(&COUNTED, NULL);
    if (!work->links) {
        free(work);
        return NULL;
    }
    return work;
}

void body_links_close(struct body_links *work)
{
    if (work)
        links_close(work->links);
    free(work);
}

void body_links_begin(struct body_links *work)
{
    work->body = BODY_UNKNOWN;
    work->is_at_tag = false;
}

static bool is_page_type(const char *type)
{
    static const char *const TYPES[] = {"text/html", "application/xhtml+xml"};
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
        size_t bytes = strlen(TYPES[i]);
        if (strncasecmp(type, TYPES[i], bytes) == 0 && (!type[bytes] || strchr("; \t", type[bytes])))
            return true;
    }
    return false;
}

/* Where the answer names no type: blanks, then a tag, a comment or a doctype. BODY_UNKNOWN: that is still to come. */
static enum body_is look_at_prefix(struct body_links *work, const char **bytes, size_t *count)
{
    while (*count && !work->is_at_tag && html_is_space(**bytes)) {
        ++*bytes;
        --*count;
    }
    if (*count && !work->is_at_tag) {
        if (**bytes != '<')
            return BODY_OTHER;
        work->is_at_tag = true;
        ++*bytes;
        --*count;
    }
    if (!*count)
        return BODY_UNKNOWN;
    return html_is_letter(**bytes) || **bytes == '!' ? BODY_PAGE : BODY_OTHER;
}

static void begin_page(struct body_links *work, CURL *easy, const char *type)
{
    const char *url = NULL;
    curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
    if (!url || links_begin(work->links, url, strlen(url), type) != STATUS_OK)
        work->body = BODY_OTHER;
    else if (work->is_at_tag)
        links_feed(work->links, "<", 1);
}

void body_links_take(struct body_links *work, CURL *easy, const char *bytes, size_t count)
{
    if (work->body == BODY_UNKNOWN) {
        char *type = NULL;
        curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
        if (type && *type)
            work->body = is_page_type(type) ? BODY_PAGE : BODY_OTHER;
        else
            work->body = look_at_prefix(work, &bytes, &count);
        if (work->body == BODY_PAGE)
            begin_page(work, easy, type ? type : "");
    }
    if (work->body == BODY_PAGE)
        links_feed(work->links, bytes, count);
    FAULT_POINT("links.after_feed");
}

uint32_t body_links_end(struct body_links *work)
{
    if (work->body != BODY_PAGE)
        return 0;
    work->body = BODY_OTHER;
    links_end(work->links);
    return links_counts(work->links).found;
}
