/* The lists of a site's URLs: worker/links/sitemap.c, sitemap_xml.c. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "worker/links/sitemap.h"

#define URLSET "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">"
#define INDEX "<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">"

/* Every loc as a line: 'u' or 's', the text. */
struct found {
    char *text;
    size_t bytes;
    FILE *out;
};

static struct found found;
static struct fetch_limits limits;
static struct sitemap *sitemap;

static void take(void *context, enum link_kind kind, struct url_text loc)
{
    const struct found *in = context;
    ck_assert(kind == LINK_LISTED || kind == LINK_SITEMAP);
    ck_assert_uint_ge(loc.bytes, 1);
    ck_assert_uint_le(loc.bytes, URL_BYTES_MAX);
    fprintf(in->out, "%c%.*s\n", kind == LINK_LISTED ? 'u' : 's', (int)loc.bytes, loc.at);
}

static void open_sitemap(void)
{
    fetch_limits_init(&limits);
    sitemap = sitemap_open(take, &found);
    ck_assert_ptr_nonnull(sitemap);
    found = (struct found){0};
    found.out = open_memstream(&found.text, &found.bytes);
}

static void close_sitemap(void)
{
    sitemap_close(sitemap);
    fclose(found.out);
    free(found.text);
}

/* Reads the list, cut at `cut`, the rest in pieces of so many bytes. */
static struct sitemap_result read_list(const void *list, size_t bytes, size_t cut, size_t piece)
{
    fseeko(found.out, 0, SEEK_SET);
    sitemap_begin(sitemap, &limits);
    sitemap_feed(sitemap, list, cut);
    for (size_t at = cut; at < bytes; at += piece)
        sitemap_feed(sitemap, (const char *)list + at, piece < bytes - at ? piece : bytes - at);
    struct sitemap_result result = sitemap_end(sitemap);
    fputc('\0', found.out);
    fflush(found.out);
    ck_assert_int_eq(result.verdict == SITEMAP_OK, result.why[0] == '\0');
    return result;
}

static void expect_result(const struct sitemap_result *result, enum sitemap_verdict verdict, const char *expected)
{
    ck_assert_msg(result->verdict == verdict && strcmp(found.text, expected) == 0,
                  "it is %d (%s) and has\n%s\nnot %d\n%s", (int)result->verdict, result->why, found.text, (int)verdict,
                  expected);
}

/* However it is cut; steps: how far the places are apart at which it is. */
static void expect_bytes(const void *list, size_t bytes, size_t steps, enum sitemap_verdict verdict,
                         const char *expected)
{
    struct sitemap_result first = read_list(list, bytes, 0, 1);
    char why[200];
    snprintf(why, sizeof why, "%s", first.why);
    expect_result(&first, verdict, expected);
    for (size_t cut = 0; cut <= bytes; cut += steps) {
        struct sitemap_result result = read_list(list, bytes, cut, bytes);
        expect_result(&result, verdict, expected);
        ck_assert_str_eq(result.why, why);
        ck_assert_uint_eq(result.found, first.found);
        ck_assert_uint_eq(result.unusable, first.unusable);
        ck_assert_uint_eq(result.dropped, first.dropped);
    }
}

static void expect(const char *list, enum sitemap_verdict verdict, const char *expected)
{
    expect_bytes(list, strlen(list), 1, verdict, expected);
}

static void expect_why(const char *list, const char *part)
{
    struct sitemap_result result = read_list(list, strlen(list), 0, 7);
    ck_assert_msg(strstr(result.why, part) != NULL, "%s: %s", list, result.why);
}

/* The bytes as gzip data; free() it. */
static unsigned char *pack(const void *bytes, size_t count, size_t *packed_bytes)
{
    z_stream z = {0};
    ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&z, count);
    unsigned char *packed = malloc(room);
    ck_assert_ptr_nonnull(packed);
    z.next_in = (Bytef *)(uintptr_t)bytes;
    z.avail_in = (uInt)count;
    z.next_out = packed;
    z.avail_out = (uInt)room;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    *packed_bytes = room - z.avail_out;
    deflateEnd(&z);
    return packed;
}

