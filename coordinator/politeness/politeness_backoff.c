/* DESIGN. Several requests to a host may be in flight when it begins to refuse or to fail, and all of them then say so: a hold grows only
 * by a request that ends when the hold before is over. Any answer ends what failures asked for, since the host is there; no answer ends
 * what the host itself asked for. */
#include "coordinator/politeness/politeness_backoff.h"

#include "common/clock.h"
#include "coordinator/politeness/hosts.h"

#define DOUBLINGS_MAX 16u
#define SLOW_MARGIN_NS (100 * NS_PER_MS) /* no host is slow for less */

static uint64_t next_random(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

/* For the nth time in a row, n >= 1: with jitter, so that hosts that fell silent together are not asked together. */
static int64_t backoff_ns(uint32_t times, uint64_t *random)
{
    int64_t most_ns = POLITE_BACKOFF_MAX_S * NS_PER_S;
    int64_t least_ns = POLITE_BACKOFF_MIN_S * NS_PER_S;
    int64_t ns = least_ns << (times - 1 < DOUBLINGS_MAX ? times - 1 : DOUBLINGS_MAX);
    ns = ns < most_ns ? ns : most_ns;
    ns = ns * 3 / 4 + (int64_t)(next_random(random) % (uint64_t)(ns / 2));
    return ns < least_ns ? least_ns : ns < most_ns ? ns : most_ns;
}

static uint8_t once_more(uint8_t times)
{
    return times < UINT8_MAX ? (uint8_t)(times + 1) : times;
}

static void note_failure(const struct politeness_config *config, struct polite_host *host, int64_t now_ns,
                         uint64_t *random)
{
    host->failures++;
    if (config->failures_max > 0 && host->failures >= config->failures_max) {
        host->end = POLITE_NO_ANSWER;
    } else if (host->failing_until_ns <= now_ns) {
        host->failing_times = once_more(host->failing_times);
        host->failing_until_ns = now_ns + backoff_ns(host->failing_times, random);
    }
}

static void hold(struct polite_host *host, int64_t until_ns)
{
    host->hold_until_ns = until_ns > host->hold_until_ns ? until_ns : host->hold_until_ns;
}

static void note_refusal(const struct politeness_config *config, struct polite_host *host,
                         const struct polite_outcome *outcome, int64_t now_ns, uint64_t *random)
{
    bool is_refused = outcome->http_status == 429 || outcome->http_status == 503;
    if (outcome->retry_after_s >= 0 && outcome->http_status >= 300) {
        int64_t hold_s = outcome->retry_after_s < HOSTS_HOLD_MIN_S   ? HOSTS_HOLD_MIN_S
                         : outcome->retry_after_s > HOSTS_HOLD_MAX_S ? HOSTS_HOLD_MAX_S
                                                                     : outcome->retry_after_s;
        if (hold_s * NS_PER_S > config->hold_max_ns) {
            host->end = POLITE_RETRY_AFTER;
        } else {
            hold(host, now_ns + hold_s * NS_PER_S);
        }
    } else if (host->hold_until_ns > now_ns) {
        return; /* one of those that were in flight when the hold began */
    } else if (is_refused) {
        host->refusals = once_more(host->refusals);
        int64_t hold_ns = backoff_ns(host->refusals, random);
        hold(host, now_ns + (hold_ns < config->hold_max_ns ? hold_ns : config->hold_max_ns));
    } else {
        host->refusals = 0;
    }
}

/* A host that takes much longer than it used to is asked less often, and as before when it is as before. What is normal follows
 * slowly, so that a host that stays slow is not held back for ever. */
static void note_latency(const struct politeness_config *config, struct polite_host *host, int64_t latency_ns)
{
    int64_t usual_ns = host->latency_ns;
    if (usual_ns == 0) {
        host->latency_ns = latency_ns > 0 ? latency_ns : 1;
        return;
    }
    int64_t delay_ns = host->crawl_delay_ns > config->delay_ns ? host->crawl_delay_ns : config->delay_ns;
    if (latency_ns > 2 * usual_ns + SLOW_MARGIN_NS) {
        int64_t most_ns = POLITE_SLOW_DELAY_MAX_S * NS_PER_S;
        int64_t before_ns = host->slow_delay_ns > delay_ns ? host->slow_delay_ns : delay_ns;
        host->slow_delay_ns = before_ns < most_ns / 2 ? 2 * before_ns : most_ns;
    } else {
        host->slow_delay_ns = host->slow_delay_ns / 2 > delay_ns ? host->slow_delay_ns / 2 : 0;
    }
    int64_t counted_ns = latency_ns < 4 * usual_ns ? latency_ns : 4 * usual_ns;
    host->latency_ns += (counted_ns - usual_ns) / 8;
    host->latency_ns = host->latency_ns > 0 ? host->latency_ns : 1;
}

void polite_backoff_note(const struct politeness_config *config, struct polite_host *host,
                         const struct polite_outcome *outcome, int64_t now_ns, uint64_t *random)
{
    if (!outcome->was_answered) {
        note_failure(config, host, now_ns, random);
        return;
    }
    host->failures = 0;
    host->failing_times = 0;
    host->failing_until_ns = INT64_MIN;
    note_refusal(config, host, outcome, now_ns, random);
    if (config->delay_ns > 0 && outcome->latency_ns >= 0 && outcome->latency_ns < INT64_MAX / 8) {
        note_latency(config, host, outcome->latency_ns);
    }
}
