/* Runs in: coordinator
 *
 * DESIGN. Rules without `*` and `$`, nearly all, are sorted by their form, each with the longest other one that it begins with (its
 * parent): the longest that a path begins with is then the last that is not behind the path, or among that one's parents. The others
 * are few and lie behind, those that would win first, and are tried one by one until none can win any more. All texts lie in one
 * allocation, a rule's form in its own line where it stands there as it is. */
#include "coordinator/crawl/robots.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/limits.h"
#include "coordinator/crawl/robots_pattern.h"
#include "coordinator/crawl/robots_text.h"

#define NO_RULE UINT32_MAX

struct rule {
    uint32_t record_at, record_bytes; /* in texts */
    uint32_t form_at, form_bytes;
    uint32_t octets;
    uint32_t line;
    uint32_t parent; /* of sorted ones; NO_RULE: none */
    bool is_allow, is_anchored, has_codes, is_sorted;
};

struct robots {
    struct rule *rules; /* the sorted ones, then the others */
    uint32_t rule_count, rule_room, sorted_count;
    char *texts;
    size_t text_bytes, text_room;
    uint32_t *sitemaps; /* in texts, each ended by NUL */
    uint32_t sitemap_room;
    int64_t crawl_delay_ms;
    struct robots_counts counts;
};

/* ---- what is kept ---- */

static bool reserve_text(struct robots *robots, size_t bytes)
{
    if (robots->text_room - robots->text_bytes >= bytes) {
        return true;
    }
    size_t room = 2 * robots->text_room + bytes + 256;
    char *texts = realloc(robots->texts, room);
    if (texts == NULL) {
        return false;
    }
    robots->texts = texts;
    robots->text_room = room;
    return true;
}

/* There must be room. Returns where it lies. */
static uint32_t keep_text(struct robots *robots, const char *text, size_t bytes)
{
    size_t at = robots->text_bytes;
    memcpy(robots->texts + at, text, bytes);
    robots->text_bytes += bytes;
    return (uint32_t)at;
}

static bool reserve_rule(struct robots *robots)
{
    if (robots->rule_count < robots->rule_room) {
        return true;
    }
    uint32_t room = robots->rule_room == 0 ? 16 : 2 * robots->rule_room;
    struct rule *rules = realloc(robots->rules, room * sizeof *rules);
    if (rules == NULL) {
        return false;
    }
    robots->rules = rules;
    robots->rule_room = room;
    return true;
}

static bool keep_rule(struct robots *robots, const struct robots_record *record)
{
    if (robots->rule_count == ROBOTS_RULES_MAX) {
        robots->counts.rules_dropped++;
        return true;
    }
    size_t record_bytes = record->record.bytes;
    if (!reserve_rule(robots) || !reserve_text(robots, record_bytes + 2 * ROBOTS_FORM_BYTES(record->value.bytes))) {
        return false;
    }
    uint32_t record_at = keep_text(robots, record->record.at, record_bytes);
    struct robots_pattern pattern = robots_pattern_of(record->value, robots->texts + robots->text_bytes);
    uint32_t form_at = (uint32_t)robots->text_bytes;
    if (pattern.bytes <= record->value.bytes && memcmp(pattern.at, record->value.at, pattern.bytes) == 0 &&
        !pattern.has_codes) {
        form_at = record_at + (uint32_t)(record->value.at - record->record.at);
    } else {
        robots->text_bytes += pattern.bytes * (pattern.has_codes ? 2u : 1u);
    }
    robots->rules[robots->rule_count++] = (struct rule){
        .record_at = record_at,
        .record_bytes = (uint32_t)record_bytes,
        .form_at = form_at,
        .form_bytes = pattern.bytes,
        .octets = pattern.octets,
        .line = record->line,
        .parent = NO_RULE,
        .is_allow = record->key == ROBOTS_ALLOW,
        .is_anchored = pattern.is_anchored,
        .has_codes = pattern.has_codes,
        .is_sorted = !pattern.is_anchored && !pattern.has_codes && !pattern.has_wildcards,
    };
    return true;
}

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
    if (!reserve_text(robots, url.bytes + 1)) {
        return false;
    }
    robots->sitemaps[count] = keep_text(robots, url.at, url.bytes);
    keep_text(robots, "", 1);
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
    return is_empty || !groups->is_ours || keep_rule(robots, record);
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

/* ---- order ---- */

static int compare_forms(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    int order = memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);
    return order != 0 ? order : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

/* Of two that match: whether a decides. Allow wins a tie; among equals the first line is named. */
static int compare_rank(const struct rule *a, const struct rule *b)
{
    if (a->octets != b->octets) {
        return a->octets > b->octets ? -1 : 1;
    }
    if (a->is_allow != b->is_allow) {
        return a->is_allow ? -1 : 1;
    }
    return (a->line > b->line) - (a->line < b->line);
}

static int compare_rules(const void *left, const void *right, void *texts)
{
    const struct rule *a = left;
    const struct rule *b = right;
    if (a->is_sorted != b->is_sorted) {
        return a->is_sorted ? -1 : 1;
    }
    const char *text = texts;
    int order = a->is_sorted ? compare_forms(text + a->form_at, a->form_bytes, text + b->form_at, b->form_bytes) : 0;
    return order != 0 ? order : compare_rank(a, b);
}

