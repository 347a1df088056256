/* The frontier and the set of URLs seen by themselves: bench_frontier [-u URLS] [-s SITES] [-m MIB] [-r ROUNDS] [-d DIRECTORY]
 *
 * A crawl without pages: of each page 30 links are looked at, with the set asked for all of them at once as the crawler does; each URL is met
 * three times, new ones are queued, and then one URL is taken from the site whose turn it is, until none is left. The links that a crawl
 * meets first are many more than what it has fetched, so most of them wait: the more so beyond -m. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/fingerprint.h"
#include "coordinator/crawl/frontier/frontier.h"
#include "coordinator/crawl/frontier/url_set.h"

#define LINKS_A_PAGE 30u
#define TIMES_MET 3u
#define NEW_A_PAGE (LINKS_A_PAGE / TIMES_MET)
#define PAGES_A_TURN 16u /* between two looks at the clock, which is not free */

struct bench {
    uint64_t urls;
    uint32_t sites;
    size_t budget;
    const char *directory;
    struct frontier *frontier;
    uint64_t random, links, pushed, popped, url_bytes;
    int64_t set_ns, push_ns, pop_ns;
    struct frontier_counts most;
};

static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uint64_t mixed(uint64_t i)
{
    i ^= i >> 31;
    i *= 0x7fb5d329728ea185u;
    i ^= i >> 27;
    i *= 0x81dadef4bc2dd44du;
    return i ^ i >> 33;
}

static char *put_text(char *to, const char *text)
{
    size_t length = strlen(text);
    memcpy(to, text, length);
    return to + length;
}

static char *put_number(char *to, uint64_t number)
{
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (count)
        *to++ = digits[--count];
    return to;
}

/* URL number id, of 57 to 83 bytes, as shops, forums and manuals have them. */
static size_t write_url(char *to, uint64_t id, uint32_t site)
{
    static const char *const SECTIONS[] = {"products", "forum/threads", "docs/reference", "blog/2024/05"};
    static const char *const WORDS[] = {"introduction", "wireless-headphones", "release-notes", "how-to-install",
                                        "garden",       "command-line",        "a-summer-day",  "index"};
    uint64_t random = mixed(id + 1);
    char *next = put_text(to, "https://www.site-");
    next = put_number(next, 1000 + site);
    next = put_text(next, ".example.com/");
    next = put_text(next, SECTIONS[id / 500000 % 4]);
    *next++ = '/';
    next = put_text(next, WORDS[random % 8]);
    *next++ = '-';
    next = put_number(next, id);
    next = put_text(next, random >> 8 & 1 ? ".html" : "/");
    *next = '\0';
    return (size_t)(next - to);
}

struct link {
    uint64_t id, fingerprint;
    char text[128];
    size_t bytes;
    bool is_new;
};

static uint32_t site_of(const struct bench *bench, uint64_t id)
{
    return (uint32_t)(id / NEW_A_PAGE % bench->sites); /* a page leads to its own site */
}

static bool queue(struct bench *bench, const struct link *link, uint64_t page)
{
    struct frontier_url url = {.url = link->text,
                               .url_bytes = link->bytes,
                               .fingerprint = link->fingerprint,
                               .referrer = page,
                               .depth = (uint32_t)(1 + link->id * 8 / bench->urls),
                               .reason = 1};
    enum status status = frontier_push(bench->frontier, site_of(bench, link->id), &url, true);
    if (status == STATUS_OK) {
        bench->pushed++;
        bench->url_bytes += link->bytes;
    }
    return status == STATUS_OK || status == STATUS_END;
}

