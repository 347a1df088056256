/* robots.txt: coordinator/crawl/rules/robots.c with robots_text.c and robots_pattern.c: the examples of RFC 9309, what files
 * hold, and made-up files whose verdicts must be those of naive_robots.c. */
#include "coordinator/crawl/rules/robots.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/naive_robots.h"

static struct robots *robots;

static void tear_down(void)
{
    robots_close(robots);
    robots = NULL;
}

static void parse_bytes(const char *text, size_t bytes, const char *token)
{
    robots_close(robots);
    /* The sanitizers see what is read behind the end. */
    char *copy = malloc(bytes + 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, bytes);
    robots = robots_parse(copy, bytes, false, token);
    free(copy);
    ck_assert_ptr_nonnull(robots);
}

static void parse(const char *text)
{
    parse_bytes(text, strlen(text), "shoal");
}

static struct robots_verdict judge(const char *path)
{
    return robots_judge(robots, (struct url_text){path, strlen(path)});
}

static void expect(const char *path, bool is_allowed)
{
    ck_assert_msg(judge(path).is_allowed == is_allowed, "%s is %s", path, is_allowed ? "forbidden" : "allowed");
}

static void allows(const char *path)
{
    expect(path, true);
}

static void forbids(const char *path)
{
    expect(path, false);
}

/* Whether a rule for this path matches a URL of that one. */
static bool matches(const char *rule, const char *path)
{
    char text[1024];
    snprintf(text, sizeof text, "User-agent: *\nDisallow: %s\n", rule);
    parse(text);
    return !judge(path).is_allowed;
}

/* ---- the RFC's examples ---- */

static const char EXAMPLE_5_1[] = "User-Agent: *\n"
                                  "Disallow: *.gif$\n"
                                  "Disallow: /example/\n"
                                  "Allow: /publications/\n"
                                  "\n"
                                  "User-Agent: foobot\n"
                                  "Disallow:/\n"
                                  "Allow:/example/page.html\n"
                                  "Allow:/example/allowed.gif\n"
                                  "\n"
                                  "User-Agent: barbot\n"
                                  "User-Agent: bazbot\n"
                                  "Disallow: /example/page.html\n"
                                  "\n"
                                  "User-Agent: quxbot\n";

START_TEST(example_5_1_for_a_crawler_with_no_group_of_its_own)
{
    parse(EXAMPLE_5_1);
    forbids("/picture.gif");
    forbids("/publication/picture.gif/a.gif");
    allows("/publications/picture.gif"); /* the longer rule */
    allows("/picture.gif?x");
    forbids("/example/");
    allows("/example");
    allows("/publications/");
    allows("/publications/example/");
    allows("/");
}
END_TEST

START_TEST(example_5_1_for_each_of_its_crawlers)
{
    parse_bytes(EXAMPLE_5_1, sizeof EXAMPLE_5_1 - 1, "foobot");
    forbids("/");
    forbids("/publications/");
    allows("/example/page.html");
    allows("/example/allowed.gif");
    forbids("/example/allowed.jpg");
    for (int i = 0; i < 2; i++) {
        parse_bytes(EXAMPLE_5_1, sizeof EXAMPLE_5_1 - 1, i == 0 ? "barbot" : "BazBot");
        forbids("/example/page.html");
        allows("/example/");
        allows("/picture.gif");
    }
    /* An empty group allows everything, and is a group all the same. */
    parse_bytes(EXAMPLE_5_1, sizeof EXAMPLE_5_1 - 1, "quxbot");
    allows("/example/page.html");
    allows("/picture.gif");
}
END_TEST

START_TEST(example_5_2_the_longest_match_decides)
{
    parse("User-Agent: shoal\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n");
    forbids("/example/page/disallowed.gif");
    allows("/example/page/allowed.gif");
    ck_assert_uint_eq(judge("/example/page/disallowed.gif").line, 3);
}
END_TEST

/* 2.2.1. */
START_TEST(groups_for_one_token_are_merged)
{
    parse("user-agent: shoal\ndisallow: /foo\ndisallow: /bar\n\nuser-agent: *\ndisallow: /all\n\nuser-agent: Shoal\n"
          "disallow: /baz\n");
    forbids("/foo");
    forbids("/bar");
    forbids("/baz");
    allows("/all");
}
END_TEST

START_TEST(groups_for_all_are_merged_too)
{
    parse("user-agent: *\ndisallow: /a\n\nuser-agent: x\ndisallow: /x\n\nuser-agent: *\ndisallow: /b\n");
    forbids("/a");
    forbids("/b");
    allows("/x");
}
END_TEST

