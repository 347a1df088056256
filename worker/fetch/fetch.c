/* fetch.c: the job of fetching: libcurl's multi interface under the worker's poll set.
 *
 * DESIGN. A lane is one multi handle with up to LANE_TRANSFERS transfers: the cost of a transfer grows with the number of
 * connections that share a handle (libcurl searches them in a row), so many transfers are spread over several. Sockets are
 * watched by the worker's epoll set, so a turn touches only what is ready. A connection that goes idle stays watched: in the
 * common case it is used again at once, and two system calls a page are saved. That needs to know when descriptors are
 * closed, so sockets are opened and closed by our own callbacks, and only those are kept. */
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fault.h"
#include "worker/fetch/address.h"
#include "worker/fetch/libcurl.h"
#include "worker/fetch/memory.h"
#include "worker/fetch/transfer.h"
#include "worker/sandbox/sandbox.h"
#include "worker/worker.h"

#define LANE_TRANSFERS 64u
#define AGAIN_NS (10 * NS_PER_MS)
#define OVERDUE_NS (2 * NS_PER_S) /* behind the end of its time: libcurl has forgotten it */

struct lane {
    CURLM *multi;
    struct job *job;
    struct transfer *free;
    int64_t timer_ns; /* when libcurl wants to be called; DEADLINE_NEVER */
    uint32_t running;
    uint32_t index;
};

/* What is known of a descriptor that libcurl uses. */
struct watched {
    uint32_t events; /* what the poll set has it for */
    uint32_t wanted; /* what libcurl wants to hear; 0: it lies idle */
    uint32_t lane;
    uint32_t slot; /* whose transfer used it last */
    bool is_ours;  /* opened by open_socket(): close_socket() will tell when it ends */
};

struct job {
    struct worker *worker;
    struct transfer_context context;
    struct lane *lanes;
    uint32_t lane_count;
    struct transfer *transfers;
    uint32_t transfer_count;
    struct transfer **by_slot;
    struct watched *watched; /* by descriptor */
    int watched_count;
    bool has_deaf;        /* transfers to be ended */
    int64_t next_look_ns; /* for those that libcurl forgot */
};

/* ---- descriptors ---- */

static struct watched *watched_of(struct job *job, int fd)
{
    if (fd < 0)
        return NULL;
    if (fd >= job->watched_count) {
        int count = fd + 64;
        struct watched *more = realloc(job->watched, (size_t)count * sizeof *more);
        if (!more)
            return NULL;
        memset(more + job->watched_count, 0, (size_t)(count - job->watched_count) * sizeof *more);
        job->watched = more;
        job->watched_count = count;
    }
    return &job->watched[fd];
}

/* All is known. Were the socket refused, libcurl would try every other address of the name, and wait between them: so it gets one that
 * it connects to nowhere (connect(2): AF_UNSPEC), by which nothing can be sent, and the transfer ends with this turn. */
