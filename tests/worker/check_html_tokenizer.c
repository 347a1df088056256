/* The tokenizer of pages: worker/html_*.c: the vectors of html5lib (in ../shared/vectors/html5lib, or $HTML5LIB_TESTS;
 * skipped where there are none), cut in every way, and what those do not ask. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/html_tokens.h"
#include "tests/support/json.h"
#include "tests/support/support.h"

/* ---- cuts ---- */

static size_t cut_bytes(void *context, size_t left)
{
    (void)context;
    (void)left;
    return 1;
}

/* The first piece has *context bytes, the second the rest. */
static size_t cut_at(void *context, size_t left)
{
    size_t *at = context;
    size_t count = *at && *at < left ? *at : left;
    *at = 0;
    return count;
}

static size_t cut_randomly(void *context, size_t left)
{
    uint64_t *state = context;
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    unsigned bits = (unsigned)(*state >> 40);
    size_t most = bits % 4 == 0 ? 2 : bits % 4 == 1 ? 20 : bits % 4 == 2 ? 700 : 5000;
    size_t count = 1 + (bits >> 2) % most;
    return count < left ? count : left;
}

/* ---- a fixture ---- */

static struct html_tokens tokens, again;

static void open_tokens(void)
{
    html_tokens_open(&tokens);
    html_tokens_open(&again);
}

static void close_tokens(void)
{
    html_tokens_close(&tokens);
    html_tokens_close(&again);
}

static void expect_same_cut(const char *page, size_t bytes, bool elements, enum html_start start, const char *last,
                            html_cut *cut, void *context)
{
    html_tokens_of(&again, page, bytes, elements, start, last, cut, context);
    ck_assert_uint_eq(again.dropped, tokens.dropped);
    if (again.bytes != tokens.bytes || memcmp(again.text, tokens.text, tokens.bytes) != 0)
        ck_abort_msg("cut, \"%.*s\" is\n%.*s\nand not\n%.*s", (int)(bytes < 300 ? bytes : 300), page,
                     (int)(again.bytes < 2000 ? again.bytes : 2000), again.text,
                     (int)(tokens.bytes < 2000 ? tokens.bytes : 2000), tokens.text);
}

/* The page's tokens are in tokens.text then, and the same for every cut in two, byte by byte, and for some random ones. */
static void tokens_of(const char *page, size_t bytes, bool elements, enum html_start start, const char *last)
{
    html_tokens_of(&tokens, page, bytes, elements, start, last, NULL, NULL);
    expect_same_cut(page, bytes, elements, start, last, cut_bytes, NULL);
    uint64_t seed = bytes;
    for (int i = 0; i < 3; i++)
        expect_same_cut(page, bytes, elements, start, last, cut_randomly, &seed);
    for (size_t at = 1; at < bytes && bytes <= 200; at++) {
        size_t first = at;
        expect_same_cut(page, bytes, elements, start, last, cut_at, &first);
    }
}

static void expect_bytes(const char *page, size_t bytes, const char *expected, size_t expected_bytes)
{
    tokens_of(page, bytes, true, HTML_START_DATA, NULL);
    if (tokens.bytes != expected_bytes || memcmp(tokens.text, expected, expected_bytes) != 0)
        ck_abort_msg("\"%.*s\" is\n%.*s\nand not\n%s", (int)bytes, page, (int)tokens.bytes, tokens.text, expected);
}

#define EXPECT_BYTES(page, expected) expect_bytes(page, sizeof(page) - 1, expected, sizeof(expected) - 1)

static void expect(const char *page, const char *expected)
{
    expect_bytes(page, strlen(page), expected, strlen(expected));
}

/* ---- html5lib ---- */

static const char *const FILES[] = {
    "contentModelFlags",       "domjs", "entities", "escapeFlag", "namedEntities", "numericEntities",
    "pendingSpecChanges",      "test1", "test2",    "test3",      "test4",         "unicodeChars",
    "unicodeCharsProblematic",
};
/* xmlViolation is about what a tree may hold when it is written as XML: there is no tree. Of doctypes only the kind is compared: their
 * parts are not read, as html_markup.c says. Everything else must be equal. */

static const char *vectors_directory(void)
{
    const char *given = getenv("HTML5LIB_TESTS");
    return given ? given : "../shared/vectors/html5lib";
}

