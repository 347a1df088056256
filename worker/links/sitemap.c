/* sitemap.c: the URLs that a site lists of itself (sitemaps.org, protocol 0.90), found while the list arrives. */
#include "worker/links/sitemap.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "worker/html/html_scan.h"
#include "worker/links/sitemap_state.h"

struct sitemap *sitemap_open(sitemap_taker *take, void *context)
{
    struct sitemap *sitemap = calloc(1, sizeof *sitemap);
    if (!sitemap)
        return NULL;
    sitemap->take = take;
    sitemap->context = context;
    return sitemap;
}

void sitemap_close(struct sitemap *sitemap)
{
    if (!sitemap)
        return;
    sitemap_xml_close(sitemap);
    decoder_close(sitemap->decoder);
    free(sitemap);
}

void sitemap_begin(struct sitemap *sitemap, const struct fetch_limits *limits)
{
    sitemap_xml_close(sitemap); /* the last list may not have been ended */
    sitemap->result = (struct sitemap_result){.why = ""};
    sitemap->limits = *limits;
    /* Ours comes first: at the same byte, whatever the pieces are. */
    sitemap->limits.body_bytes_max = SITEMAP_BYTES_MAX + SITEMAP_BLOCK_BYTES;
    sitemap->is_gzip = sitemap->has_begun = sitemap->has_mark = false;
    sitemap->form = SITEMAP_UNKNOWN;
    sitemap->magic_bytes = sitemap->held_bytes = sitemap->block_bytes = 0;
    sitemap->decoded_bytes = 0;
    sitemap->why[0] = '\0';
    sitemap_loc_begin(sitemap);
}

/* ---- lines ---- */

static bool begins_with(const struct sitemap *sitemap, const char *scheme)
{
    size_t bytes = strlen(scheme);
    return sitemap->loc_bytes > bytes && strncasecmp(sitemap->loc, scheme, bytes) == 0;
}

static void end_line(struct sitemap *sitemap)
{
    sitemap_loc_trim(sitemap);
    if (begins_with(sitemap, "http://") || begins_with(sitemap, "https://"))
        sitemap_loc_end(sitemap, LINK_LISTED);
    else if (sitemap->loc_bytes)
        sitemap->result.unusable++;
    sitemap_loc_begin(sitemap);
}

static void feed_lines(struct sitemap *sitemap, const char *at, size_t count, enum sitemap_next next)
{
    const char *end = at + count;
    while (at < end && sitemap->result.verdict == SITEMAP_OK) {
        const char *from = at;
        while (at < end && *at != '\n' && *at != '\r' && *at)
            at++;
        sitemap_loc_add(sitemap, from, (size_t)(at - from));
        if (at == end)
            break;
        if (*at)
            end_line(sitemap);
        else
            sitemap_fail(sitemap, SITEMAP_BROKEN, "it is neither XML nor text");
        at++;
    }
    if (next != SITEMAP_COMPLETE || sitemap->result.verdict != SITEMAP_OK)
        return;
    end_line(sitemap);
    if (!sitemap->result.found)
        sitemap_fail(sitemap, SITEMAP_BROKEN, "it is neither XML nor a list of URLs");
}

/* ---- blocks ---- */

static enum sitemap_form form_of(const char *at, size_t count)
{
    static const char UTF16[][2] = {{'\xfe', '\xff'}, {'\xff', '\xfe'}, {'\0', '<'}};
    if (!count)
        return SITEMAP_UNKNOWN;
    for (size_t i = 0; i < sizeof UTF16 / sizeof UTF16[0]; i++) {
        if (count >= sizeof UTF16[i] && memcmp(at, UTF16[i], sizeof UTF16[i]) == 0)
            return SITEMAP_XML;
    }
    return *at == '<' ? SITEMAP_XML : SITEMAP_TEXT;
}

/* Parses the block, which is full unless it is the last. */
static void end_block(struct sitemap *sitemap, enum sitemap_next next)
{
    const char *at = sitemap->block;
    size_t count = sitemap->block_bytes;
    sitemap->block_bytes = 0;
    if (!sitemap->has_begun && count >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0) {
        sitemap->has_mark = true;
        at += 3;
        count -= 3;
    }
    sitemap->has_begun = true;
    if (sitemap->form == SITEMAP_UNKNOWN) {
        /* In front of XML there may be none, but there are, and all readers pass over them. */
        while (count && html_is_space(*at)) {
            at++;
            count--;
        }
        sitemap->form = form_of(at, count);
    }
    if (sitemap->form == SITEMAP_XML)
        sitemap_xml_feed(sitemap, at, count, next);
    else if (sitemap->form == SITEMAP_TEXT)
        feed_lines(sitemap, at, count, next);
    else if (next == SITEMAP_COMPLETE)
        sitemap_fail(sitemap, SITEMAP_BROKEN, "it is empty");
}

/* What came until here is all there will be: what is whole in it counts, and this verdict, not what the cut made of it. */
static void cut(struct sitemap *sitemap, enum sitemap_verdict verdict, const char *why)
{
    if (sitemap->result.verdict != SITEMAP_OK)
        return;
    end_block(sitemap, SITEMAP_CUT);
    if (!sitemap->result.dropped)
        sitemap->result.verdict = SITEMAP_OK;
    sitemap_fail(sitemap, verdict, why);
}

