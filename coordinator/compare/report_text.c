/* report_text.c: what the reports for people are made of. */
#include "coordinator/compare/report_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DECIMALS_MAX 4

/* ---- numbers ---- */

char *text_number(char text[TEXT_NUMBER_BYTES], double value, int digits)
{
    int decimals = digits - 1;
    double rest = value;
    for (; decimals > 0 && rest >= 10; decimals--)
        rest /= 10;
    for (; decimals < DECIMALS_MAX && rest > 0 && rest < 1; decimals++)
        rest *= 10;
    snprintf(text, TEXT_NUMBER_BYTES, "%.*f", value > 0 ? decimals : 0, value);
    return text;
}

char *text_percent(char text[TEXT_NUMBER_BYTES], double share)
{
    double percent = 100 * share;
    snprintf(text, TEXT_NUMBER_BYTES, "%.*f", percent < 9.95 ? 1 : 0, percent);
    return text;
}

/* ---- columns and lines ---- */

static bool begins_column(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

static size_t columns_of(const char *text, size_t bytes)
{
    size_t columns = 0;
    for (size_t i = 0; i < bytes; i++)
        columns += begins_column(text[i]);
    return columns;
}

size_t text_columns(const char *text)
{
    return columns_of(text, strlen(text));
}

void text_put(struct writer *writer, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int bytes = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (bytes > 0)
        writer_put(writer, text, (size_t)bytes < sizeof text ? (size_t)bytes : sizeof text - 1);
}

static void put_blanks(struct writer *writer, size_t count)
{
    while (count-- > 0)
        writer_put(writer, " ", 1);
}

void text_put_padded(struct writer *writer, const char *text, size_t columns, bool right)
{
    size_t own = text_columns(text);
    size_t blanks = own < columns ? columns - own : 0;
    if (right)
        put_blanks(writer, blanks);
    writer_put_string(writer, text);
    if (!right)
        put_blanks(writer, blanks);
}

/* Bytes up to the next place where a line may break; a number and its % stay together. */
static size_t word_bytes(const char *text)
{
    size_t bytes = strcspn(text, " ");
    while (text[bytes] == ' ' && text[bytes + 1] == '%')
        bytes += 1 + strcspn(text + bytes + 1, " ");
    return bytes;
}

void text_put_wrapped(struct writer *writer, struct writer *prose, size_t indent)
{
    size_t bytes, column = 0;
    const char *at = writer_text(prose, &bytes);
    if (prose->status != STATUS_OK)
        writer_room(writer, SIZE_MAX); /* no such room: it fails for want of memory too */
    while (*at != '\0') {
        size_t word = word_bytes(at), columns = columns_of(at, word);
        if (column > 0 && column + 1 + columns > TEXT_COLUMNS - 1) {
            writer_end_line(writer);
            put_blanks(writer, indent);
            column = indent;
        } else if (column > 0) {
            put_blanks(writer, 1);
            column++;
        }
        writer_put(writer, at, word);
        column += columns;
        at += word;
        at += *at == ' ';
    }
    writer_end_line(writer);
    writer_reset(prose);
}

/* ---- names ---- */

static bool shares_title(const struct comparison *comparison, const struct design *design)
{
    size_t same = 0;
    for (size_t i = 0; i < comparison->design_count; i++)
        same += strcmp(comparison->designs[i].design.title, design->title) == 0;
    return same > 1;
}

void text_put_name(struct writer *writer, const struct comparison *comparison, const struct design *design)
{
    writer_put_string(writer, design->title);
    if (shares_title(comparison, design))
        text_put(writer, " %u×%u", (unsigned)design->workers, (unsigned)design->in_flight);
}

void text_put_signal(struct writer *writer, int signal)
{
    const char *name = sigabbrev_np(signal);
    if (name != NULL)
        text_put(writer, "SIG%s", name);
    else
        text_put(writer, "signal %d", signal);
}

void text_put_errors(struct writer *writer, const struct trial *trial)
{
    const char *between = "";
    for (int error = FETCH_OK + 1; error < FETCH_ERROR_COUNT; error++) {
        if (trial->by_error[error] == 0 || (error == FETCH_CANCELLED && trial->end == TRIAL_CUT))
            continue;
        text_put(writer, "%s%s ", between, fetch_error_name((enum fetch_error)error));
        writer_put_u64(writer, trial->by_error[error]);
        between = ", ";
    }
}
