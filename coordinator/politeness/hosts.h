/* hosts.h: the ledger of hosts: who has how much in flight, who waits for whom, who asked to be
 * left alone.
 *
 * A host is scheme, name and port (see url_host_key()). Its record lives as long as a task refers
 * to it or a hold lasts, so that memory follows the tasks in the window and not the number of hosts
 * in the list. */
#ifndef SHOAL_HOSTS_H
#define SHOAL_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/url.h"
#include "coordinator/base/due_heap.h"

/* Retry-After is obeyed within these bounds (RFC 9110 section 10.2.3 sets none). */
#define HOSTS_HOLD_MIN_S 1
#define HOSTS_HOLD_MAX_S 86400

/* Holds of hosts for which no task waits, at most; of more, those of the longest time without a
 * task are forgotten. */
#define HOSTS_IDLE_HELD_MAX 65536u

struct task;
struct hosts;

struct host {
    /* The scheduler's fields; zero in a new record. */
    struct task *waiting_first, *waiting_last; /* linked by task.host_next */
    struct host *runnable_next;
    uint32_t waiting_count;
    uint32_t in_flight;
    bool is_runnable; /* in the list of hosts that can start something */

    /* The ledger's own. */
    bool https;
    uint16_t port;
    uint16_t name_bytes;
    uint32_t references;
    uint64_t hash;
    struct due hold; /* in the heap of holds while the host is held */
    struct host *idle_next, *idle_previous;
    char name[URL_HOST_BYTES_MAX];
};

/* NULL when memory is short. */
struct hosts *hosts_open(void);
void hosts_close(struct hosts *hosts); /* accepts NULL; all records go with it */

/* The record of the URL's host, made if there is none, with one more reference. NULL when memory is
 * short. */
struct host *hosts_acquire(struct hosts *hosts, const struct url_parts *parts);

/* Gives one reference back. The record is gone when it was the last and the host is not held. */
void hosts_release(struct hosts *hosts, struct host *host);

/* Holds the host for retry_after_s from now on, clamped to the bounds above; a hold never becomes
 * shorter. */
void hosts_hold(struct hosts *hosts, struct host *host, int64_t retry_after_s, int64_t now_ns);
bool host_is_held(const struct host *host);

/* Ends the holds that are over by now_ns: returns the next host that has references and was held
 * until now; NULL: no more. */
struct host *hosts_end_hold(struct hosts *hosts, int64_t now_ns);

/* When the next hold ends; DEADLINE_NEVER: none. */
int64_t hosts_next_ns(const struct hosts *hosts);

/* The host whose hold ends next, for the progress line; NULL: none is held. */
const struct host *hosts_first_held(const struct hosts *hosts);

/* "https://name:port", ended by NUL. Returns the length. */
size_t host_key(const struct host *host, char key[URL_HOST_KEY_BYTES]);

size_t hosts_count(const struct hosts *hosts);      /* records */
size_t hosts_held_count(const struct hosts *hosts); /* of these, held */

#endif
