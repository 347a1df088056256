/* page.c: what a worker found in a page, as it lies in the slot's extent. */
#include "common/page.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define WRITER_BYTES_FIRST 8192u

static const char *const KINDS[] = {
    [LINK_PAGE] = "page",           [LINK_FRAME] = "frame",         [LINK_FORM] = "form",
    [LINK_REFRESH] = "refresh",     [LINK_REDIRECT] = "redirect",   [LINK_ASSET] = "asset",
    [LINK_CANONICAL] = "canonical", [LINK_ALTERNATE] = "alternate", [LINK_NEXT] = "next",
    [LINK_RELATED] = "related",     [LINK_LISTED] = "listed",       [LINK_SITEMAP] = "sitemap",
    [LINK_BASE] = "base",
};
static_assert(sizeof KINDS / sizeof KINDS[0] == LINK_KIND_COUNT, "every kind has a name");

const char *link_kind_name(enum link_kind kind)
{
    return (unsigned)kind < LINK_KIND_COUNT ? KINDS[kind] : "unknown";
}

static size_t aligned(size_t bytes)
{
    return (bytes + 7) & ~(size_t)7;
}

/* ---- reading ---- */

/* The text at *at, of `bytes` and a NUL, if it ends before `end`. */
static bool take_text(const unsigned char **at, const unsigned char *end, size_t bytes, struct url_text *text)
{
    if ((size_t)(end - *at) <= bytes || (*at)[bytes] != '\0')
        return false;
    *text = (struct url_text){(const char *)*at, bytes};
    *at += bytes + 1;
    return true;
}

static const unsigned char *next_record(const unsigned char *base, const unsigned char *at, const unsigned char *end)
{
    size_t offset = aligned((size_t)(at - base));
    return offset < (size_t)(end - base) ? base + offset : end;
}

bool page_read(struct page *page, const void *block, size_t bytes)
{
    struct page_shm head;
    *page = (struct page){0};
    if (bytes < sizeof head)
        return false;
    memcpy(&head, block, sizeof head);
    if (head.bytes > bytes || head.bytes < sizeof head)
        return false;
    const unsigned char *base = block;
    const unsigned char *at = base + sizeof head;
    page->end = base + head.bytes;
    if (!take_text(&at, page->end, head.title_bytes, &page->title) ||
        !take_text(&at, page->end, head.lang_bytes, &page->lang) ||
        !take_text(&at, page->end, head.canonical_bytes, &page->canonical) ||
        !take_text(&at, page->end, head.charset_bytes, &page->charset))
        return false;
    page->hash_low = head.hash_low;
    page->hash_high = head.hash_high;
    page->link_count = page->left = head.link_count;
    page->dropped = head.dropped;
    page->unusable = head.unusable;
    page->robots = head.robots;
    page->flags = head.flags;
    page->next = next_record(base, at, page->end);
    return true;
}

void page_rewind(struct page *page, const void *block)
{
    const unsigned char *base = block;
    const struct url_text *last = &page->charset;
    page->next = next_record(base, (const unsigned char *)last->at + last->bytes + 1, page->end);
    page->left = page->link_count;
}

bool page_next_link(struct page *page, struct page_link *link)
{
    struct page_link_shm record;
    if (!page->left || (size_t)(page->end - page->next) < sizeof record)
        return false;
    memcpy(&record, page->next, sizeof record);
    const unsigned char *at = page->next + sizeof record;
    if (record.kind >= LINK_KIND_COUNT || record.quoting >= QUOTING_COUNT || !record.url_bytes ||
        record.url_bytes > URL_BYTES_MAX || record.text_bytes > LINK_TEXT_BYTES_MAX ||
        !take_text(&at, page->end, record.url_bytes, &link->url) ||
        !take_text(&at, page->end, record.text_bytes, &link->text)) {
        page->left = 0;
        return false;
    }
    link->fingerprint = record.fingerprint;
    link->at = record.at;
    link->raw_bytes = record.raw_bytes;
    link->kind = (enum link_kind)record.kind;
    link->rel = record.rel;
    link->quoting = (enum link_quoting)record.quoting;
    page->left--;
    page->next = next_record(page->next, at, page->end);
    return true;
}

