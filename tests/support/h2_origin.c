/* h2_origin.c: an HTTP/2 server over clear text that keeps to as little of the protocol as a breach needs. Section numbers are those of RFC 9113. */
#include "tests/support/h2_origin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PUSH_PROMISE = 5, PING = 6, GOAWAY = 7, WINDOW_UPDATE = 8 };
enum { CONTINUATION = 9, END_STREAM = 1, ACK = 1, END_HEADERS = 4, INTERNAL_ERROR = 2, REFUSED_STREAM = 7, CANCEL = 8 };
enum { FRAME_HEAD_BYTES = 9, FRAME_BYTES_MAX = 16384, PREFACE_BYTES = 24 };

#define STATUS_200 "\x88"

struct h2_connection {
    int fd;
    bool is_gone; /* the client has closed */
    uint8_t input[2 * FRAME_BYTES_MAX];
    size_t input_bytes;
    bool has_preface;
};

/* ---- frames ---- */

static void send_bytes(struct h2_connection *connection, const void *bytes, size_t count)
{
    const char *at = bytes;
    while (count > 0 && !connection->is_gone) {
        ssize_t sent = send(connection->fd, at, count, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            connection->is_gone = true;
        } else if (sent > 0) {
            at += sent;
            count -= (size_t)sent;
        }
    }
}

/* declared: the length that the frame's head tells. */
static void send_frame_as(struct h2_connection *connection, size_t declared, unsigned type, unsigned flags,
                          uint32_t stream, const void *payload, size_t bytes)
{
    uint8_t frame[FRAME_HEAD_BYTES + FRAME_BYTES_MAX] = {
        (uint8_t)(declared >> 16), (uint8_t)(declared >> 8), (uint8_t)declared,      (uint8_t)type,   (uint8_t)flags,
        (uint8_t)(stream >> 24),   (uint8_t)(stream >> 16),  (uint8_t)(stream >> 8), (uint8_t)stream,
    };
    memcpy(frame + FRAME_HEAD_BYTES, payload, bytes);
    send_bytes(connection, frame, FRAME_HEAD_BYTES + bytes);
}

static void send_frame(struct h2_connection *connection, unsigned type, unsigned flags, uint32_t stream,
                       const void *payload, size_t bytes)
{
    send_frame_as(connection, bytes, type, flags, stream, payload, bytes);
}

#define SEND(connection, type, flags, stream, literal) \
    send_frame((connection), (type), (flags), (stream), (literal), sizeof(literal) - 1)

static void send_ok(struct h2_connection *connection, uint32_t stream)
{
    SEND(connection, HEADERS, END_HEADERS, stream, STATUS_200);
    SEND(connection, DATA, END_STREAM, stream, "ok\n");
}

static void send_reset(struct h2_connection *connection, uint32_t stream, uint8_t code)
{
    const uint8_t payload[] = {0, 0, 0, code};
    send_frame(connection, RST_STREAM, 0, stream, payload, sizeof payload);
}

static void send_goaway(struct h2_connection *connection, uint8_t last_stream)
{
    const uint8_t payload[] = {0, 0, 0, last_stream, 0, 0, 0, 0};
    send_frame(connection, GOAWAY, 0, 0, payload, sizeof payload);
}

/* Reads until the input has so many bytes; false when the client has closed. */
static bool need_input(struct h2_connection *connection, size_t bytes)
{
    while (connection->input_bytes < bytes) {
        ssize_t got = recv(connection->fd, connection->input + connection->input_bytes,
                           sizeof connection->input - connection->input_bytes, 0);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            connection->is_gone = true;
            return false;
        }
        connection->input_bytes += got > 0 ? (size_t)got : 0;
    }
    return true;
}

static void drop_input(struct h2_connection *connection, size_t bytes)
{
    connection->input_bytes -= bytes;
    memmove(connection->input, connection->input + bytes, connection->input_bytes);
}

