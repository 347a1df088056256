/* sniff.h: whether a body is a page of HTML, by its Content-Type and its first bytes (WHATWG, MIME Sniffing, 4.2, 5 and 7.1, as far as
 * it matters to who reads pages). What is called HTML is one unless more than one in sixteen bytes of its beginning are such as no text
 * has; what has no type, or one that says nothing, must have none, and begin with a tag.
 *
 * Nothing is held back for it: whoever reads the page reads on while the answer is SNIFF_OPEN, and forgets what it read when it
 * becomes SNIFF_OTHER. */
#ifndef SHOAL_SNIFF_H
#define SHOAL_SNIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNIFF_BYTES_MAX 1445u /* of the body are looked at */

enum sniff_verdict { SNIFF_OPEN, SNIFF_PAGE, SNIFF_OTHER };

/* What a body without a type must have in front. */
enum sniff_tag { TAG_NOT_NEEDED, TAG_AFTER_BLANKS, TAG_HAS_BEGUN, TAG_WAS_SEEN };

struct sniff {
    enum sniff_verdict verdict;
    enum sniff_tag tag;
    uint32_t seen;   /* bytes looked at */
    uint32_t binary; /* of them, such as no text has */
    unsigned char first;
};

/* Whether a body of this type may be a page: the type is that of HTML, or says nothing. NULL: there is none. */
bool sniff_may_be_page(const char *content_type);

/* A new body. content_type: NULL or "": none. SNIFF_OTHER: no page whatever comes. */
enum sniff_verdict sniff_begin(struct sniff *sniff, const char *content_type);

/* The next bytes of the body. A verdict but SNIFF_OPEN stays. */
enum sniff_verdict sniff_take(struct sniff *sniff, const char *bytes, size_t count);

/* The body ended: SNIFF_PAGE or SNIFF_OTHER. */
enum sniff_verdict sniff_end(struct sniff *sniff);

#endif
