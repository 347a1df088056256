/* DESIGN. A connection is a small state machine that runs until the socket or a timer makes it
 * wait. It is registered with epoll once, edge-triggered for everything; `readable` and
 * `peer_finished` remember the edges. One timer serves all waits, and the state says what for:
 *
 *            +---------- kept, all written ---------+
 *            v                                      |
 *     --> READS --request--> [HOLDS --timer-->] SENDS --> RESETS, until all is acknowledged
 *            |                                      |---> SWALLOWS, until the peer closes
 *            +--> WAITS for ever (/never)           +---> closed
 *
 * Pipelined requests whose answers are plain are answered into one buffer and sent together. What
 * is in the input while an answer is being sent stays there, and beyond that in the kernel: memory
 * for a connection is bounded by REQUEST_BYTES_MAX and the largest header that a route makes. A
 * peer that closes its side while its answer is held back or paced is gone; one that does so while
 * we send still gets the rest. There is no idle timeout: a client that is to time out is the test's
 * business. */
#include "tests/origin/connection.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/origin/answer.h"
#include "tests/origin/pages.h"

enum {
    INPUT_READ_BYTES = 2048,        /* room for each read: 10,000 clients must stay small */
    OUTPUT_BATCH_BYTES = 16 * 1024, /* plain answers are gathered up to here */
    BUFFER_KEEP_BYTES = 32 * 1024,  /* an empty buffer larger than this is given back */
    TURN_BYTES_MAX = 1024 * 1024,   /* then other connections get their turn */
    PIECE_BYTES_MAX = 256 * 1024,   /* of a body, in one write */
    SWALLOW_MS = 1000,              /* a peer that will not close is cut off */
    RESET_RETRY_MS = 1,
    RESET_TRIES_MAX = 5000,
};

enum connection_state {
    CONNECTION_READS,
    CONNECTION_HOLDS,
    CONNECTION_SENDS,
    CONNECTION_WAITS,
    CONNECTION_RESETS,
    CONNECTION_SWALLOWS,
};

/* Whether the state machine may go on by itself. */
enum step { STEP_AGAIN, STEP_WAIT, STEP_CLOSE };

struct connection {
    struct timer timer; /* first: the heap hands it back */
    struct server *server;
    struct connection *next;
    struct connection *previous;
    int fd;
    enum connection_state state;
    bool readable;       /* the socket may have more input, or its end */
    bool peer_finished;  /* it has said that it will send no more */
    uint32_t unanswered; /* requests parsed whose answers are not completely written */
    unsigned reset_tries;
    size_t turn_bytes; /* sent since the state machine was entered */
    size_t scanned;    /* see request_parse() */
    struct buffer input;
    struct buffer output;
    struct answer answer;
    struct span piece; /* of the body, not yet written */
};

void connection_open(struct server *server, int fd)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    if (connection == NULL) {
        close(fd);
        return;
    }
    connection->server = server;
    connection->fd = fd;
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
        .data.ptr = connection,
    };
    if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        close(fd);
        free(connection);
        return;
    }
    connection->next = server->connections;
    if (connection->next != NULL) {
        connection->next->previous = connection;
    }
    server->connections = connection;
    counts_add_connection(server->counts);
}

static void connection_close(struct connection *connection)
{
    struct server *server = connection->server;
    counts_remove_in_flight(server->counts, connection->unanswered);
    timer_clear(&server->timers, &connection->timer);
    body_close(&connection->answer.body);
    buffer_close(&connection->input);
    buffer_close(&connection->output);
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        server->connections = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    close(connection->fd);
    free(connection);
}

static enum step connection_wait_ms(struct connection *connection, uint64_t wait_ms)
{
    int64_t deadline_ns = timer_now_ns() + (int64_t)wait_ms * 1000000;
    bool set = timer_set(&connection->server->timers, &connection->timer, deadline_ns);
    return set ? STEP_WAIT : STEP_CLOSE;
}

/* ---- READS ---- */

static enum step connection_read(struct connection *connection)
{
    struct buffer *input = &connection->input;
    if (!connection->readable) {
        return STEP_WAIT;
    }
    if (!buffer_reserve(input, INPUT_READ_BYTES)) {
        return STEP_CLOSE;
    }
    size_t room = input->capacity - input->end;
    ssize_t count = recv(connection->fd, input->bytes + input->end, room, 0);
    if (count > 0) {
        input->end += (size_t)count;
        /* A short read has emptied the socket; the next byte is a new edge, but an end is not. */
        connection->readable = (size_t)count == room || connection->peer_finished;
        return STEP_AGAIN;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        connection->readable = errno == EINTR;
        return errno == EINTR ? STEP_AGAIN : STEP_WAIT;
    }
    return STEP_CLOSE;
}

/* Answers of earlier, pipelined requests must not share the hold or pace of the one after them.
 * They are a few kilobytes: that the socket takes them is as good as certain, and otherwise they
 * come late, but come. */
