/* crawl_errands.c: requests, and the errands that sites owe before their pages. */
#include "coordinator/crawl/crawl_errands.h"

#include <stdlib.h>
#include <string.h>

struct crawl_request *request_new(struct crawler *crawler, enum errand errand, struct site *site, const char *url,
                                  size_t url_bytes)
{
    struct crawl_request *request = crawler->free;
    if (request != NULL)
        crawler->free = request->next;
    else
        request = malloc(sizeof *request);
    if (request == NULL)
        return NULL;
    memset(request, 0, offsetof(struct crawl_request, text));
    request->crawler = crawler;
    request->errand = errand;
    request->site = request->for_site = site;
    request->due.index = DUE_NOWHERE;
    memcpy(request->text, url, url_bytes);
    request->text[url_bytes] = '\0';
    request->url.url = request->text;
    request->url.url_bytes = url_bytes;
    return request;
}

void request_free(struct crawler *crawler, struct crawl_request *request)
{
    request->next = crawler->free;
    crawler->free = request;
}

/* Sitemaps last: they wait for robots.txt, and what they wait for must not wait behind them. */
void request_owe(struct crawl_request *request)
{
    struct site *site = request->site;
    bool is_sitemap = request->errand == ERRAND_SITEMAP;
    struct crawl_request *before = is_sitemap ? site->last_errand : NULL;
    struct crawl_request *at = is_sitemap ? NULL : site->errands;
    while (at != NULL && at->errand != ERRAND_SITEMAP) {
        before = at;
        at = at->next;
    }
    request->next = at;
    if (before != NULL)
        before->next = request;
    else
        site->errands = request;
    if (at == NULL)
        site->last_errand = request;
    request->crawler->owed++;
}

void request_owe_first(struct crawl_request *request)
{
    struct site *site = request->site;
    request->next = site->errands;
    site->errands = request;
    if (site->last_errand == NULL)
        site->last_errand = request;
    request->crawler->owed++;
}

struct crawl_request *request_take_errand(struct crawler *crawler, struct site *site)
{
    struct crawl_request *request = site->errands;
    if (request == NULL)
        return NULL;
    site->errands = request->next;
    if (site->errands == NULL)
        site->last_errand = NULL;
    request->next = NULL;
    crawler->owed--;
    return request;
}