/* 2.2.2: the table of paths and what is compared. */
START_TEST(paths_are_compared_percent_encoded)
{
    ck_assert(matches("/foo/bar?baz=quz", "/foo/bar?baz=quz"));
    ck_assert(matches("/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https%3A%2F%2Ffoo.bar"));
    ck_assert(matches("/foo/bar?baz=https%3A%2F%2Ffoo.bar", "/foo/bar?baz=https://foo.bar"));
    ck_assert(matches("/foo/bar/\xe3\x83\x84", "/foo/bar/%E3%83%84"));
    ck_assert(matches("/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84"));
    ck_assert(matches("/foo/bar/%E3%83%84", "/foo/bar/\xe3\x83\x84"));
    ck_assert(matches("/foo/bar/%62%61%7A", "/foo/bar/baz"));
    ck_assert(matches("/foo/bar/baz", "/foo/bar/%62%61%7a"));
}
END_TEST

/* 2.2.3. */
START_TEST(special_characters_mean_what_they_do)
{
    ck_assert(matches("/ # comment in line", "/x"));
    ck_assert(matches("/this/path/exactly$", "/this/path/exactly"));
    ck_assert(!matches("/this/path/exactly$", "/this/path/exactly/not"));
    ck_assert(matches("/this/*/exactly", "/this/path/exactly"));
    ck_assert(matches("/this/*/exactly", "/this/long/path/exactly/so"));
    ck_assert(!matches("/this/*/exactly", "/this/exactly"));
}
END_TEST

START_TEST(special_characters_are_encoded_to_be_meant_as_they_are)
{
    ck_assert(matches("/path/file-with-a-%2A.html", "/path/file-with-a-*.html"));
    ck_assert(!matches("/path/file-with-a-%2A.html", "/path/file-with-a-b.html"));
    ck_assert(matches("/path/foo-%24", "/path/foo-$"));
    ck_assert(!matches("/path/foo-%24", "/path/foo-"));
    ck_assert(matches("/a$b", "/a$b"));
}
END_TEST

/* 2.2.4. */
START_TEST(other_records_break_no_group)
{
    parse("user-agent: x\nsitemap: http://a/s.xml\ncrawl-delay: 3\nHost: a\n\nuser-agent: shoal\nclean-param: y /\n"
          "disallow: /a\nsitemap: http://a/t.xml\ndisallow: /b\n");
    forbids("/a");
    forbids("/b");
    parse("user-agent: shoal\nsitemap: /s\nuser-agent: y\ndisallow: /a");
    forbids("/a");
}
END_TEST

/* ---- precedence ---- */

START_TEST(allow_wins_a_tie)
{
    parse("user-agent: *\ndisallow: /a\nallow: /a\n");
    allows("/ab");
    ck_assert_uint_eq(judge("/ab").line, 3);
    parse("user-agent: *\nallow: /*b\ndisallow: /ab\n");
    allows("/ab");
    parse("user-agent: *\ndisallow: /*b\nallow: /ab\n");
    allows("/ab");
}
END_TEST

START_TEST(order_does_not_matter_and_length_does)
{
    parse("user-agent: *\ndisallow: /\nallow: /a\ndisallow: /a/b\nallow: /a/b/c$\n");
    forbids("/");
    forbids("/b");
    allows("/a");
    forbids("/a/b");
    allows("/a/b/c");
    forbids("/a/b/cd");
    /* `*` and `$` count as octets. */
    parse("user-agent: *\nallow: /$\ndisallow: /\n");
    allows("/");
    forbids("/x");
    parse("user-agent: *\nallow: /a\ndisallow: /a*\n");
    forbids("/a");
    parse("user-agent: *\nallow: /%61\ndisallow: /a\n");
    allows("/a");
}
END_TEST

START_TEST(a_verdict_names_the_line_and_the_rule)
{
    parse("# all\r\n\r\nUser-agent: *\r\n  DisAllow :\t/private # not this\r\nAllow: /private/not\r\n");
    struct robots_verdict verdict = judge("/private");
    ck_assert_uint_eq(verdict.line, 4);
    ck_assert_uint_eq(verdict.rule.bytes, strlen("DisAllow :\t/private"));
    ck_assert(memcmp(verdict.rule.at, "DisAllow :\t/private", verdict.rule.bytes) == 0);
    verdict = judge("/private/nothing");
    ck_assert(verdict.is_allowed);
    ck_assert_uint_eq(verdict.line, 5);
    ck_assert_uint_eq(judge("/public").line, 0);
}
END_TEST

START_TEST(of_equal_rules_the_first_is_named)
{
    parse("user-agent: *\ndisallow: /a\ndisallow: /%61\nuser-agent: *\ndisallow: /a\ndisallow: /b*\ndisallow: /b*\n");
    ck_assert_uint_eq(judge("/a").line, 2);
    ck_assert_uint_eq(judge("/b").line, 6);
    ck_assert_uint_eq(robots_counts(robots).rules, 5);
}
END_TEST

