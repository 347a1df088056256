/* DESIGN. Rules without `*` and `$`, nearly all, are sorted by their form, each with the longest other one that it begins with (its
 * parent): the longest that a path begins with is then the last that is not behind the path, or among that one's parents. The others
 * are few and lie behind, those that would win first, and are tried one by one until none can win any more. All texts lie in one
 * allocation, a rule's form in its own line where it stands there as it is. */
#include "coordinator/crawl/rules/robots_rules.h"

#include <stdlib.h>
#include <string.h>

#include "coordinator/crawl/rules/robots.h"
#include "coordinator/crawl/rules/robots_pattern.h"

#define NO_RULE UINT32_MAX

/* ---- what is kept ---- */

static bool reserve_text(struct robots_rules *rules, size_t bytes)
{
    if (rules->text_room - rules->text_bytes >= bytes) {
        return true;
    }
    size_t room = 2 * rules->text_room + bytes + 256;
    char *texts = realloc(rules->texts, room);
    if (texts == NULL) {
        return false;
    }
    rules->texts = texts;
    rules->text_room = room;
    return true;
}

/* There must be room. Returns where it lies. */
static uint32_t keep_text(struct robots_rules *rules, const char *text, size_t bytes)
{
    size_t at = rules->text_bytes;
    memcpy(rules->texts + at, text, bytes);
    rules->text_bytes += bytes;
    return (uint32_t)at;
}

static bool reserve_rule(struct robots_rules *rules)
{
    if (rules->count < rules->room) {
        return true;
    }
    uint32_t room = rules->room == 0 ? 16 : 2 * rules->room;
    struct robots_rule *items = realloc(rules->items, room * sizeof *items);
    if (items == NULL) {
        return false;
    }
    rules->items = items;
    rules->room = room;
    return true;
}

/* Which octets are in a form, wildcards apart: a rule matches no path that lacks one of its own. Two share a bit now and then. */
static uint64_t set_of(const char *form, size_t bytes)
{
    uint64_t set = 0;
    for (size_t i = 0; i < bytes; i++) {
        set |= form[i] == '*' ? 0 : (uint64_t)1 << ((unsigned char)form[i] & 63);
    }
    return set;
}

bool robots_rules_add(struct robots_rules *rules, const struct robots_record *record)
{
    if (rules->count == ROBOTS_RULES_MAX) {
        rules->dropped++;
        return true;
    }
    size_t record_bytes = record->record.bytes;
    if (!reserve_rule(rules) || !reserve_text(rules, record_bytes + 2 * ROBOTS_FORM_BYTES(record->value.bytes))) {
        return false;
    }
    uint32_t record_at = keep_text(rules, record->record.at, record_bytes);
    struct robots_pattern pattern = robots_pattern_of(record->value, rules->texts + rules->text_bytes);
    uint32_t form_at = (uint32_t)rules->text_bytes;
    if (pattern.bytes <= record->value.bytes && memcmp(pattern.at, record->value.at, pattern.bytes) == 0 &&
        !pattern.has_codes) {
        form_at = record_at + (uint32_t)(record->value.at - record->record.at);
    } else {
        rules->text_bytes += pattern.bytes * (pattern.has_codes ? 2u : 1u);
    }
    rules->items[rules->count++] = (struct robots_rule){
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
        .octet_set = pattern.has_codes ? 0 : set_of(pattern.at, pattern.bytes),
        .is_sorted = !pattern.is_anchored && !pattern.has_codes && !pattern.has_wildcards,
    };
    return true;
}

bool robots_rules_keep_text(struct robots_rules *rules, struct url_text text, uint32_t *at)
{
    if (!reserve_text(rules, text.bytes + 1)) {
        return false;
    }
    *at = keep_text(rules, text.at, text.bytes);
    keep_text(rules, "", 1);
    return true;
}

void robots_rules_free(struct robots_rules *rules)
{
    free(rules->items);
    free(rules->texts);
}

/* ---- order ---- */

static int compare_forms(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    int order = memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);
    return order != 0 ? order : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

/* Of two that match: whether a decides. Allow wins a tie; among equals the first line is named. */
static int compare_rank(const struct robots_rule *a, const struct robots_rule *b)
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
    const struct robots_rule *a = left;
    const struct robots_rule *b = right;
    if (a->is_sorted != b->is_sorted) {
        return a->is_sorted ? -1 : 1;
    }
    const char *text = texts;
    int order = a->is_sorted ? compare_forms(text + a->form_at, a->form_bytes, text + b->form_at, b->form_bytes) : 0;
    return order != 0 ? order : compare_rank(a, b);
}

