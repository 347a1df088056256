/* Mirrors coordinator/compare/footprint.c: a process with children whose memory is known. */
#include "coordinator/compare/footprint.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/support/support.h"

#define MIB ((size_t)1 << 20)
#define CHILDREN 4
#define CHILDREN_MAX 16

/* A root with children, all of which do what they are told, one at a time, by number. */
struct family {
    pid_t root;
    pid_t pids[CHILDREN_MAX + 1]; /* the root first */
    size_t count;
    int orders[CHILDREN_MAX + 1]; /* write ends, by member */
    int answers;
    unsigned char *shared; /* made before all of them */
    size_t shared_bytes;
};

static struct family family;

/* What a member is told. */
enum order { TOUCH_SHARED = 's', TOUCH_OWN = 'o', GIVE_BACK = 'g' };

static size_t own_bytes;

_Noreturn static void obey(int orders, int answers, size_t member)
{
    unsigned char *own = NULL;
    pid_t pid = getpid();
    ssize_t wrote = write(answers, &pid, sizeof pid);
    for (char order; wrote > 0 && read(orders, &order, 1) == 1;) {
        if (order == TOUCH_SHARED)
            memset(family.shared, (int)member + 1, family.shared_bytes);
        if (order == TOUCH_OWN) {
            own = mmap(NULL, own_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            memset(own, (int)member + 1, own_bytes);
        }
        if (order == GIVE_BACK)
            munmap(own, own_bytes);
        wrote = write(answers, &pid, sizeof pid);
    }
    _exit(0);
}

static pid_t next_answer(void)
{
    pid_t pid = 0;
    struct pollfd polled = {.fd = family.answers, .events = POLLIN};
    ck_assert_int_eq(poll(&polled, 1, NET_MS), 1);
    ck_assert_int_eq(read(family.answers, &pid, sizeof pid), (ssize_t)sizeof pid);
    return pid;
}

static void tell(size_t member, enum order order)
{
    const char byte = (char)order;
    ck_assert_int_eq(write(family.orders[member], &byte, 1), 1);
    ck_assert_int_eq(next_answer(), family.pids[member]);
}

static void begin_family(size_t children, size_t shared_bytes)
{
    int answers[2], orders[CHILDREN_MAX + 1][2];
    pid_t parent = getpid();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    family = (struct family){.shared_bytes = shared_bytes};
    family.shared = mmap(NULL, shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(family.shared, MAP_FAILED);
    ck_assert_int_eq(pipe2(answers, O_CLOEXEC), 0);
    for (size_t i = 0; i <= children; i++) {
        ck_assert_int_eq(pipe2(orders[i], O_CLOEXEC), 0);
        family.orders[i] = orders[i][1];
    }
    family.root = fork();
    ck_assert_int_ge(family.root, 0);
    if (family.root == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (size_t i = 1; i <= children; i++) {
            pid_t root = getpid();
            if (fork() == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (getppid() != root)
                    _exit(1);
                obey(orders[i][0], answers[1], i);
            }
            if (read(orders[0][0], &(char){0}, 1) != 1) /* one after the other: their pids come in order */
                _exit(1);
        }
        if (getppid() != parent)
            _exit(1);
        obey(orders[0][0], answers[1], 0);
    }
    close(answers[1]);
    family.answers = answers[0];
    for (size_t i = 1; i <= children; i++) {
        family.pids[i] = next_answer();
        ck_assert_int_eq(write(family.orders[0], "", 1), 1);
    }
    ck_assert_int_eq(next_answer(), family.root);
    family.pids[0] = family.root;
    family.count = children + 1;
    for (size_t i = 0; i < family.count; i++)
        close(orders[i][0]);
}

static void end_family(void)
{
    if (family.root > 0) {
        kill(family.root, SIGKILL);
        for (size_t i = 0; i < family.count; i++) {
            waitpid(family.pids[i], NULL, 0); /* without the root its children are ours, and dying */
            close(family.orders[i]);
        }
        close(family.answers);
        munmap(family.shared, family.shared_bytes);
    }
    family.root = 0;
}

/* The KiB behind a name in a file of /proc/PID. */
static uint64_t proc_kib(pid_t pid, const char *name, const char *field)
{
    char path[64], line[256];
    uint64_t kib = UINT64_MAX;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    FILE *file = fopen(path, "re");
    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    while (kib == UINT64_MAX && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0)
            kib = strtoull(line + strlen(field), NULL, 10);
    }
    fclose(file);
    ck_assert_uint_ne(kib, UINT64_MAX);
    return kib;
}

/* What the test itself reads, member by member. */
static uint64_t sum_of_pss(void)
{
    uint64_t sum_kib = 0, files_kib = 0;
    for (size_t i = 0; i < family.count; i++) {
        uint64_t mapped_kib = proc_kib(family.pids[i], "status", "RssFile:");
        sum_kib +=
            proc_kib(family.pids[i], "smaps_rollup", "Pss:") - proc_kib(family.pids[i], "smaps_rollup", "Pss_File:");
        files_kib = mapped_kib > files_kib ? mapped_kib : files_kib;
    }
    return (sum_kib + files_kib) * 1024;
}

/* Few MiB for what else is in a process, and differs as the pages are copied that a fork shared. */
static void expect_about(uint64_t bytes, uint64_t expected)
{
    ck_assert_msg(bytes + 4 * MIB >= expected && bytes <= expected + 4 * MIB, "%.1f MiB, not about %.1f MiB",
                  (double)bytes / (double)MIB, (double)expected / (double)MIB);
}

/* ---- one reading ---- */

START_TEST(pages_that_all_share_count_once)
{
    begin_family(CHILDREN, 64 * MIB);
    uint64_t before = footprint_read(family.root);
    ck_assert_uint_gt(before, 0);
    for (size_t i = 0; i < family.count; i++) {
        tell(i, TOUCH_SHARED);
        expect_about(footprint_read(family.root), before + 64 * MIB); /* from the first to the last */
    }
}
END_TEST

START_TEST(private_memory_of_all_adds_up)
{
    own_bytes = 16 * MIB;
    begin_family(CHILDREN, MIB);
    uint64_t before = footprint_read(family.root);
    for (size_t i = 0; i < family.count; i++) {
        tell(i, TOUCH_OWN);
        expect_about(footprint_read(family.root), before + (i + 1) * own_bytes);
    }
    tell(2, GIVE_BACK);
    expect_about(footprint_read(family.root), before + (family.count - 1) * own_bytes);
}
END_TEST

START_TEST(it_is_the_sum_of_what_proc_says_of_each)
{
    own_bytes = 24 * MIB;
    begin_family(CHILDREN, 32 * MIB);
    for (size_t i = 0; i < family.count; i++) {
        tell(i, TOUCH_SHARED);
        if (i % 2 == 0)
            tell(i, TOUCH_OWN);
    }
    double said = (double)footprint_read(family.root), read = (double)sum_of_pss();
    ck_assert_msg(said > read * 0.97 && said < read * 1.03, "%.0f, read by hand: %.0f", said, read);
}
END_TEST

START_TEST(a_process_without_children_counts_alone)
{
    own_bytes = 20 * MIB;
    begin_family(0, MIB);
    uint64_t before = footprint_read(family.root);
    tell(0, TOUCH_OWN);
    expect_about(footprint_read(family.root), before + own_bytes);
}
END_TEST

START_TEST(a_child_that_has_died_counts_nothing)
{
    own_bytes = 24 * MIB;
    begin_family(CHILDREN, MIB);
    for (size_t i = 0; i < family.count; i++)
        tell(i, TOUCH_OWN);
    uint64_t before = footprint_read(family.root);
    kill(family.pids[1], SIGKILL);
    int64_t deadline_ms = now_ms() + NET_MS;
    uint64_t after = before; /* its memory goes a moment later; it stays as a zombie */
    while (after + 23 * MIB > before && now_ms() < deadline_ms)
        after = footprint_read(family.root);
    ck_assert_uint_le(after + 23 * MIB, before);
    ck_assert_uint_ge(after + own_bytes + 12 * MIB, before); /* and no other's memory with it */
}
END_TEST

START_TEST(a_process_that_is_dead_or_gone_has_none)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        _exit(0);
    siginfo_t about;
    ck_assert_int_eq(waitid(P_PID, (id_t)pid, &about, WEXITED | WNOWAIT), 0);
    ck_assert_uint_eq(footprint_read(pid), 0); /* a zombie */
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    ck_assert_uint_eq(footprint_read(pid), 0);
}
END_TEST

