/* wiki.c: the 15 Wikipedia pages of the classic futures example. */
#include "tests/origin/wiki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct wiki_page wiki_pages[WIKI_PAGE_COUNT] = {
    {"Portal:Arts", 129886},
    {"Portal:History", 184343},
    {"Portal:Society", 224118},
    {"Portal:Biography", 107637},
    {"Portal:Mathematics", 151021},
    {"Portal:Technology", 157811},
    {"Portal:Geography", 167923},
    {"Portal:Science", 93347},
    {"Computer_science", 321352},
    {"Python_(programming_language)", 391905},
    {"Java_(programming_language)", 321417},
    {"PHP", 468461},
    {"Node.js", 180298},
    {"The_C_Programming_Language", 56765},
    {"Go_(programming_language)", 324039},
};

struct wiki {
    char *bodies[WIKI_PAGE_COUNT];
};

static const char WIKI_TAIL[] = "</p>\n</body>\n</html>\n";

/* Copies filler, line by line, each as a paragraph, until `count` bytes are full. */
static void wiki_fill(char *out, size_t count, struct span filler)
{
    static const char between[] = "</p>\n<p>";
    size_t offset = 0;
    while (count > 0) {
        const char *line = filler.bytes + offset;
        const char *newline = memchr(line, '\n', filler.count - offset);
        size_t line_bytes = newline != NULL ? (size_t)(newline - line) : filler.count - offset;
        offset = offset + line_bytes + 1 < filler.count ? offset + line_bytes + 1 : 0;
        size_t part = line_bytes < count ? line_bytes : count;
        memcpy(out, line, part);
        out += part;
        count -= part;
        part = sizeof(between) - 1 <= count ? sizeof(between) - 1 : 0;
        memcpy(out, between, part);
        out += part;
        count -= part;
    }
}

static char *wiki_make(const struct wiki_page *page, struct span filler)
{
    char *body = malloc(page->body_bytes + 1);
    if (body == NULL) {
        return NULL;
    }
    int head = snprintf(body, page->body_bytes,
                        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"UTF-8\">\n"
                        "<title>%s - Wikipedia</title>\n</head>\n<body>\n<h1>%s</h1>\n<p>",
                        page->name, page->name);
    size_t head_bytes = head > 0 ? (size_t)head : 0;
    size_t tail_bytes = sizeof(WIKI_TAIL) - 1;
    size_t fill_bytes = page->body_bytes - head_bytes - tail_bytes;
    wiki_fill(body + head_bytes, fill_bytes, filler);
    memcpy(body + head_bytes + fill_bytes, WIKI_TAIL, tail_bytes);
    return body;
}

struct wiki *wiki_open(struct span filler)
{
    struct wiki *wiki = calloc(1, sizeof(*wiki));
    if (wiki == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < WIKI_PAGE_COUNT; i++) {
        wiki->bodies[i] = wiki_make(&wiki_pages[i], filler);
        if (wiki->bodies[i] == NULL) {
            wiki_close(wiki);
            return NULL;
        }
    }
    return wiki;
}

void wiki_close(struct wiki *wiki)
{
    if (wiki == NULL) {
        return;
    }
    for (size_t i = 0; i < WIKI_PAGE_COUNT; i++) {
        free(wiki->bodies[i]);
    }
    free(wiki);
}

struct span wiki_find(const struct wiki *wiki, struct span name)
{
    char decoded[64]; /* clients may write the brackets as %28 and %29 */
    size_t count = span_decode(name, decoded, sizeof(decoded));
    for (size_t i = 0; i < WIKI_PAGE_COUNT; i++) {
        if (span_equals((struct span){decoded, count}, wiki_pages[i].name)) {
            return (struct span){wiki->bodies[i], wiki_pages[i].body_bytes};
        }
    }
    return (struct span){NULL, 0};
}