/* ---- XML ---- */

START_TEST(urls_of_a_urlset_are_listed)
{
    expect(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" URLSET
        "<url><loc>http://a/</loc><lastmod>2005-01-01</lastmod></url>\n<url><priority>1</priority><loc>http://a/b</loc>"
        "</url></urlset>\n",
        SITEMAP_OK, "uhttp://a/\nuhttp://a/b\n");
    expect(URLSET "</urlset>", SITEMAP_OK, "");
    expect("<urlset/>", SITEMAP_OK, "");
}
END_TEST

START_TEST(sitemaps_of_an_index_are_sitemaps)
{
    expect(INDEX "<sitemap><loc>http://a/1.xml.gz</loc></sitemap><sitemap><loc>/2.xml</loc></sitemap></sitemapindex>",
           SITEMAP_OK, "shttp://a/1.xml.gz\ns/2.xml\n");
    expect(INDEX "<url><loc>http://a/</loc></url></sitemapindex>", SITEMAP_OK, "");
    expect(URLSET "<sitemap><loc>http://a/</loc></sitemap></urlset>", SITEMAP_OK, "");
}
END_TEST

START_TEST(text_of_a_loc_is_trimmed_and_decoded)
{
    expect("<urlset><url><loc>\n  http://a/?b&amp;c=&#x41;&#66;&lt;&gt;&quot;&apos;\t</loc></url></urlset>", SITEMAP_OK,
           "uhttp://a/?b&c=AB<>\"'\n");
    expect("<urlset><url><loc> <![CDATA[http://a/?b&c]]> </loc></url></urlset>", SITEMAP_OK, "uhttp://a/?b&c\n");
    expect("<urlset><url><loc>http://<!-- no -->a/<?no pi?>b</loc></url></urlset>", SITEMAP_OK, "uhttp://a/b\n");
    expect("<urlset><url><loc>http://a/\xc3\xa9&#xe9;</loc></url></urlset>", SITEMAP_OK,
           "uhttp://a/\xc3\xa9\xc3\xa9\n");
    expect("<urlset><url><loc>http://a/<b>c</b>d</loc></url></urlset>", SITEMAP_OK, "uhttp://a/d\n");
}
END_TEST

START_TEST(an_empty_loc_is_unusable)
{
    static const char LIST[] = "<urlset><url><loc/></url><url><loc> </loc></url><url><loc>x</loc></url></urlset>";
    expect(LIST, SITEMAP_OK, "ux\n");
    struct sitemap_result result = read_list(LIST, sizeof LIST - 1, 0, 100);
    ck_assert_uint_eq(result.unusable, 2);
    ck_assert_uint_eq(result.found, 1);
}
END_TEST

START_TEST(prefixes_of_names_do_not_matter)
{
    expect("<s:urlset xmlns:s='x'><s:url><s:loc>http://a/</s:loc></s:url></s:urlset>", SITEMAP_OK, "uhttp://a/\n");
}
END_TEST

START_TEST(nothing_but_the_loc_of_an_entry_is_taken)
{
    expect(URLSET "<url><loc>http://a/</loc><image:image><image:loc>http://a/i.png</image:loc></image:image>"
                  "<xhtml:link rel='alternate' href='http://a/de'/></url><loc>http://b/</loc><x><loc>c</loc></x>"
                  "<url><x><loc>d</loc></x>e</url></urlset>",
           SITEMAP_OK, "uhttp://a/\n");
}
END_TEST

