/* coordinator/politeness/politeness.c with politeness_address.c and politeness_backoff.c, in time of the test's own.
 * Made-up events: check_politeness_model.c. */
#include "coordinator/politeness/politeness.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

#define S NS_PER_S
#define MS NS_PER_MS

static struct politeness *politeness;
static struct polite_host hosts[8];

static void open_with(const struct politeness_config *config)
{
    memset(hosts, 0, sizeof hosts);
    politeness = politeness_open(config);
    ck_assert_ptr_nonnull(politeness);
    for (size_t i = 0; i < 8; i++)
        ck_assert(politeness_add(politeness, &hosts[i]));
}

/* per_host and delay; all else as generous as can be. */
static void open_polite(uint32_t per_host, int64_t delay_ns)
{
    struct politeness_config config = {.per_host = per_host,
                                       .delay_ns = delay_ns,
                                       .crawl_delay_max_ns = 60 * S,
                                       .hold_max_ns = 86400 * S,
                                       .random = 1};
    open_with(&config);
}

static void tear_down(void)
{
    politeness_close(politeness);
    politeness = NULL;
}

static void want(size_t host, bool wants, int64_t now_ns)
{
    politeness_want(politeness, &hosts[host], wants, now_ns);
}

static void expect_take(size_t host, int64_t now_ns)
{
    struct polite_host *taken = politeness_take(politeness, now_ns);
    ck_assert_msg(taken == &hosts[host], "host %td and not %zu", taken == NULL ? -1 : taken - hosts, host);
}

static void expect_none(int64_t now_ns, int64_t next_ns)
{
    ck_assert_ptr_null(politeness_take(politeness, now_ns));
    ck_assert_int_eq(politeness_next_ns(politeness), next_ns);
}

static void end_with(size_t host, const struct polite_outcome *outcome, int64_t now_ns)
{
    politeness_end(politeness, &hosts[host], outcome, now_ns);
}

static void end_status(size_t host, uint32_t status, int64_t retry_after_s, int64_t now_ns)
{
    end_with(host, &(struct polite_outcome){true, true, status, retry_after_s, -1, 0}, now_ns);
}

static void end_fine(size_t host, int64_t now_ns)
{
    end_status(host, 200, -1, now_ns);
}

static void end_unanswered(size_t host, int64_t now_ns)
{
    end_with(host, &(struct polite_outcome){.was_sent = true, .retry_after_s = -1, .latency_ns = -1}, now_ns);
}

static void end_unsent(size_t host, int64_t started_ns, int64_t now_ns)
{
    end_with(host, &(struct polite_outcome){.retry_after_s = -1, .latency_ns = -1, .started_ns = started_ns}, now_ns);
}

static void set_address(size_t host, const char *address)
{
    ck_assert(politeness_set_address(politeness, &hosts[host], address));
}

static struct politeness_counts count(int64_t now_ns)
{
    struct politeness_counts counts;
    politeness_count(politeness, &counts, now_ns);
    return counts;
}

/* ---- limits and delays ---- */

START_TEST(without_limits_hosts_take_turns)
{
    open_polite(0, 0);
    expect_none(0, DEADLINE_NEVER);
    for (size_t i = 0; i < 3; i++)
        want(i, true, 0);
    for (size_t i = 0; i < 9; i++)
        expect_take(i % 3, 5);
    ck_assert_int_le(politeness_next_ns(politeness), 5);
    want(1, false, 5);
    expect_take(0, 5);
    expect_take(2, 5);
    expect_take(0, 5);
    ck_assert_uint_eq(count(5).in_flight, 12);
    ck_assert_uint_eq(count(5).wanting, 2);
}
END_TEST

START_TEST(a_host_has_no_more_in_flight_than_its_limit)
{
    open_polite(2, 0);
    want(0, true, 0);
    expect_take(0, 0);
    expect_take(0, 0);
    expect_none(0, DEADLINE_NEVER);
    end_fine(0, 1);
    expect_take(0, 1);
    expect_none(1, DEADLINE_NEVER);
}
END_TEST

START_TEST(hosts_at_one_address_share_its_limit)
{
    open_polite(2, 0);
    for (size_t i = 0; i < 3; i++) {
        set_address(i, "192.0.2.1");
        want(i, true, 0);
    }
    set_address(3, "192.0.2.2");
    want(3, true, 0);
    expect_take(0, 0);
    expect_take(1, 0);
    expect_take(3, 0);
    expect_take(3, 0);
    expect_none(0, DEADLINE_NEVER);
    end_fine(1, 1);
    expect_take(2, 1); /* who waited longest */
    end_fine(0, 1);
    expect_take(0, 1);
    expect_none(1, DEADLINE_NEVER);
}
END_TEST

