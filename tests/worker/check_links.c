/* The links of a page: worker/links/links.c, link_values.c, html_charset.c. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/support.h"
#include "worker/links/link_values.h"
#include "worker/links/links.h"

#define PAGE_URL "http://example.org/d/page.html?q"

/* Every link as one line: kind, flags of rel, URL, text. */
struct found {
    char *text;
    size_t bytes;
    FILE *out;
};

static const char KINDS[] =
    "pfgrRsclno.SB"; /* page frame form(g) refresh, redirect, asset(s) canonical alternate(l) next other, base */
static struct found found;
static struct links *links;
static struct links_sink sink;

static void take(void *context, const struct link *link)
{
    (void)context;
    ck_assert_uint_eq(strlen(link->url.at), link->url.bytes);
    fprintf(found.out, "%c%u %s", KINDS[link->kind], link->rel, link->url.at);
    if (link->text.bytes)
        fprintf(found.out, " %.*s", (int)link->text.bytes, link->text.at);
    fputc('\n', found.out);
}

/* Where links stand: each as `kind[raw]quote`, "-": nowhere. */
static struct found places;
static const char *fed;

static void take_place(void *context, const struct link *link)
{
    (void)context;
    fprintf(places.out, "%c", KINDS[link->kind]);
    if (link->at == UINT64_MAX)
        fputs("- ", places.out);
    else
        fprintf(places.out, "[%.*s]%c ", (int)link->raw_bytes, fed + link->at, "\"'=c"[link->quoting]);
}

static void take_style(void *context, const char *piece, size_t bytes, uint64_t at, bool is_end)
{
    (void)context;
    if (at != UINT64_MAX)
        ck_assert_int_eq(memcmp(fed + at, piece, bytes), 0);
    fprintf(places.out, "%.*s%s", (int)bytes, piece, is_end ? "|" : "");
}

/* The page's links and where they stand, however it is cut. */
static void expect_places(const char *page, size_t bytes, const char *type, const char *expected)
{
    static const struct links_sink SINK = {.link = take_place, .wants_base = true, .style = take_style};
    static const size_t PIECES[] = {0, 1, 2, 5, 64};
    struct links *reader = links_open(&SINK, NULL);
    ck_assert_ptr_nonnull(reader);
    fed = page;
    for (size_t i = 0; i < sizeof PIECES / sizeof PIECES[0]; i++) {
        places = (struct found){0};
        places.out = open_memstream(&places.text, &places.bytes);
        ck_assert_int_eq(links_begin(reader, PAGE_URL, strlen(PAGE_URL), type), STATUS_OK);
        size_t step = PIECES[i] ? PIECES[i] : bytes;
        for (size_t at = 0; at < bytes; at += step)
            ck_assert_int_eq(links_feed(reader, page + at, step < bytes - at ? step : bytes - at), STATUS_OK);
        links_end(reader);
        fclose(places.out);
        ck_assert_msg(strcmp(places.text, expected) == 0, "%s\nin pieces of %zu has\n%s\nand not\n%s", page, step,
                      places.text, expected);
        free(places.text);
    }
    links_close(reader);
}

static void open_links(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    sink = (struct links_sink){.link = take, .wants_text = true};
    links = links_open(&sink, NULL);
    ck_assert_ptr_nonnull(links);
    found = (struct found){0};
    found.out = open_memstream(&found.text, &found.bytes);
}

static void close_links(void)
{
    links_close(links);
    fclose(found.out);
    free(found.text);
}

/* Feeds the page in pieces of so many bytes, 0: at once. */
static void read_page(const char *page, size_t bytes, const char *type, size_t piece)
{
    fseeko(found.out, 0, SEEK_SET);
    ck_assert_int_eq(links_begin(links, PAGE_URL, strlen(PAGE_URL), type), STATUS_OK);
    for (size_t at = 0; at < bytes;) {
        size_t count = piece && piece < bytes - at ? piece : bytes - at;
        ck_assert_int_eq(links_feed(links, page + at, count), STATUS_OK);
        at += count;
    }
    links_end(links);
    fputc('\0', found.out);
    fflush(found.out);
    ck_assert_uint_eq(links_counts(links).page_bytes, bytes);
}

