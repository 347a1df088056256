/* body.c: an answer's body on its way from libcurl into the slot's extent. */
#include "worker/fetch/body.h"

#include <string.h>

#include "common/clock.h"
#include "common/extent.h"
#include "common/fault.h"
#include "common/fence.h"
#include "worker/fetch/crash.h"

#define SCRATCH_BYTES 16384 /* decoded bytes that are not kept */

/* ---- room ---- */

static void pause_for_memory(struct transfer *transfer)
{
    transfer->is_paused = true;
    transfer->paused_since_ns = clock_now_ns();
    worker_set_paused(transfer->context->worker, ++transfer->context->paused_count);
    /* if we die here: the slot that is taken back asks for pages no more, so the next one may go on. */
    FAULT_POINT("pause.after_mark");
    full_fence(); /* pairs with the fence of the coordinator's ring_paused() */
}

void body_end_pause(struct transfer *transfer)
{
    transfer->is_paused = false;
    transfer->paused_ns += clock_now_ns() - transfer->paused_since_ns;
    worker_set_paused(transfer->context->worker, --transfer->context->paused_count);
}

/* Says that it waits, then looks again: who gave memory back in between has rung for nobody. False: it waits. */
static bool may_grow_or_pause(struct transfer *transfer, uint64_t more_bytes)
{
    const struct shared *shared = transfer->context->shared;
    if (extent_may_grow(shared, transfer->claim.slot, more_bytes))
        return true;
    pause_for_memory(transfer);
    if (extent_may_grow(shared, transfer->claim.slot, more_bytes)) {
        body_end_pause(transfer);
        return true;
    }
    /* Waiting for us is not the server's fault: the clock of this attempt stands still. */
    curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, 0l);
    return false;
}

/* How far to reserve so that `end` can be written: what the answer announced, else 64 KiB, then doubling. */
static uint64_t reservation_for(const struct transfer *transfer, uint64_t end, uint64_t reserved)
{
    const struct headers *headers = &transfer->headers;
    uint64_t wants = reserved < EXTENT_WARM_BYTES ? EXTENT_WARM_BYTES : reserved * 2;
    if (!headers->is_encoded && headers->content_length >= 0 &&
        (uint64_t)headers->content_length <= transfer->body_bytes_max)
        wants = transfer->body_offset + (uint64_t)headers->content_length;
    if (wants < end)
        wants = end;
    uint64_t stride = transfer->context->shared->body_stride;
    return wants < stride ? wants : stride;
}

/* Room for so many bytes more of the body, in the slot's extent. False: *taken is what libcurl is to be told. */
static bool reserve_body(struct transfer *transfer, uint64_t bytes, size_t *taken)
{
    const struct shared *shared = transfer->context->shared;
    uint32_t slot = transfer->claim.slot;
    if (transfer->body_stored == 0)
        transfer->body_offset = (transfer->extent_used + 15) & ~15ull;
    uint64_t end = transfer->body_offset + transfer->body_stored + bytes;
    uint64_t reserved = atomic_load_explicit(&shared->slots[slot].reserved_bytes, memory_order_relaxed);
    if (end <= reserved)
        return true;
    uint64_t wants = reservation_for(transfer, end, reserved);
    if (!may_grow_or_pause(transfer, wants - reserved)) {
        *taken = CURL_WRITEFUNC_PAUSE;
        return false;
    }
    if (extent_reserve(shared, slot, wants) == STATUS_OK)
        return true;
    *taken = transfer_refuse(transfer, FETCH_OUT_OF_MEMORY, "no shared memory left for the body: /dev/shm is full");
    return false;
}

static unsigned char *body_end(const struct transfer *transfer)
{
    return extent_at(transfer->context->shared, transfer->claim.slot) + transfer->body_offset + transfer->body_stored;
}

/* Counts bytes of the body, which lie at `data` and, where bodies are kept, in the extent too. */
static bool add_body(struct transfer *transfer, const void *data, size_t bytes)
{
    if (transfer->keeps_body)
        transfer->body_stored += bytes;
    transfer->body_bytes += bytes;
    if (transfer->links)
        body_links_take(transfer->links, transfer->easy, data, bytes);
    if (!transfer->digest || EVP_DigestUpdate(transfer->digest, data, bytes) == 1)
        return true;
    transfer_refuse(transfer, FETCH_OUT_OF_MEMORY, "no memory for the digest");
    return false;
}

/* ---- bytes ---- */

/* There is more than the request wants. The transfer ends with this, whatever is answered to libcurl. */
static size_t end_at_limit(struct transfer *transfer)
{
    transfer->is_cut = transfer->flags & JOB_CUT;
    if (transfer->is_cut)
        return CURL_WRITEFUNC_ERROR;
    bool is_own = transfer->body_bytes_max < transfer->context->config->limits.body_bytes_max;
    return transfer_refuse(transfer, FETCH_TOO_LARGE,
                           is_own ? "the body is larger than the request allows"
                                  : "the body is larger than --max-body allows");
}

