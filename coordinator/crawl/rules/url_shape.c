/* url_shape.c: what URLs that a program makes have in common. */
#include "coordinator/crawl/rules/url_shape.h"

#include <string.h>

#include "common/fingerprint.h"
#include "common/limits.h"
#include "common/url_plain.h"

#define UUID_BYTES 36

/* ---- segments ---- */

void url_segments_find(struct url_text path, struct url_segments *segments)
{
    const char *end = path.at + path.bytes;
    segments->count = 0;
    segments->known = 0;
    for (const char *at = path.at + 1; at < end;) {
        const char *slash = memchr(at, '/', (size_t)(end - at));
        const char *after = slash ? slash : end;
        if (segments->known < URL_SEGMENTS_MAX)
            segments->at[segments->known++] = (struct url_text){at, (size_t)(after - at)};
        segments->count++;
        at = after + 1;
    }
}

static bool is_same(struct url_text a, struct url_text b)
{
    return a.bytes == b.bytes && memcmp(a.at, b.at, a.bytes) == 0;
}

static bool is_number(struct url_text segment)
{
    for (size_t i = 0; i < segment.bytes; i++) {
        if (!url_is_digit(segment.at[i]))
            return false;
    }
    return segment.bytes > 0;
}

/* From the beginning of one segment to the end of another. */
static struct url_text span(const struct url_segments *segments, size_t first, size_t last)
{
    const struct url_text *end = &segments->at[last];
    const char *at = segments->at[first].at;
    return (struct url_text){at, (size_t)(end->at + end->bytes - at)};
}

/* Whether segments that all stand in the path `times` times follow each other in a run of `run` segments, so often in a row. ids: equal
 * for equal segments. */
static bool has_run(const struct url_segments *segments, const uint8_t *ids, size_t run, size_t times,
                    struct url_repeat *repeat)
{
    size_t same = 0;  /* segments up to here that are like the one a run further on */
    size_t words = 0; /* of the last `run` of these, those that are no number */
    for (size_t i = 0; i + run < segments->known; i++) {
        if (ids[i] != ids[i + run]) {
            same = 0;
            words = 0;
            continue;
        }
        if (same >= run && !is_number(segments->at[i - run]))
            words--;
        words += !is_number(segments->at[i]);
        if (++same >= run * (times - 1) && words) {
            repeat->text = span(segments, i + 1, i + run);
            repeat->is_run = true;
            return true;
        }
    }
    return false;
}

bool url_segments_repeat(const struct url_segments *segments, uint32_t most, struct url_repeat *repeat)
{
    _Static_assert(URL_SEGMENTS_MAX <= UINT8_MAX, "an id is a byte");
    uint8_t ids[URL_SEGMENTS_MAX], counts[URL_SEGMENTS_MAX];
    size_t times = most > 2 ? most : 2;
    bool may_run = false;
    if (segments->known <= most)
        return false;
    for (size_t i = 0; i < segments->known; i++) {
        uint8_t id = 0;
        while (!is_same(segments->at[id], segments->at[i])) /* at i it is */
            id++;
        ids[i] = id;
        counts[i] = 0;
        counts[id]++;
        may_run = may_run || counts[id] >= times;
        if (counts[id] > most && !is_number(segments->at[i])) {
            repeat->text = segments->at[i];
            repeat->is_run = false;
            return true;
        }
    }
    for (size_t run = 2; may_run && run * times <= segments->known; run++) {
        if (has_run(segments, ids, run, times, repeat))
            return true;
    }
    return false;
}

/* ---- templates ---- */

enum { DIGIT = 1, LETTER = 2, NO_HEX = 4 };

static const uint8_t CLASSES[256] = {
    ['0' ... '9'] = DIGIT,           ['a' ... 'f'] = LETTER,          ['A' ... 'F'] = LETTER,
    ['g' ... 'z'] = LETTER | NO_HEX, ['G' ... 'Z'] = LETTER | NO_HEX,
};

static unsigned class_of(char byte)
{
    return CLASSES[(unsigned char)byte];
}

/* The end of the word of letters and digits at `at`; *classes: of its bytes, or-ed. */
static const char *word_end(const char *at, const char *end, unsigned *classes)
{
    *classes = 0;
    while (at < end && class_of(*at))
        *classes |= class_of(*at++);
    return at;
}