START_TEST(robots_txt_itself_is_always_allowed)
{
    parse("user-agent: *\ndisallow: /\n");
    allows("/robots.txt");
    forbids("/robots.txt2");
    forbids("/a/robots.txt");
}
END_TEST

/* ---- comparing ---- */

START_TEST(what_delimits_is_not_what_is_encoded)
{
    ck_assert(!matches("/a/b", "/a%2Fb"));
    ck_assert(!matches("/a%2Fb", "/a/b"));
    ck_assert(matches("/a%2fb", "/a%2Fbc"));
    ck_assert(!matches("/*?", "/what%3F"));
    ck_assert(matches("/*%3F", "/what%3f"));
    ck_assert(!matches("/*%3F", "/what?"));
    ck_assert(matches("/*?x=/", "/what?x=%2F"));
    ck_assert(matches("/*u=%2F", "/what?u=/y"));
    ck_assert(matches("/*u=%2F", "/what?u=%2fy"));
    ck_assert(matches("/*/private", "/x?u=/private"));
    ck_assert(matches("/*%2Fa?b", "/x%2fa?b"));
    ck_assert(!matches("/*%2Fa?b", "/x/a?b"));
    ck_assert(matches("/*%2Fa%3Fb$", "/x?y=/a?b"));
}
END_TEST

START_TEST(other_reserved_octets_are_the_same_encoded_or_not)
{
    ck_assert(matches("/wiki/Special:", "/wiki/Special%3ASearch"));
    ck_assert(matches("/wiki/Special%3a", "/wiki/Special:Search"));
    ck_assert(matches("/*&sort=", "/x?a%26sort%3Dup"));
    ck_assert(matches("/%7Ejoe", "/~joe"));
    ck_assert(matches("/a b", "/a%20b"));
    ck_assert(matches("/a|b", "/a%7Cb"));
}
END_TEST

START_TEST(a_percent_sign_that_encodes_nothing_is_one)
{
    ck_assert(matches("/100%", "/100%25"));
    ck_assert(matches("/%zz", "/%zz"));
    ck_assert(matches("/%4", "/%254"));
    ck_assert(!matches("/%2541", "/A"));
    ck_assert(matches("/%0Aa", "/%0aa"));
    ck_assert(!matches("/*J", "/%0A"));
    ck_assert(!matches("/*%2F", "/%01"));
    ck_assert(!matches("/%05", "/*"));
}
END_TEST

START_TEST(case_matters_in_paths_alone)
{
    ck_assert(!matches("/A", "/a"));
    parse("USER-AGENT: SHOAL\nDISALLOW: /a\n");
    forbids("/a");
}
END_TEST

START_TEST(wildcards_stand_for_anything_and_nothing)
{
    ck_assert(matches("*", "/x"));
    ck_assert(matches("/***a***b***", "/ab"));
    ck_assert(matches("/*.php$", "/a.php.php"));
    ck_assert(!matches("/*.php$", "/a.php?"));
    ck_assert(matches("/a*$", "/abc"));
    ck_assert(!matches("/a*a$", "/a"));
    ck_assert(!matches("/ab*bc$", "/abc"));
    ck_assert(matches("/*aab", "/aaab"));
    ck_assert(matches("*.gif$", "/x.gif"));
}
END_TEST

START_TEST(a_url_without_path_or_with_fragment_is_judged)
{
    ck_assert(matches("/$", ""));
    ck_assert(matches("/a$", "/a#b"));
    ck_assert(!matches("/*b", "/a#b"));
}
END_TEST

/* ---- groups ---- */

START_TEST(a_group_is_named_by_its_product_token)
{
    static const char *const OURS[] = {"shoal", "Shoal", "shoal/1.0", "SHOAL (bulk)", "shoal bot", "shoal*"};
    static const char *const OTHERS[] = {"shoalbot", "sho", "shoal-news", "a shoal", "", "/shoal", "*shoal"};
    char text[128];
    for (size_t i = 0; i < sizeof OURS / sizeof OURS[0]; i++) {
        snprintf(text, sizeof text, "User-agent: %s\nDisallow: /a\nUser-agent: *\nDisallow: /b", OURS[i]);
        parse(text);
        forbids("/a");
        allows("/b");
    }
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) {
        snprintf(text, sizeof text, "User-agent: %s\nDisallow: /a\nUser-agent: *\nDisallow: /b", OTHERS[i]);
        parse(text);
        allows("/a");
        forbids("/b");
    }
}
END_TEST

START_TEST(the_caller_s_token_may_have_a_version)
{
    static const char TEXT[] = "User-agent: shoal\nDisallow: /a";
    parse_bytes(TEXT, sizeof TEXT - 1, "Shoal/0.4 (+http://a/)");
    forbids("/a");
    parse_bytes(TEXT, sizeof TEXT - 1, "");
    allows("/a");
}
END_TEST