static size_t take_body(struct transfer *transfer, const char *data, size_t bytes)
{
    uint64_t may_grow = transfer->body_bytes_max - transfer->body_bytes;
    bool is_over = bytes > may_grow;
    size_t taken = bytes;
    if (is_over && !(transfer->flags & JOB_CUT))
        return end_at_limit(transfer);
    if (is_over)
        bytes = (size_t)may_grow;
    if (transfer->keeps_body && bytes && !reserve_body(transfer, bytes, &taken))
        return taken;
    if (transfer->keeps_body && bytes)
        memcpy(body_end(transfer), data, bytes);
    FAULT_POINT("body.after_copy");
    if (!add_body(transfer, data, bytes))
        return CURL_WRITEFUNC_ERROR;
    return is_over ? end_at_limit(transfer) : bytes;
}

/* ---- decoding ---- */

/* Where the next decoded bytes go: behind the body in the extent, or, where nothing is kept or the body may grow no more, a place
 * that is forgotten. Returns how many fit; 0: *taken is what libcurl is to be told. */
static size_t find_room(struct transfer *transfer, void *scratch, size_t scratch_bytes, unsigned char **out,
                        size_t *taken)
{
    uint64_t may_grow = transfer->body_bytes_max - transfer->body_bytes;
    *out = scratch;
    if (!transfer->keeps_body || !may_grow)
        return may_grow && may_grow < scratch_bytes ? (size_t)may_grow : scratch_bytes;
    if (!reserve_body(transfer, 1, taken))
        return 0;
    const struct slot_shm *slot = &transfer->context->shared->slots[transfer->claim.slot];
    uint64_t reserved = atomic_load_explicit(&slot->reserved_bytes, memory_order_relaxed);
    uint64_t room = reserved - transfer->body_offset - transfer->body_stored;
    *out = body_end(transfer);
    return (size_t)(room < may_grow ? room : may_grow);
}

/* The codings are known: the header is complete. */
static bool begin_decoding(struct transfer *transfer)
{
    const struct headers *headers = &transfer->headers;
    if (headers->coding_problem) {
        transfer_refuse(transfer, FETCH_DECODE, headers->coding_problem);
        return false;
    }
    struct transfer_context *context = transfer->context;
    transfer->decoder = context->spare_decoder;
    context->spare_decoder = NULL;
    if (decoder_begin(&transfer->decoder, headers->codings, headers->coding_count, &context->config->limits) ==
        STATUS_OK)
        return true;
    transfer_refuse(transfer, FETCH_OUT_OF_MEMORY, "no memory to decode the body");
    return false;
}

/* A piece that is put off for want of memory is handed on again from its start, perhaps with more behind it: what was decoded
 * of it then is passed over. */
static size_t take_encoded(struct transfer *transfer, const char *data, size_t bytes)
{
    if (!transfer->decoder && !begin_decoding(transfer))
        return CURL_WRITEFUNC_ERROR;
    struct decoder *decoder = transfer->decoder;
    unsigned char scratch[SCRATCH_BYTES];
    size_t skip = transfer->redelivered_bytes < bytes ? transfer->redelivered_bytes : bytes;
    transfer->redelivered_bytes -= skip;
    decoder_feed(decoder, data + skip, bytes - skip);
    for (;;) {
        unsigned char *out;
        size_t taken = bytes;
        size_t room = find_room(transfer, scratch, sizeof scratch, &out, &taken);
        if (!room) {
            transfer->redelivered_bytes += bytes - decoder_left(decoder);
            return taken;
        }
        bool is_full = transfer->body_bytes == transfer->body_bytes_max;
        size_t given = decoder_take(decoder, out, room);
        FAULT_POINT("decode.after_take");
        const char *why;
        enum fetch_error error = decoder_error(decoder, &why);
        if (is_full && (given || (error == FETCH_TOO_LARGE && transfer->flags & JOB_CUT)))
            return end_at_limit(transfer);
        if (error != FETCH_OK)
            return transfer_refuse(transfer, error, why);
        if (!given)
            return bytes;
        if (!add_body(transfer, out, given))
            return CURL_WRITEFUNC_ERROR;
    }
}

size_t body_take(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    uint32_t before = worker_set_current(transfer->context->worker, transfer->claim.slot);
    const char *url = (const char *)extent_at(transfer->context->shared, transfer->claim.slot);
    FAULT_URL(url);
    if (transfer->context->config->crash_url)
        crash_if_url(url, transfer->context->config->crash_url);
    size_t taken = transfer->headers.is_encoded ? take_encoded(transfer, data, size * count)
                                                : take_body(transfer, data, size * count);
    worker_set_current(transfer->context->worker, before);
    return taken;
}

void body_finish(struct transfer *transfer, CURLcode code)
{
    struct transfer_context *context = transfer->context;
    if (transfer->is_paused)
        body_end_pause(transfer);
    if (!transfer->decoder)
        return;
    if (code == CURLE_OK && !transfer->is_cut && !decoder_is_complete(transfer->decoder))
        transfer_refuse(transfer, FETCH_DECODE, "the compressed body ends early");
    if (context->spare_decoder)
        decoder_close(transfer->decoder);
    else
        context->spare_decoder = transfer->decoder;
    transfer->decoder = NULL;
}
