/* Header lines, worker/links/link_header.c. Any line: every target lies in it, between '<' and '>', in order, and the time
 * is bounded. A Link line that is put together from the input by RFC 8288, section 3, with quotes, quoted pairs and blanks wherever it
 * allows them, gives what was put in. X-Robots-Tag says no more than its words do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/fuzz/fuzz.h"
#include "worker/links/link_header.h"

static void read_any(const uint8_t *data, size_t size)
{
    char *line = malloc(size + !size);
    fuzz_expect(line != NULL);
    memcpy(line, data, size);
    struct html_span value = {line, size};
    const char *end = line + size;
    const char *last = line;
    for (struct header_link link; link_header_next(&value, &link);) {
        fuzz_expect(link.target.at > last && link.target.at[-1] == '<');
        last = link.target.at + link.target.bytes;
        fuzz_expect(last < end && *last == '>' && !memchr(link.target.at, '>', link.target.bytes));
        fuzz_expect((unsigned)link.kind < LINK_KIND_COUNT);
        fuzz_expect(value.at > last && value.at + value.bytes == end);
    }
    fuzz_expect(value.bytes == 0 && value.at == end);

    struct html_span robots = {line, size};
    unsigned words = 0; /* what they say if every word counts */
    for (size_t i = 0; i + 4 <= size; i++)
        words |= strncasecmp(line + i, "none", 4) == 0 ? PAGE_NOINDEX | PAGE_NOFOLLOW : 0u;
    for (size_t i = 0; i + 7 <= size; i++)
        words |= strncasecmp(line + i, "noindex", 7) == 0 ? PAGE_NOINDEX : 0u;
    for (size_t i = 0; i + 8 <= size; i++)
        words |= strncasecmp(line + i, "nofollow", 8) == 0 ? PAGE_NOFOLLOW : 0u;
    unsigned said = link_header_robots(robots, "shoal");
    fuzz_expect((said & ~words) == 0);
    if (!memchr(line, ':', size)) /* for all: of one that names us the same holds */
    {
        char *ours = malloc(size + 6);
        fuzz_expect(ours != NULL);
        memcpy(ours, "Shoal:", 6);
        memcpy(ours + 6, line, size);
        fuzz_expect(link_header_robots((struct html_span){ours, size + 6}, "shoal") == said);
        memcpy(ours, "Whale:", 6);
        fuzz_expect(link_header_robots((struct html_span){ours, size + 6}, "shoal") == 0);
        free(ours);
    }
    free(line);
}

/* ---- a line put together ---- */

static void put_blanks(struct fuzz_bytes *input, FILE *out)
{
    static const char *const BLANKS[] = {"", "", " ", "\t", "  \t"};
    fputs(BLANKS[fuzz_u8(input) % 5], out);
}

/* A quoted string that says this. */
static void put_quoted(struct fuzz_bytes *input, const char *text, size_t bytes, FILE *out)
{
    uint8_t how = fuzz_u8(input);
    fputc('"', out);
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '"' || text[i] == '\\' || (how >> i % 8 & 1))
            fputc('\\', out);
        fputc(text[i], out);
    }
    fputc('"', out);
}

static void put_parameter(struct fuzz_bytes *input, const char *name, const char *text, size_t bytes, bool is_token,
                          FILE *out)
{
    put_blanks(input, out);
    fputc(';', out);
    put_blanks(input, out);
    fputs(name, out);
    put_blanks(input, out);
    fputc('=', out);
    put_blanks(input, out);
    if (is_token && (fuzz_u8(input) & 1))
        fwrite(text, 1, bytes, out);
    else
        put_quoted(input, text, bytes, out);
    put_blanks(input, out);
}

static void expect_links(const char *line, size_t line_bytes, const char *expected, size_t expected_bytes)
{
    char *found = NULL;
    size_t found_bytes = 0;
    FILE *list = open_memstream(&found, &found_bytes);
    fuzz_expect(list != NULL);
    struct html_span value = {line, line_bytes};
    for (struct header_link link; link_header_next(&value, &link);) {
        fprintf(list, "%d %u ", (int)link.kind, link.rel);
        fwrite(link.target.at, 1, link.target.bytes, list);
        fputc('\n', list);
    }
    fclose(list);
    fuzz_expect(found_bytes == expected_bytes && memcmp(found, expected, found_bytes) == 0);
    free(found);
}

static void read_made(const uint8_t *data, size_t size)
{
    static const struct {
        const char *rel;
        int kind; /* -1: none */
        unsigned flags;
    } RELS[] = {
        {"next", LINK_NEXT, 0},
        {"Canonical", LINK_CANONICAL, 0},
        {"alternate", LINK_ALTERNATE, 0},
        {"dns-prefetch", -1, 0},
        {"license nofollow", LINK_RELATED, LINK_NOFOLLOW},
        {"preload", LINK_ASSET, 0},
        {"", -1, 0},
    };
    struct fuzz_bytes input = {data, size};
    char *line = NULL;
    char *expected = NULL;
    size_t line_bytes = 0;
    size_t expected_bytes = 0;
    FILE *out = open_memstream(&line, &line_bytes);
    FILE *list = open_memstream(&expected, &expected_bytes);
    fuzz_expect(out && list);
    while (input.left) {
        uint8_t what = fuzz_u8(&input);
        size_t rel = fuzz_u8(&input) % (sizeof RELS / sizeof RELS[0]);
        size_t target_bytes;
        size_t title_bytes;
        char *target = fuzz_until(&input, '>', &target_bytes);
        char *title = fuzz_until(&input, '\n', &title_bytes);
        put_blanks(&input, out);
        fputc('<', out);
        fwrite(target, 1, target_bytes, out);
        fputc('>', out);
        if (what & 1)
            put_parameter(&input, "title", title, title_bytes, false, out);
        if (what & 2)
            put_parameter(&input, "REL", RELS[rel].rel, strlen(RELS[rel].rel), rel != 4 && rel != 6, out);
        if (what & 4)
            put_parameter(&input, "x", title, title_bytes, false, out);
        if (what & 8)
            put_parameter(&input, "rel", "stylesheet", 10, true, out); /* the first counts */
        if (what & 16)
            put_parameter(&input, "anchor", "/x", 2, true, out);
        put_blanks(&input, out);
        fputc(',', out);
        int kind = what & 2 ? RELS[rel].kind : what & 8 ? (int)LINK_ASSET : -1;
        if (kind >= 0 && !(what & 16)) {
            fprintf(list, "%d %u ", kind, what & 2 ? RELS[rel].flags : 0);
            fwrite(target, 1, target_bytes, list);
            fputc('\n', list);
        }
        free(target);
        free(title);
    }
    fclose(out);
    fclose(list);
    expect_links(line, line_bytes, expected, expected_bytes);
    free(expected);
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_any(data, size);
    read_made(data, size);
    return 0;
}