START_TEST(starts_at_a_host_are_a_delay_apart)
{
    open_polite(4, S);
    want(0, true, 7);
    expect_take(0, 7);
    expect_none(7, 7 + S);
    end_fine(0, 8);
    expect_none(8, 7 + S);
    ck_assert_int_eq(polite_host_state(&hosts[0], 8), POLITE_WAITS);
    expect_none(6 + S, 7 + S);
    expect_take(0, 7 + S);
}
END_TEST

START_TEST(starts_at_an_address_are_a_delay_apart)
{
    open_polite(4, S);
    for (size_t i = 0; i < 3; i++) {
        set_address(i, "2001:db8::1");
        want(i, true, 0);
    }
    expect_take(0, 0);
    expect_none(0, S);
    expect_take(1, S);
    expect_none(S + 1, 2 * S);
    expect_take(2, 2 * S + 5);
    expect_none(2 * S + 5, 3 * S + 5);
    expect_take(0, 3 * S + 5);
}
END_TEST

START_TEST(a_crawl_delay_overrides_a_shorter_delay_alone)
{
    open_polite(4, S);
    want(0, true, 0);
    expect_take(0, 0);
    ck_assert(politeness_set_crawl_delay(politeness, &hosts[0], 10 * S));
    expect_none(S, 10 * S);
    expect_take(0, 10 * S);
    ck_assert(politeness_set_crawl_delay(politeness, &hosts[0], S / 2));
    expect_none(10 * S, 11 * S);
    ck_assert(politeness_set_crawl_delay(politeness, &hosts[0], -1));
    expect_take(0, 11 * S);
}
END_TEST

START_TEST(a_crawl_delay_holds_up_no_other_host_of_the_address)
{
    open_polite(4, S);
    set_address(0, "a");
    set_address(1, "a");
    ck_assert(politeness_set_crawl_delay(politeness, &hosts[0], 60 * S));
    want(0, true, 0);
    want(1, true, 0);
    expect_take(0, 0);
    for (int64_t i = 1; i < 60; i++) {
        expect_take(1, i * S);
        end_fine(1, i * S);
    }
    expect_take(0, 60 * S);
}
END_TEST

START_TEST(a_crawl_delay_beyond_the_cap_gives_the_host_up)
{
    open_polite(4, S);
    want(0, true, 0);
    expect_take(0, 0);
    ck_assert(!politeness_set_crawl_delay(politeness, &hosts[0], 60 * S + 1));
    ck_assert(!politeness_set_crawl_delay(politeness, &hosts[0], 99999 * S));
    ck_assert_int_eq(polite_host_state(&hosts[0], 0), POLITE_GIVEN_UP);
    ck_assert_int_eq(polite_host_end(&hosts[0]), POLITE_CRAWL_DELAY);
    expect_none(100 * S, DEADLINE_NEVER);
    end_fine(0, 100 * S);
    ck_assert_uint_eq(count(0).given_up, 1);
    ck_assert_uint_eq(count(0).wanting, 0);
    ck_assert_uint_eq(count(0).in_flight, 0);
    want(0, false, 100 * S);
    want(0, true, 100 * S);
    expect_none(200 * S, DEADLINE_NEVER);
    politeness_remove(politeness, &hosts[0]);
    ck_assert_uint_eq(count(0).given_up, 0);
}
END_TEST

/* ---- holds ---- */

START_TEST(retry_after_holds_a_host_between_a_second_and_a_day)
{
    static const int64_t ASKED_AND_HELD[][2] = {
        {0, 1}, {1, 1}, {120, 120}, {86400, 86400}, {31536000, 86400}, {INT64_MAX, 86400}};
    for (size_t i = 0; i < sizeof ASKED_AND_HELD / sizeof ASKED_AND_HELD[0]; i++) {
        open_polite(4, 0);
        want(0, true, 0);
        expect_take(0, 7);
        end_status(0, i % 2 ? 429 : 503, ASKED_AND_HELD[i][0], 8);
        ck_assert_int_eq(polite_host_state(&hosts[0], 8), POLITE_HELD);
        ck_assert_uint_eq(count(8).held, 1);
        expect_none(8, 8 + ASKED_AND_HELD[i][1] * S);
        ck_assert_uint_eq(count(8 + ASKED_AND_HELD[i][1] * S).held, 0);
        expect_take(0, 8 + ASKED_AND_HELD[i][1] * S);
        tear_down();
    }
}
END_TEST

