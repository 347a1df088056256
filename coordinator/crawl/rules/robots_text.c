/* robots_text.c: a robots.txt as lines, and lines as records (RFC 9309, 2.2). */
#include "coordinator/crawl/rules/robots_text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct url_text trim(const char *from, const char *to)
{
    while (from < to && is_blank(*from)) {
        from++;
    }
    while (from < to && is_blank(to[-1])) {
        to--;
    }
    return (struct url_text){from, (size_t)(to - from)};
}

static enum robots_key key_of(struct url_text name)
{
    static const struct {
        const char *name;
        enum robots_key key;
    } KEYS[] = {
        {"disallow", ROBOTS_DISALLOW},       {"allow", ROBOTS_ALLOW},     {"user-agent", ROBOTS_USER_AGENT},
        {"crawl-delay", ROBOTS_CRAWL_DELAY}, {"sitemap", ROBOTS_SITEMAP},
    };
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        if (strlen(KEYS[i].name) == name.bytes && strncasecmp(KEYS[i].name, name.at, name.bytes) == 0) {
            return KEYS[i].key;
        }
    }
    for (size_t i = 0; i < name.bytes; i++) {
        char c = name.at[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && c != '-' && c != '_' && !is_blank(c)) {
            return ROBOTS_BAD;
        }
    }
    return name.bytes > 0 ? ROBOTS_OTHER : ROBOTS_BAD;
}

/* Reads what lies between two line ends. False: nothing does. */
static bool read_line(const char *from, const char *to, struct robots_record *record)
{
    const char *comment = memchr(from, '#', (size_t)(to - from));
    record->record = trim(from, comment != NULL ? comment : to);
    if (record->record.bytes == 0) {
        return false;
    }
    from = record->record.at;
    to = from + record->record.bytes;
    const char *colon = memchr(from, ':', record->record.bytes);
    if (colon == NULL || memchr(from, '\0', record->record.bytes) != NULL) {
        record->key = ROBOTS_BAD;
        return true;
    }
    record->key = key_of(trim(from, colon));
    record->value = trim(colon + 1, to);
    return true;
}

static const char *find_line_end(const char *from, const char *to)
{
    const char *lf = memchr(from, '\n', (size_t)(to - from));
    const char *cr = memchr(from, '\r', (size_t)((lf != NULL ? lf : to) - from));
    return cr != NULL ? cr : lf;
}

bool robots_text_next(struct robots_text *text, struct robots_record *record)
{
    while (text->at < text->end) {
        const char *from = text->at;
        const char *to = find_line_end(from, text->end);
        if (to == NULL) {
            text->at = text->end;
            if (text->is_cut) {
                return false;
            }
            to = text->end;
        } else {
            text->at = to + 1 < text->end && to[0] == '\r' && to[1] == '\n' ? to + 2 : to + 1;
        }
        record->line = ++text->line;
        if (read_line(from, to, record)) {
            return true;
        }
    }
    return false;
}

size_t robots_text_mark(const char *text, size_t bytes)
{
    return bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

bool robots_text_is_utf16(const char *text, size_t bytes)
{
    return bytes >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0);
}

static char *put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3f));
    } else {
        if (code < 0x10000) {
            *out++ = (char)(0xe0 | code >> 12);
        } else {
            *out++ = (char)(0xf0 | code >> 18);
            *out++ = (char)(0x80 | (code >> 12 & 0x3f));
        }
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    }
    return out;
}

char *robots_text_from_utf16(const char *text, size_t bytes, size_t *utf8_bytes)
{
    const unsigned char *from = (const unsigned char *)text;
    size_t low = from[0] == 0xff ? 0 : 1; /* where the low byte of a unit lies */
    size_t units = bytes / 2;
    char *utf8 = malloc(units * 3);
    if (utf8 == NULL) {
        return NULL;
    }
    char *out = utf8;
    for (size_t i = 1; i < units; i++) {
        uint32_t code = from[2 * i + low] | (uint32_t)from[2 * i + 1 - low] << 8;
        if (code >= 0xd800 && code < 0xe000) {
            uint32_t next = i + 1 < units ? from[2 * i + 2 + low] | (uint32_t)from[2 * i + 3 - low] << 8 : 0;
            if (code < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
                code = 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00);
                i++;
            } else {
                code = 0xfffd;
            }
        }
        out = put_utf8(out, code);
    }
    *utf8_bytes = (size_t)(out - utf8);
    return utf8;
}