/* Whether words of 8, 4, 4, 4 and 12 hexadecimal digits with '-' between begin at `at`. */
static bool is_uuid(const char *at, const char *end)
{
    static const uint8_t WORDS[] = {8, 4, 4, 4, 12};
    if (end - at < UUID_BYTES)
        return false;
    for (size_t i = 0; i < sizeof WORDS; i++) {
        unsigned classes;
        const char *after = word_end(at, end, &classes);
        if (after - at != WORDS[i] || (classes & NO_HEX))
            return false;
        if (i + 1 < sizeof WORDS && *after != '-')
            return false;
        at = after + 1;
    }
    return true;
}

/* A word with '#' for each run of digits in it. */
static char *put_word(const char *at, const char *end, char *to)
{
    while (at < end) {
        if (!url_is_digit(*at)) {
            *to++ = *at++;
            continue;
        }
        *to++ = '#';
        while (at < end && url_is_digit(*at))
            at++;
    }
    return to;
}

size_t url_template_path(struct url_text path, char *out, bool *has_numbers)
{
    const char *at = path.at;
    const char *end = at + path.bytes;
    char *to = out;
    *has_numbers = false;
    while (at < end) {
        if (!class_of(*at)) {
            bool is_escape = *at == '%' && end - at >= 3;
            *to++ = *at++;
            for (int i = 0; is_escape && i < 2; i++)
                *to++ = *at++;
            continue;
        }
        const char *word = at;
        char *begin = to;
        unsigned classes = 0;
        do {
            classes |= class_of(*at);
            *to++ = *at++;
        } while (at < end && class_of(*at));
        bool is_hex = at - word >= 8 && !(classes & NO_HEX);
        if (is_hex && at - word == 8 && is_uuid(word, end)) {
            classes |= DIGIT;
            at = word + UUID_BYTES;
        }
        if (!(classes & DIGIT))
            continue;
        *has_numbers = true;
        if (is_hex) {
            *begin = '#';
            to = begin + 1;
        } else {
            to = put_word(word, at, begin);
        }
    }
    return (size_t)(to - out);
}

/* The name of the parameter at *at, which goes on to the next; false: there is none. */
static bool next_name(const char **at, const char *end, struct url_text *name)
{
    if (*at >= end)
        return false;
    const char *next = memchr(*at, '&', (size_t)(end - *at));
    next = next ? next : end;
    const char *equals = memchr(*at, '=', (size_t)(next - *at));
    *name = (struct url_text){*at, (size_t)((equals ? equals : next) - *at)};
    *at = next + 1;
    return true;
}

/* Puts a hash where it belongs in a sorted array, unless it is there. Returns how many there are. */
static size_t insert(uint64_t *hashes, size_t count, uint64_t hash)
{
    size_t at = count;
    while (at > 0 && hashes[at - 1] > hash)
        at--;
    if (at > 0 && hashes[at - 1] == hash)
        return count;
    memmove(hashes + at + 1, hashes + at, (count - at) * sizeof *hashes);
    hashes[at] = hash;
    return count + 1;
}

uint64_t url_template_names(struct url_text query, uint64_t seed)
{
    uint64_t hashes[URL_NAMES_MAX];
    char out[URL_BYTES_MAX];
    size_t count = 0;
    const char *at = query.at;
    struct url_text name;
    if (!query.bytes)
        return 0;
    for (size_t i = 0; i < URL_NAMES_MAX && next_name(&at, query.at + query.bytes, &name); i++) {
        bool has_numbers;
        if (name.bytes > sizeof out)
            name.bytes = sizeof out;
        size_t bytes = url_template_path(name, out, &has_numbers);
        count = insert(hashes, count, fingerprint_of(out, bytes, seed));
    }
    return fingerprint_of(hashes, count * sizeof hashes[0], seed);
}

size_t url_template_show(const struct url_parts *url, char *text, size_t text_bytes)
{
    char out[URL_BYTES_MAX];
    bool has_numbers;
    size_t used = 0;
    struct url_text part = url->path;
    const char *at = url->query.at;
    char before = '?';
    bool has_part = true;
    while (has_part && used + 1 < text_bytes) {
        part.bytes = part.bytes < sizeof out ? part.bytes : sizeof out;
        size_t bytes = url_template_path(part, out, &has_numbers);
        bytes = bytes < text_bytes - 1 - used ? bytes : text_bytes - 1 - used;
        memcpy(text + used, out, bytes);
        used += bytes;
        has_part = url->query.bytes && next_name(&at, url->query.at + url->query.bytes, &part);
        if (has_part && used + 1 < text_bytes)
            text[used++] = before;
        before = '&';
    }
    text[used] = '\0';
    return used;
}
