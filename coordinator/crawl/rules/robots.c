/* robots.c: the rules of one robots.txt, as RFC 9309 has them. */
#include "coordinator/crawl/rules/robots.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/limits.h"
#include "coordinator/crawl/rules/robots_pattern.h"
#include "coordinator/crawl/rules/robots_rules.h"
#include "coordinator/crawl/rules/robots_text.h"

struct robots {
    struct robots_rules rules;
    uint32_t *sitemaps; /* in the texts of the rules */
    uint32_t sitemap_room;
    int64_t crawl_delay_ms;
    struct robots_counts counts;
};

static bool keep_sitemap(struct robots *robots, struct url_text url)
{
    if (url.bytes == 0) {
        return true;
    }
    uint32_t count = robots->counts.sitemaps;
    if (count == ROBOTS_SITEMAPS_MAX || url.bytes > URL_BYTES_MAX) {
        robots->counts.sitemaps_dropped++;
        return true;
    }
    if (count == robots->sitemap_room) {
        uint32_t room = count == 0 ? 4 : 4 * count;
        uint32_t *sitemaps = realloc(robots->sitemaps, room * sizeof *sitemaps);
        if (sitemaps == NULL) {
            return false;
        }
        robots->sitemaps = sitemaps;
        robots->sitemap_room = room;
    }
    if (!robots_rules_keep_text(&robots->rules, url, &robots->sitemaps[count])) {
        return false;
    }
    robots->counts.sitemaps++;
    return true;
}

/* Seconds, with a fraction or without; -1: no number. What stands behind the number is passed over. */
static int64_t delay_ms_of(struct url_text value)
{
    int64_t ms = 0;
    size_t i = 0;
    bool is_number = false;
    for (; i < value.bytes && value.at[i] >= '0' && value.at[i] <= '9'; i++) {
        is_number = true;
        ms = ms * 10 + (value.at[i] - '0') * 1000;
        ms = ms < INT32_MAX ? ms : INT32_MAX;
    }
    if (i < value.bytes && value.at[i] == '.') {
        int64_t unit = 100;
        bool has_more = false;
        for (i++; i < value.bytes && value.at[i] >= '0' && value.at[i] <= '9'; i++, unit /= 10) {
            is_number = true;
            ms += (value.at[i] - '0') * unit;
            has_more = has_more || (unit == 0 && value.at[i] != '0');
        }
        ms += has_more;
    }
    return !is_number ? -1 : ms < INT32_MAX ? ms : INT32_MAX;
}

/* ---- groups ---- */