static const struct {
    const char *name;
    enum html_start start;
} STARTS[] = {
    {"Data state", HTML_START_DATA},          {"PLAINTEXT state", HTML_START_PLAINTEXT},
    {"RCDATA state", HTML_START_RCDATA},      {"RAWTEXT state", HTML_START_RAWTEXT},
    {"Script data state", HTML_START_SCRIPT}, {"CDATA section state", HTML_START_CDATA},
};

static enum html_start start_named(const char *name)
{
    for (size_t i = 0; i < sizeof STARTS / sizeof STARTS[0]; i++) {
        if (strcmp(STARTS[i].name, name) == 0)
            return STARTS[i].start;
    }
    ck_abort_msg("no state is called %s", name);
    return HTML_START_COUNT;
}

static void put_bytes(FILE *out, const char *text, size_t bytes, bool is_escaped)
{
    char *room = malloc(bytes + 1);
    ck_assert_ptr_nonnull(room);
    size_t given = bytes;
    if (is_escaped)
        given = json_unescape(text, bytes, room);
    else
        memcpy(room, text, bytes);
    ck_assert_uint_ne(given, SIZE_MAX);
    fwrite(room, 1, given, out);
    free(room);
}

static void put_string(FILE *out, const struct json_node *node, bool is_escaped)
{
    ck_assert_int_eq((int)node->kind, JSON_STRING);
    put_bytes(out, node->text, node->text_bytes, is_escaped);
}

/* Members in the order of their names, as html_tokens.h says. */
static void put_expected_attributes(FILE *out, const struct json *json, const struct json_node *object, bool is_escaped)
{
    const struct json_node *last = NULL;
    for (;;) {
        const struct json_node *first = NULL;
        for (const struct json_node *member = json_first(json, object); member; member = json_next(json, member)) {
            if ((!last || strcmp(member->key, last->key) > 0) && (!first || strcmp(member->key, first->key) < 0))
                first = member;
        }
        if (!first)
            return;
        fputc(1, out);
        put_bytes(out, first->key, strlen(first->key), is_escaped);
        fputc(2, out);
        put_string(out, first, is_escaped);
        last = first;
    }
}

static void put_expected(FILE *out, const struct json *json, const struct json_node *test, bool is_escaped)
{
    for (const struct json_node *token = json_first(json, json_member(json, test, "output")); token;
         token = json_next(json, token)) {
        const struct json_node *kind = json_first(json, token);
        const struct json_node *text = json_next(json, kind);
        static const char *const KINDS[] = {"StartTag", "EndTag", "Character", "Comment", "DOCTYPE"};
        static const char *const LETTERS[] = {"S ", "E ", "C ", "M ", "D"};
        size_t i = 0;
        while (i < 4 && strcmp(kind->text, KINDS[i]) != 0)
            i++;
        ck_assert_str_eq(kind->text, KINDS[i]);
        fputs(LETTERS[i], out);
        if (i < 4)
            put_string(out, text, is_escaped);
        const struct json_node *attributes = json_next(json, text);
        if (i == 0 && attributes) {
            put_expected_attributes(out, json, attributes, is_escaped);
            if (json_next(json, attributes))
                fputc(3, out);
        }
        fputc('\n', out);
    }
}

static void run_vector(const struct json *json, const struct json_node *test, const char *file, enum html_start start)
{
    const struct json_node *flag = json_member(json, test, "doubleEscaped");
    bool is_escaped = flag && flag->kind == JSON_TRUE;
    const struct json_node *last = json_member(json, test, "lastStartTag");
    char *input = NULL;
    char *expected = NULL;
    size_t input_bytes = 0;
    size_t expected_bytes = 0;
    FILE *out = open_memstream(&input, &input_bytes);
    put_string(out, json_member(json, test, "input"), is_escaped);
    fclose(out);
    out = open_memstream(&expected, &expected_bytes);
    put_expected(out, json, test, is_escaped);
    fclose(out);
    tokens_of(input, input_bytes, false, start, last ? last->text : NULL);
    if (tokens.bytes != expected_bytes || memcmp(tokens.text, expected, expected_bytes) != 0)
        ck_abort_msg("%s: %s: \"%.*s\" is\n%.*s\nand not\n%s", file, json_member(json, test, "description")->text,
                     (int)input_bytes, input, (int)tokens.bytes, tokens.text, expected);
    free(input);
    free(expected);
}

