/* delivery.h: brings each outcome to the sinks, once, at the right time: a body is saved at once,
 * while it is there; the report is made at once too, or, when input order is wanted, as soon as all
 * lines before it were reported. What must wait for its turn is copied without headers and body,
 * into a window of fixed length. */
#ifndef SHOAL_DELIVERY_H
#define SHOAL_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/status.h"
#include "coordinator/output/sink.h"
#include "coordinator/output/summary.h"

#define DELIVERY_SINKS_MAX 4

struct delivery;

/* ordered_window: how many outcomes beyond the oldest that is missing may be kept; 0: reports are
 * made as outcomes come, as a crawl needs it. NULL when memory is short. */
struct delivery *delivery_open(uint32_t ordered_window);
void delivery_close(struct delivery *delivery); /* accepts NULL; the sinks stay the caller's */

/* Adds a sink that reports in order, and one that needs the body and hence is served at once. They
 * must outlive the delivery. */
void delivery_add_report(struct delivery *delivery, struct sink *sink);
void delivery_add_saver(struct delivery *delivery, struct sink *sink);

/* Whether the outcome of line number sequence (0, 1, ... in order of input) would fit in the
 * window. */
bool delivery_has_room(const struct delivery *delivery, uint64_t sequence);

/* Takes the outcome of line number sequence; there must be room. What it points to is the caller's
 * again on return. May block on the output. OK; or the first failure of a sink, which stays: from
 * then on outcomes are counted and dropped. */
enum status delivery_put(struct delivery *delivery, uint64_t sequence, const struct outcome *outcome);

/* Brings out what the sinks have buffered. Answers as delivery_put(). */
enum status delivery_flush(struct delivery *delivery);

/* Takes no more: after a failure that lies elsewhere. */
void delivery_fail(struct delivery *delivery, enum status status, const char *why);

/* The first failure, and one line about it. */
enum status delivery_status(const struct delivery *delivery);
const char *delivery_why(const struct delivery *delivery);

/* All outcomes taken so far, also those that were not reported yet. */
const struct summary *delivery_summary(const struct delivery *delivery);

#endif