START_TEST(a_hold_becomes_longer_but_never_shorter)
{
    open_polite(4, 0);
    want(0, true, 0);
    for (int i = 0; i < 4; i++)
        expect_take(0, 0);
    end_status(0, 503, 10, 0);
    end_status(0, 503, 5, 0);
    end_fine(0, 0);
    expect_none(0, 10 * S);
    end_status(0, 429, 20, S);
    expect_none(S, 21 * S);
}
END_TEST

START_TEST(retry_after_beyond_the_longest_hold_gives_the_host_up)
{
    struct politeness_config config = {.per_host = 1, .hold_max_ns = 60 * S};
    open_with(&config);
    for (size_t i = 0; i < 2; i++) {
        want(i, true, 0);
        expect_take(i, 0);
        end_status(i, 503, 60 + (int64_t)i, 0);
    }
    ck_assert_int_eq(polite_host_state(&hosts[0], 0), POLITE_HELD);
    ck_assert_int_eq(polite_host_state(&hosts[1], 0), POLITE_GIVEN_UP);
    ck_assert_int_eq(polite_host_end(&hosts[1]), POLITE_RETRY_AFTER);
    expect_none(0, 60 * S);
}
END_TEST

START_TEST(retry_after_counts_where_the_answer_is_none)
{
    open_polite(4, 0);
    want(0, true, 0);
    expect_take(0, 0);
    end_status(0, 200, 100, 0);
    expect_take(0, 0);
    end_status(0, 413, 100, 0);
    expect_none(0, 100 * S);
}
END_TEST

/* How long the host is held after one more request that ends so. */
static int64_t held_ns_after(uint32_t status, int64_t *now_ns)
{
    expect_take(0, *now_ns);
    if (status == 0)
        end_unanswered(0, *now_ns);
    else
        end_status(0, status, -1, *now_ns);
    int64_t before_ns = *now_ns;
    ck_assert_ptr_null(politeness_take(politeness, *now_ns));
    *now_ns = politeness_next_ns(politeness);
    return *now_ns - before_ns;
}

/* Of 429, 503, and no answer. */
START_TEST(refusals_and_failures_in_a_row_hold_longer_and_longer)
{
    static const uint32_t STATUSES[] = {429, 503, 0};
    uint32_t status = STATUSES[_i];
    open_polite(4, 0);
    want(0, true, 0);
    int64_t now_ns = 5;
    int64_t sum_ns = 0;
    for (int times = 0; times < 300; times++) {
        int64_t held_ns = held_ns_after(status, &now_ns);
        int64_t base_ns = times < 9 ? S << times : 300 * S;
        base_ns = base_ns < 300 * S ? base_ns : 300 * S;
        ck_assert_int_ge(held_ns, times == 0 ? S : base_ns * 3 / 4);
        ck_assert_int_le(held_ns, base_ns * 5 / 4 < 300 * S ? base_ns * 5 / 4 : 300 * S);
        sum_ns += held_ns;
    }
    ck_assert_int_lt(sum_ns, 300 * 295 * S); /* there is jitter */
    expect_take(0, now_ns);
    end_fine(0, now_ns);
    ck_assert_int_le(held_ns_after(status, &now_ns), 5 * S / 4);
}
END_TEST

START_TEST(what_was_in_flight_when_a_hold_began_makes_it_no_longer)
{
    open_polite(4, 0);
    want(0, true, 0);
    for (int i = 0; i < 4; i++)
        expect_take(0, 0);
    end_status(0, 429, -1, 0);
    end_status(0, 429, -1, 0);
    end_fine(0, 0);
    end_status(0, 503, -1, 0);
    ck_assert_int_le(politeness_next_ns(politeness), 5 * S / 4);
    int64_t now_ns = politeness_next_ns(politeness);
    ck_assert_int_ge(held_ns_after(429, &now_ns), 3 * S / 2);
}
END_TEST

START_TEST(any_answer_ends_what_failures_asked_for)
{
    open_polite(4, 0);
    want(0, true, 0);
    expect_take(0, 0);
    expect_take(0, 0);
    end_unanswered(0, 1);
    ck_assert_ptr_null(politeness_take(politeness, 2));
    end_status(0, 404, -1, 3);
    expect_take(0, 3);
}
END_TEST

