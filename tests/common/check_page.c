/* A page's block, common/page.c: what was written is read, and what is cut or damaged is never read beyond. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/page.h"

#define ROOMY (1u << 20)

static struct page_writer writer;
static unsigned char *block; /* of exactly block_bytes: the sanitizers see a byte more */
static size_t block_bytes;

static void tear_down(void)
{
    page_writer_free(&writer);
    free(block);
    block = NULL;
}

static struct url_text text_of(const char *text)
{
    return (struct url_text){text, strlen(text)};
}

static struct page_link link_to(const char *url)
{
    return (struct page_link){.at = UINT64_MAX, .kind = LINK_PAGE, .url = text_of(url), .text = text_of("")};
}

static void store(const struct page *facts)
{
    free(block);
    block_bytes = page_writer_bytes(&writer, facts);
    block = aligned_alloc(8, block_bytes);
    ck_assert_ptr_nonnull(block);
    memset(block, 0xa5, block_bytes);
    page_writer_store(&writer, facts, block);
}

static const struct page FACTS = {
    .hash_low = 0x1122334455667788,
    .hash_high = 0x99aabbccddeeff00,
    .dropped = 3,
    .unusable = 2,
    .robots = PAGE_NOINDEX,
    .flags = PAGE_IS_HTML,
    .title = {"A title", 7},
    .lang = {"en", 2},
    .canonical = {"http://example.org/", 19},
    .charset = {"utf-8", 5},
};

static void write_three(void)
{
    const struct page_link links[] = {
        {.fingerprint = 1,
         .at = 77,
         .raw_bytes = 9,
         .kind = LINK_PAGE,
         .rel = LINK_NOFOLLOW | LINK_UGC,
         .quoting = QUOTING_SINGLE,
         .url = {"http://example.org/a", 20},
         .text = {"text of it", 10}},
        {.fingerprint = UINT64_MAX,
         .at = UINT64_MAX,
         .kind = LINK_BASE,
         .quoting = QUOTING_CSS,
         .url = {"http://b/", 9}},
        {.fingerprint = 3,
         .at = 0,
         .kind = LINK_REDIRECT,
         .quoting = QUOTING_NONE,
         .url = {"http://example.org/longer", 25}},
    };
    page_writer_begin(&writer, ROOMY);
    for (size_t i = 0; i < 3; i++)
        ck_assert(page_writer_add(&writer, &links[i]));
    store(&FACTS);
}

static void expect_text(struct url_text text, const char *expected)
{
    ck_assert_uint_eq(text.bytes, strlen(expected));
    ck_assert_str_eq(text.at, expected); /* ended by NUL */
}

static void expect_three(struct page *page)
{
    struct page_link link;
    ck_assert(page_next_link(page, &link));
    ck_assert_uint_eq(link.fingerprint, 1);
    ck_assert_uint_eq(link.at, 77);
    ck_assert_uint_eq(link.raw_bytes, 9);
    ck_assert_int_eq((int)link.kind, LINK_PAGE);
    ck_assert_uint_eq(link.rel, LINK_NOFOLLOW | LINK_UGC);
    ck_assert_int_eq((int)link.quoting, QUOTING_SINGLE);
    expect_text(link.url, "http://example.org/a");
    expect_text(link.text, "text of it");
    ck_assert(page_next_link(page, &link));
    ck_assert_uint_eq(link.fingerprint, UINT64_MAX);
    ck_assert_uint_eq(link.at, UINT64_MAX);
    ck_assert_int_eq((int)link.kind, LINK_BASE);
    ck_assert_int_eq((int)link.quoting, QUOTING_CSS);
    expect_text(link.url, "http://b/");
    expect_text(link.text, "");
    ck_assert(page_next_link(page, &link));
    expect_text(link.url, "http://example.org/longer");
    ck_assert(!page_next_link(page, &link));
    ck_assert(!page_next_link(page, &link));
}

START_TEST(a_page_is_read_as_it_was_written)
{
    struct page page;
    write_three();
    ck_assert(page_read(&page, block, block_bytes));
    ck_assert_uint_eq(page.hash_low, FACTS.hash_low);
    ck_assert_uint_eq(page.hash_high, FACTS.hash_high);
    ck_assert_uint_eq(page.link_count, 3);
    ck_assert_uint_eq(page.dropped, 3);
    ck_assert_uint_eq(page.unusable, 2);
    ck_assert_uint_eq(page.robots, PAGE_NOINDEX);
    ck_assert_uint_eq(page.flags, PAGE_IS_HTML);
    expect_text(page.title, "A title");
    expect_text(page.lang, "en");
    expect_text(page.canonical, "http://example.org/");
    expect_text(page.charset, "utf-8");
    expect_three(&page);
    page_rewind(&page, block);
    expect_three(&page);
}
END_TEST

