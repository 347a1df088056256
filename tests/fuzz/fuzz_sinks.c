/* An outcome of which every field may be anything: the jsonl sink writes one line that is valid JSON, the text
 * sink one line that drives no terminal. Strings stand at the end of the input, each on a line. */
#include <stdlib.h>
#include <string.h>

#include "coordinator/output/sinks.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json.h"

#define STRINGS 5

static void expect_jsonl(const struct outcome *outcome)
{
    struct writer out;
    struct sink *sink;
    size_t bytes;
    fuzz_expect(writer_open_memory(&out) == STATUS_OK && sink_jsonl_open(&sink, &out, 0) == STATUS_OK);
    fuzz_expect(sink->ops->write(sink, outcome) == STATUS_OK);
    const char *line = writer_text(&out, &bytes);
    fuzz_expect(bytes > 0 && memchr(line, '\n', bytes) == line + bytes - 1);
    fuzz_expect(json_is_value(line, bytes - 1) && fuzz_is_harmless(line, bytes - 1));
    fuzz_expect(strncmp(line, "{\"url\":\"", 8) == 0 && strstr(line, ",\"effective_url\":") != NULL);
    sink->ops->close(sink);
    writer_close(&out);
}

static void expect_text(const struct outcome *outcome)
{
    struct writer streams[2];
    struct sink *sink;
    size_t bytes[2];
    fuzz_expect(writer_open_memory(&streams[0]) == STATUS_OK && writer_open_memory(&streams[1]) == STATUS_OK);
    fuzz_expect(sink_text_open(&sink, &streams[0], &streams[1], 0) == STATUS_OK);
    fuzz_expect(sink->ops->write(sink, outcome) == STATUS_OK);
    for (int i = 0; i < 2; i++) {
        const char *line = writer_text(&streams[i], &bytes[i]);
        fuzz_expect(bytes[i] == 0 || memchr(line, '\n', bytes[i]) == line + bytes[i] - 1);
        fuzz_expect(bytes[i] == 0 || fuzz_is_harmless(line, bytes[i] - 1));
    }
    fuzz_expect((bytes[0] > 0) == (outcome->result->error == FETCH_OK) && (bytes[0] > 0) != (bytes[1] > 0));
    sink->ops->close(sink);
    writer_close(&streams[0]);
    writer_close(&streams[1]);
}

static void fill_numbers(struct fuzz_bytes *bytes, struct fetch_result *result)
{
    int64_t *times[] = {&result->time.queued_us, &result->time.dns_us,        &result->time.connect_us,
                        &result->time.tls_us,    &result->time.first_byte_us, &result->time.total_us};
    uint8_t flags = fuzz_u8(bytes);
    result->has_sha256 = flags & 1;
    result->insecure = flags & 2;
    result->error = (enum fetch_error)(fuzz_u8(bytes) % FETCH_ERROR_COUNT);
    result->http_status = (uint32_t)fuzz_u64(bytes, 4);
    result->http_version = (uint32_t)fuzz_u64(bytes, flags & 4 ? 4 : 1);
    result->redirects = (uint32_t)fuzz_u64(bytes, 2);
    result->worker = (uint32_t)fuzz_u64(bytes, 2);
    result->crash_signal = (uint32_t)fuzz_u64(bytes, 4);
    result->body_bytes = fuzz_u64(bytes, 8);
    result->wire_bytes = fuzz_u64(bytes, 8);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        *times[i] = (int64_t)fuzz_u64(bytes, 8);
    for (size_t i = 0; i < sizeof result->sha256; i++)
        result->sha256[i] = flags & 8 ? fuzz_u8(bytes) : (uint8_t)i;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_bytes bytes = {data, size};
    struct fetch_result result = {0};
    fill_numbers(&bytes, &result);
    uint8_t attempts = fuzz_u8(&bytes);
    char *strings[STRINGS];
    size_t url_bytes;
    size_t count;
    strings[0] = fuzz_until(&bytes, '\n', &url_bytes);
    for (int i = 1; i < STRINGS; i++)
        strings[i] = fuzz_until(&bytes, '\n', &count);
    result.url = strings[0];
    result.effective_url = attempts & 0x80 ? NULL : strings[1];
    result.detail = strings[2];
    result.content_type = strings[3];
    result.remote_ip = strings[4];
    const struct outcome outcome = {
        .url = strings[0], .url_bytes = url_bytes, .line = 1, .attempts = attempts & 0x7f, .result = &result};
    expect_jsonl(&outcome);
    expect_text(&outcome);
    for (int i = 0; i < STRINGS; i++)
        free(strings[i]);
    return 0;
}
