/* What sinks show of a crawl: coordinator/output/outlinks.c, and the crawl's part of sink_text.c, sink_jsonl.c, sink_files.c
 * and sink_tally.c. */
#include <check.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "coordinator/output/outlinks.h"
#include "coordinator/output/sinks.h"
#include "coordinator/output/tally.h"

static unsigned char block[65536] __attribute__((aligned(8)));
static struct page page;
static struct fetch_result result;
static struct crawl_note note;
static char shown[1 << 16];

static struct url_text text_of(const char *string)
{
    return (struct url_text){string, strlen(string)};
}

static struct page_link link_of(enum link_kind kind, unsigned rel, const char *url, const char *text)
{
    return (struct page_link){.kind = kind, .rel = rel, .url = text_of(url), .text = text_of(text), .at = UINT64_MAX};
}

/* The page of all tests: three links and a base element. */
static void set_up(void)
{
    struct page_writer writer = {0};
    const struct page facts = {.title = text_of("A \"title\""), .flags = PAGE_IS_HTML};
    const struct page_link links[] = {
        link_of(LINK_BASE, 0, "http://h/base/", ""),
        link_of(LINK_PAGE, 0, "http://h/a", "to a"),
        link_of(LINK_ASSET, 0, "http://h/s.css", ""),
        link_of(LINK_PAGE, LINK_NOFOLLOW | LINK_UGC, "http://other/", "\x1b[31m"),
    };
    page_writer_begin(&writer, sizeof block);
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        ck_assert(page_writer_add(&writer, &links[i]));
    ck_assert_uint_le(page_writer_bytes(&writer, &facts), sizeof block);
    page_writer_store(&writer, &facts, block);
    size_t bytes = page_writer_bytes(&writer, &facts);
    page_writer_free(&writer);
    ck_assert(page_read(&page, block, bytes));

    result = (struct fetch_result){.error = FETCH_OK,
                                   .detail = "",
                                   .attempts = 1,
                                   .http_status = 200,
                                   .http_version = 11,
                                   .url = "http://h/",
                                   .effective_url = "http://h/",
                                   .content_type = "text/html",
                                   .remote_ip = "192.0.2.7",
                                   .body = (const unsigned char *)"hello",
                                   .body_bytes = 5,
                                   .retry_after_s = -1,
                                   .time = {-1, -1, -1, -1, -1, -1}};
    note = (struct crawl_note){.reason = REASON_LINK,
                               .depth = 2,
                               .links = 3,
                               .referrer = text_of("http://h/from"),
                               .title = page.title,
                               .page = &page,
                               .page_block = block};
}

/* A URL that was seen and not fetched. */
static void set_skipped(enum crawl_reason reason, const char *rule)
{
    result = (struct fetch_result){.error = FETCH_OK, .detail = "", .retry_after_s = -1};
    note = (struct crawl_note){.reason = reason, .rule = text_of(rule), .depth = 1, .referrer = text_of("http://h/")};
}

static struct outcome the_outcome(void)
{
    return (struct outcome){
        .url = "http://h/", .url_bytes = 9, .attempts = result.attempts, .result = &result, .crawl = &note};
}

/* "out|err" */
static const char *as_text(unsigned show)
{
    struct writer out, err;
    struct sink *sink;
    struct outcome outcome = the_outcome();
    size_t bytes;
    writer_open_memory(&out);
    writer_open_memory(&err);
    ck_assert_int_eq(sink_text_open(&sink, &out, &err, show), STATUS_OK);
    ck_assert_int_eq(sink->ops->write(sink, &outcome), STATUS_OK);
    int used = snprintf(shown, sizeof shown, "%s|", writer_text(&out, &bytes));
    snprintf(shown + used, sizeof shown - (size_t)used, "%s", writer_text(&err, &bytes));
    sink->ops->close(sink);
    writer_close(&out);
    writer_close(&err);
    return shown;
}