/* So many bytes were put behind those in the block. */
static void grow_block(struct sitemap *sitemap, size_t count)
{
    uint64_t room = SITEMAP_BYTES_MAX - sitemap->decoded_bytes;
    bool is_over = count > room;
    size_t taken = is_over ? (size_t)room : count;
    sitemap->block_bytes += taken;
    sitemap->decoded_bytes += taken;
    if (is_over)
        cut(sitemap, SITEMAP_TOO_LARGE, "it is larger than 50 MiB");
    else if (sitemap->block_bytes == sizeof sitemap->block)
        end_block(sitemap, SITEMAP_MORE);
}
_Static_assert(SITEMAP_BYTES_MAX == 50 << 20, "the message names this number");

static void take_plain(struct sitemap *sitemap, const uint8_t *bytes, size_t count)
{
    while (count && sitemap->result.verdict == SITEMAP_OK) {
        size_t room = sizeof sitemap->block - sitemap->block_bytes;
        size_t piece = count < room ? count : room;
        memcpy(sitemap->block + sitemap->block_bytes, bytes, piece);
        grow_block(sitemap, piece);
        bytes += piece;
        count -= piece;
    }
}

/* Decodes what is held of the gzip data. */
static void decode_held(struct sitemap *sitemap)
{
    decoder_feed(sitemap->decoder, sitemap->held, sitemap->held_bytes);
    sitemap->held_bytes = 0;
    while (sitemap->result.verdict == SITEMAP_OK) {
        size_t given = decoder_take(sitemap->decoder, sitemap->block + sitemap->block_bytes,
                                    sizeof sitemap->block - sitemap->block_bytes);
        if (!given)
            break;
        grow_block(sitemap, given);
    }
    const char *why;
    enum fetch_error error = decoder_error(sitemap->decoder, &why);
    if (error == FETCH_TOO_LARGE)
        cut(sitemap, SITEMAP_TOO_LARGE, why);
    else if (error == FETCH_OUT_OF_MEMORY)
        cut(sitemap, SITEMAP_OUT_OF_MEMORY, why);
    else if (error != FETCH_OK)
        cut(sitemap, SITEMAP_BROKEN, "its gzip data is damaged");
}

/* Pieces of one size here too: what a decoder had given when it finds damage, or a bomb, depends on them. */
static void take_gzip(struct sitemap *sitemap, const uint8_t *bytes, size_t count)
{
    while (count && sitemap->result.verdict == SITEMAP_OK) {
        size_t room = sizeof sitemap->held - sitemap->held_bytes;
        size_t piece = count < room ? count : room;
        memcpy(sitemap->held + sitemap->held_bytes, bytes, piece);
        sitemap->held_bytes += piece;
        bytes += piece;
        count -= piece;
        if (piece == room)
            decode_held(sitemap);
    }
}

/* ---- the whole list ---- */

static void take(struct sitemap *sitemap, const uint8_t *bytes, size_t count)
{
    if (sitemap->is_gzip)
        take_gzip(sitemap, bytes, count);
    else
        take_plain(sitemap, bytes, count);
}

/* The first bytes say whether what comes is compressed (RFC 1952, 2.3.1). */
static void look_at_magic(struct sitemap *sitemap)
{
    static const uint8_t GZIP = CODING_GZIP;
    sitemap->is_gzip = sitemap->magic_bytes == 2 && sitemap->magic[0] == 0x1f && sitemap->magic[1] == 0x8b;
    if (sitemap->is_gzip && decoder_begin(&sitemap->decoder, &GZIP, 1, &sitemap->limits) != STATUS_OK)
        sitemap_fail(sitemap, SITEMAP_OUT_OF_MEMORY, "no memory to decode it");
    else
        take(sitemap, sitemap->magic, sitemap->magic_bytes);
}

void sitemap_feed(struct sitemap *sitemap, const void *bytes, size_t count)
{
    const uint8_t *at = bytes;
    if (sitemap->result.verdict != SITEMAP_OK)
        return;
    if (sitemap->magic_bytes < SITEMAP_MAGIC_BYTES) {
        for (; count && sitemap->magic_bytes < SITEMAP_MAGIC_BYTES; count--)
            sitemap->magic[sitemap->magic_bytes++] = *at++;
        if (sitemap->magic_bytes == SITEMAP_MAGIC_BYTES)
            look_at_magic(sitemap);
    }
    if (count && sitemap->result.verdict == SITEMAP_OK)
        take(sitemap, at, count);
}

struct sitemap_result sitemap_end(struct sitemap *sitemap)
{
    struct sitemap_result *result = &sitemap->result;
    if (sitemap->magic_bytes < SITEMAP_MAGIC_BYTES)
        look_at_magic(sitemap);
    if (result->verdict == SITEMAP_OK && sitemap->is_gzip)
        decode_held(sitemap);
    if (result->verdict == SITEMAP_OK && sitemap->is_gzip && !decoder_is_complete(sitemap->decoder))
        cut(sitemap, SITEMAP_BROKEN, "its gzip data ends early");
    else if (result->verdict == SITEMAP_OK)
        end_block(sitemap, SITEMAP_COMPLETE);
    sitemap_xml_close(sitemap);
    result->why = sitemap->why;
    return *result;
}
