/* politeness.c: when a host may be asked for one more page. */
#include "coordinator/politeness/politeness.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/macros.h"
#include "coordinator/politeness/politeness_address.h"
#include "coordinator/politeness/politeness_backoff.h"

/* What may start at once though the rate is for less: so the coordinator need not wake for each. */
#define RATE_BURST_S 0.1
#define RATE_INTERVAL_MAX_NS 1e15

struct politeness {
    struct politeness_config config;
    int64_t now_ns; /* the latest that was told */
    struct polite_host *first_turn, *last_turn;
    struct due_heap hosts, addresses;
    struct polite_addresses known;
    struct politeness_counts counts;
    /* The rate as a virtual queue: rate_ns is when it would be empty; slack_ns how long it may be. */
    int64_t rate_interval_ns, rate_slack_ns, rate_ns;
    uint64_t random;
};

struct politeness *politeness_open(const struct politeness_config *config)
{
    struct politeness *politeness = calloc(1, sizeof *politeness);
    if (politeness == NULL) {
        return NULL;
    }
    politeness->config = *config;
    politeness->now_ns = POLITE_LONG_AGO;
    politeness->known.delay_ns = config->delay_ns;
    politeness->random = config->random | 1; /* xorshift stays at zero */
    politeness->rate_ns = POLITE_LONG_AGO;
    if (config->rate_per_s > 0) {
        double interval_ns = 1e9 / config->rate_per_s;
        politeness->rate_interval_ns =
            interval_ns < RATE_INTERVAL_MAX_NS ? (int64_t)interval_ns + 1 : (int64_t)RATE_INTERVAL_MAX_NS;
        double burst = config->rate_per_s * RATE_BURST_S;
        politeness->rate_slack_ns = burst > 1 ? (int64_t)((burst - 1) * interval_ns) : 0;
    }
    return politeness;
}

void politeness_close(struct politeness *politeness)
{
    if (politeness != NULL) {
        polite_addresses_free(&politeness->known);
        due_heap_free(&politeness->hosts);
        due_heap_free(&politeness->addresses);
        free(politeness);
    }
}

static void note_time(struct politeness *politeness, int64_t now_ns)
{
    politeness->now_ns = now_ns > politeness->now_ns ? now_ns : politeness->now_ns;
}

