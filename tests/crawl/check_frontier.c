/* Mirrors coordinator/crawl/frontier/frontier.c and all that lies below it. */
#include "coordinator/crawl/frontier/frontier.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/support.h"

#define MIB (1u << 20)

/* What frontier.h says may be taken beyond the budget. */
#define OVER_BYTES FRONTIER_OVER_BYTES

/* For loops: an assertion of Check's writes to the runner each time. */
#define MUST(condition) \
    do { \
        if (!(condition)) \
            ck_abort_msg("%s", #condition); \
    } while (0)

static struct frontier *frontier;
static char directory[64];

static void open_with(size_t budget)
{
    ck_assert_int_eq(frontier_open(&frontier, budget, directory), STATUS_OK);
}

static void set_up(void)
{
    snprintf(directory, sizeof directory, "/tmp/shoal-check-frontier.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    open_with(MIB);
}

/* Nothing is left in the directory. */
static void tear_down(void)
{
    if (frontier)
        frontier_close(frontier);
    frontier = NULL;
    ck_assert_int_eq(rmdir(directory), 0);
}

static uint64_t hashed(uint64_t i)
{
    i ^= i >> 31;
    i *= 0x7fb5d329728ea185u;
    i ^= i >> 27;
    i *= 0x81dadef4bc2dd44du;
    return i ^ i >> 33;
}

/* ---- URLs by number ---- */

static char text[URL_BYTES_MAX + 1];

/* URL number `id` of a site; everything about it but the depth follows from the two. */
static struct frontier_url url_of(uint32_t site, uint64_t id, uint32_t depth, size_t bytes)
{
    uint64_t random = hashed(id);
    int used = snprintf(text, sizeof text, "https://www.s%u.example.org/%s/%llx-%llu", site,
                        id % 3 ? "docs" : "news/2024", (unsigned long long)(random >> 40), (unsigned long long)id);
    size_t length = (size_t)used;
    for (; length < bytes; length++)
        text[length] = (char)('a' + (random + length) % 26);
    text[length] = '\0';
    return (struct frontier_url){
        .url = text,
        .url_bytes = length,
        .fingerprint = random,
        .referrer = id % 5 ? random >> 16 >> random % 48 : 0,
        .depth = depth,
        .reason = (uint8_t)(id % 7),
        .redirects = (uint8_t)(id % 11 == 0 ? random : 0),
        .tries = (uint8_t)(id % 13 == 0 ? random >> 8 : 0),
        .flags = (uint8_t)(id % 17 == 0 ? random >> 16 : 0),
    };
}

static enum status push(uint32_t site, uint64_t id, uint32_t depth, size_t bytes)
{
    struct frontier_url url = url_of(site, id, depth, bytes);
    return frontier_push(frontier, site, &url, true);
}

static bool is_same(const struct frontier_url *a, const struct frontier_url *b)
{
    return a->url_bytes == b->url_bytes && memcmp(a->url, b->url, b->url_bytes + 1) == 0 &&
           a->fingerprint == b->fingerprint && a->referrer == b->referrer && a->depth == b->depth &&
           a->reason == b->reason && a->redirects == b->redirects && a->tries == b->tries && a->flags == b->flags;
}

/* The next of the site is this one, in all its fields. */
static void pop_is(uint32_t site, uint64_t id, uint32_t depth, size_t bytes)
{
    struct frontier_url url;
    enum status status = frontier_pop(frontier, site, &url);
    if (status != STATUS_OK)
        ck_abort_msg("%s: %s", status_name(status), frontier_why(frontier));
    struct frontier_url expected = url_of(site, id, depth, bytes);
    if (!is_same(&url, &expected))
        ck_abort_msg("%s (depth %u) instead of %s (depth %u)", url.url, url.depth, expected.url, expected.depth);
}

static void is_empty(uint32_t site)
{
    struct frontier_url url;
    MUST(frontier_pop(frontier, site, &url) == STATUS_END);
    MUST(frontier_waiting(frontier, site) == 0);
}

static struct frontier_counts counts(void)
{
    struct frontier_counts counts;
    frontier_count(frontier, &counts);
    return counts;
}

/* ---- order ---- */

START_TEST(a_new_frontier_has_nothing)
{
    is_empty(0);
    is_empty(UINT32_MAX);
    struct frontier_counts now = counts();
    ck_assert_uint_eq(now.seen + now.waiting + now.on_disk + now.in_flight + now.disk_bytes, 0);
}
END_TEST

START_TEST(urls_come_by_depth_and_then_as_they_arrived)
{
    static const uint32_t DEPTHS[] = {3, 1, 1, 4, 0, 3, 0, 20, 1, 4000000000u, 0};
    static const uint64_t ORDER[] = {4, 6, 10, 1, 2, 8, 0, 5, 3, 7, 9};
    for (size_t i = 0; i < sizeof DEPTHS / sizeof *DEPTHS; i++)
        ck_assert_int_eq(push(5, i + 1, DEPTHS[i], 0), STATUS_OK);
    ck_assert_uint_eq(frontier_waiting(frontier, 5), sizeof DEPTHS / sizeof *DEPTHS);
    for (size_t i = 0; i < sizeof ORDER / sizeof *ORDER; i++)
        pop_is(5, ORDER[i] + 1, DEPTHS[ORDER[i]], 0);
    is_empty(5);
}
END_TEST

START_TEST(a_url_that_is_less_deep_than_those_that_wait_comes_next)
{
    push(1, 1, 2, 0);
    push(1, 2, 2, 0);
    pop_is(1, 1, 2, 0);
    push(1, 3, 1, 0);
    push(1, 4, 2, 0);
    pop_is(1, 3, 1, 0);
    pop_is(1, 2, 2, 0);
    pop_is(1, 4, 2, 0);
    is_empty(1);
}
END_TEST

START_TEST(a_url_is_queued_once)
{
    ck_assert(!frontier_knows(frontier, hashed(9)));
    ck_assert_int_eq(push(0, 9, 1, 0), STATUS_OK);
    ck_assert(frontier_knows(frontier, hashed(9)));
    ck_assert_int_eq(push(0, 9, 0, 0), STATUS_END);
    ck_assert_int_eq(push(1, 9, 1, 0), STATUS_END);
    pop_is(0, 9, 1, 0);
    ck_assert_int_eq(push(0, 9, 1, 0), STATUS_END);
    frontier_done(frontier);
    ck_assert_int_eq(push(0, 9, 1, 0), STATUS_END);
    is_empty(0);
}
END_TEST

START_TEST(what_is_only_noted_is_known_and_not_queued)
{
    struct frontier_url url = url_of(0, 3, 0, 0);
    ck_assert_int_eq(frontier_push(frontier, 0, &url, false), STATUS_OK);
    ck_assert_int_eq(frontier_push(frontier, 0, &url, false), STATUS_END);
    ck_assert_int_eq(push(0, 3, 0, 0), STATUS_END);
    is_empty(0);
    ck_assert_uint_eq(counts().seen, 1);
    ck_assert_uint_eq(counts().waiting, 0);
}
END_TEST

START_TEST(what_comes_back_comes_first_and_as_it_was)
{
    for (uint64_t id = 1; id <= 4; id++)
        push(2, id, 5, 0);
    struct frontier_url url;
    for (unsigned tries = 1; tries < 4; tries++) {
        ck_assert_int_eq(frontier_pop(frontier, 2, &url), STATUS_OK);
        ck_assert_uint_eq(url.fingerprint, hashed(1));
        url.tries = (uint8_t)tries;
        ck_assert_int_eq(frontier_requeue(frontier, 2, &url), STATUS_OK);
        ck_assert_uint_eq(frontier_waiting(frontier, 2), 4);
    }
    push(2, 5, 0, 0); /* not even a seed goes before it */
    ck_assert_int_eq(frontier_pop(frontier, 2, &url), STATUS_OK);
    ck_assert_uint_eq(url.fingerprint, hashed(1));
    ck_assert_uint_eq(url.tries, 3);
    ck_assert_uint_eq(url.depth, 5);
    pop_is(2, 5, 0, 0);
    struct frontier_url second = url_of(2, 2, 5, 0);
    pop_is(2, 2, 5, 0);
    ck_assert_int_eq(frontier_requeue(frontier, 2, &second), STATUS_OK);
    push(2, 6, 5, 0);
    pop_is(2, 2, 5, 0);
    pop_is(2, 3, 5, 0);
    pop_is(2, 4, 5, 0);
    pop_is(2, 6, 5, 0);
    is_empty(2);
}
END_TEST

START_TEST(urls_of_any_length_come_back_as_they_were)
{
    size_t at_least = strlen(url_of(0, 4200, 0, 0).url);
    for (size_t bytes = at_least; bytes <= URL_BYTES_MAX; bytes += bytes < 300 ? 1 : 97)
        ck_assert_int_eq(push(0, bytes, 0, bytes), STATUS_OK);
    for (size_t bytes = at_least; bytes <= URL_BYTES_MAX; bytes += bytes < 300 ? 1 : 97)
        pop_is(0, bytes, 0, bytes);
    static const struct frontier_url ODD[] = {
        {.url = "", .url_bytes = 0, .fingerprint = 1},
        {.url = "h", .url_bytes = 1, .fingerprint = 2, .referrer = (1ull << 48) - 1, .depth = UINT32_MAX},
        {.url = "hi", .url_bytes = 2, .fingerprint = UINT64_MAX, .referrer = 1, .reason = 255},
        {.url = "h", .url_bytes = 1, .fingerprint = 3, .redirects = 255, .tries = 255, .flags = 255},
    };
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_int_eq(frontier_push(frontier, i % 2, &ODD[i], true), STATUS_OK);
    static const unsigned ORDER[] = {0, 2, 3, 1};
    for (unsigned i = 0; i < 4; i++) {
        struct frontier_url url;
        ck_assert_int_eq(frontier_pop(frontier, ORDER[i] % 2, &url), STATUS_OK);
        ck_assert(is_same(&url, &ODD[ORDER[i]]));
    }
}
END_TEST

START_TEST(all_are_counted)
{
    for (uint64_t id = 1; id <= 10; id++)
        push((uint32_t)id % 2, id, 0, 0);
    struct frontier_url url;
    ck_assert_int_eq(frontier_pop(frontier, 0, &url), STATUS_OK);
    ck_assert_uint_eq(counts().in_flight, 1);
    ck_assert_uint_eq(counts().waiting, 9);
    ck_assert_int_eq(frontier_requeue(frontier, 0, &url), STATUS_OK);
    ck_assert_uint_eq(counts().in_flight, 0);
    ck_assert_uint_eq(counts().waiting, 10);
    ck_assert_int_eq(frontier_pop(frontier, 0, &url), STATUS_OK);
    frontier_done(frontier);
    struct frontier_counts now = counts();
    ck_assert_uint_eq(now.in_flight, 0);
    ck_assert_uint_eq(now.waiting, 9);
    ck_assert_uint_eq(now.seen, 10);
    ck_assert_uint_gt(now.set_bytes, 80);
    ck_assert_uint_gt(now.memory_bytes, 0);
    ck_assert_uint_eq(frontier_waiting(frontier, 0), 4);
    ck_assert_uint_eq(frontier_waiting(frontier, 1), 5);
}
END_TEST

START_TEST(sites_may_have_any_number)
{
    static const uint32_t SITES[] = {0, 7, 8, 255, 256, 8191, 8192, 1u << 20, 1u << 28, UINT32_MAX};
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 10; i++)
            ck_assert_int_eq(push(SITES[9 - i], round * 10 + i + 1, 1 - round, 0), STATUS_OK);
    }
    for (unsigned i = 0; i < 10; i++) {
        pop_is(SITES[9 - i], 10 + i + 1, 0, 0);
        pop_is(SITES[9 - i], i + 1, 1, 0);
        is_empty(SITES[9 - i]);
    }
    is_empty(9);
    is_empty(1u << 27);
}
END_TEST

