/* crawl_site.c: what a site owes before its pages: its address, its robots.txt, its sitemap. */
#include "coordinator/crawl/crawl_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/fingerprint.h"
#include "coordinator/crawl/crawl_errands.h"

/* ---- a new site ---- */

static uint64_t host_fingerprint(const struct crawler *crawler, const char *host, size_t bytes)
{
    if (bytes > 1 && host[bytes - 1] == '.')
        bytes--;
    return fingerprint_of(host, bytes, crawler->config.seed);
}

void crawl_name_host(struct crawler *crawler, const struct url_parts *parts)
{
    if (url_set_add(crawler->named, host_fingerprint(crawler, parts->host.at, parts->host.bytes)) == URL_SET_NO_MEMORY)
        crawler_break(crawler, STATUS_OUT_OF_MEMORY);
}

/* The address in an entry "host:port:address[,address...]" that is this site's; 0: it is none of its. "*" stands for every host. */
static size_t resolve_entry_address(const char *entry, const struct site *site, char *address, size_t room)
{
    if (*entry == '+')
        entry++;
    size_t host_bytes = strcspn(entry, ":");
    bool is_any = host_bytes == 1 && entry[0] == '*';
    bool is_host = host_bytes == site->host_bytes && strncasecmp(entry, site->host, host_bytes) == 0;
    char *end;
    if ((!is_any && !is_host) || entry[host_bytes] != ':' || strtoul(entry + host_bytes + 1, &end, 10) != site->port ||
        *end != ':')
        return 0;
    const char *at = end + 1;
    size_t bytes = strcspn(at, ",");
    if (bytes >= 2 && at[0] == '[' && at[bytes - 1] == ']') {
        at++;
        bytes -= 2;
    }
    if (bytes == 0 || bytes >= room)
        return 0;
    memcpy(address, at, bytes);
    address[bytes] = '\0';
    return bytes;
}

/* The site's address where no name need be looked up: it is one, or the user says where it is. */
static bool find_address(const struct crawler *crawler, const struct site *site, char *address, size_t room)
{
    const struct executor_options *options = &crawler->config.options->fetch.executor;
    for (size_t i = 0; i < options->resolve_count; i++) {
        if (resolve_entry_address(options->resolve[i], site, address, room) > 0)
            return true;
    }
    const char *host = site->host;
    size_t bytes = site->host_bytes;
    bool is_v6 = host[0] == '[';
    if (!is_v6 && strspn(host, "0123456789.") != bytes) /* the parser leaves numbers only where it made a dotted quad */
        return false;
    if (is_v6) {
        host++;
        bytes -= 2;
    }
    if (bytes >= room)
        return false;
    memcpy(address, host, bytes);
    address[bytes] = '\0';
    return true;
}

static void owe(struct crawler *crawler, enum errand errand, struct site *site, const char *path)
{
    char url[URL_HOST_KEY_BYTES + 32];
    size_t bytes = site_origin(site, url);
    bytes += (size_t)snprintf(url + bytes, sizeof url - bytes, "%s", path);
    struct crawl_request *request = request_new(crawler, errand, site, url, bytes);
    if (request == NULL)
        crawler_break(crawler, STATUS_OUT_OF_MEMORY);
    else
        request_owe(request);
}

static void prepare(struct crawler *crawler, struct site *site)
{
    const struct crawl_options *options = crawler->config.options;
    char address[64];
    if (!politeness_add(crawler->politeness, &site->polite)) {
        crawler_break(crawler, STATUS_OUT_OF_MEMORY);
        return;
    }
    site->is_named = url_set_has(crawler->named, host_fingerprint(crawler, site->host, site->host_bytes));
    if (crawler->counts_addresses) {
        if (find_address(crawler, site, address, sizeof address))
            politeness_set_address(crawler->politeness, &site->polite, address);
        else
            owe(crawler, ERRAND_LOOK_UP, site, "/");
    }
    if (!options->ignore_robots)
        owe(crawler, ERRAND_ROBOTS, site, "/robots.txt");
    else
        site_open_gate(site, NULL);
}

void crawl_guess_sitemap(struct crawler *crawler, struct site *site)
{
    if (crawler->config.options->sitemaps != SITEMAPS_ALWAYS || site->has_guess)
        return;
    site->has_guess = true;
    owe(crawler, ERRAND_SITEMAP, site, "/sitemap.xml");
}

void crawl_ask_robots_again(struct crawler *crawler, struct site *site)
{
    site->gate = GATE_UNKNOWN;
    owe(crawler, ERRAND_ROBOTS, site, "/robots.txt");
    crawler_update(crawler, site);
}

struct site *crawl_site_of(struct crawler *crawler, const struct url_parts *parts)
{
    bool is_new;
    struct site *site = sites_of(crawler->sites, parts, &is_new);
    if (site == NULL)
        crawler_break(crawler, STATUS_OUT_OF_MEMORY);
    else if (is_new)
        prepare(crawler, site);
    return crawler->broken ? NULL : site;
}