START_TEST(a_page_without_anything_is_a_page)
{
    struct page page;
    struct page_link link;
    const struct page nothing = {0};
    page_writer_begin(&writer, ROOMY);
    store(&nothing);
    ck_assert(page_read(&page, block, block_bytes));
    ck_assert_uint_eq(page.link_count, 0);
    expect_text(page.title, "");
    ck_assert(!page_next_link(&page, &link));
    page_rewind(&page, block);
    ck_assert(!page_next_link(&page, &link));
}
END_TEST

START_TEST(a_writer_is_used_again)
{
    struct page page;
    write_three();
    unsigned char *before = writer.bytes;
    write_three();
    ck_assert_ptr_eq(writer.bytes, before);
    ck_assert(page_read(&page, block, block_bytes));
    expect_three(&page);
}
END_TEST

/* Every text of every length that may be, its record at a multiple of eight. */
START_TEST(records_are_aligned_whatever_the_lengths)
{
    char url[64] = "http://example.org/";
    struct page page;
    struct page_link link;
    page_writer_begin(&writer, ROOMY);
    for (size_t i = 0; i < 40; i++) {
        url[19 + i] = 'x';
        url[20 + i] = '\0';
        struct page_link one = link_to(url);
        ck_assert(page_writer_add(&writer, &one));
        ck_assert_uint_eq(writer.used % 8, 0);
    }
    for (size_t title = 0; title < 9; title++) {
        struct page facts = {.title = {"123456789", title}};
        store(&facts);
        ck_assert_uint_eq(block_bytes % 8, 0);
        ck_assert(page_read(&page, block, block_bytes));
        for (size_t i = 0; i < 40; i++) {
            ck_assert(page_next_link(&page, &link));
            ck_assert_uint_eq(link.url.bytes, 20 + i);
        }
        ck_assert(!page_next_link(&page, &link));
    }
}
END_TEST

START_TEST(the_longest_url_and_text_fit_and_longer_ones_are_not_read)
{
    static char longest[URL_BYTES_MAX + 1];
    static char words[LINK_TEXT_BYTES_MAX + 1];
    struct page page;
    struct page_link link;
    memset(longest, 'u', URL_BYTES_MAX);
    memset(words, 'w', LINK_TEXT_BYTES_MAX);
    const struct page nothing = {0};
    struct page_link one = {.url = {longest, URL_BYTES_MAX}, .text = {words, LINK_TEXT_BYTES_MAX}};
    page_writer_begin(&writer, ROOMY);
    ck_assert(page_writer_add(&writer, &one));
    store(&nothing);
    ck_assert(page_read(&page, block, block_bytes));
    ck_assert(page_next_link(&page, &link));
    ck_assert_uint_eq(link.url.bytes, URL_BYTES_MAX);
    ck_assert_uint_eq(link.text.bytes, LINK_TEXT_BYTES_MAX);
    struct page_link_shm *record = (struct page_link_shm *)(void *)(block + block_bytes - writer.used);
    record->url_bytes = URL_BYTES_MAX + 1; /* as if the text went on into the next */
    ck_assert(page_read(&page, block, block_bytes));
    ck_assert(!page_next_link(&page, &link));
    record->url_bytes = 0;
    ck_assert(page_read(&page, block, block_bytes));
    ck_assert(!page_next_link(&page, &link));
}
END_TEST

START_TEST(a_block_is_as_long_as_its_limit_and_no_longer)
{
    struct page_link one = link_to("http://example.org/");
    page_writer_begin(&writer, ROOMY);
    ck_assert(page_writer_add(&writer, &one));
    size_t bytes = writer.used;
    page_writer_begin(&writer, 10 * bytes);
    for (int i = 0; i < 11; i++)
        ck_assert(page_writer_add(&writer, &one));
    ck_assert_uint_eq(writer.link_count, 10);
    ck_assert_uint_eq(writer.dropped, 1);
    page_writer_begin(&writer, 10 * bytes - 1);
    for (int i = 0; i < 11; i++)
        ck_assert(page_writer_add(&writer, &one));
    ck_assert_uint_eq(writer.link_count, 9);
    ck_assert_uint_eq(writer.dropped, 2);
    struct page page;
    struct page facts = {.dropped = 5};
    store(&facts);
    ck_assert(page_read(&page, block, block_bytes));
    ck_assert_uint_eq(page.link_count, 9);
    ck_assert_uint_eq(page.dropped, 7);
}
END_TEST