/* The stream that the client opens next; 0 when it has closed. */
static uint32_t next_stream(struct h2_connection *connection)
{
    if (!connection->has_preface) {
        if (!need_input(connection, PREFACE_BYTES)) {
            return 0;
        }
        drop_input(connection, PREFACE_BYTES);
        connection->has_preface = true;
    }
    for (;;) {
        const uint8_t *at = connection->input;
        if (!need_input(connection, FRAME_HEAD_BYTES)) {
            return 0;
        }
        size_t bytes = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
        unsigned type = at[3];
        bool is_ack = at[4] & ACK;
        uint32_t stream = (uint32_t)at[5] << 24 | (uint32_t)at[6] << 16 | (uint32_t)at[7] << 8 | at[8];
        if (bytes > FRAME_BYTES_MAX || !need_input(connection, FRAME_HEAD_BYTES + bytes)) {
            return 0;
        }
        drop_input(connection, FRAME_HEAD_BYTES + bytes);
        if (type == SETTINGS && !is_ack) {
            SEND(connection, SETTINGS, ACK, 0, "");
        } else if (type == HEADERS) {
            return stream;
        }
    }
}

/* Answers well whatever comes, until the client closes. */
static void serve_well(struct h2_connection *connection)
{
    for (uint32_t stream; (stream = next_stream(connection)) != 0;) {
        send_ok(connection, stream);
    }
}

static void wait_for_close(struct h2_connection *connection)
{
    do {
        connection->input_bytes = 0;
    } while (need_input(connection, 1));
}

/* ---- manners: each has said SETTINGS, and stream 1 waits for its answer ---- */

static void be_good(struct h2_connection *connection)
{
    send_ok(connection, 1);
    serve_well(connection);
}

/* 6.8: the stream was not looked at; a client may try again elsewhere, but not for ever. */
static void go_away_at_once(struct h2_connection *connection)
{
    send_goaway(connection, 0);
}

static void go_away_behind_the_answer(struct h2_connection *connection)
{
    send_ok(connection, 1);
    send_goaway(connection, 1);
}

/* The second request comes too late. */
static void go_away_later(struct h2_connection *connection)
{
    send_ok(connection, 1);
    if (next_stream(connection) != 0) {
        send_goaway(connection, 1);
    }
}

static void go_away_within_the_answer(struct h2_connection *connection)
{
    SEND(connection, HEADERS, END_HEADERS, 1, STATUS_200);
    SEND(connection, DATA, 0, 1, "ok\n");
    send_goaway(connection, 1);
}

static void reset_at_once(struct h2_connection *connection)
{
    send_reset(connection, 1, INTERNAL_ERROR);
    serve_well(connection);
}

static void reset_within_the_answer(struct h2_connection *connection)
{
    SEND(connection, HEADERS, END_HEADERS, 1, STATUS_200);
    SEND(connection, DATA, 0, 1, "ok\n");
    send_reset(connection, 1, CANCEL);
    serve_well(connection);
}

static void refuse_for_ever(struct h2_connection *connection)
{
    send_reset(connection, 1, REFUSED_STREAM);
    for (uint32_t stream; (stream = next_stream(connection)) != 0;) {
        send_reset(connection, stream, REFUSED_STREAM);
    }
}

/* One of three streams is reset, and the others come whole. */
static void reset_one_of_three(struct h2_connection *connection)
{
    send_ok(connection, 1);
    uint32_t first = next_stream(connection);
    uint32_t second = next_stream(connection);
    uint32_t third = next_stream(connection);
    SEND(connection, HEADERS, END_HEADERS, first, STATUS_200);
    SEND(connection, HEADERS, END_HEADERS, second, STATUS_200);
    send_reset(connection, first, INTERNAL_ERROR);
    SEND(connection, DATA, END_STREAM, second, "ok\n");
    send_ok(connection, third);
    serve_well(connection);
}

/* 8.4: stream 2 for "GET http://x/", which the client has forbidden. */
static void push(struct h2_connection *connection)
{
    SEND(connection, PUSH_PROMISE, END_HEADERS, 1, "\0\0\0\2\x82\x86\x84\x41\1x");
    SEND(connection, HEADERS, END_HEADERS, 2, STATUS_200);
    SEND(connection, DATA, END_STREAM, 2, "smuggled\n");
    send_ok(connection, 1);
    wait_for_close(connection);
}

/* 6.10; CVE-2024-28182: a header block without end. */
static void continue_for_ever(struct h2_connection *connection)
{
    SEND(connection, HEADERS, 0, 1, STATUS_200);
    while (!connection->is_gone) {
        SEND(connection, CONTINUATION, 0, 1, "\0\1x\1y");
    }
}

/* The same without a byte in any frame. */
static void continue_without_bytes(struct h2_connection *connection)
{
    SEND(connection, HEADERS, 0, 1, STATUS_200);
    while (!connection->is_gone) {
        SEND(connection, CONTINUATION, 0, 1, "");
    }
}