START_TEST(vectors_of_html5lib_give_their_tokens_however_they_are_cut)
{
    char path[4096];
    struct json json;
    snprintf(path, sizeof path, "%s/tokenizer/%s.test", vectors_directory(), FILES[_i]);
    if (!json_read_file(&json, path)) {
        json_close(&json);
        ck_assert_msg(access(path, F_OK) != 0, "%s is no JSON", path);
        printf("no %s: skipped\n", path);
        return;
    }
    size_t count = 0;
    const struct json_node *tests = json_member(&json, &json.nodes[1], "tests");
    ck_assert_ptr_nonnull(tests);
    for (const struct json_node *test = json_first(&json, tests); test; test = json_next(&json, test)) {
        const struct json_node *states = json_member(&json, test, "initialStates");
        const struct json_node *state = states ? json_first(&json, states) : NULL;
        if (!state)
            run_vector(&json, test, FILES[_i], HTML_START_DATA);
        for (; state; state = json_next(&json, state))
            run_vector(&json, test, FILES[_i], start_named(state->text));
        count++;
    }
    ck_assert_uint_gt(count, strcmp(FILES[_i], "pendingSpecChanges") == 0 ? 0 : 4);
    json_close(&json);
}
END_TEST

/* ---- elements whose content is no markup ---- */

START_TEST(content_of_title_is_text_with_references)
{
    expect("<title>a<b>&amp;</b></TITLE ><b>", "S title\nC a<b>&</b>\nE title\nS b\n");
    expect("<textarea></textareas></textarea/>x", "S textarea\nC </textareas>\nE textarea\nC x\n");
    expect("<title>a</title", "S title\nC a</title\n");
    expect("<title>a</title ", "S title\nC a\n");
    expect("<title/>a<b>", "S title\003\nC a<b>\n");
}
END_TEST

START_TEST(content_of_style_and_its_like_is_text_without_references)
{
    static const char *const NAMES[] = {"style", "xmp", "iframe", "noembed", "noframes"};
    for (size_t i = 0; i < 5; i++) {
        char page[100];
        char expected[100];
        snprintf(page, sizeof page, "<%s>&lt;<a href=x></%s><!--x--><a>", NAMES[i], NAMES[i]);
        snprintf(expected, sizeof expected, "S %s\nC &lt;<a href=x>\nE %s\nM x\nS a\n", NAMES[i], NAMES[i]);
        expect(page, expected);
    }
    expect("<noscript><a></noscript>", "S noscript\nS a\nE noscript\n");
    expect("<plaintext></plaintext><a>", "S plaintext\nC </plaintext><a>\n");
    expect("<plaintexts></plaintext><a>", "S plaintexts\nE plaintext\nS a\n");
    expect("<scripts><a></script>", "S scripts\nS a\nE script\n");
}
END_TEST

START_TEST(a_script_ends_where_the_standard_says)
{
    expect("<script>a<b</script><a>", "S script\nC a<b\nE script\nS a\n");
    expect("<script><!-- </script><a>", "S script\nC <!-- \nE script\nS a\n");
    expect("<script><!-- <script> </script> <a> --></script><a>",
           "S script\nC <!-- <script> </script> <a> -->\nE script\nS a\n");
    expect("<script><!-- <script --></script><a>", "S script\nC <!-- <script -->\nE script\nS a\n");
    expect("<script><!-- <scripts </script><a>", "S script\nC <!-- <scripts \nE script\nS a\n");
    expect("<script><!--><script></script><a>", "S script\nC <!--><script>\nE script\nS a\n");
    expect("<script><!-- <script> </script", "S script\nC <!-- <script> </script\n");
}
END_TEST

START_TEST(svg_and_math_hold_markup_and_cdata)
{
    expect("<svg><style><a></style><![CDATA[<b>&lt;]]]></svg><![CDATA[x]]>",
           "S svg\nS style\nS a\nE style\nC <b>&lt;]\nE svg\nM [CDATA[x]]\n");
    expect("<svg/><style><a></style>", "S svg\003\nS style\nC <a>\nE style\n");
    expect("<svg><foreignObject><style><a></style></foreignObject><style><a>",
           "S svg\nS foreignobject\nS style\nC <a>\nE style\nE foreignobject\nS style\nS a\n");
    expect("<math><mi><svg></svg></mi><script><a></script></math><script><a>",
           "S math\nS mi\nS svg\nE svg\nE mi\nS script\nS a\nE script\nE math\nS script\nC <a>\n");
    expect("<svg><p><style><a>", "S svg\nS p\nS style\nC <a>\n");
    expect("<svg><blockquotes><style><a>", "S svg\nS blockquotes\nS style\nS a\n");
    expect("<svg><title><b></title><style><a>", "S svg\nS title\nS b\nE title\nS style\nS a\n");
}
END_TEST

