/* sniff.c: whether a body is a page of HTML, by its Content-Type and its first bytes (WHATWG, MIME Sniffing, 4.2, 5 and 7.1, as far as it matters to who reads pages). */
#include "worker/links/sniff.h"

#include <string.h>
#include <strings.h>

#include "worker/html/html_scan.h"

/* Sixteen bytes at a time: this is done for every page (vector extensions of gcc and clang). */
#define LANES 16
#define BINARY_PART 16 /* one byte in so many: a stray control byte is no image, of whose bytes one in nine is such */
typedef uint8_t lanes __attribute__((vector_size(LANES)));
typedef int8_t lane_flags __attribute__((vector_size(LANES)));

static bool is_type(const char *type, const char *name)
{
    size_t bytes = strlen(name);
    return strncasecmp(type, name, bytes) == 0 && (!type[bytes] || strchr("; \t", type[bytes]));
}

static bool says_nothing(const char *type)
{
    return !type || !*type || is_type(type, "unknown/unknown") || is_type(type, "application/unknown") ||
           is_type(type, "*/*");
}

static bool is_page_type(const char *type)
{
    return is_type(type, "text/html") || is_type(type, "application/xhtml+xml");
}

bool sniff_may_be_page(const char *content_type)
{
    return says_nothing(content_type) || is_page_type(content_type);
}

enum sniff_verdict sniff_begin(struct sniff *sniff, const char *content_type)
{
    *sniff = (struct sniff){.tag = TAG_NOT_NEEDED};
    if (says_nothing(content_type))
        sniff->tag = TAG_AFTER_BLANKS;
    else if (!is_page_type(content_type))
        sniff->verdict = SNIFF_OTHER;
    else if (strcasestr(content_type, "utf-16")) /* every other byte may be zero */
        sniff->verdict = SNIFF_PAGE;
    return sniff->verdict;
}

/* Bytes that no text has: all below 0x20 but TAB, LF, FF, CR and ESC (which ISO-2022 has). */
static lane_flags binary_in(const unsigned char *at)
{
    lanes bytes;
    memcpy(&bytes, at, sizeof bytes);
    lane_flags text = (bytes == '\t') | (bytes == '\n') | (bytes == '\f') | (bytes == '\r') | (bytes == 0x1b);
    return (bytes < 0x20) & ~text;
}

static uint32_t count_binary(const unsigned char *at, size_t count)
{
    unsigned char rest[LANES];
    lane_flags found = {0}; /* less one for each: SNIFF_BYTES_MAX / LANES of them at most */
    uint32_t sum = 0;
    for (; count >= LANES; at += LANES, count -= LANES)
        found += binary_in(at);
    if (count) {
        memset(rest, ' ', sizeof rest);
        memcpy(rest, at, count);
        found += binary_in(rest);
    }
    for (int i = 0; i < LANES; i++)
        sum += (uint32_t)-found[i];
    return sum;
}
_Static_assert(SNIFF_BYTES_MAX / LANES < INT8_MAX, "a lane counts them all");

/* UTF-16 with its mark: told by the second byte. */
static bool has_mark(struct sniff *sniff, const unsigned char *at, size_t count)
{
    if (sniff->seen > 1)
        return false;
    if (sniff->seen == 0)
        sniff->first = at[0];
    if (sniff->seen + count < 2)
        return false;
    unsigned char second = at[1 - sniff->seen];
    return (sniff->first == 0xfe && second == 0xff) || (sniff->first == 0xff && second == 0xfe);
}

/* Blanks, then a tag, a comment or a doctype. False: something else. */
static bool look_for_tag(struct sniff *sniff, const unsigned char *at, size_t count)
{
    size_t i = 0;
    while (sniff->tag == TAG_AFTER_BLANKS && i < count) {
        char byte = (char)at[i++];
        if (byte == '<')
            sniff->tag = TAG_HAS_BEGUN;
        else if (!html_is_space(byte))
            return false;
    }
    if (sniff->tag != TAG_HAS_BEGUN || i == count)
        return true;
    sniff->tag = TAG_WAS_SEEN;
    return html_is_letter((char)at[i]) || at[i] == '!';
}

enum sniff_verdict sniff_take(struct sniff *sniff, const char *bytes, size_t count)
{
    const unsigned char *at = (const unsigned char *)bytes;
    if (sniff->verdict != SNIFF_OPEN || !count)
        return sniff->verdict;
    size_t looked = count < SNIFF_BYTES_MAX - sniff->seen ? count : SNIFF_BYTES_MAX - sniff->seen;
    bool needs_tag = sniff->tag != TAG_NOT_NEEDED;
    if (has_mark(sniff, at, looked))
        sniff->verdict = needs_tag ? SNIFF_OTHER : SNIFF_PAGE;
    else if (needs_tag && !look_for_tag(sniff, at, looked))
        sniff->verdict = SNIFF_OTHER;
    sniff->binary += count_binary(at, looked);
    sniff->seen += (uint32_t)looked;
    if (sniff->verdict == SNIFF_OPEN && needs_tag && sniff->binary)
        sniff->verdict = SNIFF_OTHER;
    if (sniff->verdict == SNIFF_OPEN && sniff->seen == SNIFF_BYTES_MAX)
        sniff_end(sniff);
    return sniff->verdict;
}

enum sniff_verdict sniff_end(struct sniff *sniff)
{
    bool has_begun = sniff->tag == TAG_NOT_NEEDED || sniff->tag == TAG_WAS_SEEN;
    bool is_binary = sniff->binary > sniff->seen / BINARY_PART;
    if (sniff->verdict == SNIFF_OPEN)
        sniff->verdict = has_begun && !is_binary ? SNIFF_PAGE : SNIFF_OTHER;
    return sniff->verdict;
}
