/* robots_rules.h: the rules of the groups that are ours, in the order in which they are looked for. */
#ifndef SHOAL_ROBOTS_RULES_H
#define SHOAL_ROBOTS_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/url.h"
#include "coordinator/crawl/rules/robots_pattern.h"
#include "coordinator/crawl/rules/robots_text.h"

struct robots_rule {
    uint32_t record_at, record_bytes; /* in texts */
    uint32_t form_at, form_bytes;
    uint64_t octet_set; /* see robots_rules.c; of those with has_codes: none */
    uint32_t octets;    /* see robots_pattern.h */
    uint32_t line;
    uint32_t parent; /* of sorted ones; UINT32_MAX: none */
    bool is_allow, is_anchored, has_codes, is_sorted;
};

/* Begins as all zero. */
struct robots_rules {
    struct robots_rule *items; /* the sorted ones, then the others */
    uint32_t count, room, sorted_count;
    uint32_t dropped; /* beyond ROBOTS_RULES_MAX */
    char *texts;
    size_t text_bytes, text_room;
};

/* Keeps the rule of the record, ROBOTS_ALLOW or ROBOTS_DISALLOW. False: memory is short. */
bool robots_rules_add(struct robots_rules *rules, const struct robots_record *record);

/* Keeps another text, ended by NUL, at texts + *at. False: memory is short. */
bool robots_rules_keep_text(struct robots_rules *rules, struct url_text text, uint32_t *at);

/* After the last rule and text: makes them ready, and gives back the room that is not used. */
void robots_rules_sort(struct robots_rules *rules);

enum robots_decision { ROBOTS_NO_RULE, ROBOTS_DECIDED, ROBOTS_TOO_COSTLY };

/* The rule that decides about the path: of those that match the one of most octets, allow ahead of disallow, of equals the first. */
enum robots_decision robots_rules_decide(const struct robots_rules *rules, const struct robots_path *path,
                                         const struct robots_rule **decider);

void robots_rules_free(struct robots_rules *rules);

#endif
