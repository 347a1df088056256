/* coordinator/politeness/politeness.c with made-up events, beside a model that looks at every host at every step; and with very
 * many hosts. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "coordinator/politeness/politeness.h"

#define S NS_PER_S
#define MS NS_PER_MS

static struct politeness *politeness;

static void tear_down(void)
{
    politeness_close(politeness);
    politeness = NULL;
}

static struct politeness_counts count(int64_t now_ns)
{
    struct politeness_counts counts;
    politeness_count(politeness, &counts, now_ns);
    return counts;
}

#ifdef SHOAL_SANITIZED
#define STEPS 2000
#define MANY 10000
#else
#define STEPS 8000
#define MANY 100000
#endif
#define HOSTS 10
#define ADDRESSES 4
#define REQUESTS 64
#define NO_ADDRESS (-1)
#define LONG_AGO (INT64_MIN / 4)

/* Requests in flight, in the order in which they are taken to end. */
struct model_host {
    struct polite_host *host;
    int address, old_address;
    int64_t last_start_ns, previous_start_ns;
    int request_address[REQUESTS];
    int64_t started_ns[REQUESTS];
    size_t in_flight;
    unsigned passed_over; /* starts of others since it could have started */
};

static struct {
    struct politeness_config config;
    struct model_host hosts[HOSTS];
    int64_t last_start_ns[ADDRESSES], previous_start_ns[ADDRESSES];
    int64_t now_ns;
    int64_t starts_ns[4096]; /* the latest, in a ring */
    size_t start_count;
    size_t taken, refused_by_rate;
} model;

static uint64_t random_state;

static unsigned random_below(unsigned bound)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % bound;
}