static void connection_send_earlier(struct connection *connection, size_t earlier)
{
    struct buffer *output = &connection->output;
    if (earlier > 0 && !output->failed) {
        ssize_t sent = send(connection->fd, output->bytes + output->start, earlier, MSG_NOSIGNAL);
        if (sent > 0) {
            buffer_consume(output, (size_t)sent, BUFFER_KEEP_BYTES);
        }
    }
}

static void connection_answer(struct connection *connection, enum request_outcome outcome, struct request *request)
{
    struct answer *answer = &connection->answer;
    *answer = (struct answer){.output = &connection->output, .end = ANSWER_CLOSES};
    switch (outcome) {
    case REQUEST_WHOLE:
        answer->end = request->wants_close ? ANSWER_CLOSES : ANSWER_KEEPS;
        answer->head_only = request->is_head;
        answer->is_http10 = request->is_http10;
        pages_route(connection->server->pages, request, answer);
        break;
    case REQUEST_REFUSED:
        answer_open(answer, 405);
        answer_header(answer, "Allow", "GET, HEAD");
        answer_finish_text(answer, span_of("only GET and HEAD are served here\n"));
        break;
    case REQUEST_TOO_LARGE:
        answer_text(answer, 431, "a request may have 64 KiB\n");
        break;
    case REQUEST_MALFORMED:
    case REQUEST_PARTIAL:
        answer_text(answer, 400, "this is no request\n");
        break;
    }
}

/* Which state delivers the answer just made; `earlier` bytes of output were there before. */
static enum step connection_deliver(struct connection *connection, size_t earlier)
{
    const struct answer *answer = &connection->answer;
    bool held = answer->hold_ms > 0 || answer->end == ANSWER_NEVER;
    if (held || answer->pace_ms > 0) {
        connection_send_earlier(connection, earlier);
    }
    if (answer->end == ANSWER_NEVER) {
        connection->state = CONNECTION_WAITS;
        return STEP_AGAIN;
    }
    if (answer->hold_ms > 0) {
        connection->state = CONNECTION_HOLDS;
        return connection->peer_finished ? STEP_CLOSE : connection_wait_ms(connection, answer->hold_ms);
    }
    bool plain = answer->end == ANSWER_KEEPS && body_bytes(&answer->body) == 0 && answer->pace_ms == 0 &&
                 !connection->output.failed && buffer_count(&connection->output) < OUTPUT_BATCH_BYTES;
    connection->state = plain ? CONNECTION_READS : CONNECTION_SENDS;
    return STEP_AGAIN;
}

static enum step connection_step_reads(struct connection *connection)
{
    struct request request = {0};
    struct buffer *input = &connection->input;
    size_t taken = 0;
    enum request_outcome outcome = REQUEST_PARTIAL;
    if (buffer_count(input) > 0) {
        struct span bytes = {input->bytes + input->start, buffer_count(input)};
        outcome = request_parse(&request, bytes, &connection->scanned, &taken);
    }
    if (outcome == REQUEST_PARTIAL) {
        if (buffer_count(&connection->output) > 0) {
            connection->state = CONNECTION_SENDS;
            return STEP_AGAIN;
        }
        return connection_read(connection);
    }
    size_t earlier = buffer_count(&connection->output);
    counts_add_request(connection->server->counts);
    connection->unanswered++;
    connection_answer(connection, outcome, &request);
    /* Only now: the request pointed into the input. */
    buffer_consume(input, outcome == REQUEST_WHOLE ? taken : buffer_count(input), BUFFER_KEEP_BYTES);
    return connection_deliver(connection, earlier);
}

/* ---- SENDS ---- */

static enum step connection_sent(struct connection *connection)
{
    struct answer *answer = &connection->answer;
    counts_remove_in_flight(connection->server->counts, connection->unanswered);
    connection->unanswered = 0;
    body_close(&answer->body);
    switch (answer->end) {
    case ANSWER_KEEPS:
        connection->state = CONNECTION_READS;
        return STEP_AGAIN;
    case ANSWER_CLOSES:
        shutdown(connection->fd, SHUT_WR);
        connection->state = CONNECTION_SWALLOWS;
        return connection_wait_ms(connection, SWALLOW_MS) == STEP_WAIT ? STEP_AGAIN : STEP_CLOSE;
    case ANSWER_RESETS:
        connection->state = CONNECTION_RESETS;
        return STEP_AGAIN;
    case ANSWER_DROPS:
    case ANSWER_NEVER:
        break;
    }
    return STEP_CLOSE;
}

