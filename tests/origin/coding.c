/* DESIGN. Deflate data that ends in a full flush ends on a byte and refers to nothing before it, so
 * the same compressed block may follow itself any number of times:
 *
 *     | gzip or zlib header | block | block | ... | the rest, final | checksum (and length) |
 *       first                 <----- blocks ---->   last ------------------------------------
 *
 * and the checksum of the whole is combined from those of the parts. One block in memory thus
 * stands for a gigabyte, the length is known before the first byte is sent, and a bomb costs us
 * next to nothing. */
#include "tests/origin/coding.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { ZEROS_BYTES = 1024 * 1024, RAW_WINDOW_BITS = -15, GZIP_WINDOW_BITS = 15 + 16 };

struct coding_block {
    struct span plain;
    char *packed;
    size_t packed_bytes;
    uLong crc;
    uLong adler;
};

struct coding {
    char *zeros;
    struct coding_block text_block;
    struct coding_block zeros_block;
};

/* Compresses all of plain in one call; flush is Z_FINISH or Z_FULL_FLUSH. NULL: no memory. */
static char *pack(struct span plain, int window_bits, int flush, size_t *packed_bytes)
{
    z_stream stream = {0};
    if (deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return NULL;
    }
    size_t room = deflateBound(&stream, plain.count) + 64;
    char *packed = malloc(room);
    if (packed != NULL) {
        stream.next_in = (Bytef *)(uintptr_t)plain.bytes;
        stream.avail_in = (uInt)plain.count;
        stream.next_out = (Bytef *)packed;
        stream.avail_out = (uInt)room;
        deflate(&stream, flush);
        *packed_bytes = room - stream.avail_out;
    }
    deflateEnd(&stream);
    return packed;
}

static bool block_make(struct coding_block *block, struct span plain)
{
    block->plain = plain;
    block->packed = pack(plain, RAW_WINDOW_BITS, Z_FULL_FLUSH, &block->packed_bytes);
    block->crc = crc32(0, (const Bytef *)plain.bytes, (uInt)plain.count);
    block->adler = adler32(1, (const Bytef *)plain.bytes, (uInt)plain.count);
    return block->packed != NULL;
}

struct coding *coding_open(struct span filler)
{
    struct coding *coding = calloc(1, sizeof(*coding));
    if (coding == NULL) {
        return NULL;
    }
    coding->zeros = calloc(1, ZEROS_BYTES);
    if (coding->zeros == NULL || !block_make(&coding->text_block, filler) ||
        !block_make(&coding->zeros_block, (struct span){coding->zeros, ZEROS_BYTES})) {
        coding_close(coding);
        return NULL;
    }
    return coding;
}

void coding_close(struct coding *coding)
{
    if (coding != NULL) {
        free(coding->zeros);
        free(coding->text_block.packed);
        free(coding->zeros_block.packed);
        free(coding);
    }
}

static size_t put_little_endian(char *out, uint32_t number)
{
    for (unsigned i = 0; i < 4; i++) {
        out[i] = (char)(unsigned char)(number >> (8 * i));
    }
    return 4;
}

static size_t put_big_endian(char *out, uint32_t number)
{
    for (unsigned i = 0; i < 4; i++) {
        out[i] = (char)(unsigned char)(number >> (24 - 8 * i));
    }
    return 4;
}

/* RFC 1952 section 2.3: CRC-32 and length of the decoded data. */
static size_t put_gzip_trailer(char *out, const struct coding_block *block, uint64_t blocks, struct span rest)
{
    uLong crc = 0;
    for (uint64_t i = 0; i < blocks; i++) {
        crc = crc32_combine(crc, block->crc, (z_off_t)block->plain.count);
    }
    crc = crc32(crc, (const Bytef *)rest.bytes, (uInt)rest.count);
    uint64_t decoded_bytes = blocks * block->plain.count + rest.count;
    size_t count = put_little_endian(out, (uint32_t)crc);
    return count + put_little_endian(out + count, (uint32_t)decoded_bytes);
}

/* RFC 1950 section 2.2: Adler-32 of the decoded data. */
static size_t put_zlib_trailer(char *out, const struct coding_block *block, uint64_t blocks, struct span rest)
{
    uLong adler = 1;
    for (uint64_t i = 0; i < blocks; i++) {
        adler = adler32_combine(adler, block->adler, (z_off_t)block->plain.count);
    }
    adler = adler32(adler, (const Bytef *)rest.bytes, (uInt)rest.count);
    return put_big_endian(out, (uint32_t)adler);
}

bool coding_make(struct coding *coding, enum coding_format format, enum coding_content content, uint64_t decoded_bytes,
                 struct body *body)
{
    static const char gzip_header[] = "\x1f\x8b\x08\0\0\0\0\0\0\x03";
    static const char zlib_header[] = "\x78\x9c";
    enum { TRAILER_BYTES_MAX = 8 };
    const struct coding_block *block = content == CODING_TEXT ? &coding->text_block : &coding->zeros_block;
    uint64_t blocks = decoded_bytes / block->plain.count;
    struct span rest = {block->plain.bytes, (size_t)(decoded_bytes % block->plain.count)};
    size_t last_bytes = 0;
    char *last = pack(rest, RAW_WINDOW_BITS, Z_FINISH, &last_bytes);
    char *grown = last != NULL ? realloc(last, last_bytes + TRAILER_BYTES_MAX) : NULL;
    if (grown == NULL) {
        free(last);
        return false;
    }
    last_bytes += format == CODING_GZIP ? put_gzip_trailer(grown + last_bytes, block, blocks, rest)
                                        : put_zlib_trailer(grown + last_bytes, block, blocks, rest);
    *body = (struct body){
        .first = format == CODING_GZIP ? (struct span){gzip_header, sizeof(gzip_header) - 1}
                                       : (struct span){zlib_header, sizeof(zlib_header) - 1},
        .block = {block->packed, block->packed_bytes},
        .blocks_bytes = blocks * block->packed_bytes,
        .last = {grown, last_bytes},
        .owned = grown,
    };
    return true;
}

bool coding_gzip_chain(struct span plain, unsigned times, char **packed, size_t *packed_bytes)
{
    *packed = NULL;
    for (unsigned i = 0; i < times; i++) {
        char *next = pack(plain, GZIP_WINDOW_BITS, Z_FINISH, packed_bytes);
        free(*packed);
        *packed = next;
        if (next == NULL) {
            return false;
        }
        plain = (struct span){next, *packed_bytes};
    }
    return true;
}