/* RFC 7541: a name and a value of 3,000 bytes in the dynamic table, and then 9,000 references to them of a byte each. */
static void swell_headers(struct h2_connection *connection)
{
    enum { VALUE_BYTES = 3000, REFERENCES = 9000 };
    static uint8_t block[FRAME_BYTES_MAX] = {
        0x88, 0x40, 1, 'x', 0x7f, ((VALUE_BYTES - 127) & 0x7f) | 0x80, (VALUE_BYTES - 127) >> 7};
    memset(block + 7, 'v', VALUE_BYTES);
    memset(block + 7 + VALUE_BYTES, 0xbe, REFERENCES);
    send_frame(connection, HEADERS, END_HEADERS, 1, block, 7 + VALUE_BYTES + REFERENCES);
    SEND(connection, DATA, END_STREAM, 1, "ok\n");
    serve_well(connection);
}

static void send_many_headers(struct h2_connection *connection)
{
    enum { LINES = 1500, LINE_BYTES = 5 };
    static uint8_t block[1 + LINES * LINE_BYTES] = {0x88};
    for (size_t i = 0; i < LINES; i++) {
        memcpy(block + 1 + i * LINE_BYTES, "\0\1x\1y", LINE_BYTES);
    }
    send_frame(connection, HEADERS, END_HEADERS, 1, block, sizeof block);
    SEND(connection, DATA, END_STREAM, 1, "ok\n");
    serve_well(connection);
}

/* CVE-2019-9515, 9512: each wants an answer. */
static void settle_for_ever(struct h2_connection *connection)
{
    while (!connection->is_gone) {
        SEND(connection, SETTINGS, 0, 0, "");
    }
}

static void ping_for_ever(struct h2_connection *connection)
{
    while (!connection->is_gone) {
        SEND(connection, PING, 0, 0, "12345678");
    }
}

/* CVE-2019-9518: frames without a byte. */
static void send_empty_data(struct h2_connection *connection)
{
    SEND(connection, HEADERS, END_HEADERS, 1, STATUS_200);
    while (!connection->is_gone) {
        SEND(connection, DATA, 0, 1, "");
    }
}

static void send_junk(struct h2_connection *connection)
{
    static const char JUNK[] = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsmuggled\n";
    send_bytes(connection, JUNK, sizeof JUNK - 1);
    wait_for_close(connection);
}

/* 4.2 */
static void send_a_frame_of_16_mib(struct h2_connection *connection)
{
    SEND(connection, HEADERS, END_HEADERS, 1, STATUS_200);
    send_frame_as(connection, 0xffffff, DATA, END_STREAM, 1, "smuggled", 8);
    wait_for_close(connection);
}

/* 6.9: far more than any window. */
static void send_beyond_the_window(struct h2_connection *connection)
{
    static const char zeros[FRAME_BYTES_MAX];
    SEND(connection, HEADERS, END_HEADERS, 1, STATUS_200);
    for (int i = 0; i < 8192 && !connection->is_gone; i++) {
        send_frame(connection, DATA, 0, 1, zeros, sizeof zeros);
    }
}

static void cut(struct h2_connection *connection)
{
    SEND(connection, HEADERS, END_HEADERS, 1, STATUS_200);
    SEND(connection, DATA, 0, 1, "ok\n");
}

/* 8.1.1: content-length: 9, and three bytes. */
static void end_before_the_length(struct h2_connection *connection)
{
    SEND(connection, HEADERS, END_HEADERS, 1,
         STATUS_200 "\x0f\x0d\1"
                    "9");
    SEND(connection, DATA, END_STREAM, 1, "ok\n");
    serve_well(connection);
}

static void leave_out_the_status(struct h2_connection *connection)
{
    SEND(connection, HEADERS, END_HEADERS, 1, "\0\1x\1y");
    SEND(connection, DATA, END_STREAM, 1, "ok\n");
    serve_well(connection);
}

/* 8.2.1 */
static void put_a_line_end_into_a_header(struct h2_connection *connection)
{
    SEND(connection, HEADERS, END_HEADERS, 1, STATUS_200 "\0\1x\x0fy\r\nX-Smuggled: y");
    SEND(connection, DATA, END_STREAM, 1, "ok\n");
    serve_well(connection);
}

