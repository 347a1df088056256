/* Durations, sizes and counts of the command line: coordinator/text/units.c and option_values.c, against the same
 * number worked out in 128 bits. */
#include <stdlib.h>
#include <string.h>

#include "coordinator/options/option_values.h"
#include "coordinator/text/units.h"
#include "tests/fuzz/fuzz.h"

#define UNTOUCHED 0x5a5a5a5a5a5a5a5a

/* The value in billionths, its unit left at *unit; false: no such number, or one beyond all bounds. */
static bool read_number(const char *text, unsigned __int128 *billionths, bool *has_point, const char **unit)
{
    size_t whole = strspn(text, "0123456789");
    const char *at = text + whole;
    *has_point = *at == '.';
    size_t decimals = *has_point ? strspn(at + 1, "0123456789") : 0;
    *billionths = 0;
    if (!whole || decimals > 9 || (*has_point && !decimals))
        return false;
    for (const char *digit = text; digit < at; digit++) {
        if (*billionths > UINT64_MAX)
            return false;
        *billionths = *billionths * 10 + (unsigned)(*digit - '0');
    }
    for (size_t i = 0; i < 9; i++)
        *billionths = *billionths * 10 + (i < decimals ? (unsigned)(at[1 + i] - '0') : 0);
    *unit = at + *has_point + decimals;
    return true;
}

static unsigned __int128 factor_of(const char *unit, const char *const *names, const uint64_t *factors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(unit, names[i]) == 0)
            return factors[i];
    }
    return 0;
}

static void expect_duration(const char *text)
{
    static const char *const NAMES[] = {"", "ms", "s", "m", "h"};
    static const uint64_t FACTORS[] = {1000, 1, 1000, 60000, 3600000};
    int64_t ms = UNTOUCHED;
    bool taken = units_parse_duration(text, &ms);
    unsigned __int128 billionths;
    const char *unit;
    bool has_point;
    bool is_number = read_number(text, &billionths, &has_point, &unit);
    unsigned __int128 factor = is_number ? factor_of(unit, NAMES, FACTORS, 5) : 0;
    unsigned __int128 up = (billionths * factor + 999999999) / 1000000000;
    fuzz_expect(taken == (factor && up <= UNITS_DURATION_MS_MAX));
    fuzz_expect(ms == (taken ? (int64_t)up : UNTOUCHED));
    char shown[UNITS_TEXT_BYTES];
    int64_t again = 0;
    if (taken)
        fuzz_expect(units_parse_duration(units_format_option_duration(shown, ms), &again) && again == ms);
    if (taken)
        fuzz_expect(strlen(units_format_duration(shown, ms * 1000000)) < sizeof shown);
}

static void expect_size(const char *text)
{
    static const char *const NAMES[] = {"", "K", "k", "M", "m", "G", "g"};
    static const uint64_t FACTORS[] = {1, 1 << 10, 1 << 10, 1 << 20, 1 << 20, 1 << 30, 1 << 30};
    uint64_t bytes = UNTOUCHED;
    bool taken = units_parse_size(text, &bytes);
    unsigned __int128 billionths;
    const char *unit;
    bool has_point;
    bool is_number = read_number(text, &billionths, &has_point, &unit);
    unsigned __int128 factor = is_number ? factor_of(unit, NAMES, FACTORS, 7) : 0;
    bool is_half = factor == 1 && billionths % 1000000000 != 0;
    unsigned __int128 down = billionths * factor / 1000000000;
    fuzz_expect(taken == (factor && !is_half && down <= UINT64_MAX));
    fuzz_expect(bytes == (taken ? (uint64_t)down : UNTOUCHED));
    char shown[UNITS_TEXT_BYTES];
    uint64_t again = 0;
    if (taken)
        fuzz_expect(units_parse_size(units_format_option_size(shown, bytes), &again) && again == bytes);
    if (taken)
        fuzz_expect(strlen(units_format_bytes(shown, bytes)) < sizeof shown);
}

static void expect_count(const char *text)
{
    uint64_t count = UNTOUCHED;
    unsigned __int128 billionths;
    const char *unit;
    bool has_point;
    bool is_number = read_number(text, &billionths, &has_point, &unit) && !has_point && *unit == '\0';
    bool fits = is_number && billionths / 1000000000 >= 3 && billionths / 1000000000 <= 1u << 31;
    fuzz_expect(units_parse_count(text, 3, 1u << 31, &count) == fits);
    fuzz_expect(count == (fits ? (uint64_t)(billionths / 1000000000) : UNTOUCHED));
}

/* One line that says what is allowed, where the value is refused. */
static void expect_reason(bool taken, const char *why, size_t why_bytes)
{
    fuzz_expect(memchr(why, '\0', why_bytes) != NULL && !strpbrk(why, "\r\n"));
    fuzz_expect(taken || why[0] != '\0');
}

static void expect_values(const char *text)
{
    static const char *const CHOICES[] = {"auto", "always", "never"};
    char why[64] = "";
    uint32_t count;
    int64_t ms;
    uint64_t bytes;
    size_t index = 99;
    const char *value;
    bool taken = option_value_count(text, 1, 1024, &count, why, sizeof why);
    expect_reason(taken, why, sizeof why);
    fuzz_expect(!taken || (count >= 1 && count <= 1024));
    taken = option_value_duration(text, 1, &ms, why, sizeof why);
    expect_reason(taken, why, sizeof why);
    fuzz_expect(!taken || (ms >= 1 && ms <= OPTION_DURATION_MS_MAX));
    taken = option_value_size(text, 1 << 20, 1ull << 44, &bytes, why, sizeof why);
    expect_reason(taken, why, sizeof why);
    fuzz_expect(!taken || (bytes >= 1 << 20 && bytes <= 1ull << 44));
    taken = option_value_choice(text, CHOICES, 3, &index, why, sizeof why);
    expect_reason(taken, why, sizeof why);
    fuzz_expect(!taken || strcmp(CHOICES[index], text) == 0);
    expect_reason(option_value_not_empty(text, &value, why, sizeof why), why, sizeof why);
    taken = option_value_header(text, why, sizeof why);
    expect_reason(taken, why, sizeof why);
    fuzz_expect(!taken || (strchr(text, ':') > text && !strpbrk(text, "\r\n")));
    taken = option_value_resolve(text, why, sizeof why);
    expect_reason(taken, why, sizeof why);
    fuzz_expect(!taken || strchr(text, ':') != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    expect_duration(text);
    expect_size(text);
    expect_count(text);
    expect_values(text);
    free(text);
    return 0;
}
