/* robots_pattern.c: one rule's path and one URL's, and whether they match (RFC 9309, 2.2.2 and 2.2.3). */
#include "coordinator/crawl/rules/robots_pattern.h"

#include <string.h>

#define CODE_SLASH '\1'
#define CODE_QUESTION '\2'
#define CODE_STAR '\5'
#define CODE_CONTROL '\6'
#define CODE_CONTROL_HIGH '\7'
#define CONTROLS 0x20u
#define LOOKS 4

/* ---- the form ---- */

/* Value of a hexadecimal digit; 16: it is none. */
static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* Reads one octet at from, percent-encoded or not; returns how many bytes it takes. */
static size_t read_octet(const char *from, const char *to, unsigned char *octet, bool *is_encoded)
{
    unsigned high = *from == '%' && to - from >= 3 ? digit_of(from[1]) : 16;
    unsigned low = high < 16 ? digit_of(from[2]) : 16;
    *is_encoded = low < 16;
    *octet = *is_encoded ? (unsigned char)(high << 4 | low) : (unsigned char)*from;
    return *is_encoded ? 3 : 1;
}

/* Puts an octet that is no wildcard; returns the end. */
static char *put(char *out, unsigned char octet, bool is_encoded, bool in_query)
{
    if (octet < CONTROLS) {
        *out++ = octet < 0x10 ? CODE_CONTROL : CODE_CONTROL_HIGH;
        *out++ = (char)(0x10 | octet);
    } else if (octet == '*') {
        *out++ = CODE_STAR;
    } else if (octet == '/' && is_encoded && !in_query) {
        *out++ = CODE_SLASH;
    } else if (octet == '?' && is_encoded && !in_query) {
        *out++ = CODE_QUESTION;
    } else {
        *out++ = (char)octet;
    }
    return out;
}

/* How many octets it has where it must be percent-encoded: one, if it is unreserved or reserved (RFC 3986, 2.2 and 2.3). */
static uint32_t octets_of(unsigned char octet)
{
    bool is_plain = octet > 0x20 && octet < 0x7f && strchr("\"%<>\\^`{|}", octet) == NULL;
    return is_plain ? 1 : 3;
}

/* Whether the form is the text itself: no '%', '*', fragment or control octet is in it. Finds the query on the way. */
static bool is_form(struct url_text text, size_t *query_at)
{
    *query_at = text.bytes;
    for (size_t i = 0; i < text.bytes; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c < CONTROLS || c == '%' || c == '*' || c == '#') {
            return false;
        }
        if (c == '?' && *query_at == text.bytes) {
            *query_at = i;
        }
    }
    return true;
}

struct robots_path robots_path_of(struct url_text text, char *buffer)
{
    size_t query_at;
    if (is_form(text, &query_at)) {
        return (struct robots_path){text.at, text.bytes, query_at};
    }
    char *out = buffer;
    char *question = NULL;
    const char *end = text.at + text.bytes;
    for (const char *from = text.at; from < end && *from != '#';) {
        unsigned char octet;
        bool is_encoded;
        from += read_octet(from, end, &octet, &is_encoded);
        if (octet == '?' && !is_encoded && question == NULL) {
            question = out;
        }
        out = put(out, octet, is_encoded, question != NULL);
    }
    size_t bytes = (size_t)(out - buffer);
    return (struct robots_path){buffer, bytes, question != NULL ? (size_t)(question - buffer) : bytes};
}

static void put_decoded(struct robots_pattern *pattern, char *buffer)
{
    pattern->has_codes =
        memchr(buffer, CODE_SLASH, pattern->bytes) != NULL || memchr(buffer, CODE_QUESTION, pattern->bytes) != NULL;
    for (uint32_t i = 0; pattern->has_codes && i < pattern->bytes; i++) {
        char c = buffer[i];
        buffer[pattern->bytes + i] = (char)(c == CODE_SLASH ? '/' : c == CODE_QUESTION ? '?' : c);
    }
}

