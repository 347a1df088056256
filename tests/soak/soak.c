/* soak.c: `soak PROGRAM URLS SECONDS [SEED]` gives `PROGRAM fetch` a long list while, by dice, workers are killed and stopped, and
 * pages are slow, break off or fail once. Then: every URL that was given was reported once, the counts add up, and what the
 * coordinator, its workers and the server hold is what they held after the first tenth.
 *
 * One loop with poll(): the list goes in at one end, JSON lines come out at the other. Each URL carries its number behind "?n=". */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/origin/origin.h"
#include "tests/soak/usage.h"

#define WORKERS 4
#define WORKERS_TEXT "4"
#define CONCURRENCY_TEXT "64"
#define CHILDREN_MAX 16
#define SAMPLE_MS 50
#define EVIL_EVERY_MS 150  /* on the average: a kill or a stop */
#define STOPPED_MS_MAX 300 /* below the time after which a worker counts as hung */
#define QUIET_MS 120000    /* nothing came for so long: it hangs */
#define INPUT_BYTES 65536
#define LINE_BYTES 8192

/* The stated tolerance: what the last tenth may hold beyond the second. */
#define DESCRIPTORS_MORE 8 /* a worker's idle connections come and go */
#define COORDINATOR_DESCRIPTORS_MORE 4
#define PRIVATE_KIB_MORE 2048 /* the heap grows in steps, and a worker's depends on what it met */
#define PERCENT_MORE 10
#define SHARED_PERCENT_MORE 25 /* tests/soak/README.md says why */

struct phase {
    struct usage coordinator, worker, origin;
    uint64_t samples;
};

struct soak {
    struct origin origin;
    pid_t program;
    int in, out;
    uint64_t wanted, given, reported, twice, unknown;
    uint64_t must_fail, read, crashed;
    uint8_t *times; /* how often each number was reported */
    char input[INPUT_BYTES];
    size_t input_bytes, input_done;
    char line[LINE_BYTES];
    size_t line_bytes;
    uint64_t random, seed;
    int64_t began_ns, ends_ns, sample_at_ns, evil_at_ns, heard_at_ns;
    pid_t stopped;
    int64_t wake_at_ns;
    uint64_t kills, stops;
    struct phase first, last; /* the second tenth, the last tenth */
};

static struct soak soak;

static uint32_t roll(uint32_t sides)
{
    soak.random = soak.random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(soak.random >> 33) % sides;
}

/* ---- the list ---- */

/* Mostly quick and small, as in life; a few are slow, large, lead elsewhere or break. */
static int write_url(char *at, size_t room, uint64_t number)
{
    uint32_t dice = roll(2000);
    int port = soak.origin.port;
    char path[64];
    if (dice < 4)
        snprintf(path, sizeof path, "/delay/%u/bytes/500", (unsigned)roll(200));
    else if (dice < 6)
        snprintf(path, sizeof path, "/slow/%u/10", (unsigned)roll(20) + 1);
    else if (dice < 8)
        snprintf(path, sizeof path, "/reset/%u", (unsigned)roll(5000));
    else if (dice < 10)
        snprintf(path, sizeof path, "/truncate/%u", (unsigned)roll(5000));
    else if (dice < 11)
        snprintf(path, sizeof path, "/empty");
    else if (dice < 14)
        snprintf(path, sizeof path, "/bytes/%u", 500000 + (unsigned)roll(1500000));
    else if (dice < 40)
        snprintf(path, sizeof path, "/redirect/%u", (unsigned)roll(3));
    else if (dice < 80)
        snprintf(path, sizeof path, "/close-after");
    else if (dice < 120)
        snprintf(path, sizeof path, "/gzip/%u", (unsigned)roll(20000));
    else if (dice < 130)
        snprintf(path, sizeof path, "/status/404");
    else
        snprintf(path, sizeof path, "/bytes/%u", (unsigned)roll(4000));
    soak.must_fail += (dice >= 6 && dice < 11) || (dice >= 120 && dice < 130);
    return snprintf(at, room, "http://127.0.0.1:%d%s?n=%" PRIu64 "\n", port, path, number);
}

static void fill_input(void)
{
    soak.input_bytes = soak.input_done = 0;
    bool is_late = clock_now_ns() > soak.ends_ns;
    while (!is_late && soak.given < soak.wanted && soak.input_bytes + 256 < INPUT_BYTES) {
        int bytes = write_url(soak.input + soak.input_bytes, INPUT_BYTES - soak.input_bytes, soak.given++);
        soak.input_bytes += (size_t)bytes;
    }
    if (soak.input_bytes == 0) {
        close(soak.in);
        soak.in = -1;
    }
}