START_TEST(a_doctype_ends_the_list)
{
    expect("<?xml version='1.0'?><!DOCTYPE urlset><urlset><url><loc>http://a/</loc></url></urlset>", SITEMAP_BROKEN,
           "");
    expect(
        "<!DOCTYPE urlset [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;'>]><urlset><url><loc>http://&b;/</loc>"
        "</url></urlset>",
        SITEMAP_BROKEN, "");
    expect("<!DOCTYPE urlset SYSTEM 'file:///etc/passwd'><urlset/>", SITEMAP_BROKEN, "");
    expect("<!doctype html><html><body>Not found", SITEMAP_BROKEN, "");
    expect_why("<!DOCTYPE html><html></html>", "DOCTYPE");
    expect("<urlset><url><loc>http://&b;/</loc></url></urlset>", SITEMAP_BROKEN, "");
}
END_TEST

START_TEST(other_xml_is_no_sitemap)
{
    expect("<html><body>Not found</body></html>", SITEMAP_BROKEN, "");
    expect("<rss><channel><item><link>http://a/</link></item></channel></rss>", SITEMAP_BROKEN, "");
    expect_why("<rss></rss>", "neither a urlset nor a sitemapindex");
    expect("<", SITEMAP_BROKEN, "");
    expect("<?xml version='1.0'?>", SITEMAP_BROKEN, "");
}
END_TEST

START_TEST(what_came_before_the_damage_holds)
{
    expect("<urlset><url><loc>http://a/</loc></url><url><loc>http://b/", SITEMAP_BROKEN, "uhttp://a/\n");
    expect("<urlset><url><loc>http://a/</loc></url></x>", SITEMAP_BROKEN, "uhttp://a/\n");
    expect("<urlset><url><loc>http://a/</loc></url></urlset>more", SITEMAP_BROKEN, "uhttp://a/\n");
    expect("<urlset><url><loc>http://a/</loc></url><url><loc>http://a/?b&c</loc></url></urlset>", SITEMAP_BROKEN,
           "uhttp://a/\n");
    expect_why("<urlset>\n</x>", "mismatched tag in line 2");
}
END_TEST

START_TEST(encodings_of_xml_are_known)
{
    static const char LATIN[] =
        "<?xml version='1.0' encoding='ISO-8859-1'?><urlset><url><loc>http://a/\xe9</loc></url></urlset>";
    expect(LATIN, SITEMAP_OK, "uhttp://a/\xc3\xa9\n");
    expect("\xef\xbb\xbf\n <?xml version='1.0'?><urlset><url><loc>http://a/</loc></url></urlset>", SITEMAP_OK,
           "uhttp://a/\n");
    expect("\r\n<urlset><url><loc>http://a/</loc></url></urlset>", SITEMAP_OK, "uhttp://a/\n");
    static const char PLAIN[] = "<urlset><url><loc>http://a/</loc></url></urlset>";
    char wide[2 * sizeof PLAIN] = "\xff\xfe";
    for (size_t i = 0; i < sizeof PLAIN - 1; i++) {
        wide[2 + 2 * i] = PLAIN[i];
        wide[3 + 2 * i] = '\0';
    }
    expect_bytes(wide, 2 * sizeof PLAIN, 1, SITEMAP_OK, "uhttp://a/\n");
    expect("<?xml version='1.0' encoding='x-none'?><urlset/>", SITEMAP_BROKEN, "");
}
END_TEST

/* ---- lines ---- */

START_TEST(a_text_has_one_url_a_line)
{
    expect("http://a/\nhttps://b/c\r\nHTTP://d\r\n\n  http://e/f \t\n", SITEMAP_OK,
           "uhttp://a/\nuhttps://b/c\nuHTTP://d\nuhttp://e/f\n");
    expect("http://a/", SITEMAP_OK, "uhttp://a/\n");
    expect("\n\nhttp://a/\rhttp://b/\r", SITEMAP_OK, "uhttp://a/\nuhttp://b/\n");
    expect("\xef\xbb\xbfhttp://a/\xc3\xa9\n", SITEMAP_OK, "uhttp://a/\xc3\xa9\n");
}
END_TEST