/* ---- writing ---- */

void page_writer_begin(struct page_writer *writer, size_t limit)
{
    writer->used = 0;
    writer->limit = limit;
    writer->link_count = writer->dropped = 0;
}

static bool make_room(struct page_writer *writer, size_t bytes)
{
    if (bytes <= writer->capacity - writer->used)
        return true;
    size_t capacity = writer->capacity ? writer->capacity : WRITER_BYTES_FIRST;
    while (capacity - writer->used < bytes)
        capacity *= 2;
    unsigned char *more = realloc(writer->bytes, capacity);
    if (!more)
        return false;
    writer->bytes = more;
    writer->capacity = capacity;
    return true;
}

bool page_writer_add(struct page_writer *writer, const struct page_link *link)
{
    struct page_link_shm record = {.fingerprint = link->fingerprint,
                                   .at = link->at,
                                   .raw_bytes = link->raw_bytes,
                                   .url_bytes = (uint16_t)link->url.bytes,
                                   .text_bytes = (uint16_t)link->text.bytes,
                                   .kind = (uint8_t)link->kind,
                                   .rel = (uint8_t)link->rel,
                                   .quoting = (uint8_t)link->quoting};
    size_t texts = link->url.bytes + 1 + link->text.bytes + 1;
    size_t bytes = aligned(sizeof record + texts);
    bool fits = writer->link_count < LINKS_STORED_MAX && bytes <= writer->limit - writer->used;
    if (!fits || !make_room(writer, bytes)) {
        writer->dropped++;
        return !fits;
    }
    unsigned char *at = mempcpy(writer->bytes + writer->used, &record, sizeof record);
    at = mempcpy(at, link->url.at, link->url.bytes);
    *at++ = '\0';
    if (link->text.bytes)
        at = mempcpy(at, link->text.at, link->text.bytes);
    memset(at, 0, bytes - sizeof record - texts + 1);
    writer->used += bytes;
    writer->link_count++;
    return true;
}

static size_t head_bytes(const struct page *facts)
{
    return aligned(sizeof(struct page_shm) + facts->title.bytes + facts->lang.bytes + facts->canonical.bytes +
                   facts->charset.bytes + 4);
}

size_t page_writer_bytes(const struct page_writer *writer, const struct page *facts)
{
    return head_bytes(facts) + writer->used;
}

static unsigned char *put_text(unsigned char *at, const struct url_text *text)
{
    if (text->bytes)
        at = mempcpy(at, text->at, text->bytes);
    *at = '\0';
    return at + 1;
}

void page_writer_store(const struct page_writer *writer, const struct page *facts, void *to)
{
    struct page_shm head = {.hash_low = facts->hash_low,
                            .hash_high = facts->hash_high,
                            .bytes = (uint32_t)page_writer_bytes(writer, facts),
                            .link_count = writer->link_count,
                            .dropped = writer->dropped + facts->dropped,
                            .unusable = facts->unusable,
                            .title_bytes = (uint16_t)facts->title.bytes,
                            .lang_bytes = (uint16_t)facts->lang.bytes,
                            .canonical_bytes = (uint16_t)facts->canonical.bytes,
                            .charset_bytes = (uint16_t)facts->charset.bytes,
                            .robots = (uint16_t)facts->robots,
                            .flags = (uint16_t)facts->flags};
    unsigned char *at = mempcpy(to, &head, sizeof head);
    at = put_text(at, &facts->title);
    at = put_text(at, &facts->lang);
    at = put_text(at, &facts->canonical);
    at = put_text(at, &facts->charset);
    unsigned char *links = (unsigned char *)to + head_bytes(facts);
    memset(at, 0, (size_t)(links - at));
    if (writer->used)
        memcpy(links, writer->bytes, writer->used);
}

void page_writer_free(struct page_writer *writer)
{
    free(writer->bytes);
    *writer = (struct page_writer){0};
}
