/* url_shape.h: what URLs that a program makes have in common: segments that come again, and the form that is left when numbers are
 * taken out. Nothing here allocates or blocks. */
#ifndef SHOAL_URL_SHAPE_H
#define SHOAL_URL_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/url.h"

/* Segments of a path, and parameters of a query, that are looked at; more are counted, no more. */
#define URL_SEGMENTS_MAX 128u
#define URL_NAMES_MAX 64u

/* ---- segments: what stands between two '/', and behind the last one if there is anything ---- */

struct url_segments {
    uint32_t count; /* of all */
    uint32_t known; /* of those in at: at most URL_SEGMENTS_MAX */
    struct url_text at[URL_SEGMENTS_MAX];
};

void url_segments_find(struct url_text path, struct url_segments *segments);

/* What comes again in a path. Two cases, most >= 1:
 *   - a segment that is no number stands in it more than `most` times, next to each other or not: /a/x/a/y/a/z/a for 3;
 *   - a run of two or more segments, not all of them numbers, stands `most` times in a row, at least twice: /a/b/a/b/a/b for 3.
 * Numbers are digits alone: dates, coordinates and pages (/1/1/1/1, /2024/01/01) come again for good reasons. */
struct url_repeat {
    struct url_text text; /* the segment, or the run with its inner '/' */
    bool is_run;
};

/* False: nothing comes again. */
bool url_segments_repeat(const struct url_segments *segments, uint32_t most, struct url_repeat *repeat);

/* ---- templates ---- */

/* Writes the path with '#' for every number: a run of digits; a word of eight or more hexadecimal digits, at least one of them a
 * decimal one; a UUID (RFC 9562, 4). Escapes (%C3) stay. out: path.bytes. Returns the length; *has_numbers: there was one. */
size_t url_template_path(struct url_text path, char *out, bool *has_numbers);

/* A hash of the set of the query's parameter names, with '#' in them as above; neither order nor repetition matters. 0: no query. */
uint64_t url_template_names(struct url_text query, uint64_t seed);

/* The whole template for people: "/item/#?id&page", the names in their order. Cut to text_bytes with its NUL; returns the length. */
size_t url_template_show(const struct url_parts *url, char *text, size_t text_bytes);

#endif
