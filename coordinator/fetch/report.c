/* report.c: what the scheduler tells the delivery about a task, or about a line that never became one. */
#include "coordinator/fetch/report.h"

struct fetch_result report_local_result(enum fetch_error error, const char *detail, const char *url)
{
    return (struct fetch_result){
        .error = error,
        .detail = detail,
        .retry_after_s = -1,
        .url = url,
        .effective_url = url,
        .content_type = "",
        .remote_ip = "",
        .time = {.queued_us = -1, .dns_us = -1, .connect_us = -1, .tls_us = -1, .first_byte_us = -1, .total_us = -1},
    };
}

enum status report_task(struct delivery *delivery, const struct task *task, const struct fetch_result *result)
{
    const struct outcome outcome = {
        .url = task->text,
        .url_bytes = task->url_bytes,
        .line = task->line,
        .attempts = task->attempts,
        .result = result,
    };
    return delivery_put(delivery, task->sequence, &outcome);
}

enum status report_line(struct delivery *delivery, uint64_t sequence, const struct input_line *line,
                        const struct fetch_result *result)
{
    const struct outcome outcome = {
        .url = line->text,
        .url_bytes = line->bytes,
        .line = line->number,
        .result = result,
    };
    return delivery_put(delivery, sequence, &outcome);
}