START_TEST(other_lines_are_unusable)
{
    static const char LIST[] = "# ours\nhttp://a/\nftp://b/\n/c\nhttp:// \n";
    expect(LIST, SITEMAP_OK, "uhttp://a/\n");
    ck_assert_uint_eq(read_list(LIST, sizeof LIST - 1, 0, 5).unusable, 4);
    expect("Not found", SITEMAP_BROKEN, "");
    expect("{\"error\":404}\n", SITEMAP_BROKEN, "");
    expect_bytes("http://a/\n\0http://b/\n", 21, 1, SITEMAP_BROKEN, "uhttp://a/\n");
    expect_bytes("\x89PNG\r\n\x1a\n\0\0", 10, 1, SITEMAP_BROKEN, "");
}
END_TEST

START_TEST(an_empty_list_is_broken)
{
    expect("", SITEMAP_BROKEN, "");
    expect(" \n\r\n", SITEMAP_BROKEN, "");
    expect("\xef\xbb\xbf", SITEMAP_BROKEN, "");
    expect_why("", "empty");
}
END_TEST

/* ---- gzip ---- */

START_TEST(gzip_data_is_unpacked)
{
    static const char XML[] = URLSET "<url><loc>http://a/</loc></url></urlset>";
    static const char TEXT[] = "http://a/\nhttp://b/\n";
    size_t bytes;
    unsigned char *packed = pack(XML, sizeof XML - 1, &bytes);
    expect_bytes(packed, bytes, 1, SITEMAP_OK, "uhttp://a/\n");
    free(packed);
    packed = pack(TEXT, sizeof TEXT - 1, &bytes);
    expect_bytes(packed, bytes, 1, SITEMAP_OK, "uhttp://a/\nuhttp://b/\n");
    unsigned char *twice = pack(packed, bytes, &bytes);
    expect_bytes(twice, bytes, 1, SITEMAP_BROKEN, "");
    free(twice);
    free(packed);
}
END_TEST

START_TEST(gzip_data_that_ends_early_is_broken)
{
    char list[4000];
    size_t at = 0;
    while (at < sizeof list - 40)
        at += (size_t)snprintf(list + at, sizeof list - at, "http://a/%zu\n", at * 2654435761u % 100000);
    size_t bytes;
    unsigned char *packed = pack(list, at, &bytes);
    for (size_t cut = 2; cut < bytes; cut += 11) {
        struct sitemap_result result = read_list(packed, cut, 0, cut);
        ck_assert_int_eq(result.verdict, SITEMAP_BROKEN);
        ck_assert_str_eq(result.why, "its gzip data ends early");
        /* Whole lines, from the beginning of the list. */
        for (char *c = found.text, *line = found.text; *c; c++) {
            if (*c != '\n')
                continue;
            size_t line_bytes = (size_t)(c - line) - 1;
            ck_assert_ptr_nonnull(memmem(list, at, line + 1, line_bytes + 1));
            line = c + 1;
        }
    }
    packed[bytes - 5] ^= 1; /* of the checksum */
    struct sitemap_result result = read_list(packed, bytes, 0, bytes);
    ck_assert_int_eq(result.verdict, SITEMAP_BROKEN);
    ck_assert_str_eq(result.why, "its gzip data is damaged");
    free(packed);
}
END_TEST

START_TEST(a_second_gzip_member_is_not_read)
{
    size_t bytes;
    unsigned char *packed = pack("http://a/\n", 10, &bytes);
    unsigned char *two = malloc(2 * bytes);
    ck_assert_ptr_nonnull(two);
    memcpy(two, packed, bytes);
    memcpy(two + bytes, packed, bytes);
    struct sitemap_result result = read_list(two, 2 * bytes, 0, 2 * bytes);
    ck_assert_int_eq(result.verdict, SITEMAP_BROKEN);
    free(two);
    free(packed);
}
END_TEST