/* Writes what is left of the header and the piece of the body, at most bytes_max of each. */
static ssize_t connection_write(struct connection *connection, size_t bytes_max)
{
    struct buffer *output = &connection->output;
    struct iovec parts[2];
    size_t count = 0;
    size_t head_bytes = buffer_count(output) < bytes_max ? buffer_count(output) : bytes_max;
    if (head_bytes > 0) {
        parts[count++] = (struct iovec){output->bytes + output->start, head_bytes};
    }
    if (connection->piece.count > 0 && head_bytes < bytes_max) {
        parts[count++] = (struct iovec){(char *)(uintptr_t)connection->piece.bytes, connection->piece.count};
    }
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    ssize_t sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
    if (sent > 0) {
        size_t of_head = (size_t)sent < head_bytes ? (size_t)sent : head_bytes;
        if (of_head > 0) {
            buffer_consume(output, of_head, BUFFER_KEEP_BYTES);
        }
        connection->piece = span_after(connection->piece, (size_t)sent - of_head);
        connection->turn_bytes += (size_t)sent;
    }
    return sent;
}

static enum step connection_step_sends(struct connection *connection)
{
    struct answer *answer = &connection->answer;
    bool in_head = buffer_count(&connection->output) > 0;
    bool paced = answer->pace_ms > 0 && (!in_head || answer->pace_head);
    if (connection->output.failed) {
        return STEP_CLOSE;
    }
    if (connection->timer.place != 0) {
        return STEP_WAIT; /* an edge came before the next byte is due */
    }
    if (connection->piece.count == 0 && !(in_head && answer->pace_ms > 0)) {
        connection->piece = body_next(&answer->body, paced ? 1 : PIECE_BYTES_MAX);
    }
    if (!in_head && connection->piece.count == 0) {
        return connection_sent(connection);
    }
    if (paced && connection->peer_finished) {
        return STEP_CLOSE;
    }
    if (connection->turn_bytes >= TURN_BYTES_MAX) {
        return connection_wait_ms(connection, 0);
    }
    ssize_t sent = connection_write(connection, paced ? 1 : SIZE_MAX);
    if (sent < 0) {
        return errno == EAGAIN ? STEP_WAIT : errno == EINTR ? STEP_AGAIN : STEP_CLOSE;
    }
    return paced ? connection_wait_ms(connection, answer->pace_ms) : STEP_AGAIN;
}

/* ---- The ends ---- */

/* RST throws away what the peer's kernel does not have yet, so it waits until all is acknowledged:
 * then the peer reads every byte that was meant for it before it learns of the reset. */
static enum step connection_step_resets(struct connection *connection)
{
    int unacknowledged = 0;
    ioctl(connection->fd, SIOCOUTQ, &unacknowledged);
    if (unacknowledged > 0 && connection->reset_tries < RESET_TRIES_MAX) {
        connection->reset_tries++;
        return connection_wait_ms(connection, RESET_RETRY_MS);
    }
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    return STEP_CLOSE;
}

/* close() with unread input would send RST, which can overtake the answer: RFC 9112 section 9.6. */
static enum step connection_step_swallows(struct connection *connection)
{
    char scratch[16 * 1024];
    ssize_t count = recv(connection->fd, scratch, sizeof(scratch), 0);
    if (count > 0) {
        connection->turn_bytes += (size_t)count;
        return connection->turn_bytes < TURN_BYTES_MAX ? STEP_AGAIN : STEP_CLOSE;
    }
    return count < 0 && errno == EAGAIN ? STEP_WAIT : STEP_CLOSE;
}

static enum step connection_step(struct connection *connection)
{
    switch (connection->state) {
    case CONNECTION_READS:
        return connection_step_reads(connection);
    case CONNECTION_SENDS:
        return connection_step_sends(connection);
    case CONNECTION_RESETS:
        return connection_step_resets(connection);
    case CONNECTION_SWALLOWS:
        return connection_step_swallows(connection);
    case CONNECTION_HOLDS:
    case CONNECTION_WAITS:
        break;
    }
    return connection->peer_finished ? STEP_CLOSE : STEP_WAIT;
}

static void connection_run(struct connection *connection)
{
    enum step step = STEP_AGAIN;
    connection->turn_bytes = 0;
    while (step == STEP_AGAIN) {
        step = connection_step(connection);
    }
    if (step == STEP_CLOSE) {
        connection_close(connection);
    }
}

void connection_on_events(struct connection *connection, uint32_t events)
{
    if (events & (EPOLLERR | EPOLLHUP)) {
        connection_close(connection);
        return;
    }
    connection->readable = connection->readable || (events & (EPOLLIN | EPOLLRDHUP));
    connection->peer_finished = connection->peer_finished || (events & EPOLLRDHUP);
    connection_run(connection);
}

void connection_on_timer(struct timer *timer)
{
    struct connection *connection = (struct connection *)timer;
    switch (connection->state) {
    case CONNECTION_HOLDS:
        connection->state = CONNECTION_SENDS;
        break;
    case CONNECTION_SWALLOWS:
        connection_close(connection);
        return;
    default: /* the next byte is due, or the next turn, or the next look at a reset */
        break;
    }
    connection_run(connection);
}

void connection_close_all(struct server *server)
{
    struct connection *next;
    for (struct connection *each = server->connections; each != NULL; each = next) {
        next = each->next;
        connection_close(each);
    }
}
