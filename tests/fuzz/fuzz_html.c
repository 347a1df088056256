/* A page: worker/html_*.c, links.c, link_elements.c, link_values.c, link_charset.c. The first byte says what is wanted of
 * it and how it is sent, the second how it is cut: in every cut the links, their places and the facts are those of the whole page. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "worker/links/links.h"

static const char PAGE_URL[] = "http://example.org/d/page.html?q";
static const char *const TYPES[] = {"text/html", "text/html; charset=iso-8859-1", "text/html; charset=utf-16be", ""};

/* What a reading gave, as text, and the page that it was of. */
struct reading {
    const uint8_t *page;
    size_t page_bytes;
    size_t count;
    FILE *out;
};

static void take(void *context, const struct link *link)
{
    struct reading *reading = context;
    fuzz_expect(link->kind < LINK_KIND_COUNT && link->quoting < QUOTING_CSS);
    fuzz_expect(link->url.bytes <= URL_BYTES_MAX && strlen(link->url.at) == link->url.bytes);
    fuzz_expect(strncmp(link->url.at, "http://", 7) == 0 || strncmp(link->url.at, "https://", 8) == 0);
    for (size_t i = 0; i < link->url.bytes; i++)
        fuzz_expect(link->url.at[i] > ' ' && link->url.at[i] < 0x7f && !strchr("<>\"#", link->url.at[i]));
    fuzz_expect(link->text.bytes <= LINK_TEXT_BYTES_MAX);
    if (link->at != UINT64_MAX) {
        fuzz_expect(link->at + link->raw_bytes <= reading->page_bytes);
        const uint8_t *raw = reading->page + link->at;
        fuzz_expect(link->quoting != QUOTING_DOUBLE || !memchr(raw, '"', link->raw_bytes));
        fuzz_expect(link->quoting != QUOTING_SINGLE || !memchr(raw, '\'', link->raw_bytes));
        fuzz_expect(link->quoting != QUOTING_NONE || !memchr(raw, '>', link->raw_bytes));
    }
    fprintf(reading->out, "%d %u %s %d:%.*s %llu %u %d\n", (int)link->kind, link->rel, link->url.at,
            (int)link->text.bytes, (int)link->text.bytes, link->text.at, (unsigned long long)link->at, link->raw_bytes,
            (int)link->quoting);
    reading->count++;
}

static void take_style(void *context, const char *piece, size_t bytes, uint64_t at, bool is_end)
{
    struct reading *reading = context;
    fuzz_expect(!is_end || bytes == 0);
    if (at != UINT64_MAX)
        fuzz_expect(at + bytes <= reading->page_bytes && memcmp(reading->page + at, piece, bytes) == 0);
    fwrite(piece, 1, bytes, reading->out);
    if (is_end)
        fputs("\n/style\n", reading->out);
}

static void put_facts(struct reading *reading, const struct links *links)
{
    const struct page_facts *facts = links_facts(links);
    struct links_counts counts = links_counts(links);
    fprintf(reading->out, "%s\n%s\n%s\n%s\n%s\n%u %d %llu %u %u %u %u\n", facts->title, facts->lang, facts->charset,
            facts->canonical, facts->base, facts->robots, facts->has_positions, (unsigned long long)counts.page_bytes,
            counts.found, counts.dropped, counts.unusable, counts.tokens_dropped);
    fuzz_expect(strlen(facts->title) <= PAGE_TITLE_BYTES_MAX);
    fuzz_expect(counts.page_bytes == reading->page_bytes && counts.found <= LINKS_PER_PAGE_MAX);
    fuzz_expect(reading->count - counts.found <= 1); /* a base */
}

/* Reads the page in pieces of 1 to step bytes, 0: at once. free() what it gives. */
static char *read_page(const uint8_t *page, size_t bytes, uint8_t wishes, uint8_t step, size_t *text_bytes)
{
    const struct links_sink sink = {
        .link = take, .wants_text = wishes & 1, .wants_base = wishes & 2, .style = wishes & 4 ? take_style : NULL};
    char *text = NULL;
    struct reading reading = {.page = page, .page_bytes = bytes, .out = open_memstream(&text, text_bytes)};
    struct links *links = links_open(&sink, &reading);
    fuzz_expect(reading.out && links);
    fuzz_expect(links_begin(links, PAGE_URL, sizeof PAGE_URL - 1, TYPES[wishes >> 3 & 3]) == STATUS_OK);
    uint32_t random = step;
    for (size_t at = 0; at < bytes;) {
        random = random * 1664525u + 1013904223u;
        size_t count = step ? (random >> 16) % step + 1 : bytes;
        count = count < bytes - at ? count : bytes - at;
        char *piece = malloc(count); /* of its own, so that reading beyond it is seen */
        fuzz_expect(piece != NULL);
        memcpy(piece, page + at, count);
        fuzz_expect(links_feed(links, piece, count) == STATUS_OK);
        free(piece);
        at += count;
    }
    links_end(links);
    put_facts(&reading, links);
    links_close(links);
    fclose(reading.out);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool has_locale;
    if (!has_locale)
        has_locale = setlocale(LC_CTYPE, "C.UTF-8") != NULL;
    struct fuzz_bytes bytes = {data, size};
    uint8_t wishes = fuzz_u8(&bytes);
    uint8_t step = fuzz_u8(&bytes);
    const uint8_t cuts[] = {1, (uint8_t)(step | 1)};
    size_t whole_bytes;
    char *whole = read_page(bytes.at, bytes.left, wishes, 0, &whole_bytes);
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        size_t cut_bytes;
        char *cut = read_page(bytes.at, bytes.left, wishes, cuts[i], &cut_bytes);
        fuzz_expect(cut_bytes == whole_bytes && memcmp(cut, whole, whole_bytes) == 0);
        free(cut);
    }
    free(whole);
    return 0;
}