/* ---- attributes ---- */

START_TEST(attributes_come_in_every_spelling)
{
    expect("<a b=c d='e' f=\"g\" h>", "S a\001b\002c\001d\002e\001f\002g\001h\002\n");
    expect("<a\tb = c\nd\f=\f'e'\r\nf=\"g\"h/>", "S a\001b\002c\001d\002e\001f\002g\001h\002\003\n");
    expect("<a b=c/>d", "S a\001b\002c/\nC d\n");
    expect("<a =b==c>", "S a\001=b\002=c\n");
    expect("<a b='>' c=\">\">", "S a\001b\002>\001c\002>\n");
    expect("<a \"b=c>", "S a\001\"b\002c\n");
}
END_TEST

START_TEST(the_first_of_two_attributes_counts)
{
    expect("<a B=1 b=2 b='3'>", "S a\001b\0021\n");
    expect("<a b b=2>", "S a\001b\002\n");
}
END_TEST

START_TEST(a_tag_that_the_end_cuts_off_never_comes)
{
    static const char PAGE[] = "x<a href='y' b>";
    for (size_t bytes = 3; bytes < sizeof PAGE - 1; bytes++)
        expect_bytes(PAGE, bytes, "C x\n", 4);
    expect(PAGE, "C x\nS a\001b\002\001href\002y\n");
}
END_TEST

START_TEST(references_in_attributes_are_left_where_a_query_goes_on)
{
    expect("<a b='?a=1&copy=2&copy;&copy'>", "S a\001b\002?a=1&copy=2\302\251\302\251\n");
    expect("&copy=2&copyx", "C \302\251=2\302\251x\n");
    expect("<a b=&amp;&lt;&#x41;>", "S a\001b\002&<A\n");
    expect("&am</>p;&am<!---->p;", "C &amp;&am\nM \nC p;\n");
}
END_TEST

START_TEST(line_ends_and_nuls_are_as_the_standard_says)
{
    expect("a\r\nb\rc\n\rd<a b='\r\n'>", "C a\nb\nc\n\nd\nS a\001b\002\n\n");
    EXPECT_BYTES("a\0b", "C a\0b\n");
    EXPECT_BYTES("<title>\0", "S title\nC \357\277\275\n");
    EXPECT_BYTES("<a\0b c\0='\0'>", "S a\357\277\275b\001c\357\277\275\002\357\277\275\n");
}
END_TEST

/* ---- sizes ---- */

static char *page_with(const char *before, size_t filler_bytes, char filler, const char *after, size_t *bytes)
{
    char *page = NULL;
    FILE *out = open_memstream(&page, bytes);
    fputs(before, out);
    for (size_t i = 0; i < filler_bytes; i++)
        fputc(filler, out);
    fputs(after, out);
    fclose(out);
    return page;
}

