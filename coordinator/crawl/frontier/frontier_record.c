/* frontier_record.c: one waiting URL as it lies packed in a segment. */
#include "coordinator/crawl/frontier/frontier_record.h"

#include <string.h>

enum { HAS_REDIRECTS = 1, HAS_TRIES = 2, HAS_FLAGS = 4, REFERRER_SHIFT = 3 };

static unsigned char *pack_length(unsigned char *to, size_t length)
{
    if (length >= 0x80) {
        *to++ = (unsigned char)(length | 0x80);
        length >>= 7;
    }
    *to++ = (unsigned char)length;
    return to;
}

static const unsigned char *unpack_length(const unsigned char *from, size_t *length)
{
    *length = *from++;
    if (*length & 0x80)
        *length = (*length & 0x7f) | (size_t)*from++ << 7;
    return from;
}

static unsigned referrer_bytes(uint64_t referrer)
{
    return referrer ? (71u - (unsigned)__builtin_clzll(referrer)) / 8 : 0;
}

size_t record_pack(unsigned char *to, const struct frontier_url *url, size_t shared)
{
    unsigned char *next = to;
    unsigned refer = referrer_bytes(url->referrer);
    *next++ = url->reason;
    *next++ = (unsigned char)((url->redirects ? HAS_REDIRECTS : 0) | (url->tries ? HAS_TRIES : 0) |
                              (url->flags ? HAS_FLAGS : 0) | refer << REFERRER_SHIFT);
    if (url->redirects)
        *next++ = url->redirects;
    if (url->tries)
        *next++ = url->tries;
    if (url->flags)
        *next++ = url->flags;
    for (unsigned i = 0; i < refer; i++)
        *next++ = (unsigned char)(url->referrer >> 8 * i);
    memcpy(next, &url->fingerprint, sizeof url->fingerprint);
    next = pack_length(next + sizeof url->fingerprint, shared);
    next = pack_length(next, url->url_bytes - shared);
    return (size_t)(next - to);
}

size_t record_unpack(const unsigned char *from, struct frontier_url *url, size_t *shared)
{
    const unsigned char *next = from;
    *url = (struct frontier_url){.reason = *next++};
    unsigned which = *next++;
    if (which & HAS_REDIRECTS)
        url->redirects = *next++;
    if (which & HAS_TRIES)
        url->tries = *next++;
    if (which & HAS_FLAGS)
        url->flags = *next++;
    for (unsigned i = 0; i < which >> REFERRER_SHIFT; i++)
        url->referrer |= (uint64_t)*next++ << 8 * i;
    memcpy(&url->fingerprint, next, sizeof url->fingerprint);
    next = unpack_length(next + sizeof url->fingerprint, shared);
    next = unpack_length(next, &url->url_bytes);
    url->url_bytes += *shared;
    return (size_t)(next - from);
}
