/* mirror.h: the sink that saves a site for being read offline: as sink_files does, but that pages and styles get names by which a browser
 * knows what they are, and that what is saved where is kept, so that links can be converted at the end.
 *
 *     https://example.org/about          example.org/about.html      a page of HTML
 *     https://example.org/page.php?n=2   example.org/page.php%3Fn=2.html
 *     https://example.org/theme?v=3      example.org/theme%3Fv=3.css
 *
 * Where two URLs of this run would get one name (/about and /about.html), the later one gets a `~` and a hash before the ending. */
#ifndef SHOAL_MIRROR_H
#define SHOAL_MIRROR_H

#include <stddef.h>
#include <stdint.h>

#include "coordinator/crawl/mirror/convert.h"
#include "coordinator/output/sink.h"

/* As sink_files_open(). seed: of the links' fingerprints. */
enum status mirror_open(struct sink **sink, const char *directory, uint64_t seed, char *why, size_t why_bytes);

/* After the last outcome, once: see convert_files(). sink: of mirror_open(). */
enum status mirror_convert(struct sink *sink, convert_watcher *watcher, void *context, struct convert_counts *counts,
                           char *why, size_t why_bytes);

/* Files and redirects that mirror_convert() will look at. */
uint64_t mirror_count(const struct sink *sink);

#endif