/* The links of one page: ten that nobody met before; the others were met a while ago or long ago, and are so once more. */
static void make_page(struct bench *bench, uint64_t page, struct link *links)
{
    uint64_t end = (page + 1) * NEW_A_PAGE;
    for (uint64_t i = 0; i < LINKS_A_PAGE; i++) {
        struct link *link = &links[i];
        bench->random = mixed(bench->random + i + 1);
        uint64_t back = bench->random % (i % 2 || end < 5000 ? end : 5000);
        link->id = i < NEW_A_PAGE ? page * NEW_A_PAGE + i : end - 1 - back;
        link->bytes = write_url(link->text, link->id, site_of(bench, link->id));
        link->fingerprint = fingerprint_of(link->text, link->bytes, 7);
    }
}

static void ask(struct bench *bench, struct link *links)
{
    struct frontier *frontier = bench->frontier;
    for (unsigned i = 0; i < LINKS_A_PAGE; i++)
        frontier_prefetch(frontier, links[i].fingerprint);
    for (unsigned i = 0; i < LINKS_A_PAGE; i++)
        links[i].is_new = !frontier_knows(frontier, links[i].fingerprint);
    bench->links += LINKS_A_PAGE;
}

static bool take_one(struct bench *bench, uint32_t site)
{
    struct frontier *frontier = bench->frontier;
    struct frontier_url url;
    enum status status = frontier_pop(frontier, site, &url);
    if (status != STATUS_OK)
        return status == STATUS_END;
    bench->popped++;
    frontier_done(frontier);
    return true;
}

/* Some pages: all links asked for, the new ones queued, as many URLs taken as there were pages. */
static bool run_turn(struct bench *bench, uint64_t first_page)
{
    struct link links[PAGES_A_TURN][LINKS_A_PAGE];
    for (uint64_t i = 0; i < PAGES_A_TURN; i++)
        make_page(bench, first_page + i, links[i]);
    int64_t began_ns = cpu_ns();
    for (uint64_t i = 0; i < PAGES_A_TURN; i++)
        ask(bench, links[i]);
    int64_t asked_ns = cpu_ns();
    bool is_well = true;
    for (uint64_t i = 0; i < PAGES_A_TURN; i++) {
        for (unsigned j = 0; j < LINKS_A_PAGE; j++)
            is_well = is_well && (!links[i][j].is_new || queue(bench, &links[i][j], first_page + i));
    }
    int64_t pushed_ns = cpu_ns();
    for (uint64_t i = 0; i < PAGES_A_TURN; i++)
        is_well = is_well && take_one(bench, (uint32_t)((first_page + i) % bench->sites));
    bench->set_ns += asked_ns - began_ns;
    bench->push_ns += pushed_ns - asked_ns;
    bench->pop_ns += cpu_ns() - pushed_ns;
    return is_well;
}

static void note(struct bench *bench)
{
    struct frontier_counts now;
    frontier_count(bench->frontier, &now);
#define KEEP_MOST(field) bench->most.field = now.field > bench->most.field ? now.field : bench->most.field
    KEEP_MOST(memory_bytes);
    KEEP_MOST(set_bytes);
    KEEP_MOST(disk_bytes);
    KEEP_MOST(on_disk);
    KEEP_MOST(waiting);
#undef KEEP_MOST
}

static bool crawl(struct bench *bench)
{
    uint64_t turns = bench->urls / NEW_A_PAGE / PAGES_A_TURN;
    for (uint64_t turn = 0; turn < turns; turn++) {
        if (!run_turn(bench, turn * PAGES_A_TURN))
            return false;
        if (turn % 100 == 0)
            note(bench);
    }
    note(bench);
    int64_t began_ns = cpu_ns();
    for (uint32_t site = 0; bench->popped < bench->pushed; site = (site + 1) % bench->sites) {
        if (!take_one(bench, site))
            return false;
    }
    bench->pop_ns += cpu_ns() - began_ns;
    note(bench);
    return true;
}

