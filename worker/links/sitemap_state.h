/* sitemap_state.h: what sitemap.c, sitemap_xml.c and sitemap_locs.c share: a list that is being read. */
#ifndef SHOAL_SITEMAP_STATE_H
#define SHOAL_SITEMAP_STATE_H

#include <expat.h>
#include <stdbool.h>

#include "worker/decoder.h"
#include "worker/links/sitemap.h"

#define SITEMAP_BLOCK_BYTES 16384u
#define SITEMAP_MAGIC_BYTES 2u
#define SITEMAP_HELD_BYTES 4096u

enum sitemap_form { SITEMAP_UNKNOWN, SITEMAP_XML, SITEMAP_TEXT };

/* What is behind the bytes of a block. */
enum sitemap_next { SITEMAP_MORE, SITEMAP_CUT, SITEMAP_COMPLETE };

/* What expat holds for one list. */
struct sitemap_memory {
    size_t bytes;
    bool is_refused; /* it wanted more than SITEMAP_XML_BYTES_MAX */
};

struct sitemap {
    sitemap_taker *take;
    void *context;
    struct sitemap_result result;
    struct fetch_limits limits;
    struct decoder *decoder;
    bool is_gzip;
    bool has_begun; /* the first block was looked at */
    bool has_mark;  /* it began with the byte order mark of UTF-8 */
    enum sitemap_form form;
    uint8_t magic[SITEMAP_MAGIC_BYTES];
    size_t magic_bytes;
    size_t held_bytes; /* gzip data that waits */
    uint64_t decoded_bytes;
    size_t block_bytes;

    XML_Parser parser;
    struct sitemap_memory memory;
    unsigned depth;
    bool is_index, is_entry, is_loc; /* of the elements that are open */

    size_t loc_bytes;
    bool is_long; /* the loc is longer than its room */
    char loc[URL_BYTES_MAX];
    char block[SITEMAP_BLOCK_BYTES];
    uint8_t held[SITEMAP_HELD_BYTES];
    char why[160];
};

/* sitemap_locs.c. The first verdict but SITEMAP_OK stays. why is copied. */
void sitemap_fail(struct sitemap *sitemap, enum sitemap_verdict verdict, const char *why);

/* Collects a loc: the blanks around it go away. */
void sitemap_loc_begin(struct sitemap *sitemap);
void sitemap_loc_add(struct sitemap *sitemap, const char *bytes, size_t count);
/* Cuts off the blanks at the end of what was collected so far. */
void sitemap_loc_trim(struct sitemap *sitemap);
void sitemap_loc_end(struct sitemap *sitemap, enum link_kind kind);

/* The XML form. What cannot be read ends in a verdict. */
void sitemap_xml_feed(struct sitemap *sitemap, const char *bytes, size_t count, enum sitemap_next next);
void sitemap_xml_close(struct sitemap *sitemap);

#endif
