/* Content codings undone: worker/decoder.c. */
#include "worker/decoder.h"

#include <brotli/encode.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define PLAIN_BYTES 100000u
#define PACKED_BYTES (4 * PLAIN_BYTES)

enum form { FORM_GZIP, FORM_ZLIB, FORM_RAW, FORM_BROTLI, FORM_COUNT };

static const enum coding CODING_OF[FORM_COUNT] = {CODING_GZIP, CODING_DEFLATE, CODING_DEFLATE, CODING_BROTLI};

static struct fetch_limits limits;
static struct decoder *decoder;
static unsigned char *plain;
static unsigned char *packed;
static unsigned char *decoded;

static void set_up(void)
{
    fetch_limits_init(&limits);
    plain = malloc(PLAIN_BYTES);
    packed = malloc(PACKED_BYTES);
    decoded = malloc(PACKED_BYTES);
    uint32_t state = 1;
    for (size_t i = 0; i < PLAIN_BYTES; i++) { /* some runs, some noise */
        state = state * 1664525u + 1013904223u;
        plain[i] = (unsigned char)((i / 100) % 3 ? state >> 28 : i / 1000);
    }
}

static void tear_down(void)
{
    decoder_close(decoder);
    decoder = NULL;
    free(plain);
    free(packed);
    free(decoded);
}