static int end_look_up(struct job *job, struct transfer *transfer, struct curl_sockaddr *address)
{
    address->addr.sa_family = AF_UNSPEC;
    transfer->is_deaf = job->has_deaf = true;
    return socket(address->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = context;
    struct job *job = transfer->context->socket_context;
    (void)purpose;
    bool looks_up = transfer->flags & JOB_RESOLVE;
    bool is_refused = false;
    if (looks_up && transfer->is_deaf)
        return CURL_SOCKET_BAD; /* the first address counts */
    if (transfer->context->config->block_private && address_is_private(&address->addr)) {
        is_refused = !(transfer->flags & JOB_ALLOW_PRIVATE);
        transfer->context->has_private = transfer->context->has_private || !is_refused;
    }
    if (is_refused) {
        transfer_refuse(transfer, FETCH_BLOCKED_PRIVATE, ADDRESS_IS_PRIVATE);
        if (!looks_up)
            return CURL_SOCKET_BAD;
    } else if (looks_up) {
        address_print(&address->addr, transfer->looked_up, sizeof transfer->looked_up);
    }
    int fd = looks_up ? end_look_up(job, transfer, address)
                      : socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
    struct watched *watched = watched_of(job, fd);
    if (watched)
        *watched = (struct watched){.is_ours = true};
    else if (fd >= 0) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    return fd;
}

static int close_socket(void *context, curl_socket_t fd)
{
    struct job *job = context;
    if (fd < job->watched_count)
        job->watched[fd] = (struct watched){0}; /* closing takes it out of the poll set */
    return close(fd);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *unused)
{
    struct lane *lane = context;
    struct job *job = lane->job;
    struct watched *watched = watched_of(job, fd);
    (void)unused;
    if (!watched)
        return -1;
    watched->wanted = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) | (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
    if (what == CURL_POLL_REMOVE)
        watched->wanted = 0;
    watched->lane = lane->index;
    char *private = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    struct transfer *transfer = (struct transfer *)(void *)private;
    if (transfer)
        watched->slot = transfer->claim.slot;
    bool may_stay = watched->is_ours && watched->events == EPOLLIN && watched->wanted == 0;
    if (may_stay)
        return 0;
    if (worker_watch(job->worker, fd, watched->events, watched->wanted)) {
        watched->events = watched->wanted;
    } else if (transfer && watched->wanted) {
        transfer->is_deaf =
            true; /* an answer of -1 would end all transfers of the lane; this one ends with the next turn */
        job->has_deaf = true;
    }
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct lane *lane = context;
    (void)multi;
    if (timeout_ms < 0)
        lane->timer_ns = DEADLINE_NEVER;
    else
        lane->timer_ns = timeout_ms == 0 ? 0 : clock_now_ns() + timeout_ms * NS_PER_MS;
    return 0;
}

/* ---- transfers ---- */

static void release_transfer(struct job *job, struct transfer *transfer)
{
    struct lane *lane = &job->lanes[transfer->lane];
    job->by_slot[transfer->claim.slot] = NULL;
    transfer->is_running = false;
    transfer->next_free = lane->free;
    lane->free = transfer;
    lane->running--;
}

static void finish(struct job *job, struct transfer *transfer, CURLcode code)
{
    worker_set_current(job->worker, transfer->claim.slot);
    CURLM *multi = job->lanes[transfer->lane].multi;
    curl_multi_remove_handle(multi, transfer->easy);
    if (transfer_begin_again(transfer, code) && curl_multi_add_handle(multi, transfer->easy) == CURLM_OK) {
        worker_set_current(job->worker, SLOT_NONE);
        return;
    }
    transfer_finish(transfer, code);
    if ((code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY) && sandbox_hides_names(job->worker))
        worker_leave(job->worker); /* a retry finds a worker that sees the new files */
    struct claim claim = transfer->claim;
    release_transfer(job, transfer);
    worker_set_current(job->worker, SLOT_NONE);
    worker_publish(job->worker, &claim);
}

static void reap_finished(struct job *job, struct lane *lane)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(lane->multi, &left))) {
        char *private = NULL;
        CURLcode code = message->data.result;
        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private) == CURLE_OK)
            finish(job, (struct transfer *)(void *)private, code);
    }
}

/* The first lane with room: few transfers share connections, many spread. */
static struct transfer *take_transfer(struct job *job)
{
    for (uint32_t i = 0; i < job->lane_count; i++) {
        struct lane *lane = &job->lanes[i];
        if (lane->free) {
            struct transfer *transfer = lane->free;
            lane->free = transfer->next_free;
            lane->running++;
            return transfer;
        }
    }
    return NULL;
}

static void refuse_claim(struct job *job, const struct claim *claim, enum fetch_error error, const char *why)
{
    transfer_fail(worker_result(job->worker, claim->slot), error, why);
    worker_publish(job->worker, claim);
}

static void fetch_start(struct job *job, const struct claim *claim)
{
    /* if we die here, or anywhere before the slot is DONE: it names us, and is taken back. */
    FAULT_POINT("start.claimed");
    struct transfer *transfer = take_transfer(job);
    if (!transfer) {
        refuse_claim(job, claim, FETCH_OUT_OF_MEMORY, "no transfer is free");
        return;
    }
    enum status status = STATUS_OK;
    if (transfer->was_used && !job->context.handles_last)
        transfer_renew(transfer);
    if (!transfer->easy)
        status = transfer_open(transfer, &job->context);
    transfer->claim = *claim;
    if (status == STATUS_OK)
        status = transfer_begin(transfer, claim);
    if (status == STATUS_OK && curl_multi_add_handle(job->lanes[transfer->lane].multi, transfer->easy) == CURLM_OK) {
        transfer->is_running = true;
        job->by_slot[claim->slot] = transfer;
        return;
    }
    transfer_renew(transfer); /* what it was set to, this request's own headers among it, is no other URL's */
    transfer->claim = *claim; /* which a renewed one has forgotten */
    release_transfer(job, transfer);
    refuse_claim(job, claim, status == STATUS_INVALID_ARGUMENT ? FETCH_PROTOCOL : FETCH_OUT_OF_MEMORY,
                 status == STATUS_OUT_OF_MEMORY ? "no memory for the request" : "libcurl refused the request");
}

