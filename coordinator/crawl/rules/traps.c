/* traps.c: URLs that a site can make without end, and how many of a form are enough. */
#include "coordinator/crawl/rules/traps.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/fingerprint.h"
#include "common/limits.h"
#include "coordinator/crawl/rules/counters.h"
#include "coordinator/crawl/rules/url_dates.h"
#include "coordinator/crawl/rules/url_shape.h"
#include "coordinator/text/tell.h"

#define YEARS_AHEAD 5
#define SHOWN_BYTES 80 /* of a URL's own text in an explanation */

enum counted { COUNTED_PATH, COUNTED_QUERY, COUNTED_DATES, COUNTED_DATE };

struct traps {
    struct traps_config config;
    struct counters *counters;
    uint64_t seed;
    int32_t year_max;
};

/* What is hashed to a counter's key. */
struct form {
    uint32_t site;
    uint32_t counted; /* enum counted */
    uint64_t names;   /* of parameters; 0: none */
    uint64_t dates;   /* COUNTED_DATE: which */
    char path[URL_BYTES_MAX];
};

void traps_config_init(struct traps_config *config)
{
    *config = (struct traps_config){
        .url_bytes_max = 0,
        .path_depth_max = 20,
        .repeats_max = 3,
        .per_path_template = 100000,
        .per_query_template = 5000,
        .dates_max = 4000,
        .now_s = time(NULL),
    };
}

static int32_t year_of(int64_t now_s)
{
    struct tm parts;
    time_t now = (time_t)now_s;
    return gmtime_r(&now, &parts) ? parts.tm_year + 1900 : 9999;
}

struct traps *traps_open(const struct traps_config *config)
{
    struct traps *traps = calloc(1, sizeof *traps);
    if (!traps)
        return NULL;
    traps->config = *config;
    traps->seed = fingerprint_seed();
    traps->year_max = year_of(config->now_s) + YEARS_AHEAD;
    traps->counters = counters_open(COUNTERS_BYTES_MAX);
    if (!traps->counters) {
        free(traps);
        return NULL;
    }
    return traps;
}

void traps_close(struct traps *traps)
{
    if (traps)
        counters_close(traps->counters);
    free(traps);
}

size_t traps_bytes(const struct traps *traps)
{
    return sizeof *traps + counters_bytes(traps->counters);
}

/* ---- what needs no counting ---- */

static uint32_t url_bytes_max(const struct traps_config *config)
{
    return config->url_bytes_max && config->url_bytes_max < URL_BYTES_MAX ? config->url_bytes_max : URL_BYTES_MAX;
}

static bool is_repeated(const struct traps_config *config, const struct url_segments *segments,
                        struct url_repeat *repeat)
{
    return config->repeats_max && url_segments_repeat(segments, config->repeats_max, repeat);
}

static enum crawl_reason judge_text(const struct traps_config *config, const struct url_parts *url)
{
    struct url_segments segments;
    struct url_repeat repeat;
    if (url->fetch.bytes > url_bytes_max(config))
        return REASON_URL_LENGTH;
    url_segments_find(url->path, &segments);
    if (config->path_depth_max && segments.count > config->path_depth_max)
        return REASON_PATH_DEPTH;
    return is_repeated(config, &segments, &repeat) ? REASON_REPEATED_SEGMENT : REASON_NONE;
}

/* ---- budgets ---- */

static uint64_t hash_dates(const struct traps *traps, const struct url_dates *dates)
{
    uint32_t packed[URL_DATES_MAX];
    for (size_t i = 0; i < dates->count; i++)
        packed[i] = (uint32_t)dates->at[i].year << 16 | (uint32_t)dates->at[i].month << 8 | dates->at[i].day;
    return fingerprint_of(packed, dates->count * sizeof packed[0], traps->seed);
}

static uint64_t key_of(const struct traps *traps, const struct form *form, size_t path_bytes)
{
    return fingerprint_of(form, offsetof(struct form, path) + path_bytes, traps->seed);
}

/* Up to three counters for one URL: all are looked at before one is counted, so that what is refused costs no budget. */
struct budgets {
    uint64_t keys[3]; /* 0: not counted */
    uint64_t date;    /* that these dates were seen in this form */
};

static bool is_spent(const struct traps *traps, uint64_t key, uint32_t most)
{
    return key && counters_get(traps->counters, key) >= most;
}

static void find_budgets(const struct traps *traps, uint32_t site, const struct url_parts *url,
                         const struct url_dates *dates, struct budgets *budgets)
{
    const struct traps_config *config = &traps->config;
    struct form form;
    bool has_numbers;
    form.site = site;
    form.names = url_template_names(url->query, traps->seed);
    form.dates = 0;
    *budgets = (struct budgets){.date = 0};
    if (url->query.bytes && config->per_query_template) {
        form.counted = COUNTED_QUERY;
        memcpy(form.path, url->path.at, url->path.bytes);
        budgets->keys[0] = key_of(traps, &form, url->path.bytes);
    }
    size_t bytes = url_template_path(url->path, form.path, &has_numbers);
    /* A form without a number has one URL, but for its query, which is counted already. */
    if (has_numbers && config->per_path_template) {
        form.counted = COUNTED_PATH;
        budgets->keys[1] = key_of(traps, &form, bytes);
    }
    if (dates->count && config->dates_max) {
        form.counted = COUNTED_DATES;
        budgets->keys[2] = key_of(traps, &form, bytes);
        form.counted = COUNTED_DATE;
        form.dates = hash_dates(traps, dates);
        budgets->date = key_of(traps, &form, bytes);
    }
}