START_TEST(a_token_that_is_too_long_is_dropped_and_counted)
{
    static const struct {
        const char *before, *after, *expected;
    } CASES[] = {
        {"<i><a b='", "'><u>", "S i\nS u\n"},   {"<i><a ", "><u>", "S i\nS u\n"},
        {"<i><a b=c d=", "><u>", "S i\nS u\n"}, {"<i><a", "><u>", "S i\nS u\n"},
        {"<i><!--", "--><u>", "S i\nS u\n"},    {"<i><!", "><u>", "S i\nS u\n"},
        {"<i></a ", "><u>", "S i\nS u\n"},      {"<i><style b='", "'><u></style>", "S i\nC <u>\nE style\n"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        for (size_t bytes = HTML_TOKEN_BYTES_MAX - 20; bytes < HTML_TOKEN_BYTES_MAX + 30; bytes += 49) {
            size_t page_bytes;
            char *page = page_with(CASES[i].before, bytes, 'x', CASES[i].after, &page_bytes);
            html_tokens_of(&tokens, page, page_bytes, true, HTML_START_DATA, NULL, NULL, NULL);
            bool is_dropped = bytes > HTML_TOKEN_BYTES_MAX;
            ck_assert_uint_eq(tokens.dropped, is_dropped);
            if (is_dropped)
                ck_assert(tokens.bytes == strlen(CASES[i].expected) &&
                          memcmp(tokens.text, CASES[i].expected, tokens.bytes) == 0);
            else
                ck_assert_uint_gt(tokens.bytes, strlen(CASES[i].expected));
            uint64_t seed = i;
            expect_same_cut(page, page_bytes, true, HTML_START_DATA, NULL, cut_randomly, &seed);
            free(page);
        }
    }
}
END_TEST

START_TEST(text_has_no_limit)
{
    size_t bytes;
    char *page = page_with("<title>", 3u << 20, 'x', "</title>", &bytes);
    html_tokens_of(&tokens, page, bytes, true, HTML_START_DATA, NULL, NULL, NULL);
    ck_assert_uint_eq(tokens.dropped, 0);
    ck_assert_uint_eq(tokens.bytes, (3u << 20) + strlen("S title\nC \nE title\n"));
    free(page);
}
END_TEST

/* Fragments that matter to the machine, in random order: so every state meets every cut. */
START_TEST(random_pages_give_the_same_tokens_however_they_are_cut)
{
    static const char *const PARTS[] = {
        "<",
        ">",
        "/",
        "!",
        "--",
        "-",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "]",
        "<script>",
        "</script>",
        "<title",
        "</title",
        "<style ",
        "</style",
        "'",
        "\"",
        "=",
        " ",
        "\r",
        "\n",
        "\r\n",
        "&amp;",
        "&am",
        "p;",
        "&#x4",
        "1;",
        "<svg>",
        "</svg>",
        "<a ",
        "href=",
        "x",
        "<p>",
        "?",
        "<!DOC",
        "type",
        "<!",
        "</",
        "script",
        "<textarea>",
        "</textarea>",
        "&notit;",
        "<foreignObject>",
        "</foreignobject>",
        "title",
        "<plain",
        "\302\251",
        "<iframe>",
        "</iframe>",
        "long text that goes on, and on",
    };
    uint64_t seed = 4711 + (uint64_t)_i;
    for (int round = 0; round < 100; round++) {
        char page[512];
        size_t bytes = 0;
        while (bytes < 150) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            const char *part = PARTS[(seed >> 33) % (sizeof PARTS / sizeof PARTS[0])];
            size_t part_bytes = strlen(part);
            memcpy(page + bytes, part, part_bytes);
            bytes += part_bytes;
            if (seed >> 60 == 0)
                page[bytes++] = '\0';
        }
        tokens_of(page, bytes, round % 4 != 0, HTML_START_DATA, NULL);
    }
}
END_TEST

static Suite *html_tokenizer_suite(void)
{
    Suite *suite = suite_create("html_tokenizer");
    TCase *cases = tcase_create("vectors");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, open_tokens, close_tokens);
    tcase_add_loop_test(cases, vectors_of_html5lib_give_their_tokens_however_they_are_cut, 0,
                        (int)(sizeof FILES / sizeof FILES[0]));
    suite_add_tcase(suite, cases);
    cases = tcase_create("tokens");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, open_tokens, close_tokens);
    tcase_add_test(cases, content_of_title_is_text_with_references);
    tcase_add_test(cases, content_of_style_and_its_like_is_text_without_references);
    tcase_add_test(cases, a_script_ends_where_the_standard_says);
    tcase_add_test(cases, svg_and_math_hold_markup_and_cdata);
    tcase_add_test(cases, attributes_come_in_every_spelling);
    tcase_add_test(cases, the_first_of_two_attributes_counts);
    tcase_add_test(cases, a_tag_that_the_end_cuts_off_never_comes);
    tcase_add_test(cases, references_in_attributes_are_left_where_a_query_goes_on);
    tcase_add_test(cases, line_ends_and_nuls_are_as_the_standard_says);
    tcase_add_test(cases, a_token_that_is_too_long_is_dropped_and_counted);
    tcase_add_test(cases, text_has_no_limit);
    tcase_add_loop_test(cases, random_pages_give_the_same_tokens_however_they_are_cut, 0, 4);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(html_tokenizer_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
