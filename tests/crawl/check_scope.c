/* Which URLs belong to a crawl: coordinator/crawl/rules/scope.c and expressions.c. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/limits.h"
#include "common/url_plain.h"
#include "coordinator/crawl/rules/expressions.h"
#include "coordinator/crawl/rules/scope.h"

static struct scope_config config;
static struct scope *scope;
static char why[256];

static void set_up(void)
{
    config = (struct scope_config){.kind = SCOPE_HOST, .depth_max = 20};
    scope = NULL;
}

static void tear_down(void)
{
    scope_close(scope);
}

static void open_scope(void)
{
    scope_close(scope);
    ck_assert_int_eq((int)scope_open(&scope, &config, why, sizeof why), (int)STATUS_OK);
}

static struct url_parts parts_of(const char *url)
{
    struct url_parts parts;
    ck_assert_msg(url_parse_plain(url, strlen(url), &parts), "%s", url);
    return parts;
}

static void add_seed(const char *url)
{
    struct url_parts parts = parts_of(url);
    ck_assert(scope_add_seed(scope, &parts));
}

static void open_with_seed(enum scope_kind kind, const char *url)
{
    config.kind = kind;
    open_scope();
    add_seed(url);
}

static enum crawl_reason judge_link(const char *url, enum link_kind kind, unsigned rel, unsigned robots, uint32_t depth)
{
    struct url_parts parts = parts_of(url);
    struct scope_link link = {.url = &parts, .kind = kind, .rel = rel, .page_robots = robots, .depth = depth};
    return scope_judge(scope, &link);
}

static void expect(const char *url, enum crawl_reason expected)
{
    enum crawl_reason reason = judge_link(url, LINK_PAGE, 0, 0, 1);
    ck_assert_msg(reason == expected, "%s: %s and not %s", url, reason_name(reason), reason_name(expected));
}

/* A host that url_parse_plain() leaves to libcurl. */
static enum crawl_reason judge_host(const char *host)
{
    struct url_parts parts = parts_of("http://x.example/");
    parts.host = (struct url_text){host, strlen(host)};
    struct scope_link link = {.url = &parts, .kind = LINK_PAGE, .depth = 1};
    return scope_judge(scope, &link);
}

static void expect_told(const struct scope_link *link, enum crawl_reason reason, const char *expected)
{
    char text[256];
    ck_assert_int_eq((int)scope_judge(scope, link), (int)reason);
    size_t bytes = scope_explain(scope, link, reason, text, sizeof text);
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(bytes, strlen(expected));
}

/* ---- hosts, domains, prefixes ---- */

START_TEST(a_host_is_in_scope_whatever_its_scheme_and_port)
{
    open_with_seed(SCOPE_HOST, "http://a.example/start/");
    expect("http://a.example/", REASON_NONE);
    expect("https://a.example/x", REASON_NONE);
    expect("http://a.example:8080/x", REASON_NONE);
    expect("http://b.example/", REASON_SCOPE);
    expect("http://www.a.example/", REASON_SCOPE);
    expect("http://example/", REASON_SCOPE);
    ck_assert_int_eq((int)judge_host("a.example."), (int)REASON_NONE);
}
END_TEST

START_TEST(thousands_of_seeds_are_all_in_scope)
{
    char url[64];
    open_scope();
    for (int i = 0; i < 3000; i++) {
        snprintf(url, sizeof url, "http://h%d.example/", i);
        add_seed(url);
        add_seed(url);
    }
    for (int i = 0; i < 6000; i++) {
        snprintf(url, sizeof url, "http://h%d.example/x", i);
        expect(url, i < 3000 ? REASON_NONE : REASON_SCOPE);
    }
}
END_TEST

START_TEST(a_domain_is_what_the_public_suffix_list_says)
{
    open_with_seed(SCOPE_DOMAIN, "http://www.example.co.uk/");
    expect("http://www.example.co.uk/", REASON_NONE);
    expect("http://example.co.uk/", REASON_NONE);
    expect("http://a.b.example.co.uk/", REASON_NONE);
    expect("http://other.co.uk/", REASON_SCOPE);
    expect("http://co.uk/", REASON_SCOPE);
    expect("http://example.com/", REASON_SCOPE);
    expect("http://badexample.co.uk/", REASON_SCOPE);
    ck_assert_int_eq((int)judge_host("a.example.co.uk."), (int)REASON_NONE);
}
END_TEST