START_TEST(a_compression_bomb_is_too_large)
{
    size_t bytes = 8u << 20;
    char *blanks = malloc(bytes);
    ck_assert_ptr_nonnull(blanks);
    memset(blanks, ' ', bytes);
    memcpy(blanks, "<urlset><url><loc>http://a/</loc></url>", 39);
    size_t packed_bytes;
    unsigned char *packed = pack(blanks, bytes, &packed_bytes);
    ck_assert_uint_lt(packed_bytes * 200, bytes);
    struct sitemap_result result = read_list(packed, packed_bytes, 0, 1);
    expect_result(&result, SITEMAP_TOO_LARGE, "uhttp://a/\n");
    ck_assert_ptr_nonnull(strstr(result.why, "bomb"));
    result = read_list(packed, packed_bytes, 0, packed_bytes);
    expect_result(&result, SITEMAP_TOO_LARGE, "uhttp://a/\n");
    free(packed);
    free(blanks);
}
END_TEST

/* ---- limits ---- */

/* Reads a list with so many blanks in its middle that it has `bytes` bytes in all. */
static struct sitemap_result read_large(const char *head, size_t bytes, const char *tail)
{
    char filler[4096];
    memset(filler, ' ', sizeof filler);
    filler[sizeof filler - 1] = '\n';
    fseeko(found.out, 0, SEEK_SET);
    sitemap_begin(sitemap, &limits);
    sitemap_feed(sitemap, head, strlen(head));
    size_t left = bytes - strlen(head) - strlen(tail);
    for (; left >= sizeof filler; left -= sizeof filler)
        sitemap_feed(sitemap, filler, sizeof filler);
    sitemap_feed(sitemap, filler, left);
    sitemap_feed(sitemap, tail, strlen(tail));
    struct sitemap_result result = sitemap_end(sitemap);
    fputc('\0', found.out);
    fflush(found.out);
    return result;
}

START_TEST(fifty_mebibytes_are_read_and_no_byte_more)
{
    static const char HEAD[] = "<urlset><url><loc>http://a/</loc></url>";
    static const char TAIL[] = "<url><loc>http://b/</loc></url></urlset>";
    struct sitemap_result result = read_large(HEAD, SITEMAP_BYTES_MAX, TAIL);
    expect_result(&result, SITEMAP_OK, "uhttp://a/\nuhttp://b/\n");
    result = read_large(HEAD, SITEMAP_BYTES_MAX + 1, TAIL);
    expect_result(&result, SITEMAP_TOO_LARGE, "uhttp://a/\nuhttp://b/\n");
    result = read_large("http://a/\n", SITEMAP_BYTES_MAX, "http://b/");
    expect_result(&result, SITEMAP_OK, "uhttp://a/\nuhttp://b/\n");
    result = read_large("http://a/\n", SITEMAP_BYTES_MAX + 1, "http://b/");
    expect_result(&result, SITEMAP_TOO_LARGE, "uhttp://a/\n"); /* the line that is cut is no URL */
}
END_TEST

START_TEST(fifty_thousand_urls_are_listed_and_no_more)
{
    for (unsigned extra = 0; extra < 3; extra++) {
        sitemap_begin(sitemap, &limits);
        fseeko(found.out, 0, SEEK_SET);
        sitemap_feed(sitemap, "<urlset>", 8);
        for (unsigned i = 0; i < SITEMAP_URLS_MAX + extra; i++)
            sitemap_feed(sitemap, "<url><loc>http://a/</loc></url>", 31);
        sitemap_feed(sitemap, "</urlset>", 9);
        struct sitemap_result result = sitemap_end(sitemap);
        ck_assert_int_eq(result.verdict, extra ? SITEMAP_TOO_LARGE : SITEMAP_OK);
        ck_assert_uint_eq(result.found, SITEMAP_URLS_MAX);
        ck_assert_uint_eq(result.dropped, extra ? 1 : 0);
    }
}
END_TEST