static enum crawl_reason take_budgets(struct traps *traps, const struct budgets *budgets)
{
    const struct traps_config *config = &traps->config;
    bool is_new_date = budgets->date && !counters_get(traps->counters, budgets->date);
    if (is_new_date && is_spent(traps, budgets->keys[2], config->dates_max))
        return REASON_CALENDAR;
    if (is_spent(traps, budgets->keys[0], config->per_query_template) ||
        is_spent(traps, budgets->keys[1], config->per_path_template))
        return REASON_TEMPLATE;
    for (size_t i = 0; i < 2; i++) {
        if (budgets->keys[i])
            counters_add(traps->counters, budgets->keys[i]);
    }
    /* Where another key had to leave for it, the date may have been counted before. */
    if (is_new_date && counters_add(traps->counters, budgets->date))
        counters_add(traps->counters, budgets->keys[2]);
    return REASON_NONE;
}

enum crawl_reason traps_judge(struct traps *traps, uint32_t site, const struct url_parts *url)
{
    struct url_dates dates;
    struct budgets budgets;
    enum crawl_reason reason = judge_text(&traps->config, url);
    if (reason != REASON_NONE)
        return reason;
    url_dates_find(url, traps->year_max, &dates);
    if (dates.has_far && traps->config.dates_max)
        return REASON_CALENDAR;
    find_budgets(traps, site, url, &dates, &budgets);
    return take_budgets(traps, &budgets);
}

/* ---- telling ---- */

static size_t tell_repeat(const struct traps_config *config, const struct url_parts *url, char *text, size_t text_bytes)
{
    struct url_segments segments;
    struct url_repeat repeat = {.text = {"", 0}};
    url_segments_find(url->path, &segments);
    is_repeated(config, &segments, &repeat);
    int shown = (int)(repeat.text.bytes < SHOWN_BYTES ? repeat.text.bytes : SHOWN_BYTES);
    if (repeat.is_run)
        return tell(text, text_bytes, "\"%.*s\" stands %u times in a row (--max-repeats %u)", shown, repeat.text.at,
                    config->repeats_max > 2 ? config->repeats_max : 2, config->repeats_max);
    return tell(text, text_bytes, "segment \"%.*s\" occurs more than %u times (--max-repeats %u)", shown,
                repeat.text.at, config->repeats_max, config->repeats_max);
}

static size_t tell_calendar(const struct traps *traps, const struct url_parts *url, char *text, size_t text_bytes)
{
    struct url_dates dates;
    char form[SHOWN_BYTES];
    url_dates_find(url, traps->year_max, &dates);
    if (dates.has_far)
        return tell(text, text_bytes, "a date in %d-%02u is not between %d and %d", dates.far.year, dates.far.month,
                    URL_DATE_YEAR_MIN, traps->year_max);
    url_template_show(url, form, sizeof form);
    return tell(text, text_bytes, "URLs like %s had %u dates before (--max-dates %u)", form, traps->config.dates_max,
                traps->config.dates_max);
}

static size_t tell_template(const struct traps_config *config, const struct url_parts *url, char *text,
                            size_t text_bytes)
{
    char form[SHOWN_BYTES], path[URL_BYTES_MAX];
    bool has_numbers;
    struct url_text looked_at = {url->path.at, url->path.bytes < sizeof path ? url->path.bytes : sizeof path};
    url_template_show(url, form, sizeof form);
    url_template_path(looked_at, path, &has_numbers);
    if (!url->query.bytes || !config->per_query_template)
        return tell(text, text_bytes, "%u URLs like %s came before (--max-per-template %u)", config->per_path_template,
                    form, config->per_path_template);
    if (!has_numbers || !config->per_path_template)
        return tell(text, text_bytes, "%u URLs like %s came before (--max-per-query %u)", config->per_query_template,
                    form, config->per_query_template);
    return tell(text, text_bytes,
                "URLs like %s: %u came before, or %u of path %.*s (--max-per-template %u, --max-per-query %u)", form,
                config->per_path_template, config->per_query_template,
                (int)(url->path.bytes < SHOWN_BYTES ? url->path.bytes : SHOWN_BYTES), url->path.at,
                config->per_path_template, config->per_query_template);
}

size_t traps_explain(const struct traps *traps, const struct url_parts *url, enum crawl_reason reason, char *text,
                     size_t text_bytes)
{
    const struct traps_config *config = &traps->config;
    struct url_segments segments;
    switch (reason) {
    case REASON_URL_LENGTH:
        return tell(text, text_bytes, "%zu bytes (--max-url-length %u)", url->fetch.bytes, url_bytes_max(config));
    case REASON_PATH_DEPTH:
        url_segments_find(url->path, &segments);
        return tell(text, text_bytes, "%u segments in the path (--max-path-depth %u)", segments.count,
                    config->path_depth_max);
    case REASON_REPEATED_SEGMENT:
        return tell_repeat(config, url, text, text_bytes);
    case REASON_CALENDAR:
        return tell_calendar(traps, url, text, text_bytes);
    case REASON_TEMPLATE:
        return tell_template(config, url, text, text_bytes);
    default:
        return tell(text, text_bytes, "%s", reason_name(reason));
    }
}
