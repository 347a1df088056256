/* bundled.c: the test server that comes with the program, and its 15 pages, each held back for 150 ms. */
#include "coordinator/compare/bundled.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"

#define START_MS 5000
#define PATH_BYTES 4096

/* Beside the program, as in a build; or where `make install` puts it. */
static bool find_server(char *path)
{
    static const char *const PLACES[] = {"/origin", "/../libexec/shoal/origin"};
    char self[PATH_BYTES];
    ssize_t bytes = readlink("/proc/self/exe", self, sizeof self - 1);
    if (bytes <= 0)
        return false;
    self[bytes] = '\0';
    char *slash = strrchr(self, '/');
    if (slash != NULL)
        *slash = '\0';
    for (size_t i = 0; i < sizeof PLACES / sizeof PLACES[0]; i++) {
        int length = snprintf(path, PATH_BYTES, "%s%s", self, PLACES[i]);
        if (length > 0 && length < PATH_BYTES && access(path, X_OK) == 0)
            return true;
    }
    return false;
}

_Noreturn static void become_server(const char *path, int out_fd, const struct signals *signals, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    /* Ctrl-C is for us: pages are still to be had until the run that asks for them was stopped. */
    setpgid(0, 0);
    sigprocmask(SIG_SETMASK, &signals->mask_before, NULL);
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigaction(SIGPIPE, &usual, NULL);
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(null_fd, STDIN_FILENO);
    dup2(out_fd, STDOUT_FILENO);
    execl(path, path, "--port", "0", "--pages", "--die-with-parent", (char *)NULL);
    _exit(1);
}

/* Reads until the server has said all that it has to say. */
static bool read_all(struct bundled *bundled, int fd)
{
    size_t used = 0;
    int64_t end_ns = clock_deadline_ns(START_MS);
    for (;;) {
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        if (poll(&polled, 1, clock_left_ms(end_ns, START_MS)) == 0)
            return false;
        ssize_t got = read(fd, bundled->text + used, sizeof bundled->text - 1 - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    bundled->text[used] = '\0';
    return used > 0;
}

/* Every line that is a URL; others are for people. */
static void list_urls(struct bundled *bundled)
{
    char *rest = bundled->text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL && bundled->url_count < BUNDLED_URLS_MAX;) {
        if (strncmp(line, "http://", 7) == 0)
            bundled->urls[bundled->url_count++] = line;
    }
}

enum status bundled_start(struct bundled *bundled, const struct signals *signals, char *why, size_t why_bytes)
{
    char path[PATH_BYTES];
    int pipe_fds[2];
    pid_t parent = getpid();
    if (!find_server(path)) {
        snprintf(why, why_bytes,
                 "the test server that comes with shoal is not installed: give URLs, or a file of them "
                 "with --input");
        return STATUS_SYSTEM;
    }
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        snprintf(why, why_bytes, "cannot start the test server: pipe: %s", strerror(errno));
        return STATUS_SYSTEM;
    }
    bundled->pid = fork();
    if (bundled->pid == 0)
        become_server(path, pipe_fds[1], signals, parent);
    int fork_errno = errno;
    close(pipe_fds[1]);
    bool has_said = bundled->pid > 0 && read_all(bundled, pipe_fds[0]);
    close(pipe_fds[0]);
    list_urls(bundled);
    if (has_said && bundled->url_count > 0)
        return STATUS_OK;
    if (bundled->pid < 0)
        snprintf(why, why_bytes, "cannot start the test server: fork: %s", strerror(fork_errno));
    else
        snprintf(why, why_bytes, "the test server %s does not start", path);
    bundled_stop(bundled);
    return STATUS_SYSTEM;
}

void bundled_stop(struct bundled *bundled)
{
    if (bundled->pid > 0) {
        kill(bundled->pid, SIGKILL);
        while (waitpid(bundled->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    bundled->pid = 0;
}
