/* links_state.h: the inside of links, shared by links.c and link_elements.c alone. */
#ifndef SHOAL_LINKS_STATE_H
#define SHOAL_LINKS_STATE_H

#include "common/url_resolve.h"
#include "worker/html/html_scan.h"
#include "worker/html/html_tokenizer.h"
#include "worker/links/link_values.h"
#include "worker/links/links.h"

/* Values are read up to this much; a srcset or a description may be long, a URL may not. */
#define VALUE_BYTES_MAX 16384u

enum attribute {
    ATTRIBUTE_HREF,
    ATTRIBUTE_XLINK_HREF,
    ATTRIBUTE_SRC,
    ATTRIBUTE_SRCSET,
    ATTRIBUTE_POSTER,
    ATTRIBUTE_DATA,
    ATTRIBUTE_BACKGROUND,
    ATTRIBUTE_REL,
    ATTRIBUTE_TYPE,
    ATTRIBUTE_CONTENT,
    ATTRIBUTE_NAME,
    ATTRIBUTE_HTTP_EQUIV,
    ATTRIBUTE_CHARSET,
    ATTRIBUTE_ACTION,
    ATTRIBUTE_METHOD,
    ATTRIBUTE_LANG,
};

struct links {
    const struct links_sink *sink;
    void *context;
    struct html_tokenizer *tokenizer;
    struct url_resolver *resolver;
    struct html_charset decoder;
    enum status status; /* of this feed */
    bool has_base, has_title, has_lang;
    bool in_title; /* its text is being collected */
    bool in_link;
    bool in_style;
    bool has_mark;        /* a byte order mark said the charset */
    bool is_windows_1252; /* what the page's bytes from 0x80 on are: link_charset.h */
    bool is_raw;          /* the value that was asked for last lies in the page as it is */
    struct links_counts counts;
    struct page_facts facts;
    struct link_text title;
    struct link_text text;
    struct link open; /* the a whose text is being collected */
    char open_url[URL_BYTES_MAX + 1];
    char open_text[LINK_TEXT_BYTES_MAX + 1];
    char value[VALUE_BYTES_MAX];    /* a decoded value */
    char wide[3 * VALUE_BYTES_MAX]; /* a value, or a reference, of windows-1252 */
};

/* link_elements.c: a tag that was wanted is complete. */
void link_elements_take(struct links *links, const struct html_tag *tag);
/* The a that is open, if any, ends here. */
void link_elements_end_link(struct links *links);
void link_elements_end_style(struct links *links);

#endif