START_TEST(private_suffixes_divide_domains_too)
{
    open_with_seed(SCOPE_DOMAIN, "http://alice.github.io/");
    expect("http://x.alice.github.io/", REASON_NONE);
    expect("http://bob.github.io/", REASON_SCOPE);
    expect("http://github.io/", REASON_SCOPE);
}
END_TEST

START_TEST(a_suffix_below_a_domain_is_another_domain)
{
    open_with_seed(SCOPE_DOMAIN, "http://www.amazonaws.com/");
    expect("http://docs.amazonaws.com/", REASON_NONE);
    expect("http://bucket.s3.amazonaws.com/", REASON_SCOPE);
}
END_TEST

START_TEST(wildcards_and_exceptions_of_the_list_hold)
{
    open_with_seed(SCOPE_DOMAIN, "http://www.shop.foo.ck/");
    expect("http://shop.foo.ck/", REASON_NONE);
    expect("http://bar.foo.ck/", REASON_SCOPE);
    open_with_seed(SCOPE_DOMAIN, "http://a.www.ck/");
    expect("http://b.www.ck/", REASON_NONE);
    expect("http://b.web.ck/", REASON_SCOPE);
}
END_TEST

START_TEST(names_in_other_scripts_have_domains_too)
{
    open_with_seed(SCOPE_DOMAIN, "http://www.xn--bcher-kva.xn--p1ai/"); /* under a TLD of another script */
    expect("http://shop.xn--bcher-kva.xn--p1ai/", REASON_NONE);
    expect("http://www.xn--e1afmkfd.xn--p1ai/", REASON_SCOPE);
}
END_TEST

START_TEST(an_address_stands_for_itself)
{
    open_with_seed(SCOPE_DOMAIN, "http://127.0.0.1/");
    expect("http://127.0.0.1:8080/", REASON_NONE);
    expect("http://2.0.0.1/", REASON_SCOPE);
    expect("http://1.127.0.0/", REASON_SCOPE);
    ck_assert_int_eq((int)judge_host("[::1]"), (int)REASON_SCOPE);
    struct url_parts parts = parts_of("http://x.example/");
    parts.host = (struct url_text){"[::1]", 5};
    ck_assert(scope_add_seed(scope, &parts));
    ck_assert_int_eq((int)judge_host("[::1]"), (int)REASON_NONE);
    ck_assert_int_eq((int)judge_host("[::2]"), (int)REASON_SCOPE);
}
END_TEST

START_TEST(hosts_without_a_domain_stand_for_themselves)
{
    static const char *const SEEDS[] = {"http://localhost/", "http://co.uk/", "http://github.io/",
                                        "http://wiki.internal/"};
    static const char *const OTHERS[] = {"http://www.localhost/", "http://www.co.uk/", "http://www.github.io/",
                                         "http://www.wiki.internal/"};
    config.kind = SCOPE_DOMAIN;
    for (size_t i = 0; i < 4; i++) {
        open_scope();
        add_seed(SEEDS[i]);
        expect(SEEDS[i], REASON_NONE);
        expect(OTHERS[i], REASON_SCOPE);
    }
    expect("http://other.internal/", REASON_SCOPE);
    expect("http://internal/", REASON_SCOPE);
}
END_TEST

START_TEST(a_prefix_ends_with_the_last_slash_of_its_seed)
{
    open_with_seed(SCOPE_PREFIX, "http://a.example/docs/v1/index.html?x=/y/");
    expect("http://a.example/docs/v1/", REASON_NONE);
    expect("https://a.example/docs/v1/a/b", REASON_NONE);
    expect("http://a.example/docs/v1", REASON_SCOPE);
    expect("http://a.example/docs/v10/", REASON_SCOPE);
    expect("http://a.example/docs/", REASON_SCOPE);
    expect("http://a.example/", REASON_SCOPE);
    expect("http://b.example/docs/v1/", REASON_SCOPE);
    expect("http://a.example/x/docs/v1/", REASON_SCOPE);
}
END_TEST

