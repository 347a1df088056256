/* What the suites of the engine share: executors of every engine against an origin server of their own, and
 * looks from outside at what a process has open.
 *
 * Every suite is run by Check in forked children, so nothing here is shared between tests. */
#ifndef SHOAL_TESTS_SUPPORT_H
#define SHOAL_TESTS_SUPPORT_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/shared.h"
#include "coordinator/executor/executor.h"
#include "tests/origin/origin.h"

/* Whether each test has a process of its own, which it may end; not so under valgrind (CK_FORK=no). */
bool tests_are_forked(void);

/* For main() of a suite that waits for programs: false, and said, where the system has no pidfd_open(), as under valgrind. */
bool pidfds_are_here(void);

/* How long anything may take before a test gives up: a net, never a pace. */
#define NET_MS 20000

/* ---- time ---- */

int64_t now_ms(void);

/* ---- shared memory ---- */

/* Shared memory for tests without an executor: extents of stride 1 MiB. Fails the test when there is none. */
void shared_for(struct shared *shared, uint32_t workers, uint32_t slots);

/* Gives this process a /dev/shm of its own, with so many KiB; false where that is not permitted, or where later tests would have it
 * too. */
bool enter_private_shm(unsigned kib);

/* And an /etc with nothing but this nsswitch.conf and a hosts file, which calls 127.0.0.1 old.test; the same. */
bool enter_private_etc(const char *nsswitch);

/* Waits until no object of ours has a name in /dev/shm: those of suites beside us have one for an instant. */
bool shm_names_are_gone(void);

/* Bytes of this process's memory that a child would not get (MADV_DONTFORK). */
size_t bytes_not_for_children(void);

/* ---- libraries ---- */

/* Whether a password in a URL is sent again to the same origin after a redirect: libcurl 8 (8.14 at least) drops it there too. */
bool password_stays(void);

/* ---- manuals ---- */

/* The HTML pages of a manual as Debian packs it: of whichever version is installed, the last if there are several; NULL without one.
 * The text lives as long as the process. */
const char *manual_of_postgresql(void);
const char *manual_of_python(void);

/* ---- processes and descriptors ---- */

/* Descriptors of this process that are open now. */
size_t descriptors_open(void);

/* The children of this process, zombies too, apart from `origin`'s (may be NULL). Returns how many; writes up to `max`. */
size_t children_of_self(const struct origin *origin, pid_t *pids, size_t max);

/* Answers one system call of this process, and of all that it starts, with an error, for good; false where that is not
 * permitted. */
bool refuse_system_call(uint32_t number, uint32_t error);

/* ---- an executor with its origin ---- */

struct rig {
    struct origin origin;
    struct executor *executor;
    struct executor_options options; /* to change between rig_begin() and rig_open() */
};

extern const char *const ENGINE_NAMES[EXECUTOR_ENGINE_COUNT];

/* Whether SHOAL_TEST_ENGINE, names of engines with commas between them, names this one; all when it is not set. */
bool engine_is_tested(int engine);

/* Adds the test once for each engine that is tested: _i is the engine. */
void add_for_each_engine(TCase *cases, const TTest *test);

/* For main() of a suite that is about the processes alone: false if they are not tested; this is said then. */
bool processes_are_tested(const char *suite);

/* Starts an origin and sets options: two workers, 8 transfers in flight. */
void rig_begin(struct rig *rig, int engine);
void rig_open(struct rig *rig);
/* Both at once. */
void rig_up(struct rig *rig, int engine);
/* Closes the executor if it is open, and stops the origin. */
void rig_down(struct rig *rig);

/* Submits origin's path, formatted; blocking. */
struct future *rig_submit(struct rig *rig, const char *path_format, ...) __attribute__((format(printf, 2, 3)));

/* Waits for the future's result within NET_MS and checks that it is what is said. */
const struct fetch_result *expect_ok(struct future *future);
const struct fetch_result *expect_error(struct future *future, enum fetch_error error);
void expect_cancelled(struct future *future);

/* Drives the executor until the future runs; fails the test after NET_MS. */
void run_until_running(struct executor *executor, struct future *future);

/* Checks that the body is the origin's text of so many bytes. */
void expect_text_body(const struct fetch_result *result, uint64_t bytes);

#endif
