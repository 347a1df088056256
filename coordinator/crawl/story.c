/* story.c: what happened to the URLs that --explain names. */
#include "coordinator/crawl/story.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 64u /* of one story */
#define LINE_BYTES 5120u

struct story_line {
    struct story_line *next;
    char text[];
};

struct story {
    struct story *next;
    uint64_t fingerprint;
    struct story_line *first, *last;
    uint32_t count;
    size_t url_bytes;
    char url[];
};

struct stories {
    struct story *first, *last;
};

struct stories *stories_open(void)
{
    return calloc(1, sizeof(struct stories));
}

static void story_free(struct story *story)
{
    while (story->first != NULL) {
        struct story_line *line = story->first;
        story->first = line->next;
        free(line);
    }
    free(story);
}

void stories_close(struct stories *stories)
{
    while (stories != NULL && stories->first != NULL) {
        struct story *story = stories->first;
        stories->first = story->next;
        story_free(story);
    }
    free(stories);
}

static struct story *find(const struct stories *stories, uint64_t fingerprint)
{
    struct story *at = stories->first;
    while (at != NULL && at->fingerprint != fingerprint)
        at = at->next;
    return at;
}

bool stories_have(const struct stories *stories, uint64_t fingerprint)
{
    return find(stories, fingerprint) != NULL;
}

bool stories_want(struct stories *stories, const char *url, size_t url_bytes, uint64_t fingerprint)
{
    if (stories_have(stories, fingerprint))
        return true;
    struct story *story = calloc(1, sizeof *story + url_bytes + 1);
    if (story == NULL)
        return false;
    story->fingerprint = fingerprint;
    story->url_bytes = url_bytes;
    memcpy(story->url, url, url_bytes);
    if (stories->last != NULL)
        stories->last->next = story;
    else
        stories->first = story;
    stories->last = story;
    return true;
}

void stories_add(struct stories *stories, uint64_t fingerprint, const char *format, ...)
{
    struct story *story = find(stories, fingerprint);
    if (story == NULL || story->count == LINES_MAX)
        return;
    char text[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t bytes = strlen(text) + 1;
    struct story_line *line = malloc(sizeof *line + bytes);
    if (line == NULL)
        return;
    line->next = NULL;
    memcpy(line->text, text, bytes);
    if (story->last != NULL)
        story->last->next = line;
    else
        story->first = line;
    story->last = line;
    story->count++;
}

void stories_tell(const struct stories *stories,
                  void (*begin)(void *context, const char *url, size_t url_bytes, bool is_empty),
                  void (*tell)(void *context, const char *line), void *context)
{
    for (const struct story *story = stories->first; story != NULL; story = story->next) {
        begin(context, story->url, story->url_bytes, story->first == NULL);
        for (const struct story_line *line = story->first; line != NULL; line = line->next)
            tell(context, line->text);
    }
}
