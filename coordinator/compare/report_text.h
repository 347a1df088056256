/* report_text.h: what the reports for people are made of: numbers of few digits, names, columns, wrapped lines. */
#ifndef SHOAL_COMPARE_REPORT_TEXT_H
#define SHOAL_COMPARE_REPORT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "coordinator/compare/comparison.h"
#include "coordinator/text/writer.h"

/* Of a terminal; lines of prose end one before. */
#define TEXT_COLUMNS 80

#define TEXT_NUMBER_BYTES 32

/* With so many significant digits, but no digit of the whole part is lost: 0.162, 2.26, 97.3, 65012. Returns text. */
char *text_number(char text[TEXT_NUMBER_BYTES], double value, int digits);

/* "3.1", "0.2", "45": a share of one, as a percentage, without the sign. Returns text. */
char *text_percent(char text[TEXT_NUMBER_BYTES], double share);

/* How many columns it takes: its code points. For texts of our own, where each takes one. */
size_t text_columns(const char *text);

/* Puts numbers and short texts of our own; what is longer than 511 bytes is cut. */
void text_put(struct writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts text with blanks before (right) or behind it, so that it takes so many columns. */
void text_put_padded(struct writer *writer, const char *text, size_t columns, bool right);

/* Puts what `prose` has gathered in memory as lines of at most TEXT_COLUMNS - 1 columns, broken at blanks, all but the
 * first indented, and resets it. Fails as `prose` has. */
void text_put_wrapped(struct writer *writer, struct writer *prose, size_t indent);

/* Puts the design's title, and its sizes where another one of the table has the same title. */
void text_put_name(struct writer *writer, const struct comparison *comparison, const struct design *design);

/* Puts "SIGSEGV", or "signal 64" where it has no name. */
void text_put_signal(struct writer *writer, int signal);

/* Puts "connect 12, timeout-read 3": the errors of a trial that count as failures. */
void text_put_errors(struct writer *writer, const struct trial *trial);

#endif
