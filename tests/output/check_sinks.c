/* Mirrors coordinator/output/sink_text.c, sink_jsonl.c and sink_files.c. */
#include "coordinator/output/sinks.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64];

static void make_directory(void)
{
    strcpy(directory, "/tmp/check_sinks.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

static int remove_entry(const char *path, const struct stat *stat_of_path, int type, struct FTW *walk)
{
    (void)stat_of_path, (void)type, (void)walk;
    return remove(path);
}

static void remove_directory(void)
{
    nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static struct fetch_result fetched(const char *body)
{
    return (struct fetch_result){
        .error = FETCH_OK,
        .detail = "",
        .attempts = 1,
        .worker = 3,
        .http_status = 200,
        .http_version = 20,
        .url = "https://example.org/",
        .effective_url = "https://example.org/",
        .content_type = "text/html; charset=UTF-8",
        .remote_ip = "192.0.2.7",
        .body = (const unsigned char *)body,
        .body_bytes = strlen(body),
        .wire_bytes = 2,
        .time = {.queued_us = 100,
                 .dns_us = 1000,
                 .connect_us = 2000,
                 .tls_us = 10000,
                 .first_byte_us = 50000,
                 .total_us = 60000},
    };
}

static struct fetch_result cancelled(void)
{
    return (struct fetch_result){.error = FETCH_CANCELLED, .detail = ""};
}

static struct outcome outcome_of(const char *url, const struct fetch_result *result)
{
    return (struct outcome){
        .url = url, .url_bytes = strlen(url), .line = 1, .attempts = result->attempts, .result = result};
}

/* ---- text ---- */

/* What the text sink puts for one outcome, as "out|err". */
static const char *as_text(struct outcome outcome, bool quiet)
{
    static char shown[4096];
    struct writer out, err;
    struct sink *sink;
    size_t bytes;
    writer_open_memory(&out);
    writer_open_memory(&err);
    ck_assert_int_eq(sink_text_open(&sink, &out, &err, quiet ? SINK_QUIET : 0), STATUS_OK);
    ck_assert_int_eq(sink->ops->write(sink, &outcome), STATUS_OK);
    ck_assert_int_eq(sink->ops->flush(sink), STATUS_OK);
    snprintf(shown, sizeof shown, "%s|", writer_text(&out, &bytes));
    strncat(shown, writer_text(&err, &bytes), sizeof shown - strlen(shown) - 1);
    sink->ops->close(sink);
    writer_close(&out);
    writer_close(&err);
    return shown;
}

START_TEST(text_puts_successes_on_out_and_failures_on_err)
{
    struct fetch_result result = fetched("hello");
    ck_assert_str_eq(as_text(outcome_of("https://example.org/", &result), false),
                     "Read 5 from https://example.org/\n|");
    result.error = FETCH_TIMEOUT_CONNECT;
    result.detail = "no answer within 10 s";
    ck_assert_str_eq(as_text(outcome_of("https://example.org/", &result), false),
                     "|Failed https://example.org/: timeout-connect: no answer within 10 s\n");
    result.detail = "";
    ck_assert_str_eq(as_text(outcome_of("https://example.org/", &result), false),
                     "|Failed https://example.org/: timeout-connect\n");
    result.detail = NULL;
    ck_assert_str_eq(as_text(outcome_of("https://example.org/", &result), true),
                     "|Failed https://example.org/: timeout-connect\n");
}
END_TEST

START_TEST(text_is_silent_about_successes_when_quiet)
{
    struct fetch_result result = fetched("hello");
    ck_assert_str_eq(as_text(outcome_of("https://example.org/", &result), true), "|");
}
END_TEST

START_TEST(text_keeps_hostile_bytes_in_one_tame_line)
{
    struct fetch_result result = fetched("");
    result.error = FETCH_PROTOCOL;
    result.detail = "server says \x1b]52;c;x\x07\r\nFailed http://fake/: ok%n\xff";
    struct outcome outcome = outcome_of("http://h/", &result);
    outcome.url = "http://h/\0\x1b[2J\xe2\x80\xae";
    outcome.url_bytes = 17;
    ck_assert_str_eq(as_text(outcome, false), "|Failed http://h/\\x00\\x1b[2J\\u{202e}: protocol: server says "
                                              "\\x1b]52;c;x\\x07\\x0d\\x0aFailed http://fake/: ok%n\\xff\n");
}
END_TEST

START_TEST(text_and_jsonl_never_show_a_password)
{
    struct fetch_result result = fetched("");
    struct writer out;
    struct sink *sink;
    size_t bytes;
    result.effective_url = "https://user:secret@example.org/";
    struct outcome outcome = outcome_of("https://user:secret@example.org/", &result);
    ck_assert_str_eq(as_text(outcome, false), "Read 0 from https://example.org/\n|");
    writer_open_memory(&out);
    sink_jsonl_open(&sink, &out, 0);
    sink->ops->write(sink, &outcome);
    ck_assert_ptr_null(strstr(writer_text(&out, &bytes), "secret"));
    sink->ops->close(sink);
    writer_close(&out);
}
END_TEST

START_TEST(a_sink_says_why_its_output_failed)
{
    struct writer out, err;
    struct sink *sink;
    struct fetch_result result = fetched("hello");
    struct outcome outcome = outcome_of("http://h/", &result);
    writer_open_path(&out, "/dev/full", NULL);
    writer_open_memory(&err);
    sink_text_open(&sink, &out, &err, 0);
    ck_assert_int_eq(sink->ops->write(sink, &outcome), STATUS_OK);
    ck_assert_int_eq(sink->ops->flush(sink), STATUS_SYSTEM);
    ck_assert_str_eq(sink->why, "cannot write to /dev/full: No space left on device");
    ck_assert_int_eq(sink->ops->write(sink, &outcome), STATUS_SYSTEM);
    sink->ops->close(sink);
    sink_jsonl_open(&sink, &out, 0);
    ck_assert_int_eq(sink->ops->write(sink, &outcome), STATUS_SYSTEM);
    ck_assert_str_eq(sink->why, "cannot write to /dev/full: No space left on device");
    sink->ops->close(sink);
    writer_close(&out);
    writer_close(&err);
}
END_TEST

/* ---- jsonl ---- */

static const char *as_jsonl(struct outcome outcome, bool quiet)
{
    static char shown[4096];
    struct writer out;
    struct sink *sink;
    size_t bytes;
    writer_open_memory(&out);
    ck_assert_int_eq(sink_jsonl_open(&sink, &out, quiet ? SINK_QUIET : 0), STATUS_OK);
    ck_assert_int_eq(sink->ops->write(sink, &outcome), STATUS_OK);
    snprintf(shown, sizeof shown, "%s", writer_text(&out, &bytes));
    sink->ops->close(sink);
    writer_close(&out);
    return shown;
}

START_TEST(jsonl_is_the_documented_object)
{
    struct fetch_result result = fetched("hello");
    ck_assert_str_eq(as_jsonl(outcome_of("https://example.org", &result), false),
                     "{\"url\":\"https://example.org\",\"effective_url\":\"https://example.org/"
                     "\",\"status\":200,"
                     "\"error\":null,\"detail\":null,\"bytes\":5,\"wire_bytes\":2,"
                     "\"content_type\":\"text/html; "
                     "charset=UTF-8\",\"http_version\":\"2\",\"remote_ip\":\"192.0.2.7\","
                     "\"redirects\":0,\"attempts\":1,\"worker\":3,\"time\":{\"queued\":0.000100,\"dns\":0."
                     "001000,"
                     "\"connect\":0.002000,\"tls\":0.010000,\"first_byte\":0.050000,\"total\":0.060000},"
                     "\"sha256\":null}\n");
}
END_TEST

START_TEST(jsonl_has_null_for_what_does_not_apply)
{
    struct fetch_result result = cancelled();
    ck_assert_str_eq(as_jsonl(outcome_of("http://h/", &result), false),
                     "{\"url\":\"http://h/\",\"effective_url\":null,\"status\":null,\"error\":\"cancelled\","
                     "\"detail\":null,\"bytes\":0,\"wire_bytes\":0,\"content_type\":null,\"http_version\":null,"
                     "\"remote_ip\":null,\"redirects\":0,\"attempts\":0,\"worker\":null,\"time\":{\"queued\":"
                     "null,"
                     "\"dns\":null,\"connect\":null,\"tls\":null,\"first_byte\":null,\"total\":null},"
                     "\"sha256\":null}\n");
    result = fetched("");
    result.time.tls_us = result.time.dns_us = -1;
    const char *shown = as_jsonl(outcome_of("http://h/", &result), false);
    ck_assert_ptr_nonnull(strstr(shown, "\"dns\":null,\"connect\":0.002000,\"tls\":null,"));
}
END_TEST

START_TEST(jsonl_records_digest_insecure_and_signal)
{
    struct fetch_result result = fetched("");
    result.has_sha256 = true;
    memset(result.sha256, 0xab, sizeof result.sha256);
    result.insecure = true;
    result.error = FETCH_WORKER_CRASHED;
    result.crash_signal = 9;
    ck_assert_ptr_nonnull(strstr(as_jsonl(outcome_of("http://h/", &result), false),
                                 "\"sha256\":\"abababababababababababababababababababababababababababababababab\","
                                 "\"insecure\":true,\"signal\":9}\n"));
}
END_TEST

START_TEST(jsonl_names_each_http_version)
{
    static const struct {
        uint32_t version;
        const char *shown;
    } CASES[] = {{10, "\"1.0\""}, {11, "\"1.1\""}, {20, "\"2\""}, {30, "\"3\""}, {0, "null"}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct fetch_result result = fetched("");
        char expected[64];
        result.http_version = CASES[i].version;
        snprintf(expected, sizeof expected, ",\"http_version\":%s,", CASES[i].shown);
        ck_assert_ptr_nonnull(strstr(as_jsonl(outcome_of("http://h/", &result), false), expected));
    }
}
END_TEST

START_TEST(jsonl_escapes_whatever_came_from_outside)
{
    struct fetch_result result = fetched("");
    result.content_type = "text/\"html\"\r\n\x1b";
    result.detail = "\xff\\";
    struct outcome outcome = outcome_of("http://h/", &result);
    outcome.url = "http://h/\0\n";
    outcome.url_bytes = 11;
    const char *shown = as_jsonl(outcome, false);
    ck_assert_ptr_nonnull(strstr(shown, "{\"url\":\"http://h/\\u0000\\n\","));
    ck_assert_ptr_nonnull(strstr(shown, "\"content_type\":\"text/\\\"html\\\"\\r\\n\\u001b\","));
    ck_assert_ptr_nonnull(strstr(shown, "\"detail\":\"\\u00ff\\\\\","));
    ck_assert_ptr_eq(strchr(shown, '\n'), shown + strlen(shown) - 1);
}
END_TEST

START_TEST(jsonl_keeps_failures_when_quiet)
{
    struct fetch_result result = fetched("");
    ck_assert_str_eq(as_jsonl(outcome_of("http://h/", &result), true), "");
    result.error = FETCH_RESET;
    ck_assert_str_ne(as_jsonl(outcome_of("http://h/", &result), true), "");
}
END_TEST

/* ---- files ---- */

static struct sink *open_files(void)
{
    struct sink *sink;
    char why[256] = "";
    ck_assert_msg(sink_files_open(&sink, directory, why, sizeof why) == STATUS_OK, "%s", why);
    return sink;
}

static enum status save(struct sink *sink, const char *url, const char *body)
{
    struct fetch_result result = fetched(body);
    struct outcome outcome = outcome_of(url, &result);
    return sink->ops->write(sink, &outcome);
}

/* The content of a file below the directory; NULL if it cannot be read. */
static const char *content_of(const char *name)
{
    static char content[256];
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_RDONLY | O_NOFOLLOW);
    if (fd < 0)
        return NULL;
    ssize_t bytes = read(fd, content, sizeof content - 1);
    close(fd);
    content[bytes > 0 ? bytes : 0] = '\0';
    return content;
}

static int entries_counted;

static int count_entry(const char *path, const struct stat *stat_of_path, int type, struct FTW *walk)
{
    (void)stat_of_path;
    entries_counted += type == FTW_F;
    ck_assert_msg(strncmp(path + walk->base, ".shoal-", 7) != 0, "%s was left behind", path);
    return 0;
}

/* How many regular files there are; none of them a temporary one. */
static int count_files(void)
{
    entries_counted = 0;
    nftw(directory, count_entry, 16, FTW_PHYS);
    return entries_counted;
}

START_TEST(bodies_are_saved_and_replaced)
{
    struct sink *sink = open_files();
    ck_assert_int_eq(save(sink, "https://h.de/a/b", "one"), STATUS_OK);
    ck_assert_int_eq(save(sink, "https://h.de/a/c", "two"), STATUS_OK);
    ck_assert_int_eq(save(sink, "https://h.de/", ""), STATUS_OK);
    ck_assert_int_eq(save(sink, "https://h.de/a/b", "three"), STATUS_OK);
    ck_assert_str_eq(content_of("h.de/a/b"), "three");
    ck_assert_str_eq(content_of("h.de/a/c"), "two");
    ck_assert_str_eq(content_of("h.de/index.html"), "");
    ck_assert_int_eq(count_files(), 3);
    sink->ops->close(sink);
}
END_TEST

START_TEST(only_successes_are_saved)
{
    struct sink *sink = open_files();
    struct fetch_result result = fetched("404");
    result.error = FETCH_HTTP_STATUS;
    struct outcome outcome = outcome_of("https://h.de/", &result);
    ck_assert_int_eq(sink->ops->write(sink, &outcome), STATUS_OK);
    ck_assert_int_eq(count_files(), 0);
    sink->ops->close(sink);
}
END_TEST

START_TEST(missing_directories_are_made_with_their_parents)
{
    struct sink *sink;
    char why[256], path[256];
    snprintf(path, sizeof path, "%s/deep/er//out/", directory);
    ck_assert_int_eq(sink_files_open(&sink, path, why, sizeof why), STATUS_OK);
    ck_assert_int_eq(save(sink, "https://h.de/a", "x"), STATUS_OK);
    ck_assert_str_eq(content_of("deep/er/out/h.de/a"), "x");
    sink->ops->close(sink);
}
END_TEST

START_TEST(a_directory_that_cannot_be_is_refused_by_name)
{
    struct sink *sink;
    char why[256];
    ck_assert_int_eq(sink_files_open(&sink, "/dev/null/x\x1b", why, sizeof why), STATUS_SYSTEM);
    ck_assert_ptr_null(sink);
    ck_assert_str_eq(why, "cannot save bodies in /dev/null/x\\x1b: mkdir: Not a directory");
    ck_assert_int_eq(sink_files_open(&sink, "/dev/null", why, sizeof why), STATUS_SYSTEM);
    ck_assert_int_eq(sink_files_open(&sink, "", why, sizeof why), STATUS_SYSTEM);
}
END_TEST

START_TEST(a_file_in_the_way_of_a_directory_gets_company)
{
    struct sink *sink = open_files();
    ck_assert_int_eq(save(sink, "https://h.de/a", "file"), STATUS_OK);
    ck_assert_int_eq(save(sink, "https://h.de/a/b", "below"), STATUS_OK);
    ck_assert_int_eq(save(sink, "https://h.de/c/d", "below"), STATUS_OK);
    ck_assert_int_eq(save(sink, "https://h.de/c", "file"), STATUS_OK);
    ck_assert_str_eq(content_of("h.de/a"), "file");
    ck_assert_str_eq(content_of("h.de/c/d"), "below");
    ck_assert_int_eq(count_files(), 4);
    ck_assert_int_eq(save(sink, "https://h.de/a/b", "again"), STATUS_OK);
    ck_assert_int_eq(save(sink, "https://h.de/c", "again"), STATUS_OK);
    ck_assert_int_eq(count_files(), 4);
    sink->ops->close(sink);
}
END_TEST

START_TEST(a_planted_symlink_is_never_followed)
{
    char path[256], elsewhere[64] = "/tmp/check_sinks_else.XXXXXX";
    struct sink *sink = open_files();
    struct stat stat_of_path;
    ck_assert_ptr_nonnull(mkdtemp(elsewhere));
    snprintf(path, sizeof path, "%s/h.de", directory);
    ck_assert_int_eq(symlink(elsewhere, path), 0);
    snprintf(path, sizeof path, "%s/i.de", directory);
    ck_assert_int_eq(mkdir(path, 0777), 0);
    snprintf(path, sizeof path, "%s/i.de/file", directory);
    char target[128];
    snprintf(target, sizeof target, "%s/victim", elsewhere);
    ck_assert_int_eq(symlink(target, path), 0);
    ck_assert_int_eq(save(sink, "https://h.de/a", "x"), STATUS_OK);
    ck_assert_int_eq(save(sink, "https://i.de/file", "y"), STATUS_OK);
    ck_assert_int_eq(lstat(target, &stat_of_path), -1);
    ck_assert_str_eq(content_of("i.de/file"), "y"); /* the link was replaced */
    ck_assert_int_eq(rmdir(elsewhere), 0);          /* nothing was put there */
    ck_assert_int_eq(count_files(), 2);
    sink->ops->close(sink);
}
END_TEST

START_TEST(a_directory_that_was_removed_is_made_again)
{
    char path[256];
    struct sink *sink = open_files();
    ck_assert_int_eq(save(sink, "https://h.de/a/b", "x"), STATUS_OK);
    snprintf(path, sizeof path, "%s/h.de", directory);
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    ck_assert_int_eq(save(sink, "https://h.de/a/c", "y"), STATUS_OK);
    ck_assert_str_eq(content_of("h.de/a/c"), "y");
    sink->ops->close(sink);
}
END_TEST

START_TEST(a_full_disk_leaves_no_half_file)
{
    static char body[1 << 20];
    char expected[512];
    memset(body, 'x', sizeof body - 1);
    if (mount("shoal", directory, "tmpfs", 0, "size=256k") != 0)
        return; /* not permitted here */
    struct sink *sink = open_files();
    enum status small = save(sink, "https://h.de/small", "kept");
    enum status large = save(sink, "https://h.de/small/../large", body);
    int files = count_files();
    sink->ops->close(sink);
    bool kept = content_of("h.de/small") != NULL;
    /* The sink's why is gone with it: ask once more. */
    sink = open_files();
    save(sink, "https://h.de/large", body);
    snprintf(expected, sizeof expected, "cannot save a body: write %s/h.de/large: No space left on device", directory);
    bool named = strcmp(sink->why, expected) == 0;
    sink->ops->close(sink);
    umount2(directory, MNT_DETACH);
    ck_assert_int_eq(small, STATUS_OK);
    ck_assert_int_eq(large, STATUS_SYSTEM);
    ck_assert_int_eq(files, 1);
    ck_assert(kept && named);
}
END_TEST

START_TEST(no_descriptor_is_left_open)
{
    int before = dup(0);
    close(before);
    struct sink *sink = open_files();
    ck_assert_int_eq(save(sink, "https://h.de/a/b/c", "x"), STATUS_OK);
    ck_assert_int_eq(save(sink, "https://i.de/a", "x"), STATUS_OK);
    sink->ops->close(sink);
    int after = dup(0);
    close(after);
    ck_assert_int_eq(before, after);
}
END_TEST

static Suite *sinks_suite(void)
{
    Suite *suite = suite_create("sinks");
    TCase *lines = tcase_create("lines");
    tcase_add_test(lines, text_puts_successes_on_out_and_failures_on_err);
    tcase_add_test(lines, text_is_silent_about_successes_when_quiet);
    tcase_add_test(lines, text_keeps_hostile_bytes_in_one_tame_line);
    tcase_add_test(lines, text_and_jsonl_never_show_a_password);
    tcase_add_test(lines, a_sink_says_why_its_output_failed);
    tcase_add_test(lines, jsonl_is_the_documented_object);
    tcase_add_test(lines, jsonl_has_null_for_what_does_not_apply);
    tcase_add_test(lines, jsonl_records_digest_insecure_and_signal);
    tcase_add_test(lines, jsonl_names_each_http_version);
    tcase_add_test(lines, jsonl_escapes_whatever_came_from_outside);
    tcase_add_test(lines, jsonl_keeps_failures_when_quiet);
    suite_add_tcase(suite, lines);
    TCase *files = tcase_create("files");
    tcase_add_checked_fixture(files, make_directory, remove_directory);
    tcase_add_test(files, bodies_are_saved_and_replaced);
    tcase_add_test(files, only_successes_are_saved);
    tcase_add_test(files, missing_directories_are_made_with_their_parents);
    tcase_add_test(files, a_directory_that_cannot_be_is_refused_by_name);
    tcase_add_test(files, a_file_in_the_way_of_a_directory_gets_company);
    tcase_add_test(files, a_planted_symlink_is_never_followed);
    tcase_add_test(files, a_directory_that_was_removed_is_made_again);
    tcase_add_test(files, a_full_disk_leaves_no_half_file);
    tcase_add_test(files, no_descriptor_is_left_open);
    suite_add_tcase(suite, files);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(sinks_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