START_TEST(a_loc_longer_than_a_url_is_unusable)
{
    static const char *const FORMS[][2] = {{"<urlset><url><loc> ", " </loc></url><url><loc>b</loc></url></urlset>"},
                                           {"http://a/\n http:// ", " \nhttp://b/\n"}};
    char list[URL_BYTES_MAX + 200];
    for (size_t form = 0; form < 2; form++) {
        for (size_t extra = 0; extra < 2; extra++) {
            size_t in_head = form ? 8 : 0; /* "http:// " counts */
            size_t bytes = (size_t)snprintf(list, sizeof list, "%s", FORMS[form][0]);
            memset(list + bytes, 'x', URL_BYTES_MAX - in_head + extra);
            bytes += URL_BYTES_MAX - in_head + extra;
            bytes += (size_t)snprintf(list + bytes, sizeof list - bytes, "%s", FORMS[form][1]);
            struct sitemap_result result = read_list(list, bytes, 0, 100);
            ck_assert_int_eq(result.verdict, SITEMAP_OK);
            ck_assert_uint_eq(result.unusable, extra);
            ck_assert_uint_eq(result.found, 2 + form - extra);
        }
    }
}
END_TEST

START_TEST(elements_nest_thirty_two_deep)
{
    char list[600];
    for (unsigned extra = 0; extra < 2; extra++) {
        size_t at = (size_t)snprintf(list, sizeof list, "<urlset>");
        for (unsigned i = 1; i < SITEMAP_DEPTH_MAX + extra; i++)
            at += (size_t)snprintf(list + at, sizeof list - at, "<a>");
        for (unsigned i = 1; i < SITEMAP_DEPTH_MAX + extra; i++)
            at += (size_t)snprintf(list + at, sizeof list - at, "</a>");
        snprintf(list + at, sizeof list - at, "</urlset>");
        expect(list, extra ? SITEMAP_BROKEN : SITEMAP_OK, "");
    }
}
END_TEST

START_TEST(a_tag_without_end_does_not_grow_memory)
{
    static const char *const HEADS[] = {"<urlset><url><loc>http://a/</loc></url><a b='",
                                        "<urlset><url><loc>http://a/</loc></url><!--",
                                        "<urlset><url><loc>http://a/</loc></url><"};
    char piece[1024];
    memset(piece, 'x', sizeof piece);
    for (size_t i = 0; i < sizeof HEADS / sizeof HEADS[0]; i++) {
        fseeko(found.out, 0, SEEK_SET);
        sitemap_begin(sitemap, &limits);
        sitemap_feed(sitemap, HEADS[i], strlen(HEADS[i]));
        for (unsigned count = 0; count < 4096; count++)
            sitemap_feed(sitemap, piece, sizeof piece);
        struct sitemap_result result = sitemap_end(sitemap);
        fputc('\0', found.out);
        fflush(found.out);
        expect_result(&result, SITEMAP_BROKEN, "uhttp://a/\n");
        ck_assert_ptr_nonnull(strstr(result.why, "too long"));
    }
}
END_TEST

START_TEST(names_without_end_do_not_grow_memory)
{
    static const char *const FORMS[] = {"<n%u/>", "<n a%u=''/>", "<n xmlns:a%u='b'/>"};
    for (size_t form = 0; form < sizeof FORMS / sizeof FORMS[0]; form++) {
        sitemap_begin(sitemap, &limits);
        sitemap_feed(sitemap, "<urlset>", 8);
        for (unsigned i = 0; i < 100000; i++) {
            char tag[40];
            int bytes = snprintf(tag, sizeof tag, FORMS[form], i); // NOLINT(clang-diagnostic-format-nonliteral)
            sitemap_feed(sitemap, tag, (size_t)bytes);
        }
        struct sitemap_result result = sitemap_end(sitemap);
        ck_assert_int_eq(result.verdict, SITEMAP_BROKEN);
        ck_assert_ptr_nonnull(strstr(result.why, "too many names"));
    }
}
END_TEST