/* ---- beyond the budget ---- */

#ifdef SHOAL_SANITIZED
#define PASSING 60000u
#else
#define PASSING 1000000u
#endif
#define PASSING_SITES 50u

static uint32_t depth_of(uint64_t id)
{
    return (uint32_t)(id * 4 / PASSING + (id % 7 == 0 ? 2 : 0));
}

static void within(size_t budget, size_t over)
{
    size_t memory_bytes = counts().memory_bytes;
    if (memory_bytes > budget + over)
        ck_abort_msg("%zu bytes", memory_bytes);
}

/* Pops all of a site: first by depth, then by number. */
static void pop_site(uint32_t site, uint64_t first, uint64_t end)
{
    for (uint32_t depth = 0; depth < 8; depth++) {
        for (uint64_t id = first; id < end; id += PASSING_SITES) {
            if (depth_of(id) == depth)
                pop_is(site, id, depth, 0);
        }
        within(MIB, 0);
    }
    is_empty(site);
}

START_TEST(a_million_urls_pass_through_a_mebibyte)
{
    for (uint64_t id = 1; id <= PASSING; id++) {
        if (push((uint32_t)(id % PASSING_SITES), id, depth_of(id), 0) != STATUS_OK)
            ck_abort_msg("%s", frontier_why(frontier));
        if (id % 100 == 0)
            within(MIB, 0);
    }
    struct frontier_counts now = counts();
    ck_assert_uint_eq(now.waiting, PASSING);
    ck_assert_uint_gt(now.on_disk, PASSING / 2);
    ck_assert_uint_gt(now.disk_bytes, PASSING * 20ull);
    for (uint32_t site = 0; site < PASSING_SITES; site++)
        pop_site(site, site ? site : PASSING_SITES, PASSING + 1);
    now = counts();
    ck_assert_uint_eq(now.waiting + now.on_disk, 0);
    ck_assert_uint_eq(now.in_flight, PASSING);
}
END_TEST