START_TEST(every_seed_has_its_own_prefix)
{
    open_with_seed(SCOPE_PREFIX, "http://a.example/docs/");
    add_seed("http://a.example/wiki/Main");
    add_seed("http://b.example/");
    expect("http://a.example/wiki/Other", REASON_NONE);
    expect("http://a.example/docs/x", REASON_NONE);
    expect("http://b.example/anything/at/all", REASON_NONE);
    expect("http://a.example/blog/", REASON_SCOPE);
    expect("http://b.example/docs/", REASON_NONE);
}
END_TEST

START_TEST(any_host_is_in_scope_any)
{
    open_with_seed(SCOPE_ANY, "http://a.example/");
    expect("http://b.example/", REASON_NONE);
    expect("http://127.0.0.1/", REASON_NONE);
}
END_TEST

/* ---- links ---- */

START_TEST(kinds_are_followed_as_the_header_says)
{
    static const struct {
        enum link_kind kind;
        enum crawl_reason plain, assets, forms;
    } ROWS[] = {
        {LINK_PAGE, REASON_NONE, REASON_NONE, REASON_NONE},
        {LINK_FRAME, REASON_NONE, REASON_NONE, REASON_NONE},
        {LINK_FORM, REASON_KIND, REASON_KIND, REASON_NONE},
        {LINK_REFRESH, REASON_NONE, REASON_NONE, REASON_NONE},
        {LINK_REDIRECT, REASON_NONE, REASON_NONE, REASON_NONE},
        {LINK_ASSET, REASON_KIND, REASON_NONE, REASON_KIND},
        {LINK_CANONICAL, REASON_NONE, REASON_NONE, REASON_NONE},
        {LINK_ALTERNATE, REASON_NONE, REASON_NONE, REASON_NONE},
        {LINK_NEXT, REASON_NONE, REASON_NONE, REASON_NONE},
        {LINK_RELATED, REASON_KIND, REASON_KIND, REASON_KIND},
        {LINK_LISTED, REASON_NONE, REASON_NONE, REASON_NONE},
        {LINK_BASE, REASON_KIND, REASON_KIND, REASON_KIND},
        {LINK_KIND_COUNT, REASON_KIND, REASON_KIND, REASON_KIND},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        for (int options = 0; options < 3; options++) {
            config.assets = options == 1;
            config.forms = options == 2;
            open_with_seed(SCOPE_HOST, "http://a.example/");
            const enum crawl_reason expected[] = {ROWS[i].plain, ROWS[i].assets, ROWS[i].forms};
            ck_assert_msg(judge_link("http://a.example/x", ROWS[i].kind, 0, 0, 1) == expected[options],
                          "kind %d with options %d", (int)ROWS[i].kind, options);
        }
    }
}
END_TEST

START_TEST(assets_come_from_any_host)
{
    config.assets = true;
    open_with_seed(SCOPE_PREFIX, "http://a.example/docs/");
    ck_assert_int_eq((int)judge_link("http://cdn.example/x.png", LINK_ASSET, 0, 0, 1), (int)REASON_NONE);
    ck_assert_int_eq((int)judge_link("http://cdn.example/x.png", LINK_PAGE, 0, 0, 1), (int)REASON_SCOPE);
}
END_TEST

START_TEST(assets_need_no_include_but_can_be_excluded)
{
    static const char *const INCLUDE[] = {"/docs/"}, *const EXCLUDE[] = {"\\.mp4$"};
    config.assets = true;
    config.include = INCLUDE;
    config.include_count = 1;
    config.exclude = EXCLUDE;
    config.exclude_count = 1;
    open_with_seed(SCOPE_HOST, "http://a.example/");
    ck_assert_int_eq((int)judge_link("http://cdn.example/x.png", LINK_ASSET, 0, 0, 1), (int)REASON_NONE);
    ck_assert_int_eq((int)judge_link("http://cdn.example/x.mp4", LINK_ASSET, 0, 0, 1), (int)REASON_EXCLUDED);
    ck_assert_int_eq((int)judge_link("http://a.example/docs/x.mp4", LINK_PAGE, 0, 0, 1), (int)REASON_EXCLUDED);
    expect("http://a.example/docs/x", REASON_NONE);
    expect("http://a.example/x", REASON_NOT_INCLUDED);
}
END_TEST