static void expect_bytes(const char *page, size_t bytes, const char *type, const char *expected)
{
    static const size_t PIECES[] = {0, 1, 2, 3, 7, 64};
    for (size_t i = 0; i < sizeof PIECES / sizeof PIECES[0]; i++) {
        read_page(page, bytes, type, PIECES[i]);
        ck_assert_msg(strcmp(found.text, expected) == 0, "%s\nin pieces of %zu has\n%s\nand not\n%s", page, PIECES[i],
                      found.text, expected);
    }
}

static void expect(const char *page, const char *expected)
{
    expect_bytes(page, strlen(page), "text/html", expected);
}

START_TEST(every_element_with_a_link_gives_it)
{
    expect("<a href=x>", "p0 http://example.org/d/x\n");
    expect("<AREA HREF='/x'>", "p0 http://example.org/x\n");
    expect("<iframe src=x></iframe><frame src=y>", "f0 http://example.org/d/x\nf0 http://example.org/d/y\n");
    expect("<img src=x alt=z><script src=y></script>", "s0 http://example.org/d/x\ns0 http://example.org/d/y\n");
    expect(
        "<img srcset='a 1x, b, c 200w ,d(1,2) x'>",
        "s0 http://example.org/d/a\ns0 http://example.org/d/b\ns0 http://example.org/d/c\ns0 http://example.org/d/d(1,2)\n");
    expect("<form action=x><form action=y method=POST><form action=z method=get><form>",
           "g0 http://example.org/d/x\ng0 http://example.org/d/z\n");
    expect("<meta http-equiv=Refresh content='0; url=x'>", "r0 http://example.org/d/x\n");
    expect("<p href=x><b src=y></a href=z><div action=q>", "");
    expect("<a name=x><img><link rel=next><iframe>", "");
}
END_TEST

START_TEST(what_is_a_part_of_the_page_is_an_asset)
{
    expect("<picture><source srcset='a 1x, b 2x' src=c></picture>",
           "s0 http://example.org/d/c\ns0 http://example.org/d/a\ns0 http://example.org/d/b\n");
    expect(
        "<video poster=a src=b><track src=c></video><audio src=d>",
        "s0 http://example.org/d/a\ns0 http://example.org/d/b\ns0 http://example.org/d/c\ns0 http://example.org/d/d\n");
    expect("<embed src=a><object data=b></object><body background=c>",
           "s0 http://example.org/d/a\ns0 http://example.org/d/b\ns0 http://example.org/d/c\n");
    expect("<input type=IMAGE src=a><input type=text src=b><input src=c>", "s0 http://example.org/d/a\n");
    expect("<svg><image xlink:href=a /><image href=b xlink:href=c /><use href='d#e'/><use href='#f'/></svg>",
           "s0 http://example.org/d/a\ns0 http://example.org/d/b\ns0 http://example.org/d/d\n");
    expect("<svg><a xlink:href=a>t</a></svg><image src=b>", "p0 http://example.org/d/a t\ns0 http://example.org/d/b\n");
    expect("<q cite=a><blockquote cite=b><del cite=c><ins cite=d>", "");
    expect("<video poster='' src=><img src='' srcset=''><object data>", "");
}
END_TEST

START_TEST(links_say_where_their_values_stand)
{
#define EXPECT_PLACES(page, expected) expect_places(page, sizeof(page) - 1, "text/html", expected)
    EXPECT_PLACES("x<a href=\"a\">y</a><a href='b'><a href=c><a href = d >", "p[a]\" p[b]' p[c]= p[d]= ");
    EXPECT_PLACES("<a href=' a&amp;b\n'><a href><a href=''><a href= ><a href=\"\" id=x>",
                  "p[ a&amp;b\n]' p- p[]' p- p[]\" ");
    EXPECT_PLACES("<link rel=icon href=a><form action=b></form><script src='c'></script><iframe src=d></iframe>",
                  "s[a]= g[b]= s[c]' f[d]= ");
    EXPECT_PLACES("<img src=a srcset='b 1x, c 2x'><img srcset='d&amp;e 1x, f'>", "s[a]= s[b]' s[c]' s- s- ");
    EXPECT_PLACES("<meta http-equiv=refresh content=\"0; url='a'\"><meta http-equiv=refresh content='0;&#32;url=b'>",
                  "r[a]\" r- ");
    EXPECT_PLACES("\303\251<base href=/b/><base href=/c/><a href=x>", "B[/b/]= p[x]= ");
    EXPECT_PLACES("\357\273\277<a href=x>", "p[x]= ");
    expect_places("\377\376<\0a\0 \0h\0r\0e\0f\0=\0x\0>\0", 22, "", "p- ");
    expect_places("<a href='\351?\351'>", 14, "text/html; charset=latin1", "p[\351?\351]' ");
#undef EXPECT_PLACES
}
END_TEST

