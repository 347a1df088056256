/* What header lines say of a page: worker/links/link_header.c. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/links/link_header.h"

/* Every link as "kind flags <target>", in the order of the line. */
static void expect(const char *line, const char *expected)
{
    char *found = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&found, &bytes);
    /* Of its own length: what reads beyond it is seen by the sanitizers. */
    size_t line_bytes = strlen(line);
    char *copy = malloc(line_bytes + !line_bytes);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, line, line_bytes);
    struct html_span value = {copy, line_bytes};
    for (struct header_link link; link_header_next(&value, &link);)
        fprintf(out, "%s%u<%.*s>", link_kind_name(link.kind), link.rel, (int)link.target.bytes, link.target.at);
    ck_assert_uint_eq(value.bytes, 0);
    fclose(out);
    ck_assert_msg(strcmp(found, expected) == 0, "%s has %s and not %s", line, found, expected);
    free(found);
    free(copy);
}

static void expect_robots(const char *line, unsigned flags)
{
    size_t bytes = strlen(line);
    char *copy = malloc(bytes + !bytes);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, line, bytes);
    unsigned found = link_header_robots((struct html_span){copy, bytes}, "shoal");
    ck_assert_msg(found == flags, "%s says %u and not %u", line, found, flags);
    free(copy);
}

START_TEST(a_link_is_what_its_rel_says)
{
    expect("<https://a/>; rel=\"canonical\"", "canonical0<https://a/>");
    expect("</p>;rel=next", "next0</p>");
    expect("</p>; rel=prev", "next0</p>");
    expect("<a>; rel=alternate; hreflang=de", "alternate0<a>");
    expect("<a.css>; rel=preload; as=style", "asset0<a.css>");
    expect("<a.css>; rel=stylesheet", "asset0<a.css>");
    expect("<a>; rel=\"shortcut icon\"", "asset0<a>");
    expect("<a>; rel=license", "related0<a>");
    expect("<a>; rel=\"https://example.org/rel/x\"", "related0<a>");
    expect("<a>; rel=\"alternate nofollow\"", "alternate1<a>");
    expect("<a>; REL=CANONICAL", "canonical0<a>");
    expect("<//cdn>; rel=preconnect, <//dns>; rel=dns-prefetch", "");
    expect("<>; rel=canonical", "canonical0<>");
}
END_TEST

START_TEST(a_line_may_hold_many_links)
{
    expect("<a>; rel=next, <b>; rel=prev", "next0<a>next0<b>");
    expect("<a>;rel=next,<b>;rel=prev,<c>;rel=license", "next0<a>next0<b>related0<c>");
    expect(" , ,<a>; rel=next, ,", "next0<a>");
    expect("<a>, <b>; rel=next", "next0<b>");
    expect("", "");
    expect(" ", "");
}
END_TEST

START_TEST(commas_and_semicolons_in_quotes_and_brackets_separate_nothing)
{
    expect("<a,b;c>; rel=next", "next0<a,b;c>");
    expect("<a>; title=\"x, <b>; rel=prev\"; rel=next", "next0<a>");
    expect("<a>; title=\"x\\\", y\"; rel=next", "next0<a>");
    expect("<a>; title=\"x;rel=prev\"; rel=next, <b>; rel=canonical", "next0<a>canonical0<b>");
    expect("<a\">; rel=next, <b\">; rel=next", "next0<a\">next0<b\">");
}
END_TEST

START_TEST(the_first_rel_counts)
{
    expect("<a>; rel=next; rel=canonical", "next0<a>");
    expect("<a>; rel=dns-prefetch; rel=canonical", "");
    expect("<a>; rev=next; title=t; rel=canonical", "canonical0<a>");
    expect("<a>; rel", "");
    expect("<a>; rel=", "");
    expect("<a>; rel=\"\"", "");
}
END_TEST

START_TEST(quoted_pairs_stand_for_their_character)
{
    expect("<a>; rel=\"ne\\xt\"", "next0<a>");
    expect("<a>; rel=\"\\c\\a\\n\\o\\n\\i\\c\\a\\l\"", "canonical0<a>");
    char line[1200] = "<a>; rel=\"\\";
    memset(line + strlen(line), 'x', 1000);
    expect(line, "related0<a>");
}
END_TEST

