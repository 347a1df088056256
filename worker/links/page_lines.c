/* page_lines.c: the header lines of an answer that say something about its page, kept as they came until the page is complete. */
#include "worker/links/page_lines.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    enum page_line kind;
} NAMES[] = {
    {"link", PAGE_LINE_LINK},
    {"refresh", PAGE_LINE_REFRESH},
    {"x-robots-tag", PAGE_LINE_ROBOTS},
};

void page_lines_begin(struct page_lines *lines)
{
    lines->used = 0;
    lines->may_go_on = false;
    lines->location_bytes = 0;
}

void page_lines_free(struct page_lines *lines)
{
    free(lines->bytes);
    *lines = (struct page_lines){0};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct url_text trim(const char *from, const char *to)
{
    while (from < to && is_blank(*from))
        from++;
    while (to > from && (is_blank(to[-1]) || to[-1] == '\r' || to[-1] == '\n'))
        to--;
    return (struct url_text){from, (size_t)(to - from)};
}

static bool is_named(const char *line, size_t bytes, const char *name)
{
    size_t name_bytes = strlen(name);
    return bytes > name_bytes && line[name_bytes] == ':' && strncasecmp(line, name, name_bytes) == 0;
}

static bool make_room(struct page_lines *lines, size_t bytes)
{
    if (bytes <= lines->capacity - lines->used)
        return true;
    size_t capacity = lines->capacity ? lines->capacity : 512;
    while (capacity - lines->used < bytes)
        capacity *= 2;
    char *more = realloc(lines->bytes, capacity);
    if (!more)
        return false;
    lines->bytes = more;
    lines->capacity = capacity;
    return true;
}

static bool add(struct page_lines *lines, enum page_line kind, struct url_text value)
{
    if (value.bytes + 2 > PAGE_LINES_BYTES_MAX - lines->used)
        return true;
    if (!make_room(lines, value.bytes + 2))
        return false;
    char *at = lines->bytes + lines->used;
    *at++ = (char)kind;
    at = mempcpy(at, value.at, value.bytes);
    *at = '\0';
    lines->used += value.bytes + 2;
    lines->may_go_on = true;
    return true;
}

static bool go_on(struct page_lines *lines, struct url_text value)
{
    if (!lines->may_go_on || value.bytes + 1 > PAGE_LINES_BYTES_MAX - lines->used)
        return true;
    if (!make_room(lines, value.bytes + 1))
        return false;
    char *at = lines->bytes + lines->used - 1; /* the NUL */
    *at++ = ' ';
    at = mempcpy(at, value.at, value.bytes);
    *at = '\0';
    lines->used += value.bytes + 1;
    return true;
}

bool page_lines_take(struct page_lines *lines, const char *line, size_t bytes)
{
    if (!bytes)
        return true;
    if (bytes >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        page_lines_begin(lines);
        return true;
    }
    if (is_blank(line[0]))
        return go_on(lines, trim(line, line + bytes));
    lines->may_go_on = false;
    char first = (char)(line[0] | 0x20); /* most lines are none of ours */
    if (first != 'l' && first != 'r' && first != 'x')
        return true;
    if (is_named(line, bytes, "location")) { /* headers.c lets no second one through, and none that is longer */
        struct url_text value = trim(line + strlen("location:"), line + bytes);
        if (value.bytes <= URL_BYTES_MAX) {
            memcpy(lines->location, value.at, value.bytes);
            lines->location[value.bytes] = '\0';
            lines->location_bytes = value.bytes;
        }
        return true;
    }
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (is_named(line, bytes, NAMES[i].name))
            return add(lines, NAMES[i].kind, trim(line + strlen(NAMES[i].name) + 1, line + bytes));
    }
    return true;
}

bool page_lines_next(const struct page_lines *lines, size_t *at, enum page_line *kind, struct url_text *value)
{
    if (*at >= lines->used)
        return false;
    const char *record = lines->bytes + *at;
    *kind = (enum page_line)record[0];
    *value = (struct url_text){record + 1, strlen(record + 1)};
    *at += value->bytes + 2;
    return true;
}
