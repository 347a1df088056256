/* expressions.c: the regular expressions of one option (PCRE2, bytes and no UTF. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "coordinator/crawl/rules/expressions.h"

#include <pcre2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct expression {
    const char *text;
    pcre2_code *code;
};

struct expressions {
    pcre2_match_context *limits;
    pcre2_match_data *match;
    size_t count;
    struct expression at[];
};

static void say_why(const struct expression *expression, const char *option, int error, size_t offset, char *why,
                    size_t why_bytes)
{
    unsigned char said[128];
    if (pcre2_get_error_message(error, said, sizeof said) < 0 && error != 0)
        said[sizeof said - 1] = '\0'; /* it was cut */
    snprintf(why, why_bytes, "%s \"%s\": at byte %zu: %s", option, expression->text, offset, (const char *)said);
}

static enum status compile(struct expression *expression, const char *option, char *why, size_t why_bytes)
{
    int error = 0;
    size_t offset = 0;
    expression->code = pcre2_compile((PCRE2_SPTR)expression->text, PCRE2_ZERO_TERMINATED,
                                     PCRE2_NEVER_UTF | PCRE2_NEVER_UCP, &error, &offset, NULL);
    if (!expression->code) {
        if (error == PCRE2_ERROR_HEAP_FAILED)
            return STATUS_OUT_OF_MEMORY;
        say_why(expression, option, error, offset, why, why_bytes);
        return STATUS_INVALID_ARGUMENT;
    }
    /* Where there is no JIT, or none is permitted, the interpreter answers the same. */
    (void)pcre2_jit_compile(expression->code, PCRE2_JIT_COMPLETE);
    return STATUS_OK;
}

enum status expressions_open(struct expressions **expressions, const char *option, const char *const *texts,
                             size_t count, char *why, size_t why_bytes)
{
    *expressions = NULL;
    struct expressions *made = calloc(1, sizeof *made + count * sizeof made->at[0]);
    if (!made)
        return STATUS_OUT_OF_MEMORY;
    made->limits = pcre2_match_context_create(NULL);
    made->match = pcre2_match_data_create(1, NULL);
    enum status status = made->limits && made->match ? STATUS_OK : STATUS_OUT_OF_MEMORY;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        made->at[i].text = texts[i];
        status = compile(&made->at[i], option, why, why_bytes);
        made->count = i + 1;
    }
    if (status != STATUS_OK) {
        expressions_close(made);
        return status;
    }
    pcre2_set_match_limit(made->limits, EXPRESSION_STEPS_MAX);
    pcre2_set_depth_limit(made->limits, EXPRESSION_STEPS_MAX);
    pcre2_set_heap_limit(made->limits, EXPRESSION_HEAP_KIB_MAX);
    *expressions = made;
    return STATUS_OK;
}

void expressions_close(struct expressions *expressions)
{
    if (!expressions)
        return;
    for (size_t i = 0; i < expressions->count; i++)
        pcre2_code_free(expressions->at[i].code);
    pcre2_match_data_free(expressions->match);
    pcre2_match_context_free(expressions->limits);
    free(expressions);
}

static int search(const struct expressions *expressions, const struct expression *expression, const char *subject,
                  size_t bytes, uint32_t options)
{
    return pcre2_match(expression->code, (PCRE2_SPTR)subject, bytes, 0, options, expressions->match,
                       expressions->limits);
}

bool expressions_search(const struct expressions *expressions, const char *subject, size_t bytes, bool too_long_counts,
                        struct expression_match *match)
{
    for (size_t i = 0; i < expressions->count; i++) {
        const struct expression *expression = &expressions->at[i];
        int found = search(expressions, expression, subject, bytes, 0);
        /* The compiled code has 32 KiB of stack; the interpreter has the heap. */
        if (found == PCRE2_ERROR_JIT_STACKLIMIT)
            found = search(expressions, expression, subject, bytes, PCRE2_NO_JIT);
        bool took_too_long = found < 0 && found != PCRE2_ERROR_NOMATCH;
        if (found >= 0 || (took_too_long && too_long_counts)) {
            *match = (struct expression_match){.text = expression->text, .took_too_long = took_too_long};
            return true;
        }
    }
    return false;
}