START_TEST(what_stands_in_style_elements_is_handed_on)
{
    static const char PAGE[] =
        "<style>a{}<!-- </b></style >b<STYLE media=x></style><svg><style><![CDATA[c]]></style></svg>"
        "<script>d</script><style>e";
    expect_places(PAGE, sizeof PAGE - 1, "", "a{}<!-- </b>||c|e|");
}
END_TEST

START_TEST(blocks_in_a_link_are_apart)
{
    expect("<a href=a><div>one</div><div>two</div><p>three<br>four<b>five</b></a>",
           "p0 http://example.org/d/a one two three fourfive\n");
    expect("<a href=a><h2 class=\"x\">one</h2><span>two</span></a><div>x</div><a href=b><br></a>",
           "p0 http://example.org/d/a one two\np0 http://example.org/d/b\n");
    expect("<title>one<p>two</title>", "");
    ck_assert_str_eq(links_facts(links)->title, "one<p>two");
}
END_TEST

/* URL standard, "query state": what is no UTF-8 is in the path all the same, and stays what it is in the query. */
START_TEST(references_of_windows_1252_are_utf_8_but_in_queries)
{
    static const char PAGE[] =
        "<title>\351\200</title><a href='caf\351/\200?caf\351&x=&eacute;&#x4e2d;#\351'>\351t&eacute;</a>";
    static const char EXPECTED[] =
        "p0 http://example.org/d/caf%C3%A9/%E2%82%AC?caf%E9&x=%E9%26%2320013%3B \303\251t\303\251\n";
    expect_bytes(PAGE, sizeof PAGE - 1, "text/html; charset=ISO-8859-1", EXPECTED);
    ck_assert_str_eq(links_facts(links)->title, "\303\251\342\202\254");
    static const char META[] = "<meta charset=Windows-1252><a href='\351?\351'>";
    expect_bytes(META, sizeof META - 1, "text/html", "p0 http://example.org/d/%C3%A9?%E9\n");
    static const char OTHER[] = "<meta charset=koi8-r><a href='\351?\351'>"; /* no table: the bytes as they are */
    expect_bytes(OTHER, sizeof OTHER - 1, "text/html", "p0 http://example.org/d/%E9?%E9\n");
}
END_TEST

START_TEST(a_link_element_is_what_its_rel_says)
{
    expect("<link rel=stylesheet href=a><link rel='shortcut icon' href=b>",
           "s0 http://example.org/d/a\ns0 http://example.org/d/b\n");
    expect(
        "<link rel=Canonical href=a><link rel=alternate href=b><link rel=next href=c><link rel=prev href=d>",
        "c0 http://example.org/d/a\nl0 http://example.org/d/b\nn0 http://example.org/d/c\nn0 http://example.org/d/d\n");
    expect("<link rel='alternate stylesheet' href=a><link rel=author href=b>",
           "s0 http://example.org/d/a\no0 http://example.org/d/b\n");
    expect("<link href=a><link rel='' href=b><link rel=dns-prefetch href=//c>", "");
    expect("<link rel='alternate nofollow' href=a>", "l1 http://example.org/d/a\n");
}
END_TEST

START_TEST(rel_of_an_anchor_is_kept)
{
    expect("<a rel=nofollow href=a><a rel='UGC\tsponsored' href=b><a rel='nofollows me' href=c>",
           "p1 http://example.org/d/a\np6 http://example.org/d/b\np0 http://example.org/d/c\n");
}
END_TEST

