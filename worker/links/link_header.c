/* link_header.c: small languages in header lines. */
#include "worker/links/link_header.h"

#include <string.h>
#include <strings.h>

#include "worker/html/html_scan.h"

/* ---- pieces ---- */

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at;
}

static struct html_span trim(const char *from, const char *to)
{
    from = skip_blanks(from, to);
    while (to > from && is_blank(to[-1]))
        to--;
    return (struct html_span){from, (size_t)(to - from)};
}

static bool is_word(struct html_span word, const char *name)
{
    return strlen(name) == word.bytes && strncasecmp(word.at, name, word.bytes) == 0;
}

/* The first of these bytes in [at, end), outside quotes; end: there is none. */
static const char *find_outside(const char *at, const char *end, const char *bytes)
{
    for (bool is_quoted = false; at < end; at++) {
        if (*at == '"')
            is_quoted = !is_quoted;
        else if (is_quoted && *at == '\\' && at + 1 < end)
            at++;
        else if (!is_quoted && *at && strchr(bytes, *at))
            break;
    }
    return at;
}

/* ---- Link ---- */

struct parameter {
    struct html_span name;
    struct html_span value; /* without quotes; escapes are still in it */
    bool is_quoted;
};

/* RFC 8288, B.3: at is at a ';'. Returns what is behind the parameter. */
static const char *take_parameter(const char *at, const char *end, struct parameter *parameter)
{
    const char *to = find_outside(at + 1, end, ";,");
    const char *sign = memchr(at + 1, '=', (size_t)(to - at - 1));
    parameter->name = trim(at + 1, sign ? sign : to);
    parameter->value = sign ? trim(sign + 1, to) : (struct html_span){to, 0};
    parameter->is_quoted = parameter->value.bytes && *parameter->value.at == '"';
    if (parameter->is_quoted) {
        struct html_span *value = &parameter->value;
        value->at++;
        value->bytes--;
        size_t bytes = 0;
        while (bytes < value->bytes && value->at[bytes] != '"')
            bytes += value->at[bytes] == '\\' && bytes + 1 < value->bytes ? 2 : 1;
        value->bytes = bytes;
    }
    return to;
}

/* The value without the backslashes of its quoted pairs; cut where there is no room. */
static struct html_span without_escapes(const struct parameter *parameter, char room[LINK_HEADER_REL_BYTES])
{
    struct html_span value = parameter->value;
    if (!parameter->is_quoted || !value.bytes || !memchr(value.at, '\\', value.bytes))
        return value;
    size_t bytes = 0;
    for (size_t i = 0; i < value.bytes && bytes < LINK_HEADER_REL_BYTES; i++) {
        if (value.at[i] == '\\' && i + 1 < value.bytes)
            i++;
        room[bytes++] = value.at[i];
    }
    return (struct html_span){room, bytes};
}

/* The parameters behind a target. *at moves behind them. */
static bool take_parameters(const char **at, const char *end, struct header_link *link)
{
    bool has_rel = false;
    bool is_link = false;
    bool has_anchor = false;
    while (*at < end && **at == ';') {
        struct parameter parameter;
        *at = take_parameter(*at, end, &parameter);
        has_anchor = has_anchor || is_word(parameter.name, "anchor");
        if (has_rel || !is_word(parameter.name, "rel"))
            continue;
        char room[LINK_HEADER_REL_BYTES];
        struct html_span rel = without_escapes(&parameter, room);
        has_rel = true;
        is_link = link_kind_of_rel(rel, &link->kind);
        link->rel = link_rel_of(rel);
    }
    return is_link && !has_anchor;
}

bool link_header_next(struct html_span *value, struct header_link *link)
{
    const char *at = value->at;
    const char *end = at + value->bytes;
    bool is_link = false;
    while (at < end && !is_link) {
        at = skip_blanks(at, end);
        if (at < end && *at == '<') {
            const char *close = memchr(at, '>', (size_t)(end - at));
            if (!close) {
                at = end;
                break;
            }
            link->target = (struct html_span){at + 1, (size_t)(close - at - 1)};
            at = skip_blanks(close + 1, end);
            is_link = take_parameters(&at, end, link);
        }
        at = find_outside(at, end, ",");
        at += at < end;
    }
    *value = (struct html_span){at, (size_t)(end - at)};
    return is_link;
}

/* ---- X-Robots-Tag ---- */

/* A robot's name, as HTTP has tokens (RFC 9110, 5.6.2). */
static bool is_token(struct html_span word)
{
    for (size_t i = 0; i < word.bytes; i++) {
        char byte = word.at[i];
        bool is_digit = byte >= '0' && byte <= '9';
        if (!html_is_letter(byte) && !is_digit && (!byte || !strchr("!#$%&'*+-.^_`|~", byte)))
            return false;
    }
    return word.bytes > 0;
}

static bool is_directive(struct html_span word)
{
    return is_word(word, "unavailable_after") || (word.bytes > 4 && strncasecmp(word.at, "max-", 4) == 0);
}

unsigned link_header_robots(struct html_span value, const char *agent)
{
    const char *at = value.at;
    const char *end = at + value.bytes;
    bool is_ours = true;
    unsigned flags = 0;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *to = comma ? comma : end;
        const char *colon = memchr(at, ':', (size_t)(to - at));
        struct html_span name = trim(at, colon ? colon : at);
        if (colon && is_token(name) && !is_directive(name)) {
            is_ours = is_word(name, agent) || is_word(name, "*");
            at = colon + 1;
        }
        if (is_ours && !(colon && is_directive(name)))
            flags |= link_robots_of((struct html_span){at, (size_t)(to - at)});
        at = to + (to < end);
    }
    return flags;
}