START_TEST(disk_that_was_given_back_is_used_again)
{
    uint64_t pushed = 0;
    uint64_t popped = 0;
    uint64_t disk_bytes = 0;
    for (unsigned round = 0; round < 4; round++) {
        while (pushed < 60000 * (round + 1ull)) {
            pushed++;
            MUST(push(0, pushed, 1, 0) == STATUS_OK);
        }
        if (round == 0)
            disk_bytes = counts().disk_bytes;
        while (popped < pushed)
            pop_is(0, ++popped, 1, 0);
    }
    ck_assert_uint_gt(disk_bytes, 100000);
    ck_assert_uint_le(counts().disk_bytes, disk_bytes + disk_bytes / 4);
}
END_TEST

#ifdef SHOAL_SANITIZED
#define SMALL_SITES 20000u
#else
#define SMALL_SITES 50000u
#endif

START_TEST(fifty_thousand_sites_with_a_url_or_two_are_within_the_budget)
{
    frontier_close(frontier);
    open_with(2 * MIB);
    for (uint32_t site = 0; site < SMALL_SITES; site++) {
        if (push(site, site + 1ull, site % 3, 0) != STATUS_OK)
            ck_abort_msg("site %u: %s", site, frontier_why(frontier));
        if (site % 1000 == 0)
            within(2 * MIB, 0);
    }
    ck_assert_uint_gt(counts().on_disk, SMALL_SITES / 4);
    for (uint32_t site = 0; site < SMALL_SITES; site += 2)
        MUST(push(site, SMALL_SITES + 1ull + site, 1, 0) == STATUS_OK);
    within(2 * MIB, 0);
    for (uint32_t site = 0; site < SMALL_SITES; site++) {
        bool is_first = site % 2 || site % 3 <= 1;
        if (is_first)
            pop_is(site, site + 1ull, site % 3, 0);
        if (site % 2 == 0)
            pop_is(site, SMALL_SITES + 1ull + site, 1, 0);
        if (!is_first)
            pop_is(site, site + 1ull, site % 3, 0);
        is_empty(site);
    }
    ck_assert_uint_eq(counts().waiting, 0);
    ck_assert_uint_eq(counts().on_disk, 0);
    within(2 * MIB, 0);
}
END_TEST

