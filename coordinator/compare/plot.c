/* DESIGN. gnuplot is a child of its own, started without a shell. It reads the script from a memory file and writes picture
 * and complaints into two others: so no pipe can fill up, nothing is quoted as a path, and on the disk there is nothing
 * until the picture is whole. Then it is copied to a temporary name beside the path and renamed. */
#include "coordinator/compare/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/descriptor.h"
#include "coordinator/text/escape.h"

#define GNUPLOT_MS 30000
#define PATH_SHOWN_BYTES 200
#define COMPLAINT_BYTES 1024

/* Exit statuses of a child that did not become gnuplot. */
#define EXIT_NOT_FOUND 127
#define EXIT_NOT_EXECUTED 126

#define NOT_INSTALLED "gnuplot is not installed: apt install gnuplot-nox"

/* ---- the child ---- */

/* What gnuplot reads and writes: memory files. */
struct gnuplot {
    int script, picture, complaints;
};

static bool gnuplot_open(struct gnuplot *gnuplot)
{
    gnuplot->script = descriptor_above_stdio(memfd_create("script", MFD_CLOEXEC));
    gnuplot->picture = descriptor_above_stdio(memfd_create("picture", MFD_CLOEXEC));
    gnuplot->complaints = descriptor_above_stdio(memfd_create("complaints", MFD_CLOEXEC));
    return gnuplot->script >= 0 && gnuplot->picture >= 0 && gnuplot->complaints >= 0;
}

static void gnuplot_close(struct gnuplot *gnuplot)
{
    int fds[] = {gnuplot->script, gnuplot->picture, gnuplot->complaints};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

/* Signals that we have blocked or ignore are the child's to take, but first it leaves our process group: those of the
 * terminal are ours, and we end it. It must not outlive us. */
static _Noreturn void become_gnuplot(const struct gnuplot *gnuplot, const char *const *arguments, pid_t parent)
{
    setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigaction(SIGPIPE, &usual, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(gnuplot->script, STDIN_FILENO) < 0 || dup2(gnuplot->picture, STDOUT_FILENO) < 0 ||
        dup2(gnuplot->complaints, STDERR_FILENO) < 0)
        _exit(EXIT_NOT_EXECUTED);
    close_range(STDERR_FILENO + 1, ~0u, 0);
    execvp(arguments[0], (char *const *)arguments);
    int error = errno;
    dprintf(STDERR_FILENO, "%s", strerror(error));
    _exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTED);
}

/* OK: it has ended; INTERRUPTED; TIMEOUT: it takes too long; SYSTEM with errno. */
static enum status wait_for_end(int pid_fd, int interrupt_fd)
{
    struct pollfd ends[] = {{.fd = pid_fd, .events = POLLIN}, {.fd = interrupt_fd, .events = POLLIN}};
    int64_t deadline_ns = clock_deadline_ns(GNUPLOT_MS);
    int ready;
    while ((ready = poll(ends, 2, clock_left_ms(deadline_ns, GNUPLOT_MS))) < 0 && errno == EINTR)
        ;
    if (ready < 0)
        return STATUS_SYSTEM;
    if (ends[1].revents != 0)
        return STATUS_INTERRUPTED;
    return ready > 0 ? STATUS_OK : STATUS_TIMEOUT;
}

/* As wait_for_end(). Whatever it says, the child is gone and reaped; unless OK, it and all of its group were killed. */
static enum status wait_until_gone(pid_t pid, int interrupt_fd, int *wait_status)
{
    int pid_fd = pidfd_open(pid, 0);
    enum status status = pid_fd >= 0 ? wait_for_end(pid_fd, interrupt_fd) : STATUS_SYSTEM;
    int error = errno;
    if (status != STATUS_OK)
        kill(-pid, SIGKILL);
    if (pid_fd >= 0)
        close(pid_fd);
    while (waitpid(pid, wait_status, 0) < 0 && errno == EINTR)
        ;
    errno = error;
    return status;
}

/* Its first complaint that is more than a mark, as one line. */
static void take_complaint(const struct gnuplot *gnuplot, char *text, size_t text_bytes)
{
    char said[COMPLAINT_BYTES];
    ssize_t bytes = pread(gnuplot->complaints, said, sizeof said - 1, 0);
    said[bytes > 0 ? bytes : 0] = '\0';
    const char *line = said + strspn(said, " \t\r\n^");
    for (;;) {
        const char *next = line + strcspn(line, "\n");
        /* It repeats the line of the script, marks a place in it with ^, and only then says what is wrong. */
        const char *mark = next + strspn(next, " \t\r\n");
        if (*mark != '^')
            break;
        line = mark + strspn(mark, "^ \t\r\n");
    }
    escape_text_into(text, text_bytes, line, strcspn(line, "\n"));
}

