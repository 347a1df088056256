/* libcurl refuses to begin a transfer: what that transfer was set to may not show in the next. */
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/support.h"

static struct rig rig;

/* Each worker refuses the first transfer that it is given. The linker takes this one before libcurl's. */
static bool is_to_refuse;

/* libcurl's header makes a macro of the name. */
#undef curl_multi_add_handle
CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy)
{
    static CURLMcode (*real)(CURLM *, CURL *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "curl_multi_add_handle");
    if (is_to_refuse) {
        is_to_refuse = false;
        return CURLM_OUT_OF_MEMORY;
    }
    return real(multi, easy);
}

START_TEST(own_headers_of_a_refused_request_are_sent_with_no_other)
{
    static const char *const OWN[] = {"Authorization: Basic c2VjcmV0"};
    char url[128];
    struct future *future;
    rig_begin(&rig, _i);
    rig.options.workers = rig.options.concurrency = 1; /* one handle does all */
    rig_open(&rig);
    is_to_refuse = true;
    origin_url(&rig.origin, url, sizeof url, "/echo");
    const struct request request = {.url = url, .headers = OWN, .header_count = 1};
    ck_assert_int_eq(executor_submit(rig.executor, &request, -1, &future), STATUS_OK);
    expect_error(future, FETCH_OUT_OF_MEMORY);
    future_release(future);
    for (int i = 0; i < 2; i++) {
        future = rig_submit(&rig, "/echo");
        const struct fetch_result *result = expect_ok(future);
        ck_assert_ptr_null(memmem(result->body, (size_t)result->body_bytes, "Authorization", 13));
        future_release(future);
    }
    rig_down(&rig);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("refused start");
    TCase *tests = tcase_create("start");
    tcase_set_timeout(tests, 60);
    add_for_each_engine(tests, own_headers_of_a_refused_request_are_sent_with_no_other);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
