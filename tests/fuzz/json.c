/* json.c: A strict reader of JSON (RFC 8259), as strict as no library is. */
#include "tests/fuzz/json.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

#define DEPTH_MAX 8

struct reader {
    const char *at;
    const char *end;
};

static bool take(struct reader *reader, char byte)
{
    if (reader->at == reader->end || *reader->at != byte)
        return false;
    reader->at++;
    return true;
}

static bool take_word(struct reader *reader, const char *word)
{
    size_t bytes = strlen(word);
    if ((size_t)(reader->end - reader->at) < bytes || memcmp(reader->at, word, bytes) != 0)
        return false;
    reader->at += bytes;
    return true;
}

static size_t take_digits(struct reader *reader)
{
    const char *start = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
        reader->at++;
    return (size_t)(reader->at - start);
}

static bool take_number(struct reader *reader)
{
    take(reader, '-');
    if (!take(reader, '0') && !take_digits(reader))
        return false;
    if (take(reader, '.') && !take_digits(reader))
        return false;
    if (take(reader, 'e') || take(reader, 'E')) {
        if (!take(reader, '+'))
            take(reader, '-');
        return take_digits(reader) > 0;
    }
    return true;
}

static bool take_unit(struct reader *reader, uint32_t *unit)
{
    static const char DIGITS[] = "0123456789abcdef0123456789ABCDEF";
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        const char *digit = reader->at < reader->end && *reader->at ? strchr(DIGITS, *reader->at) : NULL;
        if (!digit)
            return false;
        *unit = *unit << 4 | (uint32_t)((digit - DIGITS) & 15);
        reader->at++;
    }
    return true;
}

/* Behind the backslash. */
static bool take_escape(struct reader *reader, uint32_t *code)
{
    static const char NAMES[] = "\"\\/bfnrt";
    static const char VALUES[] = "\"\\/\b\f\n\r\t";
    if (take(reader, 'u')) {
        uint32_t low;
        if (!take_unit(reader, code) || (*code >= 0xdc00 && *code <= 0xdfff))
            return false;
        if (*code < 0xd800 || *code > 0xdbff)
            return true;
        if (!take_word(reader, "\\u") || !take_unit(reader, &low) || low < 0xdc00 || low > 0xdfff)
            return false;
        *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
        return true;
    }
    const char *name = reader->at < reader->end && *reader->at ? strchr(NAMES, *reader->at) : NULL;
    if (!name)
        return false;
    *code = (unsigned char)VALUES[name - NAMES];
    reader->at++;
    return true;
}

/* codes: NULL to pass over it. */
static bool take_string(struct reader *reader, uint32_t *codes, size_t *count)
{
    if (!take(reader, '"'))
        return false;
    while (reader->at < reader->end && *reader->at != '"') {
        uint32_t code;
        if (take(reader, '\\')) {
            if (!take_escape(reader, &code))
                return false;
        } else {
            size_t length = fuzz_utf8((const uint8_t *)reader->at, (size_t)(reader->end - reader->at), &code);
            if (!length || code < 0x20)
                return false;
            reader->at += length;
        }
        if (codes)
            codes[(*count)++] = code;
    }
    return take(reader, '"');
}

static bool take_scalar(struct reader *reader)
{
    if (reader->at < reader->end && *reader->at == '"')
        return take_string(reader, NULL, NULL);
    return take_word(reader, "true") || take_word(reader, "false") || take_word(reader, "null") || take_number(reader);
}

static bool take_key(struct reader *reader)
{
    return take_string(reader, NULL, NULL) && take(reader, ':');
}

/* The arrays and objects that are open, from outside to inside, by what closes them. */
struct nest {
    char closers[DEPTH_MAX];
    int depth;
};

/* A bracket, and the first key behind it where it opens an object that is not empty. *is_empty: it is closed again, too. */
static bool take_opener(struct reader *reader, struct nest *nest, bool *is_empty)
{
    bool is_object = take(reader, '{');
    if ((!is_object && !take(reader, '[')) || nest->depth == DEPTH_MAX)
        return false;
    char closer = is_object ? '}' : ']';
    *is_empty = take(reader, closer);
    if (*is_empty)
        return true;
    nest->closers[nest->depth++] = closer;
    return !is_object || take_key(reader);
}

bool json_is_value(const char *text, size_t bytes)
{
    struct reader reader = {text, text + bytes};
    struct nest nest = {.depth = 0};
    while (reader.at < reader.end) {
        bool is_whole = true;
        bool is_nest = *reader.at == '{' || *reader.at == '[';
        if (is_nest ? !take_opener(&reader, &nest, &is_whole) : !take_scalar(&reader))
            return false;
        if (!is_whole)
            continue; /* a value follows */
        while (nest.depth > 0 && take(&reader, nest.closers[nest.depth - 1]))
            nest.depth--;
        if (nest.depth == 0)
            return reader.at == reader.end;
        if (!take(&reader, ',') || (nest.closers[nest.depth - 1] == '}' && !take_key(&reader)))
            return false;
    }
    return false;
}

bool json_read_string(const char *text, size_t bytes, uint32_t *codes, size_t *count)
{
    struct reader reader = {text, text + bytes};
    *count = 0;
    return take_string(&reader, codes, count) && reader.at == reader.end;
}
