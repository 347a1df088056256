/* units.c: numbers as people write and read them. */
#include "coordinator/text/units.h"

#include <stdio.h>
#include <string.h>

#define FRACTION_ONE 1000000000u /* nine decimals */

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit DURATIONS[] = {{"ms", 1}, {"", 1000}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}};
static const struct unit SIZES[] = {{"", 1},         {"K", 1u << 10}, {"k", 1u << 10}, {"M", 1u << 20},
                                    {"m", 1u << 20}, {"G", 1u << 30}, {"g", 1u << 30}};

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Reads digits and moves *at behind them. False: no digit, or too large. */
static bool take_whole(const char **at, uint64_t *value)
{
    const char *start = *at;
    *value = 0;
    for (; is_digit(**at); (*at)++) {
        if (__builtin_mul_overflow(*value, 10u, value) || __builtin_add_overflow(*value, (unsigned)(**at - '0'), value))
            return false;
    }
    return *at != start;
}

/* Reads ".123" as 123000000 of FRACTION_ONE; 0 where there is no point. False: no digit behind the
 * point, or more than nine. */
static bool take_fraction(const char **at, uint64_t *fraction)
{
    *fraction = 0;
    if (**at != '.')
        return true;
    uint64_t place = FRACTION_ONE;
    for ((*at)++; is_digit(**at); (*at)++) {
        place /= 10;
        if (place == 0)
            return false;
        *fraction += place * (unsigned)(**at - '0');
    }
    return place < FRACTION_ONE;
}

static bool parse_with_unit(const char *text, const struct unit *units, size_t unit_count, bool round_up,
                            uint64_t *result)
{
    uint64_t whole, fraction;
    const char *at = text;
    if (!take_whole(&at, &whole) || !take_fraction(&at, &fraction))
        return false;
    for (size_t i = 0; i < unit_count; i++) {
        if (strcmp(at, units[i].name) != 0)
            continue;
        if (units[i].factor == 1 && fraction != 0 && !round_up)
            return false; /* half a byte */
        uint64_t part = (fraction * units[i].factor + (round_up ? FRACTION_ONE - 1 : 0)) / FRACTION_ONE;
        uint64_t value;
        if (__builtin_mul_overflow(whole, units[i].factor, &value) || __builtin_add_overflow(value, part, &value))
            return false;
        *result = value;
        return true;
    }
    return false;
}

bool units_parse_duration(const char *text, int64_t *ms)
{
    uint64_t value;
    if (!parse_with_unit(text, DURATIONS, sizeof DURATIONS / sizeof DURATIONS[0], true, &value) ||
        value > (uint64_t)UNITS_DURATION_MS_MAX)
        return false;
    *ms = (int64_t)value;
    return true;
}

bool units_parse_size(const char *text, uint64_t *bytes)
{
    return parse_with_unit(text, SIZES, sizeof SIZES / sizeof SIZES[0], false, bytes);
}

bool units_parse_count(const char *text, uint64_t min, uint64_t max, uint64_t *count)
{
    uint64_t value;
    const char *at = text;
    if (!take_whole(&at, &value) || *at != '\0' || value < min || value > max)
        return false;
    *count = value;
    return true;
}

char *units_format_bytes(char *text, uint64_t bytes)
{
    static const char *const UNITS[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) {
        snprintf(text, UNITS_TEXT_BYTES, "%u B", (unsigned)bytes);
        return text;
    }
    size_t unit = 0;
    while (unit + 1 < sizeof UNITS / sizeof UNITS[0] && bytes >> (10 * (unit + 2)) != 0)
        unit++;
    uint64_t one = 1ull << (10 * (unit + 1));
    unsigned tenths = (unsigned)((double)(bytes % one) * 10.0 / (double)one);
    snprintf(text, UNITS_TEXT_BYTES, "%u.%u %s", (unsigned)(bytes / one), tenths > 9 ? 9 : tenths, UNITS[unit]);
    return text;
}

char *units_format_duration(char *text, int64_t ns)
{
    uint64_t hundredths = ns > 0 ? (uint64_t)ns / 10000000u : 0;
    uint64_t seconds = hundredths / 100;
    unsigned second = (unsigned)(seconds % 60);
    if (seconds < 10)
        snprintf(text, UNITS_TEXT_BYTES, "%u.%02u s", second, (unsigned)(hundredths % 100));
    else if (seconds < 60)
        snprintf(text, UNITS_TEXT_BYTES, "%u.%u s", second, (unsigned)(hundredths % 100 / 10));
    else if (seconds < 3600)
        snprintf(text, UNITS_TEXT_BYTES, "%u:%02u", (unsigned)(seconds / 60), second);
    else
        snprintf(text, UNITS_TEXT_BYTES, "%llu:%02u:%02u", (unsigned long long)(seconds / 3600),
                 (unsigned)(seconds / 60 % 60), second);
    return text;
}

char *units_format_option_duration(char *text, int64_t ms)
{
    if (ms > 0 && ms % 3600000 == 0)
        snprintf(text, UNITS_TEXT_BYTES, "%lldh", (long long)(ms / 3600000));
    else if (ms > 300000 && ms % 60000 == 0)
        snprintf(text, UNITS_TEXT_BYTES, "%lldm", (long long)(ms / 60000));
    else if (ms % 1000 == 0)
        snprintf(text, UNITS_TEXT_BYTES, "%llds", (long long)(ms / 1000));
    else
        snprintf(text, UNITS_TEXT_BYTES, "%lldms", (long long)ms);
    return text;
}

char *units_format_option_size(char *text, uint64_t bytes)
{
    static const char LETTERS[] = {'G', 'M', 'K'};
    for (unsigned i = 0; i < sizeof LETTERS; i++) {
        unsigned shift = 10 * (3 - i);
        if (bytes != 0 && bytes % (1ull << shift) == 0) {
            snprintf(text, UNITS_TEXT_BYTES, "%llu%c", (unsigned long long)(bytes >> shift), LETTERS[i]);
            return text;
        }
    }
    snprintf(text, UNITS_TEXT_BYTES, "%llu", (unsigned long long)bytes);
    return text;
}

char *units_put_u64(char *at, uint64_t value)
{
    char digits[20];
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    memcpy(at, digits + first, sizeof digits - first);
    return at + (sizeof digits - first);
}

char *units_put_seconds(char *at, int64_t us)
{
    at = units_put_u64(at, (uint64_t)us / 1000000u);
    *at = '.';
    uint32_t rest = (uint32_t)((uint64_t)us % 1000000u);
    for (int place = 6; place >= 1; place--) {
        at[place] = (char)('0' + rest % 10);
        rest /= 10;
    }
    return at + 7;
}
