/* Mirrors coordinator/crawl/mirror/convert.c, link_value.c, mirror_log.c and mirror.c, and what coordinator/output/save_tree.c does for
 * them: pages and blocks made by hand. */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fingerprint.h"
#include "coordinator/crawl/mirror/convert.h"
#include "coordinator/crawl/mirror/link_value.h"
#include "coordinator/crawl/mirror/mirror.h"

#define SEED 7u
#define LINKS_MAX 64u

static char directory[64];
static struct sink *sink;
static struct convert_counts counts;
static char why[512];

static int remove_entry(const char *path, const struct stat *at, int kind, struct FTW *ftw)
{
    (void)at;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void set_up(void)
{
    strcpy(directory, "/tmp/shoal-convert-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_msg(mirror_open(&sink, directory, SEED, why, sizeof why) == STATUS_OK, "%s", why);
}

static void tear_down(void)
{
    if (sink != NULL)
        sink->ops->close(sink);
    sink = NULL;
    nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- pages ---- */

static struct url_text text_of(const char *string)
{
    return (struct url_text){string, strlen(string)};
}

/* A page as a worker tells of it: each link is the next [raw] in the text, whose brackets are no part of the body. */
struct target {
    const char *url;
    enum link_kind kind;
    enum link_quoting quoting;
};

static unsigned char block[PAGE_BLOCK_BYTES_MAX] __attribute__((aligned(8)));
static char body[1 << 16];
static size_t body_bytes;

static struct page_link link_to(const struct target *target, uint64_t at, size_t raw_bytes)
{
    return (struct page_link){.fingerprint = fingerprint_of(target->url, strlen(target->url), SEED),
                              .at = at,
                              .raw_bytes = (uint32_t)raw_bytes,
                              .kind = target->kind,
                              .quoting = target->quoting,
                              .url = text_of(target->url)};
}

static size_t make_block(const struct page_link *links, size_t count, unsigned flags)
{
    struct page_writer writer = {0};
    const struct page facts = {.flags = flags};
    page_writer_begin(&writer, sizeof block - PAGE_HEAD_BYTES_MAX);
    for (size_t i = 0; i < count; i++)
        ck_assert(page_writer_add(&writer, &links[i]));
    size_t bytes = page_writer_bytes(&writer, &facts);
    page_writer_store(&writer, &facts, block);
    page_writer_free(&writer);
    return bytes;
}

/* Hands the answer to the sink. page: whether the block is its page. */
static void deliver(const char *url, const char *type, size_t block_bytes, const char *redirect_to)
{
    struct page page;
    const struct fetch_result result = {
        .error = FETCH_OK, .content_type = type, .body = (const unsigned char *)body, .body_bytes = body_bytes};
    struct crawl_note note = {.reason = REASON_LINK};
    if (block_bytes > 0) {
        ck_assert(page_read(&page, block, block_bytes));
        note.page = &page;
        note.page_block = block;
    }
    if (redirect_to != NULL)
        note.redirect_to = text_of(redirect_to);
    const struct outcome outcome = {
        .url = url, .url_bytes = strlen(url), .attempts = 1, .result = &result, .crawl = &note};
    ck_assert_msg(sink->ops->write(sink, &outcome) == STATUS_OK, "%s", sink->why);
}

static void save_links(const char *url, const struct page_link *links, size_t count)
{
    deliver(url, "text/html", make_block(links, count, PAGE_IS_HTML | PAGE_HAS_POSITIONS), NULL);
}

static void save_page(const char *url, const char *text, const struct target *targets)
{
    struct page_link links[LINKS_MAX];
    size_t count = 0, begins = 0;
    bool is_css = strstr(url, ".css") != NULL;
    body_bytes = 0;
    for (; *text != '\0'; text++) {
        if (*text == '[') {
            begins = body_bytes;
        } else if (*text == ']') {
            links[count] = link_to(&targets[count], begins, body_bytes - begins);
            count++;
        } else {
            body[body_bytes++] = *text;
        }
    }
    if (!is_css)
        save_links(url, links, count);
    else
        deliver(url, "text/css", make_block(links, count, PAGE_IS_CSS | PAGE_HAS_POSITIONS), NULL);
}

static void save_other(const char *url, const char *type, const char *text)
{
    body_bytes = strlen(text);
    memcpy(body, text, body_bytes);
    deliver(url, type, 0, NULL);
}

static void redirect(const char *from, const char *to)
{
    const struct target target = {to, LINK_REDIRECT, QUOTING_DOUBLE};
    const struct page_link link = link_to(&target, UINT64_MAX, 0);
    body_bytes = 0;
    deliver(from, "", make_block(&link, 1, 0), to);
}

static void convert(void)
{
    ck_assert_msg(mirror_convert(sink, NULL, NULL, &counts, why, sizeof why) == STATUS_OK, "%s", why);
}

static const char *read_saved(const char *path)
{
    static char text[1 << 18];
    char whole[SAVE_PATH_BYTES_MAX + 80];
    snprintf(whole, sizeof whole, "%s/%s", directory, path);
    int fd = open(whole, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ck_assert_msg(fd >= 0, "no %s", whole);
    ssize_t bytes = read(fd, text, sizeof text - 1);
    ck_assert_int_ge(bytes, 0);
    text[bytes] = '\0';
    close(fd);
    return text;
}

static void expect_saved(const char *path, const char *text)
{
    ck_assert_str_eq(read_saved(path), text);
}

/* ---- values ---- */

START_TEST(links_lead_to_files_in_every_quoting)
{
    static const struct target TARGETS[] = {
        {"https://h.de/b", LINK_PAGE, QUOTING_DOUBLE},      {"https://h.de/b", LINK_PAGE, QUOTING_SINGLE},
        {"https://h.de/b", LINK_PAGE, QUOTING_NONE},        {"https://h.de/i.png", LINK_ASSET, QUOTING_CSS},
        {"https://h.de/d/e", LINK_PAGE, QUOTING_DOUBLE},    {"https://other.de/", LINK_PAGE, QUOTING_DOUBLE},
        {"https://h.de/i.png", LINK_ASSET, QUOTING_DOUBLE}, {"https://h.de/d/e", LINK_ASSET, QUOTING_DOUBLE},
    };
    save_page("https://h.de/a/",
              "<a href=\"[../b#x]\"><a href='[/b?#y&amp;z]'><a href=[/b] class=c><style>p{url([i])}</style>"
              "<a href=\"[/d/e]\"><a href=\"[//other.de#&#35;]\"><img srcset=\"[/i.png] 1x, [e] 2x\">end",
              TARGETS);
    save_other("https://h.de/b", "text/html; charset=x", "b");
    save_other("https://h.de/i.png", "image/png", "i");
    save_other("https://h.de/d/e", "text/html", "e");
    save_other("https://other.de/", "text/html", "o");
    convert();
    expect_saved("h.de/a/index.html",
                 "<a href=\"../b.html#x\"><a href='../b.html#y&amp;z'><a href=../b.html class=c><style>p{url(../i.png)}"
                 "</style><a href=\"../d/e.html\"><a href=\"../../other.de/index.html#&#35;\">"
                 "<img srcset=\"../i.png 1x, ../d/e.html 2x\">end");
    ck_assert_uint_eq(counts.converted, 1);
    ck_assert_uint_eq(counts.saved, 8);
    ck_assert_uint_eq(counts.unplaced, 3); /* nobody said where links stand in them */
}
END_TEST

START_TEST(what_was_not_saved_is_a_url_escaped_for_its_place)
{
    static const struct target TARGETS[] = {
        {"http://x.de/a?b=1&copy=2'(", LINK_PAGE, QUOTING_DOUBLE},
        {"http://x.de/a?b=1&copy=2'(", LINK_PAGE, QUOTING_SINGLE},
        {"http://x.de/a?b=1&copy=2'(", LINK_PAGE, QUOTING_NONE},
        {"http://x.de/a?b=1&copy=2'(", LINK_ASSET, QUOTING_CSS},
        {"http://x.de/full", LINK_PAGE, QUOTING_DOUBLE},
        {"http://x.de/a,", LINK_ASSET, QUOTING_DOUBLE},
        {"http://h.de/p", LINK_CANONICAL, QUOTING_DOUBLE},
    };
    save_page("http://h.de/p", "\"[a#f]\" '[b]' [c] url([d]) \"[ HTTP://X.de/full?q]\" \"[a,] 2x\" \"[/p]\"", TARGETS);
    convert();
    expect_saved("h.de+80/p.html", "\"http://x.de/a?b=1&amp;copy=2&#39;(#f\" 'http://x.de/a?b=1&amp;copy=2&#39;(' "
                                   "http://x.de/a?b=1&amp;copy=2&#39;( url(http://x.de/a?b=1&copy=2\\'\\() "
                                   "\" HTTP://X.de/full?q\" \"http://x.de/a%2C 2x\" \"http://h.de/p\"");
    ck_assert_uint_eq(counts.elsewhere, 7);
}
END_TEST

START_TEST(a_base_element_becomes_empty)
{
    static const struct target TARGETS[] = {{"https://h.de/x/", LINK_BASE, QUOTING_DOUBLE},
                                            {"https://h.de/x/", LINK_BASE, QUOTING_NONE},
                                            {"https://h.de/", LINK_PAGE, QUOTING_DOUBLE},
                                            {"https://h.de/", LINK_PAGE, QUOTING_DOUBLE}};
    save_page("https://h.de/", "<base href=\"[/x/]\"><base href=[/x/] target=t><a href=\"[#me]\"><a href=\"[]\">",
              TARGETS);
    convert();
    expect_saved("h.de/index.html", "<base href=\"\"><base href=\"\" target=t><a href=\"#me\"><a href=\"index.html\">");
}
END_TEST

START_TEST(redirects_are_followed_to_what_was_saved_but_not_for_ever)
{
    static const struct target TARGETS[] = {{"https://h.de/r1", LINK_PAGE, QUOTING_DOUBLE},
                                            {"https://h.de/loop", LINK_PAGE, QUOTING_DOUBLE},
                                            {"https://h.de/gone", LINK_PAGE, QUOTING_DOUBLE}};
    redirect("https://h.de/loop", "https://h.de/loop2");
    redirect("https://h.de/loop2", "https://h.de/loop");
    save_page("https://h.de/", "\"[/r1#a]\" \"[loop]\" \"[gone]\"", TARGETS);
    redirect("https://h.de/r1", "https://h.de/r2");
    redirect("https://h.de/r2", "https://h.de/d/page");
    redirect("https://h.de/gone", "https://away.de/");
    save_other("https://h.de/d/page", "text/html", "p");
    convert();
    expect_saved("h.de/index.html", "\"d/page.html#a\" \"https://h.de/loop\" \"https://h.de/gone\"");
}
END_TEST

START_TEST(names_with_special_bytes_are_led_to)
{
    static char longest[400];
    snprintf(longest, sizeof longest, "https://h.de/%0300d", 7);
    const struct target targets[] = {{"https://h.de/a?b=%23", LINK_PAGE, QUOTING_DOUBLE},
                                     {"https://h.de/50%25/b%20c", LINK_PAGE, QUOTING_DOUBLE},
                                     {longest, LINK_PAGE, QUOTING_NONE},
                                     {"https://h.de/q:&(x)'", LINK_PAGE, QUOTING_SINGLE}};
    save_page("https://h.de/", "\"[1]\" \"[2]\" [3] '[4]'", targets);
    for (size_t i = 0; i < 4; i++)
        save_other(targets[i].url, "text/html", "x");
    convert();
    char expected[1024];
    const char *text = read_saved("h.de/index.html");
    ck_assert_ptr_nonnull(strstr(text, "\"a%253Fb=%2523.html\" \"50%2525/b%2520c.html\" 0000"));
    ck_assert_ptr_nonnull(strstr(text, ".html 'q%253A%26%28x%29%27.html'"));
    ck_assert_ptr_nonnull(strstr(text, "~")); /* of the long one */
    snprintf(expected, sizeof expected, "h.de/%.255s", strstr(text, " 0000") + 1);
    ck_assert_uint_eq(strcspn(expected + 5, " "), 255);
    expect_saved(expected, "x");
}
END_TEST

START_TEST(styles_are_converted_as_styles)
{
    static const struct target TARGETS[] = {{"https://h.de/i.png", LINK_ASSET, QUOTING_DOUBLE},
                                            {"https://h.de/a&'b", LINK_ASSET, QUOTING_SINGLE}};
    save_page("https://h.de/s.css", "@import \"[/i.png]\"; url('[a]')", TARGETS);
    save_other("https://h.de/i.png", "image/png", "i");
    convert();
    expect_saved("h.de/s.css", "@import \"i.png\"; url('https://h.de/a&\\'b')");
}
END_TEST

/* ---- names ---- */

START_TEST(files_end_as_browsers_expect)
{
    static const struct {
        const char *url, *type, *path;
    } CASES[] = {
        {"https://h.de/a", "text/html", "h.de/a.html"},
        {"https://h.de/b.HTM", "text/html", "h.de/b.HTM"},
        {"https://h.de/c.php?x=1", "Text/HTML; charset=x", "h.de/c.php%3Fx=1.html"},
        {"https://h.de/d", "application/xhtml+xml", "h.de/d.xhtml"},
        {"https://h.de/e.php", "text/css", "h.de/e.php.css"},
        {"https://h.de/f?g.css", "text/css", "h.de/f%3Fg.css"},
        {"https://h.de/h", "image/svg+xml", "h.de/h.svg"},
        {"https://h.de/i", "image/png", "h.de/i"},
        {"https://h.de/j", "text/htmlx", "h.de/j"},
        {"https://h.de/k", "", "h.de/k"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        save_other(CASES[i].url, CASES[i].type, CASES[i].url);
        expect_saved(CASES[i].path, CASES[i].url);
    }
}
END_TEST

START_TEST(no_two_files_of_a_run_share_a_name)
{
    static const struct target TARGETS[] = {{"https://h.de/a", LINK_PAGE, QUOTING_DOUBLE},
                                            {"https://h.de/a.html", LINK_PAGE, QUOTING_DOUBLE},
                                            {"https://h.de/d", LINK_PAGE, QUOTING_DOUBLE},
                                            {"https://h.de/d.html/x", LINK_PAGE, QUOTING_DOUBLE},
                                            {"https://h.de/a.html/y", LINK_PAGE, QUOTING_DOUBLE}};
    static const char *const NAMES[] = {"a", "a.html", "d.html/x", "d", "a.html/y"};
    char url[64];
    for (size_t i = 0; i < 5; i++) {
        snprintf(url, sizeof url, "https://h.de/%s", NAMES[i]);
        save_other(url, "text/html", NAMES[i]);
    }
    save_page("https://h.de/", "\"[1]\" \"[2]\" \"[3]\" \"[4]\" \"[5]\"", TARGETS);
    convert();
    char links[5][80], path[512];
    ck_assert_int_eq(sscanf(read_saved("h.de/index.html"),
                            "\"%79[^\"]\" \"%79[^\"]\" \"%79[^\"]\" \"%79[^\"]\" \"%79[^\"]\"", links[0], links[1],
                            links[2], links[3], links[4]),
                     5);
    static const char *const TEXTS[] = {"a", "a.html", "d", "d.html/x", "a.html/y"};
    for (size_t i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "h.de/%s", links[i]);
        expect_saved(path, TEXTS[i]);
        ck_assert_msg(strcmp(links[i] + strlen(links[i]) - 5, ".html") == 0, "%s", links[i]);
    }
    ck_assert_str_eq(links[0], "a.html");
    ck_assert_int_eq(strncmp(links[1], "a~", 2), 0);
}
END_TEST

/* ---- what is left ---- */

START_TEST(files_that_changed_stay_as_they_are)
{
    static const struct target TARGETS[] = {{"https://h.de/b", LINK_PAGE, QUOTING_DOUBLE}};
    static const char *const NAMES[] = {"edited", "longer", "gone", "link", "fifo", "fine"};
    char url[64], path[128], secret[128];
    snprintf(secret, sizeof secret, "%s/secret", directory);
    for (size_t i = 0; i < 6; i++) {
        snprintf(url, sizeof url, "https://h.de/%s", NAMES[i]);
        save_page(url, "\"[b]\"", TARGETS);
        snprintf(path, sizeof path, "%s/h.de/%s.html", directory, NAMES[i]);
        if (i >= 2 && i < 5)
            ck_assert_int_eq(unlink(path), 0);
        if (i < 2 || i == 3) {
            FILE *file = fopen(i == 3 ? secret : path, "we");
            fputs(i == 0 ? "\"c\"" : i == 1 ? "\"b\" and more" : "\"b\"", file);
            fclose(file);
        }
        if (i == 3)
            ck_assert_int_eq(symlink(secret, path), 0);
        if (i == 4)
            ck_assert_int_eq(mkfifo(path, 0600), 0);
    }
    convert();
    expect_saved("h.de/edited.html", "\"c\"");
    expect_saved("h.de/longer.html", "\"b\" and more");
    expect_saved("secret", "\"b\"");
    expect_saved("h.de/fine.html", "\"https://h.de/b\"");
    ck_assert_uint_eq(counts.changed, 5);
    ck_assert_uint_eq(counts.converted, 1);
}
END_TEST

START_TEST(a_planted_directory_link_is_not_followed)
{
    static const struct target TARGETS[] = {{"https://h.de/b", LINK_PAGE, QUOTING_DOUBLE}};
    char inside[128], outside[128];
    save_page("https://h.de/d/a", "\"[b]\"", TARGETS);
    save_other("https://h.de/other", "text/plain", "another directory is open now");
    snprintf(inside, sizeof inside, "%s/h.de/d", directory);
    snprintf(outside, sizeof outside, "%s/outside", directory);
    ck_assert_int_eq(rename(inside, outside), 0);
    ck_assert_int_eq(symlink(outside, inside), 0);
    convert();
    expect_saved("outside/a.html", "\"b\"");
    ck_assert_uint_eq(counts.changed, 1);
}
END_TEST

START_TEST(places_that_do_not_fit_change_nothing)
{
    static const struct {
        uint64_t at;
        uint32_t raw_bytes;
    } ODD[] = {{11, 0}, {10, 1}, {UINT64_MAX - 1, 2}, {5, UINT32_MAX}, {2, 4}, {1ull << 63, 0}};
    static const struct target TARGET = {"https://h.de/b", LINK_PAGE, QUOTING_DOUBLE};
    char url[64];
    for (size_t i = 0; i < sizeof ODD / sizeof ODD[0]; i++) {
        struct page_link links[] = {link_to(&TARGET, 1, 2), link_to(&TARGET, ODD[i].at, ODD[i].raw_bytes)};
        snprintf(url, sizeof url, "https://h.de/%zu", i);
        memcpy(body, "0123456789", body_bytes = 10);
        save_links(url, links, 2);
    }
    convert();
    for (size_t i = 0; i < sizeof ODD / sizeof ODD[0]; i++) {
        snprintf(url, sizeof url, "h.de/%zu.html", i);
        expect_saved(url, "0123456789");
    }
    ck_assert_uint_eq(counts.unfit, sizeof ODD / sizeof ODD[0]);
    ck_assert_uint_eq(counts.saved + counts.elsewhere, 0);
}
END_TEST

START_TEST(a_page_cannot_grow_without_bound)
{
    static char deep[2500];
    struct page_link links[1024];
    struct target target = {"https://h.de/r", LINK_PAGE, QUOTING_DOUBLE};
    snprintf(deep, sizeof deep, "https://h.de/%0250d/%0250d/%0250d/%0250d/%0250d/%0250d/x", 1, 2, 3, 4, 5, 6);
    for (size_t i = 0; i < 1024; i++)
        links[i] = link_to(&target, i, 1);
    memset(body, 'a', body_bytes = 1024);
    save_links("https://h.de/", links, 1024);
    redirect("https://h.de/r", deep);
    save_other(deep, "text/plain", "x");
    convert();
    ck_assert_uint_eq(counts.unfit, 1);
    ck_assert_uint_eq(strlen(read_saved("h.de/index.html")), 1024);
}
END_TEST

START_TEST(a_page_of_many_links_goes_through_the_temporary_file)
{
    static char expected[1 << 18];
    struct page_link links[3000];
    char url[128];
    size_t used = 0;
    body_bytes = 0;
    for (size_t i = 0; i < 3000; i++) {
        snprintf(url, sizeof url, "https://h.de/%s%zu", i % 2 == 0 ? "some/longer/path/" : "x", i);
        links[i] = link_to(&(struct target){strdup(url), LINK_PAGE, QUOTING_DOUBLE}, body_bytes + 1, 2);
        body_bytes += (size_t)sprintf(body + body_bytes, "\"%02zu\" ", i % 100);
        used += (size_t)snprintf(expected + used, sizeof expected - used, "\"%s\" ", url);
    }
    save_links("https://h.de/some/page", links, 3000);
    convert();
    expect_saved("h.de/some/page.html", expected);
    for (size_t i = 0; i < 3000; i++)
        free((char *)links[i].url.at);
}
END_TEST

static bool stop_at_two(void *context, const struct convert_counts *so_far)
{
    (void)context;
    return so_far->seen < 2;
}

START_TEST(it_stops_when_it_is_told_to)
{
    static const struct target TARGETS[] = {{"https://h.de/b", LINK_PAGE, QUOTING_DOUBLE}};
    char url[64];
    for (int i = 0; i < 4; i++) {
        snprintf(url, sizeof url, "https://h.de/%d", i);
        save_page(url, "\"[b]\"", TARGETS);
    }
    ck_assert_int_eq(mirror_convert(sink, stop_at_two, NULL, &counts, why, sizeof why), STATUS_INTERRUPTED);
    ck_assert_uint_eq(counts.converted, 2);
    expect_saved("h.de/1.html", "\"https://h.de/b\"");
    expect_saved("h.de/2.html", "\"b\"");
}
END_TEST

START_TEST(a_file_that_cannot_be_replaced_ends_it_with_one_line)
{
    static const struct target TARGETS[] = {{"https://h.de/b", LINK_PAGE, QUOTING_DOUBLE}};
    struct rlimit before, tight = {.rlim_cur = 8};
    save_page("https://h.de/a", "\"[b]\"", TARGETS);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    tight.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &tight), 0);
    enum status status = mirror_convert(sink, NULL, NULL, &counts, why, sizeof why);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert_int_eq(status, STATUS_SYSTEM);
    ck_assert_ptr_nonnull(strstr(why, "h.de/a.html: File too large"));
    expect_saved("h.de/a.html", "\"b\"");
    char path[128];
    snprintf(path, sizeof path, "%s/h.de", directory);
    int files = 0;
    DIR *entries = opendir(path);
    while (readdir(entries) != NULL)
        files++;
    closedir(entries);
    ck_assert_int_eq(files, 3); /* ".", ".." and the page: no temporary file stays */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("convert");
    TCase *cases = tcase_create("convert");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_set_timeout(cases, 30);
    tcase_add_test(cases, links_lead_to_files_in_every_quoting);
    tcase_add_test(cases, what_was_not_saved_is_a_url_escaped_for_its_place);
    tcase_add_test(cases, a_base_element_becomes_empty);
    tcase_add_test(cases, redirects_are_followed_to_what_was_saved_but_not_for_ever);
    tcase_add_test(cases, names_with_special_bytes_are_led_to);
    tcase_add_test(cases, styles_are_converted_as_styles);
    tcase_add_test(cases, files_end_as_browsers_expect);
    tcase_add_test(cases, no_two_files_of_a_run_share_a_name);
    tcase_add_test(cases, files_that_changed_stay_as_they_are);
    tcase_add_test(cases, a_planted_directory_link_is_not_followed);
    tcase_add_test(cases, places_that_do_not_fit_change_nothing);
    tcase_add_test(cases, a_page_cannot_grow_without_bound);
    tcase_add_test(cases, a_page_of_many_links_goes_through_the_temporary_file);
    tcase_add_test(cases, it_stops_when_it_is_told_to);
    tcase_add_test(cases, a_file_that_cannot_be_replaced_ends_it_with_one_line);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