START_TEST(a_star_names_all_with_anything_behind_a_blank)
{
    parse("User-agent: * everybody\nDisallow: /a");
    forbids("/a");
    parse("User-agent:*\nDisallow:/a");
    forbids("/a");
}
END_TEST

START_TEST(rules_ahead_of_any_group_do_not_count)
{
    parse("Disallow: /a\nUser-agent: *\nDisallow: /b\n");
    allows("/a");
    forbids("/b");
    ck_assert_uint_eq(robots_counts(robots).bad_lines, 1);
}
END_TEST

START_TEST(an_empty_path_is_no_rule_and_ends_the_names)
{
    parse("User-agent: shoal\nDisallow:\nUser-agent: other\nDisallow: /\n");
    allows("/a");
    ck_assert_uint_eq(robots_counts(robots).rules, 0);
    parse("User-agent: *\nAllow:\nDisallow: /\n");
    forbids("/a");
}
END_TEST

START_TEST(names_with_blank_lines_and_comments_between_are_one_group)
{
    parse("User-agent: shoal\n\n# and\n\nUser-agent: other\nDisallow: /a\n");
    forbids("/a");
}
END_TEST

START_TEST(without_groups_for_us_nothing_is_forbidden)
{
    parse("User-agent: other\nDisallow: /\n");
    allows("/a");
    parse("");
    allows("/a");
    ck_assert_uint_eq(robots_counts(robots).lines, 0);
}
END_TEST

START_TEST(a_path_that_begins_with_something_else_is_a_bad_line)
{
    parse("User-agent: *\nDisallow: private\nDisallow: http://a/b\nDisallow: $\nDisallow: %2Fa\n");
    allows("/private");
    allows("/b");
    allows("/a");
    ck_assert_uint_eq(robots_counts(robots).bad_lines, 4);
}
END_TEST

/* ---- lines ---- */

START_TEST(lines_end_with_cr_lf_or_both)
{
    parse("User-agent: *\rDisallow: /a\r\nDisallow: /b\n\r\n\rDisallow: /c");
    forbids("/a");
    forbids("/b");
    ck_assert_uint_eq(judge("/c").line, 6);
    ck_assert_uint_eq(robots_counts(robots).lines, 6);
}
END_TEST

START_TEST(a_byte_order_mark_is_passed_over)
{
    parse("\xef\xbb\xbfUser-agent: *\nDisallow: /a\n");
    forbids("/a");
    ck_assert_uint_eq(judge("/a").line, 2);
    parse("\xef\xbb\xbf");
    allows("/a");
}
END_TEST

/* As UTF-16, with its mark; returns the bytes. */
static size_t widen(const char *text, bool is_big, char *wide)
{
    size_t bytes = 0;
    wide[bytes++] = (char)(is_big ? 0xfe : 0xff);
    wide[bytes++] = (char)(is_big ? 0xff : 0xfe);
    for (; *text != '\0'; text++) {
        wide[bytes++] = is_big ? '\0' : *text;
        wide[bytes++] = is_big ? *text : '\0';
    }
    return bytes;
}

START_TEST(utf_16_with_its_mark_is_read)
{
    char wide[256];
    for (int is_big = 0; is_big < 2; is_big++) {
        size_t bytes = widen("User-agent: *\r\nDisallow: /a\r\nDisallow: /", is_big, wide);
        static const unsigned char MORE[] = {0x00, 0xe9, 0x30, 0xc4, 0xd8, 0x3d, 0xde, 0x00, 0xd8, 0x00};
        for (size_t i = 0; i < sizeof MORE; i++)
            wide[bytes + i] = (char)MORE[is_big ? i : i ^ 1];
        bytes += sizeof MORE;
        parse_bytes(wide, bytes, "shoal");
        forbids("/a");
        forbids("/%C3%A9%E3%83%84%F0%9F%98%80%EF%BF%BD");
        ck_assert_uint_eq(judge("/a").line, 2);
        /* Half a unit at the end is left out. */
        parse_bytes(wide, bytes - 1, "shoal");
        forbids("/\xc3\xa9\xe3\x83\x84\xf0\x9f\x98\x80");
    }
    /* Without its mark it has a NUL in each line. */
    size_t bytes = widen("User-agent: *\nDisallow: /a\n", true, wide);
    parse_bytes(wide + 2, bytes - 2, "shoal");
    allows("/a");
    ck_assert_uint_eq(robots_counts(robots).bad_lines, 2);
}
END_TEST

