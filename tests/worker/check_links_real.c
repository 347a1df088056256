/* The links of real pages, found twice: by worker/links/links.c, and by libxml2's tree with libcurl's resolver: the same links in
 * the same order, of every page of two manuals (postgresql-doc, python3-doc; what is not installed is skipped, and said).
 *
 * The exceptions, of spelling alone: libcurl leaves '<', '>' and '"' in a URL, which the URL standard escapes (one link of the second
 * manual), and escapes as they are written: "%c3", "%7E". What would be others, and does not occur: markup that libxml2, which follows
 * HTML 4, takes for text, and references in charsets other than UTF-8. */
#include <ctype.h>
#include <curl/curl.h>
#include <fts.h>
#include <libxml/HTMLparser.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/support/support.h"
#include "worker/links/links.h"

#define PAGES_MIN 400u /* of a manual that is installed */

/* Lines, one for each link. */
struct list {
    char *text;
    size_t bytes;
    FILE *out;
};

static void list_open(struct list *list)
{
    *list = (struct list){0};
    list->out = open_memstream(&list->text, &list->bytes);
    ck_assert_ptr_nonnull(list->out);
}

static void list_close(struct list *list)
{
    fclose(list->out);
    free(list->text);
}

/* ---- ours ---- */

static void take(void *context, const struct link *link)
{
    struct list *list = context;
    fprintf(list->out, "%s\n", link->url.at);
}

static uint32_t links_of_page(const char *page, size_t bytes, const char *url, struct list *list)
{
    static const struct links_sink SINK = {.link = take};
    struct links *links = links_open(&SINK, list);
    ck_assert_ptr_nonnull(links);
    ck_assert_int_eq(links_begin(links, url, strlen(url), "text/html"), STATUS_OK);
    for (size_t at = 0; at < bytes; at += 4000)
        ck_assert_int_eq(links_feed(links, page + at, bytes - at < 4000 ? bytes - at : 4000), STATUS_OK);
    links_end(links);
    uint32_t dropped = links_counts(links).dropped;
    links_close(links);
    return dropped;
}

/* ---- the second parser's ---- */

struct second {
    const char *base;
    struct list *list;
    size_t count;
};

/* Without blanks around it and the fragment. free() it. */
static char *trimmed(const char *reference)
{
    reference += strspn(reference, " \t\r\n\f");
    size_t bytes = strcspn(reference, "#");
    while (bytes && strchr(" \t\r\n\f", reference[bytes - 1]))
        bytes--;
    return strndup(reference, bytes);
}

/* In our spelling of escapes. */
static void put_url(struct list *list, const char *url)
{
    unsigned byte;
    for (; *url; url++) {
        if (*url == '%' && sscanf(url + 1, "%2x", &byte) == 1) {
            bool is_needless = byte && byte < 0x80 && (isalnum((int)byte) || strchr("-._~", (int)byte));
            fprintf(list->out, is_needless ? "%c" : "%%%02X", byte);
            url += 2;
        } else if (strchr("<>\"", *url)) {
            fprintf(list->out, "%%%02X", (unsigned)*url);
        } else {
            fputc(*url, list->out);
        }
    }
    fputc('\n', list->out);
}

static void put_reference(struct second *second, const char *reference)
{
    char *text = trimmed(reference);
    CURLU *url = curl_url();
    char *whole = NULL;
    char *scheme = NULL;
    bool is_url = curl_url_set(url, CURLUPART_URL, second->base, 0) == CURLUE_OK &&
                  (!*text || curl_url_set(url, CURLUPART_URL, text, CURLU_URLENCODE) == CURLUE_OK) &&
                  curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK && strncmp(scheme, "http", 4) == 0 &&
                  curl_url_get(url, CURLUPART_URL, &whole, CURLU_NO_DEFAULT_PORT) == CURLUE_OK;
    if (is_url && second->count < LINKS_PER_PAGE_MAX) {
        put_url(second->list, whole);
        second->count++;
    }
    curl_free(whole);
    curl_free(scheme);
    curl_url_cleanup(url);
    free(text);
}

static void put_attribute(struct second *second, xmlNode *node, const char *name, bool may_be_empty)
{
    xmlChar *value = xmlGetProp(node, (const xmlChar *)name);
    if (value && (may_be_empty || *value))
        put_reference(second, (const char *)value);
    xmlFree(value);
}

static bool attribute_is(xmlNode *node, const char *name, const char *word)
{
    xmlChar *value = xmlGetProp(node, (const xmlChar *)name);
    bool is_word = value && strcasecmp((const char *)value, word) == 0;
    xmlFree(value);
    return is_word;
}

static void put_refresh(struct second *second, xmlNode *node)
{
    xmlChar *content = xmlGetProp(node, (const xmlChar *)"content");
    char *url = content ? strcasestr((char *)content, "url=") : NULL;
    if (url && attribute_is(node, "http-equiv", "refresh"))
        put_reference(second, url + 4);
    xmlFree(content);
}