static void index_beyond_the_table(struct h2_connection *connection)
{
    SEND(connection, HEADERS, END_HEADERS, 1, STATUS_200 "\xff\xff\xff\x07");
    SEND(connection, DATA, END_STREAM, 1, "ok\n");
    wait_for_close(connection);
}

/* 5.1.1: a stream of the server's own, which nobody promised. */
static void open_a_stream(struct h2_connection *connection)
{
    SEND(connection, HEADERS, END_HEADERS, 2, STATUS_200);
    SEND(connection, DATA, END_STREAM, 2, "smuggled\n");
    wait_for_close(connection);
}

static void overflow_the_window(struct h2_connection *connection)
{
    SEND(connection, WINDOW_UPDATE, 0, 0, "\x7f\xff\xff\xff");
    SEND(connection, WINDOW_UPDATE, 0, 0, "\x7f\xff\xff\xff");
    wait_for_close(connection);
}

static const struct h2_manner {
    const char *name;
    void (*serve)(struct h2_connection *connection);
} MANNERS[] = {
    {"good", be_good},
    {"goaway", go_away_at_once},
    {"goaway-behind", go_away_behind_the_answer},
    {"goaway-later", go_away_later},
    {"goaway-within", go_away_within_the_answer},
    {"reset", reset_at_once},
    {"reset-within", reset_within_the_answer},
    {"refuse", refuse_for_ever},
    {"reset-one-of-three", reset_one_of_three},
    {"push", push},
    {"continuation-flood", continue_for_ever},
    {"continuation-empty", continue_without_bytes},
    {"swelling-headers", swell_headers},
    {"many-headers", send_many_headers},
    {"settings-flood", settle_for_ever},
    {"ping-flood", ping_for_ever},
    {"empty-data", send_empty_data},
    {"junk", send_junk},
    {"large-frame", send_a_frame_of_16_mib},
    {"beyond-window", send_beyond_the_window},
    {"cut", cut},
    {"short", end_before_the_length},
    {"no-status", leave_out_the_status},
    {"line-end", put_a_line_end_into_a_header},
    {"bad-index", index_beyond_the_table},
    {"own-stream", open_a_stream},
    {"window-overflow", overflow_the_window},
    {"silence", wait_for_close},
};

/* ---- the server ---- */

static void serve_connection(int fd)
{
    static const char SWITCH[] = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    static struct h2_connection connection;
    connection.fd = fd;
    const uint8_t *end;
    do {
        if (!need_input(&connection, connection.input_bytes + 1)) {
            return;
        }
        end = memmem(connection.input, connection.input_bytes, "\r\n\r\n", 4);
    } while (end == NULL);
    const char *path = (const char *)connection.input + strlen("GET /");
    for (size_t i = 0; i < sizeof MANNERS / sizeof MANNERS[0]; i++) {
        size_t bytes = strlen(MANNERS[i].name);
        if (strncmp(path, MANNERS[i].name, bytes) == 0 && path[bytes] == ' ') {
            drop_input(&connection, (size_t)(end + 4 - connection.input));
            send_bytes(&connection, SWITCH, sizeof SWITCH - 1);
            SEND(&connection, SETTINGS, 0, 0, "");
            MANNERS[i].serve(&connection);
            break;
        }
    }
    shutdown(fd, SHUT_WR);
    if (!connection.is_gone) {
        wait_for_close(&connection);
    }
}

static _Noreturn void serve(int listener)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGCHLD, &ignore, NULL); /* nobody need be waited for */
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) {
            _exit(EXIT_FAILURE);
        }
        pid_t parent = getpid();
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() == parent) {
                serve_connection(fd);
            }
            _exit(EXIT_SUCCESS);
        }
        close(fd);
    }
}

int h2_origin_start(struct h2_origin *origin)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *origin = (struct h2_origin){0};
    if (bind(listener, (const struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 64) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &bytes) != 0) {
        close(listener);
        return -1;
    }
    origin->port = ntohs(at.sin_port);
    pid_t parent = getpid();
    fflush(NULL);
    origin->pid = fork();
    if (origin->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent) {
            serve(listener);
        }
        _exit(EXIT_FAILURE);
    }
    close(listener);
    return origin->pid > 0 ? 0 : -1;
}

void h2_origin_stop(struct h2_origin *origin)
{
    if (origin->pid > 0) {
        kill(origin->pid, SIGKILL);
        waitpid(origin->pid, NULL, 0);
    }
    *origin = (struct h2_origin){0};
}