static bool begins_with(const char *texts, const struct rule *rule, const struct rule *beginning)
{
    return beginning->form_bytes <= rule->form_bytes &&
           memcmp(texts + rule->form_at, texts + beginning->form_at, beginning->form_bytes) == 0;
}

/* Of sorted rules of one form the first decides: the others go. */
static void sort_rules(struct robots *robots)
{
    struct rule *rules = robots->rules;
    uint32_t kept = 0;
    if (robots->rule_count > 0) {
        qsort_r(rules, robots->rule_count, sizeof *rules, compare_rules, robots->texts);
    }
    for (uint32_t i = 0; i < robots->rule_count; i++) {
        const struct rule *before = kept > 0 ? &rules[kept - 1] : NULL;
        if (rules[i].is_sorted && before != NULL && before->form_bytes == rules[i].form_bytes &&
            begins_with(robots->texts, &rules[i], before)) {
            continue;
        }
        rules[kept++] = rules[i];
        if (!rules[i].is_sorted) {
            continue;
        }
        uint32_t parent = kept >= 2 ? kept - 2 : NO_RULE;
        while (parent != NO_RULE && !begins_with(robots->texts, &rules[kept - 1], &rules[parent])) {
            parent = rules[parent].parent;
        }
        rules[kept - 1].parent = parent;
        robots->sorted_count = kept;
    }
    robots->counts.rules = robots->rule_count;
    robots->rule_count = kept;
}

/* ---- the life of robots ---- */

/* Gives back the room that is not used. */
static void shrink(struct robots *robots)
{
    struct robots_counts *counts = &robots->counts;
    char *texts = robots->text_bytes == 0 ? NULL : realloc(robots->texts, robots->text_bytes);
    robots->texts = texts != NULL ? texts : robots->texts;
    size_t rule_bytes = robots->rule_count * sizeof(struct rule);
    struct rule *rules = rule_bytes == 0 ? NULL : realloc(robots->rules, rule_bytes);
    robots->rules = rules != NULL ? rules : robots->rules;
    counts->memory_bytes =
        sizeof *robots + robots->text_bytes + rule_bytes + robots->sitemap_room * sizeof *robots->sitemaps;
}

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
    sort_rules(robots);
    shrink(robots);
    return robots;
}

void robots_close(struct robots *robots)
{
    if (robots != NULL) {
        free(robots->rules);
        free(robots->texts);
        free(robots->sitemaps);
        free(robots);
    }
}

/* ---- judging ---- */

/* The longest sorted rule that the path begins with; NULL: none. */
static const struct rule *find_sorted(const struct robots *robots, const struct robots_path *path)
{
    uint32_t low = 0;
    uint32_t high = robots->sorted_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct rule *rule = &robots->rules[middle];
        if (compare_forms(robots->texts + rule->form_at, rule->form_bytes, path->at, path->bytes) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return NULL;
    }
    const struct rule *rule = &robots->rules[low - 1];
    const char *form = robots->texts + rule->form_at;
    size_t both = rule->form_bytes < path->bytes ? rule->form_bytes : path->bytes;
    size_t same = 0;
    while (same < both && form[same] == path->at[same]) {
        same++;
    }
    while (rule->form_bytes > same) {
        if (rule->parent == NO_RULE) {
            return NULL;
        }
        rule = &robots->rules[rule->parent];
    }
    return rule;
}

static bool rule_matches(const struct robots *robots, const struct rule *rule, const struct robots_path *path,
                         size_t *work)
{
    struct robots_pattern pattern = {
        .at = robots->texts + rule->form_at,
        .bytes = rule->form_bytes,
        .is_anchored = rule->is_anchored,
        .has_codes = rule->has_codes,
    };
    return robots_pattern_matches(&pattern, path, work);
}

struct robots_verdict robots_judge(const struct robots *robots, struct url_text path_and_query)
{
    static const char SELF[] = "/robots.txt";
    struct robots_verdict verdict = {.is_allowed = true};
    if (path_and_query.bytes > URL_BYTES_MAX) {
        verdict.is_allowed = false;
        return verdict;
    }
    if (robots->rule_count == 0) {
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
    const struct rule *best = find_sorted(robots, &path);
    size_t work = 0;
    for (uint32_t i = robots->sorted_count; i < robots->rule_count; i++) {
        const struct rule *rule = &robots->rules[i];
        if (best != NULL && compare_rank(best, rule) < 0) {
            break;
        }
        if (rule_matches(robots, rule, &path, &work)) {
            best = rule;
            break;
        }
        if (work > ROBOTS_WORK_MAX) {
            verdict.is_allowed = false;
            return verdict;
        }
    }
    if (best != NULL) {
        verdict.is_allowed = best->is_allow;
        verdict.line = best->line;
        verdict.rule = (struct url_text){robots->texts + best->record_at, best->record_bytes};
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
    return index < robots->counts.sitemaps ? robots->texts + robots->sitemaps[index] : NULL;
}

struct robots_counts robots_counts(const struct robots *robots)
{
    return robots->counts;
}