START_TEST(a_reader_serves_many_lists)
{
    static const char BROKEN[] = "<urlset><url><loc>http://a/";
    sitemap_begin(sitemap, &limits);
    sitemap_feed(sitemap, BROKEN, sizeof BROKEN - 1); /* and never ended */
    expect("http://a/\n", SITEMAP_OK, "uhttp://a/\n");
    expect(BROKEN, SITEMAP_BROKEN, "");
    expect("<urlset><url><loc>http://b/</loc></url></urlset>", SITEMAP_OK, "uhttp://b/\n");
}
END_TEST

START_TEST(blocks_cut_nothing)
{
    char *list = malloc(70000);
    char *expected = malloc(70000);
    ck_assert_ptr_nonnull(list);
    ck_assert_ptr_nonnull(expected);
    size_t bytes = (size_t)snprintf(list, 70000, "<urlset>");
    size_t expected_bytes = 0;
    for (unsigned i = 0; i < 1200; i++) {
        bytes += (size_t)snprintf(list + bytes, 70000 - bytes, "<url><loc>http://a/%u?b&amp;c</loc></url>", i);
        expected_bytes += (size_t)snprintf(expected + expected_bytes, 70000 - expected_bytes, "uhttp://a/%u?b&c\n", i);
    }
    bytes += (size_t)snprintf(list + bytes, 70000 - bytes, "</urlset>");
    expect_bytes(list, bytes, 997, SITEMAP_OK, expected);
    size_t packed_bytes;
    unsigned char *packed = pack(list, bytes, &packed_bytes);
    expect_bytes(packed, packed_bytes, 97, SITEMAP_OK, expected);
    free(packed);
    free(list);
    free(expected);
}
END_TEST

static Suite *sitemap_suite(void)
{
    Suite *suite = suite_create("sitemap");
    TCase *cases = tcase_create("sitemap");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, open_sitemap, close_sitemap);
    tcase_add_test(cases, urls_of_a_urlset_are_listed);
    tcase_add_test(cases, sitemaps_of_an_index_are_sitemaps);
    tcase_add_test(cases, text_of_a_loc_is_trimmed_and_decoded);
    tcase_add_test(cases, an_empty_loc_is_unusable);
    tcase_add_test(cases, prefixes_of_names_do_not_matter);
    tcase_add_test(cases, nothing_but_the_loc_of_an_entry_is_taken);
    tcase_add_test(cases, a_doctype_ends_the_list);
    tcase_add_test(cases, other_xml_is_no_sitemap);
    tcase_add_test(cases, what_came_before_the_damage_holds);
    tcase_add_test(cases, encodings_of_xml_are_known);
    tcase_add_test(cases, a_text_has_one_url_a_line);
    tcase_add_test(cases, other_lines_are_unusable);
    tcase_add_test(cases, an_empty_list_is_broken);
    tcase_add_test(cases, gzip_data_is_unpacked);
    tcase_add_test(cases, gzip_data_that_ends_early_is_broken);
    tcase_add_test(cases, a_second_gzip_member_is_not_read);
    tcase_add_test(cases, a_compression_bomb_is_too_large);
    tcase_add_test(cases, fifty_mebibytes_are_read_and_no_byte_more);
    tcase_add_test(cases, fifty_thousand_urls_are_listed_and_no_more);
    tcase_add_test(cases, a_loc_longer_than_a_url_is_unusable);
    tcase_add_test(cases, elements_nest_thirty_two_deep);
    tcase_add_test(cases, a_tag_without_end_does_not_grow_memory);
    tcase_add_test(cases, names_without_end_do_not_grow_memory);
    tcase_add_test(cases, a_reader_serves_many_lists);
    tcase_add_test(cases, blocks_cut_nothing);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(sitemap_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