START_TEST(text_of_an_anchor_is_collapsed_and_decoded)
{
    expect("<a href=a>\n one <b>two</b>\tth&eacute;ee </a> four", "p0 http://example.org/d/a one two th\303\251ee\n");
    expect("<a href=a>one<a href=b>two", "p0 http://example.org/d/a one\np0 http://example.org/d/b two\n");
    expect("<a href=a>&am<b>p;</a>", "p0 http://example.org/d/a &amp;\n");
    expect("<a href=a>x<!-- y --><script>z</script></a>", "p0 http://example.org/d/a x\n");
    expect("<a href=a></a>b<a>c</a>", "p0 http://example.org/d/a\n");
}
END_TEST

START_TEST(text_is_cut_at_a_whole_character)
{
    char page[2000] = "<a href=a>";
    for (int i = 0; i < 200; i++)
        memcpy(page + strlen(page), "\303\251 ", 4);
    read_page(page, strlen(page), "", 0);
    size_t bytes = strlen(found.text) - strlen("p0 http://example.org/d/a \n");
    ck_assert_uint_le(bytes, LINK_TEXT_BYTES_MAX);
    ck_assert_uint_ge(bytes, LINK_TEXT_BYTES_MAX - 2);
    ck_assert_int_eq((unsigned char)found.text[strlen(found.text) - 2], 0xa9);
}
END_TEST

START_TEST(references_and_resolution_apply_to_links)
{
    expect("<a href='?a=1&amp;b=2&copy=3'><a href='&#x2F;x'><a href=' ../y '>",
           "p0 http://example.org/d/page.html?a=1&b=2&copy=3\np0 http://example.org/x\np0 http://example.org/y\n");
    expect("<a href='#top'><a href=''>", "p0 http://example.org/d/page.html?q\np0 http://example.org/d/page.html?q\n");
    expect("<a href=mailto:x><a href='javascript:y'><a href='http://'><a href=z>", "p0 http://example.org/d/z\n");
    ck_assert_uint_eq(links_counts(links).unusable, 3);
    ck_assert_uint_eq(links_counts(links).found, 1);
}
END_TEST

START_TEST(the_first_base_holds_for_what_follows)
{
    expect("<base target=_top><a href=a><base href='/b/?x'><a href=a><base href=/c/><a href=a>",
           "p0 http://example.org/d/a\np0 http://example.org/b/a\np0 http://example.org/b/a\n");
    ck_assert_str_eq(links_facts(links)->base, "http://example.org/b/?x");
    expect("<base href='data:x'><base href=/c/><a href=a>", "p0 http://example.org/d/a\n");
}
END_TEST

START_TEST(what_is_no_markup_has_no_links)
{
    expect("<title><a href=x></title><style><a href=x></style><!-- <a href=x> --><script>'<a href=x>'</script>"
           "<textarea><a href=x></textarea><xmp><a href=x></xmp><noscript><a href=y></noscript><plaintext><a href=x>",
           "p0 http://example.org/d/y\n");
    expect("<svg><title><a href=x></a></title></svg>", "p0 http://example.org/d/x\n");
    expect("<a href=x", "");
}
END_TEST

START_TEST(facts_of_a_page_are_known)
{
    expect("<!doctype html><html lang=en-GB><head><meta charset=ISO-8859-1><title> A &amp;\n B </title><title>C</title>"
           "<meta name=ROBOTS content='noindex, NoFollow'><link rel=canonical href=/x#y>",
           "c0 http://example.org/x\n");
    const struct page_facts *facts = links_facts(links);
    ck_assert_str_eq(facts->title, "A & B");
    ck_assert_str_eq(facts->lang, "en-GB");
    ck_assert_str_eq(facts->charset, "iso-8859-1");
    ck_assert_str_eq(facts->canonical, "http://example.org/x");
    ck_assert_uint_eq(facts->robots, PAGE_NOINDEX | PAGE_NOFOLLOW);
    expect("<svg><title>not the page's</title></svg>", "");
    ck_assert_str_eq(facts->title, "");
    ck_assert_str_eq(facts->lang, "");
    ck_assert_uint_eq(facts->robots, 0);
    expect("<title>cut off", "");
    ck_assert_str_eq(facts->title, "cut off");
}
END_TEST