START_TEST(sites_that_fill_the_budget_by_themselves_are_refused)
{
    uint32_t site = 0;
    enum status status;
    while ((status = push(site, site + 1ull, 0, 0)) == STATUS_OK)
        site += 8; /* a cell of sites for each */
    ck_assert_int_eq(status, STATUS_OUT_OF_MEMORY);
    ck_assert(!frontier_knows(frontier, hashed(site + 1ull)));
    within(MIB, 0);
    for (uint32_t next = 0; next < site; next += 8)
        pop_is(next, next + 1ull, 0, 0);
    within(MIB, OVER_BYTES);
}
END_TEST

/* ---- against a model ---- */

#define MODEL_SITES 6u
#define MODEL_MAX 4000u

struct item {
    uint64_t id;
    uint32_t depth;
    bool is_front;
};

static struct model {
    struct item items[MODEL_SITES][MODEL_MAX];
    size_t count[MODEL_SITES];
    uint64_t random, next_id, in_flight;
} model;

static size_t length_of(uint64_t id)
{
    return hashed(id * 3) % 4 ? 60 + id % 300 : URL_BYTES_MAX - id % 1000;
}

static uint64_t draw(uint64_t below)
{
    model.random = hashed(model.random + 0x9e3779b97f4a7c15u);
    return model.random % below;
}