static int64_t latest(int64_t a_ns, int64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

static unsigned count_at(int address)
{
    unsigned in_flight = 0;
    for (size_t i = 0; i < HOSTS; i++)
        for (size_t j = 0; j < model.hosts[i].in_flight; j++)
            in_flight += model.hosts[i].request_address[j] == address;
    return in_flight;
}

/* When the host may start if nothing ends before, the rate apart. */
static int64_t model_due_ns(const struct model_host *one)
{
    const struct polite_host *host = one->host;
    unsigned most = model.config.per_host;
    if (!host->wants || host->end != POLITE_GOES_ON || (most > 0 && one->in_flight >= most))
        return DEADLINE_NEVER;
    int64_t delay_ns = latest(model.config.delay_ns, latest(host->crawl_delay_ns, host->slow_delay_ns));
    int64_t due_ns = latest(one->last_start_ns + delay_ns, latest(host->hold_until_ns, host->failing_until_ns));
    if (one->address == NO_ADDRESS)
        return due_ns;
    if (most > 0 && count_at(one->address) >= most)
        return DEADLINE_NEVER;
    return latest(due_ns, model.last_start_ns[one->address] + model.config.delay_ns);
}

static void expect_rate(void)
{
    double rate = model.config.rate_per_s;
    size_t recent = 0;
    while (recent < model.start_count && recent < 4096 &&
           model.starts_ns[(model.start_count - 1 - recent) % 4096] > model.now_ns - S)
        recent++;
    ck_assert(rate == 0 || (double)recent <= rate + (rate > 10 ? rate / 10 : 1) + 1);
}

static void model_start(struct model_host *one)
{
    ck_assert_int_le(model_due_ns(one), model.now_ns);
    one->previous_start_ns = one->last_start_ns;
    one->last_start_ns = model.now_ns;
    if (one->address != NO_ADDRESS) {
        model.previous_start_ns[one->address] = model.last_start_ns[one->address];
        model.last_start_ns[one->address] = model.now_ns;
    }
    one->request_address[one->in_flight] = one->address;
    one->started_ns[one->in_flight++] = model.now_ns;
    model.starts_ns[model.start_count++ % 4096] = model.now_ns;
    expect_rate();
    model.taken++;
}

/* Takes, and compares who may. */
static void step_take(void)
{
    bool may[HOSTS];
    int64_t due_ns = DEADLINE_NEVER;
    for (size_t i = 0; i < HOSTS; i++) {
        int64_t one_ns = model_due_ns(&model.hosts[i]);
        may[i] = one_ns <= model.now_ns;
        due_ns = one_ns < due_ns ? one_ns : due_ns;
    }
    struct polite_host *taken = politeness_take(politeness, model.now_ns);
    if (taken == NULL) {
        int64_t next_ns = politeness_next_ns(politeness);
        bool is_rated = model.config.rate_per_s > 0;
        double interval_ns = is_rated ? 1e9 / model.config.rate_per_s : 0;
        ck_assert_int_gt(next_ns, model.now_ns);
        ck_assert(due_ns > model.now_ns || (is_rated && (double)(next_ns - model.now_ns) <= interval_ns + 2));
        ck_assert(next_ns <= due_ns || (is_rated && (double)(next_ns - model.now_ns) <= interval_ns + 2));
        ck_assert((next_ns == DEADLINE_NEVER) == (due_ns == DEADLINE_NEVER) || next_ns < due_ns);
        model.refused_by_rate += due_ns <= model.now_ns;
        return;
    }
    for (size_t i = 0; i < HOSTS; i++) {
        struct model_host *one = &model.hosts[i];
        one->passed_over = may[i] && one->host != taken ? one->passed_over + 1 : 0;
        ck_assert_uint_le(one->passed_over, 3 * HOSTS);
        if (one->host == taken)
            model_start(one);
    }
}

/* Takes one request out; unsent: the newest, else the oldest. */
static void step_end(struct model_host *one)
{
    unsigned kind = random_below(100);
    struct polite_outcome outcome = {true, true, 200, -1, (int64_t)random_below(3000) * MS / (1 + random_below(30)), 0};
    bool is_unsent = kind < 10;
    size_t index = is_unsent ? one->in_flight - 1 : 0;
    int address = one->request_address[index];
    int64_t started_ns = one->started_ns[index];
    one->in_flight--;
    memmove(&one->request_address[index], &one->request_address[index + 1], (one->in_flight - index) * sizeof(int));
    memmove(&one->started_ns[index], &one->started_ns[index + 1], (one->in_flight - index) * sizeof(int64_t));
    if (is_unsent) {
        outcome = (struct polite_outcome){.retry_after_s = -1, .latency_ns = -1, .started_ns = started_ns};
        if (one->last_start_ns == started_ns)
            one->last_start_ns = one->previous_start_ns;
        if (address != NO_ADDRESS && model.last_start_ns[address] == started_ns)
            model.last_start_ns[address] = model.previous_start_ns[address];
        size_t last = (model.start_count - 1) % 4096;
        if (model.starts_ns[last] == started_ns)
            model.start_count--;
    } else if (kind < 16) {
        outcome.was_answered = false;
    } else if (kind < 24) {
        outcome.http_status = kind % 2 ? 429 : 503;
        outcome.retry_after_s = kind < 20 ? -1 : (int64_t)random_below(65);
    }
    bool is_old = false;
    for (size_t i = 0; i < one->in_flight; i++)
        is_old = is_old || one->request_address[i] == one->old_address;
    one->old_address = is_old ? one->old_address : NO_ADDRESS;
    politeness_end(politeness, one->host, &outcome, model.now_ns);
}

static void step_address(struct model_host *one, int address)
{
    char text[16];
    snprintf(text, sizeof text, "192.0.2.%d", address);
    ck_assert(politeness_set_address(politeness, one->host, text));
    bool is_free = model.config.per_host == 0 && model.config.delay_ns == 0;
    if (is_free || address == one->address)
        return;
    int addresses[REQUESTS] = {0};
    int64_t started_ns[REQUESTS] = {0};
    size_t count = 0;
    /* Those counted nowhere, those at the address before this, and those at the new one, where it was the one before. */
    for (int pass = 0; pass < 3; pass++) {
        for (size_t i = 0; i < one->in_flight; i++) {
            int at = one->request_address[i];
            bool is_gone = at == NO_ADDRESS || (at == one->old_address && at != address);
            if (pass == (is_gone ? 0 : at == one->address ? 1 : 2)) {
                addresses[count] = is_gone ? NO_ADDRESS : at;
                started_ns[count++] = one->started_ns[i];
            }
        }
    }
    ck_assert_uint_eq(count, one->in_flight);
    memcpy(one->request_address, addresses, sizeof addresses);
    memcpy(one->started_ns, started_ns, sizeof started_ns);
    one->old_address = NO_ADDRESS;
    for (size_t i = 0; i < count; i++)
        one->old_address = addresses[i] == one->address ? one->address : one->old_address;
    one->address = address;
    one->passed_over = 0;
}

static void begin_host(struct model_host *one)
{
    memset(one->host, 0, sizeof *one->host);
    ck_assert(politeness_add(politeness, one->host));
    one->address = one->old_address = NO_ADDRESS;
    one->last_start_ns = one->previous_start_ns = LONG_AGO;
    one->passed_over = 0;
}

static void step_other(struct model_host *one)
{
    switch (random_below(8)) {
    case 0:
    case 1:
    case 2:
        politeness_want(politeness, one->host, random_below(4) > 0, model.now_ns);
        one->passed_over = 0;
        break;
    case 3:
    case 4:
        step_address(one, (int)random_below(ADDRESSES));
        break;
    case 5:
        if (random_below(4) == 0)
            politeness_set_crawl_delay(politeness, one->host, (int64_t)random_below(62) * S / 2);
        break;
    default:
        if (one->in_flight == 0 && random_below(4) == 0) {
            politeness_remove(politeness, one->host);
            begin_host(one);
        }
        break;
    }
}

static void step_time(void)
{
    int64_t next_ns = politeness_next_ns(politeness);
    switch (random_below(4)) {
    case 0:
        model.now_ns += random_below(1000) * MS;
        break;
    case 1:
        if (next_ns != DEADLINE_NEVER && next_ns > model.now_ns)
            model.now_ns = next_ns - random_below(2);
        break;
    default:
        model.now_ns += random_below(3);
        break;
    }
}

static void expect_counts(void)
{
    struct politeness_counts counts = count(model.now_ns);
    uint32_t in_flight = 0, wanting = 0, given_up = 0, held = 0;
    for (size_t i = 0; i < HOSTS; i++) {
        const struct polite_host *host = model.hosts[i].host;
        ck_assert_uint_eq(host->in_flight, model.hosts[i].in_flight);
        in_flight += host->in_flight;
        given_up += host->end != POLITE_GOES_ON;
        wanting += host->wants && host->end == POLITE_GOES_ON;
        held +=
            host->place == POLITE_IN_HEAP && host->hold_until_ns >= host->due.at_ns && host->due.at_ns > model.now_ns;
    }
    ck_assert_uint_eq(counts.in_flight, in_flight);
    ck_assert_uint_eq(counts.wanting, wanting);
    ck_assert_uint_eq(counts.given_up, given_up);
    ck_assert_uint_eq(counts.held, held);
    ck_assert_uint_eq(counts.hosts, HOSTS);
}

START_TEST(whatever_happens_only_those_start_that_may)
{
    static const struct politeness_config CONFIGS[] = {
        {.per_host = 0, .delay_ns = 0},      {.per_host = 2, .delay_ns = 0},
        {.per_host = 1, .delay_ns = S},      {.per_host = 3, .delay_ns = S / 4},
        {.per_host = 0, .delay_ns = S / 10}, {.per_host = 2, .delay_ns = S / 4, .rate_per_s = 7},
        {.per_host = 3, .rate_per_s = 55.5},
    };
    size_t kinds = sizeof CONFIGS / sizeof CONFIGS[0];
    static struct polite_host records[HOSTS];
    memset(&model, 0, sizeof model);
    random_state = (uint64_t)_i;
    model.config = CONFIGS[(size_t)_i % kinds];
    model.config.crawl_delay_max_ns = 30 * S;
    model.config.hold_max_ns = 60 * S;
    model.config.failures_max = random_below(2) ? 5 : 0;
    model.config.random = random_state;
    politeness = politeness_open(&model.config);
    for (size_t i = 0; i < ADDRESSES; i++)
        model.last_start_ns[i] = model.previous_start_ns[i] = LONG_AGO;
    for (size_t i = 0; i < HOSTS; i++) {
        model.hosts[i].host = &records[i];
        begin_host(&model.hosts[i]);
    }
    for (int step = 0; step < STEPS; step++) {
        struct model_host *one = &model.hosts[random_below(HOSTS)];
        unsigned what = random_below(10);
        if (what < 4)
            step_take();
        else if (what < 7 || one->in_flight > REQUESTS - 8)
            one->in_flight > 0 ? step_end(one) : step_take();
        else if (what < 8)
            step_other(one);
        else
            step_time();
        for (size_t i = 0; i < HOSTS; i++) {
            if (model.hosts[i].in_flight >= REQUESTS - 2)
                step_end(&model.hosts[i]);
        }
        expect_counts();
    }
    ck_assert_uint_gt(model.taken, STEPS / 100);
    ck_assert((model.config.rate_per_s > 0) == (model.refused_by_rate > 0));
    for (size_t i = 0; i < HOSTS; i++) {
        while (model.hosts[i].in_flight > 0)
            step_end(&model.hosts[i]);
        politeness_remove(politeness, &records[i]);
    }
    ck_assert_uint_eq(count(model.now_ns).wanting + count(model.now_ns).in_flight + count(model.now_ns).given_up, 0);
}
END_TEST

/* ---- many ---- */

#define MANY_ADDRESSES (MANY / 5)
#define PAGES_EACH 3

/* Five hosts at each address, three pages each, a second apart: fifteen starts at each address. No step is for nothing for long. */
START_TEST(a_hundred_thousand_hosts_are_done_in_the_time_that_they_need)
{
    struct politeness_config config = {.per_host = 2, .delay_ns = S, .hold_max_ns = S, .random = 3};
    static int64_t host_start_ns[MANY], address_start_ns[MANY_ADDRESSES];
    static uint8_t started[MANY], address_in_flight[MANY_ADDRESSES];
    static uint32_t ring[MANY];
    static int64_t ring_ns[MANY];
    struct polite_host *many = calloc(MANY, sizeof *many);
    ck_assert_ptr_nonnull(many);
    politeness = politeness_open(&config);
    for (size_t i = 0; i < MANY; i++) {
        char text[16];
        snprintf(text, sizeof text, "10.0.%zu.%zu", i % MANY_ADDRESSES / 256, i % MANY_ADDRESSES % 256);
        ck_assert(politeness_add(politeness, &many[i]));
        ck_assert(politeness_set_address(politeness, &many[i], text));
        politeness_want(politeness, &many[i], true, 0);
        host_start_ns[i] = address_start_ns[i % MANY_ADDRESSES] = LONG_AGO;
    }
    ck_assert_uint_eq(count(0).addresses, MANY_ADDRESSES);
    int64_t now_ns = 0;
    size_t done = 0, first = 0, last = 0, waits = 0;
    while (done < MANY * PAGES_EACH) {
        struct polite_host *host = politeness_take(politeness, now_ns);
        if (host != NULL) {
            size_t index = (size_t)(host - many);
            size_t address = index % MANY_ADDRESSES;
            ck_assert(host_start_ns[index] + S <= now_ns && address_start_ns[address] + S <= now_ns);
            ck_assert_uint_le(++address_in_flight[address], 2);
            host_start_ns[index] = address_start_ns[address] = now_ns;
            ring[last % MANY] = (uint32_t)index;
            ring_ns[last++ % MANY] = now_ns + 300 * MS;
            politeness_want(politeness, host, ++started[index] < PAGES_EACH, now_ns);
            continue;
        }
        waits++;
        int64_t next_ns = politeness_next_ns(politeness);
        ck_assert_int_gt(next_ns, now_ns);
        now_ns = first < last && ring_ns[first % MANY] < next_ns ? ring_ns[first % MANY] : next_ns;
        ck_assert_int_ne(now_ns, DEADLINE_NEVER);
        for (; first < last && ring_ns[first % MANY] <= now_ns; first++, done++) {
            size_t index = ring[first % MANY];
            address_in_flight[index % MANY_ADDRESSES]--;
            politeness_end(politeness, &many[index], &(struct polite_outcome){true, true, 200, -1, 300 * MS, 0},
                           now_ns);
        }
    }
    ck_assert_int_eq(now_ns, 14 * S + 300 * MS);
    ck_assert_uint_le(waits, 100);
    politeness_close(politeness);
    politeness = NULL;
    free(many);
}
END_TEST

static Suite *politeness_model_suite(void)
{
    Suite *suite = suite_create("politeness_model");
    TCase *tests = tcase_create("politeness");
    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_loop_test(tests, whatever_happens_only_those_start_that_may, 0, 21);
    tcase_add_test(tests, a_hundred_thousand_hosts_are_done_in_the_time_that_they_need);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(politeness_model_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