START_TEST(a_line_with_nul_is_bad_and_the_others_count)
{
    static const char TEXT[] = "User-agent: *\nDisallow: /a\0b\nDisallow: /c\n\0\nDisallow: /d";
    parse_bytes(TEXT, sizeof TEXT - 1, "shoal");
    allows("/a");
    forbids("/c");
    forbids("/d");
    ck_assert_uint_eq(robots_counts(robots).bad_lines, 2);
}
END_TEST

START_TEST(a_page_instead_of_a_robots_txt_gives_no_rules)
{
    parse("<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>Not found: 404</title>\n<style>a { color: red; }</style>\n"
          "<script>var a = {allow: '/', disallow: '/'};</script></head>\n"
          "<body><p>User-agent: * Disallow: /</p><a href=\"http://a/\">home</a></body></html>\n");
    allows("/a");
    ck_assert_uint_eq(robots_counts(robots).rules, 0);
    ck_assert_uint_eq(robots_counts(robots).bad_lines, 6);
}
END_TEST

START_TEST(lines_that_can_be_read_count_whatever_is_around_them)
{
    parse(
        "<html><pre>\nUser-agent: *\n\x80\xff\xfe garbage\nDisallow: /a\n::::\n:\nUser agent *\nDisallow /b\n</pre>\n");
    forbids("/a");
    allows("/b");
    ck_assert_uint_eq(robots_counts(robots).bad_lines, 7);
}
END_TEST

/* ---- limits ---- */

/* A file of `bytes`, the last line of which is "Disallow: /last" without a line end. */
static char *long_file(size_t bytes)
{
    static const char FIRST[] = "User-agent: *\nDisallow: /first\n";
    static const char LAST[] = "\nDisallow: /last";
    char *text = malloc(bytes);
    ck_assert_ptr_nonnull(text);
    memset(text, '#', bytes);
    memcpy(text, FIRST, sizeof FIRST - 1);
    memcpy(text + bytes - sizeof LAST + 1, LAST, sizeof LAST - 1);
    return text;
}

START_TEST(all_of_512_kib_is_read_and_no_byte_more)
{
    char *text = long_file(ROBOTS_BYTES_MAX);
    parse_bytes(text, ROBOTS_BYTES_MAX, "shoal");
    forbids("/first");
    forbids("/last");
    free(text);
    text = long_file(ROBOTS_BYTES_MAX + 1);
    parse_bytes(text, ROBOTS_BYTES_MAX + 1, "shoal");
    forbids("/first");
    allows("/last");
    free(text);
}
END_TEST

START_TEST(a_line_that_is_cut_does_not_count)
{
    static const char TEXT[] = "User-agent: *\nDisallow: /a\nDisallow: /b";
    robots = robots_parse(TEXT, sizeof TEXT - 1, true, "shoal");
    forbids("/a");
    allows("/b");
    ck_assert_uint_eq(robots_counts(robots).lines, 2);
}
END_TEST

START_TEST(fifty_megabytes_of_robots_are_bounded)
{
    size_t bytes = 50u << 20;
    char *text = malloc(bytes);
    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < bytes; i += 27)
        memcpy(text + i, "User-agent: *\nDisallow: /a\n", bytes - i < 27 ? bytes - i : 27);
    parse_bytes(text, bytes, "shoal");
    free(text);
    forbids("/a");
    ck_assert_uint_eq(robots_counts(robots).rules, ROBOTS_BYTES_MAX / 27);
    ck_assert_uint_lt(robots_counts(robots).memory_bytes, 2u << 20);
}
END_TEST

START_TEST(rules_beyond_the_limit_are_counted)
{
    char *text = malloc(ROBOTS_BYTES_MAX);
    ck_assert_ptr_nonnull(text);
    int bytes = snprintf(text, 64, "User-agent: *\n");
    for (unsigned i = 0; i < ROBOTS_RULES_MAX + 10; i++)
        bytes += snprintf(text + bytes, 64, "Disallow: /%u$\n", i);
    parse_bytes(text, (size_t)bytes, "shoal");
    free(text);
    ck_assert_uint_eq(robots_counts(robots).rules, ROBOTS_RULES_MAX);
    ck_assert_uint_eq(robots_counts(robots).rules_dropped, 10);
    forbids("/19999");
    allows("/20000");
}
END_TEST

START_TEST(a_url_beyond_its_limit_is_not_allowed)
{
    char path[URL_BYTES_MAX + 2];
    memset(path, 'a', sizeof path);
    path[0] = '/';
    parse("");
    ck_assert(robots_judge(robots, (struct url_text){path, URL_BYTES_MAX}).is_allowed);
    ck_assert(!robots_judge(robots, (struct url_text){path, URL_BYTES_MAX + 1}).is_allowed);
    memset(path, '\1', sizeof path);
    parse("user-agent: *\ndisallow: /*%01$");
    path[0] = '/';
    ck_assert(!robots_judge(robots, (struct url_text){path, URL_BYTES_MAX}).is_allowed);
}
END_TEST