static void put_element(struct second *second, xmlNode *node)
{
    static const struct {
        const char *element, *attributes[2];
        bool may_be_empty;
    } ELEMENTS[] = {
        {"a", {"href"}, true},
        {"area", {"href"}, true},
        {"img", {"src"}, false},
        {"script", {"src"}, false},
        {"iframe", {"src"}, false},
        {"frame", {"src"}, false},
        {"source", {"src"}, false},
        {"audio", {"src"}, false},
        {"track", {"src"}, false},
        {"embed", {"src"}, false},
        {"object", {"data"}, false},
        {"body", {"background"}, false},
        {"video", {"poster", "src"}, false},
    };
    const char *name = (const char *)node->name;
    for (size_t i = 0; i < sizeof ELEMENTS / sizeof ELEMENTS[0]; i++) {
        for (size_t j = 0; j < 2 && ELEMENTS[i].attributes[j] && strcmp(name, ELEMENTS[i].element) == 0; j++)
            put_attribute(second, node, ELEMENTS[i].attributes[j], ELEMENTS[i].may_be_empty);
    }
    if (strcmp(name, "link") == 0 && xmlHasProp(node, (const xmlChar *)"rel") &&
        !attribute_is(node, "rel", "preconnect"))
        put_attribute(second, node, "href", true);
    if (strcmp(name, "form") == 0 && !attribute_is(node, "method", "post"))
        put_attribute(second, node, "action", false);
    if (strcmp(name, "meta") == 0)
        put_refresh(second, node);
}

static void second_of_page(const char *page, size_t bytes, const char *url, struct list *list)
{
    struct second second = {url, list, 0};
    htmlDocPtr document = htmlReadMemory(page, (int)bytes, url, NULL,
                                         HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                             HTML_PARSE_NONET | HTML_PARSE_NOIMPLIED);
    ck_assert_msg(document != NULL, "libxml2 has no tree of %s", url);
    xmlNode *node = xmlDocGetRootElement(document);
    while (node) { /* in the order of the document, without recursion */
        if (node->type == XML_ELEMENT_NODE)
            put_element(&second, node);
        if (node->children && node->type == XML_ELEMENT_NODE) {
            node = node->children;
            continue;
        }
        while (node && !node->next)
            node = node->parent && node->parent->type == XML_ELEMENT_NODE ? node->parent : NULL;
        node = node ? node->next : NULL;
    }
    xmlFreeDoc(document);
}

/* ---- pages ---- */

struct totals {
    size_t pages, links, bytes, dropped;
};

static char *file_text(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "cannot open %s", path);
    fseek(file, 0, SEEK_END);
    *bytes = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(*bytes + 1);
    ck_assert(text && fread(text, 1, *bytes, file) == *bytes);
    text[*bytes] = '\0';
    fclose(file);
    return text;
}

/* Where two texts begin to differ: that line of each. */
static void expect_same(const char *path, const struct list *ours, const struct list *theirs)
{
    if (ours->bytes == theirs->bytes && memcmp(ours->text, theirs->text, ours->bytes) == 0)
        return;
    size_t at = 0;
    while (ours->text[at] && ours->text[at] == theirs->text[at])
        at++;
    while (at && ours->text[at - 1] != '\n')
        at--;
    ck_abort_msg("%s: ours goes on with\n%.200s\nand libxml2's with\n%.200s", path, ours->text + at, theirs->text + at);
}

static void compare_page(const char *path, const char *name, struct totals *totals)
{
    char url[4096];
    size_t bytes;
    snprintf(url, sizeof url, "http://example.org/%s", name);
    char *page = file_text(path, &bytes);
    struct list ours;
    struct list theirs;
    list_open(&ours);
    list_open(&theirs);
    totals->dropped += links_of_page(page, bytes, url, &ours);
    second_of_page(page, bytes, url, &theirs);
    fflush(ours.out);
    fflush(theirs.out);
    expect_same(path, &ours, &theirs);
    for (const char *at = ours.text; (at = strchr(at, '\n')); at++)
        totals->links++;
    totals->pages++;
    totals->bytes += bytes;
    list_close(&ours);
    list_close(&theirs);
    free(page);
}

static const struct {
    const char *package;
    const char *(*directory)(void);
} MANUALS[] = {{"postgresql-doc", manual_of_postgresql}, {"python3-doc", manual_of_python}};

START_TEST(links_of_a_manual_are_those_that_a_second_parser_finds)
{
    const char *directory = MANUALS[_i].directory();
    if (!directory) {
        printf("no %s: skipped\n", MANUALS[_i].package);
        return;
    }
    char *paths[] = {strdup(directory), NULL};
    FTS *tree = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
    ck_assert_ptr_nonnull(tree);
    struct totals totals = {0};
    for (FTSENT *entry; (entry = fts_read(tree));) {
        bool is_page = entry->fts_namelen > 5 && strcmp(entry->fts_name + entry->fts_namelen - 5, ".html") == 0;
        if (is_page && entry->fts_info != FTS_D && entry->fts_info != FTS_DP)
            compare_page(entry->fts_path, entry->fts_path + strlen(directory) + 1, &totals);
    }
    fts_close(tree);
    free(paths[0]);
    printf("%s: %zu pages, %zu bytes, %zu links (and %zu beyond the limit)\n", directory, totals.pages, totals.bytes,
           totals.links, totals.dropped);
    ck_assert_uint_ge(totals.pages, PAGES_MIN);
}
END_TEST

static Suite *links_real_suite(void)
{
    Suite *suite = suite_create("links_real");
    TCase *cases = tcase_create("manuals");
    tcase_set_timeout(cases, 110);
    tcase_add_loop_test(cases, links_of_a_manual_are_those_that_a_second_parser_finds, 0,
                        (int)(sizeof MANUALS / sizeof MANUALS[0]));
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    SRunner *runner = srunner_create(links_real_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