static enum status fail(char *why, size_t why_bytes, const char *call)
{
    snprintf(why, why_bytes, "%s: %s", call, strerror(errno));
    return STATUS_SYSTEM;
}

/* Says why a child that ended by itself is no success. */
static void tell_end(const struct gnuplot *gnuplot, int wait_status, char *why, size_t why_bytes)
{
    char said[PATH_SHOWN_BYTES];
    take_complaint(gnuplot, said, sizeof said);
    if (WIFSIGNALED(wait_status))
        snprintf(why, why_bytes, "gnuplot died of signal %d (%s)", WTERMSIG(wait_status),
                 sigabbrev_np(WTERMSIG(wait_status)) != NULL ? sigabbrev_np(WTERMSIG(wait_status)) : "?");
    else if (WEXITSTATUS(wait_status) == EXIT_NOT_FOUND)
        snprintf(why, why_bytes, "%s", NOT_INSTALLED);
    else
        snprintf(why, why_bytes, "gnuplot failed: %s", said[0] != '\0' ? said : "it did not say why");
}

/* Runs it to its end. INTERRUPTED or SYSTEM, with why filled. */
static enum status gnuplot_run(const struct gnuplot *gnuplot, int interrupt_fd, char *why, size_t why_bytes)
{
    /* -d: the user's own settings do not change the picture. */
    static const char *const DRAW[] = {"gnuplot", "-d", "-", NULL};
    int wait_status = 0;
    pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        return fail(why, why_bytes, "fork");
    if (pid == 0)
        become_gnuplot(gnuplot, DRAW, parent);
    setpgid(pid, pid); /* here too: whoever comes first, there is a group to kill */
    enum status status = wait_until_gone(pid, interrupt_fd, &wait_status);
    if (status == STATUS_SYSTEM)
        return fail(why, why_bytes, "gnuplot was ended");
    if (status == STATUS_OK && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0)
        return STATUS_OK;
    if (status == STATUS_OK)
        tell_end(gnuplot, wait_status, why, why_bytes);
    else if (status == STATUS_INTERRUPTED)
        snprintf(why, why_bytes, "interrupted, nothing was drawn");
    else
        snprintf(why, why_bytes, "gnuplot was ended: it took more than %d s", GNUPLOT_MS / 1000);
    return status == STATUS_INTERRUPTED ? status : STATUS_SYSTEM;
}

/* ---- the file ---- */

static const char *terminal_of(const char *path)
{
    size_t bytes = strlen(path);
    const char *end = bytes >= 4 ? path + bytes - 4 : "";
    return strcmp(end, ".svg") == 0 ? "svg" : strcmp(end, ".png") == 0 ? "png" : NULL;
}

/* A name beside the path that nobody has, and the file open for writing; NULL with errno. The caller frees it. */
static char *create_beside(const char *path, int *fd)
{
    const char *slash = strrchr(path, '/');
    int directory_bytes = slash != NULL ? (int)(slash + 1 - path) : 0;
    uint64_t random = 0;
    char *name;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        return NULL;
    if (asprintf(&name, "%.*s.shoal-plot-%016llx", directory_bytes, path, (unsigned long long)random) < 0)
        return NULL;
    *fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (*fd >= 0)
        return name;
    int error = errno;
    free(name);
    errno = error;
    return NULL;
}

static enum status fail_on_path(char *why, size_t why_bytes, const char *path, const char *reason)
{
    char shown[PATH_SHOWN_BYTES];
    escape_text_into(shown, sizeof shown, path, strlen(path));
    snprintf(why, why_bytes, "cannot write %s: %s", shown, reason);
    return STATUS_SYSTEM;
}

static bool copy(int from, int to)
{
    char bytes[1 << 14];
    off_t at = 0;
    for (;;) {
        ssize_t got = pread(from, bytes, sizeof bytes, at);
        if (got <= 0)
            return got == 0;
        at += got;
        for (ssize_t done = 0; done < got;) {
            ssize_t written = write(to, bytes + done, (size_t)(got - done));
            if (written < 0 && errno != EINTR)
                return false;
            done += written > 0 ? written : 0;
        }
    }
}