/* ---- the peak ---- */

/* Looks whenever it wants to, until the peak is so high. */
static void look_until(struct footprint *footprint, uint64_t bytes)
{
    int64_t deadline_ms = now_ms() + NET_MS;
    while (footprint->peak_bytes < bytes) {
        ck_assert_msg(now_ms() < deadline_ms, "peak %" PRIu64 " bytes", footprint->peak_bytes);
        poll(NULL, 0, clock_left_ms(footprint->next_ns, 100));
        footprint_look(footprint, clock_now_ns());
    }
}

START_TEST(looking_finds_the_peak_and_keeps_it)
{
    struct footprint footprint;
    own_bytes = 48 * MIB;
    begin_family(2, 16 * MIB);
    footprint_begin(&footprint, family.root, clock_now_ns());
    look_until(&footprint, 1);
    uint64_t before = footprint_read(family.root);
    tell(1, TOUCH_OWN);
    tell(0, TOUCH_SHARED);
    look_until(&footprint, before + 60 * MIB);
    expect_about(footprint.peak_bytes, before + 64 * MIB);
    uint64_t peak = footprint.peak_bytes;
    tell(1, GIVE_BACK);
    for (int i = 0; i < 5; i++) {
        poll(NULL, 0, clock_left_ms(footprint.next_ns, 100));
        footprint_look(&footprint, clock_now_ns());
    }
    ck_assert_uint_eq(footprint.peak_bytes, peak);
}
END_TEST