static void model_insert(uint32_t site, struct item item)
{
    struct item *items = model.items[site];
    size_t at = 0;
    while (!item.is_front && at < model.count[site] && (items[at].is_front || items[at].depth <= item.depth))
        at++;
    memmove(&items[at + 1], &items[at], (model.count[site] - at) * sizeof *items);
    items[at] = item;
    model.count[site]++;
}

static void model_push(uint32_t site)
{
    struct item item = {.id = model.next_id++, .depth = (uint32_t)(draw(3) ? 3 : draw(6))};
    enum status status = push(site, item.id, item.depth, length_of(item.id));
    if (status == STATUS_OK) {
        model_insert(site, item);
        return;
    }
    MUST(status == STATUS_SYSTEM && !frontier_knows(frontier, hashed(item.id)) && *frontier_why(frontier));
}

static void model_pop(uint32_t site)
{
    if (!model.count[site]) {
        is_empty(site);
        return;
    }
    struct item item = model.items[site][0];
    pop_is(site, item.id, item.depth, length_of(item.id));
    memmove(&model.items[site][0], &model.items[site][1], --model.count[site] * sizeof item);
    if (draw(8)) {
        frontier_done(frontier);
        return;
    }
    struct frontier_url url = url_of(site, item.id, item.depth, length_of(item.id));
    MUST(frontier_requeue(frontier, site, &url) == STATUS_OK);
    item.is_front = true;
    model_insert(site, item);
}