START_TEST(the_charset_is_what_is_said_first)
{
    const struct page_facts *facts = links_facts(links);
    expect("<meta http-equiv=content-type content='text/html; charset=\"KOI8-R\"'>", "");
    ck_assert_str_eq(facts->charset, "koi8-r");
    expect_bytes("<meta charset=cp866>", 20, "text/html; Charset=big5;x", "");
    ck_assert_str_eq(facts->charset, "big5");
    expect_bytes("<meta charset=bogus><meta charset=' BIG5 '>", 43, "text/html; charset=none", "");
    ck_assert_str_eq(facts->charset, "big5");
    expect("<meta http-equiv=content-type content='text/html; charset=\"koi8-r'>", "");
    ck_assert_str_eq(facts->charset, "");
    expect_bytes("\357\273\277<a href=x>", 13, "text/html; charset=big5", "p0 http://example.org/d/x\n");
    ck_assert_str_eq(facts->charset, "utf-8");
    expect("\357\273<a href=x>", "p0 http://example.org/d/x\n");
    ck_assert_str_eq(facts->charset, "");
}
END_TEST

/* ASCII, then U+00E9 and U+1F41F, in UTF-16. */
static size_t put_utf_16(char *to, const char *ascii, bool is_big)
{
    static const unsigned TAIL[] = {0xe9, 0xd83d, 0xdc1f, '>'};
    size_t bytes = 0;
    size_t length = strlen(ascii);
    for (size_t i = 0; i < length + 4; i++) {
        unsigned unit = i < length ? (unsigned char)ascii[i] : TAIL[i - length];
        to[bytes++] = (char)(is_big ? unit >> 8 : unit);
        to[bytes++] = (char)(is_big ? unit : unit >> 8);
    }
    return bytes;
}

START_TEST(utf_16_is_decoded)
{
    static const char EXPECTED[] = "p0 http://example.org/d/%C3%A9%F0%9F%90%9F\n";
    char page[200] = "\376\377";
    size_t bytes = put_utf_16(page + 2, "<a href=", true);
    expect_bytes(page, bytes + 2, "", EXPECTED);
    ck_assert_str_eq(links_facts(links)->charset, "utf-16be");
    expect_bytes(page + 2, bytes, "text/html; charset=utf-16be", EXPECTED);
    memcpy(page, "\377\376", 2);
    bytes = put_utf_16(page + 2, "<a href=", false);
    expect_bytes(page, bytes + 2, "text/html; charset=utf-8", EXPECTED);
    expect_bytes(page + 2, bytes, "text/html; charset=UTF-16", EXPECTED);
}
END_TEST

START_TEST(links_beyond_the_limit_are_counted)
{
    char *page = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&page, &bytes);
    for (unsigned i = 0; i < LINKS_PER_PAGE_MAX + 77; i++)
        fprintf(out, "<a href=%u>", i);
    fclose(out);
    read_page(page, bytes, "", 1000);
    ck_assert_uint_eq(links_counts(links).found, LINKS_PER_PAGE_MAX);
    ck_assert_uint_eq(links_counts(links).dropped, 77);
    ck_assert_ptr_nonnull(strstr(found.text, "/4999\n"));
    ck_assert_ptr_null(strstr(found.text, "/5000\n"));
    read_page(page, 20, "", 0);
    ck_assert_uint_eq(links_counts(links).dropped, 0);
    free(page);
}
END_TEST

START_TEST(without_a_taker_links_are_only_counted)
{
    sink.link = NULL;
    sink.wants_text = false;
    read_page("<a href=x>y</a><img src=z>", 26, "", 0);
    ck_assert_uint_eq(links_counts(links).found, 2);
    ck_assert_uint_eq(found.bytes, 1);
}
END_TEST

START_TEST(a_page_without_a_url_is_refused)
{
    ck_assert_int_eq(links_begin(links, "ftp://x/", 8, ""), STATUS_INVALID_ARGUMENT);
    ck_assert_int_eq(links_begin(links, "", 0, ""), STATUS_INVALID_ARGUMENT);
}
END_TEST