/* A matcher that goes back at each wildcard would take longer than the suite may for the first; the others are many rules that are
 * looked for everywhere: more than one verdict may cost. */
START_TEST(no_pattern_makes_it_slow)
{
    char *text = malloc(ROBOTS_BYTES_MAX);
    ck_assert_ptr_nonnull(text);
    char path[URL_BYTES_MAX];
    memset(path, 'a', sizeof path);
    memcpy(path, "/b", 2);
    static const char *const LINES[] = {"Disallow: /*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b\n",
                                        "Disallow: /*aaaaaaaaaaaaaaaaaaaaaaaaaab\n", "Allow: *a%2Faaa*a$%\n",
                                        "Disallow: /*aaab*%3F*a$\n"};
    for (size_t i = 0; i < sizeof LINES / sizeof LINES[0]; i++) {
        size_t bytes = (size_t)snprintf(text, 64, "User-agent: *\n");
        for (; bytes + strlen(LINES[i]) < ROBOTS_BYTES_MAX; bytes += strlen(LINES[i]))
            memcpy(text + bytes, LINES[i], strlen(LINES[i]));
        parse_bytes(text, bytes, "shoal");
        for (int j = 0; j < 5; j++)
            ck_assert_uint_eq(robots_judge(robots, (struct url_text){path, sizeof path}).line, 0);
        ck_assert(!robots_judge(robots, (struct url_text){path, sizeof path}).is_allowed);
        ck_assert(robots_judge(robots, (struct url_text){path, 100}).is_allowed);
    }
    /* One rule, as long as the file. */
    memset(text, 'a', ROBOTS_BYTES_MAX);
    memcpy(text, "User-agent: *\nDisallow: /*", 26);
    for (size_t i = 2000; i < ROBOTS_BYTES_MAX; i += 2000)
        text[i] = '*';
    text[ROBOTS_BYTES_MAX - 1] = 'b';
    parse_bytes(text, ROBOTS_BYTES_MAX, "shoal");
    ck_assert_uint_eq(robots_counts(robots).rules, 1);
    ck_assert(robots_judge(robots, (struct url_text){path, sizeof path}).is_allowed);
    free(text);
}
END_TEST

/* ---- what else it says ---- */

START_TEST(crawl_delay_is_read_for_our_groups)
{
    static const struct {
        const char *value;
        int64_t ms;
    } VALUES[] = {{"10", 10000},
                  {"0.5", 500},
                  {"1.0001", 1001},
                  {"1.000", 1000},
                  {".25", 250},
                  {"0", 0},
                  {"2 s", 2000},
                  {"3s", 3000},
                  {"99999", 99999000},
                  {"9999999999", INT32_MAX},
                  {"-1", -1},
                  {"soon", -1},
                  {"", -1},
                  {".", -1},
                  {"1.", 1000},
                  {"0.0000001", 1},
                  {"2147483.648", INT32_MAX}};
    for (size_t i = 0; i < sizeof VALUES / sizeof VALUES[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "User-agent: *\nCrawl-delay: %s\nUser-agent: x\nCrawl-delay: 7\nDisallow:/",
                 VALUES[i].value);
        parse(text);
        ck_assert_msg(robots_crawl_delay_ms(robots) == (VALUES[i].ms < 7000 ? 7000 : VALUES[i].ms), "%s",
                      VALUES[i].value);
        snprintf(text, sizeof text, "User-agent: *\ncrawl-delay: %s\nDisallow:\nUser-agent: x\nCrawl-delay: 7",
                 VALUES[i].value);
        parse(text);
        ck_assert_msg(robots_crawl_delay_ms(robots) == VALUES[i].ms, "%s", VALUES[i].value);
        ck_assert_uint_eq(robots_counts(robots).bad_lines, VALUES[i].ms < 0);
    }
}
END_TEST

START_TEST(sitemaps_are_kept_in_order_wherever_they_stand)
{
    parse(
        "Sitemap: http://a/1.xml\nUser-agent: x\nSITEMAP:/2.xml # second\nDisallow: /\nsitemap:\nSitemap: http://a/1.xml");
    ck_assert_str_eq(robots_sitemap(robots, 0), "http://a/1.xml");
    ck_assert_str_eq(robots_sitemap(robots, 1), "/2.xml");
    ck_assert_str_eq(robots_sitemap(robots, 2), "http://a/1.xml");
    ck_assert_ptr_null(robots_sitemap(robots, 3));
    ck_assert_uint_eq(robots_counts(robots).sitemaps, 3);
}
END_TEST