static size_t pack(enum form form, const void *from, size_t bytes, void *to)
{
    static const int WINDOW_BITS[] = {MAX_WBITS + 16, MAX_WBITS, -MAX_WBITS};
    if (form == FORM_BROTLI) {
        size_t room = PACKED_BYTES;
        ck_assert(BrotliEncoderCompress(5, 18, BROTLI_MODE_GENERIC, bytes, from, &room, to));
        return room;
    }
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)from, .avail_in = (uInt)bytes, .next_out = to};
    stream.avail_out = PACKED_BYTES;
    ck_assert_int_eq(deflateInit2(&stream, 6, Z_DEFLATED, WINDOW_BITS[form], 8, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return PACKED_BYTES - stream.avail_out;
}

static void begin(const uint8_t *codings, size_t count)
{
    ck_assert_int_eq(decoder_begin(&decoder, codings, count, &limits), STATUS_OK);
}

static void begin_form(enum form form)
{
    begin(&(const uint8_t){(uint8_t)CODING_OF[form]}, 1);
}

static enum fetch_error error_now(void)
{
    const char *why;
    enum fetch_error error = decoder_error(decoder, &why);
    ck_assert(error == FETCH_OK || why[0] != '\0');
    return error;
}

/* Feeds all in pieces of so many bytes, and takes with so much room; returns how much came out. */
static size_t run(const void *from, size_t bytes, size_t piece, size_t room)
{
    size_t sum = 0;
    for (size_t at = 0; at < bytes && error_now() == FETCH_OK; at += piece) {
        decoder_feed(decoder, (const char *)from + at, bytes - at < piece ? bytes - at : piece);
        for (size_t given; (given = decoder_take(decoder, decoded + sum, room)) > 0; sum += given)
            ck_assert_uint_le(sum + given + room, PACKED_BYTES);
        ck_assert(error_now() != FETCH_OK || decoder_left(decoder) == 0);
    }
    return sum;
}

START_TEST(what_was_packed_comes_out_again)
{
    static const size_t SIZES[] = {0, 1, 2, 3, 1000, 16384, PLAIN_BYTES};
    static const size_t PIECES[] = {1, 2, 7, 16384, PACKED_BYTES};
    static const size_t ROOMS[] = {1, 100, 65536};
    for (size_t size = 0; size < sizeof SIZES / sizeof SIZES[0]; size++) {
        size_t bytes = pack((enum form)_i, plain, SIZES[size], packed);
        for (size_t i = 0; i < 15; i += 2) { /* the same decoder, again and again */
            begin_form((enum form)_i);
            ck_assert(!decoder_is_complete(decoder));
            ck_assert_uint_eq(run(packed, bytes, PIECES[i % 5], ROOMS[i % 3]), SIZES[size]);
            ck_assert_int_eq(error_now(), FETCH_OK);
            ck_assert(decoder_is_complete(decoder));
            ck_assert_int_eq(memcmp(decoded, plain, SIZES[size]), 0);
        }
    }
}
END_TEST

START_TEST(what_is_cut_anywhere_is_not_complete)
{
    size_t bytes = pack((enum form)_i, plain, 500, packed);
    for (size_t cut = 0; cut < bytes; cut++) {
        begin_form((enum form)_i);
        run(packed, cut, 64, 4096);
        ck_assert_msg(!decoder_is_complete(decoder), "%zu of %zu bytes", cut, bytes);
        ck_assert_int_eq(error_now(), FETCH_OK);
    }
}
END_TEST

START_TEST(more_behind_the_end_is_an_error)
{
    size_t bytes = pack((enum form)_i, plain, 500, packed);
    static const size_t PIECES[] = {1, PACKED_BYTES};
    memcpy(packed + bytes, "junk", 4);
    for (size_t i = 0; i < 2; i++) {
        begin_form((enum form)_i);
        run(packed, bytes + 1, PIECES[i], 4096);
        ck_assert_int_eq(error_now(), FETCH_DECODE);
        ck_assert(!decoder_is_complete(decoder));
    }
}
END_TEST

/* Damaged data are never taken for whole, unless the bit says nothing; without a checksum they must only end. */
START_TEST(a_bit_that_flips_does_no_harm)
{
    size_t bytes = pack((enum form)_i, plain, 300, packed);
    bool has_checksum = _i == FORM_GZIP || _i == FORM_ZLIB;
    for (size_t bit = has_checksum ? 80 : 0; bit < bytes * 8; bit++) {
        packed[bit / 8] ^= (unsigned char)(1u << bit % 8);
        begin_form((enum form)_i);
        run(packed, bytes, bytes, 65536);
        ck_assert_msg(!has_checksum || !decoder_is_complete(decoder) || memcmp(decoded, plain, 300) == 0, "bit %zu",
                      bit);
        packed[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
}
END_TEST

START_TEST(noise_ends_in_an_error_or_is_never_complete)
{
    unsigned char noise[600];
    uint32_t state = 12345u + (uint32_t)_i;
    for (int round = 0; round < 500; round++) {
        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (unsigned char)((state = state * 1664525u + 1013904223u) >> 24);
        begin_form((enum form)_i);
        run(noise, sizeof noise, 100, 65536);
        ck_assert(error_now() == FETCH_OK || !decoder_is_complete(decoder));
    }
}
END_TEST

/* ---- chains ---- */

static size_t pack_chain(const enum form *forms, size_t count, size_t bytes)
{
    static unsigned char stage[PACKED_BYTES];
    memcpy(packed, plain, bytes);
    for (size_t i = 0; i < count; i++) {
        bytes = pack(forms[i], packed, bytes, stage);
        memcpy(packed, stage, bytes);
    }
    return bytes;
}

static const enum form CHAIN[CODINGS_MAX] = {FORM_GZIP, FORM_RAW, FORM_BROTLI, FORM_ZLIB, FORM_GZIP};
static const uint8_t CHAIN_CODINGS[CODINGS_MAX] = {CODING_GZIP, CODING_DEFLATE, CODING_BROTLI, CODING_DEFLATE,
                                                   CODING_GZIP};

START_TEST(a_chain_is_undone_from_its_end)
{
    static const size_t PIECES[] = {1, 1000, PACKED_BYTES};
    size_t bytes = pack_chain(CHAIN, CODINGS_MAX, 60000);
    for (size_t i = 0; i < 3; i++) {
        begin(CHAIN_CODINGS, CODINGS_MAX);
        ck_assert_uint_eq(run(packed, bytes, PIECES[i], 5000), 60000);
        ck_assert(decoder_is_complete(decoder));
        ck_assert_int_eq(memcmp(decoded, plain, 60000), 0);
    }
    begin_form(FORM_ZLIB); /* and a short one after it, with the stages of the long one */
    bytes = pack(FORM_ZLIB, plain, 1000, packed);
    ck_assert_uint_eq(run(packed, bytes, 10, 5000), 1000);
    ck_assert(decoder_is_complete(decoder));
}
END_TEST

START_TEST(a_chain_whose_inner_data_is_cut_is_not_complete)
{
    static unsigned char inner[PACKED_BYTES];
    size_t bytes = pack(FORM_GZIP, plain, 5000, inner);
    begin(CHAIN_CODINGS + 3, 2);
    for (size_t cut = 0; cut < bytes; cut += 97) {
        size_t outer = pack(FORM_GZIP, inner, cut, packed);
        begin((const uint8_t[]){CODING_GZIP, CODING_GZIP}, 2);
        run(packed, outer, 1000, 5000);
        ck_assert(!decoder_is_complete(decoder));
    }
    size_t outer = pack(FORM_GZIP, inner, bytes + 1, packed); /* and junk behind the inner data */
    begin((const uint8_t[]){CODING_GZIP, CODING_GZIP}, 2);
    run(packed, outer, 1000, 5000);
    ck_assert_int_eq(error_now(), FETCH_DECODE);
}
END_TEST

/* ---- limits ---- */

START_TEST(a_body_of_the_limit_is_taken_and_a_byte_more_is_not)
{
    limits.body_bytes_max = 5000;
    begin_form((enum form)_i);
    run(packed, pack((enum form)_i, plain, 5000, packed), 100, 4096);
    ck_assert(decoder_is_complete(decoder));
    begin_form((enum form)_i);
    run(packed, pack((enum form)_i, plain, 5001, packed), 100, 4096);
    ck_assert_int_eq(error_now(), FETCH_TOO_LARGE);
}
END_TEST

/* Stored blocks without a byte: endless, and nothing comes out. */
START_TEST(data_that_give_nothing_are_too_large_in_the_end)
{
    static unsigned char empty[50000];
    for (size_t at = 0; at + 5 <= sizeof empty; at += 5)
        memcpy(empty + at, "\x00\x00\x00\xff\xff", 5);
    limits.body_bytes_max = 100000;
    begin(&(const uint8_t){CODING_DEFLATE}, 1);
    for (int i = 0; i < 100 && error_now() == FETCH_OK; i++)
        ck_assert_uint_eq(run(empty, sizeof empty, sizeof empty, 4096), 0);
    ck_assert_int_eq(error_now(), FETCH_TOO_LARGE);
}
END_TEST

START_TEST(a_bomb_is_noticed_at_the_ratio)
{
    size_t bytes = 3u << 20;
    unsigned char *zeros = calloc(1, bytes);
    limits.body_ratio_from_bytes = 100000;
    limits.body_ratio_max = 10;
    size_t count = pack((enum form)_i, zeros, bytes, packed);
    begin_form((enum form)_i);
    size_t sum = 0;
    decoder_feed(decoder, packed, count);
    for (size_t given; (given = decoder_take(decoder, decoded, 4096)) > 0; sum += given)
        ;
    ck_assert_int_eq(error_now(), FETCH_TOO_LARGE);
    ck_assert_uint_le(sum, 100000 + 65536);
    free(zeros);
}
END_TEST

/* What explodes between two stages and shrinks again behind them. */
START_TEST(a_bomb_in_the_middle_of_a_chain_is_noticed)
{
    size_t bytes = 12u << 20;
    limits.body_bytes_max = 4u << 20;
    unsigned char *blocks = malloc(bytes);
    for (size_t at = 0; at + 5 <= bytes; at += 5)
        memcpy(blocks + at, "\x00\x00\x00\xff\xff", 5);
    size_t count = pack(FORM_GZIP, blocks, bytes, packed);
    free(blocks);
    begin((const uint8_t[]){CODING_DEFLATE, CODING_GZIP}, 2);
    ck_assert_uint_eq(run(packed, count, 1000, 4096), 0);
    ck_assert_int_eq(error_now(), FETCH_TOO_LARGE);
}
END_TEST

START_TEST(names_of_codings_are_known)
{
    ck_assert_int_eq(coding_of_name("GZip", 4), CODING_GZIP);
    ck_assert_int_eq(coding_of_name("x-gzip", 6), CODING_GZIP);
    ck_assert_int_eq(coding_of_name("deflate", 7), CODING_DEFLATE);
    ck_assert_int_eq(coding_of_name("br", 2), CODING_BROTLI);
    ck_assert_int_eq(coding_of_name("identity", 8), CODING_NONE);
    ck_assert_int_eq(coding_of_name("", 0), CODING_NONE);
    ck_assert_int_eq(coding_of_name("gzipx", 5), CODING_UNKNOWN);
    ck_assert_int_eq(coding_of_name("gzi", 3), CODING_UNKNOWN);
    ck_assert_int_eq(coding_of_name("zstd", 4), CODING_UNKNOWN);
    ck_assert_int_eq(coding_of_name("g\0ip", 4), CODING_UNKNOWN);
}
END_TEST

static Suite *decoder_suite(void)
{
    Suite *suite = suite_create("decoder");
    TCase *tests = tcase_create("decoder");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, what_was_packed_comes_out_again, 0, FORM_COUNT);
    tcase_add_loop_test(tests, what_is_cut_anywhere_is_not_complete, 0, FORM_COUNT);
    tcase_add_loop_test(tests, more_behind_the_end_is_an_error, 0, FORM_COUNT);
    tcase_add_loop_test(tests, a_bit_that_flips_does_no_harm, 0, FORM_COUNT);
    tcase_add_loop_test(tests, noise_ends_in_an_error_or_is_never_complete, 0, FORM_COUNT);
    tcase_add_test(tests, a_chain_is_undone_from_its_end);
    tcase_add_test(tests, a_chain_whose_inner_data_is_cut_is_not_complete);
    tcase_add_loop_test(tests, a_body_of_the_limit_is_taken_and_a_byte_more_is_not, 0, FORM_COUNT);
    tcase_add_test(tests, data_that_give_nothing_are_too_large_in_the_end);
    tcase_add_loop_test(tests, a_bomb_is_noticed_at_the_ratio, 0, FORM_COUNT);
    tcase_add_test(tests, a_bomb_in_the_middle_of_a_chain_is_noticed);
    tcase_add_test(tests, names_of_codings_are_known);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(decoder_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
