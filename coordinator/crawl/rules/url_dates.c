/* url_dates.c: the dates that a URL holds, as calendars write them. */
#include "coordinator/crawl/rules/url_dates.h"

#include <string.h>
#include <strings.h>

#include "common/macros.h"
#include "common/url_plain.h"

/* A text and where in it the reading stands. */
struct reader {
    const char *at;
    const char *end;
};

struct search {
    struct url_dates *dates;
    int32_t year_max;
};

static bool is_word(char byte)
{
    return url_is_letter(byte) || url_is_digit(byte);
}

/* ---- names of time ---- */

static const char *const TIMES[] = {
    "date",      "dates", "day",    "days",   "month",    "week",     "year",       "cal",        "calendar",
    "calendars", "event", "events", "agenda", "schedule", "kalender", "calendrier", "calendario", "datum",
    "fecha",     "tag",   "monat",  "mois",   "jour",     "mes",      "dia",        "archive",    "archives",
};
static const char *const ENDS[] = {"from", "to", "start", "end", "since", "until", "when"}; /* of a time, in queries */
static const char *const YEARS[] = {"year", "yr", "y", "jahr", "annee", "ano"};
static const char *const MONTHS[] = {"month", "mon", "m", "monat", "mois", "mes"};
static const char *const DAYS[] = {"day", "d", "tag", "jour", "dia"};

static bool is_one_of(struct url_text word, const char *const *names, size_t count)
{
    for (size_t i = 0; word.bytes && i < count; i++) {
        if ((word.at[0] | 0x20) == names[i][0] && strlen(names[i]) == word.bytes &&
            strncasecmp(names[i], word.at, word.bytes) == 0)
            return true;
    }
    return false;
}

static bool is_of_time(struct url_text word, bool is_query)
{
    static const char DATE[] = "date"; /* startDate, but not update */
    if (is_one_of(word, TIMES, COUNT(TIMES)) || (is_query && is_one_of(word, ENDS, COUNT(ENDS))))
        return true;
    return is_query && word.bytes > 4 && strncasecmp(word.at + word.bytes - 4, DATE, 4) == 0 &&
           !(word.bytes == 6 && strncasecmp(word.at, "up", 2) == 0);
}

/* The next run of letters; false: there is none. */
static bool next_word(struct reader *reader, struct url_text *word)
{
    while (reader->at < reader->end && !url_is_letter(*reader->at))
        reader->at++;
    word->at = reader->at;
    while (reader->at < reader->end && url_is_letter(*reader->at))
        reader->at++;
    word->bytes = (size_t)(reader->at - word->at);
    return word->bytes > 0;
}

static bool names_time(const char *begin, const char *end, bool is_query)
{
    struct reader reader = {begin, end};
    struct url_text word;
    while (next_word(&reader, &word)) {
        if (is_of_time(word, is_query))
            return true;
    }
    return false;
}

/* Whether what stands before `at` says that a time follows: in a path all of it, in a query the parameter's name. */
static bool is_named(const struct reader *whole, const char *at, bool is_query)
{
    const char *begin = whole->at;
    if (is_query) {
        const char *separator = memrchr(whole->at, '&', (size_t)(at - whole->at));
        begin = separator ? separator + 1 : whole->at;
        const char *equals = memchr(begin, '=', (size_t)(at - begin));
        at = equals ? equals : begin;
    }
    return names_time(begin, at, is_query);
}

/* ---- what is found ---- */

static bool is_near(const struct search *search, struct url_date date)
{
    return date.year >= URL_DATE_YEAR_MIN && date.year <= search->year_max;
}

static void take(struct search *search, struct url_date date)
{
    struct url_dates *dates = search->dates;
    if (is_near(search, date)) {
        if (dates->count < URL_DATES_MAX)
            dates->at[dates->count++] = date;
    } else if (!dates->has_far) {
        dates->has_far = true;
        dates->far = date;
    }
}

static unsigned number(const char *at, size_t digits)
{
    unsigned value = 0;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (unsigned)(at[i] - '0');
    return value;
}

static size_t count_digits(const char *at, const char *end)
{
    const char *begin = at;
    while (at < end && url_is_digit(*at))
        at++;
    return (size_t)(at - begin);
}

/* A month or a day that begins here and ends where a word ends, or at the T of a time of day; 0: none. */
static unsigned read_part(const char *at, const char *end, unsigned max, size_t *digits)
{
    *digits = count_digits(at, end);
    if (*digits < 1 || *digits > 2)
        return 0;
    const char *after = at + *digits;
    if (after < end && is_word(*after) && *after != 'T')
        return 0;
    unsigned value = number(at, *digits);
    return value <= max ? value : 0;
}

/* YYYY-M-D or YYYY-M, its year of so many digits at `at`. Returns where it ends; NULL: it is none. Names are looked at last: few URLs
 * come so far. */
