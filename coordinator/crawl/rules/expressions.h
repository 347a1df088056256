/* expressions.h: the regular expressions of one option (PCRE2, bytes and no UTF: URLs are ASCII), searched in URLs that strangers
 * write: so each search has a bound on its steps, not on time: EXPRESSION_STEPS_MAX from each byte of the URL. For a URL of 4096 bytes that
 * is up to 0.2 ms with PCRE2's compiler and 2.2 ms without, for all that was tried. */
#ifndef SHOAL_EXPRESSIONS_H
#define SHOAL_EXPRESSIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/status.h"

#define EXPRESSION_STEPS_MAX 10000u
#define EXPRESSION_HEAP_KIB_MAX 4096u

struct expressions;

/* option: its name, for why. INVALID_ARGUMENT: why is one line that names the expression, where it is wrong and how; OUT_OF_MEMORY.
 * The texts are borrowed until expressions_close(). */
enum status expressions_open(struct expressions **expressions, const char *option, const char *const *texts,
                             size_t count, char *why, size_t why_bytes);
void expressions_close(struct expressions *expressions); /* accepts NULL */

struct expression_match {
    const char *text;   /* the expression, as it was given */
    bool took_too_long; /* it was given up: whether it matches is not known */
};

/* The first expression that is found in subject[0 .. bytes); one that took too long counts as found if too_long_counts. False: none.
 * Not reentrant: the memory of a match is the list's. */
bool expressions_search(const struct expressions *expressions, const char *subject, size_t bytes, bool too_long_counts,
                        struct expression_match *match);

#endif
