/* Pages that fail: late, halfway, or for a while. */
#include "tests/origin/routes.h"

#include <string.h>

#include "tests/origin/broken.h"

static void answer_keys_full(struct answer *answer)
{
    answer_text(answer, 507, "the key is too long or empty, or there are too many keys\n");
}

void route_flaky(struct pages *pages, const struct request *request, struct answer *answer)
{
    char retry_after[256];
    struct span rest = request->rest;
    struct span value = {NULL, 0};
    struct span key = span_take_segment(&rest);
    uint64_t failures = 0;
    uint64_t status = 0;
    uint64_t before = 0;
    if (!span_take_number(&rest, UINT32_MAX, &failures) || !span_take_number(&rest, 999, &status) || status < 200) {
        route_bad_arguments(answer);
        return;
    }
    if (!keys_count(pages->flaky_keys, key, &before)) {
        answer_keys_full(answer);
        return;
    }
    if (before >= failures) {
        answer_text(answer, 200, "ok\n");
        return;
    }
    span_find_parameter(request->query, "retry-after", &value);
    size_t count = span_decode(value, retry_after, sizeof(retry_after));
    answer_status(answer, (unsigned)status, (struct span){retry_after, count});
}

/* Promises more than it sends; `end` is how that is broken off. */
static void answer_short(struct pages *pages, struct span rest, struct answer *answer, enum answer_end end)
{
    uint64_t bytes = 0;
    if (!span_take_number(&rest, ROUTE_BODY_BYTES_MAX, &bytes)) {
        route_bad_arguments(answer);
        return;
    }
    answer_open(answer, 200);
    answer_header(answer, "Content-Type", "text/plain");
    buffer_printf(answer->output, "Content-Length: %llu\r\n", (unsigned long long)bytes * 2 + 1000);
    answer->end = ANSWER_KEEPS; /* the header must not give it away */
    answer_finish_unframed(answer, body_repeat(pages_filler(pages), bytes));
    answer->end = end;
}

void route_reset(struct pages *pages, const struct request *request, struct answer *answer)
{
    answer_short(pages, request->rest, answer, ANSWER_RESETS);
}

void route_truncate(struct pages *pages, const struct request *request, struct answer *answer)
{
    answer_short(pages, request->rest, answer, ANSWER_CLOSES);
}

void route_reset_once(struct pages *pages, const struct request *request, struct answer *answer)
{
    struct span rest = request->rest;
    uint64_t before = 0;
    if (!keys_count(pages->reset_keys, span_take_segment(&rest), &before)) {
        answer_keys_full(answer);
    } else if (before == 0) {
        answer->end = ANSWER_RESETS;
    } else {
        answer_text(answer, 200, "ok\n");
    }
}

void route_empty(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)pages;
    (void)request;
    answer->end = ANSWER_CLOSES;
}

void route_close_after(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)pages;
    (void)request;
    answer->end = ANSWER_KEEPS;
    answer_text(answer, 200, "ok\n");
    answer->end = ANSWER_DROPS;
}

void route_slow(struct pages *pages, const struct request *request, struct answer *answer)
{
    struct span rest = request->rest;
    uint64_t bytes = 0;
    uint64_t pace_ms = 0;
    if (!span_take_number(&rest, ROUTE_BODY_BYTES_MAX, &bytes) || !span_take_number(&rest, ROUTE_MS_MAX, &pace_ms)) {
        route_bad_arguments(answer);
        return;
    }
    answer->pace_ms = pace_ms;
    answer_open(answer, 200);
    answer_header(answer, "Content-Type", "text/plain");
    answer_finish(answer, body_repeat(pages_filler(pages), bytes));
}

void route_slow_header(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)pages;
    struct span rest = request->rest;
    uint64_t pace_ms = 0;
    if (!span_take_number(&rest, ROUTE_MS_MAX, &pace_ms)) {
        route_bad_arguments(answer);
        return;
    }
    answer->pace_ms = pace_ms;
    answer->pace_head = true;
    answer_text(answer, 200, "ok\n");
}

void route_never(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)pages;
    (void)request;
    answer->end = ANSWER_NEVER;
}

void route_endless(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)request;
    answer->end = ANSWER_CLOSES;
    answer_open(answer, 200);
    answer_header(answer, "Content-Type", "text/plain");
    answer_finish_unframed(answer, body_repeat(pages_filler(pages), BODY_ENDLESS));
}

/* 64 chunks of 64 bytes: one at a time would be a write each. */
#define CHUNK "40\r\nthis chunk is followed by another one that looks just like it..\n\r\n"
#define CHUNKS_4 CHUNK CHUNK CHUNK CHUNK
#define CHUNKS_16 CHUNKS_4 CHUNKS_4 CHUNKS_4 CHUNKS_4

void route_endless_chunks(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)pages;
    static const char chunks[] = CHUNKS_16 CHUNKS_16 CHUNKS_16 CHUNKS_16;
    if (request->is_http10) { /* which has no chunks */
        route_bad_arguments(answer);
        return;
    }
    answer_open(answer, 200);
    answer_header(answer, "Content-Type", "text/plain");
    answer_header(answer, "Transfer-Encoding", "chunked");
    answer_finish_unframed(answer, body_repeat((struct span){chunks, sizeof(chunks) - 1}, BODY_ENDLESS));
}

void route_broken(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)pages;
    static const enum answer_end ends[] = {
        [BROKEN_KEEPS] = ANSWER_KEEPS,
        [BROKEN_CLOSES] = ANSWER_CLOSES,
        [BROKEN_RESETS] = ANSWER_RESETS,
    };
    for (size_t i = 0; i < broken_answer_count; i++) {
        const struct broken_answer *broken = &broken_answers[i];
        if (span_equals(request->rest, broken->name)) {
            answer->body = body_repeat((struct span){broken->bytes, broken->count}, broken->count);
            answer->end = ends[broken->then];
            return;
        }
    }
    route_not_found(answer);
}
