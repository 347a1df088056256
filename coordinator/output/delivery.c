/* delivery.c: brings each outcome to the sinks, once, at the right time. */
#include "coordinator/output/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"

/* Copies of more than this are not kept for the next outcome in the same place. */
#define KEPT_TEXT_BYTES 1024

/* An outcome that waits for its turn. */
struct kept_outcome {
    bool is_full;
    size_t text_size;
    char *text; /* the strings, one after the other */
    struct outcome outcome;
    struct fetch_result result;
};

struct delivery {
    struct sink *reports[DELIVERY_SINKS_MAX];
    struct sink *savers[DELIVERY_SINKS_MAX];
    uint32_t report_count, saver_count;
    enum status status;
    const char *why;
    struct summary summary;
    uint32_t window;           /* 0: no order */
    uint64_t next;             /* the oldest line that was not reported */
    struct kept_outcome *kept; /* window of them; sequence % window */
};

struct delivery *delivery_open(uint32_t ordered_window)
{
    struct delivery *delivery = calloc(1, sizeof *delivery);
    if (delivery == NULL) {
        return NULL;
    }
    delivery->why = "";
    delivery->window = ordered_window;
    if (ordered_window > 0) {
        delivery->kept = calloc(ordered_window, sizeof *delivery->kept);
        if (delivery->kept == NULL) {
            free(delivery);
            return NULL;
        }
    }
    return delivery;
}

void delivery_close(struct delivery *delivery)
{
    if (delivery == NULL) {
        return;
    }
    for (uint32_t i = 0; i < delivery->window; i++) {
        free(delivery->kept[i].text);
    }
    free(delivery->kept);
    free(delivery);
}

void delivery_add_report(struct delivery *delivery, struct sink *sink)
{
    check(delivery->report_count < DELIVERY_SINKS_MAX);
    delivery->reports[delivery->report_count++] = sink;
}

void delivery_add_saver(struct delivery *delivery, struct sink *sink)
{
    check(delivery->saver_count < DELIVERY_SINKS_MAX);
    delivery->savers[delivery->saver_count++] = sink;
}

bool delivery_has_room(const struct delivery *delivery, uint64_t sequence)
{
    return delivery->window == 0 || delivery->status != STATUS_OK || sequence - delivery->next < delivery->window;
}

void delivery_fail(struct delivery *delivery, enum status status, const char *why)
{
    if (delivery->status == STATUS_OK) {
        delivery->status = status;
        delivery->why = why;
    }
}

static void write_to(struct delivery *delivery, struct sink *const *sinks, uint32_t count,
                     const struct outcome *outcome)
{
    for (uint32_t i = 0; i < count && delivery->status == STATUS_OK; i++) {
        enum status status = sinks[i]->ops->write(sinks[i], outcome);
        if (status != STATUS_OK) {
            delivery_fail(delivery, status, sinks[i]->why);
        }
    }
}

/* Appends a copy of count bytes and a NUL; returns the copy. */
static const char *append(char **at, const char *bytes, size_t count)
{
    char *copy = *at;
    memcpy(copy, bytes, count);
    copy[count] = '\0';
    *at = copy + count + 1;
    return copy;
}

static size_t bytes_of(const char *string)
{
    return strlen(string) + 1;
}

/* Copies the outcome into its place. False when memory is short. */
static bool keep(struct kept_outcome *kept, const struct outcome *outcome)
{
    const struct fetch_result *result = outcome->result;
    size_t needed = outcome->url_bytes + 1 + bytes_of(result->detail) + bytes_of(result->url) +
                    bytes_of(result->effective_url) + bytes_of(result->content_type) + bytes_of(result->remote_ip);
    if (needed > kept->text_size) {
        free(kept->text);
        kept->text = malloc(needed);
        kept->text_size = kept->text == NULL ? 0 : needed;
        if (kept->text == NULL) {
            return false;
        }
    }
    char *at = kept->text;
    kept->outcome = *outcome;
    kept->result = *result;
    kept->outcome.result = &kept->result;
    kept->outcome.url = append(&at, outcome->url, outcome->url_bytes);
    kept->result.detail = append(&at, result->detail, strlen(result->detail));
    kept->result.url = append(&at, result->url, strlen(result->url));
    kept->result.effective_url = append(&at, result->effective_url, strlen(result->effective_url));
    kept->result.content_type = append(&at, result->content_type, strlen(result->content_type));
    kept->result.remote_ip = append(&at, result->remote_ip, strlen(result->remote_ip));
    kept->result.headers = NULL;
    kept->result.header_bytes = 0;
    kept->result.body = NULL;
    kept->result.page = NULL;
    kept->result.page_bytes = 0;
    kept->is_full = true;
    return true;
}

static void report_kept(struct delivery *delivery, struct kept_outcome *kept)
{
    write_to(delivery, delivery->reports, delivery->report_count, &kept->outcome);
    kept->is_full = false;
    if (kept->text_size > KEPT_TEXT_BYTES) {
        free(kept->text);
        kept->text = NULL;
        kept->text_size = 0;
    }
}

static void put_in_order(struct delivery *delivery, uint64_t sequence, const struct outcome *outcome)
{
    check(sequence >= delivery->next && delivery_has_room(delivery, sequence));
    check(outcome->crawl == NULL); /* what a page says of itself is not copied: a crawl has no order */
    struct kept_outcome *kept = &delivery->kept[sequence % delivery->window];
    check(!kept->is_full);
    if (sequence > delivery->next) {
        if (delivery->status == STATUS_OK && !keep(kept, outcome)) {
            delivery_fail(delivery, STATUS_OUT_OF_MEMORY, "no memory to keep the results that wait for their turn");
        }
        return;
    }
    write_to(delivery, delivery->reports, delivery->report_count, outcome);
    delivery->next++;
    while ((kept = &delivery->kept[delivery->next % delivery->window])->is_full) {
        report_kept(delivery, kept);
        delivery->next++;
    }
}

enum status delivery_put(struct delivery *delivery, uint64_t sequence, const struct outcome *outcome)
{
    summary_count(&delivery->summary, outcome);
    write_to(delivery, delivery->savers, delivery->saver_count, outcome);
    if (delivery->window == 0) {
        write_to(delivery, delivery->reports, delivery->report_count, outcome);
    } else if (delivery->status == STATUS_OK) {
        put_in_order(delivery, sequence, outcome);
    }
    return delivery->status;
}

enum status delivery_flush(struct delivery *delivery)
{
    for (uint32_t i = 0; i < delivery->report_count + delivery->saver_count; i++) {
        struct sink *sink =
            i < delivery->report_count ? delivery->reports[i] : delivery->savers[i - delivery->report_count];
        enum status status = delivery->status == STATUS_OK ? sink->ops->flush(sink) : STATUS_OK;
        if (status != STATUS_OK) {
            delivery_fail(delivery, status, sink->why);
        }
    }
    return delivery->status;
}

enum status delivery_status(const struct delivery *delivery)
{
    return delivery->status;
}

const char *delivery_why(const struct delivery *delivery)
{
    return delivery->why;
}

const struct summary *delivery_summary(const struct delivery *delivery)
{
    return &delivery->summary;
}