static const char *read_separated(const struct reader *whole, const char *at, size_t digits, bool is_query,
                                  struct search *search)
{
    const char *after = at + digits;
    if (after >= whole->end || !*after || !strchr("/-_.", *after))
        return NULL;
    char separator = *after++;
    if (separator == '/' && at > whole->at && at[-1] != '/')
        return NULL;
    size_t month_digits, day_digits = 0;
    unsigned day = 0;
    unsigned month = read_part(after, whole->end, 12, &month_digits);
    if (!month)
        return NULL;
    after += month_digits;
    if (after < whole->end && *after == separator)
        day = read_part(after + 1, whole->end, 31, &day_digits);
    if (day)
        after += 1 + day_digits;
    struct url_date date = {(int32_t)number(at, digits), (uint8_t)month, (uint8_t)day};
    bool is_whole = month_digits == 2 && day && day_digits == 2;
    bool is_believed = digits == 4 && (is_whole || is_near(search, date));
    if (!is_believed && !is_named(whole, at, is_query))
        return NULL;
    take(search, date);
    return after;
}

/* YYYYMMDD, or YYYYMM where a name says so. */
static void read_compact(const struct reader *whole, const char *at, size_t digits, bool is_query,
                         struct search *search)
{
    unsigned month = number(at + 4, 2);
    unsigned day = digits == 8 ? number(at + 6, 2) : 0;
    if (month < 1 || month > 12 || (digits == 8 && (day < 1 || day > 31)))
        return;
    struct url_date date = {(int32_t)number(at, 4), (uint8_t)month, (uint8_t)day};
    if ((digits == 8 && is_near(search, date)) || is_named(whole, at, is_query))
        take(search, date);
}

/* A run of digits that stands alone. Returns where to go on. */
static const char *read_digits(const struct reader *whole, const char *at, size_t digits, bool is_query,
                               struct search *search)
{
    const char *after = at + digits;
    bool begins = at == whole->at || !is_word(at[-1]);
    bool ends = after == whole->end || !is_word(*after) || (*after == 'T' && digits == 8);
    if (!begins || !ends)
        return after;
    if (digits >= 4 && digits <= 6) {
        const char *end = read_separated(whole, at, digits, is_query, search);
        if (end)
            return end;
    }
    if (digits == 8 || (digits == 6 && is_query))
        read_compact(whole, at, digits, is_query, search);
    return after;
}

static void read_text(struct url_text text, bool is_query, struct search *search)
{
    struct reader whole = {text.at, text.at + text.bytes};
    /* A run of four digits has one at every fourth place: all else is passed over. */
    const char *at = whole.at;
    while (whole.end - at > 3) {
        if (!url_is_digit(at[3])) {
            at += 4;
            continue;
        }
        const char *begin = at + 3;
        while (begin > whole.at && url_is_digit(begin[-1]))
            begin--;
        size_t digits = count_digits(begin, whole.end);
        at = digits < 4 ? begin + digits : read_digits(&whole, begin, digits, is_query, search);
    }
}

/* ---- parameters ---- */

/* The parameter's value where it is a number of the kind that the last word of its name says. */
static void read_parameter(struct url_text name, struct url_text value, struct url_date *date, bool *has_month)
{
    struct reader reader = {name.at, name.at + name.bytes};
    struct url_text word, last = {NULL, 0};
    if (value.bytes < 1 || value.bytes > 6 || count_digits(value.at, value.at + value.bytes) != value.bytes)
        return;
    while (next_word(&reader, &word))
        last = word;
    unsigned read = number(value.at, value.bytes);
    if (is_one_of(last, YEARS, COUNT(YEARS)) && value.bytes >= 4) {
        date->year = (int32_t)read;
    } else if (is_one_of(last, MONTHS, COUNT(MONTHS)) && read <= 12) {
        date->month = (uint8_t)read; /* some count from 0 */
        *has_month = true;
    } else if (is_one_of(last, DAYS, COUNT(DAYS)) && read <= 31) {
        date->day = (uint8_t)read;
    }
}

static void read_parameters(struct url_text query, struct search *search)
{
    struct url_date date = {0, 0, 0};
    bool has_month = false;
    const char *end = query.at + query.bytes;
    for (const char *at = query.at; at < end;) {
        const char *next = memchr(at, '&', (size_t)(end - at));
        next = next ? next : end;
        const char *equals = memchr(at, '=', (size_t)(next - at));
        if (equals)
            read_parameter((struct url_text){at, (size_t)(equals - at)},
                           (struct url_text){equals + 1, (size_t)(next - equals - 1)}, &date, &has_month);
        at = next < end ? next + 1 : end;
    }
    if (date.year && has_month)
        take(search, date);
}

static bool has_four_digits(struct url_text text)
{
    for (size_t i = 3; i < text.bytes; i += 4) {
        if (url_is_digit(text.at[i]))
            return true;
    }
    return false;
}

bool url_dates_find(const struct url_parts *url, int32_t year_max, struct url_dates *dates)
{
    struct search search = {.dates = dates, .year_max = year_max};
    dates->count = 0;
    dates->has_far = false;
    if (has_four_digits(url->path))
        read_text(url->path, false, &search);
    if (url->query.bytes && has_four_digits(url->query)) {
        read_text(url->query, true, &search);
        read_parameters(url->query, &search);
    }
    return dates->count || dates->has_far;
}