/* The largest file that this process may write. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
}

static void compare_model(void)
{
    struct frontier_counts now = counts();
    uint64_t waiting = 0;
    for (uint32_t site = 0; site < MODEL_SITES; site++) {
        MUST(frontier_waiting(frontier, site) == model.count[site]);
        waiting += model.count[site];
    }
    ck_assert_uint_eq(now.waiting, waiting);
    ck_assert_uint_le(now.on_disk, waiting);
    ck_assert_uint_eq(now.in_flight, 0);
    within(MIB, OVER_BYTES);
}

/* In waves, so that the queues grow beyond the budget and are nearly emptied, again and again. */
static void run_model(unsigned steps, bool with_full_disk)
{
    model.random = (uint64_t)steps * 7 + with_full_disk;
    model.next_id = 1;
    uint64_t on_disk_most = 0;
    for (unsigned step = 0; step < steps; step++) {
        bool grows = step / 3000 % 2 == 0;
        uint32_t site = (uint32_t)draw(draw(2) ? MODEL_SITES : 2);
        if (with_full_disk && draw(500) == 0)
            limit_files(draw(2) ? RLIM_INFINITY
                                : counts().disk_bytes + draw(MIB / 2)); /* what is there can be written */
        if (draw(10) < (grows ? 8 : 2) && model.count[site] + 1 < MODEL_MAX)
            model_push(site);
        else
            model_pop(site);
        if (step % 100 == 0) {
            compare_model();
            on_disk_most = counts().on_disk > on_disk_most ? counts().on_disk : on_disk_most;
        }
    }
    ck_assert_uint_gt(on_disk_most, 100);
    for (uint32_t site = 0; site < MODEL_SITES; site++) {
        while (model.count[site])
            model_pop(site);
        is_empty(site);
    }
    compare_model();
    ck_assert_uint_eq(counts().on_disk, 0);
}

START_TEST(any_sequence_is_answered_as_by_a_sorted_list)
{
    run_model(30000u + (unsigned)_i, false);
}
END_TEST

START_TEST(any_sequence_is_answered_though_the_disk_is_full_now_and_then)
{
    run_model(20000u + (unsigned)_i, true);
    limit_files(RLIM_INFINITY);
}
END_TEST

/* ---- disks ---- */

/* Pushes into three sites until that is refused; returns how many there are. */
static uint64_t fill(enum status expected)
{
    uint64_t id = 0;
    enum status status;
    do {
        id++;
        status = push((uint32_t)(id % 3), id, 0, 0);
    } while (status == STATUS_OK && id < 200000);
    ck_assert_int_eq(status, expected);
    ck_assert(!frontier_knows(frontier, hashed(id)));
    ck_assert_uint_eq(counts().seen, id - 1);
    return id - 1;
}

START_TEST(a_full_disk_refuses_what_is_new_and_loses_nothing)
{
    limit_files(700 * 1024);
    uint64_t end = fill(STATUS_SYSTEM) + 1;
    ck_assert_ptr_nonnull(strstr(frontier_why(frontier), directory));
    ck_assert_ptr_nonnull(strstr(frontier_why(frontier), "File too large"));
    ck_assert_ptr_null(strchr(frontier_why(frontier), '\n'));
    ck_assert_uint_gt(counts().on_disk, 1000);
    ck_assert_uint_le(counts().disk_bytes, 700 * 1024);
    for (uint64_t id = 3; id < end; id += 3)
        pop_is(0, id, 0, 0);
    within(MIB, OVER_BYTES);
    ck_assert_int_eq(push(0, end, 0, 0), STATUS_OK); /* what is free on disk is used */
    limit_files(RLIM_INFINITY);
    for (uint64_t id = end + 1; id < end + 20000; id++)
        MUST(push(0, id, 0, 0) == STATUS_OK);
    within(MIB, 0);
    for (uint32_t site = 1; site < 3; site++) {
        for (uint64_t id = site; id < end; id += 3)
            pop_is(site, id, 0, 0);
    }
    for (uint64_t id = end; id < end + 20000; id++)
        pop_is(0, id, 0, 0);
}
END_TEST

