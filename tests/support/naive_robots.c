/* naive_robots.c: A second reading of RFC 9309, to compare coordinator/crawl/rules/robots.c with. */
#include "tests/support/naive_robots.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RULE_BYTES_MAX 16384

/* One octet of a path, and how it is written. */
struct octet {
    unsigned char value;
    bool is_encoded, in_query;
};

static size_t octets_of(const char *text, size_t bytes, struct octet *octets)
{
    size_t count = 0;
    bool in_query = false;
    for (size_t i = 0; i < bytes; count++) {
        struct octet octet = {.value = (unsigned char)text[i], .in_query = in_query};
        if (text[i] == '%' && i + 2 < bytes && isxdigit((unsigned char)text[i + 1]) &&
            isxdigit((unsigned char)text[i + 2])) {
            char digits[3] = {text[i + 1], text[i + 2], '\0'};
            octet.value = (unsigned char)strtoul(digits, NULL, 16);
            octet.is_encoded = true;
            i += 2;
        } else if (text[i] == '?') {
            in_query = true;
        }
        octets[count] = octet;
        i++;
    }
    return count;
}

static bool is_same(struct octet rule, struct octet path)
{
    bool is_delimiter = path.value == '/' || path.value == '?';
    return rule.value == path.value && (!is_delimiter || path.in_query || rule.is_encoded == path.is_encoded);
}

static bool is_wildcard(struct octet octet)
{
    return octet.value == '*' && !octet.is_encoded;
}

/* How many octets a rule's path has where what must be is percent-encoded. */
static uint32_t weight_of(const struct octet *rule, size_t count)
{
    uint32_t weight = 0;
    bool in_query = false;
    for (size_t i = 0; i < count; i++) {
        unsigned char c = rule[i].value;
        in_query = in_query || (c == '?' && !rule[i].is_encoded);
        bool is_code = rule[i].is_encoded && (c == '*' || ((c == '/' || c == '?') && !in_query));
        bool is_plain = !is_code && (isalnum(c) || (c != '\0' && strchr("-._~:/?#[]@!$&'()*+,;=", c) != NULL));
        weight += is_plain && c < 0x80 ? 1 : 3;
    }
    return weight;
}

/* matches[j]: whether the first i octets of the rule match the first j of the path. */
static bool is_match(const struct octet *rule, size_t rule_count, const struct octet *path, size_t path_count)
{
    static bool matches[NAIVE_PATH_BYTES_MAX + 1];
    bool is_anchored = rule_count > 0 && rule[rule_count - 1].value == '$' && !rule[rule_count - 1].is_encoded;
    rule_count -= is_anchored;
    memset(matches, 0, sizeof matches);
    matches[0] = true;
    for (size_t i = 0; i < rule_count; i++) {
        if (is_wildcard(rule[i])) {
            for (size_t j = 1; j <= path_count; j++)
                matches[j] = matches[j] || matches[j - 1];
            continue;
        }
        for (size_t j = path_count; j > 0; j--)
            matches[j] = matches[j - 1] && is_same(rule[i], path[j - 1]);
        matches[0] = false;
    }
    bool is_any = false;
    for (size_t j = 0; j <= path_count; j++)
        is_any = is_any || matches[j];
    return is_anchored ? matches[path_count] : is_any;
}

/* One line of the file. */
struct line {
    const char *key, *value;
    size_t key_bytes, value_bytes;
    bool is_record;
};

static void trim(const char **at, size_t *bytes)
{
    for (; *bytes > 0 && ((*at)[0] == ' ' || (*at)[0] == '\t'); ++*at)
        --*bytes;
    while (*bytes > 0 && ((*at)[*bytes - 1] == ' ' || (*at)[*bytes - 1] == '\t'))
        --*bytes;
}

