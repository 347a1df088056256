/* story.h: what happened to the URLs that --explain names. */
#ifndef SHOAL_STORY_H
#define SHOAL_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stories;

/* NULL when memory is short. */
struct stories *stories_open(void);
void stories_close(struct stories *stories); /* accepts NULL */

/* A URL whose story is wanted, in its one spelling. False when memory is short. */
bool stories_want(struct stories *stories, const char *url, size_t url_bytes, uint64_t fingerprint);

/* Whether somebody wants to know; quick. */
bool stories_have(const struct stories *stories, uint64_t fingerprint);

/* Adds a line to the story of the URL, if one is wanted. */
void stories_add(struct stories *stories, uint64_t fingerprint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Calls begin(context, url, ...) for each story, then tell(context, line) for its lines; is_empty: it has none. Lines are not yet
 * escaped. */
void stories_tell(const struct stories *stories,
                  void (*begin)(void *context, const char *url, size_t url_bytes, bool is_empty),
                  void (*tell)(void *context, const char *line), void *context);

#endif