START_TEST(without_a_directory_all_is_well_until_the_budget_is_used_up)
{
    frontier_close(frontier);
    ck_assert_int_eq(frontier_open(&frontier, MIB, "/nowhere/at/all"), STATUS_OK);
    uint64_t end = fill(STATUS_SYSTEM) + 1;
    ck_assert_str_eq(frontier_why(frontier),
                     "cannot open a temporary file for the frontier in /nowhere/at/all: No such file or directory");
    for (uint32_t site = 0; site < 3; site++) {
        for (uint64_t id = site ? site : 3; id < end; id += 3)
            pop_is(site, id, 0, 0);
    }
    ck_assert_int_eq(push(0, end, 0, 0), STATUS_OK);
    pop_is(0, end, 0, 0);
}
END_TEST

/* The descriptor of the frontier's file: the only one into its directory. */
static int file_descriptor(void)
{
    for (int fd = 3; fd < 64; fd++) {
        char name[32];
        char target[PATH_MAX] = "";
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        if (readlink(name, target, sizeof target - 1) > 0 && strncmp(target, directory, strlen(directory)) == 0)
            return fd;
    }
    return -1;
}

START_TEST(the_file_has_no_name_and_is_for_its_owner_alone)
{
    ck_assert_int_eq(file_descriptor(), -1);
    for (uint64_t id = 1; id <= 20000; id++)
        MUST(push(0, id, 0, 0) == STATUS_OK);
    int fd = file_descriptor();
    ck_assert_int_gt(fd, 2);
    struct stat facts;
    ck_assert_int_eq(fstat(fd, &facts), 0);
    ck_assert_uint_eq(facts.st_nlink, 0);
    ck_assert_uint_eq(facts.st_mode & 07777, 0600);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ck_assert_uint_eq((uint64_t)facts.st_size, counts().disk_bytes);
    ck_assert_int_eq(rmdir(directory), 0);
    frontier_close(frontier);
    frontier = NULL;
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    ck_assert_int_eq(mkdir(directory, 0700), 0);
}
END_TEST

START_TEST(the_file_lies_in_tmpdir_unless_it_is_said_where)
{
    frontier_close(frontier);
    ck_assert_int_eq(setenv("TMPDIR", directory, 1), 0);
    ck_assert_int_eq(frontier_open(&frontier, 0, NULL), STATUS_OK);
    for (uint64_t id = 1; id <= 20000; id++)
        MUST(push(0, id, 0, 0) == STATUS_OK);
    ck_assert_int_gt(file_descriptor(), 2);
}
END_TEST

START_TEST(two_frontiers_are_strangers_to_each_other)
{
    struct frontier *first = frontier;
    open_with(MIB);
    struct frontier *second = frontier;
    for (uint64_t id = 1; id <= 20000; id++) {
        frontier = id % 2 ? first : second;
        MUST(push(0, id, 0, 0) == STATUS_OK);
    }
    frontier = second;
    for (uint64_t id = 2; id <= 20000; id += 2)
        pop_is(0, id, 0, 0);
    frontier_close(frontier);
    frontier = first;
    for (uint64_t id = 1; id <= 20000; id += 2)
        pop_is(0, id, 0, 0);
}
END_TEST

START_TEST(a_damaged_file_is_told_and_nothing_else_comes_of_it)
{
    for (uint64_t id = 1; id <= 60000; id++)
        MUST(push((uint32_t)(id % 3), id, 0, 0) == STATUS_OK);
    int fd = file_descriptor();
    for (off_t at = 4096 + 2000 + 7 * _i; at < (off_t)counts().disk_bytes; at += 4096) {
        unsigned char byte = 0;
        MUST(pread(fd, &byte, 1, at) == 1);
        byte ^= 0x55;
        MUST(pwrite(fd, &byte, 1, at) == 1);
    }
    struct frontier_url url;
    enum status status;
    uint64_t id = 3;
    while ((status = frontier_pop(frontier, 0, &url)) == STATUS_OK) {
        struct frontier_url expected = url_of(0, id, 0, 0);
        MUST(is_same(&url, &expected));
        id += 3;
    }
    ck_assert_int_eq(status, STATUS_SYSTEM);
    ck_assert_ptr_nonnull(strstr(frontier_why(frontier), "file"));
    ck_assert_uint_gt(id, 3);
}
END_TEST