START_TEST(failures_in_a_row_give_the_host_up)
{
    struct politeness_config config = {.hold_max_ns = 600 * S, .failures_max = 3, .random = 9};
    open_with(&config);
    want(0, true, 0);
    int64_t now_ns = 0;
    held_ns_after(0, &now_ns);
    held_ns_after(0, &now_ns);
    expect_take(0, now_ns);
    end_status(0, 500, -1, now_ns);
    held_ns_after(0, &now_ns);
    held_ns_after(0, &now_ns);
    ck_assert_int_eq(polite_host_state(&hosts[0], now_ns), POLITE_MAY + 1);
    expect_take(0, now_ns);
    end_unanswered(0, now_ns);
    ck_assert_int_eq(polite_host_end(&hosts[0]), POLITE_NO_ANSWER);
    expect_none(now_ns, DEADLINE_NEVER);
}
END_TEST

/* Ends a request with this latency; how long the host then waits after its start. */
static int64_t delay_ns_after(int64_t latency_ns, int64_t *now_ns)
{
    int64_t started_ns = *now_ns;
    expect_take(0, started_ns);
    end_with(0, &(struct polite_outcome){true, true, 200, -1, latency_ns, 0}, started_ns);
    ck_assert_ptr_null(politeness_take(politeness, started_ns));
    *now_ns = politeness_next_ns(politeness);
    return *now_ns - started_ns;
}

START_TEST(a_host_that_slows_down_is_asked_less_often_until_it_recovers)
{
    open_polite(1, S);
    want(0, true, 0);
    int64_t now_ns = 0;
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(delay_ns_after(i % 2 ? 50 * MS : 150 * MS, &now_ns), S);
    ck_assert_int_eq(delay_ns_after(900 * MS, &now_ns), 2 * S);
    ck_assert_int_eq(delay_ns_after(900 * MS, &now_ns), 4 * S);
    ck_assert_int_eq(delay_ns_after(-1, &now_ns), 4 * S);
    ck_assert_int_eq(delay_ns_after(100 * MS, &now_ns), 2 * S);
    ck_assert_int_eq(delay_ns_after(100 * MS, &now_ns), S);
    /* One that stays slow is taken as it is in the end. */
    int64_t most_ns = 0;
    for (int i = 0; i < 60; i++) {
        int64_t delay_ns = delay_ns_after(20 * S, &now_ns);
        most_ns = delay_ns > most_ns ? delay_ns : most_ns;
    }
    ck_assert_int_eq(most_ns, POLITE_SLOW_DELAY_MAX_S * S);
    ck_assert_int_eq(delay_ns_after(20 * S, &now_ns), S);
}
END_TEST

START_TEST(without_delay_no_host_is_too_slow)
{
    open_polite(1, 0);
    want(0, true, 0);
    for (int64_t i = 1; i < 10; i++) {
        expect_take(0, 0);
        end_with(0, &(struct polite_outcome){true, true, 200, -1, i * i * S, 0}, 0);
    }
    expect_take(0, 0);
}
END_TEST

/* ---- starts that were none ---- */

START_TEST(a_start_that_was_none_is_taken_back)
{
    open_polite(1, S);
    set_address(0, "a");
    set_address(1, "a");
    want(0, true, 0);
    expect_take(0, 0);
    end_fine(0, 0);
    expect_take(0, 5 * S);
    end_unsent(0, 5 * S, 5 * S);
    ck_assert_uint_eq(count(0).in_flight, 0);
    want(0, false, 5 * S);
    want(1, true, 5 * S);
    expect_take(1, 5 * S);
    /* It costs the delay where nobody says when it started. */
    end_with(1, &(struct polite_outcome){.retry_after_s = -1}, 5 * S);
    expect_none(5 * S, 6 * S);
}
END_TEST

START_TEST(taking_back_an_older_start_leaves_the_newer)
{
    open_polite(2, S);
    want(0, true, 0);
    expect_take(0, 0);
    expect_take(0, S);
    end_unsent(0, 0, S + 1);
    expect_none(S + 1, 2 * S);
}
END_TEST

/* ---- the rate for all ---- */