START_TEST(blanks_may_stand_around_everything)
{
    expect("  <a>\t;  rel \t= \t\"next\"  ;  title=x  ,  <b> ;rel= prev", "next0<a>next0<b>");
}
END_TEST

START_TEST(a_link_with_an_anchor_is_another_pages)
{
    expect("<a>; rel=canonical; anchor=\"/other\", <b>; anchor=\"#x\"; rel=next, <c>; rel=next", "next0<c>");
}
END_TEST

START_TEST(what_is_no_link_is_passed_over)
{
    expect("a; rel=next, <b>; rel=next", "next0<b>");
    expect("<a rel=next", "");
    expect("<a; rel=next, <b>; rel=prev", "next0<a; rel=next, <b>");
    expect("<a> rel=next, <b>; rel=prev", "next0<b>");
    expect("<a>; title=\"no end; rel=next, <b>; rel=prev", "");
    expect("<a>; rel=\"next", "next0<a>");
    expect("<a>; rel=\"next\\", "related0<a>");
    expect("<a>;", "");
    expect("<a>;;;rel=next", "next0<a>");
    expect("<a>; =x; rel=next", "next0<a>");
}
END_TEST

START_TEST(robots_directives_for_all_count)
{
    expect_robots("noindex", PAGE_NOINDEX);
    expect_robots("NoIndex, NOFOLLOW", PAGE_NOINDEX | PAGE_NOFOLLOW);
    expect_robots("noarchive,nofollow", PAGE_NOFOLLOW);
    expect_robots("none", PAGE_NOINDEX | PAGE_NOFOLLOW);
    expect_robots("all, index, follow", 0);
    expect_robots("noindexed", 0);
    expect_robots("", 0);
    expect_robots(" ,:, ,", 0);
}
END_TEST

START_TEST(robots_directives_for_others_do_not)
{
    expect_robots("otherbot: noindex", 0);
    expect_robots("otherbot: noindex, nofollow", 0);
    expect_robots("shoal: noindex", PAGE_NOINDEX);
    expect_robots("Shoal : noindex, nofollow", PAGE_NOINDEX | PAGE_NOFOLLOW);
    expect_robots("shoals: noindex", 0);
    expect_robots("*: nofollow", PAGE_NOFOLLOW);
    expect_robots("noindex, otherbot: nofollow", PAGE_NOINDEX);
    expect_robots("otherbot: noindex, shoal: nofollow", PAGE_NOFOLLOW);
    expect_robots("shoal: nofollow, otherbot: noindex", PAGE_NOFOLLOW);
}
END_TEST

START_TEST(a_directive_with_a_value_is_no_name)
{
    expect_robots("unavailable_after: 25 Jun 2010 15:00:00 PST, noindex", PAGE_NOINDEX);
    expect_robots("unavailable_after: Friday, 25-Jun-10 15:00:00 GMT, nofollow", PAGE_NOFOLLOW);
    expect_robots("max-snippet: 20, max-image-preview:large, noindex", PAGE_NOINDEX);
    expect_robots("otherbot: unavailable_after: Fri, 25 Jun 2010 15:00:00 GMT, noindex", 0);
    expect_robots("shoal: unavailable_after: Fri, 25 Jun 2010 15:00:00 GMT, noindex", PAGE_NOINDEX);
    expect_robots("noindex, unavailable_after: 2010-06-25T15:00:00+00:00", PAGE_NOINDEX);
}
END_TEST

static Suite *link_header_suite(void)
{
    Suite *suite = suite_create("link_header");
    TCase *cases = tcase_create("link_header");
    tcase_add_test(cases, a_link_is_what_its_rel_says);
    tcase_add_test(cases, a_line_may_hold_many_links);
    tcase_add_test(cases, commas_and_semicolons_in_quotes_and_brackets_separate_nothing);
    tcase_add_test(cases, the_first_rel_counts);
    tcase_add_test(cases, quoted_pairs_stand_for_their_character);
    tcase_add_test(cases, blanks_may_stand_around_everything);
    tcase_add_test(cases, a_link_with_an_anchor_is_another_pages);
    tcase_add_test(cases, what_is_no_link_is_passed_over);
    tcase_add_test(cases, robots_directives_for_all_count);
    tcase_add_test(cases, robots_directives_for_others_do_not);
    tcase_add_test(cases, a_directive_with_a_value_is_no_name);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(link_header_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
