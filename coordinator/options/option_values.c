/* option_values.c: readers for the values of options that several commands share. */
#include "coordinator/options/option_values.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coordinator/text/units.h"

static bool say(char *why, size_t why_bytes, const char *text)
{
    snprintf(why, why_bytes, "%s", text);
    return false;
}

bool option_value_count(const char *value, uint32_t min, uint32_t max, uint32_t *count, char *why, size_t why_bytes)
{
    uint64_t taken;
    if (!units_parse_count(value, min, max, &taken)) {
        snprintf(why, why_bytes, "must be a whole number from %u to %u", (unsigned)min, (unsigned)max);
        return false;
    }
    *count = (uint32_t)taken;
    return true;
}

bool option_value_duration(const char *value, int64_t min_ms, int64_t *ms, char *why, size_t why_bytes)
{
    int64_t taken;
    if (!units_parse_duration(value, &taken) || taken < min_ms || taken > OPTION_DURATION_MS_MAX) {
        char min[UNITS_TEXT_BYTES], max[UNITS_TEXT_BYTES];
        snprintf(why, why_bytes, "must be a duration from %s to %s, such as 250ms, 10s, 2m or 1h",
                 units_format_option_duration(min, min_ms), units_format_option_duration(max, OPTION_DURATION_MS_MAX));
        return false;
    }
    *ms = taken;
    return true;
}

bool option_value_size(const char *value, uint64_t min, uint64_t max, uint64_t *bytes, char *why, size_t why_bytes)
{
    uint64_t taken;
    if (!units_parse_size(value, &taken) || taken < min || taken > max) {
        char min_text[UNITS_TEXT_BYTES], max_text[UNITS_TEXT_BYTES];
        snprintf(why, why_bytes, "must be a size from %s to %s, such as 512K, 16M or 1G",
                 units_format_option_size(min_text, min), units_format_option_size(max_text, max));
        return false;
    }
    *bytes = taken;
    return true;
}

bool option_value_choice(const char *value, const char *const *names, size_t count, size_t *index, char *why,
                         size_t why_bytes)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(value, names[i]) == 0) {
            *index = i;
            return true;
        }
    }
    size_t used = (size_t)snprintf(why, why_bytes, "must be ");
    for (size_t i = 0; i < count && used < why_bytes; i++) {
        const char *before = i == 0 ? "" : i + 1 == count ? " or " : ", ";
        used += (size_t)snprintf(why + used, why_bytes - used, "%s%s", before, names[i]);
    }
    return false;
}

/* The bit of the name; 0: there is none. */
static uint32_t part_named(const char *name, size_t bytes, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) == bytes && memcmp(names[i], name, bytes) == 0)
            return 1u << i;
    }
    return 0;
}

bool option_value_parts(const char *value, const char *const *names, size_t count, uint32_t *parts, char *why,
                        size_t why_bytes)
{
    bool is_all = strcmp(value, "all") == 0;
    *parts = is_all ? (1u << count) - 1 : 0;
    if (is_all || strcmp(value, "none") == 0)
        return true;
    for (const char *name = value;; name++) {
        size_t bytes = strcspn(name, ",");
        uint32_t part = part_named(name, bytes, names, count);
        if (!part)
            break;
        *parts |= part;
        name += bytes;
        if (*name == '\0')
            return true;
    }
    size_t used = (size_t)snprintf(why, why_bytes, "must be all, none, or some of ");
    for (size_t i = 0; i < count && used < why_bytes; i++)
        used += (size_t)snprintf(why + used, why_bytes - used, "%s%s", i ? "," : "", names[i]);
    return false;
}

bool option_value_not_empty(const char *value, const char **taken, char *why, size_t why_bytes)
{
    if (value[0] == '\0')
        return say(why, why_bytes, "must not be empty");
    *taken = value;
    return true;
}

bool option_value_header_text(const char *value, char *why, size_t why_bytes)
{
    for (const char *at = value; *at != '\0'; at++) {
        if (*at == '\r' || *at == '\n')
            return say(why, why_bytes, "must be one line: it holds a line break");
        if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7f)
            return say(why, why_bytes, "must not hold control characters");
    }
    return true;
}

bool option_value_header(const char *value, char *why, size_t why_bytes)
{
    static const char TOKEN[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if (!option_value_header_text(value, why, why_bytes))
        return false;
    size_t name_bytes = strspn(value, TOKEN);
    if (strchr(value, ':') == NULL)
        return say(why, why_bytes, "must be \"Name: value\": there is no colon");
    if (name_bytes == 0 || value[name_bytes] != ':')
        return say(why, why_bytes, "must be \"Name: value\": what stands before the colon is no header name");
    return true;
}

static bool is_address(const char *text, size_t bytes)
{
    char copy[INET6_ADDRSTRLEN];
    unsigned char address[sizeof(struct in6_addr)];
    bool bracketed = bytes >= 2 && text[0] == '[' && text[bytes - 1] == ']';
    text += bracketed;
    bytes -= bracketed ? 2 : 0;
    if (bytes == 0 || bytes >= sizeof copy)
        return false;
    memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    return inet_pton(AF_INET6, copy, address) == 1 || (!bracketed && inet_pton(AF_INET, copy, address) == 1);
}

bool option_value_resolve(const char *value, char *why, size_t why_bytes)
{
    const char *host = value[0] == '+' ? value + 1 : value;
    size_t host_bytes = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    if (host_bytes == 0 || strlen(host) <= host_bytes || host[host_bytes] != ':' ||
        strcspn(host, " \t\r\n") != strlen(host))
        return say(why, why_bytes, "must be host:port:address");
    const char *port = host + host_bytes + 1;
    size_t port_bytes = strcspn(port, ":");
    char digits[6] = "";
    uint64_t number;
    if (port_bytes < sizeof digits)
        memcpy(digits, port, port_bytes);
    if (!units_parse_count(digits, 1, UINT16_MAX, &number))
        return say(why, why_bytes, "must be host:port:address, with a port from 1 to 65535");
    if (port[port_bytes] != ':')
        return say(why, why_bytes, "must be host:port:address: there is no address");
    const char *address = port + port_bytes + 1;
    for (;;) {
        size_t bytes = strcspn(address, ",");
        if (!is_address(address, bytes))
            return say(why, why_bytes, "must be host:port:address, with an IPv4 or IPv6 address");
        if (address[bytes] == '\0')
            return true;
        address += bytes + 1;
    }
}

bool option_value_readable(const char *value, char *why, size_t why_bytes)
{
    struct stat stat_of_file;
    if (stat(value, &stat_of_file) == 0 && S_ISDIR(stat_of_file.st_mode))
        errno = EISDIR;
    else if (faccessat(AT_FDCWD, value, R_OK, AT_EACCESS) == 0)
        return true;
    snprintf(why, why_bytes, "cannot be read: %s", strerror(errno));
    return false;
}

bool option_value_append(const char *const **array, size_t *count, const char *value, char *why, size_t why_bytes)
{
    const char **larger = realloc((void *)*array, (*count + 1) * sizeof *larger);
    if (larger == NULL)
        return say(why, why_bytes, "out of memory");
    larger[(*count)++] = value;
    *array = larger;
    return true;
}