START_TEST(sitemaps_beyond_the_limit_are_counted)
{
    static char text[64 * (ROBOTS_SITEMAPS_MAX + 3) + URL_BYTES_MAX];
    int bytes = 0;
    for (unsigned i = 0; i < ROBOTS_SITEMAPS_MAX + 3; i++)
        bytes += snprintf(text + bytes, 64, "Sitemap: /%u\n", i);
    parse(text);
    ck_assert_uint_eq(robots_counts(robots).sitemaps_dropped, 3);
    ck_assert_str_eq(robots_sitemap(robots, ROBOTS_SITEMAPS_MAX - 1), "/999");
    ck_assert_ptr_null(robots_sitemap(robots, ROBOTS_SITEMAPS_MAX));
    for (unsigned more = 0; more < 2; more++) {
        bytes = snprintf(text, sizeof text, "Sitemap: /%0*d", (int)(URL_BYTES_MAX - 1 + more), 0);
        parse_bytes(text, (size_t)bytes, "shoal");
        ck_assert_uint_eq(robots_counts(robots).sitemaps_dropped, more);
    }
}
END_TEST

/* ---- beside a second matcher ---- */

static uint64_t random_state;

static unsigned random_below(unsigned bound)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % bound;
}

static size_t put_random(char *out, unsigned most, const char *const *words, unsigned word_count)
{
    size_t bytes = 0;
    for (unsigned left = random_below(most + 1); left > 0; left--) {
        const char *word = words[random_below(word_count)];
        memcpy(out + bytes, word, strlen(word));
        bytes += strlen(word);
    }
    return bytes;
}

static size_t put_random_file(char *text)
{
    static const char *const RULE_WORDS[] = {"a",   "b", "/",   "/", "*",        "?",      "%2F", "%3f",
                                             "%61", "$", "%2a", "%", "\xc3\xa9", "%C3%A9", "a/b", "%01"};
    static const char *const LINES[] = {
        "User-agent: shoal", "user-agent: *", "User-agent: other", "Allow:", "Disallow:", "Crawl-delay: 3", "junk", "",
        "Disallow:a"};
    static const char *const ENDS[] = {"\n", "\r\n", "\r", " # x\n"};
    size_t bytes = random_below(8) == 0 ? (size_t)snprintf(text, 8, "\xef\xbb\xbf") : 0;
    for (unsigned lines = random_below(24); lines > 0; lines--) {
        if (random_below(8) == 0) {
            bytes += (size_t)snprintf(text + bytes, 32, "\nuser-agent: %s\n", random_below(3) ? "*" : "Shoal/2");
        } else if (random_below(5) == 0) {
            bytes += put_random(text + bytes, 1, LINES, sizeof LINES / sizeof LINES[0]);
        } else {
            bytes += (size_t)snprintf(text + bytes, 16, "%s%s",
                                      random_below(2) ? "Allow: " : "Disallow:", random_below(4) ? "/" : "*");
            bytes += put_random(text + bytes, 6, RULE_WORDS, sizeof RULE_WORDS / sizeof RULE_WORDS[0]);
        }
        bytes += put_random(text + bytes, 1, ENDS, sizeof ENDS / sizeof ENDS[0]);
    }
    return bytes;
}

START_TEST(verdicts_are_those_of_a_second_matcher)
{
    static const char *const PATH_WORDS[] = {"a", "b", "/", "/",        "?",      "%2F", "%3F", "%61",
                                             "$", "*", "%", "\xc3\xa9", "%c3%a9", "a/b", "%01"};
    static char text[8192], path[512];
    random_state = 1 + (uint64_t)_i;
    unsigned ruled = 0;
    for (int file = 0; file < 1000; file++) {
        size_t bytes = put_random_file(text);
        bool is_cut = random_below(4) == 0;
        robots_close(robots);
        robots = robots_parse(text, bytes, is_cut, "shoal");
        ck_assert_ptr_nonnull(robots);
        for (int i = 0; i < 20; i++) {
            path[0] = '/';
            size_t path_bytes = 1 + put_random(path + 1, 8, PATH_WORDS, sizeof PATH_WORDS / sizeof PATH_WORDS[0]);
            struct robots_verdict verdict = robots_judge(robots, (struct url_text){path, path_bytes});
            struct naive_verdict expected = naive_robots_judge(text, bytes, is_cut, "shoal", path, path_bytes);
            ck_assert_msg(verdict.is_allowed == expected.is_allowed && verdict.line == expected.line,
                          "%.*s: %d, line %u and not %d, line %u, in\n%.*s", (int)path_bytes, path, verdict.is_allowed,
                          verdict.line, expected.is_allowed, expected.line, (int)bytes, text);
            ruled += verdict.line > 0;
        }
    }
    ck_assert_uint_gt(ruled, 2000);
}
END_TEST

