/* link_value.c: what is written in a saved page in place of a link's value. */
#include "coordinator/crawl/mirror/link_value.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXT_FIRST 65536u

void page_text_put(struct page_text *text, const void *bytes, size_t count)
{
    size_t capacity = text->capacity == 0 ? TEXT_FIRST : text->capacity;
    while (capacity - text->used < count)
        capacity *= 2;
    if (capacity != text->capacity && !text->is_short) {
        char *more = realloc(text->bytes, capacity);
        text->is_short = more == NULL;
        if (more != NULL) {
            text->bytes = more;
            text->capacity = capacity;
        }
    }
    if (text->is_short || count == 0)
        return;
    memcpy(text->bytes + text->used, bytes, count);
    text->used += count;
}

void page_text_free(struct page_text *text)
{
    free(text->bytes);
    *text = (struct page_text){0};
}

static void put_string(struct page_text *text, const char *string)
{
    page_text_put(text, string, strlen(string));
}

static void put_percent(struct page_text *text, unsigned char byte)
{
    static const char HEX[] = "0123456789ABCDEF";
    const char encoded[] = {'%', HEX[byte >> 4], HEX[byte & 15]};
    page_text_put(text, encoded, sizeof encoded);
}

static bool is_letter(char byte)
{
    char lower = (char)(byte | 0x20);
    return lower >= 'a' && lower <= 'z';
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* ---- fragments ---- */

/* Whether the '#' at `at` belongs to a character reference of an attribute: "&#38;". */
static bool is_of_reference(const struct link_place *place, size_t at)
{
    if (place->quoting == QUOTING_CSS || at == 0 || place->raw[at - 1] != '&' || at + 1 >= place->raw_bytes)
        return false;
    char next = place->raw[at + 1];
    char after = at + 2 < place->raw_bytes ? (char)(place->raw[at + 2] | 0x20) : '\0';
    return is_digit(next) || ((next | 0x20) == 'x' && (is_digit(after) || (after >= 'a' && after <= 'f')));
}

/* Where the fragment begins; raw_bytes: there is none. */
static size_t fragment_of(const struct link_place *place)
{
    for (size_t at = 0; at < place->raw_bytes; at++) {
        if (place->raw[at] == '#' && !is_of_reference(place, at))
            return at;
    }
    return place->raw_bytes;
}

static void put_fragment(struct page_text *text, const struct link_place *place)
{
    size_t at = fragment_of(place);
    page_text_put(text, place->raw + at, place->raw_bytes - at);
}

/* ---- paths ---- */

static void put_path(struct page_text *text, const char *path)
{
    for (; *path != '\0'; path++) {
        bool is_plain = is_letter(*path) || is_digit(*path) || strchr("-._~+=@/", *path) != NULL;
        if (is_plain)
            page_text_put(text, path, 1);
        else
            put_percent(text, (unsigned char)*path);
    }
}

void link_value_path(struct page_text *text, const struct link_place *place, const char *path)
{
    const char *page = place->page;
    if (strcmp(page, path) == 0 && place->raw_bytes > 0 && place->raw[0] == '#') {
        page_text_put(text, place->raw, place->raw_bytes);
        return;
    }
    size_t common = 0; /* bytes of the directories that both are in */
    for (size_t i = 0; page[i] == path[i] && page[i] != '\0'; i++) {
        if (page[i] == '/')
            common = i + 1;
    }
    page += common;
    path += common;
    for (const char *slash = page; (slash = strchr(slash, '/')) != NULL; slash++)
        put_string(text, "../");
    put_path(text, path);
    put_fragment(text, place);
}

/* ---- URLs ---- */

static bool is_absolute(const struct link_place *place)
{
    const char *at = place->raw;
    size_t left = place->raw_bytes;
    while (left > 0 && is_blank(*at)) {
        at++;
        left--;
    }
    return (left > 7 && strncasecmp(at, "http://", 7) == 0) || (left > 8 && strncasecmp(at, "https://", 8) == 0);
}

/* What must never stand as it is, wherever it stands: in a style element '<' could end it. */
static bool is_encoded(enum link_quoting quoting, char byte)
{
    bool is_angle = byte == '<' || byte == '>';
    return (unsigned char)byte <= 0x20 || (unsigned char)byte >= 0x7f || byte == '`' ||
           (quoting == QUOTING_CSS && is_angle);
}

static void put_escaped(struct page_text *text, enum link_quoting quoting, char byte)
{
    static const char SPECIAL[] = "&\"'<>";
    static const char *const REFERENCES[] = {"&amp;", "&quot;", "&#39;", "&lt;", "&gt;"};
    const char *special = strchr(SPECIAL, byte);
    if (is_encoded(quoting, byte)) {
        put_percent(text, (unsigned char)byte);
    } else if (quoting != QUOTING_CSS && special != NULL) {
        put_string(text, REFERENCES[special - SPECIAL]);
    } else {
        if (quoting == QUOTING_CSS && strchr("\"'()\\", byte) != NULL)
            put_string(text, "\\");
        page_text_put(text, &byte, 1);
    }
}

void link_value_url(struct page_text *text, const struct link_place *place, const struct url_text *url)
{
    if (is_absolute(place)) {
        page_text_put(text, place->raw, place->raw_bytes);
        return;
    }
    for (size_t i = 0; i < url->bytes; i++) {
        if (url->at[i] == ',' && i + 1 == url->bytes)
            put_percent(text, ','); /* which ends a URL in a srcset */
        else
            put_escaped(text, place->quoting, url->at[i]);
    }
    put_fragment(text, place);
}

void link_value_empty(struct page_text *text, const struct link_place *place)
{
    if (place->quoting == QUOTING_NONE)
        put_string(text, "\"\"");
}