static void give_input(void)
{
    if (soak.input_done == soak.input_bytes)
        fill_input();
    if (soak.in < 0)
        return;
    ssize_t written = write(soak.in, soak.input + soak.input_done, soak.input_bytes - soak.input_done);
    if (written > 0)
        soak.input_done += (size_t)written;
    else if (errno != EAGAIN && errno != EINTR)
        soak.input_done = soak.input_bytes; /* the end says why */
}

/* ---- the results ---- */

static void take_line(const char *line)
{
    const char *number = strstr(line, "?n=");
    uint64_t n = number ? strtoull(number + 3, NULL, 10) : UINT64_MAX;
    soak.reported++;
    soak.read += strstr(line, "\"error\":null") != NULL;
    soak.crashed += strstr(line, "\"error\":\"worker-crashed\"") != NULL;
    if (n >= soak.given)
        soak.unknown++;
    else if (soak.times[n]++)
        soak.twice++;
}

static bool take_output(void)
{
    char piece[INPUT_BYTES];
    ssize_t got = read(soak.out, piece, sizeof piece);
    if (got <= 0)
        return got < 0 && (errno == EINTR || errno == EAGAIN);
    soak.heard_at_ns = clock_now_ns();
    for (ssize_t i = 0; i < got; i++) {
        if (piece[i] != '\n') {
            if (soak.line_bytes + 1 < LINE_BYTES)
                soak.line[soak.line_bytes++] = piece[i];
            continue;
        }
        soak.line[soak.line_bytes] = '\0';
        take_line(soak.line);
        soak.line_bytes = 0;
    }
    return true;
}

/* ---- what is done to it, and seen of it ---- */

static void do_evil(int64_t now_ns)
{
    pid_t workers[CHILDREN_MAX];
    if (soak.stopped && now_ns >= soak.wake_at_ns) {
        kill(soak.stopped, SIGCONT);
        soak.stopped = 0;
    }
    if (now_ns < soak.evil_at_ns)
        return;
    soak.evil_at_ns = now_ns + (int64_t)roll(2 * EVIL_EVERY_MS) * NS_PER_MS;
    size_t count = children_of(soak.program, workers, CHILDREN_MAX);
    if (count == 0)
        return;
    pid_t chosen = workers[roll((uint32_t)count)];
    if (roll(2) == 0) {
        kill(chosen, SIGKILL);
        soak.kills++;
    } else if (!soak.stopped) {
        kill(chosen, SIGSTOP);
        soak.stopped = chosen;
        soak.wake_at_ns = now_ns + (int64_t)roll(STOPPED_MS_MAX) * NS_PER_MS;
        soak.stops++;
    }
}

static void sample(int64_t now_ns)
{
    pid_t workers[CHILDREN_MAX];
    /* By what was done, or by the clock, if that ends the list. */
    double done = (double)soak.reported / (double)soak.wanted;
    double passed = (double)(now_ns - soak.began_ns) / (double)(soak.ends_ns - soak.began_ns);
    double at = done > passed ? done : passed;
    struct phase *phase = at >= 0.1 && at < 0.2 ? &soak.first : at >= 0.9 ? &soak.last : NULL;
    soak.sample_at_ns = now_ns + SAMPLE_MS * NS_PER_MS;
    if (!phase)
        return;
    phase->samples++;
    phase->coordinator = usage_max(phase->coordinator, usage_of(soak.program));
    phase->origin = usage_max(phase->origin, usage_of(soak.origin.pid));
    size_t count = children_of(soak.program, workers, CHILDREN_MAX);
    for (size_t i = 0; i < count; i++)
        phase->worker = usage_max(phase->worker, usage_of(workers[i]));
}

/* ---- the run ---- */