static size_t token_bytes(const char *text, size_t bytes)
{
    size_t i = 0;
    while (i < bytes && ((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') || text[i] == '-' ||
                         text[i] == '_')) {
        i++;
    }
    return i;
}

/* Whether a user-agent line names us; token empty: whether it names all. */
static bool is_named(struct url_text value, struct url_text token)
{
    if (token.bytes == 0) {
        return value.bytes > 0 && value.at[0] == '*' && (value.bytes == 1 || value.at[1] == ' ' || value.at[1] == '\t');
    }
    return token_bytes(value.at, value.bytes) == token.bytes && strncasecmp(value.at, token.at, token.bytes) == 0;
}

/* A reading of the file with its groups in mind. */
struct groups {
    struct url_text token; /* of the groups that are ours */
    bool is_any;           /* a user-agent line was read */
    bool is_open;          /* the last of user-agent lines and rules was a user-agent line */
    bool is_ours;
};

static void read_user_agent(struct groups *groups, struct url_text value)
{
    groups->is_ours = (groups->is_open && groups->is_ours) || is_named(value, groups->token);
    groups->is_any = groups->is_open = true;
}

static bool read_rule(struct robots *robots, struct groups *groups, const struct robots_record *record)
{
    groups->is_open = false;
    bool is_empty = record->value.bytes == 0;
    if (!groups->is_any || (!is_empty && record->value.at[0] != '/' && record->value.at[0] != '*')) {
        robots->counts.bad_lines++;
        return true;
    }
    return is_empty || !groups->is_ours || robots_rules_add(&robots->rules, record);
}

static void read_crawl_delay(struct robots *robots, const struct groups *groups, struct url_text value)
{
    int64_t ms = delay_ms_of(value);
    if (ms < 0) {
        robots->counts.bad_lines++;
    } else if (groups->is_ours && ms > robots->crawl_delay_ms) {
        robots->crawl_delay_ms = ms;
    }
}

static bool read_records(struct robots *robots, struct robots_text text, struct url_text token)
{
    struct groups groups = {.token = token};
    struct robots_record record;
    bool has_memory = true;
    while (has_memory && robots_text_next(&text, &record)) {
        switch (record.key) {
        case ROBOTS_USER_AGENT:
            read_user_agent(&groups, record.value);
            break;
        case ROBOTS_ALLOW:
        case ROBOTS_DISALLOW:
            has_memory = read_rule(robots, &groups, &record);
            break;
        case ROBOTS_CRAWL_DELAY:
            read_crawl_delay(robots, &groups, record.value);
            break;
        case ROBOTS_SITEMAP:
            has_memory = keep_sitemap(robots, record.value);
            break;
        case ROBOTS_BAD:
            robots->counts.bad_lines++;
            break;
        case ROBOTS_OTHER:
            break;
        }
    }
    robots->counts.lines = text.line;
    return has_memory;
}

/* The token that counts: ours where a group names it, else none, which stands for `*`. */
static struct url_text choose_token(struct robots_text text, const char *product_token)
{
    struct url_text token = {product_token, token_bytes(product_token, strlen(product_token))};
    struct robots_record record;
    while (token.bytes > 0 && robots_text_next(&text, &record)) {
        if (record.key == ROBOTS_USER_AGENT && is_named(record.value, token)) {
            return token;
        }
    }
    return (struct url_text){product_token, 0};
}

/* ---- the life of robots ---- */

struct robots *robots_parse(const char *text, size_t bytes, bool is_cut, const char *product_token)
{
    struct robots *robots = calloc(1, sizeof *robots);
    if (robots == NULL) {
        return NULL;
    }
    robots->crawl_delay_ms = -1;
    if (bytes > ROBOTS_BYTES_MAX) {
        bytes = ROBOTS_BYTES_MAX;
        is_cut = true;
    }
    char *utf8 = NULL;
    if (robots_text_is_utf16(text, bytes)) {
        utf8 = robots_text_from_utf16(text, bytes, &bytes);
        if (utf8 == NULL) {
            robots_close(robots);
            return NULL;
        }
        text = utf8;
    }
    size_t mark = robots_text_mark(text, bytes);
    struct robots_text lines = {.at = text + mark, .end = text + bytes, .is_cut = is_cut};
    bool has_memory = read_records(robots, lines, choose_token(lines, product_token));
    free(utf8);
    if (!has_memory) {
        robots_close(robots);
        return NULL;
    }
    const struct robots_rules *rules = &robots->rules;
    robots->counts.rules = rules->count;
    robots->counts.rules_dropped = rules->dropped;
    robots_rules_sort(&robots->rules);
    robots->counts.memory_bytes = sizeof *robots + rules->text_room + rules->room * sizeof *rules->items +
                                  robots->sitemap_room * sizeof *robots->sitemaps;
    return robots;
}

void robots_close(struct robots *robots)
{
    if (robots != NULL) {
        robots_rules_free(&robots->rules);
        free(robots->sitemaps);
        free(robots);
    }
}

/* ---- judging ---- */

struct robots_verdict robots_judge(const struct robots *robots, struct url_text path_and_query)
{
    static const char SELF[] = "/robots.txt";
    struct robots_verdict verdict = {.is_allowed = true};
    if (path_and_query.bytes > URL_BYTES_MAX) {
        verdict.is_allowed = false;
        return verdict;
    }
    if (robots->rules.count == 0) {
        return verdict;
    }
    if (path_and_query.bytes == 0) {
        path_and_query = (struct url_text){"/", 1};
    }
    char buffer[ROBOTS_FORM_BYTES(URL_BYTES_MAX)];
    struct robots_path path = robots_path_of(path_and_query, buffer);
    if (path.bytes == sizeof SELF - 1 && memcmp(path.at, SELF, path.bytes) == 0) {
        return verdict;
    }
    const struct robots_rule *rule;
    switch (robots_rules_decide(&robots->rules, &path, &rule)) {
    case ROBOTS_NO_RULE:
        break;
    case ROBOTS_DECIDED:
        verdict.is_allowed = rule->is_allow;
        verdict.line = rule->line;
        verdict.rule = (struct url_text){robots->rules.texts + rule->record_at, rule->record_bytes};
        break;
    case ROBOTS_TOO_COSTLY:
        verdict.is_allowed = false;
        break;
    }
    return verdict;
}

/* ---- what else it says ---- */

int64_t robots_crawl_delay_ms(const struct robots *robots)
{
    return robots->crawl_delay_ms;
}

const char *robots_sitemap(const struct robots *robots, size_t index)
{
    return index < robots->counts.sitemaps ? robots->rules.texts + robots->sitemaps[index] : NULL;
}

struct robots_counts robots_counts(const struct robots *robots)
{
    return robots->counts;
}
