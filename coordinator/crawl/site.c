/* site.c: one scheme, host and port that a crawl has seen. */
#include "coordinator/crawl/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fingerprint.h"

#define BUCKETS_FIRST 256u

struct sites {
    struct site **buckets; /* bucket_count, a power of two */
    size_t bucket_count;
    struct site **by_number;
    size_t room;
    uint32_t count;
    uint64_t seed;
};

struct sites *sites_open(void)
{
    struct sites *sites = calloc(1, sizeof *sites);
    if (sites == NULL)
        return NULL;
    sites->seed = fingerprint_seed();
    sites->bucket_count = sites->room = BUCKETS_FIRST;
    sites->buckets = calloc(sites->bucket_count, sizeof(struct site *));
    sites->by_number = calloc(sites->room, sizeof(struct site *));
    if (sites->buckets == NULL || sites->by_number == NULL) {
        sites_close(sites);
        return NULL;
    }
    return sites;
}

static void site_free(struct site *site)
{
    robots_close(site->robots);
    free(site->gate_why);
    free(site->dead_why);
    free(site);
}

void sites_close(struct sites *sites)
{
    if (sites == NULL)
        return;
    for (uint32_t i = 0; i < sites->count; i++)
        site_free(sites->by_number[i]);
    free(sites->by_number);
    free(sites->buckets);
    free(sites);
}

/* Twice as many buckets; false when memory is short: the chains grow longer then. */
static bool grow_buckets(struct sites *sites)
{
    size_t count = sites->bucket_count * 2;
    struct site **buckets = calloc(count, sizeof(struct site *));
    if (buckets == NULL)
        return false;
    for (uint32_t i = 0; i < sites->count; i++) {
        struct site *site = sites->by_number[i];
        site->next_in_bucket = buckets[site->hash & (count - 1)];
        buckets[site->hash & (count - 1)] = site;
    }
    free(sites->buckets);
    sites->buckets = buckets;
    sites->bucket_count = count;
    return true;
}

static bool make_room(struct sites *sites)
{
    if (sites->count < sites->room)
        return true;
    struct site **more = realloc(sites->by_number, sites->room * 2 * sizeof(struct site *));
    if (more == NULL)
        return false;
    sites->by_number = more;
    sites->room *= 2;
    return true;
}

static struct site *add(struct sites *sites, uint64_t hash, const struct url_parts *url, size_t host_bytes)
{
    struct site *site = make_room(sites) ? calloc(1, sizeof *site + host_bytes + 1) : NULL;
    if (site == NULL)
        return NULL;
    site->hash = hash;
    site->number = sites->count;
    site->given_up = REASON_NONE;
    site->port = url->port;
    site->is_https = url->scheme.bytes == 5;
    site->host_bytes = (uint16_t)host_bytes;
    memcpy(site->host, url->host.at, host_bytes);
    sites->by_number[sites->count++] = site;
    if (sites->count > sites->bucket_count && grow_buckets(sites))
        return site;
    struct site **bucket = &sites->buckets[hash & (sites->bucket_count - 1)];
    site->next_in_bucket = *bucket;
    *bucket = site;
    return site;
}

struct site *sites_of(struct sites *sites, const struct url_parts *url, bool *is_new)
{
    size_t host_bytes = url->host.bytes;
    if (host_bytes > 1 && url->host.at[host_bytes - 1] == '.')
        host_bytes--;
    bool is_https = url->scheme.bytes == 5;
    uint64_t hash =
        fingerprint_of(url->host.at, host_bytes, sites->seed ^ (uint64_t)url->port ^ (is_https ? 1u << 17 : 0));
    *is_new = false;
    for (struct site *at = sites->buckets[hash & (sites->bucket_count - 1)]; at != NULL; at = at->next_in_bucket) {
        if (at->hash == hash && at->port == url->port && at->is_https == is_https && at->host_bytes == host_bytes &&
            memcmp(at->host, url->host.at, host_bytes) == 0)
            return at;
    }
    *is_new = true;
    return add(sites, hash, url, host_bytes);
}

struct site *sites_at(const struct sites *sites, uint32_t number)
{
    return number < sites->count ? sites->by_number[number] : NULL;
}

uint32_t sites_count(const struct sites *sites)
{
    return sites->count;
}

size_t site_origin(const struct site *site, char *text)
{
    const char *scheme = site->is_https ? "https" : "http";
    bool is_usual = site->port == (site->is_https ? 443 : 80);
    int bytes = is_usual ? snprintf(text, URL_HOST_KEY_BYTES, "%s://%s", scheme, site->host)
                         : snprintf(text, URL_HOST_KEY_BYTES, "%s://%s:%u", scheme, site->host, (unsigned)site->port);
    return (size_t)bytes;
}

void site_close_gate(struct site *site, const char *why)
{
    robots_close(site->robots);
    site->robots = NULL;
    free(site->gate_why);
    site->gate_why = strdup(why);
    site->gate = GATE_CLOSED;
}

void site_open_gate(struct site *site, struct robots *robots)
{
    robots_close(site->robots);
    site->robots = robots;
    site->gate = robots != NULL ? GATE_RULES : GATE_OPEN;
}

bool site_allows(const struct site *site, const char *url, bool explains, char *rule, size_t rule_bytes)
{
    if (site->gate == GATE_CLOSED) {
        snprintf(rule, rule_bytes, "robots.txt cannot be had: %s", site->gate_why != NULL ? site->gate_why : "");
        return false;
    }
    if (site->gate != GATE_RULES) {
        if (explains)
            snprintf(rule, rule_bytes, "there is no robots.txt, or nobody asks for it");
        return true;
    }
    const char *host = strstr(url, "://");
    const char *path = host != NULL ? strchr(host + 3, '/') : NULL;
    if (path == NULL)
        path = "/";
    struct robots_verdict verdict = robots_judge(site->robots, (struct url_text){path, strlen(path)});
    if (verdict.is_allowed && !explains)
        return true;
    if (verdict.line > 0)
        snprintf(rule, rule_bytes, "robots.txt line %u: %.*s", (unsigned)verdict.line, (int)verdict.rule.bytes,
                 verdict.rule.at);
    else
        snprintf(rule, rule_bytes, "%s",
                 verdict.is_allowed ? "no line of robots.txt concerns it" : "too much to compare with robots.txt");
    return verdict.is_allowed;
}