START_TEST(the_rate_binds_all_hosts_together)
{
    struct politeness_config config = {.rate_per_s = 4, .hold_max_ns = S};
    open_with(&config);
    want(0, true, 0);
    want(1, true, 0);
    int64_t now_ns = 0;
    for (size_t i = 0; i < 20; i++) {
        expect_take(i % 2, now_ns);
        ck_assert_ptr_null(politeness_take(politeness, now_ns));
        now_ns = politeness_next_ns(politeness);
    }
    ck_assert_int_ge(now_ns, 5 * S);
    ck_assert_int_le(now_ns, 5 * S + 20);
    /* What was not used is lost; what was taken back is not. */
    now_ns += 100 * S;
    expect_take(0, now_ns);
    expect_none(now_ns, now_ns + S / 4 + 1);
    end_unsent(0, now_ns, now_ns);
    expect_take(1, now_ns);
    expect_none(now_ns, now_ns + S / 4 + 1);
}
END_TEST

START_TEST(a_high_rate_may_burst_for_a_tenth_of_a_second)
{
    struct politeness_config config = {.rate_per_s = 1000, .hold_max_ns = S};
    open_with(&config);
    want(0, true, 0);
    int starts = 0;
    for (int64_t now_ns = 0; now_ns < 10 * S; now_ns += 50 * MS) {
        int before = starts;
        while (politeness_take(politeness, now_ns) != NULL)
            starts++;
        ck_assert_int_le(starts - before, 101);
        ck_assert_int_gt(politeness_next_ns(politeness), now_ns);
    }
    ck_assert_int_ge(starts, 9900);
    ck_assert_int_le(starts, 10100);
}
END_TEST

/* ---- addresses come and go ---- */

START_TEST(what_is_in_flight_stays_counted_where_it_started)
{
    open_polite(2, 0);
    set_address(0, "a");
    want(0, true, 0);
    expect_take(0, 0);
    expect_take(0, 0);
    set_address(0, "b");
    set_address(1, "a");
    set_address(2, "b");
    want(1, true, 0);
    want(2, true, 0);
    expect_take(2, 0); /* b is free, a is full, host 0 has its two */
    expect_take(2, 0);
    expect_none(0, DEADLINE_NEVER);
    end_fine(0, 0);
    expect_take(1, 0);
    end_fine(0, 0);
    expect_take(1, 0);
    expect_none(0, DEADLINE_NEVER);
    end_fine(2, 0);
    expect_take(0, 0);
    want(0, false, 0);
    end_fine(2, 0);
    end_fine(0, 0);
    expect_take(2, 0);
    expect_take(2, 0);
}
END_TEST

START_TEST(an_address_that_changes_back_has_its_counts)
{
    open_polite(2, 0);
    set_address(0, "a");
    want(0, true, 0);
    expect_take(0, 0);
    set_address(0, "b");
    expect_take(0, 0);
    set_address(0, "a");
    want(0, false, 0);
    set_address(1, "a");
    set_address(2, "b");
    want(1, true, 0);
    want(2, true, 0);
    expect_take(1, 0);
    expect_take(2, 0);
    expect_none(0, DEADLINE_NEVER);
    set_address(0, "c");
    set_address(0, "d");
    end_fine(0, 0);
    end_fine(0, 0);
    expect_take(2, 0);
    expect_take(1, 0);
    expect_none(0, DEADLINE_NEVER);
    ck_assert_uint_eq(count(0).addresses, 3);
}
END_TEST

START_TEST(an_address_is_remembered_as_long_as_its_delay)
{
    open_polite(1, S);
    set_address(0, "a");
    want(0, true, 0);
    expect_take(0, 0);
    end_fine(0, 0);
    want(0, false, 0);
    politeness_remove(politeness, &hosts[0]);
    set_address(1, "a");
    want(1, true, 1);
    expect_none(1, S);
    expect_take(1, S);
    end_fine(1, S);
    set_address(1, "b");
    ck_assert_uint_eq(count(S).addresses, 2);
    want(1, true, 2 * S);
    set_address(1, "c");
    ck_assert_uint_eq(count(S).addresses, 1);
}
END_TEST

START_TEST(a_host_is_idle_when_nothing_is_lost_with_it)
{
    open_polite(1, S);
    ck_assert(polite_host_is_idle(politeness, &hosts[0], 0));
    want(0, true, 0);
    ck_assert(!polite_host_is_idle(politeness, &hosts[0], 0));
    expect_take(0, 0);
    want(0, false, 0);
    ck_assert(!polite_host_is_idle(politeness, &hosts[0], 0));
    end_status(0, 503, 3, 0);
    ck_assert(!polite_host_is_idle(politeness, &hosts[0], 2 * S));
    ck_assert(polite_host_is_idle(politeness, &hosts[0], 3 * S));
    politeness_remove(politeness, &hosts[0]);
    ck_assert_uint_eq(count(0).hosts, 7);
    ck_assert(politeness_add(politeness, &hosts[0]));
    ck_assert_uint_eq(count(0).hosts, 8);
}
END_TEST