struct robots_pattern robots_pattern_of(struct url_text text, char *buffer)
{
    struct robots_pattern pattern = {.at = buffer};
    const char *from = text.at;
    const char *end = text.at + text.bytes;
    if (from < end && end[-1] == '$') {
        end--;
        pattern.is_anchored = true;
        pattern.octets++;
    }
    char *out = buffer;
    bool in_query = false;
    while (from < end) {
        unsigned char octet;
        bool is_encoded;
        from += read_octet(from, end, &octet, &is_encoded);
        bool is_wildcard = octet == '*' && !is_encoded;
        in_query = in_query || (octet == '?' && !is_encoded);
        pattern.has_wildcards = pattern.has_wildcards || is_wildcard;
        if (!is_wildcard) {
            out = put(out, octet, is_encoded, in_query);
            pattern.octets +=
                out[-1] == CODE_STAR || out[-1] == CODE_SLASH || out[-1] == CODE_QUESTION ? 3 : octets_of(octet);
            continue;
        }
        pattern.octets++;
        if (out == buffer || out[-1] != '*') {
            *out++ = '*';
        }
    }
    /* Behind it anything may follow: that is so without it too. */
    if (out > buffer && out[-1] == '*') {
        out--;
        pattern.is_anchored = false;
    }
    pattern.bytes = (uint32_t)(out - buffer);
    put_decoded(&pattern, buffer);
    return pattern;
}

/* ---- matching ---- */

/* What lies between two wildcards, in the form, and with the codes taken for what they stand for. */
struct piece {
    const char *at, *decoded;
    size_t bytes;
};

static bool is_at(const struct robots_path *path, size_t place, const struct piece *piece)
{
    if (place + piece->bytes > path->bytes) {
        return false;
    }
    size_t ahead = place >= path->query_at ? 0 : path->query_at - place; /* bytes that lie ahead of the query */
    ahead = ahead < piece->bytes ? ahead : piece->bytes;
    /* The '?' itself is what it is in both: a code never stands for it. */
    if (place <= path->query_at && ahead < piece->bytes) {
        ahead++;
    }
    return memcmp(path->at + place, piece->at, ahead) == 0 &&
           memcmp(path->at + place + ahead, piece->decoded + ahead, piece->bytes - ahead) == 0;
}

static size_t look(const struct robots_path *path, size_t from, size_t to, const char *text, size_t bytes)
{
    if (from > to || bytes > to - from) {
        return SIZE_MAX;
    }
    /* memmem() takes long to begin with; but it is what never takes long. */
    const char *at = path->at + from;
    const char *last = path->at + to - bytes;
    for (int tries = 0; tries < LOOKS; tries++, at++) {
        at = at <= last ? memchr(at, text[0], (size_t)(last - at) + 1) : NULL;
        if (at == NULL) {
            return SIZE_MAX;
        }
        if (memcmp(at, text, bytes) == 0) {
            return (size_t)(at - path->at);
        }
    }
    const char *found = at <= last ? memmem(at, (size_t)(path->at + to - at), text, bytes) : NULL;
    return found == NULL ? SIZE_MAX : (size_t)(found - path->at);
}

/* The first place from `from` on where the piece is; SIZE_MAX: nowhere. */
static size_t find(const struct robots_path *path, size_t from, const struct piece *piece)
{
    if (piece->at == piece->decoded) {
        return look(path, from, path->bytes, piece->at, piece->bytes);
    }
    size_t place = look(path, from, path->query_at, piece->at, piece->bytes);
    if (place != SIZE_MAX) {
        return place;
    }
    /* Across the '?', which in the piece can only be the first one. */
    const char *question = memchr(piece->at, '?', piece->bytes);
    size_t ahead = question == NULL ? SIZE_MAX : (size_t)(question - piece->at);
    if (path->query_at < path->bytes && ahead <= path->query_at && path->query_at - ahead >= from &&
        is_at(path, path->query_at - ahead, piece)) {
        return path->query_at - ahead;
    }
    return look(path, from > path->query_at ? from : path->query_at + 1, path->bytes, piece->decoded, piece->bytes);
}

bool robots_pattern_matches(const struct robots_pattern *pattern, const struct robots_path *path, size_t *work)
{
    const char *end = pattern->at + pattern->bytes;
    size_t decoded_at = pattern->has_codes ? pattern->bytes : 0;
    size_t place = 0;
    for (const char *from = pattern->at;;) {
        const char *star = memchr(from, '*', (size_t)(end - from));
        struct piece piece = {from, from + decoded_at, (size_t)((star != NULL ? star : end) - from)};
        bool is_first = from == pattern->at;
        if (star == NULL && pattern->is_anchored) {
            bool fits = piece.bytes <= path->bytes - place && (!is_first || piece.bytes == path->bytes);
            return fits && is_at(path, path->bytes - piece.bytes, &piece);
        }
        size_t found = is_first ? (is_at(path, 0, &piece) ? 0 : SIZE_MAX) : find(path, place, &piece);
        if (found == SIZE_MAX || star == NULL) {
            return found != SIZE_MAX;
        }
        *work += is_first ? path->bytes + pattern->bytes : 0;
        place = found + piece.bytes;
        from = star + 1;
    }
}