static struct line read_line(const char *at, size_t bytes)
{
    struct line line = {.key = at};
    const char *end = memchr(at, '#', bytes);
    bytes = end != NULL ? (size_t)(end - at) : bytes;
    const char *colon = memchr(at, ':', bytes);
    if (colon == NULL || memchr(at, '\0', bytes) != NULL)
        return line;
    line.is_record = true;
    line.key_bytes = (size_t)(colon - at);
    line.value = colon + 1;
    line.value_bytes = bytes - line.key_bytes - 1;
    trim(&line.key, &line.key_bytes);
    trim(&line.value, &line.value_bytes);
    return line;
}

static bool has_key(const struct line *line, const char *key)
{
    return line->is_record && line->key_bytes == strlen(key) && strncasecmp(line->key, key, line->key_bytes) == 0;
}

static bool names(const struct line *line, const char *token)
{
    if (strcmp(token, "*") == 0)
        return line->value_bytes > 0 && line->value[0] == '*' && (line->value_bytes == 1 || isblank(line->value[1]));
    size_t bytes = 0;
    while (bytes < line->value_bytes &&
           (isalpha((unsigned char)line->value[bytes]) || line->value[bytes] == '-' || line->value[bytes] == '_'))
        bytes++;
    return bytes == strlen(token) && strncasecmp(line->value, token, bytes) == 0;
}

struct best {
    uint32_t weight, line;
    bool is_allow;
};

static void try_rule(struct best *best, const struct line *line, uint32_t number, const struct octet *path,
                     size_t path_count)
{
    static struct octet rule[RULE_BYTES_MAX];
    if (line->value_bytes == 0 || line->value_bytes > RULE_BYTES_MAX ||
        (line->value[0] != '/' && line->value[0] != '*'))
        return;
    size_t count = octets_of(line->value, line->value_bytes, rule);
    uint32_t weight = weight_of(rule, count);
    bool is_allow = has_key(line, "allow");
    bool is_better =
        best->line == 0 || weight > best->weight || (weight == best->weight && is_allow && !best->is_allow);
    if (is_better && is_match(rule, count, path, path_count))
        *best = (struct best){weight, number, is_allow};
}

/* The rules of the groups that name the token; whether there is one. */
static bool judge_groups(const char *text, size_t bytes, bool is_cut, const char *token, struct best *best,
                         const struct octet *path, size_t path_count)
{
    bool is_found = false;
    bool is_ours = false;
    bool was_rule = true;
    uint32_t number = 0;
    for (size_t i = 0; i < bytes;) {
        size_t end = i;
        while (end < bytes && text[end] != '\n' && text[end] != '\r')
            end++;
        if (end == bytes && is_cut)
            break;
        struct line line = read_line(text + i, end - i);
        number++;
        i = end + (end + 1 < bytes && text[end] == '\r' && text[end + 1] == '\n' ? 2 : 1);
        if (has_key(&line, "user-agent")) {
            is_ours = (is_ours && !was_rule) || names(&line, token);
            is_found = is_found || is_ours;
            was_rule = false;
        } else if (has_key(&line, "allow") || has_key(&line, "disallow")) {
            was_rule = true;
            if (is_ours)
                try_rule(best, &line, number, path, path_count);
        }
    }
    return is_found;
}

struct naive_verdict naive_robots_judge(const char *text, size_t bytes, bool is_cut, const char *token,
                                        const char *path, size_t path_bytes)
{
    static struct octet octets[NAIVE_PATH_BYTES_MAX];
    if (path_bytes == 11 && memcmp(path, "/robots.txt", 11) == 0)
        return (struct naive_verdict){true, 0};
    if (bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        bytes -= 3;
    }
    size_t count = octets_of(path, path_bytes, octets);
    struct best best = {0, 0, true};
    if (!judge_groups(text, bytes, is_cut, token, &best, octets, count))
        judge_groups(text, bytes, is_cut, "*", &best, octets, count);
    return (struct naive_verdict){best.is_allow, best.line};
}
