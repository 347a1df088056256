/* url_dates.h: the dates that a URL holds, as calendars write them: a page for every day, without end, forwards and backwards.
 *
 * What counts as a date, M and D of one or two digits, 1 to 12 and 1 to 31:
 *
 *     /YYYY/M/D  /YYYY/M               segments of a path
 *     YYYY-M-D   YYYY-M                anywhere, with the same one of - _ . between; not within a word or a longer number
 *     YYYYMMDD                         eight digits alone
 *     year=YYYY & month=M [& day=D]    parameters, by the last word of their names (cal_year), in some languages
 *     date=YYYYMM                      six digits, in a parameter with a name of time only
 *
 * Many numbers look like a date, so one that is far from today is believed only when all of it is there with two digits each
 * (7749-03-17, not /thread/7749/3), or when a name says that it is about time: the parameter's, or a segment's before it (date, day,
 * month, calendar, events, ...); with such a name a year has four to six digits. A far one that is not believed is no date. */
#ifndef SHOAL_URL_DATES_H
#define SHOAL_URL_DATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/url.h"

#define URL_DATES_MAX 8u
#define URL_DATE_YEAR_MIN 1900

struct url_date {
    int32_t year;
    uint8_t month;
    uint8_t day; /* 0: a month */
};

struct url_dates {
    size_t count; /* of the near ones; what comes after URL_DATES_MAX is not looked at */
    struct url_date at[URL_DATES_MAX];
    bool has_far;        /* before URL_DATE_YEAR_MIN or after year_max, and believed: */
    struct url_date far; /* the first of them */
};

/* False: there is none. Never allocates. */
bool url_dates_find(const struct url_parts *url, int32_t year_max, struct url_dates *dates);

#endif
