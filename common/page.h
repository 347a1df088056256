/* page.h: what a worker found in a page, as it lies in the slot's extent: facts, then links.
 *
 *     +--------------+-------+------+-----------+---------+-----------+------+------+-----------+------+------+---
 *     | page_shm     | title | lang | canonical | charset | page_link | URL  | text | page_link | URL  | text | ...
 *     |              |  NUL  | NUL  |    NUL    |   NUL   | _shm      | NUL  | NUL  | _shm      | NUL  | NUL  |
 *     +--------------+-------+------+-----------+---------+-----------+------+------+-----------+------+------+---
 *     every record begins at a multiple of eight bytes
 *
 * The writer is a worker, between claim and publish; the reader is the coordinator, after DONE. The reader trusts no number that it
 * reads: page_read() and page_next_link() copy each record before they check it, and answer false where it does not hold together.
 * Texts are read from shared memory: who decides something by one copies it first. */
#ifndef SHOAL_PAGE_H
#define SHOAL_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/limits.h"
#include "common/url.h"

#define LINK_TEXT_BYTES_MAX 256u
#define PAGE_TITLE_BYTES_MAX 512u
#define PAGE_LANG_BYTES 36u
#define PAGE_CHARSET_BYTES 40u

/* One page's block, at most; a page with more drops links, and says how many. A list of a site's pages (sitemap) may have more. */
#define PAGE_BLOCK_BYTES_MAX (1u << 20)
#define SITEMAP_BLOCK_BYTES_MAX (16u << 20)
#define LINKS_STORED_MAX 50000u /* in a block: what a sitemap may list (sitemaps.org) */

/* What is in front of a block's links, at most. */
#define PAGE_HEAD_BYTES_MAX 8192u

enum link_kind {
    LINK_PAGE,      /* a, area */
    LINK_FRAME,     /* iframe, frame */
    LINK_FORM,      /* the action of a form that is sent by GET */
    LINK_REFRESH,   /* where a meta refresh, or the header, leads */
    LINK_REDIRECT,  /* Location, where redirects are not followed */
    LINK_ASSET,     /* img, script, stylesheets, icons, what a style names, ... */
    LINK_CANONICAL, /* rel=canonical, of a link element or the Link header, and so on */
    LINK_ALTERNATE,
    LINK_NEXT,    /* rel=next and rel=prev */
    LINK_RELATED, /* any other rel */
    LINK_LISTED,  /* a URL of a sitemap */
    LINK_SITEMAP, /* a sitemap that an index names */
    LINK_BASE,    /* the base element: for those who rewrite pages; nothing to fetch */
    LINK_KIND_COUNT
};

/* The kind's name as it is printed: "page", "asset", ... Never NULL. */
const char *link_kind_name(enum link_kind kind);

enum link_rel { LINK_NOFOLLOW = 1, LINK_UGC = 2, LINK_SPONSORED = 4 };

enum page_robots { PAGE_NOINDEX = 1, PAGE_NOFOLLOW = 2 };

enum page_flag {
    PAGE_IS_HTML = 1,       /* it was read as HTML */
    PAGE_IS_CSS = 2,        /* ... as a style sheet */
    PAGE_IS_SITEMAP = 4,    /* ... as a sitemap */
    PAGE_HAS_POSITIONS = 8, /* page_link.at says where in the body the links stand */
    PAGE_IS_BROKEN = 16,    /* a sitemap that is none, or ends early: what was found until then is there */
};

/* Where a link's value stands, and what may stand around a value that replaces it. */
enum link_quoting { QUOTING_DOUBLE, QUOTING_SINGLE, QUOTING_NONE, QUOTING_CSS, QUOTING_COUNT };

struct page_shm {
    uint64_t hash_low, hash_high; /* XXH3 of the decoded body, 128 bits, seeded; 0, 0: no body */
    uint32_t bytes;               /* of the whole block */
    uint32_t link_count;
    uint32_t dropped;  /* links beyond LINKS_PER_PAGE_MAX, LINKS_STORED_MAX or the block's bound */
    uint32_t unusable; /* other schemes, and what is no URL */
    uint16_t title_bytes, lang_bytes, canonical_bytes, charset_bytes; /* without NUL */
    uint16_t robots;                                                  /* enum page_robots: meta and X-Robots-Tag */
    uint16_t flags;                                                   /* enum page_flag */
    uint32_t pad;
};

struct page_link_shm {
    uint64_t fingerprint; /* of the URL, with the run's seed */
    uint64_t at;          /* where the value begins in the decoded body; UINT64_MAX: it cannot be replaced there */
    uint32_t raw_bytes;   /* of the value as it stands there */
    uint16_t url_bytes, text_bytes;
    uint8_t kind, rel, quoting;
    uint8_t pad[5];
};

_Static_assert(sizeof(struct page_shm) % 8 == 0 && sizeof(struct page_link_shm) == 32, "records are aligned");

/* A page that is read: texts point into the block, each ended by NUL. */
struct page {
    uint64_t hash_low, hash_high;
    uint32_t link_count, dropped, unusable;
    uint32_t robots, flags;
    struct url_text title, lang, canonical, charset; /* bytes 0: the page says nothing */
    const unsigned char *next, *end;                 /* the reader's own: where page_next_link() goes on */
    uint32_t left;
};

struct page_link {
    uint64_t fingerprint;
    uint64_t at; /* UINT64_MAX: cannot be replaced */
    uint32_t raw_bytes;
    enum link_kind kind;
    unsigned rel; /* enum link_rel */
    enum link_quoting quoting;
    struct url_text url;  /* absolute, in its one spelling; at most URL_BYTES_MAX */
    struct url_text text; /* of an a element, if wanted */
};

/* Reads the block's head; false: it does not hold together, or there is none. Never blocks. */
bool page_read(struct page *page, const void *block, size_t bytes);

/* The next link; false at the end, or where the block does not hold together. */
bool page_next_link(struct page *page, struct page_link *link);

/* The same page from its first link on. */
void page_rewind(struct page *page, const void *block);

/* ---- writing ---- */

/* Where a block is put together before it is copied to its slot. Begins as all zero. */
struct page_writer {
    unsigned char *bytes;
    size_t used, capacity, limit;
    uint32_t link_count, dropped;
};

/* A new block of at most limit bytes. */
void page_writer_begin(struct page_writer *writer, size_t limit);

/* Adds a link; one that does not fit is counted as dropped. False when memory is short: it is counted as dropped too. */
bool page_writer_add(struct page_writer *writer, const struct page_link *link);

/* The bytes that page_writer_store() will write with these facts: title, lang, canonical, charset, robots, flags, unusable, hash. */
size_t page_writer_bytes(const struct page_writer *writer, const struct page *facts);

/* Writes the whole block to `to`, which has page_writer_bytes() of room and is aligned to eight bytes. facts->dropped is added to
 * the writer's own. */
void page_writer_store(const struct page_writer *writer, const struct page *facts, void *to);

void page_writer_free(struct page_writer *writer); /* accepts all zero */

#endif