/* ---- memory ---- */

START_TEST(a_process_that_is_forked_does_not_get_the_queues)
{
    frontier_close(frontier);
    frontier = NULL;
    size_t before = bytes_not_for_children();
    open_with(64 * MIB);
    ck_assert_uint_ge(bytes_not_for_children(), before + 60 * MIB);
}
END_TEST

#ifndef SHOAL_SANITIZED /* they need memory of their own */
START_TEST(what_the_set_has_no_memory_for_is_neither_noted_nor_queued)
{
    struct rlimit before;
    getrlimit(RLIMIT_AS, &before);
    struct rlimit none = {1 << 20, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &none), 0);
    uint64_t id = 1;
    enum status status;
    struct frontier *another;
    ck_assert_int_eq(frontier_open(&another, MIB, directory), STATUS_OUT_OF_MEMORY);
    for (;; id++) {
        struct frontier_url url = url_of(0, id, 0, 0);
        status = frontier_push(frontier, 0, &url, id % 16 == 0);
        if (status != STATUS_OK)
            break;
    }
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &before), 0);
    ck_assert_int_eq(status, STATUS_OUT_OF_MEMORY);
    ck_assert(!frontier_knows(frontier, hashed(id)));
    ck_assert_uint_eq(counts().waiting, (id - 1) / 16);
    ck_assert_int_eq(push(0, id, 0, 0), STATUS_OK);
    for (uint64_t queued = 16; queued < id; queued += 16)
        pop_is(0, queued, 0, 0);
    pop_is(0, id, 0, 0);
    is_empty(0);
}
END_TEST
#endif

static Suite *frontier_suite(void)
{
    Suite *suite = suite_create("frontier");
    TCase *tests = tcase_create("frontier");
    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_new_frontier_has_nothing);
    tcase_add_test(tests, urls_come_by_depth_and_then_as_they_arrived);
    tcase_add_test(tests, a_url_that_is_less_deep_than_those_that_wait_comes_next);
    tcase_add_test(tests, a_url_is_queued_once);
    tcase_add_test(tests, what_is_only_noted_is_known_and_not_queued);
    tcase_add_test(tests, what_comes_back_comes_first_and_as_it_was);
    tcase_add_test(tests, urls_of_any_length_come_back_as_they_were);
    tcase_add_test(tests, all_are_counted);
    tcase_add_test(tests, sites_may_have_any_number);
    tcase_add_test(tests, a_million_urls_pass_through_a_mebibyte);
    tcase_add_test(tests, disk_that_was_given_back_is_used_again);
    tcase_add_test(tests, fifty_thousand_sites_with_a_url_or_two_are_within_the_budget);
    tcase_add_test(tests, sites_that_fill_the_budget_by_themselves_are_refused);
    tcase_add_loop_test(tests, any_sequence_is_answered_as_by_a_sorted_list, 0, 3);
    tcase_add_loop_test(tests, any_sequence_is_answered_though_the_disk_is_full_now_and_then, 0, 3);
    tcase_add_test(tests, a_full_disk_refuses_what_is_new_and_loses_nothing);
    tcase_add_test(tests, without_a_directory_all_is_well_until_the_budget_is_used_up);
    tcase_add_test(tests, the_file_has_no_name_and_is_for_its_owner_alone);
    tcase_add_test(tests, the_file_lies_in_tmpdir_unless_it_is_said_where);
    tcase_add_test(tests, two_frontiers_are_strangers_to_each_other);
    tcase_add_loop_test(tests, a_damaged_file_is_told_and_nothing_else_comes_of_it, 0, 4);
    tcase_add_test(tests, a_process_that_is_forked_does_not_get_the_queues);
#ifndef SHOAL_SANITIZED
    tcase_add_test(tests, what_the_set_has_no_memory_for_is_neither_noted_nor_queued);
#endif
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(frontier_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