static void start_program(const char *program)
{
    int in[2];
    int out[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
        perror("soak: pipe2");
        exit(2);
    }
    pid_t parent = getpid();
    soak.program = fork();
    if (soak.program == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(127);
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        execl(program, "shoal", "fetch", "-i", "-", "--format", "jsonl", "-w", WORKERS_TEXT, "-c", CONCURRENCY_TEXT,
              "--retries", "1", "--progress", "never", (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    soak.in = in[1];
    soak.out = out[0];
    fcntl(soak.in, F_SETFL, O_NONBLOCK);
}

/* False: it hangs. */
static bool run(void)
{
    for (;;) {
        struct pollfd polled[2] = {{.fd = soak.out, .events = POLLIN}, {.fd = soak.in, .events = POLLOUT}};
        poll(polled, 2, SAMPLE_MS / 2);
        if (polled[0].revents && !take_output())
            return true;
        if (polled[1].revents)
            give_input();
        int64_t now_ns = clock_now_ns();
        if (now_ns - soak.heard_at_ns > QUIET_MS * NS_PER_MS)
            return false;
        if (now_ns >= soak.sample_at_ns)
            sample(now_ns);
        do_evil(now_ns);
    }
}

/* ---- the verdict ---- */

static bool grew(const char *who, const char *what, uint64_t first, uint64_t last, uint64_t percent, uint64_t more)
{
    uint64_t most = first + first * percent / 100 + more;
    printf("%-12s %-12s %9" PRIu64 " after the first tenth, %9" PRIu64 " in the last (at most %" PRIu64 ")%s\n", who,
           what, first, last, most, last > most ? "  GREW" : "");
    return last > most;
}

static bool any_grew(const char *who, const struct usage *first, const struct usage *last, uint64_t descriptors_more)
{
    bool descriptors = grew(who, "descriptors", first->descriptors, last->descriptors, PERCENT_MORE, descriptors_more);
    bool private = grew(who, "private KiB", first->private_kib, last->private_kib, PERCENT_MORE, PRIVATE_KIB_MORE);
    bool shared = grew(who, "shared KiB", first->shared_kib, last->shared_kib, SHARED_PERCENT_MORE, 0);
    return descriptors || private || shared;
}

static bool judge(int wait_status)
{
    uint64_t missing = 0;
    for (uint64_t i = 0; i < soak.given; i++)
        missing += soak.times[i] == 0;
    double seconds = (double)(clock_now_ns() - soak.began_ns) / (double)NS_PER_S;
    int status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
    printf("%" PRIu64 " URLs given, %" PRIu64 " reported (%" PRIu64 " read, %" PRIu64
           " failed) in %.1f s; exit status %d\n",
           soak.given, soak.reported, soak.read, soak.reported - soak.read, seconds, status);
    printf("%" PRIu64 " had to fail, %" PRIu64 " were given up as crashed\n", soak.must_fail, soak.crashed);
    printf("%" PRIu64 " missing, %" PRIu64 " twice, %" PRIu64 " unknown; %" PRIu64 " kills, %" PRIu64 " stops; %" PRIu64
           " and %" PRIu64 " samples\n",
           missing, soak.twice, soak.unknown, soak.kills, soak.stops, soak.first.samples, soak.last.samples);
    /* A URL is charged with a worker that is killed while it works on its data; twice, and it is given up. */
    bool as_meant = soak.reported - soak.read == soak.must_fail + soak.crashed && soak.crashed <= soak.given / 10000;
    bool well = as_meant && missing == 0 && soak.twice == 0 && soak.unknown == 0 && status <= 1 &&
                soak.first.samples > 0 && soak.last.samples > 0;
    bool coordinator =
        any_grew("coordinator", &soak.first.coordinator, &soak.last.coordinator, COORDINATOR_DESCRIPTORS_MORE);
    bool worker = any_grew("a worker", &soak.first.worker, &soak.last.worker, DESCRIPTORS_MORE);
    bool origin = any_grew("the server", &soak.first.origin, &soak.last.origin, WORKERS * DESCRIPTORS_MORE);
    return well && !coordinator && !worker && !origin;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: soak PROGRAM URLS SECONDS [SEED]\n");
        return 2;
    }
    soak.wanted = strtoull(argv[2], NULL, 10);
    soak.times = calloc(soak.wanted + 1, 1);
    if (argc > 4)
        soak.seed = strtoull(argv[4], NULL, 10);
    else if (getrandom(&soak.seed, sizeof soak.seed, 0) == (ssize_t)sizeof soak.seed)
        soak.seed %= 1000000;
    soak.random = soak.seed;
    printf("soak: seed %" PRIu64 "\n", soak.seed);
    fflush(stdout);
    signal(SIGPIPE, SIG_IGN);
    if (!soak.times || origin_start(&soak.origin) != 0) {
        fprintf(stderr, "soak: cannot start: %s\n", strerror(errno));
        return 2;
    }
    start_program(argv[1]);
    soak.began_ns = soak.heard_at_ns = clock_now_ns();
    soak.ends_ns = soak.began_ns + (int64_t)strtoull(argv[3], NULL, 10) * NS_PER_S;
    bool ended = run();
    if (!ended) {
        printf("HANGS: nothing for %d s\n", QUIET_MS / 1000);
        kill(soak.program, SIGKILL);
    }
    int wait_status = 0;
    waitpid(soak.program, &wait_status, 0);
    bool well = judge(wait_status) && ended;
    origin_stop(&soak.origin);
    free(soak.times);
    printf("soak: %s (seed %" PRIu64 ")\n", well ? "all is well" : "FAILED", soak.seed);
    return well ? 0 : 1;
}