/* What jsonl shows behind sha256. */
static const char *as_jsonl(unsigned show)
{
    struct writer out;
    struct sink *sink;
    struct outcome outcome = the_outcome();
    size_t bytes;
    writer_open_memory(&out);
    ck_assert_int_eq(sink_jsonl_open(&sink, &out, show), STATUS_OK);
    ck_assert_int_eq(sink->ops->write(sink, &outcome), STATUS_OK);
    snprintf(shown, sizeof shown, "%s", writer_text(&out, &bytes));
    sink->ops->close(sink);
    writer_close(&out);
    const char *behind = strstr(shown, ",\"sha256\":null");
    return behind == NULL ? shown : behind + strlen(",\"sha256\":null");
}

/* ---- outlinks ---- */

START_TEST(links_are_read_from_the_first_on_whoever_read_them_before)
{
    struct page_link read;
    struct outlinks outlinks;
    struct outlink link;
    while (page_next_link(&page, &read))
        continue;
    for (int round = 0; round < 2; round++) {
        int count = 0;
        ck_assert(outlinks_begin(&outlinks, &note));
        while (outlinks_next(&outlinks, &link))
            count++;
        ck_assert_int_eq(count, 3); /* not the base element */
        ck_assert_uint_eq(link.url_bytes, strlen("http://other/"));
        ck_assert_int_eq(memcmp(link.url, "http://other/", link.url_bytes), 0);
        ck_assert(link.nofollow && link.kind == LINK_PAGE);
    }
}
END_TEST

START_TEST(a_note_without_a_page_has_no_links)
{
    struct outlinks outlinks;
    note.page = NULL;
    ck_assert(!outlinks_begin(&outlinks, &note));
}
END_TEST

/* What a worker that went mad left in the block: the coordinator says less, and nothing worse happens. */
START_TEST(a_spoilt_block_ends_the_links_early)
{
    struct outlinks outlinks;
    struct outlink link;
    for (size_t at = sizeof(struct page_shm); at < 400; at++) {
        unsigned char kept = block[at];
        for (int value = 0; value < 256; value += 51) {
            int count = 0;
            block[at] = (unsigned char)value;
            ck_assert(outlinks_begin(&outlinks, &note));
            while (outlinks_next(&outlinks, &link)) {
                count++;
                ck_assert_uint_le(link.url_bytes, sizeof link.url);
                ck_assert_uint_le(link.text_bytes, sizeof link.text);
            }
            ck_assert_int_le(count, 4);
            as_jsonl(SINK_LINKS);
        }
        block[at] = kept;
    }
}
END_TEST

/* ---- text ---- */

START_TEST(text_says_of_a_page_what_it_says_of_any)
{
    ck_assert_str_eq(as_text(0), "Read 5 from http://h/\n|");
    ck_assert_str_eq(as_text(SINK_QUIET), "|");
    note.redirect_to = text_of("http://h/x");
    result.body_bytes = 0;
    ck_assert_str_eq(as_text(0), "Read 0 from http://h/\n|");
}
END_TEST

START_TEST(text_puts_the_links_behind_their_page)
{
    ck_assert_str_eq(as_text(SINK_LINKS), "Read 5 from http://h/\n"
                                          "  -> page http://h/a\n"
                                          "  -> asset http://h/s.css\n"
                                          "  -> page,nofollow http://other/\n|");
    ck_assert_str_eq(as_text(SINK_LINKS | SINK_QUIET), "|");
    note.page = NULL;
    ck_assert_str_eq(as_text(SINK_LINKS), "Read 5 from http://h/\n|");
}
END_TEST

START_TEST(text_says_nothing_of_what_was_skipped_but_a_seed_that_failed)
{
    set_skipped(REASON_ROBOTS, "robots.txt line 3: Disallow: /");
    ck_assert_str_eq(as_text(0), "|");
    ck_assert_str_eq(as_text(SINK_LINKS), "|");
    result.error = FETCH_BLOCKED_ROBOTS;
    result.detail = "robots.txt line 3: Disallow: /";
    ck_assert_str_eq(as_text(0), "|Failed http://h/: blocked-robots: robots.txt line 3: Disallow: /\n");
}
END_TEST

