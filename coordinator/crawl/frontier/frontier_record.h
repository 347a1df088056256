/* frontier_record.h: one waiting URL as it lies packed in a segment. What is usual takes no room, and what the URL shares with the first
 * of its segment is not stored again: scheme and host at least.
 *
 *     +--------+-------+-----------+-----------+-------+-------+-------------+--------+------+----------------+
 *     | reason | which | redirects |   tries   | flags | refer | fingerprint | shared | rest | rest of the URL|
 *     |        |       | if not 0  | if not 0  | if .. |  0..6 |      8      |  1..2  | 1..2 |                |
 *     +--------+-------+-----------+-----------+-------+-------+-------------+--------+------+----------------+
 *     which: 1 redirects, 2 tries, 4 flags, 8 * bytes of the referrer; shared, rest: seven bits a byte, the low ones first */
#ifndef SHOAL_FRONTIER_RECORD_H
#define SHOAL_FRONTIER_RECORD_H

#include "coordinator/crawl/frontier/frontier.h"

#define RECORD_HEAD_BYTES_MAX 23u
#define RECORD_BYTES_MAX (RECORD_HEAD_BYTES_MAX + URL_BYTES_MAX)

/* Packs all but the rest of the URL; returns how many bytes that took. The depth is not in it. */
size_t record_pack(unsigned char *to, const struct frontier_url *url, size_t shared);

/* The other way round; url->url is not set. from[RECORD_HEAD_BYTES_MAX], of which those behind the head may be anything. */
size_t record_unpack(const unsigned char *from, struct frontier_url *url, size_t *shared);

#endif