static bool begins_with(const char *texts, const struct robots_rule *rule, const struct robots_rule *beginning)
{
    return beginning->form_bytes <= rule->form_bytes &&
           memcmp(texts + rule->form_at, texts + beginning->form_at, beginning->form_bytes) == 0;
}

/* Of sorted rules of one form the first decides: the others go. */
void robots_rules_sort(struct robots_rules *rules)
{
    struct robots_rule *items = rules->items;
    uint32_t kept = 0;
    if (rules->count > 0) {
        qsort_r(items, rules->count, sizeof *items, compare_rules, rules->texts);
    }
    for (uint32_t i = 0; i < rules->count; i++) {
        const struct robots_rule *before = kept > 0 ? &items[kept - 1] : NULL;
        if (items[i].is_sorted && before != NULL && before->form_bytes == items[i].form_bytes &&
            begins_with(rules->texts, &items[i], before)) {
            continue;
        }
        items[kept++] = items[i];
        if (!items[i].is_sorted) {
            continue;
        }
        uint32_t parent = kept >= 2 ? kept - 2 : NO_RULE;
        while (parent != NO_RULE && !begins_with(rules->texts, &items[kept - 1], &items[parent])) {
            parent = items[parent].parent;
        }
        items[kept - 1].parent = parent;
        rules->sorted_count = kept;
    }
    rules->count = kept;
    char *texts = rules->text_bytes == 0 ? NULL : realloc(rules->texts, rules->text_bytes);
    rules->texts = texts != NULL ? texts : rules->texts;
    rules->text_room = texts != NULL ? rules->text_bytes : rules->text_room;
    items = kept == 0 ? NULL : realloc(rules->items, kept * sizeof *items);
    rules->items = items != NULL ? items : rules->items;
    rules->room = items != NULL ? kept : rules->room;
}

/* ---- judging ---- */

/* The longest sorted rule that the path begins with; NULL: none. */
static const struct robots_rule *find_sorted(const struct robots_rules *rules, const struct robots_path *path)
{
    uint32_t low = 0;
    uint32_t high = rules->sorted_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct robots_rule *rule = &rules->items[middle];
        if (compare_forms(rules->texts + rule->form_at, rule->form_bytes, path->at, path->bytes) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return NULL;
    }
    const struct robots_rule *rule = &rules->items[low - 1];
    const char *form = rules->texts + rule->form_at;
    size_t both = rule->form_bytes < path->bytes ? rule->form_bytes : path->bytes;
    size_t same = 0;
    while (same < both && form[same] == path->at[same]) {
        same++;
    }
    while (rule->form_bytes > same) {
        if (rule->parent == NO_RULE) {
            return NULL;
        }
        rule = &rules->items[rule->parent];
    }
    return rule;
}

static bool rule_matches(const struct robots_rules *rules, const struct robots_rule *rule,
                         const struct robots_path *path, size_t *work)
{
    struct robots_pattern pattern = {
        .at = rules->texts + rule->form_at,
        .bytes = rule->form_bytes,
        .is_anchored = rule->is_anchored,
        .has_codes = rule->has_codes,
    };
    return robots_pattern_matches(&pattern, path, work);
}

enum robots_decision robots_rules_decide(const struct robots_rules *rules, const struct robots_path *path,
                                         const struct robots_rule **decider)
{
    const struct robots_rule *best = find_sorted(rules, path);
    uint64_t path_set = rules->count > rules->sorted_count ? set_of(path->at, path->bytes) : 0;
    size_t work = 0;
    for (uint32_t i = rules->sorted_count; i < rules->count; i++) {
        const struct robots_rule *rule = &rules->items[i];
        if (best != NULL && compare_rank(best, rule) < 0) {
            break;
        }
        if ((rule->octet_set & ~path_set) == 0 && rule_matches(rules, rule, path, &work)) {
            best = rule;
            break;
        }
        if (work > ROBOTS_WORK_MAX) {
            return ROBOTS_TOO_COSTLY;
        }
    }
    *decider = best;
    return best != NULL ? ROBOTS_DECIDED : ROBOTS_NO_RULE;
}