START_TEST(depth_ends_at_its_limit_and_assets_a_little_below)
{
    config.depth_max = 3;
    config.assets = true;
    open_with_seed(SCOPE_HOST, "http://a.example/");
    ck_assert_int_eq((int)judge_link("http://a.example/x", LINK_PAGE, 0, 0, 3), (int)REASON_NONE);
    ck_assert_int_eq((int)judge_link("http://a.example/x", LINK_PAGE, 0, 0, 4), (int)REASON_DEPTH);
    ck_assert_int_eq((int)judge_link("http://a.example/x", LINK_ASSET, 0, 0, 8), (int)REASON_NONE);
    ck_assert_int_eq((int)judge_link("http://a.example/x", LINK_ASSET, 0, 0, 9), (int)REASON_DEPTH);
    config.depth_max = UINT32_MAX;
    open_with_seed(SCOPE_HOST, "http://a.example/");
    ck_assert_int_eq((int)judge_link("http://a.example/x", LINK_ASSET, 0, 0, UINT32_MAX), (int)REASON_NONE);
}
END_TEST

START_TEST(nofollow_stops_links_but_no_redirect_and_no_canonical)
{
    open_with_seed(SCOPE_HOST, "http://a.example/");
    const char *url = "http://a.example/x";
    ck_assert_int_eq((int)judge_link(url, LINK_PAGE, LINK_NOFOLLOW, 0, 1), (int)REASON_NOFOLLOW);
    ck_assert_int_eq((int)judge_link(url, LINK_PAGE, LINK_UGC | LINK_SPONSORED, 0, 1), (int)REASON_NONE);
    ck_assert_int_eq((int)judge_link(url, LINK_PAGE, 0, PAGE_NOFOLLOW, 1), (int)REASON_NOFOLLOW);
    ck_assert_int_eq((int)judge_link(url, LINK_PAGE, 0, PAGE_NOINDEX, 1), (int)REASON_NONE);
    ck_assert_int_eq((int)judge_link(url, LINK_REDIRECT, LINK_NOFOLLOW, PAGE_NOFOLLOW, 1), (int)REASON_NONE);
    ck_assert_int_eq((int)judge_link(url, LINK_CANONICAL, 0, PAGE_NOFOLLOW, 1), (int)REASON_NONE);
    ck_assert_int_eq((int)judge_link(url, LINK_NEXT, 0, PAGE_NOFOLLOW, 1), (int)REASON_NOFOLLOW);
    config.ignore_nofollow = true;
    open_with_seed(SCOPE_HOST, "http://a.example/");
    ck_assert_int_eq((int)judge_link(url, LINK_PAGE, LINK_NOFOLLOW, PAGE_NOFOLLOW, 1), (int)REASON_NONE);
}
END_TEST

/* ---- expressions ---- */

START_TEST(exclude_wins_over_include)
{
    static const char *const INCLUDE[] = {"/a/", "^https://"}, *const EXCLUDE[] = {"\\.pdf$", "/a/b/"};
    config.include = INCLUDE;
    config.include_count = 2;
    config.exclude = EXCLUDE;
    config.exclude_count = 2;
    open_with_seed(SCOPE_HOST, "http://a.example/");
    expect("http://a.example/a/x", REASON_NONE);
    expect("https://a.example/x", REASON_NONE);
    expect("http://a.example/x", REASON_NOT_INCLUDED);
    expect("http://a.example/a/b/x", REASON_EXCLUDED);
    expect("https://a.example/x.pdf", REASON_EXCLUDED);
    expect("https://a.example/x.pdf?y", REASON_NONE);
    expect("http://b.example/a/b/", REASON_SCOPE);
}
END_TEST

START_TEST(a_bad_expression_is_named_with_its_place)
{
    static const char *const BAD[] = {"fine", "(a"};
    config.exclude = BAD;
    config.exclude_count = 2;
    ck_assert_int_eq((int)scope_open(&scope, &config, why, sizeof why), (int)STATUS_INVALID_ARGUMENT);
    ck_assert_ptr_null(scope);
    ck_assert_str_eq(why, "--exclude \"(a\": at byte 2: missing closing parenthesis");
    static const char *const UTF[] = {"(*UTF)a"};
    config.exclude_count = 0;
    config.include = UTF;
    config.include_count = 1;
    ck_assert_int_eq((int)scope_open(&scope, &config, why, sizeof why), (int)STATUS_INVALID_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(why, "--include \"(*UTF)a\": at byte "));
}
END_TEST