static int64_t later(int64_t a_ns, int64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

/* When the host may start by its own times. */
static int64_t due_ns_of(const struct politeness *politeness, const struct polite_host *host)
{
    int64_t delay_ns = later(later(politeness->config.delay_ns, host->crawl_delay_ns), host->slow_delay_ns);
    return later(host->last_start_ns + delay_ns, later(host->hold_until_ns, host->failing_until_ns));
}

/* ---- places ---- */

static void push(struct polite_host **first, struct polite_host **last, struct polite_host *host)
{
    host->next = NULL;
    host->previous = *last;
    if (*last != NULL) {
        (*last)->next = host;
    } else {
        *first = host;
    }
    *last = host;
}

static void unlink_host(struct polite_host **first, struct polite_host **last, struct polite_host *host)
{
    if (host->previous != NULL) {
        host->previous->next = host->next;
    } else {
        *first = host->next; // NOLINT(clang-analyzer-core.NullDereference)
    }
    if (host->next != NULL) {
        host->next->previous = host->previous;
    } else {
        *last = host->previous; // NOLINT(clang-analyzer-core.NullDereference)
    }
}

static void give_turn(struct politeness *politeness, struct polite_host *host)
{
    push(&politeness->first_turn, &politeness->last_turn, host);
    host->place = POLITE_IN_TURNS;
    if (host->address != NULL) {
        host->address->admitted++;
    }
}

/* Gives turns to hosts that wait for the address, as many as may start at once. To be called whenever that may be more. */
static void admit(struct politeness *politeness, struct polite_address *address)
{
    uint32_t most = politeness->config.per_host;
    int64_t delay_ns = politeness->config.delay_ns;
    int64_t due_ns = DEADLINE_NEVER;
    while (address->waiting_first != NULL) {
        bool is_full = most > 0 && address->in_flight + address->admitted >= most;
        if (is_full || (delay_ns > 0 && address->admitted > 0)) {
            break; /* until one ends, or the one with the turn starts or leaves */
        }
        if (delay_ns > 0 && address->last_start_ns + delay_ns > politeness->now_ns) {
            due_ns = address->last_start_ns + delay_ns;
            break;
        }
        struct polite_host *host = address->waiting_first;
        unlink_host(&address->waiting_first, &address->waiting_last, host);
        give_turn(politeness, host);
    }
    if (address->due.index != DUE_NOWHERE && address->due.at_ns != due_ns) {
        due_heap_remove(&politeness->addresses, &address->due);
    }
    if (address->due.index == DUE_NOWHERE && due_ns != DEADLINE_NEVER) {
        due_heap_push(&politeness->addresses, &address->due, due_ns);
    }
}

static void leave_place(struct politeness *politeness, struct polite_host *host)
{
    switch ((enum polite_place)host->place) {
    case POLITE_IN_HEAP:
        due_heap_remove(&politeness->hosts, &host->due);
        politeness->counts.held -= host->is_held;
        host->is_held = false;
        break;
    case POLITE_AT_ADDRESS:
        unlink_host(&host->address->waiting_first, &host->address->waiting_last, host);
        break;
    case POLITE_IN_TURNS:
        unlink_host(&politeness->first_turn, &politeness->last_turn, host);
        if (host->address != NULL) {
            host->address->admitted--;
        }
        break;
    case POLITE_NOWHERE:
        break;
    }
    host->place = POLITE_NOWHERE;
}

static void wait_in_heap(struct politeness *politeness, struct polite_host *host, int64_t due_ns)
{
    due_heap_push(&politeness->hosts, &host->due, due_ns);
    host->place = POLITE_IN_HEAP;
    host->is_held = host->hold_until_ns >= due_ns;
    politeness->counts.held += host->is_held;
}

/* Puts the host where it belongs. One that may start keeps its place among those that may. */
static void settle(struct politeness *politeness, struct polite_host *host)
{
    uint32_t most = politeness->config.per_host;
    bool is_out = !host->wants || host->end != POLITE_GOES_ON || (most > 0 && host->in_flight >= most);
    int64_t due_ns = is_out ? DEADLINE_NEVER : due_ns_of(politeness, host);
    bool may = due_ns <= politeness->now_ns;
    if ((may && (host->place == POLITE_IN_TURNS || host->place == POLITE_AT_ADDRESS)) ||
        (is_out && host->place == POLITE_NOWHERE)) {
        return;
    }
    struct polite_address *address = host->address;
    leave_place(politeness, host);
    if (may && address == NULL) {
        give_turn(politeness, host);
    } else if (may) {
        push(&address->waiting_first, &address->waiting_last, host);
        host->place = POLITE_AT_ADDRESS;
    } else if (!is_out) {
        wait_in_heap(politeness, host, due_ns);
    }
    if (address != NULL) {
        admit(politeness, address);
    }
}

static void release(struct politeness *politeness, struct polite_address *address)
{
    if (address != NULL) {
        admit(politeness, address);
        polite_address_release(&politeness->known, address, politeness->now_ns);
    }
}

/* ---- hosts ---- */

bool politeness_add(struct politeness *politeness, struct polite_host *host)
{
    check(!host->is_added);
    if (!due_heap_reserve(&politeness->hosts, politeness->counts.hosts + 1)) {
        return false;
    }
    host->due.index = DUE_NOWHERE;
    host->last_start_ns = host->previous_start_ns = POLITE_LONG_AGO;
    host->hold_until_ns = host->failing_until_ns = INT64_MIN;
    host->is_added = true;
    politeness->counts.hosts++;
    return true;
}

void politeness_remove(struct politeness *politeness, struct polite_host *host)
{
    check(host->is_added && host->in_flight == 0);
    bool is_given_up = host->end != POLITE_GOES_ON;
    politeness->counts.wanting -= host->wants && !is_given_up;
    politeness->counts.given_up -= is_given_up;
    politeness->counts.hosts--;
    leave_place(politeness, host);
    release(politeness, host->address);
    memset(host, 0, sizeof *host);
}

bool polite_host_is_idle(const struct politeness *politeness, const struct polite_host *host, int64_t now_ns)
{
    return !host->wants && host->in_flight == 0 && host->end == POLITE_GOES_ON && due_ns_of(politeness, host) <= now_ns;
}

/* Takes account of host->end, which was just set. */
static void give_up(struct politeness *politeness, const struct polite_host *host)
{
    politeness->counts.given_up++;
    politeness->counts.wanting -= host->wants;
}

bool politeness_set_crawl_delay(struct politeness *politeness, struct polite_host *host, int64_t delay_ns)
{
    bool is_granted = delay_ns <= politeness->config.crawl_delay_max_ns;
    if (is_granted) {
        host->crawl_delay_ns = delay_ns > 0 ? delay_ns : 0;
    } else if (host->end == POLITE_GOES_ON) {
        host->end = POLITE_CRAWL_DELAY;
        give_up(politeness, host);
    }
    settle(politeness, host);
    return is_granted;
}

void politeness_want(struct politeness *politeness, struct polite_host *host, bool wants, int64_t now_ns)
{
    note_time(politeness, now_ns);
    if (host->wants == wants) {
        return;
    }
    host->wants = wants;
    if (host->end == POLITE_GOES_ON) {
        politeness->counts.wanting += wants ? 1u : UINT32_MAX;
    }
    settle(politeness, host);
}

/* ---- addresses ---- */

/* What is in flight stays where it was counted; what was counted at the address before that one is counted nowhere. address: with a
 * reference; NULL: not known. */
static void change_address(struct politeness *politeness, struct polite_host *host, struct polite_address *address)
{
    struct polite_address *before = host->address;
    struct polite_address *oldest = host->old_address;
    uint32_t before_in_flight = host->in_flight - host->uncounted_in_flight - host->old_in_flight;
    leave_place(politeness, host);
    if (oldest != NULL && oldest != address) {
        oldest->in_flight -= host->old_in_flight;
        host->uncounted_in_flight += host->old_in_flight;
    }
    host->address = address;
    host->old_address = before_in_flight > 0 ? before : NULL;
    host->old_in_flight = before_in_flight;
    settle(politeness, host);
    release(politeness, oldest);
    if (before_in_flight == 0) {
        release(politeness, before);
    } else {
        admit(politeness, before);
    }
}

bool politeness_set_address(struct politeness *politeness, struct polite_host *host, const char *text)
{
    if (politeness->config.per_host == 0 && politeness->config.delay_ns == 0) {
        return true;
    }
    if (host->address != NULL && strcmp(host->address->text, text) == 0) {
        return true;
    }
    struct polite_address *address = due_heap_reserve(&politeness->addresses, politeness->known.count + 1)
                                         ? polite_address_acquire(&politeness->known, text, politeness->now_ns)
                                         : NULL;
    change_address(politeness, host, address);
    return address != NULL;
}

/* ---- requests ---- */

/* Gives the hosts whose time has come their turns. */
static void wake(struct politeness *politeness)
{
    while (due_heap_next_ns(&politeness->hosts) <= politeness->now_ns) {
        struct due *due = due_heap_first(&politeness->hosts);
        settle(politeness, container_of(due, struct polite_host, due));
    }
    while (due_heap_next_ns(&politeness->addresses) <= politeness->now_ns) {
        struct due *due = due_heap_first(&politeness->addresses);
        admit(politeness, container_of(due, struct polite_address, due));
    }
}

struct polite_host *politeness_take(struct politeness *politeness, int64_t now_ns)
{
    note_time(politeness, now_ns);
    wake(politeness);
    struct polite_host *host = politeness->first_turn;
    if (host == NULL || politeness->rate_ns - politeness->rate_slack_ns > politeness->now_ns) {
        return NULL;
    }
    if (politeness->rate_interval_ns > 0) {
        politeness->rate_ns = later(politeness->rate_ns, politeness->now_ns) + politeness->rate_interval_ns;
    }
    leave_place(politeness, host);
    host->previous_start_ns = host->last_start_ns;
    host->last_start_ns = politeness->now_ns;
    host->in_flight++;
    politeness->counts.in_flight++;
    struct polite_address *address = host->address;
    if (address == NULL) {
        host->uncounted_in_flight++;
    } else {
        address->previous_start_ns = address->last_start_ns;
        address->last_start_ns = politeness->now_ns;
        address->in_flight++;
    }
    settle(politeness, host);
    if (address != NULL) {
        admit(politeness, address);
    }
    return host;
}

/* Counts one less, of those in flight that started first or last. Returns the address where it was counted; NULL: at none. */
static struct polite_address *uncount(struct polite_host *host, bool is_last)
{
    bool is_old = host->old_in_flight > 0;
    bool is_current = host->in_flight > host->uncounted_in_flight + host->old_in_flight;
    bool is_uncounted = host->uncounted_in_flight > 0 && (!is_last || (!is_current && !is_old));
    host->in_flight--;
    if (is_uncounted) {
        host->uncounted_in_flight--;
        return NULL;
    }
    if (is_old && !(is_last && is_current)) {
        host->old_in_flight--;
        host->old_address->in_flight--;
        return host->old_address;
    }
    host->address->in_flight--;
    return host->address;
}

static void take_back(struct politeness *politeness, struct polite_host *host, struct polite_address *address,
                      int64_t started_ns)
{
    politeness->rate_ns -= politeness->rate_interval_ns;
    if (host->last_start_ns == started_ns) {
        host->last_start_ns = host->previous_start_ns;
    }
    if (address != NULL && address->last_start_ns == started_ns) {
        address->last_start_ns = address->previous_start_ns;
    }
}

void politeness_end(struct politeness *politeness, struct polite_host *host, const struct polite_outcome *outcome,
                    int64_t now_ns)
{
    check(host->in_flight > 0);
    note_time(politeness, now_ns);
    politeness->counts.in_flight--;
    struct polite_address *address = uncount(host, !outcome->was_sent);
    if (!outcome->was_sent) {
        take_back(politeness, host, address, outcome->started_ns);
    } else if (host->end == POLITE_GOES_ON) {
        polite_backoff_note(&politeness->config, host, outcome, politeness->now_ns, &politeness->random);
        if (host->end != POLITE_GOES_ON) {
            give_up(politeness, host);
        }
    }
    settle(politeness, host);
    if (address != NULL) {
        admit(politeness, address);
    }
    if (host->old_address != NULL && host->old_in_flight == 0) {
        release(politeness, host->old_address);
        host->old_address = NULL;
    }
}

/* ---- what it says ---- */

int64_t politeness_next_ns(const struct politeness *politeness)
{
    int64_t hosts_ns = due_heap_next_ns(&politeness->hosts);
    int64_t addresses_ns = due_heap_next_ns(&politeness->addresses);
    int64_t next_ns = hosts_ns < addresses_ns ? hosts_ns : addresses_ns;
    next_ns = politeness->first_turn != NULL ? politeness->now_ns : next_ns;
    return later(next_ns, politeness->rate_ns - politeness->rate_slack_ns);
}

const struct polite_host *politeness_first_waiting(const struct politeness *politeness, int64_t *due_ns)
{
    const struct due *host = due_heap_first(&politeness->hosts);
    const struct due *address = due_heap_first(&politeness->addresses);
    *due_ns = politeness_next_ns(politeness);
    if (politeness->first_turn != NULL) {
        return politeness->first_turn;
    }
    if (address != NULL && (host == NULL || address->at_ns < host->at_ns)) {
        return container_of(address, struct polite_address, due)->waiting_first;
    }
    return host == NULL ? NULL : container_of(host, struct polite_host, due);
}

enum polite_state polite_host_state(const struct polite_host *host, int64_t now_ns)
{
    if (host->end != POLITE_GOES_ON) {
        return POLITE_GIVEN_UP;
    }
    if (host->hold_until_ns > now_ns) {
        return POLITE_HELD;
    }
    bool waits = host->wants ? host->place != POLITE_IN_TURNS : host->failing_until_ns > now_ns;
    return waits ? POLITE_WAITS : POLITE_MAY;
}

enum polite_end polite_host_end(const struct polite_host *host)
{
    return (enum polite_end)host->end;
}

void politeness_count(const struct politeness *politeness, struct politeness_counts *counts, int64_t now_ns)
{
    const struct polite_addresses *known = &politeness->known;
    *counts = politeness->counts;
    /* Holds that are over, of hosts that were not woken yet. */
    for (size_t i = 0; due_heap_next_ns(&politeness->hosts) <= now_ns && i < politeness->hosts.count; i++) {
        const struct due *due = politeness->hosts.items[i];
        const struct polite_host *host = container_of(due, struct polite_host, due);
        counts->held -= host->is_held && due->at_ns <= now_ns;
    }
    counts->addresses = (uint32_t)known->count;
    counts->memory_bytes = sizeof *politeness + known->count * sizeof(struct polite_address) + known->text_bytes +
                           known->bucket_count * sizeof(struct polite_address *) +
                           (politeness->hosts.capacity + politeness->addresses.capacity) * sizeof(struct due *);
}