/* Many rules, most of them the beginning of others. */
START_TEST(many_rules_are_judged_as_few_are)
{
    static const char *const WORDS[] = {"a", "b", "/"};
    static char text[1 << 17];
    random_state = 77;
    size_t bytes = (size_t)snprintf(text, 64, "User-agent: shoal\n");
    for (int i = 0; i < 1000; i++) {
        bytes += (size_t)snprintf(text + bytes, 16, "%s: /", random_below(2) ? "Allow" : "Disallow");
        bytes += put_random(text + bytes, 12, WORDS, 3);
        text[bytes++] = '\n';
    }
    parse_bytes(text, bytes, "shoal");
    for (int i = 0; i < 200; i++) {
        char path[32] = "/";
        size_t path_bytes = 1 + put_random(path + 1, 20, WORDS, 3);
        struct robots_verdict verdict = robots_judge(robots, (struct url_text){path, path_bytes});
        struct naive_verdict expected = naive_robots_judge(text, bytes, false, "shoal", path, path_bytes);
        ck_assert(verdict.is_allowed == expected.is_allowed && verdict.line == expected.line);
    }
}
END_TEST

static Suite *robots_suite(void)
{
    Suite *suite = suite_create("robots");
    TCase *tests = tcase_create("robots");
    tcase_set_timeout(tests, 20);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_test(tests, example_5_1_for_a_crawler_with_no_group_of_its_own);
    tcase_add_test(tests, example_5_1_for_each_of_its_crawlers);
    tcase_add_test(tests, example_5_2_the_longest_match_decides);
    tcase_add_test(tests, groups_for_one_token_are_merged);
    tcase_add_test(tests, groups_for_all_are_merged_too);
    tcase_add_test(tests, paths_are_compared_percent_encoded);
    tcase_add_test(tests, special_characters_mean_what_they_do);
    tcase_add_test(tests, special_characters_are_encoded_to_be_meant_as_they_are);
    tcase_add_test(tests, other_records_break_no_group);
    tcase_add_test(tests, allow_wins_a_tie);
    tcase_add_test(tests, order_does_not_matter_and_length_does);
    tcase_add_test(tests, a_verdict_names_the_line_and_the_rule);
    tcase_add_test(tests, of_equal_rules_the_first_is_named);
    tcase_add_test(tests, robots_txt_itself_is_always_allowed);
    tcase_add_test(tests, what_delimits_is_not_what_is_encoded);
    tcase_add_test(tests, other_reserved_octets_are_the_same_encoded_or_not);
    tcase_add_test(tests, a_percent_sign_that_encodes_nothing_is_one);
    tcase_add_test(tests, case_matters_in_paths_alone);
    tcase_add_test(tests, wildcards_stand_for_anything_and_nothing);
    tcase_add_test(tests, a_url_without_path_or_with_fragment_is_judged);
    tcase_add_test(tests, a_group_is_named_by_its_product_token);
    tcase_add_test(tests, the_caller_s_token_may_have_a_version);
    tcase_add_test(tests, a_star_names_all_with_anything_behind_a_blank);
    tcase_add_test(tests, rules_ahead_of_any_group_do_not_count);
    tcase_add_test(tests, an_empty_path_is_no_rule_and_ends_the_names);
    tcase_add_test(tests, names_with_blank_lines_and_comments_between_are_one_group);
    tcase_add_test(tests, without_groups_for_us_nothing_is_forbidden);
    tcase_add_test(tests, a_path_that_begins_with_something_else_is_a_bad_line);
    tcase_add_test(tests, lines_end_with_cr_lf_or_both);
    tcase_add_test(tests, a_byte_order_mark_is_passed_over);
    tcase_add_test(tests, utf_16_with_its_mark_is_read);
    tcase_add_test(tests, a_line_with_nul_is_bad_and_the_others_count);
    tcase_add_test(tests, a_page_instead_of_a_robots_txt_gives_no_rules);
    tcase_add_test(tests, lines_that_can_be_read_count_whatever_is_around_them);
    tcase_add_test(tests, all_of_512_kib_is_read_and_no_byte_more);
    tcase_add_test(tests, a_line_that_is_cut_does_not_count);
    tcase_add_test(tests, fifty_megabytes_of_robots_are_bounded);
    tcase_add_test(tests, rules_beyond_the_limit_are_counted);
    tcase_add_test(tests, a_url_beyond_its_limit_is_not_allowed);
    tcase_add_test(tests, no_pattern_makes_it_slow);
    tcase_add_test(tests, crawl_delay_is_read_for_our_groups);
    tcase_add_test(tests, sitemaps_are_kept_in_order_wherever_they_stand);
    tcase_add_test(tests, sitemaps_beyond_the_limit_are_counted);
    tcase_add_loop_test(tests, verdicts_are_those_of_a_second_matcher, 0, 4);
    tcase_add_test(tests, many_rules_are_judged_as_few_are);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(robots_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