static void print(const struct bench *bench)
{
    const double mib = 1 << 20;
    double links = (double)bench->links;
    double urls = (double)bench->pushed;
    int64_t all_ns = bench->set_ns + bench->push_ns + bench->pop_ns;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%.0f links/s of CPU: %" PRIu64 " links, %" PRIu64 " URLs (%.1f bytes each) of %u sites\n",
           links / ((double)all_ns / 1e9), bench->links, bench->pushed, (double)bench->url_bytes / urls, bench->sites);
    printf("  ns: %.0f knows, %.0f push, %.0f pop and done\n", (double)bench->set_ns / links,
           (double)bench->push_ns / urls, (double)bench->pop_ns / urls);
    printf("  most at a time: queues %.1f MiB of %.0f, set %.1f MiB (%.2f bytes a URL), resident %.1f MiB\n",
           (double)bench->most.memory_bytes / mib, (double)bench->budget / mib, (double)bench->most.set_bytes / mib,
           (double)bench->most.set_bytes / urls, (double)usage.ru_maxrss / 1024);
    printf("  %" PRIu64 " waited, %" PRIu64 " of them in %.1f MiB on disk: %.1f bytes each\n", bench->most.waiting,
           bench->most.on_disk, (double)bench->most.disk_bytes / mib,
           bench->most.on_disk ? (double)bench->most.disk_bytes / (double)bench->most.on_disk : 0.0);
}

/* The set alone, with as many members; a page's links asked for before the first is looked at. */
static bool measure_set(uint64_t urls)
{
    struct url_set *set = url_set_open();
    if (!set)
        return false;
    int64_t began_ns = cpu_ns();
    for (uint64_t id = 1; id <= urls; id += NEW_A_PAGE) {
        for (uint64_t i = 0; i < NEW_A_PAGE; i++)
            url_set_prefetch(set, mixed(id + i));
        for (uint64_t i = 0; i < NEW_A_PAGE; i++)
            url_set_add(set, mixed(id + i));
    }
    int64_t added_ns = cpu_ns();
    uint64_t random = 1;
    uint64_t found = 0;
    for (uint64_t asked = 0; asked < urls; asked += LINKS_A_PAGE) {
        uint64_t batch[LINKS_A_PAGE];
        for (unsigned i = 0; i < LINKS_A_PAGE; i++) {
            random = mixed(random + i + 1);
            batch[i] = mixed((random >> 32) * urls >> 32);
            url_set_prefetch(set, batch[i]);
        }
        for (unsigned i = 0; i < LINKS_A_PAGE; i++)
            found += url_set_has(set, batch[i]);
    }
    int64_t asked_ns = cpu_ns();
    printf("  the set alone: %.0f ns to add one of %" PRIu64 ", %.0f ns to find one\n",
           (double)(added_ns - began_ns) / (double)urls, url_set_count(set),
           (double)(asked_ns - added_ns) / (double)urls);
    bool is_well = url_set_count(set) >= urls && found + 100 > urls; /* mixed(0) is 0 and no member */
    url_set_close(set);
    return is_well;
}

int main(int argc, char **argv)
{
    struct bench bench = {.urls = 10000000, .sites = 1000, .budget = 256u << 20};
    unsigned long rounds = 1;
    for (int option; (option = getopt(argc, argv, "u:s:m:r:d:")) != -1;) {
        unsigned long number = optarg ? strtoul(optarg, NULL, 10) : 0;
        if (option == 'd')
            bench.directory = optarg;
        else if (option == 'u' && number)
            bench.urls = number;
        else if (option == 's' && number)
            bench.sites = (uint32_t)number;
        else if (option == 'm' && number)
            bench.budget = number << 20;
        else if (option == 'r' && number)
            rounds = number;
        else
            return EXIT_FAILURE;
    }
    while (rounds--) {
        struct bench round = bench;
        if (frontier_open(&round.frontier, round.budget, round.directory) != STATUS_OK)
            return EXIT_FAILURE;
        bool is_well = crawl(&round);
        if (is_well)
            print(&round);
        else
            fprintf(stderr, "bench_frontier: %s\n", frontier_why(round.frontier));
        frontier_close(round.frontier);
        if (!is_well || !measure_set(bench.urls))
            return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