/* ---- jsonl ---- */

START_TEST(jsonl_says_why_and_how_deep)
{
    ck_assert_str_eq(as_jsonl(0),
                     ",\"depth\":2,\"referrer\":\"http://h/from\",\"links\":3,\"title\":\"A \\\"title\\\"\","
                     "\"reason\":\"link\",\"rule\":null,\"canonical\":null,\"redirect_to\":null,"
                     "\"duplicate_of\":null,\"skipped\":false}\n");
    note.canonical = text_of("http://h/proper");
    note.redirect_to = text_of("http://user:secret@h/x");
    note.duplicate_of = text_of("http://h/first");
    note.referrer = text_of("");
    note.title = text_of("\xff\n");
    note.reason = REASON_SEED;
    ck_assert_str_eq(as_jsonl(0),
                     ",\"depth\":2,\"referrer\":null,\"links\":3,\"title\":\"\\u00ff\\n\",\"reason\":\"seed\","
                     "\"rule\":null,\"canonical\":\"http://h/proper\",\"redirect_to\":\"http://h/x\","
                     "\"duplicate_of\":\"http://h/first\",\"skipped\":false}\n");
}
END_TEST

START_TEST(jsonl_has_an_object_for_what_was_skipped)
{
    set_skipped(REASON_ROBOTS, "robots.txt line 3: Disallow: /\x1b");
    ck_assert_str_eq(as_jsonl(0), ",\"depth\":1,\"referrer\":\"http://h/\",\"links\":null,\"title\":null,"
                                  "\"reason\":\"robots\",\"rule\":\"robots.txt line 3: Disallow: /\\u001b\","
                                  "\"canonical\":null,\"redirect_to\":null,\"duplicate_of\":null,\"skipped\":true}\n");
    ck_assert_ptr_nonnull(strstr(as_jsonl(SINK_LINKS), "\"skipped\":true,\"outlinks\":null}"));
    ck_assert_ptr_nonnull(
        strstr(shown, "{\"url\":\"http://h/\",\"effective_url\":null,\"status\":null,\"error\":null,"));
    ck_assert_str_eq(as_jsonl(SINK_QUIET), "");
}
END_TEST

START_TEST(jsonl_calls_a_seed_that_failed_no_skip)
{
    set_skipped(REASON_ROBOTS, "robots.txt");
    result.error = FETCH_BLOCKED_ROBOTS;
    ck_assert_ptr_nonnull(strstr(as_jsonl(SINK_QUIET), "\"skipped\":false}"));
    ck_assert_ptr_nonnull(strstr(shown, "\"error\":\"blocked-robots\""));
}
END_TEST

START_TEST(jsonl_lists_the_links_when_asked)
{
    ck_assert_ptr_nonnull(
        strstr(as_jsonl(SINK_LINKS),
               ",\"skipped\":false,\"outlinks\":["
               "{\"url\":\"http://h/a\",\"kind\":\"page\",\"nofollow\":false,\"text\":\"to a\"},"
               "{\"url\":\"http://h/s.css\",\"kind\":\"asset\",\"nofollow\":false,\"text\":null},"
               "{\"url\":\"http://other/\",\"kind\":\"page\",\"nofollow\":true,\"text\":\"\\u001b[31m\"}]}\n"));
    result.insecure = true;
    ck_assert_ptr_nonnull(strstr(as_jsonl(SINK_LINKS), "}],\"insecure\":true}\n"));
    ck_assert_ptr_null(strstr(as_jsonl(0), "outlinks"));
}
END_TEST

START_TEST(jsonl_cuts_a_note_that_is_longer_than_any_url)
{
    static char rule[3 * URL_BYTES_MAX];
    memset(rule, 'r', sizeof rule);
    note.rule = (struct url_text){rule, sizeof rule};
    const char *at = strstr(as_jsonl(0), "\"rule\":\"");
    ck_assert_ptr_nonnull(at);
    ck_assert_uint_eq(strspn(at + 8, "r"), URL_BYTES_MAX);
}
END_TEST