static void fetch_cancel(struct job *job, uint32_t slot)
{
    struct transfer *transfer = job->by_slot[slot];
    if (!transfer)
        return;
    transfer->error = FETCH_CANCELLED;
    transfer->why = "cancelled while it ran";
    finish(job, transfer, CURLE_ABORTED_BY_CALLBACK);
}

/* ---- the worker's turns ---- */

/* Lets libcurl act. Where it found no memory it returned in the middle, without a word about its other timers: it is asked again
 * soon, or all transfers of the lane would wait for ever. */
static void drive(struct lane *lane, curl_socket_t fd, int action)
{
    int running;
    if (curl_multi_socket_action(lane->multi, fd, action, &running) != CURLM_OK)
        lane->timer_ns = clock_now_ns() + AGAIN_NS;
}

static void fetch_ready(struct job *job, int fd, uint32_t events)
{
    struct watched *watched = fd < job->watched_count ? &job->watched[fd] : NULL;
    if (!watched || !watched->events)
        return;
    if (!watched->wanted) {
        /* An idle connection ended or speaks out of turn: libcurl looks when it wants to use it again. */
        worker_watch(job->worker, fd, watched->events, 0);
        watched->events = 0;
        return;
    }
    int action = (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                 (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    struct lane *lane = &job->lanes[watched->lane];
    worker_set_current(job->worker, watched->slot);
    drive(lane, fd, action);
    worker_set_current(job->worker, SLOT_NONE);
    reap_finished(job, lane);
}

static void end_deaf(struct job *job)
{
    job->has_deaf = false;
    for (uint32_t i = 0; i < job->transfer_count; i++) {
        struct transfer *transfer = &job->transfers[i];
        if (!transfer->is_running || !transfer->is_deaf)
            continue;
        if (!(transfer->flags & JOB_RESOLVE))
            transfer_refuse(transfer, FETCH_OUT_OF_MEMORY, "the system watches no more sockets: epoll_ctl");
        finish(job, transfer, CURLE_ABORTED_BY_CALLBACK);
    }
}

/* libcurl ends what takes too long. What it has lost sight of (when it found no memory in the middle of something) has no timer
 * and no socket any more; so that no URL is without an end, we look too. */
static void end_overdue(struct job *job, int64_t now_ns)
{
    const int64_t allowed_ns = job->context.config->limits.total_timeout_ms * NS_PER_MS;
    job->next_look_ns = now_ns + OVERDUE_NS / 2;
    for (uint32_t i = 0; i < job->transfer_count; i++) {
        struct transfer *transfer = &job->transfers[i];
        if (!transfer->is_running || transfer->is_paused)
            continue;
        int64_t lasted_ns = now_ns - transfer->began_ns - transfer->paused_ns;
        if (lasted_ns < (transfer->began_again ? 2 * allowed_ns : allowed_ns) + OVERDUE_NS)
            continue;
        transfer->error = FETCH_TIMEOUT_TOTAL;
        transfer->why = "libcurl has lost sight of it";
        finish(job, transfer, CURLE_OPERATION_TIMEDOUT);
    }
}

static void fetch_turn(struct job *job)
{
    int64_t now_ns = clock_now_ns();
    for (uint32_t i = 0; i < job->lane_count; i++) {
        struct lane *lane = &job->lanes[i];
        if (lane->timer_ns == DEADLINE_NEVER)
            continue;
        if (lane->timer_ns > now_ns && lane->timer_ns != 0)
            continue;
        lane->timer_ns = DEADLINE_NEVER;
        drive(lane, CURL_SOCKET_TIMEOUT, 0);
        reap_finished(job, lane);
    }
    if (job->has_deaf)
        end_deaf(job);
    if (now_ns >= job->next_look_ns)
        end_overdue(job, now_ns);
}

static int64_t fetch_deadline_ns(const struct job *job)
{
    int64_t deadline_ns = job->has_deaf ? 0 : DEADLINE_NEVER;
    for (uint32_t i = 0; i < job->lane_count; i++) {
        if (job->lanes[i].timer_ns < deadline_ns)
            deadline_ns = job->lanes[i].timer_ns;
    }
    return deadline_ns;
}

static void fetch_memory_freed(struct job *job)
{
    for (uint32_t i = 0; job->context.paused_count && i < job->transfer_count; i++) {
        if (job->transfers[i].is_running)
            transfer_resume(&job->transfers[i]);
    }
}

/* ---- set-up ---- */

static enum status open_lane(struct job *job, uint32_t index, uint32_t capacity)
{
    struct lane *lane = &job->lanes[index];
    lane->job = job;
    lane->index = index;
    lane->timer_ns = DEADLINE_NEVER;
    lane->multi = curl_multi_init();
    if (!lane->multi)
        return STATUS_OUT_OF_MEMORY;
    if (job->context.resolve && (index == 0 || job->context.is_resolve_known))
        job->context.is_resolve_known = libcurl_tell_addresses(&job->context, lane->multi);
    uint32_t first = index * LANE_TRANSFERS;
    uint32_t end = first + LANE_TRANSFERS < capacity ? first + LANE_TRANSFERS : capacity;
    for (uint32_t i = end; i-- > first;) {
        job->transfers[i].lane = index;
        job->transfers[i].next_free = lane->free;
        lane->free = &job->transfers[i];
    }
    curl_multi_setopt(lane->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(lane->multi, CURLMOPT_SOCKETDATA, lane);
    curl_multi_setopt(lane->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(lane->multi, CURLMOPT_TIMERDATA, lane);
    curl_multi_setopt(lane->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(lane->multi, CURLMOPT_MAXCONNECTS, (long)(end - first));
    return STATUS_OK;
}

static void fetch_close(struct job *job)
{
    if (!job)
        return;
    for (uint32_t i = 0; job->transfers && i < job->transfer_count; i++) {
        if (job->transfers[i].is_running)
            curl_multi_remove_handle(job->lanes[job->transfers[i].lane].multi, job->transfers[i].easy);
    }
    for (uint32_t i = 0; job->lanes && i < job->lane_count; i++)
        curl_multi_cleanup(job->lanes[i].multi);
    for (uint32_t i = 0; job->transfers && i < job->transfer_count; i++)
        transfer_close(&job->transfers[i]);
    decoder_close(job->context.spare_decoder);
    curl_slist_free_all(job->context.lines);
    curl_slist_free_all(job->context.resolve);
    free(job->lanes);
    free(job->transfers);
    free(job->by_slot);
    free(job->watched);
    free(job);
}

static enum status fetch_open(struct job **out, struct worker *worker)
{
    const struct worker_config *config = worker_config_of(worker);
    libcurl_begin(config->fetch->is_process);
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return STATUS_OUT_OF_MEMORY;
    job->worker = worker;
    job->transfer_count = config->capacity;
    job->lane_count = (config->capacity + LANE_TRANSFERS - 1) / LANE_TRANSFERS;
    job->transfers = calloc(job->transfer_count, sizeof *job->transfers);
    job->lanes = calloc(job->lane_count, sizeof *job->lanes);
    job->by_slot = calloc(config->shared->slot_count, sizeof *job->by_slot);
    job->context = (struct transfer_context){
        .worker = worker,
        .shared = config->shared,
        .config = config->fetch,
        .open_socket = open_socket,
        .close_socket = close_socket,
        .socket_context = job,
    };
    enum status status = job->transfers && job->lanes && job->by_slot ? STATUS_OK : STATUS_OUT_OF_MEMORY;
    if (status == STATUS_OK) {
        libcurl_decide_reuse(&job->context);
        status = libcurl_make_lists(&job->context);
    }
    for (uint32_t i = 0; status == STATUS_OK && i < job->lane_count; i++)
        status = open_lane(job, i, config->capacity);
    if (status != STATUS_OK) {
        fetch_close(job);
        return status;
    }
    *out = job;
    return STATUS_OK;
}

const struct job_ops fetch_job = {
    .name = "fetch",
    .open = fetch_open,
    .start = fetch_start,
    .cancel = fetch_cancel,
    .ready = fetch_ready,
    .turn = fetch_turn,
    .deadline_ns = fetch_deadline_ns,
    .memory_freed = fetch_memory_freed,
    .close = fetch_close,
};