START_TEST(nothing_is_read_before_it_is_time)
{
    struct footprint footprint;
    begin_family(0, MIB);
    int64_t now_ns = clock_now_ns();
    footprint_begin(&footprint, family.root, now_ns);
    ck_assert_int_gt(footprint.next_ns, now_ns);
    for (int i = 0; i < 3; i++)
        footprint_look(&footprint, footprint.next_ns - 1);
    ck_assert_uint_eq(footprint.peak_bytes, 0);
    ck_assert_int_eq(footprint.spent_ns, 0);
}
END_TEST

START_TEST(a_root_that_ends_keeps_its_peak)
{
    struct footprint footprint;
    begin_family(1, MIB);
    footprint_begin(&footprint, family.root, clock_now_ns());
    look_until(&footprint, 1);
    uint64_t peak = footprint.peak_bytes;
    kill(family.root, SIGKILL);
    siginfo_t about;
    ck_assert_int_eq(waitid(P_PID, (id_t)family.root, &about, WEXITED | WNOWAIT), 0);
    for (int i = 0; i < 5; i++)
        footprint_look(&footprint, footprint.next_ns);
    ck_assert_uint_eq(footprint.peak_bytes, peak);
}
END_TEST

/* Memory that grows all the time does not have it read all the time. */
START_TEST(readings_keep_to_their_budget)
{
    struct footprint footprint;
    own_bytes = 4 * MIB;
    begin_family(CHILDREN, 8 * MIB);
    int64_t began_ns = clock_now_ns();
    footprint_begin(&footprint, family.root, began_ns);
    int64_t one_ns = 0, last_ns = began_ns; /* the longest reading; the latest time */
    for (int i = 0; i < 60; i++) {
        tell((size_t)i % family.count, TOUCH_OWN);
        int64_t before_ns = footprint.spent_ns;
        last_ns = footprint.next_ns > last_ns ? footprint.next_ns : last_ns;
        footprint_look(&footprint, last_ns);
        if (footprint.spent_ns - before_ns > one_ns)
            one_ns = footprint.spent_ns - before_ns;
    }
    ck_assert_uint_gt(footprint.peak_bytes, 0);
    /* The budget may be passed by the one reading that spends the last of it. */
    ck_assert_int_le(footprint.spent_ns, NS_PER_MS + (last_ns - began_ns) / 100 + one_ns);
}
END_TEST

int main(void)
{
    if (!processes_are_tested("compare_footprint")) /* nor is memory what it is, with a shadow of each byte */
        return EXIT_SUCCESS;
    Suite *suite = suite_create("compare_footprint");
    TCase *cases = tcase_create("footprint");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, NULL, end_family);
    tcase_add_test(cases, pages_that_all_share_count_once);
    tcase_add_test(cases, private_memory_of_all_adds_up);
    tcase_add_test(cases, it_is_the_sum_of_what_proc_says_of_each);
    tcase_add_test(cases, a_process_without_children_counts_alone);
    tcase_add_test(cases, a_child_that_has_died_counts_nothing);
    tcase_add_test(cases, a_process_that_is_dead_or_gone_has_none);
    tcase_add_test(cases, looking_finds_the_peak_and_keeps_it);
    tcase_add_test(cases, nothing_is_read_before_it_is_time);
    tcase_add_test(cases, a_root_that_ends_keeps_its_peak);
    tcase_add_test(cases, readings_keep_to_their_budget);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