START_TEST(a_list_has_none_of_this)
{
    struct writer out;
    struct sink *sink;
    struct outcome outcome = the_outcome();
    size_t bytes;
    outcome.crawl = NULL;
    writer_open_memory(&out);
    sink_jsonl_open(&sink, &out, SINK_LINKS);
    ck_assert_int_eq(sink->ops->write(sink, &outcome), STATUS_OK);
    const char *text = writer_text(&out, &bytes);
    ck_assert_ptr_nonnull(strstr(text, ",\"sha256\":null}\n"));
    sink->ops->close(sink);
    writer_close(&out);
}
END_TEST

/* ---- files and tallies ---- */

static int remove_entry(const char *path, const struct stat *stat_of_path, int type, struct FTW *walk)
{
    (void)stat_of_path, (void)type, (void)walk;
    return remove(path);
}

/* Whether a body was saved for the outcome. */
static bool is_saved(void)
{
    char directory[] = "/tmp/check_sinks_crawl.XXXXXX", path[128], why[256];
    struct sink *sink;
    struct outcome outcome = the_outcome();
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_int_eq(sink_files_open(&sink, directory, why, sizeof why), STATUS_OK);
    ck_assert_int_eq(sink->ops->write(sink, &outcome), STATUS_OK);
    sink->ops->close(sink);
    snprintf(path, sizeof path, "%s/h+80/index.html", directory);
    bool found = access(path, F_OK) == 0;
    nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return found;
}

START_TEST(only_what_was_fetched_and_leads_nowhere_else_is_saved)
{
    ck_assert(is_saved());
    note.duplicate_of = text_of("http://h/first"); /* a copy of the site has it under both names */
    ck_assert(is_saved());
    note.redirect_to = text_of("http://h/x");
    ck_assert(!is_saved());
    set_skipped(REASON_SCOPE, "");
    ck_assert(!is_saved());
}
END_TEST

START_TEST(a_tally_does_not_count_what_was_skipped)
{
    struct sink *sink;
    char why[256];
    int fd = memfd_create("tally", 0);
    ck_assert_int_eq(ftruncate(fd, sizeof(struct tally_shm)), 0);
    ck_assert_int_eq(sink_tally_open(&sink, fd, why, sizeof why), STATUS_OK);
    struct outcome outcome = the_outcome();
    ck_assert_int_eq(sink->ops->write(sink, &outcome), STATUS_OK);
    set_skipped(REASON_SCOPE, "");
    outcome = the_outcome();
    ck_assert_int_eq(sink->ops->write(sink, &outcome), STATUS_OK);
    sink->ops->close(sink);
    struct tally_shm tally;
    ck_assert_int_eq(pread(fd, &tally, sizeof tally, 0), sizeof tally);
    ck_assert_uint_eq(tally.by_error[FETCH_OK], 1);
    close(fd);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sinks_crawl");
    TCase *tests = tcase_create("sinks_crawl");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, links_are_read_from_the_first_on_whoever_read_them_before);
    tcase_add_test(tests, a_note_without_a_page_has_no_links);
    tcase_add_test(tests, a_spoilt_block_ends_the_links_early);
    tcase_add_test(tests, text_says_of_a_page_what_it_says_of_any);
    tcase_add_test(tests, text_puts_the_links_behind_their_page);
    tcase_add_test(tests, text_says_nothing_of_what_was_skipped_but_a_seed_that_failed);
    tcase_add_test(tests, jsonl_says_why_and_how_deep);
    tcase_add_test(tests, jsonl_has_an_object_for_what_was_skipped);
    tcase_add_test(tests, jsonl_calls_a_seed_that_failed_no_skip);
    tcase_add_test(tests, jsonl_lists_the_links_when_asked);
    tcase_add_test(tests, jsonl_cuts_a_note_that_is_longer_than_any_url);
    tcase_add_test(tests, a_list_has_none_of_this);
    tcase_add_test(tests, only_what_was_fetched_and_leads_nowhere_else_is_saved);
    tcase_add_test(tests, a_tally_does_not_count_what_was_skipped);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