START_TEST(a_refresh_is_read_as_the_standard_says)
{
    static const struct {
        const char *content, *url;
    } CASES[] = {
        {"5;url=x", "x"},     {"5; URL = 'x'y", "x"}, {" 0.5 , x", "x"},    {"5 x", "x"}, {"0;url=\"x y\"", "x y"},
        {"5;url x", "url x"}, {"5;'x", "x"},          {"5", NULL},          {"5;", NULL}, {"x;url=y", NULL},
        {"5;url=", NULL},     {"5x", NULL},           {"5;uri=x", "uri=x"}, {"", NULL},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct html_span url;
        bool is_there = link_refresh_url((struct html_span){CASES[i].content, strlen(CASES[i].content)}, &url);
        ck_assert_msg(is_there == (CASES[i].url != NULL), "%s", CASES[i].content);
        if (is_there)
            ck_assert_msg(url.bytes == strlen(CASES[i].url) && memcmp(url.at, CASES[i].url, url.bytes) == 0, "%s: %.*s",
                          CASES[i].content, (int)url.bytes, url.at);
    }
}
END_TEST

/* Whatever the bytes are, the links are the same in every cut: whole pages take the short ways through tags that nobody wants, pieces
 * of a byte never do. */
START_TEST(random_pages_have_the_same_links_however_they_are_cut)
{
    static const char *const PARTS[] = {
        "<a href=",
        "x",
        "'",
        "\"",
        ">",
        " ",
        "</a>",
        "<title>",
        "</title>",
        "&amp;",
        "&",
        "<base href=/b/>",
        "<link rel=",
        "next",
        " href=y>",
        "<meta ",
        "charset=",
        "content='0;url=z' ",
        "http-equiv=refresh ",
        "<img srcset='a, b 2x'>",
        "<svg>",
        "<!--",
        "-->",
        "\377\376",
        "\0",
        "\303\251",
        "<script>",
        "</script>",
        "<p ",
        "<td class=\"",
        "</div ",
        "b='",
        "c=\"",
        " = ",
        "<br/>",
        "<code>",
        "</code>",
        "<xmp>",
        "</xmp>",
        "a<b",
        "text",
        "\r\n",
        "/",
        "=",
    };
    uint64_t seed = 1;
    for (int round = 0; round < 600; round++) {
        char page[600];
        size_t bytes = 0;
        while (bytes < 500) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            const char *part = PARTS[(seed >> 33) % (sizeof PARTS / sizeof PARTS[0])];
            size_t part_bytes = strlen(part) + (*part == '\0');
            memcpy(page + bytes, part, part_bytes);
            bytes += part_bytes;
        }
        page[bytes] = '\0';
        read_page(page, bytes, "", 0);
        char *expected = strdup(found.text);
        ck_assert_ptr_nonnull(expected);
        expect_bytes(page, bytes, "", expected);
        free(expected);
    }
}
END_TEST

static Suite *links_suite(void)
{
    Suite *suite = suite_create("links");
    TCase *cases = tcase_create("links");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, open_links, close_links);
    tcase_add_test(cases, every_element_with_a_link_gives_it);
    tcase_add_test(cases, what_is_a_part_of_the_page_is_an_asset);
    tcase_add_test(cases, links_say_where_their_values_stand);
    tcase_add_test(cases, what_stands_in_style_elements_is_handed_on);
    tcase_add_test(cases, blocks_in_a_link_are_apart);
    tcase_add_test(cases, references_of_windows_1252_are_utf_8_but_in_queries);
    tcase_add_test(cases, a_link_element_is_what_its_rel_says);
    tcase_add_test(cases, rel_of_an_anchor_is_kept);
    tcase_add_test(cases, text_of_an_anchor_is_collapsed_and_decoded);
    tcase_add_test(cases, text_is_cut_at_a_whole_character);
    tcase_add_test(cases, references_and_resolution_apply_to_links);
    tcase_add_test(cases, the_first_base_holds_for_what_follows);
    tcase_add_test(cases, what_is_no_markup_has_no_links);
    tcase_add_test(cases, facts_of_a_page_are_known);
    tcase_add_test(cases, the_charset_is_what_is_said_first);
    tcase_add_test(cases, utf_16_is_decoded);
    tcase_add_test(cases, links_beyond_the_limit_are_counted);
    tcase_add_test(cases, without_a_taker_links_are_only_counted);
    tcase_add_test(cases, a_page_without_a_url_is_refused);
    tcase_add_test(cases, a_refresh_is_read_as_the_standard_says);
    tcase_add_test(cases, random_pages_have_the_same_links_however_they_are_cut);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(links_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
