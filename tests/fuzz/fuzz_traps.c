/* Any URL that common/url.c takes, through what a crawl asks of it: parameters that are taken out (common/url_query.c),
 * traps (coordinator/crawl/rules/traps.c) and scope. */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "common/url.h"
#include "common/url_plain.h"
#include "common/url_query.h"
#include "coordinator/crawl/rules/scope.h"
#include "coordinator/crawl/rules/traps.h"
#include "tests/fuzz/fuzz.h"

#define IN_2026 1767225600

struct state {
    struct url_parser *parser;
    struct url_query *queries[3];
    struct traps *traps, *strict;
    struct scope *scopes[SCOPE_KIND_COUNT];
};

static void open_scopes(struct state *state)
{
    static const char *const INCLUDE[] = {"a", "(b+)+c"}, *const EXCLUDE[] = {"(.*)*\\d$", "secret"};
    char why[128];
    for (int kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        struct scope_config config = {.kind = (enum scope_kind)kind,
                                      .include = INCLUDE,
                                      .include_count = 2,
                                      .exclude = EXCLUDE,
                                      .exclude_count = 2,
                                      .depth_max = 3};
        fuzz_expect(scope_open(&state->scopes[kind], &config, why, sizeof why) == STATUS_OK);
    }
}

static struct state *open_state(void)
{
    static struct state state;
    if (state.parser)
        return &state;
    static const char *const ALL[] = {"*"};
    size_t tracking_count, session_count;
    const char *const *tracking = url_query_set("tracking", &tracking_count);
    const char *const *session = url_query_set("session", &session_count);
    struct traps_config config;
    setlocale(LC_CTYPE, "C.UTF-8");
    state.parser = url_parser_open();
    state.queries[0] = url_query_open(false, tracking, tracking_count);
    state.queries[1] = url_query_open(true, session, session_count);
    state.queries[2] = url_query_open(false, ALL, 1);
    traps_config_init(&config);
    config.now_s = IN_2026;
    state.traps = traps_open(&config);
    config = (struct traps_config){.repeats_max = 1, .per_path_template = 2, .per_query_template = 2, .dates_max = 1};
    state.strict = traps_open(&config);
    fuzz_expect(state.parser && state.queries[0] && state.queries[1] && state.queries[2] && state.traps &&
                state.strict);
    open_scopes(&state);
    return &state;
}

static void expect_line(const char *text, size_t bytes, size_t room)
{
    fuzz_expect(bytes == strlen(text) && bytes > 0 && bytes < room && fuzz_is_harmless(text, bytes));
}

/* Done once is done; nothing but what may go is gone; a plain URL stays plain. */
static void take_out(const struct url_query *rules, const char *url, size_t bytes)
{
    struct url_parts parts;
    char *out = malloc(bytes + 1);
    char *same = fuzz_text((const uint8_t *)url, bytes);
    fuzz_expect(out && same);
    size_t left = url_query_apply(rules, url, bytes, out);
    fuzz_expect(left <= bytes && out[left] == '\0' && strlen(out) == left);
    fuzz_expect(url_query_apply(rules, same, bytes, same) == left && memcmp(same, out, left + 1) == 0);
    fuzz_expect(url_query_apply(rules, same, left, same) == left && memcmp(same, out, left + 1) == 0);
    size_t at = 0;
    for (size_t i = 0; i < bytes && at < left; i++)
        at += url[i] == out[at];
    fuzz_expect(at == left);
    if (url_parse_plain(url, bytes, &parts))
        fuzz_expect(url_parse_plain(out, left, &parts));
    free(out);
    free(same);
}

static void judge_traps(struct traps *traps, const struct url_parts *url)
{
    char text[200], cut[4];
    enum crawl_reason reason = traps_judge(traps, 1, url);
    fuzz_expect(reason == REASON_NONE || (reason >= REASON_URL_LENGTH && reason <= REASON_TEMPLATE));
    for (int i = REASON_URL_LENGTH; i <= REASON_TEMPLATE; i++) {
        expect_line(text, traps_explain(traps, url, (enum crawl_reason)i, text, sizeof text), sizeof text);
        expect_line(cut, traps_explain(traps, url, (enum crawl_reason)i, cut, sizeof cut), sizeof cut);
    }
    /* What the text alone says is said again. */
    enum crawl_reason again = traps_judge(traps, 1, url);
    if (reason != REASON_NONE)
        fuzz_expect(again == reason);
    else
        fuzz_expect(again == REASON_NONE || again == REASON_TEMPLATE);
}

static void judge_scope(struct scope *scope, const struct url_parts *url, unsigned kind)
{
    char text[200];
    struct scope_link link = {.url = url, .kind = (enum link_kind)(kind % LINK_KIND_COUNT), .depth = kind / 64};
    enum crawl_reason reason = scope_judge(scope, &link);
    if (reason != REASON_NONE)
        expect_line(text, scope_explain(scope, &link, reason, text, sizeof text), sizeof text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct state *state = open_state();
    struct fuzz_bytes bytes = {data, size};
    struct url_parts parts;
    uint8_t kind = fuzz_u8(&bytes);
    char *text = fuzz_text(bytes.at, bytes.left);
    if (url_parse(state->parser, text, bytes.left, &parts) == FETCH_OK) {
        for (size_t i = 0; i < 3; i++)
            take_out(state->queries[i], parts.fetch.at, parts.fetch.bytes);
        judge_traps(state->traps, &parts);
        judge_traps(state->strict, &parts);
        for (size_t i = 0; i < SCOPE_KIND_COUNT; i++)
            judge_scope(state->scopes[i], &parts, kind);
        /* A seed is in its own scope. Only for some, so that the set stays small. */
        if (kind % 64 == 63) {
            struct scope_link link = {.url = &parts, .kind = LINK_PAGE};
            for (size_t i = 0; i < SCOPE_KIND_COUNT; i++) {
                fuzz_expect(scope_add_seed(state->scopes[i], &parts));
                fuzz_expect(scope_judge(state->scopes[i], &link) != REASON_SCOPE);
            }
        }
    }
    free(text);
    return 0;
}