static double cpu_seconds(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static const char *const HOSTILE[] = {
    "(a+)+$",
    "(a|aa)+$",
    "(a|a)*$",
    "(.*)*\\d$",
    "(a*)*\\z!",
    "(?:.*a){12}z$",
    ".*.*.*.*=$",
    "(a?){40}a{40}",
    "(x+x+)+y",
    "(?R)?a*b|a",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(?=(a+))a*b\\1",
    "((a+)*)*\\z!",
    "a.*a.*a.*a.*x$",
};

START_TEST(hostile_expressions_come_back_at_once)
{
    char url[URL_BYTES_MAX + 1] = "http://a.example/x=z/";
    size_t bytes = strlen(url);
    memset(url + bytes, 'a', URL_BYTES_MAX - bytes);
    url[URL_BYTES_MAX - 1] = '!';
    url[URL_BYTES_MAX] = '\0';
    struct url_parts parts = parts_of(url);
    struct scope_link link = {.url = &parts, .kind = LINK_PAGE, .depth = 1};
    for (size_t i = 0; i < sizeof HOSTILE / sizeof HOSTILE[0]; i++) {
        config.include = config.exclude = &HOSTILE[i];
        for (int is_exclude = 0; is_exclude < 2; is_exclude++) {
            config.include_count = is_exclude ? 0 : 1;
            config.exclude_count = is_exclude ? 1 : 0;
            open_with_seed(SCOPE_HOST, "http://a.example/");
            double begin = cpu_seconds();
            scope_judge(scope, &link);
            double used = cpu_seconds() - begin;
            ck_assert_msg(used < 0.1, "%s takes %g s", HOSTILE[i], used);
        }
    }
}
END_TEST

START_TEST(what_takes_too_long_is_excluded_and_not_included)
{
    config.include = config.exclude = HOSTILE;
    config.include_count = 1;
    open_with_seed(SCOPE_HOST, "http://a.example/");
    const char *url = "http://a.example/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
    expect(url, REASON_NOT_INCLUDED);
    config.include_count = 0;
    config.exclude_count = 1;
    open_with_seed(SCOPE_HOST, "http://a.example/");
    expect(url, REASON_EXCLUDED);
    expect("http://a.example/b", REASON_NONE);
}
END_TEST

START_TEST(a_later_expression_still_counts_when_one_takes_too_long)
{
    static const char *const INCLUDE[] = {"(a+)+$", "example"};
    config.include = INCLUDE;
    config.include_count = 2;
    open_with_seed(SCOPE_HOST, "http://a.example/");
    expect("http://a.example/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", REASON_NONE);
}
END_TEST

/* ---- telling ---- */

START_TEST(every_reason_is_told_in_words)
{
    static const char *const INCLUDE[] = {"/in/"}, *const EXCLUDE[] = {"/out/", "(a+)+$"};
    config.include = INCLUDE;
    config.include_count = 1;
    config.exclude = EXCLUDE;
    config.exclude_count = 2;
    open_with_seed(SCOPE_HOST, "http://a.example/");
    struct url_parts parts = parts_of("http://a.example/x");
    struct scope_link link = {.url = &parts, .kind = LINK_PAGE, .depth = 1, .rel = LINK_NOFOLLOW};
    expect_told(&link, REASON_NOFOLLOW, "the link says rel=nofollow");
    link.rel = 0;
    link.page_robots = PAGE_NOFOLLOW;
    expect_told(&link, REASON_NOFOLLOW, "the page that has the link says nofollow (meta robots or X-Robots-Tag)");
    link.page_robots = 0;
    link.kind = LINK_ASSET;
    expect_told(&link, REASON_KIND, "an asset; --assets follows them");
    link.kind = LINK_FORM;
    expect_told(&link, REASON_KIND, "the action of a form; --forms follows them");
    link.kind = LINK_RELATED;
    expect_told(&link, REASON_KIND, "links of kind related are not followed");
    link.kind = LINK_PAGE;
    link.depth = 21;
    expect_told(&link, REASON_DEPTH, "21 links from a seed (--max-depth 20)");
    link.depth = 1;
    expect_told(&link, REASON_NOT_INCLUDED, "no --include matches");
    parts = parts_of("http://a.example/in/out/");
    expect_told(&link, REASON_EXCLUDED, "--exclude \"/out/\" matches");
    parts = parts_of("http://a.example/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!");
    expect_told(&link, REASON_EXCLUDED, "--exclude \"(a+)+$\" takes too long on it, which counts as a match");
    parts = parts_of("http://b.example/");
    expect_told(&link, REASON_SCOPE, "host b.example is not among the seeds' (--scope host)");
    char text[64];
    scope_explain(scope, &link, REASON_TEMPLATE, text, sizeof text);
    ck_assert_str_eq(text, "template");
}
END_TEST

START_TEST(every_scope_is_told_in_words)
{
    struct url_parts parts = parts_of("http://www.other.co.uk/a/b/c");
    struct scope_link link = {.url = &parts, .kind = LINK_PAGE, .depth = 1};
    open_with_seed(SCOPE_DOMAIN, "http://example.co.uk/");
    expect_told(&link, REASON_SCOPE, "domain other.co.uk is not among the seeds' (--scope domain)");
    open_with_seed(SCOPE_PREFIX, "http://example.co.uk/docs/");
    expect_told(&link, REASON_SCOPE, "no seed is above www.other.co.uk/a/b/ (--scope prefix)");
}
END_TEST

START_TEST(an_explanation_is_one_line_and_fits)
{
    static const char *const EXCLUDE[] = {"(?x) x\n | y"};
    config.exclude = EXCLUDE;
    config.exclude_count = 1;
    open_with_seed(SCOPE_HOST, "http://a.example/");
    struct url_parts parts = parts_of("http://a.example/x");
    struct scope_link link = {.url = &parts, .kind = LINK_PAGE, .depth = 1};
    expect_told(&link, REASON_EXCLUDED, "--exclude \"(?x) x  | y\" matches");
    char text[8];
    ck_assert_uint_eq(scope_explain(scope, &link, REASON_EXCLUDED, text, sizeof text), 7);
    ck_assert_str_eq(text, "--exclu");
    ck_assert_uint_eq(scope_explain(scope, &link, REASON_EXCLUDED, text, 1), 0);
    ck_assert_str_eq(text, "");
}
END_TEST

static Suite *scope_suite(void)
{
    Suite *suite = suite_create("scope");
    TCase *cases = tcase_create("scope");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_host_is_in_scope_whatever_its_scheme_and_port);
    tcase_add_test(cases, thousands_of_seeds_are_all_in_scope);
    tcase_add_test(cases, a_domain_is_what_the_public_suffix_list_says);
    tcase_add_test(cases, private_suffixes_divide_domains_too);
    tcase_add_test(cases, a_suffix_below_a_domain_is_another_domain);
    tcase_add_test(cases, wildcards_and_exceptions_of_the_list_hold);
    tcase_add_test(cases, names_in_other_scripts_have_domains_too);
    tcase_add_test(cases, an_address_stands_for_itself);
    tcase_add_test(cases, hosts_without_a_domain_stand_for_themselves);
    tcase_add_test(cases, a_prefix_ends_with_the_last_slash_of_its_seed);
    tcase_add_test(cases, every_seed_has_its_own_prefix);
    tcase_add_test(cases, any_host_is_in_scope_any);
    tcase_add_test(cases, kinds_are_followed_as_the_header_says);
    tcase_add_test(cases, assets_come_from_any_host);
    tcase_add_test(cases, assets_need_no_include_but_can_be_excluded);
    tcase_add_test(cases, depth_ends_at_its_limit_and_assets_a_little_below);
    tcase_add_test(cases, nofollow_stops_links_but_no_redirect_and_no_canonical);
    tcase_add_test(cases, exclude_wins_over_include);
    tcase_add_test(cases, a_bad_expression_is_named_with_its_place);
    tcase_add_test(cases, hostile_expressions_come_back_at_once);
    tcase_add_test(cases, what_takes_too_long_is_excluded_and_not_included);
    tcase_add_test(cases, a_later_expression_still_counts_when_one_takes_too_long);
    tcase_add_test(cases, every_reason_is_told_in_words);
    tcase_add_test(cases, every_scope_is_told_in_words);
    tcase_add_test(cases, an_explanation_is_one_line_and_fits);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(scope_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