START_TEST(links_beyond_the_limit_are_dropped_and_counted)
{
    struct page_link one = link_to("http://e/");
    page_writer_begin(&writer, 64u << 20);
    for (uint32_t i = 0; i < LINKS_STORED_MAX + 1; i++)
        ck_assert(page_writer_add(&writer, &one));
    ck_assert_uint_eq(writer.link_count, LINKS_STORED_MAX);
    ck_assert_uint_eq(writer.dropped, 1);
}
END_TEST

/* Reads all there is to read, and every byte of every text. */
static void read_all(const void *at, size_t bytes)
{
    struct page page;
    struct page_link link;
    if (!page_read(&page, at, bytes))
        return;
    size_t sum = strlen(page.title.at) + strlen(page.lang.at) + strlen(page.canonical.at) + strlen(page.charset.at);
    uint32_t count = 0;
    while (page_next_link(&page, &link)) {
        sum += strlen(link.url.at) + strlen(link.text.at);
        ck_assert_uint_lt((unsigned)link.kind, LINK_KIND_COUNT);
        ck_assert_uint_lt((unsigned)link.quoting, QUOTING_COUNT);
        count++;
    }
    ck_assert_uint_le(count, page.link_count);
    ck_assert_uint_le(sum, bytes);
}

START_TEST(a_block_that_is_cut_is_no_page)
{
    struct page page;
    write_three();
    for (size_t bytes = 0; bytes < block_bytes; bytes++) {
        unsigned char *cut = malloc(bytes ? bytes : 1);
        memcpy(cut, block, bytes);
        ck_assert(!page_read(&page, cut, bytes));
        free(cut);
    }
}
END_TEST

/* ... and one that says itself to be shorter loses links, no more. */
START_TEST(a_block_that_calls_itself_shorter_is_read_as_far_as_it_says)
{
    struct page page;
    struct page_link link;
    write_three();
    for (uint32_t bytes = 0; bytes < block_bytes; bytes++) {
        unsigned char *cut = aligned_alloc(8, (bytes / 8 + 1) * 8);
        memcpy(cut, block, bytes);
        if (bytes >= sizeof(struct page_shm))
            ((struct page_shm *)(void *)cut)->bytes = bytes;
        uint32_t count = 0;
        if (page_read(&page, cut, bytes))
            while (page_next_link(&page, &link))
                count++;
        ck_assert_uint_le(count, 3);
        ck_assert(bytes >= block_bytes - 8 || count < 3); /* up to seven bytes lie behind the last NUL */
        read_all(cut, bytes);
        free(cut);
    }
}
END_TEST

START_TEST(damage_is_never_read_beyond)
{
    unsigned seed = (unsigned)_i + 1;
    write_three();
    unsigned char *damaged = aligned_alloc(8, block_bytes);
    for (int round = 0; round < 3000; round++) {
        memcpy(damaged, block, block_bytes);
        for (int hits = 1 + rand_r(&seed) % 4; hits > 0; hits--)
            damaged[(size_t)rand_r(&seed) % block_bytes] = (unsigned char)rand_r(&seed);
        read_all(damaged, block_bytes);
    }
    free(damaged);
}
END_TEST

START_TEST(every_kind_has_a_name_of_its_own)
{
    for (int i = 0; i < LINK_KIND_COUNT; i++) {
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(link_kind_name((enum link_kind)i), link_kind_name((enum link_kind)j));
    }
    ck_assert_str_eq(link_kind_name(LINK_KIND_COUNT), "unknown");
}
END_TEST

static Suite *page_suite(void)
{
    Suite *suite = suite_create("page");
    TCase *tests = tcase_create("page");
    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_test(tests, a_page_is_read_as_it_was_written);
    tcase_add_test(tests, a_page_without_anything_is_a_page);
    tcase_add_test(tests, a_writer_is_used_again);
    tcase_add_test(tests, records_are_aligned_whatever_the_lengths);
    tcase_add_test(tests, the_longest_url_and_text_fit_and_longer_ones_are_not_read);
    tcase_add_test(tests, a_block_is_as_long_as_its_limit_and_no_longer);
    tcase_add_test(tests, links_beyond_the_limit_are_dropped_and_counted);
    tcase_add_test(tests, a_block_that_is_cut_is_no_page);
    tcase_add_test(tests, a_block_that_calls_itself_shorter_is_read_as_far_as_it_says);
    tcase_add_loop_test(tests, damage_is_never_read_beyond, 0, 4);
    tcase_add_test(tests, every_kind_has_a_name_of_its_own);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(page_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
