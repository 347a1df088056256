/* link_values.h: small languages inside attribute values: rel, srcset, meta refresh, robots; and text with its white space collapsed.
 * All values are decoded. */
#ifndef SHOAL_LINK_VALUES_H
#define SHOAL_LINK_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/html/html_token.h"
#include "worker/links/links.h"

/* What the words of a link's rel make it; false: nothing to fetch, as dns-prefetch, or no word at all. */
bool link_kind_of_rel(struct html_span rel, enum link_kind *kind);
/* enum link_rel, or-ed. */
unsigned link_rel_of(struct html_span rel);
/* enum page_robots, or-ed. */
unsigned link_robots_of(struct html_span content);

/* The URL in a meta refresh's content (HTML standard, 4.2.5.3); false: there is none, the page itself is meant. */
bool link_refresh_url(struct html_span content, struct html_span *url);

/* Takes the next URL from a srcset (4.8.4.2.2) and moves *srcset behind it; false: no more. */
bool link_next_candidate(struct html_span *srcset, struct html_span *url);

/* Collects text: raw runs are decoded when they end, and white space becomes one blank, none at the ends. */
struct link_text {
    char *text; /* room + 1 bytes, ended by NUL */
    size_t room;
    size_t bytes;
    bool has_blank;       /* one is due before the next word */
    bool is_windows_1252; /* the page's bytes; else they are taken as they are */
    bool is_full;
    char raw[1024]; /* of this run; more is cut */
    size_t raw_bytes;
    enum html_text_kind kind;
};

void link_text_begin(struct link_text *text, char *to, size_t room);
void link_text_add(struct link_text *text, enum html_text_kind kind, struct html_span piece, bool begins);
/* Something stands between what came and what comes, as if it were a blank. */
void link_text_break(struct link_text *text);
void link_text_end(struct link_text *text);

#endif
