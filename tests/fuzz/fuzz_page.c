/* A page's block, common/page.c, as a hostile worker may leave it: the input is the block. Nothing is read beyond it;
 * and what was read, written again, reads as the same. */
#include <stdlib.h>
#include <string.h>

#include "common/page.h"
#include "tests/fuzz/fuzz.h"

#define LIMIT (4u << 20)

static void expect_text(const uint8_t *block, size_t bytes, const struct url_text *text)
{
    const uint8_t *at = (const uint8_t *)text->at;
    fuzz_expect(at >= block && at < block + bytes && text->bytes < (size_t)(block + bytes - at));
    fuzz_expect(text->at[text->bytes] == '\0');
}

static bool is_same(const struct url_text *one, const struct url_text *other)
{
    return one->bytes == other->bytes && memcmp(one->at, other->at, one->bytes) == 0;
}

static void expect_same_links(struct page *page, struct page *again)
{
    struct page_link one;
    struct page_link other;
    while (page_next_link(page, &one)) {
        fuzz_expect(page_next_link(again, &other));
        fuzz_expect(is_same(&one.url, &other.url) && is_same(&one.text, &other.text));
        fuzz_expect(one.fingerprint == other.fingerprint && one.at == other.at && one.raw_bytes == other.raw_bytes);
        fuzz_expect(one.kind == other.kind && one.rel == other.rel && one.quoting == other.quoting);
    }
    fuzz_expect(!page_next_link(again, &other) && again->left == 0);
}

/* Reads every link; returns how many, each written to the writer. */
static uint32_t read_links(struct page *page, const uint8_t *block, size_t bytes, struct page_writer *writer)
{
    struct page_link link;
    uint32_t count = 0;
    while (page_next_link(page, &link)) {
        fuzz_expect((unsigned)link.kind < LINK_KIND_COUNT && (unsigned)link.quoting < QUOTING_COUNT);
        fuzz_expect(link.url.bytes && link.url.bytes <= URL_BYTES_MAX && link.text.bytes <= LINK_TEXT_BYTES_MAX);
        expect_text(block, bytes, &link.url);
        expect_text(block, bytes, &link.text);
        fuzz_expect(page_writer_add(writer, &link));
        count++;
    }
    fuzz_expect(count <= page->link_count && (count == page->link_count || !page_next_link(page, &link)));
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct page page;
    uint8_t *block = malloc(size ? size : 1);
    fuzz_expect(block != NULL);
    if (size)
        memcpy(block, data, size);
    if (page_read(&page, block, size)) {
        struct page_writer writer = {0};
        page_writer_begin(&writer, LIMIT);
        expect_text(block, size, &page.title);
        expect_text(block, size, &page.lang);
        expect_text(block, size, &page.canonical);
        expect_text(block, size, &page.charset);
        uint32_t count = read_links(&page, block, size, &writer);
        fuzz_expect(writer.dropped == 0 || count > LINKS_STORED_MAX);
        page_rewind(&page, block);
        size_t bytes = page_writer_bytes(&writer, &page);
        void *written = aligned_alloc(8, bytes);
        struct page again;
        fuzz_expect(written != NULL && bytes % 8 == 0);
        page_writer_store(&writer, &page, written);
        fuzz_expect(page_read(&again, written, bytes) && again.link_count == writer.link_count);
        fuzz_expect(is_same(&page.title, &again.title) && is_same(&page.canonical, &again.canonical));
        if (count <= LINKS_STORED_MAX)
            expect_same_links(&page, &again);
        page_writer_free(&writer);
        free(written);
    }
    free(block);
    return 0;
}