START_TEST(a_host_that_goes_gives_its_turn_to_the_next_of_its_address)
{
    open_polite(1, 0);
    set_address(0, "a");
    set_address(1, "a");
    want(0, true, 0);
    want(1, true, 0);
    want(0, false, 0);
    expect_take(1, 0);
    end_fine(1, 0);
    want(0, true, 0);
    expect_take(1, 0);
    end_fine(1, 0);
    politeness_remove(politeness, &hosts[0]);
    expect_take(1, 0);
}
END_TEST

START_TEST(the_first_that_waits_is_known)
{
    int64_t due_ns;
    open_polite(2, S);
    ck_assert_ptr_null(politeness_first_waiting(politeness, &due_ns));
    for (size_t i = 0; i < 3; i++) {
        want(i, true, (int64_t)i);
        expect_take(i, (int64_t)i);
        end_fine(i, (int64_t)i);
    }
    ck_assert_ptr_eq(politeness_first_waiting(politeness, &due_ns), &hosts[0]);
    ck_assert_int_eq(due_ns, S);
    set_address(3, "a");
    set_address(4, "a");
    want(3, true, 3);
    want(4, true, 3);
    want(0, false, 3);
    want(1, false, 3);
    want(2, false, 3);
    expect_take(3, 3);
    want(3, false, 3);
    ck_assert_ptr_eq(politeness_first_waiting(politeness, &due_ns), &hosts[4]);
    ck_assert_int_eq(due_ns, S + 3);
}
END_TEST

static Suite *politeness_suite(void)
{
    Suite *suite = suite_create("politeness");
    TCase *tests = tcase_create("politeness");
    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_test(tests, without_limits_hosts_take_turns);
    tcase_add_test(tests, a_host_has_no_more_in_flight_than_its_limit);
    tcase_add_test(tests, hosts_at_one_address_share_its_limit);
    tcase_add_test(tests, starts_at_a_host_are_a_delay_apart);
    tcase_add_test(tests, starts_at_an_address_are_a_delay_apart);
    tcase_add_test(tests, a_crawl_delay_overrides_a_shorter_delay_alone);
    tcase_add_test(tests, a_crawl_delay_holds_up_no_other_host_of_the_address);
    tcase_add_test(tests, a_crawl_delay_beyond_the_cap_gives_the_host_up);
    tcase_add_test(tests, retry_after_holds_a_host_between_a_second_and_a_day);
    tcase_add_test(tests, a_hold_becomes_longer_but_never_shorter);
    tcase_add_test(tests, retry_after_beyond_the_longest_hold_gives_the_host_up);
    tcase_add_test(tests, retry_after_counts_where_the_answer_is_none);
    tcase_add_loop_test(tests, refusals_and_failures_in_a_row_hold_longer_and_longer, 0, 3);
    tcase_add_test(tests, what_was_in_flight_when_a_hold_began_makes_it_no_longer);
    tcase_add_test(tests, any_answer_ends_what_failures_asked_for);
    tcase_add_test(tests, failures_in_a_row_give_the_host_up);
    tcase_add_test(tests, a_host_that_slows_down_is_asked_less_often_until_it_recovers);
    tcase_add_test(tests, without_delay_no_host_is_too_slow);
    tcase_add_test(tests, a_start_that_was_none_is_taken_back);
    tcase_add_test(tests, taking_back_an_older_start_leaves_the_newer);
    tcase_add_test(tests, the_rate_binds_all_hosts_together);
    tcase_add_test(tests, a_high_rate_may_burst_for_a_tenth_of_a_second);
    tcase_add_test(tests, what_is_in_flight_stays_counted_where_it_started);
    tcase_add_test(tests, an_address_that_changes_back_has_its_counts);
    tcase_add_test(tests, an_address_is_remembered_as_long_as_its_delay);
    tcase_add_test(tests, a_host_is_idle_when_nothing_is_lost_with_it);
    tcase_add_test(tests, a_host_that_goes_gives_its_turn_to_the_next_of_its_address);
    tcase_add_test(tests, the_first_that_waits_is_known);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(politeness_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