static enum status put_into_place(const char *path, int picture, char *why, size_t why_bytes)
{
    int fd = -1;
    char *name = create_beside(path, &fd);
    if (name == NULL)
        return fail_on_path(why, why_bytes, path, strerror(errno));
    bool done = copy(picture, fd);
    int error = errno;
    if (close(fd) != 0 && done) {
        done = false;
        error = errno;
    }
    if (done && rename(name, path) != 0) {
        done = false;
        error = errno;
    }
    if (!done)
        unlink(name);
    free(name);
    return done ? STATUS_OK : fail_on_path(why, why_bytes, path, strerror(error));
}

/* ---- what the header says ---- */

/* Whether execvp() would find it. */
static bool is_installed(void)
{
    const char *search = getenv("PATH");
    search = search != NULL ? search : "/bin:/usr/bin";
    for (;;) {
        size_t bytes = strcspn(search, ":");
        char *name;
        struct stat stat_of_name;
        if (asprintf(&name, "%.*s%sgnuplot", (int)bytes, search, bytes > 0 ? "/" : "") < 0)
            return true; /* the drawing will tell */
        bool found = stat(name, &stat_of_name) == 0 && S_ISREG(stat_of_name.st_mode) && access(name, X_OK) == 0;
        free(name);
        if (found || search[bytes] == '\0')
            return found;
        search += bytes + 1;
    }
}

static enum status check_writing(const char *path, char *why, size_t why_bytes)
{
    struct stat stat_of_path;
    if (stat(path, &stat_of_path) == 0 && !S_ISREG(stat_of_path.st_mode)) {
        fail_on_path(why, why_bytes, path,
                     S_ISDIR(stat_of_path.st_mode) ? "it is a directory" : "it is no regular file");
        return STATUS_SYSTEM;
    }
    int fd = -1;
    char *name = create_beside(path, &fd);
    if (name == NULL)
        return fail_on_path(why, why_bytes, path, strerror(errno));
    unlink(name);
    close(fd);
    free(name);
    return STATUS_OK;
}

enum status plot_check(const char *path, char *why, size_t why_bytes)
{
    if (terminal_of(path) == NULL) {
        char shown[PATH_SHOWN_BYTES];
        escape_text_into(shown, sizeof shown, path, strlen(path));
        snprintf(why, why_bytes, "%s: must end in .svg or .png", shown);
        return STATUS_INVALID_ARGUMENT;
    }
    if (!is_installed()) {
        snprintf(why, why_bytes, "%s", NOT_INSTALLED);
        return STATUS_SYSTEM;
    }
    return check_writing(path, why, why_bytes);
}

static enum status put_script(const struct gnuplot *gnuplot, const char *terminal, const struct comparison *comparison,
                              char *why, size_t why_bytes)
{
    struct writer writer;
    writer_open(&writer, gnuplot->script, "the plot's script", NULL); /* a failure stays in it */
    plot_put_script(&writer, terminal, NULL, comparison);
    enum status status = writer_close(&writer);
    if (status != STATUS_OK)
        snprintf(why, why_bytes, "%s", writer.why);
    else if (lseek(gnuplot->script, 0, SEEK_SET) != 0)
        status = fail(why, why_bytes, "lseek");
    return status;
}

static bool any_timed(const struct series *series, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (series_figures(&series[i]).trials > 0)
            return true;
    }
    return false;
}

enum status plot_draw(const char *path, const struct comparison *comparison, int interrupt_fd, char *why,
                      size_t why_bytes)
{
    if (!any_timed(comparison->designs, comparison->design_count) &&
        !any_timed(comparison->sweep, comparison->sweep_count)) {
        snprintf(why, why_bytes, "nothing to draw: no run was completed");
        return STATUS_END;
    }
    const char *terminal = terminal_of(path);
    struct gnuplot gnuplot;
    enum status status;
    if (!gnuplot_open(&gnuplot))
        status = fail(why, why_bytes, "memfd_create");
    else
        status = put_script(&gnuplot, terminal != NULL ? terminal : "svg", comparison, why, why_bytes);
    if (status == STATUS_OK)
        status = gnuplot_run(&gnuplot, interrupt_fd, why, why_bytes);
    if (status == STATUS_OK && lseek(gnuplot.picture, 0, SEEK_END) <= 0) {
        snprintf(why, why_bytes, "gnuplot drew nothing");
        status = STATUS_SYSTEM;
    }
    if (status == STATUS_OK)
        status = put_into_place(path, gnuplot.picture, why, why_bytes);
    gnuplot_close(&gnuplot);
    return status;
}
